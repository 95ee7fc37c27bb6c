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
//! | [`blocked`] | cuts B into blocks that stay in the cache while all rows of A go past |
//! | [`portable`] | packs B into panels and keeps a tile of C in registers |
//! | [`library`] | the crate `matrixmultiply`, to compare with; `dgemm` in f64 |
//! | `avx2` | fused multiply-adds by hand, tiles of 6 x 16 |
//! | `avx512` | twice the registers, each twice as wide: tiles of 12 x 32; masks at the edges |
//!
//! `portable`, `avx2` and `avx512` share `panels` (the order of the blocks), `pack` (their layout)
//! and `tile` (the inner loop). Beside the ladder, `vector` multiplies a single row or column, and
//! `rounds` an A that lies in pieces.
//!
//! [`gemm`] picks by size and CPU, and gives each thread a piece of C. [`gemm_then`] does something
//! more with C while it is in the cache, [`gemm_epilogue`] adds a bias and rectifies, [`gemm_batched`]
//! multiplies many matrices.

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
mod avx512;
mod blocked;
mod library;
mod naive;
mod pack;
mod panels;
mod portable;
pub(crate) mod rounds;
mod rows;
mod tile;
mod vector;

#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub use avx2::avx2;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub use avx512::avx512;
pub use blocked::blocked;
pub use library::library;
pub use naive::naive;
pub use portable::portable;
pub use rows::rows;

use crate::mat::{Mat, MatMut};
use crate::{Epilogue, Real, par};

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

/// What follows a product: called once with each finished run of numbers of a row of C, and the
/// column of its first. A bias, an activation.
///
/// Where C is cut into runs, and which thread calls, must not be seen in what it does.
pub type Then<'a> = dyn Fn(usize, &mut [Real]) + Sync + 'a;

/// How a product is computed, beside its operands.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) beta: Beta,
    /// Steps of the sum that are added before C is touched: see `panels`.
    pub(crate) slab: usize,
    pub(crate) then: Option<&'a Then<'a>>,
}

impl How<'_> {
    /// Nothing follows; B has n columns.
    pub(crate) fn alone(beta: Beta, n: usize) -> How<'static> {
        How { beta, slab: panels::slab(n), then: None }
    }

    /// What follows, for a finished C whose first column is column j of the whole.
    #[inline]
    fn finish(self, j: usize, mut c: MatMut<'_>) {
        if let Some(then) = self.then {
            for i in 0..c.rows() {
                then(j, c.row_mut(i));
            }
        }
    }

    /// C = β C, and what follows: a sum over no steps.
    fn without_product(self, mut c: MatMut<'_>) {
        if self.beta == Beta::Zero {
            (0..c.rows()).for_each(|i| c.row_mut(i).fill(0.0));
        }
        self.finish(0, c);
    }
}

/// A rung, or what else computes a product, on this thread.
pub(crate) type Way = fn(Mat<'_>, Mat<'_>, MatMut<'_>, How<'_>);

/// A product with fewer multiply-adds than this is next to nothing, and goes `way_of_tiny`.
const TINY: usize = 128;

/// Multiply-adds that one thread does in about a nanosecond, the unit of `par`.
pub(crate) const PER_NANOSECOND: usize = 64;

/// The same of a single row's product, which is bound by memory.
const PER_NANOSECOND_OF_A_ROW: usize = 4;

/// Columns are cut at multiples of this, the widest panel.
const PANEL: usize = 32;

/// C with fewer rows is not cut between them as long as it has more columns.
const FEW_ROWS: usize = 64;

/// C = A B + β C in the way that suits the size and the CPU, on as many threads as pay.
///
/// - `a`: m x k, `b`: k x n, with any strides; `c`: m x n.
///
/// # Panics
/// If the sizes differ.
#[inline]
pub fn gemm(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    compute(a, b, c, How::alone(beta, b.cols()));
}

/// C = A B + β C, then `then(j, run)` for each run of numbers of a row of C from column j on, while
/// it is in the cache.
///
/// # Panics
/// If the sizes differ.
#[inline]
pub fn gemm_then(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta, then: &Then<'_>) {
    compute(a, b, c, How { then: Some(then), ..How::alone(beta, b.cols()) });
}

/// C is Z = A B + 1 bᵀ where that is positive, else slope · Z: the epilogue's bias b, of n numbers, is
/// added to each row.
///
/// # Panics
/// If the sizes differ.
#[inline]
pub fn gemm_epilogue(a: Mat<'_>, b: Mat<'_>, epilogue: Epilogue<'_>, c: MatMut<'_>) {
    epilogue.check("gemm", b.cols());
    gemm_then(a, b, c, Beta::Zero, &|j, run| epilogue.finish(j, run));
}

