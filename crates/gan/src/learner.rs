//! How does a model learn whose parts one asks for more than an answer?
//!
//! A [`Player`](crate::Player) hides what its model is. Feature matching asks a classifier for its
//! features, an auto-encoder is asked for codes: a [`Learner`] has a model of a known type.

use crate::{Clip, Optimiser};
use autograd::{Real, Tensor};
use layers::{Module, State, StateError, Stateful, gradients};

/// A model of a known type, and the optimiser that moves it.
pub struct Learner<M> {
    /// What learns.
    pub model: M,
    optimiser: Box<dyn Optimiser>,
    clip: Option<Clip>,
}

impl<M: Module> Learner<M> {
    /// A model that learns at the optimiser's learning rate.
    pub fn new(model: M, optimiser: impl Optimiser + 'static) -> Learner<M> {
        Learner { model, optimiser: Box::new(optimiser), clip: None }
    }

    /// The same with bounded gradients.
    ///
    /// # Panics
    /// If the bound is not a positive number.
    #[must_use]
    #[track_caller]
    pub fn clip(mut self, clip: Clip) -> Learner<M> {
        clip.check();
        self.clip = Some(clip);
        self
    }

    /// How it learns.
    pub fn optimiser(&self) -> &dyn Optimiser {
        self.optimiser.as_ref()
    }

    /// Sets the rate of the next steps.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn set_learning_rate(&mut self, learning_rate: Real) {
        self.optimiser.set_learning_rate(learning_rate);
    }

    /// One step against the gradient of a loss; returns the loss before it.
    ///
    /// # Panics
    /// If the loss is no single number, or does not reach one of the model's parameters.
    #[track_caller]
    pub fn learn(&mut self, loss: Tensor) -> Real {
        let value = loss.item();
        let mut gradients = gradients(loss, &self.model);
        if let Some(clip) = self.clip {
            gradients = clip.apply(&gradients);
        }
        let missing = self.optimiser.step(&mut self.model, &gradients);
        assert!(missing.is_empty(), "learner: no gradient reaches {missing:?}");
        value
    }
}

/// The model, and in `optimiser` what the optimiser remembers.
impl<M: Module> Stateful for Learner<M> {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(&self.model);
        state.within("optimiser", |state| self.optimiser.put(state));
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(&mut self.model)?;
        state.within("optimiser", |state| self.optimiser.take(&self.model, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adam, Sgd};
    use autograd::Rng;
    use layers::{Init, Linear, restore};

    fn linear() -> Linear {
        Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"))
    }

    /// 3 w₀ - 4 w₁ + b.
    fn slope(model: &Linear) -> Tensor {
        let params = model.params();
        let slopes = Tensor::new([2, 1], &[3.0, -4.0]);
        (params[0].tensor() * slopes).sum() + params[1].tensor().sum()
    }

    fn weights(model: &Linear) -> Vec<Real> {
        model.params().iter().flat_map(|p| p.tensor().numbers().to_vec()).collect()
    }

    #[test]
    fn a_step_goes_against_the_bounded_gradient_and_returns_the_loss_before_it() {
        let mut free = Learner::new(linear(), Sgd::new(0.5));
        assert_eq!(free.learn(slope(&free.model)), 0.0);
        assert_eq!(weights(&free.model), [-1.5, 2.0, -0.5]);
        assert_eq!(free.learn(slope(&free.model)), -13.0);
        let mut bounded = Learner::new(linear(), Sgd::new(0.5)).clip(Clip::Value(2.0));
        bounded.set_learning_rate(0.25);
        bounded.learn(slope(&bounded.model));
        assert_eq!(weights(&bounded.model), [-0.5, 0.5, -0.25]);
    }

    #[test]
    fn a_loaded_learner_takes_the_same_steps() {
        let fresh = || Learner::new(linear(), Adam::new(0.1));
        let loss = |model: &Linear| slope(model).square();
        let (mut saved, mut loaded) = (fresh(), fresh());
        for _ in 0..3 {
            saved.learn(slope(&saved.model));
        }
        let mut state = State::new();
        saved.put(&mut state);
        restore(&mut loaded, state).unwrap();
        for _ in 0..2 {
            assert_eq!(saved.learn(loss(&saved.model)), loaded.learn(loss(&loaded.model)));
        }
        assert_eq!(weights(&saved.model), weights(&loaded.model));
    }

    #[test]
    #[should_panic(expected = "learner: no gradient reaches [\"bias\"]")]
    fn a_loss_reaches_every_parameter() {
        let mut learner = Learner::new(linear(), Sgd::new(0.5));
        let loss = learner.model.params()[0].tensor().sum();
        learner.learn(loss);
    }
}
