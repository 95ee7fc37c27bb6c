//! How does a series of bitmaps become an animated GIF?

use std::borrow::Cow;
use std::path::Path;

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::figures::Bitmap;
use crate::{Error, write_whole};

/// Writes an animation that repeats forever, whole or not at all.
///
/// - `frames`: at least one, all of one size; each is shown for `delay` and the last one for
///   `last_delay`, both in hundredths of a second.
///
/// All frames share 255 colours, and of each frame only the pixels that differ from the one before
/// are stored.
///
/// # Errors
/// [`Error::Write`].
///
/// # Panics
/// If there are no frames, their sizes differ, or a side is above 65535.
#[track_caller]
pub fn save_gif(
    frames: &[Bitmap],
    delay: u16,
    last_delay: u16,
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    write_whole(path, &to_gif(frames, delay, last_delay))
}

/// The colour number that means "as in the frame before".
const UNCHANGED: u8 = 255;

#[track_caller]
fn to_gif(frames: &[Bitmap], delay: u16, last_delay: u16) -> Vec<u8> {
    let Some(first) = frames.first() else { panic!("save_gif: no frames") };
    for Bitmap { width, height, .. } in frames {
        let (w, h) = (first.width, first.height);
        assert!((*width, *height) == (w, h), "save_gif: frames of {width}×{height} and {w}×{h}");
    }
    let side = |pixels: u32| u16::try_from(pixels).expect("save_gif: a side is above 65535");
    let (width, height) = (side(first.width), side(first.height));

    let palette = Palette::of(frames);
    let mut table = palette.colours.concat();
    table.resize(3 * 256, 0); // room for the number of "unchanged"
    let mut gif = Vec::new();
    let mut encoder =
        Encoder::new(&mut gif, width, height, &table).expect("a palette has at most 256 colours");
    encoder.set_repeat(Repeat::Infinite).expect("writing to memory cannot fail");
    let mut shown: Option<Vec<u8>> = None;
    for (i, frame) in frames.iter().enumerate() {
        let numbers = palette.numbers(frame);
        let changes = match &shown {
            Some(shown) => changes(shown, &numbers),
            None => numbers.clone(),
        };
        shown = Some(numbers);
        let frame = Frame {
            delay: if i + 1 == frames.len() { last_delay } else { delay },
            dispose: DisposalMethod::Keep,
            transparent: Some(UNCHANGED),
            width,
            height,
            buffer: Cow::Owned(changes),
            ..Frame::default()
        };
        encoder.write_frame(&frame).expect("writing to memory cannot fail");
    }
    drop(encoder);
    gif
}

fn changes(before: &[u8], after: &[u8]) -> Vec<u8> {
    before.iter().zip(after).map(|(b, a)| if a == b { UNCHANGED } else { *a }).collect()
}

/// Up to 255 colours, and the nearest of them for any colour.
struct Palette {
    colours: Vec<[u8; 3]>,
    /// The colour's number for each of the 32³ boxes of similar colours.
    number_of_box: Vec<u8>,
}

/// The box of a colour: five bits for each of red, green and blue.
fn box_of(pixel: &[u8]) -> usize {
    pixel.iter().fold(0, |number, byte| number << 5 | usize::from(byte >> 3))
}

impl Palette {
    /// The mean colours of the 255 most frequent boxes. Figures have few hues, so this loses
    /// nothing one can see; photographs would need a median cut.
    fn of(frames: &[Bitmap]) -> Palette {
        let mut boxes = vec![(0_u64, [0_u64; 3]); 1 << 15];
        for pixel in frames.iter().flat_map(|frame| frame.rgb.chunks_exact(3)) {
            let (count, sum) = &mut boxes[box_of(pixel)];
            *count += 1;
            for (sum, byte) in sum.iter_mut().zip(pixel) {
                *sum += u64::from(*byte);
            }
        }
        let mut used: Vec<usize> = (0..boxes.len()).filter(|i| boxes[*i].0 > 0).collect();
        used.sort_by_key(|i| std::cmp::Reverse(boxes[*i].0));
        let mean = |i: &usize| {
            let (count, sum) = boxes[*i];
            sum.map(|s| ((s + count / 2) / count) as u8)
        };
        let colours: Vec<[u8; 3]> = used.iter().take(UNCHANGED.into()).map(mean).collect();
        let mut number_of_box = vec![0; boxes.len()];
        for (rank, i) in used.iter().enumerate() {
            number_of_box[*i] =
                if rank < colours.len() { rank as u8 } else { nearest(&colours, mean(i)) };
        }
        Palette { colours, number_of_box }
    }

