//! How is the gradient of the weights summed?
//!
//! dW = (window rows)ᵀ dY, a sum over all pixels:
//!
//! ```text
//!                      window rows            dY
//!   [      ]         [ . . . . . . . ]ᵀ   [ dy[n, i, j, 0 .. O] ]
//!   [  dW  ]   +=    [ . . . . . . . ]    [ ...                 ]     for each block of pixels
//!   [      ]         [ . . . . . . . ]    [ ...                 ]
//! ```
//!
//! Threads share out rows of dW. Where there are only few, as under a single input channel, they
//! share out the pixels instead, in chunks that depend on the shape alone, and the chunks' sums are
//! added in their order.
//!
//! With few output channels the roles are exchanged: dW[a, b, c, o] = Σ x[n, p, q, c] dy[n, i, j, o]
//! is as well a sum over the pixels of x, each beside the window row of dy that it contributed to.

use super::lower::{Axis, Lowering, padded};
use super::thin::Thin;
use super::winograd::{Kernel, Winograd};
use super::{FEW, Geometry};
use crate::Real;
use crate::gemm::{Beta, How, PER_NANOSECOND, fastest};
use crate::mat::{Mat, MatMut};
use crate::par;
use crate::scratch::with_scratch;
use std::ops::Range;

/// Pixels in a block, about.
const PIXELS: usize = 256;

/// Rows of dW that a thread takes at a time, about.
const ROWS: usize = 640;

/// Up to so many rows of dW, threads share out pixels.
const FEW_ROWS: usize = 320;

/// Chunks of pixels, at most, and pixels in a chunk, at least.
const CHUNKS: usize = 16;
const CHUNK: usize = 2048;

/// See [`super::weight_gradient`].
pub(super) fn weight_gradient(g: &Geometry, x: &[Real], dy: &[Real], dw: &mut [Real]) {
    let plain = [g.height, g.width].iter().all(|w| w.stride == 1 && w.dilation == 1);
    if g.groups == 1 && plain && g.out_channels <= FEW && g.in_channels > FEW {
        return exchanged(g, x, dy, dw);
    }
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let of_group = |group: usize| Lowering {
        height: Axis::of(g.height),
        width: Axis::of(g.width),
        channels: g.in_channels,
        seen: inputs,
        first: group * inputs,
    };
    if g.groups == 1 {
        return sum_over_pixels(&of_group(0), g.batch, [x, dy], Kernel::Any, dw);
    }
    for group in 0..g.groups {
        let windows = of_group(group);
        let beside = Beside { channels: g.out_channels, first: group * outputs, count: outputs };
        let sum = Sum { windows, source: x, beside, pixels: dy, images: g.batch };
        sum.compute(&mut dw[beside.first..], g.out_channels);
    }
}

/// dW = Σ over pixels of (window row)ᵀ (pixel), for windows of `source` and all channels of as many
/// `pixels`.
pub(super) fn sum_over_pixels(
    windows: &Lowering,
    images: usize,
    [source, pixels]: [&[Real]; 2],
    kernel: Kernel,
    dw: &mut [Real],
) {
    let taps = windows.height.taps * windows.width.taps;
    let count = dw.len() / (taps * windows.channels).max(1);
    if let Some(plan) = Winograd::fastest(windows, count, images, &[2], kernel) {
        return plan.weight_gradient(windows, images, [source, pixels], dw);
    }
    let beside = Beside { channels: count, first: 0, count };
    Sum { windows: *windows, source, beside, pixels, images }.compute(dw, count);
}

/// dW as the sum over x's pixels.
fn exchanged(g: &Geometry, x: &[Real], dy: &[Real], dw: &mut [Real]) {
    // Pixel h of x met tap a at output h + before - a: the last tap reads first.
    let back = |window: crate::window::Window| Axis {
        source: window.output,
        outputs: window.input,
        taps: window.taps,
        stride: 1,
        step: 1,
        start: window.before as isize - (window.taps as isize - 1),
    };
    let (inputs, outputs) = (g.in_channels, g.out_channels);
    let windows = Lowering {
        height: back(g.height),
        width: back(g.width),
        channels: outputs,
        seen: outputs,
        first: 0,
    };
    let beside = Beside { channels: inputs, first: 0, count: inputs };
    let sum = Sum { windows, source: dy, beside, pixels: x, images: g.batch };
    // turned[(last - a, last - b, o), c] = dw[a, b, c, o].
    with_scratch(dw.len(), |turned| {
        sum.compute(turned, inputs);
        let taps = g.height.taps * g.width.taps;
        for (t, dw) in dw.chunks_mut(inputs * outputs).enumerate() {
            for (at, x) in dw.iter_mut().enumerate() {
                let (c, o) = (at / outputs, at % outputs);
                *x = turned[((taps - 1 - t) * outputs + o) * inputs + c];
            }
        }
    });
}

