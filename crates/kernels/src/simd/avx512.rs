//! What does a vector do on AVX-512?

use super::{Level, Simd};
use std::arch::x86_64::*;

/// Proof that the CPU has AVX-512 F, BW, DQ and VL: only [`Avx512::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The token, if the CPU has it.
    #[inline]
    pub(crate) fn detect() -> Option<Avx512> {
        (Level::detect() >= Level::Avx512).then_some(Avx512(()))
    }
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    type Vector = __m512;
    type Mask = __mmask16;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: the token proves AVX-512.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: the token proves AVX-512.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn first(self, count: usize) -> __mmask16 {
        debug_assert!(count <= 16);
        ((1_u32 << count) - 1) as __mmask16
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: the token proves AVX-512; the caller vouches for 16 floats at any alignment.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, mask: __mmask16, from: *const f32) -> __m512 {
        // SAFETY: the token proves AVX-512; the caller vouches for the chosen floats, and the
        // others are not read.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn store(self, x: __m512, to: *mut f32) {
        // SAFETY: the token proves AVX-512; the caller vouches for 16 floats at any alignment.
        unsafe { _mm512_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, mask: __mmask16, x: __m512, to: *mut f32) {
        // SAFETY: the token proves AVX-512; the caller vouches for the chosen floats, and the
        // others are not written.
        unsafe { _mm512_mask_storeu_ps(to, mask, x) }
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
        let mut block = [self.splat(0.0); 16];
        for (i, row) in block.iter_mut().enumerate() {
            let mask = if i < rows { mask } else { 0 };
            // SAFETY: the mask chooses j < columns of a row i < rows: the caller vouches for those.
            *row = unsafe { self.load_masked(mask, from.wrapping_add(i * from_stride)) };
        }
        // SAFETY: the token proves AVX-512.
        let block = unsafe { transposed(block) };
        for (j, column) in block.into_iter().enumerate() {
            if j < columns {
                // SAFETY: j < columns: the caller vouches for 16 floats there.
                unsafe { self.store(column, to.add(j * to_stride)) }
            }
        }
    }
}

/// Rows to columns in four rounds: of single floats, of pairs, of quarters and of halves of a
/// vector, each round interleaving rows twice as far apart.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(x: [__m512; 16]) -> [__m512; 16] {
    let mut y = x;
    for i in 0..8 {
        y[2 * i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]);
        y[2 * i + 1] = _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
    }
    let pairs = |a, b| {
        let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
        let (low, high) = (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
        (_mm512_castpd_ps(low), _mm512_castpd_ps(high))
    };
    // z[4 g + c] holds, in quarter q, rows 4 g .. 4 g + 4 of column 4 q + c.
    let mut z = y;
    for g in 0..4 {
        (z[4 * g], z[4 * g + 1]) = pairs(y[4 * g], y[4 * g + 2]);
        (z[4 * g + 2], z[4 * g + 3]) = pairs(y[4 * g + 1], y[4 * g + 3]);
    }
    let mut out = z;
    for c in 0..4 {
        // Quarters 0 and 2, or 1 and 3, of two groups of rows; then of all four.
        let (a02, a13) = (
            _mm512_shuffle_f32x4::<0x88>(z[c], z[4 + c]),
            _mm512_shuffle_f32x4::<0xdd>(z[c], z[4 + c]),
        );
        let (b02, b13) = (
            _mm512_shuffle_f32x4::<0x88>(z[8 + c], z[12 + c]),
            _mm512_shuffle_f32x4::<0xdd>(z[8 + c], z[12 + c]),
        );
        out[c] = _mm512_shuffle_f32x4::<0x88>(a02, b02);
        out[8 + c] = _mm512_shuffle_f32x4::<0xdd>(a02, b02);
        out[4 + c] = _mm512_shuffle_f32x4::<0x88>(a13, b13);
        out[12 + c] = _mm512_shuffle_f32x4::<0xdd>(a13, b13);
    }
    out
}
