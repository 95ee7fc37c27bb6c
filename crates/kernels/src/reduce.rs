//! How are many numbers summed, in an order that never changes?
//!
//! Rounding makes addition depend on its order, so the order is fixed by the length alone:
//!
//! - fewer than 16 numbers are added one after the other;
//! - otherwise 16 lanes take the elements in turn and are added as a tree, (lane 0 + lane 8) and
//!   so on;
//! - a row longer than [`BLOCK`] is halved at a multiple of `BLOCK` until its pieces fit, and the
//!   halves' results are added;
//! - the rows under a column sum are halved in the same way, at multiples of [`COLUMN_BLOCK`].
//!
//! The lanes are what a vector unit does anyway, the halves are what several threads share, and
//! together they keep the rounding error near log n instead of n.

use crate::{Real, par};

/// Numbers that one pass of the lanes takes.
pub const BLOCK: usize = 4096;

const LANES: usize = 16;

/// Rows that are added one after the other.
pub const COLUMN_BLOCK: usize = 64;

/// Σ_i x_i; 0 for no numbers.
pub fn sum(x: &[Real]) -> Real {
    fold(x, |x| x, 0.0, |a, b| a + b)
}

/// Σ_i f(x_i); 0 for no numbers.
#[inline]
pub fn sum_of(x: &[Real], f: impl Fn(Real) -> Real + Sync + Copy) -> Real {
    fold(x, f, 0.0, |a, b| a + b)
}

/// max_i x_i; -infinity for no numbers, NaN if there is one.
pub fn max(x: &[Real]) -> Real {
    fold(x, |x| x, Real::NEG_INFINITY, larger)
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub fn larger(a: Real, b: Real) -> Real {
    // `Real::max` would drop a NaN.
    if a > b || a.is_nan() { a } else { b }
}

/// The smaller of two numbers; NaN if either is.
#[inline(always)]
pub fn smaller(a: Real, b: Real) -> Real {
    if a < b || a.is_nan() { a } else { b }
}

/// y\[o, i\] = Σ_r x\[o, r, i\], for x of shape \[outer, len, inner\].
///
/// # Panics
/// If the sizes contradict the slices.
pub fn sum_axis(x: &[Real], [outer, len, inner]: [usize; 3], y: &mut [Real]) {
    fold_axis(x, [outer, len, inner], y, 0.0, |a, b| a + b);
}

/// y\[o, i\] = max_r x\[o, r, i\], for x of shape \[outer, len, inner\]; NaN if there is one.
///
/// # Panics
/// If the sizes contradict the slices.
pub fn max_axis(x: &[Real], [outer, len, inner]: [usize; 3], y: &mut [Real]) {
    fold_axis(x, [outer, len, inner], y, Real::NEG_INFINITY, larger);
}

/// Combines `map` of all numbers by `f`, whose neutral element is `zero`, in the fixed order.
#[inline]
fn fold(
    x: &[Real],
    map: impl Fn(Real) -> Real + Sync + Copy,
    zero: Real,
    f: impl Fn(Real, Real) -> Real + Sync + Copy,
) -> Real {
    if x.len() <= BLOCK {
        return fold_block(x, map, zero, f);
    }
    let half = x.len().div_ceil(2 * BLOCK) * BLOCK;
    let (left, right) = x.split_at(half);
    let (a, b) = par::join(x.len() / 4, || fold(left, map, zero, f), || fold(right, map, zero, f));
    f(a, b)
}

#[inline]
fn fold_block(
    x: &[Real],
    map: impl Fn(Real) -> Real,
    zero: Real,
    f: impl Fn(Real, Real) -> Real,
) -> Real {
    if x.len() < LANES {
        return x.iter().fold(zero, |a, b| f(a, map(*b)));
    }
    let mut lanes = [zero; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, map(*x));
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = f(*lane, map(*x));
    }
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
    }
    lanes[0]
}

#[inline]
fn fold_axis(
    x: &[Real],
    [outer, len, inner]: [usize; 3],
    y: &mut [Real],
    zero: Real,
    f: impl Fn(Real, Real) -> Real + Sync + Copy,
) {
    assert!(x.len() == outer * len * inner && y.len() == outer * inner, "reduce: sizes differ");
    if x.is_empty() {
        return y.fill(zero);
    }
    par::for_each_chunk(y, inner, x.len() / 4, |start, y| {
        let x = &x[start * len..][..len * inner];
        if inner == 1 {
            y[0] = fold(x, |x| x, zero, f);
        } else {
            fold_columns(x, inner, y, zero, f);
        }
    });
}

