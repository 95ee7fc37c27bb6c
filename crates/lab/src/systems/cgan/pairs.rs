//! How is a conditional GAN a GAN of pairs?
//!
//! Mirza, Osindero 2014, "Conditional Generative Adversarial Nets", eq. 2, give a condition y to
//! both players:
//!
//! min_G max_D  E_{(x, y) ~ p_data} ln D(x|y) + E_{y ~ p_data, z ~ p_z} ln(1 - D(G(z|y)|y))
//!
//! Write (y, x) for the real sample, (y, z) for the generator's input, and let G pass y on:
//! G'(y, z) = (y, G(z|y)). Then this is eq. 1 of Goodfellow et al. 2014 for the samples (y, x), and
//! [`gan::Game`] plays it as it is. A pair is a row of numbers, y first.

use std::sync::Arc;

use autograd::{Array, Rng, Tensor};
use gan::Prior;
use layers::{Flatten, Module, Param, Sequential, Statistic};

/// Pairs (y, z): a condition of the data, each as likely as any other, and noise z ~ N(0, 1).
#[derive(Clone)]
pub struct ConditionsAndNoise {
    /// The conditions of the data, `[n, condition]`, at least one.
    pub conditions: Arc<Array>,
    /// Numbers of noise for each sample.
    pub noise: usize,
}

impl Prior for ConditionsAndNoise {
    fn sample(&self, batch: usize, rng: &mut Rng) -> Array {
        let [count, size] = self.conditions.shape()[..] else {
            panic!("conditions {} are not [n, condition]", self.conditions.shape())
        };
        let rows: Vec<usize> = (0..batch).map(|_| rng.below(count)).collect();
        let conditions = Array::filled_by([batch, size], |out| {
            for (out, row) in out.chunks_exact_mut(size).zip(rows) {
                out.copy_from_slice(&self.conditions.numbers()[row * size..][..size]);
            }
        });
        pair(&conditions, &rng.normal([batch, self.noise]))
    }
}

/// The rows of `first` `[n, a]`, each with that of `second` `[n, b]` behind it: `[n, a + b]`.
///
/// # Panics
/// If they have not as many rows.
#[must_use]
#[track_caller]
pub fn pair(first: &Array, second: &Array) -> Array {
    let parts = [first, second].map(|part| Tensor::constant(part.clone()));
    Tensor::concat(&[&parts[0], &parts[1]], -1).value().clone()
}

/// A generator that passes its condition on: (y, z) -> (y, G(y, z)).
///
/// - x: `[n, condition + noise]`; y: `[n, condition + numbers of G's sample]`.
pub struct PassOn {
    condition: usize,
    generator: Sequential,
}

impl PassOn {
    /// A generator G of pairs whose condition has so many numbers.
    pub fn new(condition: usize, generator: Sequential) -> PassOn {
        PassOn { condition, generator }
    }

    fn beside(&self, x: &Tensor, sample: &Tensor) -> Tensor {
        Tensor::concat(&[&x.slice(1, ..self.condition), &Flatten.forward(sample)], 1)
    }
}

impl Module for PassOn {
    fn describe(&self) -> String {
        format!("PassOn the first {} of", self.condition)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.beside(x, &self.generator.forward(x))
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let sample = self.generator.forward_train(x, rng);
        self.beside(x, &sample)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.generator.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.generator.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.generator.each_statistic(visit);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.generator.each_statistic_mut(visit);
    }
}

/// Each part of a pair through layers of its own: (a, b) -> (f(a), g(b)), joined along the last
/// axis, that is as features or as channels.
///
/// Its parameters are `first.0.weight` and so on, and `second.0.weight`.
pub struct Each {
    split: usize,
    first: Sequential,
    second: Sequential,
}

impl Each {
    /// The first `split` numbers of a row through `first`, the others through `second`.
    pub fn new(split: usize, mut first: Sequential, mut second: Sequential) -> Each {
        for (name, layers) in [("first", &mut first), ("second", &mut second)] {
            layers.each_param_mut(&mut |param| param.move_into(name));
            layers.each_statistic_mut(&mut |statistic| statistic.move_into(name));
        }
        Each { split, first, second }
    }

