//! What are points near a curve?

use std::f64::consts::PI;

use autograd::{Array, Real, Rng};

use super::{Toy, check_point, normal_density};

/// Points c(t) + s ε near one of some curves c, chosen with equal chances, with t ~ U(from, to) and
/// ε ~ N(0, I).
///
/// The density is a mean over the curves of  1/(to - from) ∫ N(x; c(t), s² I) dt,  computed as a sum
/// over 1000 middles of equal parts of t: exact to six digits for the curves here, whose points are
/// then less than s apart.
#[derive(Clone, Debug)]
pub struct NoisyCurve {
    curves: Vec<fn(f64) -> [f64; 2]>,
    from: f64,
    to: f64,
    std: f64,
}

/// Parts of t in the density's sum.
const PARTS: usize = 1000;

/// The roll's size is divided by this, as in the program of Gulrajani et al. 2017.
const ROLL: f64 = 7.5;

impl NoisyCurve {
    /// A spiral of one and a half turns:  c(t) = (t cos t, t sin t) / 7.5,  t from 1.5 π to 4.5 π,
    /// with a standard deviation of 1/30.
    ///
    /// Source: scikit-learn's `make_swiss_roll` with noise 0.25, seen from the side and made
    /// smaller by 7.5, as in the experiments of Gulrajani et al. 2017, "Improved Training of
    /// Wasserstein GANs", §5.1.
    pub fn swiss_roll() -> NoisyCurve {
        let roll = |t: f64| [t * t.cos() / ROLL, t * t.sin() / ROLL];
        NoisyCurve { curves: vec![roll], from: 1.5 * PI, to: 4.5 * PI, std: 0.25 / ROLL }
    }

    /// Two half circles that interlock:  (cos t, sin t) and (1 - cos t, 1/2 - sin t),  t from 0 to
    /// π, with a standard deviation of 0.1.
    ///
    /// Source: scikit-learn's `make_moons`.
    pub fn two_moons() -> NoisyCurve {
        let upper = |t: f64| [t.cos(), t.sin()];
        let lower = |t: f64| [1.0 - t.cos(), 0.5 - t.sin()];
        NoisyCurve { curves: vec![upper, lower], from: 0.0, to: PI, std: 0.1 }
    }

    /// The point of a curve in a part of its way, from 0 to 1.
    fn point(&self, curve: usize, part: f64) -> [f64; 2] {
        self.curves[curve](self.from + part * (self.to - self.from))
    }
}

impl Toy for NoisyCurve {
    fn dimensions(&self) -> usize {
        2
    }

    fn sample(&self, count: usize, rng: &mut Rng) -> Array {
        let parts = rng.uniform([count], 0.0, 1.0);
        let mut points = rng.normal([count, 2]);
        let (rows, _) = points.numbers_mut().as_chunks_mut::<2>();
        for (row, part) in rows.iter_mut().zip(parts.numbers()) {
            // One number chooses the curve and the place on it.
            let place = f64::from(*part) * self.curves.len() as f64;
            let curve = (place as usize).min(self.curves.len() - 1);
            let c = self.point(curve, place - curve as f64);
            *row = [0, 1].map(|j| (c[j] + self.std * f64::from(row[j])) as Real);
        }
        points
    }

    fn density(&self, point: &[f64]) -> f64 {
        check_point(point, 2);
        let middle = |i: usize| (i as f64 + 0.5) / PARTS as f64;
        let along = |curve: usize| -> f64 {
            let centres = (0..PARTS).map(|i| self.point(curve, middle(i)));
            centres.map(|c| normal_density(point, &c, self.std)).sum()
        };
        let total: f64 = (0..self.curves.len()).map(along).sum();
        total / (PARTS * self.curves.len()) as f64
    }
}
