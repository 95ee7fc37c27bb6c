//! How is an image enlarged, shrunk, padded, cropped or averaged?
//!
//! All of these are linear, and act on the height and on the width alike:
//!
//! ```text
//! y[n, i, j, c] = Σ  R[i, p] C[j, q] x[n, p, q, c]
//! ```
//!
//! for a matrix R of rows and a matrix C of columns with few entries in each row: one for padding
//! and nearest neighbours, two for bilinear interpolation, a window's taps for an average. So one
//! kernel computes them all, and their gradients too, which are the same with both matrices
//! transposed.
//!
//! ```text
//!   x               bilinear: row i of R            rows of C, each 1 or 1/4 and 3/4
//!
//!   line p      x x x x   1/4 (line p)
//!   line p + 1  x x x x   + 3/4 (line p + 1)  =  s s s s   ->   line i of y  y y y y y y y y
//! ```
//!
//! [`naive`] is the definition. [`resample`] walks over output rows, combines the input rows that
//! one needs, and then that row's pixels; its inner loops run over channels. Neighbours that are
//! copies of neighbours, as inside of a border, are copied together, however few channels there are.
//! Threads share the output rows, and a gradient gathers like everything else, so nothing is
//! scattered.

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::scratch::with_scratch;
use crate::window::Window;
use crate::{Real, par};

/// A matrix with few entries in each row: how the positions along one axis of an output are made of
/// positions of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// How many positions the input has.
    columns: usize,
    /// Where each row's entries start, and where the last row's end.
    starts: Vec<usize>,
    /// Input positions and their weights, in the order of the sum.
    entries: Vec<(usize, Real)>,
    /// Where each run of outputs starts, and where the last one ends: neighbours that are 0, or that
    /// are the neighbours from some position on, or one output by itself.
    runs: Vec<usize>,
}

impl Matrix {
    /// The matrix of these rows of (position, weight).
    fn new<Row: IntoIterator<Item = (usize, Real)>>(
        columns: usize,
        rows: impl IntoIterator<Item = Row>,
    ) -> Matrix {
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for row in rows {
            entries.extend(row);
            starts.push(entries.len());
        }
        let mut matrix = Matrix { columns, starts, entries, runs: Vec::new() };
        let rows = matrix.rows();
        matrix.runs = (0..rows).filter(|i| *i == 0 || !matrix.continues(*i)).collect();
        matrix.runs.push(rows);
        matrix
    }

    /// Does output i belong to the run of the output before it?
    fn continues(&self, i: usize) -> bool {
        match [self.row(i - 1), self.row(i)] {
            [[], []] => true,
            [[(before, 1.0)], [(position, 1.0)]] => *position == before + 1,
            _ => false,
        }
    }

    /// y_i = x_i.
    pub fn identity(size: usize) -> Matrix {
        Matrix::new(size, (0..size).map(|i| [(i, 1.0)]))
    }

    /// y_i = x at ⌊i · input / output⌋: the nearest pixel in front, as PyTorch's `nearest`.
    pub fn nearest(input: usize, output: usize) -> Matrix {
        Matrix::new(input, (0..output).map(|i| [(i * input / output, 1.0)]))
    }

    /// y_i = (1 - f) x_k + f x_{k+1} with k + f = (i + 1/2) · input / output - 1/2, kept inside of
    /// the image: pixels are squares whose centres are aligned, as in PyTorch's and TensorFlow's
    /// `bilinear` (there with `align_corners=False` and without antialiasing).
    pub fn bilinear(input: usize, output: usize) -> Matrix {
        let last = input.saturating_sub(1);
        let rows = (0..output).map(|i| {
            let centre = (i as f64 + 0.5) * input as f64 / output as f64 - 0.5;
            let centre = centre.clamp(0.0, last as f64);
            let k = centre as usize;
            let f = (centre - k as f64) as Real;
            let both = [(k, 1.0 - f), (last.min(k + 1), f)];
            both.into_iter().filter(|(_, weight)| *weight != 0.0)
        });
        Matrix::new(input, rows)
    }

    /// x with zeros before and after it.
    pub fn zero_padded(input: usize, [before, after]: [usize; 2]) -> Matrix {
        let inside = |i: usize| i.checked_sub(before).filter(|position| *position < input);
        Matrix::new(
            input,
            (0..before + input + after).map(|i| inside(i).map(|position| (position, 1.0))),
        )
    }

    /// x with its mirror image before and after it; the pixel at the border is the mirror and is
    /// not repeated: 2 1 | 0 1 2 3 | 2 1.
    ///
    /// # Panics
    /// If there is more padding on a side than pixels behind the mirror.
    pub fn reflected(input: usize, [before, after]: [usize; 2]) -> Matrix {
        assert!(before.max(after) < input, "reflect: {before} and {after} around {input}");
        let mirrored = |i: usize| {
            let position = i.abs_diff(before);
            if position < input { position } else { 2 * (input - 1) - position }
        };
        Matrix::new(input, (0..before + input + after).map(|i| [(mirrored(i), 1.0)]))
    }

