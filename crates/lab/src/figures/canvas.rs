//! What does one draw with: which shapes, colours and sizes?
//!
//! All lengths are given in pixels of the finished figure; the canvas turns them into the units of
//! its backend. Places on the canvas are in these units, counted from the upper left corner.

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::text;

/// Colours that also colour-blind readers tell apart.
///
/// Source: Okabe and Ito 2008, "Color Universal Design".
pub(super) mod colours {
    use plotters::style::RGBColor;

    pub(in super::super) const BLUE: RGBColor = RGBColor(0, 114, 178);
    pub(in super::super) const VERMILION: RGBColor = RGBColor(213, 94, 0);
    pub(in super::super) const GREEN: RGBColor = RGBColor(0, 158, 115);
    pub(in super::super) const PURPLE: RGBColor = RGBColor(204, 121, 167);
    /// Titles, labels and ticks.
    pub(in super::super) const INK: RGBColor = RGBColor(51, 51, 51);
    /// Axes and reference lines.
    pub(in super::super) const GREY: RGBColor = RGBColor(128, 128, 128);
    /// Grid lines.
    pub(in super::super) const PALE: RGBColor = RGBColor(230, 230, 230);
}

/// A place on the canvas, in units of its backend.
pub(super) type Place = (i32, i32);

/// A white sheet on which a figure draws.
pub struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    units: f64,
}

impl<B: DrawingBackend> Canvas<B> {
    /// A canvas whose backend has `units_per_pixel` units on each side of a pixel.
    pub(super) fn new(backend: B, units_per_pixel: u32) -> Canvas<B> {
        Canvas { area: backend.into_drawing_area(), units: units_per_pixel.into() }
    }

    /// The drawing area of plotters, for elements that are not offered here.
    pub fn area(&self) -> &DrawingArea<B, Shift> {
        &self.area
    }

    /// A length in pixels, in units of the backend.
    pub fn units(&self, pixels: f64) -> i32 {
        (pixels * self.units).round() as i32
    }

    /// A place given in pixels.
    pub(super) fn place(&self, x: f64, y: f64) -> Place {
        (self.units(x), self.units(y))
    }

    pub(super) fn stroke(&self, colour: impl Color, pixels: f64) -> ShapeStyle {
        ShapeStyle::from(colour.to_rgba()).stroke_width(self.units(pixels).max(1) as u32)
    }

    /// Letters whose em is `size` pixels.
    pub(super) fn font(&self, size: f64, colour: RGBColor) -> TextStyle<'static> {
        text::style(size * self.units, colour)
    }

    /// Writes words that begin, are centred or end at a place, as `end` says.
    pub(super) fn write(
        &self,
        words: &str,
        size: f64,
        (x, y): Place,
        end: HPos,
    ) -> DrawResult<(), B> {
        let style = self.font(size, colours::INK).pos(Pos::new(end, VPos::Center));
        // The backends centre an x; capitals and digits are a sixth of an em taller.
        self.area.draw_text(words, &style, (x, y + self.units(size / 12.0)))
    }

    /// Writes words upwards, centred at a place.
    pub(super) fn write_up(&self, words: &str, size: f64, at: Place) -> DrawResult<(), B> {
        let style = self.font(size, colours::INK).transform(FontTransform::Rotate270);
        self.area.draw_text(words, &style.pos(Pos::new(HPos::Center, VPos::Center)), at)
    }

    pub(super) fn disc(&self, at: Place, radius: f64, colour: impl Color) -> DrawResult<(), B> {
        self.area.draw(&Circle::new(at, self.units(radius), colour.filled()))
    }

    /// A triangle with a white edge; `radius` is from its centre to a corner.
    pub(super) fn triangle(&self, at: Place, radius: f64, colour: RGBColor) -> DrawResult<(), B> {
        self.area.draw(&TriangleMarker::new(at, self.units(radius + 1.5), WHITE.filled()))?;
        self.area.draw(&TriangleMarker::new(at, self.units(radius), colour.filled()))
    }

    pub(super) fn polygon(&self, corners: Vec<Place>, colour: impl Color) -> DrawResult<(), B> {
        self.area.draw(&Polygon::new(corners, colour.to_rgba()))
    }

    pub(super) fn rectangle(&self, a: Place, b: Place, colour: RGBColor) -> DrawResult<(), B> {
        self.area.draw(&Rectangle::new([a, b], colour.filled()))
    }

    pub(super) fn line(&self, places: Vec<Place>, style: ShapeStyle) -> DrawResult<(), B> {
        self.area.draw(&PathElement::new(places, style))
    }

    /// A line of dashes and gaps, both in pixels.
    pub(super) fn dashes(
        &self,
        places: Vec<Place>,
        [dash, gap]: [f64; 2],
        style: ShapeStyle,
    ) -> DrawResult<(), B> {
        let (dash, gap) = (self.units(dash), self.units(gap));
        self.area.draw(&DashedPathElement::new(places, dash, gap, style))
    }

    /// An arrow: a thin shaft and a filled head, which is shorter on a short arrow.
    pub(super) fn arrow(&self, tail: Place, tip: Place, colour: RGBColor) -> DrawResult<(), B> {
        let (dx, dy) = (f64::from(tip.0 - tail.0), f64::from(tip.1 - tail.1));
        let length = dx.hypot(dy);
        if length < 1.0 {
            return Ok(());
        }
        let head = (5.0 * self.units).min(length * 0.6);
        let (ux, uy) = (dx / length * head, dy / length * head);
        let (neck_x, neck_y) = (f64::from(tip.0) - ux, f64::from(tip.1) - uy);
        let corner =
            |side: f64| ((neck_x + side * uy).round() as i32, (neck_y - side * ux).round() as i32);
        self.line(vec![tail, corner(0.0)], self.stroke(colour, 1.0))?;
        self.polygon(vec![tip, corner(0.45), corner(-0.45)], colour)
    }
}
