//! What if windows have hardly any input channels?
//!
//! With one or three channels a window row is a few numbers, and copying it costs as much as
//! multiplying it. So it stays where it is. A few lines of the image are copied once, padded at
//! both ends, and then windows are rows of a matrix that overlap in memory:
//!
//! ```text
//!   line p      0 0 a b c d e f 0 0        window 0:  0 0 a b c
//!   line p + 1  0 0 g h i j k l 0 0        window 1:    0 a b c d      a row of the kernel is
//!   line p + 2  ...                        window 2:      a b c d e    a round of the sum
//! ```
//!
//! `gemm/rounds.rs` multiplies such a matrix. For the weights' gradient its transpose is taken:
//! then the taps of a row of the kernel are the rows, the pixels of a line the steps, and each line
//! of the output a round.

use super::lower::Lowering;
use crate::Real;
use crate::gemm::Beta;
use crate::gemm::rounds::{Rounds, multiply_rounds};
use crate::mat::{Mat, MatMut};
use crate::scratch::with_scratch;
use std::ops::Range;

/// A window row has so many numbers at most.
const THIN: usize = 16;

/// Numbers of the output's lines at a time, about: 128 KiB in f32.
const ROOM: usize = 1 << 15;

/// Windows that are read in place.
#[derive(Clone, Copy)]
pub(super) struct Thin(Lowering);

impl Thin {
    /// These windows, if they are thin.
    pub(super) fn of(windows: &Lowering) -> Option<Thin> {
        let Lowering { width, channels, seen, .. } = *windows;
        let run = windows.run();
        let thin = seen == channels && width.step == 1 && 0 < run && run <= THIN;
        (thin && width.outputs > 0 && windows.depth() > 0).then_some(Thin(*windows))
    }

    /// Numbers of a padded line.
    fn line_len(self) -> usize {
        let Lowering { width, channels, .. } = self.0;
        ((width.outputs - 1) * width.stride + width.taps) * channels
    }

    /// Lines that so many output rows see.
    fn lines(self, rows: usize) -> usize {
        let height = self.0.height;
        (rows - 1) * height.stride + (height.taps - 1) * height.step + 1
    }

    /// Cuts image rows, counted through all images, into blocks of one image each, and calls
    /// `body(block, lines)` with the padded lines that a block sees.
    fn each_block(
        self,
        source: &[Real],
        rows: Range<usize>,
        outputs: usize,
        mut body: impl FnMut(Range<usize>, &[Real]),
    ) {
        let height = self.0.height;
        let line = self.0.width.outputs * outputs;
        let most = (ROOM / line.max(1)).clamp(1, height.outputs);
        with_scratch(self.lines(most) * self.line_len(), |lines| {
            let mut row = rows.start;
            while row < rows.end {
                let (n, i) = (row / height.outputs, row % height.outputs);
                let count = most.min(height.outputs - i).min(rows.end - row);
                self.pad(source, n, i, &mut lines[..self.lines(count) * self.line_len()]);
                body(row..row + count, lines);
                row += count;
            }
        });
    }

    /// Copies the lines of image n from the first that output row i sees on.
    fn pad(self, source: &[Real], n: usize, i: usize, to: &mut [Real]) {
        let Lowering { height, width, channels, .. } = self.0;
        let size = width.source * channels;
        // Where a line starts in its padded copy, and how much of it is seen.
        let shift = width.start * channels as isize;
        let (from, at) = (shift.max(0) as usize, (-shift).max(0) as usize);
        let some = self.line_len().saturating_sub(at).min(size.saturating_sub(from));
        for (k, to) in to.chunks_exact_mut(self.line_len()).enumerate() {
            let p = (i * height.stride + k) as isize + height.start;
            to.fill(0.0);
            if 0 <= p && p < height.source as isize && some > 0 {
                let line = &source[(n * height.source + p as usize) * size..][..size];
                to[at..at + some].copy_from_slice(&line[from..from + some]);
            }
        }
    }

    /// Calls `place(row, windows)` for each of the image rows `rows`: the windows of the row's
    /// pixels times `[depth, outputs]` are these pixels.
    pub(super) fn each_row(
        self,
        source: &[Real],
        rows: Range<usize>,
        outputs: usize,
        mut place: impl FnMut(usize, Rounds<'_>),
    ) {
        let Lowering { height, width, channels, .. } = self.0;
        let line = self.line_len();
        self.each_block(source, rows, outputs, |block, lines| {
            for (k, row) in block.enumerate() {
                let windows = Rounds {
                    data: &lines[k * height.stride * line..],
                    rows: width.outputs,
                    row_stride: width.stride * channels,
                    steps: self.0.run(),
                    step_stride: 1,
                    rounds: height.taps,
                    round: height.step * line,
                };
                place(row, windows);
            }
        });
    }

    /// C = the sum of (window)ᵀ (pixel) over the pixels of these image rows. A pixel has so many
    /// channels, of which some are multiplied.
    pub(super) fn sum(
        self,
        source: &[Real],
        rows: Range<usize>,
        (pixels, channels): (&[Real], usize),
        mut c: MatMut<'_>,
    ) {
        let (windows, run, line) = (self.0, self.0.run(), self.line_len());
        let Lowering { height, width, .. } = windows;
        let (first, count) = (rows.start, c.cols());
        if rows.is_empty() {
            (0..c.rows()).for_each(|i| c.row_mut(i).fill(0.0));
        }
        self.each_block(source, rows, count, |block, lines| {
            let beta = if block.start == first { Beta::Zero } else { Beta::One };
            let steps = block.len() * width.outputs;
            let b = &pixels[block.start * width.outputs * channels..];
            let b = Mat::strided(b, (steps, count), (channels, 1));
            for a in 0..height.taps {
                let taps = Rounds {
                    data: &lines[a * height.step * line..],
                    rows: run,
                    row_stride: 1,
                    steps: width.outputs,
                    step_stride: width.stride * windows.channels,
                    rounds: block.len(),
                    round: height.stride * line,
                };
                multiply_rounds(taps, b, c.block(a * run, 0, run, count), beta);
            }
        });
    }
}
