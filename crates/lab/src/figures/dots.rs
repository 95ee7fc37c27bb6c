//! How do many estimates with their intervals compare?

use std::ops::Range;

use plotters::prelude::{DrawResult, DrawingBackend};
use plotters::style::text_anchor::HPos;

use super::Figure;
use super::canvas::{Canvas, colours};
use crate::intervals::Estimate;

/// A row for each estimate: its name, a disc at its value and a line over its interval.
#[derive(Clone, Debug)]
pub struct Dots<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// What the width of the plot shows.
    pub range: Range<f64>,
    /// The rows, from above.
    pub dots: &'a [Dot],
}

/// One row of [`Dots`].
#[derive(Clone, Debug)]
pub struct Dot {
    /// Stands left of it.
    pub name: String,
    /// What is drawn.
    pub estimate: Estimate,
}

/// Where the plot begins, its width and its top, and the height of a row, in pixels.
const PLOT: [f64; 4] = [250.0, 420.0, 44.0, 17.0];

/// Lines across the plot, with numbers below.
const LINES: usize = 5;

impl Figure for Dots<'_> {
    /// 700 wide, and as high as the rows are.
    fn size(&self) -> (u32, u32) {
        (700, (PLOT[2] + PLOT[3] * self.dots.len() as f64 + 30.0) as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        let [left, width, top, row] = PLOT;
        let bottom = top + row * self.dots.len() as f64;
        let Range { start, end } = self.range;
        // What lies outside ends at the border.
        let x = |value: f64| left + width * ((value - start) / (end - start)).clamp(0.0, 1.0);
        canvas.write(self.title, 15.0, canvas.place(left, 19.0), HPos::Left)?;
        for i in 0..=LINES {
            let value = start + (end - start) * i as f64 / LINES as f64;
            let ends = [top - 6.0, bottom].map(|y| canvas.place(x(value), y));
            canvas.line(ends.to_vec(), canvas.stroke(colours::PALE, 1.0))?;
            let number = format!("{}", (100.0 * value).round() / 100.0);
            canvas.write(&number, 11.0, canvas.place(x(value), bottom + 12.0), HPos::Center)?;
        }
        for (i, Dot { name, estimate }) in self.dots.iter().enumerate() {
            let y = top + row * (i as f64 + 0.5);
            let name: String = name.chars().take(42).collect();
            canvas.write(&name, 11.0, canvas.place(left - 10.0, y), HPos::Right)?;
            let ends = [estimate.low, estimate.high].map(|value| canvas.place(x(value), y));
            canvas.line(ends.to_vec(), canvas.stroke(colours::BLUE, 2.0))?;
            canvas.disc(canvas.place(x(estimate.value), y), 4.0, colours::BLUE)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{attribute, to_svg};

    #[test]
    fn a_disc_stands_where_its_value_is_in_the_range() {
        let dot = |value: f64| Dot {
            name: "r1".to_owned(),
            estimate: Estimate { value, low: value - 1.0, high: value + 1.0 },
        };
        let dots = [dot(0.0), dot(5.0), dot(10.0)];
        let svg = to_svg(&Dots { title: "modes", range: 0.0..10.0, dots: &dots });
        let circles = svg.lines().filter(|line| line.starts_with("<circle"));
        let at: Vec<f64> = circles.map(|tag| attribute(tag, "cx") / 4.0).collect();
        assert_eq!(at, [250.0, 460.0, 670.0]);
    }
}
