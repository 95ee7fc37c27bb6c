//! What of an image do tiles of outputs see, and how do products become their pixels?
//!
//! Both directions go along one axis after the other. Lines first: two or four of them are added in
//! one sweep, with zeros at both ends in place of the padding. Then pixels of such a line:
//!
//! ```text
//!   line of x, padded      . . a b c d e f . .
//!   seen of 3 taps at 0    .-b   a-c   ...          d0 - d2, for tile after tile
//! ```

use super::super::lower::Lowering;
use super::filter::Sum;
use crate::Real;
use crate::on_level::{LONG, levels};
use std::ops::Range;

/// Numbers in a sum of what is seen, at most.
const MOST: usize = 4;

/// Images that are seen in tiles of side x side places of a window.
pub(super) struct Tiled<'a> {
    pub(super) side: usize,
    pub(super) windows: Lowering,
    pub(super) source: &'a [Real],
}

impl Tiled<'_> {
    /// Down an image, and across.
    pub(super) fn tiles(&self) -> [usize; 2] {
        [self.windows.height, self.windows.width].map(|axis| axis.outputs.div_ceil(self.side))
    }

    /// The row of tiles, counted through all images, with this image row.
    pub(super) fn tile_row(&self, row: usize) -> usize {
        let outputs = self.windows.height.outputs;
        row / outputs * self.tiles()[0] + row % outputs / self.side
    }

    /// The image rows of a row of tiles: as many as its side, or fewer at the end.
    pub(super) fn image_rows(&self, tile_row: usize) -> Range<usize> {
        let (outputs, [down, _]) = (self.windows.height.outputs, self.tiles());
        let (n, i) = (tile_row / down, tile_row % down * self.side);
        n * outputs + i..n * outputs + (i + self.side).min(outputs)
    }

    /// Numbers of a line of the source, padded for all windows.
    pub(super) fn line_len(&self) -> usize {
        let Lowering { width, channels, .. } = self.windows;
        ((self.side * self.tiles()[1] - 1) * width.stride + width.taps) * channels
    }

    /// Adds lines: `[rows of tiles, sums, line]`.
    pub(super) fn add_lines(&self, tile_rows: Range<usize>, sums: &[Sum], to: &mut [Real]) {
        let Lowering { height, width, channels, .. } = self.windows;
        let [down, _] = self.tiles();
        let size = width.source * channels;
        // Where the line starts in its padded copy, and how much of it is seen.
        let shift = width.start * channels as isize;
        let (from, at) = (shift.max(0) as usize, (-shift).max(0) as usize);
        let len = self.line_len();
        let some = len.saturating_sub(at).min(size.saturating_sub(from));
        let mut to = to.chunks_exact_mut(len);
        for tile_row in tile_rows {
            let (n, i) = (tile_row / down, tile_row % down * self.side);
            let line = |&(offset, sign): &(usize, Real)| {
                let p = (i * height.stride + offset) as isize + height.start;
                let inside = 0 <= p && p < height.source as isize && some > 0;
                let start = (n * height.source + p.max(0) as usize) * size + from;
                inside.then(|| (&self.source[start..][..some], sign))
            };
            for sum in sums {
                let to = to.next().expect("a line for each sum");
                let (before, rest) = to.split_at_mut(at.min(len));
                let (to, behind) = rest.split_at_mut(some);
                before.fill(0.0);
                behind.fill(0.0);
                let mut lines = [(&[][..], 0.0); MOST];
                let inside = sum.iter().filter_map(line);
                let count = lines.iter_mut().zip(inside).map(|(to, line)| *to = line).count();
                add_runs(LONG, &lines[..count], 0, to, 0, [some, 1]);
            }
        }
    }

    /// Adds pixels of these lines: `[rows of tiles, tiles across, sums of both axes, channels]`, the
    /// tiles `stride` apart.
    pub(super) fn add_pixels(
        &self,
        (rows, down): (usize, usize),
        right: &[Sum],
        lines: &[Real],
        to: &mut [Real],
        stride: usize,
    ) {
        let Lowering { width, channels, .. } = self.windows;
        let [_, across] = self.tiles();
        let lines = lines.chunks_exact(self.line_len()).take(rows * down);
        for (n, line) in lines.enumerate() {
            let (row, term) = (n / down, n % down);
            for (m, sum) in right.iter().enumerate() {
                let to = &mut to[row * across * stride + (term * right.len() + m) * channels..];
                let mut pixels = [(line, 0.0); MOST];
                for (to, (pixel, sign)) in pixels.iter_mut().zip(sum) {
                    *to = (&line[pixel * channels..], *sign);
                }
                let apart = self.side * width.stride * channels;
                add_runs(LONG, &pixels[..sum.len()], apart, to, stride, [channels, across]);
            }
        }
    }
}

