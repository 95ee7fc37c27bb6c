//! How are an upsampling and a convolution one layer?

use super::Conv2d;
use super::kernel::expect_images;
use crate::{Module, Param, Upsample, Weighted};
use autograd::{Real, Tensor};

/// An upsampling, then a convolution: y = conv(upsample(x)).
///
/// If the upsampling repeats each pixel twice and the convolution is plain (stride 1, no dilation,
/// one group), both are one op on the small image, [`Tensor::upsample_conv2d`]: equal up to
/// rounding, and cheaper by more than half. [`Module::describe`] then says "in one step". Otherwise
/// the two layers run one after the other.
///
/// The parameters are those of the convolution, by the same names.
#[derive(Debug)]
pub struct UpsampleConv2d {
    upsample: Upsample,
    conv: Conv2d,
}

impl UpsampleConv2d {
    /// The two layers as one.
    pub fn new(upsample: Upsample, conv: Conv2d) -> UpsampleConv2d {
        UpsampleConv2d { upsample, conv }
    }

    /// Whether there is one op for both.
    fn in_one_step(&self) -> bool {
        self.upsample == Upsample::nearest(2) && self.conv.is_plain()
    }
}

impl Module for UpsampleConv2d {
    fn describe(&self) -> String {
        let steps = if self.in_one_step() { " in one step" } else { "" };
        format!("{} + {}{steps}", self.upsample.describe(), self.conv.describe())
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.forward_with(self.weight().tensor(), x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.forward_with(self.weight().tensor(), x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.conv.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.conv.each_param_mut(visit);
    }
}

impl Weighted for UpsampleConv2d {
    fn weight(&self) -> &Param {
        self.conv.weight()
    }

    fn output_axis(&self) -> usize {
        self.conv.output_axis()
    }

    #[track_caller]
    fn forward_with(&self, weight: &Tensor, x: &Tensor, slope: Real) -> Tensor {
        if self.in_one_step() {
            expect_images(self, x, self.conv.channels()[0]);
            let kernel = &self.conv.kernel;
            let padding = kernel.sliding.padding;
            return x.upsample_conv2d_rectified(weight, kernel.bias(), padding, slope);
        }
        self.conv.forward_with(weight, &self.upsample.forward(x), slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Init, SpectralNorm};
    use autograd::{Padding, Rng};

    const INIT: Init = Init::Normal { std: 0.5 };

    #[test]
    fn one_step_is_chosen_where_it_equals_two() {
        let mut rng = Rng::new(0, "weights");
        let x = Tensor::constant(rng.normal([2, 5, 4, 3]));
        for (upsample, stride, expected) in [
            (Upsample::nearest(2), 1, true),
            (Upsample::nearest(2), 2, false),
            (Upsample::nearest(3), 1, false),
            (Upsample::bilinear(2), 1, false),
        ] {
            let conv = || {
                let mut rng = Rng::new(1, "weights");
                let conv = Conv2d::new(3, 2, [5, 5], INIT, &mut rng).with_bias(INIT, &mut rng);
                conv.stride(stride).padding(Padding::Same)
            };
            let two = conv().forward(&upsample.forward(&x));
            let both = UpsampleConv2d::new(upsample, conv());
            assert_eq!(both.describe().ends_with("in one step"), expected, "{}", both.describe());
            let one = both.forward(&x);
            assert_eq!(one.shape(), two.shape());
            for (one, two) in one.numbers().iter().zip(two.numbers()) {
                assert!((one - two).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_normalised_weight_is_that_of_the_convolution() {
        let x = Tensor::constant(Rng::new(0, "x").normal([2, 3, 4, 3]));
        for upsample in [Upsample::nearest(2), Upsample::bilinear(2)] {
            let mut rng = Rng::new(1, "weights");
            let conv = Conv2d::new(3, 2, [3, 3], INIT, &mut rng);
            let mut again = Rng::new(1, "weights");
            let both = Conv2d::new(3, 2, [3, 3], INIT, &mut again);
            let conv = SpectralNorm::new(conv, &mut rng);
            let both = SpectralNorm::new(UpsampleConv2d::new(upsample, both), &mut again);
            let (one, two) = (both.forward(&x), conv.forward(&upsample.forward(&x)));
            assert_eq!(one.shape(), two.shape());
            for (one, two) in one.numbers().iter().zip(two.numbers()) {
                assert!((one - two).abs() < 1e-5, "{one} {two}");
            }
        }
    }
}
