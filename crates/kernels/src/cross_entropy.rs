//! How are the two cross-entropies of logits and their gradients computed, each in one pass?
//!
//! `binary` is that of a sigmoid, the others that of a softmax over each row. All are written in
//! logits, so that none is infinite where a probability rounds to 0.

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::reduce::{max_row, sum_of, sum_row, sum_row_of};
use crate::softmax::{log_sums_task, rows_together, softmax_task};
use crate::vecmath::{sigmoid, softplus_minus_abs};
use crate::{Real, par};

/// Σ_i [ t_i softplus(-x_i) + (1 - t_i) softplus(x_i) ], as
/// Σ_i [ ln(1 + e^(-|x_i|)) + t_i max(-x_i, 0) + (1 - t_i) max(x_i, 0) ].
///
/// # Panics
/// If the lengths differ.
pub fn binary(x: &[Real], t: &[Real]) -> Real {
    sum_of([x, t], binary_term)
}

#[inline(always)]
fn binary_term([x, t]: [Real; 2]) -> Real {
    // Not softplus(x) - t x, which cancels for large x.
    softplus_minus_abs(x) + (t * (-x).max(0.0) + (1.0 - t) * x.max(0.0))
}

/// dx_i = c (sigmoid(x_i) - t_i): c times the gradient of [`binary`].
///
/// # Panics
/// If the lengths differ.
pub fn binary_grad(x: &[Real], t: &[Real], c: Real, dx: &mut [Real]) {
    assert!(x.len() == dx.len() && t.len() == dx.len(), "cross-entropy: lengths differ");
    let work = dx.len();
    par::for_each_chunk(dx, TASK, work, |start, dx| {
        binary_grad_body(dx.len(), &x[start..], &t[start..], c, dx);
    });
}

levels! {
    fn binary_grad_body(x: &[Real], t: &[Real], c: Real, dx: &mut [Real]) {
        for ((dx, x), t) in dx.iter_mut().zip(x).zip(t) {
            *dx = c * (sigmoid(*x) - t);
        }
    }
}

/// y_i = Σ_j t_ij (ln Σ_l exp(x_il) - x_ij) for each row i of `columns` numbers: the cross-entropy
/// of softmax(x_i) against t_i. The bracket is (M_i - x_ij) + ln Σ_l exp(x_il - M_i), M_i = max_l
/// x_il, which keeps its digits where M_i is large. It is 0 where there are no numbers.
///
/// # Panics
/// If the lengths contradict each other.
pub fn rows(x: &[Real], t: &[Real], columns: usize, y: &mut [Real]) {
    let len = y.len() * columns;
    assert!(x.len() == len && t.len() == len, "cross-entropy: lengths differ");
    if columns == 0 {
        return y.fill(0.0);
    }
    par::for_each_chunk(y, rows_together(columns), len, |start, y| {
        let task = start * columns..(start + y.len()) * columns;
        let (x, t) = (&x[task.clone()], &t[task]);
        log_sums_task(x, columns, y);
        rows_body(x.len(), x, t, columns, y);
    });
}

levels! {
    /// y_i is ln Σ_l exp(x_il - M_i) before, and the cross-entropy afterwards.
    fn rows_body(x: &[Real], t: &[Real], columns: usize, y: &mut [Real]) {
        for ((y, x), t) in y.iter_mut().zip(x.chunks_exact(columns)).zip(t.chunks_exact(columns)) {
            let (largest, log_sum) = (max_row(x), *y);
            *y = sum_row_of([x, t], |[x, t]| t * ((largest - x) + log_sum));
        }
    }
}

/// dx_ij = c (s_i softmax(x_i)_j - t_ij),  s_i = Σ_j t_ij: c times the gradient of Σ_i y_i of
/// [`rows`].
///
/// # Panics
/// If the lengths contradict each other.
pub fn rows_grad(x: &[Real], t: &[Real], columns: usize, c: Real, dx: &mut [Real]) {
    assert!(x.len() == dx.len() && t.len() == dx.len(), "cross-entropy: lengths differ");
    if dx.is_empty() {
        return;
    }
    assert_eq!(dx.len() % columns, 0, "cross-entropy: rows of {columns}");
    let work = dx.len();
    par::for_each_chunk(dx, rows_together(columns) * columns, work, |start, dx| {
        let task = start..start + dx.len();
        rows_grad_body(dx.len(), &x[task.clone()], &t[task], columns, c, dx);
    });
}

