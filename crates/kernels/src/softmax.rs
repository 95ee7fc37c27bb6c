//! How are exponentials normalised without overflow?
//!
//! Every formula subtracts the row's maximum M first: exp(x - M) is at most 1, and the factor
//! exp(M) cancels.
//!
//! A row may be as short as two numbers, which do not fill a vector. So the exponentials of a whole
//! task of rows are taken in one loop, between two loops over its rows.

use crate::on_level::levels;
use crate::reduce::{max, max_number_of_row, max_row, sum_row, sum_row_of};
use crate::scratch::with_scratch;
use crate::vecmath::{exp, ln};
use crate::{Real, par};

/// Rows whose logarithms are taken in one loop.
const ROWS_AT_ONCE: usize = 64;

/// Numbers in a task of several rows: input and output stay in L1.
pub(crate) const TASK: usize = 1 << 12;

/// ln Σ_j exp(x_j) = M + ln Σ_j exp(x_j - M),  M = max_j x_j; -infinity for no numbers.
#[inline]
pub fn logsumexp(x: &[Real]) -> Real {
    let mut y = [0.0];
    log_sums_task(x, x.len(), &mut y);
    max(x) + y[0]
}

/// y_i = ln Σ_j exp(x_ij) for each row i of `columns` numbers; -infinity where there are none.
///
/// # Panics
/// If `x` is not as many rows as `y` has numbers.
pub fn logsumexp_rows(x: &[Real], columns: usize, y: &mut [Real]) {
    assert_eq!(x.len(), y.len() * columns, "logsumexp: not {} rows of {columns}", y.len());
    if columns == 0 {
        return y.fill(Real::NEG_INFINITY);
    }
    par::for_each_chunk(y, rows_together(columns), x.len(), |start, y| {
        let x = &x[start * columns..][..y.len() * columns];
        log_sums_task(x, columns, y);
        add_largest_body(x.len(), x, columns, y);
    });
}

levels! {
    fn add_largest_body(x: &[Real], columns: usize, y: &mut [Real]) {
        for (y, x) in y.iter_mut().zip(x.chunks_exact(columns)) {
            *y += max_row(x);
        }
    }
}

/// y_i = ln Σ_j exp(x_ij - M_i) for one task's rows, or 0 where M_i is infinite.
pub(crate) fn log_sums_task(x: &[Real], columns: usize, y: &mut [Real]) {
    if columns >= TASK / 4 || x.len() < TASK / 64 {
        long_log_sums_body(x.len(), x, columns, y);
    } else {
        let mut exponentials = [0.0; TASK];
        log_sums_body(x.len(), x, columns, &mut exponentials[..x.len()], y);
    }
}

levels! {
    /// Row by row.
    fn long_log_sums_body(x: &[Real], columns: usize, y: &mut [Real]) {
        for (y, x) in y.iter_mut().zip(x.chunks_exact(columns.max(1))) {
            let largest = max_row(x);
            // All -infinity, or one +infinity: x - M would be NaN.
            let sum = || sum_row_of([x], |[x]| exp(x - largest));
            *y = if largest.is_infinite() { 0.0 } else { ln(sum()) };
        }
    }
}

levels! {
    fn log_sums_body(x: &[Real], columns: usize, e: &mut [Real], y: &mut [Real]) {
        exponentials(x, columns, e);
        for ((y, x), e) in y.iter_mut().zip(x.chunks_exact(columns)).zip(e.chunks_exact(columns)) {
            *y = if max_row(x).is_infinite() { 1.0 } else { sum_row(e) };
        }
        // In a loop of its own, which becomes vector instructions.
        for y in y {
            *y = ln(*y);
        }
    }
}

/// y_ij = (x_ij - M_i) - ln Σ_l exp(x_il - M_i) for each row i of `columns` numbers. A row with
/// +infinity, or of -infinity alone, becomes NaN.
///
/// # Panics
/// If the lengths differ or are no multiple of `columns`.
pub fn log_softmax_rows(x: &[Real], columns: usize, y: &mut [Real]) {
    for_each_task(x, columns, y, |x, y| {
        with_scratch(y.len(), |e| log_softmax_body(y.len(), x, columns, e, y));
    });
}

