//! How is the length of a weight learnt apart from its direction?

use crate::{Module, Param, Statistic, Weighted};
use autograd::{Array, Real, Rng, Shape, Tensor};

/// A layer whose weight for each output is given by a direction and a length:
///
/// w_j = g_j v_j / ‖v_j‖
///
/// for output j, with the Euclidean norm over all that output sums. v is the wrapped layer's
/// `weight`, and keeps its name; g is `gain`, one number for each output. At the start g = ‖v‖, so
/// that w is the weight that the layer was made with.
///
/// [`Module::forward_first`] chooses g and the bias b anew, from the layer's answers y to a first
/// batch, so that each output has mean 0 and variance 1 over the batch:
///
/// g ← g / σ\[y\],  b ← (b - μ\[y\]) / σ\[y\].
///
/// Source: Salimans, Kingma 2016, "Weight Normalization: A Simple Reparameterization to Accelerate
/// Training of Deep Neural Networks", eq. 2, and §3, eq. 5 and 6, for the start.
#[derive(Debug)]
pub struct WeightNorm<L> {
    layer: L,
    gain: Gain,
}

/// g: learnt, or kept as it was at the start.
#[derive(Debug)]
enum Gain {
    Learnt(Param),
    Kept(Statistic),
}

/// What g is called.
const GAIN: &str = "gain";

impl<L: Weighted> WeightNorm<L> {
    /// The layer with its weight normalised, and with gains that are learnt.
    ///
    /// # Panics
    /// If all weights of an output are 0.
    #[track_caller]
    pub fn new(layer: L) -> WeightNorm<L> {
        let norm = norms(&layer.weight().without_history(), layer.output_axis());
        assert!(
            norm.numbers().iter().all(|norm| *norm != 0.0),
            "weight norm: {} has an output whose weights are all 0, which have no direction\n  \
             hint: draw them from another `Init`",
            layer.describe()
        );
        let gain = norm.reshape([norm.shape().count()]);
        let gain = Gain::Learnt(Param::new(GAIN, gain.value().clone()));
        WeightNorm { layer, gain }
    }

    /// The same with gains that stay as they are: the layer learns directions alone, and cannot
    /// drown noise in what it hands on by making it large. Saved as a statistic.
    #[must_use]
    pub fn keep_gain(mut self) -> WeightNorm<L> {
        self.gain = Gain::Kept(Statistic::new(GAIN, self.gain().value().clone()));
        self
    }

    fn gain(&self) -> Tensor {
        match &self.gain {
            Gain::Learnt(param) => param.tensor().clone(),
            Gain::Kept(statistic) => Tensor::constant(statistic.value.clone()),
        }
    }

    /// g v / ‖v‖
    #[track_caller]
    fn normalised(&self, v: &Tensor) -> Tensor {
        let norm = norms(v, self.layer.output_axis());
        v * (self.gain().reshape(*norm.shape()) / norm)
    }
}

/// ‖v_j‖ for each output j, on the axis where it was; the others have size 1.
#[track_caller]
fn norms(v: &Tensor, output_axis: usize) -> Tensor {
    let of = |(axis, size): (usize, &usize)| if axis == output_axis { *size } else { 1 };
    let shape: Shape = v.shape().iter().enumerate().map(of).collect();
    v.square().sum_to(shape).sqrt()
}

/// Mean and standard deviation of each output over the batch. An output that is always the same
/// gets a deviation of 1: dividing by it changes nothing.
#[track_caller]
fn moments(y: &Tensor) -> [Array; 2] {
    let axes: Vec<isize> = (0..y.shape().len() as isize - 1).collect();
    let deviation = y.variance_over(&axes[..], 0).sqrt();
    let deviation = deviation.value().map(|s| if s > 1e-6 { s } else { 1.0 });
    [y.mean_over(&axes[..]).value().clone(), deviation]
}

impl<L: Weighted> Module for WeightNorm<L> {
    fn describe(&self) -> String {
        format!("{}, weight norm", self.layer.describe())
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.layer.forward_with(&self.normalised(self.layer.weight().tensor()), x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.layer.forward_with(&self.normalised(self.layer.weight().tensor()), x, slope))
    }

