//! How does gradient descent move a weight, and what does momentum add?

use super::per_param::PerParam;
use super::{Optimiser, check_decay, check_learning_rate, check_not_negative};
use crate::unrolled::Imagined;
use autograd::Real;
use kernels::optimise::{Descent, Momentum, Nesterov};
use layers::{Gradients, Module, StateError};

/// Stochastic gradient descent. For each weight w with gradient g, velocity u and momentum μ:
///
/// ```text
/// u ← μ u + g
/// w ← w - η u              without momentum (μ = 0) simply w - η g
/// w ← w - η (g + μ u)      with Nesterov's momentum
/// ```
///
/// Source: Polyak 1964, "Some methods of speeding up the convergence of iteration methods";
/// Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning",
/// in the form of PyTorch, where the velocity does not contain η. While η is constant, Keras's
/// form takes the same steps.
#[derive(Debug)]
pub struct Sgd {
    learning_rate: Real,
    momentum: Real,
    nesterov: bool,
    /// Used without momentum, which remembers nothing.
    weights: PerParam<0>,
    velocities: PerParam<1>,
}

impl Sgd {
    /// With learning rate η and no momentum.
    ///
    /// # Panics
    /// If η is not a positive number.
    #[track_caller]
    pub fn new(learning_rate: Real) -> Sgd {
        check_learning_rate("sgd", learning_rate);
        Sgd {
            learning_rate,
            momentum: 0.0,
            nesterov: false,
            weights: PerParam::new(),
            velocities: PerParam::new(),
        }
    }

    /// The same with momentum μ.
    ///
    /// # Panics
    /// If μ is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn momentum(mut self, momentum: Real) -> Sgd {
        check_decay("sgd", "μ", momentum);
        self.momentum = momentum;
        self
    }

    /// The same with Nesterov's momentum.
    #[must_use]
    pub fn nesterov(mut self) -> Sgd {
        self.nesterov = true;
        self
    }
}

impl Optimiser for Sgd {
    fn step(&mut self, model: &mut dyn Module, gradients: &Gradients) -> Vec<String> {
        let Sgd { learning_rate: rate, momentum, nesterov, .. } = *self;
        if momentum == 0.0 {
            self.weights.step(model, gradients, Descent { rate })
        } else if nesterov {
            self.velocities.step(model, gradients, Nesterov { rate, momentum })
        } else {
            self.velocities.step(model, gradients, Momentum { rate, momentum })
        }
    }

    fn learning_rate(&self) -> Real {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: Real) {
        check_not_negative("sgd", "the learning rate", learning_rate);
        self.learning_rate = learning_rate;
    }

    fn imagined(&self) -> Imagined {
        let Sgd { learning_rate: rate, momentum, nesterov, .. } = *self;
        // Without momentum the velocity is the gradient, and none is known to start from.
        self.velocities.imagined(move |_, w, g, [u]| {
            let u = momentum * u + g;
            let step = if nesterov { g + momentum * &u } else { u.clone() };
            (w - rate * step, [u])
        })
    }

    fn state(&self) -> Vec<(String, Vec<f64>)> {
        self.velocities.state(["u"])
    }

    fn load_state(
        &mut self,
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError> {
        if self.momentum == 0.0 {
            self.weights.load([], model, state)
        } else {
            self.velocities.load(["u"], model, state)
        }
    }
}
