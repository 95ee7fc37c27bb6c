//! How are sums, products, quotients and powers differentiated?
//!
//! Operands broadcast to their common shape. A number is a tensor of shape `[]`. The gradient of
//! a stretched operand is summed back to its own shape: [`Tensor::sum_to`].

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Real, Tensor};
use std::ops;

/// y = a + b          da = dy,  db = dy
struct Add;

impl Op<2> for Add {
    const NAME: &'static str = "add";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, |a, b| a + b)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        dy.sum_to(*x[i].shape())
    }
}

/// y = a - b          da = dy,  db = -dy
struct Sub;

impl Op<2> for Sub {
    const NAME: &'static str = "sub";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, |a, b| a - b)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let dx = dy.sum_to(*x[i].shape());
        if i == 0 { dx } else { -dx }
    }
}

/// y = a b            da = dy b,  db = dy a
struct Mul;

impl Op<2> for Mul {
    const NAME: &'static str = "mul";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, |a, b| a * b)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        (dy * x[1 - i]).sum_to(*x[i].shape())
    }
}

/// y = a / b          da = dy / b,  db = -dy y / b
struct Div;

impl Op<2> for Div {
    const NAME: &'static str = "div";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, |a, b| a / b)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], y: &Tensor, dy: &Tensor) -> Tensor {
        let da = dy / x[1];
        let dx = if i == 0 { da } else { -da * y };
        dx.sum_to(*x[i].shape())
    }
}

/// y = -x             dx = -dy
struct Neg;

impl Op<1> for Neg {
    const NAME: &'static str = "neg";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| -x)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        -dy
    }
}

/// y = 1 / x          dx = -dy y²
struct Recip;

impl Op<1> for Recip {
    const NAME: &'static str = "recip";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(Real::recip)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        -dy * y.square()
    }
}

/// y = x²             dx = 2 x dy
struct Square;

impl Op<1> for Square {
    const NAME: &'static str = "square";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| x * x)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        2.0 * x * dy
    }
}

/// y = x^p            dx = p x^(p-1) dy
struct Pow {
    p: Real,
}

impl Op<1> for Pow {
    const NAME: &'static str = "pow";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(|x| x.powf(self.p))
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        if self.p == 0.0 {
            // Not 0 x^(-1), which is NaN at 0.
            return dy * 0.0;
        }
        self.p * x.pow(self.p - 1.0) * dy
    }
}

/// y = a^b            da = dy b a^(b-1),  db = dy y ln a
struct PowTensor;

impl Op<2> for PowTensor {
    const NAME: &'static str = "pow_tensor";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, Real::powf)
    }

    fn vjp(&self, i: usize, [a, b]: [&Tensor; 2], y: &Tensor, dy: &Tensor) -> Tensor {
        let slope = if i == 0 { b * a.pow_tensor(&(b - 1.0)) } else { y * a.ln() };
        (dy * slope).sum_to(*[a, b][i].shape())
    }
}

impl Tensor {
    /// 1 / x, element by element.
    #[must_use]
    #[track_caller]
    pub fn recip(&self) -> Tensor {
        Recip.apply([self])
    }

    /// x², element by element.
    #[must_use]
    #[track_caller]
    pub fn square(&self) -> Tensor {
        Square.apply([self])
    }

    /// x^p, element by element, for any number p; NaN where x < 0 and p is no integer.
    #[must_use]
    #[track_caller]
    pub fn pow(&self, p: Real) -> Tensor {
        Pow { p }.apply([self])
    }

    /// x^p, element by element, with exponents of their own. Differentiable where x > 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn pow_tensor(&self, p: &Tensor) -> Tensor {
        PowTensor.apply([self, p])
    }
}

