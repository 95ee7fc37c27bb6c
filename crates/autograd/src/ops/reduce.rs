//! How are sums and means over axes differentiated?
//!
//! Broadcasting and summing are each other's derivatives, so one pair of ops closes the family:
//!
//! | forward | derivative uses | second derivative uses |
//! |---|---|---|
//! | `broadcast_to` | `sum_to` | `broadcast_to` |
//! | `sum_to` | `broadcast_to` | `sum_to` |
//!
//! Each reduction has three forms: `sum()` over everything, `sum_over(axes)` which removes the
//! axes, and `sum_keepdim(axes)` which keeps them with size 1. So have maxima and
//! variances, in files of their own.

pub(super) mod maxima;
pub(super) mod variance;

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Axes, Op, Real, Shape, Tensor};
use kernels::reduce;

/// y = c Σ x, over the axes along which x is larger than `shape`          dx = c dy, stretched
struct SumTo {
    shape: Shape,
    c: Real,
}

impl Op<1> for SumTo {
    const NAME: &'static str = "sum_to";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let mut y = fold_to(x, &self.shape, reduce::sum_axis);
        if self.c != 1.0 {
            y.numbers_mut().iter_mut().for_each(|y| *y *= self.c);
        }
        y
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        BroadcastTo { shape: *x.shape(), c: self.c }.apply([dy])
    }
}

/// y = c x, repeated along the axes where `shape` is larger               dx = c Σ dy over them
struct BroadcastTo {
    shape: Shape,
    c: Real,
}

impl Op<1> for BroadcastTo {
    const NAME: &'static str = "broadcast_to";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        if self.c == 1.0 {
            x.broadcast_to(&self.shape)
        } else {
            x.map(|x| self.c * x).broadcast_to(&self.shape)
        }
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        SumTo { shape: *x.shape(), c: self.c }.apply([dy])
    }
}

/// Folds x down to `shape`, one run of neighbouring axes after the other, the last one first.
fn fold_to(x: &Array, shape: &Shape, fold: fn(&[Real], [usize; 3], &mut [Real])) -> Array {
    let missing = x.shape().len() - shape.len();
    let is_folded =
        |axis: usize| axis < missing || (shape[axis - missing] == 1 && x.shape()[axis] != 1);
    let mut folded = x.clone();
    let mut end = x.shape().len();
    while end > 0 {
        if !is_folded(end - 1) {
            end -= 1;
            continue;
        }
        let mut first = end - 1;
        while first > 0 && is_folded(first - 1) {
            first -= 1;
        }
        let sizes = *folded.shape();
        let outer = sizes[..first].iter().product();
        let len = sizes[first..end].iter().product();
        let inner = sizes[end..].iter().product();
        let shorter = (first..end).fold(sizes, |shape, axis| shape.with(axis, 1));
        folded = Array::filled_by(shorter, |y| {
            fold(folded.numbers(), [outer, len, inner], y);
        });
        end = first;
    }
    folded.reshaped(shape)
}

/// `shape` with size 1 on the given axes, and `shape` without them.
#[track_caller]
fn kept_and_dropped(shape: &Shape, axes: Axes, op: &str) -> (Shape, Shape) {
    let chosen = axes.chosen(shape, op);
    let kept = shape.iter().zip(chosen).map(|(size, chosen)| if chosen { 1 } else { *size });
    let dropped = shape.iter().zip(chosen).filter(|(_, chosen)| !chosen).map(|(size, _)| *size);
    (kept.collect(), dropped.collect())
}

/// What a mean over these axes divides by.
fn count_over(shape: &Shape, kept: &Shape) -> Real {
    (shape.count() / kept.count().max(1)) as Real
}

impl Tensor {
    /// The sum over the axes along which this tensor is larger than `shape`: the way back of
    /// [`Tensor::broadcast_to`].
    ///
    /// # Panics
    /// If `shape` does not broadcast to the shape of this tensor.
    #[must_use]
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Tensor {
        self.scaled_sum_to(shape.into(), 1.0, "sum_to")
    }

    #[track_caller]
    fn scaled_sum_to(&self, shape: Shape, c: Real, op: &str) -> Tensor {
        assert!(
            shape.broadcasts_to(self.shape()),
            "{op}: {} cannot be summed to {shape}\n  \
             hint: {shape} must broadcast to {}",
            self.shape(),
            self.shape()
        );
        if c == 1.0 && shape == *self.shape() {
            return self.clone();
        }
        SumTo { shape, c }.apply([self])
    }

