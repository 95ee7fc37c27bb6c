//! What is a layer?
//!
//! Anything that maps a tensor to a tensor. Whether it trains is in the signature: `forward`
//! borrows the layer and always gives the same answer; `forward_train` borrows it mutably, may
//! draw random numbers and may gather statistics.

use crate::{Activation, Param, Statistic};
use autograd::{Real, Rng, Tensor};
use std::fmt;

/// A layer, or a model made of layers.
///
/// The four visitors have empty defaults, for layers without weights or statistics.
pub trait Module: Send {
    /// What a summary calls it, with its settings: `Linear 2 -> 5`.
    fn describe(&self) -> String;

    /// The layer's answer when it is used, not trained.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor;

    /// The layer's answer while it is trained.
    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let _ = rng;
        self.forward(x)
    }

    /// The layer's answer to the first batch of all, from which it may choose the numbers that it
    /// starts from. Most layers have nothing to choose.
    #[track_caller]
    fn forward_first(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        self.forward_train(x, rng)
    }

    /// The layer's answer z, rectified: z where z > 0, else slope · z. `None` if it cannot do that in the
    /// same pass over the memory.
    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        let _ = (x, slope);
        None
    }

    /// The same while it is trained. A layer that has a [`Module::forward_train`] of its own, and
    /// rectifies in use, has this, too.
    #[track_caller]
    fn forward_train_rectified(
        &mut self,
        x: &Tensor,
        slope: Real,
        rng: &mut Rng,
    ) -> Option<Tensor> {
        let _ = rng;
        self.forward_rectified(x, slope)
    }

    /// f of the layer's answer: `f.forward(&self.forward(x))`, in one pass if the layer knows how.
    #[track_caller]
    fn forward_then(&self, x: &Tensor, f: Activation) -> Tensor {
        if let Some(slope) = f.slope()
            && let Some(y) = self.forward_rectified(x, slope)
        {
            return y;
        }
        f.forward(&self.forward(x))
    }

    /// The same while it is trained: `f.forward(&self.forward_train(x, rng))`.
    #[track_caller]
    fn forward_train_then(&mut self, x: &Tensor, f: Activation, rng: &mut Rng) -> Tensor {
        if let Some(slope) = f.slope()
            && let Some(y) = self.forward_train_rectified(x, slope, rng)
        {
            return y;
        }
        f.forward(&self.forward_train(x, rng))
    }

    /// The function that it is, if it is one: a container may leave it to the layer before.
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// Calls `visit` with each parameter, always in the same order.
    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        let _ = visit;
    }

    /// Calls `visit` with each parameter, in the order of [`Module::each_param`].
    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        let _ = visit;
    }

    /// Calls `visit` with each statistic, always in the same order.
    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        let _ = visit;
    }

    /// Calls `visit` with each statistic, in the order of [`Module::each_statistic`].
    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        let _ = visit;
    }

    /// The layers it is made of, if it is a container.
    fn children(&self) -> &[Box<dyn Module>] {
        &[]
    }

    /// Samples of a batch that become one: those of a pack, if it has such a layer.
    fn samples(&self) -> usize {
        self.children().iter().map(|child| child.samples()).product()
    }

    /// Its parameters, in order.
    fn params(&self) -> Vec<&Param> {
        let mut params = Vec::new();
        self.each_param(&mut |param| params.push(param));
        params
    }

    /// How many numbers training can move.
    fn param_count(&self) -> usize {
        self.params().iter().map(|param| param.tensor().shape().count()).sum()
    }
}

/// Panics with the layer and the shape that it wants of x, unless x `fits`.
#[track_caller]
pub(crate) fn expect_input(layer: &dyn Module, x: &Tensor, fits: bool, wanted: fmt::Arguments<'_>) {
    assert!(fits, "{}: input {} is not {wanted}", layer.describe(), x.shape());
}