levels! {
    /// Runs of so many numbers, so many of them: the sum of factor · x over these x, whose runs are
    /// `apart` from each other, to places `stride` apart.
    pub(super) fn add_runs(
        from: &[(&[Real], Real)],
        apart: usize,
        to: &mut [Real],
        stride: usize,
        size: [usize; 2],
    ) {
        let [run, _] = size;
        match *from {
            [(x, 1.0)] => each_run(apart, to, stride, size, |at, to| {
                to.copy_from_slice(&x[at..][..run]);
            }),
            [(x, 1.0), (z, sign)] => each_run(apart, to, stride, size, |at, to| {
                let [x, z] = [x, z].map(|x| &x[at..][..run]);
                (0..run).for_each(|i| to[i] = x[i] + sign * z[i]);
            }),
            [(a, s), (b, t), (c, u), (d, v)] => each_run(apart, to, stride, size, |at, to| {
                let [a, b, c, d] = [a, b, c, d].map(|x| &x[at..][..run]);
                (0..run).for_each(|i| to[i] = (s * a[i] + t * b[i]) + (u * c[i] + v * d[i]));
            }),
            _ => each_run(apart, to, stride, size, |at, to| {
                to.fill(0.0);
                for (x, factor) in from {
                    let x = &x[at..][..run];
                    (0..run).for_each(|i| to[i] += factor * x[i]);
                }
            }),
        }
    }
}

/// Calls `fill(at, run)` for each run that [`add_runs`] writes; `at` is where its sources start.
#[inline(always)]
fn each_run(
    apart: usize,
    to: &mut [Real],
    stride: usize,
    [run, count]: [usize; 2],
    mut fill: impl FnMut(usize, &mut [Real]),
) {
    for r in 0..count {
        fill(r * apart, &mut to[r * stride..][..run]);
    }
}

/// How the products of a tile lie: `[points down, points right, phases, phases, outputs]`, where a
/// point has as many phases as it has products of its own.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    /// Of each point down, and right.
    pub(super) phases: [&'a [usize]; 2],
    pub(super) outputs: usize,
}

impl Made<'_> {
    /// Numbers of a tile.
    pub(super) fn len(self) -> usize {
        let [down, right] = self.phases.map(|phases| phases.iter().sum::<usize>());
        down * right * self.outputs
    }
}

levels! {
    /// The pixels of a row of tiles, `[side, tiles across, side, phases, phases, outputs]`, from
    /// their products, which are `stride` apart.
    pub(super) fn finish(
        side: usize,
        made: &[Real],
        stride: usize,
        size: Made<'_>,
        pixels: &mut [Real],
    ) {
        let Made { phases: [down, right], outputs } = size;
        let [rows, columns] = size.phases.map(|of| of.iter().copied().max().unwrap_or(1));
        let pixel = rows * columns * outputs;
        let across = made.len() / stride;
        let line = across * side * pixel;
        let each = right.iter().sum::<usize>() * outputs;
        let (pixels, sums) = pixels.split_at_mut(side * line);
        for tile in 0..across {
            // The points down are summed up: [side, phases, points right, phases, outputs].
            let m = &made[tile * stride..][..size.len()];
            let mut before = 0;
            for right in right {
                let run = right * outputs;
                for row in 0..rows {
                    let mut start = 0;
                    let mut points: [&[Real]; 4] = [&[]; 4];
                    for (point, down) in points.iter_mut().zip(down) {
                        *point = &m[start + down * before + row.min(down - 1) * run..][..run];
                        start += down * each;
                    }
                    let sums = &mut sums[row * each + before..];
                    combine(&points[..down.len()], side, sums, rows * each);
                }
                before += run;
            }
            // Then those to the right.
            for (n, sums) in sums.chunks_exact(each).take(side * rows).enumerate() {
                let (k, row) = (n / rows, n % rows);
                for column in 0..columns {
                    let mut start = 0;
                    let mut points: [&[Real]; 4] = [&[]; 4];
                    for (point, right) in points.iter_mut().zip(right) {
                        *point = &sums[start + column.min(right - 1) * outputs..][..outputs];
                        start += right * outputs;
                    }
                    let at = k * line + tile * side * pixel + (row * columns + column) * outputs;
                    combine(&points[..right.len()], side, &mut pixels[at..], pixel);
                }
            }
        }
    }
}

/// y\[k\] = Σ pᵏ m\[p\] over these points p, ∞ being the last of so many outputs k alone; they are
/// `apart` from each other.
#[inline(always)]
fn combine(m: &[&[Real]], outputs: usize, y: &mut [Real], apart: usize) {
    let len = m[0].len();
    let at = |p: usize| &m[p][..len];
    let (y0, rest) = y.split_at_mut(apart);
    let (y1, y2) = rest.split_at_mut(if outputs == 3 { apart } else { rest.len() });
    let (y0, y1) = (&mut y0[..len], &mut y1[..len]);
    match (m.len(), outputs) {
        (4, 2) => {
            let [a, b, c, d] = [0, 1, 2, 3].map(at);
            for i in 0..len {
                y0[i] = a[i] + b[i] + c[i];
                y1[i] = b[i] - c[i] + d[i];
            }
        }
        (3, 2) => {
            let [a, b, d] = [0, 1, 2].map(at);
            for i in 0..len {
                y0[i] = a[i] + b[i];
                y1[i] = b[i] + d[i];
            }
        }
        (4, _) => {
            let [a, b, c, d] = [0, 1, 2, 3].map(at);
            let y2 = &mut y2[..len];
            for i in 0..len {
                y0[i] = a[i] + b[i] + c[i];
                y1[i] = b[i] - c[i];
                y2[i] = b[i] + c[i] + d[i];
            }
        }
        (3, _) => {
            let [a, b, d] = [0, 1, 2].map(at);
            let y2 = &mut y2[..len];
            for i in 0..len {
                y0[i] = a[i] + b[i];
                y1[i] = b[i];
                y2[i] = b[i] + d[i];
            }
        }
        _ => {
            y0.copy_from_slice(at(0));
            y1.copy_from_slice(at(1));
        }
    }
}
