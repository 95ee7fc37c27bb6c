//! Which data does the Gaussian GAN learn?

use autograd::{Array, Real, Rng};

use crate::Gaussian2;
use crate::toys::Toy;

/// Points x = z A + b with z ~ N(0, I): an ellipse of points in the plane.
///
/// Their distribution is N(b, AᵀA).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AffineGaussian {
    /// The matrix A, by rows.
    pub a: [[f64; 2]; 2],
    /// The centre b.
    pub b: [f64; 2],
}

impl AffineGaussian {
    /// The data of the Gluon tutorial: A = [[1, 2], [-0.1, 0.5]], b = [1, 2].
    pub const TUTORIAL: AffineGaussian =
        AffineGaussian { a: [[1.0, 2.0], [-0.1, 0.5]], b: [1.0, 2.0] };

    /// The distribution of the points.
    pub fn distribution(&self) -> Gaussian2 {
        let [row0, row1] = self.a;
        let covariance = [0, 1].map(|j| [0, 1].map(|k| row0[j] * row0[k] + row1[j] * row1[k]));
        Gaussian2 { mean: self.b, covariance }
    }

    /// `count` points: `[count, 2]`.
    pub fn sample(&self, count: usize, rng: &mut Rng) -> Array {
        let AffineGaussian { a, b } = *self;
        let mut points = rng.normal([count, 2]);
        let (rows, _) = points.numbers_mut().as_chunks_mut::<2>();
        for z in rows {
            let [z0, z1] = z.map(f64::from);
            *z = [0, 1].map(|j| (z0 * a[0][j] + z1 * a[1][j] + b[j]) as Real);
        }
        points
    }
}

impl Toy for AffineGaussian {
    fn dimensions(&self) -> usize {
        2
    }

    fn sample(&self, count: usize, rng: &mut Rng) -> Array {
        AffineGaussian::sample(self, count, rng)
    }

    /// N(x; b, AᵀA) = e^(-|z|²/2) / (2π |det A|),  z = (x - b) A⁻¹.
    fn density(&self, point: &[f64]) -> f64 {
        let [x, y] = *point else {
            panic!("toy: a point of {} numbers, where points have 2", point.len());
        };
        let [[a, b], [c, d]] = self.a;
        let determinant = a * d - b * c;
        let (x, y) = (x - self.b[0], y - self.b[1]);
        let z = [(x * d - y * c) / determinant, (y * a - x * b) / determinant];
        let squares = z[0] * z[0] + z[1] * z[1];
        (-squares / 2.0).exp() / (2.0 * std::f64::consts::PI * determinant.abs())
    }
}

/// The rows of a `[n, 2]` array as points, for figures and statistics.
///
/// # Panics
/// If the array is not `[n, 2]`.
#[track_caller]
pub fn points(array: &Array) -> Vec<[f64; 2]> {
    let shape = array.shape();
    assert!(shape.len() == 2 && shape[1] == 2, "points: {shape} is not [n, 2]");
    let (rows, _) = array.numbers().as_chunks::<2>();
    rows.iter().map(|row| row.map(f64::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_that_of_the_tutorial() {
        let Gaussian2 { mean, covariance } = AffineGaussian::TUTORIAL.distribution();
        assert_eq!(mean, [1.0, 2.0]);
        let expected = [[1.01, 1.95], [1.95, 4.25]];
        for (row, expected) in covariance.iter().zip(expected) {
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn samples_have_the_stated_distribution() {
        let data = AffineGaussian::TUTORIAL;
        let sample = data.sample(100_000, &mut Rng::new(0, "data"));
        let distance = Gaussian2::fit(&points(&sample)).squared_wasserstein(&data.distribution());
        // Five times what sampling error leaves on average, about (2 + tr S + ...) / n.
        assert!(distance < 1e-3, "{distance}");
    }
}
