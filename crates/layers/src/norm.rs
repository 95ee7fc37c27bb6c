//! How is a layer's input brought to mean 0 and variance 1?
//!
//! Both layers act on the last axis, so one code serves dense inputs `[batch, features]` and
//! images `[batch, height, width, channels]`.

use crate::{Module, Param, Statistic};
use autograd::{Array, Real, Rng, Shape, Tensor, is_recording};
use kernels::moments::moments_axis;

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

    /// The shape of γ, once x is known to have as many features.
    #[track_caller]
    pub(crate) fn features_of(&self, x: &Tensor, layer: &str) -> Shape {
        let shape = *self.scale.tensor().shape();
        assert!(
            x.shape().last() == shape.last(),
            "{layer}: input {} does not end in {} features",
            x.shape(),
            shape.count()
        );
        shape
    }

    /// γ x + β
    pub(crate) fn apply(&self, x: &Tensor) -> Tensor {
        x * self.scale.tensor() + self.shift.tensor()
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

/// Mean and variance over the middle axis of x, seen as `[outer, len, inner]`, in one pass: for
/// when no graph records it.
fn moments(x: &Tensor, sizes: [usize; 3], shape: Shape) -> [Tensor; 2] {
    let mut variance = Array::zeros(shape);
    let mean = Array::filled_by(shape, |mean| {
        moments_axis(x.numbers(), sizes, mean, variance.numbers_mut());
    });
    [mean, variance].map(Tensor::constant)
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
}

impl Module for BatchNorm {
    fn describe(&self) -> String {
        format!("BatchNorm decay {}, epsilon {}", self.decay, self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.affine.features_of(x, "batch norm");
        let mean = Tensor::constant(self.running_mean.value.clone());
        let variance = Tensor::constant(self.running_variance.value.clone());
        let factor = self.affine.scale.tensor() / (variance + self.epsilon).sqrt();
        (x - mean) * factor + self.affine.shift.tensor()
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, _: &mut Rng) -> Tensor {
        let shape = self.affine.features_of(x, "batch norm");
        let n = (x.shape().count() / shape.count().max(1)) as Real;
        assert!(n > 0.0, "batch norm: input {} is empty", x.shape());
        let (mean, centred, variance) = if is_recording() {
            let mean = x.sum_to(shape) / n;
            let centred = x - &mean;
            let variance = centred.square().sum_to(shape) / n;
            (mean, centred, variance)
        } else {
            let [mean, variance] = moments(x, [1, n as usize, shape.count()], shape);
            let centred = x - &mean;
            (mean, centred, variance)
        };
        BatchNorm::remember(self.decay, &mut self.running_mean, mean.value());
        let correction = if self.unbiased && n > 1.0 { n / (n - 1.0) } else { 1.0 };
        let corrected = variance.value().map(|v| correction * v);
        BatchNorm::remember(self.decay, &mut self.running_variance, &corrected);
        let factor = self.affine.scale.tensor() / (variance + self.epsilon).sqrt();
        centred * factor + self.affine.shift.tensor()
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
}

impl Module for LayerNorm {
    fn describe(&self) -> String {
        format!("LayerNorm epsilon {}", self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.affine.features_of(x, "layer norm");
        let (centred, variance) = if is_recording() {
            let centred = x - x.mean_keepdim(-1);
            let variance = centred.square().mean_keepdim(-1);
            (centred, variance)
        } else {
            let last = x.shape().len() - 1;
            let rows: Shape = x.shape()[..last].iter().copied().chain([1]).collect();
            let sizes = [rows.count(), self.affine.scale.tensor().shape().count(), 1];
            let [mean, variance] = moments(x, sizes, rows);
            (x - mean, variance)
        };
        self.affine.apply(&(centred / (variance + self.epsilon).sqrt()))
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
    fn one_pass_and_composed_statistics_agree() {
        let mut rng = Rng::new(0, "norm");
        let x = Tensor::constant(images(&mut rng));
        let run = |record: bool| {
            let mut norm = BatchNorm::pytorch(2);
            let mut train = || {
                let y = norm.forward_train(&x, &mut Rng::new(0, "unused"));
                [y, LayerNorm::new(2).forward(&x)]
            };
            let [y, z] = if record { train() } else { autograd::no_grad(train) };
            [
                y.value().clone(),
                z.value().clone(),
                norm.running_mean.value,
                norm.running_variance.value,
            ]
        };
        for (composed, one_pass) in run(true).iter().zip(&run(false)) {
            for (a, b) in composed.numbers().iter().zip(one_pass.numbers()) {
                assert!((a - b).abs() < 1e-4 && *a != 0.0, "{a} {b}");
            }
        }
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
