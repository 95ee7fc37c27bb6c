//! How are roots, exponentials, logarithms and their kin differentiated?

#[cfg(test)]
use super::case::Case;
use crate::{Array, Op, Tensor};
use kernels::vecmath;

/// y = √x             dx = dy / 2y
struct Sqrt;

impl Op<1> for Sqrt {
    const NAME: &'static str = "sqrt";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::sqrt)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        dy / (2.0 * y)
    }
}

/// y = eˣ             dx = dy y
struct Exp;

impl Op<1> for Exp {
    const NAME: &'static str = "exp";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::exp)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        dy * y
    }
}

/// y = ln x           dx = dy / x
struct Ln;

impl Op<1> for Ln {
    const NAME: &'static str = "ln";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::ln)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        dy / x
    }
}

/// y = tanh x         dx = dy (1 - y²)
struct Tanh;

impl Op<1> for Tanh {
    const NAME: &'static str = "tanh";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::tanh)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        TanhGrad.apply([y, dy])
    }
}

/// z = g (1 - y²)     dy = -2 g y dz,  dg = dz (1 - y²)
struct TanhGrad;

impl Op<2> for TanhGrad {
    const NAME: &'static str = "tanh_grad";

    fn forward(&self, [y, g]: [&Array; 2]) -> Array {
        y.zip(g, Self::NAME, |y, g| g * (1.0 - y * y))
    }

    fn vjp(&self, i: usize, [y, g]: [&Tensor; 2], _: &Tensor, dz: &Tensor) -> Tensor {
        if i == 0 { -2.0 * g * y * dz } else { TanhGrad.apply([y, dz]) }
    }
}

/// y = 1 / (1 + e⁻ˣ)  dx = dy y (1 - y)
struct Sigmoid;

impl Op<1> for Sigmoid {
    const NAME: &'static str = "sigmoid";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::sigmoid)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        SigmoidGrad.apply([y, dy])
    }
}

/// z = g y (1 - y)    dy = g (1 - 2y) dz,  dg = dz y (1 - y)
struct SigmoidGrad;

impl Op<2> for SigmoidGrad {
    const NAME: &'static str = "sigmoid_grad";

    fn forward(&self, [y, g]: [&Array; 2]) -> Array {
        y.zip(g, Self::NAME, |y, g| g * y * (1.0 - y))
    }

    fn vjp(&self, i: usize, [y, g]: [&Tensor; 2], _: &Tensor, dz: &Tensor) -> Tensor {
        if i == 0 { g * (1.0 - 2.0 * y) * dz } else { SigmoidGrad.apply([y, dz]) }
    }
}

/// y = ln(1 + eˣ)     dx = dy sigmoid(x)
struct Softplus;

impl Op<1> for Softplus {
    const NAME: &'static str = "softplus";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.map(vecmath::softplus)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        dy * x.sigmoid()
    }
}

impl Tensor {
    /// √x, element by element; NaN where x < 0. The slope at 0 is infinite.
    #[must_use]
    #[track_caller]
    pub fn sqrt(&self) -> Tensor {
        Sqrt.apply([self])
    }

    /// eˣ, element by element.
    #[must_use]
    #[track_caller]
    pub fn exp(&self) -> Tensor {
        Exp.apply([self])
    }

    /// ln x, element by element; -∞ at 0, NaN where x < 0.
    #[must_use]
    #[track_caller]
    pub fn ln(&self) -> Tensor {
        Ln.apply([self])
    }

    /// tanh x, element by element, in [-1, 1].
    #[must_use]
    #[track_caller]
    pub fn tanh(&self) -> Tensor {
        Tanh.apply([self])
    }

    /// 1 / (1 + e⁻ˣ), element by element, in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn sigmoid(&self) -> Tensor {
        Sigmoid.apply([self])
    }

    /// ln(1 + eˣ), element by element, without overflow.
    #[must_use]
    #[track_caller]
    pub fn softplus(&self) -> Tensor {
        Softplus.apply([self])
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::unary(&[Sqrt::NAME], Tensor::sqrt, 0.5..4.0),
    Case::unary(&[Exp::NAME], Tensor::exp, -2.0..2.0),
    Case::unary(&[Ln::NAME], Tensor::ln, 0.5..4.0),
    Case::unary(&[Tanh::NAME, TanhGrad::NAME], Tensor::tanh, -2.0..2.0),
    Case::unary(&[Sigmoid::NAME, SigmoidGrad::NAME], Tensor::sigmoid, -3.0..3.0),
    Case::unary(&[Softplus::NAME], Tensor::softplus, -3.0..3.0),
];
