//! Rung 4. What does a good library reach?
//!
//! The crate `matrixmultiply` blocks for the caches and has tiles for SSE2, AVX, FMA, AVX-512 and
//! NEON, chosen at run time. It serves platforms and element types without a tile of our own.

use super::{Beta, check_sizes};
use crate::Real;
use crate::mat::{Mat, MatMut};

#[cfg(feature = "f64")]
use matrixmultiply::dgemm as multiply;
#[cfg(not(feature = "f64"))]
use matrixmultiply::sgemm as multiply;

/// C = A B + β C by `matrixmultiply`.
///
/// # Panics
/// If the sizes differ.
pub fn library(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, beta: Beta) {
    check_sizes(a, b, &c);
    let (m, k, n) = (a.rows(), a.cols(), c.cols());
    // The last element of each matrix lies inside its slice: what the call below relies on.
    for mat in [a, b] {
        let last = mat.rows().saturating_sub(1) * mat.row_stride()
            + mat.cols().saturating_sub(1) * mat.col_stride();
        assert!(mat.rows() * mat.cols() == 0 || last < mat.data().len());
    }
    let beta: Real = if beta == Beta::One { 1.0 } else { 0.0 };
    let c_stride = c.row_stride() as isize;
    // SAFETY: for each operand, element (i, j) lies at i * row_stride + j * col_stride of a live
    // slice: checked above for A and B, and a `MatMut` vouches for all of its own elements. C is borrowed mutably, so it overlaps neither A nor B. With β = 0 C is not read.
    unsafe {
        multiply(
            m,
            k,
            n,
            1.0,
            a.data().as_ptr(),
            a.row_stride() as isize,
            a.col_stride() as isize,
            b.data().as_ptr(),
            b.row_stride() as isize,
            b.col_stride() as isize,
            beta,
            c.as_mut_ptr(),
            c_stride,
            1,
        );
    }
}
