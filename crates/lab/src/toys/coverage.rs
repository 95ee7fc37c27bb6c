//! How many modes does a generator reach, and how many of its samples are near one?

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
/// Source: Srivastava et al. 2017, "VEEGAN", §4.1; Lin et al. 2018, "PacGAN", §4.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// How many modes there are.
    pub modes: usize,
    /// How many of them are covered.
    pub covered: usize,
    /// The share of points of high quality, in [0, 1].
    pub high_quality: f64,
}

impl Coverage {
    /// What the points `[n, d]` cover of some modes.
    ///
    /// # Panics
    /// If there are no modes or no points, or they have not as many dimensions.
    #[track_caller]
    pub fn of(points: &Array, modes: &[Mode]) -> Coverage {
        let d = modes.first().map_or(0, |mode| mode.centre.len());
        let shape = points.shape();
        assert!(
            d > 0 && shape.len() == 2 && shape[1] == d && shape[0] > 0,
            "coverage: {} modes of {d} dimensions, points {shape}",
            modes.len()
        );
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
            high_quality: near as f64 / shape[0] as f64,
        }
    }
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
        assert_eq!(found, Coverage { modes: 25, covered: 2, high_quality: 0.6 });
    }

    #[test]
    fn the_data_cover_themselves() {
        let toy = Mixture::ring();
        let found = Coverage::of(&toy.sample(20_000, &mut Rng::new(0, "data")), &toy.modes());
        assert_eq!(found.covered, 8);
        let expected = 1.0 - (-4.5_f64).exp();
        assert!((found.high_quality - expected).abs() < 0.004, "{}", found.high_quality);
    }
}
