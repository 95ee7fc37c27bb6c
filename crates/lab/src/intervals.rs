//! How sure is a number that comes from a few runs?
//!
//! Intervals that hold the true value in 95 of 100 experiments.

use serde::{Deserialize, Serialize};

/// A value and the interval around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The normal distribution's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantiles of Student's t with 1, 2, ... 30 degrees of freedom.
const T: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
    2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687,
    2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/// The mean of some values and its 95 % interval:
///
/// x̄ ± t s / √n,   s² = Σ (x - x̄)² / (n - 1),
///
/// with t the 97.5 % quantile of Student's t with n - 1 degrees of freedom. For more than 30 of them
/// it is z + (z³ + z) / 4 ν + (5 z⁵ + 16 z³ + 3 z) / 96 ν², z the normal distribution's. A single
/// value has the interval from itself to itself: nothing is known of its error.
///
/// # Panics
/// If there are no values.
///
/// Source: Student 1908, "The Probable Error of a Mean"; the series, Abramowitz and Stegun 26.7.5.
#[track_caller]
pub fn mean(values: &[f64]) -> Estimate {
    assert!(!values.is_empty(), "mean: no values");
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let half = match values.len() - 1 {
        0 => 0.0,
        freedom => {
            let t = T.get(freedom - 1).copied().unwrap_or_else(|| t_of_many(freedom as f64));
            t * (squares / (n - 1.0) / n).sqrt()
        }
    };
    Estimate { value: mean, low: mean - half, high: mean + half }
}

/// The first terms of the quantile's series in 1 / ν.
fn t_of_many(freedom: f64) -> f64 {
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    Z + first / freedom + second / freedom.powi(2)
}

/// The share k/n of successes and Wilson's 95 % interval: all p for which k/n is within z standard
/// errors √(p (1 - p) / n) of p.
///
/// # Panics
/// If there are no trials, or more successes than trials.
///
/// Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
#[track_caller]
pub fn share(successes: usize, trials: usize) -> Estimate {
    assert!(trials > 0 && successes <= trials, "share: {successes} of {trials}");
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    let (low, high) = ((middle - half) / whole, (middle + half) / whole);
    // Rounding may leave an end a little inside of the value itself, where all or none succeed.
    Estimate { value: p, low: low.clamp(0.0, p), high: high.clamp(p, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// P(|T| ≤ t) by integrating Student's density, whose constant is found by recursion.
    fn inside(t: f64, freedom: usize) -> f64 {
        // Γ((ν+1)/2) / (√(ν π) Γ(ν/2)), from ν = 1, 2 upwards by Γ(x + 1) = x Γ(x).
        let ratio = |nu: usize| -> f64 {
            let start = if nu % 2 == 1 { 1.0 / PI.sqrt() } else { PI.sqrt() / 2.0 };
            let steps = (if nu % 2 == 1 { 1 } else { 2 }..nu).step_by(2);
            steps.fold(start, |ratio, k| ratio * (k as f64 + 1.0) / k as f64)
        };
        let nu = freedom as f64;
        let constant = ratio(freedom) / (nu * PI).sqrt();
        let density = |x: f64| constant * (1.0 + x * x / nu).powf(-(nu + 1.0) / 2.0);
        let cells = 20_000;
        let h = t / cells as f64;
        2.0 * h * (0..cells).map(|i| density((i as f64 + 0.5) * h)).sum::<f64>()
    }

    #[test]
    fn students_interval_leaves_out_a_twentieth() {
        for freedom in 1..=60 {
            // Values whose mean is 0 and whose s / √n is 1.
            let n = freedom + 1;
            let mut values = vec![0.0; n];
            let size = (n as f64 * freedom as f64 / 2.0).sqrt();
            (values[0], values[1]) = (size, -size);
            let Estimate { value, low, high } = mean(&values);
            assert!(value.abs() < 1e-12 && (low + high).abs() < 1e-9);
            let found = inside(high, freedom);
            assert!((found - 0.95).abs() < 2e-4, "{freedom}: {high} holds {found}");
        }
    }

    #[test]
    fn wilsons_ends_are_as_far_as_their_own_errors_say() {
        for (k, n) in [(0, 10), (1, 3), (7, 10), (10, 10), (50, 60)] {
            let Estimate { value, low, high } = share(k, n);
            for p in [low, high].into_iter().filter(|p| (1e-9..1.0 - 1e-9).contains(p)) {
                let errors = (value - p).abs() / (p * (1.0 - p) / n as f64).sqrt();
                assert!((errors - Z).abs() < 1e-9, "{k} of {n}: {errors}");
            }
            assert!(low <= value && value <= high && low < high);
        }
    }

    #[test]
    fn one_value_is_its_own_interval() {
        assert_eq!(mean(&[3.0]), Estimate { value: 3.0, low: 3.0, high: 3.0 });
    }
}
