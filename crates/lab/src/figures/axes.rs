//! How do numbers become places on the canvas, and how does one read them back?

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::canvas::{Canvas, Place, colours};

/// A rectangle of the canvas, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Room for the numbers and the name of the y axis, in pixels.
const ROOM_LEFT: f64 = 46.0;

/// Room for the numbers and the name of the x axis, in pixels.
const ROOM_BELOW: f64 = 38.0;

/// The size of an axis' numbers, in pixels.
pub(super) const TICK_SIZE: f64 = 11.0;

/// The size of an axis' name and of legends, in pixels.
pub(super) const LABEL_SIZE: f64 = 12.0;

/// What the two axes around a plot show.
pub(super) struct Axes<'a> {
    pub(super) x: Range<f64>,
    pub(super) y: Range<f64>,
    /// An axis without a name has no numbers either.
    pub(super) x_name: Option<&'a str>,
    pub(super) y_name: &'a str,
    /// At most so many numbers stand at each axis.
    pub(super) ticks: [usize; 2],
}

/// The map from numbers to places.
pub(super) struct Scale(Cartesian2d<RangedCoordf64, RangedCoordf64>);

impl Scale {
    /// The place of (x, y), rounded to a unit of the canvas. Both must be finite.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Place {
        self.0.translate(&(x, y))
    }
}

impl Axes<'_> {
    /// Draws axes, numbers, names and grid around and behind `plot`.
    pub(super) fn draw<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        plot: Plot,
    ) -> DrawResult<Scale, B> {
        let below = if self.x_name.is_some() { ROOM_BELOW } else { 0.0 };
        let (width, height) = canvas.place(plot.width + ROOM_LEFT, plot.height + below);
        let corner = canvas.place(plot.left - ROOM_LEFT, plot.top);
        // A scale of plotters ends one unit before its area does.
        let area = canvas.area().clone().shrink(corner, (width + 1, height + 1));
        let mut chart = ChartBuilder::on(&area)
            .y_label_area_size(canvas.units(ROOM_LEFT))
            .x_label_area_size(canvas.units(below))
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let x_decimals = decimals(&self.x, self.ticks[0]);
        let y_decimals = decimals(&self.y, self.ticks[1]);
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(canvas.stroke(colours::PALE, 1.0))
            .axis_style(canvas.stroke(colours::GREY, 1.0))
            .set_all_tick_mark_size(canvas.units(4.0))
            .label_style(canvas.font(TICK_SIZE, colours::INK))
            .axis_desc_style(canvas.font(LABEL_SIZE, colours::INK))
            .x_label_formatter(&|x| number(*x, x_decimals))
            .y_label_formatter(&|y| number(*y, y_decimals))
            // The backends centre an x; digits are a sixth of an em taller.
            .y_label_offset(canvas.units(TICK_SIZE / 12.0))
            .x_labels(self.ticks[0])
            .y_labels(self.ticks[1])
            .x_desc(self.x_name.unwrap_or_default())
            .y_desc(self.y_name)
            .draw()?;
        if self.x_name.is_none() {
            let (left, bottom) = (plot.left, plot.top + plot.height);
            let ends = [canvas.place(left, bottom), canvas.place(left + plot.width, bottom)];
            canvas.line(ends.to_vec(), canvas.stroke(colours::GREY, 1.0))?;
        }
        Ok(Scale(chart.plotting_area().as_coord_spec().clone()))
    }
}

/// How many decimals the numbers of an axis need, so that all have as many.
fn decimals(range: &Range<f64>, ticks: usize) -> usize {
    let exact = |v: &f64, places: i32| {
        let shifted = v * 10_f64.powi(places);
        (shifted - shifted.round()).abs() < 1e-6
    };
    let ticks = RangedCoordf64::from(range.clone()).key_points(BoldPoints(ticks));
    (0..6).find(|places| ticks.iter().all(|v| exact(v, *places))).unwrap_or(6) as usize
}

/// A number with a true minus sign, which is as wide as a plus.
fn number(v: f64, decimals: usize) -> String {
    let digits = format!("{v:.decimals$}");
    let zero = digits.bytes().all(|b| b"-0.".contains(&b));
    if zero { digits.replace('-', "") } else { digits.replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_of_an_axis_have_the_same_decimals() {
        assert_eq!(decimals(&(0.0..10.0), 10), 0);
        assert_eq!(decimals(&(0.2..1.7), 6), 1);
        assert_eq!(decimals(&(0.12..0.13), 5), 3);
        assert_eq!(decimals(&(-3000.0..4000.0), 8), 0);
    }

    #[test]
    fn numbers_have_a_true_minus_and_zero_has_none() {
        assert_eq!(number(0.1 + 0.2, 1), "0.3");
        assert_eq!(number(-2.0, 0), "−2");
        assert_eq!(number(-1e-9, 2), "0.00");
        assert_eq!(number(2500.0, 0), "2500");
    }
}
