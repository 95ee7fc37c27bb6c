//! How are mean and variance found in one pass over the memory?
//!
//! A block that fits into the cache is read twice: once for its mean, once for the squares around
//! it. Blocks a and b of n_a and n_b numbers are then merged, with δ = mean_b - mean_a and
//! n = n_a + n_b:
//!
//! ```text
//! mean = mean_a + δ n_b / n
//! M    = M_a + M_b + δ² n_a n_b / n,      M = Σ (x - mean)²
//! ```
//!
//! The textbook's E(x²) - E(x)² reads once too, but subtracts two numbers that agree in most of
//! their digits: with mean 10,000 and deviation 1 it has none left in `f32`. For the same reason
//! all of this is done with the differences from the first number, which is added at the end: a
//! mean of 10,000 is rounded to 0.001, and δ is a difference of two of them.
//!
//! Source: Chan, Golub, LeVeque 1983, "Algorithms for Computing the Sample Variance: Analysis and
//! Recommendations", eq. 1.5. The order of the merges is that of the sums in
//! [`reduce`](crate::reduce).

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::reduce::{BLOCK, COLUMN_BLOCK, NARROW, fold_block, in_fours};
use crate::{Real, par};

/// Over the middle axis of x, of shape \[outer, len, inner\]:
///
/// mean\[o, i\] = (1/len) Σ_r x\[o, r, i\]
///
/// variance\[o, i\] = (1/len) Σ_r (x\[o, r, i\] - mean\[o, i\])²
///
/// \[1, rows, columns\] has those of each column, as batch normalisation needs them; \[rows,
/// columns, 1\] those of each row, as layer normalisation does. NaN if `len` is 0.
///
/// # Panics
/// If the sizes contradict the slices.
pub fn moments_axis(
    x: &[Real],
    [outer, len, inner]: [usize; 3],
    mean: &mut [Real],
    variance: &mut [Real],
) {
    let fit = [mean.len(), variance.len()] == [outer * inner; 2];
    assert!(x.len() == outer * len * inner && fit, "moments: sizes differ");
    if x.is_empty() {
        mean.fill(Real::NAN);
        return variance.fill(Real::NAN);
    }
    of_each(x, [len, inner], mean, variance);
}

/// [`moments_axis`] with `outer` = `mean.len() / inner` halved until a task is left.
fn of_each(x: &[Real], [len, inner]: [usize; 2], mean: &mut [Real], variance: &mut [Real]) {
    let outer = mean.len() / inner;
    if outer > 1 && x.len() > TASK {
        let half = outer / 2 * inner;
        let (x, x_right) = x.split_at(half * len);
        let (mean, mean_right) = mean.split_at_mut(half);
        let (variance, variance_right) = variance.split_at_mut(half);
        par::join(
            x.len() / 2,
            || of_each(x, [len, inner], mean, variance),
            || of_each(x_right, [len, inner], mean_right, variance_right),
        );
        return;
    }
    if inner == 1 && len <= BLOCK {
        return of_short_rows(x.len(), x, mean, variance);
    }
    let outputs = mean.chunks_exact_mut(inner).zip(variance.chunks_exact_mut(inner));
    for (x, (mean, variance)) in x.chunks_exact(len * inner).zip(outputs) {
        if inner == 1 {
            (mean[0], variance[0]) = of_row(x, x[0]);
        } else {
            of_columns(x, &x[..inner], mean, variance);
        }
        for ((mean, m), first) in mean.iter_mut().zip(variance).zip(x) {
            *mean += first;
            *m /= len as Real;
        }
    }
}

/// Mean and M of all x_i - first.
fn of_row(x: &[Real], first: Real) -> (Real, Real) {
    if x.len() <= BLOCK {
        return of_block(x.len(), x, first);
    }
    let half = x.len().div_ceil(2 * BLOCK) * BLOCK;
    let (left, right) = x.split_at(half);
    let (a, b) = par::join(x.len() / 2, || of_row(left, first), || of_row(right, first));
    merged(a, b, Weights::new(left.len(), right.len()))
}

levels! {
    fn of_block(x: &[Real], first: Real) -> (Real, Real) {
        of_row_in_root(x, first)
    }
}