    #[track_caller]
    fn forward_first(&mut self, x: &Tensor, _: &mut Rng) -> Tensor {
        let [mean, deviation] = moments(&self.forward(x).detach());
        let scale = |numbers: &mut [Real]| {
            numbers.iter_mut().zip(deviation.numbers()).for_each(|(g, s)| *g /= s);
        };
        match &mut self.gain {
            Gain::Learnt(param) => param.update(scale),
            Gain::Kept(statistic) => scale(statistic.value.numbers_mut()),
        }
        let weight = self.layer.weight().id();
        self.layer.each_param_mut(&mut |param| {
            // A layer that is linear in its weight has no other parameter than a bias.
            if param.id() != weight {
                param.update(|b| {
                    let moments = mean.numbers().iter().zip(deviation.numbers());
                    b.iter_mut().zip(moments).for_each(|(b, (mean, s))| *b = (*b - mean) / s);
                });
            }
        });
        self.forward(x)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.layer.each_param(visit);
        if let Gain::Learnt(param) = &self.gain {
            visit(param);
        }
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.layer.each_param_mut(visit);
        if let Gain::Learnt(param) = &mut self.gain {
            visit(param);
        }
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        if let Gain::Kept(statistic) = &self.gain {
            visit(statistic);
        }
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        if let Gain::Kept(statistic) = &mut self.gain {
            visit(statistic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Conv2d, ConvTranspose2d, Init, Linear, Sequential};
    use autograd::{check, grad};

    const INIT: Init = Init::Normal { std: 0.5 };

    #[test]
    fn the_gain_is_the_length_of_each_output() {
        let mut rng = Rng::new(0, "weights");
        let mut norm = WeightNorm::new(Conv2d::new(2, 3, [2, 2], INIT, &mut rng));
        let v = norm.layer.weight().tensor().clone();
        let w = norm.normalised(&v);
        assert!(w.numbers().iter().zip(v.numbers()).all(|(w, v)| (w - v).abs() < 1e-5));
        norm.each_param_mut(&mut |param| {
            if param.name() == GAIN {
                param.update(|g| g.copy_from_slice(&[1.0, -2.0, 3.0]));
            }
        });
        let w = norm.normalised(&v);
        for (j, g) in [1.0, -2.0, 3.0].into_iter().enumerate() {
            let of_output = |x: &Tensor| -> Vec<f64> {
                x.numbers().iter().skip(j).step_by(3).map(|x| f64::from(*x)).collect()
            };
            let (w, v) = (of_output(&w), of_output(&v));
            let length = v.iter().map(|v| v * v).sum::<f64>().sqrt();
            assert_eq!(w.len(), 8);
            assert!(w.iter().zip(&v).all(|(w, v)| (w - g * v / length).abs() < 1e-5));
        }
    }

    /// Eq. 3 of the paper: dg = dw · v / ‖v‖ and dv = g / ‖v‖ dw - g dg / ‖v‖² v.
    #[test]
    fn gradients_are_those_of_the_paper() {
        let mut rng = Rng::new(0, "weights");
        let norm = WeightNorm::new(Linear::new(4, 1, INIT, &mut rng));
        let (v, g) = (norm.layer.weight().tensor(), norm.gain());
        let slopes = Tensor::constant(rng.normal([4, 1]));
        let [dv, dg] = grad(&(norm.normalised(v) * &slopes).sum(), [v, &g], false);
        let length = v.square().sum().sqrt().item();
        let along: Real = (&slopes * v).sum().item() / length;
        assert!((dg.item() - along).abs() < 1e-5, "{} {along}", dg.item());
        for ((dv, dw), v) in dv.numbers().iter().zip(slopes.numbers()).zip(v.numbers()) {
            let expected = g.item() / length * (dw - along * v / length);
            assert!((dv - expected).abs() < 1e-5, "{dv} {expected}");
        }
    }

    #[test]
    fn the_first_batch_makes_every_output_standard() {
        let mut rng = Rng::new(0, "weights");
        let linear = |i, o, rng: &mut Rng| {
            WeightNorm::new(Linear::new(i, o, INIT, rng).with_bias(INIT, rng))
        };
        let conv = Conv2d::new(3, 5, [3, 3], INIT, &mut rng);
        let images = Tensor::constant(rng.uniform([6, 5, 5, 3], 0.0, 4.0));
        let rows = Tensor::constant(rng.uniform([40, 7], -1.0, 3.0));
        let dense = Sequential::new()
            .add(linear(7, 9, &mut rng).keep_gain())
            .add(Activation::Relu)
            .add(linear(9, 4, &mut rng));
        let models: [(Box<dyn Module>, Tensor); 2] =
            [(Box::new(WeightNorm::new(conv)), images), (Box::new(dense), rows)];
        for (mut model, x) in models {
            let first = model.forward_first(&x, &mut rng);
            let y = model.forward(&x);
            assert_eq!(first.numbers(), y.numbers());
            let outputs = *y.shape().last().unwrap();
            for j in 0..outputs {
                let y: Vec<Real> = y.numbers().iter().skip(j).step_by(outputs).copied().collect();
                let mean = y.iter().sum::<Real>() / y.len() as Real;
                let variance = y.iter().map(|y| (y - mean).powi(2)).sum::<Real>() / y.len() as Real;
                assert!(mean.abs() < 1e-4 && (variance - 1.0).abs() < 1e-3, "{mean} {variance}");
            }
        }
    }

    #[test]
    fn a_kept_gain_is_saved_and_not_learnt() {
        let mut rng = Rng::new(0, "weights");
        let norm = WeightNorm::new(Linear::new(2, 3, INIT, &mut rng)).keep_gain();
        let names: Vec<&str> = norm.params().iter().map(|param| param.name()).collect();
        assert_eq!(names, ["weight", "bias"]);
        let mut other = WeightNorm::new(Linear::new(2, 3, INIT, &mut rng)).keep_gain();
        crate::from_safetensors(&mut other, &crate::to_safetensors(&norm)).unwrap();
        assert_eq!(other.gain().numbers(), norm.gain().numbers());
    }

    #[test]
    #[should_panic(expected = "weight norm: Linear 3 -> 2 has an output whose weights are all 0")]
    fn weights_of_0_have_no_direction() {
        let _ = WeightNorm::new(Linear::new(3, 2, Init::Zeros, &mut Rng::new(0, "weights")));
    }

    #[test]
    fn weight_norm_second_order() {
        let mut rng = Rng::new(0, "weights");
        let norm = WeightNorm::new(Linear::new(3, 2, INIT, &mut rng));
        check::twice(|x| norm.forward(&x[0].tanh()), &[rng.normal([2, 3])]).unwrap();
        let norm = WeightNorm::new(ConvTranspose2d::new(2, 3, [2, 2], INIT, &mut rng));
        let x = Tensor::constant(rng.normal([1, 2, 2, 2]));
        let start = norm.layer.weight().tensor().value().clone();
        let in_the_direction =
            |v: &[Tensor]| norm.layer.forward_with(&norm.normalised(&v[0]), &x, 1.0);
        check::twice(in_the_direction, &[start]).unwrap();
    }
}
