//! What is the largest number in a window, and where is it?
//!
//! ```text
//! y[n, i, j, c] = max x[n, p(i, a), q(j, b), c]  over the taps (a, b) inside of the image
//! ```
//!
//! [`max`] finds it. For the gradient, [`winners`] finds the tap (a, b) that it came from, as the
//! number a · (window's width) + b; the first of several. Given the taps, everything is
//! linear: [`gather`] reads x there, and its adjoint [`spread`] puts gradients back. [`gradient`] is
//! both steps in one; where windows tile the image, in one pass over x, without the taps.
//!
//! ```text
//!   x, one channel        max        winners       spread of (u, v)
//!
//!     1 5 | 2 0                                       0 u | 0 0
//!     3 4 | 7 6           5 7          1 2            0 0 | v 0
//! ```
//!
//! All loops inside run over channels, some at a time, which stay in registers from tap to tap. And
//! [`spread`] gathers too: each input pixel asks the windows that cover it whether it won. So nothing
//! is scattered, and threads share the outputs.
//!
//! The average over a window is in `resample`: it is linear.

#[cfg(test)]
mod tests;

use crate::on_level::levels;
use crate::reduce::larger;
use crate::window::Window;
use crate::{Real, par};
use std::ops::Range;

/// The sizes of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Images.
    pub batch: usize,
    /// Channels, each pooled for itself.
    pub channels: usize,
    /// How the window slides down.
    pub height: Window,
    /// How it slides to the right.
    pub width: Window,
}

impl Pool {
    /// The shape of x: batch, height, width, channels.
    pub fn x_shape(&self) -> [usize; 4] {
        [self.batch, self.height.input, self.width.input, self.channels]
    }

    /// The shape of y: batch, height, width, channels.
    pub fn y_shape(&self) -> [usize; 4] {
        [self.batch, self.height.output, self.width.output, self.channels]
    }

    fn check(&self, x_len: usize, y_len: usize) {
        let wanted = [self.x_shape(), self.y_shape()].map(|s| s.iter().product::<usize>());
        assert!([x_len, y_len] == wanted, "pool: {x_len} and {y_len} numbers for {self:?}");
    }

    /// Where the pixel starts that tap (a, b) reads at output (i, j); it is inside of the image.
    #[inline(always)]
    fn pixel(&self, [n, i, j]: [usize; 3], [a, b]: [usize; 2]) -> usize {
        let p = i * self.height.stride + a * self.height.dilation - self.height.before;
        let q = j * self.width.stride + b * self.width.dilation - self.width.before;
        ((n * self.height.input + p) * self.width.input + q) * self.channels
    }

    /// The number of tap (a, b).
    #[inline(always)]
    fn tap(&self, a: usize, b: usize) -> u32 {
        (a * self.width.taps + b) as u32
    }

    /// For each place along the width, the taps inside of the image.
    fn columns(&self) -> Vec<Range<usize>> {
        (0..self.width.output).map(|j| self.width.inside(j)).collect()
    }

    /// Is each pixel in one window, and no window in the padding?
    fn tiles(&self) -> bool {
        [self.height, self.width].iter().all(|along| {
            let Window { input, output, taps, stride, dilation, before } = *along;
            stride == taps && dilation == 1 && before == 0 && input == output * taps
        })
    }

    /// Calls `row(y_row, [n, i])` for each row i of each image n of an array in y's shape.
    fn each_output_row<T: Send>(&self, y: &mut [T], row: impl Fn(&mut [T], [usize; 2]) + Sync) {
        let work = y.len() * self.height.taps * self.width.taps / 4;
        let row_len = self.width.output * self.channels;
        par::for_each_chunk(y, row_len, work, |start, y| {
            let number = start / row_len;
            row(y, [number / self.height.output, number % self.height.output]);
        });
    }
}

/// So many channels at a time: one of the widest vectors.
const LANES: usize = 16;

/// `L` channels from the given place on.
#[inline(always)]
fn channels<const L: usize>(x: &[Real], start: usize) -> [Real; L] {
    x[start..start + L].try_into().expect("L numbers")
}

/// y\[n, i, j, c\] = the largest x in its window; NaN if there is one, -infinity if the window is
/// all padding.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn max(pool: &Pool, x: &[Real], y: &mut [Real]) {
    pool.check(x.len(), y.len());
    let columns = pool.columns();
    pool.each_output_row(y, |y, row| row_of_max(y.len(), pool, &columns, x, row, y));
}

levels! {
    fn row_of_max(
        pool: &Pool,
        columns: &[Range<usize>],
        x: &[Real],
        row: [usize; 2],
        y: &mut [Real],
    ) {
        let ([n, i], rows) = (row, pool.height.inside(row[1]));
        for (j, (columns, y)) in columns.iter().zip(y.chunks_exact_mut(pool.channels)).enumerate() {
            let (window, at) = ([&rows, columns], [n, i, j]);
            let (some, single) = y.as_chunks_mut::<LANES>();
            let done = some.len() * LANES;
            for (k, y) in some.iter_mut().enumerate() {
                *y = largest(pool, window, x, at, k * LANES);
            }
            for (k, y) in single.iter_mut().enumerate() {
                [*y] = largest(pool, window, x, at, done + k);
            }
        }
    }
}

