//! How does one player learn?

use crate::{Clip, Optimiser, Schedule, Steps};
use autograd::{Real, Rng, Tensor};
use layers::{Module, State, StateError, Stateful, gradients};

/// One side of the game: a model, and how it learns.
pub struct Player {
    model: Box<dyn Module>,
    optimiser: Box<dyn Optimiser>,
    base_rate: Real,
    schedule: Schedule,
    clip: Option<Clip>,
    pub(crate) steps: Steps,
    taken: u64,
}

impl Player {
    /// A player that takes one step a turn, at the optimiser's learning rate.
    pub fn new(model: impl Module + 'static, optimiser: impl Optimiser + 'static) -> Player {
        Player {
            model: Box::new(model),
            base_rate: optimiser.learning_rate(),
            optimiser: Box::new(optimiser),
            schedule: Schedule::Constant,
            clip: None,
            steps: Steps::exactly(1),
            taken: 0,
        }
    }

    /// The same with another number of steps a turn.
    #[must_use]
    pub fn steps(mut self, steps: Steps) -> Player {
        self.steps = steps;
        self
    }

    /// The same with its learning rate on a schedule, counted in its own steps.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Player {
        self.schedule = schedule;
        self
    }

    /// The same with bounded gradients.
    ///
    /// # Panics
    /// If the bound is not a positive number.
    #[must_use]
    #[track_caller]
    pub fn clip(mut self, clip: Clip) -> Player {
        clip.check();
        self.clip = Some(clip);
        self
    }

    /// Its model.
    pub fn model(&self) -> &dyn Module {
        self.model.as_ref()
    }

    /// Its model, to load a state into.
    pub fn model_mut(&mut self) -> &mut dyn Module {
        self.model.as_mut()
    }

    /// How it learns.
    pub fn optimiser(&self) -> &dyn Optimiser {
        self.optimiser.as_ref()
    }

    #[track_caller]
    pub(crate) fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        self.model.forward_train(x, rng)
    }

    /// One step against the gradient of a loss. Returns the loss's value and the names of the
    /// parameters it does not reach.
    #[track_caller]
    pub(crate) fn learn(&mut self, loss: Tensor) -> (Real, Vec<String>) {
        let value = loss.item();
        let mut gradients = gradients(loss, self.model());
        if let Some(clip) = self.clip {
            gradients = clip.apply(&gradients);
        }
        if self.schedule != Schedule::Constant {
            self.optimiser.set_learning_rate(self.base_rate * self.schedule.at(self.taken));
        }
        self.taken += 1;
        (value, self.optimiser.step(self.model.as_mut(), &gradients))
    }
}

/// The model, and in `optimiser` what the optimiser remembers and how many steps were taken.
impl Stateful for Player {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self.model());
        state.within("optimiser", |state| {
            let memories = self.optimiser.state();
            memories.iter().for_each(|(name, numbers)| state.put_list(name, numbers));
            state.put_counter("steps", self.taken);
        });
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self.model.as_mut())?;
        state.within("optimiser", |state| {
            let memories = state.take_lists()?;
            let loaded = self.optimiser.load_state(self.model.as_ref(), memories);
            loaded.map_err(|why| why.within(state))?;
            self.taken = state.take_counter("steps")?;
            Ok(())
        })
    }
}
