//! How is a function on the plane shown in ten colours?

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::Window;
use super::axes::{LABEL_SIZE, Scale, TICK_SIZE};
use super::canvas::{Canvas, colours};
use super::iso_bands::{Cell, cells, part_above};
use super::scatter::SQUARE;

/// Equal parts of [0, 1], each with a colour.
pub(super) const BANDS: usize = 10;

/// Draws a function with values in [0, 1] at the points of `window.grid(n)`, in their order. Where
/// `line` of a band's lower border gives a width, in pixels, that border is drawn as a line.
///
/// # Panics
/// If there are not n² values for some n of at least 2.
pub(super) fn draw<B: DrawingBackend>(
    canvas: &Canvas<B>,
    scale: &Scale,
    window: &Window,
    values: &[f64],
    line: impl Fn(usize) -> Option<f64>,
) -> DrawResult<(), B> {
    let side = values.len().isqrt();
    assert!(
        side >= 2 && side * side == values.len(),
        "figure: {} values do not fill a square grid",
        values.len()
    );
    let cells = cells(&window.grid(side), values, side);
    // A run reaches a pixel into its later neighbours, or white would shine through the seams.
    let overlap = canvas.units(1.0);
    let (last_x, last_y) = scale.place([window.x().end, window.y().end]);
    for row in cells.chunks(side - 1) {
        for run in row.chunk_by(|a, b| lowest_band(a) == lowest_band(b)) {
            let (left, bottom) = scale.place(run[0][0].0);
            let (right, top) = scale.place(run[run.len() - 1][2].0);
            let corner = ((right + overlap).min(last_x), (top - overlap).max(last_y));
            canvas.rectangle((left, bottom), corner, colour(lowest_band(&run[0])))?;
        }
    }
    let mut contour = Vec::new();
    for cell in &cells {
        for band in lowest_band(cell) + 1..=highest_band(cell) {
            let part = part_above(cell, band as f64 / BANDS as f64);
            let outline = part.outline.iter().map(|p| scale.place(*p)).collect();
            canvas.polygon(outline, colour(band))?;
            if let Some(width) = line(band) {
                contour.extend(part.contour.into_iter().map(|ends| (ends, width)));
            }
        }
    }
    for (ends, width) in contour {
        let places = ends.map(|p| scale.place(p)).to_vec();
        canvas.line(places, canvas.stroke(colours::INK, width))?;
    }
    Ok(())
}

/// The colours on the right of the map, with what `words` says at each of the borders 0 to 10, and
/// the function's name below.
pub(super) fn draw_bar<B: DrawingBackend>(
    canvas: &Canvas<B>,
    name: &str,
    words: impl Fn(usize) -> Option<String>,
) -> DrawResult<(), B> {
    let left = SQUARE.left + SQUARE.width + 20.0;
    let right = left + 14.0;
    let height = |band: usize| SQUARE.top + SQUARE.height * (1.0 - band as f64 / BANDS as f64);
    for band in 0..BANDS {
        let (top, bottom) = (height(band + 1), height(band));
        canvas.rectangle(canvas.place(left, top), canvas.place(right, bottom), colour(band))?;
    }
    for border in 0..=BANDS {
        if let Some(words) = words(border) {
            let at = canvas.place(right + 5.0, height(border));
            canvas.write(&words, TICK_SIZE, at, HPos::Left)?;
        }
    }
    let below = canvas.place((left + right) / 2.0, SQUARE.top + SQUARE.height + 30.0);
    canvas.write(name, LABEL_SIZE, below, HPos::Center)
}

fn band_of(p: f64) -> usize {
    ((p * BANDS as f64) as usize).min(BANDS - 1)
}

fn lowest_band(cell: &Cell) -> usize {
    band_of(cell.iter().map(|(_, p)| *p).fold(1.0, f64::min))
}

fn highest_band(cell: &Cell) -> usize {
    band_of(cell.iter().map(|(_, p)| *p).fold(0.0, f64::max))
}

/// Vermilion, through white, to blue; never so deep that a point of the same colour is lost.
pub(super) fn colour(band: usize) -> RGBColor {
    let p = (band as f64 + 0.5) / BANDS as f64;
    let end = if p < 0.5 { RGBColor(240, 160, 90) } else { RGBColor(100, 175, 225) };
    let depth = (2.0 * p - 1.0).abs();
    let mix = |to: u8| (255.0 + depth * (f64::from(to) - 255.0)).round() as u8;
    RGBColor(mix(end.0), mix(end.1), mix(end.2))
}
