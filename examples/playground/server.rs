//! Who may play, and how do commands and answers travel?
//!
//! The server listens on 127.0.0.1 alone. It gives the page to who asks for `/`, and a game to each
//! WebSocket at `/game`: a text for each command, a text for each answer. The game lives as long
//! as the connection, so a closed tab ends its own game and no other.
//!
//! A page of another site, which the same browser may have open, is a stranger. It would have to
//! call this machine by a name of its own (DNS rebinding: the `Host` is then a wrong one) or to ask
//! across sites (the `Origin` is); both are refused.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use autograd::in_pool;
use lab::playground::Playground;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::http::{self, Asked, Head, PATIENCE};

/// How long the turns of one answer take. To compute a frame from them, to carry it and to draw it
/// takes as long again; so two cores show more than 30 a second.
const TURNS_FOR: Duration = Duration::from_millis(12);

/// Connections at one time. A browser opens a few for each tab.
const MOST_CONNECTIONS: usize = 64;

/// The longest command in bytes. The page's are below 1000.
const LONGEST_COMMAND: usize = 16 << 10;

/// A server that runs until it is dropped. Games under way end with their connections.
pub(crate) struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a port of this machine; 0 is any that is free.
    pub(crate) fn start(port: u16) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let until = stopped.clone();
        let accepting = Some(thread::spawn(move || accept(&listener, &until)));
        Ok(Server { address, stopped, accepting })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for somebody to connect.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
    }
}

/// Gives each connection a thread: it waits most of its life.
fn accept(listener: &TcpListener, stopped: &AtomicBool) {
    let open = Arc::new(AtomicUsize::new(0));
    let own = listener.local_addr().expect("a listener has an address");
    for stream in listener.incoming() {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        // Whoever was there has gone, or there are too many files open; the next may have luck.
        let Ok(stream) = stream else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let place = Place::take(&open);
        thread::spawn(move || {
            let too_many = place.number > MOST_CONNECTIONS;
            // A connection that breaks ends its game; there is nobody left to tell.
            let _ = serve(stream, own, too_many);
            drop(place);
        });
    }
}

/// One of the open connections, until it is dropped.
struct Place {
    open: Arc<AtomicUsize>,
    number: usize,
}

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Place {
        Place { number: open.fetch_add(1, Ordering::Relaxed) + 1, open: open.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers one request, or plays a whole game.
fn serve(mut stream: TcpStream, own: SocketAddr, too_many: bool) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    if too_many {
        return http::refuse(&mut stream, "503 Service Unavailable", "too many connections");
    }
    let Head { asked, rest } = match http::read_head(&mut stream, own) {
        Ok(head) => head,
        Err((status, why)) => return http::refuse(&mut stream, status, why),
    };
    match asked {
        Asked::File(file) => http::send(&mut stream, "200 OK", file.kind, file.text),
        Asked::Game { accept } => {
            http::switch(&mut stream, &accept)?;
            let config = WebSocketConfig::default()
                .max_message_size(Some(LONGEST_COMMAND))
                .max_frame_size(Some(LONGEST_COMMAND));
            // Between two commands a tab may be quiet for hours.
            stream.set_read_timeout(None)?;
            let socket = WebSocket::from_partially_read(stream, rest, Role::Server, Some(config));
            play(socket);
            Ok(())
        }
    }
}

/// Plays until the connection ends.
fn play(mut socket: WebSocket<TcpStream>) {
    let mut playground = Playground::new();
    while let Ok(message) = socket.read() {
        let answer = match message {
            Message::Text(command) => answer(&mut playground, command.as_str()),
            Message::Binary(_) => r#"{"refused":"a command is a text"}"#.to_owned(),
            Message::Close(_) => break,
            // Pings are answered by the library.
            _ => continue,
        };
        if socket.send(Message::text(answer)).is_err() {
            break;
        }
    }
    // Also after an error: whoever still listens learns that it is over.
    let _ = socket.close(None);
    let _ = socket.flush();
    let _ = socket.get_ref().shutdown(Shutdown::Both);
}

/// The answer to a command.
fn answer(playground: &mut Playground, command: &str) -> String {
    survive(playground, |playground| in_pool(|| playground.answer_text(command, TURNS_FOR)))
}

/// What `follow` answers. A game that panics is given up, and the connection and the other tabs go on.
fn survive(playground: &mut Playground, follow: impl FnOnce(&mut Playground) -> String) -> String {
    panic::catch_unwind(AssertUnwindSafe(|| follow(playground))).unwrap_or_else(|_| {
        *playground = Playground::new();
        r#"{"refused":"the game has failed; the terminal says why. Start another."}"#.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_that_panics_can_be_started_again() {
        let mut playground = Playground::new();
        let start = r#"{"start":{"recipe":{"width":[4,4],"batch_size":4}}}"#;
        assert!(answer(&mut playground, start).starts_with(r#"{"scene":"#));
        let failed = survive(&mut playground, |_| panic!("on purpose"));
        assert!(failed.contains("the game has failed"), "{failed}");
        let after = answer(&mut playground, r#"{"play":{"turns":1}}"#);
        assert!(after.contains("there is no game yet"), "{after}");
        assert!(answer(&mut playground, start).starts_with(r#"{"scene":"#));
    }
}
