//! Do the optimisers walk the same hundred steps, and does clipping leave the same gradients?
//!
//! PyTorch's formulas are ours. Keras and MXNet have others in places; the same steps then take other
//! settings, which `tests/fixtures/optimisers.py` derives.

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

/// The fixtures that hold runs.
const RECORDINGS: [&str; 2] = ["optimisers", "optimisers_mxnet"];

/// The run of this name.
fn recorded_run(name: &str) -> Value {
    let find = |recording| load(recording)["runs"].get(name).cloned();
    RECORDINGS.into_iter().find_map(find).unwrap_or_else(|| panic!("no run of `{name}`"))
}

/// A hundred losses, and the weights after 1, 10 and 100 steps.
fn run_agrees(name: &str, optimiser: impl Optimiser) {
    run_set_anew_agrees(name, optimiser, |optimiser, _| optimiser);
}

/// The same of an optimiser that `set` changes before each step, which it counts from 1.
fn run_set_anew_agrees<O: Optimiser>(name: &str, optimiser: O, set: impl Fn(O, i32) -> O) {
    run_is_within(TOLERANCE, name, optimiser, set);
}

fn run_is_within<O: Optimiser>(
    tolerance: f64,
    name: &str,
    mut optimiser: O,
    set: impl Fn(O, i32) -> O,
) {
    let expected = recorded_run(name);
    let mut problem = Problem::new(&load("optimisers"));
    let mut losses: Vec<Real> = Vec::new();
    let mut kept = list(&expected["kept"]).iter().peekable();
    for step in 1..=100 {
        losses.push(problem.loss().item());
        let gradients = problem.gradients();
        optimiser = set(optimiser, step);
        assert!(optimiser.step(&mut problem.model, &gradients).is_empty());
        if let Some(expected) = kept.next_if(|kept| kept["step"] == step) {
            problem.model.each_param(&mut |param| {
                let what = format!("{name}: {} after step {step}", param.name());
                let expected = &expected[param.name().trim_start_matches("0.")];
                agree(&what, param.tensor().value(), expected, tolerance);
            });
        }
    }
    assert!(kept.next().is_none());
    agree(name, &Array::new([100], &losses), &expected["losses"], tolerance);
}

#[test]
fn gradient_descent_takes_the_steps_of_pytorch() {
    run_agrees("sgd", Sgd::new(0.1));
    run_agrees("momentum", Sgd::new(0.05).momentum(0.9));
    run_agrees("nesterov", Sgd::new(0.05).momentum(0.9).nesterov());
}

#[test]
fn adam_takes_the_steps_of_pytorch() {
    run_agrees("adam", Adam::new(0.02).betas(0.5, 0.99).epsilon(0.01));
    run_agrees("adam, defaults", Adam::new(0.02));
}

#[test]
fn adamw_takes_the_steps_of_pytorch() {
    let adam = Adam::new(0.02).epsilon(0.01);
    run_agrees("adamw", AdamW::from(adam).weight_decay(0.1));
    run_agrees("adamw, defaults", AdamW::new(0.02));
}

#[test]
fn rmsprop_takes_the_steps_of_pytorch() {
    run_agrees("rmsprop", RmsProp::new(0.01).rho(0.9).epsilon(0.01));
    run_agrees("rmsprop, defaults", RmsProp::new(0.01));
}

/// √(1 - β₂ᵗ), the factor of √v̂ in √v.
fn root_of_correction(beta2: f64, step: i32) -> f64 {
    (1.0 - beta2.powi(step)).sqrt()
}

#[test]
fn gradient_descent_takes_the_steps_of_keras() {
    run_agrees("nesterov, keras", Sgd::new(0.05).momentum(0.9).nesterov());
    // Step t's, counted from 1.
    let rate = |t: i32| 0.05 / (1.0 + 0.01 * (t - 1) as Real);
    let name = "momentum, keras, falling rate";
    run_set_anew_agrees(name, Sgd::new(0.05).momentum(0.9), |mut sgd, t| {
        sgd.set_learning_rate(rate(t));
        sgd.momentum(0.9 * if t == 1 { 1.0 } else { rate(t - 1) / rate(t) })
    });
}

#[test]
fn adam_takes_the_steps_of_keras_with_an_epsilon_for_each() {
    let adam = Adam::new(0.02).betas(0.5, 0.99);
    run_set_anew_agrees("adam, keras", adam, |adam, t| {
        adam.epsilon((0.01 / root_of_correction(0.99, t)) as Real)
    });
    run_set_anew_agrees("adam, keras, defaults", Adam::new(0.001), |adam, t| {
        adam.epsilon((1e-7 / root_of_correction(0.999, t)) as Real)
    });
}

#[test]
fn where_no_epsilon_is_the_other_steps_are_those_of_keras() {
    let adam = Adam::new(0.02).epsilon(0.0);
    run_agrees("adamw, keras, no epsilon", AdamW::from(adam).weight_decay(0.1));
    run_agrees("rmsprop, keras, no epsilon", RmsProp::new(0.001).rho(0.9).epsilon(0.0));
}

#[test]
fn kerass_default_epsilons_matter_little() {
    // Its 1e-7 in Adam as an ε of ours, and in RMSProp, inside the root, as none.
    let (adam, rmsprop) =
        (Adam::new(0.001).epsilon(1e-7), RmsProp::new(0.001).rho(0.9).epsilon(0.0));
    run_is_within(1e-5, "adam, keras, defaults", adam, |adam, _| adam);
    run_is_within(1e-4, "rmsprop, keras, defaults", rmsprop, |rmsprop, _| rmsprop);
}

#[test]
fn a_mean_loss_takes_the_steps_of_mxnets_sum_divided_by_the_batch() {
    run_agrees("sgd, mxnet", Sgd::new(0.125));
    run_agrees("momentum, mxnet", Sgd::new(0.0625).momentum(0.875));
    run_agrees("nesterov, mxnet", Sgd::new(0.0625).momentum(0.875).nesterov());
}

#[test]
fn adam_takes_the_steps_of_mxnet_with_an_epsilon_for_each() {
    let [rate, beta1, beta2, epsilon] = [1.0 / 32.0, 0.5, 1.0 - 1.0 / 64.0, 1.0_f64 / 128.0];
    let adam = Adam::new(rate as Real).betas(beta1 as Real, beta2 as Real);
    run_set_anew_agrees("adam, mxnet", adam, |mut adam, t| {
        let correction = root_of_correction(beta2, t) / (1.0 - beta1.powi(t));
        // MXNet keeps its rate with the correction in it, η √(1 - β₂ᵗ) / (1 - β₁ᵗ), in float32.
        let rounded = f64::from((rate * correction) as f32);
        adam.set_learning_rate((rounded / correction) as Real);
        adam.epsilon((epsilon / root_of_correction(beta2, t)) as Real)
    });
}

#[test]
fn every_recorded_run_is_tested() {
    for recording in RECORDINGS {
        for name in load(recording)["runs"].as_object().expect("runs by name").keys() {
            assert!(include_str!("optimisers.rs").contains(&format!("\"{name}\"")), "{name}");
        }
    }
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
