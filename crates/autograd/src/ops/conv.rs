//! How are convolutions differentiated?
//!
//! A convolution, its gradient in the input and its gradient in the weights are the three partial
//! derivatives of one trilinear form, so the family is closed:
//!
//! | forward | derivative uses | second derivative uses |
//! |---|---|---|
//! | `conv(x, w)` | `conv_t(dy, w)`, `conv_w(x, dy)` | the same three |
//! | `conv_t(g, w)` | `conv(d, w)`, `conv_w(d, g)` | the same three |
//! | `conv_w(x, g)` | `conv_t(g, d)`, `conv(x, d)` | the same three |
//!
//! `conv_t`, the gradient in the input, is what layers call a transposed convolution.

#[cfg(test)]
mod checks;
mod shapes;

use super::rectified::{Rectifies, apply_rectified, check_slope, single};
use super::sliding::Sliding;
use crate::{Array, Op, Real, Tensor};
use kernels::Epilogue;
use kernels::conv::{self, Geometry};
use shapes::transposed_geometry;

#[cfg(test)]
pub(crate) use checks::{CASES, MISTAKES};
pub(super) use shapes::{conv_geometry, image};

/// What a layer can ask of the family: images times weights, with a bias and a rectifier behind.
pub(super) trait Convolution: Copy + Send + Sync + 'static {
    /// What it is called.
    const PLAIN: &'static str;
    /// What it is called with a rectifier.
    const RECTIFIED: &'static str;

    /// y, finished by the epilogue.
    fn compute(&self, x: &[Real], w: &[Real], epilogue: Epilogue<'_>) -> Array;

    /// dL/dx, given dL/dy.
    fn dx(&self, dy: &Tensor, w: &Tensor) -> Tensor;

    /// dL/dw, given dL/dy.
    fn dw(&self, x: &Tensor, dy: &Tensor) -> Tensor;

    /// y = f(x, w) + b, rectified with this slope.
    #[track_caller]
    fn apply_to(self, [x, w]: [&Tensor; 2], bias: Option<&Tensor>, slope: Real) -> Tensor {
        match bias {
            None => apply_rectified(self, slope, [x, w]),
            Some(bias) => apply_rectified(self, slope, [x, w, bias]),
        }
    }
}

/// y = f(x, w)
impl<C: Convolution> Op<2> for C {
    const NAME: &'static str = C::PLAIN;

    fn forward(&self, x: [&Array; 2]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 2], y: &Tensor, dy: &Tensor) -> Tensor {
        single(i, |wanted| self.vjps(wanted, x, y, dy))
    }

    fn vjps(
        &self,
        wanted: [bool; 2],
        [x, w]: [&Tensor; 2],
        _: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; 2] {
        [wanted[0].then(|| self.dx(dy, w)), wanted[1].then(|| self.dw(x, dy))]
    }
}

/// y = f(x, w) + b             db = Σ rows of dy
impl<C: Convolution> Op<3> for C {
    const NAME: &'static str = C::PLAIN;

    fn forward(&self, x: [&Array; 3]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, x: [&Tensor; 3], y: &Tensor, dy: &Tensor) -> Tensor {
        single(i, |wanted| self.vjps(wanted, x, y, dy))
    }

    fn vjps(
        &self,
        wanted: [bool; 3],
        [x, w, b]: [&Tensor; 3],
        y: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; 3] {
        let [dx, dw] = Op::<2>::vjps(self, [wanted[0], wanted[1]], [x, w], y, dy);
        [dx, dw, wanted[2].then(|| dy.sum_to(*b.shape()))]
    }
}

impl<C: Convolution> Rectifies<2> for C {
    const RECTIFIED: &'static str = C::RECTIFIED;

    fn forward_rectified(&self, [x, w]: [&Array; 2], slope: Real) -> Array {
        self.compute(x.numbers(), w.numbers(), Epilogue { bias: None, slope })
    }
}

impl<C: Convolution> Rectifies<3> for C {
    const RECTIFIED: &'static str = C::RECTIFIED;

    fn forward_rectified(&self, [x, w, b]: [&Array; 3], slope: Real) -> Array {
        let epilogue = Epilogue { bias: Some(b.numbers()), slope };
        self.compute(x.numbers(), w.numbers(), epilogue)
    }
}

/// y = conv(x, w) + b          dx = conv_t(dy, w),  dw = conv_w(x, dy)
#[derive(Clone, Copy)]
pub(super) struct Conv2d(pub(super) Geometry);

impl Convolution for Conv2d {
    const PLAIN: &'static str = "conv2d";
    const RECTIFIED: &'static str = "conv2d_rectified";

    fn compute(&self, x: &[Real], w: &[Real], epilogue: Epilogue<'_>) -> Array {
        let Conv2d(g) = self;
        Array::filled_by(g.y_shape(), |y| conv::forward(g, x, w, epilogue, y))
    }

    fn dx(&self, dy: &Tensor, w: &Tensor) -> Tensor {
        InputGradient(self.0).apply([dy, w])
    }

    fn dw(&self, x: &Tensor, dy: &Tensor) -> Tensor {
        WeightGradient(self.0).apply([x, dy])
    }
}

/// y = conv_t(x, w) + b        dx = conv(dy, w),  dw = conv_w(dy, x)
///
/// The geometry is that of the convolution whose input has y's shape and whose output has x's.
#[derive(Clone, Copy)]
pub(super) struct InputGradient(pub(super) Geometry);

