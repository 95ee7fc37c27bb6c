//! How does RMSProp move a weight?

use super::per_param::PerParam;
use super::{Optimiser, check_decay, check_learning_rate, check_not_negative};
use crate::unrolled::{Imagined, root};
use autograd::Real;
use kernels::optimise;
use layers::{Gradients, Module, StateError};

/// Gradient descent with each weight's step divided by the recent size of its gradient. For
/// each weight w with gradient g:
///
/// ```text
/// v ← ρ v + (1 - ρ) g²
/// w ← w - η g / (√v + ε)
/// ```
///
/// Source: Tieleman, Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5; ε outside
/// the root as in PyTorch.
#[derive(Debug)]
pub struct RmsProp {
    learning_rate: Real,
    rho: Real,
    epsilon: Real,
    mean_squares: PerParam<1>,
}

impl RmsProp {
    /// With learning rate η, ρ = 0.99 and ε = 1e-8.
    ///
    /// # Panics
    /// If η is not a positive number.
    #[track_caller]
    pub fn new(learning_rate: Real) -> RmsProp {
        check_learning_rate("rmsprop", learning_rate);
        RmsProp { learning_rate, rho: 0.99, epsilon: 1e-8, mean_squares: PerParam::new() }
    }

    /// The same with another decay rate ρ; the lecture has 0.9.
    ///
    /// # Panics
    /// If ρ is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn rho(mut self, rho: Real) -> RmsProp {
        check_decay("rmsprop", "ρ", rho);
        self.rho = rho;
        self
    }

    /// The same with another ε.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn epsilon(mut self, epsilon: Real) -> RmsProp {
        check_not_negative("rmsprop", "ε", epsilon);
        self.epsilon = epsilon;
        self
    }
}

impl Optimiser for RmsProp {
    fn step(&mut self, model: &mut dyn Module, gradients: &Gradients) -> Vec<String> {
        let RmsProp { learning_rate, rho, epsilon, .. } = *self;
        let rule = optimise::RmsProp { rate: learning_rate, rho, epsilon };
        self.mean_squares.step(model, gradients, rule)
    }

    fn learning_rate(&self) -> Real {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: Real) {
        check_not_negative("rmsprop", "the learning rate", learning_rate);
        self.learning_rate = learning_rate;
    }

    fn imagined(&self) -> Imagined {
        let RmsProp { learning_rate: rate, rho, epsilon, .. } = *self;
        self.mean_squares.imagined(move |_, w, g, [v]| {
            let v = rho * v + (1.0 - rho) * g.square();
            (w - rate * g / (root(&v) + epsilon), [v])
        })
    }

    fn state(&self) -> Vec<(String, Vec<f64>)> {
        self.mean_squares.state(["v"])
    }

    fn load_state(
        &mut self,
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError> {
        self.mean_squares.load(["v"], model, state)
    }
}
