//! Does a training loop keep asking for memory?
//!
//! After its first turns the numbers live in recycled buffers: no fresh page is touched. What the
//! allocator still gives out are the nodes of the graph, of 128 bytes, what each remembers of its
//! op, and the lists of a sweep.
//!
//! The allocator keeps such small blocks in free lists of its own, one for each thread. The test
//! prints what they cost: some microseconds of a turn's many thousand. Free lists of ours could
//! take the nodes, but not what they remember, which is of another type for each op; and
//! `tensor.rs`, where a reader learns what a graph is, would be about memory instead.

use std::alloc::System;
use std::hint::black_box;
use std::time::{Duration, Instant};

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

/// What so many allocations take that live side by side, and their release: the best of many tries.
fn price(calls: usize, bytes: usize) -> Duration {
    let mut held: Vec<Vec<u8>> = Vec::with_capacity(calls);
    let mut once = || {
        let start = Instant::now();
        held.extend((0..calls).map(|_| black_box(Vec::with_capacity(bytes / calls))));
        held.clear();
        start.elapsed()
    };
    (0..1000).map(|_| once()).min().expect("a thousand tries")
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
    let (region, faults, start) = (Region::new(ALLOCATOR), page_faults(), Instant::now());
    turns(TURNS);
    let turn = start.elapsed() / TURNS as u32;
    let (faults, change) = (page_faults() - faults, region.change());
    let [calls, bytes] = [change.allocations, change.bytes_allocated].map(|n| n / TURNS);
    let price = price(calls, bytes);
    println!("{faults} page faults in {TURNS} turns");
    println!("a turn of {turn:?}: {calls} allocations, {bytes} bytes, which take {price:?}");
    // A turn computes some 20 MB of numbers, 5,000 pages.
    assert!(faults < 5 * TURNS, "{faults} page faults in {TURNS} turns");
    // In f64 the products are a library's, which asks for its room at each call.
    let ours = size_of::<autograd::Real>() == 4;
    assert!(calls < 250 || !ours, "{calls} allocations a turn");
    assert!(bytes < 100_000 || !ours, "{bytes} bytes allocated a turn");
}