    /// y_i = the mean over a window, of all its taps, or of those inside of the image only.
    pub fn average(window: &Window, count_padding: bool) -> Matrix {
        let rows = (0..window.output).map(|o| {
            let inside: Vec<usize> =
                (0..window.taps).filter_map(|k| window.position(o, k)).collect();
            let count = if count_padding { window.taps } else { inside.len() };
            let weight = 1.0 / count as Real;
            inside.into_iter().map(move |position| (position, weight))
        });
        Matrix::new(window.input, rows)
    }

    /// The matrix of the gradient: rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Matrix {
        let mut rows = vec![Vec::new(); self.columns];
        for i in 0..self.rows() {
            for (position, weight) in self.row(i) {
                rows[*position].push((i, *weight));
            }
        }
        Matrix::new(self.rows(), rows)
    }

    /// Size of the output.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Size of the input.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Positions and weights of one output.
    #[inline]
    fn row(&self, i: usize) -> &[(usize, Real)] {
        &self.entries[self.starts[i]..self.starts[i + 1]]
    }
}

/// y\[n, i, j, c\] = Σ R\[i, p\] C\[j, q\] x\[n, p, q, c\].
///
/// - `x`: `[batch, R's columns, C's columns, channels]`;
/// - `y`: `[batch, R's rows, C's rows, channels]`.
///
/// # Panics
/// If a slice is not as long as this.
pub fn resample(
    [rows, columns]: [&Matrix; 2],
    [batch, channels]: [usize; 2],
    x: &[Real],
    y: &mut [Real],
) {
    check([rows, columns], [batch, channels], x, y);
    let (x_row_len, y_row_len) = (columns.columns() * channels, columns.rows() * channels);
    let work = (y.len() + x.len()) / 4;
    let together = (TASK / y_row_len.max(1)).max(1);
    par::for_each_chunk(y, together * y_row_len, work, |start, y| {
        with_scratch(x_row_len, |scratch| {
            for (number, y) in (start / y_row_len..).zip(y.chunks_exact_mut(y_row_len)) {
                let (n, i) = (number / rows.rows(), number % rows.rows());
                let x = &x[n * rows.columns() * x_row_len..][..rows.columns() * x_row_len];
                one_row(y.len(), rows.row(i), columns, channels, x, scratch, y);
            }
        });
    });
}

levels! {
    fn one_row(
        entries: &[(usize, Real)],
        columns: &Matrix,
        channels: usize,
        x: &[Real],
        scratch: &mut [Real],
        y: &mut [Real],
    ) {
        let row = match entries {
            // Nothing to add up: the row of x itself.
            [(position, 1.0)] => &x[position * scratch.len()..][..scratch.len()],
            _ => {
                add_up(entries, x, scratch.len(), scratch);
                scratch
            }
        };
        for (start, end) in columns.runs.iter().zip(&columns.runs[1..]) {
            let pixels = &mut y[start * channels..end * channels];
            add_up(columns.row(*start), row, channels, pixels);
        }
    }
}

/// y = Σ weight · (the numbers of x from that position on, of so many numbers each).
#[inline(always)]
fn add_up(row: &[(usize, Real)], x: &[Real], each: usize, y: &mut [Real]) {
    match row {
        [] => y.fill(0.0),
        [(position, 1.0)] => y.copy_from_slice(&x[position * each..][..y.len()]),
        [(p, a), rest @ ..] => {
            for (y, x) in y.iter_mut().zip(&x[p * each..]) {
                *y = a * x;
            }
            for (p, a) in rest {
                for (y, x) in y.iter_mut().zip(&x[p * each..]) {
                    *y += a * x;
                }
            }
        }
    }
}

/// The same by its definition, one element of the output after the other.
///
/// # Panics
/// As [`resample`].
pub fn naive(
    [rows, columns]: [&Matrix; 2],
    [batch, channels]: [usize; 2],
    x: &[Real],
    y: &mut [Real],
) {
    check([rows, columns], [batch, channels], x, y);
    for (at, y) in y.iter_mut().enumerate() {
        let (pixel, c) = (at / channels, at % channels);
        let (line, j) = (pixel / columns.rows(), pixel % columns.rows());
        let (n, i) = (line / rows.rows(), line % rows.rows());
        *y = 0.0;
        for (p, a) in rows.row(i) {
            for (q, b) in columns.row(j) {
                let pixel = (n * rows.columns() + p) * columns.columns() + q;
                *y += a * b * x[pixel * channels + c];
            }
        }
    }
}

