//! How does a classifier show what it makes of an image before it decides?

use autograd::{Rng, Tensor};
use layers::{Module, Param, Sequential, Statistic};

/// A classifier in two parts: layers that make features, and a head that turns them into logits.
/// Its parameters are named `features.0.weight`, `head.1.weight` and so on.
pub struct Classifier {
    features: Sequential,
    head: Sequential,
}

impl Classifier {
    /// The two parts, one after the other.
    pub fn new(mut features: Sequential, mut head: Sequential) -> Classifier {
        for (name, part) in [("features", &mut features), ("head", &mut head)] {
            part.each_param_mut(&mut |param| param.move_into(name));
            part.each_statistic_mut(&mut |statistic| statistic.move_into(name));
        }
        Classifier { features, head }
    }

    /// The features of a batch, in training: `[n, k]`.
    #[track_caller]
    pub fn features_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        self.features.forward_train(x, rng)
    }
}

impl Module for Classifier {
    fn describe(&self) -> String {
        "Classifier".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.head.forward(&self.features.forward(x))
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let features = self.features_train(x, rng);
        self.head.forward_train(&features, rng)
    }

    #[track_caller]
    fn forward_first(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let features = self.features.forward_first(x, rng);
        self.head.forward_first(&features, rng)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.features.each_param(visit);
        self.head.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.features.each_param_mut(visit);
        self.head.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.features.each_statistic(visit);
        self.head.each_statistic(visit);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.features.each_statistic_mut(visit);
        self.head.each_statistic_mut(visit);
    }
}
