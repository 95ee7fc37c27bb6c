//! What is a weight?
//!
//! A [`Param`] is a tensor with a name and an identity. Its layer owns it; an optimiser moves it.
//! A [`Statistic`] is what a layer remembers of the data it has seen: plain numbers, so that no
//! graph can hang on them.

use autograd::{Array, Real, Tensor, anomaly};
use std::sync::atomic::{AtomicU64, Ordering};

/// The identity of a parameter, which stays when its numbers change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId(u64);

/// A weight: numbers that training moves.
#[derive(Debug)]
pub struct Param {
    id: ParamId,
    name: String,
    tensor: Tensor,
}

impl Param {
    /// A parameter that starts from these numbers.
    pub fn new(name: &str, start: Array) -> Param {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = ParamId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        Param { id, name: name.to_owned(), tensor: Tensor::variable(start) }
    }

    /// Its identity.
    pub fn id(&self) -> ParamId {
        self.id
    }

    /// Its path in the model, such as `0.weight`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its numbers, as a variable to compute with.
    pub fn tensor(&self) -> &Tensor {
        anomaly::name(&self.tensor, &self.name);
        &self.tensor
    }

    /// Its numbers, as a constant: what is computed from them is not recorded. The closure that
    /// `no_grad` wants would hide from a guard which line of the program has asked.
    pub(crate) fn without_history(&self) -> Tensor {
        let constant = self.tensor.detach();
        anomaly::name(&constant, &self.name);
        constant
    }

    /// Changes its numbers: in place when no graph still reads them, on a copy otherwise.
    #[track_caller]
    pub fn update(&mut self, edit: impl FnOnce(&mut [Real])) {
        self.tensor.update(edit);
        anomaly::updated(&self.tensor, &self.name);
    }

    /// Exchanges its tensor for another, which may have a history: the layer then computes with
    /// that, until the two are exchanged again.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn exchange(&mut self, tensor: &mut Tensor) {
        let (own, other) = (self.tensor.shape(), tensor.shape());
        assert!(own == other, "param: `{}` is {own}, not {other}", self.name);
        std::mem::swap(&mut self.tensor, tensor);
    }

    /// Puts the name of its container in front of its own: `weight` becomes `0.weight`.
    pub fn move_into(&mut self, container: &str) {
        self.name = format!("{container}.{}", self.name);
    }
}

/// Numbers that a layer gathers from the data, such as a running mean. Saved with the weights,
/// never differentiated.
#[derive(Clone, Debug)]
pub struct Statistic {
    name: String,
    /// The numbers.
    pub value: Array,
}

impl Statistic {
    /// A statistic that starts from these numbers.
    pub fn new(name: &str, start: Array) -> Statistic {
        Statistic { name: name.to_owned(), value: start }
    }

    /// Its path in the model, such as `1.running_mean`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts the name of its container in front of its own.
    pub fn move_into(&mut self, container: &str) {
        self.name = format!("{container}.{}", self.name);
    }
}
