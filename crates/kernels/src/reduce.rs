//! How are many numbers summed, in an order that never changes?
//!
//! Rounding makes addition depend on its order, so the order is fixed by the shape alone:
//!
//! - fewer than 16 numbers are added one after the other;
//! - otherwise 16 lanes, from 64 numbers on 64, take the elements in turn and are added as a tree,
//!   (lane 0 + lane 32) and so on;
//! - a row longer than [`BLOCK`] is halved at a multiple of `BLOCK` until its pieces fit, and the
//!   halves' results are added;
//! - the rows under a column sum are added one after the other, up to [`COLUMN_BLOCK`] of them;
//!   more are halved at multiples of `COLUMN_BLOCK`;
//! - fewer than 16 long columns are summed as 16 times as many short ones first.
//!
//! The lanes are what four vectors do anyway, the halves are what several threads share, and
//! together they keep the rounding error near log n instead of n.

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::{Real, par};

/// Numbers that one pass of the lanes takes.
pub const BLOCK: usize = 4096;

/// Four of the widest vectors: an addition takes four cycles, and each starts a new one.
const LANES: usize = 64;

/// Fewer numbers than this are not worth lanes; one vector of them takes rows that are short.
const SHORT: usize = 16;

/// Rows that are added one after the other.
pub const COLUMN_BLOCK: usize = 64;

/// Fewer columns than this do not fill a vector.
pub(crate) const NARROW: usize = 16;

/// Σ_i x_i; 0 for no numbers.
#[inline]
pub fn sum(x: &[Real]) -> Real {
    fold([x], |[x]| sum_block(x.len(), x), |a, b| a + b)
}

/// Σ_i f(x_i), or Σ_i f(a_i, b_i) and so on; 0 for no numbers.
///
/// f should be short or `#[inline(always)]`: only what is inlined becomes vector instructions.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn sum_of<const N: usize>(
    x: [&[Real]; N],
    f: impl Fn([Real; N]) -> Real + Sync + Copy,
) -> Real {
    assert!(x.iter().all(|y| y.len() == x[0].len()), "sum_of: lengths differ");
    fold(x, |x| block_of(x[0].len(), x, f), |a, b| a + b)
}

/// max_i x_i; -infinity for no numbers, NaN if there is one.
#[inline]
pub fn max(x: &[Real]) -> Real {
    fold([x], |[x]| max_block(x.len(), x), larger)
}

// Sums and maxima of a block. The function and its neutral element stand in the root: handed in as
// parameters, they kept the compiler from making vectors of the lanes.
levels! {
    fn sum_block(x: &[Real]) -> Real {
        fold_block([x], |[x]| x, 0.0, |a, b| a + b)
    }
}

levels! {
    fn block_of[const N: usize](x: [&[Real]; N], f: impl Fn([Real; N]) -> Real) -> Real {
        fold_block(x, f, 0.0, |a, b| a + b)
    }
}

levels! {
    fn max_block(x: &[Real]) -> Real {
        fold_block([x], |[x]| x, Real::NEG_INFINITY, larger)
    }
}

levels! {
    fn sums_of_rows(x: &[Real], y: &mut [Real]) {
        let len = x.len() / y.len();
        for (x, y) in x.chunks_exact(len).zip(y) {
            *y = sum_row(x);
        }
    }
}

levels! {
    fn maxima_of_rows(x: &[Real], y: &mut [Real]) {
        let len = x.len() / y.len();
        for (x, y) in x.chunks_exact(len).zip(y) {
            *y = max_row(x);
        }
    }
}

/// [`sum`] for a loop over rows inside a root, which rows of one block then do not leave.
#[inline(always)]
pub(crate) fn sum_row(x: &[Real]) -> Real {
    sum_row_of([x], |[x]| x)
}

/// [`sum_of`] for a loop over rows inside a root.
#[inline(always)]
pub(crate) fn sum_row_of<const N: usize>(
    x: [&[Real]; N],
    f: impl Fn([Real; N]) -> Real + Sync + Copy,
) -> Real {
    if x[0].len() <= BLOCK { fold_block(x, f, 0.0, |a, b| a + b) } else { sum_of(x, f) }
}

/// [`max`] for a loop over rows inside a root.
#[inline(always)]
pub(crate) fn max_row(x: &[Real]) -> Real {
    if x.len() <= BLOCK { fold_block([x], |[x]| x, Real::NEG_INFINITY, larger) } else { max(x) }
}

