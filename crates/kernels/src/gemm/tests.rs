//! Does every rung compute the same product, whatever its shape?

use super::*;
use crate::Real;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
use crate::simd::Level;

/// The rungs that this CPU can run; [`naive`] is the oracle.
fn rungs() -> Vec<(&'static str, Rung)> {
    let everywhere: [(&'static str, Rung); 5] = [
        ("rows", rows),
        ("blocked", blocked),
        ("portable", portable),
        ("library", library),
        ("gemm", gemm),
    ];
    everywhere.into_iter().chain(by_hand()).collect()
}

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
fn by_hand() -> Vec<(&'static str, Rung)> {
    let wanted: [(Level, &'static str, Rung); 2] =
        [(Level::Avx2, "avx2", avx2), (Level::Avx512, "avx512", avx512)];
    let available = |wanted| Level::available().any(|level| level == wanted);
    wanted.into_iter().filter(|w| available(w.0)).map(|w| (w.1, w.2)).collect()
}

#[cfg(not(all(target_arch = "x86_64", not(feature = "f64"))))]
fn by_hand() -> Vec<(&'static str, Rung)> {
    Vec::new()
}

/// Pseudo-random bits, `seed` chooses the stream.
fn bits(seed: usize) -> impl FnMut() -> u64 {
    let mut state = seed as u64 * 2 + 1;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    }
}

/// Small integers: every partial sum is exact, so every rung must agree to the last bit.
fn integers(len: usize, seed: usize) -> Vec<Real> {
    let mut next = bits(seed);
    (0..len).map(|_| (next() >> 20) as Real % 17.0 - 8.0).collect()
}

/// Numbers whose sums are rounded.
fn fractions(len: usize, seed: usize) -> Vec<Real> {
    let mut next = bits(seed);
    (0..len).map(|_| (next() as f64 / (1_u64 << 31) as f64 - 0.5) as Real).collect()
}

/// An m x n matrix on these numbers, stored as it is or, if `flag` is set, transposed.
fn matrix(data: &[Real], m: usize, n: usize, flag: bool) -> Mat<'_> {
    if flag { Mat::new(data, n, m).transposed() } else { Mat::new(data, m, n) }
}

/// Never written: stands before and behind C.
const SENTINEL: Real = 12345.0;
const MARGIN: usize = 40;

/// Runs all rungs. A and B are slices of exactly their size, C has sentinels around it.
fn check((m, k, n): (usize, usize, usize), flags: usize, beta: Beta, rungs: &[(&str, Rung)]) {
    let (a, b, old) = (integers(m * k, m + 7 * k), integers(k * n, n + 13 * k), integers(m * n, 3));
    let (a, b) = (matrix(&a, m, k, flags & 1 == 1), matrix(&b, k, n, flags & 2 == 2));
    let mut expected = old.clone();
    naive(a, b, MatMut::new(&mut expected, m, n), beta);
    if k > 8 && m * n > 8 {
        let nonzero = expected.iter().filter(|x| **x != 0.0).count();
        assert!(2 * nonzero > m * n, "a product of zeros tests nothing");
    }
    for (name, rung) in rungs {
        let mut guarded = vec![SENTINEL; m * n + 2 * MARGIN];
        let c = &mut guarded[MARGIN..][..m * n];
        // With β = 0 the old contents are not read.
        c.copy_from_slice(&old);
        if beta == Beta::Zero {
            c.fill(Real::NAN);
        }
        rung(a, b, MatMut::new(c, m, n), beta);
        let what = format!("{name}: {m} x {k} x {n}, {flags} {beta:?}");
        assert_eq!(guarded[MARGIN..][..m * n], expected, "{what}");
        let (before, rest) = guarded.split_at(MARGIN);
        let around = before.iter().chain(&rest[m * n..]);
        assert!(around.into_iter().all(|x| *x == SENTINEL), "{what} writes around C");
    }
}

#[test]
fn every_rung_equals_naive_on_small_shapes() {
    let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 50];
    for m in sizes {
        for k in sizes {
            for n in sizes {
                for beta in [Beta::Zero, Beta::One] {
                    check((m, k, n), (m + k + n) % 4, beta, &rungs());
                }
            }
        }
    }
}

