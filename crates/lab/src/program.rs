//! How does a program start and end?
//!
//! Every example reads its flags and reports its failure in the same way: one line on the error
//! stream that says what is wrong, and an exit code that is not 0.

use std::error::Error;
use std::process::{self, ExitCode};
use std::{env, panic};

use clap::error::ErrorKind;
use clap::{Command, Parser};

/// Reads the flags, runs the program and turns what it returns into an exit code: 0, 1 for a
/// failure, 2 for wrong flags.
pub fn run<Flags: Parser, E: Into<Box<dyn Error>>>(
    program: impl FnOnce(Flags) -> Result<(), E>,
) -> ExitCode {
    end_when_nobody_reads();
    let command = with_negative_numbers(Flags::command());
    let parsed = command.clone().try_get_matches();
    let flags = match parsed.and_then(|matches| Flags::from_arg_matches(&matches)) {
        Ok(flags) => flags,
        Err(asked)
            if matches!(asked.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) =>
        {
            print!("{asked}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            let asked = env::args().nth(1).filter(|word| command.find_subcommand(word).is_some());
            let help = asked.map_or("--help".to_owned(), |word| format!("{word} --help"));
            eprintln!("{}; see {help}", without_usage(&wrong.to_string()));
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

/// A command that takes -1 for a number that is out of range rather than for a flag.
fn with_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|flag| {
        let takes_a_value = flag.get_action().takes_values();
        flag.allow_negative_numbers(takes_a_value)
    });
    command.mut_subcommands(with_negative_numbers)
}

/// What comes before the usage notes, tips included, on one line.
fn without_usage(message: &str) -> String {
    let is_usage = |text: &&str| text.starts_with("Usage:") || text.starts_with("For more");
    let paragraphs = message.split("\n\n").map(str::trim).take_while(|text| !is_usage(text));
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    paragraphs.map(one_line).collect::<Vec<_>>().join("; ")
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
        assert_eq!(without_usage(message), line);
    }

    #[test]
    fn a_tip_is_kept_and_a_number_below_zero_is_a_number() {
        let train = Command::new("train").arg(
            clap::Arg::new("steps").long("steps").value_parser(clap::value_parser!(u64).range(1..)),
        );
        let command = with_negative_numbers(Command::new("gan").subcommand(train));
        let why = |words: &[&str]| {
            let wrong = command.clone().try_get_matches_from(words).expect_err("it is wrong");
            without_usage(&wrong.to_string())
        };
        let tip =
            "error: unrecognized subcommand 'trian'; tip: a similar subcommand exists: 'train'";
        assert_eq!(why(&["gan", "trian"]), tip);
        let said = why(&["gan", "train", "--steps", "-1"]);
        assert!(said.starts_with("error: invalid value '-1' for '--steps <steps>'"), "{said}");
    }
}
