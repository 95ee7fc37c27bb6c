//! What is done with a product's numbers while they are in the cache?
//!
//! A dense layer or a convolution rarely ends with its sums. A bias is added, and most often a
//! rectifier follows:
//!
//! ```text
//! z = Σ + b,    y = z where z > 0, else slope · z
//! ```
//!
//! By itself each would read and write all of y once more.

use crate::Real;
use crate::on_level::levels;

/// A bias and a rectifier behind a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epilogue<'a> {
    /// b: a number for each column of a matrix, or channel of an image.
    pub bias: Option<&'a [Real]>,
    /// The slope where z is not positive; 1 leaves z as it is.
    pub slope: Real,
}

impl<'a> Epilogue<'a> {
    /// Nothing follows.
    pub const NOTHING: Epilogue<'static> = Epilogue { bias: None, slope: 1.0 };

    /// A bias and no rectifier.
    pub fn bias(bias: &'a [Real]) -> Epilogue<'a> {
        Epilogue { bias: Some(bias), ..Epilogue::NOTHING }
    }

    /// Panics unless the bias has a number for each of so many columns of this op.
    #[track_caller]
    pub(crate) fn check(self, op: &str, columns: usize) {
        let len = self.bias.map_or(columns, <[Real]>::len);
        assert!(len == columns, "{op}: a bias of {len} for {columns} columns");
    }

    /// Whether it leaves everything as it is.
    pub(crate) fn is_nothing(self) -> bool {
        self.bias.is_none() && self.slope == 1.0
    }

    /// What follows for so many columns, from column `first` on.
    pub(crate) fn of(self, first: usize, columns: usize) -> Epilogue<'a> {
        Epilogue { bias: self.bias.map(|bias| &bias[first..][..columns]), ..self }
    }

    /// Makes y of a run of sums, the first of which is in column j.
    #[inline]
    pub(crate) fn finish(self, j: usize, run: &mut [Real]) {
        if !self.is_nothing() {
            finish(run.len(), self.bias.map(|bias| &bias[j..][..run.len()]), self.slope, run);
        }
    }

    /// Makes y of whole rows of sums that follow each other.
    pub(crate) fn finish_rows(self, rows: &mut [Real]) {
        if !self.is_nothing() {
            finish(rows.len(), self.bias, self.slope, rows);
        }
    }
}

levels! {
    /// Of rows that are as long as the bias.
    fn finish(bias: Option<&[Real]>, slope: Real, rows: &mut [Real]) {
        match bias {
            Some(bias) => {
                for row in rows.chunks_exact_mut(bias.len().max(1)) {
                    for (y, b) in row.iter_mut().zip(bias) {
                        *y = rectified(*y + b, slope);
                    }
                }
            }
            None => rows.iter_mut().for_each(|y| *y = rectified(*y, slope)),
        }
    }
}

/// z where z > 0, else slope · z; NaN stays NaN, and a slope of 0 makes 0 of -∞, too.
#[inline(always)]
pub(crate) fn rectified(z: Real, slope: Real) -> Real {
    let below = if slope == 0.0 { 0.0 } else { slope * z };
    if z <= 0.0 { below } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_the_formula_says() {
        let sums = [-4.0, -1.0, 0.0, 0.5, 2.0, Real::NEG_INFINITY, Real::INFINITY, Real::NAN];
        let bias = [9.0, 1.0, 0.0, 0.0, -1.0, -2.0, 0.0, 0.0, 0.0];
        let with = |bias, slope| {
            let mut run = sums;
            Epilogue { bias, slope }.finish(1, &mut run);
            assert!(run[7].is_nan());
            run[..7].to_vec()
        };
        let (low, high) = (Real::NEG_INFINITY, Real::INFINITY);
        assert_eq!(with(None, 1.0), sums[..7]);
        assert_eq!(with(None, 0.5), [-2.0, -0.5, 0.0, 0.5, 2.0, low, high]);
        assert_eq!(with(Some(&bias), 1.0), [-3.0, -1.0, 0.0, -0.5, 0.0, low, high]);
        assert_eq!(with(Some(&bias), 0.0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, high]);
        let mut rows = [1.0, -2.0, 3.0, -4.0];
        Epilogue { bias: Some(&[0.5, 1.0]), slope: 2.0 }.finish_rows(&mut rows);
        assert_eq!(rows, [1.5, -2.0, 3.5, -6.0]);
    }
}
