//! How are the output's pixels computed, block by block?
//!
//! Forward, an output pixel sees a window of x. Backward it is the other way round: which outputs
//! did pixel h of x contribute to? With tap a it was output o where o · stride + a · dilation -
//! before = h, so the taps that can reach h are those whose a · dilation has the same remainder, the
//! *phase* of h, when divided by the stride:
//!
//! ```text
//!   stride 2, 4 taps, padding 1       h:  0    1    2    3    4    5
//!                                 phase:  1    0    1    0    1    0
//!                          taps, outputs: 1,0  0,1  1,1  0,2  1,2  0,3
//!                                              2,0  3,0  2,1  3,1  2,2
//! ```
//!
//! The pixels of one phase are a convolution of their own, at stride 1, of dy with every second tap
//! in reverse order. So both directions are the same sum, over the same kind of window, and both
//! *write* each pixel once: nothing is scattered, and nothing is multiplied by inserted zeros.

use super::Geometry;
use super::few::{Kernel, Rows, few_outputs};
use super::lower::{Axis, Lowering, SLACK};
use super::thin::Thin;
use super::winograd::Winograd;
use crate::Real;
use crate::gemm::rounds::multiply_rounds;
use crate::gemm::{Beta, How, PER_NANOSECOND, Then, fastest};
use crate::mat::{Mat, MatMut};
use crate::par;
use crate::scratch::with_scratch;
use crate::window::Window;
use std::ops::Range;

/// Pixels in a block, about.
const PIXELS: usize = 512;

/// Steps of the sum that a product takes at a time, about.
const DEPTH: usize = 512;

/// Weights are turned in squares of so many channels.
const SQUARE: usize = 16;

/// Up to so many output channels, the columns of a tile are mostly empty.
const FEW: usize = 4;

/// Some pixels of an image, and the convolution that makes them.
struct Part<'a> {
    lowering: Lowering,
    /// `[taps, run, outputs of a group]`: its rows are `w_stride` apart, and the rows of the kernel
    /// `w_taps` taps.
    w: &'a [Real],
    w_stride: usize,
    w_taps: usize,
    /// Along the height and the width: the first pixel that it makes, and the distance to the next.
    places: [(usize, usize); 2],
}

/// What a convolution writes: images of `[height, width, channels]`.
#[derive(Clone, Copy)]
struct Canvas {
    height: usize,
    width: usize,
    channels: usize,
    /// The channels that are written: those of a group.
    first: usize,
    written: usize,
}

/// See [`super::forward`].
pub(super) fn forward(g: &Geometry, x: &[Real], w: &[Real], bias: Option<&[Real]>, y: &mut [Real]) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let whole = Canvas {
        height: g.height.output,
        width: g.width.output,
        channels: g.out_channels,
        first: 0,
        written: outputs,
    };
    for group in 0..g.groups {
        let canvas = Canvas { first: group * outputs, ..whole };
        let lowering = Lowering {
            height: Axis::of(g.height),
            width: Axis::of(g.width),
            channels: g.in_channels,
            seen: inputs,
            first: group * inputs,
        };
        let part = Part {
            lowering,
            w: &w[canvas.first..],
            w_stride: g.out_channels,
            w_taps: g.width.taps,
            places: [(0, 1), (0, 1)],
        };
        let bias = bias.map(|bias| &bias[canvas.first..][..outputs]);
        compute(&[part], x, bias, canvas, y, g.multiply_adds() / g.groups);
    }
}

/// See [`super::input_gradient`].
pub(super) fn input_gradient(
    g: &Geometry,
    dy: &[Real],
    w: &[Real],
    bias: Option<&[Real]>,
    dx: &mut [Real],
) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let whole = Canvas {
        height: g.height.input,
        width: g.width.input,
        channels: g.in_channels,
        first: 0,
        written: inputs,
    };
    let size = w.len() / g.groups;
    for group in 0..g.groups {
        with_scratch(size, |turned| {
            let mut rest = turned;
            let mut parts = Vec::new();
            for rows in phases(g.height) {
                for columns in phases(g.width) {
                    let len = rows.taps.len() * columns.taps.len() * outputs * inputs;
                    let (turned, behind) = rest.split_at_mut(len);
                    rest = behind;
                    turn(g, w, group, [&rows.taps, &columns.taps], turned);
                    let lowering = Lowering {
                        height: rows.axis,
                        width: columns.axis,
                        channels: g.out_channels,
                        seen: outputs,
                        first: group * outputs,
                    };
                    let places = [rows.place, columns.place];
                    let w_taps = columns.taps.len();
                    parts.push(Part { lowering, w: turned, w_stride: inputs, w_taps, places });
                }
            }
            let canvas = Canvas { first: group * inputs, ..whole };
            let bias = bias.map(|bias| &bias[canvas.first..][..inputs]);
            compute(&parts, dy, bias, canvas, dx, g.multiply_adds() / g.groups);
        });
    }
}