levels! {
    /// Mean and variance of each row of x, which a block can hold.
    fn of_short_rows(x: &[Real], mean: &mut [Real], variance: &mut [Real]) {
        let len = x.len() / mean.len();
        for (x, (mean, variance)) in x.chunks_exact(len).zip(mean.iter_mut().zip(variance)) {
            let (from_first, m) = of_row_in_root(x, x[0]);
            (*mean, *variance) = (from_first + x[0], m / len as Real);
        }
    }
}

/// [`of_row`] of a row that a block can hold.
#[inline(always)]
fn of_row_in_root(x: &[Real], first: Real) -> (Real, Real) {
    let mean = fold_block([x], |[x]| x - first, 0.0, |a, b| a + b) / x.len() as Real;
    let square = |[x]: [Real; 1]| ((x - first) - mean) * ((x - first) - mean);
    (mean, fold_block([x], square, 0.0, |a, b| a + b))
}

/// Mean and M of each column of x, whose rows are as long as `first`, less `first`.
fn of_columns(x: &[Real], first: &[Real], mean: &mut [Real], m: &mut [Real]) {
    let columns = mean.len();
    let rows = x.len() / columns;
    if rows <= COLUMN_BLOCK {
        return of_few_rows(x.len(), x, first, mean, m);
    }
    if columns < NARROW {
        return of_narrow_columns(x, first, mean, m);
    }
    let half = rows.div_ceil(2 * COLUMN_BLOCK) * COLUMN_BLOCK;
    let (top, bottom) = x.split_at(half * columns);
    let mut below = vec![0.0; 2 * columns];
    let (mean_b, m_b) = below.split_at_mut(columns);
    par::join(
        x.len() / 2,
        || of_columns(top, first, mean, m),
        || of_columns(bottom, first, mean_b, m_b),
    );
    let weights = Weights::new(half, rows - half);
    merge(columns, mean, m, &*mean_b, &*m_b, weights);
}

/// Fewer columns than a vector has lanes are taken as `NARROW` times as many first.
fn of_narrow_columns(x: &[Real], first: &[Real], mean: &mut [Real], m: &mut [Real]) {
    let columns = mean.len();
    let wide = NARROW * columns;
    let rows = x.len() / wide;
    let (whole, rest) = x.split_at(rows * wide);
    let (mut means, mut ms) = ([0.0; NARROW * NARROW], [0.0; NARROW * NARROW]);
    let mut firsts = [0.0; NARROW * NARROW];
    for turn in firsts[..wide].chunks_exact_mut(columns) {
        turn.copy_from_slice(first);
    }
    of_columns(whole, &firsts[..wide], &mut means[..wide], &mut ms[..wide]);
    mean.copy_from_slice(&means[..columns]);
    m.copy_from_slice(&ms[..columns]);
    for turn in 1..NARROW {
        let turns = turn * columns..(turn + 1) * columns;
        merge(columns, mean, m, &means[turns.clone()], &ms[turns], Weights::new(turn * rows, rows));
    }
    if !rest.is_empty() {
        let (means, ms) = (&mut means[..columns], &mut ms[..columns]);
        of_few_rows(rest.len(), rest, first, means, ms);
        merge(columns, mean, m, means, ms, Weights::new(NARROW * rows, rest.len() / columns));
    }
}

levels! {
    fn of_few_rows(x: &[Real], first: &[Real], mean: &mut [Real], m: &mut [Real]) {
        let columns = mean.len();
        let rows = (x.len() / columns) as Real;
        mean.fill(0.0);
        let (fours, rest) = in_fours(x, columns);
        for [a, b, c, d] in fours {
            let four = a.iter().zip(b).zip(c.iter().zip(d));
            for ((mean, first), ((a, b), (c, d))) in mean.iter_mut().zip(first).zip(four) {
                *mean = *mean + (a - first) + (b - first) + (c - first) + (d - first);
            }
        }
        for row in rest.chunks_exact(columns) {
            for ((mean, x), first) in mean.iter_mut().zip(row).zip(first) {
                *mean += x - first;
            }
        }
        for mean in mean.iter_mut() {
            *mean /= rows;
        }
        m.fill(0.0);
        let square = |x: &Real, first: &Real, mean: &Real| {
            let x = (x - first) - mean;
            x * x
        };
        let (fours, rest) = in_fours(x, columns);
        for [a, b, c, d] in fours {
            let four = a.iter().zip(b).zip(c.iter().zip(d));
            let around = first.iter().zip(&*mean);
            for ((m, (first, mean)), ((a, b), (c, d))) in m.iter_mut().zip(around).zip(four) {
                let square = |x| square(x, first, mean);
                *m = *m + square(a) + square(b) + square(c) + square(d);
            }
        }
        for row in rest.chunks_exact(columns) {
            for (((m, mean), x), first) in m.iter_mut().zip(&*mean).zip(row).zip(first) {
                *m += square(x, first, mean);
            }
        }
    }
}