    #[track_caller]
    fn parts(&self, x: &Tensor) -> [Tensor; 2] {
        [x.slice(1, ..self.split), x.slice(1, self.split..)]
    }
}

impl Module for Each {
    fn describe(&self) -> String {
        format!("Each part, the first {} and the rest", self.split)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let [a, b] = self.parts(x);
        Tensor::concat(&[&self.first.forward(&a), &self.second.forward(&b)], -1)
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let [a, b] = self.parts(x);
        let (a, b) = (self.first.forward_train(&a, rng), self.second.forward_train(&b, rng));
        Tensor::concat(&[&a, &b], -1)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.first.each_param(visit);
        self.second.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.first.each_param_mut(visit);
        self.second.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        self.first.each_statistic(visit);
        self.second.each_statistic(visit);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        self.first.each_statistic_mut(visit);
        self.second.each_statistic_mut(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::{Activation, BatchNorm, Init, Linear};

    #[test]
    fn conditions_are_those_of_the_data_and_noise_is_independent() {
        let conditions = Arc::new(Array::new([3, 2], &[1.0, 10.0, 2.0, 20.0, 3.0, 30.0]));
        let prior = ConditionsAndNoise { conditions, noise: 3 };
        let drawn = prior.sample(3000, &mut Rng::new(0, "prior"));
        assert_eq!(drawn.shape(), &[3000, 5].into());
        let mut counts = [0; 3];
        let mut noise = Vec::new();
        for row in drawn.numbers().chunks(5) {
            assert_eq!(row[1], 10.0 * row[0]);
            counts[row[0] as usize - 1] += 1;
            noise.extend(row[2..].iter().map(|z| f64::from(*z)));
        }
        // 1000 each, with a standard deviation of 26.
        assert!(counts.iter().all(|count| (870..1130).contains(count)), "{counts:?}");
        let square = noise.iter().map(|z| z * z).sum::<f64>() / noise.len() as f64;
        assert!((square - 1.0).abs() < 0.1, "{square}");
    }

    #[test]
    fn a_generator_passes_its_condition_on_in_training_and_in_use() {
        let mut rng = Rng::new(0, "weights");
        let inside = || {
            let mut rng = Rng::new(1, "weights");
            let linear = Linear::new(5, 4, Init::XavierUniform, &mut rng);
            Sequential::new().add(linear).add(BatchNorm::pytorch(4)).add(Activation::Tanh)
        };
        let mut generator = PassOn::new(2, inside());
        let x = Tensor::constant(rng.normal([3, 5]));
        let parts = |y: &Tensor| [y.slice(1, ..2), y.slice(1, 2..)];
        let numbers = |x: &Tensor| x.numbers().to_vec();
        let [y, sample] = parts(&generator.forward(&x));
        assert_eq!(numbers(&y), numbers(&x.slice(1, ..2)));
        assert_eq!(numbers(&sample), numbers(&inside().forward(&x)));
        let [y, sample] = parts(&generator.forward_train(&x, &mut rng));
        assert_eq!(numbers(&y), numbers(&x.slice(1, ..2)));
        assert_eq!(numbers(&sample), numbers(&inside().forward_train(&x, &mut rng)));
    }

    #[test]
    fn each_part_has_layers_and_names_of_its_own() {
        let mut rng = Rng::new(0, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
        let (f, g) = (linear(2, 3), linear(1, 2));
        let x = Tensor::new([2, 3], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        let (a, b) = (Tensor::new([2, 2], &[0.1, 0.2, 0.4, 0.5]), Tensor::new([2, 1], &[0.3, 0.6]));
        let expected = Tensor::concat(&[&f.forward(&a), &g.forward(&b)], 1);
        let each = Each::new(2, Sequential::new().add(f), Sequential::new().add(g));
        assert_eq!(each.forward(&x).numbers(), expected.numbers());
        let names: Vec<&str> = each.params().iter().map(|param| param.name()).collect();
        assert_eq!(names, ["first.0.weight", "first.0.bias", "second.0.weight", "second.0.bias"]);
    }
}
