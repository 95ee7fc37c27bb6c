//! How do gradients move weights?
//!
//! An [`Optimiser`] holds what it remembers of earlier gradients and is the only thing that
//! changes a model's parameters. Each file has one, with its formula:
//!
//! | optimiser | remembers for each weight |
//! |---|---|
//! | [`Sgd`] | a velocity, if it has momentum |
//! | [`RmsProp`] | the mean square of its gradient |
//! | [`Adam`], [`AdamW`] | the mean and the mean square of its gradient |

mod adam;
mod per_param;
mod rmsprop;
mod sgd;

pub use adam::{Adam, AdamW};
pub use rmsprop::RmsProp;
pub use sgd::Sgd;

use crate::unrolled::Imagined;
use autograd::Real;
use layers::{Gradients, Module, State, StateError};

/// A rule that moves weights against their gradients.
pub trait Optimiser: Send {
    /// Moves the model's parameters by one step and returns the names of those that received no
    /// gradient. They, and what the optimiser remembers of them, stay as they are.
    ///
    /// # Panics
    /// If the gradients, or the earlier steps, belong to another model.
    #[must_use = "a parameter without a gradient is usually a mistake in the model"]
    #[track_caller]
    fn step(&mut self, model: &mut dyn Module, gradients: &Gradients) -> Vec<String>;

    /// The step size η.
    fn learning_rate(&self) -> Real;

    /// Changes the step size η, as a schedule does between steps.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    fn set_learning_rate(&mut self, learning_rate: Real);

    /// Its next steps as functions of tensors, from what it remembers and its learning rate as they
    /// are. Gradients flow through them, and the optimiser itself stays as it is.
    fn imagined(&self) -> Imagined;

    /// Everything that it remembers between steps, by name and always in the same order, such as
    /// `0.weight.m` for Adam's m of the parameter `0.weight`. In f64, which holds every [`Real`]
    /// exactly: equal states lead to equal steps. Before the first step nothing is remembered of
    /// parameters. Settings, the learning rate among them, are no state.
    fn state(&self) -> Vec<(String, Vec<f64>)>;

    /// Remembers what another optimiser of these settings remembered of `model`, in any order: the
    /// inverse of [`Optimiser::state`]. One that has not stepped yet remembers nothing of
    /// parameters.
    ///
    /// # Errors
    /// If something is missing, unknown or of another length. What it remembers is then unchanged.
    fn load_state(
        &mut self,
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError>;

    /// Puts [`Optimiser::state`] into a state.
    fn put(&self, state: &mut State<'_>) {
        self.state().iter().for_each(|(name, numbers)| state.put_list(name, numbers));
    }

    /// Takes out what [`Optimiser::put`] has put in for this model.
    ///
    /// # Errors
    /// As [`Optimiser::load_state`].
    fn take(&mut self, model: &dyn Module, state: &mut State<'_>) -> Result<(), StateError> {
        let memories = state.take_lists()?;
        self.load_state(model, memories).map_err(|why| why.within(state))
    }
}

#[track_caller]
fn check_learning_rate(name: &str, learning_rate: Real) {
    assert!(
        learning_rate > 0.0 && learning_rate.is_finite(),
        "{name}: the learning rate {learning_rate} is not a positive number"
    );
}

/// For settings that may be 0, as the learning rate at the end of a schedule.
#[track_caller]
fn check_not_negative(name: &str, which: &str, number: Real) {
    let fine = number >= 0.0 && number.is_finite();
    assert!(fine, "{name}: {which} = {number} is negative or not finite");
}

#[track_caller]
fn check_decay(name: &str, which: &str, decay: Real) {
    assert!((0.0..1.0).contains(&decay), "{name}: {which} = {decay} is not in [0, 1)");
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Rng, Tensor};
    use layers::{Activation, Init, Linear, Sequential, gradients};

    fn model() -> Sequential {
        let mut rng = Rng::new(0, "weights");
        Sequential::new()
            .add(Linear::new(2, 8, Init::XavierUniform, &mut rng))
            .add(Activation::Tanh)
            .add(Linear::new(8, 1, Init::XavierUniform, &mut rng))
    }