levels! {
    fn log_softmax_body(x: &[Real], columns: usize, e: &mut [Real], y: &mut [Real]) {
        // Not x - (M + ln Σ), whose sum loses what ln Σ says where M is large.
        centred(x, columns, y);
        for (e, y) in e.iter_mut().zip(&*y) {
            *e = exp(*y);
        }
        let numbers = columns * ROWS_AT_ONCE;
        for (e, y) in e.chunks(numbers).zip(y.chunks_mut(numbers)) {
            let mut logs = [1.0; ROWS_AT_ONCE];
            for (log, e) in logs.iter_mut().zip(e.chunks_exact(columns)) {
                *log = sum_row(e);
            }
            for log in &mut logs {
                *log = ln(*log);
            }
            for (log, y) in logs.iter().zip(y.chunks_exact_mut(columns)) {
                for y in y {
                    *y -= log;
                }
            }
        }
    }
}

/// y_ij = exp(x_ij) / Σ_l exp(x_il) for each row i of `columns` numbers. A row with +infinity, or of
/// -infinity alone, becomes NaN.
///
/// # Panics
/// If the lengths differ or are no multiple of `columns`.
pub fn softmax_rows(x: &[Real], columns: usize, y: &mut [Real]) {
    for_each_task(x, columns, y, |x, y| softmax_body(y.len(), x, columns, y));
}

levels! {
    fn softmax_body(x: &[Real], columns: usize, y: &mut [Real]) {
        softmax_task(x, columns, y);
    }
}

/// [`softmax_rows`] of one task's rows, inlined into a root.
#[inline(always)]
pub(crate) fn softmax_task(x: &[Real], columns: usize, y: &mut [Real]) {
    exponentials(x, columns, y);
    for y in y.chunks_exact_mut(columns) {
        let sum = sum_row(y);
        for y in y {
            *y /= sum;
        }
    }
}

/// y_ij = exp(x_ij - M_i),  M_i = max_j x_ij.
#[inline(always)]
fn exponentials(x: &[Real], columns: usize, y: &mut [Real]) {
    centred(x, columns, y);
    for y in y {
        *y = exp(*y);
    }
}

/// y_ij = x_ij - M_i,  M_i = max_j x_ij. A NaN stays one where it is, and need not be found for M.
#[inline(always)]
fn centred(x: &[Real], columns: usize, y: &mut [Real]) {
    for (x, y) in x.chunks_exact(columns).zip(y.chunks_exact_mut(columns)) {
        let largest = max_number_of_row(x);
        for (y, x) in y.iter_mut().zip(x) {
            *y = x - largest;
        }
    }
}

/// Rows of a task.
pub(crate) fn rows_together(columns: usize) -> usize {
    (TASK / columns.max(1)).max(1)
}

