//! How fast are matrix products?
//!
//! `cargo bench -p adversaria-kernels --bench gemm`, or `-- tiny`, `ladder`, `squares`, `gan`, `tails` for a part.
//!
//! Every product is verified, then timed, on random numbers. The first lines give the roof: what
//! the cores do in registers alone. Criterion's "thrpt" counts floating-point operations as
//! elements: Gelem/s reads GFLOP/s. Rungs and `gemm-crate` run on one thread, `gemm` and
//! `gemm-crate-threads` on all, inside the pool as in a training loop.

mod numbers;
mod probe;

use adversaria_kernels as kernels;
use criterion::{Criterion, Throughput};
use gemm_common::Parallelism;
use kernels::gemm::{Beta, Rung, blocked, gemm, library, naive, portable, rows};
use kernels::mat::{Mat, MatMut};
use numbers::{Numbers, random};
use probe::print_roof;

/// m, k, n.
type Size = (usize, usize, usize);

/// Layers of the GANs: batch x inputs x outputs.
const LAYERS: [Size; 5] =
    [(128, 784, 256), (128, 96, 1024), (128, 1024, 1024), (128, 1024, 784), (6400, 1600, 128)];

/// The two operands, stored row-major, of C = A' B'.
struct Product {
    size: Size,
    a: Numbers,
    b: Numbers,
    /// A' is the transpose of A.
    ta: bool,
    tb: bool,
}

impl Product {
    fn new(size: Size, ta: bool, tb: bool) -> Product {
        let (m, k, n) = size;
        let numbers = |len, seed| random(len, seed, -0.5, 0.5);
        Product { size, a: numbers(m * k, 1), b: numbers(k * n, 2), ta, tb }
    }

    fn operands(&self) -> (Mat<'_>, Mat<'_>) {
        let (m, k, n) = self.size;
        let a =
            if self.ta { Mat::new(&self.a, k, m).transposed() } else { Mat::new(&self.a, m, k) };
        let b =
            if self.tb { Mat::new(&self.b, n, k).transposed() } else { Mat::new(&self.b, k, n) };
        (a, b)
    }

    /// Times `run(c)` after it has agreed with a dot product at a few hundred places.
    fn bench(&self, c: &mut Criterion, group: &str, name: &str, mut run: impl FnMut(&mut [f32])) {
        let (m, k, n) = self.size;
        let (a, b) = self.operands();
        let mut out = Numbers::nan(m * n);
        run(&mut out);
        for at in (0..m * n).step_by((m * n / 300).max(1)) {
            let products = (0..k).map(|p| f64::from(a.at(at / n, p)) * f64::from(b.at(p, at % n)));
            let (exact, error) = (products.sum::<f64>(), 1e-6 * (k as f64).sqrt() + 1e-6);
            assert!((f64::from(out[at]) - exact).abs() < error, "{name}: {exact} is {}", out[at]);
        }
        let letter = |transposed| if transposed { "t" } else { "n" };
        let shape = format!("{m}x{k}x{n} {}{}", letter(self.ta), letter(self.tb));
        let mut group = c.benchmark_group(format!("{group}/{shape}"));
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        group.bench_function(name, |bencher| bencher.iter(|| run(&mut out)));
        group.finish();
    }

    fn bench_rung(&self, c: &mut Criterion, group: &str, name: &str, rung: Rung) {
        let (a, b) = self.operands();
        let (m, _, n) = self.size;
        self.bench(c, group, name, |out| rung(a, b, MatMut::new(out, m, n), Beta::Zero));
    }

