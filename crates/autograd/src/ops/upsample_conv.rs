//! How is an upsampled convolution differentiated?
//!
//! As a convolution is: it is linear in the image and in the weights, so it has two gradients, and
//! the three are each other's derivatives. [`kernels::conv::upsampled`] has all three on the small
//! image.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::conv::{Convolution, conv_geometry};
use super::rectified::check_slope;
use super::sliding::{Padding, Sliding};
use crate::{Array, Op, Real, Tensor};
use kernels::Epilogue;
use kernels::conv::{Geometry, upsampled};

/// The shape of an image half as high and as wide as what this convolution sees.
fn small(g: &Geometry) -> [usize; 4] {
    let [batch, height, width, channels] = g.x_shape();
    [batch, height / 2, width / 2, channels]
}

/// y = upconv(x, w) + b          dx = upconv_t(dy, w),  dw = upconv_w(x, dy)
#[derive(Clone, Copy)]
struct UpsampleConv(Geometry);

impl Convolution for UpsampleConv {
    const PLAIN: &'static str = "upsample_conv2d";
    const RECTIFIED: &'static str = "upsample_conv2d_rectified";

    fn compute(&self, x: &[Real], w: &[Real], epilogue: Epilogue<'_>) -> Array {
        let UpsampleConv(g) = self;
        Array::filled_by(g.y_shape(), |y| upsampled::forward(g, x, w, epilogue, y))
    }

    fn dx(&self, dy: &Tensor, w: &Tensor) -> Tensor {
        InputGradient(self.0).apply([dy, w])
    }

    fn dw(&self, x: &Tensor, dy: &Tensor) -> Tensor {
        WeightGradient(self.0).apply([x, dy])
    }
}

/// x = upconv_t(g, w)            dg = upconv(dx, w),  dw = upconv_w(dx, g)
#[derive(Clone, Copy)]
struct InputGradient(Geometry);

impl Op<2> for InputGradient {
    const NAME: &'static str = "upsample_conv2d_input_gradient";

    fn forward(&self, [g, w]: [&Array; 2]) -> Array {
        let (g, w) = (g.numbers(), w.numbers());
        Array::filled_by(small(&self.0), |dx| upsampled::input_gradient(&self.0, g, w, dx))
    }

    fn vjp(&self, i: usize, [g, w]: [&Tensor; 2], _: &Tensor, dx: &Tensor) -> Tensor {
        match i {
            0 => UpsampleConv(self.0).apply([dx, w]),
            _ => WeightGradient(self.0).apply([dx, g]),
        }
    }
}

/// w = upconv_w(x, g)            dx = upconv_t(g, dw),  dg = upconv(x, dw)
#[derive(Clone, Copy)]
struct WeightGradient(Geometry);

impl Op<2> for WeightGradient {
    const NAME: &'static str = "upsample_conv2d_weight_gradient";

    fn forward(&self, [x, g]: [&Array; 2]) -> Array {
        let (x, g) = (x.numbers(), g.numbers());
        Array::filled_by(self.0.w_shape(), |dw| upsampled::weight_gradient(&self.0, x, g, dw))
    }

    fn vjp(&self, i: usize, [x, g]: [&Tensor; 2], _: &Tensor, dw: &Tensor) -> Tensor {
        match i {
            0 => InputGradient(self.0).apply([g, dw]),
            _ => UpsampleConv(self.0).apply([x, dw]),
        }
    }
}

impl Tensor {
    /// Upsampling to twice the size, then a convolution, in one step on the small image:
    ///
    /// y = conv2d(u, w) + bias,   u\[n, i, j, c\] = x\[n, i / 2, j / 2, c\]
    ///
    /// at stride 1. Equal to the two steps up to rounding, with 2.78 times fewer multiply-adds for
    /// 5 x 5 kernels and 2.25 times fewer for 3 x 3, before any are shared.
    ///
    /// - `self`: `[n, height, width, inputs]`;
    /// - `weight`: `[kernel height, kernel width, inputs, outputs]`; `bias`: `[outputs]`;
    /// - `padding`: that of the image of twice the size;
    /// - returns `[n, output height, output width, outputs]`; a size is 2 size with
    ///   [`Padding::Same`] and else 2 size + padding - taps + 1.
    ///
    /// # Panics
    /// If the shapes are not these, or the kernel is larger than the padded image of twice the
    /// size.
    #[must_use]
    #[track_caller]
    pub fn upsample_conv2d(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        padding: Padding,
    ) -> Tensor {
        self.upsample_conv2d_rectified(weight, bias, padding, 1.0)
    }

