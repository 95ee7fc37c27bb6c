//! What is in a table of digits?
//!
//! A line for each digit: 64 whole numbers from 0 to 16, the ink of 8 x 8 pixels row after row, and
//! its class, all separated by commas.
//!
//! Source: Alpaydin, Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning
//! Repository.

use super::packed::Packed;
use super::provenance::Sum;
use super::{Flaw, Images, Provenance};

const PIXELS: usize = 64;

/// Full ink, which becomes the byte 255.
const FULL: u8 = 16;

const CLASSES: u8 = 10;

/// The digits of a file.
pub(super) fn read(file: Packed<'_>) -> Result<Images, Flaw> {
    let size = file.size()?;
    let bytes = file.unpack(size)?;
    let provenance = Provenance::of(&[Sum::of(&bytes)]);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    // The line break at the end is not the beginning of another line.
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    for (i, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |what| Flaw::Line { line: i + 1, what };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let fields = line.split(|byte| *byte == b',').map(number);
        let numbers: Option<Vec<u8>> = fields.collect();
        let numbers = numbers.ok_or(wrong("not whole numbers from 0 to 255 between commas"))?;
        let Some((label, ink)) = numbers.split_last().filter(|(_, ink)| ink.len() == PIXELS) else {
            return Err(wrong("not 64 pixels and a label"));
        };
        if *label >= CLASSES || ink.iter().any(|ink| *ink > FULL) {
            return Err(wrong("a pixel above 16 or a label above 9"));
        }
        let byte = |ink: &u8| ((u16::from(*ink) * 255 + 8) / u16::from(FULL)) as u8;
        pixels.extend(ink.iter().map(byte));
        labels.push(*label);
    }
    Ok(Images::new([8, 8, 1], pixels, None).labelled(labels, provenance))
}

/// A byte in decimal digits.
fn number(field: &[u8]) -> Option<u8> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(field).ok().filter(|_| digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_digit() {
        let ink: Vec<String> = (0..64).map(|i| (i % 17).to_string()).collect();
        let text = format!("{},7\r\n{},0\n", ink.join(","), ["0"; 64].join(","));
        let digits = read(Packed::plain(text.as_bytes()).unwrap()).unwrap();
        assert_eq!((digits.shape(), digits.labels()), ([8, 8, 1], Some(&[7, 0][..])));
        assert_eq!(digits.pixels(0)[..3], [0, 16, 32]);
        assert_eq!(digits.pixels(0)[14..18], [223, 239, 255, 0]);
        assert!(digits.pixels(1).iter().all(|byte| *byte == 0));
    }
}
