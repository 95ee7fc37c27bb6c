//! How is a layer kept from stretching its input too much?

use crate::{Module, Param, Statistic};
use autograd::{Array, Real, Rng, Tensor};

/// A layer that is linear in a weight, and can be asked for its answer with another one.
pub trait Weighted: Module {
    /// The weight.
    fn weight(&self) -> &Param;

    /// Which axis of the weight counts the outputs.
    fn output_axis(&self) -> usize;

    /// The layer's answer z with `weight` in the place of its own, rectified: z where z > 0, else
    /// slope · z. A slope of 1 leaves it as it is.
    #[track_caller]
    fn forward_with(&self, weight: &Tensor, x: &Tensor, slope: Real) -> Tensor;
}

/// A layer whose weight is divided by its largest singular value:
///
/// W / σ(W),   σ(W) = uᵀ W v,   u ← W v / ‖W v‖,   v ← Wᵀ u / ‖Wᵀ u‖.
///
/// W is the weight as a matrix with a row for each output. The two arrows, one power iteration, run
/// in each training step before σ is computed; u and v are kept as statistics of these names and
/// count as constants in the gradient, which passes through σ all the same. Evaluation uses them as
/// they are. The paper's iteration keeps u and begins with v; to keep v as well and to begin with
/// u, as PyTorch does, walks through the same vectors, half a step ahead.
///
/// The parameters are the wrapped layer's, by the same names. For a transposed convolution the
/// outputs are those of the layer, as in PyTorch.
///
/// Source: Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks",
/// algorithm 1, and eq. 12 for the gradient.
#[derive(Debug)]
pub struct SpectralNorm<L> {
    layer: L,
    u: Statistic,
    v: Statistic,
}

impl<L: Weighted> SpectralNorm<L> {
    /// The layer with its weight normalised; v starts from a random direction and 15 power
    /// iterations, as in PyTorch.
    ///
    /// # Panics
    /// If the weights are all 0.
    #[track_caller]
    pub fn new(layer: L, rng: &mut Rng) -> SpectralNorm<L> {
        let weight = layer.weight().tensor();
        assert!(
            weight.numbers().iter().any(|w| *w != 0.0),
            "spectral norm: the weights of {} are all 0, and cannot be divided by σ = 0\n  \
             hint: draw them from another `Init`",
            layer.describe()
        );
        let shape = weight.shape();
        let outputs = shape[layer.output_axis()];
        let u = Statistic::new("u", Array::zeros([outputs]));
        let v = Statistic::new("v", rng.normal([shape.count() / outputs]));
        let mut norm = SpectralNorm { layer, u, v };
        for _ in 0..15 {
            norm.iterate();
        }
        norm
    }

    /// One power iteration: u ← W v / ‖W v‖, then v ← Wᵀ u / ‖Wᵀ u‖.
    #[track_caller]
    fn iterate(&mut self) {
        let w = self.matrix(&self.layer.weight().without_history());
        let u = unit(row(&self.v).matmul(&w));
        let v = unit(u.matmul_transposed(false, &w, true));
        self.u.value.numbers_mut().copy_from_slice(u.numbers());
        self.v.value.numbers_mut().copy_from_slice(v.numbers());
    }

    /// W / σ(W) for the u and v there are.
    #[track_caller]
    fn normalised(&self, weight: &Tensor) -> Tensor {
        weight / (row(&self.v).matmul(&self.matrix(weight)) * row(&self.u)).sum()
    }

    /// Wᵀ: a weight with a column for each output.
    #[track_caller]
    fn matrix(&self, weight: &Tensor) -> Tensor {
        let (rank, outputs) = (weight.shape().len(), self.layer.output_axis());
        let order: Vec<usize> =
            (0..rank).filter(|axis| *axis != outputs).chain([outputs]).collect();
        let sizes = [&self.v, &self.u].map(|vector| vector.value.shape().count());
        weight.permute(&order).reshape(sizes)
    }
}

/// A statistic as a matrix of one row.
#[track_caller]
fn row(vector: &Statistic) -> Tensor {
    let vector = Tensor::constant(vector.value.clone());
    vector.reshape([1, vector.shape().count()])
}

/// x / max(‖x‖, 1e-12)
#[track_caller]
fn unit(x: Tensor) -> Tensor {
    let length = x.square().sum().sqrt();
    let length = Tensor::scalar(length.item().max(1e-12));
    x / length
}