/// The channels of a pixel that its window row is multiplied by.
#[derive(Clone, Copy)]
struct Beside {
    channels: usize,
    first: usize,
    count: usize,
}

/// Σ over pixels of (window row)ᵀ (pixel).
struct Sum<'a> {
    windows: Lowering,
    source: &'a [Real],
    beside: Beside,
    pixels: &'a [Real],
    images: usize,
}

impl Sum<'_> {
    /// Writes the sum to the matrix `to`, whose rows are `stride` apart.
    fn compute(&self, to: &mut [Real], stride: usize) {
        let Lowering { height, width, .. } = self.windows;
        let (depth, rows) = (self.windows.depth(), self.images * height.outputs);
        let count = self.beside.count;
        if depth * count == 0 {
            return;
        }
        let work = depth * count * rows * width.outputs / PER_NANOSECOND;
        if depth <= FEW_ROWS {
            let thin = Thin::of(&self.windows);
            let chunks = (rows * width.outputs / CHUNK).clamp(1, CHUNKS).min(rows.max(1));
            with_scratch(chunks * depth * count, |sums| {
                par::for_each_chunk(sums, depth * count, work, |start, sum| {
                    let i = start / (depth * count);
                    let rows = rows * i / chunks..rows * (i + 1) / chunks;
                    let sum = MatMut::new(sum, depth, count);
                    match thin {
                        Some(thin) => thin.sum(self.source, rows, self.beside_pixels(), sum),
                        None => self.add(self.windows, rows, sum),
                    }
                });
                for (row, to) in to.chunks_mut(stride).enumerate().take(depth) {
                    for (c, to) in to.iter_mut().enumerate().take(count) {
                        let each = (0..chunks).map(|i| sums[(i * depth + row) * count + c]);
                        *to = each.fold(0.0, |sum, x| sum + x);
                    }
                }
            });
            return;
        }
        let pieces = par::pieces(work);
        par::for_each_cut(to, stride, pieces, &|first, to: &mut [Real]| {
            let end = first + to.len().div_ceil(stride);
            let mut at = first;
            while at < end {
                let windows = self.windows_from(at, end - at);
                let c = &mut to[(at - first) * stride..];
                self.add(windows, 0..rows, MatMut::strided(c, (windows.depth(), count), stride));
                at += windows.depth();
            }
        });
    }

    /// All pixels, from the first channel beside the windows on, and how far they are apart.
    fn beside_pixels(&self) -> (&[Real], usize) {
        (&self.pixels[self.beside.first..], self.beside.channels)
    }

    /// The windows that make rows of dW from row `at` on, at most `most` of them: whole taps of a
    /// row of the kernel, or some channels of one tap.
    fn windows_from(&self, at: usize, most: usize) -> Lowering {
        let Lowering { height, width, seen, first, .. } = self.windows;
        let (tap, c) = (at / seen, at % seen);
        let (a, b) = (tap / width.taps, tap % width.taps);
        let some = |axis: Axis, from: usize, taps: usize| Axis {
            taps,
            start: axis.start + (from * axis.step) as isize,
            ..axis
        };
        let whole = if c == 0 { (most.min(ROWS.max(seen)) / seen).min(width.taps - b) } else { 0 };
        Lowering {
            height: some(height, a, 1),
            width: some(width, b, whole.max(1)),
            seen: if whole > 0 { seen } else { most.min(seen - c) },
            first: first + c,
            ..self.windows
        }
    }

    /// C = the sum over the pixels of these image rows, of these windows: a block of pixels after
    /// the other, so that a row of C is the same sum whatever windows are beside it.
    fn add(&self, windows: Lowering, rows: Range<usize>, mut c: MatMut<'_>) {
        let (depth, count, width) = (windows.depth(), self.beside.count, windows.width.outputs);
        let block = (PIXELS / width.max(1)).clamp(1, rows.len().max(1));
        let stride = padded(depth);
        if rows.is_empty() || width == 0 {
            (0..depth).for_each(|i| c.row_mut(i).fill(0.0));
            return;
        }
        with_scratch(block * width * stride, |gathered| {
            for start in rows.clone().step_by(block) {
                let block = start..(start + block).min(rows.end);
                let steps = block.len() * width;
                windows.gather(self.source, block, 0..windows.height.taps, gathered, stride);
                let a = Mat::strided(gathered, (depth, steps), (1, stride));
                let (pixels, channels) = self.beside_pixels();
                let b = &pixels[start * width * channels..];
                let b = Mat::strided(b, (steps, count), (channels, 1));
                let beta = if start == rows.start { Beta::Zero } else { Beta::One };
                fastest()(a, b, c.block(0, 0, depth, count), How::alone(beta, count));
            }
        });
    }
}