    /// [`Tensor::upsample_conv2d`] and a rectifier behind it, as one op: z where z, the convolution, is
    /// positive, else slope · z. With a slope of 1 that is z, with 0 it is max(z, 0).
    ///
    /// # Panics
    /// As [`Tensor::upsample_conv2d`], or if the slope is negative.
    #[must_use]
    #[track_caller]
    pub fn upsample_conv2d_rectified(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        padding: Padding,
        slope: Real,
    ) -> Tensor {
        let op = UpsampleConv::PLAIN;
        check_slope(op, slope);
        let sliding = Sliding::UNIT.padding(padding);
        let large = conv_geometry(op, [self, weight], bias, sliding, 1, 2);
        UpsampleConv(large).apply_to([self, weight], bias, slope)
    }
}

#[cfg(test)]
const FAMILY: &[&str] = &[UpsampleConv::PLAIN, InputGradient::NAME, WeightGradient::NAME];

#[cfg(test)]
const RECTIFIED: &[&str] = &[UpsampleConv::RECTIFIED];

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(FAMILY, &[&[2, 2, 3, 2], &[5, 5, 2, 2], &[2]], |x| {
        x[0].upsample_conv2d(&x[1], Some(&x[2]), Padding::Same)
    }),
    Case::shaped(FAMILY, &[&[1, 3, 2, 2], &[3, 4, 2, 1]], |x| {
        x[0].upsample_conv2d(
            &x[1],
            None,
            Padding::Explicit { top: 1, bottom: 0, left: 0, right: 2 },
        )
    }),
    // All sums on one side of the kink, then all on the other.
    Case::shaped(RECTIFIED, &[&[2, 2, 3, 2], &[3, 3, 2, 2], &[2]], |x| {
        x[0].upsample_conv2d_rectified(&x[1], Some(&x[2]), Padding::Same, 0.2)
    })
    .within(0.5..2.0),
    Case::shaped(RECTIFIED, &[&[1, 2, 2, 2], &[5, 4, 2, 2]], |x| {
        x[0].upsample_conv2d_rectified(&-&x[1], None, Padding::Same, 0.2)
    })
    .within(0.5..2.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "upsample_conv2d",
        make: || zeros([1, 7, 7, 3]).upsample_conv2d(&zeros([5, 5, 2, 1]), None, Padding::Same),
        report: "upsample_conv2d: input [1, 7, 7, 3] has 3 channels, weight [5, 5, 2, 1] wants 2",
    },
    Mistake {
        method: "upsample_conv2d_rectified",
        make: || {
            let (x, w) = (zeros([1, 7, 7, 2]), zeros([5, 5, 2, 1]));
            x.upsample_conv2d_rectified(&w, None, Padding::Same, -1.0)
        },
        report: "upsample_conv2d: a rectifier's slope is at least 0, got -1",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, grad};

    /// Repeats each pixel along both axes by the ops that are there anyway.
    fn upsampled(x: &Tensor) -> Tensor {
        let [n, h, w, c] = x.shape()[..].try_into().unwrap();
        let repeated = x.reshape([n * h, 1, w, 1, c]).broadcast_to([n * h, 2, w, 2, c]);
        repeated.reshape([n, 2 * h, 2 * w, c])
    }

    #[test]
    fn one_step_equals_two_with_all_gradients() {
        let tolerance = if size_of::<crate::Real>() == 8 { 1e-12 } else { 1e-4 };
        for (side, kernel, padding) in [
            (7, 5, Padding::Same),
            (4, 3, Padding::Same),
            (3, 4, Padding::Same),
            (5, 5, Padding::Valid),
            (2, 1, Padding::Valid),
            (3, 3, Padding::Explicit { top: 3, bottom: 1, left: 0, right: 2 }),
        ] {
            let mut rng = Rng::new(0, "upsample");
            let [x, w, b] = [&[2, side, side + 1, 3][..], &[kernel, kernel, 3, 2], &[2]]
                .map(|shape| Tensor::variable(rng.normal(shape)));
            let one = x.upsample_conv2d(&w, Some(&b), padding);
            let sliding = Sliding::UNIT.padding(padding);
            let two = upsampled(&x).conv2d(&w, Some(&b), sliding, 1);
            assert_eq!(one.shape(), two.shape());
            let u = Tensor::constant(rng.normal(*one.shape()));
            let gradients = |y: &Tensor| grad(&(y * &u).sum(), [&x, &w, &b], false);
            let found = [one.clone()].into_iter().chain(gradients(&one));
            let expected = [two.clone()].into_iter().chain(gradients(&two));
            for (found, expected) in found.zip(expected) {
                let largest = expected.value().map(crate::Real::abs);
                let largest = largest.numbers().iter().fold(0.0, |a: crate::Real, b| a.max(*b));
                for (found, expected) in found.numbers().iter().zip(expected.numbers()) {
                    assert!((found - expected).abs() <= tolerance * largest, "{padding:?}");
                }
            }
        }
    }
}
