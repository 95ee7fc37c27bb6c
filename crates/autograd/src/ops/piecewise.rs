//! How are functions with a kink differentiated?
//!
//! Each is made of smooth pieces. Between the kinks the slope is that of the piece; at a kink,
//! where no derivative exists, each function says which slope it takes. The slope of a straight
//! piece does not depend on x, so it is a constant of the second derivative.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Real, Tensor};
use kernels::reduce::{larger, smaller};

/// z = slope(x) g     dg = slope(x) dz,  and nothing for x: a step's own slope is 0
struct Slope<F> {
    slope: F,
}

impl<F: Fn(Real) -> Real + Copy + Send + Sync + 'static> Op<2> for Slope<F> {
    const NAME: &'static str = "slope";

    fn forward(&self, [x, g]: [&Array; 2]) -> Array {
        x.zip(g, Self::NAME, |x, g| (self.slope)(x) * g)
    }

    fn vjp(&self, _: usize, [x, _]: [&Tensor; 2], _: &Tensor, dz: &Tensor) -> Tensor {
        step_times(x, dz, self.slope)
    }
}

/// slope(x) dy, for a slope that is a step function of x.
pub(super) fn step_times<F>(x: &Tensor, dy: &Tensor, slope: F) -> Tensor
where
    F: Fn(Real) -> Real + Copy + Send + Sync + 'static,
{
    // Detached: the sweep never asks for the derivative in x.
    Slope { slope }.apply([&x.detach(), dy])
}

/// y = |x|            dx = sign(x) dy, 0 at 0
struct Abs;

impl Op<1> for Abs {
    const NAME: &'static str = "abs";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(Real::abs)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        step_times(x, dy, |x| if x == 0.0 { 0.0 } else { x.signum() })
    }
}

/// y = max(x, 0)      dx = dy where x > 0, else 0
struct Relu;

impl Op<1> for Relu {
    const NAME: &'static str = "relu";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        // This way round a NaN stays one.
        x.map(|x| if x <= 0.0 { 0.0 } else { x })
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        step_times(x, dy, |x| if x > 0.0 { 1.0 } else { 0.0 })
    }
}

/// y = x where x > 0, else a x          dx = dy where x > 0, else a dy
struct LeakyRelu {
    a: Real,
}

impl Op<1> for LeakyRelu {
    const NAME: &'static str = "leaky_relu";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| if x > 0.0 { x } else { self.a * x })
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        let a = self.a;
        step_times(x, dy, move |x| if x > 0.0 { 1.0 } else { a })
    }
}

/// y = x where x > 0, else a (eˣ - 1)   dx = dy where x > 0, else dy (y + a)
struct Elu {
    a: Real,
}

impl Op<1> for Elu {
    const NAME: &'static str = "elu";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| if x > 0.0 { x } else { self.a * exp_minus_1(x) })
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        x.greater(&Tensor::scalar(0.0)).select(dy, &(dy * (y + self.a)))
    }
}

/// eˣ - 1 = 2t / (1 - t),  t = tanh(x/2), for x <= 0: exact near 0, where eˣ is too close to 1.
#[inline(always)]
fn exp_minus_1(x: Real) -> Real {
    let t = kernels::vecmath::tanh(0.5 * x);
    2.0 * t / (1.0 - t)
}

/// y = min(max(x, low), high)           dx = dy where low <= x <= high, else 0
struct Clamp {
    low: Real,
    high: Real,
}

