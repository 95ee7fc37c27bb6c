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
use crate::on_level::levels;
use crate::reduce::fold_tree;
use std::array;

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
        add_rows(work, a, b, c);
    } else if a.col_stride() == 1 && b.row_stride() == 1 {
        dot_products(work, a, b, c.row_mut(0), how.beta);
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

levels! {
    /// c += x_p b_p, row after row.
    fn add_rows(a: Mat<'_>, b: Mat<'_>, c: &mut [Real]) {
        let row = |p: usize| &b.data()[p * b.row_stride()..][..b.cols()];
        let whole = b.rows() / STRIDE * STRIDE;
        for p in (0..whole).step_by(STRIDE) {
            let x: [Real; STRIDE] = array::from_fn(|q| a.at(0, p + q));
            let [b0, b1, b2, b3] = array::from_fn(|q| row(p + q));
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
}

const LANES: usize = 16;

/// Columns whose dot products go side by side: one alone would wait for its last addition.
const ABREAST: usize = 4;

levels! {
    /// c_j = x · b_j + β c_j, a few columns at a time.
    fn dot_products(a: Mat<'_>, b: Mat<'_>, c: &mut [Real], beta: Beta) {
        let x = &a.data()[..a.cols()];
        let column = |j: usize| &b.data()[j * b.col_stride()..][..x.len()];
        let put = |c: &mut Real, dot: Real| *c = if beta == Beta::One { *c + dot } else { dot };
        let whole = c.len() / ABREAST * ABREAST;
        let (abreast, alone) = c.split_at_mut(whole);
        for (i, c) in abreast.chunks_mut(ABREAST).enumerate() {
            let columns = array::from_fn(|q| column(i * ABREAST + q));
            for (c, dot) in c.iter_mut().zip(dots::<ABREAST>(x, columns)) {
                put(c, dot);
            }
        }
        for (q, c) in alone.iter_mut().enumerate() {
            let [dot] = dots(x, [column(whole + q)]);
            put(c, dot);
        }
    }
}

/// Σ_p x_p y_p for each y, in 16 lanes. A sum does not depend on how many there are.
#[inline(always)]
fn dots<const N: usize>(x: &[Real], ys: [&[Real]; N]) -> [Real; N] {
    let (x_chunks, x_rest) = x.as_chunks();
    let y_chunks = ys.map(|y| y.as_chunks());
    let mut sums = [[0.0; LANES]; N];
    for (i, x) in x_chunks.iter().enumerate() {
        sums = add_products(sums, x, y_chunks.map(|(y, _)| &y[i]));
    }
    if !x_rest.is_empty() {
        // Zeros behind the last numbers add nothing.
        let padded = |rest: &[Real]| {
            let mut lanes = [0.0; LANES];
            lanes[..rest.len()].copy_from_slice(rest);
            lanes
        };
        let y_rest = y_chunks.map(|(_, y)| padded(y));
        sums = add_products(sums, &padded(x_rest), y_rest.each_ref());
    }
    sums.map(|lanes| fold_tree(lanes, &|a, b| a + b))
}

#[inline(always)]
fn add_products<const N: usize>(
    sums: [[Real; LANES]; N],
    x: &[Real; LANES],
    ys: [&[Real; LANES]; N],
) -> [[Real; LANES]; N] {
    array::from_fn(|q| array::from_fn(|lane| sums[q][lane] + x[lane] * ys[q][lane]))
}
