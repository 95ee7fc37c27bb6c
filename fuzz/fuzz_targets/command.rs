//! Does any sequence of commands make the playground panic, hang or answer with something else than
//! JSON?
//!
//! A line is a command.

#![no_main]

use std::time::Duration;

use lab::playground::Playground;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|commands: &str| {
    let mut playground = Playground::new();
    for command in commands.lines().take(8) {
        let answer = playground.answer_text(command, Duration::ZERO);
        assert!(answer.starts_with('{') && answer.ends_with('}'), "{answer}");
    }
});
