//! How does Adam move a weight?

use super::per_param::{PerParam, take};
use super::{Optimiser, check_decay, check_learning_rate, check_not_negative};
use crate::unrolled::{Imagined, root};
use autograd::Real;
use kernels::optimise;
use layers::{Gradients, Module, StateError};

/// What the state calls β₁ᵗ and β₂ᵗ.
const POWERS: &str = "powers of β₁ and β₂";

/// Adaptive moment estimation. Step t, for each weight w with gradient g:
///
/// ```text
/// m ← β₁ m + (1 - β₁) g
/// v ← β₂ v + (1 - β₂) g²
/// w ← w - η m̂ / (√v̂ + ε),     m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ)
/// ```
///
/// t counts the optimiser's steps, also for a weight that some of them gave no gradient.
///
/// Source: Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", Algorithm 1.
#[derive(Debug)]
pub struct Adam {
    learning_rate: Real,
    beta1: Real,
    beta2: Real,
    epsilon: Real,
    /// β₁ᵗ and β₂ᵗ.
    powers: [f64; 2],
    moments: PerParam<2>,
}

impl Adam {
    /// With learning rate η and the paper's β₁ = 0.9, β₂ = 0.999, ε = 1e-8.
    ///
    /// # Panics
    /// If η is not a positive number.
    #[track_caller]
    pub fn new(learning_rate: Real) -> Adam {
        check_learning_rate("adam", learning_rate);
        Adam {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            powers: [1.0, 1.0],
            moments: PerParam::new(),
        }
    }

    /// The same with other decay rates. DCGAN and its kin use (0.5, 0.999).
    ///
    /// # Panics
    /// If one of them is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn betas(mut self, beta1: Real, beta2: Real) -> Adam {
        check_decay("adam", "β₁", beta1);
        check_decay("adam", "β₂", beta2);
        (self.beta1, self.beta2) = (beta1, beta2);
        self
    }

    /// The same with another ε.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn epsilon(mut self, epsilon: Real) -> Adam {
        check_not_negative("adam", "ε", epsilon);
        self.epsilon = epsilon;
        self
    }

    /// One step, after each weight has been multiplied by `shrink`.
    #[track_caller]
    fn step_shrinking(
        &mut self,
        shrink: Real,
        model: &mut dyn Module,
        gradients: &Gradients,
    ) -> Vec<String> {
        let Adam { learning_rate, beta1, beta2, epsilon, .. } = *self;
        self.powers[0] *= f64::from(beta1);
        self.powers[1] *= f64::from(beta2);
        let [c1, c2] = self.powers.map(|power| 1.0 - power);
        let rate = (f64::from(learning_rate) / c1) as Real;
        let correction = (1.0 / c2.sqrt()) as Real;
        let rule = optimise::Adam { shrink, rate, beta1, beta2, correction, epsilon };
        self.moments.step(model, gradients, rule)
    }

    /// The same in tensors.
    fn imagined_shrinking(&self, shrink: Real) -> Imagined {
        let Adam { learning_rate, beta1, beta2, epsilon, powers, .. } = *self;
        self.moments.imagined(move |step, w, g, [m, v]| {
            let m = beta1 * m + (1.0 - beta1) * g;
            let v = beta2 * v + (1.0 - beta2) * g.square();
            let c1 = 1.0 - powers[0] * f64::from(beta1).powi(step);
            let c2 = 1.0 - powers[1] * f64::from(beta2).powi(step);
            let (rate, correction) = (f64::from(learning_rate) / c1, 1.0 / c2.sqrt());
            let size = root(&v) * correction as Real + epsilon;
            (shrink * w - rate as Real * &m / size, [m, v])
        })
    }
}

impl Optimiser for Adam {
    fn step(&mut self, model: &mut dyn Module, gradients: &Gradients) -> Vec<String> {
        self.step_shrinking(1.0, model, gradients)
    }

    fn learning_rate(&self) -> Real {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: Real) {
        check_not_negative("adam", "the learning rate", learning_rate);
        self.learning_rate = learning_rate;
    }

    fn imagined(&self) -> Imagined {
        self.imagined_shrinking(1.0)
    }

    fn state(&self) -> Vec<(String, Vec<f64>)> {
        let powers = (POWERS.to_owned(), self.powers.to_vec());
        [powers].into_iter().chain(self.moments.state(["m", "v"])).collect()
    }

    fn load_state(
        &mut self,
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError> {
        let (powers, moments): (Vec<_>, Vec<_>) =
            state.into_iter().partition(|(name, _)| name == POWERS);
        let powers = take(&mut powers.into_iter().collect(), POWERS.to_owned(), 2)?;
        self.moments.load(["m", "v"], model, moments)?;
        self.powers = [powers[0], powers[1]];
        Ok(())
    }
}

/// Adam with decoupled weight decay λ: the step of [`Adam`] from a weight that has first shrunk,
///
/// ```text
/// w ← (1 - η λ) w - η m̂ / (√v̂ + ε)
/// ```
///
/// Source: Loshchilov, Hutter 2019, "Decoupled Weight Decay Regularization", Algorithm 2, with
/// the decay scaled by η as in PyTorch.
#[derive(Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: Real,
}

impl AdamW {
    /// With learning rate η, λ = 0.01 and Adam's other settings as in [`Adam::new`].
    ///
    /// # Panics
    /// If η is not a positive number.
    #[track_caller]
    pub fn new(learning_rate: Real) -> AdamW {
        AdamW::from(Adam::new(learning_rate))
    }

    /// The same with another λ.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn weight_decay(mut self, weight_decay: Real) -> AdamW {
        check_not_negative("adamw", "λ", weight_decay);
        self.weight_decay = weight_decay;
        self
    }
}

impl From<Adam> for AdamW {
    /// With the settings of an Adam that has not stepped yet, and λ = 0.01.
    fn from(adam: Adam) -> AdamW {
        AdamW { adam, weight_decay: 0.01 }
    }
}

impl Optimiser for AdamW {
    fn step(&mut self, model: &mut dyn Module, gradients: &Gradients) -> Vec<String> {
        let shrink = 1.0 - self.adam.learning_rate * self.weight_decay;
        self.adam.step_shrinking(shrink, model, gradients)
    }

    fn learning_rate(&self) -> Real {
        self.adam.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: Real) {
        self.adam.set_learning_rate(learning_rate);
    }

    fn imagined(&self) -> Imagined {
        self.adam.imagined_shrinking(1.0 - self.adam.learning_rate * self.weight_decay)
    }

    fn state(&self) -> Vec<(String, Vec<f64>)> {
        self.adam.state()
    }

    fn load_state(
        &mut self,
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError> {
        self.adam.load_state(model, state)
    }
}
