//! A GAN of points to play with in the browser: it trains here, the page only draws.
//!
//! `cargo run --release --example playground` prints an address of this machine to open; nobody
//! else can reach it. `--port N` takes another port, `--smoke` plays with itself for a second.
//!
//! What a game is and what there is to draw is in `crates/lab/src/playground.rs`; who may connect
//! is in `server.rs` and `http.rs`; the page is `page.html` and what it loads. `docs/playground.md` says
//! what to try.

mod client;
mod http;
mod server;

use std::process::ExitCode;
use std::thread;

use clap::Parser;
use client::Client;
use server::Server;

/// A GAN of points to play with in the browser.
#[derive(Parser)]
struct Flags {
    /// Where to listen on 127.0.0.1; 0 takes any port that is free
    #[arg(long, default_value_t = 8765)]
    port: u16,
    /// Play with itself through a real connection, to see that it works
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| {
        if flags.smoke {
            return smoke();
        }
        let server = Server::start(flags.port).map_err(|why| {
            format!("--port {}: {why}; --port 0 takes any that is free", flags.port)
        })?;
        println!("The playground is at http://{}/ for browsers of this machine.", server.address());
        println!("Each tab has a game of its own. Ctrl-C ends the program; nothing is saved.");
        // The server's threads do the rest.
        loop {
            thread::park();
        }
    })
}

/// A game of a few frames, and some requests that must be refused.
fn smoke() -> Result<(), String> {
    let expect = |answer: &str, start: &str| -> Result<(), String> {
        let line = answer.lines().next().unwrap_or_default();
        println!("  {}", line.chars().take(90).collect::<String>());
        if answer.starts_with(start) { Ok(()) } else { Err(format!("expected {start}")) }
    };
    let server = Server::start(0).map_err(|why| why.to_string())?;
    println!("The playground was at http://{}/ and said:", server.address());
    let mut client = Client::connect(server.address())?;
    for (command, start) in [
        (r#""offer""#, r#"{"offer":"#),
        (r#"{"start":{"data":"ring","recipe":{"width":[16,16]}}}"#, r#"{"scene":"#),
        (r#"{"play":{"turns":3}}"#, r#"{"frame":{"turn":"#),
        (r#""discriminator-step""#, r#"{"frame":{"turn":"#),
        (r#""generator-step""#, r#"{"frame":{"turn":"#),
        (r#"{"play":"#, r#"{"refused":"#),
        (r#"{"start":{"recipe":{"width":[0,0]}}}"#, r#"{"refused":"#),
    ] {
        expect(&client.ask(command)?, start)?;
    }
    let host = server.address();
    for (request, start) in [
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), "HTTP/1.1 200 OK"),
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".to_owned(), "HTTP/1.1 403"),
        (format!("PUT / HTTP/1.1\r\nHost: {host}\r\n\r\n"), "HTTP/1.1 405"),
    ] {
        expect(&client::exchange(host, request.as_bytes())?, start)?;
    }
    Ok(())
}
