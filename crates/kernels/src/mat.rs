//! How does a slice become a matrix?
//!
//! A [`Mat`] is a slice with two sizes and two strides: element (i, j) lies at
//! `i * row_stride + j * col_stride`. Transposing swaps the numbers and moves no data.

use crate::Real;
use std::marker::PhantomData;

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
        check_whole(data, rows, cols);
        Mat { data, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// A matrix whose element (i, j) is `data[i * row_stride + j * col_stride]`.
    ///
    /// A stride of 0 repeats.
    ///
    /// # Panics
    /// If `data` is too short for that.
    pub fn strided(
        data: &'a [Real],
        (rows, cols): (usize, usize),
        (row_stride, col_stride): (usize, usize),
    ) -> Mat<'a> {
        assert!(
            reach((rows, cols), (row_stride, col_stride)).is_some_and(|n| n <= data.len()),
            "a {rows} x {cols} matrix of strides {row_stride} and {col_stride} leaves its {} numbers",
            data.len()
        );
        Mat { data, rows, cols, row_stride, col_stride }
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

    /// The `rows` x `cols` elements from (`i`, `j`) on.
    ///
    /// # Panics
    /// If the block reaches over the matrix' edge.
    pub fn block(self, i: usize, j: usize, rows: usize, cols: usize) -> Mat<'a> {
        assert!(
            lies_inside(i, rows, self.rows) && lies_inside(j, cols, self.cols),
            "a block of {rows} x {cols} at ({i}, {j}) of {} x {}",
            self.rows,
            self.cols
        );
        // An empty block may start past the data.
        let start = (i * self.row_stride + j * self.col_stride).min(self.data.len());
        Mat { data: &self.data[start..], rows, cols, ..self }
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

/// A row-major matrix to write to: element (i, j) lies at `i * row_stride + j`.
///
/// It can be cut into pieces that different threads write. Their rows alternate in memory, so a
/// piece is no slice: it holds a pointer, and borrows what the slice borrowed.
#[derive(Debug)]
pub struct MatMut<'a> {
    /// Element (i, j) may be read and written for i < `rows`, j < `cols`, by this value alone.
    data: *mut Real,
    rows: usize,
    cols: usize,
    row_stride: usize,
    borrowed: PhantomData<&'a mut [Real]>,
}

// SAFETY: like the `&mut [Real]` it stands for, a value is the only way to its elements.
unsafe impl Send for MatMut<'_> {}

impl<'a> MatMut<'a> {
    /// A row-major matrix: element (i, j) is `data[i * cols + j]`.
    ///
    /// # Panics
    /// If `data` does not have `rows * cols` elements.
    pub fn new(data: &'a mut [Real], rows: usize, cols: usize) -> MatMut<'a> {
        check_whole(data, rows, cols);
        MatMut { data: data.as_mut_ptr(), rows, cols, row_stride: cols, borrowed: PhantomData }
    }

    /// A matrix whose element (i, j) is `data[i * row_stride + j]`. The numbers between its rows stay
    /// as they are.
    ///
    /// # Panics
    /// If rows overlap, or `data` is too short.
    pub fn strided(
        data: &'a mut [Real],
        (rows, cols): (usize, usize),
        row_stride: usize,
    ) -> MatMut<'a> {
        let fits = reach((rows, cols), (row_stride, 1)).is_some_and(|n| n <= data.len());
        assert!(
            fits && (cols <= row_stride || rows <= 1),
            "a {rows} x {cols} matrix of row stride {row_stride} in {} numbers",
            data.len()
        );
        MatMut { data: data.as_mut_ptr(), rows, cols, row_stride, borrowed: PhantomData }
    }

    /// A single column whose rows are neighbours, as a single row.
    ///
    /// # Panics
    /// If it is no such column.
    pub(crate) fn transposed_column(self) -> MatMut<'a> {
        assert!(self.cols == 1 && self.row_stride == 1, "a column whose rows are neighbours");
        MatMut { rows: 1, cols: self.rows, row_stride: self.rows, ..self }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Distance in elements between (i, j) and (i + 1, j).
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Where element (0, 0) lies.
    pub fn as_mut_ptr(&mut self) -> *mut Real {
        self.data
    }

    /// Row i.
    #[inline]
    pub fn row_mut(&mut self, i: usize) -> &mut [Real] {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        // SAFETY: i < rows, so the row's `cols` elements are this value's own; the slice borrows
        // `self` mutably, so no other slice of it is alive.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(i * self.row_stride), self.cols) }
    }

