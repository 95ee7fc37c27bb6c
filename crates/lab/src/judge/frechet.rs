//! How far are two clouds of features apart?

use autograd::Array;

use gan::jacobi::{eigen, root};

/// The Gaussian that fits a cloud of points in many dimensions.
pub struct FeatureGaussian {
    mean: Vec<f64>,
    /// n x n, row after row.
    covariance: Vec<f64>,
}

impl FeatureGaussian {
    /// The Gaussian with the mean and the sample covariance of the rows of `points`:
    /// m = (1/n) Σᵢ xᵢ,  S = (1/(n - 1)) Σᵢ (xᵢ - m)(xᵢ - m)ᵀ.
    ///
    /// - `points`: `[n, d]`, n at least 2.
    ///
    /// # Panics
    /// If the shape is not this.
    #[track_caller]
    pub fn fit(points: &Array) -> FeatureGaussian {
        let shape = points.shape();
        let fits = shape.len() == 2 && shape[0] >= 2;
        assert!(fits, "feature_gaussian: {shape} is not [at least 2, d]");
        let (n, d) = (shape[0], shape[1]);
        let rows = || points.numbers().chunks_exact(d);
        let mut mean = vec![0.0; d];
        for row in rows() {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += f64::from(*x));
        }
        mean.iter_mut().for_each(|m| *m /= n as f64);
        let mut covariance = vec![0.0; d * d];
        for row in rows() {
            let centred: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m).collect();
            for (line, xi) in covariance.chunks_exact_mut(d).zip(&centred) {
                line.iter_mut().zip(&centred).for_each(|(s, xj)| *s += xi * xj);
            }
        }
        covariance.iter_mut().for_each(|s| *s /= (n - 1) as f64);
        FeatureGaussian { mean, covariance }
    }

    /// The squared Fréchet distance of the Gaussians, which is also their squared 2-Wasserstein
    /// distance:  d² = |m₁ - m₂|² + tr(S₁ + S₂ - 2 (S₁^½ S₂ S₁^½)^½).
    ///
    /// Never negative; 0 for equal Gaussians up to rounding. NaN if a point was not finite. With
    /// Inception's features instead of ours it is what papers call FID.
    ///
    /// # Panics
    /// If their points have different numbers of dimensions.
    ///
    /// Source: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter 2017, "GANs Trained by a Two
    /// Time-Scale Update Rule Converge to a Local Nash Equilibrium", eq. 6; the symmetric form of
    /// the root is Dowson and Landau's of 1982.
    #[must_use]
    #[track_caller]
    pub fn squared_frechet(&self, other: &FeatureGaussian) -> f64 {
        let d = self.mean.len();
        let theirs = other.mean.len();
        assert!(d == theirs, "squared_frechet: points of {d} and of {theirs} dimensions");
        let shift: f64 = self.mean.iter().zip(&other.mean).map(|(a, b)| (a - b).powi(2)).sum();
        let r = root(&self.covariance, d);
        let middle = product(&product(&r, &other.covariance, d), &r, d);
        // tr M^½ is the sum of the roots of M's eigenvalues.
        let roots = eigen(&middle, d).values.into_iter();
        let roots: f64 = roots.map(|l| if l < 0.0 { 0.0 } else { l.sqrt() }).sum();
        let distance =
            shift + trace(&self.covariance, d) + trace(&other.covariance, d) - 2.0 * roots;
        // Not `max`, which would hide a NaN.
        if distance < 0.0 { 0.0 } else { distance }
    }
}

