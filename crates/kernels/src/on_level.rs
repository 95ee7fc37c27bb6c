//! How is one plain loop compiled for every level of vector instructions?
//!
//! Elsewhere a loop is written once, in plain Rust, as an `#[inline(always)]` function. Here it is
//! called from one *root* for each level. A root is marked `#[target_feature]`, so the loop that
//! is inlined into it becomes that level's instructions.
//!
//! The levels differ in how many elements they compute at once, not in the bits: the compiler
//! never turns `a * b + c` into a fused multiply-add by itself, and never reorders a sum.

use crate::simd::{Level, level};

/// Fewer elements than this are not worth asking for the CPU's level.
const FEW: usize = 32;

/// `body(args)`, compiled for the CPU's level if it loops over `len` elements that are not few.
///
/// `body` is a function marked `#[inline(always)]`, and so is all that its loop calls. A closure
/// in its place would be one function that three roots call: the compiler need not inline it, and
/// what is not inlined is not compiled for the level. Hence `args`.
#[inline(always)]
pub(crate) fn on_level<T, A>(len: usize, args: T, body: impl FnOnce(T) -> A) -> A {
    let level = if len < FEW { Level::Portable } else { level() };
    match level {
        // SAFETY: `level` returns none that this CPU lacks.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512_root(args, body) },
        // SAFETY: `level` returns none that this CPU lacks.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2_root(args, body) },
        _ => body(args),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512_root<T, A>(args: T, body: impl FnOnce(T) -> A) -> A {
    body(args)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_root<T, A>(args: T, body: impl FnOnce(T) -> A) -> A {
    body(args)
}
