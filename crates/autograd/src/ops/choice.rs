//! How are choices between two numbers differentiated?
//!
//! Where a number was chosen, its gradient is that of the result, elsewhere 0. Which one was chosen
//! is a step function of both, so it is a constant of the second derivative.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
#[cfg(test)]
use super::piecewise::{signs, slope_at};
use crate::{Array, Op, Real, Tensor};
use kernels::reduce::{larger, smaller};

/// The factor of dy for an operand: 1 where it won, 1/2 where both are equal, else 0.
fn share(winner: &Tensor, loser: &Tensor) -> Tensor {
    let share = |a, b| if a == b { 0.5 } else { f64::from(u8::from(a > b)) as Real };
    Tensor::constant(winner.value().zip(loser.value(), "share", share))
}

/// y = max(a, b)      da = dy where a > b, dy/2 where a = b, else 0;  db likewise
struct Maximum;

impl Op<2> for Maximum {
    const NAME: &'static str = "maximum";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, larger)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let won = share(x[i], x[1 - i]);
        (dy * won).sum_to(*x[i].shape())
    }
}

/// y = min(a, b)      da = dy where a < b, dy/2 where a = b, else 0;  db likewise
struct Minimum;

impl Op<2> for Minimum {
    const NAME: &'static str = "minimum";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, smaller)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let won = share(&-x[i].detach(), &-x[1 - i].detach());
        (dy * won).sum_to(*x[i].shape())
    }
}

/// y = a where the mask is not 0, else b        da = dy there, else 0;  db the rest
struct Select {
    mask: Array,
}

impl Op<2> for Select {
    const NAME: &'static str = "select";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        let shape = a.shape().broadcast_or_panic(b.shape(), Self::NAME);
        let shape = shape.broadcast_or_panic(self.mask.shape(), Self::NAME);
        let [mask, a, b] = [&self.mask, a, b].map(|x| x.broadcast_to(&shape));
        Array::filled_by(shape, |out| {
            let inputs = [mask.numbers(), a.numbers(), b.numbers()];
            kernels::elementwise::zip3(inputs, out, |m, a, b| if m != 0.0 { a } else { b });
        })
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let zero = Tensor::scalar(0.0);
        let operands = if i == 0 { [dy, &zero] } else { [&zero, dy] };
        Select { mask: self.mask.clone() }.apply(operands).sum_to(*x[i].shape())
    }
}