/// The largest numbers in the window of output (n, i, j), in L channels from `channel` on.
#[inline(always)]
fn largest<const L: usize>(
    pool: &Pool,
    [rows, columns]: [&Range<usize>; 2],
    x: &[Real],
    at: [usize; 3],
    channel: usize,
) -> [Real; L] {
    let mut largest = [Real::NEG_INFINITY; L];
    for a in rows.clone() {
        for b in columns.clone() {
            let x: [Real; L] = channels(x, pool.pixel(at, [a, b]) + channel);
            largest = std::array::from_fn(|l| larger(largest[l], x[l]));
        }
    }
    largest
}

/// The tap of a window that is all padding.
const NOWHERE: u32 = u32::MAX;

/// For each window, the first tap that holds its largest number, or a NaN; `u32::MAX` if the window
/// is all padding.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn winners(pool: &Pool, x: &[Real], taps: &mut [u32]) {
    pool.check(x.len(), taps.len());
    let columns = pool.columns();
    pool.each_output_row(taps, |taps, row| {
        row_of_winners(taps.len(), pool, &columns, x, row, taps);
    });
}

levels! {
    fn row_of_winners(
        pool: &Pool,
        columns: &[Range<usize>],
        x: &[Real],
        row: [usize; 2],
        taps: &mut [u32],
    ) {
        let ([n, i], rows) = (row, pool.height.inside(row[1]));
        let places = columns.iter().zip(taps.chunks_exact_mut(pool.channels));
        for (j, (columns, taps)) in places.enumerate() {
            let (window, at) = ([&rows, columns], [n, i, j]);
            let (some, single) = taps.as_chunks_mut::<LANES>();
            let done = some.len() * LANES;
            for (k, taps) in some.iter_mut().enumerate() {
                *taps = winner(pool, window, x, at, k * LANES);
            }
            for (k, tap) in single.iter_mut().enumerate() {
                [*tap] = winner(pool, window, x, at, done + k);
            }
        }
    }
}

/// The first tap that holds [`largest`].
#[inline(always)]
fn winner<const L: usize>(
    pool: &Pool,
    [rows, columns]: [&Range<usize>; 2],
    x: &[Real],
    at: [usize; 3],
    channel: usize,
) -> [u32; L] {
    let (mut largest, mut winner) = ([Real::NEG_INFINITY; L], [NOWHERE; L]);
    for a in rows.clone() {
        for b in columns.clone() {
            let x: [Real; L] = channels(x, pool.pixel(at, [a, b]) + channel);
            // The first tap wins against nothing, a NaN against numbers, and nothing against a NaN.
            let beats = |x: Real, y: Real| (x > y || x.is_nan()) && !y.is_nan();
            let wins: [bool; L] =
                std::array::from_fn(|l| beats(x[l], largest[l]) || winner[l] == NOWHERE);
            winner = std::array::from_fn(|l| if wins[l] { pool.tap(a, b) } else { winner[l] });
            largest = std::array::from_fn(|l| if wins[l] { x[l] } else { largest[l] });
        }
    }
    winner
}

/// dx\[n, p, q, c\] = Σ dy over the windows in which the pixel (p, q) is the first that holds the
/// largest number, or a NaN: [`spread`] over the [`winners`].
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn gradient(pool: &Pool, x: &[Real], dy: &[Real], dx: &mut [Real]) {
    pool.check(x.len(), dy.len());
    pool.check(dx.len(), dy.len());
    if !pool.tiles() {
        let mut taps = vec![NOWHERE; dy.len()];
        winners(pool, x, &mut taps);
        return spread(pool, &taps, dy, dx);
    }
    let [tile, line] = [pool.height.taps * pool.width.input, pool.width.output];
    let [tile, line] = [tile, line].map(|pixels| pixels * pool.channels);
    par::for_each_chunk(dx, tile, 2 * x.len(), |start, dx| {
        let dy = &dy[start / tile * line..][..line];
        row_of_gradients(dx.len(), pool, &x[start..][..tile], dy, dx);
    });
}

levels! {
    /// For windows that tile the image, those of a row.
    fn row_of_gradients(pool: &Pool, x: &[Real], dy: &[Real], dx: &mut [Real]) {
        for (j, dy) in dy.chunks_exact(pool.channels).enumerate() {
            let (some, single) = dy.as_chunks::<LANES>();
            let done = some.len() * LANES;
            for (k, dy) in some.iter().enumerate() {
                hand_out(pool, x, j, k * LANES, *dy, dx);
            }
            for (k, dy) in single.iter().enumerate() {
                hand_out(pool, x, j, done + k, [*dy], dx);
            }
        }
    }
}

