//! How are two matrices multiplied?
//!
//! C = A B, that is  c_ij = Σ_p a_ip b_pj,  with A of m x k, B of k x n and C of m x n.
//!
//! The answer is a ladder. Every rung has the same signature and stays for comparison: one test
//! holds them all against [`naive`], one bench times them all.
//!
//! | rung | what it adds |
//! |---|---|
//! | [`naive`] | nothing: the definition, one dot product an element |
//! | [`rows`] | walks B along its rows, so that the inner loop is contiguous; no set-up at all |
//! | [`portable`] | packs B into panels and keeps a tile of C in registers |
//! | [`library`] | the crate `matrixmultiply`: tiles by hand for each CPU; `dgemm` in f64 |
//!
//! [`gemm`] picks a rung by size and spreads the rows of C over the threads.

mod library;
mod naive;
mod portable;
mod rows;

pub use library::library;
pub use naive::naive;
pub use portable::portable;
pub use rows::rows;

use crate::mat::{Mat, MatMut};
use crate::par;

/// What happens to the old contents of C: the factor β of C = A B + β C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beta {
    /// C = A B. The old contents are not read.
    Zero,
    /// C = A B + C.
    One,
}

/// Products with fewer multiply-adds than this take [`rows`], whose set-up costs nothing
/// (`cargo bench --bench gemm`).
const SMALL: usize = 1 << 10;

/// Rows of C that one task computes. A multiple of every tile's height.
const TASK_ROWS: usize = 48;

/// Multiply-adds that [`library`] does in about a nanosecond, the unit of `par`.
const PER_NANOSECOND: usize = 64;

/// C = A B + β C by the rung that suits the size.
///
/// - `a`: m x k, `b`: k x n, either of them transposed or not; `c`: m x n.
///
/// # Panics
/// If the sizes differ.
pub fn gemm(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    check_sizes(a, b, &c);
    let (k, n) = (a.cols(), c.cols());
    let multiply_adds = a.rows() * k * n;
    if multiply_adds < SMALL {
        return rows(a, b, c, beta);
    }
    let work = multiply_adds / PER_NANOSECOND;
    par::for_each_chunk(c.into_data(), TASK_ROWS * n, work, |start, c| {
        let (first, count) = (start / n, c.len() / n);
        library(a.row_range(first, count), b, MatMut::new(c, count, n), beta);
    });
}

fn check_sizes(a: Mat<'_>, b: Mat<'_>, c: &MatMut<'_>) {
    assert!(
        a.cols() == b.rows() && a.rows() == c.rows() && b.cols() == c.cols(),
        "gemm: {} x {} times {} x {} into {} x {}",
        a.rows(),
        a.cols(),
        b.rows(),
        b.cols(),
        c.rows(),
        c.cols()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Real;

    type Rung = fn(Mat<'_>, Mat<'_>, MatMut<'_>, Beta);
    const RUNGS: [(&str, Rung); 4] =
        [("rows", rows), ("portable", portable), ("library", library), ("gemm", gemm)];

    /// Small integers: every partial sum is exact, so every rung must agree to the last bit.
    fn integers(len: usize, seed: usize) -> Vec<Real> {
        let mut state = seed as u64 * 2 + 1;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 60) as i64 - 8) as Real
        };
        (0..len).map(|_| next()).collect()
    }

    fn check(m: usize, k: usize, n: usize, transpose_a: bool, transpose_b: bool, beta: Beta) {
        let (a, b) = (integers(m * k, m + 7 * k), integers(k * n, n + 13 * k));
        let old = integers(m * n, 3);
        let a = if transpose_a { Mat::new(&a, k, m).transposed() } else { Mat::new(&a, m, k) };
        let b = if transpose_b { Mat::new(&b, n, k).transposed() } else { Mat::new(&b, k, n) };
        let mut expected = old.clone();
        naive(a, b, MatMut::new(&mut expected, m, n), beta);
        if k > 8 && m * n > 8 {
            let nonzero = expected.iter().filter(|x| **x != 0.0).count();
            assert!(2 * nonzero > m * n, "a product of zeros tests nothing");
        }
        for (name, rung) in RUNGS {
            let mut c = old.clone();
            rung(a, b, MatMut::new(&mut c, m, n), beta);
            assert_eq!(
                c, expected,
                "{name}: {m} x {k} x {n}, {transpose_a} {transpose_b} {beta:?}"
            );
        }
    }

    #[test]
    fn every_rung_equals_naive_on_integers() {
        let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 50];
        for m in sizes {
            for k in sizes {
                for n in sizes {
                    let flags = (m + k + n) % 4;
                    for beta in [Beta::Zero, Beta::One] {
                        check(m, k, n, flags & 1 == 1, flags & 2 == 2, beta);
                    }
                }
            }
        }
    }

    #[test]
    fn products_that_use_threads_equal_naive() {
        for (m, k, n) in [(128, 96, 512), (1, 3000, 3000), (300, 300, 1), (97, 301, 203)] {
            for flags in 0..4 {
                check(m, k, n, flags & 1 == 1, flags & 2 == 2, Beta::Zero);
            }
        }
    }

    #[test]
    #[should_panic(expected = "gemm: 2 x 3 times 4 x 5 into 2 x 5")]
    fn inner_sizes_must_agree() {
        let (a, b, mut c) = ([0.0; 6], [0.0; 20], [0.0; 10]);
        gemm(Mat::new(&a, 2, 3), Mat::new(&b, 4, 5), MatMut::new(&mut c, 2, 5), Beta::Zero);
    }
}