    /// The crate `gemm`, its AVX-512 kernels switched on. It wants C by columns, so it is given
    /// Cᵀ = Bᵀ Aᵀ, as its own front does for a C by rows.
    fn bench_crate(&self, c: &mut Criterion, group: &str, name: &str, threads: Parallelism) {
        let (a, b) = self.operands();
        let (m, k, n) = self.size;
        let [a_rows, a_cols, b_rows, b_cols] =
            [a.row_stride(), a.col_stride(), b.row_stride(), b.col_stride()].map(|s| s as isize);
        self.bench(c, group, name, |out| {
            // SAFETY: the strides are those of slices that hold m x k and k x n numbers; `out`
            // holds m x n, is borrowed mutably, and is not read.
            unsafe {
                gemm_f32::gemm::f32::get_gemm_fn()(
                    n,
                    m,
                    k,
                    out.as_mut_ptr(),
                    n as isize,
                    1,
                    false,
                    b.data().as_ptr(),
                    b_rows,
                    b_cols,
                    a.data().as_ptr(),
                    a_rows,
                    a_cols,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    threads,
                );
            }
        });
    }

    /// Ours beside its peers.
    fn compare(&self, c: &mut Criterion, group: &str) {
        for (name, rung) in by_hand() {
            self.bench_rung(c, group, name, rung);
        }
        self.bench_rung(c, group, "matrixmultiply", library);
        self.bench_crate(c, group, "gemm-crate", Parallelism::None);
        self.bench_rung(c, group, "gemm", gemm);
        self.bench_crate(c, group, "gemm-crate-threads", Parallelism::Rayon(0));
    }
}

/// The rungs of this CPU that have hand-written tiles.
#[cfg(target_arch = "x86_64")]
fn by_hand() -> Vec<(&'static str, Rung)> {
    use kernels::gemm::{avx2, avx512};
    use kernels::simd::Level;
    let wanted: [(Level, &str, Rung); 2] =
        [(Level::Avx2, "avx2", avx2), (Level::Avx512, "avx512", avx512)];
    let available = |wanted| Level::available().any(|level| level == wanted);
    wanted.into_iter().filter(|w| available(w.0)).map(|w| (w.1, w.2)).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn by_hand() -> Vec<(&'static str, Rung)> {
    Vec::new()
}

fn tiny(c: &mut Criterion) {
    for size in [(4, 2, 5), (4, 5, 3), (4, 3, 1), (8, 8, 8), (16, 16, 16), (1, 64, 64)] {
        let product = Product::new(size, false, false);
        product.bench_rung(c, "tiny", "rows", rows);
        product.compare(c, "tiny");
    }
}

fn ladder(c: &mut Criterion) {
    for n in [64, 256, 1024] {
        let product = Product::new((n, n, n), false, false);
        let plain: [(&str, Rung); 4] =
            [("naive", naive), ("rows", rows), ("blocked", blocked), ("portable", portable)];
        // The definition takes seconds for the largest.
        for (name, rung) in plain.into_iter().filter(|rung| n < 1024 || rung.0 != "naive") {
            product.bench_rung(c, "ladder", name, rung);
        }
        product.compare(c, "ladder");
    }
}

fn squares(c: &mut Criterion) {
    for n in [16, 32, 64, 128, 256, 512, 1000, 1024, 2048] {
        Product::new((n, n, n), false, false).compare(c, "squares");
    }
}

/// Each layer, and the two products that its gradients are.
fn gan(c: &mut Criterion) {
    for (m, k, n) in LAYERS {
        Product::new((m, k, n), false, false).compare(c, "gan");
        // dX = dY Wᵀ, dW = Xᵀ dY.
        Product::new((m, n, k), false, true).compare(c, "gan");
        Product::new((k, m, n), true, false).compare(c, "gan");
    }
}

fn tails(c: &mut Criterion) {
    for size in [(127, 127, 127), (251, 509, 131), (97, 1021, 33), (1, 1024, 1024), (1024, 1024, 1)]
    {
        Product::new(size, false, false).compare(c, "tails");
    }
}

fn main() {
    print_roof();
    // A parallel loop starts at once inside the pool, and 12 us later outside.
    kernels::in_pool(|| {
        let mut criterion = Criterion::default()
            .sample_size(20)
            .warm_up_time(std::time::Duration::from_millis(100))
            .measurement_time(std::time::Duration::from_millis(500))
            .configure_from_args();
        for part in [tiny, ladder, squares, gan, tails] {
            part(&mut criterion);
        }
        criterion.final_summary();
    });
}