    fn numbers(&self, frame: &Bitmap) -> Vec<u8> {
        frame.rgb.chunks_exact(3).map(|pixel| self.number_of_box[box_of(pixel)]).collect()
    }
}

fn nearest(colours: &[[u8; 3]], wanted: [u8; 3]) -> u8 {
    let distance = |colour: &[u8; 3]| -> u32 {
        colour.iter().zip(wanted).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let best = (0..colours.len()).min_by_key(|i| distance(&colours[*i]));
    best.expect("a palette has a colour") as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use gif::{ColorOutput, DecodeOptions};

    /// A picture whose pixel number i has the colour `colour(i)`.
    fn picture(colour: impl Fn(u32) -> [u8; 3]) -> Bitmap {
        let rgb = (0..20 * 10).flat_map(colour).collect();
        Bitmap { width: 20, height: 10, rgb }
    }

    /// What a viewer shows: the delay and the pixels of each frame, laid over those before.
    fn shown(gif: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        let mut decoder = options.read_info(gif).unwrap();
        let mut canvas = vec![0; 3 * 20 * 10];
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert_eq!(frame.dispose, DisposalMethod::Keep);
            for (old, new) in canvas.chunks_mut(3).zip(frame.buffer.chunks(4)) {
                if new[3] != 0 {
                    old.copy_from_slice(&new[..3]);
                }
            }
            frames.push((frame.delay, canvas.clone()));
        }
        assert_eq!(decoder.repeat(), Repeat::Infinite);
        frames
    }

    #[test]
    fn a_viewer_shows_the_frames_and_stays_on_the_last() {
        let white = Bitmap::white(20, 10);
        let half = picture(|i| if i % 3 == 0 { [0, 114, 178] } else { [255, 255, 255] });
        let other = picture(|i| if i % 2 == 0 { [213, 94, 0] } else { [0, 114, 178] });
        let frames = [white, half, other];
        let shown = shown(&to_gif(&frames, 40, 200));
        assert_eq!(shown.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(), [40, 40, 200]);
        for ((_, pixels), frame) in shown.iter().zip(&frames) {
            assert!(*pixels == frame.rgb);
        }
    }

    #[test]
    fn many_colours_are_shown_as_near_ones() {
        let frames = [0, 1].map(|k| picture(|i| [i as u8, (i / 2) as u8, (100 * k + i / 3) as u8]));
        for ((_, pixels), frame) in shown(&to_gif(&frames, 1, 1)).iter().zip(&frames) {
            let worst = pixels.iter().zip(&frame.rgb).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(worst <= Some(16), "{worst:?}");
        }
    }

    #[test]
    fn a_still_frame_costs_almost_nothing() {
        let frame = picture(|i| [(i * 37) as u8, (i * 11) as u8, 0]);
        let one = to_gif(std::slice::from_ref(&frame), 1, 1).len();
        let two = to_gif(&[frame.clone(), frame], 1, 1).len();
        assert!(two < one + 60, "{one} and {two} bytes");
    }

    #[test]
    #[should_panic(expected = "frames of 3×2 and 20×10")]
    fn frames_have_one_size() {
        to_gif(&[Bitmap::white(20, 10), Bitmap::white(3, 2)], 1, 1);
    }
}
