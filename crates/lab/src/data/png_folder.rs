//! What is in a folder of PNG files?
//!
//! Either pictures, or folders of pictures, each of which is a class; in the order of their names.
//! Grey pictures have one channel; if one has colours, all have three. What is transparent shows
//! white. Of numbers of 16 bits the upper byte is kept.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::{fs, io};

use png::{BitDepth, ColorType, Decoder, Limits, Reader, Transformations};

use super::gzip::limit;
use super::packed::{malformed, read};
use super::resize::resized;
use super::{Flaw, Images, Provenance};
use crate::Error;

/// The most bytes that one picture may have unpacked: 2048 x 2048 pixels in four channels.
const LARGEST: usize = 16 << 20;

/// Whether the folder has PNG files, or folders with PNG files.
///
/// # Errors
/// [`Error::Read`] if one may not look, [`Error::Malformed`] if there are too many classes.
pub(super) fn is(folder: &Path) -> Result<bool, Error> {
    files(folder).map(|files| !files.is_empty())
}

/// The pictures of a folder, all of `size` (height, width) if it is given, else as large as the
/// first.
pub(super) fn read_folder(folder: &Path, size: Option<[usize; 2]>) -> Result<Images, Error> {
    let files = files(folder)?;
    // First what the headers say, so that nothing is taken for pictures that do not fit.
    let (mut shape, mut packed) = ([0, 0, 1], 0);
    for (i, (path, _)) in files.iter().enumerate() {
        let bytes = read(path)?;
        let [height, width, channels] = header(&bytes).map_err(|flaw| malformed(path, flaw))?;
        packed += bytes.len();
        if i == 0 {
            [shape[0], shape[1]] = size.unwrap_or([height, width]);
        }
        shape[2] = shape[2].max(channels);
        if size.is_none() && [height, width] != shape[..2] {
            let flaw = Flaw::OtherSize { found: [height, width], first: [shape[0], shape[1]] };
            return Err(malformed(path, flaw));
        }
    }
    let limit = limit(packed);
    let total = shape.iter().try_fold(files.len(), |product, size| product.checked_mul(*size));
    let total = total.filter(|total| *total <= limit);
    let total = total.ok_or_else(|| malformed(folder, Flaw::Bomb { packed, limit }))?;
    let mut pixels = Vec::with_capacity(total);
    for (path, _) in &files {
        let picture = decode(&read(path)?, shape[2]).map_err(|flaw| malformed(path, flaw))?;
        pixels.extend(resized(&picture.pixels, picture.shape, [shape[0], shape[1]]));
    }
    let images = Images::new(shape, pixels, None);
    let labels: Option<Vec<u8>> = files.into_iter().map(|(_, class)| class).collect();
    Ok(match labels {
        Some(labels) => images.labelled(labels, Provenance::Unknown),
        None => images,
    })
}

/// The PNG files of a folder, or of its folders with the number of each, in the order of names.
fn files(folder: &Path) -> Result<Vec<(PathBuf, Option<u8>)>, Error> {
    let pictures = pictures(folder)?;
    if !pictures.is_empty() {
        return Ok(pictures.into_iter().map(|path| (path, None)).collect());
    }
    let mut files = Vec::new();
    let classes = entries(folder)?.into_iter().filter(|path| path.is_dir());
    for (class, path) in classes.enumerate() {
        let class = u8::try_from(class).map_err(|_| malformed(folder, Flaw::Classes))?;
        files.extend(self::pictures(&path)?.into_iter().map(|path| (path, Some(class))));
    }
    Ok(files)
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let is_png = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    };
    Ok(entries(folder)?.into_iter().filter(is_png).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// A picture as it is in its file: its shape and its bytes.
struct Picture {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

/// Height, width, and one channel or three.
fn header(bytes: &[u8]) -> Result<[usize; 3], Flaw> {
    let mut decoder = decoder(bytes);
    let info = decoder.read_header_info().map_err(broken)?;
    let [height, width] = [info.height as usize, info.width as usize];
    if height.saturating_mul(width).saturating_mul(4) > LARGEST {
        return Err(Flaw::Large { found: [height, width], limit: LARGEST / 4 });
    }
    let colours = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => 1,
        ColorType::Rgb | ColorType::Rgba | ColorType::Indexed => 3,
    };
    Ok([height, width, colours])
}

fn decoder(bytes: &[u8]) -> Decoder<Cursor<&[u8]>> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LARGEST });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.ignore_checksums(false);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

/// A picture in one channel or three, on white.
fn decode(bytes: &[u8], channels: usize) -> Result<Picture, Flaw> {
    // Once more, since the file may have changed.
    let [height, width, _] = header(bytes)?;
    let mut reader = decoder(bytes).read_info().map_err(broken)?;
    let raw = decoded(&mut reader)?;
    let (kind, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(Flaw::Png(format!("{depth:?} bits a number")));
    }
    let (colours, has_alpha) = match kind {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => return Err(Flaw::Png("a palette that is missing".to_owned())),
    };
    let mut pixels = Vec::with_capacity(height * width * channels);
    for pixel in raw.chunks_exact(colours + usize::from(has_alpha)) {
        let alpha = if has_alpha { u16::from(pixel[colours]) } else { 255 };
        let on_white =
            |byte: u8| ((u16::from(byte) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        pixels.extend((0..channels).map(|c| on_white(pixel[c.min(colours - 1)])));
    }
    Ok(Picture { shape: [height, width, channels], pixels })
}

/// The bytes of the first picture of a file that is whole.
fn decoded(reader: &mut Reader<Cursor<&[u8]>>) -> Result<Vec<u8>, Flaw> {
    let size = reader.output_buffer_size().filter(|size| *size <= LARGEST);
    let mut raw = vec![0; size.ok_or_else(|| Flaw::Png("too many bytes".to_owned()))?];
    let size = reader.next_frame(&mut raw).map_err(broken)?.buffer_size();
    raw.truncate(size);
    reader.finish().map_err(broken)?;
    Ok(raw)
}

fn broken(why: png::DecodingError) -> Flaw {
    Flaw::Png(why.to_string())
}
