//! How are some pixels of an image made of window rows?
//!
//! A [`Part`] is the pixels of one phase, or all of them. It knows where on the canvas they lie,
//! and two ways to make them: from copied window rows, block by block (`lower.rs`), and from thin
//! ones in place.
//!
//! ```text
//!   canvas at stride 2        a block of part 1
//!
//!     0 1 0 1 0 1              window rows        W        pixels
//!     2 3 2 3 2 3             [ x x x x x x ]  [ w w ]     [ y y ]      to every second column
//!     0 1 0 1 0 1             [ x x x x x x ]  [ ... ]  =  [ y y ]  ->  of every second line,
//!     2 3 2 3 2 3             [ x x x x x x ]  [ w w ]     [ y y ]      with the epilogue
//!
//!   part 1: every second pixel, down from 0 on and across from 1 on
//! ```
//!
//! A window of an upsampled convolution makes a block of 2 x 2 pixels, all four phases, side by side
//! in a row of its product (`upsampled.rs`). A single part without blocks fills the whole canvas, and
//! its products are written where they belong.

use super::lower::{Axis, Lowering, padded};
use super::thin::Thin;
use super::winograd::Kernel;
use crate::gemm::rounds::multiply_rounds;
use crate::gemm::{Beta, How, Then, fastest};
use crate::mat::{Mat, MatMut};
use crate::scratch::with_scratch;
use crate::{Epilogue, Real};
use std::ops::Range;

/// Pixels in a block, about.
const PIXELS: usize = 512;

/// Steps of the sum that a product takes at a time, about.
const DEPTH: usize = 512;

/// Up to so many numbers in a window row, taps in the padding are not worth products of their own.
const SHORT: usize = 16;

/// Some pixels of an image, and the convolution that makes them.
pub(super) struct Part<'a> {
    pub(super) lowering: Lowering,
    /// `[taps, run, pixels of a block, outputs of a group]`: its rows are `w_stride` apart, and the
    /// rows of the kernel `w_taps` taps.
    pub(super) w: &'a [Real],
    pub(super) w_stride: usize,
    pub(super) w_taps: usize,
    /// What is known of the taps of `w`.
    pub(super) kernel: Kernel,
    /// Along the height and the width.
    pub(super) places: [Places; 2],
}

/// Where along one axis of the canvas the pixels of the windows lie: those of window i are
/// first + i · apart and its neighbours, as many as the block has. Some may lie outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) first: isize,
    pub(super) apart: usize,
    pub(super) block: usize,
}

impl Places {
    /// Window i makes pixel i.
    pub(super) const ALL: Places = Places { first: 0, apart: 1, block: 1 };

    /// The windows whose pixel `at` of their block lies on a canvas of this size, and the first such
    /// pixel.
    fn on_canvas(self, at: usize, windows: usize, size: usize) -> (Range<usize>, usize) {
        let offset = self.first + at as isize;
        let before =
            |end: isize| ((end - offset).max(0) as usize).div_ceil(self.apart).min(windows);
        let range = before(0)..before(size as isize);
        let pixel = offset + (range.start * self.apart) as isize;
        (range, pixel.clamp(0, size as isize) as usize)
    }
}

/// What a convolution writes: images of `[height, width, channels]`.
#[derive(Clone, Copy)]
pub(super) struct Canvas {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    /// The channels that are written: those of a group.
    pub(super) first: usize,
    pub(super) written: usize,
}

