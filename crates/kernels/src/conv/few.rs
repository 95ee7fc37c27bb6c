//! What if there are hardly any output channels?
//!
//! A tile wants many columns. A convolution to one or three channels, the last layer of a
//! generator, would leave most of them empty. But its product can be taken first, for all taps at
//! once, and the sum over the taps afterwards:
//!
//! ```text
//! z[(a, b, o), p, q] = Σ_c w[a, b, c, o] src[n, p, q, c]          one product, taps · outputs rows
//! y[n, i, j, o]      = Σ_{a, b} z[(a, b, o), p(i, a), q(j, b)]    sums of shifted planes
//! ```
//!
//! The planes are sums of vectors, with the image's columns as lanes:
//!
//! ```text
//!   z, a plane for each tap               line i of y, under padding 1
//!
//!   (0, 0)  [ line 0 | line 1 | ... ]      0 z z z z z     line i - 1 of (0, 0), shifted right
//!   (0, 1)  [ line 0 | line 1 | ... ]    + z z z z z z     line i - 1 of (0, 1)
//!   (0, 2)  [ line 0 | line 1 | ... ]    + z z z z z 0     line i - 1 of (0, 2), shifted left
//!   (1, 0)  [ line 0 | line 1 | ... ]    + 0 z z z z z     line i     of (1, 0), ...
//! ```
//!
//! The phases of a transposed convolution see the same source, so one product makes the planes of
//! all of them.

use super::lower::{Axis, Lowering};
use super::part::{Canvas, Part};
use crate::Real;
use crate::gemm::{Beta, How, fastest};
use crate::mat::{Mat, MatMut};
use crate::on_level::{LONG, levels};
use crate::scratch::with_scratch;
use std::ops::Range;

/// Numbers of z at a time, about: 1 MiB in f32.
const ROOM: usize = 1 << 18;