/// [`max_row`] that may overlook a NaN: the larger of two numbers is one instruction then.
#[inline(always)]
pub(crate) fn max_number_of_row(x: &[Real]) -> Real {
    let larger = |a: Real, b: Real| if a > b { a } else { b };
    if x.len() <= BLOCK { fold_block([x], |[x]| x, Real::NEG_INFINITY, larger) } else { max(x) }
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

/// y\[o, i\] = Σ_r x\[o, r, i\], for x of shape \[outer, len, inner\]; 0 if `len` is.
///
/// # Panics
/// If the sizes contradict the slices.
pub fn sum_axis(x: &[Real], [outer, len, inner]: [usize; 3], y: &mut [Real]) {
    fold_axis(x, [outer, len, inner], y, 0.0, |a, b| a + b, |x, y| sums_of_rows(x.len(), x, y));
}

/// y\[o, i\] = max_r x\[o, r, i\], for x of shape \[outer, len, inner\]; NaN if there is one,
/// -infinity if `len` is 0.
///
/// # Panics
/// If the sizes contradict the slices.
pub fn max_axis(x: &[Real], [outer, len, inner]: [usize; 3], y: &mut [Real]) {
    fold_axis(x, [outer, len, inner], y, Real::NEG_INFINITY, larger, |x, y| {
        maxima_of_rows(x.len(), x, y);
    });
}

/// Combines all numbers, N at a time, by f: what `block` makes of the blocks, as a tree.
#[inline]
fn fold<const N: usize>(
    x: [&[Real]; N],
    block: impl Fn([&[Real]; N]) -> Real + Sync + Copy,
    f: impl Fn(Real, Real) -> Real + Sync + Copy,
) -> Real {
    let len = x[0].len();
    if len <= BLOCK {
        return block(x);
    }
    let half = len.div_ceil(2 * BLOCK) * BLOCK;
    let (left, right) = (x.map(|x| &x[..half]), x.map(|x| &x[half..]));
    let (a, b) = par::join(len / 4, || fold(left, block, f), || fold(right, block, f));
    f(a, b)
}

/// Combines `map` of all numbers of a block, N at a time, by `f`, whose neutral element is `zero`, in
/// the fixed order. For roots.
#[inline(always)]
pub(crate) fn fold_block<const N: usize>(
    x: [&[Real]; N],
    map: impl Fn([Real; N]) -> Real,
    zero: Real,
    f: impl Fn(Real, Real) -> Real,
) -> Real {
    match x[0].len() {
        len if len < SHORT => (0..len).fold(zero, |a, i| f(a, map(x.map(|x| x[i])))),
        len if len < LANES => fold_tree(fold_lanes::<N, SHORT>(x, map, zero, &f), &f),
        // Lanes that are counted through cannot stay in registers.
        len if len.is_multiple_of(LANES) => {
            fold_many(fold_whole::<N, LANES>(x, &map, zero, &f), &f)
        }
        _ => fold_many(fold_lanes::<N, LANES>(x, map, zero, &f), &f),
    }
}

/// The lanes of a block, halved until a vector is left, then [`fold_tree`].
#[inline(always)]
fn fold_many(lanes: [Real; LANES], f: &impl Fn(Real, Real) -> Real) -> Real {
    let lanes: [Real; 32] = std::array::from_fn(|i| f(lanes[i], lanes[i + 32]));
    fold_tree(std::array::from_fn(|i| f(lanes[i], lanes[i + 16])), f)
}

/// L lanes take the elements in turn.
#[inline(always)]
fn fold_lanes<const N: usize, const L: usize>(
    x: [&[Real]; N],
    map: impl Fn([Real; N]) -> Real,
    zero: Real,
    f: &impl Fn(Real, Real) -> Real,
) -> [Real; L] {
    let mut lanes = fold_whole::<N, L>(x, &map, zero, f);
    let rest = x.map(|x| x.as_chunks::<L>().1);
    for (i, lane) in lanes.iter_mut().enumerate().take(rest[0].len()) {
        *lane = f(*lane, map(rest.map(|x| x[i])));
    }
    lanes
}

/// [`fold_lanes`] without the elements behind the last one for which all lanes have had their turn.
#[inline(always)]
fn fold_whole<const N: usize, const L: usize>(
    x: [&[Real]; N],
    map: &impl Fn([Real; N]) -> Real,
    zero: Real,
    f: &impl Fn(Real, Real) -> Real,
) -> [Real; L] {
    let mut lanes = [zero; L];
    let chunks = x.map(|x| x.as_chunks::<L>().0);
    for chunk in 0..chunks[0].len() {
        let chunk = chunks.map(|chunks| &chunks[chunk]);
        lanes = std::array::from_fn(|i| f(lanes[i], map(chunk.map(|x| x[i]))));
    }
    lanes
}

/// Step by step, each of a fixed length: a loop over the lengths would keep the lanes in memory.
#[inline(always)]
pub(crate) fn fold_tree(lanes: [Real; SHORT], f: &impl Fn(Real, Real) -> Real) -> Real {
    let lanes: [Real; 8] = std::array::from_fn(|i| f(lanes[i], lanes[i + 8]));
    let lanes: [Real; 4] = std::array::from_fn(|i| f(lanes[i], lanes[i + 4]));
    f(f(lanes[0], lanes[2]), f(lanes[1], lanes[3]))
}

#[inline]
fn fold_axis(
    x: &[Real],
    [outer, len, inner]: [usize; 3],
    y: &mut [Real],
    zero: Real,
    f: impl Fn(Real, Real) -> Real + Sync + Copy,
    of_rows: impl Fn(&[Real], &mut [Real]) + Sync,
) {
    assert!(x.len() == outer * len * inner && y.len() == outer * inner, "reduce: sizes differ");
    if x.is_empty() {
        return y.fill(zero);
    }
    let together = (TASK / (len * inner)).max(1) * inner;
    par::for_each_chunk(y, together, x.len() / 4, |start, y| {
        let x = &x[start * len..][..y.len() * len];
        if inner == 1 {
            return of_rows(x, y);
        }
        for (x, y) in x.chunks_exact(len * inner).zip(y.chunks_exact_mut(inner)) {
            fold_rows(x, y, zero, f);
        }
    });
}

/// Combines the rows of x, as long as y each.
#[inline]
fn fold_rows(x: &[Real], y: &mut [Real], zero: Real, f: impl Fn(Real, Real) -> Real + Sync + Copy) {
    let columns = y.len();
    let rows = x.len() / columns;
    if rows <= COLUMN_BLOCK {
        y.fill(zero);
        return fold_one_block_of_rows(x.len(), x, y, f);
    }
    if columns < NARROW {
        let wide = NARROW * columns;
        let (whole, rest) = x.split_at(rows / NARROW * wide);
        let mut turns = [zero; NARROW * NARROW];
        fold_rows(whole, &mut turns[..wide], zero, f);
        y.fill(zero);
        fold_few_rows(&turns[..wide], y, f);
        return fold_few_rows(rest, y, f);
    }
    let half = rows.div_ceil(2 * COLUMN_BLOCK) * COLUMN_BLOCK;
    let (top, bottom) = x.split_at(half * columns);
    let mut below = vec![zero; columns];
    par::join(
        x.len() / 4,
        || fold_rows(top, y, zero, f),
        || fold_rows(bottom, &mut below, zero, f),
    );
    fold_one_block_of_rows(columns, &below, y, f);
}

levels! {
    fn fold_one_block_of_rows(x: &[Real], y: &mut [Real], f: impl Fn(Real, Real) -> Real) {
        fold_few_rows(x, y, f);
    }
}

/// y ← f(y, row), for one row of x after the other.
#[inline(always)]
fn fold_few_rows(x: &[Real], y: &mut [Real], f: impl Fn(Real, Real) -> Real) {
    let columns = y.len();
    let (fours, rest) = in_fours(x, columns);
    for [a, b, c, d] in fours {
        for ((((y, a), b), c), d) in y.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *y = f(f(f(f(*y, *a), *b), *c), *d);
        }
    }
    for row in rest.chunks_exact(columns) {
        for (y, x) in y.iter_mut().zip(row) {
            *y = f(*y, *x);
        }
    }
}

