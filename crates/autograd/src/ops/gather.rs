//! How are look-ups differentiated?
//!
//! Gathering rows and adding rows into place are each other's derivatives.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Tensor};
use std::sync::Arc;

/// y_i = x_{index i}                    dx_j = Σ dy_i over all i with index i = j
struct GatherRows {
    indices: Arc<[usize]>,
}

impl Op<1> for GatherRows {
    const NAME: &'static str = "gather_rows";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let columns = x.shape()[1..].iter().product();
        Array::filled_by(x.shape().with(0, self.indices.len()), |y| {
            for (i, j) in self.indices.iter().enumerate() {
                let row = &x.numbers()[j * columns..][..columns];
                y[i * columns..][..columns].copy_from_slice(row);
            }
        })
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        ScatterRows { indices: self.indices.clone(), rows: x.shape()[0] }.apply([dy])
    }
}

/// y_j = Σ x_i over all i with index i = j          dx_i = dy_{index i}
struct ScatterRows {
    indices: Arc<[usize]>,
    rows: usize,
}

impl Op<1> for ScatterRows {
    const NAME: &'static str = "scatter_rows";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let columns = x.shape()[1..].iter().product();
        Array::filled_by(x.shape().with(0, self.rows), |y| {
            y.fill(0.0);
            for (i, j) in self.indices.iter().enumerate() {
                let row = &x.numbers()[i * columns..][..columns];
                for (y, x) in y[j * columns..][..columns].iter_mut().zip(row) {
                    *y += x;
                }
            }
        })
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        GatherRows { indices: self.indices.clone() }.apply([dy])
    }
}

impl Tensor {
    /// The rows (slices of the first axis) with these indices, in this order; an index may
    /// repeat.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[track_caller]
    pub fn gather_rows(&self, indices: &[usize]) -> Tensor {
        assert!(!self.shape().is_empty(), "gather_rows: a single number has no rows");
        let rows = self.shape()[0];
        if let Some(bad) = indices.iter().find(|index| **index >= rows) {
            panic!(
                "gather_rows: {} has no row {bad}\n  hint: rows are counted from 0",
                self.shape()
            );
        }
        GatherRows { indices: indices.into() }.apply([self])
    }

    /// Row i is 1 at position `labels[i]` and 0 elsewhere; of shape `[labels, classes]`.
    ///
    /// # Panics
    /// If a label is not below `classes`.
    #[must_use]
    #[track_caller]
    pub fn one_hot(labels: &[usize], classes: usize) -> Tensor {
        if let Some(bad) = labels.iter().find(|label| **label >= classes) {
            panic!("one_hot: there is no class {bad} among {classes}, counted from 0");
        }
        Tensor::constant(Array::filled_by([labels.len(), classes], |y| {
            y.fill(0.0);
            for (i, label) in labels.iter().enumerate() {
                y[i * classes + label] = 1.0;
            }
        }))
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[GatherRows::NAME, ScatterRows::NAME], &[&[4, 3]], |x| {
        x[0].gather_rows(&[2, 0, 2, 3, 2])
    }),
    Case::shaped(&[GatherRows::NAME], &[&[4]], |x| x[0].gather_rows(&[1, 1])),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "gather_rows",
        make: || zeros([3, 2]).gather_rows(&[1, 3]),
        report: "gather_rows: [3, 2] has no row 3",
    },
    Mistake {
        method: "gather_rows",
        make: || zeros([]).gather_rows(&[0]),
        report: "gather_rows: a single number has no rows",
    },
    Mistake {
        method: "one_hot",
        make: || Tensor::one_hot(&[0, 3], 3),
        report: "one_hot: there is no class 3 among 3, counted from 0",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_in_order() {
        let x = Tensor::new([3, 2], &[0., 1., 2., 3., 4., 5.]);
        assert_eq!(x.gather_rows(&[2, 0, 2]).numbers(), [4., 5., 0., 1., 4., 5.]);
    }

    #[test]
    fn one_hot_rows_name_their_class() {
        assert_eq!(Tensor::one_hot(&[2, 0], 3).numbers(), [0., 0., 1., 1., 0., 0.]);
    }
}