fn check([r, c]: [&Matrix; 2], [batch, channels]: [usize; 2], x: &[Real], y: &[Real]) {
    let wanted = [r.columns() * c.columns(), r.rows() * c.rows()].map(|n| batch * n * channels);
    assert!([x.len(), y.len()] == wanted, "resample: {} and {} numbers", x.len(), y.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(len: usize) -> Vec<Real> {
        (0..len).map(|i| (i * 37 % 19) as Real - 9.0).collect()
    }

    fn pairs() -> Vec<[Matrix; 2]> {
        let window =
            |input, taps, stride, padding| Window::padded(input, taps, stride, 1, padding).unwrap();
        vec![
            [Matrix::identity(3), Matrix::identity(4)],
            [Matrix::nearest(3, 6), Matrix::nearest(5, 3)],
            [Matrix::bilinear(4, 8), Matrix::bilinear(3, 6)],
            [Matrix::zero_padded(3, [1, 2]), Matrix::zero_padded(2, [0, 3])],
            [Matrix::reflected(3, [2, 1]), Matrix::reflected(4, [0, 3])],
            [
                Matrix::average(&window(6, 2, 2, [0, 0]), true),
                Matrix::average(&window(5, 4, 1, [1, 2]), true),
            ],
        ]
    }

    type Kernel = fn([&Matrix; 2], [usize; 2], &[Real], &mut [Real]);

    fn run(f: Kernel, [r, c]: [&Matrix; 2], channels: usize, x: &[Real]) -> Vec<Real> {
        let mut y = vec![Real::NAN; 2 * r.rows() * c.rows() * channels];
        f([r, c], [2, channels], x, &mut y);
        y
    }

    /// Weights that are powers of two and small integers: exact in any order.
    #[test]
    fn rows_then_columns_equal_the_definition() {
        for [r, c] in &pairs() {
            for (r, c) in [(r, c), (&r.transposed(), &c.transposed())] {
                for channels in [1, 3, 16, 40] {
                    let x = integers(2 * r.columns() * c.columns() * channels);
                    let found = run(resample, [r, c], channels, &x);
                    assert_eq!(found, run(naive, [r, c], channels, &x), "{r:?} {c:?}");
                }
            }
        }
    }

    #[test]
    fn transposed_matrices_are_the_adjoint() {
        let dot = |a: &[Real], b: &[Real]| a.iter().zip(b).map(|(a, b)| a * b).sum::<Real>();
        for [r, c] in &pairs() {
            let x = integers(2 * r.columns() * c.columns() * 3);
            let dy = integers(2 * r.rows() * c.rows() * 3);
            let y = run(resample, [r, c], 3, &x);
            let dx = run(resample, [&r.transposed(), &c.transposed()], 3, &dy);
            assert_eq!(dot(&y, &dy), dot(&x, &dx), "{r:?} {c:?}");
        }
    }

    /// Each of them along one axis, computed by hand.
    #[test]
    fn matrices_do_what_they_are_named_for() {
        let along = |matrix: Matrix, x: &[Real]| {
            let mut y = vec![Real::NAN; matrix.rows()];
            resample([&Matrix::identity(1), &matrix], [1, 1], x, &mut y);
            y
        };
        let x = [1., 2., 4., 8.];
        assert_eq!(along(Matrix::nearest(4, 8), &x), [1., 1., 2., 2., 4., 4., 8., 8.]);
        assert_eq!(along(Matrix::nearest(4, 6), &x), [1., 1., 2., 4., 4., 8.]);
        assert_eq!(along(Matrix::nearest(4, 2), &x), [1., 4.]);
        assert_eq!(along(Matrix::bilinear(4, 8), &x), [1., 1.25, 1.75, 2.5, 3.5, 5., 7., 8.]);
        assert_eq!(along(Matrix::bilinear(4, 2), &x), [1.5, 6.]);
        assert_eq!(along(Matrix::zero_padded(4, [1, 2]), &x), [0., 1., 2., 4., 8., 0., 0.]);
        assert_eq!(along(Matrix::reflected(4, [3, 1]), &x), [8., 4., 2., 1., 2., 4., 8., 4.]);
        let window = Window::padded(4, 2, 2, 1, [1, 1]).unwrap();
        assert_eq!(along(Matrix::average(&window, true), &x), [0.5, 3., 4.]);
        assert_eq!(along(Matrix::average(&window, false), &x), [1., 3., 8.]);
    }

    #[test]
    fn a_nan_next_to_a_pixel_does_not_reach_it() {
        let x = [1.0, Real::NAN, 3.0];
        for (matrix, expected) in [
            (Matrix::nearest(3, 6), [0, 1, 4, 5]),
            (Matrix::zero_padded(3, [0, 3]), [0, 2, 3, 5]),
            (Matrix::bilinear(3, 6), [0, 0, 5, 5]),
        ] {
            let mut y = vec![0.0; 6];
            resample([&Matrix::identity(1), &matrix], [1, 1], &x, &mut y);
            assert!(expected.iter().all(|i| !y[*i].is_nan()), "{y:?}");
        }
    }

    #[test]
    fn threads_change_nothing() {
        let [r, c] = [Matrix::bilinear(32, 64), Matrix::bilinear(32, 64)];
        let x: Vec<Real> = (0..2 * 32 * 32 * 40).map(|i| (i as Real).sin()).collect();
        let on = |threads| par::with_threads(threads, || run(resample, [&r, &c], 40, &x));
        assert!(on(1) == on(3));
    }
}
