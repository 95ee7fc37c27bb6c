//! Which layers disturb what they train on?
//!
//! All are the identity in evaluation, but for [`Dropout::also_in_evaluation`].

use crate::Module;
use autograd::{Array, Real, Rng, Tensor};

/// Sets each element to 0 with probability `rate` and divides the others by 1 - rate, so that
/// the expectation stays:  y = x m / (1 - rate),  m ~ Bernoulli(1 - rate).
///
/// Source: Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from
/// Overfitting", §10 (the form that scales during training).
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    rate: Real,
    in_evaluation: bool,
}

impl Dropout {
    /// Drops each element with this probability.
    ///
    /// # Panics
    /// If `rate` is not in [0, 1).
    #[track_caller]
    pub fn new(rate: Real) -> Dropout {
        assert!((0.0..1.0).contains(&rate), "dropout: the rate {rate} is not in [0, 1)");
        Dropout { rate, in_evaluation: false }
    }

    /// The same in evaluation too, where it is a generator's source of noise. An evaluation gives
    /// the same answer to the same input, so there each sample's own bits choose what it loses.
    ///
    /// Source: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial
    /// Networks", §3.1.
    #[must_use]
    pub fn also_in_evaluation(self) -> Dropout {
        Dropout { in_evaluation: true, ..self }
    }

    /// The masks of samples, each from a random stream that the sample seeds.
    fn masks(self, x: &Tensor) -> Array {
        let mut masks = Array::zeros(*x.shape());
        let size = x.shape().count() / x.shape().first().copied().unwrap_or(1).max(1);
        let rows = masks.numbers_mut().chunks_exact_mut(size.max(1));
        for (mask, row) in rows.zip(x.numbers().chunks_exact(size.max(1))) {
            let drawn = Rng::new(hash(row), "dropout").dropout([size], self.rate);
            mask.copy_from_slice(drawn.numbers());
        }
        masks
    }
}

/// The hash FNV-1a, a number at a time, with its upper half mixed into the lower after each product: a
/// product carries upwards only, so that the sign, a number's highest bit, would move few others.
fn hash(row: &[Real]) -> u64 {
    row.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, x| {
        let hash = (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0100_0000_01b3);
        hash ^ hash >> 32
    })
}

impl Module for Dropout {
    fn describe(&self) -> String {
        let when = if self.in_evaluation { ", also in evaluation" } else { "" };
        format!("Dropout {}{when}", self.rate)
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        if self.in_evaluation { x * Tensor::constant(self.masks(x)) } else { x.clone() }
    }

    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        x * Tensor::constant(rng.dropout(*x.shape(), self.rate))
    }
}

/// [`Dropout`] of whole channels of an image at once: neighbouring pixels say much the same, so
/// dropping single ones would hide little.
///
/// - x: `[n, height, width, channels]`; the mask is `[n, 1, 1, channels]`.
///
/// Source: Tompson et al. 2015, "Efficient Object Localization Using Convolutional Networks", §3.2.
#[derive(Clone, Copy, Debug)]
pub struct Dropout2d {
    rate: Real,
}

impl Dropout2d {
    /// Drops each channel with this probability.
    ///
    /// # Panics
    /// If `rate` is not in [0, 1).
    #[track_caller]
    pub fn new(rate: Real) -> Dropout2d {
        assert!((0.0..1.0).contains(&rate), "dropout2d: the rate {rate} is not in [0, 1)");
        Dropout2d { rate }
    }
}

impl Module for Dropout2d {
    fn describe(&self) -> String {
        format!("Dropout2d {}", self.rate)
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    #[track_caller]
    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let [n, _, _, channels] = x.shape()[..] else {
            panic!("dropout2d: input {} is not [batch, height, width, channels]", x.shape());
        };
        x * Tensor::constant(rng.dropout([n, 1, 1, channels], self.rate))
    }
}

/// Adds noise:  y = x + std ε,  ε ~ N(0, 1).
///
/// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", whose discriminators
/// use it between their layers.
#[derive(Clone, Copy, Debug)]
pub struct GaussianNoise {
    std: Real,
}

