//! Which Gaussian fits a cloud of points, and how far are two Gaussians apart?

/// The mean of a cloud of points:  m = (1/n) Σᵢ xᵢ.
///
/// # Panics
/// If there are no points.
#[track_caller]
pub fn mean(points: &[[f64; 2]]) -> [f64; 2] {
    assert!(!points.is_empty(), "mean: no points");
    let n = points.len() as f64;
    [0, 1].map(|j| points.iter().map(|x| x[j]).sum::<f64>() / n)
}

/// The sample covariance of a cloud:  S = (1/(n − 1)) Σᵢ (xᵢ − m)(xᵢ − m)ᵀ.
///
/// Divided by n − 1, as `numpy.cov` does: the average of S over many clouds is then the covariance
/// of the distribution they come from. For x = z A + b with z ~ N(0, I) that is AᵀA.
///
/// # Panics
/// If there are fewer than two points.
#[track_caller]
pub fn covariance(points: &[[f64; 2]]) -> [[f64; 2]; 2] {
    assert!(points.len() >= 2, "covariance: {} points, needs at least 2", points.len());
    let m = mean(points);
    let n = points.len() as f64;
    [0, 1].map(|j| {
        [0, 1]
            .map(|k| points.iter().map(|x| (x[j] - m[j]) * (x[k] - m[k])).sum::<f64>() / (n - 1.0))
    })
}

/// A normal distribution in the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian2 {
    /// The centre.
    pub mean: [f64; 2],
    /// Symmetric, without negative eigenvalues.
    pub covariance: [[f64; 2]; 2],
}

impl Gaussian2 {
    /// The Gaussian with the mean and the sample covariance of the points.
    ///
    /// # Panics
    /// If there are fewer than two points.
    #[track_caller]
    pub fn fit(points: &[[f64; 2]]) -> Gaussian2 {
        Gaussian2 { mean: mean(points), covariance: covariance(points) }
    }

    /// The squared 2-Wasserstein distance between two Gaussians:
    /// W₂² = |m₁ − m₂|² + tr(S₁ + S₂ − 2 (S₁^½ S₂ S₁^½)^½).
    ///
    /// A 2 × 2 matrix M without negative eigenvalues has tr M^½ = √(tr M + 2 √det M), and
    /// M = S₁^½ S₂ S₁^½ has the trace of S₁S₂ and the determinant det S₁ · det S₂, so no root of a
    /// matrix is taken.
    ///
    /// Never negative; 0 for equal Gaussians up to rounding.
    ///
    /// Source: Dowson and Landau 1982; Givens and Shortt 1984.
    pub fn squared_wasserstein(&self, other: &Gaussian2) -> f64 {
        let (s1, s2) = (&self.covariance, &other.covariance);
        let shift = (self.mean[0] - other.mean[0]).powi(2) + (self.mean[1] - other.mean[1]).powi(2);
        // Exactly, both are at least 0; a nearly flat Gaussian can round to slightly less.
        let trace_m = trace_of_product(s1, s2).max(0.0);
        let det_m = (det(s1) * det(s2)).max(0.0);
        let trace_of_root = (trace_m + 2.0 * det_m.sqrt()).sqrt();
        (shift + trace(s1) + trace(s2) - 2.0 * trace_of_root).max(0.0)
    }
}

/// The eigenvalues of a symmetric matrix [[a, b], [b, d]], the smaller first:
/// λ = (a + d)/2 ∓ √(((a − d)/2)² + b²).
///
/// For a covariance these are the variances along the axes of the cloud's ellipse.
///
/// # Panics
/// If the matrix is not symmetric.
#[track_caller]
pub fn symmetric_eigenvalues([[a, b], [c, d]]: [[f64; 2]; 2]) -> [f64; 2] {
    assert!(b == c, "symmetric_eigenvalues: {b} and {c} beside the diagonal differ");
    let middle = (a + d) / 2.0;
    let radius = ((a - d) / 2.0).hypot(b);
    [middle - radius, middle + radius]
}

fn trace(s: &[[f64; 2]; 2]) -> f64 {
    s[0][0] + s[1][1]
}

fn det(s: &[[f64; 2]; 2]) -> f64 {
    s[0][0] * s[1][1] - s[0][1] * s[1][0]
}

