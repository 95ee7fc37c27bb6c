//! How are many images shown as one picture?

use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

use autograd::Array;

use super::{Bitmap, text};
use crate::{Error, Scaling, write_whole};

/// White pixels around every image.
const GAP: usize = 2;

/// Images side by side on white, row after row.
///
/// - `images`: `[n, height, width, channels]`, n at least 1, channels 1 (grey) or 3 (red, green,
///   blue); numbers outside of the scaling's range are shown as its ends;
/// - `columns`: images in a row, at least 1.
///
/// # Panics
/// If the shape is not this or there are no columns.
#[must_use]
#[track_caller]
pub fn image_grid(images: &Array, columns: usize, scaling: Scaling) -> Bitmap {
    Layout::of(images, columns, GAP).picture(images, scaling)
}

/// The same, each image twice as large and with a caption below.
///
/// # Panics
/// If the shape is not this, there are no columns, or the captions are not as many as the images.
#[must_use]
#[track_caller]
pub fn captioned_grid(
    images: &Array,
    columns: usize,
    scaling: Scaling,
    captions: &[String],
) -> Bitmap {
    const EM: f32 = 11.0;
    let n = images.shape()[0];
    assert!(n == captions.len(), "captioned_grid: {n} images but {} captions", captions.len());
    // In small pixels; they are doubled before the letters are drawn.
    let layout = Layout::of(images, columns, EM as usize / 2 + 3);
    let mut picture = layout.picture(images, scaling).enlarged(2);
    let line = picture.width as usize;
    for (i, caption) in captions.iter().enumerate() {
        let [left, top] = layout.corner(i).map(|at| 2 * at as i32);
        let middle = left + layout.width as i32;
        let start = middle - (text::width(caption, EM) / 2.0).round() as i32;
        let baseline = top + 2 * layout.height as i32 + EM as i32;
        text::rasterise(caption, EM, |x, y, coverage| {
            let (x, y) = ((start + x) as usize, (baseline + y) as usize);
            // A long caption ends where the picture does.
            if x < line && y < picture.height as usize {
                let ink = (255.0 * (1.0 - coverage.min(1.0))).round() as u8;
                let at = 3 * (y * line + x);
                picture.rgb[at..at + 3].iter_mut().for_each(|byte| *byte = ink.min(*byte));
            }
        });
    }
    picture
}

/// Where the images of a grid stand.
struct Layout {
    count: usize,
    columns: usize,
    height: usize,
    width: usize,
    /// White rows below every image; beside and above are [`GAP`].
    below: usize,
}

impl Layout {
    #[track_caller]
    fn of(images: &Array, columns: usize, below: usize) -> Layout {
        let [count, height, width, 1 | 3] = images.shape()[..] else {
            panic!("image_grid: {} is not [n, height, width, 1 or 3]", images.shape());
        };
        let some = count > 0 && columns > 0;
        assert!(some, "image_grid: {count} images in {columns} columns are no picture");
        Layout { count, columns: columns.min(count), height, width, below }
    }

    /// The left and the top of an image.
    fn corner(&self, image: usize) -> [usize; 2] {
        let (row, column) = (image / self.columns, image % self.columns);
        [GAP + column * (self.width + GAP), GAP + row * (self.height + self.below)]
    }

    fn picture(&self, images: &Array, scaling: Scaling) -> Bitmap {
        let wide = GAP + self.columns * (self.width + GAP);
        let high = GAP + self.count.div_ceil(self.columns) * (self.height + self.below);
        let mut grid = Bitmap::white(wide as u32, high as u32);
        let channels = images.shape()[3];
        let rows = images.numbers().chunks_exact((self.width * channels).max(1));
        for (i, row) in rows.enumerate() {
            let [left, top] = self.corner(i / self.height);
            let place = 3 * ((top + i % self.height) * wide + left);
            let pixels = grid.rgb[place..][..3 * self.width].chunks_exact_mut(3);
            for (pixel, colour) in pixels.zip(row.chunks_exact(channels)) {
                for (c, byte) in pixel.iter_mut().enumerate() {
                    *byte = scaling.byte(colour[c.min(channels - 1)]);
                }
            }
        }
        grid
    }
}