/// Combines the rows of x, `LANES` columns at a time so that the sums stay in registers.
#[inline]
fn fold_columns(
    x: &[Real],
    columns: usize,
    y: &mut [Real],
    zero: Real,
    f: impl Fn(Real, Real) -> Real + Copy,
) {
    for (strip, y) in y.chunks_mut(LANES).enumerate() {
        let lanes = fold_strip(x, columns, strip * LANES, zero, f);
        y.copy_from_slice(&lanes[..y.len()]);
    }
}

/// Combines the rows of x in the columns from `first` on.
#[inline]
fn fold_strip(
    x: &[Real],
    columns: usize,
    first: usize,
    zero: Real,
    f: impl Fn(Real, Real) -> Real + Copy,
) -> [Real; LANES] {
    let rows = x.len() / columns;
    let mut lanes = [zero; LANES];
    if rows > COLUMN_BLOCK {
        let half = rows.div_ceil(2 * COLUMN_BLOCK) * COLUMN_BLOCK;
        let (top, bottom) = x.split_at(half * columns);
        lanes = fold_strip(top, columns, first, zero, f);
        let below = fold_strip(bottom, columns, first, zero, f);
        for (lane, below) in lanes.iter_mut().zip(below) {
            *lane = f(*lane, below);
        }
        return lanes;
    }
    for row in x.chunks_exact(columns) {
        let row = &row[first..];
        // The same loop twice: with a fixed length it becomes vector instructions.
        if let Some(row) = row.first_chunk::<LANES>() {
            for (lane, x) in lanes.iter_mut().zip(row) {
                *lane = f(*lane, *x);
            }
        } else {
            for (lane, x) in lanes.iter_mut().zip(row) {
                *lane = f(*lane, *x);
            }
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize) -> Vec<Real> {
        (0..len).map(|i| ((i * 7919) % 1000) as Real / 8.0 - 60.0).collect()
    }

    #[test]
    fn sums_of_integers_are_exact() {
        for len in [0, 1, 2, 15, 16, 17, 1000, 4096, 4097, 12_289, 200_000] {
            let x: Vec<Real> = (0..len).map(|i| (i % 11) as Real - 5.0).collect();
            let expected: i64 = (0..len as i64).map(|i| i % 11 - 5).sum();
            assert_eq!(sum(&x), expected as Real, "{len}");
        }
    }

    #[test]
    fn rounding_grows_with_the_depth_of_the_tree_only() {
        let n = 1 << 20;
        let x = vec![0.1 as Real; 3 * n];
        let exact = n as f64 * f64::from(0.1 as Real);
        let mut columns = [0.0; 3];
        sum_axis(&x, [1, n, 3], &mut columns);
        for sum in [sum(&x[..n]), sum_of(&x[..n], |x| x), columns[0], columns[2]] {
            let error = (f64::from(sum) - exact).abs() / exact;
            assert!(error < 80.0 * f64::from(Real::EPSILON), "{error:e}");
        }
    }

    #[test]
    fn axes_equal_their_definition() {
        let shapes =
            [[1, 1, 1], [3, 5, 1], [1, 4, 5], [2, 130, 33], [4, 1, 16], [2, 3, 17], [5, 0, 2]];
        for [outer, len, inner] in shapes {
            let x = numbers(outer * len * inner);
            let (mut sums, mut maxima) = (vec![0.0; outer * inner], vec![0.0; outer * inner]);
            sum_axis(&x, [outer, len, inner], &mut sums);
            max_axis(&x, [outer, len, inner], &mut maxima);
            for o in 0..outer {
                for i in 0..inner {
                    let column = (0..len).map(|r| x[(o * len + r) * inner + i]);
                    // Eighths of small integers: every partial sum is exact.
                    assert_eq!(sums[o * inner + i], column.clone().sum::<Real>());
                    let largest = column.fold(Real::NEG_INFINITY, Real::max);
                    assert_eq!(maxima[o * inner + i], largest);
                }
            }
        }
    }

    #[test]
    fn a_nan_is_never_lost() {
        for position in [0, 7, 20, 5000] {
            let mut x = numbers(6000);
            x[position] = Real::NAN;
            assert!(max(&x).is_nan() && sum(&x).is_nan());
        }
        assert!(smaller(Real::NAN, 1.0).is_nan() && smaller(1.0, Real::NAN).is_nan());
        assert!(larger(Real::NAN, 1.0).is_nan() && larger(1.0, Real::NAN).is_nan());
    }
}
