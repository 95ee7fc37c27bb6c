//! Which data are simple enough that one knows everything about them?
//!
//! A [`Toy`] is a distribution on the line or in the plane with a sampler and an exact density, so
//! that what a generator has learnt can be measured and not only looked at:
//!
//! | toy | what it asks of a GAN |
//! |---|---|
//! | [`Mixture::line`] | the ends of a distribution, and unequal shares |
//! | [`Mixture::ring`], [`Mixture::grid`] | all modes: they are far apart, with nothing between |
//! | [`NoisyCurve::swiss_roll`] | a long thin curve beside itself |
//! | [`NoisyCurve::two_moons`] | two pieces that interlock |
//! | [`AffineGaussian`](crate::AffineGaussian) | a direction of small variance |

mod coverage;
mod curve;
mod mixture;
mod named;

pub use coverage::{Coverage, SAMPLES, mode_shares};
pub use curve::NoisyCurve;
pub use mixture::Mixture;
pub use named::ToyName;

use autograd::{Array, Rng};

/// A distribution of points of which everything is known.
pub trait Toy: Send {
    /// Numbers in a point: 1 or 2.
    fn dimensions(&self) -> usize;

    /// Independent points: `[count, dimensions]`.
    fn sample(&self, count: usize, rng: &mut Rng) -> Array;

    /// The density at a point, for each unit of length or area.
    ///
    /// # Panics
    /// If the point has not as many numbers as the toy has dimensions.
    #[track_caller]
    fn density(&self, point: &[f64]) -> f64;

    /// Its modes, if it is made of separate ones.
    fn modes(&self) -> Vec<Mode> {
        Vec::new()
    }
}

/// A round bump of a distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Its middle.
    pub centre: Vec<f64>,
    /// Its standard deviation in each direction.
    pub std: f64,
    /// Its share of all points.
    pub share: f64,
}

/// The density of N(centre, std² I) at a point:  (2π std²)^(-d/2) e^(-|x - centre|² / 2 std²).
fn normal_density(point: &[f64], centre: &[f64], std: f64) -> f64 {
    let squares = point.iter().zip(centre).map(|(x, c)| ((x - c) / std).powi(2)).sum::<f64>();
    let width = (2.0 * std::f64::consts::PI).sqrt() * std;
    (-squares / 2.0).exp() / width.powi(point.len() as i32)
}

#[track_caller]
fn check_point(point: &[f64], dimensions: usize) {
    assert!(
        point.len() == dimensions,
        "toy: a point of {} numbers, where points have {dimensions}",
        point.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AffineGaussian;

    /// A toy with the middle and half the side of a square, or of a stretch, that holds all but a
    /// millionth of it, and a step in which its density does not change much.
    type Placed = (&'static str, Box<dyn Toy>, Vec<f64>, f64, f64);

    fn toys() -> Vec<Placed> {
        let line = Mixture::line(&[(-2.0, 0.3, 1.0), (0.0, 0.1, 2.0), (3.0, 0.7, 1.0)]);
        vec![
            ("line", Box::new(line), vec![0.0], 8.0, 0.04),
            ("ring", Box::new(Mixture::ring()), vec![0.0; 2], 1.1, 0.006),
            ("grid", Box::new(Mixture::grid()), vec![0.0; 2], 4.4, 0.04),
            ("roll", Box::new(NoisyCurve::swiss_roll()), vec![0.0; 2], 2.2, 0.03),
            ("moons", Box::new(NoisyCurve::two_moons()), vec![0.5, 0.25], 2.2, 0.06),
            ("affine", Box::new(AffineGaussian::TUTORIAL), vec![1.0, 2.0], 14.0, 0.14),
        ]
    }

    /// The middles of equal cells that fill the square or stretch, and the size of one.
    fn cells(centre: &[f64], half_side: f64, step: f64) -> (Vec<Vec<f64>>, usize, f64) {
        let side = (2.0 * half_side / step).ceil() as usize;
        let step = 2.0 * half_side / side as f64;
        let at = |i: usize, axis: usize| centre[axis] - half_side + (i as f64 + 0.5) * step;
        let d = centre.len();
        let cell = |i: usize| (0..d).map(|k| at(i / side.pow(k as u32) % side, k)).collect();
        let middles = (0..side.pow(d as u32)).map(cell).collect();
        (middles, side, step.powi(centre.len() as i32))
    }

    #[test]
    fn densities_integrate_to_one() {
        for (name, toy, centre, half_side, step) in toys() {
            let (middles, _, size) = cells(&centre, half_side, step);
            let total: f64 = middles.iter().map(|x| toy.density(x)).sum::<f64>() * size;
            assert!((total - 1.0).abs() < 1e-5, "{name}: {total}");
        }
    }

    /// Counts a sample in 10 or 10 x 10 boxes against the density's share of each: χ² is then about
    /// its number of boxes, give or take √(2 boxes).
    #[test]
    fn samples_have_the_stated_density() {
        const COUNT: usize = 40_000;
        for (name, toy, centre, half_side, step) in toys() {
            let d = toy.dimensions();
            let boxed = |x: &[f64]| -> usize {
                let along = |k: usize| {
                    let part = (x[k] - centre[k] + half_side) / (2.0 * half_side);
                    ((10.0 * part) as usize).min(9) * 10_usize.pow(k as u32)
                };
                (0..d).map(along).sum()
            };
            // As many cells as fill the boxes exactly.
            let side = 10.0 * (2.0 * half_side / step / 10.0).ceil();
            let (middles, _, size) = cells(&centre, half_side, 2.0 * half_side / side * 1.000_001);
            let mut expected = vec![0.0; 10_usize.pow(d as u32)];
            middles.iter().for_each(|x| expected[boxed(x)] += toy.density(x) * size * COUNT as f64);
            let sample = toy.sample(COUNT, &mut Rng::new(0, name));
            assert_eq!(sample.shape()[..], [COUNT, d]);
            let mut found = vec![0.0; expected.len()];
            for x in sample.numbers().chunks(d) {
                found[boxed(&x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>())] += 1.0;
            }
            let (mut chi2, mut boxes) = (0.0_f64, 0.0_f64);
            for (found, expected) in found.iter().zip(&expected).filter(|(_, e)| **e > 5.0) {
                chi2 += (found - expected).powi(2) / expected;
                boxes += 1.0;
            }
            let limit = boxes + 5.0 * (2.0 * boxes).sqrt();
            assert!(boxes >= 5.0 && chi2 < limit, "{name}: {chi2:.1} in {boxes} boxes");
        }
    }

    #[test]
    fn modes_are_where_the_density_is_highest() {
        for (name, toy, ..) in toys() {
            for Mode { centre, std, .. } in toy.modes() {
                let above = toy.density(&centre);
                let mut aside = centre.clone();
                aside[0] += std;
                let ratio = toy.density(&aside) / above;
                assert!((ratio - (-0.5_f64).exp()).abs() < 1e-3, "{name}: {ratio}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "toy: a point of 1 numbers, where points have 2")]
    fn a_point_of_another_space_is_refused() {
        let _ = Mixture::ring().density(&[0.0]);
    }
}
