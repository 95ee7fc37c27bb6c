//! Rung 3. How is each number loaded once and used many times?
//!
//! C is cut into tiles of 4 rows and 16 columns that live in registers while the loop over k
//! runs: for 4 + 16 loads there are 64 multiply-adds. The columns of B are packed, so that the
//! loop reads them in order whatever B's strides are. (SSE2 has 16 registers of 4 numbers, which the
//! sums alone would fill: there some of them wait on the stack.)
//!
//! ```text
//!                    b_p0 ... b_p15      one packed row of B
//!           a_0p   [ c_00 ... c_0,15 ]
//!           a_1p   [ c_10 ... c_1,15 ]   += a_ip b_pj, p = 0 .. k
//!           a_2p   [ c_20 ... c_2,15 ]
//!           a_3p   [ c_30 ... c_3,15 ]
//! ```
//!
//! That loop is `tile`, its layout `pack`, the order of the blocks `panels`. Here they are compiled
//! for what every CPU of the target has; the next rungs are the same three files with other
//! vectors. Nothing is fused: without FMA hardware `mul_add` is a call into the maths library.
//!
//! Gain: 1.3 times the blocks at 256^3, 1.6 times at 1024^3.

use super::pack::{Packing, pack};
use super::panels::{Tiles, multiply};
use super::tile::{Job, tile};
use super::{Beta, How};
use crate::mat::{Mat, MatMut};
use crate::simd::Portable;

/// C = A B + β C by tiles of 4 x 16 in plain Rust, on this thread.
///
/// # Panics
/// If the sizes differ.
pub fn portable(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    portable_how(a, b, c, How::alone(beta, b.cols()));
}

pub(super) fn portable_how(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: How<'_>) {
    multiply(Portable, a, b, c, how);
}

impl Tiles for Portable {
    const ROWS: usize = 4;
    const PACK_TRANSPOSED_A_FROM: [usize; 3] = [192, 48, 192];

    #[inline]
    fn tile(self, job: Job<'_>) {
        if job.c.cols() > 8 { whole_or_not::<2>(job) } else { whole_or_not::<1>(job) }
    }

    fn pack(self, packing: Packing<'_>) {
        pack(self, packing);
    }
}

fn whole_or_not<const NV: usize>(job: Job<'_>) {
    match job.c.rows() {
        1 => tile_of::<1, NV>(job),
        2 => tile_of::<2, NV>(job),
        3 => tile_of::<3, NV>(job),
        4 => tile_of::<4, NV>(job),
        _ => unreachable!("tiles have 1 to 4 rows"),
    }
}

fn tile_of<const MR: usize, const NV: usize>(job: Job<'_>) {
    if job.copy.is_some() {
        tile::<Portable, MR, NV, false, true>(Portable, job);
    } else if job.b_is_whole {
        tile::<Portable, MR, NV, true, false>(Portable, job);
    } else {
        tile::<Portable, MR, NV, false, false>(Portable, job);
    }
}
