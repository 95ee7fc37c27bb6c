//! Does a training loop keep asking for memory?
//!
//! After its first turns the numbers live in recycled buffers: no fresh page is touched. What the
//! allocator still gives out are the nodes of the graph, a few dozen bytes each.

use std::alloc::System;

use autograd::{Rng, Tensor};
use lab::systems::mnist_gan;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Pages that this process had to be given while it ran, without reading a disk.
#[cfg(target_os = "linux")]
fn page_faults() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has /proc");
    // Counted behind the program's name, which stands in parentheses: the 8th field from there.
    let behind = stat.rsplit(')').next().expect("the name ends");
    behind.split_whitespace().nth(7).expect("minflt").parse().expect("a number")
}

#[cfg(not(target_os = "linux"))]
fn page_faults() -> usize {
    0
}

#[test]
fn a_steady_training_loop_meets_no_fresh_pages() {
    const TURNS: usize = 20;
    let mut rng = Rng::new(0, "images and noise");
    let mut game = mnist_gan::game(&mut Rng::new(0, "weights"));
    let real = rng.uniform([mnist_gan::BATCH_SIZE, mnist_gan::PIXELS], -1.0, 1.0);
    let real = Tensor::constant(real);
    let mut turns = |count: usize| {
        for _ in 0..count {
            let report = game.step(&real, &mut rng);
            assert!(report.loss_d.is_finite());
        }
    };
    turns(5);
    let (region, faults) = (Region::new(ALLOCATOR), page_faults());
    turns(TURNS);
    let (faults, change) = (page_faults() - faults, region.change());
    let [calls, bytes] = [change.allocations, change.bytes_allocated].map(|n| n / TURNS);
    println!("a turn: {calls} allocations of {bytes} bytes; {faults} page faults in {TURNS} turns");
    // A turn computes some 20 MB of numbers, 5,000 pages.
    assert!(faults < 5 * TURNS, "{faults} page faults in {TURNS} turns");
    // In f64 the products are a library's, which asks for its room at each call.
    let ours = size_of::<autograd::Real>() == 4;
    assert!(calls < 1000, "{calls} allocations a turn");
    assert!(bytes < 100_000 || !ours, "{bytes} bytes allocated a turn");
}
