//! Which multiplications can a convolution do without?
//!
//! Neighbouring outputs share factors ([`filter`]). In tiles of 2 x 2 output pixels, a 3 x 3 kernel
//! takes 16 products for each pair of channels instead of 36, and so does a 2 x 2 kernel in tiles of
//! 3 x 3:
//!
//! ```text
//!   a tile sees of x     what is added          its points           of y
//!
//!     d d d d            line 0 - line 2        p p p p
//!     d d d d            line 1 + line 2        p p p p              y y
//!     d d d d            line 2 - line 1        p p p p              y y
//!     d d d d            line 3 - line 1        p p p p
//!
//!   the next tile:       columns likewise       a product each,      sums of points
//!   two columns on                              for all tiles
//! ```
//!
//! The form T of `conv` becomes a sum over tiles t, points p and channels,
//!
//! ```text
//! T = Σ  X[p, t, c]  W[p, c, o]  G[p, t, o]
//!
//!        X: pairs of pixels of x, added or subtracted, along both axes     4 numbers of x each,
//!           and two pairs at once where twins have a product in common     or up to 16
//!        W: the same of taps of w                                          once for all tiles
//!        G: the same of pixels of g                                        4 numbers of g each
//! ```
//!
//! and is still linear in each of the three. So there are the same three derivatives, and each is a
//! matrix product for every point:
//!
//! ```text
//! Y[p] = X[p] W[p]       [tiles, C] [C, O]         y  = sums over p of Y, for each pixel of a tile
//! dW[p] = X[p]ᵀ G[p]     [C, tiles] [tiles, O]     dw = sums over p of dW, for each tap
//! ```
//!
//! dx is again a convolution, of dy (`products.rs`). At one point there may be several terms, as
//! for 5 taps or at stride 2; then "C" is terms times channels, and the product adds them up.
//!
//! A block of tiles at a time, so that X and Y stay in L2:
//!
//! ```text
//! for each block of tile rows
//!   for each point along the height
//!     lines of x, added or subtracted, zeros at both ends         L1 to L2
//!     for each point along the width
//!       X[p] = pixels of these lines, added or subtracted         L2
//!       Y[p] = X[p] W[p]
//!   y = sums over p of Y
//! ```
//!
//! An output of two phases has the products of both side by side, where they are not the same for
//! both.
//!
//! A number that is not finite reaches all pixels of the tiles that see it.

mod filter;
mod plan;
mod tiles;

use super::lower::{Axis, Lowering, padded};
use crate::gemm::{Beta, How, PER_NANOSECOND, fastest};
use crate::mat::{Mat, MatMut};
use crate::on_level::{LONG, levels};
use crate::scratch::with_scratch;
use crate::{Real, par};
use filter::Sum;
use plan::Block;
pub(super) use plan::{Kernel, Winograd};
use std::ops::Range;
use tiles::{Made, Tiled, add_runs, finish};

/// Numbers of X[p] and Y in a block, about: 768 KiB in f32. With x and y they fit into L2.
const ROOM: usize = 3 << 16;

/// Tiles in a block, at least.
const TILES: usize = 48;

