//! How are functions with a kink differentiated?
//!
//! Each is made of smooth pieces. Between the kinks the slope is that of the piece; at a kink,
//! where no derivative exists, each function says which slope it takes. The slope of a straight
//! piece does not depend on x, so it is a constant of the second derivative.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Real, Tensor};

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
];

/// dy/dx of y = f(x) for a single number.
#[cfg(test)]
pub(super) fn slope_at(x: Real, f: impl Fn(&Tensor) -> Tensor) -> Real {
    let x = Tensor::variable(Array::scalar(x));
    let [dx] = crate::grad(&f(&x), [&x], false);
    dx.item()
}

#[cfg(test)]
pub(super) fn signs() -> Tensor {
    let signs: [Real; 12] = [1., -1., 1., 1., -1., -1., 1., -1., 1., -1., 1., 1.];
    Tensor::new([3, 4], &signs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kink_has_its_stated_slope() {
        assert_eq!(slope_at(0.0, Tensor::abs), 0.0);
        assert_eq!(slope_at(0.0, Tensor::relu), 0.0);
        assert_eq!(slope_at(0.0, |x| x.leaky_relu(0.2)), 0.2);
        assert_eq!(slope_at(0.0, |x| x.elu(1.5)), 1.5);
        assert_eq!(slope_at(1.0, |x| x.clamp(-1.0, 1.0)), 1.0);
        assert_eq!(slope_at(1.5, |x| x.clamp(-1.0, 1.0)), 0.0);
    }

    #[test]
    fn a_nan_passes_through_every_kink() {
        let x = Tensor::scalar(Real::NAN);
        let all = [x.abs(), x.relu(), x.leaky_relu(0.2), x.elu(1.0), x.clamp(0.0, 1.0)];
        assert!(all.iter().all(|y| y.item().is_nan()));
    }
}
