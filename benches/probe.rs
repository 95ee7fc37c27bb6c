//! What do the benches of products share: their roof, their numbers?

use std::time::Instant;

use adversaria_kernels as kernels;
use kernels::Real;

/// Numbers in [-1/2, 1/2), none of them 0 for long.
pub(crate) fn random(len: usize, seed: u64) -> Vec<Real> {
    let mut state = 2 * seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as Real / (1_u32 << 24) as Real - 0.5
    };
    (0..len).map(|_| next()).collect()
}

/// Prints GFLOP/s in registers alone, on one thread and on all: the best of many tries.
#[cfg(target_arch = "x86_64")]
pub(crate) fn print_roof() {
    let best = |threads: usize| {
        let once = || {
            let start = Instant::now();
            let flops: usize = std::thread::scope(|scope| {
                let spawn = |_| scope.spawn(|| kernels::simd::probe(1 << 18));
                let threads: Vec<_> = (0..threads).map(spawn).collect();
                threads.into_iter().map(|t| t.join().expect("a probe does not panic")).sum()
            });
            flops as f64 / start.elapsed().as_secs_f64() / 1e9
        };
        (0..200).map(|_| once()).fold(0.0, f64::max)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("probe: 1 thread {:.0} GFLOP/s, {threads} threads {:.0}", best(1), best(threads));
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn print_roof() {}
