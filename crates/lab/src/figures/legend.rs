//! How does a reader know what is what?

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axes::LABEL_SIZE;
use super::canvas::{Canvas, Place, colours};
use super::text;

/// Radius of a real point, in pixels.
const REAL_RADIUS: f64 = 2.25;

/// From the centre of a generated point to a corner, in pixels.
const FAKE_RADIUS: f64 = 4.5;

/// A sign with a meaning: drawn with the data, and once more in the legend.
#[derive(Clone, Copy)]
pub(super) enum Sign {
    /// A blue disc.
    Real,
    /// A vermilion triangle.
    Fake,
    /// An arrow of ink.
    Arrow,
    /// A line in this colour, with its dashes and gaps in pixels; `None` is a line without gaps.
    Line(RGBColor, Option<[f64; 2]>),
}

impl Sign {
    /// The width of its sample in the legend, in pixels.
    fn width(self) -> f64 {
        match self {
            Sign::Real | Sign::Fake => 8.0,
            Sign::Arrow => 20.0,
            Sign::Line(..) => 24.0,
        }
    }

    /// Draws it from `from` to `to`; a sign that marks a point stands in the middle.
    fn draw<B: DrawingBackend>(
        self,
        canvas: &Canvas<B>,
        from: Place,
        to: Place,
    ) -> DrawResult<(), B> {
        let middle = ((from.0 + to.0) / 2, (from.1 + to.1) / 2);
        match self {
            Sign::Real => real_mark(canvas, middle, 1.0),
            Sign::Fake => fake_mark(canvas, middle),
            Sign::Arrow => canvas.arrow(from, to, colours::INK),
            Sign::Line(colour, dashes) => stroke(canvas, vec![from, to], colour, dashes),
        }
    }
}

/// Marks a real point; opaque at 1.
pub(super) fn real_mark<B: DrawingBackend>(
    canvas: &Canvas<B>,
    at: Place,
    opacity: f64,
) -> DrawResult<(), B> {
    canvas.disc(at, REAL_RADIUS, colours::BLUE.mix(opacity))
}

/// Marks a generated point.
pub(super) fn fake_mark<B: DrawingBackend>(canvas: &Canvas<B>, at: Place) -> DrawResult<(), B> {
    canvas.triangle(at, FAKE_RADIUS, colours::VERMILION)
}

/// Draws a curve as its legend shows it.
pub(super) fn stroke<B: DrawingBackend>(
    canvas: &Canvas<B>,
    places: Vec<Place>,
    colour: RGBColor,
    dashes: Option<[f64; 2]>,
) -> DrawResult<(), B> {
    let style = canvas.stroke(colour, 1.75);
    match dashes {
        Some(dashes) => canvas.dashes(places, dashes, style),
        None => canvas.line(places, style),
    }
}

/// Writes the title of a figure, from `left` on.
pub(super) fn title<B: DrawingBackend>(
    canvas: &Canvas<B>,
    words: &str,
    left: f64,
) -> DrawResult<(), B> {
    canvas.write(words, 15.0, canvas.place(left, 19.0), HPos::Left)
}

/// Draws the legend as a row around the height `y`, where it never covers data.
pub(super) fn row<B: DrawingBackend>(
    canvas: &Canvas<B>,
    [mut left, y]: [f64; 2],
    entries: &[(Sign, String)],
) -> DrawResult<(), B> {
    for (sign, meaning) in entries {
        let right = left + sign.width();
        sign.draw(canvas, canvas.place(left, y), canvas.place(right, y))?;
        canvas.write(meaning, LABEL_SIZE, canvas.place(right + 5.0, y), HPos::Left)?;
        left += entry_width(*sign, meaning) + BETWEEN;
    }
    Ok(())
}

/// Free pixels between two entries of a row.
const BETWEEN: f64 = 13.0;

fn entry_width(sign: Sign, meaning: &str) -> f64 {
    sign.width() + 5.0 + f64::from(text::width(meaning, LABEL_SIZE as f32))
}

/// The width of such a row with the free pixels behind each entry.
pub(super) fn row_width(entries: &[(Sign, String)]) -> f64 {
    entries.iter().map(|(sign, meaning)| entry_width(*sign, meaning) + BETWEEN).sum()
}
