//! How does a drawing become pixels?

use std::convert::Infallible;

use plotters::style::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::text;

/// A picture of red, green and blue bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitmap {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Three bytes a pixel, row after row from the top, without padding.
    pub rgb: Vec<u8>,
}

impl Bitmap {
    /// A white picture.
    pub fn white(width: u32, height: u32) -> Bitmap {
        Bitmap { width, height, rgb: vec![255; 3 * width as usize * height as usize] }
    }

    /// Puts another picture over this one, its left upper corner at [x, y].
    ///
    /// # Panics
    /// If it does not lie inside.
    #[track_caller]
    pub fn paste(&mut self, other: &Bitmap, [left, top]: [u32; 2]) {
        let fits = left + other.width <= self.width && top + other.height <= self.height;
        assert!(
            fits,
            "paste: {} x {} at {left}, {top} is not inside {} x {}",
            other.width, other.height, self.width, self.height
        );
        let [row, line] = [self.width, other.width].map(|width| 3 * width as usize);
        let below = self.rgb.chunks_exact_mut(row).skip(top as usize);
        for (row, line) in below.zip(other.rgb.chunks_exact(line)) {
            row[3 * left as usize..][..line.len()].copy_from_slice(line);
        }
    }

    /// A picture each of whose pixels is the mean of `k` × `k`.
    pub(super) fn shrink(&self, k: u32) -> Bitmap {
        let (width, height) = (self.width / k, self.height / k);
        let (row, k) = (3 * self.width as usize, k as usize);
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        let mut sums = vec![[0; 3]; width as usize];
        for lines in self.rgb.chunks_exact(row * k) {
            sums.fill([0; 3]);
            for line in lines.chunks_exact(row) {
                for (sum, pixels) in sums.iter_mut().zip(line.chunks_exact(3 * k)) {
                    for pixel in pixels.chunks_exact(3) {
                        for channel in 0..3 {
                            sum[channel] += usize::from(pixel[channel]);
                        }
                    }
                }
            }
            rgb.extend(sums.as_flattened().iter().map(|sum| ((sum + k * k / 2) / (k * k)) as u8));
        }
        Bitmap { width, height, rgb }
    }
}

