//! Which part of the plane does a figure show?

use std::ops::Range;

/// A square of the plane, with sides along the axes.
///
/// All figures of a run share one, so that they can be compared and animated. As it is shown in a
/// square of pixels, a unit is equally long in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The middle of the square.
    pub centre: [f64; 2],
    /// Half the length of a side, above 0.
    pub half_side: f64,
}

impl Window {
    /// The smallest window that holds all the points, widened by a tenth.
    ///
    /// Points that coincide get a window of side 1.
    ///
    /// # Panics
    /// If there are no points, or one is not finite.
    #[track_caller]
    pub fn around(points: &[[f64; 2]]) -> Window {
        assert!(!points.is_empty(), "Window::around: no points");
        assert!(points.iter().flatten().all(|v| v.is_finite()), "Window::around: not finite");
        let [(x_low, x_high), (y_low, y_high)] = [0, 1].map(|j| {
            let (mut low, mut high) = (points[0][j], points[0][j]);
            for point in points {
                (low, high) = (point[j].min(low), point[j].max(high));
            }
            (low, high)
        });
        let half_side = 1.1 * (x_high - x_low).max(y_high - y_low) / 2.0;
        Window {
            centre: [(x_low + x_high) / 2.0, (y_low + y_high) / 2.0],
            half_side: if half_side > 0.0 { half_side } else { 0.5 },
        }
    }

    /// The first and the last x.
    pub fn x(&self) -> Range<f64> {
        self.centre[0] - self.half_side..self.centre[0] + self.half_side
    }

    /// The first and the last y.
    pub fn y(&self) -> Range<f64> {
        self.centre[1] - self.half_side..self.centre[1] + self.half_side
    }

    /// Whether a point is inside; a point that is not finite never is.
    pub fn contains(&self, [x, y]: [f64; 2]) -> bool {
        self.x().contains(&x) && self.y().contains(&y)
    }

    /// The `side` × `side` points of a grid from corner to corner: row after row from the lowest y,
    /// each from the lowest x.
    ///
    /// # Panics
    /// If `side` is below 2.
    #[track_caller]
    pub fn grid(&self, side: usize) -> Vec<[f64; 2]> {
        assert!(side >= 2, "Window::grid: {side} points on a side, needs at least 2");
        let step = 2.0 * self.half_side / (side - 1) as f64;
        let (x0, y0) = (self.x().start, self.y().start);
        (0..side * side)
            .map(|i| [x0 + step * (i % side) as f64, y0 + step * (i / side) as f64])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_square_and_holds_its_points() {
        let points = [[0.0, 1.0], [3.0, -4.0], [1.0, 6.0]];
        let window = Window::around(&points);
        assert_eq!(window, Window { centre: [1.5, 1.0], half_side: 5.5 });
        assert!(points.iter().all(|p| window.contains(*p)));
        assert!(!window.contains([f64::NAN, 1.0]) && !window.contains([1.5, 6.6]));
    }

    #[test]
    fn one_point_has_a_window_of_side_one() {
        assert_eq!(Window::around(&[[2.0, 3.0]]).x(), 1.5..2.5);
    }

    #[test]
    fn a_grid_runs_from_the_lower_left_to_the_upper_right() {
        let grid = Window { centre: [1.0, 10.0], half_side: 1.0 }.grid(3);
        assert_eq!(grid.len(), 9);
        assert_eq!(grid[..4], [[0.0, 9.0], [1.0, 9.0], [2.0, 9.0], [0.0, 10.0]]);
        assert_eq!(grid[8], [2.0, 11.0]);
    }
}