impl Tensor {
    /// The larger of a and b, element by element, NaN if either is. Where they are equal, each
    /// gets half of the gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn maximum(&self, other: &Tensor) -> Tensor {
        Maximum.apply([self, other])
    }

    /// The smaller of a and b, element by element, NaN if either is. Where they are equal, each
    /// gets half of the gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn minimum(&self, other: &Tensor) -> Tensor {
        Minimum.apply([self, other])
    }

    /// a where this mask is not 0, else b, element by element: what other libraries call `where`.
    /// No gradient flows to the mask, and 0 to the element that was not taken.
    ///
    /// 0 times an infinite slope is NaN: where the function behind the element not taken has one,
    /// as √x at 0, select its input, not its output.
    ///
    /// # Panics
    /// If the three shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn select(&self, a: &Tensor, b: &Tensor) -> Tensor {
        Select { mask: self.value().clone() }.apply([a, b])
    }

    /// The mask that is 1 where a > b, else 0. It has no gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn greater(&self, other: &Tensor) -> Tensor {
        self.compare(other, "greater", |a, b| a > b)
    }

    /// The mask that is 1 where a < b, else 0. It has no gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn less(&self, other: &Tensor) -> Tensor {
        self.compare(other, "less", |a, b| a < b)
    }

    /// The mask that is 1 where a = b, else 0. It has no gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn equal(&self, other: &Tensor) -> Tensor {
        self.compare(other, "equal", |a, b| a == b)
    }

    #[track_caller]
    fn compare(&self, other: &Tensor, op: &str, f: impl Fn(Real, Real) -> bool + Sync) -> Tensor {
        let mask = self.value().zip(other.value(), op, |a, b| if f(a, b) { 1.0 } else { 0.0 });
        Tensor::constant(mask)
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    // The operands are driven apart, so that no step crosses a kink.
    Case::shaped(&[Maximum::NAME], &[&[3, 4], &[4]], |x| (&x[0] + 5.0 * signs()).maximum(&x[1])),
    Case::shaped(&[Minimum::NAME], &[&[4], &[3, 4]], |x| x[0].minimum(&(&x[1] + 5.0 * signs()))),
    Case::shaped(&[Select::NAME], &[&[3, 4], &[4]], |x| signs().relu().select(&x[0], &x[1])),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "maximum",
        make: || zeros([2, 3]).maximum(&zeros([4])),
        report: "maximum: [2, 3] and [4] do not broadcast: on axis -1 the sizes 3 and 4 differ",
    },
    Mistake {
        method: "minimum",
        make: || zeros([3, 2]).minimum(&zeros([2, 2])),
        report: "minimum: [3, 2] and [2, 2] do not broadcast: on axis -2 the sizes 3 and 2 differ",
    },
    Mistake {
        method: "select",
        make: || zeros([2]).select(&zeros([3]), &zeros([1])),
        report: "select: [3] and [2] do not broadcast: on axis -1 the sizes 3 and 2 differ",
    },
    Mistake {
        method: "select",
        make: || zeros([]).select(&zeros([3]), &zeros([2])),
        report: "select: [3] and [2] do not broadcast: on axis -1 the sizes 3 and 2 differ",
    },
    Mistake {
        method: "greater",
        make: || zeros([2]).greater(&zeros([3])),
        report: "greater: [2] and [3] do not broadcast: on axis -1 the sizes 2 and 3 differ",
    },
    Mistake {
        method: "less",
        make: || zeros([2]).less(&zeros([3])),
        report: "less: [2] and [3] do not broadcast: on axis -1 the sizes 2 and 3 differ",
    },
    Mistake {
        method: "equal",
        make: || zeros([2]).equal(&zeros([3])),
        report: "equal: [2] and [3] do not broadcast: on axis -1 the sizes 2 and 3 differ",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    #[test]
    fn equal_operands_share_the_gradient() {
        assert_eq!(slope_at(2.0, |x| x.maximum(&Tensor::scalar(2.0))), 0.5);
        assert_eq!(slope_at(2.0, |x| x.minimum(&Tensor::scalar(2.0))), 0.5);
    }

    #[test]
    fn a_nan_is_always_chosen() {
        let (x, one) = (Tensor::scalar(Real::NAN), Tensor::scalar(1.0));
        let all = [x.maximum(&one), one.maximum(&x), x.minimum(&one), one.minimum(&x)];
        assert!(all.iter().all(|y| y.item().is_nan()));
    }

    #[test]
    fn infinite_operands_that_are_equal_share_the_gradient() {
        for (x, f) in [
            (Real::INFINITY, Tensor::maximum as fn(&Tensor, &Tensor) -> Tensor),
            (Real::NEG_INFINITY, Tensor::minimum),
        ] {
            assert_eq!(slope_at(x, |t| f(t, &Tensor::scalar(x))), 0.5);
        }
    }

    #[test]
    fn selecting_the_input_keeps_the_gradient_finite() {
        let x = Tensor::variable(Array::new([2], &[4.0, -4.0]));
        let positive = x.greater(&Tensor::scalar(0.0));
        let dx = |y: Tensor| grad(&y.sum(), [&x], false)[0].numbers().to_vec();
        let output = dx(positive.select(&x.sqrt(), &(&x * 2.0)));
        assert!(output[0] == 0.25 && output[1].is_nan());
        let safe = positive.select(&x, &Tensor::scalar(1.0));
        assert_eq!(dx(positive.select(&safe.sqrt(), &(&x * 2.0))), [0.25, 2.0]);
    }
}
