//! Does every mistake name what is wrong, and the line of the caller?
//!
//! Each crate has a table of wrong uses with the first line that they must report. Those of the
//! ops stand beside them, in `crates/autograd/src/ops/`; the ones here see that the line is the
//! caller's. No message of an assertion goes without a wrong use: they are read out of the sources.

mod autograd_uses;
mod gan_uses;
mod layers_uses;
mod messages;

use std::path::Path;
use std::sync::mpsc;
use std::{panic, thread};

use autograd::{Rng, Tensor};

/// A wrong use, and the first line of its report. A hint may follow.
type Mistake = (fn(), &'static str);

/// What mistakes are made with.
fn zeros<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::full(shape, 0.0)
}

fn rng() -> Rng {
    Rng::new(0, "mistakes")
}

fn mistakes() -> impl Iterator<Item = Mistake> {
    [autograd_uses::MISTAKES, layers_uses::MISTAKES, gan_uses::MISTAKES].concat().into_iter()
}

#[test]
fn every_mistake_names_what_is_wrong_and_the_caller() {
    let (sender, receiver) = mpsc::channel();
    let (here, usual) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() != here {
            return usual(info);
        }
        let place = info.location().expect("panics have a place");
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        let _ = sender.send((place.to_string(), message));
    }));
    let reports: Vec<_> = mistakes()
        .map(|(make, expected)| {
            assert!(panic::catch_unwind(make).is_err(), "not refused: {expected}");
            (receiver.try_recv().expect("a panic is reported"), expected)
        })
        .collect();
    let _ = panic::take_hook();
    let folder = Path::new(file!()).parent().expect("a file is in a folder");
    for ((place, message), expected) in &reports {
        assert_eq!(message.lines().next(), Some(*expected), "{place}");
        assert!(Path::new(place).starts_with(folder), "{message}\nat {place}");
    }
    println!("{} mistakes", reports.len());
}

#[test]
fn every_message_of_an_assertion_has_a_mistake() {
    let mut texts: Vec<String> = mistakes().map(|(_, expected)| expected.to_owned()).collect();
    let mut messages = Vec::new();
    for source in ["autograd", "layers", "gan"].map(messages::sources).concat() {
        texts.extend(messages::expected(&source));
        messages.extend(messages::asserted(&source));
    }
    assert!(messages.len() > 100, "found only {messages:?}");
    let missing: Vec<&String> = messages
        .iter()
        .filter(|message| !texts.iter().any(|text| messages::fits(message, text)))
        .collect();
    assert!(missing.is_empty(), "no wrong use shows {missing:#?}");
    println!("{} messages", messages.len());
}