/// The pixels of x along one axis that the same taps reach.
struct Phase {
    axis: Axis,
    /// Those taps, the last one first.
    taps: Vec<usize>,
    /// The first pixel, and the distance to the next.
    place: (usize, usize),
}

/// The phases of a window's input that have pixels.
fn phases(window: Window) -> Vec<Phase> {
    let Window { input, output, taps, stride, dilation, before } = window;
    let of = |phase: usize| {
        let taps: Vec<usize> =
            (0..taps).rev().filter(|tap| tap * dilation % stride == phase).collect();
        // h = q · stride + phase - before, from the first q with h >= 0 on.
        let first = before.saturating_sub(phase).div_ceil(stride);
        let pixel = first * stride + phase - before;
        // Tap a of pixel q reads output q - (a · dilation - phase) / stride.
        let reads = |tap: usize| first as isize - ((tap * dilation - phase) / stride) as isize;
        let step = match taps[..] {
            [a, b, ..] => (a - b) * dilation / stride,
            _ => 1,
        };
        let start = taps.first().map_or(0, |tap| reads(*tap));
        let outputs = input.saturating_sub(pixel).div_ceil(stride);
        let axis = Axis { source: output, outputs, taps: taps.len(), stride: 1, step, start };
        Phase { axis, taps, place: (pixel, stride) }
    };
    (0..stride).map(of).filter(|phase| phase.axis.outputs > 0).collect()
}

/// The weights of a group with inputs and outputs exchanged: `[taps, taps, outputs, inputs]`.
fn turn(g: &Geometry, w: &[Real], group: usize, taps: [&[usize]; 2], to: &mut [Real]) {
    let (inputs, outputs) = (g.in_channels / g.groups, g.out_channels / g.groups);
    if to.is_empty() {
        return;
    }
    let pairs: Vec<(usize, usize)> =
        taps[0].iter().flat_map(|a| taps[1].iter().map(move |b| (*a, *b))).collect();
    let (work, size) = (to.len(), outputs * inputs);
    par::for_each_chunk(to, size, work, |start, to| {
        let (a, b) = pairs[start / size];
        let from = &w[(a * g.width.taps + b) * inputs * g.out_channels + group * outputs..];
        // Square by square, so that the lines of both sides stay near.
        for o in (0..outputs).step_by(SQUARE) {
            for c in (0..inputs).step_by(SQUARE) {
                for o in o..(o + SQUARE).min(outputs) {
                    for c in c..(c + SQUARE).min(inputs) {
                        to[o * inputs + c] = from[c * g.out_channels + o];
                    }
                }
            }
        }
    });
}

/// Some rows of a canvas, from row `first` on.
struct Onto<'a> {
    parts: &'a [Part<'a>],
    bias: Option<&'a [Real]>,
    first: usize,
    canvas: Canvas,
    y: &'a mut [Real],
}

impl Rows for Onto<'_> {
    fn height(&self) -> usize {
        self.canvas.height
    }

    fn before(&self, part: usize, row: usize) -> usize {
        self.parts[part].rows(row, self.canvas)
    }

    fn place(&mut self, part: usize, row: usize, pixels: &[Real]) {
        self.parts[part].place(row, pixels, self.bias, self.first, self.canvas, self.y);
    }
}

