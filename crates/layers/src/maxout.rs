//! Which activation can a layer learn?

use crate::{Init, Linear, Module, Param};
use autograd::{Rng, Tensor};

/// The largest of so many linear functions for each output:
///
/// y_j = max over p of (x W + b)_pj,   W: `[inputs, pieces · outputs]`.
///
/// - x: `[n, inputs]`; y: `[n, outputs]`. The parameters are those of a [`Linear`] layer.
///
/// Source: Goodfellow et al. 2013, "Maxout Networks", §2.
#[derive(Debug)]
pub struct Maxout {
    linear: Linear,
    pieces: usize,
}

impl Maxout {
    /// A layer with weights drawn from `init` and biases of 0.
    ///
    /// # Panics
    /// If there are no pieces.
    #[track_caller]
    pub fn new(inputs: usize, outputs: usize, pieces: usize, init: Init, rng: &mut Rng) -> Maxout {
        assert!(pieces > 0, "maxout: the largest of no pieces");
        Maxout { linear: Linear::new(inputs, outputs * pieces, init, rng), pieces }
    }
}

impl Module for Maxout {
    fn describe(&self) -> String {
        format!("{}, the largest of each {}", self.linear.describe(), self.pieces)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let all = self.linear.forward(x);
        let [n, all_outputs] = all.shape()[..] else {
            panic!("maxout: input {} is not [n, features]", x.shape());
        };
        // The outputs of a piece lie side by side, so that the maximum is taken over whole vectors.
        all.reshape([n, self.pieces, all_outputs / self.pieces]).max_over(1)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.linear.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.linear.each_param_mut(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;

    #[test]
    fn each_output_is_the_largest_of_its_pieces() {
        let mut rng = Rng::new(0, "weights");
        let layer = Maxout::new(3, 2, 4, Init::Normal { std: 1.0 }, &mut rng);
        let x = Tensor::constant(rng.normal([5, 3]));
        let all = layer.linear.forward(&x);
        let largest = |row: &[Real], j: usize| {
            row.iter().skip(j).step_by(2).copied().fold(Real::NEG_INFINITY, Real::max)
        };
        let expected: Vec<Real> =
            all.numbers().chunks(8).flat_map(|row| [0, 1].map(|j| largest(row, j))).collect();
        assert_eq!(layer.forward(&x).numbers(), expected);
        assert_eq!(layer.forward(&x).shape(), &[5, 2].into());
    }
}
