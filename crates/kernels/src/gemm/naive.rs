//! Rung 0. What is a matrix product?

use super::{Beta, check_sizes};
use crate::Real;
use crate::mat::{Mat, MatMut};

/// c_ij = Σ_p a_ip b_pj + β c_ij, one dot product an element: the definition and the tests'
/// oracle.
///
/// # Panics
/// If the sizes differ.
pub fn naive(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, beta: Beta) {
    check_sizes(a, b, &c);
    for i in 0..c.rows() {
        for (j, c_ij) in c.row_mut(i).iter_mut().enumerate() {
            let dot: Real = (0..a.cols()).map(|p| a.at(i, p) * b.at(p, j)).sum();
            *c_ij = match beta {
                Beta::Zero => dot,
                Beta::One => *c_ij + dot,
            };
        }
    }
}
