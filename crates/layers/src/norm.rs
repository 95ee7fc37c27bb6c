//! How is a layer's input brought to mean 0 and variance 1?
//!
//! Both layers act on the last axis, so one code serves dense inputs `[batch, features]` and
//! images `[batch, height, width, channels]`.

use crate::{Module, Param, Statistic};
use autograd::{Array, Groups, Real, Rng, Tensor};

/// The learnt part of a normalisation: a factor γ and an offset β for each feature.
#[derive(Debug)]
pub(crate) struct Affine {
    scale: Param,
    shift: Param,
}

impl Affine {
    /// γ = 1 and β = 0.
    pub(crate) fn new(features: usize) -> Affine {
        Affine {
            scale: Param::new("scale", Array::full([features], 1.0)),
            shift: Param::new("shift", Array::zeros([features])),
        }
    }

    /// How many features x has, which are known to be as many as γ has numbers.
    #[track_caller]
    pub(crate) fn features_of(&self, x: &Tensor, layer: &str) -> usize {
        let features = self.scale.tensor().shape().count();
        assert!(
            x.shape().last() == Some(&features),
            "{layer}: input {} does not end in {features} features",
            x.shape()
        );
        features
    }

    /// [`Tensor::normalise`] with this γ and β.
    #[track_caller]
    pub(crate) fn normalise(
        &self,
        x: &Tensor,
        groups: Groups,
        epsilon: Real,
        slope: Real,
    ) -> (Tensor, [Array; 2]) {
        x.normalise(groups, [self.scale.tensor(), self.shift.tensor()], epsilon, slope)
    }

    /// [`Tensor::standardise`] with this γ and β.
    #[track_caller]
    fn standardise(
        &self,
        x: &Tensor,
        statistics: [&Array; 2],
        epsilon: Real,
        slope: Real,
    ) -> Tensor {
        x.standardise(statistics, [self.scale.tensor(), self.shift.tensor()], epsilon, slope)
    }

    pub(crate) fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.scale);
        visit(&self.shift);
    }

    pub(crate) fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.scale);
        visit(&mut self.shift);
    }
}

/// Normalises each feature over the batch:
///
/// y = γ (x - μ) / √(σ² + epsilon) + β
///
/// with μ and σ² of each feature over all other axes: of the batch in training, the running ones
/// in evaluation. After each training batch of n numbers a feature
///
/// running ← decay · running + (1 - decay) · batch,
///
/// where the batch's variance is Σ (x - μ)² / n, or / (n - 1) for the running variance if
/// `unbiased`. γ is `scale`, β is `shift`.
///
/// What other libraries call momentum means two things: Keras's `momentum` 0.99 is the decay,
/// PyTorch's `momentum` 0.1 is 1 - decay.
///
/// Source: Ioffe, Szegedy 2015, "Batch Normalization", algorithms 1 and 2.
#[derive(Debug)]
pub struct BatchNorm {
    decay: Real,
    epsilon: Real,
    unbiased: bool,
    affine: Affine,
    running_mean: Statistic,
    running_variance: Statistic,
}

impl BatchNorm {
    /// Over inputs `[.., features]`, with every setting named; γ = 1, β = 0, running mean 0,
    /// running variance 1.
    ///
    /// # Panics
    /// If `decay` is not in [0, 1] or `epsilon` is negative.
    #[track_caller]
    pub fn new(features: usize, decay: Real, epsilon: Real, unbiased: bool) -> BatchNorm {
        assert!((0.0..=1.0).contains(&decay), "batch norm: the decay {decay} is not in [0, 1]");
        assert!(epsilon >= 0.0, "batch norm: epsilon {epsilon} is not 0 or more");
        BatchNorm {
            decay,
            epsilon,
            unbiased,
            affine: Affine::new(features),
            running_mean: Statistic::new("running_mean", Array::zeros([features])),
            running_variance: Statistic::new("running_variance", Array::full([features], 1.0)),
        }
    }

    /// As PyTorch's BatchNorm1d and BatchNorm2d: decay 0.9 (its momentum 0.1), epsilon 1e-5,
    /// running variance unbiased.
    pub fn pytorch(features: usize) -> BatchNorm {
        BatchNorm::new(features, 0.9, 1e-5, true)
    }

