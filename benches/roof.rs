//! What do the benches of elementwise kernels share: their roof, their sizes, their rows?

use std::time::{Duration, Instant};

use adversaria_kernels as kernels;
use criterion::{Criterion, Throughput};
use kernels::Real;

use crate::numbers::{Numbers, random};

/// Elements, and what a row's name calls them: in L1, in L2, in no cache of a core.
pub(crate) const SIZES: [(usize, &str); 3] = [(1 << 10, "1K"), (1 << 16, "64K"), (1 << 22, "4M")];

/// Asserts that y is close to its exact value, relative to that or to 1.
pub(crate) fn verify(
    name: &str,
    y: impl IntoIterator<Item = Real>,
    exact: impl IntoIterator<Item = f64>,
) {
    let (y, exact): (Vec<Real>, Vec<f64>) = (y.into_iter().collect(), exact.into_iter().collect());
    assert!(y.len() == exact.len() && !y.is_empty(), "{name}: {} of {}", y.len(), exact.len());
    for (y, exact) in y.into_iter().zip(exact) {
        let error = (f64::from(y) - exact).abs() / exact.abs().max(1.0);
        assert!(error < 2e-6, "{name}: {y} is not {exact}");
    }
}

/// Times `run` as the row `name`, in elements per second.
pub(crate) fn row(c: &mut Criterion, name: &str, elements: usize, mut run: impl FnMut()) {
    // A group of its own for each row gives it a throughput, and the name stays as it is.
    let (group, size) = name.rsplit_once('/').expect("a row is named function/size");
    let mut group = c.benchmark_group(group);
    group.throughput(Throughput::Elements(elements as u64));
    group.bench_function(size, |bencher| bencher.iter(&mut run));
    group.finish();
}

/// Prints the roof, then runs the parts of a bench on a thread of the pool.
///
/// Inside the pool a parallel loop starts at once; from outside each would wait about 12 us for
/// the workers to wake.
pub(crate) fn run(parts: &(dyn Fn(&mut Criterion) + Sync)) {
    print_roof();
    kernels::in_pool(|| {
        let mut criterion = Criterion::default()
            .sample_size(20)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(300))
            .configure_from_args();
        parts(&mut criterion);
        criterion.final_summary();
    });
}

/// y from a and b.
type Pass = dyn Fn(&mut [Real], &[Real], &[Real]) + Sync;

/// Prints what the memory does on all threads at 4M elements, the best of many tries: a copy reads
/// one array and writes one, a triad y = a + s b reads two and writes one.
fn print_roof() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let len = 1 << 22;
    let (a, b) = (random(len, 1, 0.5, 1.5), random(len, 2, 0.5, 1.5));
    let mut y = Numbers::nan(len);
    let mut best = |pass: &Pass| {
        let mut once = || {
            let part = len / threads;
            let start = Instant::now();
            std::thread::scope(|scope| {
                for ((y, a), b) in y.chunks_mut(part).zip(a.chunks(part)).zip(b.chunks(part)) {
                    scope.spawn(move || pass(y, a, b));
                }
            });
            start.elapsed().as_secs_f64()
        };
        (0..50).map(|_| once()).fold(f64::INFINITY, f64::min)
    };
    let copy = best(&|y, a, _| y.copy_from_slice(a));
    let triad = best(&|y, a, b| {
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = a + 3.0 * b;
        }
    });
    let bytes = (len * size_of::<Real>()) as f64;
    println!(
        "roof on {threads} threads, 4M elements: copy {:.1} GB/s or {:.2} Gelem/s, triad {:.1} GB/s or {:.2} Gelem/s",
        2.0 * bytes / copy / 1e9,
        len as f64 / copy / 1e9,
        3.0 * bytes / triad / 1e9,
        len as f64 / triad / 1e9,
    );
}