/// Hands dy to the winner in the window at j, in L channels from `channel` on, and 0 to the others.
#[inline(always)]
fn hand_out<const L: usize>(
    pool: &Pool,
    x: &[Real],
    j: usize,
    channel: usize,
    dy: [Real; L],
    dx: &mut [Real],
) {
    let window = [&(0..pool.height.taps), &(0..pool.width.taps)];
    let largest: [Real; L] = largest(pool, window, x, [0, 0, j], channel);
    let mut left = dy;
    for a in 0..pool.height.taps {
        for b in 0..pool.width.taps {
            let start = pool.pixel([0, 0, j], [a, b]) + channel;
            let x: [Real; L] = channels(x, start);
            let wins: [bool; L] = std::array::from_fn(|l| x[l] == largest[l] || x[l].is_nan());
            let taken: [Real; L] = std::array::from_fn(|l| if wins[l] { left[l] } else { 0.0 });
            left = std::array::from_fn(|l| if wins[l] { 0.0 } else { left[l] });
            dx[start..start + L].copy_from_slice(&taken);
        }
    }
}

/// y\[n, i, j, c\] = x at the tap of this window; 0 if that is no tap inside of the image.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn gather(pool: &Pool, taps: &[u32], x: &[Real], y: &mut [Real]) {
    pool.check(x.len(), y.len());
    pool.check(x.len(), taps.len());
    pool.each_output_row(y, |y, [n, i]| {
        let taps = &taps[(n * pool.height.output + i) * y.len()..][..y.len()];
        row_of_gathered(y.len(), pool, x, [n, i], taps, y);
    });
}

levels! {
    fn row_of_gathered(pool: &Pool, x: &[Real], row: [usize; 2], taps: &[u32], y: &mut [Real]) {
        let [n, i] = row;
        let (rows, taps) = (pool.height.inside(i), taps.chunks_exact(pool.channels));
        for (j, (y, taps)) in y.chunks_exact_mut(pool.channels).zip(taps).enumerate() {
            y.fill(0.0);
            for a in rows.clone() {
                for b in pool.width.inside(j) {
                    let x = &x[pool.pixel([n, i, j], [a, b])..][..pool.channels];
                    for (y, (x, winner)) in y.iter_mut().zip(x.iter().zip(taps)) {
                        *y = if *winner == pool.tap(a, b) { *x } else { *y };
                    }
                }
            }
        }
    }
}

/// dx\[n, p, q, c\] = Σ dy over the windows in which the pixel (p, q) is the tap: the adjoint of
/// [`gather`].
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn spread(pool: &Pool, taps: &[u32], dy: &[Real], dx: &mut [Real]) {
    pool.check(dx.len(), dy.len());
    pool.check(dx.len(), taps.len());
    let (rows, columns) = (covering(&pool.height), covering(&pool.width));
    let row_len = pool.width.input * pool.channels;
    let image_len = pool.height.output * pool.width.output * pool.channels;
    let work = dx.len() + dy.len() * pool.height.taps * pool.width.taps / 4;
    par::for_each_chunk(dx, row_len, work, |start, dx| {
        let (n, p) = (start / row_len / pool.height.input, start / row_len % pool.height.input);
        let of_image = n * image_len..(n + 1) * image_len;
        let (taps, dy) = (&taps[of_image.clone()], &dy[of_image]);
        row_of_spread(dx.len(), pool, (&rows[p], &columns), taps, dy, dx);
    });
}

levels! {
    fn row_of_spread(
        pool: &Pool,
        covering: Covering<'_>,
        taps: &[u32],
        dy: &[Real],
        dx: &mut [Real],
    ) {
        let (rows, columns) = covering;
        dx.fill(0.0);
        for (i, a) in rows {
            for (dx, columns) in dx.chunks_exact_mut(pool.channels).zip(columns) {
                for (j, b) in columns {
                    let tap = pool.tap(*a, *b);
                    let start = (i * pool.width.output + j) * pool.channels;
                    let (taps, dy) = (&taps[start..][..dx.len()], &dy[start..][..dx.len()]);
                    for ((dx, winner), dy) in dx.iter_mut().zip(taps).zip(dy) {
                        *dx += if *winner == tap { *dy } else { 0.0 };
                    }
                }
            }
        }
    }
}

/// For one input row, the outputs and taps that cover it; for each of its pixels, the same along
/// the width.
type Covering<'a> = (&'a [(usize, usize)], &'a [Vec<(usize, usize)>]);

/// For each input position, the outputs whose windows cover it, each with the tap that does.
fn covering(window: &Window) -> Vec<Vec<(usize, usize)>> {
    let mut covering = vec![Vec::new(); window.input];
    for (o, k) in (0..window.output).flat_map(|o| (0..window.taps).map(move |k| (o, k))) {
        if let Some(position) = window.position(o, k) {
            covering[position].push((o, k));
        }
    }
    covering
}