/// Makes the pixels of all parts, image rows shared out among threads.
fn compute(
    parts: &[Part<'_>],
    source: &[Real],
    bias: Option<&[Real]>,
    canvas: Canvas,
    y: &mut [Real],
    multiply_adds: usize,
) {
    let line = canvas.width * canvas.channels;
    if y.is_empty() {
        return;
    }
    let rows = y.len() / line;
    let pieces = par::pieces(multiply_adds / PER_NANOSECOND).min(rows);
    let images = rows / canvas.height;
    let depth: usize =
        parts.iter().map(|part| part.lowering.height.taps * part.lowering.width.taps).sum();
    if canvas.written <= FEW && depth > canvas.written * parts.len() {
        let kernels: Vec<Kernel<'_>> = parts
            .iter()
            .map(|part| Kernel { windows: part.lowering, w: part.w, w_stride: part.w_stride })
            .collect();
        par::for_each_cut(y, line, pieces, &|first, y: &mut [Real]| {
            let rows = first..first + y.len() / line;
            let mut onto = Onto { parts, bias, first, canvas, y };
            few_outputs(&kernels, source, canvas.written, rows, &mut onto);
        });
        return;
    }
    let plan = |part: &Part<'_>| {
        let plan = Winograd::of(&part.lowering, canvas.written);
        plan.filter(|plan| plan.pays(&part.lowering, images))
    };
    let plans: Vec<Option<Winograd>> = parts.iter().map(plan).collect();
    let len = |plan: &Option<Winograd>| plan.as_ref().map_or(0, Winograd::weights_len);
    with_scratch(plans.iter().map(len).sum(), |mut rest| {
        let mut ways = Vec::new();
        for (part, plan) in parts.iter().zip(&plans) {
            let (weights, behind) = rest.split_at_mut(len(plan));
            rest = behind;
            ways.push((
                part,
                plan.as_ref().map(|plan| plan.transform(part.w, part.w_taps, weights)),
            ));
        }
        // A pixel is computed in the same way wherever the images are cut.
        par::for_each_cut(y, line, pieces, &|first, y: &mut [Real]| {
            for (part, transformed) in &ways {
                let rows = part.rows(first, canvas)..part.rows(first + y.len() / line, canvas);
                if rows.is_empty() || part.lowering.width.outputs == 0 {
                    continue;
                }
                if let Some(transformed) = transformed {
                    transformed.pixels(&part.lowering, source, rows, |row, pixels| {
                        part.place(row, pixels, bias, first, canvas, y);
                    });
                } else if let Some(thin) = Thin::of(&part.lowering) {
                    part.multiply_in_place(thin, source, rows, bias, first, canvas, y);
                } else if part.is_narrow() {
                    for j in 0..part.lowering.width.outputs {
                        part.column(j).compute(source, rows.clone(), bias, first, canvas, y);
                    }
                } else {
                    part.compute(source, rows, bias, first, canvas, y);
                }
            }
        });
    });
}

