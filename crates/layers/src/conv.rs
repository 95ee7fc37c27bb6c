//! How is every pixel connected with its neighbours?

mod kernel;
mod transpose;
mod upsample;

pub use transpose::ConvTranspose2d;
pub use upsample::UpsampleConv2d;

pub(crate) use kernel::by;

use crate::{Init, Module, Param, Weighted};
use autograd::{Padding, Real, Rng, Sliding, Tensor};
use kernel::{Kernel, expect_images};

/// A convolution, [`Tensor::conv2d`]: each output pixel is a weighted sum of the input pixels
/// around it.
///
/// - x: `[n, height, width, inputs]`;
/// - `weight`: `[kernel height, kernel width, inputs / groups, outputs]`; `bias`: `[outputs]`;
/// - y: `[n, output height, output width, outputs]`.
///
/// By single steps and without padding unless told otherwise. Keras stores the weight as here,
/// PyTorch as `[outputs, inputs / groups, kernel height, kernel width]`.
#[derive(Debug)]
pub struct Conv2d {
    kernel: Kernel,
}

impl Conv2d {
    /// A layer with a kernel of this height and width, weights drawn from `init`, biases of 0.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: [usize; 2],
        init: Init,
        rng: &mut Rng,
    ) -> Conv2d {
        Conv2d::grouped(inputs, outputs, kernel, 1, init, rng)
    }

    /// The same with the channels in so many groups; each group of outputs sees its own group of
    /// inputs.
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
    ) -> Conv2d {
        let weight = [height, width, inputs / groups.max(1), outputs];
        Conv2d { kernel: Kernel::new(weight, [inputs, outputs], groups, init, rng) }
    }

    /// The same, sliding in another way.
    #[must_use]
    pub fn sliding(mut self, sliding: Sliding) -> Conv2d {
        self.kernel.sliding = sliding;
        self
    }

    /// The same with this stride along both axes.
    #[must_use]
    pub fn stride(self, stride: usize) -> Conv2d {
        let sliding = self.kernel.sliding.stride(stride);
        self.sliding(sliding)
    }

    /// The same with this padding.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Conv2d {
        let sliding = self.kernel.sliding.padding(padding);
        self.sliding(sliding)
    }

    /// The same with biases drawn from `init`, whose fans are those of the weight.
    #[must_use]
    pub fn with_bias(mut self, init: Init, rng: &mut Rng) -> Conv2d {
        let [_, outputs] = self.channels();
        self.kernel = self.kernel.with_bias(outputs, init, rng);
        self
    }

    /// The same without biases, for a layer that a normalisation follows.
    #[must_use]
    pub fn without_bias(mut self) -> Conv2d {
        self.kernel.bias = None;
        self
    }

    fn channels(&self) -> [usize; 2] {
        let shape = self.kernel.weight.tensor().shape();
        [shape[2] * self.kernel.groups, shape[3]]
    }

    /// Whether the kernel slides by single steps, without gaps, over all channels at once.
    fn is_plain(&self) -> bool {
        let Sliding { stride, dilation, .. } = self.kernel.sliding;
        stride == [1, 1] && dilation == [1, 1] && self.kernel.groups == 1
    }
}

