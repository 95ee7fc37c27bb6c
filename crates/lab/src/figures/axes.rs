//! How do numbers become places on the canvas, and how does one read them back?

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::canvas::{Canvas, Place, colours};
use super::numbers::Numbers;
use super::text;

/// A rectangle of the canvas, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Room for the numbers and the name of the y axis, in pixels, if the numbers are short.
const ROOM_LEFT: f64 = 46.0;

/// A line that marks a number, in pixels; plotters leaves as much again free.
const TICK_MARK: f64 = 4.0;

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
    /// The pixels that the numbers and the name of the y axis take, left of the plot.
    pub(super) fn room(&self) -> f64 {
        let ticks = ticks(&self.y, self.ticks[1]);
        let numbers = Numbers::exact(&ticks);
        let width = |tick: &f64| f64::from(text::width(&numbers.words(*tick), TICK_SIZE as f32));
        let widest = ticks.iter().map(width).fold(0.0, f64::max);
        (LABEL_SIZE + 6.0 + widest + 2.0 * TICK_MARK).max(ROOM_LEFT)
    }

    /// Draws axes, numbers, names and grid around and behind `plot`.
    pub(super) fn draw<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        plot: Plot,
    ) -> DrawResult<Scale, B> {
        let below = if self.x_name.is_some() { ROOM_BELOW } else { 0.0 };
        // A plot that stands where others do may have less room than its numbers want.
        let beside = self.room().min(plot.left);
        let (width, height) = canvas.place(plot.width + beside, plot.height + below);
        let corner = canvas.place(plot.left - beside, plot.top);
        // A scale of plotters ends one unit before its area does.
        let area = canvas.area().clone().shrink(corner, (width + 1, height + 1));
        let mut chart = ChartBuilder::on(&area)
            .y_label_area_size(canvas.units(beside))
            .x_label_area_size(canvas.units(below))
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let x_numbers = Numbers::exact(&ticks(&self.x, self.ticks[0]));
        let y_numbers = Numbers::exact(&ticks(&self.y, self.ticks[1]));
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(canvas.stroke(colours::PALE, 1.0))
            .axis_style(canvas.stroke(colours::GREY, 1.0))
            .set_all_tick_mark_size(canvas.units(TICK_MARK))
            .label_style(canvas.font(TICK_SIZE, colours::INK))
            .axis_desc_style(canvas.font(LABEL_SIZE, colours::INK))
            .x_label_formatter(&|x| x_numbers.words(*x))
            .y_label_formatter(&|y| y_numbers.words(*y))
            // The backends centre an x; digits are a sixth of an em taller.
            .y_label_offset(canvas.units(TICK_SIZE / 12.0))
            .x_labels(self.ticks[0])
            .y_labels(self.ticks[1])
            .x_desc(self.x_name.map_or_else(String::new, |name| x_numbers.name(name)))
            .y_desc(y_numbers.name(self.y_name))
            .draw()?;
        if self.x_name.is_none() {
            let (left, bottom) = (plot.left, plot.top + plot.height);
            let ends = [canvas.place(left, bottom), canvas.place(left + plot.width, bottom)];
            canvas.line(ends.to_vec(), canvas.stroke(colours::GREY, 1.0))?;
        }
        Ok(Scale(chart.plotting_area().as_coord_spec().clone()))
    }
}

/// Where the numbers of an axis stand.
fn ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
    RangedCoordf64::from(range.clone()).key_points(BoldPoints(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_numbers_have_more_room_than_short_ones() {
        let room = |y| Axes { x: 0.0..1.0, y, x_name: None, y_name: "y", ticks: [11, 6] }.room();
        assert_eq!(room(0.0..1.0), ROOM_LEFT);
        // A minus and five digits are 0.838 + 5 x 0.636 em wide.
        let expected = 18.0 + 8.0 + TICK_SIZE * (0.838 + 5.0 * 0.636);
        assert!((room(-20_000.0..0.0) - expected).abs() < 0.1, "{}", room(-20_000.0..0.0));
        assert_eq!(room(-2e-5..0.0), room(-2.0..0.0));
    }
}
