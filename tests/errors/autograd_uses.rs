//! Which wrong uses of arrays, tensors and ops are there?

use autograd::{Array, Axes, Padding, Rng, Shape, Sliding, Tensor, grad, vjp};

use crate::{Mistake, rng, zeros};

const UNIT: Sliding = Sliding::UNIT;

pub(crate) const MISTAKES: &[Mistake] = &[
    (
        || _ = zeros([64, 16]).matmul(&zeros([32, 8])),
        "matmul: [64, 16] × [32, 8]: inner sizes 16 and 32 differ",
    ),
    (
        || _ = zeros([2, 3]) * zeros([4]),
        "mul: [2, 3] and [4] do not broadcast: on axis -1 the sizes 3 and 4 differ",
    ),
    (
        || _ = &zeros([2, 3]) + &zeros([3, 3]),
        "add: [2, 3] and [3, 3] do not broadcast: on axis -2 the sizes 2 and 3 differ",
    ),
    (
        || _ = zeros([2, 3]).maximum(&zeros([4])),
        "maximum: [2, 3] and [4] do not broadcast: on axis -1 the sizes 3 and 4 differ",
    ),
    (|| _ = zeros([2, 3]).sum_over(5), "sum_over: [2, 3] has no axis 5"),
    (|| _ = zeros([2, 3]).reshape([7]), "reshape: [2, 3] has 6 elements, [7] has 7"),
    (
        || _ = zeros([2, 3]).cross_entropy(&zeros([2, 2])),
        "cross_entropy: logits [2, 3] and targets [2, 2] differ in shape",
    ),
    (
        || _ = zeros([64, 14, 14, 3]).conv2d(&zeros([5, 5, 64, 128]), None, UNIT, 1),
        "conv2d: input [64, 14, 14, 3] has 3 channels, weight [5, 5, 64, 128] wants 64",
    ),
    (
        || _ = zeros([14, 14, 3]).conv2d(&zeros([5, 5, 3, 8]), None, UNIT, 1),
        "conv2d: input [14, 14, 3] is not [batch, height, width, channels]",
    ),
    (
        || _ = zeros([1, 3, 9, 1]).conv2d(&zeros([5, 5, 1, 1]), None, UNIT, 1),
        "conv2d: along the height, a kernel that reaches over 5 does not fit into 3",
    ),
    (
        || _ = zeros([1, 9, 9, 1]).conv2d(&zeros([5, 5, 1, 1]), None, UNIT.stride(0), 1),
        "conv2d: the stride [0, 0] has a size of 0",
    ),
    (
        || _ = zeros([1, 9, 9, 1]).max_pool2d([0, 2], UNIT),
        "max_pool2d: the kernel [0, 2] has a size of 0",
    ),
    (
        || {
            let padded = UNIT.padding(Padding::all(1));
            let _ = zeros([1, 3, 9, 1]).conv2d(&zeros([7, 5, 1, 1]), None, padded, 1);
        },
        "conv2d: along the height, a kernel that reaches over 7 does not fit into 3 + 1 + 1 of \
         padding",
    ),
    (
        || {
            let (x, w) = (zeros([1, 3, 3, 4]), zeros([2, 2, 4, 4]));
            let _ = x.conv_transpose2d(&w, None, UNIT, [1, 0], 1);
        },
        "conv_transpose2d: an output padding of 1 is below neither the stride 1 nor the dilation 1",
    ),
    (
        || {
            let (x, w) = (zeros([1, 3, 3, 4]), zeros([2, 2, 4]));
            let _ = x.conv_transpose2d(&w, None, UNIT, [0, 0], 1);
        },
        "conv_transpose2d: weight [2, 2, 4] is not [kernel height, kernel width, \
         out channels / groups, in channels]",
    ),
    (
        || {
            let padded = UNIT.padding(Padding::all(2));
            let _ = zeros([1, 4, 4, 1]).max_pool2d([2, 2], padded);
        },
        "max_pool2d: along the height, a window of 2 can lie in the padding alone: \
         Explicit { top: 2, bottom: 2, left: 2, right: 2 }",
    ),
    (|| _ = Array::new([2, 3], &[0.0; 5]), "array: [2, 3] has 6 elements, got 5 numbers"),
    (|| _ = zeros([2]).item(), "item: [2] has 2 elements, not one"),
    (|| _ = Shape::from([1; 7]), "shape: [1, 1, 1, 1, 1, 1, 1] has 7 axes, at most 6 fit"),
    (
        || _ = Shape::new(&[1 << 62, 4]),
        "shape: [4611686018427387904, 4] is too large to count elements or strides",
    ),
    (|| _ = Axes::from([0; 7]), "axes: [0, 0, 0, 0, 0, 0, 0] are more than 6"),
    (
        || {
            let x = Tensor::variable(Array::zeros([2, 3]));
            let _ = grad(&x, [&x], false);
        },
        "grad: [2, 3] has 6 elements, only a single number has a gradient",
    ),
    (|| _ = vjp(&zeros([2]), &zeros([3]), &[], false), "vjp: y is [2] but dy is [3]"),
    (|| _ = rng().uniform([2], 1.0, 1.0), "uniform: [1, 1) is not an interval"),
    (|| _ = rng().dropout([2], 1.0), "dropout: the rate 1 is not in [0, 1)"),
    (|| _ = Rng::new(0, "none").below(0), "below: there is no number below 0"),
];
