//! What does a vector do on AVX2 and FMA?

use super::{Level, Simd};
use std::arch::x86_64::*;

/// Proof that the CPU has AVX2 and FMA: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The token, if the CPU has it.
    #[inline]
    pub(crate) fn detect() -> Option<Avx2> {
        (Level::detect() >= Level::Avx2).then_some(Avx2(()))
    }
}

/// The first lanes: their count, and a vector of which the sign of each lane chooses.
#[derive(Clone, Copy)]
pub(crate) struct First(usize, __m256i);

impl Simd for Avx2 {
    const LANES: usize = 8;
    type Vector = __m256;
    type Mask = First;

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the token proves AVX2.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: the token proves FMA.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn first(self, count: usize) -> First {
        debug_assert!(count <= 8);
        // SAFETY: the token proves AVX2.
        unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            First(count, _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane))
        }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: the token proves AVX2; the caller vouches for 8 floats at any alignment.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, First(_, mask): First, from: *const f32) -> __m256 {
        // SAFETY: the token proves AVX2; the caller vouches for the chosen floats, and the others
        // are not read.
        unsafe { _mm256_maskload_ps(from, mask) }
    }

    #[inline(always)]
    unsafe fn store(self, x: __m256, to: *mut f32) {
        // SAFETY: the token proves AVX2; the caller vouches for 8 floats at any alignment.
        unsafe { _mm256_storeu_ps(to, x) }
    }

    /// In halves, quarters and eighths: the one masked store that AVX2 has takes some CPUs 12 cycles.
    #[inline(always)]
    unsafe fn store_masked(self, First(count, _): First, x: __m256, mut to: *mut f32) {
        // SAFETY: the token proves AVX2; the caller vouches for `count` floats, which is what the
        // sizes of these stores add up to.
        unsafe {
            if count == 8 {
                return _mm256_storeu_ps(to, x);
            }
            let mut rest = _mm256_castps256_ps128(x);
            if count & 4 != 0 {
                _mm_storeu_ps(to, rest);
                (rest, to) = (_mm256_extractf128_ps::<1>(x), to.add(4));
            }
            if count & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                (rest, to) = (_mm_movehl_ps(rest, rest), to.add(2));
            }
            if count & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: a prefetch never faults; x86-64 has the instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn transpose(
        self,
        (from, from_stride): (*const f32, usize),
        (rows, columns): (usize, usize),
        (to, to_stride): (*mut f32, usize),
    ) {
        let mask = self.first(columns);
        let mut block = [self.splat(0.0); 8];
        for (i, row) in block.iter_mut().enumerate() {
            let mask = if i < rows { mask } else { self.first(0) };
            // SAFETY: the mask chooses j < columns of a row i < rows: the caller vouches for those.
            *row = unsafe { self.load_masked(mask, from.wrapping_add(i * from_stride)) };
        }
        // SAFETY: the token proves AVX2.
        let block = unsafe { transposed(block) };
        for (j, column) in block.into_iter().enumerate() {
            if j < columns {
                // SAFETY: j < columns: the caller vouches for 8 floats there.
                unsafe { self.store(column, to.add(j * to_stride)) }
            }
        }
    }
}

/// Rows to columns in three rounds: of single floats, of pairs and of halves of a vector, each
/// round interleaving rows twice as far apart.
#[target_feature(enable = "avx2")]
#[inline]
fn transposed(x: [__m256; 8]) -> [__m256; 8] {
    let mut y = x;
    for i in 0..4 {
        y[2 * i] = _mm256_unpacklo_ps(x[2 * i], x[2 * i + 1]);
        y[2 * i + 1] = _mm256_unpackhi_ps(x[2 * i], x[2 * i + 1]);
    }
    let pairs = |a, b| {
        let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
        let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        (_mm256_castpd_ps(low), _mm256_castpd_ps(high))
    };
    // z[4 g + c] holds, in half h, rows 4 g .. 4 g + 4 of column 4 h + c.
    let mut z = y;
    for g in 0..2 {
        (z[4 * g], z[4 * g + 1]) = pairs(y[4 * g], y[4 * g + 2]);
        (z[4 * g + 2], z[4 * g + 3]) = pairs(y[4 * g + 1], y[4 * g + 3]);
    }
    let mut out = z;
    for c in 0..4 {
        out[c] = _mm256_permute2f128_ps::<0x20>(z[c], z[4 + c]);
        out[4 + c] = _mm256_permute2f128_ps::<0x31>(z[c], z[4 + c]);
    }
    out
}