    fn optimisers() -> [(&'static str, Box<dyn Optimiser>); 6] {
        [
            ("sgd", Box::new(Sgd::new(0.1))),
            ("momentum", Box::new(Sgd::new(0.05).momentum(0.9))),
            ("nesterov", Box::new(Sgd::new(0.05).momentum(0.9).nesterov())),
            ("rmsprop", Box::new(RmsProp::new(0.01))),
            ("adam", Box::new(Adam::new(0.01))),
            ("adamw", Box::new(AdamW::new(0.01))),
        ]
    }

    #[test]
    fn every_optimiser_learns_a_product() {
        let mut rng = Rng::new(1, "data");
        let x = Tensor::constant(rng.uniform([64, 2], -1.0, 1.0));
        let y = x.slice(1, 0..1) * x.slice(1, 1..2);
        for (name, mut optimiser) in optimisers() {
            let mut model = model();
            let loss = |model: &Sequential| (model.forward(&x) - &y).square().mean();
            let before = loss(&model).item();
            for _ in 0..500 {
                let gradients = gradients(loss(&model), &model);
                assert!(optimiser.step(&mut model, &gradients).is_empty());
            }
            let after = loss(&model).item();
            assert!(after < 0.2 * before, "{name}: from {before} to {after}");
        }
    }

    /// Five steps of a single weight from 1, by the formulas of the docs.
    #[test]
    fn documented_formula_matches() {
        const GRADIENTS: [f64; 5] = [0.5, -1.5, 0.25, 2.0, -0.125];
        type Step<'a> = &'a mut dyn FnMut(f64, f64, i32) -> f64;
        let walk = |step: Step<'_>| (1..).zip(GRADIENTS).fold(1.0, |w, (t, g)| step(w, g, t));
        let (eta, mu, rho, beta1, beta2, epsilon, lambda) = (0.05, 0.8, 0.9, 0.7, 0.95, 0.01, 0.1);
        let (mut u, mut m, mut v) = (0.0, 0.0, 0.0);
        let sgd = walk(&mut |w, g, _| w - eta * g);
        let momentum = walk(&mut |w, g, _| {
            u = mu * u + g;
            w - eta * u
        });
        u = 0.0;
        let nesterov = walk(&mut |w, g, _| {
            u = mu * u + g;
            w - eta * (g + mu * u)
        });
        let rmsprop = walk(&mut |w, g, _| {
            v = rho * v + (1.0 - rho) * g * g;
            w - eta * g / (v.sqrt() + epsilon)
        });
        let mut adam = |lambda: f64| {
            (m, v) = (0.0, 0.0);
            walk(&mut |w, g, t| {
                m = beta1 * m + (1.0 - beta1) * g;
                v = beta2 * v + (1.0 - beta2) * g * g;
                let (m_hat, v_hat) = (m / (1.0 - beta1.powi(t)), v / (1.0 - beta2.powi(t)));
                (1.0 - eta * lambda) * w - eta * m_hat / (v_hat.sqrt() + epsilon)
            })
        };
        let [adam, adamw] = [adam(0.0), adam(lambda)];
        let ours = || Adam::new(0.05).betas(0.7, 0.95).epsilon(0.01);
        let cases: [(&str, Box<dyn Optimiser>, f64); 6] = [
            ("sgd", Box::new(Sgd::new(0.05)), sgd),
            ("momentum", Box::new(Sgd::new(0.05).momentum(0.8)), momentum),
            ("nesterov", Box::new(Sgd::new(0.05).momentum(0.8).nesterov()), nesterov),
            ("rmsprop", Box::new(RmsProp::new(0.05).rho(0.9).epsilon(0.01)), rmsprop),
            ("adam", Box::new(ours()), adam),
            ("adamw", Box::new(AdamW::from(ours()).weight_decay(0.1)), adamw),
        ];
        for (name, mut optimiser, expected) in cases {
            let init = Init::Constant(1.0);
            let mut model = Linear::new(1, 1, init, &mut Rng::new(0, "unused"));
            for g in GRADIENTS {
                let loss = (model.params()[0].tensor() * g as Real).sum();
                let gradients = gradients(loss, &model);
                assert_eq!(optimiser.step(&mut model, &gradients), ["bias"]);
            }
            let found = f64::from(model.params()[0].tensor().item());
            assert!((found - expected).abs() < 1e-5, "{name}: {found}, not {expected}");
        }
    }

    #[test]
    fn settings_out_of_their_range_are_refused() {
        let mistakes: [(fn(), &str); 11] = [
            (|| drop(Sgd::new(0.0)), "sgd: the learning rate 0 is not a positive number"),
            (|| drop(Adam::new(-0.1)), "adam: the learning rate -0.1 is not a positive number"),
            (
                || drop(AdamW::new(Real::NAN)),
                "adam: the learning rate NaN is not a positive number",
            ),
            (
                || drop(RmsProp::new(Real::INFINITY)),
                "rmsprop: the learning rate inf is not a positive number",
            ),
            (|| drop(Sgd::new(0.1).momentum(1.0)), "sgd: μ = 1 is not in [0, 1)"),
            (|| drop(RmsProp::new(0.1).rho(-0.5)), "rmsprop: ρ = -0.5 is not in [0, 1)"),
            (|| drop(Adam::new(0.1).betas(1.0, 0.9)), "adam: β₁ = 1 is not in [0, 1)"),
            (|| drop(Adam::new(0.1).betas(0.5, 1.5)), "adam: β₂ = 1.5 is not in [0, 1)"),
            (|| drop(Adam::new(0.1).epsilon(-1.0)), "adam: ε = -1 is negative or not finite"),
            (
                || drop(AdamW::new(0.1).weight_decay(Real::INFINITY)),
                "adamw: λ = inf is negative or not finite",
            ),
            (
                || Sgd::new(0.1).set_learning_rate(Real::NAN),
                "sgd: the learning rate = NaN is negative or not finite",
            ),
        ];
        for (make, expected) in mistakes {
            let panic = std::panic::catch_unwind(make).expect_err(expected);
            assert_eq!(*panic.downcast::<String>().expect("a text"), expected);
        }
        // The end of a schedule, and a memory of nothing, are in range.
        for (name, mut optimiser) in optimisers() {
            for rate in [0.25, 0.0] {
                optimiser.set_learning_rate(rate);
                assert_eq!(optimiser.learning_rate(), rate, "{name}");
            }
        }
        let _ = Adam::new(0.1).betas(0.0, 0.0).epsilon(0.0);
    }

    #[test]
    fn state_holds_what_the_formulas_remember() {
        for (name, mut optimiser) in optimisers() {
            let mut model = model();
            let mut step = |optimiser: &mut dyn Optimiser| {
                let x = Tensor::new([2, 2], &[1.0, -0.5, 0.25, 2.0]);
                let gradients = gradients(model.forward(&x).square().sum(), &model);
                assert!(optimiser.step(&mut model, &gradients).is_empty());
                gradients.iter().next().expect("the first weight's").numbers().to_vec()
            };
            assert!(optimiser.state().iter().all(|(name, _)| !name.contains("weight")));
            let first = step(optimiser.as_mut());
            if name == "sgd" {
                assert!(optimiser.state().is_empty(), "without momentum nothing is remembered");
                continue;
            }
            // After one step from zeros, by the formulas.
            let (wanted, factor, power) = match name {
                "rmsprop" => ("0.weight.v", 0.01, 2),
                "adam" | "adamw" => ("0.weight.v", 0.001, 2),
                _ => ("0.weight.u", 1.0, 1),
            };
            let before = optimiser.state();
            let (_, found) = before.iter().find(|(name, _)| name == wanted).expect(wanted);
            for (found, g) in found.iter().zip(&first) {
                let expected = factor * f64::from(*g).powi(power);
                assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{name}: {found}");
            }
            step(optimiser.as_mut());
            assert_ne!(optimiser.state(), before, "{name}");
        }
    }

    /// So many steps on a small batch.
    fn steps(optimiser: &mut dyn Optimiser, model: &mut Sequential, count: usize) {
        let x = Tensor::new([2, 2], &[1.0, -0.5, 0.25, 2.0]);
        for _ in 0..count {
            let gradients = gradients(model.forward(&x).square().sum(), model);
            assert!(optimiser.step(model, &gradients).is_empty());
        }
    }

    #[test]
    fn an_optimiser_with_a_loaded_state_takes_the_same_steps() {
        for before in [0, 1, 7] {
            for ((name, mut saved), (_, mut loaded)) in optimisers().into_iter().zip(optimisers()) {
                let (mut model, mut copy) = (model(), model());
                steps(saved.as_mut(), &mut model, before);
                layers::from_safetensors(&mut copy, &layers::to_safetensors(&model)).unwrap();
                // In any order, and in place of what it remembers already.
                steps(loaded.as_mut(), &mut self::model(), 3);
                let mut state = saved.state();
                state.reverse();
                loaded.load_state(&copy, state).unwrap();
                assert_eq!(loaded.state(), saved.state(), "{name}");
                steps(saved.as_mut(), &mut model, 5);
                steps(loaded.as_mut(), &mut copy, 5);
                let bytes = layers::to_safetensors;
                assert_eq!(bytes(&model), bytes(&copy), "{name} after {before}");
            }
        }
    }

    #[test]
    fn a_state_of_other_names_or_lengths_is_refused_and_nothing_changes() {
        for (name, mut optimiser) in optimisers() {
            let mut model = model();
            steps(optimiser.as_mut(), &mut model, 2);
            let good = optimiser.state();
            let mut refuse = |state, expected: &str| {
                let why = optimiser.load_state(&model, state).unwrap_err().to_string();
                assert!(why.starts_with(expected), "{name}: {why}");
                assert_eq!(optimiser.state(), good, "{name}");
            };
            let mut state = good.clone();
            state.push(("5.weight.m".to_owned(), vec![0.0]));
            refuse(state, "tensor `5.weight.m` belongs to no part");
            for i in 0..good.len() {
                let (missing, _) = &good[i];
                let mut state = good.clone();
                state.remove(i);
                refuse(state.clone(), &format!("tensor `{missing}` is missing"));
                state.push((missing.clone(), vec![0.0; 1000]));
                refuse(state, &format!("tensor `{missing}` has shape [1000]"));
            }
        }
    }

    #[test]
    fn step_names_parameters_without_gradient() {
        for (name, mut optimiser) in optimisers() {
            let mut model = model();
            let before = layers::to_safetensors(&model);
            // Only the last layer takes part in this loss.
            let last = model.params()[2].tensor().clone();
            let gradients = gradients(last.square().sum(), &model);
            drop(last);
            let missing = optimiser.step(&mut model, &gradients);
            assert_eq!(missing, ["0.weight", "0.bias", "2.bias"], "{name}");
            assert_ne!(layers::to_safetensors(&model), before);
        }
    }

    #[test]
    #[should_panic(expected = "is not parameter 0 of the model")]
    fn gradients_of_another_model_are_refused() {
        let (mut first, second) = (model(), model());
        let x = Tensor::full([1, 2], 1.0);
        let gradients = gradients(second.forward(&x).sum(), &second);
        let _ = Adam::new(0.01).step(&mut first, &gradients);
    }

    #[test]
    #[should_panic(
        expected = "optimiser: this optimiser has stepped another model than that of `0.weight`"
    )]
    fn an_optimiser_belongs_to_one_model() {
        let mut optimiser = Adam::new(0.01);
        for mut model in [model(), model()] {
            let x = Tensor::full([1, 2], 1.0);
            let gradients = gradients(model.forward(&x).sum(), &model);
            let _ = optimiser.step(&mut model, &gradients);
        }
    }
}
