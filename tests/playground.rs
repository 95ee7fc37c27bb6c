//! Does the playground's server keep to its own readers, and survive them?

// The example's own modules, and their tests.
#[path = "../examples/playground/client.rs"]
mod client;
#[path = "../examples/playground/http.rs"]
mod http;
#[path = "../examples/playground/server.rs"]
mod server;

use std::io::{Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use client::{Client, exchange};
use lab::playground::Playground;
use server::Server;

const START: &str = r#"{"start":{"seed":3,"recipe":{"width":[6,6],"batch_size":8}}}"#;
const TURN: &str = r#"{"play":{"turns":1}}"#;

fn server() -> (Server, SocketAddr) {
    let server = Server::start(0).expect("a port is free");
    let address = server.address();
    (server, address)
}

/// The first line of the answer to a request of these lines.
fn status(address: SocketAddr, lines: &[&str]) -> String {
    let request = lines.join("\r\n").replace("OWN", &address.to_string()) + "\r\n\r\n";
    let answer = exchange(address, request.as_bytes()).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_page_comes_whole_and_asks_for_nothing_from_elsewhere() {
    let (_server, address) = server();
    let page = exchange(address, format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes());
    let page = page.expect("the page");
    assert!(page.contains("Content-Security-Policy: default-src 'self'"), "{page}");
    let mut files = vec!["/".to_owned()];
    for part in page.split("href=\"").chain(page.split("src=\"")).skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        if name.contains('.') && !name.contains('/') {
            files.push(format!("/{name}"));
        }
    }
    files.extend(["/draw.js", "/form.js"].map(str::to_owned));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let request = format!("GET {file} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let answer = exchange(address, request.as_bytes()).expect("a file");
        let (head, text) = answer.split_once("\r\n\r\n").expect("a head and a text");
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{file}: {head}");
        assert!(head.contains(&format!("Content-Length: {}", text.len())), "{file}: {head}");
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{file}");
    }
}

#[test]
fn strangers_are_refused() {
    let (_server, address) = server();
    let game = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"];
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let asked = |path: &str, host: &str, origin: &str| {
        let first = format!("GET {path} HTTP/1.1");
        let (host, origin) = (format!("Host: {host}"), format!("Origin: {origin}"));
        let mut lines = vec![first.as_str(), &host, &origin, key];
        lines.extend(game);
        // A game that is opened stays open: hang up after the first line.
        let request = lines.join("\r\n").replace("OWN", &address.to_string()) + "\r\n\r\n";
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut line = [0; 12];
        stream.read_exact(&mut line).expect("a status");
        String::from_utf8_lossy(&line).into_owned()
    };
    let local = format!("localhost:{}", address.port());
    let from_local = format!("http://{local}");
    for (path, fine) in [("/", "HTTP/1.1 200"), ("/game", "HTTP/1.1 101")] {
        assert_eq!(asked(path, "OWN", "http://OWN"), fine);
        assert_eq!(asked(path, &local, &from_local), fine);
        for (host, origin) in [
            ("evil.example", "http://evil.example"),
            ("evil.example", "http://OWN"),
            ("127.0.0.1", "http://127.0.0.1"),
            ("OWN", "http://evil.example"),
            ("OWN", "https://OWN"),
            ("OWN", "http://OWN.evil.example"),
            ("OWN", "null"),
        ] {
            assert_eq!(asked(path, host, origin), "HTTP/1.1 403", "{path} {host} {origin}");
        }
    }
}

#[test]
fn bad_requests_get_their_status() {
    let (_server, address) = server();
    let long = format!("X: {}", "x".repeat(20_000));
    let many: Vec<String> = (0..100).map(|i| format!("X{i}: x")).collect();
    let mut with_many = vec!["GET / HTTP/1.1", "Host: OWN"];
    with_many.extend(many.iter().map(String::as_str));
    let own = "Host: OWN";
    for (lines, expected) in [
        (&["GET /nothing HTTP/1.1", own][..], "404"),
        (&["GET /../../etc/passwd HTTP/1.1", own], "404"),
        (&["POST / HTTP/1.1", own, "Content-Length: 1000000000"], "405"),
        (&["DELETE /game HTTP/1.1", own], "405"),
        (&["GET / HTTP/1.1"], "400"),
        (&["GET / HTTP/1.1", own, own], "400"),
        (&["GET /game HTTP/1.1", own], "400"),
        (&["GET /game HTTP/1.1", own, "Upgrade: websocket", "Connection: Upgrade"], "400"),
        (&["what is this?"], "400"),
        (&["\0\u{1}\u{2}"], "400"),
        (&["GET / HTTP/1.1", own, &long], "431"),
        (&with_many, "431"),
    ] {
        let status = status(address, lines);
        assert!(status.starts_with(&format!("HTTP/1.1 {expected} ")), "{status:?} to {lines:.60?}");
    }
    let body = vec![b'x'; 3 << 20];
    let request = format!("PUT / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 3145728\r\n\r\n");
    // Whether the answer outlives the reset of what was sent too much is the system's affair.
    let _ = exchange(address, &[request.as_bytes(), &body].concat());
    assert_eq!(status(address, &["GET / HTTP/1.1", own]), "HTTP/1.1 200 OK");
}

/// What the same commands are answered without a server.
fn alone(commands: &[&str]) -> Vec<String> {
    let mut playground = Playground::new();
    commands.iter().map(|c| playground.answer_text(c, Duration::ZERO)).collect()
}

#[test]
fn two_tabs_have_a_game_each() {
    let (_server, address) = server();
    let mut tabs = [(); 2].map(|()| Client::connect(address).expect("a game"));
    let commands = [
        [START, r#""offer""#],
        [TURN, START],
        [r#""discriminator-step""#, TURN],
        [TURN, r#""generator-step""#],
        [TURN, TURN],
    ];
    let mut answers = [vec![], vec![]];
    for pair in commands {
        for (tab, (command, answers)) in tabs.iter_mut().zip(pair.iter().zip(&mut answers)) {
            answers.push(tab.ask(command).expect("an answer"));
        }
    }
    for (i, answers) in answers.iter().enumerate() {
        assert_eq!(*answers, alone(&commands.map(|pair| pair[i])));
    }
}

#[test]
fn tabs_that_play_at_the_same_time_do_not_disturb_each_other() {
    let (_server, address) = server();
    // Large enough for loops in parallel, in which a thread waits and takes over another tab's turn.
    let start = r#"{"start":{"recipe":{"width":[128,128],"batch_size":256}}}"#;
    let commands: Vec<&str> = iter::once(start).chain(iter::repeat_n(TURN, 8)).collect();
    let expected = alone(&commands);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut tab = Client::connect(address).expect("a game");
                for (command, expected) in commands.iter().zip(&expected) {
                    assert_eq!(tab.ask(command).expect("an answer"), *expected);
                }
            });
        }
    });
}

