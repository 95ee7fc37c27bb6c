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
    let [gradients] = gradients_of_each(loss, [model]);
    gradients
}

/// The same for several models, in one sweep: for those that are moved by one loss.
///
/// # Panics
/// If the loss has more than one element.
#[track_caller]
pub fn gradients_of_each<const N: usize>(loss: Tensor, models: [&dyn Module; N]) -> [Gradients; N] {
    let params = models.map(|model| model.params());
    let tensors: Vec<&Tensor> = params.iter().flatten().map(|param| param.tensor()).collect();
    let mut gradients = backward(loss, &tensors).into_iter();
    params.map(|params| {
        let ids = params.iter().map(|param| param.id());
        Gradients { slots: ids.zip(gradients.by_ref()).collect() }
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Init, Linear};
    use autograd::Rng;

    #[test]
    fn one_sweep_gives_each_model_what_its_own_sweep_gives() {
        let mut rng = Rng::new(0, "weights");
        let mut linear = || Linear::new(2, 2, Init::XavierUniform, &mut rng);
        let (f, g, unused) = (linear(), linear(), linear());
        let x = Tensor::constant(Rng::new(0, "x").normal([3, 2]));
        let loss = || g.forward(&f.forward(&x).tanh()).square().mean();
        let models: [&dyn Module; 3] = [&g, &unused, &f];
        for (found, model) in gradients_of_each(loss(), models).iter().zip(models) {
            let alone = gradients(loss(), model);
            for (position, param) in model.params().into_iter().enumerate() {
                let of = |all: &Gradients| all.of(position, param).map(|g| g.numbers().to_vec());
                assert_eq!(of(found), of(&alone));
            }
        }
        let [of_g, of_unused] = gradients_of_each(loss(), [&g, &unused]);
        assert_eq!((of_g.iter().count(), of_unused.iter().count()), (2, 0));
    }
}
