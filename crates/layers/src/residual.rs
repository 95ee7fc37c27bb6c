//! How does an input pass by the layers that change it?

use crate::{Module, Param, Statistic};
use autograd::{Rng, Tensor};

/// A layer that adds to its input rather than to replace it:  y = x + f(x).
///
/// - x, y: of one shape, which f keeps.
///
/// Its parameters are those of f, by the same names.
///
/// Source: He et al. 2016, "Deep Residual Learning for Image Recognition", eq. 1; without a
/// function after the sum, as in Gross, Wilber 2016, "Training and investigating residual nets".
#[derive(Debug)]
pub struct Residual<F> {
    f: F,
}

impl<F: Module> Residual<F> {
    /// The layer that adds f(x) to x.
    pub fn new(f: F) -> Residual<F> {
        Residual { f }
    }
}

/// x + y, of one shape: a sum that would broadcast is a mistake here.
#[track_caller]
fn sum(x: &Tensor, y: &Tensor) -> Tensor {
    assert!(
        x.shape() == y.shape(),
        "residual: the layers make {} of {}, which cannot be added\n  \
         hint: keep the size by padding, and the number of channels",
        y.shape(),
        x.shape()
    );
    x + y
}

impl<F: Module> Module for Residual<F> {
    /// In a summary it is one row: its layers in a column would hide the way past them.
    fn describe(&self) -> String {
        let layers = self.f.children().iter().map(|layer| layer.describe());
        let layers: Vec<String> = layers.collect();
        let inside = if layers.is_empty() { self.f.describe() } else { layers.join("; ") };
        format!("Residual [{inside}]")
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        sum(x, &self.f.forward(x))
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let y = self.f.forward_train(x, rng);
        sum(x, &y)
    }

    #[track_caller]
    fn forward_first(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let y = self.f.forward_first(x, rng);
        sum(x, &y)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.f.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.f.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.f.each_statistic(visit);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.f.each_statistic_mut(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Activation, BatchNorm, Conv2d, Dropout, Init, Linear, Sequential, WeightNorm, summary,
    };
    use autograd::{Padding, check};

    fn block(rng: &mut Rng) -> Residual<Sequential> {
        let conv = Conv2d::new(2, 2, [3, 3], Init::XavierUniform, rng).padding(Padding::Same);
        Residual::new(Sequential::new().add(conv).add(Activation::Tanh))
    }

    #[test]
    fn documented_formula_matches() {
        let mut rng = Rng::new(0, "weights");
        let block = block(&mut rng);
        let x = Tensor::constant(rng.normal([2, 4, 3, 2]));
        let (y, change) = (block.forward(&x), block.f.forward(&x));
        for ((y, x), f) in y.numbers().iter().zip(x.numbers()).zip(change.numbers()) {
            assert_eq!(*y, x + f);
        }
        let zero = Residual::new(Linear::new(2, 2, Init::Zeros, &mut rng));
        assert_eq!(zero.forward(&x).numbers(), x.numbers());
    }

    #[test]
    fn residual_second_order() {
        let mut rng = Rng::new(0, "weights");
        let block = block(&mut rng);
        check::twice(|x| block.forward(&x[0]), &[rng.normal([2, 3, 3, 2])]).unwrap();
    }

    #[test]
    fn training_reaches_the_layers_inside() {
        let mut rng = Rng::new(0, "weights");
        let inside = Sequential::new().add(BatchNorm::pytorch(3)).add(Dropout::new(0.5));
        let mut model = Sequential::new().add(Activation::Relu).add(Residual::new(inside));
        let names: Vec<&str> = model.params().iter().map(|param| param.name()).collect();
        assert_eq!(names, ["1.0.scale", "1.0.shift"]);
        let x = Tensor::constant(rng.normal([50, 3]).map(|x| x + 4.0));
        let y = model.forward_train(&x, &mut rng);
        let dropped = y.numbers().iter().zip(x.numbers()).filter(|(y, x)| y == x).count();
        assert!((40..110).contains(&dropped), "{dropped} of 150");
        model.each_statistic(&mut |statistic| {
            if statistic.name() == "1.0.running_mean" {
                assert!(statistic.value.numbers().iter().all(|mean| *mean > 0.2));
            }
        });
    }

    #[test]
    fn the_first_batch_reaches_the_layers_inside() {
        let mut rng = Rng::new(0, "weights");
        let inside = WeightNorm::new(Linear::new(3, 3, Init::Normal { std: 0.5 }, &mut rng));
        let mut model = Residual::new(inside);
        let x = Tensor::constant(rng.uniform([50, 3], -1.0, 3.0));
        let y = model.forward_first(&x, &mut rng);
        assert_eq!(y.numbers(), model.forward(&x).numbers());
        let change = y - &x;
        let (mean, variance) = (change.mean_over(0), change.variance_over(0, 0));
        assert!(mean.numbers().iter().all(|mean| mean.abs() < 1e-4), "{mean:?}");
        assert!(variance.numbers().iter().all(|v| (v - 1.0).abs() < 1e-3), "{variance:?}");
    }

    #[test]
    fn a_summary_shows_it_as_one_row() {
        let mut rng = Rng::new(0, "weights");
        let model = Sequential::new().add(block(&mut rng)).add(block(&mut rng));
        let row = "Residual [Conv2d 2 -> 2, 3x3, same; Tanh]  [4, 4, 2]          38";
        assert_eq!(summary(&model, &[4, 4, 2]).matches(row).count(), 2);
    }

    #[test]
    #[should_panic(expected = "residual: the layers make [4, 1] of [4, 2]")]
    fn layers_that_change_the_shape_are_refused() {
        let narrow = Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let _ = Residual::new(narrow).forward(&Tensor::full([4, 2], 0.0));
    }
}