    /// The same numbers repeated along the axes where `shape` is larger.
    ///
    /// # Panics
    /// If this tensor does not broadcast to `shape`.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        assert!(
            self.shape().broadcasts_to(&shape),
            "broadcast_to: {} does not broadcast to {shape}\n  \
             hint: counted from the last axis, sizes must be equal or 1",
            self.shape()
        );
        if shape == *self.shape() {
            return self.clone();
        }
        BroadcastTo { shape, c: 1.0 }.apply([self])
    }

    /// Σ x over all elements; of shape `[]`.
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> Tensor {
        self.scaled_sum_to(Shape::from([]), 1.0, "sum")
    }

    /// Σ x over the given axes, which disappear.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn sum_over(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, dropped) = kept_and_dropped(self.shape(), axes.into(), "sum_over");
        self.scaled_sum_to(kept, 1.0, "sum_over").reshape(dropped)
    }

    /// Σ x over the given axes, which keep size 1.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn sum_keepdim(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, _) = kept_and_dropped(self.shape(), axes.into(), "sum_keepdim");
        self.scaled_sum_to(kept, 1.0, "sum_keepdim")
    }

    /// (1/n) Σ x over all n elements; of shape `[]`, NaN if there are none.
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> Tensor {
        let c = 1.0 / self.shape().count() as Real;
        self.scaled_sum_to(Shape::from([]), c, "mean")
    }

    /// (1/n) Σ x over the given axes of n elements together. The axes disappear.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn mean_over(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, dropped) = kept_and_dropped(self.shape(), axes.into(), "mean_over");
        let c = 1.0 / count_over(self.shape(), &kept);
        self.scaled_sum_to(kept, c, "mean_over").reshape(dropped)
    }

    /// (1/n) Σ x over the given axes of n elements together. The axes keep size 1.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn mean_keepdim(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, _) = kept_and_dropped(self.shape(), axes.into(), "mean_keepdim");
        let c = 1.0 / count_over(self.shape(), &kept);
        self.scaled_sum_to(kept, c, "mean_keepdim")
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::unary(&[SumTo::NAME, BroadcastTo::NAME], Tensor::sum, -2.0..2.0),
    Case::unary(&[SumTo::NAME], Tensor::mean, -2.0..2.0),
    Case::shaped(&[SumTo::NAME], &[&[3, 4, 5]], |x| x[0].sum_over([0, -1])),
    Case::shaped(&[SumTo::NAME], &[&[3, 4, 5]], |x| x[0].mean_keepdim(1)),
    Case::shaped(&[SumTo::NAME], &[&[3, 4, 5]], |x| x[0].mean_over([1, 2])),
    Case::shaped(&[SumTo::NAME], &[&[3, 4, 1, 5]], |x| x[0].sum_to([4, 1, 1])),
    Case::shaped(&[BroadcastTo::NAME], &[&[4, 1]], |x| x[0].broadcast_to([2, 4, 3])),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "sum_to",
        make: || zeros([2, 3]).sum_to([2]),
        report: "sum_to: [2, 3] cannot be summed to [2]",
    },
    Mistake {
        method: "sum_to",
        make: || zeros([3]).sum_to([3, 1]),
        report: "sum_to: [3] cannot be summed to [3, 1]",
    },
    Mistake {
        method: "broadcast_to",
        make: || zeros([2, 3]).broadcast_to([3, 3]),
        report: "broadcast_to: [2, 3] does not broadcast to [3, 3]",
    },
    Mistake {
        method: "broadcast_to",
        make: || zeros([2, 3]).broadcast_to([3]),
        report: "broadcast_to: [2, 3] does not broadcast to [3]",
    },
    Mistake {
        method: "sum_over",
        make: || zeros([2, 3]).sum_over(2),
        report: "sum_over: [2, 3] has no axis 2",
    },
    Mistake {
        method: "sum_keepdim",
        make: || zeros([2, 3]).sum_keepdim(2),
        report: "sum_keepdim: [2, 3] has no axis 2",
    },
    Mistake {
        method: "mean_over",
        make: || zeros([2, 3]).mean_over(2),
        report: "mean_over: [2, 3] has no axis 2",
    },
    Mistake {
        method: "mean_keepdim",
        make: || zeros([2, 3]).mean_keepdim(2),
        report: "mean_keepdim: [2, 3] has no axis 2",
    },
    Mistake {
        method: "mean_over",
        make: || zeros([2, 3]).mean_over([1, -1]),
        report: "mean_over: axis -1 of [2, 3] is named twice",
    },
    Mistake {
        method: "sum_over",
        make: || zeros([]).sum_over(0),
        report: "sum_over: [] has no axis 0",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn reductions_over_any_axes_equal_their_definition() {
        let x = Tensor::constant(Rng::new(0, "x").uniform([2, 3, 4, 5], -1.0, 1.0));
        let at = |i: [usize; 4]| x.numbers()[((i[0] * 3 + i[1]) * 4 + i[2]) * 5 + i[3]];
        let (sums, maxima) = (x.sum_over([1, 3]), x.max_over([1, -1]));
        let (means, variances) = (x.mean_keepdim([1, 3]), x.variance_keepdim([1, 3], 1));
        assert_eq!((sums.shape(), means.shape()), (&[2, 4].into(), &[2, 1, 4, 1].into()));
        for i in 0..2 {
            for k in 0..4 {
                let numbers = (0..15).map(|n| f64::from(at([i, n / 5, k, n % 5])));
                let sum: f64 = numbers.clone().sum();
                let squares: f64 = numbers.clone().map(|x| (x - sum / 15.0).powi(2)).sum();
                let largest = numbers.fold(f64::NEG_INFINITY, f64::max);
                let close = |x: &Tensor, expected: f64| {
                    (f64::from(x.numbers()[i * 4 + k]) - expected).abs() < 1e-5
                };
                assert!(close(&sums, sum) && close(&maxima, largest));
                assert!(close(&means, sum / 15.0) && close(&variances, squares / 14.0));
            }
        }
    }

    /// Not only up to rounding: a run of axes is one sum, in one order.
    #[test]
    fn neighbouring_axes_are_summed_as_one() {
        let x = Tensor::constant(Rng::new(0, "x").uniform([3, 17, 29, 5], -1.0, 1.0));
        let merged = x.reshape([3, 17 * 29, 5]);
        assert_eq!(x.sum_over([1, 2]).numbers(), merged.sum_over(1).numbers());
        assert_eq!(x.sum().numbers(), x.reshape([3 * 17 * 29 * 5]).sum_over(0).numbers());
    }
}