/// Makes all pixels of the canvas' rows `rows`, counted through all images, and hands each image row
/// of a part to `place(part, row, pixels)`, which may change them.
pub(super) fn few_outputs(
    parts: &[Part<'_>],
    source: &[Real],
    rows: Range<usize>,
    canvas: Canvas,
    mut place: impl FnMut(&Part<'_>, usize, &mut [Real]),
) {
    let Lowering { height: axis, width: Axis { source: width, .. }, seen, .. } = parts[0].lowering;
    let outputs = parts[0].columns(canvas);
    let planes = parts.iter().map(Part::taps).sum::<usize>() * outputs;
    // So many rows at once that z has room, but all of a small image.
    let lines = (ROOM / (planes * width).max(1)).max(4 * axis.taps);
    let block = (lines * canvas.height / axis.source.max(1)).clamp(1, canvas.height);
    with_scratch(planes * seen, |v| {
        turn(parts, outputs, v);
        let v = Mat::new(v, planes, seen);
        let mut row = rows.start;
        while row < rows.end {
            let end = (row / canvas.height + 1) * canvas.height;
            let block = row..(row + block).min(end).min(rows.end);
            row = block.end;
            rows_of_an_image(parts, v, source, block, canvas, &mut place);
        }
    });
}

/// V\[(a, b, o), c\] = w\[a, b, c, o\], part after part.
fn turn(parts: &[Part<'_>], outputs: usize, v: &mut [Real]) {
    let seen = parts[0].lowering.seen;
    let mut rows = v.chunks_exact_mut(seen.max(1));
    for part in parts {
        for t in 0..part.taps() {
            for (o, v) in rows.by_ref().take(outputs).enumerate() {
                for (c, v) in v.iter_mut().enumerate() {
                    *v = part.w[(t * seen + c) * part.w_stride + o];
                }
            }
        }
    }
}

/// Some rows of the canvas in one image: the product of all planes, then the sums of each part.
fn rows_of_an_image(
    parts: &[Part<'_>],
    v: Mat<'_>,
    source: &[Real],
    rows: Range<usize>,
    canvas: Canvas,
    place: &mut impl FnMut(&Part<'_>, usize, &mut [Real]),
) {
    let Lowering { height: axis, width: Axis { source: width, .. }, channels, seen, first } =
        parts[0].lowering;
    let (n, outputs) = (rows.start / canvas.height, parts[0].columns(canvas));
    // Of each part, its rows in this image.
    let made = |part: &Part<'_>| {
        let (made, before) = (part.rows(rows.clone(), canvas), n * part.lowering.height.outputs);
        made.start - before..made.end - before
    };
    let reach = parts
        .iter()
        .filter(|part| part.taps() * made(part).len() > 0)
        .map(|part| reach(part.lowering.height, made(part)))
        .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
        .unwrap_or(0..0);
    let size = reach.len() * width;
    let longest = parts.iter().map(|part| part.lowering.width.outputs).max().unwrap_or(0);
    with_scratch(v.rows() * size + 2 * longest * outputs, |scratch| {
        let (z, lines) = scratch.split_at_mut(v.rows() * size);
        let (sums, pixels) = lines.split_at_mut(longest * outputs);
        if size > 0 {
            let from = (n * axis.source + reach.start) * width * channels + first;
            let x = Mat::strided(&source[from..], (seen, size), (1, channels));
            fastest()(v, x, MatMut::new(z, v.rows(), size), How::alone(Beta::Zero, size));
        }
        let mut z = &*z;
        for part in parts {
            let Lowering { height, width, .. } = part.lowering;
            let line = width.outputs * outputs;
            let (sums, pixels) = (&mut sums[..line], &mut pixels[..line]);
            for i in made(part) {
                add_planes(LONG, &part.lowering, z, &reach, [i, outputs], sums);
                interleave(LONG, sums, pixels, outputs);
                place(part, n * height.outputs + i, pixels);
            }
            z = &z[part.taps() * outputs * size..];
        }
    });
}

levels! {
    /// pixels[j, o] = lines[o, j].
    fn interleave(lines: &[Real], pixels: &mut [Real], outputs: usize) {
        let len = lines.len() / outputs;
        match outputs {
            1 => pixels.copy_from_slice(lines),
            3 => {
                let (a, b, c) = (&lines[..len], &lines[len..][..len], &lines[2 * len..][..len]);
                for (j, pixel) in pixels.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    *pixel = [a[j], b[j], c[j]];
                }
            }
            _ => {
                for (o, line) in lines.chunks_exact(len).enumerate() {
                    for (x, pixel) in line.iter().zip(pixels.chunks_exact_mut(outputs)) {
                        pixel[o] = *x;
                    }
                }
            }
        }
    }
}

/// The source's rows that some of these outputs see.
fn reach(axis: Axis, outputs: Range<usize>) -> Range<usize> {
    let clamp = |position: isize| position.clamp(0, axis.source as isize) as usize;
    let first = (outputs.start * axis.stride) as isize + axis.start;
    let last =
        ((outputs.end - 1) * axis.stride + (axis.taps - 1) * axis.step) as isize + axis.start;
    clamp(first)..clamp(last + 1).max(clamp(first))
}

levels! {
    /// The sums over all taps of an image row, one line an output channel.
    fn add_planes(
        lowering: &Lowering,
        z: &[Real],
        rows: &Range<usize>,
        row: [usize; 2],
        sums: &mut [Real],
    ) {
        let [i, outputs] = row;
        let Lowering { height, width, .. } = *lowering;
        let plane = rows.len() * width.source;
        sums.fill(0.0);
        for a in 0..height.taps {
            let Some(p) = height.position(i, a) else { continue };
            for b in 0..width.taps {
                let inside = width.inside(b);
                if inside.is_empty() {
                    continue;
                }
                let q = (inside.start * width.stride + b * width.step) as isize + width.start;
                for (o, sums) in sums.chunks_mut(width.outputs).enumerate() {
                    let from = ((a * width.taps + b) * outputs + o) * plane;
                    let line = &z[from + (p - rows.start) * width.source..][..width.source];
                    let (line, sums) = (&line[q as usize..], &mut sums[inside.clone()]);
                    if width.stride == 1 {
                        for (sum, z) in sums.iter_mut().zip(line) {
                            *sum += z;
                        }
                    } else {
                        for (sum, z) in sums.iter_mut().zip(line.iter().step_by(width.stride)) {
                            *sum += z;
                        }
                    }
                }
            }
        }
    }
}
