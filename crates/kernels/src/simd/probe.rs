//! How many multiply-adds can a core do at most?
//!
//! A loop that touches registers only: the roof under which every product is measured.

use super::{Avx2, Avx512, Level, Simd, level};
use std::hint::black_box;

/// Chains of multiply-adds under way at once: enough for two units and a latency of 4 or 5, and
/// few enough for 16 registers.
const CHAINS: usize = 12;

/// Does `rounds` rounds of fused multiply-adds on the CPU's [`level`], in registers alone, and
/// returns how many floating-point operations that were; 0 on the portable level.
pub fn probe(rounds: usize) -> usize {
    match (level(), Avx2::detect(), Avx512::detect()) {
        // SAFETY: the token proves AVX-512.
        (Level::Avx512, _, Some(simd)) => unsafe { avx512_root(simd, rounds) },
        // SAFETY: the token proves AVX2 and FMA.
        (Level::Avx2, Some(simd), _) => unsafe { avx2_root(simd, rounds) },
        _ => 0,
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512_root(simd: Avx512, rounds: usize) -> usize {
    body(simd, rounds)
}

#[target_feature(enable = "avx2,fma")]
fn avx2_root(simd: Avx2, rounds: usize) -> usize {
    body(simd, rounds)
}

#[inline(always)]
fn body<S: Simd>(simd: S, rounds: usize) -> usize {
    // Values that neither grow nor vanish: subnormal numbers would be slow.
    let (factor, term) = (black_box(simd.splat(0.5)), black_box(simd.splat(1.0)));
    let mut chains = [term; CHAINS];
    for _ in 0..rounds {
        for x in &mut chains {
            *x = simd.mul_add(*x, factor, term);
        }
    }
    black_box(chains);
    2 * rounds * CHAINS * S::LANES
}