impl Part<'_> {
    /// How many of its image rows, counted through all images, lie before row `row` of the canvas.
    fn rows(&self, row: usize, canvas: Canvas) -> usize {
        let (n, h) = (row / canvas.height, row % canvas.height);
        let (first, apart) = self.places[0];
        let outputs = self.lowering.height.outputs;
        n * outputs + h.saturating_sub(first).div_ceil(apart).min(outputs)
    }

    /// Where on the canvas its image row `row` starts, counted from canvas row `first`.
    fn start(&self, row: usize, first: usize, canvas: Canvas) -> usize {
        let outputs = self.lowering.height.outputs;
        let (n, i) = (row / outputs, row % outputs);
        let h = self.places[0].0 + i * self.places[0].1;
        ((n * canvas.height + h - first) * canvas.width + self.places[1].0) * canvas.channels
            + canvas.first
    }

    /// Do more than a tenth of its taps lie in the padding on the left or on the right?
    fn is_narrow(&self) -> bool {
        let width = self.lowering.width;
        let all = width.outputs * width.taps;
        let inside: usize = (0..width.taps).map(|b| width.inside(b).len()).sum();
        inside < all - all / 10 && self.lowering.run() > SLACK
    }

    /// The pixels of column j alone: a product without the taps that see only padding.
    fn column(&self, j: usize) -> Part<'_> {
        let Lowering { width, seen, .. } = self.lowering;
        let sees = |b: &usize| width.position(j, *b).is_some();
        let first = (0..width.taps).find(sees).unwrap_or(0);
        let taps = (0..width.taps).filter(sees).count();
        let start = width.start + (j * width.stride + first * width.step) as isize;
        let (place, apart) = self.places[1];
        Part {
            lowering: Lowering {
                width: Axis { outputs: 1, taps, start, ..width },
                ..self.lowering
            },
            w: &self.w[(first * seen * self.w_stride).min(self.w.len())..],
            places: [self.places[0], (place + j * apart, apart)],
            ..*self
        }
    }

    /// Writes one image row of pixels, and adds the bias.
    fn place(
        &self,
        row: usize,
        pixels: &[Real],
        bias: Option<&[Real]>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        let apart = self.places[1].1 * canvas.channels;
        let to = y[self.start(row, first, canvas)..].chunks_mut(apart);
        for (to, pixel) in to.zip(pixels.chunks_exact(canvas.written)) {
            match bias {
                Some(bias) => {
                    for ((to, x), bias) in to.iter_mut().zip(pixel).zip(bias) {
                        *to = x + bias;
                    }
                }
                None => to[..pixel.len()].copy_from_slice(pixel),
            }
        }
    }

    /// Makes the pixels of its image rows `rows`, line by line.
    #[expect(clippy::too_many_arguments, reason = "the way of `compute` for thin windows")]
    fn multiply_in_place(
        &self,
        thin: Thin,
        source: &[Real],
        rows: Range<usize>,
        bias: Option<&[Real]>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        let (width, outputs) = (self.lowering.width.outputs, canvas.written);
        let w = Mat::strided(self.w, (self.lowering.depth(), outputs), (self.w_stride, 1));
        let neighbours = self.places[1] == (0, 1);
        with_scratch(if neighbours { 0 } else { width * outputs }, |pixels| {
            thin.each_row(source, rows, outputs, |row, windows| {
                if !neighbours {
                    let c = MatMut::new(pixels, width, outputs);
                    multiply_rounds(windows, w, c, Beta::Zero);
                    return self.place(row, pixels, bias, first, canvas, y);
                }
                let y = &mut y[self.start(row, first, canvas)..];
                let mut c = MatMut::strided(y, (width, outputs), canvas.channels);
                if let Some(bias) = bias {
                    (0..width).for_each(|j| c.row_mut(j).copy_from_slice(bias));
                }
                let beta = if bias.is_some() { Beta::One } else { Beta::Zero };
                multiply_rounds(windows, w, c, beta);
            });
        });
    }

    /// Makes the pixels of its image rows `rows`, by products.
    fn compute(
        &self,
        source: &[Real],
        rows: Range<usize>,
        bias: Option<&[Real]>,
        first: usize,
        canvas: Canvas,
        y: &mut [Real],
    ) {
        let width = self.lowering.width.outputs;
        let block = (PIXELS / width).clamp(1, rows.len());
        // Pixels that are evenly spaced on the canvas are written by the product itself.
        let apart = match (self.places, width) {
            ([(0, 1), (0, 1)], width) if width == canvas.width => Some(canvas.channels),
            ([(0, 1), _], 1) => Some(canvas.width * canvas.channels),
            _ => None,
        };
        let room = if apart.is_some() { 0 } else { block * width * canvas.written };
        with_scratch(room, |pixels| {
            for start in rows.clone().step_by(block) {
                let block = start..(start + block).min(rows.end);
                let count = block.len() * width;
                if let Some(apart) = apart {
                    let y = &mut y[self.start(start, first, canvas)..];
                    let c = MatMut::strided(y, (count, canvas.written), apart);
                    self.products(source, block, bias, c);
                } else {
                    let c = &mut pixels[..count * canvas.written];
                    let c = MatMut::new(c, count, canvas.written);
                    self.products(source, block.clone(), None, c);
                    let lines = pixels.chunks_exact(width * canvas.written);
                    for (row, pixels) in block.zip(lines) {
                        self.place(row, pixels, bias, first, canvas, y);
                    }
                }
            }
        });
    }

    /// C = window rows of all pixels of these image rows · W, and the bias.
    fn products(
        &self,
        source: &[Real],
        rows: Range<usize>,
        bias: Option<&[Real]>,
        mut c: MatMut<'_>,
    ) {
        let (run, taps) = (self.lowering.run(), self.lowering.height.taps);
        let width = self.lowering.width.outputs;
        let whole = self.lowering.width.taps == self.w_taps;
        let at_once = if whole { (DEPTH / run.max(1)).clamp(1, taps.max(1)) } else { 1 };
        let stride = (at_once * run).next_multiple_of(16) + SLACK;
        if run * taps > 0 && at_once >= taps {
            return self.single_product(source, rows, stride, bias, c);
        }
        for i in 0..c.rows() {
            match bias {
                Some(bias) => c.row_mut(i).copy_from_slice(bias),
                None => c.row_mut(i).fill(0.0),
            }
        }
        if run == 0 {
            return;
        }
        with_scratch(c.rows() * stride, |gathered| {
            for a in (0..taps).step_by(at_once) {
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
    }

    /// [`Part::products`] where the windows are so small that a single product takes all taps.
    fn single_product(
        &self,
        source: &[Real],
        rows: Range<usize>,
        stride: usize,
        bias: Option<&[Real]>,
        c: MatMut<'_>,
    ) {
        let depth = self.lowering.depth();
        let w = Mat::strided(self.w, (depth, c.cols()), (self.w_stride, 1));
        let add_bias = |j: usize, run: &mut [Real]| {
            for (x, bias) in run.iter_mut().zip(&bias.unwrap_or_default()[j..]) {
                *x += bias;
            }
        };
        let then = bias.is_some().then_some(&add_bias as &Then<'_>);
        let how = How { then, ..How::alone(Beta::Zero, c.cols()) };
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
