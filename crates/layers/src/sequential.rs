//! How are layers stacked?

use crate::{Module, Param, Statistic};
use autograd::{Rng, Tensor};

/// Layers one after the other: y = f_n( ... f_1(f_0(x))).
///
/// The parameters of layer i are named `i.weight` and so on.
#[derive(Default)]
pub struct Sequential {
    layers: Vec<Box<dyn Module>>,
}

impl Sequential {
    /// No layers: the identity.
    pub fn new() -> Sequential {
        Sequential::default()
    }

    /// The same with one more layer at the end.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it adds a layer, not a number")]
    pub fn add(mut self, mut layer: impl Module + 'static) -> Sequential {
        let position = self.layers.len().to_string();
        layer.each_param_mut(&mut |param| param.move_into(&position));
        layer.each_statistic_mut(&mut |statistic| statistic.move_into(&position));
        self.layers.push(Box::new(layer));
        self
    }
}

impl Module for Sequential {
    fn describe(&self) -> String {
        "Sequential".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let mut y = x.clone();
        for layer in &self.layers {
            y = layer.forward(&y);
        }
        y
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let mut y = x.clone();
        for layer in &mut self.layers {
            y = layer.forward_train(&y, rng);
        }
        y
    }

    #[track_caller]
    fn forward_first(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let mut y = x.clone();
        for layer in &mut self.layers {
            y = layer.forward_first(&y, rng);
        }
        y
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.layers.iter().for_each(|layer| layer.each_param(visit));
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.layers.iter_mut().for_each(|layer| layer.each_param_mut(visit));
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.layers.iter().for_each(|layer| layer.each_statistic(visit));
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.layers.iter_mut().for_each(|layer| layer.each_statistic_mut(visit));
    }

    fn children(&self) -> &[Box<dyn Module>] {
        &self.layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchNorm, Init, Linear};

    #[test]
    fn names_are_paths() {
        let mut rng = Rng::new(0, "weights");
        let inner = Sequential::new().add(BatchNorm::pytorch(3));
        let model = Sequential::new().add(Linear::new(2, 3, Init::Zeros, &mut rng)).add(inner);
        let names: Vec<&str> = model.params().iter().map(|param| param.name()).collect();
        assert_eq!(names, ["0.weight", "0.bias", "1.0.scale", "1.0.shift"]);
        let mut statistics = Vec::new();
        model.each_statistic(&mut |statistic| statistics.push(statistic.name()));
        assert_eq!(statistics, ["1.0.running_mean", "1.0.running_variance"]);
    }
}
