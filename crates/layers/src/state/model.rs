//! Which numbers of a model are kept?

use super::{State, StateError, Stateful, restore};
use crate::Module;
use autograd::{Array, Shape};
use std::collections::BTreeMap;

impl State<'_> {
    /// Puts a model's parameters and statistics.
    ///
    /// # Panics
    /// If two of them have one name.
    pub fn put_model(&mut self, model: &dyn Module) {
        model.each_param(&mut |param| self.put(param.name(), param.tensor().value()));
        model.each_statistic(&mut |statistic| self.put(statistic.name(), &statistic.value));
    }

    /// Takes a model's parameters and statistics.
    ///
    /// # Errors
    /// If one is missing or does not fit. The model is then unchanged.
    pub fn take_model(&mut self, model: &mut dyn Module) -> Result<(), StateError> {
        let mut wanted: Vec<(&str, Shape)> = Vec::new();
        model.each_param(&mut |param| wanted.push((param.name(), *param.tensor().shape())));
        model.each_statistic(&mut |stat| wanted.push((stat.name(), *stat.value.shape())));
        let mut loaded: BTreeMap<String, Array> = BTreeMap::new();
        for (name, shape) in wanted {
            loaded.insert(name.to_owned(), self.take(name, shape)?);
        }
        // From here on nothing can fail, so the model changes as a whole or not at all.
        model.each_param_mut(&mut |param| {
            let value = &loaded[param.name()];
            param.update(|w| w.copy_from_slice(value.numbers()));
        });
        model.each_statistic_mut(&mut |stat| stat.value = loaded[stat.name()].clone());
        Ok(())
    }
}

/// The model's parameters and statistics as the bytes of a safetensors file.
///
/// # Panics
/// If two of them have one name.
pub fn to_safetensors(model: &dyn Module) -> Vec<u8> {
    let mut state = State::new();
    state.put_model(model);
    state.to_bytes(None)
}

/// Replaces the model's parameters and statistics by those of a safetensors file. Numbers of
/// either precision are converted.
///
/// # Errors
/// If the file does not hold exactly this model's tensors. The model is then unchanged.
pub fn from_safetensors(model: &mut dyn Module, bytes: &[u8]) -> Result<(), StateError> {
    let (state, _) = State::parse(bytes)?;
    restore(&mut Model(model), state)
}

struct Model<'a>(&'a mut dyn Module);

impl Stateful for Model<'_> {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self.0);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self.0)
    }
}
