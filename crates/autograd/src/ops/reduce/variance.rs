//! How far are numbers from their mean?
//!
//! No op: a mean, a difference, a square and a sum, each with a derivative of its own.

use super::{count_over, kept_and_dropped};
#[cfg(test)]
use crate::ops::case::{Case, Mistake, zeros};
use crate::{Axes, Real, Tensor};

impl Tensor {
    /// The variance (1/(n - correction)) Σ (x - mean)² over all n elements; of shape `[]`.
    ///
    /// `correction` is 0 for the variance of the numbers themselves, 1 for the unbiased estimate
    /// of the distribution they were drawn from. NaN if there are not more than `correction`
    /// elements.
    #[must_use]
    #[track_caller]
    pub fn variance(&self, correction: usize) -> Tensor {
        let axes: Vec<isize> = (0..self.shape().len() as isize).collect();
        self.variance_keepdim(&axes[..], correction).reshape([])
    }

    /// The variance (1/(n - correction)) Σ (x - mean)² over the given axes of n elements
    /// together. The axes disappear. See [`Tensor::variance`].
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn variance_over(&self, axes: impl Into<Axes>, correction: usize) -> Tensor {
        let axes = axes.into();
        let (_, dropped) = kept_and_dropped(self.shape(), axes, "variance_over");
        self.variance_keepdim(axes, correction).reshape(dropped)
    }

    /// The variance (1/(n - correction)) Σ (x - mean)² over the given axes of n elements
    /// together. The axes keep size 1. See [`Tensor::variance`].
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn variance_keepdim(&self, axes: impl Into<Axes>, correction: usize) -> Tensor {
        let (kept, _) = kept_and_dropped(self.shape(), axes.into(), "variance_keepdim");
        let n = count_over(self.shape(), &kept);
        let mean = self.scaled_sum_to(kept, 1.0 / n, "variance_keepdim");
        let left = n - correction as Real;
        let c = if left > 0.0 { 1.0 / left } else { Real::NAN };
        (self - mean).square().scaled_sum_to(kept, c, "variance_keepdim")
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[], &[&[3, 4, 5]], |x| x[0].variance(1)),
    Case::shaped(&[], &[&[3, 4, 5]], |x| x[0].variance_over([0, 2], 0)),
    Case::shaped(&[], &[&[3, 4, 5]], |x| x[0].variance_keepdim(-1, 1)),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "variance_over",
        make: || zeros([2, 3]).variance_over(-3, 1),
        report: "variance_over: [2, 3] has no axis -3",
    },
    Mistake {
        method: "variance_keepdim",
        make: || zeros([2, 3]).variance_keepdim(-3, 1),
        report: "variance_keepdim: [2, 3] has no axis -3",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variance_of_too_few_numbers_is_nan() {
        let x = Tensor::new([2], &[1.0, 2.0]);
        assert_eq!(x.variance(1).item(), 0.5);
        assert!(x.variance(2).item().is_nan() && x.variance(3).item().is_nan());
        assert!(Tensor::scalar(1.0).variance(1).item().is_nan());
    }
}
