//! Does a penalty on the gradient in the inputs have the right gradient in the weights?

use crate::fixture::{TOLERANCE, agree, all_agree, array, list, load};
use autograd::{Rng, Tensor, vjp};
use gan::penalties::{half_squares, slopes, unit_length};
use layers::{Activation, BatchNorm, Init, LayerNorm, Linear, Module, Sequential};

/// Three linear layers, with `middle` after the first and tanh after the second.
fn mlp(middle: impl FnOnce(Sequential) -> Sequential) -> Sequential {
    let mut rng = Rng::new(0, "unused");
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::Zeros, &mut rng);
    let [first, second, third] = [linear(2, 4), linear(4, 3), linear(3, 1)];
    middle(Sequential::new().add(first)).add(second).add(Activation::Tanh).add(third)
}

fn penalty_agrees(name: &str, mut model: Sequential, penalty: fn(&Tensor) -> Tensor) {
    let expected = &load("penalties")[name];
    let mut starts = list(&expected["params"]).iter();
    model.each_param_mut(&mut |param| {
        let start = array(starts.next().expect("a start for each parameter"));
        param.update(|w| w.copy_from_slice(start.numbers()));
    });
    let x = Tensor::variable(array(&expected["x"]));
    let scores = model.forward_train(&x, &mut Rng::new(0, "unused"));
    let slopes = slopes(&scores, &x);
    let loss = penalty(&slopes);
    let params = model.params();
    let wrt: Vec<&Tensor> = [&x].into_iter().chain(params.iter().map(|p| p.tensor())).collect();
    let found = vjp(&loss, &Tensor::scalar(1.0), &wrt, false);
    agree(&format!("{name}: slopes"), slopes.value(), &expected["slopes"], TOLERANCE);
    agree(name, loss.value(), &expected["penalty"], TOLERANCE);
    all_agree(&format!("{name}: gradient"), &found, &expected["gradients"], TOLERANCE);
}

#[test]
fn a_two_sided_penalty_reaches_the_weights_through_tanh() {
    let model = mlp(|model| model.add(Activation::Tanh));
    penalty_agrees("two-sided through tanh", model, unit_length);
}

#[test]
fn a_penalty_of_squares_reaches_the_weights_through_layer_norm() {
    let model = mlp(|model| model.add(LayerNorm::new(4)).add(Activation::Softplus));
    penalty_agrees("R1 through layer norm and softplus", model, half_squares);
}

#[test]
fn a_two_sided_penalty_reaches_the_weights_through_batch_norm_in_training() {
    let model = mlp(|model| model.add(BatchNorm::pytorch(4)).add(Activation::LeakyRelu(0.2)));
    penalty_agrees("two-sided through batch norm in training", model, unit_length);
}
