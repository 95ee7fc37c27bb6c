//! How are exponentials normalised without overflow?
//!
//! Every formula subtracts the row's maximum M first: exp(x - M) is at most 1, and the factor
//! exp(M) cancels.

use crate::Real;
use crate::reduce;
use crate::vecmath::{exp, ln};

/// ln Σ_j exp(x_j) = M + ln Σ_j exp(x_j - M),  M = max_j x_j; -infinity for no numbers.
#[inline]
pub fn logsumexp(x: &[Real]) -> Real {
    let largest = reduce::max(x);
    if largest.is_infinite() {
        // All -infinity, or one +infinity: x - M would be NaN.
        return largest;
    }
    largest + ln(reduce::sum_of(x, |x| exp(x - largest)))
}

/// y_ij = x_ij - ln Σ_l exp(x_il) for each row i of `columns` numbers.
///
/// # Panics
/// If the lengths differ or are no multiple of `columns`.
pub fn log_softmax_rows(x: &[Real], columns: usize, y: &mut [Real]) {
    for_each_row(x, columns, y, |x, y| {
        let norm = logsumexp(x);
        for (y, x) in y.iter_mut().zip(x) {
            *y = x - norm;
        }
    });
}

/// y_ij = exp(x_ij) / Σ_l exp(x_il) for each row i of `columns` numbers.
///
/// # Panics
/// If the lengths differ or are no multiple of `columns`.
pub fn softmax_rows(x: &[Real], columns: usize, y: &mut [Real]) {
    for_each_row(x, columns, y, |x, y| {
        let largest = reduce::max(x);
        for (y, x) in y.iter_mut().zip(x) {
            *y = exp(x - largest);
        }
        let sum = reduce::sum(y);
        for y in y {
            *y /= sum;
        }
    });
}

#[inline]
fn for_each_row(x: &[Real], columns: usize, y: &mut [Real], row: impl Fn(&[Real], &mut [Real])) {
    assert_eq!(x.len(), y.len(), "softmax: lengths differ");
    if x.is_empty() {
        return;
    }
    assert_eq!(x.len() % columns, 0, "softmax: {} numbers in rows of {columns}", x.len());
    for (x, y) in x.chunks_exact(columns).zip(y.chunks_exact_mut(columns)) {
        row(x, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