/// C_i = A_i B_i + β C_i for i < `count`: the products of as many pairs of matrices as `c` has
/// parts of m x n numbers.
///
/// Many small products are shared out among threads whole, large ones in pieces.
///
/// # Panics
/// If the sizes differ, or `c` cannot be divided into `count` parts.
pub fn gemm_batched<'a>(
    count: usize,
    a: impl Fn(usize) -> Mat<'a> + Sync,
    b: impl Fn(usize) -> Mat<'a> + Sync,
    c: &mut [Real],
    beta: Beta,
) {
    if count == 0 {
        assert!(c.is_empty(), "gemm: no products in {} numbers", c.len());
        return;
    }
    let (m, k, n) = (a(0).rows(), a(0).cols(), b(0).cols());
    let size = m * n;
    assert!(c.len() == count * size, "gemm: {count} products of {m} x {n} in {} numbers", c.len());
    if size == 0 {
        return;
    }
    let one = |i: usize, c: &mut [Real]| gemm(a(i), b(i), MatMut::new(c, m, n), beta);
    if par::pieces(m * k * n / PER_NANOSECOND) > 1 {
        c.chunks_mut(size).enumerate().for_each(|(i, c)| one(i, c));
    } else {
        let work = count * m * k * n / PER_NANOSECOND;
        par::for_each_chunk(c, size, work, |start, c| one(start / size, c));
    }
}

#[inline]
fn compute(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: How<'_>) {
    check_sizes(a, b, &c);
    let multiply_adds = a.rows() * a.cols() * b.cols();
    if multiply_adds < TINY {
        return way_of_tiny(b)(a, b, c, how);
    }
    let (way, speed): (Way, usize) = if c.rows() == 1 {
        (vector::row_how, PER_NANOSECOND_OF_A_ROW)
    } else if c.cols() == 1 && c.row_stride() == 1 {
        (vector::column_how, PER_NANOSECOND_OF_A_ROW)
    } else {
        (fastest(), PER_NANOSECOND)
    };
    in_pieces(par::pieces(multiply_adds / speed), way, a, b, c, how);
}

/// The best way for next to nothing: tiles, most often a single one, if B is as they want it. For a
/// product of 4 x 2 x 5 that takes a third to half of the time of `rows`.
fn way_of_tiny(b: Mat<'_>) -> Way {
    if b.col_stride() == 1 && has_tiles() { fastest() } else { rows_how }
}

/// Whether `fastest` is a rung with tiles by hand.
fn has_tiles() -> bool {
    cfg!(not(feature = "f64")) && crate::simd::level() != crate::simd::Level::Portable
}

/// The best way of this CPU, or of the level that `ADVERSARIA_ISA` pins.
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
pub(crate) fn fastest() -> Way {
    use crate::simd::{Level, level};
    match level() {
        Level::Avx512 => avx512::avx512_how,
        Level::Avx2 => avx2::avx2_how,
        Level::Portable => portable::portable_how,
    }
}

/// A library's tiles for the platforms and the type that have none of ours by hand.
#[cfg(not(all(target_arch = "x86_64", not(feature = "f64"))))]
pub(crate) fn fastest() -> Way {
    library_how
}

#[cfg(not(all(target_arch = "x86_64", not(feature = "f64"))))]
fn library_how(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, how: How<'_>) {
    let (m, n) = (c.rows(), c.cols());
    library(a, b, c.block(0, 0, m, n), how.beta);
    how.finish(0, c);
}

fn rows_how(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, how: How<'_>) {
    let (m, n) = (c.rows(), c.cols());
    rows(a, b, c.block(0, 0, m, n), how.beta);
    how.finish(0, c);
}

/// Cuts C until there are so many pieces, and computes them side by side.
///
/// A cut between rows lets both sides pack B, which costs less the more rows they have. One between
/// columns lets both write to each row of C, and what a core fetches ahead in its half of a row it
/// takes from the core that writes the next: that costs less the longer the sums are. So a wide C is
/// cut between columns, unless the sums are much shorter than it is high.
///
/// Where C is cut cannot be seen in it: an element is the same chain of multiply-adds in every
/// piece. The sum over k is never cut here.
fn in_pieces(pieces: usize, way: Way, a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: How<'_>) {
    let (m, k, n) = (a.rows(), a.cols(), c.cols());
    let (some, others) = (pieces / 2, pieces - pieces / 2);
    let by_columns = n > m.max(PANEL) && (m < FEW_ROWS || 4 * k >= 3 * m);
    if pieces < 2 || !by_columns && m < 2 {
        return way(a, b, c, how);
    }
    if by_columns {
        let j = (n * some / pieces).next_multiple_of(PANEL);
        let (c_left, c_right) = c.split_cols(j);
        let (left, right) = (b.block(0, 0, k, j), b.block(0, j, k, n - j));
        let shifted = |at: usize, c: &mut [Real]| {
            how.then.expect("there is something to shift")(j + at, c);
        };
        let how_right = How { then: how.then.is_some().then_some(&shifted as &Then<'_>), ..how };
        par::fork(
            || in_pieces(some, way, a, left, c_left, how),
            || in_pieces(others, way, a, right, c_right, how_right),
        );
    } else {
        let i = m * some / pieces;
        let (c_upper, c_lower) = c.split_rows(i);
        let (upper, lower) = (a.block(0, 0, i, k), a.block(i, 0, m - i, k));
        par::fork(
            || in_pieces(some, way, upper, b, c_upper, how),
            || in_pieces(others, way, lower, b, c_lower, how),
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
