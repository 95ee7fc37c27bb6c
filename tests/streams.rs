//! Are the random streams what they have always been?
//!
//! Whoever repeats a run relies on them: the same seed, the same weights, batches and noise. So
//! `tests/fixtures/streams-f32.txt` and `streams-f64.txt` hold numbers of each, with all their
//! digits, and this test compares. A change of these files is a breaking change: it belongs into
//! the change log, and every recorded figure has to be recorded anew. To write them,
//!
//! ```text
//! cargo test --test streams -- --ignored
//! cargo test --test streams --features f64 -- --ignored
//! ```

use std::fs;
use std::path::PathBuf;

use autograd::{Real, Rng};

const STREAMS: [(u64, &str); 4] = [(0, "weights"), (0, "noise"), (1, "noise"), (u64::MAX, "")];

fn path() -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    PathBuf::from(folder).join(format!("streams-f{}.txt", 8 * size_of::<Real>()))
}

/// The first eight of ten thousand numbers, then every thousandth.
fn chosen(numbers: &[Real]) -> Vec<Real> {
    let chosen = (0..8).chain((1..10).map(|i| 1000 * i));
    chosen.map(|i| numbers[i]).collect()
}

/// A line for each stream and each kind of draw, which starts where the stream does.
fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for (seed, purpose) in STREAMS {
        let rng = || Rng::new(seed, purpose);
        let mut dice = rng();
        let below: Vec<usize> = (0..12).map(|_| dice.below(1_000_003)).collect();
        let name = format!("seed {seed}, {purpose:?}:");
        lines.push(format!("{name} normal {:?}", chosen(rng().normal([10_000]).numbers())));
        let uniform = rng().uniform([10_000], -1.0, 1.0);
        lines.push(format!("{name} uniform {:?}", chosen(uniform.numbers())));
        lines.push(format!("{name} permutation {:?}", rng().permutation(12)));
        lines.push(format!("{name} below 1000003 {below:?}"));
    }
    lines
}

#[test]
fn the_streams_are_golden() {
    let path = path();
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path:?}: {why}"));
    let recorded: Vec<&str> = text.lines().collect();
    assert_eq!(lines(), recorded);
}

#[test]
#[ignore = "writes a fixture"]
fn record_the_streams() {
    let path = path();
    fs::write(&path, lines().join("\n") + "\n").unwrap_or_else(|why| panic!("{path:?}: {why}"));
}
