//! Rung 2. What if B does not fit into the cache?
//!
//! The rows rung passes over all of B for every row of A. Here B is cut into blocks of 64 x 512,
//! 128 KiB, and each block serves all rows of A before the next one is touched: it comes from
//! memory once and from L2 ever after.
//!
//! ```text
//!                     j, 512 wide
//!                   [      |///|   ]
//!        p, 64 deep [      |///|   ]   one block of B at a time
//!                   [      |   |   ]
//!     [   |/|    ]  [      |...|   ]   row i of C gets what row i of A
//!     [   |/|    ]  [      |...|   ]   finds in that block
//! ```
//!
//! Gain: none while B fits into L2; 1.25 times the rows at 1024^3, whose B has 4 MiB.

use super::{Beta, check_sizes, rows};
use crate::mat::{Mat, MatMut};

/// Rows of a block of B.
const DEPTH: usize = 64;
/// Columns of a block of B.
const WIDTH: usize = 512;

/// C = A B + β C, block of B after block of B, each by [`rows`].
///
/// # Panics
/// If the sizes differ.
pub fn blocked(a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, beta: Beta) {
    check_sizes(a, b, &c);
    let (m, k, n) = (a.rows(), a.cols(), c.cols());
    if k == 0 {
        return rows(a, b, c, beta);
    }
    for j in (0..n).step_by(WIDTH) {
        let width = WIDTH.min(n - j);
        for p in (0..k).step_by(DEPTH) {
            let depth = DEPTH.min(k - p);
            let beta = if p == 0 { beta } else { Beta::One };
            let (a, b) = (a.block(0, p, m, depth), b.block(p, j, depth, width));
            rows(a, b, c.block(0, j, m, width), beta);
        }
    }
}
