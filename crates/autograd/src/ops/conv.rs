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
use super::case::{Case, Mistake, zeros};
use super::rectified::{Rectifies, apply_rectified, check_slope};
#[cfg(test)]
use super::sliding::Padding;
use super::sliding::Sliding;
use crate::{Array, Op, Real, Shape, Tensor};
use kernels::Epilogue;
use kernels::conv::{self, Geometry};

/// y = conv(x, w) + b          dx = conv_t(dy, w),  dw = conv_w(x, dy),  db = Σ rows of dy
#[derive(Clone, Copy)]
pub(super) struct Conv2d(pub(super) Geometry);

impl Op<2> for Conv2d {
    const NAME: &'static str = "conv2d";

    fn forward(&self, x: [&Array; 2]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, [x, w]: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        match i {
            0 => InputGradient(self.0).apply([dy, w]),
            _ => WeightGradient(self.0).apply([x, dy]),
        }
    }
}

impl Rectifies<2> for Conv2d {
    const RECTIFIED: &'static str = "conv2d_rectified";

    fn forward_rectified(&self, x: [&Array; 2], slope: Real) -> Array {
        self.compute(x, Epilogue { bias: None, slope })
    }
}

impl Op<3> for Conv2d {
    const NAME: &'static str = "conv2d";

    fn forward(&self, x: [&Array; 3]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, [x, w, b]: [&Tensor; 3], y: &Tensor, dy: &Tensor) -> Tensor {
        match i {
            2 => dy.sum_to(*b.shape()),
            _ => Op::<2>::vjp(self, i, [x, w], y, dy),
        }
    }
}

impl Rectifies<3> for Conv2d {
    const RECTIFIED: &'static str = "conv2d_rectified";

    fn forward_rectified(&self, [x, w, b]: [&Array; 3], slope: Real) -> Array {
        self.compute([x, w], Epilogue { bias: Some(b.numbers()), slope })
    }
}

impl Conv2d {
    fn compute(&self, [x, w]: [&Array; 2], epilogue: Epilogue<'_>) -> Array {
        let Conv2d(g) = self;
        Array::filled_by(g.y_shape(), |y| conv::forward(g, x.numbers(), w.numbers(), epilogue, y))
    }
}

/// y = conv_t(x, w) + b        dx = conv(dy, w),  dw = conv_w(dy, x),  db = Σ rows of dy
///
/// The geometry is that of the convolution whose input has y's shape and whose output has x's.
#[derive(Clone, Copy)]
struct InputGradient(Geometry);

impl Op<2> for InputGradient {
    const NAME: &'static str = "conv_transpose2d";

    fn forward(&self, x: [&Array; 2]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, [x, w]: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        match i {
            0 => Conv2d(self.0).apply([dy, w]),
            _ => WeightGradient(self.0).apply([dy, x]),
        }
    }
}

impl Rectifies<2> for InputGradient {
    const RECTIFIED: &'static str = "conv_transpose2d_rectified";

    fn forward_rectified(&self, x: [&Array; 2], slope: Real) -> Array {
        self.compute(x, Epilogue { bias: None, slope })
    }
}

impl Op<3> for InputGradient {
    const NAME: &'static str = "conv_transpose2d";

    fn forward(&self, x: [&Array; 3]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, [x, w, b]: [&Tensor; 3], y: &Tensor, dy: &Tensor) -> Tensor {
        match i {
            2 => dy.sum_to(*b.shape()),
            _ => Op::<2>::vjp(self, i, [x, w], y, dy),
        }
    }
}

impl Rectifies<3> for InputGradient {
    const RECTIFIED: &'static str = "conv_transpose2d_rectified";

    fn forward_rectified(&self, [x, w, b]: [&Array; 3], slope: Real) -> Array {
        self.compute([x, w], Epilogue { bias: Some(b.numbers()), slope })
    }
}

