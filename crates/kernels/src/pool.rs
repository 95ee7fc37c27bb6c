//! What is the largest number in a window, and where is it?
//!
//! ```text
//! y[n, i, j, c] = max x[n, p(i, a), q(j, b), c]  over the taps (a, b) inside of the image
//! ```
//!
//! [`max`] finds it. For the gradient, [`winners`] finds the tap (a, b) that it came from, as the
//! number a · (window's width) + b; the first of several. Given the taps, everything is
//! linear: [`gather`] reads x there, and its adjoint [`spread`] puts gradients back.
//!
//! All loops inside run over channels, and [`spread`] gathers too: each input pixel asks the windows
//! that cover it whether it won. So nothing is scattered, and threads share the outputs.
//!
//! The average over a window is in `resample`: it is linear.

use crate::on_level::on_level;
use crate::reduce::larger;
use crate::window::Window;
use crate::{Real, par};

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

    /// Calls `visit(tap, start)` for each tap of the window at (i, j) that is inside of image n,
    /// with the start of its channels in x.
    #[inline(always)]
    fn each_tap(&self, [n, i, j]: [usize; 3], mut visit: impl FnMut(usize, usize)) {
        for a in 0..self.height.taps {
            let Some(p) = self.height.position(i, a) else { continue };
            for b in 0..self.width.taps {
                let Some(q) = self.width.position(j, b) else { continue };
                let pixel = (n * self.height.input + p) * self.width.input + q;
                visit(a * self.width.taps + b, pixel * self.channels);
            }
        }
    }

    /// Calls `row(y_row, n, i)` for each row i of each image n of an array in y's shape.
    #[inline]
    fn each_output_row<T: Send>(&self, y: &mut [T], row: impl Fn(&mut [T], usize, usize) + Sync) {
        let work = y.len() * self.height.taps * self.width.taps / 4;
        let row_len = self.width.output * self.channels;
        par::for_each_chunk(y, row_len, work, |start, y| {
            let number = start / row_len;
            on_level(|| row(y, number / self.height.output, number % self.height.output));
        });
    }
}

/// y\[n, i, j, c\] = the largest x in its window; NaN if there is one, -infinity if the window is
/// all padding.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn max(pool: &Pool, x: &[Real], y: &mut [Real]) {
    pool.check(x.len(), y.len());
    pool.each_output_row(y, |y, n, i| {
        for (j, y) in y.chunks_exact_mut(pool.channels).enumerate() {
            y.fill(Real::NEG_INFINITY);
            pool.each_tap([n, i, j], |_, start| {
                for (y, x) in y.iter_mut().zip(&x[start..][..pool.channels]) {
                    *y = larger(*y, *x);
                }
            });
        }
    });
}

/// For each window, the first tap that holds its largest number, or a NaN.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn winners(pool: &Pool, x: &[Real], taps: &mut [u32]) {
    pool.check(x.len(), taps.len());
    pool.each_output_row(taps, |taps, n, i| {
        let mut largest = vec![0.0; pool.channels];
        for (j, taps) in taps.chunks_exact_mut(pool.channels).enumerate() {
            taps.fill(u32::MAX);
            largest.fill(Real::NEG_INFINITY);
            pool.each_tap([n, i, j], |tap, start| {
                let x = &x[start..][..pool.channels];
                for ((winner, largest), x) in taps.iter_mut().zip(&mut largest).zip(x) {
                    // The first tap wins even if it holds no more than -infinity.
                    let wins = *winner == u32::MAX || *x > *largest || x.is_nan();
                    let wins = wins && !largest.is_nan();
                    *winner = if wins { tap as u32 } else { *winner };
                    *largest = if wins { *x } else { *largest };
                }
            });
        }
    });
}

/// y\[n, i, j, c\] = x at the tap of this window; 0 if that is no tap inside of the image.
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn gather(pool: &Pool, taps: &[u32], x: &[Real], y: &mut [Real]) {
    pool.check(x.len(), y.len());
    pool.check(x.len(), taps.len());
    let row_len = pool.width.output * pool.channels;
    pool.each_output_row(y, |y, n, i| {
        let taps = &taps[(n * pool.height.output + i) * row_len..][..row_len];
        let pixels = y.chunks_exact_mut(pool.channels).zip(taps.chunks_exact(pool.channels));
        for (j, (y, taps)) in pixels.enumerate() {
            y.fill(0.0);
            pool.each_tap([n, i, j], |tap, start| {
                for ((y, winner), x) in y.iter_mut().zip(taps).zip(&x[start..][..pool.channels]) {
                    *y = if *winner == tap as u32 { *x } else { *y };
                }
            });
        }
    });
}

