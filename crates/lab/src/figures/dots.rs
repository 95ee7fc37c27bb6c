//! How do many estimates with their intervals compare?

use std::ops::Range;

use plotters::prelude::{DrawResult, DrawingBackend};
use plotters::style::text_anchor::HPos;

use super::Figure;
use super::canvas::{Canvas, colours};
use crate::intervals::Estimate;

/// A row for each estimate: its name, a disc at its value and a line over its interval. Where an
/// interval goes on beyond the plot, an arrow ends it.
#[derive(Clone, Debug)]
pub struct Dots<'a> {
    /// Stands above the figure.
    pub title: &'a str,
    /// Stands below the numbers: what is estimated, and what the interval is.
    pub x_name: &'a str,
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

/// How long and how wide the arrow is that ends a cut interval, in pixels.
const ARROW: [f64; 2] = [6.0, 7.0];

/// Lines across the plot, with numbers below.
const LINES: usize = 5;

impl Figure for Dots<'_> {
    /// 700 wide, and as high as the rows are.
    fn size(&self) -> (u32, u32) {
        (700, (PLOT[2] + PLOT[3] * self.dots.len() as f64 + 48.0) as u32)
    }

    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B> {
        let [left, width, top, row] = PLOT;
        let bottom = top + row * self.dots.len() as f64;
        let Range { start, end } = self.range;
        // What lies outside ends at the border; an arrow says so.
        let x = |value: f64| left + width * ((value - start) / (end - start)).clamp(0.0, 1.0);
        canvas.write(self.title, 15.0, canvas.place(left, 19.0), HPos::Left)?;
        for i in 0..=LINES {
            let value = start + (end - start) * i as f64 / LINES as f64;
            let ends = [top - 6.0, bottom].map(|y| canvas.place(x(value), y));
            canvas.line(ends.to_vec(), canvas.stroke(colours::PALE, 1.0))?;
            let number = format!("{}", (100.0 * value).round() / 100.0);
            canvas.write(&number, 11.0, canvas.place(x(value), bottom + 12.0), HPos::Center)?;
        }
        let below = canvas.place(left + width / 2.0, bottom + 30.0);
        canvas.write(self.x_name, 12.0, below, HPos::Center)?;
        for (i, Dot { name, estimate }) in self.dots.iter().enumerate() {
            let y = top + row * (i as f64 + 0.5);
            let name: String = name.chars().take(42).collect();
            canvas.write(&name, 11.0, canvas.place(left - 10.0, y), HPos::Right)?;
            let ends = [estimate.low, estimate.high].map(|value| canvas.place(x(value), y));
            canvas.line(ends.to_vec(), canvas.stroke(colours::BLUE, 2.0))?;
            let cuts =
                [(estimate.low < start, left, -1.0), (estimate.high > end, left + width, 1.0)];
            for (_, border, way) in cuts.into_iter().filter(|(is_cut, ..)| *is_cut) {
                let half = ARROW[1] / 2.0;
                let corners = [[ARROW[0] * way, 0.0], [0.0, -half], [0.0, half]];
                let corners = corners.map(|[dx, dy]| canvas.place(border + dx, y + dy));
                canvas.polygon(corners.to_vec(), colours::BLUE)?;
            }
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
        let svg = to_svg(&Dots { title: "t", x_name: "modes", range: 0.0..10.0, dots: &dots });
        let circles = svg.lines().filter(|line| line.starts_with("<circle"));
        let at: Vec<f64> = circles.map(|tag| attribute(tag, "cx") / 4.0).collect();
        assert_eq!(at, [250.0, 460.0, 670.0]);
    }

    #[test]
    fn an_interval_that_goes_on_ends_in_an_arrow() {
        let arrows = |low: f64, high: f64| {
            let dots =
                [Dot { name: "r1".to_owned(), estimate: Estimate { value: 5.0, low, high } }];
            let svg = to_svg(&Dots { title: "t", x_name: "modes", range: 0.0..10.0, dots: &dots });
            svg.matches("<polygon").count()
        };
        assert_eq!([arrows(0.0, 10.0), arrows(-0.1, 10.0), arrows(-3.0, 12.0)], [0, 1, 2]);
    }
}