fn trace(a: &[f64], n: usize) -> f64 {
    (0..n).map(|i| a[i * n + i]).sum()
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for (row, a) in c.chunks_exact_mut(n).zip(a.chunks_exact(n)) {
        for (a, b) in a.iter().zip(b.chunks_exact(n)) {
            row.iter_mut().zip(b).for_each(|(c, b)| *c += a * b);
        }
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AffineGaussian, Gaussian2, points};
    use autograd::{Real, Rng};

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9 * (1.0 + a.abs())
    }

    /// The Gaussian around `mean` with these variances along the axes.
    fn diagonal(mean: &[f64], variances: &[f64]) -> FeatureGaussian {
        let d = mean.len();
        let element = |at: usize| if at / d == at % d { variances[at / d] } else { 0.0 };
        FeatureGaussian { mean: mean.to_vec(), covariance: (0..d * d).map(element).collect() }
    }

    #[test]
    fn in_one_dimension_it_is_that_of_means_and_deviations() {
        // (μ₁ - μ₂)² + (σ₁ - σ₂)²
        let distance = diagonal(&[1.0], &[4.0]).squared_frechet(&diagonal(&[-2.0], &[0.25]));
        assert!(near(distance, 9.0 + 2.25), "{distance}");
    }

    #[test]
    fn of_diagonal_gaussians_it_is_the_sum_over_the_axes() {
        let a = diagonal(&[0.0, 1.0, 2.0], &[1.0, 9.0, 0.0]);
        let b = diagonal(&[2.0, 1.0, 0.0], &[16.0, 4.0, 0.25]);
        let expected = (4.0 + 0.0 + 4.0) + (9.0 + 1.0 + 0.25);
        assert!(near(a.squared_frechet(&b), expected));
        assert!(near(b.squared_frechet(&a), expected));
    }

    /// Points of 40 dimensions whose axes are mixed.
    fn mixed(seed: u64, n: usize) -> Array {
        let mut rng = Rng::new(seed, "points");
        let mixing = rng.normal([40, 40]);
        let z = rng.normal([n, 40]);
        let x = |i: usize, j: usize| -> Real {
            (0..40).map(|k| z.numbers()[i * 40 + k] * mixing.numbers()[k * 40 + j]).sum()
        };
        Array::new([n, 40], &(0..n * 40).map(|at| x(at / 40, at % 40)).collect::<Vec<Real>>())
    }

    #[test]
    fn it_is_symmetric_and_zero_between_equals() {
        let a = FeatureGaussian::fit(&mixed(0, 300));
        let b = FeatureGaussian::fit(&mixed(1, 200));
        let (ab, ba) = (a.squared_frechet(&b), b.squared_frechet(&a));
        assert!(ab > 1.0 && (ab - ba).abs() < 1e-8 * ab, "{ab} {ba}");
        let scale = trace(&a.covariance, 40);
        assert!(a.squared_frechet(&a) < 1e-9 * scale);
        // Fewer points than dimensions: half of the eigenvalues are 0, and their roots are not
        // as exact.
        let flat = FeatureGaussian::fit(&mixed(2, 20));
        assert!(flat.squared_frechet(&flat) < 1e-5 * scale);
    }

    #[test]
    fn in_the_plane_it_is_the_distance_that_needs_no_roots_of_matrices() {
        let clouds = [0, 1].map(|seed| {
            let other = AffineGaussian { a: [[0.3, -1.0], [2.0, 0.4]], b: [0.0, 1.0] };
            let from = if seed == 0 { AffineGaussian::TUTORIAL } else { other };
            from.sample(500, &mut Rng::new(seed, "points"))
        });
        let [a, b] = [0, 1].map(|i| FeatureGaussian::fit(&clouds[i]));
        let [c, d] = [0, 1].map(|i| Gaussian2::fit(&points(&clouds[i])));
        assert!(near(a.squared_frechet(&b), c.squared_wasserstein(&d)));
    }

    #[test]
    fn a_point_that_is_not_finite_shows() {
        let mut bad = mixed(0, 50);
        bad.numbers_mut()[7] = Real::NAN;
        let (bad, good) = (FeatureGaussian::fit(&bad), FeatureGaussian::fit(&mixed(0, 50)));
        assert!(bad.squared_frechet(&good).is_nan() && good.squared_frechet(&bad).is_nan());
    }

    #[test]
    #[should_panic(expected = "feature_gaussian: [1, 40] is not [at least 2, d]")]
    fn one_point_is_no_cloud() {
        let _ = FeatureGaussian::fit(&mixed(0, 1));
    }
}
