//! What does a vector do on any CPU?

use super::Simd;
use crate::Real;

/// No proof is needed: plain Rust, which the compiler turns into what the target has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// 32 bytes in f32: two registers of SSE2 or NEON.
const LANES: usize = 8;

impl Simd for Portable {
    const LANES: usize = LANES;
    type Vector = [Real; LANES];
    /// How many lanes from the first on.
    type Mask = usize;

    #[inline(always)]
    fn splat(self, x: Real) -> [Real; LANES] {
        [x; LANES]
    }

    #[inline(always)]
    fn add(self, a: [Real; LANES], b: [Real; LANES]) -> [Real; LANES] {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    /// Rounded twice: without the instruction, rounding once is a call into the maths library.
    #[inline(always)]
    fn mul_add(self, a: [Real; LANES], b: [Real; LANES], c: [Real; LANES]) -> [Real; LANES] {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    fn first(self, count: usize) -> usize {
        debug_assert!(count <= LANES);
        count
    }

    #[inline(always)]
    unsafe fn load(self, from: *const Real) -> [Real; LANES] {
        // SAFETY: the caller vouches for all lanes at any alignment.
        unsafe { from.cast::<[Real; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_masked(self, count: usize, from: *const Real) -> [Real; LANES] {
        let mut x = [0.0; LANES];
        // SAFETY: the caller vouches for the first `count` lanes; the others are not read.
        x[..count].copy_from_slice(unsafe { std::slice::from_raw_parts(from, count) });
        x
    }

    #[inline(always)]
    unsafe fn store(self, x: [Real; LANES], to: *mut Real) {
        // SAFETY: the caller vouches for all lanes at any alignment.
        unsafe { to.cast::<[Real; LANES]>().write_unaligned(x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, count: usize, x: [Real; LANES], to: *mut Real) {
        // SAFETY: the caller vouches for the first `count` lanes; the others are not written.
        unsafe { std::slice::from_raw_parts_mut(to, count) }.copy_from_slice(&x[..count]);
    }

    /// There is no portable way to ask.
    #[inline(always)]
    fn prefetch(self, _: *const Real) {}

    #[inline(always)]
    unsafe fn transpose(
        self,
        (from, from_stride): (*const Real, usize),
        (rows, columns): (usize, usize),
        (to, to_stride): (*mut Real, usize),
    ) {
        for j in 0..columns {
            for i in 0..LANES {
                // SAFETY: i < rows for what is read, j < columns and i < LANES for what is
                // written: the caller vouches for those.
                unsafe {
                    let x = if i < rows { *from.add(i * from_stride + j) } else { 0.0 };
                    *to.add(j * to_stride + i) = x;
                }
            }
        }
    }
}
