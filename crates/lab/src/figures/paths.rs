//! Where do points of the plane go, step by step?

use plotters::prelude::{DrawResult, DrawingBackend};

use super::axes::Axes;
use super::canvas::{Canvas, colours};
use super::curves::LOOKS;
use super::legend::{self, Sign};
use super::scatter::SQUARE;
use super::{Figure, Window};

/// Paths in the plane: each from a large disc, where it starts, to a ring of its colour, where it
/// ends. A cross marks the place where all of them should arrive.
///
/// One unit is equally long in both directions. A path is drawn as far as it stays in the window.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What is shown.
    pub window: Window,
    /// The names of the two axes.
    pub axes: [&'a str; 2],
    /// At most four, which differ in colour and in dashes.
    pub paths: &'a [Path<'a>],
    /// Where they should arrive.
    pub goal: [f64; 2],
}

/// A path of [`Paths`].
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    /// Stands in the legend.
    pub name: &'a str,
    /// Its points, in order.
    pub points: &'a [[f64; 2]],
}

impl Figure for Paths<'_> {
    /// 500 × 500: four names take more than the width of the plot.
    fn size(&self) -> (u32, u32) {
        (500, 500)
    }

    /// # Panics
    /// If there are more than four paths.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        assert!(self.paths.len() <= LOOKS.len(), "Paths: more than {} paths", LOOKS.len());
        legend::title(canvas, self.title, SQUARE.left)?;
        let signs = LOOKS.iter().map(|(colour, dashes)| Sign::Line(*colour, *dashes));
        let entries: Vec<_> = signs.zip(self.paths.iter().map(|p| p.name.to_owned())).collect();
        legend::row(canvas, [SQUARE.left, 42.0], &entries)?;
        let (x, y) = (self.window.x(), self.window.y());
        let axes = Axes { x, y, x_name: Some(self.axes[0]), y_name: self.axes[1], ticks: [10, 10] };
        let scale = axes.draw(canvas, SQUARE)?;

        let (x, y) = scale.place(self.goal);
        let arm = canvas.units(7.0);
        let style = canvas.stroke(colours::INK, 1.5);
        canvas.line(vec![(x - arm, y), (x + arm, y)], style)?;
        canvas.line(vec![(x, y - arm), (x, y + arm)], style)?;
        for (path, (colour, dashes)) in self.paths.iter().zip(LOOKS) {
            let inside = path.points.iter().take_while(|point| self.window.contains(**point));
            let places: Vec<_> = inside.map(|point| scale.place(*point)).collect();
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                canvas.disc(*first, 4.5, colours::INK)?;
                canvas.disc(*last, 4.5, colour)?;
                canvas.disc(*last, 2.5, plotters::style::WHITE)?;
            }
            legend::stroke(canvas, places, colour, dashes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::to_svg;

    fn svg(points: &[[f64; 2]]) -> String {
        let window = Window { centre: [0.0; 2], half_side: 2.0 };
        let paths = [Path { name: "alternating", points }];
        to_svg(&Paths { title: "t", window, axes: ["θ", "ψ"], paths: &paths, goal: [0.0; 2] })
    }

    #[test]
    fn a_path_ends_where_it_leaves_the_window() {
        let (short, long) = ([[1.0, 0.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0], [9.0, 1.0]]);
        assert_eq!(svg(&short), svg(&long));
        assert_ne!(svg(&short), svg(&short[..1]));
    }

    #[test]
    fn paths_and_axes_have_names_and_no_path_is_no_reason_to_fail() {
        for words in ["alternating", "θ", "ψ"] {
            assert!(svg(&[]).contains(words), "{words}");
        }
    }
}
