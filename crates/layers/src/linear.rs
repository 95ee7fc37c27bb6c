//! How is every output connected with every input?

use crate::module::expect_input;
use crate::{Fans, Init, Module, Param, Weighted};
use autograd::{Real, Rng, Tensor};

/// A dense layer: y = x W + b.
///
/// - x: `[.., inputs]`; W: `[inputs, outputs]`; b: `[outputs]`; y: `[.., outputs]`.
///
/// Its parameters are `weight` and `bias`. PyTorch stores the weight transposed, Keras as here.
#[derive(Debug)]
pub struct Linear {
    weight: Param,
    bias: Param,
}

impl Linear {
    /// A layer with weights drawn from `init` and biases of 0.
    pub fn new(inputs: usize, outputs: usize, init: Init, rng: &mut Rng) -> Linear {
        Linear {
            weight: Param::new("weight", init.sample([inputs, outputs], rng)),
            bias: Param::new("bias", Init::Zeros.sample([outputs], rng)),
        }
    }

    /// The same with biases drawn from `init`, whose fans are those of the weight.
    #[must_use]
    pub fn with_bias(mut self, init: Init, rng: &mut Rng) -> Linear {
        let shape = *self.weight.tensor().shape();
        let fans = Fans { inputs: shape[0], outputs: shape[1] };
        self.bias = Param::new("bias", init.sample_with(fans, [shape[1]], rng));
        self
    }
}

impl Module for Linear {
    fn describe(&self) -> String {
        let shape = self.weight.tensor().shape();
        format!("Linear {} -> {}", shape[0], shape[1])
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.forward_with(self.weight.tensor(), x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.forward_with(self.weight.tensor(), x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.weight);
        visit(&self.bias);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.weight);
        visit(&mut self.bias);
    }
}

impl Weighted for Linear {
    fn weight(&self) -> &Param {
        &self.weight
    }

    fn output_axis(&self) -> usize {
        1
    }

    #[track_caller]
    fn forward_with(&self, weight: &Tensor, x: &Tensor, slope: Real) -> Tensor {
        let inputs = self.weight.tensor().shape()[0];
        let fits = x.shape().last() == Some(&inputs);
        expect_input(self, x, fits, format_args!("[.., {inputs}]"));
        x.linear_rectified(weight, self.bias.tensor(), slope)
    }
}