/// The operators for every mix of `Tensor`, `&Tensor` and numbers: each borrows its operands
/// and applies the op. A macro because Rust wants a separate `impl` for each of the eight.
macro_rules! operator {
    ($trait:ident, $method:ident, $op:ident) => {
        operator!($trait, $method, $op, &Tensor, &Tensor, |a, b| [a, b]);
        operator!($trait, $method, $op, &Tensor, Tensor, |a, b| [a, &b]);
        operator!($trait, $method, $op, Tensor, &Tensor, |a, b| [&a, b]);
        operator!($trait, $method, $op, Tensor, Tensor, |a, b| [&a, &b]);
        operator!($trait, $method, $op, &Tensor, Real, |a, b| [a, &Tensor::scalar(b)]);
        operator!($trait, $method, $op, Tensor, Real, |a, b| [&a, &Tensor::scalar(b)]);
        operator!($trait, $method, $op, Real, &Tensor, |a, b| [&Tensor::scalar(a), b]);
        operator!($trait, $method, $op, Real, Tensor, |a, b| [&Tensor::scalar(a), &b]);
    };
    ($trait:ident, $method:ident, $op:ident, $a:ty, $b:ty, |$x:ident, $y:ident| $operands:expr) => {
        impl ops::$trait<$b> for $a {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: $b) -> Tensor {
                let ($x, $y) = (self, other);
                $op.apply($operands)
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Sub);
operator!(Mul, mul, Mul);
operator!(Div, div, Div);

impl ops::Neg for &Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        Neg.apply([self])
    }
}

impl ops::Neg for Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        Neg.apply([&self])
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::binary(&[Add::NAME], |a, b| a + b, -2.0..2.0),
    Case::binary(&[Sub::NAME], |a, b| a - b, -2.0..2.0),
    Case::binary(&[Mul::NAME], |a, b| a * b, -2.0..2.0),
    Case::binary(&[Div::NAME], |a, b| a / b, 0.5..2.0),
    Case::unary(&[Neg::NAME], |x| -x, -2.0..2.0),
    Case::unary(&[Recip::NAME], Tensor::recip, 0.5..2.0),
    Case::unary(&[Square::NAME], Tensor::square, -2.0..2.0),
    Case::unary(&[Pow::NAME], |x| x.pow(2.5), 0.5..2.0),
    Case::unary(&[Pow::NAME], |x| x.pow(3.0), -2.0..-0.5),
    Case::binary(&[PowTensor::NAME], Tensor::pow_tensor, 0.5..2.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "add",
        make: || zeros([2, 3]) + zeros([2, 4]),
        report: "add: [2, 3] and [2, 4] do not broadcast: on axis -1 the sizes 3 and 4 differ",
    },
    Mistake {
        method: "sub",
        make: || zeros([2, 3]) - zeros([3]) - zeros([3, 1]),
        report: "sub: [2, 3] and [3, 1] do not broadcast: on axis -2 the sizes 2 and 3 differ",
    },
    Mistake {
        method: "mul",
        make: || zeros([5, 1, 3]) * zeros([2, 4, 1]),
        report: "mul: [5, 1, 3] and [2, 4, 1] do not broadcast: on axis -3 the sizes 5 and 2 differ",
    },
    Mistake {
        method: "div",
        make: || zeros([0]) / zeros([2]),
        report: "div: [0] and [2] do not broadcast: on axis -1 the sizes 0 and 2 differ",
    },
    Mistake {
        method: "pow_tensor",
        make: || zeros([2]).pow_tensor(&zeros([3])),
        report: "pow_tensor: [2] and [3] do not broadcast: on axis -1 the sizes 2 and 3 differ",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    #[test]
    fn operators_take_tensors_references_and_numbers_in_every_mix() {
        let t = || Tensor::scalar(6.0);
        let sums = [t() + t(), &t() + t(), t() + &t(), &t() + &t()];
        assert!(sums.iter().all(|y| y.item() == 12.0));
        let quotients = [t() / 3.0, &t() / 3.0, 12.0 / t(), 12.0 / &t()];
        assert!(quotients.iter().all(|y| y.item() == 2.0));
        let others = [-(t() - 2.0) * 3.0, -(&t() * 2.0), 3.0 * (-&t()) + 6.0, 6.0 - 3.0 * t()];
        assert!(others.iter().all(|y| y.item() == -12.0));
    }

    #[test]
    fn product_gradient_at_zero_is_finite() {
        let [a, b] = [0.0, 5.0].map(|x| Tensor::variable(Array::scalar(x)));
        let [da, db] = grad(&(&a * &b), [&a, &b], false);
        assert_eq!([da.item(), db.item()], [5.0, 0.0]);
    }

    #[test]
    fn powers_at_zero_have_the_slopes_of_their_polynomials() {
        for (p, slope) in [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)] {
            let x = Tensor::variable(Array::scalar(0.0));
            let [dx] = grad(&x.pow(p), [&x], false);
            assert_eq!(dx.item(), slope, "x^{p}");
        }
    }
}