/// A backend of plotters that draws into a [`Bitmap`].
///
/// Not plotters' own: its letters stand above their line and lose their left margins.
pub(super) struct Raster<'a>(&'a mut Bitmap);

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl<'a> Raster<'a> {
    pub(super) fn new(bitmap: &'a mut Bitmap) -> Raster<'a> {
        Raster(bitmap)
    }

    fn blend(&mut self, (x, y): BackendCoord, colour: BackendColor) {
        let Bitmap { width, height, rgb } = &mut *self.0;
        if !(0..*width as i32).contains(&x) || !(0..*height as i32).contains(&y) {
            return;
        }
        let start = 3 * (y as usize * *width as usize + x as usize);
        let (red, green, blue) = colour.rgb;
        let pixel = &mut rgb[start..start + 3];
        if colour.alpha >= 1.0 {
            pixel.copy_from_slice(&[red, green, blue]);
            return;
        }
        for (byte, new) in pixel.iter_mut().zip([red, green, blue]) {
            let old = f64::from(*byte);
            // Rounds: the sum is never negative, and the cast cuts.
            *byte = (old + colour.alpha * (f64::from(new) - old) + 0.5) as u8;
        }
    }
}

impl DrawingBackend for Raster<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width, self.0.height)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Drawn {
        self.blend(at, colour);
        Ok(())
    }

    /// A filled circle colours each pixel once; plotters' own covers some twice, which shows as
    /// stripes when the colour is transparent. Figures draw no others.
    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        let r = radius as i32;
        for dy in -r..=r {
            // The pixels whose centres lie within r + 1/2, so that a circle of radius 0 has one.
            let half_width = (f64::from(r * r + r - dy * dy) + 0.25).sqrt() as i32;
            for dx in -half_width..=half_width {
                self.blend((x + dx, y + dy), style.color());
            }
        }
        Ok(())
    }

    /// Puts the text where an SVG viewer puts it: the offsets are those of plotters' SVG backend.
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        words: &str,
        style: &S,
        (x0, y0): BackendCoord,
    ) -> Drawn {
        /// The height of an x in DejaVu Sans.
        const EX: f64 = 0.547;
        let em = style.size() / text::SIZE_PER_EM;
        let width = f64::from(text::width(words, em as f32));
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let baseline = match style.anchor().v_pos {
            VPos::Top => 0.76 * em,
            VPos::Center => 0.5 * EX * em,
            VPos::Bottom => -0.5 * EX * em,
        };
        let (left, baseline) = (left.round() as i32, baseline.round() as i32);
        let (turn, colour) = (style.transform(), style.color());
        text::rasterise(words, em as f32, |x, y, coverage| {
            let (x, y) = turn.transform(x + left, y + baseline);
            self.blend((x0 + x, y0 + y), colour.mix(f64::from(coverage).min(1.0)));
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::*;
    use plotters::style::text_anchor::Pos;

    fn colour(red: u8, alpha: f64) -> BackendColor {
        BackendColor { rgb: (red, 0, 0), alpha }
    }

    #[test]
    fn a_pasted_picture_covers_its_own_pixels_only() {
        let mut whole = Bitmap::white(3, 3);
        let part = Bitmap { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        whole.paste(&part, [1, 2]);
        let mut expected = vec![255; 27];
        expected[21..].copy_from_slice(&part.rgb);
        assert_eq!(whole.rgb, expected);
    }

    #[test]
    #[should_panic(expected = "paste: 2 x 1 at 2, 0 is not inside 3 x 3")]
    fn a_pasted_picture_stays_inside() {
        Bitmap::white(3, 3).paste(&Bitmap::white(2, 1), [2, 0]);
    }

    #[test]
    fn a_transparent_colour_mixes_with_what_is_there() {
        let mut bitmap = Bitmap::white(2, 1);
        Raster::new(&mut bitmap).draw_pixel((1, 0), colour(55, 0.5)).unwrap();
        assert_eq!(bitmap.rgb, [255, 255, 255, 155, 128, 128]);
    }

    #[test]
    fn pixels_outside_are_dropped() {
        let mut bitmap = Bitmap::white(2, 2);
        for at in [(-1, 0), (0, -1), (2, 0), (0, 2), (i32::MIN, i32::MAX)] {
            Raster::new(&mut bitmap).draw_pixel(at, colour(0, 1.0)).unwrap();
        }
        assert_eq!(bitmap, Bitmap::white(2, 2));
    }

    #[test]
    fn a_circle_colours_each_pixel_once_and_is_round() {
        let mut bitmap = Bitmap::white(61, 61);
        Raster::new(&mut bitmap).draw_circle((30, 30), 20, &colour(255, 0.5), true).unwrap();
        let covered = bitmap.rgb.chunks(3).filter(|p| *p == [255, 128, 128]).count();
        let blank = bitmap.rgb.chunks(3).filter(|p| *p == [255, 255, 255]).count();
        assert_eq!(covered + blank, 61 * 61);
        let area = std::f64::consts::PI * 20.5 * 20.5;
        assert!((covered as f64 - area).abs() < 0.02 * area);
    }

    /// The first and last column and row that a text inks, when anchored at (100, 100).
    fn extent(style: &TextStyle<'_>, end: HPos, height: VPos) -> [usize; 4] {
        let mut bitmap = Bitmap::white(200, 200);
        let style = style.pos(Pos::new(end, height));
        Raster::new(&mut bitmap).draw_text("HH", &style, (100, 100)).unwrap();
        let inked = |i: &usize| bitmap.rgb[3 * i] < 128;
        let inked: Vec<usize> = (0..200 * 200).filter(inked).collect();
        let column = |i: &usize| i % 200;
        [
            inked.iter().map(column).min().unwrap(),
            inked.iter().map(column).max().unwrap(),
            inked[0] / 200,
            inked[inked.len() - 1] / 200,
        ]
    }

    #[test]
    fn a_text_hangs_on_its_anchor() {
        // In DejaVu Sans of an em of 40 an H is 29 high, and HH goes from 4 to 56 of 60 pixels.
        let across = text::style(40.0, BLACK);
        let up = across.transform(FontTransform::Rotate270);
        for (style, end, height, expected) in [
            (&across, HPos::Left, VPos::Top, [104, 156, 101, 130]),
            (&across, HPos::Center, VPos::Center, [74, 126, 82, 111]),
            (&across, HPos::Right, VPos::Bottom, [44, 96, 60, 89]),
            (&up, HPos::Left, VPos::Top, [101, 130, 44, 96]),
        ] {
            let found = extent(style, end, height);
            let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(near, "{found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn a_shrunk_pixel_is_the_mean_of_its_square() {
        let mut bitmap = Bitmap::white(4, 2);
        bitmap.rgb[0] = 55; // red, upper left
        bitmap.rgb[3 * 6 + 2] = 15; // blue, lower row, third pixel
        assert_eq!(bitmap.shrink(2).rgb, [205, 255, 255, 255, 255, 195]);
    }
}
