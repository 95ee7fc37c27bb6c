//! Which modes does a generator reach, how many of its samples are near one, and how evenly?

use autograd::Array;

use super::Mode;

/// Samples that coverage is counted on, in the papers and here.
pub const SAMPLES: usize = 2500;

/// What a sample covers.
///
/// A point is of high quality if it is within 3 standard deviations of its nearest mode. A mode is
/// covered if it is the nearest of at least one such point. In the plane 98.9 % of the points of a
/// round normal distribution are within 3 standard deviations: 1 - e^(-9/2).
///
/// How even the shares of the modes are is their reverse Kullback-Leibler divergence,
///
/// KL(q ‖ p) = Σ_k q_k ln(q_k / p_k),
///
/// of the [`mode_shares`] q of the sample from the true shares p; modes with q_k = 0 add nothing.
/// It is 0 for the true shares and ln K for one mode of K equal ones. Every point counts for its
/// nearest mode, however far that is, so it says nothing about quality.
///
/// Source: Srivastava et al. 2017, "VEEGAN", §4.1; Lin et al. 2018, "PacGAN", §4.1, where the true
/// shares are those of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// How many modes there are.
    pub modes: usize,
    /// How many of them are covered.
    pub covered: usize,
    /// The share of points of high quality, in [0, 1].
    pub high_quality: f64,
    /// The reverse Kullback-Leibler divergence over the modes, in nats, at least 0.
    pub reverse_kl: f64,
}

impl Coverage {
    /// What the points `[n, d]` cover of some modes.
    ///
    /// # Panics
    /// If there are no modes or no points, or they have not as many dimensions.
    #[track_caller]
    pub fn of(points: &Array, modes: &[Mode]) -> Coverage {
        let shares = mode_shares(points, modes);
        let parts = shares.iter().zip(modes).filter(|(q, _)| **q > 0.0);
        let d = modes[0].centre.len();
        let mut reached = vec![false; modes.len()];
        let mut near = 0;
        for point in points.numbers().chunks(d) {
            let (distance, nearest) = nearest(point, modes);
            if distance <= 3.0 * modes[nearest].std {
                reached[nearest] = true;
                near += 1;
            }
        }
        Coverage {
            modes: modes.len(),
            covered: reached.into_iter().filter(|reached| *reached).count(),
            high_quality: near as f64 / points.shape()[0] as f64,
            // Equal shares can round to slightly less than 0.
            reverse_kl: parts.map(|(q, mode)| q * (q / mode.share).ln()).sum::<f64>().max(0.0),
        }
    }
}

/// The share of points `[n, d]` that are nearer to each mode than to any other.
///
/// # Panics
/// If there are no modes or no points, or they have not as many dimensions.
#[track_caller]
pub fn mode_shares(points: &Array, modes: &[Mode]) -> Vec<f64> {
    let d = modes.first().map_or(0, |mode| mode.centre.len());
    let shape = points.shape();
    assert!(
        d > 0 && shape.len() == 2 && shape[1] == d && shape[0] > 0,
        "coverage: {} modes of {d} dimensions, points {shape}",
        modes.len()
    );
    let mut shares = vec![0.0; modes.len()];
    for point in points.numbers().chunks(d) {
        shares[nearest(point, modes).1] += 1.0 / shape[0] as f64;
    }
    shares
}

/// How far the nearest mode is, and which it is.
fn nearest(point: &[autograd::Real], modes: &[Mode]) -> (f64, usize) {
    let distance = |mode: &Mode| {
        let squares = point.iter().zip(&mode.centre).map(|(x, c)| (f64::from(*x) - c).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let start = (f64::INFINITY, 0);
    modes.iter().map(distance).zip(0..).fold(start, |a, b| if b.0 < a.0 { b } else { a })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toys::{Mixture, Toy};
    use autograd::Rng;

    #[test]
    fn points_count_for_their_nearest_mode_within_three_deviations() {
        let modes = Mixture::grid().modes();
        // At a mode, 2.9 and 3.1 deviations beside it, at another, and half way between two.
        let points =
            [[-4.0, -4.0], [-4.0, -3.855], [-4.0, -3.845], [2.0, 0.0], [1.0, 0.0]].as_flattened();
        let found = Coverage::of(&Array::new([5, 2], points), &modes);
        assert_eq!((found.modes, found.covered, found.high_quality), (25, 2, 0.6));
    }

    /// Shares 1/4 and 3/4, so that ln(q / p) is a logarithm of known numbers.
    #[test]
    fn reverse_kl_equals_its_formula() {
        let modes = Mixture::line(&[(-1.0, 0.1, 1.0), (1.0, 0.1, 3.0)]).modes();
        let kl = |points: &[autograd::Real]| {
            Coverage::of(&Array::new([points.len(), 1], points), &modes).reverse_kl
        };
        assert_eq!(kl(&[-1.0, 1.0, 1.0, 1.0]), 0.0);
        // All points at one mode: KL = 1 ln(1 / p).
        assert!((kl(&[-1.0, -9.0]) - 4.0_f64.ln()).abs() < 1e-12);
        assert!((kl(&[1.0]) - (4.0_f64 / 3.0).ln()).abs() < 1e-12);
        // Half and half: 1/2 ln 2 + 1/2 ln(2/3), and not KL(p ‖ q) = 1/4 ln(1/2) + 3/4 ln(3/2).
        let expected = 0.5 * 2.0_f64.ln() + 0.5 * (2.0_f64 / 3.0).ln();
        assert!((kl(&[-1.2, 1.2]) - expected).abs() < 1e-12);
    }

    #[test]
    fn one_mode_of_eight_has_the_divergence_ln_8() {
        let toy = Mixture::ring();
        let one = Array::new([3, 2], &[1.0, 0.0, 0.9, 0.1, 5.0, 0.0]);
        assert!((Coverage::of(&one, &toy.modes()).reverse_kl - 8.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_data_cover_themselves() {
        let toy = Mixture::ring();
        let found = Coverage::of(&toy.sample(20_000, &mut Rng::new(0, "data")), &toy.modes());
        assert_eq!(found.covered, 8);
        // The error of sampling is (K - 1) / 2n on average: 1.75e-4.
        assert!(found.reverse_kl < 1e-3, "{}", found.reverse_kl);
        let expected = 1.0 - (-4.5_f64).exp();
        assert!((found.high_quality - expected).abs() < 0.004, "{}", found.high_quality);
    }
}
