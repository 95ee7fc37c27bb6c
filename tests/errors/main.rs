//! Does a wrong shape name the op, the shapes and the line of the caller?
//!
//! The only test of its file: it replaces the process's panic hook.

use std::panic;
use std::sync::mpsc;

use autograd::{Padding, Sliding, Tensor};
use layers::{
    Activation, Conv2d, Init, LayerNorm, Linear, Module, Sequential, SpectralNorm, Upsample,
    UpsampleConv2d,
};

#[test]
fn a_wrong_shape_names_the_op_the_shapes_and_the_caller() {
    let (sender, receiver) = mpsc::channel();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().expect("panics have a place");
        let message = info.payload_as_str().unwrap_or_default().to_owned();
        let _ = sender.send((place.file().to_owned(), message));
    }));
    let t = |shape: &[usize]| Tensor::full(shape, 0.0);
    let mut rng = autograd::Rng::new(0, "weights");
    let model = Sequential::new().add(Linear::new(3, 2, Init::Zeros, &mut rng));
    let mut conv = || Conv2d::new(2, 2, [3, 3], Init::Normal { std: 1.0 }, &mut rng);
    let upsampled = UpsampleConv2d::new(Upsample::nearest(2), conv());
    let inner = conv();
    let spectral = SpectralNorm::new(inner, &mut rng);
    let normalised = Sequential::new().add(LayerNorm::new(3)).add(Activation::Relu);
    let unit = Sliding::UNIT;
    let mistakes: [(&dyn Fn() -> Tensor, &str); 18] = [
        (
            &|| t(&[64, 16]).matmul(&t(&[32, 8])),
            "matmul: [64, 16] × [32, 8]: inner sizes 16 and 32",
        ),
        (&|| t(&[2, 3]) * t(&[4]), "mul: [2, 3] and [4] do not broadcast: on axis -1"),
        (&|| &t(&[2, 3]) + &t(&[3, 3]), "add: [2, 3] and [3, 3] do not broadcast: on axis -2"),
        (&|| t(&[2, 3]).maximum(&t(&[4])), "maximum: [2, 3] and [4] do not broadcast"),
        (&|| t(&[2, 3]).sum_over(5), "sum_over: [2, 3] has no axis 5"),
        (&|| t(&[2, 3]).reshape([7]), "reshape: [2, 3] has 6 elements, [7] has 7"),
        (
            &|| t(&[2, 3]).cross_entropy(&t(&[2, 2])),
            "cross_entropy: logits [2, 3] and targets [2, 2]",
        ),
        (&|| model.forward(&t(&[4, 2])), "Linear 3 -> 2: input [4, 2] is not [.., 3]"),
        (
            &|| t(&[64, 14, 14, 3]).conv2d(&t(&[5, 5, 64, 128]), None, unit, 1),
            "conv2d: input [64, 14, 14, 3] has 3 channels, weight [5, 5, 64, 128] wants 64",
        ),
        (
            &|| t(&[14, 14, 3]).conv2d(&t(&[5, 5, 3, 8]), None, unit, 1),
            "conv2d: input [14, 14, 3] is not [batch, height, width, channels]",
        ),
        (
            &|| t(&[1, 3, 9, 1]).conv2d(&t(&[5, 5, 1, 1]), None, unit, 1),
            "conv2d: along the height, a kernel that reaches over 5 does not fit into 3\n",
        ),
        (
            &|| {
                let padded = unit.padding(Padding::all(1));
                t(&[1, 3, 9, 1]).conv2d(&t(&[7, 5, 1, 1]), None, padded, 1)
            },
            "conv2d: along the height, a kernel that reaches over 7 does not fit into 3 + 1 + 1 of \
             padding",
        ),
        (
            &|| t(&[1, 3, 3, 4]).conv_transpose2d(&t(&[2, 2, 4, 4]), None, unit, [1, 0], 1),
            "conv_transpose2d: an output padding of 1 is below neither the stride 1 nor the dilation 1",
        ),
        (
            &|| t(&[1, 3, 3, 4]).conv_transpose2d(&t(&[2, 2, 4]), None, unit, [0, 0], 1),
            "conv_transpose2d: weight [2, 2, 4] is not [kernel height, kernel width",
        ),
        (
            &|| t(&[1, 4, 4, 1]).max_pool2d([2, 2], unit.padding(Padding::all(2))),
            "max_pool2d: along the height, a window of 2 can lie in the padding alone",
        ),
        (
            &|| normalised.forward(&t(&[4, 2])),
            "layer norm: input [4, 2] does not end in 3 features",
        ),
        (
            &|| spectral.forward(&t(&[1, 4, 4, 1])),
            "Conv2d 2 -> 2, 3x3: input [1, 4, 4, 1] is not [n, height, width, 2]",
        ),
        (
            &|| upsampled.forward(&t(&[1, 4, 4, 1])),
            "Upsample 2x nearest + Conv2d 2 -> 2, 3x3 in one step: input [1, 4, 4, 1] is not [n, height, width, 2]",
        ),
    ];
    for (mistake, _) in mistakes {
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(mistake)).is_err());
    }
    let _ = panic::take_hook();
    let reports: Vec<(String, String)> = receiver.try_iter().collect();
    assert_eq!(reports.len(), mistakes.len());
    for ((file, message), (_, expected)) in reports.iter().zip(mistakes) {
        assert!(message.contains(expected), "{message}");
        assert_eq!(file, file!(), "{message}");
    }
}
