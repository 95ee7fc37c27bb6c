//! How is every pixel spread over those around it?

use super::kernel::{Kernel, expect_images, short};
use crate::{Init, Module, Param, Weighted};
use autograd::{Padding, Real, Rng, Sliding, Tensor};

/// A transposed convolution, [`Tensor::conv_transpose2d`]: each input pixel adds a weighted kernel
/// to the output. With stride s the output is s times as large.
///
/// - x: `[n, height, width, inputs]`;
/// - `weight`: `[kernel height, kernel width, outputs / groups, inputs]`; `bias`: `[outputs]`;
/// - y: `[n, output height, output width, outputs]`.
///
/// By single steps and without padding unless told otherwise. Keras stores the weight as here,
/// PyTorch as `[inputs, outputs / groups, kernel height, kernel width]`. The fans from which an
/// [`Init`] draws are those of the convolution that leads back, as in both of them: in is outputs
/// times the kernel's size.
#[derive(Debug)]
pub struct ConvTranspose2d {
    kernel: Kernel,
    output_padding: [usize; 2],
}

impl ConvTranspose2d {
    /// A layer with a kernel of this height and width, weights drawn from `init`, biases of 0.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        init: Init,
        rng: &mut Rng,
    ) -> ConvTranspose2d {
        ConvTranspose2d::grouped(inputs, outputs, kernel, 1, init, rng)
    }

    /// The same with the channels in so many groups; each group of inputs reaches its own group of
    /// outputs.
    ///
    /// # Panics
    /// If the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn grouped(
        inputs: usize,
        outputs: usize,
        [height, width]: [usize; 2],
        groups: usize,
        init: Init,
        rng: &mut Rng,
    ) -> ConvTranspose2d {
        let weight = [height, width, outputs / groups.max(1), inputs];
        let kernel = Kernel::new(weight, [inputs, outputs], groups, init, rng);
        ConvTranspose2d { kernel, output_padding: [0, 0] }
    }

    /// The same, sliding in another way.
    #[must_use]
    pub fn sliding(mut self, sliding: Sliding) -> ConvTranspose2d {
        self.kernel.sliding = sliding;
        self
    }

    /// The same with this stride along both axes.
    #[must_use]
    pub fn stride(self, stride: usize) -> ConvTranspose2d {
        let sliding = self.kernel.sliding.stride(stride);
        self.sliding(sliding)
    }

    /// The same with this padding, which the output loses.
    #[must_use]
    pub fn padding(self, padding: Padding) -> ConvTranspose2d {
        let sliding = self.kernel.sliding.padding(padding);
        self.sliding(sliding)
    }

    /// The same with so many more rows below and columns on the right of the output.
    #[must_use]
    pub fn output_padding(self, output_padding: [usize; 2]) -> ConvTranspose2d {
        ConvTranspose2d { output_padding, ..self }
    }

    /// The same with biases drawn from `init`, whose fans are those of the weight.
    #[must_use]
    pub fn with_bias(mut self, init: Init, rng: &mut Rng) -> ConvTranspose2d {
        let [_, outputs] = self.channels();
        self.kernel = self.kernel.with_bias(outputs, init, rng);
        self
    }

    /// The same without biases, for a layer that a normalisation follows.
    #[must_use]
    pub fn without_bias(mut self) -> ConvTranspose2d {
        self.kernel.bias = None;
        self
    }

    fn channels(&self) -> [usize; 2] {
        let shape = self.kernel.weight.tensor().shape();
        [shape[3], shape[2] * self.kernel.groups]
    }
}

impl Module for ConvTranspose2d {
    fn describe(&self) -> String {
        let text = self.kernel.describe("ConvTranspose2d", self.channels());
        match self.output_padding {
            [0, 0] => text,
            extra => format!("{text}, output padding {}", short(extra)),
        }
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.forward_with(self.kernel.weight.tensor(), x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.forward_with(self.kernel.weight.tensor(), x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.kernel.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.kernel.each_param_mut(visit);
    }
}

impl Weighted for ConvTranspose2d {
    fn weight(&self) -> &Param {
        &self.kernel.weight
    }

    fn output_axis(&self) -> usize {
        2
    }

    #[track_caller]
    fn forward_with(&self, weight: &Tensor, x: &Tensor, slope: Real) -> Tensor {
        expect_images(self, x, self.channels()[0]);
        let Kernel { sliding, groups, .. } = self.kernel;
        let (bias, extra) = (self.kernel.bias(), self.output_padding);
        x.conv_transpose2d_rectified(weight, bias, sliding, extra, groups, slope)
    }
}
