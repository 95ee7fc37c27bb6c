//! Which letters do figures use, and how wide are they?
//!
//! The font is part of the program, so a figure looks the same on a machine without fonts. An SVG
//! file only names it: its viewer takes DejaVu Sans, or Verdana, whose letters are as wide.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use plotters::prelude::*;

/// The letters are in `assets/`, with their licence and the command that made them.
static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/dejavu-sans-subset.ttf"))
        .expect("the font is part of the program")
});

const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Plotters calls a font whose em is 1 pixel a font of size 1.24.
pub(super) const SIZE_PER_EM: f64 = 1.24;

pub(super) fn style(em: f64, colour: RGBColor) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::Name(FAMILY), em * SIZE_PER_EM, FontStyle::Normal);
    font.color(&colour)
}

/// The width of a text whose em has the length `em`.
pub(super) fn width(text: &str, em: f32) -> f32 {
    layout(text, em).1
}

/// Calls `draw(x, y, coverage)` for each pixel that a text touches.
///
/// x counts from the left end of the text, y from its baseline downwards.
pub(super) fn rasterise(text: &str, em: f32, mut draw: impl FnMut(i32, i32, f32)) {
    for glyph in layout(text, em).0 {
        // A blank has no outline.
        let Some(outline) = FONT.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, coverage| {
            draw(corner.x as i32 + x as i32, corner.y as i32 + y as i32, coverage);
        });
    }
}

/// The glyphs of a text side by side on the baseline, and its width.
fn layout(text: &str, em: f32) -> (Vec<Glyph>, f32) {
    let units_per_em = FONT.units_per_em().expect("every TrueType font has units");
    let scale = PxScale::from(em * FONT.height_unscaled() / units_per_em);
    let font = FONT.as_scaled(scale);
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut pen = 0.0;
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        if let Some(before) = glyphs.last() {
            pen += font.kern(before.id, id);
        }
        glyphs.push(id.with_scale_and_position(scale, point(pen, 0.0)));
        pen += font.h_advance(id);
    }
    (glyphs, pen)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In DejaVu Sans the em has 2048 units, a digit is 1303 wide and a minus 1716.
    #[test]
    fn widths_are_those_of_the_font() {
        assert!((width("0", 2048.0) - 1303.0).abs() < 0.5);
        assert!((width("−12", 2048.0) - (1716.0 + 2.0 * 1303.0)).abs() < 0.5);
        assert!((width("12", 20.0) - 2.0 * width("12", 10.0)).abs() < 1e-3);
    }

    #[test]
    fn letters_stand_on_their_baseline() {
        let (mut top, mut bottom) = (i32::MAX, i32::MIN);
        let (mut left, mut right) = (i32::MAX, i32::MIN);
        rasterise("H", 100.0, |x, y, coverage| {
            if coverage > 0.5 {
                (top, bottom) = (y.min(top), y.max(bottom));
                (left, right) = (x.min(left), x.max(right));
            }
        });
        // An H of an em of 100 is 73 high, with 10 free pixels on its left.
        assert_eq!((top, bottom), (-73, -1));
        assert!((9..=11).contains(&left) && right < width("H", 100.0) as i32);
    }

    #[test]
    fn the_font_has_every_letter_that_figures_use() {
        for letter in "AZaz09 .,:;()[]{}+−=/%∂⁰¹²³⁴⁵⁶⁷⁸⁹⁻₁₂Σαβεθλμσ×·≈≤≥→∞√–—’".chars()
        {
            assert_ne!(FONT.glyph_id(letter).0, 0, "{letter} is not in the font");
        }
    }
}
