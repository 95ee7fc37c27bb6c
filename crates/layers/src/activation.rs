//! Which functions stand between the linear layers?

use crate::Module;
use autograd::{Real, Tensor};

/// A function applied to each element, or to each row in the case of softmax.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// tanh x, in (-1, 1).
    Tanh,
    /// 1 / (1 + e⁻ˣ), in (0, 1).
    Sigmoid,
    /// max(x, 0).
    Relu,
    /// x where x > 0, else a x. GANs use a = 0.2.
    LeakyRelu(Real),
    /// x where x > 0, else a (eˣ - 1).
    Elu(Real),
    /// ln(1 + eˣ), positive.
    Softplus,
    /// exp(x) / Σ exp(x), the sum over the last axis.
    Softmax,
    /// ln of softmax over the last axis.
    LogSoftmax,
}

impl Activation {
    /// The slope below 0, if it is a rectifier that keeps signs: what a layer that rectifies by itself
    /// has to know.
    pub(crate) fn slope(self) -> Option<Real> {
        match self {
            Activation::Relu => Some(0.0),
            Activation::LeakyRelu(a) if a >= 0.0 => Some(a),
            _ => None,
        }
    }
}

impl Module for Activation {
    fn describe(&self) -> String {
        match self {
            Activation::LeakyRelu(a) => format!("LeakyRelu {a}"),
            Activation::Elu(a) => format!("Elu {a}"),
            plain => format!("{plain:?}"),
        }
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        match *self {
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Relu => x.relu(),
            Activation::LeakyRelu(a) => x.leaky_relu(a),
            Activation::Elu(a) => x.elu(a),
            Activation::Softplus => x.softplus(),
            Activation::Softmax => x.softmax(-1),
            Activation::LogSoftmax => x.log_softmax(-1),
        }
    }

    fn as_activation(&self) -> Option<Activation> {
        Some(*self)
    }
}
