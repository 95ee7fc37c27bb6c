//! Which landscape does a critic see, and where do the samples lie in it?

use plotters::prelude::{DrawResult, DrawingBackend};

use super::bands::{self, BANDS};
use super::canvas::Canvas;
use super::numbers::Numbers;
use super::scatter::{self, SQUARE};
use super::{Figure, Window, legend};

/// A map of a function f whose zero means nothing, such as the critic of a Wasserstein GAN: ten
/// equal bands from its lowest value in the window, vermilion, to its highest, blue, with their
/// borders as thin contour lines. Over it real and generated points.
///
/// A generator moves its points uphill. Where lines are close, they move fast.
#[derive(Clone, Copy, Debug)]
pub struct Heights<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What is shown; the same for all figures of a run.
    pub window: Window,
    /// f at the points of `window.grid(n)`, in their order: n² finite numbers. n = 51 gives smooth
    /// bands, on cells of 8 pixels.
    pub heights: &'a [f64],
    /// Samples of the data.
    pub real: &'a [[f64; 2]],
    /// Samples of the generator.
    pub fake: &'a [[f64; 2]],
}

impl Figure for Heights<'_> {
    /// 560 × 500.
    fn size(&self) -> (u32, u32) {
        (560, 500)
    }

    /// # Panics
    /// If `heights` is not a square number of finite numbers.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        assert!(self.heights.iter().all(|f| f.is_finite()), "Heights: a height is not finite");
        let lowest = self.heights.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = self.heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // A flat function is in the middle band.
        let part = |f: &f64| if highest > lowest { (f - lowest) / (highest - lowest) } else { 0.5 };
        let parts: Vec<f64> = self.heights.iter().map(part).collect();

        legend::title(canvas, self.title, SQUARE.left)?;
        let scale = scatter::axes(&self.window).draw(canvas, SQUARE)?;
        bands::draw(canvas, &scale, &self.window, &parts, |_| Some(0.75))?;
        let numbers = Numbers::apart(lowest, highest);
        bands::draw_bar(canvas, &numbers.name("f(x)"), |border| {
            let height = lowest + (highest - lowest) * border as f64 / BANDS as f64;
            (border % 5 == 0).then(|| numbers.words(height))
        })?;
        scatter::points(canvas, &scale, &self.window, self.real, self.fake)?;
        let entries = scatter::entries(&self.window, self.real, self.fake);
        legend::row(canvas, [SQUARE.left, 42.0], &entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::to_svg;

    const WINDOW: Window = Window { centre: [0.0, 0.0], half_side: 5.0 };

    fn svg(heights: &[f64]) -> String {
        to_svg(&Heights { title: "t", window: WINDOW, heights, real: &[], fake: &[] })
    }

    #[test]
    fn a_slope_has_nine_straight_contours_and_its_ends_on_the_bar() {
        // Heights from -20 to 30, off the grid's columns, so that no line runs along a border.
        let slope: Vec<f64> = WINDOW.grid(48).iter().map(|[x, _]| 5.0 * x + 5.0).collect();
        let svg = svg(&slope);
        let pieces = svg.lines().filter(|l| l.contains("<polyline") && l.contains("#333333"));
        assert_eq!(pieces.count(), 9 * 47);
        for words in ["−20", "30", "f(x)"] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("−20."));
    }

    #[test]
    fn numbers_of_a_nearly_flat_landscape_are_short() {
        let slope: Vec<f64> = WINDOW.grid(3).iter().map(|[x, _]| 9e-7 * x - 4.6e-6).collect();
        let svg = svg(&slope);
        for words in ["−9.1", "−4.6", "−0.1", "f(x), in 10⁻⁶"] {
            assert!(svg.contains(words), "{words}");
        }
    }

    #[test]
    fn a_flat_landscape_has_no_contours() {
        let svg = svg(&[3.0; 9]);
        assert!(!svg.lines().any(|l| l.contains("<polyline") && l.contains("stroke-width=\"3\"")));
    }

    #[test]
    #[should_panic(expected = "Heights: a height is not finite")]
    fn heights_are_finite() {
        svg(&[f64::NAN; 4]);
    }
}