fn trace_of_product(s: &[[f64; 2]; 2], t: &[[f64; 2]; 2]) -> f64 {
    s[0][0] * t[0][0] + s[0][1] * t[1][0] + s[1][0] * t[0][1] + s[1][1] * t[1][1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AᵀA of the Gaussian GAN, A = [[1, 2], [−0.1, 0.5]].
    const TARGET: [[f64; 2]; 2] = [[1.01, 1.95], [1.95, 4.25]];

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9 * (1.0 + a.abs())
    }

    type Matrix = [[f64; 2]; 2];

    fn product(s: &Matrix, t: &Matrix) -> Matrix {
        [0, 1].map(|i| [0, 1].map(|k| s[i][0] * t[0][k] + s[i][1] * t[1][k]))
    }

    /// The root of S by the iteration  Y ← (Y + Z⁻¹)/2,  Z ← (Z + Y⁻¹)/2  from Y = S, Z = I
    /// (Denman and Beavers 1976).
    fn root(s: &Matrix) -> Matrix {
        let inverse = |m: &Matrix| {
            [[m[1][1], -m[0][1]], [-m[1][0], m[0][0]]].map(|row| row.map(|v| v / det(m)))
        };
        let middle =
            |a: &Matrix, b: &Matrix| [0, 1].map(|i| [0, 1].map(|j| (a[i][j] + b[i][j]) / 2.0));
        let (mut y, mut z) = (*s, [[1.0, 0.0], [0.0, 1.0]]);
        for _ in 0..30 {
            (y, z) = (middle(&y, &inverse(&z)), middle(&z, &inverse(&y)));
        }
        let square = product(&y, &y);
        assert!((0..4).all(|k| near(square[k / 2][k % 2], s[k / 2][k % 2])), "no root of {s:?}");
        y
    }

    #[test]
    fn moments_of_a_square_are_known() {
        let square = [[0.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 4.0]];
        assert_eq!(mean(&square), [1.0, 2.0]);
        assert_eq!(covariance(&square), [[4.0 / 3.0, 0.0], [0.0, 16.0 / 3.0]]);
    }

    /// `numpy.cov([[1, 2, 4], [0, 5, 7]])`.
    #[test]
    fn covariance_agrees_with_numpy() {
        let s = covariance(&[[1.0, 0.0], [2.0, 5.0], [4.0, 7.0]]);
        assert!(near(s[0][0], 7.0 / 3.0) && near(s[0][1], 5.0) && near(s[1][1], 13.0));
        assert_eq!(s[0][1], s[1][0]);
    }

    #[test]
    fn eigenvalues_of_the_target_are_those_published() {
        let [small, large] = symmetric_eigenvalues(TARGET);
        assert!((small - 0.0949).abs() < 5e-5 && (large - 5.1651).abs() < 5e-5);
        assert!(near(small + large, trace(&TARGET)) && near(small * large, det(&TARGET)));
    }

    #[test]
    fn distance_to_itself_is_zero_and_to_a_translate_the_shift() {
        let here = Gaussian2 { mean: [1.0, 2.0], covariance: TARGET };
        let there = Gaussian2 { mean: [4.0, -2.0], ..here };
        assert!(here.squared_wasserstein(&here) < 1e-12);
        assert!(near(here.squared_wasserstein(&there), 25.0));
    }

    #[test]
    fn distance_of_diagonal_gaussians_is_that_of_their_deviations() {
        let a = Gaussian2 { mean: [0.0; 2], covariance: [[4.0, 0.0], [0.0, 9.0]] };
        let b = Gaussian2 { mean: [0.0; 2], covariance: [[0.25, 0.0], [0.0, 25.0]] };
        assert!(near(a.squared_wasserstein(&b), 1.5 * 1.5 + 2.0 * 2.0));
    }

    #[test]
    fn distance_is_symmetric_and_equals_its_formula() {
        let a = Gaussian2 { mean: [1.0, 2.0], covariance: TARGET };
        let b = Gaussian2 { mean: [0.3, -0.7], covariance: [[2.0, -0.6], [-0.6, 0.5]] };
        let r = root(&a.covariance);
        let middle = root(&product(&product(&r, &b.covariance), &r));
        let expected =
            0.7_f64.powi(2) + 2.7_f64.powi(2) + trace(&a.covariance) + trace(&b.covariance)
                - 2.0 * trace(&middle);
        assert!(near(a.squared_wasserstein(&b), expected));
        assert!(near(b.squared_wasserstein(&a), expected));
    }

    #[test]
    fn a_gaussian_without_width_is_a_point() {
        // Its determinant is slightly negative, as rounding makes it.
        let line = Gaussian2 { mean: [0.0; 2], covariance: [[0.1, 0.3], [0.3, 0.9 - 1e-15]] };
        let point = Gaussian2 { mean: [3.0, 4.0], covariance: [[0.0; 2]; 2] };
        assert!(near(line.squared_wasserstein(&point), 26.0));
        assert!(line.squared_wasserstein(&line) < 1e-7);
    }

    #[test]
    fn a_fit_has_the_moments_of_its_points() {
        let points = [[1.0, 0.5], [-2.0, 3.0], [0.0, 1.0], [4.0, 4.0]];
        let fit = Gaussian2::fit(&points);
        assert_eq!(fit, Gaussian2 { mean: mean(&points), covariance: covariance(&points) });
    }

    #[test]
    #[should_panic(expected = "covariance: 1 points, needs at least 2")]
    fn one_point_has_no_covariance() {
        Gaussian2::fit(&[[0.0, 0.0]]);
    }
}