#[test]
fn a_tab_that_closes_or_breaks_ends_its_own_game_only() {
    let (_server, address) = server();
    let mut tab = Client::connect(address).expect("a game");
    tab.ask(START).expect("an answer");
    let mut other = Client::connect(address).expect("a game");
    other.ask(START).expect("an answer");
    drop(other);
    // What is too long ends the connection, and what is no command does not.
    let mut broken = Client::connect(address).expect("a game");
    assert!(broken.ask("{{{").expect("an answer").starts_with(r#"{"refused":"#));
    assert!(broken.ask("\"\u{0}\"").expect("an answer").starts_with(r#"{"refused":"#));
    assert!(broken.ask(&"[".repeat(9_000)).expect("an answer").starts_with(r#"{"refused":"#));
    assert!(broken.ask(&"x".repeat(1 << 20)).is_err());
    let answers = [TURN, TURN].map(|command| tab.ask(command).expect("an answer"));
    assert_eq!(answers[..], alone(&[START, TURN, TURN])[1..]);
}

#[test]
fn who_says_nothing_or_comes_in_crowds_keeps_nobody_away() {
    let (_server, address) = server();
    let mut tab = Client::connect(address).expect("a game");
    tab.ask(START).expect("an answer");
    let half_open: Vec<TcpStream> = (0..63)
        .map(|i| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            if i % 2 == 0 {
                stream.write_all(b"GET / HT").expect("it listens");
            }
            stream
        })
        .collect();
    assert!(tab.ask(TURN).expect("an answer").starts_with(r#"{"frame":"#));
    let page = ["GET / HTTP/1.1", "Host: OWN"];
    assert!(status(address, &page).starts_with("HTTP/1.1 503"));
    drop(half_open);
    while status(address, &page) != "HTTP/1.1 200 OK" {}
    assert!(tab.ask(TURN).expect("an answer").starts_with(r#"{"frame":"#));
}

#[test]
fn a_server_that_is_dropped_listens_no_more() {
    let (server, address) = server();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}