impl InputGradient {
    fn compute(&self, [x, w]: [&Array; 2], epilogue: Epilogue<'_>) -> Array {
        let (InputGradient(g), x, w) = (self, x.numbers(), w.numbers());
        Array::filled_by(g.x_shape(), |y| conv::input_gradient(g, x, w, epilogue, y))
    }
}

/// w = conv_w(x, g)            dx = conv_t(g, dw),  dg = conv(x, dw)
#[derive(Clone, Copy)]
struct WeightGradient(Geometry);

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

/// The four sizes of an image.
#[track_caller]
pub(super) fn image(op: &str, x: &Shape) -> [usize; 4] {
    let [batch, height, width, channels] = x[..] else {
        panic!(
            "{op}: input {x} is not [batch, height, width, channels]\n  \
             hint: channels are the last axis; `reshape` or `permute` brings them there"
        );
    };
    [batch, height, width, channels]
}

#[track_caller]
fn kernel(op: &str, w: &Shape, channels: [&str; 2]) -> [usize; 4] {
    let [height, width, inner, outer] = w[..] else {
        let [first, last] = channels;
        panic!("{op}: weight {w} is not [kernel height, kernel width, {first}, {last}]");
    };
    [height, width, inner, outer]
}

#[track_caller]
fn check_groups(op: &str, groups: usize, w: &Shape, channels: usize, called: &str) {
    assert!(
        groups > 0 && channels.is_multiple_of(groups),
        "{op}: weight {w} has {channels} {called} channels, which {groups} groups do not divide"
    );
}

#[track_caller]
fn check_bias(op: &str, bias: Option<&Tensor>, w: &Shape, channels: usize) {
    if let Some(b) = bias {
        let b = b.shape();
        assert!(b[..] == [channels], "{op}: weight {w} wants a bias [{channels}], got {b}");
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
        match bias {
            None => apply_rectified(op, slope, [self, weight]),
            Some(bias) => apply_rectified(op, slope, [self, weight, bias]),
        }
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
        let op = "conv_transpose2d";
        check_slope(op, slope);
        let (x, w) = (self.shape(), weight.shape());
        let [batch, height, width, inputs] = image(op, x);
        let [kernel_height, kernel_width, outputs_of_a_group, wanted] =
            kernel(op, w, ["out channels / groups", "in channels"]);
        assert!(
            inputs == wanted,
            "{op}: input {x} has {inputs} channels, weight {w} wants {wanted}\n  \
             hint: a transposed weight is [kernel height, kernel width, out / groups, in]"
        );
        check_groups(op, groups, w, inputs, "input");
        let outputs = outputs_of_a_group * groups;
        check_bias(op, bias, w, outputs);
        let taps = [kernel_height, kernel_width];
        let [rows, columns] = sliding.transposed(op, [height, width], taps, output_padding);
        let op = InputGradient(Geometry {
            batch,
            in_channels: outputs,
            out_channels: inputs,
            groups,
            height: rows,
            width: columns,
        });
        match bias {
            None => apply_rectified(op, slope, [self, weight]),
            Some(bias) => apply_rectified(op, slope, [self, weight, bias]),
        }
    }
}

/// The sizes of the convolution of x, enlarged by a factor, once the shapes are known to fit.
#[track_caller]
pub(super) fn conv_geometry(
    op: &str,
    [x, weight]: [&Tensor; 2],
    bias: Option<&Tensor>,
    sliding: Sliding,
    groups: usize,
    factor: usize,
) -> Geometry {
    let (x, w) = (x.shape(), weight.shape());
    let [batch, height, width, inputs] = image(op, x);
    let [kernel_height, kernel_width, inputs_of_a_group, outputs] =
        kernel(op, w, ["in channels / groups", "out channels"]);
    let wanted = inputs_of_a_group * groups;
    let of_groups = if groups == 1 { String::new() } else { format!(" in {groups} groups") };
    assert!(
        inputs == wanted,
        "{op}: input {x} has {inputs} channels, weight {w} wants {wanted}{of_groups}\n  \
         hint: an image is [batch, height, width, channels], \
         a weight [kernel height, kernel width, in / groups, out]"
    );
    check_groups(op, groups, w, outputs, "output");
    check_bias(op, bias, w, outputs);
    let size = [factor * height, factor * width];
    let [rows, columns] = sliding.windows(op, size, [kernel_height, kernel_width]);
    Geometry {
        batch,
        in_channels: inputs,
        out_channels: outputs,
        groups,
        height: rows,
        width: columns,
    }
}