impl Bitmap {
    /// The same with every pixel as a square of `k` x `k`.
    #[must_use]
    pub fn enlarged(&self, k: u32) -> Bitmap {
        let (row, k) = (3 * self.width as usize, k as usize);
        let mut rgb = Vec::with_capacity(self.rgb.len() * k * k);
        for line in self.rgb.chunks_exact(row.max(1)) {
            let wide: Vec<u8> = line.chunks_exact(3).flat_map(|pixel| pixel.repeat(k)).collect();
            (0..k).for_each(|_| rgb.extend_from_slice(&wide));
        }
        Bitmap { width: self.width * k as u32, height: self.height * k as u32, rgb }
    }

    /// Reads a PNG file of grey or coloured bytes, such as [`save_png`] writes.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read or is no such picture.
    pub fn load_png(path: impl AsRef<Path>) -> Result<Bitmap, Error> {
        let path = path.as_ref();
        fs::read(path)
            .and_then(|bytes| Ok(Bitmap::from_png(&bytes)?))
            .map_err(|source| Error::Read { path: path.to_owned(), source })
    }

    fn from_png(bytes: &[u8]) -> Result<Bitmap, png::DecodingError> {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
        let (width, height) = reader.info().size();
        let samples = match reader.output_color_type() {
            (png::ColorType::Grayscale, png::BitDepth::Eight) => 1,
            (png::ColorType::Rgb, png::BitDepth::Eight) => 3,
            (colours, _) => {
                let why = format!("its pixels are {colours:?}, not grey or coloured bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
            }
        };
        // Before memory is taken for them: no file unpacks to more than 1032 times its size.
        let pixels = u64::from(width) * u64::from(height);
        if pixels * samples > 1100 * bytes.len() as u64 {
            let why = format!("{width} x {height} pixels are not in {} bytes", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
        }
        let mut data = vec![0; (pixels * samples) as usize];
        reader.next_frame(&mut data)?;
        let rgb =
            if samples == 3 { data } else { data.iter().flat_map(|grey| [*grey; 3]).collect() };
        Ok(Bitmap { width, height, rgb })
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Panics
    /// If it has no pixels.
    #[must_use]
    #[track_caller]
    pub fn to_png(&self) -> Vec<u8> {
        let grey =
            self.rgb.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let data = if grey {
            encoder.set_color(png::ColorType::Grayscale);
            self.rgb.iter().step_by(3).copied().collect()
        } else {
            encoder.set_color(png::ColorType::Rgb);
            self.rgb.clone()
        };
        let mut writer = encoder.write_header().expect("to_png: a picture has pixels");
        writer.write_image_data(&data).expect("there are as many bytes as pixels");
        writer.finish().expect("writing to memory cannot fail");
        bytes
    }
}

/// Writes a picture as a PNG file, whole or not at all.
///
/// # Errors
/// [`Error::Write`].
pub fn save_png(picture: &Bitmap, path: impl AsRef<Path>) -> Result<(), Error> {
    write_whole(path, &picture.to_png())
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;

    /// The picture in a PNG file: its size and its bytes as they are stored.
    fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(frame.buffer_size());
        (frame.width, frame.height, pixels)
    }

    #[test]
    fn images_stand_row_after_row_on_white() {
        // Three images of 2 x 1 pixels in two columns.
        let images = Array::new([3, 2, 1, 1], &[0.0, 0.2, 0.4, 0.6, 0.8, 9.0]);
        let grid = image_grid(&images, 2, Scaling::ZeroToOne);
        assert_eq!((grid.width, grid.height), (8, 10));
        let at = |x: usize, y: usize| grid.rgb[3 * (8 * y + x)];
        assert_eq!([at(2, 2), at(2, 3), at(5, 2), at(5, 3)], [0, 51, 102, 153]);
        assert_eq!([at(2, 6), at(2, 7)], [204, 255]);
        let dark = grid.rgb.chunks(3).filter(|pixel| *pixel != [255; 3]).count();
        assert_eq!(dark, 5);
    }

    #[test]
    fn colours_stay_in_their_order() {
        let images = Array::new([1, 1, 1, 3], &[-1.0, 0.0, 1.0]);
        let grid = image_grid(&images, 4, Scaling::MinusOneToOne);
        assert_eq!((grid.width, grid.height), (5, 5));
        assert_eq!(grid.rgb[3 * 12..][..3], [0, 128, 255]);
    }

    #[test]
    fn captions_stand_below_their_images() {
        let images = Array::zeros([2, 8, 20, 1]);
        let captions = ["1".to_owned(), String::new()];
        let grid = captioned_grid(&images, 2, Scaling::ZeroToOne, &captions);
        let whole = image_grid(&images, 2, Scaling::ZeroToOne).enlarged(2);
        assert_eq!(grid.width, whole.width);
        // What is below the images, left and right.
        let below = |columns: std::ops::Range<usize>| {
            let rows = 4 + 16..grid.height as usize;
            let line = 3 * grid.width as usize;
            rows.flat_map(|y| &grid.rgb[y * line..][3 * columns.start..3 * columns.end])
                .any(|byte| *byte < 100)
        };
        assert!(below(4..44) && !below(48..92));
        // The second row begins below the captions of the first.
        let rows = captioned_grid(&images, 1, Scaling::ZeroToOne, &captions);
        let at = |y: usize| rows.rgb[3 * (y * rows.width as usize + 5)];
        assert_eq!([at(4), at(19), at(35), at(36), at(51), at(52)], [0, 0, 255, 0, 0, 255]);
    }

    #[test]
    fn a_saved_picture_opens_with_the_same_pixels() {
        let numbers: Vec<Real> = (0..24).map(|i| i as Real / 23.0).collect();
        let colour = image_grid(&Array::new([2, 2, 2, 3], &numbers), 2, Scaling::ZeroToOne);
        assert_eq!(decoded(&colour.to_png()), (colour.width, colour.height, colour.rgb.clone()));
        // A grey picture is stored in a byte a pixel.
        let grey = image_grid(&Array::new([6, 2, 2, 1], &numbers), 2, Scaling::ZeroToOne);
        let (_, _, pixels) = decoded(&grey.to_png());
        assert!(grey.rgb.chunks(3).map(|pixel| pixel[0]).eq(pixels));
    }

    #[test]
    fn a_saved_picture_is_read_back() {
        let numbers: Vec<Real> = (0..24).map(|i| i as Real / 23.0).collect();
        for shape in [[2, 2, 2, 3], [6, 2, 2, 1]] {
            let picture = image_grid(&Array::new(shape, &numbers), 2, Scaling::ZeroToOne);
            let bytes = picture.to_png();
            assert!(Bitmap::from_png(&bytes).unwrap() == picture);
            for len in 0..bytes.len() - 12 {
                assert!(Bitmap::from_png(&bytes[..len]).is_err(), "{len} bytes");
            }
        }
        let error = Bitmap::load_png("missing.png").unwrap_err();
        assert!(error.to_string().contains("missing.png"), "{error}");
    }

    #[test]
    fn an_enlarged_pixel_is_a_square() {
        let small = Bitmap { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        let large = small.enlarged(2);
        assert_eq!((large.width, large.height), (4, 2));
        assert_eq!(large.rgb, [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6].repeat(2));
    }

    #[test]
    #[should_panic(expected = "image_grid: [4, 28, 28] is not [n, height, width, 1 or 3]")]
    fn images_have_four_axes() {
        let _ = image_grid(&Array::zeros([4, 28, 28]), 2, Scaling::ZeroToOne);
    }
}
