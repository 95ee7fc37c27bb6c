//! What do the cores do in registers alone: the roof of products and convolutions?

use std::time::Instant;

use adversaria_kernels as kernels;

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
