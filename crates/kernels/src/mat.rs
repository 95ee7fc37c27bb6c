//! How does a slice become a matrix?
//!
//! A [`Mat`] is a slice with two sizes and two strides: element (i, j) lies at
//! `i * row_stride + j * col_stride`. Transposing swaps the numbers and moves no data.

use crate::Real;

/// A matrix to read from.
#[derive(Clone, Copy, Debug)]
pub struct Mat<'a> {
    data: &'a [Real],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Mat<'a> {
    /// A row-major matrix: element (i, j) is `data[i * cols + j]`.
    ///
    /// # Panics
    /// If `data` does not have `rows * cols` elements.
    pub fn new(data: &'a [Real], rows: usize, cols: usize) -> Mat<'a> {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix wants that many elements");
        Mat { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The same numbers with rows and columns exchanged.
    pub fn transposed(self) -> Mat<'a> {
        Mat {
            data: self.data,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Transposed if `flag` is set, as it is otherwise.
    pub fn transposed_if(self, flag: bool) -> Mat<'a> {
        if flag { self.transposed() } else { self }
    }

    /// The `count` rows that start at `first`.
    pub fn row_range(self, first: usize, count: usize) -> Mat<'a> {
        assert!(first + count <= self.rows, "rows {first}..{} of {}", first + count, self.rows);
        // An empty matrix may have a first row past its data.
        let start = (first * self.row_stride).min(self.data.len());
        Mat { data: &self.data[start..], rows: count, ..self }
    }

    /// Number of rows.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(self) -> usize {
        self.cols
    }

    /// Distance in elements between (i, j) and (i + 1, j).
    pub fn row_stride(self) -> usize {
        self.row_stride
    }

    /// Distance in elements between (i, j) and (i, j + 1).
    pub fn col_stride(self) -> usize {
        self.col_stride
    }

    /// The numbers, from element (0, 0) on.
    pub fn data(self) -> &'a [Real] {
        self.data
    }

    /// Element (i, j).
    #[inline]
    pub fn at(self, i: usize, j: usize) -> Real {
        self.data[i * self.row_stride + j * self.col_stride]
    }
}

/// A row-major matrix to write to.
#[derive(Debug)]
pub struct MatMut<'a> {
    data: &'a mut [Real],
    rows: usize,
    cols: usize,
}

impl<'a> MatMut<'a> {
    /// A row-major matrix: element (i, j) is `data[i * cols + j]`.
    ///
    /// # Panics
    /// If `data` does not have `rows * cols` elements.
    pub fn new(data: &'a mut [Real], rows: usize, cols: usize) -> MatMut<'a> {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix wants that many elements");
        MatMut { data, rows, cols }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Row i.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [Real] {
        &mut self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// All numbers, row after row.
    pub fn data_mut(&mut self) -> &mut [Real] {
        self.data
    }

    /// All numbers, row after row, for as long as the matrix itself borrows them.
    pub fn into_data(self) -> &'a mut [Real] {
        self.data
    }
}
