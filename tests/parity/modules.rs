//! Does each layer agree, in training and in evaluation?

use crate::fixture::{TOLERANCE, agree, all_agree, array, gradients, list, load};
use autograd::{Rng, Tensor};
use layers::{Activation, BatchNorm, Init, LayerNorm, Linear, Module, Param};
use serde_json::Value;

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
    let found = gradients(y, expected, &wrt);
    all_agree(&format!("{name}: gradient"), &found, &expected["gradients"], TOLERANCE);
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
fn layer_agrees(name: &str, expected: &Value, mut layer: impl Module) {
    let x = Tensor::variable(array(&expected["x"]));
    let y = layer.forward(&x);
    output_agrees(name, &layer, [&x, &y], expected);
    let y = layer.forward_train(&x, &mut Rng::new(0, "unused"));
    output_agrees(&format!("{name}, training"), &layer, [&x, &y], expected);
}

#[test]
fn layer_norm_is_that_of_pytorch() {
    for (name, features) in [("layer_norm, dense", 5), ("layer_norm, images", 4)] {
        let recorded = &load("layers")[name];
        let mut layer = LayerNorm::new(features);
        set_params(&mut layer, &[&recorded["params"][0], &recorded["params"][1]]);
        layer_agrees(name, recorded, layer);
    }
}

#[test]
fn a_linear_layer_is_that_of_pytorch_with_its_weight_transposed() {
    let all = load("layers");
    for name in ["linear", "linear of three axes"] {
        let mut recorded = all[name].clone();
        // PyTorch's weight, and the gradient in it, are [outputs, inputs].
        for place in ["/params/0", "/gradients/1"] {
            let weight = recorded.pointer_mut(place).expect("the weight is recorded");
            *weight = transposed(weight);
        }
        let weight = list(&recorded["params"][0]);
        let (inputs, outputs) = (weight.len(), list(&weight[0]).len());
        let mut layer = Linear::new(inputs, outputs, Init::Zeros, &mut Rng::new(0, "unused"));
        set_params(&mut layer, &[&recorded["params"][0], &recorded["params"][1]]);
        layer_agrees(name, &recorded, layer);
    }
}

fn transposed(matrix: &Value) -> Value {
    let rows = list(matrix);
    let column = |j: usize| rows.iter().map(|row| row[j].clone()).collect::<Value>();
    (0..list(&rows[0]).len()).map(column).collect()
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
        layer_agrees(name, &recorded[name], activation);
    }
}
