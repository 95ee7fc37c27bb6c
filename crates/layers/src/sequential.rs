//! How are layers stacked?

use crate::{Module, Param, Statistic};
use autograd::{Rng, Tensor};

/// Layers one after the other: y = f_n( ... f_1(f_0(x))).
///
/// The parameters of layer i are named `i.weight` and so on. An [`Activation`](crate::Activation) is
/// left to the layer before it, [`Module::forward_then`], which may know how to save a pass.
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
        let mut layers = self.layers.iter().peekable();
        while let Some(layer) = layers.next() {
            y = match layers.peek().and_then(|next| next.as_activation()) {
                Some(f) => {
                    layers.next();
                    layer.forward_then(&y, f)
                }
                None => layer.forward(&y),
            };
        }
        y
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let mut y = x.clone();
        let mut layers = self.layers.iter_mut().peekable();
        while let Some(layer) = layers.next() {
            y = match layers.peek().and_then(|next| next.as_activation()) {
                Some(f) => {
                    layers.next();
                    layer.forward_train_then(&y, f, rng)
                }
                None => layer.forward_train(&y, rng),
            };
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
    use crate::{
        Activation, BatchNorm, Conv2d, ConvTranspose2d, GroupNorm, Init, InstanceNorm, LayerNorm,
        Linear, SpectralNorm, Upsample, UpsampleConv2d, WeightNorm,
    };
    use autograd::{Padding, grad};

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

    /// Whatever a layer makes of the activation behind it, in value and gradient.
    #[test]
    fn an_activation_left_to_the_layer_before_is_the_same() {
        fn one(layer: impl Module + 'static) -> Sequential {
            Sequential::new().add(layer)
        }
        const INIT: Init = Init::Normal { std: 0.5 };
        let conv = |rng: &mut Rng| Conv2d::new(6, 4, [3, 3], INIT, rng).padding(Padding::Same);
        let layers: [&dyn Fn(&mut Rng) -> Sequential; 10] = [
            &|_| one(BatchNorm::keras(6)),
            &|_| one(LayerNorm::new(6)),
            &|_| one(GroupNorm::new(2, 6)),
            &|_| one(InstanceNorm::affine(6)),
            &|rng| one(Linear::new(6, 6, INIT, rng).with_bias(INIT, rng)),
            &|rng| one(conv(rng).with_bias(INIT, rng)),
            &|rng| one(ConvTranspose2d::new(6, 4, [3, 3], INIT, rng).stride(2)),
            &|rng| one(UpsampleConv2d::new(Upsample::nearest(2), conv(rng))),
            &|rng| one(SpectralNorm::new(conv(rng), rng)),
            &|rng| one(WeightNorm::new(conv(rng).without_bias())),
        ];
        let activations = [
            Activation::Relu,
            Activation::LeakyRelu(0.2),
            Activation::Tanh,
            Activation::Elu(1.0),
            Activation::Softmax,
        ];
        let mut rng = Rng::new(0, "data");
        let x = Tensor::variable(rng.normal([3, 2, 5, 6]));
        let value_and_gradient = |y: Tensor| {
            let weights = Tensor::constant(Rng::new(1, "data").normal(*y.shape()));
            let [dx] = grad(&(&y * &weights).sum(), [&x], false);
            [y.numbers().to_vec(), dx.numbers().to_vec()]
        };
        for (layer, f) in layers.into_iter().flat_map(|layer| activations.map(|f| (layer, f))) {
            let make = || layer(&mut Rng::new(3, "weights"));
            let (mut alone, mut model) = (make(), make().add(f));
            let name = format!("{}, {}", alone.children()[0].describe(), f.describe());
            let pairs = [
                [f.forward(&alone.forward(&x)), model.forward(&x)],
                [f.forward(&alone.forward_train(&x, &mut rng)), model.forward_train(&x, &mut rng)],
            ];
            for [behind, inside] in pairs.map(|pair| pair.map(value_and_gradient)) {
                assert_eq!(inside[0], behind[0], "{name}");
                for (a, b) in inside[1].iter().zip(&behind[1]) {
                    assert!((a - b).abs() < 1e-5, "{name}: {a} {b}");
                }
                assert!(inside[1].iter().any(|dx| *dx != 0.0), "{name}");
            }
        }
    }
}
