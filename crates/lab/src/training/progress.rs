//! How does one see a run getting on?
//!
//! In a terminal by a bar, with the printed lines above it; elsewhere by the lines alone, which
//! then say how fast it goes.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Numbers;

pub(super) struct Progress {
    steps: u64,
    batch_size: usize,
    bar: Option<ProgressBar>,
    /// The step and time of the last printed line.
    last: (u64, Instant),
}

/// 100 columns at most: the losses take 40.
const BAR: &str = "{bar:16} {pos}/{len} {msg}, {eta} left";

impl Progress {
    pub(super) fn new(first: u64, steps: u64, batch_size: usize) -> Progress {
        let watched = io::stdout().is_terminal() && io::stderr().is_terminal();
        let bar = watched.then(|| {
            let style = ProgressStyle::with_template(BAR).expect("the template is sound");
            ProgressBar::new(steps)
                .with_position(first)
                .with_style(style)
                .with_elapsed(Duration::ZERO)
        });
        Progress { steps, batch_size, bar, last: (first, Instant::now()) }
    }

    /// After a step, which is printed if `line` says so.
    pub(super) fn step(&mut self, numbers: &Numbers, line: bool) {
        let taken = numbers.step + 1;
        match &self.bar {
            Some(bar) => {
                let speed = self.speed(bar.per_sec());
                let losses = numbers.to_string();
                let losses = losses.split_once(", ").map_or("", |(_, losses)| losses);
                bar.set_message(format!("{losses}, {speed}"));
                bar.set_position(taken);
                if line {
                    bar.suspend(|| println!("{numbers}"));
                }
            }
            None if line => {
                let (step, time) = self.last;
                let rate = (taken - step) as f64 / time.elapsed().as_secs_f64();
                let left = Duration::from_secs_f64((self.steps - taken) as f64 / rate);
                let left = format!("{}:{:02} left", left.as_secs() / 60, left.as_secs() % 60);
                println!("{numbers}   {}, {left}", self.speed(rate));
                self.last = (taken, Instant::now());
            }
            None => {}
        }
    }

    /// Prints something else than a step, above the bar if there is one.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{text}")),
            None => println!("{text}"),
        }
    }

    /// Steps and samples a second.
    fn speed(&self, rate: f64) -> String {
        let images = rate * self.batch_size as f64;
        format!("{rate:.1} it/s, {images:.0} images/s")
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
