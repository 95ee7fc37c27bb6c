//! What is a mixture of round bumps?

use std::f64::consts::PI;

use autograd::{Array, Real, Rng};

use super::{Mode, Toy, check_point, normal_density};

/// A mixture of normal distributions:  p(x) = Σ_k w_k N(x; c_k, s_k² I),  Σ_k w_k = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    bumps: Vec<Mode>,
}

impl Mixture {
    /// A mixture on the line of bumps (centre, standard deviation, weight); the weights are divided
    /// by their sum.
    ///
    /// # Panics
    /// If there are none, or a standard deviation or weight is not positive.
    #[track_caller]
    pub fn line(bumps: &[(f64, f64, f64)]) -> Mixture {
        let component = |(c, std, weight)| (vec![c], std, weight);
        Mixture::new(bumps.iter().copied().map(component).collect())
    }

    /// 8 equal bumps on a circle of radius 1, each with a standard deviation of 0.01.
    ///
    /// Source: the numbers of Lin et al. 2018, "PacGAN", §4.1, after Srivastava et al. 2017,
    /// "VEEGAN", §4.1.
    pub fn ring() -> Mixture {
        let angle = |k: usize| 2.0 * PI * k as f64 / 8.0;
        let bump = |k| (vec![angle(k).cos(), angle(k).sin()], 0.01, 1.0);
        Mixture::new((0..8).map(bump).collect())
    }

    /// 25 equal bumps on {-4, -2, 0, 2, 4}², each with a standard deviation of 0.05.
    ///
    /// Source: as [`Mixture::ring`].
    pub fn grid() -> Mixture {
        let place = |k: usize| 2.0 * k as f64 - 4.0;
        let bump = |k: usize| (vec![place(k % 5), place(k / 5)], 0.05, 1.0);
        Mixture::new((0..25).map(bump).collect())
    }

    #[track_caller]
    fn new(bumps: Vec<(Vec<f64>, f64, f64)>) -> Mixture {
        assert!(!bumps.is_empty(), "mixture: no bumps");
        for (_, std, weight) in &bumps {
            let fine = *std > 0.0 && *weight > 0.0 && (std + weight).is_finite();
            assert!(fine, "mixture: a bump of standard deviation {std} and weight {weight}");
        }
        let total: f64 = bumps.iter().map(|(_, _, weight)| weight).sum();
        let mode = |(centre, std, weight)| Mode { centre, std, share: weight / total };
        Mixture { bumps: bumps.into_iter().map(mode).collect() }
    }

    /// The bump in which a number of [0, 1) falls when each takes its share of it.
    fn bump_at(&self, mut part: f64) -> &Mode {
        for bump in &self.bumps {
            if part < bump.share {
                return bump;
            }
            part -= bump.share;
        }
        // The shares sum to 1 but for rounding.
        &self.bumps[self.bumps.len() - 1]
    }
}

impl Toy for Mixture {
    fn dimensions(&self) -> usize {
        self.bumps[0].centre.len()
    }

    fn sample(&self, count: usize, rng: &mut Rng) -> Array {
        let parts = rng.uniform([count], 0.0, 1.0);
        let mut points = rng.normal([count, self.dimensions()]);
        let rows = points.numbers_mut().chunks_mut(self.dimensions());
        for (row, part) in rows.zip(parts.numbers()) {
            let Mode { centre, std, .. } = self.bump_at(f64::from(*part));
            for (x, c) in row.iter_mut().zip(centre) {
                *x = (c + std * f64::from(*x)) as Real;
            }
        }
        points
    }

    fn density(&self, point: &[f64]) -> f64 {
        check_point(point, self.dimensions());
        let part = |bump: &Mode| bump.share * normal_density(point, &bump.centre, bump.std);
        self.bumps.iter().map(part).sum()
    }

    fn modes(&self) -> Vec<Mode> {
        self.bumps.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_and_grid_are_where_they_should_be() {
        let (ring, grid) = (Mixture::ring().modes(), Mixture::grid().modes());
        assert_eq!((ring.len(), grid.len()), (8, 25));
        for mode in ring {
            assert!((mode.centre[0].hypot(mode.centre[1]) - 1.0).abs() < 1e-12);
        }
        assert_eq!(grid[0].centre, [-4.0, -4.0]);
        assert_eq!(grid[13].centre, [2.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "mixture: a bump of standard deviation 0 and weight 1")]
    fn a_bump_without_width_is_refused() {
        let _ = Mixture::line(&[(0.0, 0.0, 1.0)]);
    }
}
