//! Which gradient belongs to which weight?

use crate::{Module, Param, ParamId};
use autograd::{Tensor, backward};

/// The gradients of a loss in a model's parameters, in the order of [`Module::each_param`].
#[derive(Clone, Debug)]
pub struct Gradients {
    slots: Vec<(ParamId, Option<Tensor>)>,
}

/// dL/dw for each parameter w of the model. Takes the loss by value: its graph dies here.
///
/// Nothing is computed for the weights of other models, even if the loss depends on them.
///
/// # Panics
/// If the loss has more than one element.
#[track_caller]
pub fn gradients(loss: Tensor, model: &dyn Module) -> Gradients {
    let params = model.params();
    let tensors: Vec<&Tensor> = params.iter().map(|param| param.tensor()).collect();
    let gradients = backward(loss, &tensors);
    Gradients { slots: params.iter().map(|param| param.id()).zip(gradients).collect() }
}

impl Gradients {
    /// The gradient of a parameter; None if the loss does not depend on it.
    ///
    /// `position` is the parameter's place in the order of [`Module::each_param`].
    ///
    /// # Panics
    /// If these are the gradients of another model.
    #[track_caller]
    pub fn of(&self, position: usize, param: &Param) -> Option<&Tensor> {
        let slot = self.slots.get(position);
        assert!(
            slot.is_some_and(|(id, _)| *id == param.id()),
            "gradients: `{}` is not parameter {position} of the model they were computed for\n  \
             hint: compute and apply gradients with the same model",
            param.name()
        );
        slot.and_then(|(_, gradient)| gradient.as_ref())
    }

    /// All gradients there are.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor> {
        self.slots.iter().filter_map(|(_, gradient)| gradient.as_ref())
    }

    /// The same with every gradient replaced by `f` of it.
    #[must_use]
    pub fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Gradients {
        let slots = self.slots.iter().map(|(id, gradient)| (*id, gradient.as_ref().map(&f)));
        Gradients { slots: slots.collect() }
    }
}
