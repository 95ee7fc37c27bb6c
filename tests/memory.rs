//! Does training use the same memory for ever?
//!
//! The only test of its file, so that no other shares its process.

use std::fs;

use autograd::{Rng, Tensor};
use lab::AffineGaussian;
use lab::systems::gaussian::Version;

/// Pages of memory that this process occupies, where the system tells.
fn resident_pages() -> Option<usize> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    statm.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn memory_is_flat_over_a_hundred_thousand_turns() {
    let mut rng = Rng::new(0, "noise");
    let mut game = Version::Softmax.game(&mut Rng::new(0, "weights"));
    let real = Tensor::constant(AffineGaussian::TUTORIAL.sample(4, &mut rng));
    let mut play = |turns: usize| (0..turns).for_each(|_| drop(game.step(&real, &mut rng)));
    play(1000);
    let before = resident_pages();
    play(100_000);
    if let (Some(before), Some(after)) = (before, resident_pages()) {
        // The smallest leak, 16 bytes a turn, would be 390 pages of 4 KiB.
        assert!(after <= before + 50, "from {before} to {after} pages");
    }
}
