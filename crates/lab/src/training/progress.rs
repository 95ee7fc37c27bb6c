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

/// 100 columns at most: the losses take up to 55, those of `cyclegan`.
const BAR: &str = "{bar:10} {pos}/{len} {msg}, {eta} left";

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
                let losses = numbers.to_string();
                let losses = losses.split_once(", ").map_or("", |(_, losses)| losses);
                bar.set_message(format!("{losses}, {:.1} it/s", bar.per_sec()));
                bar.set_position(taken);
                if line {
                    bar.suspend(|| println!("{numbers}"));
                }
            }
            None if line => {
                let (step, time) = self.last;
                let pace = pace(taken - step, time.elapsed(), self.steps - taken, self.batch_size);
                println!("{numbers}{pace}");
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

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How fast it goes, and how long it takes at this pace for the steps that are left; nothing after
/// a single step, which may be the first and wait for memory and threads.
fn pace(steps: u64, time: Duration, left: u64, batch_size: usize) -> String {
    if steps < 2 {
        return String::new();
    }
    let rate = steps as f64 / time.as_secs_f64();
    let left = (left as f64 / rate) as u64;
    let samples = rate * batch_size as f64;
    format!("  {rate:.1} it/s, {samples:.0} samples/s, {}:{:02} left", left / 60, left % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_several_steps() {
        let time = Duration::from_secs(4);
        assert_eq!(pace(10, time, 200, 64), "  2.5 it/s, 160 samples/s, 1:20 left");
        assert_eq!(pace(1, time, 200, 64), "");
    }
}
