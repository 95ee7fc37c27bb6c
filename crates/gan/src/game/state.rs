//! What has to be kept of a game to play on later as if nothing had happened?

use super::Game;
use layers::{State, StateError, Stateful};

/// Both players, the pool and the average if there are any, and how many turns were played. The
/// settings and terms are no state.
impl Stateful for Game {
    fn put(&self, state: &mut State<'_>) {
        state.within("generator", |state| self.generator.put(state));
        state.within("discriminator", |state| self.discriminator.put(state));
        if let Some(pool) = &self.replay {
            state.within("replay", |state| pool.put(state));
        }
        if let Some(average) = &self.average {
            state.within("average", |state| average.put(state));
        }
        state.put_counter("turns", self.turns);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("generator", |state| self.generator.take(state))?;
        state.within("discriminator", |state| self.discriminator.take(state))?;
        if let Some(pool) = &mut self.replay {
            state.within("replay", |state| pool.take(state))?;
        }
        if let Some(average) = &mut self.average {
            state.within("average", |state| average.take(state))?;
        }
        self.turns = state.take_counter("turns")?;
        Ok(())
    }
}