impl Module for Conv2d {
    fn describe(&self) -> String {
        self.kernel.describe("Conv2d", self.channels())
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

impl Weighted for Conv2d {
    fn weight(&self) -> &Param {
        &self.kernel.weight
    }

    fn output_axis(&self) -> usize {
        3
    }

    #[track_caller]
    fn forward_with(&self, weight: &Tensor, x: &Tensor, slope: Real) -> Tensor {
        expect_images(self, x, self.channels()[0]);
        let Kernel { sliding, groups, .. } = self.kernel;
        x.conv2d_rectified(weight, self.kernel.bias(), sliding, groups, slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Flatten, Linear, MaxPool2d, Sequential, summary};
    use autograd::Real;

    const INIT: Init = Init::Normal { std: 0.5 };

    #[test]
    fn a_discriminator_of_images_adds_up() {
        let mut rng = Rng::new(0, "weights");
        let model = Sequential::new()
            .add(Conv2d::new(1, 64, [5, 5], INIT, &mut rng).padding(Padding::Same))
            .add(Activation::Tanh)
            .add(MaxPool2d::new(2))
            .add(Conv2d::new(64, 128, [5, 5], INIT, &mut rng))
            .add(Activation::Tanh)
            .add(MaxPool2d::new(2))
            .add(Flatten)
            .add(Linear::new(3200, 1024, INIT, &mut rng));
        let expected = "\
layer                      output         parameters
Conv2d 1 -> 64, 5x5, same  [28, 28, 64]        1,664
Tanh                       [28, 28, 64]            0
MaxPool2d 2x2              [14, 14, 64]            0
Conv2d 64 -> 128, 5x5      [10, 10, 128]     204,928
Tanh                       [10, 10, 128]           0
MaxPool2d 2x2              [5, 5, 128]             0
Flatten                    [3200]                  0
Linear 3200 -> 1024        [1024]          3,277,824
total                                      3,484,416";
        assert_eq!(summary(&model, &[28, 28, 1]), expected);
    }

    #[test]
    fn descriptions_name_what_is_not_the_default() {
        let mut rng = Rng::new(0, "weights");
        let conv = Conv2d::grouped(4, 6, [3, 5], 2, INIT, &mut rng).stride(2).without_bias();
        assert_eq!(conv.describe(), "Conv2d 4 -> 6, 3x5, stride 2, 2 groups, no bias");
        let conv = ConvTranspose2d::new(8, 3, [4, 4], INIT, &mut rng)
            .stride(2)
            .padding(Padding::all(1))
            .output_padding([1, 0]);
        let expected = "ConvTranspose2d 8 -> 3, 4x4, stride 2, padding 1, output padding 1x0";
        assert_eq!(conv.describe(), expected);
    }

    #[test]
    fn both_draw_from_the_fans_of_their_weight() {
        let mut rng = Rng::new(0, "weights");
        let bound = |fan: usize| 1.0 / (fan as Real).sqrt();
        let largest = |layer: &dyn Module| -> Vec<Real> {
            let abs = |w: &Tensor| w.numbers().iter().fold(0.0, |a: Real, b| a.max(b.abs()));
            layer.params().iter().map(|param| abs(param.tensor())).collect()
        };
        // PyTorch: in / groups · kernel for a convolution, out / groups · kernel for a transposed
        // one. The largest of so many uniform numbers is near the bound.
        let conv = Conv2d::grouped(64, 96, [3, 3], 2, Init::FanIn, &mut rng)
            .with_bias(Init::FanIn, &mut rng);
        let transposed = ConvTranspose2d::grouped(64, 96, [3, 3], 2, Init::FanIn, &mut rng)
            .with_bias(Init::FanIn, &mut rng);
        for (layer, fan) in [(&conv as &dyn Module, 32 * 9), (&transposed, 48 * 9)] {
            for (largest, at_least) in largest(layer).into_iter().zip([0.999, 0.9]) {
                let ratio = largest / bound(fan);
                assert!((at_least..=1.0).contains(&ratio), "{}: {ratio}", layer.describe());
            }
        }
    }

    #[test]
    #[should_panic(
        expected = "Conv2d 4 -> 6, 3x3, 2 groups: input [1, 5, 5, 2] is not [n, height, width, 4]"
    )]
    fn a_convolution_says_which_images_it_wants() {
        let conv = Conv2d::grouped(4, 6, [3, 3], 2, INIT, &mut Rng::new(0, "weights"));
        let _ = conv.forward(&Tensor::full([1, 5, 5, 2], 0.0));
    }

    #[test]
    #[should_panic(
        expected = "ConvTranspose2d 6 -> 4, 3x3: input [5, 5, 6] is not [n, height, width, 6]"
    )]
    fn a_transposed_convolution_says_which_images_it_wants() {
        let conv = ConvTranspose2d::new(6, 4, [3, 3], INIT, &mut Rng::new(0, "weights"));
        let _ = conv.forward(&Tensor::full([5, 5, 6], 0.0));
    }

    #[test]
    #[should_panic(expected = "convolution: 3 groups do not divide 4 and 6 channels")]
    fn groups_divide_the_channels() {
        let _ = Conv2d::grouped(4, 6, [3, 3], 3, INIT, &mut Rng::new(0, "weights"));
    }
}
