//! How is one plain loop compiled for every level of vector instructions?
//!
//! A function in [`levels!`] is written once, in plain Rust, and compiled once for each level: a
//! *root*, marked `#[target_feature]`, has the body inlined and becomes that level's instructions.
//!
//! The levels differ in how many elements they compute at once, not in the bits: the compiler
//! never turns `a * b + c` into a fused multiply-add by itself, never reorders a sum, and makes of
//! `a.mul_add(b, c)` one instruction where there is one, else a call that rounds the same.

use crate::simd::{Level, level};

/// Fewer elements than this hardly fill the widest vectors and take the next narrower.
const FEW: usize = 32;

/// A loop that is always worth the CPU's level.
pub(crate) const LONG: usize = usize::MAX;

/// The level for a loop over `len` elements: one that this CPU has, in f64 no more than AVX2.
#[inline(always)]
pub(crate) fn level_for(len: usize) -> Level {
    if len < FEW || cfg!(feature = "f64") { level().min(Level::Avx2) } else { level() }
}

/// Defines `fn f(x: X, ...) { body }` as `f(len, x, ...)`, which runs the body on the level for
/// a loop over `len` elements. Generic parameters go into brackets.
///
/// All that the loop calls must be short or `#[inline(always)]`: what is not inlined into a root
/// is not compiled for its level. That is also why this is a macro. A function that takes the body
/// as a parameter calls it through `FnOnce::call_once`, which cannot be marked `#[inline(always)]`.
macro_rules! levels {
    (
        $(#[$attribute:meta])*
        $visible:vis fn $name:ident $([$($generic:tt)*])? ($($x:ident: $X:ty),* $(,)?)
        $(-> $Y:ty)? $body:block
    ) => {
        $(#[$attribute])*
        #[inline]
        $visible fn $name $(<$($generic)*>)? (len: usize, $($x: $X),*) $(-> $Y)? {
            #[inline(always)]
            fn body $(<$($generic)*>)? ($($x: $X),*) $(-> $Y)? $body

            // f64 is there to check derivatives: it is not worth compiling every loop a third time.
            #[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            fn avx512_root $(<$($generic)*>)? ($($x: $X),*) $(-> $Y)? {
                body($($x),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2_root $(<$($generic)*>)? ($($x: $X),*) $(-> $Y)? {
                body($($x),*)
            }

            match $crate::on_level::level_for(len) {
                // SAFETY: the level is one that this CPU has.
                #[cfg(all(target_arch = "x86_64", not(feature = "f64")))]
                $crate::simd::Level::Avx512 => unsafe { avx512_root($($x),*) },
                // SAFETY: the level is one that this CPU has.
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Level::Avx2 => unsafe { avx2_root($($x),*) },
                _ => body($($x),*),
            }
        }
    };
}

pub(crate) use levels;