    /// The `rows` x `cols` elements from (`i`, `j`) on, while `self` is not used.
    ///
    /// # Panics
    /// If the block reaches over the matrix' edge.
    #[inline]
    pub fn block(&mut self, i: usize, j: usize, rows: usize, cols: usize) -> MatMut<'_> {
        assert!(
            lies_inside(i, rows, self.rows) && lies_inside(j, cols, self.cols),
            "a block of {rows} x {cols} at ({i}, {j}) of {} x {}",
            self.rows,
            self.cols
        );
        let start = if rows == 0 || cols == 0 { 0 } else { i * self.row_stride + j };
        MatMut { data: self.data.wrapping_add(start), rows, cols, ..*self }
    }

    /// The rows before `i`, and those from `i` on.
    ///
    /// # Panics
    /// If there are fewer than `i` rows.
    pub fn split_rows(mut self, i: usize) -> (MatMut<'a>, MatMut<'a>) {
        let (rows, cols) = (self.rows, self.cols);
        assert!(i <= rows, "{i} of {rows} rows");
        let lower = MatMut { borrowed: PhantomData, ..self.block(i, 0, rows - i, cols) };
        (MatMut { rows: i, ..self }, lower)
    }

    /// The columns before `j`, and those from `j` on.
    ///
    /// # Panics
    /// If there are fewer than `j` columns.
    pub fn split_cols(mut self, j: usize) -> (MatMut<'a>, MatMut<'a>) {
        let (rows, cols) = (self.rows, self.cols);
        assert!(j <= cols, "{j} of {cols} columns");
        let right = MatMut { borrowed: PhantomData, ..self.block(0, j, rows, cols - j) };
        (MatMut { cols: j, ..self }, right)
    }
}

// Sizes and strides are anything that a caller says. What is unsafe relies on these checks, so they
// must hold in builds, too, whose additions and products wrap around.

/// Panics unless a row-major matrix of these sizes is all of `data`.
#[track_caller]
fn check_whole(data: &[Real], rows: usize, cols: usize) {
    let fits = rows.checked_mul(cols) == Some(data.len());
    assert!(fits, "a {rows} x {cols} matrix wants that many elements, got {}", data.len());
}

/// Numbers from the first element to the last of a matrix, if a `usize` can count them.
fn reach((rows, cols): (usize, usize), (row_stride, col_stride): (usize, usize)) -> Option<usize> {
    if rows == 0 || cols == 0 {
        return Some(0);
    }
    let down = (rows - 1).checked_mul(row_stride)?;
    down.checked_add((cols - 1).checked_mul(col_stride)?)?.checked_add(1)
}

/// Whether `at..at + len` lies in `0..all`.
#[inline]
fn lies_inside(at: usize, len: usize, all: usize) -> bool {
    len <= all && at <= all - len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_matrix_once() {
        let mut data = [0.0; 35];
        let (upper, lower) = MatMut::new(&mut data, 5, 7).split_rows(2);
        let (left, right) = lower.split_cols(3);
        for (add, mut piece) in [(1.0, upper), (2.0, left), (3.0, right)] {
            for i in 0..piece.rows() {
                piece.row_mut(i).iter_mut().for_each(|x| *x += add);
            }
        }
        let expected = |i, j| if i < 2 { 1.0 } else { [2.0, 3.0][usize::from(j >= 3)] };
        assert!((0..35).all(|at| data[at] == expected(at / 7, at % 7)));
    }

    #[test]
    fn blocks_start_where_they_say() {
        let mut data: Vec<Real> = (0..35).map(|x| x as Real).collect();
        let transposed = Mat::new(&data, 5, 7).transposed();
        assert_eq!(transposed.block(2, 1, 3, 3).at(1, 2), transposed.at(3, 3));
        assert_eq!(transposed.block(7, 5, 0, 0).rows(), 0);
        let mut c = MatMut::new(&mut data, 5, 7);
        assert_eq!(c.block(1, 2, 3, 4).row_mut(1), [16.0, 17.0, 18.0, 19.0]);
    }

    #[test]
    #[should_panic(expected = "a block of 2 x 2 at (4, 0) of 5 x 7")]
    fn blocks_stay_inside() {
        Mat::new(&[0.0; 35], 5, 7).block(4, 0, 2, 2);
    }

    /// Sizes whose products and sums wrap around where nothing checks for it.
    #[test]
    fn sizes_beyond_counting_are_refused() {
        let half = 1 << (usize::BITS / 2);
        let refused = |make: fn(usize)| std::panic::catch_unwind(|| make(half)).is_err();
        assert!(refused(|n| _ = MatMut::new(&mut [], n, n)));
        assert!(refused(|n| _ = MatMut::strided(&mut [0.0; 2], (n + 1, 1), n)));
        assert!(refused(|n| _ = MatMut::strided(&mut [0.0; 2], (n, n), n)));
        assert!(refused(|n| _ = Mat::new(&[], n, n)));
        assert!(refused(|n| _ = Mat::strided(&[0.0; 2], (n + 1, 1), (n, 1))));
        assert!(refused(|_| _ = MatMut::new(&mut [0.0; 4], 2, 2).split_rows(3)));
        assert!(refused(|_| _ = MatMut::new(&mut [0.0; 4], 2, 2).split_cols(3)));
        assert!(refused(|_| _ = MatMut::new(&mut [0.0; 4], 2, 2).block(1, 0, usize::MAX, 1)));
        assert!(refused(|_| _ = Mat::new(&[0.0; 4], 2, 2).block(usize::MAX, 0, 1, 1)));
    }
}
