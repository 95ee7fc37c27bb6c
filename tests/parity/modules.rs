//! Does each layer agree, in training and in evaluation?

use crate::fixture::{TOLERANCE, agree, all_agree, array, gradients, list, load, sources, tensor};
use autograd::{Array, Padding, Rng, Sliding, Tensor};
use layers::{
    Activation, AvgPool2d, BatchNorm, Conv2d, ConvTranspose2d, Flatten, GlobalAvgPool2d, GroupNorm,
    Init, InstanceNorm, LayerNorm, Linear, MaxPool2d, Module, Pad2d, Param, PixelShuffle,
    PixelUnshuffle, Reshape, Sequential, SpectralNorm, Upsample, UpsampleConv2d, WeightNorm,
    Weighted,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Sets a model's parameters, in their order.
fn set_params(model: &mut dyn Module, values: &[&Value]) {
    let mut values = values.iter();
    model.each_param_mut(&mut |param: &mut Param| {
        let value = array(values.next().expect("a value for each parameter"));
        param.update(|w| w.copy_from_slice(value.numbers()));
    });
    assert!(values.next().is_none(), "a parameter for each value");
}

/// Compares a layer's output y on x, and its gradients in x and in the parameters.
fn output_agrees(name: &str, layer: &dyn Module, [x, y]: [&Tensor; 2], expected: &Value) {
    agree(&format!("{name}: output"), y.value(), &expected["y"], TOLERANCE);
    let params = layer.params();
    let wrt: Vec<&Tensor> = [x].into_iter().chain(params.iter().map(|p| p.tensor())).collect();
    for recorded in [false, true] {
        let found = gradients(y, expected, &wrt, recorded);
        let what = format!("{name}: gradient, recorded {recorded}");
        all_agree(&what, &found, &expected["gradients"], TOLERANCE);
    }
}

/// Training on three batches and evaluation on a fourth.
fn batch_norm_agrees(name: &str, mut layer: BatchNorm) {
    let recorded = &load("layers")[name];
    set_params(&mut layer, &[&recorded["scale"], &recorded["shift"]]);
    let mut rng = Rng::new(0, "unused");
    let evaluation = [&recorded["evaluation"]];
    let steps = list(&recorded["training"]).iter().chain(evaluation);
    for (i, step) in steps.enumerate() {
        let name = format!("{name}, batch {i}");
        let x = Tensor::variable(array(&step["x"]));
        let y = if i < 3 { layer.forward_train(&x, &mut rng) } else { layer.forward(&x) };
        output_agrees(&name, &layer, [&x, &y], step);
        layer.each_statistic(&mut |s| agree(&name, &s.value, &step[s.name()], TOLERANCE));
    }
}

#[test]
fn batch_norm_follows_pytorch_through_training_and_evaluation() {
    // PyTorch refuses a batch with one number a feature; ours takes its variance, 0, uncorrected.
    batch_norm_agrees("batch_norm pytorch, dense", BatchNorm::pytorch(3));
    batch_norm_agrees("batch_norm pytorch, images", BatchNorm::pytorch(3));
}

#[test]
fn batch_norm_follows_keras_through_training_and_evaluation() {
    batch_norm_agrees("batch_norm keras, dense", BatchNorm::keras(3));
    batch_norm_agrees("batch_norm keras, images", BatchNorm::keras(3));
}

/// A layer that does the same in training and in evaluation.
fn layer_agrees(name: &str, expected: &Value, layer: &mut dyn Module) {
    let x = Tensor::variable(array(&expected["x"]));
    let y = layer.forward(&x);
    output_agrees(name, layer, [&x, &y], expected);
    let y = layer.forward_train(&x, &mut Rng::new(0, "unused"));
    output_agrees(&format!("{name}, training"), layer, [&x, &y], expected);
}

#[test]
fn layer_norm_is_that_of_pytorch() {
    for (name, features) in [("layer_norm, dense", 5), ("layer_norm, images", 4)] {
        let recorded = &load("layers")[name];
        let mut layer = LayerNorm::new(features);
        set_params(&mut layer, &[&recorded["params"][0], &recorded["params"][1]]);
        layer_agrees(name, recorded, &mut layer);
    }
}

#[test]
fn a_linear_layer_is_that_of_pytorch_with_its_weight_transposed() {
    let all = load("layers");
    for name in ["linear", "linear of three axes"] {
        // PyTorch's weight is [outputs, inputs].
        let recorded = with_weight(&all[name], 0, |w| permuted(w, &[1, 0]));
        let weight = list(&recorded["params"][0]);
        let (inputs, outputs) = (weight.len(), list(&weight[0]).len());
        let mut layer = Linear::new(inputs, outputs, Init::Zeros, &mut Rng::new(0, "unused"));
        set_params(&mut layer, &[&recorded["params"][0], &recorded["params"][1]]);
        layer_agrees(name, &recorded, &mut layer);
    }
}

/// A recorded call whose parameter `position`, and the gradient in it, went through `change`.
fn with_weight(recorded: &Value, position: usize, change: impl Fn(&Value) -> Value) -> Value {
    let mut recorded = recorded.clone();
    let (param, gradient) = (position, position + 1);
    for place in [format!("/params/{param}"), format!("/gradients/{gradient}")] {
        let weight = recorded.pointer_mut(&place).expect("the weight is recorded");
        *weight = change(weight);
    }
    recorded
}

/// Nested lists with their axes in another order.
fn permuted(value: &Value, order: &[usize]) -> Value {
    nested(tensor(value).permute(order).value())
}

/// An array as nested lists.
fn nested(x: &Array) -> Value {
    let numbers: Vec<Value> = x.numbers().iter().map(|x| f64::from(*x).into()).collect();
    x.shape().iter().rev().fold(numbers, |rows, size| {
        rows.chunks(*size).map(|row| Value::Array(row.to_vec())).collect()
    })[0]
        .clone()
}

/// Sets a layer's parameters to the recorded ones, and compares what it computes.
fn called_layer_agrees(name: &str, recorded: &Value, layer: &mut dyn Module) {
    set_params(layer, &list(&recorded["params"]).iter().collect::<Vec<_>>());
    layer_agrees(name, recorded, layer);
}

#[test]
fn convolutions_are_those_of_pytorch_with_their_weights_permuted() {
    let recorded = load("layers");
    let mut rng = Rng::new(0, "unused");
    let tall = Padding::Explicit { top: 1, bottom: 1, left: 0, right: 0 };
    let mut conv = Conv2d::new(2, 3, [3, 2], Init::Zeros, &mut rng).padding(tall);
    let mut grouped = Conv2d::grouped(4, 2, [3, 3], 2, Init::Zeros, &mut rng).stride(2);
    let up = ConvTranspose2d::new(2, 3, [4, 3], Init::Zeros, &mut rng);
    let mut up = up.stride(2).padding(Padding::all(1));
    let grouped_up = ConvTranspose2d::grouped(4, 2, [3, 3], 2, Init::Zeros, &mut rng);
    let mut grouped_up = grouped_up.stride(2).output_padding([1, 1]);
    let layers: [(&str, &mut dyn Module); 4] = [
        ("conv2d", &mut conv),
        ("conv2d, stride 2, groups 2", &mut grouped),
        ("conv_transpose2d", &mut up),
        ("conv_transpose2d, groups 2", &mut grouped_up),
    ];
    for (name, layer) in layers {
        // [outputs, inputs / groups, height, width], or [inputs, outputs / groups, height, width].
        let recorded = with_weight(&recorded[name], 0, |w| permuted(w, &[2, 3, 1, 0]));
        called_layer_agrees(name, &recorded, layer);
    }
}

#[test]
fn convolutions_are_those_of_keras_with_its_weights() {
    let recorded = load("layers");
    let mut rng = Rng::new(0, "unused");
    let same = Sliding::UNIT.stride(2).padding(Padding::Same);
    let mut even = Conv2d::new(2, 2, [5, 5], Init::Zeros, &mut rng).sliding(same);
    let mut odd = Conv2d::new(1, 2, [3, 4], Init::Zeros, &mut rng).sliding(same);
    let mut up = ConvTranspose2d::new(2, 3, [5, 5], Init::Zeros, &mut rng).sliding(same);
    let mut valid = ConvTranspose2d::new(2, 1, [4, 4], Init::Zeros, &mut rng).stride(2);
    let layers: [(&str, &mut dyn Module); 4] = [
        ("conv2d keras, stride 2, same, even", &mut even),
        ("conv2d keras, stride 2, same, odd", &mut odd),
        ("conv_transpose2d keras, stride 2, same", &mut up),
        ("conv_transpose2d keras, stride 2, valid", &mut valid),
    ];
    for (name, layer) in layers {
        called_layer_agrees(name, &recorded[name], layer);
    }
}

#[test]
fn a_linear_layer_behind_an_image_takes_pytorchs_weight_by_pixels() {
    let name = "a linear layer behind a convolution";
    let recorded = with_weight(&load("layers")[name], 0, |w| permuted(w, &[2, 3, 1, 0]));
    // PyTorch flattens [3 channels, 2 rows, 3 columns]: [outputs, 18] becomes [18, outputs].
    let recorded = with_weight(&recorded, 2, |w| {
        let by_pixels = tensor(w).reshape([2, 3, 2, 3]).permute(&[2, 3, 1, 0]);
        nested(by_pixels.reshape([18, 2]).value())
    });
    let mut rng = Rng::new(0, "unused");
    let mut model = Sequential::new()
        .add(Conv2d::new(2, 3, [2, 2], Init::Zeros, &mut rng))
        .add(Flatten)
        .add(Linear::new(18, 2, Init::Zeros, &mut rng));
    called_layer_agrees(name, &recorded, &mut model);
}

#[test]
fn norms_of_single_images_are_those_of_pytorch() {
    let recorded = load("layers");
    let layers: [(&str, &mut dyn Module); 3] = [
        ("group_norm", &mut GroupNorm::new(2, 4)),
        ("instance_norm", &mut InstanceNorm::new(3)),
        ("instance_norm, affine", &mut InstanceNorm::affine(3)),
    ];
    for (name, layer) in layers {
        called_layer_agrees(name, &recorded[name], layer);
    }
}

/// Two steps of training and one of evaluation, from PyTorch's u and v; `order` permutes its weight.
fn spectral_norm_agrees(name: &str, layer: impl Weighted, order: &[usize]) {
    let recorded = &load("layers")[name];
    let mut layer = SpectralNorm::new(layer, &mut Rng::new(0, "unused"));
    let weight = permuted(&recorded["params"][0], order);
    set_params(&mut layer, &[&weight, &recorded["params"][1]]);
    layer.each_statistic_mut(&mut |s| s.value = array(&recorded[s.name()]));
    for (i, step) in list(&recorded["steps"]).iter().enumerate() {
        let name = format!("{name}, step {i}");
        let step = with_weight(step, 0, |w| permuted(w, order));
        let x = Tensor::variable(array(&step["x"]));
        let y = match i {
            2 => layer.forward(&x),
            _ => layer.forward_train(&x, &mut Rng::new(0, "unused")),
        };
        output_agrees(&name, &layer, [&x, &y], &step);
        layer.each_statistic(&mut |s| agree(&name, &s.value, &step[s.name()], TOLERANCE));
    }
}

#[test]
fn spectral_norm_follows_pytorch_through_training_and_evaluation() {
    let mut rng = Rng::new(0, "unused");
    let start = Init::Normal { std: 1.0 };
    let linear = Linear::new(4, 3, start, &mut rng);
    spectral_norm_agrees("spectral_norm, linear", linear, &[1, 0]);
    let conv = Conv2d::new(2, 3, [2, 2], start, &mut rng);
    spectral_norm_agrees("spectral_norm, conv2d", conv, &[2, 3, 1, 0]);
    let up = ConvTranspose2d::new(2, 3, [2, 3], start, &mut rng);
    spectral_norm_agrees("spectral_norm, conv_transpose2d", up, &[2, 3, 1, 0]);
}

#[test]
fn pools_sizes_borders_and_shapes_are_those_of_pytorch() {
    let recorded = load("layers");
    let border = Sliding::UNIT.stride(2).padding(Padding::all(1));
    let layers: [(&str, &mut dyn Module); 13] = [
        ("max_pool2d", &mut MaxPool2d::new(2)),
        ("max_pool2d, 3, stride 2, padding 1", &mut MaxPool2d::new(3).sliding(border)),
        ("avg_pool2d", &mut AvgPool2d::new(2)),
        (
            "avg_pool2d, 3, stride 2, padding 1",
            &mut AvgPool2d::new(3).sliding(border).without_padding(),
        ),
        ("global_avg_pool2d", &mut { GlobalAvgPool2d }),
        ("upsample, nearest", &mut Upsample::nearest(2)),
        ("upsample, bilinear", &mut Upsample::bilinear(2)),
        ("pad2d, zeros", &mut Pad2d::zeros([0, 3], [1, 2])),
        ("pad2d, reflect", &mut Pad2d::reflect([0, 2], [1, 2])),
        ("pixel_shuffle", &mut PixelShuffle::new(2)),
        ("pixel_unshuffle", &mut PixelUnshuffle::new(2)),
        ("flatten", &mut { Flatten }),
        ("reshape", &mut Reshape::new([2, 3])),
    ];
    for (name, layer) in layers {
        layer_agrees(name, &recorded[name], layer);
    }
}

#[test]
fn an_enlarging_convolution_is_pytorchs_pair_of_layers() {
    let name = "upsample_conv2d";
    let recorded = with_weight(&load("layers")[name], 0, |w| permuted(w, &[2, 3, 1, 0]));
    let conv = Conv2d::new(2, 3, [5, 5], Init::Zeros, &mut Rng::new(0, "unused"));
    let conv = conv.padding(Padding::Same);
    called_layer_agrees(name, &recorded, &mut UpsampleConv2d::new(Upsample::nearest(2), conv));
}

#[test]
fn weight_norm_is_that_of_pytorch() {
    let mut rng = Rng::new(0, "unused");
    let start = Init::Normal { std: 1.0 };
    let mut linear = WeightNorm::new(Linear::new(4, 3, start, &mut rng));
    let mut conv = WeightNorm::new(Conv2d::new(2, 3, [2, 2], start, &mut rng));
    let layers: [(&str, &mut dyn Module, &[usize]); 2] = [
        ("weight_norm, linear", &mut linear, &[1, 0]),
        ("weight_norm, conv2d", &mut conv, &[2, 3, 1, 0]),
    ];
    for (name, layer, order) in layers {
        let recorded = with_weight(&load("layers")[name], 0, |w| permuted(w, order));
        called_layer_agrees(name, &recorded, layer);
    }
}

#[test]
fn activations_are_those_of_pytorch() {
    let recorded = load("layers");
    for (name, activation) in [
        ("tanh", Activation::Tanh),
        ("sigmoid", Activation::Sigmoid),
        ("relu", Activation::Relu),
        ("leaky_relu 0.2", Activation::LeakyRelu(0.2)),
        ("elu 0.7", Activation::Elu(0.7)),
        ("softplus", Activation::Softplus),
        ("softmax", Activation::Softmax),
        ("log_softmax", Activation::LogSoftmax),
    ] {
        layer_agrees(name, &recorded[name], &mut { activation });
    }
}

#[test]
fn every_recorded_layer_is_tested() {
    let recorded = load("layers");
    for name in recorded.as_object().expect("layers by name").keys() {
        assert!(include_str!("modules.rs").contains(&format!("\"{name}\"")), "{name}");
    }
}

/// Layers without a recording, and why.
const NOT_RECORDED: [(&str, &str); 9] = [
    ("activation", "each of its functions is recorded by its own name"),
    ("dropout", "PyTorch draws other numbers"),
    ("dropout2d", "PyTorch draws other numbers"),
    ("gaussian_noise", "PyTorch has none"),
    ("maxout", "PyTorch has none"),
    ("minibatch_discrimination", "PyTorch has none"),
    ("pack", "it joins samples and has no numbers of its own"),
    ("residual", "it is x + f(x)"),
    ("sequential", "it calls its layers"),
];

/// Reads the names out of the sources, so that nobody can forget a layer.
#[test]
fn every_layer_is_recorded_or_has_its_reason() {
    let mut layers = BTreeSet::new();
    for source in sources("crates/layers/src") {
        let code = source.split("#[cfg(test)]").next().expect("the text before the tests");
        for line in code.lines().filter(|line| line.starts_with("impl")) {
            if let Some((_, name)) = line.split_once(" Module for ") {
                layers.insert(snake_case(name.split(['<', ' ']).next().expect("a name")));
            }
        }
    }
    let recorded = load("layers");
    let recorded: BTreeSet<String> = recorded
        .as_object()
        .expect("layers by name")
        .keys()
        // What stands before a comma or a framework's name.
        .map(|name| name.split([',', ' ']).next().expect("a name").to_owned())
        .collect();
    let exempt: BTreeSet<String> = NOT_RECORDED.iter().map(|(name, _)| (*name).into()).collect();
    assert!(layers.len() > 20, "found only {layers:?}");
    let missing: Vec<&String> = layers.difference(&recorded).collect();
    assert_eq!(missing, exempt.iter().collect::<Vec<_>>(), "layers without a recording");
}

/// MaxPool2d as max_pool2d.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
