//! How does a plain loop get compiled for the CPU's vectors?

use crate::simd::{Level, level};

/// Runs `body` in code that may use the vector instructions of [`level`].
///
/// The levels differ in how many elements a loop computes at once, not in the bits: the compiler
/// never turns `a * b + c` into a fused multiply-add by itself.
#[inline]
pub(crate) fn on_level<A>(body: impl FnOnce() -> A) -> A {
    match level() {
        // SAFETY: the level is one of this CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512(body) },
        // SAFETY: the level is one of this CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2(body) },
        _ => body(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512<A>(body: impl FnOnce() -> A) -> A {
    body()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<A>(body: impl FnOnce() -> A) -> A {
    body()
}
