//! How is a row multiplied by a matrix?
//!
//! c_j = Σ_p x_p b_pj. Every number of B is used once, so there is nothing to keep in registers and
//! nothing to pack: the question is how to read B in the order in which it lies.
//!
//! - B's rows are contiguous: C is a sum of rows, four of them in one pass.
//! - B's columns are contiguous, as in B = Wᵀ: each element of C is a dot product in 16 lanes, added
//!   as a tree, (lane 0 + lane 8) and so on.
//!
//! A matrix times a column is the same with everything transposed: Cᵀ = Bᵀ Aᵀ.

use super::{Beta, How, check_sizes, rows};
use crate::Real;
use crate::mat::{Mat, MatMut};
use crate::on_level::on_level;

/// C = A B + β C, and what follows, for an A of one row, on this thread.
pub(super) fn row_how(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, how: How<'_>) {
    check_sizes(a, b, &c);
    assert!(a.rows() == 1, "one row");
    let work = b.rows() * b.cols();
    if b.col_stride() == 1 {
        let c = c.row_mut(0);
        if how.beta == Beta::Zero {
            c.fill(0.0);
        }
        on_level(work, (a, b, c), add_rows);
    } else if a.col_stride() == 1 && b.row_stride() == 1 {
        on_level(work, (a, b, c.row_mut(0), how.beta), dot_products);
    } else {
        rows(a, b, c.block(0, 0, 1, b.cols()), how.beta);
    }
    how.finish(0, c);
}

/// C = A B + β C, and what follows, for a B of one column and a C whose rows are neighbours, on
/// this thread.
pub(super) fn column_how(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, how: How<'_>) {
    let (rows, alone) = (c.rows(), How { then: None, ..how });
    row_how(b.transposed(), a.transposed(), c.block(0, 0, rows, 1).transposed_column(), alone);
    how.finish(0, c);
}

/// Rows of B that one pass adds.
const STRIDE: usize = 4;

/// c += x_p b_p, row after row.
#[inline(always)]
fn add_rows((a, b, c): (Mat<'_>, Mat<'_>, &mut [Real])) {
    let row = |p: usize| &b.data()[p * b.row_stride()..][..b.cols()];
    let whole = b.rows() / STRIDE * STRIDE;
    for p in (0..whole).step_by(STRIDE) {
        let x: [Real; STRIDE] = std::array::from_fn(|q| a.at(0, p + q));
        let [b0, b1, b2, b3] = std::array::from_fn(|q| row(p + q));
        for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
            // One after the other, as if in four passes.
            *c = (((*c + x[0] * b0) + x[1] * b1) + x[2] * b2) + x[3] * b3;
        }
    }
    for p in whole..b.rows() {
        let x = a.at(0, p);
        for (c, b) in c.iter_mut().zip(row(p)) {
            *c += x * b;
        }
    }
}

const LANES: usize = 16;

/// c_j = x · b_j + β c_j, column after column.
#[inline(always)]
fn dot_products((a, b, c, beta): (Mat<'_>, Mat<'_>, &mut [Real], Beta)) {
    let x = &a.data()[..a.cols()];
    for (j, c) in c.iter_mut().enumerate() {
        let dot = dot(x, &b.data()[j * b.col_stride()..][..x.len()]);
        *c = if beta == Beta::One { *c + dot } else { dot };
    }
}

/// Σ_p x_p y_p in four rows of lanes: an addition takes four cycles.
#[inline(always)]
fn dot(x: &[Real], y: &[Real]) -> Real {
    let mut sums = [[0.0; LANES]; 4];
    let (x_chunks, x_rest) = x.as_chunks::<{ 4 * LANES }>();
    let (y_chunks, y_rest) = y.as_chunks::<{ 4 * LANES }>();
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for (s, sums) in sums.iter_mut().enumerate() {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += x[s * LANES + lane] * y[s * LANES + lane];
            }
        }
    }
    let [mut lanes, s1, s2, s3] = sums;
    for lane in 0..LANES {
        lanes[lane] = (lanes[lane] + s1[lane]) + (s2[lane] + s3[lane]);
    }
    for (x, y) in x_rest.chunks(LANES).zip(y_rest.chunks(LANES)) {
        for (sum, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}
