//! How do many clouds of points look beside each other?

use plotters::prelude::{DrawResult, DrawingBackend};
use plotters::style::text_anchor::HPos;

use super::canvas::{Canvas, colours};
use super::{Figure, Window};

/// Many small scatters of one window, each with its name above: small multiples.
#[derive(Clone, Copy, Debug)]
pub struct Multiples<'a> {
    /// What each shows of the plane.
    pub window: Window,
    /// One for each scatter.
    pub smalls: &'a [Small],
}

/// One of [`Multiples`].
#[derive(Clone, Debug)]
pub struct Small {
    /// Stands above it.
    pub name: String,
    /// What is drawn; points outside the window are not.
    pub points: Vec<[f64; 2]>,
}

/// Scatters in a row.
const COLUMNS: usize = 6;

/// A side of a scatter, in pixels.
const SIDE: f64 = 140.0;

/// Free pixels around each; the name needs some above.
const GAP: [f64; 2] = [10.0, 24.0];

impl Figure for Multiples<'_> {
    /// 910 wide, and as high as the rows are.
    fn size(&self) -> (u32, u32) {
        let columns = self.smalls.len().clamp(1, COLUMNS);
        let rows = self.smalls.len().div_ceil(COLUMNS);
        let side = |count: usize, gap: f64| (count as f64 * (SIDE + gap) + 10.0) as u32;
        (side(columns, GAP[0]), side(rows, GAP[1]))
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        for (i, small) in self.smalls.iter().enumerate() {
            let left = 10.0 + (i % COLUMNS) as f64 * (SIDE + GAP[0]);
            let top = GAP[1] + (i / COLUMNS) as f64 * (SIDE + GAP[1]);
            let name: String = small.name.chars().take(24).collect();
            canvas.write(&name, 11.0, canvas.place(left, top - 10.0), HPos::Left)?;
            let corners = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
            let frame = corners.map(|[x, y]| canvas.place(left + x * SIDE, top + y * SIDE));
            canvas.line(frame.to_vec(), canvas.stroke(colours::PALE, 1.0))?;
            for point in small.points.iter().filter(|point| self.window.contains(**point)) {
                let part = |at: f64, range: std::ops::Range<f64>| {
                    SIDE * (at - range.start) / (range.end - range.start)
                };
                let x = left + part(point[0], self.window.x());
                let y = top + SIDE - part(point[1], self.window.y());
                canvas.disc(canvas.place(x, y), 1.2, colours::VERMILION)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{attribute, to_svg};

    #[test]
    fn each_stands_in_its_own_square() {
        let window = Window { centre: [0.0, 0.0], half_side: 1.0 };
        let small = |points: &[[f64; 2]]| Small { name: "a".to_owned(), points: points.to_vec() };
        let smalls = vec![small(&[[0.0, 0.0], [5.0, 0.0]]); 8];
        let svg = to_svg(&Multiples { window, smalls: &smalls });
        let circles: Vec<&str> = svg.lines().filter(|line| line.starts_with("<circle")).collect();
        assert_eq!(circles.len(), 8, "points outside are not drawn");
        let at = |i: usize| ["cx", "cy"].map(|name| attribute(circles[i], name) / 4.0);
        assert_eq!(at(0), [10.0 + SIDE / 2.0, 24.0 + SIDE / 2.0]);
        assert_eq!([at(1)[0] - at(0)[0], at(1)[1] - at(0)[1]], [150.0, 0.0]);
        assert_eq!([at(6)[0] - at(0)[0], at(6)[1] - at(0)[1]], [0.0, 164.0]);
    }
}
