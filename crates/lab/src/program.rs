//! How does a program start and end?
//!
//! Every example reads its flags and reports its failure in the same way: one line on the error
//! stream that says what is wrong, and an exit code that is not 0.

use std::error::Error;
use std::panic;
use std::process::{self, ExitCode};

use clap::Parser;
use clap::error::ErrorKind;

/// Reads the flags, runs the program and turns what it returns into an exit code: 0, 1 for a
/// failure, 2 for wrong flags.
pub fn run<Flags: Parser, E: Into<Box<dyn Error>>>(
    program: impl FnOnce(Flags) -> Result<(), E>,
) -> ExitCode {
    end_when_nobody_reads();
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(asked)
            if matches!(asked.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            print!("{asked}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{}; see --help", first_paragraph(&wrong.to_string()));
            return ExitCode::from(2);
        }
    };
    match program(flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", with_causes(failure.into().as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Ends the program when its output cannot be written, which would make `println!` panic: in
/// silence when it is closed, as `head` does once it has seen enough, and with one line otherwise.
fn end_when_nobody_reads() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or_default();
        if message.starts_with("failed printing to stdout: Broken pipe") {
            process::exit(0);
        }
        if message.starts_with("failed printing to stdout") {
            eprintln!("error: {message}");
            process::exit(1);
        }
        report(info);
    }));
}

/// What comes before the usage notes, on one line.
fn first_paragraph(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An error and what caused it, on one line: `cannot write x: no space left`.
fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line += &format!(": {error}");
        cause = error.source();
    }
    line.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot write `a.svg`")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_failure_and_its_causes_are_one_line() {
        let error = Outer(io::Error::other("no space\nleft"));
        assert_eq!(with_causes(&error), "cannot write `a.svg`: no space left");
    }

    #[test]
    fn wrong_flags_are_one_line() {
        let message = "error: invalid value 'x' for '--seed <SEED>':\n  no digit\n\nUsage: y\n";
        let line = "error: invalid value 'x' for '--seed <SEED>': no digit";
        assert_eq!(first_paragraph(message), line);
    }
}