/// dx\[n, p, q, c\] = Σ dy over the windows in which the pixel (p, q) is the tap: the adjoint of
/// [`gather`].
///
/// # Panics
/// If a slice is not as long as `pool` says.
pub fn spread(pool: &Pool, taps: &[u32], dy: &[Real], dx: &mut [Real]) {
    pool.check(dx.len(), dy.len());
    pool.check(dx.len(), taps.len());
    let Pool { channels, height, width, .. } = *pool;
    let (rows, columns) = (covering(&height), covering(&width));
    let row_len = width.input * channels;
    let work = dx.len() + dy.len() * height.taps * width.taps / 4;
    par::for_each_chunk(dx, row_len, work, |start, dx| {
        let (n, p) = (start / row_len / height.input, start / row_len % height.input);
        on_level(|| {
            dx.fill(0.0);
            for (i, a) in &rows[p] {
                for (q, dx) in dx.chunks_exact_mut(channels).enumerate() {
                    for (j, b) in &columns[q] {
                        let start = ((n * height.output + i) * width.output + j) * channels;
                        let (taps, dy) = (&taps[start..][..channels], &dy[start..][..channels]);
                        let tap = (a * width.taps + b) as u32;
                        for ((dx, winner), dy) in dx.iter_mut().zip(taps).zip(dy) {
                            *dx += if *winner == tap { *dy } else { 0.0 };
                        }
                    }
                }
            }
        });
    });
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn pools() -> Vec<Pool> {
        let padded = |input, taps, stride, dilation, padding| {
            Window::padded(input, taps, stride, dilation, padding).unwrap()
        };
        let same = |input, taps, stride| Window::same(input, taps, stride, 1).unwrap();
        let windows = [
            [padded(6, 2, 2, 1, [0, 0]), padded(8, 2, 2, 1, [0, 0])],
            [padded(7, 3, 2, 1, [1, 1]), padded(5, 3, 1, 1, [0, 2])],
            [padded(9, 3, 3, 2, [2, 1]), padded(5, 2, 4, 1, [0, 0])],
            [same(5, 3, 2), same(4, 2, 3)],
        ];
        let pool =
            |channels, [height, width]: [Window; 2]| Pool { batch: 2, channels, height, width };
        let channels = [1, 3, 16, 33];
        windows.iter().flat_map(|w| channels.map(|channels| pool(channels, *w))).collect()
    }

    fn count(shape: [usize; 4]) -> usize {
        shape.iter().product()
    }

    /// Few different integers, so that windows have ties.
    fn integers(len: usize) -> Vec<Real> {
        (0..len).map(|i| (i * 37 % 11 * 5 % 7) as Real - 3.0).collect()
    }

    /// By the definition: all taps of one element's window, as (tap, x).
    fn window(pool: &Pool, x: &[Real], at: usize) -> Vec<(u32, Real)> {
        let (pixel, c) = (at / pool.channels, at % pool.channels);
        let (line, j) = (pixel / pool.width.output, pixel % pool.width.output);
        let (n, i) = (line / pool.height.output, line % pool.height.output);
        let mut window = Vec::new();
        pool.each_tap([n, i, j], |tap, start| window.push((tap as u32, x[start + c])));
        window
    }

    #[test]
    fn the_largest_and_its_place_are_those_of_the_definition() {
        for pool in pools() {
            let x = integers(count(pool.x_shape()));
            let mut y = vec![Real::NAN; count(pool.y_shape())];
            let mut taps = vec![77; y.len()];
            let mut gathered = y.clone();
            max(&pool, &x, &mut y);
            winners(&pool, &x, &mut taps);
            gather(&pool, &taps, &x, &mut gathered);
            for at in 0..y.len() {
                let window = window(&pool, &x, at);
                let largest = window.iter().fold(Real::NEG_INFINITY, |a, (_, x)| a.max(*x));
                let first = window.iter().find(|(_, x)| *x == largest).unwrap();
                assert_eq!((taps[at], y[at]), *first, "{pool:?}");
                assert_eq!(gathered[at], largest);
            }
        }
    }

    #[test]
    fn spread_is_the_adjoint_of_gather() {
        let dot = |a: &[Real], b: &[Real]| a.iter().zip(b).map(|(a, b)| a * b).sum::<Real>();
        for pool in pools() {
            let (x, v) = (integers(count(pool.x_shape())), integers(count(pool.x_shape()) + 5));
            let dy = integers(count(pool.y_shape()));
            let mut taps = vec![0; dy.len()];
            winners(&pool, &x, &mut taps);
            let (mut y, mut dx) = (vec![Real::NAN; dy.len()], vec![Real::NAN; x.len()]);
            gather(&pool, &taps, &v[5..], &mut y);
            spread(&pool, &taps, &dy, &mut dx);
            assert_eq!(dot(&y, &dy), dot(&v[5..], &dx), "{pool:?}");
        }
    }

    #[test]
    fn a_nan_wins_and_is_found() {
        let along = |input| Window::padded(input, 3, 1, 1, [0, 0]).unwrap();
        let pool = Pool { batch: 1, channels: 1, height: along(3), width: along(3) };
        let mut x = integers(9);
        x[4] = Real::NAN;
        x[7] = Real::INFINITY;
        let (mut y, mut taps) = ([0.0], [0]);
        max(&pool, &x, &mut y);
        winners(&pool, &x, &mut taps);
        assert!(y[0].is_nan() && taps == [4]);
        winners(&pool, &[Real::NEG_INFINITY; 9], &mut taps);
        assert_eq!(taps, [0]);
    }
}
