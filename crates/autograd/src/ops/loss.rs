//! How are the two cross-entropies computed from logits and differentiated?
//!
//! From logits, not from probabilities: the logarithm of a probability that rounds to 0 is -∞,
//! while the same loss written in logits stays finite with a finite gradient.
//!
//! Each derivative has two forms. While the sweep records, it is composed of primitives, so that
//! it can be differentiated again; otherwise one loop computes it. A test holds them together.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Real, Tensor, is_recording};
use kernels::cross_entropy;
use kernels::reduce::sum;

/// y = (1/n) Σ_i [ s_i lse(x_i) - Σ_j t_ij x_ij ],  s_i = Σ_j t_ij,  lse(x) = ln Σ_j exp x_j
///
/// dx_ij = (dy/n) (s_i softmax(x_i)_j - t_ij),  dt_ij = (dy/n) (lse(x_i) - x_ij)
struct CrossEntropy;

impl Op<2> for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn forward(&self, [x, t]: [&Array; 2]) -> Array {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        let losses = Array::filled_by([rows], |y| {
            cross_entropy::rows(x.numbers(), t.numbers(), columns, y);
        });
        Array::scalar(sum(losses.numbers()) / rows as Real)
    }

    fn vjp(&self, i: usize, [x, t]: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        let n = rows as Real;
        if i == 1 {
            return -(dy / n) * x.log_softmax(-1);
        }
        if is_recording() {
            return dy / n * (x.softmax(-1) * t.sum_keepdim(-1) - t);
        }
        let scale = dy.item() / n;
        Tensor::constant(Array::filled_by([rows, columns], |dx| {
            cross_entropy::rows_grad(x.numbers(), t.numbers(), columns, scale, dx);
        }))
    }
}

/// y = (1/n) Σ_i [ softplus(x_i) - t_i x_i ]
///
/// dx_i = (dy/n) (sigmoid(x_i) - t_i),  dt_i = -(dy/n) x_i
struct BinaryCrossEntropy;

impl Op<2> for BinaryCrossEntropy {
    const NAME: &'static str = "binary_cross_entropy";

    fn forward(&self, [x, t]: [&Array; 2]) -> Array {
        Array::scalar(cross_entropy::binary(x.numbers(), t.numbers()) / x.shape().count() as Real)
    }

    fn vjp(&self, i: usize, [x, t]: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let n = x.shape().count() as Real;
        if i == 1 {
            return -(dy / n) * x;
        }
        if is_recording() {
            return dy / n * (x.sigmoid() - t);
        }
        let scale = dy.item() / n;
        Tensor::constant(Array::filled_by(*x.shape(), |dx| {
            cross_entropy::binary_grad(x.numbers(), t.numbers(), scale, dx);
        }))
    }
}

impl Tensor {
    /// Softmax cross-entropy of logits x, this tensor, against soft labels t:
    ///
    /// y = -(1/n) Σ_i Σ_j t_ij ln softmax(x_i)_j
    ///
    /// - `self`: `[n, classes]`, logits, any finite value;
    /// - `targets`: `[n, classes]`, usually rows that sum to 1; see [`Tensor::one_hot`];
    /// - returns `[]`, in nats.
    ///
    /// # Panics
    /// If the shapes are not these.
    ///
    /// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.3.
    #[must_use]
    #[track_caller]
    pub fn cross_entropy(&self, targets: &Tensor) -> Tensor {
        let (x, t) = (self.shape(), targets.shape());
        assert!(x.len() == 2 && x[1] > 0, "cross_entropy: logits {x} are not [n, classes]");
        assert!(x == t, "cross_entropy: logits {x} and targets {t} differ in shape");
        CrossEntropy.apply([self, targets])
    }

