//! What does an optimiser remember of each parameter?

use crate::unrolled::Imagined;
use autograd::{Array, Real, Tensor};
use kernels::optimise::{Rule, update};
use layers::{Gradients, Module, ParamId, StateError};
use std::collections::BTreeMap;

/// N numbers for each weight of a model, all 0 before the first step.
#[derive(Debug)]
pub(super) struct PerParam<const N: usize> {
    memories: Vec<(ParamId, [Vec<Real>; N])>,
    /// The paths of the parameters.
    names: Vec<String>,
}

impl<const N: usize> PerParam<N> {
    pub(super) fn new() -> PerParam<N> {
        PerParam { memories: Vec::new(), names: Vec::new() }
    }

    /// Moves every weight that has a gradient by `rule`. Returns the names of the parameters that
    /// have none.
    #[track_caller]
    pub(super) fn step(
        &mut self,
        model: &mut dyn Module,
        gradients: &Gradients,
        rule: impl Rule<N>,
    ) -> Vec<String> {
        let mut missing = Vec::new();
        let mut position = 0;
        model.each_param_mut(&mut |param| {
            if position == self.memories.len() {
                let zeros = vec![0.0; param.tensor().shape().count()];
                self.memories.push((param.id(), [(); N].map(|()| zeros.clone())));
                self.names.push(param.name().to_owned());
            }
            let (id, memory) = &mut self.memories[position];
            assert!(
                *id == param.id(),
                "optimiser: this optimiser has stepped another model than that of `{}`\n  \
                 hint: give each model an optimiser of its own",
                param.name()
            );
            match gradients.of(position, param) {
                Some(gradient) => {
                    let memory = memory.each_mut().map(Vec::as_mut_slice);
                    param.update(|w| update(rule, w, gradient.numbers(), memory));
                }
                None => missing.push(param.name().to_owned()),
            }
            position += 1;
        });
        missing
    }

    /// The steps of a rule in tensors, from what is remembered: `rule` gets which step it is,
    /// counted from 1, a weight, its gradient and its memory, and returns the weight and the memory
    /// after the step.
    pub(super) fn imagined(
        &self,
        rule: impl Fn(i32, &Tensor, &Tensor, [Tensor; N]) -> (Tensor, [Tensor; N]) + 'static,
    ) -> Imagined {
        let known: Vec<[Vec<Real>; N]> =
            self.memories.iter().map(|(_, memory)| memory.clone()).collect();
        let (mut step, mut memories) = (0, Vec::new());
        Box::new(move |weights, gradients| {
            step += 1;
            if memories.is_empty() {
                let start = |(i, w): (usize, &Tensor)| -> [Tensor; N] {
                    std::array::from_fn(|k| {
                        let known = known.get(i).map(|memory| Array::new(*w.shape(), &memory[k]));
                        Tensor::constant(known.unwrap_or_else(|| Array::zeros(*w.shape())))
                    })
                };
                memories = weights.iter().enumerate().map(start).collect();
            }
            let one = |((w, g), memory): ((&Tensor, &Option<Tensor>), &mut [Tensor; N])| {
                let Some(g) = g else { return w.clone() };
                let (moved, new) = rule(step, w, g, memory.clone());
                *memory = new;
                moved
            };
            weights.iter().zip(gradients).zip(&mut memories).map(one).collect()
        })
    }

    /// What is remembered, as [`super::Optimiser::state`] has it: `0.weight.m` for the memory that
    /// `what` calls m of the parameter `0.weight`.
    pub(super) fn state(&self, what: [&str; N]) -> Vec<(String, Vec<f64>)> {
        let params = self.names.iter().zip(&self.memories);
        let named = params.flat_map(|(param, (_, memory))| {
            what.iter().zip(memory).map(move |(what, numbers)| {
                (format!("{param}.{what}"), numbers.iter().map(|x| f64::from(*x)).collect())
            })
        });
        named.collect()
    }

    /// The inverse of [`PerParam::state`]. Without any memory, that of no step.
    pub(super) fn load(
        &mut self,
        what: [&str; N],
        model: &dyn Module,
        state: Vec<(String, Vec<f64>)>,
    ) -> Result<(), StateError> {
        let mut state: BTreeMap<String, Vec<f64>> = state.into_iter().collect();
        let mut loaded = PerParam::new();
        let params = if state.is_empty() { Vec::new() } else { model.params() };
        for param in params {
            let mut memory = [(); N].map(|()| Vec::new());
            for (what, memory) in what.iter().zip(&mut memory) {
                let name = format!("{}.{what}", param.name());
                let len = param.tensor().shape().count();
                *memory = take(&mut state, name, len)?.iter().map(|x| *x as Real).collect();
            }
            loaded.memories.push((param.id(), memory));
            loaded.names.push(param.name().to_owned());
        }
        if let Some((name, _)) = state.pop_first() {
            return Err(StateError::Unknown(name));
        }
        *self = loaded;
        Ok(())
    }
}

/// The numbers of this name, which are so many.
pub(super) fn take(
    state: &mut BTreeMap<String, Vec<f64>>,
    name: String,
    len: usize,
) -> Result<Vec<f64>, StateError> {
    match state.remove(&name) {
        None => Err(StateError::Missing(name)),
        Some(numbers) if numbers.len() != len => {
            Err(StateError::Shape { name, found: vec![numbers.len()], expected: vec![len] })
        }
        Some(numbers) => Ok(numbers),
    }
}
