//! What of an image do tiles of outputs see, and how do products become their pixels?
//!
//! Both directions go along one axis after the other. Lines first: a pair of them is added in one
//! sweep, with zeros at both ends in place of the padding. Then pairs of pixels of such a line:
//!
//! ```text
//!   line of x, padded      . . a b c d e f . .
//!   seen of 3 taps at 0    .-b   a-c   ...          d0 - d2, for tile after tile
//! ```

use super::super::lower::{Lowering, copy_runs};
use super::filter::Pair;
use crate::Real;
use crate::on_level::{LONG, levels};
use std::ops::Range;

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

    /// Adds pairs of lines: `[rows of tiles, terms, line]`.
    pub(super) fn add_lines(&self, tile_rows: Range<usize>, pairs: &[Pair], to: &mut [Real]) {
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
            let line = |offset: usize| {
                let p = (i * height.stride + offset) as isize + height.start;
                let inside = 0 <= p && p < height.source as isize && some > 0;
                inside
                    .then(|| &self.source[(n * height.source + p as usize) * size + from..][..some])
            };
            for &Pair { first, second } in pairs {
                let to = to.next().expect("a line for each pair");
                let (x, sign) = (line(first), second.map_or(1.0, |(_, sign)| sign));
                let z = second.and_then(|(offset, _)| line(offset));
                let (before, rest) = to.split_at_mut(at.min(len));
                let (to, behind) = rest.split_at_mut(some);
                before.fill(0.0);
                behind.fill(0.0);
                match (x, z) {
                    (Some(x), Some(z)) => add_two(LONG, x, z, sign, to),
                    (Some(x), None) => to.copy_from_slice(x),
                    (None, Some(z)) => scale(LONG, z, sign, to),
                    (None, None) => to.fill(0.0),
                }
            }
        }
    }

    /// Adds pairs of pixels of these lines: `[rows of tiles, tiles across, terms of both axes,
    /// channels]`, the tiles `stride` apart.
    pub(super) fn add_pixels(
        &self,
        (rows, down): (usize, usize),
        right: &[Pair],
        lines: &[Real],
        to: &mut [Real],
        stride: usize,
    ) {
        let Lowering { width, channels, .. } = self.windows;
        let [_, across] = self.tiles();
        let lines = lines.chunks_exact(self.line_len()).take(rows * down);
        for (n, line) in lines.enumerate() {
            let (row, term) = (n / down, n % down);
            for (m, Pair { first, second }) in right.iter().enumerate() {
                let to = &mut to[row * across * stride + (term * right.len() + m) * channels..];
                let size = [channels, across];
                let apart = self.side * width.stride * channels;
                let x = &line[first * channels..];
                match second {
                    None => copy_runs(LONG, x, apart, to, stride, size),
                    Some((second, sign)) => {
                        let z = &line[second * channels..];
                        add_pixels(LONG, [x, z], *sign, apart, to, stride, size);
                    }
                }
            }
        }
    }
}

levels! {
    /// y = x + sign z.
    fn add_two(x: &[Real], z: &[Real], sign: Real, y: &mut [Real]) {
        for ((y, x), z) in y.iter_mut().zip(x).zip(z) {
            *y = x + sign * z;
        }
    }
}

levels! {
    /// y = sign z.
    fn scale(z: &[Real], sign: Real, y: &mut [Real]) {
        for (y, z) in y.iter_mut().zip(z) {
            *y = sign * z;
        }
    }
}

levels! {
    /// [`copy_runs`] of x + sign z.
    fn add_pixels(
        from: [&[Real]; 2],
        sign: Real,
        apart: usize,
        to: &mut [Real],
        stride: usize,
        size: [usize; 2],
    ) {
        let [run, count] = size;
        for r in 0..count {
            let [x, z] = from.map(|from| &from[r * apart..][..run]);
            for ((to, x), z) in to[r * stride..][..run].iter_mut().zip(x).zip(z) {
                *to = x + sign * z;
            }
        }
    }
}

levels! {
    /// The pixels of a row of tiles, `[side, tiles across, side, outputs]`, from their products,
    /// `[points down, points right, outputs]`, which are `stride` apart.
    pub(super) fn finish(
        side: usize,
        made: &[Real],
        stride: usize,
        size: [usize; 3],
        pixels: &mut [Real],
    ) {
        let [down, right, outputs] = size;
        let across = made.len() / stride;
        let line = across * side * outputs;
        let (pixels, sums) = pixels.split_at_mut(side * line);
        let sums = &mut sums[..side * right * outputs];
        for tile in 0..across {
            let m = &made[tile * stride..][..down * right * outputs];
            combine(down, side, m, sums);
            for (sum, line) in sums.chunks_exact(right * outputs).zip(pixels.chunks_exact_mut(line)) {
                combine(right, side, sum, &mut line[tile * side * outputs..][..side * outputs]);
            }
        }
    }
}

/// y\[k\] = Σ pᵏ m\[p\] over so many points p, ∞ being the last of so many outputs k alone.
#[inline(always)]
fn combine(points: usize, outputs: usize, m: &[Real], y: &mut [Real]) {
    let len = y.len() / outputs;
    let (y0, rest) = y.split_at_mut(len);
    let (y1, y2) = rest.split_at_mut(len);
    let at = |p: usize| &m[p * len..][..len];
    match (points, outputs) {
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
