//! How does one move among the noises that a generator understands?
//!
//! A row of noise is a point; here are the ways from one to another, and sums of points.

use autograd::{Array, Real};

/// How to go from one point to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// z(t) = (1 - t) a + t b.
    Straight,
    /// z(t) = [ sin((1 - t) θ) a + sin(t θ) b ] / sin θ,  θ = arccos( a·b / (|a| |b|) ).
    ///
    /// In many dimensions nearly all noise has nearly the same length. The middle of a straight
    /// line is shorter, a place where the generator has hardly been; an arc keeps the length. Where
    /// a and b point the same or the opposite way no arc is determined, and the line serves.
    ///
    /// Source: White 2016, "Sampling Generative Networks", §2, after Shoemake 1985, "Animating
    /// Rotation with Quaternion Curves".
    Spherical,
}

impl Path {
    /// The point at t, in [0, 1], on the way from a to b.
    ///
    /// # Panics
    /// If the points have not as many coordinates.
    #[track_caller]
    pub fn point(self, a: &[Real], b: &[Real], t: f64) -> Vec<Real> {
        assert!(a.len() == b.len(), "path: from {} coordinates to {}", a.len(), b.len());
        let (from, to) = match self {
            Path::Straight => (1.0 - t, t),
            Path::Spherical => {
                let dot = |a: &[Real], b: &[Real]| -> f64 {
                    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
                let angle = (dot(a, b) / lengths).clamp(-1.0, 1.0).acos();
                // Also false if a length is 0, where the angle is NaN.
                if angle.sin() > 1e-6 {
                    let part = |t: f64| (t * angle).sin() / angle.sin();
                    (part(1.0 - t), part(t))
                } else {
                    (1.0 - t, t)
                }
            }
        };
        let mix = |(a, b): (&Real, &Real)| (from * f64::from(*a) + to * f64::from(*b)) as Real;
        a.iter().zip(b).map(mix).collect()
    }

    /// `steps` points on the way from a to b, with both ends: `[steps, size]`.
    ///
    /// # Panics
    /// If there are fewer than two, or the points have not as many coordinates.
    #[track_caller]
    pub fn points(self, a: &[Real], b: &[Real], steps: usize) -> Array {
        assert!(steps >= 2, "path: a way has two ends, {steps} points do not");
        let t = |i: usize| i as f64 / (steps - 1) as f64;
        let numbers: Vec<Real> = (0..steps).flat_map(|i| self.point(a, b, t(i))).collect();
        Array::new([steps, a.len()], &numbers)
    }

    /// A walk through all `stops` `[n, size]` and back to the first, each leg in so many steps:
    /// `[n · steps, size]`. Its last point is followed by its first, so that it can be repeated.
    ///
    /// # Panics
    /// If there are no stops or no steps.
    #[track_caller]
    pub fn walk(self, stops: &Array, steps: usize) -> Array {
        let [n, size] = stops.shape()[..] else {
            panic!("path: {} is not [n, size]", stops.shape())
        };
        assert!(n > 0 && steps > 0, "path: a walk has stops and steps, not {n} and {steps}");
        let stop = |i: usize| &stops.numbers()[i % n * size..][..size];
        let place = |i: usize| {
            let t = (i % steps) as f64 / steps as f64;
            self.point(stop(i / steps), stop(i / steps + 1), t)
        };
        let numbers: Vec<Real> = (0..n * steps).flat_map(place).collect();
        Array::new([n * steps, size], &numbers)
    }
}

/// The mean of the chosen rows of `noise` `[n, size]`:  z̄ = (1/k) Σ z_i.
///
/// # Panics
/// If none are chosen, or there is no such row.
#[must_use]
#[track_caller]
pub fn mean(noise: &Array, rows: &[usize]) -> Vec<Real> {
    let [n, size] = noise.shape()[..] else { panic!("mean: {} is not [n, size]", noise.shape()) };
    assert!(!rows.is_empty(), "mean: no rows are chosen");
    if let Some(row) = rows.iter().find(|row| **row >= n) {
        panic!("mean: there is no row {row} among {n}");
    }
    let sum = |i| rows.iter().map(|row| f64::from(noise.numbers()[row * size + i])).sum::<f64>();
    (0..size).map(|i| (sum(i) / rows.len() as f64) as Real).collect()
}

/// a - b + c: what a has and b has not, given to c.
///
/// Source: Radford, Metz, Chintala 2015, "Unsupervised Representation Learning with Deep
/// Convolutional Generative Adversarial Networks", §6.3.2, where each is the mean of three noises:
/// smiling woman - neutral woman + neutral man.
///
/// # Panics
/// If the points have not as many coordinates.
#[must_use]
#[track_caller]
pub fn analogy(a: &[Real], b: &[Real], c: &[Real]) -> Vec<Real> {
    let sizes = [a.len(), b.len(), c.len()];
    assert!(sizes[0] == sizes[1] && sizes[1] == sizes[2], "analogy: {sizes:?} coordinates");
    a.iter().zip(b).zip(c).map(|((a, b), c)| a - b + c).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;

    fn close(a: &[Real], b: &[f64]) {
        let near = |(a, b): (&Real, &f64)| (f64::from(*a) - b).abs() < 1e-6;
        assert!(a.len() == b.len() && a.iter().zip(b).all(near), "{a:?} and {b:?}");
    }

    #[test]
    fn a_straight_way_is_even_and_an_arc_keeps_its_angle_and_length() {
        let (a, b) = ([2.0, 0.0], [0.0, 2.0]);
        close(&Path::Straight.point(&a, &b, 0.25), &[1.5, 0.5]);
        // A quarter circle: at t the angle is 90° t.
        let third = std::f64::consts::FRAC_PI_2 / 3.0;
        close(&Path::Spherical.point(&a, &b, 1.0 / 3.0), &[2.0 * third.cos(), 2.0 * third.sin()]);
        // The lengths of the ends differ: each keeps its own.
        close(&Path::Spherical.point(&a, &[0.0, 4.0], 0.0), &[2.0, 0.0]);
        close(&Path::Spherical.point(&a, &[0.0, 4.0], 1.0), &[0.0, 4.0]);
    }

    #[test]
    fn an_arc_in_many_dimensions_stays_where_noise_is() {
        let noise = Rng::new(0, "noise").normal([2, 100]);
        let (a, b) = noise.numbers().split_at(100);
        let length = |z: &[Real]| z.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let middle = |path: Path| length(&path.point(a, b, 0.5));
        let ends = f64::min(length(a), length(b));
        assert!(middle(Path::Spherical) > 0.95 * ends);
        assert!(middle(Path::Straight) < 0.85 * ends);
    }

    #[test]
    fn without_an_arc_the_line_serves() {
        for b in [[3.0, 3.0], [-1.0, -1.0], [0.0, 0.0]] {
            let (arc, line) = (Path::Spherical, Path::Straight);
            let a = [1.0, 1.0];
            assert_eq!(arc.point(&a, &b, 0.3), line.point(&a, &b, 0.3), "{b:?}");
        }
    }

    #[test]
    fn a_way_has_its_ends_and_a_walk_comes_back() {
        let stops = Array::new([3, 2], &[1.0, 0.0, 0.0, 1.0, -1.0, 0.5]);
        let way = Path::Straight.points(&[1.0, 0.0], &[0.0, 1.0], 5);
        assert_eq!(way.shape(), &[5, 2].into());
        assert_eq!(way.numbers()[..2], [1.0, 0.0]);
        assert_eq!(way.numbers()[8..], [0.0, 1.0]);
        let walk = Path::Straight.walk(&stops, 4);
        assert_eq!(walk.shape(), &[12, 2].into());
        let row = |i: usize| &walk.numbers()[2 * i..2 * i + 2];
        assert_eq!([row(0), row(4), row(8)].concat(), stops.numbers());
        // Halfway from the last stop to the first.
        assert_eq!(row(10), [0.0, 0.25]);
    }

    #[test]
    fn sums_of_points_follow_their_formulas() {
        let noise = Array::new([3, 2], &[1.0, 2.0, 3.0, 5.0, 7.0, 11.0]);
        assert_eq!(mean(&noise, &[0, 2]), [4.0, 6.5]);
        assert_eq!(mean(&noise, &[1]), [3.0, 5.0]);
        assert_eq!(analogy(&[4.0, 6.5], &[1.0, 2.0], &[0.5, 0.25]), [3.5, 4.75]);
    }

    #[test]
    #[should_panic(expected = "mean: there is no row 3 among 3")]
    fn a_row_that_is_not_there_is_refused() {
        let _ = mean(&Array::zeros([3, 2]), &[0, 3]);
    }
}
