//! How does a program, rather than a browser, talk to the playground?

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tungstenite::{Message, WebSocket};

/// Nothing takes longer, unless something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// A game at the other end of a connection.
pub(crate) struct Client(WebSocket<TcpStream>);

impl Client {
    /// Opens a game, as the server's own page would.
    pub(crate) fn connect(address: SocketAddr) -> Result<Client, String> {
        let stream = open(address)?;
        let request = format!("ws://{address}/game");
        let (socket, _) = tungstenite::client(request, stream).map_err(|why| why.to_string())?;
        Ok(Client(socket))
    }

    /// Sends a command and waits for the answer.
    pub(crate) fn ask(&mut self, command: &str) -> Result<String, String> {
        self.0.send(Message::text(command)).map_err(|why| why.to_string())?;
        match self.0.read() {
            Ok(Message::Text(answer)) => Ok(answer.as_str().to_owned()),
            Ok(_) => Err("the game is over".to_owned()),
            Err(why) => Err(why.to_string()),
        }
    }
}

/// Sends bytes over a connection of their own, and reads all that comes back.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Result<String, String> {
    let mut stream = open(address)?;
    let mut answer = Vec::new();
    // Who is refused may be hung up on while still talking.
    let _ = stream.write_all(bytes);
    stream.read_to_end(&mut answer).map_err(|why| why.to_string())?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn open(address: SocketAddr) -> Result<TcpStream, String> {
    let open = || {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    };
    open().map_err(|why: std::io::Error| format!("cannot talk to {address}: {why}"))
}