impl Winograd {
    /// Computes W of the taps w, `[taps, taps, inputs, phases, phases, outputs]`, of which a row has
    /// `width` taps.
    pub(super) fn transform<'a>(
        &'a self,
        w: &[Real],
        width: usize,
        to: &'a mut [Real],
    ) -> Transformed<'a> {
        let (blocks, columns) = (self.blocks(), self.columns());
        let (size, work) = (self.inputs * columns, to.len() / 2);
        par::for_each_chunk(to, size, work, |start, to| {
            let Block { taps: [down, right], phases: [rows, across] } = blocks[start / size];
            let run = across * self.outputs;
            for row in 0..rows {
                let first = row * self.phases * self.outputs;
                let tap = |a: usize, b: usize| &w[(a * width + b) * size..][first..size];
                let taps =
                    down.iter().flat_map(|(a, s)| right.iter().map(move |(b, t)| (a, b, s * t)));
                let taps: Vec<_> = taps.map(|(a, b, factor)| (tap(*a, *b), factor)).collect();
                add_runs(LONG, &taps, columns, &mut to[row * run..], columns, [run, self.inputs]);
            }
        });
        Transformed { plan: self, w: to }
    }

    /// dw, `[taps, taps, inputs, outputs]`, summed over these images, in tiles of 2 x 2.
    pub(super) fn weight_gradient(
        &self,
        windows: &Lowering,
        images: usize,
        [x, dy]: [&[Real]; 2],
        dw: &mut [Real],
    ) {
        let one = |axis: Axis| Axis {
            source: axis.outputs,
            outputs: axis.outputs,
            taps: 1,
            stride: 1,
            step: 1,
            start: 0,
        };
        let pixels = Lowering {
            height: one(windows.height),
            width: one(windows.width),
            channels: self.outputs,
            seen: self.outputs,
            first: 0,
        };
        assert_eq!((self.side, self.phases), (2, 1), "no more than two of g's numbers make one");
        let x = Tiled { side: 2, windows: *windows, source: x };
        let g = Tiled { side: 2, windows: pixels, source: dy };
        let (blocks, size) = (self.blocks(), self.inputs * self.outputs);
        let [down, across] = x.tiles();
        let work = blocks.len() * size * images * down * across / PER_NANOSECOND;
        with_scratch(blocks.len() * size, |sums| {
            par::for_each_cut(sums, size, par::pieces(work), &|first, sums: &mut [Real]| {
                self.add_products(&x, &g, 0..images * down, first, sums);
            });
            par::for_each_chunk(dw, size, blocks.len() * size / 2, |start, dw| {
                let (a, b) = (start / size / windows.width.taps, start / size % windows.width.taps);
                let factor = |taps: &Sum, at| taps.iter().find(|t| t.0 == at).map(|t| t.1);
                let of_tap = sums.chunks_exact(size).zip(&blocks).filter_map(|(sum, block)| {
                    let [down, right] = block.taps;
                    Some((sum, factor(down, a)? * factor(right, b)?))
                });
                let (of_tap, run): (Vec<_>, _) = (of_tap.collect(), self.outputs);
                add_runs(LONG, &of_tap, run, dw, run, [run, self.inputs]);
            });
        });
    }

    /// The sums dW of products `first`, first + 1, ..., as many as there is room for.
    fn add_products(
        &self,
        x: &Tiled<'_>,
        g: &Tiled<'_>,
        tile_rows: Range<usize>,
        first: usize,
        sums: &mut [Real],
    ) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let wanted = first..first + sums.len() / (inputs * outputs);
        let [_, across] = x.tiles();
        let (x_stride, g_stride) = (padded(self.deepest()), padded(outputs));
        let block = (ROOM / (x_stride + g_stride)).clamp(TILES, 256).div_ceil(across);
        let block = block.min(tile_rows.len());
        let tiles = block * across;
        let lens = [
            tiles * x_stride,
            tiles * g_stride,
            block * self.most_terms() * x.line_len(),
            block * g.line_len(),
        ];
        with_scratch(lens.iter().sum(), |scratch| {
            let (seen, rest) = scratch.split_at_mut(lens[0]);
            let (beside, rest) = rest.split_at_mut(lens[1]);
            let (x_lines, g_lines) = rest.split_at_mut(lens[2]);
            for start in tile_rows.clone().step_by(block) {
                let block = start..(start + block).min(tile_rows.end);
                let tiles = block.len() * across;
                let beta = if start == tile_rows.start { Beta::Zero } else { Beta::One };
                let mut at = 0;
                for down in &self.points[0] {
                    let of_all: usize = self.points[1].iter().map(|p| p.seen.len()).sum();
                    let products = at..at + down.seen.len() * of_all;
                    if products.end <= wanted.start || wanted.end <= products.start {
                        at = products.end;
                        continue;
                    }
                    x.add_lines(block.clone(), &down.seen, x_lines);
                    g.add_lines(block.clone(), &[down.made()], g_lines);
                    for right in &self.points[1] {
                        let products = at..at + down.seen.len() * right.seen.len();
                        let some = products.start.max(wanted.start)..products.end.min(wanted.end);
                        at = products.end;
                        if some.is_empty() {
                            continue;
                        }
                        let rows = (block.len(), down.seen.len());
                        x.add_pixels(rows, &right.seen, x_lines, seen, x_stride);
                        g.add_pixels((block.len(), 1), &[right.made()], g_lines, beside, g_stride);
                        let depth = some.len() * inputs;
                        let a = &seen[(some.start - products.start) * inputs..];
                        let a = Mat::strided(a, (depth, tiles), (1, x_stride));
                        let b = Mat::strided(beside, (tiles, outputs), (g_stride, 1));
                        let c = &mut sums[(some.start - first) * inputs * outputs..];
                        let c = MatMut::new(&mut c[..depth * outputs], depth, outputs);
                        fastest()(a, b, c, How::alone(beta, outputs));
                    }
                }
            }
        });
    }
}

/// A kernel at its points: W for all of them.
pub(super) struct Transformed<'a> {
    plan: &'a Winograd,
    w: &'a [Real],
}