    /// As Keras's BatchNormalization: decay 0.99 (its momentum 0.99), epsilon 1e-3, running
    /// variance of the batch as it is.
    pub fn keras(features: usize) -> BatchNorm {
        BatchNorm::new(features, 0.99, 1e-3, false)
    }

    /// running ← decay · running + (1 - decay) · batch
    fn remember(decay: Real, running: &mut Statistic, batch: &Array) {
        for (running, batch) in running.value.numbers_mut().iter_mut().zip(batch.numbers()) {
            *running = decay * *running + (1.0 - decay) * batch;
        }
    }

    /// All of a batch shares the statistics of a feature.
    #[track_caller]
    fn groups_of(&self, x: &Tensor) -> Groups {
        let features = self.affine.features_of(x, "batch norm");
        let pixels = x.shape().count() / features.max(1);
        Groups { samples: 1, pixels, groups: features, width: 1 }
    }

    /// The answer in use, rectified with this slope.
    #[track_caller]
    fn evaluate(&self, x: &Tensor, slope: Real) -> Tensor {
        self.affine.features_of(x, "batch norm");
        let statistics = [&self.running_mean.value, &self.running_variance.value];
        self.affine.standardise(x, statistics, self.epsilon, slope)
    }

    /// The answer to a training batch, rectified with this slope.
    #[track_caller]
    fn train(&mut self, x: &Tensor, slope: Real) -> Tensor {
        let groups = self.groups_of(x);
        let n = groups.pixels;
        assert!(n > 0, "batch norm: input {} is empty", x.shape());
        let (y, [mean, variance]) = self.affine.normalise(x, groups, self.epsilon, slope);
        BatchNorm::remember(self.decay, &mut self.running_mean, &mean);
        let correction = if self.unbiased && n > 1 { n as Real / (n - 1) as Real } else { 1.0 };
        let corrected = variance.map(|v| correction * v);
        BatchNorm::remember(self.decay, &mut self.running_variance, &corrected);
        y
    }
}

