//! How are maxima over axes differentiated?

use super::{fold_to, kept_and_dropped};
#[cfg(test)]
use crate::ops::case::{Case, Mistake, zeros};
use crate::{Array, Axes, Op, Shape, Tensor};
use kernels::reduce;

/// y = max x, over the axes along which x is larger than `shape`
///
/// dx = dy where x = y, in equal shares if several are, else 0
struct MaxTo {
    shape: Shape,
}

impl Op<1> for MaxTo {
    const NAME: &'static str = "max_to";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        fold_to(x, &self.shape, reduce::max_axis)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        // A step function of x, so a constant.
        let winners = x.detach().equal(&y.detach());
        let share = &winners / winners.sum_to(self.shape);
        dy * share
    }
}

impl Tensor {
    /// max x over all elements; of shape `[]`, NaN if there is one, -∞ if there are none.
    /// Elements that share the maximum share its gradient.
    #[must_use]
    #[track_caller]
    pub fn max(&self) -> Tensor {
        MaxTo { shape: Shape::from([]) }.apply([self])
    }

    /// max x over the given axes, which disappear. Elements that share the maximum share its
    /// gradient.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn max_over(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, dropped) = kept_and_dropped(self.shape(), axes.into(), "max_over");
        MaxTo { shape: kept }.apply([self]).reshape(dropped)
    }

    /// max x over the given axes, which keep size 1. Elements that share the maximum share its
    /// gradient.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn max_keepdim(&self, axes: impl Into<Axes>) -> Tensor {
        let (kept, _) = kept_and_dropped(self.shape(), axes.into(), "max_keepdim");
        MaxTo { shape: kept }.apply([self])
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::unary(&[MaxTo::NAME], Tensor::max, -20.0..20.0),
    Case::shaped(&[MaxTo::NAME], &[&[3, 4, 5]], |x| x[0].max_over([0, 2])).within(-20.0..20.0),
    Case::shaped(&[MaxTo::NAME], &[&[3, 4, 5]], |x| x[0].max_keepdim(-2)).within(-20.0..20.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "max_over",
        make: || zeros([2, 3]).max_over(2),
        report: "max_over: [2, 3] has no axis 2",
    },
    Mistake {
        method: "max_keepdim",
        make: || zeros([2, 3]).max_keepdim(2),
        report: "max_keepdim: [2, 3] has no axis 2",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    #[test]
    fn equal_maxima_share_the_gradient() {
        let x = Tensor::variable(Array::new([4], &[3.0, 1.0, 3.0, 2.0]));
        let [dx] = grad(&x.max(), [&x], false);
        assert_eq!(dx.numbers(), [0.5, 0.0, 0.5, 0.0]);
    }
}
