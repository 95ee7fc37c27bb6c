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
//! The planes are sums of vectors, with the image's columns as lanes.

use super::lower::{Axis, Lowering};
use crate::Real;
use crate::gemm::{Beta, How, fastest};
use crate::mat::{Mat, MatMut};
use crate::on_level::levels;
use crate::scratch::with_scratch;
use std::ops::Range;

/// Numbers of z at a time, about: 1 MiB in f32.
const ROOM: usize = 1 << 18;

/// Calls `place(row, pixels)` with the pixels `[width, outputs]` of each of the image rows `rows`,
/// counted through all images. `w` is `[taps, taps, seen, outputs]`, its rows `w_stride` apart.
pub(super) fn few_outputs(
    lowering: &Lowering,
    w: &[Real],
    w_stride: usize,
    source: &[Real],
    rows: Range<usize>,
    outputs: usize,
    mut place: impl FnMut(usize, &[Real]),
) {
    let Lowering { height, width, channels, seen, first } = *lowering;
    let planes = height.taps * width.taps * outputs;
    // So many image rows at once that z has room, but all of a small image.
    let block = (ROOM / (planes * width.source).max(1)).max(2 * height.taps);
    let widest = (block * height.stride + height.taps * height.step).min(height.source);
    let plane = widest * width.source;
    let line = width.outputs;
    with_scratch(planes * (seen + plane) + 2 * line * outputs, |scratch| {
        let (v, rest) = scratch.split_at_mut(planes * seen);
        let (z, lines) = rest.split_at_mut(planes * plane);
        let (sums, pixels) = lines.split_at_mut(line * outputs);
        // V[(a, b, o), c] = w[a, b, c, o].
        for (t, v) in v.chunks_mut((outputs * seen).max(1)).enumerate() {
            for (o, v) in v.chunks_mut(seen).enumerate() {
                for (c, v) in v.iter_mut().enumerate() {
                    *v = w[(t * seen + c) * w_stride + o];
                }
            }
        }
        let mut row = rows.start;
        while row < rows.end {
            let (n, i) = (row / height.outputs, row % height.outputs);
            let end = (i + block).min(height.outputs).min(i + rows.end - row);
            let seen_rows = reach(height, i..end);
            let z = &mut z[..planes * seen_rows.len() * width.source];
            let size = seen_rows.len() * width.source;
            if size > 0 {
                let from = (n * height.source + seen_rows.start) * width.source * channels + first;
                let x = Mat::strided(&source[from..], (seen, size), (1, channels));
                let z = MatMut::new(z, planes, size);
                fastest()(Mat::new(v, planes, seen), x, z, How::alone(Beta::Zero, size));
            }
            for i in i..end {
                add_planes(usize::MAX, lowering, z, &seen_rows, i, outputs, sums);
                for (j, pixel) in pixels.chunks_mut(outputs).enumerate() {
                    for (o, x) in pixel.iter_mut().enumerate() {
                        *x = sums[o * line + j];
                    }
                }
                place(n * height.outputs + i, pixels);
            }
            row += end - i;
        }
    });
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
    /// The sums over all taps of image row i, one line an output channel.
    fn add_planes(
        lowering: &Lowering,
        z: &[Real],
        rows: &Range<usize>,
        i: usize,
        outputs: usize,
        sums: &mut [Real],
    ) {
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