impl Module for BatchNorm {
    fn describe(&self) -> String {
        format!("BatchNorm decay {}, epsilon {}", self.decay, self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.evaluate(x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.evaluate(x, slope))
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, _: &mut Rng) -> Tensor {
        self.train(x, 1.0)
    }

    #[track_caller]
    fn forward_train_rectified(&mut self, x: &Tensor, slope: Real, _: &mut Rng) -> Option<Tensor> {
        Some(self.train(x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.affine.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.affine.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        visit(&self.running_mean);
        visit(&self.running_variance);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        visit(&mut self.running_mean);
        visit(&mut self.running_variance);
    }
}

/// Normalises each sample over its features:
///
/// y = γ (x - μ) / √(σ² + epsilon) + β
///
/// with μ and σ² = Σ (x - μ)² / n over the last axis, alike in training and evaluation. γ is
/// `scale`, β is `shift`.
///
/// Source: Ba, Kiros, Hinton 2016, "Layer Normalization", eq. 4.
#[derive(Debug)]
pub struct LayerNorm {
    epsilon: Real,
    affine: Affine,
}

impl LayerNorm {
    /// Over inputs `[.., features]`, with epsilon 1e-5, γ = 1 and β = 0.
    pub fn new(features: usize) -> LayerNorm {
        LayerNorm { epsilon: 1e-5, affine: Affine::new(features) }
    }

    /// The answer, rectified with this slope.
    #[track_caller]
    fn rectified(&self, x: &Tensor, slope: Real) -> Tensor {
        let features = self.affine.features_of(x, "layer norm");
        let samples = x.shape().count() / features.max(1);
        let groups = Groups { samples, pixels: 1, groups: 1, width: features };
        self.affine.normalise(x, groups, self.epsilon, slope).0
    }
}

impl Module for LayerNorm {
    fn describe(&self) -> String {
        format!("LayerNorm epsilon {}", self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.rectified(x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.rectified(x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.affine.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.affine.each_param_mut(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Sequential};
    use std::cell::RefCell;

    fn images(rng: &mut Rng) -> Array {
        rng.normal([4, 3, 3, 2]).map(|x| 5.0 + 2.0 * x)
    }

    #[test]
    fn a_training_batch_leaves_with_mean_0_and_variance_1() {
        let mut rng = Rng::new(0, "norm");
        let x = Tensor::constant(images(&mut rng));
        let y = BatchNorm::pytorch(2).forward_train(&x, &mut rng);
        let (mean, variance) = (y.mean_over([0, 1, 2]), y.variance_over([0, 1, 2], 0));
        assert!(mean.numbers().iter().all(|m| m.abs() < 1e-5), "{:?}", mean.numbers());
        assert!(variance.numbers().iter().all(|v| (v - 1.0).abs() < 1e-4));
    }

    #[test]
    fn running_statistics_follow_each_convention() {
        let mut rng = Rng::new(0, "norm");
        let x = Tensor::constant(images(&mut rng));
        let mean = x.mean_over([0, 1, 2]);
        for (mut norm, decay, correction) in
            [(BatchNorm::pytorch(2), 0.9, 1), (BatchNorm::keras(2), 0.99, 0)]
        {
            norm.forward_train(&x, &mut rng);
            let variance = x.variance_over([0, 1, 2], correction);
            for i in 0..2 {
                let expected_mean = (1.0 - decay) * mean.numbers()[i];
                let expected_variance = decay + (1.0 - decay) * variance.numbers()[i];
                let close = |a: Real, b: Real| (a - b).abs() < 1e-5;
                assert!(close(norm.running_mean.value.numbers()[i], expected_mean));
                assert!(close(norm.running_variance.value.numbers()[i], expected_variance));
            }
        }
    }

    #[test]
    fn batch_norm_second_order() {
        let mut rng = Rng::new(0, "norm");
        let norm = RefCell::new(BatchNorm::pytorch(2));
        let train =
            |x: &[Tensor]| norm.borrow_mut().forward_train(&x[0], &mut Rng::new(0, "unused"));
        autograd::check::twice(train, &[rng.normal([5, 2])]).unwrap();
        let layer = LayerNorm::new(4);
        autograd::check::twice(|x| layer.forward(&x[0]), &[rng.normal([3, 4])]).unwrap();
    }

    #[test]
    fn evaluation_in_one_pass_is_the_composed_one() {
        let mut rng = Rng::new(0, "norm");
        let mut model = Sequential::new().add(BatchNorm::keras(2)).add(Activation::LeakyRelu(0.2));
        let x = Tensor::constant(images(&mut rng));
        (0..20).for_each(|_| drop(model.forward_train(&x, &mut rng)));
        let one_pass = autograd::no_grad(|| model.forward(&x));
        for (a, b) in model.forward(&x).numbers().iter().zip(one_pass.numbers()) {
            assert!((a - b).abs() < 1e-5 && *a != 0.0, "{a} {b}");
        }
        let nothing = Tensor::full([0, 2], 0.0);
        assert_eq!(autograd::no_grad(|| model.forward(&nothing)).shape(), nothing.shape());
    }

    #[test]
    fn batch_norm_memory_is_flat() {
        let mut rng = Rng::new(0, "norm");
        let mut norm = BatchNorm::pytorch(2);
        let mut x = Tensor::variable(images(&mut rng));
        for _ in 0..100 {
            norm.forward_train(&x, &mut rng);
        }
        // Only when no graph hangs on the running statistics can x be edited in place.
        let address = x.numbers().as_ptr();
        x.update(|x| x[0] = 1.0);
        assert_eq!(x.numbers().as_ptr(), address);
    }

    #[test]
    fn layer_norm_normalises_each_row() {
        let mut rng = Rng::new(0, "norm");
        let y = LayerNorm::new(50).forward(&Tensor::constant(rng.uniform([3, 50], 2.0, 9.0)));
        assert!(y.mean_over(-1).numbers().iter().all(|m| m.abs() < 1e-5));
        assert!(y.variance_over(-1, 0).numbers().iter().all(|v| (v - 1.0).abs() < 1e-4));
    }
}