/// Calls `body` with the rows of each task, on several threads if they are many.
fn for_each_task(
    x: &[Real],
    columns: usize,
    y: &mut [Real],
    body: impl Fn(&[Real], &mut [Real]) + Sync,
) {
    assert_eq!(x.len(), y.len(), "softmax: lengths differ");
    if x.is_empty() {
        return;
    }
    assert_eq!(x.len() % columns, 0, "softmax: {} numbers in rows of {columns}", x.len());
    let work = y.len();
    par::for_each_chunk(y, rows_together(columns) * columns, work, |start, y| {
        body(&x[start..][..y.len()], y);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_reaches_its_row_and_no_other() {
        for columns in [2, 5, 16, 40, 5000] {
            for place in [0, columns / 2, columns - 1] {
                let mut x: Vec<Real> = (0..3 * columns).map(|i| (i * 37 % 41) as Real).collect();
                x[columns + place] = Real::NAN;
                let (mut p, mut log_p, mut sums) = (x.clone(), x.clone(), [0.0; 3]);
                softmax_rows(&x, columns, &mut p);
                log_softmax_rows(&x, columns, &mut log_p);
                logsumexp_rows(&x, columns, &mut sums);
                assert_eq!(sums.map(Real::is_nan), [false, true, false], "{columns}");
                for (at, (p, log_p)) in p.iter().zip(&log_p).enumerate() {
                    let nan = at / columns == 1;
                    assert_eq!([p.is_nan(), log_p.is_nan()], [nan; 2], "{columns}");
                }
            }
        }
    }

    #[test]
    fn rows_without_numbers_are_sums_of_nothing() {
        let mut y = [0.0; 3];
        logsumexp_rows(&[], 0, &mut y);
        assert_eq!(y, [Real::NEG_INFINITY; 3]);
        assert_eq!(logsumexp(&[]), Real::NEG_INFINITY);
        crate::cross_entropy::rows(&[], &[], 0, &mut y);
        assert_eq!(y, [0.0; 3]);
    }

    #[test]
    fn softmax_rows_sum_to_one() {
        let x: Vec<Real> = (0..60).map(|i| (i * 37 % 41) as Real * 0.7 - 9.0).collect();
        let (mut p, mut log_p) = (vec![0.0; 60], vec![0.0; 60]);
        softmax_rows(&x, 5, &mut p);
        log_softmax_rows(&x, 5, &mut log_p);
        for (row, (p, log_p)) in p.chunks(5).zip(log_p.chunks(5)).enumerate() {
            assert!((p.iter().sum::<Real>() - 1.0).abs() < 4.0 * Real::EPSILON);
            let total: f64 = x[row * 5..][..5].iter().map(|x| f64::from(*x).exp()).sum();
            for (j, (p, log_p)) in p.iter().zip(log_p).enumerate() {
                let expected = f64::from(x[row * 5 + j]).exp() / total;
                assert!((f64::from(*p) - expected).abs() < 1e-6 * expected);
                assert!((f64::from(*log_p) - expected.ln()).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        for x in [[1e4, -1e4], [-1e4, -1e4], [1e4, 1e4]] {
            let mut y = [0.0; 2];
            log_softmax_rows(&x, 2, &mut y);
            assert!(y.iter().all(|y| y.is_finite()), "{x:?} {y:?}");
            softmax_rows(&x, 2, &mut y);
            assert!(y.iter().all(|y| y.is_finite()), "{x:?} {y:?}");
        }
        assert_eq!(logsumexp(&[Real::NEG_INFINITY; 3]), Real::NEG_INFINITY);
        let mut y = [0.0; 50];
        logsumexp_rows(&[Real::NEG_INFINITY; 100], 2, &mut y);
        assert_eq!(y, [Real::NEG_INFINITY; 50]);
    }

    #[test]
    fn a_constant_beside_the_logits_changes_no_digit() {
        for columns in [2, 10, 3000] {
            // Exact in f32: multiples of 1/64, and below 2^14 with the constant.
            let small: Vec<Real> =
                (0..3 * columns).map(|i| (i * 7919 % 1013) as Real / 64.0 - 8.0).collect();
            let large: Vec<Real> = small.iter().map(|x| x + 8192.0).collect();
            for f in [softmax_rows, log_softmax_rows] {
                let [mut expected, mut y] = [(); 2].map(|()| vec![Real::NAN; small.len()]);
                f(&small, columns, &mut expected);
                f(&large, columns, &mut y);
                assert!(y == expected, "rows of {columns}");
            }
        }
    }

    #[test]
    fn rows_of_any_length_equal_their_definition() {
        for (rows, columns) in [(1, 1), (3, 2), (5000, 2), (700, 10), (20, 1000), (3, 5000)] {
            let x: Vec<Real> =
                (0..rows * columns).map(|i| (i * 7919 % 1013) as Real / 50.0 - 10.0).collect();
            let (mut p, mut log_p) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let mut norms = vec![0.0; rows];
            softmax_rows(&x, columns, &mut p);
            log_softmax_rows(&x, columns, &mut log_p);
            logsumexp_rows(&x, columns, &mut norms);
            for (i, row) in x.chunks(columns).enumerate() {
                let norm = row.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
                assert!((f64::from(norms[i]) - norm).abs() < 1e-5, "{rows} x {columns}");
                for (j, x) in row.iter().enumerate() {
                    let expected = f64::from(*x) - norm;
                    assert!((f64::from(log_p[i * columns + j]) - expected).abs() < 1e-5);
                    let error = f64::from(p[i * columns + j]) - expected.exp();
                    assert!(error.abs() < 4e-6 * expected.exp(), "{rows} x {columns}");
                }
            }
        }
    }
}