impl Op<1> for Clamp {
    const NAME: &'static str = "clamp";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| x.clamp(self.low, self.high))
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        let Clamp { low, high } = *self;
        step_times(x, dy, move |x| if low <= x && x <= high { 1.0 } else { 0.0 })
    }
}

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
    /// |x|, element by element; slope 0 at 0.
    #[must_use]
    #[track_caller]
    pub fn abs(&self) -> Tensor {
        Abs.apply([self])
    }

    /// max(x, 0), element by element; slope 0 at 0.
    #[must_use]
    #[track_caller]
    pub fn relu(&self) -> Tensor {
        Relu.apply([self])
    }

    /// x where x > 0, else a x, element by element; slope a at 0.
    ///
    /// Source: Maas, Hannun, Ng 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic
    /// Models".
    #[must_use]
    #[track_caller]
    pub fn leaky_relu(&self, a: Real) -> Tensor {
        LeakyRelu { a }.apply([self])
    }

    /// x where x > 0, else a (eˣ - 1), element by element; slope a at 0.
    ///
    /// Source: Clevert, Unterthiner, Hochreiter 2015, "Fast and Accurate Deep Network Learning by
    /// Exponential Linear Units", eq. 16.
    #[must_use]
    #[track_caller]
    pub fn elu(&self, a: Real) -> Tensor {
        Elu { a }.apply([self])
    }

    /// min(max(x, low), high), element by element; slope 1 at the ends of the interval.
    ///
    /// # Panics
    /// If low > high, or one of them is NaN.
    #[must_use]
    #[track_caller]
    pub fn clamp(&self, low: Real, high: Real) -> Tensor {
        assert!(low <= high, "clamp: [{low}, {high}] is not an interval");
        Clamp { low, high }.apply([self])
    }

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
    Case::unary(&[Abs::NAME, "slope"], Tensor::abs, 0.5..2.0),
    Case::unary(&[Abs::NAME], Tensor::abs, -2.0..-0.5),
    Case::unary(&[Relu::NAME], Tensor::relu, 0.5..2.0),
    Case::shaped(&[Relu::NAME], &[&[3, 4]], |x| (&x[0] * signs()).relu()).within(0.5..2.0),
    Case::unary(&[LeakyRelu::NAME], |x| x.leaky_relu(0.2), 0.5..2.0),
    Case::unary(&[LeakyRelu::NAME], |x| x.leaky_relu(0.2), -2.0..-0.5),
    Case::unary(&[Elu::NAME], |x| x.elu(1.5), 0.5..2.0),
    Case::unary(&[Elu::NAME], |x| x.elu(1.5), -2.0..-0.5),
    Case::unary(&[Clamp::NAME], |x| x.clamp(-3.0, 3.0), -2.0..2.0),
    Case::shaped(&[Clamp::NAME], &[&[3, 4]], |x| (&x[0] * signs()).clamp(-3.0, 0.0))
        .within(0.5..2.0),
    // The operands are driven apart, so that no step crosses a kink.
    Case::shaped(&[Maximum::NAME], &[&[3, 4], &[4]], |x| (&x[0] + 5.0 * signs()).maximum(&x[1])),
    Case::shaped(&[Minimum::NAME], &[&[4], &[3, 4]], |x| x[0].minimum(&(&x[1] + 5.0 * signs()))),
    Case::shaped(&[Select::NAME], &[&[3, 4], &[4]], |x| signs().relu().select(&x[0], &x[1])),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "clamp",
        make: || zeros([2]).clamp(1.0, -1.0),
        report: "clamp: [1, -1] is not an interval",
    },
    Mistake {
        method: "clamp",
        make: || zeros([2]).clamp(0.0, Real::NAN),
        report: "clamp: [0, NaN] is not an interval",
    },
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
fn signs() -> Tensor {
    let signs: [Real; 12] = [1., -1., 1., 1., -1., -1., 1., -1., 1., -1., 1., 1.];
    Tensor::new([3, 4], &signs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    fn slope_at(x: Real, f: impl Fn(&Tensor) -> Tensor) -> Real {
        let x = Tensor::variable(Array::scalar(x));
        let [dx] = grad(&f(&x), [&x], false);
        dx.item()
    }

    #[test]
    fn each_kink_has_its_stated_slope() {
        assert_eq!(slope_at(0.0, Tensor::abs), 0.0);
        assert_eq!(slope_at(0.0, Tensor::relu), 0.0);
        assert_eq!(slope_at(0.0, |x| x.leaky_relu(0.2)), 0.2);
        assert_eq!(slope_at(0.0, |x| x.elu(1.5)), 1.5);
        assert_eq!(slope_at(1.0, |x| x.clamp(-1.0, 1.0)), 1.0);
        assert_eq!(slope_at(1.5, |x| x.clamp(-1.0, 1.0)), 0.0);
        assert_eq!(slope_at(2.0, |x| x.maximum(&Tensor::scalar(2.0))), 0.5);
        assert_eq!(slope_at(2.0, |x| x.minimum(&Tensor::scalar(2.0))), 0.5);
    }

    #[test]
    fn a_nan_passes_through_every_kink() {
        let x = Tensor::scalar(Real::NAN);
        let one = Tensor::scalar(1.0);
        let all = [
            x.abs(),
            x.relu(),
            x.leaky_relu(0.2),
            x.elu(1.0),
            x.clamp(0.0, 1.0),
            x.maximum(&one),
            one.maximum(&x),
            x.minimum(&one),
            one.minimum(&x),
        ];
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
