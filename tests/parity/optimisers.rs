//! Do the optimisers walk the same hundred steps, and does clipping leave the same gradients?

use crate::fixture::{TOLERANCE, agree, array, list, load, tensor};
use autograd::{Array, Real, Tensor};
use gan::clip::global_norm;
use gan::{Adam, AdamW, Clip, Optimiser, RmsProp, Sgd};
use layers::{Activation, Gradients, Init, Linear, Module, Sequential, gradients};
use serde_json::Value;

/// The problem of `optimisers.py`: fit tanh(x W + b) to y in the least squares.
struct Problem {
    x: Tensor,
    y: Tensor,
    model: Sequential,
}

impl Problem {
    fn new(recorded: &Value) -> Problem {
        let mut rng = autograd::Rng::new(0, "unused");
        let mut model =
            Sequential::new().add(Linear::new(3, 2, Init::Zeros, &mut rng)).add(Activation::Tanh);
        model.each_param_mut(&mut |param| {
            let name = param.name().trim_start_matches("0.");
            let start = array(&recorded[name]);
            param.update(|w| w.copy_from_slice(start.numbers()));
        });
        Problem { x: tensor(&recorded["x"]), y: tensor(&recorded["y"]), model }
    }

    fn loss(&self) -> Tensor {
        (self.model.forward(&self.x) - &self.y).square().mean()
    }

    fn gradients(&self) -> Gradients {
        gradients(self.loss(), &self.model)
    }
}

/// A hundred losses, and the weights after 1, 10 and 100 steps.
fn run_agrees(name: &str, optimiser: &mut dyn Optimiser) {
    let recorded = load("optimisers");
    let expected = &recorded["runs"][name];
    let mut problem = Problem::new(&recorded);
    let mut losses: Vec<Real> = Vec::new();
    let mut kept = list(&expected["kept"]).iter().peekable();
    for step in 1..=100 {
        losses.push(problem.loss().item());
        let gradients = problem.gradients();
        assert!(optimiser.step(&mut problem.model, &gradients).is_empty());
        if let Some(expected) = kept.next_if(|kept| kept["step"] == step) {
            problem.model.each_param(&mut |param| {
                let what = format!("{name}: {} after step {step}", param.name());
                let expected = &expected[param.name().trim_start_matches("0.")];
                agree(&what, param.tensor().value(), expected, TOLERANCE);
            });
        }
    }
    assert!(kept.next().is_none());
    agree(name, &Array::new([100], &losses), &expected["losses"], TOLERANCE);
}

#[test]
fn gradient_descent_takes_the_steps_of_pytorch() {
    run_agrees("sgd", &mut Sgd::new(0.1));
    run_agrees("momentum", &mut Sgd::new(0.05).momentum(0.9));
    run_agrees("nesterov", &mut Sgd::new(0.05).momentum(0.9).nesterov());
}

#[test]
fn nesterovs_momentum_takes_the_steps_of_keras() {
    run_agrees("nesterov, keras", &mut Sgd::new(0.05).momentum(0.9).nesterov());
}

#[test]
fn adam_takes_the_steps_of_pytorch() {
    // Keras and MXNet add their epsilon to √v rather than to √v̂: ε √(1 - β₂ᵗ) in our formula.
    run_agrees("adam", &mut Adam::new(0.02).betas(0.5, 0.99).epsilon(0.01));
    run_agrees("adam, defaults", &mut Adam::new(0.02));
}

#[test]
fn adamw_takes_the_steps_of_pytorch() {
    let adam = Adam::new(0.02).epsilon(0.01);
    run_agrees("adamw", &mut AdamW::from(adam).weight_decay(0.1));
    run_agrees("adamw, defaults", &mut AdamW::new(0.02));
}

#[test]
fn rmsprop_takes_the_steps_of_pytorch() {
    run_agrees("rmsprop", &mut RmsProp::new(0.01).rho(0.9).epsilon(0.01));
    run_agrees("rmsprop, defaults", &mut RmsProp::new(0.01));
}

/// Clips the gradients at the start and compares what is left times `factor`.
fn clip_agrees(name: &str, clip: Clip, factor: impl Fn(f64) -> f64) {
    let recorded = load("optimisers");
    let expected = &recorded["clips"][name];
    let gradients = Problem::new(&recorded).gradients();
    let norm = f64::from(global_norm(&gradients));
    agree(name, &Array::scalar(norm as Real), &expected["norm"], TOLERANCE);
    let clipped = clip.apply(&gradients);
    for (found, expected) in clipped.iter().zip(list(&expected["gradients"])) {
        let factor = factor(norm) as Real;
        let found = found.value().map(|g| g * factor);
        agree(name, &found, expected, TOLERANCE);
    }
}

#[test]
fn clipping_by_value_is_that_of_pytorch() {
    clip_agrees("value 0.05", Clip::Value(0.05), |_| 1.0);
}

#[test]
fn clipping_by_the_global_norm_is_that_of_pytorch_but_for_its_millionth() {
    // PyTorch multiplies by c / (N + 1e-6), so its clipped norm is a little below c.
    clip_agrees("global norm 0.1", Clip::GlobalNorm(0.1), |norm| norm / (norm + 1e-6));
    clip_agrees("global norm 10", Clip::GlobalNorm(10.0), |_| 1.0);
}

#[test]
fn the_epsilons_are_large_enough_to_be_seen() {
    // What the cases with ε = 0.01 are for: at ε = 0 they end elsewhere, also in f32.
    let recorded = load("optimisers");
    let weight_after = |optimiser: &mut dyn Optimiser| {
        let mut problem = Problem::new(&recorded);
        for _ in 0..100 {
            let gradients = problem.gradients();
            assert!(optimiser.step(&mut problem.model, &gradients).is_empty());
        }
        problem.model.params()[0].tensor().numbers()[0]
    };
    let at = |epsilon| {
        [
            weight_after(&mut Adam::new(0.02).epsilon(epsilon)),
            weight_after(&mut RmsProp::new(0.01).rho(0.9).epsilon(epsilon)),
        ]
    };
    for (large, none) in at(0.01).iter().zip(at(0.0)) {
        assert!((large - none).abs() > 1e-3, "{large} {none}");
    }
}
