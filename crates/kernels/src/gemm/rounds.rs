//! What if the sum goes over several stretches of A?
//!
//! Where a window slides over an image, A's rows are windows: each is a few runs of numbers, one
//! for each line that the window sees. The runs of neighbouring windows overlap, so A is never there
//! as a matrix, but it can be read in place, round by round:
//!
//! ```text
//!             round 0      round 1
//!   image   . a b c d .    . h i j k .
//!   row 0     a b c          h i j            5 rows, steps 0 .. 3 of two rounds
//!   row 1       b c d          i j k
//! ```
//!
//! Nothing is packed: A is a few lines, which stay in L1, and B is small or read once.

use super::Beta;
use super::panels::{Tiles, even_cuts};
use super::tile::{Job, Strip};
use crate::Real;
use crate::mat::{Mat, MatMut};
use crate::simd::Portable;
#[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
use crate::simd::{Avx2, Avx512, Level, level};

/// An A of so many rows. In round r its number in row i at step p is
/// `data[r * round + i * row_stride + p * step_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Rounds<'a> {
    pub(crate) data: &'a [Real],
    pub(crate) rows: usize,
    pub(crate) row_stride: usize,
    /// Steps in a round.
    pub(crate) steps: usize,
    pub(crate) step_stride: usize,
    pub(crate) rounds: usize,
    pub(crate) round: usize,
}

/// C = A B + β C, on this thread. B's columns are neighbours; its rows are the steps of all rounds.
///
/// # Panics
/// If the sizes differ, if there are no steps, or if A leaves its data.
pub(crate) fn multiply_rounds(a: Rounds<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    #[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
    match level() {
        Level::Avx512 => {
            return tiles(Avx512::detect().expect("the level is the CPU's"), a, b, c, beta);
        }
        Level::Avx2 => {
            return tiles(Avx2::detect().expect("the level is the CPU's"), a, b, c, beta);
        }
        Level::Portable => {}
    }
    tiles(Portable, a, b, c, beta);
}

fn tiles<S: Tiles>(simd: S, a: Rounds<'_>, b: Mat<'_>, mut c: MatMut<'_>, beta: Beta) {
    let (m, n) = (c.rows(), c.cols());
    assert!(
        a.rows == m && a.steps * a.rounds == b.rows() && b.cols() == n && b.col_stride() == 1,
        "rounds: {m} rows, {} times {} steps and {} x {n} numbers",
        a.rounds,
        a.steps,
        b.rows()
    );
    let panel = 2 * S::LANES;
    for j in (0..n).step_by(panel) {
        let width = panel.min(n - j);
        let strip = Strip { data: &b.data()[j..], lane_stride: 1, step: b.row_stride() };
        for (i, rows) in even_cuts(m, S::ROWS) {
            let data = &a.data[i * a.row_stride..];
            let lanes = Strip { data, lane_stride: a.row_stride, step: a.step_stride };
            let job = Job::of(a.steps, lanes, strip, c.block(i, j, rows, width), beta);
            let b_is_whole = width.is_multiple_of(S::LANES);
            simd.tile(Job { rounds: (a.rounds, a.round), b_is_whole, ..job });
        }
    }
}
