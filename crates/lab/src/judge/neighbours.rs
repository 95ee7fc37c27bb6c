//! Are samples copies of what was learnt?

use autograd::{Array, Real, Tensor, no_grad};

use crate::figures::{Bitmap, image_grid};
use crate::{Images, Scaling};

/// The real image that is nearest to a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its place among the real images.
    pub place: usize,
    /// The root of the mean squared difference of the numbers, which lie in [0, 1]: 0 for a copy.
    pub distance: f64,
}

/// Real images that are compared at once.
const BLOCK: usize = 1000;

/// For each sample the real image with the least squared difference, the first of equals.
///
/// - `samples`: `[n, ..]`, as many numbers each as a real image has, in the range of `scaling`.
///
/// # Panics
/// If a sample has another number of numbers, or there are no real images.
#[must_use]
#[track_caller]
pub fn neighbours(samples: &Array, scaling: Scaling, real: &Images) -> Vec<Neighbour> {
    let size: usize = real.shape().iter().product();
    let n = samples.shape().first().copied().unwrap_or_default();
    let fits = samples.shape().count() == n * size && !real.is_empty();
    assert!(fits, "neighbours: {} are not like the {real}", samples.shape());
    let in_unit = |x: Real| scaling.to(Scaling::ZeroToOne, x);
    let x = Tensor::new([n, size], samples.map(in_unit).numbers());
    let mut best = vec![(0, Real::INFINITY); n];
    no_grad(|| {
        for first in (0..real.len()).step_by(BLOCK) {
            let block = first..(first + BLOCK).min(real.len());
            let count = block.len();
            let r = real.scaled(block, Scaling::ZeroToOne);
            let r = Tensor::new([count, size], r.numbers());
            // |x - r|² = |x|² + |r|² - 2 x·r, and |x|² does not choose.
            let distance = r.square().sum_over(1) - 2.0 * x.matmul_transposed(false, &r, true);
            for (best, row) in best.iter_mut().zip(distance.numbers().chunks_exact(count)) {
                for (i, distance) in row.iter().enumerate() {
                    if *distance < best.1 {
                        *best = (first + i, *distance);
                    }
                }
            }
        }
    });
    let rows = x.numbers().chunks_exact(size);
    best.into_iter()
        .zip(rows)
        .map(|((place, _), x)| {
            let bytes = real.pixels(place).iter();
            let difference = |(x, byte): (&Real, &u8)| {
                f64::from(*x) - f64::from(Scaling::ZeroToOne.number(*byte))
            };
            let sum: f64 = x.iter().zip(bytes).map(|pair| difference(pair).powi(2)).sum();
            Neighbour { place, distance: (sum / size as f64).sqrt() }
        })
        .collect()
}

/// A picture of samples, each with its nearest real image on its right.
///
/// - `samples`: `[n, height, width, channels]`; `pairs`: in a row, at least 1.
///
/// # Panics
/// If the samples are not of the real images' shape, or there are none.
#[must_use]
#[track_caller]
pub fn neighbour_grid(samples: &Array, scaling: Scaling, real: &Images, pairs: usize) -> Bitmap {
    let [height, width, channels] = real.shape();
    let found = neighbours(samples, scaling, real);
    let places: Vec<usize> = found.iter().map(|neighbour| neighbour.place).collect();
    let real = real.scaled(&places, scaling);
    let size = height * width * channels;
    let side_by_side: Vec<Real> = (samples.numbers().chunks_exact(size))
        .zip(real.numbers().chunks_exact(size))
        .flat_map(|(sample, real)| [sample, real].concat())
        .collect();
    let images = Array::new([2 * found.len(), height, width, channels], &side_by_side);
    image_grid(&images, 2 * pairs, scaling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;

    #[test]
    fn a_disturbed_digit_is_nearest_to_itself() {
        let real = Images::embedded_mnist().take(0..2500);
        let chosen = [3, 999, 1000, 2499];
        for scaling in [Scaling::ZeroToOne, Scaling::MinusOneToOne] {
            let exact = real.scaled(chosen, scaling);
            let exact = neighbours(&exact, scaling, &real);
            assert!(exact.iter().map(|found| found.place).eq(chosen));
            assert!(exact.iter().all(|found| found.distance < 1e-6));
            let noise = Rng::new(0, "noise").normal([4, 28, 28, 1]);
            let noisy = real.scaled(chosen, scaling);
            let noisy = noisy.zip(&noise, "add", |x, z| x + 0.1 * z);
            let found = neighbours(&noisy, scaling, &real);
            assert!(found.iter().map(|found| found.place).eq(chosen));
            // Noise of 0.1 in [-1, 1] is one of 0.05 in [0, 1].
            let std = if scaling == Scaling::ZeroToOne { 0.1 } else { 0.05 };
            assert!(found.iter().all(|found| (found.distance / std - 1.0).abs() < 0.1));
        }
    }

    #[test]
    fn the_nearest_is_that_of_a_plain_search() {
        let real = Images::embedded_mnist().take(0..1200);
        let samples = Rng::new(0, "samples").uniform([5, 784], 0.0, 1.0);
        for (x, found) in
            samples.numbers().chunks(784).zip(neighbours(&samples, Scaling::ZeroToOne, &real))
        {
            let distance = |i: &usize| -> f64 {
                let bytes = real.pixels(*i).iter().map(|byte| f64::from(*byte) / 255.0);
                x.iter().zip(bytes).map(|(x, r)| (f64::from(*x) - r).powi(2)).sum()
            };
            let all: Vec<f64> = (0..1200).map(|i| distance(&i)).collect();
            let least = all.iter().copied().fold(f64::INFINITY, f64::min);
            assert!((all[found.place] - least).abs() < 1e-3, "{} {least}", all[found.place]);
            assert!((found.distance - (all[found.place] / 784.0).sqrt()).abs() < 1e-6);
        }
    }

    #[test]
    fn a_pair_is_the_sample_and_its_neighbour() {
        let real = Images::new([1, 1, 1], vec![0, 100, 255], None);
        let samples = Array::new([2, 1, 1, 1], &[0.45, 0.9]);
        let grid = neighbour_grid(&samples, Scaling::ZeroToOne, &real, 2);
        let row = &grid.rgb[3 * 2 * grid.width as usize..][..3 * grid.width as usize];
        let shown: Vec<u8> = (0..4).map(|i| row[3 * (2 + 3 * i)]).collect();
        assert_eq!(shown, [115, 100, 230, 255]);
    }

    #[test]
    #[should_panic(expected = "neighbours: [2, 9] are not like the 1 images of 28 x 28 x 1")]
    fn samples_are_like_the_real_images() {
        let real = Images::embedded_mnist().take(0..1);
        let _ = neighbours(&Array::zeros([2, 9]), Scaling::ZeroToOne, &real);
    }
}
