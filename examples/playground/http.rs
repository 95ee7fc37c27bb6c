//! What does a request ask for, and is it allowed to?
//!
//! Just enough of HTTP/1.1 (RFC 9112) for the files of a page and the opening of a WebSocket (RFC
//! 6455, §4.2): one request for each connection, without a body.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tungstenite::handshake::derive_accept_key;

/// Who has not said what it wants by then is hung up on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// The longest head of a request in bytes. A browser's has about 1000.
const LONGEST_HEAD: usize = 8 << 10;

/// Most lines of a head.
const MOST_LINES: usize = 64;

/// A part of the page, which is part of the program.
pub(crate) struct File {
    path: &'static str,
    /// Its media type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) text: &'static str,
}

const FILES: [File; 6] = [
    File { path: "/", kind: "text/html", text: include_str!("page.html") },
    File { path: "/icon.svg", kind: "image/svg+xml", text: include_str!("icon.svg") },
    File { path: "/page.css", kind: "text/css", text: include_str!("page.css") },
    File { path: "/page.js", kind: "text/javascript", text: include_str!("page.js") },
    File { path: "/form.js", kind: "text/javascript", text: include_str!("form.js") },
    File { path: "/draw.js", kind: "text/javascript", text: include_str!("draw.js") },
];

/// What a request wants.
pub(crate) enum Asked {
    /// A part of the page.
    File(&'static File),
    /// To play. The answer has to show this key.
    Game {
        /// What the request's own key leads to.
        accept: String,
    },
}

/// A request, and what has been read beyond it.
pub(crate) struct Head {
    /// What it wants.
    pub(crate) asked: Asked,
    /// The first bytes of what follows.
    pub(crate) rest: Vec<u8>,
}

/// A status line, and why in words.
type Refusal = (&'static str, &'static str);

/// Reads a request to the server at the address `own`.
pub(crate) fn read_head(stream: &mut TcpStream, own: SocketAddr) -> Result<Head, Refusal> {
    const LATE: Refusal = ("408 Request Timeout", "the request does not end");
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 1024];
        match read_by(deadline, stream, &mut piece) {
            Ok(0) => return Err(("400 Bad Request", "the request breaks off")),
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
            Err(_) => return Err(LATE),
        }
        let mut lines = [httparse::EMPTY_HEADER; MOST_LINES];
        let mut request = httparse::Request::new(&mut lines);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(end)) => {
                return Ok(Head { asked: understand(&request, own)?, rest: bytes[end..].to_vec() });
            }
            Ok(httparse::Status::Partial) if bytes.len() < LONGEST_HEAD => (),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => {
                return Err(("431 Request Header Fields Too Large", "the request is too long"));
            }
            Err(_) => return Err(("400 Bad Request", "this is no request of HTTP/1.1")),
        }
    }
}

/// Reads what there is, or fails at the deadline. A time for each piece would not do: what comes drop
/// by drop could then go on for ever.
fn read_by(deadline: Instant, stream: &mut TcpStream, piece: &mut [u8]) -> io::Result<usize> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.read(piece)
}

/// What a request wants, if it may.
fn understand(request: &httparse::Request<'_, '_>, own: SocketAddr) -> Result<Asked, Refusal> {
    let all = |name: &str| {
        let named = request.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
        named.map(|line| str::from_utf8(line.value).unwrap_or_default()).collect::<Vec<_>>()
    };
    let names = [own.to_string(), format!("localhost:{}", own.port())];
    let [host] = all("Host")[..] else {
        return Err(("400 Bad Request", "a request has one Host"));
    };
    if !names.iter().any(|name| name == host) {
        return Err(("403 Forbidden", "this server answers to no such name"));
    }
    let is_own = |origin: &str| origin.strip_prefix("http://") == Some(host);
    if !all("Origin").into_iter().all(is_own) {
        return Err(("403 Forbidden", "another site's page may not ask"));
    }
    if request.method != Some("GET") {
        return Err(("405 Method Not Allowed", "only GET is understood"));
    }
    let path = request.path.unwrap_or_default();
    if path == "/game" {
        let is = |name, word: &str| {
            let mut words = all(name).into_iter().flat_map(|line| line.split(','));
            words.any(|w| w.trim().eq_ignore_ascii_case(word))
        };
        let fits = is("Upgrade", "websocket") && is("Connection", "upgrade");
        let (true, true, [key]) =
            (fits, is("Sec-WebSocket-Version", "13"), &all("Sec-WebSocket-Key")[..])
        else {
            return Err(("400 Bad Request", "a game is played over a WebSocket of version 13"));
        };
        return Ok(Asked::Game { accept: derive_accept_key(key.as_bytes()) });
    }
    let file = FILES.iter().find(|file| file.path == path);
    file.map(Asked::File).ok_or(("404 Not Found", "there is nothing here; the page is at /"))
}

/// Opens the WebSocket.
pub(crate) fn switch(stream: &mut TcpStream, accept: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())
}

/// Says why a request is refused, and hangs up.
pub(crate) fn refuse(stream: &mut TcpStream, status: &str, why: &str) -> io::Result<()> {
    send(stream, status, "text/plain", &format!("{why}\n"))
}

/// Sends a text and hangs up. The page may load nothing from elsewhere and stand in no frame.
pub(crate) fn send(stream: &mut TcpStream, status: &str, kind: &str, text: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; \
         connect-src ws://127.0.0.1:* ws://localhost:*\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n",
        text.len()
    );
    let allow = if status.starts_with("405") { "Allow: GET\r\n" } else { "" };
    stream.write_all(format!("{head}{allow}\r\n{text}").as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    // Closed with bytes unread, a connection is reset, and the answer may be lost on the way.
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut unread = [0; 4096];
    while read_by(deadline, stream, &mut unread)? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn nobody_is_waited_for_beyond_the_deadline() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut talker = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let soon = Duration::from_millis(5);
        let mut piece = [0; 4];
        // In silence, and also when there would be something to read.
        assert!(read_by(Instant::now() + soon, &mut stream, &mut piece).is_err());
        talker.write_all(b"GET").unwrap();
        assert!(read_by(Instant::now(), &mut stream, &mut piece).is_err());
        assert_eq!(read_by(Instant::now() + PATIENCE, &mut stream, &mut piece).unwrap(), 3);
    }
}