levels! {
    fn rows_grad_body(x: &[Real], t: &[Real], columns: usize, c: Real, dx: &mut [Real]) {
        softmax_task(x, columns, &mut *dx);
        for (dx, t) in dx.chunks_exact_mut(columns).zip(t.chunks_exact(columns)) {
            let s = sum_row(t);
            for (dx, t) in dx.iter_mut().zip(t) {
                *dx = c * (s * *dx - t);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits in [-8, 8), and targets in [0, 1).
    fn operands(len: usize) -> (Vec<Real>, Vec<Real>) {
        let x = (0..len).map(|i| (i * 7919 % 1013) as Real / 63.3 - 8.0).collect();
        (x, (0..len).map(|i| (i * 31 % 97) as Real / 97.0).collect())
    }

    fn close(y: Real, exact: f64, tolerance: f64) -> bool {
        (f64::from(y) - exact).abs() <= tolerance * exact.abs().max(1.0)
    }

    #[test]
    fn binary_equals_its_definition() {
        for len in [1, 40, 5000, 100_003] {
            let (x, t) = operands(len);
            let mut dx = vec![Real::NAN; len];
            binary_grad(&x, &t, 0.5, &mut dx);
            let p = |x: Real| 1.0 / (1.0 + (-f64::from(x)).exp());
            let terms = x.iter().zip(&t).map(|(x, t)| {
                let (p, t) = (p(*x), f64::from(*t));
                -t * p.ln() - (1.0 - t) * (1.0 - p).ln()
            });
            let exact: f64 = terms.sum();
            assert!(close(binary(&x, &t), exact, 2e-6), "{len}");
            for ((dx, x), t) in dx.iter().zip(&x).zip(&t) {
                assert!(close(*dx, 0.5 * (p(*x) - f64::from(*t)), 1e-6), "{len}");
            }
        }
    }

    #[test]
    fn rows_equal_their_definition() {
        for (n, columns) in [(1, 2), (300, 2), (700, 10), (5, 5000)] {
            let (x, t) = operands(n * columns);
            let (mut y, mut dx) = (vec![Real::NAN; n], vec![Real::NAN; n * columns]);
            rows(&x, &t, columns, &mut y);
            rows_grad(&x, &t, columns, 0.5, &mut dx);
            for (i, y) in y.iter().enumerate() {
                let row = i * columns..(i + 1) * columns;
                let pairs: Vec<(f64, f64)> = x[row.clone()]
                    .iter()
                    .zip(&t[row.clone()])
                    .map(|(x, t)| (f64::from(*x), f64::from(*t)))
                    .collect();
                let total: f64 = pairs.iter().map(|(x, _)| x.exp()).sum();
                let weight: f64 = pairs.iter().map(|(_, t)| t).sum();
                let exact = pairs.iter().map(|(x, t)| -t * (x.exp() / total).ln()).sum::<f64>();
                assert!(close(*y, exact, 2e-6), "{n} x {columns}");
                for (dx, (x, t)) in dx[row].iter().zip(&pairs) {
                    assert!(
                        close(*dx, 0.5 * (weight * x.exp() / total - t), 4e-6),
                        "{n} x {columns}"
                    );
                }
            }
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        let (x, t) = ([1e4, -1e4, 1e4, 1e4], [0.0, 1.0, 1.0, 0.0]);
        let (mut y, mut dx) = ([Real::NAN; 2], [Real::NAN; 4]);
        rows(&x, &t, 2, &mut y);
        rows_grad(&x, &t, 2, 1.0, &mut dx);
        assert!(y.iter().chain(&dx).all(|x| x.is_finite()) && y[0] == 2e4, "{y:?} {dx:?}");
        binary_grad(&x, &t, 1.0, &mut dx);
        assert_eq!(dx, [1.0, -1.0, 0.0, 1.0]);
        assert_eq!(binary(&x, &t), 3e4);
    }

    #[test]
    fn a_certain_logit_keeps_the_digits_of_its_small_loss() {
        for x in [9.0, 30.0, 80.0] {
            let exact = (-f64::from(x)).exp().ln_1p();
            for (x, t) in [(x, 1.0), (-x, 0.0)] {
                let error = f64::from(binary(&[x], &[t])) - exact;
                assert!(error.abs() < 1e-6 * exact, "{x} {t}");
            }
        }
    }

    #[test]
    fn large_logits_keep_the_digits_of_small_ones() {
        for columns in [2, 10, 3000] {
            let (small, t) = operands(3 * columns);
            // Exact in f32: the logits are multiples of 1/1024 below 2^14.
            let small: Vec<Real> = small.iter().map(|x| (x * 1024.0).round() / 1024.0).collect();
            let large: Vec<Real> = small.iter().map(|x| x + 8192.0).collect();
            let (mut expected, mut y) = ([0.0; 3], [Real::NAN; 3]);
            rows(&small, &t, columns, &mut expected);
            rows(&large, &t, columns, &mut y);
            assert_eq!(y, expected, "rows of {columns}");
        }
    }
}
