//! What the family of convolutions is held against.

use super::{Conv2d, Convolution, InputGradient, WeightGradient};
use crate::ops::case::{Case, Mistake, zeros};
use crate::ops::sliding::{Padding, Sliding};
use crate::{Op, Real, Rng, Tensor};

const FAMILY: &[&str] = &[Conv2d::PLAIN, InputGradient::PLAIN, WeightGradient::NAME];

const RECTIFIED: &[&str] = &[Conv2d::RECTIFIED];

const RECTIFIED_BACK: &[&str] = &[InputGradient::RECTIFIED];

/// Slides by steps of 2 and 1, with a gap in one axis, and other padding on each side.
const UNEVEN: Sliding = Sliding {
    stride: [2, 1],
    dilation: [1, 2],
    padding: Padding::Explicit { top: 1, bottom: 2, left: 0, right: 3 },
};

const SAME: Sliding = Sliding::UNIT.padding(Padding::Same);

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
    let x = zeros([1, 32, 32, 3]);
    let w = zeros([5, 5, 3, 8]);
    let y = x.conv2d(&w, None, SAME.stride(2), 1);
    assert_eq!(y.shape(), &[1, 16, 16, 8].into());
    let y = x.conv2d(&w, None, Sliding::UNIT.stride(2), 1);
    assert_eq!(y.shape(), &[1, 14, 14, 8].into());
    // A generator for 32 x 32 of four layers.
    let mut side = zeros([1, 1, 1, 1]);
    for (kernel, stride, expected) in [(2, 1, 2), (4, 2, 6), (4, 2, 14), (6, 2, 32)] {
        let w = zeros([kernel, kernel, 1, 1]);
        side = side.conv_transpose2d(&w, None, Sliding::UNIT.stride(stride), [0, 0], 1);
        assert_eq!(side.shape(), &[1, expected, expected, 1].into());
    }
}