impl Transformed<'_> {
    /// Calls `place(row, pixels)` with the pixels `[width, phases, phases, outputs]` of each of the
    /// image rows `rows`, counted through all images. It may change them.
    pub(super) fn pixels(
        &self,
        windows: &Lowering,
        source: &[Real],
        rows: Range<usize>,
        mut place: impl FnMut(usize, &mut [Real]),
    ) {
        let x = Tiled { side: self.plan.side, windows: *windows, source };
        let side = self.plan.side;
        let (columns, [_, across]) = (self.plan.columns(), x.tiles());
        let phases = self.plan.made_phases();
        let size =
            Made { phases: phases.each_ref().map(Vec::as_slice), outputs: self.plan.outputs };
        let (x_stride, y_stride) = (padded(self.plan.deepest()), padded(size.len()));
        let block = (ROOM / (x_stride + y_stride)).max(TILES).div_ceil(across);
        let rows_of_tiles = x.tile_row(rows.start)..x.tile_row(rows.end - 1) + 1;
        let block = block.min(rows_of_tiles.len());
        let (tiles, line) = (block * across, x.line_len());
        let lines_len = block * self.plan.most_terms() * line;
        let pixels_len = (side * across + self.plan.points[1].len()) * side * columns;
        let room = tiles * (x_stride + y_stride) + lines_len + pixels_len;
        with_scratch(room, |scratch| {
            let (seen, rest) = scratch.split_at_mut(tiles * x_stride);
            let (made, rest) = rest.split_at_mut(tiles * y_stride);
            let (lines, pixels) = rest.split_at_mut(lines_len);
            for first in rows_of_tiles.clone().step_by(block) {
                let block = first..(first + block).min(rows_of_tiles.end);
                let tiles = block.len() * across;
                let (mut at, mut w) = (0, self.w);
                for (down, above) in self.plan.points[0].iter().zip(&phases[0]) {
                    x.add_lines(block.clone(), &down.seen, lines);
                    for (right, beside) in self.plan.points[1].iter().zip(&phases[1]) {
                        let outputs = above * beside * self.plan.outputs;
                        let depth = down.seen.len() * right.seen.len() * self.plan.inputs;
                        let rows = (block.len(), down.seen.len());
                        x.add_pixels(rows, &right.seen, lines, seen, x_stride);
                        let (w_p, behind) = w.split_at(depth * columns);
                        w = behind;
                        let a = Mat::strided(seen, (tiles, depth), (x_stride, 1));
                        let c = MatMut::strided(&mut made[at..], (tiles, outputs), y_stride);
                        let b = Mat::strided(w_p, (depth, outputs), (columns, 1));
                        fastest()(a, b, c, How::alone(Beta::Zero, outputs));
                        at += outputs;
                    }
                }
                let tile_rows = made.chunks_mut(across * y_stride);
                for (tile_row, made) in block.zip(tile_rows) {
                    finish(LONG, side, made, y_stride, size, pixels);
                    let line = side * across * columns;
                    for (row, pixels) in x.image_rows(tile_row).zip(pixels.chunks_mut(line)) {
                        if rows.contains(&row) {
                            place(row, &mut pixels[..windows.width.outputs * columns]);
                        }
                    }
                }
            }
        });
    }
}

levels! {
    /// sum += factor x.
    pub(super) fn add(x: &[Real], factor: Real, sum: &mut [Real]) {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += factor * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Geometry, naive};
    use crate::window::Window;

    /// Whether it pays or not: small integers, so every sum is exact.
    #[test]
    fn sums_with_shared_products_equal_the_seven_loops() {
        let mut state = 1_u64;
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        for _ in 0..300 {
            let [height, width] = [(); 2].map(|()| {
                let taps = 1 + below(6);
                let padding = [below(4), below(4)];
                Window::padded(taps + below(8), taps, 1 + below(3), 1, padding).unwrap()
            });
            let (batch, in_channels, out_channels) = (1 + below(3), 1 + below(20), 1 + below(40));
            let g = Geometry { batch, in_channels, out_channels, groups: 1, height, width };
            let [x, w, dy] = [g.x_shape(), g.w_shape(), g.y_shape()].map(|shape| {
                let len: usize = shape.iter().product();
                (0..len).map(|_| below(7) as Real - 3.0).collect::<Vec<_>>()
            });
            let windows = Lowering {
                height: Axis::of(height),
                width: Axis::of(width),
                channels: in_channels,
                seen: in_channels,
                first: 0,
            };
            let mut expected = vec![Real::NAN; dy.len()];
            naive::forward(&g, &x, &w, None, &mut expected);
            let plan = |side| {
                Winograd::of(&windows, out_channels, side, Kernel::Any).expect("no gaps, no groups")
            };
            for side in [2, 3] {
                let plan = plan(side);
                let mut y = vec![Real::NAN; dy.len()];
                let mut points = vec![Real::NAN; plan.weights_len()];
                let transformed = plan.transform(&w, width.taps, &mut points);
                // In two parts, whose cut may go through a tile.
                let (rows, line) = (batch * height.output, width.output * out_channels);
                let cut = below(rows + 1);
                for part in [0..cut, cut..rows].into_iter().filter(|part| !part.is_empty()) {
                    transformed.pixels(&windows, &x, part, |row, pixels| {
                        y[row * line..][..line].copy_from_slice(pixels);
                    });
                }
                assert_eq!(y, expected, "tiles of {side}: {g:?}");
            }

            let (mut dw, mut expected) = (vec![Real::NAN; w.len()], vec![Real::NAN; w.len()]);
            plan(2).weight_gradient(&windows, batch, [&x, &dy], &mut dw);
            naive::weight_gradient(&g, &x, &dy, &mut expected);
            assert_eq!(dw, expected, "weight gradient {g:?}");
        }
    }
}
