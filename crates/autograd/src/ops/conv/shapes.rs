//! Which images and kernels fit together?

use crate::ops::sliding::Sliding;
use crate::{Shape, Tensor};
use kernels::conv::Geometry;

/// The four sizes of an image.
#[track_caller]
pub(in crate::ops) fn image(op: &str, x: &Shape) -> [usize; 4] {
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

/// The sizes of the convolution of x, enlarged by a factor, once the shapes are known to fit.
#[track_caller]
pub(in crate::ops) fn conv_geometry(
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

/// The sizes of the convolution that a transposed one leads back from, once the shapes are known to
/// fit.
#[track_caller]
pub(super) fn transposed_geometry(
    [x, weight]: [&Tensor; 2],
    bias: Option<&Tensor>,
    sliding: Sliding,
    output_padding: [usize; 2],
    groups: usize,
) -> Geometry {
    let op = "conv_transpose2d";
    let (x, w) = (x.shape(), weight.shape());
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
    Geometry {
        batch,
        in_channels: outputs,
        out_channels: inputs,
        groups,
        height: rows,
        width: columns,
    }
}