#[cfg(test)]
const FAMILY: &[&str] =
    &[<Conv2d as Op<2>>::NAME, <InputGradient as Op<2>>::NAME, WeightGradient::NAME];

#[cfg(test)]
const RECTIFIED: &[&str] = &[<Conv2d as Rectifies<2>>::RECTIFIED];

#[cfg(test)]
const RECTIFIED_BACK: &[&str] = &[<InputGradient as Rectifies<2>>::RECTIFIED];

/// Slides by steps of 2 and 1, with a gap in one axis, and other padding on each side.
#[cfg(test)]
const UNEVEN: Sliding = Sliding {
    stride: [2, 1],
    dilation: [1, 2],
    padding: Padding::Explicit { top: 1, bottom: 2, left: 0, right: 3 },
};

#[cfg(test)]
const SAME: Sliding = Sliding::UNIT.padding(Padding::Same);

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(FAMILY, &[&[2, 4, 5, 2], &[3, 2, 2, 3], &[3]], |x| {
        x[0].conv2d(&x[1], Some(&x[2]), Sliding::UNIT, 1)
    }),
    Case::shaped(FAMILY, &[&[2, 6, 5, 2], &[5, 4, 2, 2]], |x| {
        x[0].conv2d(&x[1], None, SAME.stride(2), 1)
    }),
    Case::shaped(FAMILY, &[&[1, 5, 4, 4], &[3, 3, 2, 6], &[6]], |x| {
        x[0].conv2d(&x[1], Some(&x[2]), UNEVEN, 2)
    }),
    Case::shaped(FAMILY, &[&[1, 3, 3, 4], &[2, 2, 1, 4]], |x| {
        x[0].conv2d(&x[1], None, SAME.dilation(2), 4)
    }),
    Case::shaped(FAMILY, &[&[2, 3, 2, 3], &[4, 3, 2, 3], &[2]], |x| {
        let sliding = Sliding::UNIT.stride(2).padding(Padding::all(1));
        x[0].conv_transpose2d(&x[1], Some(&x[2]), sliding, [1, 0], 1)
    }),
    Case::shaped(FAMILY, &[&[1, 3, 2, 4], &[3, 2, 2, 4], &[4]], |x| {
        x[0].conv_transpose2d(&x[1], Some(&x[2]), UNEVEN, [1, 0], 2)
    }),
    Case::shaped(FAMILY, &[&[2, 2, 3, 2], &[5, 5, 2, 2]], |x| {
        x[0].conv_transpose2d(&x[1], None, SAME.stride(2), [0, 0], 1)
    }),
    // All sums on one side of the kink, then all on the other.
    Case::shaped(RECTIFIED, &[&[2, 4, 5, 2], &[3, 2, 2, 3], &[3]], |x| {
        x[0].conv2d_rectified(&x[1], Some(&x[2]), SAME, 1, 0.2)
    })
    .within(0.5..2.0),
    Case::shaped(RECTIFIED, &[&[2, 6, 5, 2], &[5, 4, 2, 2]], |x| {
        x[0].conv2d_rectified(&-&x[1], None, SAME.stride(2), 1, 0.2)
    })
    .within(0.5..2.0),
    Case::shaped(RECTIFIED_BACK, &[&[2, 3, 2, 3], &[4, 3, 2, 3], &[2]], |x| {
        x[0].conv_transpose2d_rectified(&x[1], Some(&x[2]), SAME, [0, 0], 1, 0.2)
    })
    .within(0.5..2.0),
    Case::shaped(RECTIFIED_BACK, &[&[2, 2, 3, 2], &[5, 5, 2, 2]], |x| {
        x[0].conv_transpose2d_rectified(&-&x[1], None, SAME.stride(2), [0, 0], 1, 0.2)
    })
    .within(0.5..2.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "conv2d",
        make: || zeros([64, 14, 14, 3]).conv2d(&zeros([5, 5, 64, 128]), None, Sliding::UNIT, 1),
        report: "conv2d: input [64, 14, 14, 3] has 3 channels, weight [5, 5, 64, 128] wants 64",
    },
    Mistake {
        method: "conv2d",
        make: || zeros([1, 3, 9, 1]).conv2d(&zeros([5, 5, 1, 1]), None, Sliding::UNIT, 1),
        report: "conv2d: along the height, a kernel that reaches over 5 does not fit into 3",
    },
    Mistake {
        method: "conv2d",
        make: || {
            let sliding = Sliding::UNIT.dilation(3).padding(Padding::all(1));
            zeros([1, 9, 3, 1]).conv2d(&zeros([3, 3, 1, 1]), None, sliding, 1)
        },
        report: "conv2d: along the width, a kernel that reaches over 7 does not fit into 3 + 1 + 1 \
                 of padding",
    },
    Mistake {
        method: "conv2d",
        make: || zeros([1, 3, 3, 1]).conv2d(&zeros([3, 3, 1]), None, Sliding::UNIT, 1),
        report: "conv2d: weight [3, 3, 1] is not [kernel height, kernel width, \
                 in channels / groups, out channels]",
    },
    Mistake {
        method: "conv2d",
        make: || zeros([1, 3, 3, 4]).conv2d(&zeros([1, 1, 2, 3]), None, Sliding::UNIT, 2),
        report: "conv2d: weight [1, 1, 2, 3] has 3 output channels, which 2 groups do not divide",
    },
    Mistake {
        method: "conv2d",
        make: || {
            zeros([1, 3, 3, 1]).conv2d(&zeros([3, 3, 1, 2]), Some(&zeros([3])), Sliding::UNIT, 1)
        },
        report: "conv2d: weight [3, 3, 1, 2] wants a bias [2], got [3]",
    },
    Mistake {
        method: "conv2d",
        make: || zeros([28, 28, 1]).conv2d(&zeros([3, 3, 1, 2]), None, Sliding::UNIT, 1),
        report: "conv2d: input [28, 28, 1] is not [batch, height, width, channels]",
    },
    Mistake {
        method: "conv_transpose2d",
        make: || {
            zeros([1, 3, 3, 4]).conv_transpose2d(
                &zeros([2, 2, 4, 3]),
                None,
                Sliding::UNIT,
                [0, 0],
                1,
            )
        },
        report: "conv_transpose2d: input [1, 3, 3, 4] has 4 channels, weight [2, 2, 4, 3] wants 3",
    },
    Mistake {
        method: "conv_transpose2d",
        make: || {
            zeros([1, 3, 3, 1]).conv_transpose2d(
                &zeros([2, 2, 1, 1]),
                None,
                Sliding::UNIT.stride(2),
                [2, 0],
                1,
            )
        },
        report: "conv_transpose2d: an output padding of 2 is below neither the stride 2 nor the \
                 dilation 1",
    },
    Mistake {
        method: "conv_transpose2d",
        make: || {
            let sliding = Sliding::UNIT.stride(2).padding(Padding::Same);
            zeros([1, 3, 3, 1]).conv_transpose2d(&zeros([2, 2, 1, 1]), None, sliding, [0, 1], 1)
        },
        report: "conv_transpose2d: `Same` fixes the output's size: no output padding",
    },
    Mistake {
        method: "conv_transpose2d",
        make: || {
            let sliding = Sliding::UNIT.padding(Padding::all(1));
            zeros([1, 3, 1, 1]).conv_transpose2d(&zeros([2, 2, 1, 1]), None, sliding, [0, 0], 1)
        },
        report: "conv_transpose2d: along the width, the padding leaves nothing of 1",
    },
    Mistake {
        method: "conv2d_rectified",
        make: || {
            let (x, w) = (zeros([1, 3, 3, 1]), zeros([3, 3, 1, 1]));
            x.conv2d_rectified(&w, None, Sliding::UNIT, 1, -0.5)
        },
        report: "conv2d: a rectifier's slope is at least 0, got -0.5",
    },
    Mistake {
        method: "conv_transpose2d_rectified",
        make: || {
            let (x, w) = (zeros([1, 3, 3, 1]), zeros([3, 3, 1, 1]));
            x.conv_transpose2d_rectified(&w, None, Sliding::UNIT, [0, 0], 1, Real::NAN)
        },
        report: "conv_transpose2d: a rectifier's slope is at least 0, got NaN",
    },
    Mistake {
        method: "conv_transpose2d",
        make: || {
            let (x, w, b) = (zeros([1, 3, 3, 1]), zeros([3, 3, 2, 1]), zeros([3]));
            x.conv_transpose2d(&w, Some(&b), Sliding::UNIT, [0, 0], 1)
        },
        report: "conv_transpose2d: weight [3, 3, 2, 1] wants a bias [2], got [3]",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    fn zeros(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 0.0)
    }

    /// <conv(x, w), g> = <x, conv_t(g, w)>, with conv_t asked for as a layer asks for it.
    #[test]
    fn a_transposed_convolution_is_the_adjoint_of_a_convolution() {
        let mut rng = Rng::new(0, "conv");
        let mut check = |x: &[usize], w: &[usize], sliding: Sliding, extra, groups| {
            let (x, w) = (Tensor::constant(rng.normal(x)), Tensor::constant(rng.normal(w)));
            let y = x.conv2d(&w, None, sliding, groups);
            let g = Tensor::constant(rng.normal(*y.shape()));
            let back = g.conv_transpose2d(&w, None, sliding, extra, groups);
            assert_eq!(back.shape(), x.shape(), "{sliding:?}");
            let [left, right] = [&y * &g, &x * &back].map(|product| product.sum().item());
            assert!((left - right).abs() < 1e-3, "{left} {right} {sliding:?}");
        };
        check(&[2, 8, 6, 3], &[5, 5, 3, 4], SAME.stride(2), [0, 0], 1);
        check(&[2, 8, 8, 4], &[4, 4, 2, 6], Sliding::UNIT.stride(2), [0, 0], 2);
        check(&[1, 7, 9, 2], &[3, 3, 2, 2], UNEVEN, [1, 0], 1);
        check(&[1, 8, 9, 2], &[3, 3, 2, 2], Sliding::UNIT.stride(3).dilation(2), [0, 1], 1);
    }

    #[test]
    fn sizes_are_those_of_the_formulas() {
        let x = zeros(&[1, 32, 32, 3]);
        let w = zeros(&[5, 5, 3, 8]);
        let y = x.conv2d(&w, None, SAME.stride(2), 1);
        assert_eq!(y.shape(), &[1, 16, 16, 8].into());
        let y = x.conv2d(&w, None, Sliding::UNIT.stride(2), 1);
        assert_eq!(y.shape(), &[1, 14, 14, 8].into());
        // A generator for 32 x 32 of four layers.
        let mut side = zeros(&[1, 1, 1, 1]);
        for (kernel, stride, expected) in [(2, 1, 2), (4, 2, 6), (4, 2, 14), (6, 2, 32)] {
            let w = zeros(&[kernel, kernel, 1, 1]);
            side = side.conv_transpose2d(&w, None, Sliding::UNIT.stride(stride), [0, 0], 1);
            assert_eq!(side.shape(), &[1, expected, expected, 1].into());
        }
    }
}
