//! How does a convolution become matrix products?
//!
//! Output pixel (n, i, j) is the sum over the kernel's rows a of a *window row* times a matrix: what
//! the taps (a, 0), (a, 1), ... see, one channel after the other, lies in one run, because channels
//! are last. So a block of output pixels is
//!
//! ```text
//!     window rows of a block of pixels         W                    pixels of y
//!   [ x x x x | x x x x | x x x x | ... ]   [ w[0, 0] ]
//!   [ x x x x | x x x x | x x x x | ... ]   [ w[0, 1] ]   =   [ y[n, i, j, 0 .. O] ]
//!   [   a=0   |   a=1   |   a=2   | ... ]   [   ...   ]
//! ```
//!
//! The left matrix is never there as a whole: [`Lowering::gather`] copies a block of it at a time,
//! small enough for L2, the product reads it from there, and the next block takes its place.
//! Copying a number costs little beside the multiply-adds with all output channels that it serves.
//! Padding is zeros in the copy, so the product knows nothing of it.
//!
//! The window row of a 1 x 1 kernel is a pixel, and is multiplied where it lies.

use crate::Real;
use crate::mat::Mat;
use crate::on_level::{LONG, levels};
use crate::window::Window;
use std::ops::Range;

/// One axis: output o reads with tap t the source at position o · stride + t · step + start, which
/// counts as 0 outside of 0..source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) source: usize,
    pub(super) outputs: usize,
    pub(super) taps: usize,
    pub(super) stride: usize,
    pub(super) step: usize,
    pub(super) start: isize,
}

impl Axis {
    /// The walk of a window over its input.
    pub(super) fn of(window: Window) -> Axis {
        let Window { input, output, taps, stride, dilation, before } = window;
        let start = -(before as isize);
        Axis { source: input, outputs: output, taps, stride, step: dilation, start }
    }

    /// Whether each output reads its own position and no other.
    fn is_identity(self) -> bool {
        let Axis { source, outputs, taps, stride, start, .. } = self;
        (outputs, taps, stride, start) == (source, 1, 1, 0)
    }

    /// The position that tap `t` of output `o` reads, if it is inside.
    #[inline(always)]
    pub(super) fn position(self, o: usize, t: usize) -> Option<usize> {
        let position = (o * self.stride + t * self.step) as isize + self.start;
        (0 <= position && position < self.source as isize).then_some(position as usize)
    }

    /// The outputs for which tap `t` is inside: neighbours, so a range.
    #[inline(always)]
    pub(super) fn inside(self, t: usize) -> Range<usize> {
        let offset = (t * self.step) as isize + self.start;
        let first = (-offset).max(0) as usize;
        let end = (self.source as isize - offset).max(0) as usize;
        let [first, end] = [first, end].map(|at| at.div_ceil(self.stride).min(self.outputs));
        first.min(end)..end
    }
}

/// A sliding window over images `[n, height, width, channels]`, of which it sees some channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lowering {
    pub(super) height: Axis,
    pub(super) width: Axis,
    /// Channels of the source.
    pub(super) channels: usize,
    /// How many of them are seen: those of a group.
    pub(super) seen: usize,
    /// The first one that is seen.
    pub(super) first: usize,
}

/// From one row of so many numbers to the next in a buffer: a vector further than the row is long,
/// so that rows of 2ⁿ numbers do not share cache sets.
pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(16) + 16
}

impl Lowering {
    /// Numbers in a window row.
    pub(super) fn run(&self) -> usize {
        self.width.taps * self.seen
    }

    /// Numbers in all window rows of a pixel: the rows of W.
    pub(super) fn depth(&self) -> usize {
        self.height.taps * self.run()
    }

    /// The window rows of all pixels of the output's image rows `rows`, where they are pixels of the
    /// source.
    ///
    /// Not for the weights' gradient: it reads them transposed, and pixels that are 128 or 256
    /// numbers apart collide in the L1, copies do not.
    pub(super) fn in_place<'a>(&self, source: &'a [Real], rows: &Range<usize>) -> Option<Mat<'a>> {
        if !self.height.is_identity() || !self.width.is_identity() {
            return None;
        }
        let size = (rows.len() * self.width.outputs, self.seen);
        let first = rows.start * self.width.outputs * self.channels + self.first;
        Some(Mat::strided(&source[first..], size, (self.channels, 1)))
    }

    /// Copies the window rows `taps` of each pixel of the output's image rows `rows`, which are
    /// counted through all images. Those of a pixel start `stride` numbers behind those of the last
    /// pixel.
    pub(super) fn gather(
        &self,
        source: &[Real],
        rows: Range<usize>,
        taps: Range<usize>,
        to: &mut [Real],
        stride: usize,
    ) {
        assert!(stride >= taps.len() * self.run(), "window rows do not overlap");
        let neighbours = self.seen == self.channels && self.width.step == 1;
        for (row, to) in rows.zip(to.chunks_mut(self.width.outputs * stride)) {
            let (n, i) = (row / self.height.outputs, row % self.height.outputs);
            for (a, at) in taps.clone().zip((0..).step_by(self.run())) {
                let Some(p) = self.height.position(i, a) else {
                    to.chunks_mut(stride).for_each(|to| to[at..at + self.run()].fill(0.0));
                    continue;
                };
                let width = self.width.source * self.channels;
                let line = &source[(n * self.height.source + p) * width..][..width];
                if neighbours {
                    // Where all taps are inside, a window row is one copy.
                    let whole =
                        self.width.inside(0).start..self.width.inside(self.width.taps - 1).end;
                    let whole = whole.start.min(whole.end)..whole.end;
                    self.copy_runs(line, whole.clone(), &mut to[at..], stride);
                    for j in (0..whole.start).chain(whole.end..self.width.outputs) {
                        self.copy_taps(line, j, &mut to[j * stride + at..]);
                    }
                } else {
                    for j in 0..self.width.outputs {
                        self.copy_taps(line, j, &mut to[j * stride + at..]);
                    }
                }
            }
        }
    }

    /// The window row of each output of `range`, all of whose taps are inside.
    fn copy_runs(&self, line: &[Real], range: Range<usize>, to: &mut [Real], stride: usize) {
        if range.is_empty() {
            return;
        }
        let apart = self.width.stride * self.channels;
        let first = (range.start * self.width.stride) as isize + self.width.start;
        let from = &line[first as usize * self.channels..];
        let to = &mut to[range.start * stride..];
        copy_runs(LONG, from, apart, to, stride, [self.run(), range.len()]);
    }

    /// The window row of output j, tap by tap.
    fn copy_taps(&self, line: &[Real], j: usize, to: &mut [Real]) {
        let to = to.chunks_exact_mut(self.seen.max(1)).take(self.width.taps);
        for (b, to) in to.enumerate() {
            match self.width.position(j, b) {
                Some(q) => to.copy_from_slice(&line[q * self.channels + self.first..][..self.seen]),
                None => to.fill(0.0),
            }
        }
    }
}

levels! {
    /// Runs of so many numbers, so many of them, `apart` from each other, to places `stride` apart.
    pub(super) fn copy_runs(from: &[Real], apart: usize, to: &mut [Real], stride: usize, size: [usize; 2]) {
        let [run, count] = size;
        for r in 0..count {
            to[r * stride..][..run].copy_from_slice(&from[r * apart..][..run]);
        }
    }
}