impl<L: Weighted> Module for SpectralNorm<L> {
    fn describe(&self) -> String {
        format!("{}, spectral norm", self.layer.describe())
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
    fn forward_train(&mut self, x: &Tensor, _: &mut Rng) -> Tensor {
        self.iterate();
        self.forward(x)
    }

    #[track_caller]
    fn forward_train_rectified(&mut self, x: &Tensor, slope: Real, _: &mut Rng) -> Option<Tensor> {
        self.iterate();
        self.forward_rectified(x, slope)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.layer.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.layer.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        visit(&self.u);
        visit(&self.v);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        visit(&mut self.u);
        visit(&mut self.v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Conv2d, ConvTranspose2d, Init, Linear};
    use autograd::{Real, check, grad};

    const INIT: Init = Init::Normal { std: 0.5 };

    /// A weight whose singular values are known: 3 and 1, rotated on both sides.
    #[test]
    fn the_largest_singular_value_becomes_1() {
        let mut rng = Rng::new(0, "spectral");
        let mut linear = Linear::new(2, 2, INIT, &mut rng);
        let (a, b) = (0.3 as Real, 1.1 as Real);
        let rotation = |t: Real| Tensor::new([2, 2], &[t.cos(), -t.sin(), t.sin(), t.cos()]);
        let stretch = Tensor::new([2, 2], &[3.0, 0.0, 0.0, 1.0]);
        let w = rotation(a).matmul(&stretch).matmul(&rotation(b));
        linear.each_param_mut(&mut |param| {
            if param.name() == "weight" {
                param.update(|to| to.copy_from_slice(w.numbers()));
            }
        });
        let norm = SpectralNorm::new(linear, &mut rng);
        let normalised = norm.normalised(&w);
        for (found, w) in normalised.numbers().iter().zip(w.numbers()) {
            assert!((found - w / 3.0).abs() < 1e-5, "{found} {w}");
        }
    }

    #[test]
    fn each_training_step_follows_the_weight() {
        let mut rng = Rng::new(0, "spectral");
        let mut norm = SpectralNorm::new(Conv2d::new(2, 3, [3, 3], INIT, &mut rng), &mut rng);
        norm.each_param_mut(&mut |param| {
            let other = rng.normal(*param.tensor().shape());
            param.update(|to| to.copy_from_slice(other.numbers()));
        });
        let x = Tensor::constant(rng.normal([1, 3, 3, 2]));
        let largest = |norm: &SpectralNorm<Conv2d>| {
            let w = norm.normalised(norm.layer.weight().tensor()).reshape([18, 3]);
            // Of WᵀW, whose eigenvalues are the squares, by repeated squaring.
            let mut gram = w.matmul_transposed(true, &w, false);
            let mut power = 1.0;
            for _ in 0..6 {
                gram = gram.matmul(&gram);
                power *= 2.0;
            }
            let trace: Real = (0..3).map(|i| gram.numbers()[4 * i]).sum();
            trace.powf(0.5 / power)
        };
        assert!((largest(&norm) - 1.0).abs() > 0.05, "{}", largest(&norm));
        for _ in 0..60 {
            norm.forward_train(&x, &mut rng);
        }
        assert!((largest(&norm) - 1.0).abs() < 0.02, "{}", largest(&norm));
        let kept = norm.u.value.clone();
        let _ = norm.forward(&x);
        assert_eq!(norm.u.value.numbers(), kept.numbers());
    }

    /// Eq. 12: with u and v constant, dW = (G - λ u vᵀ) / σ for the gradient G in W / σ, where
    /// λ = Σ G · W / σ.
    #[test]
    fn the_gradient_passes_through_sigma() {
        let mut rng = Rng::new(0, "spectral");
        let norm = SpectralNorm::new(Linear::new(3, 4, INIT, &mut rng), &mut rng);
        let w = norm.layer.weight().tensor();
        let normalised = norm.normalised(w);
        let g = Tensor::constant(rng.normal([3, 4]));
        let [dw] = grad(&(&normalised * &g).sum(), [w], false);
        let sigma = w.numbers()[0] / normalised.numbers()[0];
        let lambda: Real = (&g * &normalised).sum().item();
        for (at, dw) in dw.numbers().iter().enumerate() {
            let uv = norm.v.value.numbers()[at / 4] * norm.u.value.numbers()[at % 4];
            assert!((dw - (g.numbers()[at] - lambda * uv) / sigma).abs() < 1e-5);
        }
    }

    #[test]
    #[should_panic(expected = "spectral norm: the weights of Linear 3 -> 2 are all 0")]
    fn weights_of_0_are_refused() {
        let mut rng = Rng::new(0, "spectral");
        let _ = SpectralNorm::new(Linear::new(3, 2, Init::Zeros, &mut rng), &mut rng);
    }

    #[test]
    fn spectral_norm_second_order() {
        let mut rng = Rng::new(0, "spectral");
        let conv = ConvTranspose2d::new(2, 3, [2, 2], INIT, &mut rng);
        let norm = SpectralNorm::new(conv, &mut rng);
        check::twice(|x| norm.forward(&x[0].tanh()), &[rng.normal([1, 2, 2, 2])]).unwrap();
        let conv = Conv2d::new(2, 3, [2, 2], INIT, &mut rng);
        let norm = SpectralNorm::new(conv, &mut rng);
        let x = Tensor::constant(rng.normal([1, 3, 3, 2]));
        let start = norm.layer.weight().tensor().value().clone();
        let in_the_weight = |w: &[Tensor]| {
            let normalised = norm.normalised(&w[0]);
            norm.layer.forward_with(&normalised, &x, 1.0)
        };
        check::twice(in_the_weight, &[start]).unwrap();
    }
}