impl GaussianNoise {
    /// Adds noise of this standard deviation.
    ///
    /// # Panics
    /// If `std` is negative or not finite.
    #[track_caller]
    pub fn new(std: Real) -> GaussianNoise {
        assert!(std >= 0.0 && std.is_finite(), "gaussian noise: {std} is no standard deviation");
        GaussianNoise { std }
    }
}

impl Module for GaussianNoise {
    fn describe(&self) -> String {
        format!("GaussianNoise {}", self.std)
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let std = self.std;
        x + Tensor::constant(rng.normal(*x.shape()).map(|e| std * e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropout_keeps_the_expectation() {
        let mut rng = Rng::new(0, "dropout");
        let x = Tensor::full([200, 100], 3.0);
        let y = Dropout::new(0.25).forward_train(&x, &mut rng);
        assert!(y.numbers().iter().all(|y| *y == 0.0 || *y == 4.0));
        // Five standard errors: 5 · 4 √(0.25 · 0.75 / 20,000).
        assert!((y.mean().item() - 3.0).abs() < 0.062, "{}", y.mean().item());
    }

    #[test]
    fn dropout_in_evaluation_is_a_function_with_the_same_expectation() {
        let layer = Dropout::new(0.25).also_in_evaluation();
        let x = Tensor::constant(Rng::new(0, "x").normal([300, 100]));
        let y = layer.forward(&x);
        assert_eq!(y.numbers(), layer.forward(&x).numbers());
        let kept = y.numbers().iter().filter(|y| **y != 0.0).count() as f64 / 30_000.0;
        // Five standard errors.
        assert!((kept - 0.75).abs() < 0.0125, "{kept}");
        // A sample loses what it loses wherever it stands, and another loses something else.
        assert_eq!(layer.forward(&x.slice(0, 7..8)).numbers(), y.slice(0, 7..8).numbers());
        let lost = |row: usize| -> Vec<bool> {
            y.slice(0, row..row + 1).numbers().iter().map(|y| *y == 0.0).collect()
        };
        assert_ne!(lost(0), lost(1));
    }

    #[test]
    fn each_number_and_each_sign_moves_both_halves_of_the_hash() {
        let x = Rng::new(0, "x").normal([8]);
        let of_x = hash(x.numbers());
        for i in 0..8 {
            let mut other = x.numbers().to_vec();
            other[i] = -other[i];
            let moved = of_x ^ hash(&other);
            let (low, high) = (moved as u32, (moved >> 32) as u32);
            assert!(low.count_ones() > 0 && high.count_ones() > 0, "{i}: {moved:x}");
            other[i] = x.numbers()[i].next_up();
            let moved = of_x ^ hash(&other);
            assert!(moved as u32 != 0 && moved >> 32 != 0, "{i}: {moved:x}");
        }
    }

    #[test]
    fn dropout2d_drops_channels_as_a_whole() {
        let mut rng = Rng::new(0, "dropout");
        let x = Tensor::full([100, 2, 3, 50], 3.0);
        let y = Dropout2d::new(0.25).forward_train(&x, &mut rng);
        for image in y.numbers().chunks_exact(6 * 50) {
            for (at, y) in image.iter().enumerate() {
                assert!((*y == 0.0 || *y == 4.0) && *y == image[at % 50]);
            }
        }
        // Five standard errors: 5 · 4 √(0.25 · 0.75 / 5,000).
        assert!((y.mean().item() - 3.0).abs() < 0.123, "{}", y.mean().item());
    }

    #[test]
    fn noise_has_its_standard_deviation() {
        let mut rng = Rng::new(0, "noise");
        let y = GaussianNoise::new(0.3).forward_train(&Tensor::full([200, 100], 3.0), &mut rng);
        assert!((y.variance(1).item().sqrt() - 0.3).abs() < 0.0075);
        assert!((y.mean().item() - 3.0).abs() < 0.011);
    }

    #[test]
    fn evaluation_changes_nothing() {
        let x = Tensor::new([3], &[1.0, 2.0, 3.0]);
        assert_eq!(Dropout::new(0.5).forward(&x).numbers(), x.numbers());
        assert_eq!(GaussianNoise::new(0.5).forward(&x).numbers(), x.numbers());
    }
}
