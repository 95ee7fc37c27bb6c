//! How far apart are two densities, and who tells best which of them a point is from?
//!
//! Where densities are known, integrals take the place of samples: sums over the middles of small
//! equal cells, which for smooth densities that end inside the box are exact to many digits.

use std::f64::consts::LN_2;

/// The best a discriminator can do:  D*(x) = p(x) / (p(x) + q(x)),  and 1/2 where both are 0.
///
/// Source: Goodfellow et al. 2014, Proposition 1.
pub fn optimal_discriminator(p: f64, q: f64) -> f64 {
    if p + q > 0.0 { p / (p + q) } else { 0.5 }
}

/// What a discriminator's value says about the Jensen-Shannon divergence:  (V + 2 ln 2) / 2.
///
/// V(D*, G) = -2 ln 2 + 2 JSD(p, q), and no D has a larger V: the estimate is never above JSD, up
/// to the error of the sample that V is a mean of.
///
/// Source: Goodfellow et al. 2014, Theorem 1.
pub fn jensen_shannon_estimate(value: f64) -> f64 {
    (value + 2.0 * LN_2) / 2.0
}

/// Equal cells that fill a box of the line or the plane: where integrals are summed.
#[derive(Clone, Debug)]
pub struct Cells {
    middles: Vec<Vec<f64>>,
    size: f64,
}

impl Cells {
    /// `side` cells for each dimension, from the corner `from` to the corner `to`.
    ///
    /// # Panics
    /// If the corners are not of one space, or there are no cells.
    #[track_caller]
    pub fn fill(from: &[f64], to: &[f64], side: usize) -> Cells {
        let d = from.len();
        assert!(
            d > 0 && d == to.len() && side > 0,
            "cells: {side} for each dimension from {from:?} to {to:?}"
        );
        let step: Vec<f64> = from.iter().zip(to).map(|(a, b)| (b - a) / side as f64).collect();
        let place = |i: usize, k: usize| {
            let cell = i / side.pow(k as u32) % side;
            from[k] + (cell as f64 + 0.5) * step[k]
        };
        let middle = |i| (0..d).map(|k| place(i, k)).collect();
        let count = side.pow(d as u32);
        Cells { middles: (0..count).map(middle).collect(), size: step.iter().product() }
    }

    /// ∫ f(x) dx over the box.
    pub fn integral(&self, f: impl Fn(&[f64]) -> f64) -> f64 {
        self.middles.iter().map(|x| f(x)).sum::<f64>() * self.size
    }

    /// The Kullback-Leibler divergence  KL(p ‖ q) = ∫ p ln(p / q) dx,  in nats: ∞ where p has
    /// points and q none.
    ///
    /// Source: Kullback, Leibler 1951, "On Information and Sufficiency".
    pub fn kullback_leibler(&self, p: impl Fn(&[f64]) -> f64, q: impl Fn(&[f64]) -> f64) -> f64 {
        self.integral(|x| relative(p(x), q(x)))
    }

    /// The Jensen-Shannon divergence  JSD(p, q) = KL(p ‖ m)/2 + KL(q ‖ m)/2,  m = (p + q)/2,  in
    /// nats: from 0 for equal densities to ln 2 for disjoint ones.
    ///
    /// Source: Lin 1991, "Divergence Measures Based on the Shannon Entropy", eq. 4.1.
    pub fn jensen_shannon(&self, p: impl Fn(&[f64]) -> f64, q: impl Fn(&[f64]) -> f64) -> f64 {
        self.integral(|x| {
            let (p, q) = (p(x), q(x));
            let middle = (p + q) / 2.0;
            (relative(p, middle) + relative(q, middle)) / 2.0
        })
    }
}