impl Part<'_> {
    pub(super) fn taps(&self) -> usize {
        self.lowering.height.taps * self.lowering.width.taps
    }

    /// Columns of its product: the numbers that a window makes.
    pub(super) fn columns(&self, canvas: Canvas) -> usize {
        self.places[0].block * self.places[1].block * canvas.written
    }

    /// Its image rows, counted through all images, that make some of these rows of the canvas.
    pub(super) fn rows(&self, rows: Range<usize>, canvas: Canvas) -> Range<usize> {
        let Places { first, apart, block } = self.places[0];
        let outputs = self.lowering.height.outputs;
        // Those whose first pixel lies before pixel h of an image, and those whose last one does.
        let begun = |h: isize| ((h - first).max(0) as usize).div_ceil(apart).min(outputs);
        let ended = |h: usize| begun(h as isize - (block as isize - 1));
        let image = |row: usize| (row / canvas.height * outputs, row % canvas.height);
        if rows.is_empty() {
            return 0..0;
        }
        let ((from, top), (to, bottom)) = (image(rows.start), image(rows.end - 1));
        from + ended(top)..to + begun(bottom as isize + 1)
    }

    /// Where on the canvas its image row `row` starts, counted from canvas row `first`, if it has
    /// no blocks.
    fn start(&self, row: usize, first: usize, canvas: Canvas) -> usize {
        let outputs = self.lowering.height.outputs;
        let (n, i) = (row / outputs, row % outputs);
        let [h, k] = self.places.map(|places| places.first as usize);
        let h = h + i * self.places[0].apart;
        ((n * canvas.height + h - first) * canvas.width + k) * canvas.channels + canvas.first
    }

    /// Do more than a tenth of its taps lie in the padding on the left or on the right?
    pub(super) fn is_narrow(&self) -> bool {
        let width = self.lowering.width;
        let all = width.outputs * width.taps;
        let inside: usize = (0..width.taps).map(|b| width.inside(b).len()).sum();
        inside < all - all / 10 && self.lowering.run() > SHORT
    }

    /// The pixels of column j alone: a product without the taps that see only padding.
    pub(super) fn column(&self, j: usize) -> Part<'_> {
        let Lowering { width, seen, .. } = self.lowering;
        let sees = |b: &usize| width.position(j, *b).is_some();
        let first = (0..width.taps).find(sees).unwrap_or(0);
        let taps = (0..width.taps).filter(sees).count();
        let start = width.start + (j * width.stride + first * width.step) as isize;
        let places = self.places[1];
        let place = places.first + (j * places.apart) as isize;
        Part {
            lowering: Lowering {
                width: Axis { outputs: 1, taps, start, ..width },
                ..self.lowering
            },
            w: &self.w[(first * seen * self.w_stride).min(self.w.len())..],
            places: [self.places[0], Places { first: place, ..places }],
            ..*self
        }
    }

    /// Writes one image row of pixels, after what follows.
    pub(super) fn place(
        &self,
        row: usize,
        pixels: &mut [Real],
        epilogue: Epilogue<'_>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        epilogue.finish_rows(pixels);
        let Lowering { height, width, .. } = self.lowering;
        let [down, right] = self.places;
        let (n, i) = (row / height.outputs, row % height.outputs);
        let line = canvas.width * canvas.channels;
        for (r, s) in (0..down.block).flat_map(|r| (0..right.block).map(move |s| (r, s))) {
            let h = down.first + (i * down.apart + r) as isize;
            if h < 0 || h >= canvas.height as isize {
                continue;
            }
            let Some(at) = (n * canvas.height + h as usize).checked_sub(first) else { continue };
            let Some(y) = y.get_mut(at * line..(at + 1) * line) else { continue };
            let (windows, pixel) = right.on_canvas(s, width.outputs, canvas.width);
            let from = pixels.chunks_exact(self.columns(canvas)).skip(windows.start);
            let to = y[pixel * canvas.channels + canvas.first..]
                .chunks_mut(right.apart * canvas.channels);
            for (to, window) in to.zip(from.take(windows.len())) {
                let from = (r * right.block + s) * canvas.written;
                to[..canvas.written].copy_from_slice(&window[from..][..canvas.written]);
            }
        }
    }

    /// Makes the pixels of its image rows `rows`, line by line.
    #[expect(clippy::too_many_arguments, reason = "the way of `compute` for thin windows")]
    pub(super) fn multiply_in_place(
        &self,
        thin: Thin,
        source: &[Real],
        rows: Range<usize>,
        epilogue: Epilogue<'_>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        let (width, outputs) = (self.lowering.width.outputs, self.columns(canvas));
        let w = Mat::strided(self.w, (self.lowering.depth(), outputs), (self.w_stride, 1));
        let neighbours = self.places[1] == Places::ALL && self.places[0].block == 1;
        with_scratch(if neighbours { 0 } else { width * outputs }, |pixels| {
            thin.each_row(source, rows, outputs, |row, windows| {
                if !neighbours {
                    let c = MatMut::new(pixels, width, outputs);
                    multiply_rounds(windows, w, c, Beta::Zero);
                    return self.place(row, pixels, epilogue, first, canvas, y);
                }
                let y = &mut y[self.start(row, first, canvas)..];
                let mut c = MatMut::strided(y, (width, outputs), canvas.channels);
                multiply_rounds(windows, w, c.block(0, 0, width, outputs), Beta::Zero);
                (0..width).for_each(|j| epilogue.finish(0, c.row_mut(j)));
            });
        });
    }

    /// Makes the pixels of its image rows `rows`, by products.
    pub(super) fn compute(
        &self,
        source: &[Real],
        rows: Range<usize>,
        epilogue: Epilogue<'_>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        let (width, outputs) = (self.lowering.width.outputs, self.columns(canvas));
        // Fewer where a window row is long, so that a block of them stays in L2.
        let pixels = PIXELS * DEPTH / self.lowering.run().max(DEPTH);
        let block = (pixels / width).clamp(1, rows.len());
        // Pixels that are evenly spaced on the canvas are written by the product itself.
        let apart = match (self.places, width) {
            ([Places::ALL, Places::ALL], width) if width == canvas.width => Some(canvas.channels),
            ([Places::ALL, Places { block: 1, .. }], 1) => Some(canvas.width * canvas.channels),
            _ => None,
        };
        let room = if apart.is_some() { 0 } else { block * width * outputs };
        with_scratch(room, |pixels| {
            for start in rows.clone().step_by(block) {
                let block = start..(start + block).min(rows.end);
                let count = block.len() * width;
                if let Some(apart) = apart {
                    let y = &mut y[self.start(start, first, canvas)..];
                    let c = MatMut::strided(y, (count, outputs), apart);
                    self.products(source, block, epilogue, c);
                } else {
                    let c = &mut pixels[..count * outputs];
                    let c = MatMut::new(c, count, outputs);
                    self.products(source, block.clone(), Epilogue::NOTHING, c);
                    let lines = pixels.chunks_exact_mut(width * outputs);
                    for (row, pixels) in block.zip(lines) {
                        self.place(row, pixels, epilogue, first, canvas, y);
                    }
                }
            }
        });
    }

    /// C = window rows of all pixels of these image rows · W, and what follows.
    fn products(
        &self,
        source: &[Real],
        rows: Range<usize>,
        epilogue: Epilogue<'_>,
        mut c: MatMut<'_>,
    ) {
        let (run, taps) = (self.lowering.run(), self.lowering.height.taps);
        let width = self.lowering.width.outputs;
        let whole = self.lowering.width.taps == self.w_taps;
        let at_once = if whole { (DEPTH / run.max(1)).clamp(1, taps.max(1)) } else { 1 };
        let stride = padded(at_once * run);
        if run * taps > 0 && at_once >= taps {
            return self.single_product(source, rows, stride, epilogue, c);
        }
        (0..c.rows()).for_each(|i| c.row_mut(i).fill(0.0));
        with_scratch(c.rows() * stride, |gathered| {
            for a in (0..taps).step_by(at_once).filter(|_| run > 0) {
                let taps = a..(a + at_once).min(taps);
                let w = &self.w[a * self.w_taps * self.lowering.seen * self.w_stride..];
                let w = Mat::strided(w, (taps.len() * run, c.cols()), (self.w_stride, 1));
                for seen in self.rows_that_see(&taps, &rows) {
                    let (first, count) = ((seen.start - rows.start) * width, seen.len() * width);
                    self.lowering.gather(source, seen, taps.clone(), gathered, stride);
                    let windows = Mat::strided(gathered, (count, w.rows()), (stride, 1));
                    let outputs = c.cols();
                    let c = c.block(first, 0, count, outputs);
                    fastest()(windows, w, c, How::alone(Beta::One, outputs));
                }
            }
        });
        (0..c.rows()).for_each(|i| epilogue.finish(0, c.row_mut(i)));
    }

    /// [`Part::products`] where the windows are so small that a single product takes all taps.
    fn single_product(
        &self,
        source: &[Real],
        rows: Range<usize>,
        stride: usize,
        epilogue: Epilogue<'_>,
        c: MatMut<'_>,
    ) {
        let depth = self.lowering.depth();
        let w = Mat::strided(self.w, (depth, c.cols()), (self.w_stride, 1));
        let finish = |j: usize, run: &mut [Real]| epilogue.finish(j, run);
        let then = (!epilogue.is_nothing()).then_some(&finish as &Then<'_>);
        let how = How { then, ..How::alone(Beta::Zero, c.cols()) };
        if let Some(windows) = self.lowering.in_place(source, &rows) {
            return fastest()(windows, w, c, how);
        }
        with_scratch(c.rows() * stride, |gathered| {
            self.lowering.gather(source, rows, 0..self.lowering.height.taps, gathered, stride);
            let windows = Mat::strided(gathered, (c.rows(), depth), (stride, 1));
            fastest()(windows, w, c, how);
        });
    }

    /// Those of the image rows `rows` that see something of the source with one of these taps, in
    /// runs of neighbours; all of them where hardly any could be left out.
    fn rows_that_see(&self, taps: &Range<usize>, rows: &Range<usize>) -> Vec<Range<usize>> {
        let height = self.lowering.height;
        let sees =
            |row: &usize| taps.clone().any(|a| height.position(row % height.outputs, a).is_some());
        if rows.clone().filter(|row| !sees(row)).count() <= rows.len() / 10 {
            return vec![rows.clone()];
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        for row in rows.clone().filter(sees) {
            match runs.last_mut() {
                Some(run) if run.end == row => run.end = row + 1,
                _ => runs.push(row..row + 1),
            }
        }
        runs
    }
}
