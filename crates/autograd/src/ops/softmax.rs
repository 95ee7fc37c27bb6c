//! How are logsumexp, softmax and log-softmax differentiated?
//!
//! The kernels work on rows, so a tensor whose axis is not the last one is turned first. Numbers
//! may be any finite ones; -∞ too, for a probability of 0, if not all along an axis are.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Axes, Op, Tensor};
use kernels::softmax;

/// y_i = ln Σ_j exp(x_ij)               dx_ij = dy_i exp(x_ij - y_i)
struct LogSumExp;

impl Op<1> for LogSumExp {
    const NAME: &'static str = "logsumexp";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let (rows, columns) = (x.shape()[0], x.shape()[1]);
        Array::filled_by([rows, 1], |y| softmax::logsumexp_rows(x.numbers(), columns, y))
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        dy * (x - y).exp()
    }
}

/// y_ij = exp(x_ij) / Σ_l exp(x_il)     dx_ij = y_ij (dy_ij - Σ_l dy_il y_il)
struct Softmax;

impl Op<1> for Softmax {
    const NAME: &'static str = "softmax";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let columns = x.shape()[x.shape().len() - 1];
        Array::filled_by(*x.shape(), |y| softmax::softmax_rows(x.numbers(), columns, y))
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        y * (dy - (dy * y).sum_keepdim(-1))
    }
}

/// y_ij = x_ij - ln Σ_l exp(x_il)       dx_ij = dy_ij - exp(y_ij) Σ_l dy_il
struct LogSoftmax;

impl Op<1> for LogSoftmax {
    const NAME: &'static str = "log_softmax";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let columns = x.shape()[x.shape().len() - 1];
        Array::filled_by(*x.shape(), |y| softmax::log_softmax_rows(x.numbers(), columns, y))
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        dy - y.exp() * dy.sum_keepdim(-1)
    }
}

impl Tensor {
    /// ln Σ exp(x) over all elements; of shape `[]`.
    #[must_use]
    #[track_caller]
    pub fn logsumexp(&self) -> Tensor {
        LogSumExp.apply([&self.reshape([1, self.shape().count()])]).reshape([])
    }

    /// ln Σ exp(x) over the given axes, which disappear.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn logsumexp_over(&self, axes: impl Into<Axes>) -> Tensor {
        let chosen = axes.into().chosen(self.shape(), "logsumexp_over");
        let (inner, outer): (Vec<usize>, Vec<usize>) =
            (0..self.shape().len()).partition(|axis| chosen[*axis]);
        let left: Vec<usize> = outer.iter().map(|axis| self.shape()[*axis]).collect();
        let columns = inner.iter().map(|axis| self.shape()[*axis]).product();
        let rows = left.iter().product();
        let turned = self.permute(&[outer, inner].concat());
        LogSumExp.apply([&turned.reshape([rows, columns])]).reshape(&left[..])
    }

    /// ln Σ exp(x) over the given axes, which keep size 1.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn logsumexp_keepdim(&self, axes: impl Into<Axes>) -> Tensor {
        let axes = axes.into();
        let chosen = axes.chosen(self.shape(), "logsumexp_keepdim");
        let kept = self.shape().iter().zip(chosen).map(|(n, chosen)| if chosen { 1 } else { *n });
        self.logsumexp_over(axes).reshape(kept.collect::<crate::Shape>())
    }

    /// exp(x) / Σ exp(x), the sum over one axis: probabilities that sum to 1 along it.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Tensor {
        let axis = self.shape().axis(axis, "softmax");
        Softmax.apply([&self.with_last(axis)]).with_last(axis)
    }

    /// x - ln Σ exp(x), the sum over one axis: the logarithm of [`Tensor::softmax`].
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Tensor {
        let axis = self.shape().axis(axis, "log_softmax");
        LogSoftmax.apply([&self.with_last(axis)]).with_last(axis)
    }

    /// An axis exchanged with the last one; twice is back again.
    #[track_caller]
    fn with_last(&self, axis: usize) -> Tensor {
        let last = self.shape().len() - 1;
        if axis == last {
            return self.clone();
        }
        let mut order: Vec<usize> = (0..=last).collect();
        order.swap(axis, last);
        self.permute(&order)
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::unary(&[LogSumExp::NAME], Tensor::logsumexp, -2.0..2.0),
    Case::shaped(&[LogSumExp::NAME], &[&[3, 4, 5]], |x| x[0].logsumexp_over([0, 2])),
    Case::shaped(&[LogSumExp::NAME], &[&[3, 4, 5]], |x| x[0].logsumexp_keepdim(1)),
    Case::shaped(&[Softmax::NAME], &[&[3, 4]], |x| x[0].softmax(-1)).and_at(&[
        &[&[7]],
        &[&[1, 7]],
        &[&[2, 3, 5]],
        &[&[4, 17]],
    ]),
    Case::shaped(&[Softmax::NAME], &[&[3, 4, 2]], |x| x[0].softmax(0)),
    Case::shaped(&[LogSoftmax::NAME], &[&[3, 4]], |x| x[0].log_softmax(1)).and_at(&[
        &[&[1, 7]],
        &[&[2, 3, 5]],
        &[&[4, 17]],
    ]),
    Case::shaped(&[LogSoftmax::NAME], &[&[3, 4, 2]], |x| x[0].log_softmax(1)),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "logsumexp_over",
        make: || zeros([2]).logsumexp_over(1),
        report: "logsumexp_over: [2] has no axis 1",
    },
    Mistake {
        method: "logsumexp_keepdim",
        make: || zeros([2]).logsumexp_keepdim([0, 0]),
        report: "logsumexp_keepdim: axis 0 of [2] is named twice",
    },
    Mistake {
        method: "softmax",
        make: || zeros([2]).softmax(1),
        report: "softmax: [2] has no axis 1",
    },
    Mistake {
        method: "softmax",
        make: || zeros([]).softmax(-1),
        report: "softmax: [] has no axis -1",
    },
    Mistake {
        method: "log_softmax",
        make: || zeros([2, 2]).log_softmax(-3),
        report: "log_softmax: [2, 2] has no axis -3",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn softmax_sums_to_one_along_its_axis() {
        let x = Tensor::constant(Rng::new(0, "x").normal([3, 4, 5]));
        for axis in 0..3 {
            let sums = x.softmax(axis).sum_over(axis);
            assert!(sums.numbers().iter().all(|sum| (sum - 1.0).abs() < 1e-6));
            let logs = x.log_softmax(axis).exp().sum_over(axis);
            assert!(logs.numbers().iter().all(|sum| (sum - 1.0).abs() < 1e-6));
        }
    }

    #[test]
    fn logsumexp_keeps_or_drops_its_axes() {
        let x = Tensor::constant(Rng::new(0, "x").normal([3, 4, 5]));
        assert_eq!(x.logsumexp_over([0, 2]).shape(), &[4].into());
        assert_eq!(x.logsumexp_keepdim([0, 2]).shape(), &[1, 4, 1].into());
        let direct = x.exp().sum_over([0, 2]).ln();
        for (a, b) in x.logsumexp_over([0, 2]).numbers().iter().zip(direct.numbers()) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