#[test]
fn every_rung_equals_naive_around_the_edges_of_tiles() {
    // Tiles have up to 6 or 12 rows and 16 or 32 columns; four strips of A read B in place. Slabs have
    // at least 512 steps, which the larger products below cross.
    let rows = [1, 5, 6, 7, 11, 12, 13, 14, 24, 25, 36, 48, 49, 71];
    let depths = [1, 3, 4, 16, 57, 255, 256, 257];
    let columns = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 49, 63, 65, 191, 193];
    let rungs = rungs();
    for (i, m) in rows.into_iter().enumerate() {
        for (p, k) in depths.into_iter().enumerate() {
            for (j, n) in columns.into_iter().enumerate() {
                let beta = [Beta::Zero, Beta::One][(i + p + j) % 2];
                // The portable tile is slower: one shape in seven.
                let portable = (i + 2 * p + 3 * j).is_multiple_of(7);
                let rungs = if portable { &rungs[2..] } else { &rungs[4..] };
                check((m, k, n), (i + 2 * j + p) % 4, beta, rungs);
            }
        }
    }
}

#[test]
fn large_products_equal_naive() {
    let shapes = [
        (128, 96, 512),
        (1, 3000, 3000),
        (300, 300, 1),
        (97, 301, 203),
        (20, 1100, 1100),
        // Groups of eight or four strips, then of eight. Rows of A collide; then steps of Aᵀ, with so
        // few columns of C that one level packs them, and so many that each does.
        (61, 1024, 203),
        (512, 70, 50),
        (512, 70, 200),
        // Slabs have 1024 steps up to 512 columns, 668 at 784, 512 from 1024 on.
        (13, 1025, 31),
        (50, 1030, 200),
        (30, 680, 784),
    ];
    for shape in shapes {
        for flags in 0..4 {
            check(shape, flags, Beta::Zero, &rungs()[2..]);
        }
    }
    // Wider than a block of B.
    check((75, 515, 2100), 0, Beta::One, &rungs()[2..]);
    check((75, 515, 2100), 2, Beta::One, &rungs()[2..]);
}

/// The numbers of an m x n matrix with these strides, inside a longer slice.
fn spread(m: usize, n: usize, (row_stride, col_stride): (usize, usize), seed: usize) -> Vec<Real> {
    let len = (m.max(1) - 1) * row_stride + (n.max(1) - 1) * col_stride + 1;
    integers(len, seed)
}

