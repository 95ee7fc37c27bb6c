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
use crate::Real;
use crate::gemm::{Beta, How, fastest};
use crate::mat::{Mat, MatMut};
use crate::on_level::levels;
use crate::scratch::with_scratch;
use std::ops::Range;

/// Numbers of z at a time, about: 1 MiB in f32.
const ROOM: usize = 1 << 18;

/// Some windows over the source, and `[taps, taps, seen, outputs]`, its rows so far apart.
pub(super) struct Kernel<'a> {
    pub(super) windows: Lowering,
    pub(super) w: &'a [Real],
    pub(super) w_stride: usize,
}

impl Kernel<'_> {
    fn taps(&self) -> usize {
        self.windows.height.taps * self.windows.width.taps
    }
}

/// How a canvas is made of the image rows of several kernels.
pub(super) trait Rows {
    /// Height of the canvas.
    fn height(&self) -> usize;

    /// How many image rows of a kernel, counted through all images, lie before a row of the canvas.
    fn before(&self, kernel: usize, row: usize) -> usize;

    /// Takes the pixels `[width, outputs]` of an image row of a kernel, and may change them.
    fn place(&mut self, kernel: usize, row: usize, pixels: &mut [Real]);
}

/// Makes all pixels of the canvas' rows `rows`, counted through all images.
pub(super) fn few_outputs(
    kernels: &[Kernel<'_>],
    source: &[Real],
    outputs: usize,
    rows: Range<usize>,
    canvas: &mut impl Rows,
) {
    let Lowering { height: axis, width: Axis { source: width, .. }, channels, seen, first } =
        kernels[0].windows;
    let planes = kernels.iter().map(Kernel::taps).sum::<usize>() * outputs;
    let longest = kernels.iter().map(|kernel| kernel.windows.width.outputs).max().unwrap_or(0);
    // So many rows at once that z has room, but all of a small image.
    let lines = (ROOM / (planes * width).max(1)).max(4 * axis.taps);
    let block = (lines * canvas.height() / axis.source.max(1)).clamp(1, canvas.height());
    with_scratch(planes * seen, |v| {
        let mut to = v.chunks_exact_mut(seen.max(1));
        for Kernel { w, w_stride, windows: Lowering { height, width, .. } } in kernels {
            for t in 0..height.taps * width.taps {
                // V[(a, b, o), c] = w[a, b, c, o].
                for (o, v) in to.by_ref().take(outputs).enumerate() {
                    for (c, v) in v.iter_mut().enumerate() {
                        *v = w[(t * seen + c) * w_stride + o];
                    }
                }
            }
        }
        let mut row = rows.start;
        while row < rows.end {
            let n = row / canvas.height();
            let end = (row + block).min((n + 1) * canvas.height()).min(rows.end);
            let before =
                |k: usize, row| canvas.before(k, row) - n * kernels[k].windows.height.outputs;
            let made: Vec<Range<usize>> =
                (0..kernels.len()).map(|k| before(k, row)..before(k, end)).collect();
            let seeing = kernels.iter().zip(&made).filter(|(k, made)| k.taps() * made.len() > 0);
            let reach = seeing
                .map(|(kernel, made)| reach(kernel.windows.height, made.clone()))
                .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
                .unwrap_or(0..0);
            let size = reach.len() * width;
            with_scratch(planes * size + 2 * longest * outputs, |scratch| {
                let (z, lines) = scratch.split_at_mut(planes * size);
                let (sums, pixels) = lines.split_at_mut(longest * outputs);
                if size > 0 {
                    let from = (n * axis.source + reach.start) * width * channels + first;
                    let x = Mat::strided(&source[from..], (seen, size), (1, channels));
                    let z = MatMut::new(z, planes, size);
                    fastest()(Mat::new(v, planes, seen), x, z, How::alone(Beta::Zero, size));
                }
                let mut z = &*z;
                for (k, (kernel, made)) in kernels.iter().zip(made).enumerate() {
                    let Lowering { height, width, .. } = kernel.windows;
                    let (sums, pixels) = (
                        &mut sums[..width.outputs * outputs],
                        &mut pixels[..width.outputs * outputs],
                    );
                    for i in made {
                        add_planes(usize::MAX, &kernel.windows, z, &reach, [i, outputs], sums);
                        interleave(usize::MAX, sums, pixels, outputs);
                        canvas.place(k, n * height.outputs + i, pixels);
                    }
                    z = &z[kernel.taps() * outputs * size..];
                }
            });
            row = end;
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
