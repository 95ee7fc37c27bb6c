//! How does a curve of thousands of points stay readable?

use crate::Quartiles;

/// A curve with more points than this is thinned to as many, about four pixels apart.
pub(super) const THINNED_TO: usize = 150;

/// A drawn point: one number, or the mean of several with the quartiles around it.
pub(super) struct Point {
    pub(super) x: f64,
    /// Not finite where the curve has a gap.
    pub(super) y: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// The points in order, or the summaries of [`THINNED_TO`] groups of neighbours, as equal as can be.
pub(super) fn thinned(points: &[[f64; 2]]) -> Vec<Point> {
    let groups = points.len().min(THINNED_TO);
    let first = |group: usize| group * points.len() / groups;
    (0..groups).map(|i| summary(&points[first(i)..first(i + 1)])).collect()
}

/// The mean and the quartiles of those y that are finite.
fn summary(group: &[[f64; 2]]) -> Point {
    let x = group.iter().map(|p| p[0]).sum::<f64>() / group.len() as f64;
    let ys: Vec<f64> = group.iter().map(|p| p[1]).filter(|y| y.is_finite()).collect();
    if ys.is_empty() {
        return Point { x, y: f64::NAN, lower: f64::NAN, upper: f64::NAN };
    }
    let y = ys.iter().sum::<f64>() / ys.len() as f64;
    let Quartiles { lower, upper, .. } = Quartiles::of(&ys);
    Point { x, y, lower, upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_keeps_its_mean_and_shows_its_spread() {
        let points: Vec<_> = (0..3000).map(|i| [f64::from(i), f64::from(i % 5)]).collect();
        let thin = thinned(&points);
        assert_eq!(thin.len(), THINNED_TO);
        for (i, p) in thin.iter().enumerate() {
            assert_eq!((p.x, p.y), (20.0 * i as f64 + 9.5, 2.0));
            assert_eq!((p.lower, p.upper), (1.0, 3.0));
        }
    }

    #[test]
    fn thinning_makes_groups_of_equal_size() {
        for n in [151, 299, 300, 2501] {
            let points: Vec<_> = (0..n).map(|i| [f64::from(i), 1.0]).collect();
            let (thin, share) = (thinned(&points), f64::from(n) / THINNED_TO as f64);
            assert_eq!(thin.len(), THINNED_TO);
            assert!(thin[0].x < share && thin[THINNED_TO - 1].x > f64::from(n) - 1.0 - share);
            assert!(thin.windows(2).all(|p| (p[1].x - p[0].x - share).abs() <= 1.0));
        }
    }

    #[test]
    fn a_short_curve_is_drawn_as_it_is() {
        let thin = thinned(&[[0.0, 3.0], [1.0, 5.0]]);
        assert!(thin.iter().all(|p| p.lower == p.y && p.upper == p.y));
        assert_eq!(thin[1].y, 5.0);
        assert!(thinned(&[]).is_empty());
    }

    #[test]
    fn a_group_forgets_numbers_that_are_not_finite_unless_it_has_no_others() {
        let mut points = vec![[0.0, 7.0]; 300];
        points[0][1] = f64::NAN;
        points[2][1] = f64::INFINITY;
        points[3][1] = f64::NAN;
        let thin = thinned(&points);
        assert_eq!(thin[0].y, 7.0);
        assert!(thin[1].y.is_nan());
    }
}
