//! How does a model learn whose layers one asks for more than an answer?
//!
//! A [`gan::Player`] hides what its model is; feature matching asks a classifier for its features.

use autograd::{Real, Tensor};
use gan::{Adam, Clip, Optimiser};
use layers::{Module, State, StateError, Stateful, gradients};

/// A model of a known type, and the Adam that moves it.
pub(super) struct Learner<M> {
    pub(super) model: M,
    adam: Adam,
    clip: Option<Clip>,
}

impl<M: Module> Learner<M> {
    pub(super) fn new(model: M, adam: Adam, clip: Option<Clip>) -> Learner<M> {
        Learner { model, adam, clip }
    }

    /// Sets the rate of the next steps.
    pub(super) fn set_learning_rate(&mut self, rate: Real) {
        self.adam.set_learning_rate(rate);
    }

    /// One step against the gradient of a loss; returns the loss before it.
    ///
    /// # Panics
    /// If the loss does not reach one of the model's parameters.
    #[track_caller]
    pub(super) fn descend(&mut self, loss: Tensor) -> Real {
        let value = loss.item();
        let mut gradients = gradients(loss, &self.model);
        if let Some(clip) = self.clip {
            gradients = clip.apply(&gradients);
        }
        let missing = self.adam.step(&mut self.model, &gradients);
        assert!(missing.is_empty(), "no gradient reaches {missing:?}");
        value
    }
}

#[cfg(test)]
impl<M> Learner<M> {
    /// Of the step before.
    pub(super) fn learning_rate(&self) -> Real {
        self.adam.learning_rate()
    }
}

/// The model, and in `optimiser` what Adam remembers.
impl<M: Module> Stateful for Learner<M> {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(&self.model);
        state.within("optimiser", |state| {
            let memories = self.adam.state();
            memories.iter().for_each(|(name, numbers)| state.put_list(name, numbers));
        });
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(&mut self.model)?;
        state.within("optimiser", |state| {
            let memories = state.take_lists()?;
            let loaded = self.adam.load_state(&self.model, memories);
            loaded.map_err(|why| why.within(state))
        })
    }
}