/// The rows of x, four at a time, and those that are left: what is summed for each column is loaded
/// and stored once for four additions, which do not wait for a store each.
#[inline(always)]
pub(crate) fn in_fours(
    x: &[Real],
    columns: usize,
) -> (impl Iterator<Item = [&[Real]; 4]>, &[Real]) {
    let fours = x.chunks_exact(4 * columns);
    let rest = fours.remainder();
    let rows = fours.map(move |four| {
        let (ab, cd) = four.split_at(2 * columns);
        let ((a, b), (c, d)) = (ab.split_at(columns), cd.split_at(columns));
        [a, b, c, d]
    });
    (rows, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize) -> Vec<Real> {
        (0..len).map(|i| ((i * 7919) % 1000) as Real / 8.0 - 60.0).collect()
    }

    #[test]
    fn sums_of_integers_are_exact() {
        for len in [0, 1, 2, 15, 16, 17, 63, 64, 65, 1000, 4096, 4097, 12_289, 200_000] {
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
        for sum in [sum(&x[..n]), sum_of([&x[..n]], |[x]| x), columns[0], columns[2]] {
            let error = (f64::from(sum) - exact).abs() / exact;
            assert!(error < 80.0 * f64::from(Real::EPSILON), "{error:e}");
        }
    }

    #[test]
    fn axes_equal_their_definition() {
        let shapes = [
            [1, 1, 1],
            [3, 5, 1],
            [1, 4, 5],
            [2, 130, 33],
            [4, 1, 16],
            [2, 3, 17],
            [5, 0, 2],
            [1, 1003, 3],
            [2, 1003, 1],
            [1, 5000, 40],
        ];
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