impl Convolution for InputGradient {
    const PLAIN: &'static str = "conv_transpose2d";
    const RECTIFIED: &'static str = "conv_transpose2d_rectified";

    fn compute(&self, x: &[Real], w: &[Real], epilogue: Epilogue<'_>) -> Array {
        let InputGradient(g) = self;
        Array::filled_by(g.x_shape(), |y| conv::input_gradient(g, x, w, epilogue, y))
    }

    fn dx(&self, dy: &Tensor, w: &Tensor) -> Tensor {
        Conv2d(self.0).apply([dy, w])
    }

    fn dw(&self, x: &Tensor, dy: &Tensor) -> Tensor {
        WeightGradient(self.0).apply([dy, x])
    }
}

/// w = conv_w(x, g)            dx = conv_t(g, dw),  dg = conv(x, dw)
#[derive(Clone, Copy)]
pub(super) struct WeightGradient(pub(super) Geometry);

impl Op<2> for WeightGradient {
    const NAME: &'static str = "conv2d_weight_gradient";

    fn forward(&self, [x, g]: [&Array; 2]) -> Array {
        let (x, g) = (x.numbers(), g.numbers());
        Array::filled_by(self.0.w_shape(), |dw| conv::weight_gradient(&self.0, x, g, dw))
    }

    fn vjp(&self, i: usize, [x, g]: [&Tensor; 2], _: &Tensor, dw: &Tensor) -> Tensor {
        match i {
            0 => InputGradient(self.0).apply([g, dw]),
            _ => Conv2d(self.0).apply([x, dw]),
        }
    }
}

impl Tensor {
    /// The convolution of images with a kernel, in `groups` groups of channels:
    ///
    /// y\[n, i, j, o\] = bias\[o\] + Σ x\[n, i s + a d - top, j s + b d - left, c\] w\[a, b, c, o\]
    ///
    /// over a, b and the input channels c of o's group, for stride s and dilation d; pixels outside
    /// of the image count as 0.
    ///
    /// - `self`: `[n, height, width, inputs]`;
    /// - `weight`: `[kernel height, kernel width, inputs / groups, outputs]`; `bias`: `[outputs]`;
    /// - returns `[n, output height, output width, outputs]`; a size is ⌈size / stride⌉ with
    ///   [`Padding::Same`](crate::Padding::Same) and else
    ///   ⌊(size + padding - (taps - 1) dilation - 1) / stride⌋ + 1.
    ///
    /// # Panics
    /// If the shapes are not these, the groups do not divide the channels, or the kernel is larger
    /// than the image with its padding.
    #[must_use]
    #[track_caller]
    pub fn conv2d(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        sliding: Sliding,
        groups: usize,
    ) -> Tensor {
        self.conv2d_rectified(weight, bias, sliding, groups, 1.0)
    }

    /// [`Tensor::conv2d`] and a rectifier behind it, as one op: z where z, the convolution, is
    /// positive, else slope · z. With a slope of 1 that is z, with 0 it is max(z, 0).
    ///
    /// # Panics
    /// As [`Tensor::conv2d`], or if the slope is negative.
    #[must_use]
    #[track_caller]
    pub fn conv2d_rectified(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        sliding: Sliding,
        groups: usize,
        slope: Real,
    ) -> Tensor {
        check_slope("conv2d", slope);
        let op = Conv2d(conv_geometry("conv2d", [self, weight], bias, sliding, groups, 1));
        op.apply_to([self, weight], bias, slope)
    }

    /// The transposed convolution: the gradient of [`Tensor::conv2d`] in its input, with this
    /// tensor in the place of the output's gradient.
    ///
    /// - `self`: `[n, height, width, inputs]`;
    /// - `weight`: `[kernel height, kernel width, outputs / groups, inputs]`, that of the
    ///   convolution which leads back; `bias`: `[outputs]`;
    /// - `output_padding`: rows at the bottom and columns on the right beyond the smallest image
    ///   from which the convolution leads back;
    /// - returns `[n, output height, output width, outputs]`; a size is size · stride with
    ///   [`Padding::Same`](crate::Padding::Same) and else
    ///   (size - 1) stride + (taps - 1) dilation + 1 - padding + output padding.
    ///
    /// # Panics
    /// If the shapes are not these, the groups do not divide the channels, the output padding is
    /// not below stride or dilation, or the padding leaves no output.
    ///
    /// Source: Dumoulin, Visin 2016, "A guide to convolution arithmetic for deep learning", §4.
    #[must_use]
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        sliding: Sliding,
        output_padding: [usize; 2],
        groups: usize,
    ) -> Tensor {
        self.conv_transpose2d_rectified(weight, bias, sliding, output_padding, groups, 1.0)
    }

    /// [`Tensor::conv_transpose2d`] and a rectifier behind it, as one op: z where z, the transposed
    /// convolution, is positive, else slope · z. With a slope of 1 that is z, with 0 it is max(z, 0).
    ///
    /// # Panics
    /// As [`Tensor::conv_transpose2d`], or if the slope is negative.
    #[must_use]
    #[track_caller]
    pub fn conv_transpose2d_rectified(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        sliding: Sliding,
        output_padding: [usize; 2],
        groups: usize,
        slope: Real,
    ) -> Tensor {
        check_slope("conv_transpose2d", slope);
        let geometry = transposed_geometry([self, weight], bias, sliding, output_padding, groups);
        InputGradient(geometry).apply_to([self, weight], bias, slope)
    }
}