    /// Binary cross-entropy of logits x, this tensor, against probabilities t:
    ///
    /// y = -(1/n) Σ_i [ t_i ln sigmoid(x_i) + (1 - t_i) ln(1 - sigmoid(x_i)) ]
    ///
    /// - `self`: any shape of n elements, logits, any finite value;
    /// - `targets`: the same shape, in [0, 1];
    /// - returns `[]`, in nats.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.2.
    #[must_use]
    #[track_caller]
    pub fn binary_cross_entropy(&self, targets: &Tensor) -> Tensor {
        let (x, t) = (self.shape(), targets.shape());
        assert!(x == t, "binary_cross_entropy: logits {x} and targets {t} differ in shape");
        BinaryCrossEntropy.apply([self, targets])
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[CrossEntropy::NAME], &[&[3, 4], &[3, 4]], |x| x[0].cross_entropy(&x[1]))
        .and_at(&[&[&[1, 2], &[1, 2]], &[&[7, 9], &[7, 9]]])
        .within(0.1..1.0),
    Case::shaped(&[BinaryCrossEntropy::NAME], &[&[3, 4], &[3, 4]], |x| {
        x[0].binary_cross_entropy(&x[1])
    })
    .and_at(&[&[&[], &[]], &[&[1], &[1]], &[&[7, 1, 5], &[7, 1, 5]]])
    .within(0.1..0.9),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "cross_entropy",
        make: || zeros([2, 3]).cross_entropy(&zeros([2, 2])),
        report: "cross_entropy: logits [2, 3] and targets [2, 2] differ in shape",
    },
    Mistake {
        method: "cross_entropy",
        make: || zeros([3]).cross_entropy(&zeros([3])),
        report: "cross_entropy: logits [3] are not [n, classes]",
    },
    Mistake {
        method: "cross_entropy",
        make: || zeros([3, 0]).cross_entropy(&zeros([3, 0])),
        report: "cross_entropy: logits [3, 0] are not [n, classes]",
    },
    Mistake {
        method: "binary_cross_entropy",
        make: || zeros([2, 1]).binary_cross_entropy(&zeros([2])),
        report: "binary_cross_entropy: logits [2, 1] and targets [2] differ in shape",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, grad};

    type Loss = fn(&Tensor, &Tensor) -> Tensor;
    const LOSSES: [Loss; 2] = [Tensor::cross_entropy, Tensor::binary_cross_entropy];

    #[test]
    fn fused_and_composed_gradients_agree() {
        let mut rng = Rng::new(0, "loss");
        for loss in LOSSES {
            let x = Tensor::variable(rng.normal([5, 3]));
            let t = Tensor::constant(rng.uniform([5, 3], 0.0, 1.0));
            let y = loss(&x, &t);
            let [fused] = grad(&y, [&x], false);
            let [composed] = grad(&y, [&x], true);
            for (a, b) in fused.numbers().iter().zip(composed.numbers()) {
                assert!((a - b).abs() < 1e-6 && *a != 0.0, "{a} {b}");
            }
        }
    }

    #[test]
    fn losses_equal_their_documented_formulas() {
        let mut rng = Rng::new(1, "loss");
        let (x, t) = (rng.normal([4, 3]), rng.uniform([4, 3], 0.0, 1.0));
        let pairs: Vec<(f64, f64)> =
            x.numbers().iter().zip(t.numbers()).map(|(x, t)| ((*x).into(), (*t).into())).collect();
        let rows = pairs.chunks(3).map(|row| {
            let total: f64 = row.iter().map(|(x, _)| x.exp()).sum();
            row.iter().map(|(x, t)| t * (x.exp() / total).ln()).sum::<f64>()
        });
        let softmax = -rows.sum::<f64>() / 4.0;
        let p = |x: f64| 1.0 / (1.0 + (-x).exp());
        let terms = pairs.iter().map(|(x, t)| t * p(*x).ln() + (1.0 - t) * (1.0 - p(*x)).ln());
        let binary = -terms.sum::<f64>() / 12.0;
        let [x, t] = [x, t].map(Tensor::constant);
        for (loss, expected) in LOSSES.into_iter().zip([softmax, binary]) {
            assert!((f64::from(loss(&x, &t).item()) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn losses_are_finite_for_huge_logits() {
        for (a, b) in [(1e4, -1e4), (-1e4, 1e4), (1e4, 1e4), (0.0, -1e4)] {
            for loss in LOSSES {
                let x = Tensor::variable(Array::new([1, 2], &[a, b]));
                let y = loss(&x, &Tensor::new([1, 2], &[1.0, 0.0]));
                let [dx] = grad(&y, [&x], false);
                assert!(y.item().is_finite() && dx.numbers().iter().all(|d| d.is_finite()));
            }
        }
    }
}
