//! How does a discriminator see that a batch is too uniform?

use crate::{Init, Module, Param};
use autograd::{Rng, Tensor};

/// Minibatch discrimination: beside its features each sample gets b numbers that say how near the
/// others of its batch are.
///
/// ```text
/// M_i = f_i T                                   c numbers for each of b kernels
/// o_i = ( Σ_j exp(-‖M_i1 - M_j1‖₁), ..., Σ_j exp(-‖M_ib - M_jb‖₁) )
/// y_i = ( f_i, o_i )
/// ```
///
/// - f: `[n, inputs]`; T, the parameter `weight`: `[inputs, b · c]`; y: `[n, inputs + b]`.
///
/// The sum goes over the whole batch, i itself among it, which adds 1. All numbers are between 1
/// and n, and n if all samples are the same. A sample's answer depends on its batch, in evaluation
/// too.
///
/// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.2, eq. 3.
#[derive(Debug)]
pub struct MinibatchDiscrimination {
    weight: Param,
    kernels: usize,
}

impl MinibatchDiscrimination {
    /// With `kernels` numbers b for a sample, each from `size` numbers c; T is drawn from `init`.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn new(
        inputs: usize,
        kernels: usize,
        size: usize,
        init: Init,
        rng: &mut Rng,
    ) -> MinibatchDiscrimination {
        assert!(
            kernels * size > 0,
            "minibatch discrimination: {kernels} kernels of {size} numbers"
        );
        let weight = Param::new("weight", init.sample([inputs, kernels * size], rng));
        MinibatchDiscrimination { weight, kernels }
    }
}

impl Module for MinibatchDiscrimination {
    fn describe(&self) -> String {
        let [inputs, b] = [self.weight.tensor().shape()[0], self.kernels];
        format!("MinibatchDiscrimination {inputs} -> {}", inputs + b)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let [n, _] = x.shape()[..] else {
            panic!("minibatch discrimination: input {} is not [n, features]", x.shape());
        };
        let (b, c) = (self.kernels, self.weight.tensor().shape()[1] / self.kernels);
        let m = x.matmul(self.weight.tensor());
        let away = (m.reshape([n, 1, b, c]) - m.reshape([1, n, b, c])).abs().sum_over(3);
        Tensor::concat(&[x, &(-away).exp().sum_over(1)], 1)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.weight);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Array, check};

    fn layer() -> MinibatchDiscrimination {
        let init = Init::Normal { std: 0.5 };
        MinibatchDiscrimination::new(3, 2, 4, init, &mut Rng::new(0, "weights"))
    }

    #[test]
    fn documented_formula_matches() {
        let (layer, x) = (layer(), Rng::new(0, "x").normal([5, 3]));
        let y = layer.forward(&Tensor::constant(x.clone()));
        assert_eq!(y.shape(), &[5, 5].into());
        let weight = layer.weight.tensor().numbers();
        let m = |i: usize, k: usize, l: usize| -> f64 {
            let sum = |j: usize| f64::from(x.numbers()[3 * i + j] * weight[8 * j + 4 * k + l]);
            (0..3).map(sum).sum()
        };
        for (i, found) in y.numbers().chunks(5).enumerate() {
            assert_eq!(found[..3], x.numbers()[3 * i..][..3]);
            for k in 0..2 {
                let near = |j| (0..4).map(|l| -(m(i, k, l) - m(j, k, l)).abs()).sum::<f64>().exp();
                let expected: f64 = (0..5).map(near).sum();
                assert!((f64::from(found[3 + k]) - expected).abs() < 1e-5, "{found:?} {expected}");
            }
        }
    }

    #[test]
    fn a_batch_of_one_sample_repeated_is_as_near_as_can_be() {
        let y = layer().forward(&Tensor::new([1, 3], &[0.3, -1.0, 2.0]).broadcast_to([7, 3]));
        assert!(y.slice(1, 3..).numbers().iter().all(|o| *o == 7.0));
    }

    #[test]
    fn gradients_agree_with_difference_quotients_to_second_order() {
        // Far enough apart that no difference is near the corner of |x|.
        let x = Array::new([3, 2], &[0.2, 1.0, -0.7, 0.4, 0.9, -0.6]);
        let weight = Array::new([2, 4], &[0.5, -0.8, 1.1, 0.6, -0.9, 0.4, 0.3, -1.2]);
        let f = |inputs: &[Tensor]| {
            let param = Param::new("weight", weight.clone());
            let mut layer = MinibatchDiscrimination { weight: param, kernels: 2 };
            layer.weight.exchange(&mut inputs[1].clone());
            layer.forward(&inputs[0])
        };
        check::twice(f, &[x, weight.clone()]).unwrap();
    }
}
