//! Rung 6. What do more and wider registers add?
//!
//! A vector has 16 floats, and there are 32 registers. A tile of 12 rows and 2 vectors takes 27:
//!
//! ```text
//!    24 of zmm0 .. zmm31     12 x 2 sums
//!    2 more                  two vectors of B
//!    1 more                  a number of A in all lanes
//! ```
//!
//! 24 multiply-adds take 12 cycles of two FMA units; the 14 loads take 7 of two load ports. That is
//! 0.58 loads a multiply-add where the 6 x 16 tile has 0.67, so more of them may come from L2. 14
//! rows fill the registers and measure the same or less: the compiler then moves sums through the
//! stack.
//!
//! Gain: 2.1 times the AVX2 rung at 256^3, and 1.1 times `matrixmultiply`, which has AVX-512 too. A CPU
//! that takes 512 bits in two halves (Zen 4) has the same roof with AVX2, and gains 1.03 times.

use super::pack::{Packing, pack};
use super::panels::{Tiles, multiply};
use super::tile::{Job, Strip, tile};
use super::{Beta, How};
use crate::mat::{Mat, MatMut};
use crate::simd::Avx512;

/// C = A B + β C by tiles of 12 x 32, on this thread.
///
/// # Panics
/// If the sizes differ, or the CPU lacks AVX-512.
pub fn avx512(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, beta: Beta) {
    avx512_how(a, b, c, How::alone(beta, b.cols()));
}

pub(super) fn avx512_how(a: Mat<'_>, b: Mat<'_>, c: MatMut<'_>, how: How<'_>) {
    let simd = Avx512::detect().expect("this rung wants a CPU with AVX-512");
    multiply(simd, a, b, c, how);
}

impl Tiles for Avx512 {
    const ROWS: usize = 12;
    /// With 12 rows a step takes so long that its line of Aᵀ arrives in the meantime.
    const PACK_TRANSPOSED_A_FROM: [usize; 3] = [usize::MAX, 192, usize::MAX];

    #[inline]
    fn tile(self, job: Job<'_>) {
        let root =
            if job.c.cols() > 16 { root::<2>(job.c.rows()) } else { root::<1>(job.c.rows()) };
        // SAFETY: the token proves AVX-512.
        unsafe { root(self, job) }
    }

    #[inline]
    fn pack(self, packing: Packing<'_>) {
        // SAFETY: the token proves AVX-512.
        unsafe { pack_root(self, packing) }
    }
}

/// The loop for tiles of so many rows and `NV` vectors.
fn root<const NV: usize>(rows: usize) -> unsafe fn(Avx512, Job<'_>) {
    match rows {
        1 => tile_root::<1, NV>,
        2 => tile_root::<2, NV>,
        3 => tile_root::<3, NV>,
        4 => tile_root::<4, NV>,
        5 => tile_root::<5, NV>,
        6 => tile_root::<6, NV>,
        7 => tile_root::<7, NV>,
        8 => tile_root::<8, NV>,
        9 => tile_root::<9, NV>,
        10 => tile_root::<10, NV>,
        11 => tile_root::<11, NV>,
        12 => tile_root::<12, NV>,
        _ => unreachable!("tiles have 1 to 12 rows"),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn tile_root<const MR: usize, const NV: usize>(simd: Avx512, job: Job<'_>) {
    let a_is_packed = job.a.lane_stride == 1 && job.a.step == 16;
    if job.copy.is_some() {
        tile::<Avx512, MR, NV, false, true>(simd, job);
    } else if !job.b_is_whole {
        tile::<Avx512, MR, NV, false, false>(simd, job);
    } else if a_is_packed {
        // The same call with known strides: the compiler writes them into the instructions.
        let a = Strip { lane_stride: 1, step: 16, ..job.a };
        tile::<Avx512, MR, NV, true, false>(simd, Job { a, ..job });
    } else {
        tile::<Avx512, MR, NV, true, false>(simd, job);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn pack_root(simd: Avx512, packing: Packing<'_>) {
    pack(simd, packing);
}