/// p ln(p / q), 0 where p is.
fn relative(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p / q).ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toys::{Mixture, Toy};
    use std::f64::consts::PI;

    fn normal(mean: f64, std: f64) -> impl Fn(&[f64]) -> f64 {
        move |x| {
            let z = (x[0] - mean) / std;
            (-z * z / 2.0).exp() / ((2.0 * PI).sqrt() * std)
        }
    }

    /// The density of a square of side 1 whose lower left corner is at (corner, corner), in the
    /// plane or on the line.
    fn uniform(corner: f64) -> impl Fn(&[f64]) -> f64 {
        move |x| f64::from(x.iter().all(|x| (corner..corner + 1.0).contains(x)))
    }

    /// KL of two normal distributions is ln(s₂/s₁) + (s₁² + (m₁ - m₂)²) / 2s₂² - 1/2.
    #[test]
    fn kullback_leibler_of_gaussians_is_the_closed_form() {
        let cells = Cells::fill(&[-12.0], &[12.0], 600);
        let found = cells.kullback_leibler(normal(0.5, 0.8), normal(-0.3, 1.1));
        let expected = (1.1_f64 / 0.8).ln() + (0.64 + 0.64) / (2.0 * 1.21) - 0.5;
        assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        assert_eq!(cells.kullback_leibler(uniform(0.0), uniform(0.5)), f64::INFINITY);
    }

    /// Where p and q overlap they are equal and add nothing; elsewhere each point adds ln 2 / 2.
    #[test]
    fn jensen_shannon_of_uniform_densities_is_the_share_outside_the_overlap() {
        let line = Cells::fill(&[0.0], &[4.0], 400);
        for (shift, share) in [(0.0, 0.0), (0.25, 0.25), (0.5, 0.5), (1.0, 1.0), (3.0, 1.0)] {
            let found = line.jensen_shannon(uniform(0.0), uniform(shift));
            assert!((found - share * LN_2).abs() < 1e-10, "{shift}: {found}");
        }
        let plane = Cells::fill(&[0.0; 2], &[2.0; 2], 40);
        let found = plane.jensen_shannon(uniform(0.0), uniform(0.5));
        assert!((found - 0.75 * LN_2).abs() < 1e-10, "{found}");
    }

    /// For a small shift JSD is shift² / 8 times Fisher's information, 1/s².
    #[test]
    fn jensen_shannon_of_near_gaussians_is_an_eighth_of_their_squared_shift() {
        let cells = Cells::fill(&[-12.0], &[12.0], 600);
        for (shift, std) in [(0.02, 1.0), (0.03, 1.5)] {
            let found = cells.jensen_shannon(normal(0.0, std), normal(shift, std));
            let expected = (shift / std).powi(2) / 8.0;
            assert!((found / expected - 1.0).abs() < 1e-3, "{found} {expected}");
        }
    }

    /// V(D*) by its own formula, and no other D's is larger.
    #[test]
    fn the_estimate_is_exact_for_the_best_discriminator_and_below_for_others() {
        let p = Mixture::line(&[(-2.0, 0.5, 1.0), (1.0, 0.4, 2.0)]);
        let q = normal(0.0, 1.5);
        let cells = Cells::fill(&[-12.0], &[12.0], 2000);
        let truth = cells.jensen_shannon(|x| p.density(x), &q);
        let estimate = |d: &dyn Fn(f64) -> f64| {
            let value = cells.integral(|x| {
                let (p, q) = (p.density(x), q(x));
                let d = d(optimal_discriminator(p, q));
                let part = |p: f64, d: f64| if p > 1e-300 { p * d.ln() } else { 0.0 };
                part(p, d) + part(q, 1.0 - d)
            });
            jensen_shannon_estimate(value)
        };
        assert!((estimate(&|best| best) - truth).abs() < 1e-9);
        assert!(estimate(&|best| 0.9 * best + 0.05) < truth - 1e-4);
        assert!((estimate(&|_| 0.5)).abs() < 1e-9);
    }

    #[test]
    fn where_nobody_is_the_best_discriminator_cannot_tell() {
        for (p, q, best) in [(0.75, 0.25, 0.75), (0.0, 2.0, 0.0), (0.0, 0.0, 0.5)] {
            assert_eq!(optimal_discriminator(p, q), best);
        }
    }
}
