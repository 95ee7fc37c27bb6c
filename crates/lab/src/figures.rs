//! How does a figure become a file?
//!
//! A figure is plain data with a [`Figure::draw`]. The same drawing code makes sharp SVG files and
//! the bitmaps of an animation, with the same fonts at the same places.

mod axes;
mod bands;
mod canvas;
mod classes;
mod clipping;
mod confusion;
mod curves;
mod dots;
mod grid;
mod heights;
mod iso_bands;
mod legend;
mod multiples;
mod numbers;
mod opinion;
mod paths;
mod raster;
mod scatter;
mod text;
mod thinning;
mod window;

use plotters::prelude::{DrawResult, DrawingBackend, SVGBackend, WHITE};

pub use canvas::Canvas;
pub use classes::Classes;
pub use confusion::Confusion;
pub use curves::{Curve, Curves, Panel, Reference};
pub use dots::{Dot, Dots};
pub use grid::{captioned_grid, image_grid, save_png};
pub use heights::Heights;
pub use multiples::{Multiples, Small};
pub use opinion::Opinion;
pub use paths::{Path, Paths};
pub use raster::Bitmap;
pub use scatter::Scatter;
pub use window::Window;

use crate::{Error, write_whole};
use raster::Raster;

/// Plain data that can be drawn.
pub trait Figure {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws onto a white canvas of that size.
    fn draw<B: DrawingBackend>(&self, canvas: &Canvas<B>) -> DrawResult<(), B>;
}

/// Plotters places everything on whole units. Four units to a pixel are finer than the eye.
const SVG_UNITS: u32 = 4;

/// Why drawing cannot fail here.
const IN_MEMORY: &str = "drawing into memory cannot fail";

/// Each pixel of a bitmap is the mean of 3 × 3, which smooths all edges.
const BITMAP_UNITS: u32 = 3;

/// The figure as the text of an SVG file.
pub fn to_svg(figure: &impl Figure) -> String {
    let (width, height) = figure.size();
    let (wide, high) = (width * SVG_UNITS, height * SVG_UNITS);
    let mut svg = String::new();
    let canvas = Canvas::new(SVGBackend::with_string(&mut svg, (wide, high)), SVG_UNITS);
    canvas.area().fill(&WHITE).expect(IN_MEMORY);
    figure.draw(&canvas).expect(IN_MEMORY);
    canvas.area().present().expect(IN_MEMORY);
    drop(canvas);
    // Shown at its true size, in fine units. The attributes taken out are SVG's defaults; without
    // them a file of a thousand points is a third smaller.
    svg.replacen(
        &format!("width=\"{wide}\" height=\"{high}\""),
        &format!("width=\"{width}\" height=\"{height}\""),
        1,
    )
    .replace(" opacity=\"1\"", "")
    .replace(" stroke=\"none\" stroke-width=\"1\"", "")
}

/// The figure as pixels.
pub fn to_bitmap(figure: &impl Figure) -> Bitmap {
    let (width, height) = figure.size();
    let mut fine = Bitmap::white(width * BITMAP_UNITS, height * BITMAP_UNITS);
    let canvas = Canvas::new(Raster::new(&mut fine), BITMAP_UNITS);
    figure.draw(&canvas).expect(IN_MEMORY);
    drop(canvas);
    fine.shrink(BITMAP_UNITS)
}

/// Writes the figure as an SVG file, whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub fn save_svg(figure: &impl Figure, path: impl AsRef<std::path::Path>) -> Result<(), Error> {
    write_whole(path, to_svg(figure).as_bytes())
}

/// The number in an attribute of a tag of an SVG file.
#[cfg(test)]
fn attribute(tag: &str, name: &str) -> f64 {
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).expect("the tag has the attribute");
    let (value, _) = rest.split_once('"').expect("the attribute ends");
    value.parse().expect("the attribute is a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURE: Scatter<'_> = Scatter {
        title: "A < B & C",
        window: Window { centre: [0.0, 0.0], half_side: 1.0 },
        real: &[[0.0, 0.0]],
        fake: &[],
    };

    #[test]
    fn an_svg_has_its_size_in_pixels_and_its_places_in_finer_units() {
        let svg = to_svg(&FIGURE);
        let head = svg.lines().next().unwrap();
        assert_eq!([attribute(head, "width"), attribute(head, "height")], [480.0, 500.0]);
        assert!(head.contains("viewBox=\"0 0 1920 2000\""));
        assert!(svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("A &lt; B &amp; C"));
    }

    #[test]
    fn the_same_figure_is_the_same_file() {
        assert_eq!(to_svg(&FIGURE), to_svg(&FIGURE));
        assert_eq!(to_bitmap(&FIGURE), to_bitmap(&FIGURE));
    }

    #[test]
    fn a_bitmap_has_the_size_of_its_figure_and_a_white_corner() {
        let bitmap = to_bitmap(&FIGURE);
        assert_eq!((bitmap.width, bitmap.height), FIGURE.size());
        assert_eq!(bitmap.rgb.len(), 3 * 480 * 500);
        assert_eq!(bitmap.rgb[..3], [255; 3]);
    }

    #[test]
    fn a_saved_figure_is_its_svg() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        save_svg(&FIGURE, &path).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), to_svg(&FIGURE));
    }
}