/// What depends on the blocks' sizes alone.
#[derive(Clone, Copy)]
struct Weights {
    /// n_b / n
    share: Real,
    /// n_a n_b / n
    between: Real,
}

impl Weights {
    fn new(a: usize, b: usize) -> Weights {
        let [a, b] = [a, b].map(|n| n as f64);
        Weights { share: (b / (a + b)) as Real, between: (a * b / (a + b)) as Real }
    }
}

/// The formula of the module's documentation.
#[inline(always)]
fn merged((mean_a, m_a): (Real, Real), (mean_b, m_b): (Real, Real), n: Weights) -> (Real, Real) {
    let delta = mean_b - mean_a;
    (mean_a + delta * n.share, m_a + m_b + delta * delta * n.between)
}

levels! {
    /// [`merged`] for each column, into the first pair.
    fn merge(mean: &mut [Real], m: &mut [Real], mean_b: &[Real], m_b: &[Real], n: Weights) {
        for (((mean, m), mean_b), m_b) in mean.iter_mut().zip(m).zip(mean_b).zip(m_b) {
            (*mean, *m) = merged((*mean, *m), (*mean_b, *m_b), n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [[usize; 3]; 9] = [
        [1, 1, 1],
        [3, 5, 1],
        [2, 20_000, 1],
        [700, 100, 1],
        [1, 4, 5],
        [2, 1003, 3],
        [1, 3000, 16],
        [2, 130, 33],
        [1, 5000, 100],
    ];

    /// Mean and variance by their definitions, in `f64`.
    fn by_definition(column: impl Iterator<Item = Real> + Clone) -> (f64, f64) {
        let n = column.clone().count() as f64;
        // From 10,000, exactly: the sum of the numbers themselves would round.
        let mean = 10_000.0 + column.clone().map(|x| f64::from(x) - 10_000.0).sum::<f64>() / n;
        (mean, column.map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn moments_equal_their_definition_far_from_zero() {
        for [outer, len, inner] in SHAPES {
            // Mean 10,000 and deviation 1: E[x²] - E[x]² has no digit left in f32.
            let x: Vec<Real> = (0..outer * len * inner)
                .map(|i| 10_000.0 + ((i * 7919 % 10_007) as Real / 2889.0 - 1.732))
                .collect();
            let (mut mean, mut variance) = (vec![0.0; outer * inner], vec![0.0; outer * inner]);
            moments_axis(&x, [outer, len, inner], &mut mean, &mut variance);
            for (o, i) in (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i))) {
                let column = (0..len).map(|r| x[(o * len + r) * inner + i]);
                let (exact_mean, exact_variance) = by_definition(column);
                let at = o * inner + i;
                let error = (f64::from(mean[at]) - exact_mean).abs() / exact_mean;
                assert!(error < 4.0 * f64::from(Real::EPSILON), "{outer} {len} {inner}: {error:e}");
                let error = (f64::from(variance[at]) - exact_variance).abs();
                assert!(error <= 2e-6 * exact_variance, "{outer} {len} {inner}: {error:e}");
            }
        }
    }

    #[test]
    fn moments_of_nothing_are_nan() {
        let (mut mean, mut variance) = ([0.0; 3], [0.0; 3]);
        moments_axis(&[], [1, 0, 3], &mut mean, &mut variance);
        assert!(mean.iter().chain(&variance).all(|x| x.is_nan()));
    }
}