#[test]
fn any_strides_will_do() {
    // Sparse in both directions, backwards in order, repeated rows, repeated columns, padded rows.
    let strides = |m: usize, n: usize| {
        [(3 * n + 2, 3), (2, 2 * m + 1), (0, 1), (1, 0), (n + 5, 1), (1, m + 9)]
    };
    for (m, k, n) in [(1, 40, 50), (50, 40, 1), (13, 5, 33), (60, 300, 200), (4, 2, 5)] {
        for a_strides in strides(m, k) {
            for b_strides in strides(k, n) {
                let (a, b) = (spread(m, k, a_strides, 1), spread(k, n, b_strides, 2));
                let a = Mat::strided(&a, (m, k), a_strides);
                let b = Mat::strided(&b, (k, n), b_strides);
                let mut expected = vec![0.0; m * n];
                naive(a, b, MatMut::new(&mut expected, m, n), Beta::Zero);
                for (name, rung) in rungs() {
                    // C's rows are apart too.
                    let mut c = vec![SENTINEL; m * (n + 3)];
                    rung(a, b, MatMut::strided(&mut c, (m, n), n + 3), Beta::Zero);
                    for (i, row) in c.chunks(n + 3).enumerate() {
                        let what = format!("{name}: {m} x {k} x {n}, {a_strides:?} {b_strides:?}");
                        assert_eq!(row[..n], expected[i * n..][..n], "{what}");
                        assert_eq!(row[n..], [SENTINEL; 3], "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_follows_sees_each_number_once_in_its_column() {
    for (m, k, n) in [(1, 300, 700), (700, 300, 1), (5, 0, 7), (3, 2, 5), (90, 600, 1500)] {
        let (a, b, bias) = (integers(m * k, 1), integers(k * n, 2), integers(n, 3));
        let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));
        let mut expected = integers(m * n, 4);
        let mut c = expected.clone();
        naive(a, b, MatMut::new(&mut expected, m, n), Beta::One);
        for (at, x) in expected.iter_mut().enumerate() {
            *x = 2.0 * *x + bias[at % n];
        }
        let then = |j: usize, run: &mut [Real]| {
            let bias = &bias[j..];
            run.iter_mut().zip(bias).for_each(|(x, bias)| *x = 2.0 * *x + bias);
        };
        par::with_threads(3, || {
            gemm_then(a, b, MatMut::new(&mut c, m, n), Beta::One, &then);
        });
        assert!(c == expected, "{m} x {k} x {n}");
    }
}

#[test]
fn batched_products_are_single_products() {
    for (count, m, k, n) in [(0, 2, 3, 4), (7, 3, 4, 5), (40, 17, 33, 9), (3, 130, 90, 200)] {
        let (a, b) = (fractions(count * m * k, 1), fractions(k * n, 2));
        let a = |i: usize| Mat::new(&a[i * m * k..][..m * k], m, k);
        // One B for all, transposed.
        let b = |_| Mat::new(&b, n, k).transposed();
        let mut expected = vec![0.0; count * m * n];
        for (i, c) in expected.chunks_mut(m * n).enumerate() {
            gemm(a(i), b(i), MatMut::new(c, m, n), Beta::Zero);
        }
        for threads in [1, 2, 4] {
            let mut c = vec![Real::NAN; count * m * n];
            par::with_threads(threads, || gemm_batched(count, a, b, &mut c, Beta::Zero));
            assert!(c == expected, "{count} of {m} x {k} x {n}, {threads} threads");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let shapes = [
        (300, 300, 300),
        (65, 700, 333),
        (1000, 90, 70),
        (5, 900, 1500),
        (1, 900, 999),
        (999, 900, 1),
    ];
    for (m, k, n) in shapes {
        for flags in 0..4 {
            let (a, b) = (fractions(m * k, 1), fractions(k * n, 2));
            let (a, b) = (matrix(&a, m, k, flags & 1 == 1), matrix(&b, k, n, flags & 2 == 2));
            let product = |threads: usize| {
                let mut c = vec![0.0; m * n];
                let c_mat = MatMut::new(&mut c, m, n);
                let way = if m == 1 { vector::row_how } else { fastest() };
                let way = if n == 1 { vector::column_how } else { way };
                par::with_threads(threads, || {
                    in_pieces(threads, way, a, b, c_mat, How::alone(Beta::Zero, n));
                });
                c
            };
            let one = product(1);
            for threads in [2, 3, 4, 8] {
                assert!(product(threads) == one, "{threads} threads: {m} x {k} x {n} {flags}");
            }
        }
    }
}

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
#[test]
fn levels_with_fused_multiply_adds_agree_to_the_bit() {
    if !Level::available().any(|level| level == Level::Avx512) {
        return;
    }
    for (m, k, n) in [(50, 700, 77), (200, 257, 300)] {
        let (a, b) = (fractions(m * k, 1), fractions(k * n, 2));
        let (a, b) = (Mat::new(&a, m, k), Mat::new(&b, k, n));
        let product = |rung: Rung| {
            let mut c = vec![0.0; m * n];
            rung(a, b, MatMut::new(&mut c, m, n), Beta::Zero);
            c
        };
        assert!(product(avx2) == product(avx512), "{m} x {k} x {n}");
    }
}

#[test]
#[should_panic(expected = "gemm: 2 x 3 times 4 x 5 into 2 x 5")]
fn inner_sizes_must_agree() {
    let (a, b, mut c) = ([0.0; 6], [0.0; 20], [0.0; 10]);
    gemm(Mat::new(&a, 2, 3), Mat::new(&b, 4, 5), MatMut::new(&mut c, 2, 5), Beta::Zero);
}
