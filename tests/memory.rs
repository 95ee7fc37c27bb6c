//! Does training use the same memory for ever?
//!
//! The only test of its file, so that no other shares its process.

use autograd::{Rng, Tensor};
use lab::AffineGaussian;
use lab::systems::gaussian::Version;

/// Pages of memory that this process occupies.
#[cfg(target_os = "linux")]
fn resident_pages() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has /proc");
    statm.split_whitespace().nth(1).expect("the second field").parse().expect("a number")
}

/// Other systems are not asked.
#[cfg(not(target_os = "linux"))]
fn resident_pages() -> usize {
    0
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
    let after = resident_pages();
    // The smallest leak, 16 bytes a turn, would be 390 pages of 4 KiB.
    assert!(after <= before + 50, "from {before} to {after} pages");
}
