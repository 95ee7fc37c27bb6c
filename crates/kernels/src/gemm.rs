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
//! | [`library`] | the crate `matrixmultiply`: blocks for the caches; `dgemm` in f64 |
//! | `avx2` | our own blocks, and tiles of 6 x 16 by fused multiply-adds |
//! | `avx512` | twice the registers, each twice as wide: tiles of 12 x 32; masks at the edges |
//!
//! The last two share `panels` (the order of the blocks), `pack` (their layout) and `tile` (the
//! inner loop), and exist on x86-64 for f32. [`gemm`] picks a rung by size and CPU, and gives each
//! thread a piece of C.

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx512;
mod library;
mod naive;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod pack;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod panels;
mod portable;
mod rows;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod tile;

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub use avx2::avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub use avx512::avx512;
pub use library::library;
pub use naive::naive;
pub use portable::portable;
pub use rows::rows;

use crate::mat::{Mat, MatMut};
use crate::par;

/// C = A B + β C, one way to compute it.
pub type Rung = fn(Mat<'_>, Mat<'_>, MatMut<'_>, Beta);

/// What happens to the old contents of C: the factor β of C = A B + β C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beta {
    /// C = A B. The old contents are not read.
    Zero,
    /// C = A B + C.
    One,
}

/// Where there is no tile by hand, products with fewer multiply-adds than this take [`rows`], whose
/// set-up costs nothing (`cargo bench -p adversaria-kernels --bench gemm`, "tiny").
const SMALL: usize = 1 << 10;

/// Multiply-adds that one thread does in about a nanosecond, the unit of `par`.
const PER_NANOSECOND: usize = 64;

/// Columns are cut at multiples of this, the widest panel.
const PANEL: usize = 32;

/// C = A B + β C by the rung that suits the size and the CPU, on as many threads as pay.
///
/// - `a`: m x k, `b`: k x n, either of them transposed or not; `c`: m x n.
///
/// # Panics
/// If the sizes differ.
pub fn gemm(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    check_sizes(a, b, &c);
    let multiply_adds = a.rows() * a.cols() * b.cols();
    if multiply_adds < TINY {
        return rows(a, b, c, beta);
    }
    let pieces = par::pieces(multiply_adds / PER_NANOSECOND);
    in_pieces(pieces, fastest(multiply_adds), a, b, c, beta);
}

/// Products with fewer multiply-adds than this are over before a tile is set up.
const TINY: usize = 128;

/// The best rung of this CPU, or of the level that `ADVERSARIA_ISA` pins, for a product of so many
/// multiply-adds.
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
fn fastest(multiply_adds: usize) -> Rung {
    use crate::simd::{Level, level};
    match level() {
        Level::Avx512 => avx512,
        Level::Avx2 => avx2,
        Level::Portable => without_tiles(multiply_adds),
    }
}

#[cfg(not(all(target_arch = "x86_64", not(feature = "f64"))))]
fn fastest(multiply_adds: usize) -> Rung {
    without_tiles(multiply_adds)
}

fn without_tiles(multiply_adds: usize) -> Rung {
    if multiply_adds < SMALL { rows } else { library }
}

/// Cuts C's longer side until there are so many pieces, and computes them side by side.
///
/// Where C is cut cannot be seen in it: an element is the same chain of multiply-adds in every
/// piece. The sum over k is never cut here.
fn in_pieces(pieces: usize, rung: Rung, a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    let (m, k, n) = (a.rows(), a.cols(), c.cols());
    let (some, others) = (pieces / 2, pieces - pieces / 2);
    let by_columns = n > m && n > PANEL;
    if pieces < 2 || !by_columns && m < 2 {
        return rung(a, b, c, beta);
    }
    if by_columns {
        let j = (n * some / pieces).next_multiple_of(PANEL);
        let (c_left, c_right) = c.split_cols(j);
        let (left, right) = (b.block(0, 0, k, j), b.block(0, j, k, n - j));
        par::fork(
            || in_pieces(some, rung, a, left, c_left, beta),
            || in_pieces(others, rung, a, right, c_right, beta),
        );
    } else {
        let i = m * some / pieces;
        let (c_upper, c_lower) = c.split_rows(i);
        let (upper, lower) = (a.block(0, 0, i, k), a.block(i, 0, m - i, k));
        par::fork(
            || in_pieces(some, rung, upper, b, c_upper, beta),
            || in_pieces(others, rung, lower, b, c_lower, beta),
        );
    }
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
mod tests;
