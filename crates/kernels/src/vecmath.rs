//! How are eˣ, ln, tanh, the sigmoid, softplus and √ computed, and how exactly?
//!
//! In straight lines: fused multiply–adds, at most one division, and selections between values that
//! are both computed. No branch, table or call, so a loop of any of them over a slice becomes
//! vector instructions.
//!
//! **The same bits everywhere.** `a.mul_add(b, c)` is a b + c rounded once, on every machine and in
//! a vector as in a single number. AVX2, AVX-512 and NEON have an instruction for it. For an x86
//! without it, and for code outside the roots of `levels!`, it is a call into the maths library:
//! right, but slow. So call these functions from a loop that runs on the CPU's level.
//!
//! **Accuracy.** Each function names its largest error, `*_MAX_ULP`. One ULP is the spacing of the
//! floats around the exact value: 2ᵉ ε, where the exact value lies in ±[2ᵉ, 2ᵉ⁺¹), and the
//! smallest subnormal where that is larger. A correctly rounded function is wrong by up to 0.5. The
//! exact value is that at the argument as given, which is taken to be exact. In `f32` the tests
//! compare with the standard library's `f64`. The long tier does so at all 2³² arguments and prints
//! where each error is largest:
//! `cargo test --release -p adversaria-kernels -- --ignored --nocapture everywhere`. In `f64` they
//! compare with values from mpmath. NaN gives NaN everywhere.
//!
//! One algorithm serves `f32` and `f64`; what differs is in `single.rs` and `double.rs`.

use crate::Real;

#[cfg(feature = "f64")]
mod double;
#[cfg(feature = "f64")]
use double as format;

#[cfg(not(feature = "f64"))]
mod single;
#[cfg(not(feature = "f64"))]
use single as format;

use format::{
    Bits, EXP_IS_INFINITE, EXP_IS_ZERO, EXP_TAIL, FRAC_1_SQRT_2, LN_2_HIGH, LN_2_LOW, LN_TAIL,
    LOG2_E, TANH_IS_ONE, exp_minus_one_of_remainder,
};

/// Largest error of [`exp`]; in `f32` it is 0.8912.
pub const EXP_MAX_ULP: f64 = 1.0;
/// Largest error of [`ln`]; in `f32` it is 0.8523.
pub const LN_MAX_ULP: f64 = 1.0;
/// Largest error of [`tanh`]; in `f32` it is 1.8364.
pub const TANH_MAX_ULP: f64 = 2.0;
/// Largest error of [`sigmoid`]; in `f32` it is 1.6837.
pub const SIGMOID_MAX_ULP: f64 = 2.0;
/// Largest error of [`softplus`]; in `f32` it is 1.6812.
pub const SOFTPLUS_MAX_ULP: f64 = 2.0;
/// Largest error of [`sqrt`], which is correctly rounded.
pub const SQRT_MAX_ULP: f64 = 0.5;

/// Bits of the stored fraction: a float is sign, exponent + `BIAS`, fraction.
const FRACTION_BITS: u32 = Real::MANTISSA_DIGITS - 1;
const FRACTION_MASK: Bits = (1 << FRACTION_BITS) - 1;
const BIAS: Bits = Real::MAX_EXP as Bits - 1;

/// 2 to the power `FRACTION_BITS`: from here to its double, floats are the whole numbers.
const WHOLE: Real = 1.0 / Real::EPSILON;

/// y = eˣ,  any x:  y = 2ⁿ eʳ,  n = round(x log₂ e),  r = x − n ln 2,  eʳ = 1 + r (1 + r p(r)).
///
/// 0 at −∞ and below about −103.98 (f32), ∞ above about 88.72; results between may be subnormal.
/// Error at most [`EXP_MAX_ULP`].
#[inline(always)]
pub fn exp(x: Real) -> Real {
    // The limits keep n small; NaN passes them.
    let (n, r) = reduce(x.clamp(EXP_IS_ZERO, EXP_IS_INFINITE));
    let (g, h) = power_of_two(n);
    r.mul_add(r.mul_add(polynomial(r, EXP_TAIL), 1.0), 1.0) * g * h
}

/// y = ln x,  x = 2ᵉ (1 + f) with 1 + f in [√½, √2):  y = e ln 2 + ln(1 + f).
///
/// −∞ at ±0, NaN below, ∞ at ∞; subnormal x are as exact as others. Error at most [`LN_MAX_ULP`].
#[inline(always)]
pub fn ln(x: Real) -> Real {
    // A subnormal has its exponent hidden among the fraction's zeros: scale it up, exactly.
    let subnormal = x < Real::MIN_POSITIVE;
    let scaled = if subnormal { x * WHOLE } else { x };
    let scaled_by = if subnormal { FRACTION_BITS } else { 0 };

    // Measured from √½ instead of 1, the exponent field steps where 1 + f must wrap.
    let root = FRAC_1_SQRT_2.to_bits();
    let bits = scaled.to_bits().wrapping_add(Real::to_bits(1.0) - root);
    let f = Real::from_bits((bits & FRACTION_MASK) + root) - 1.0;
    // The exponent field, put below the whole number WHOLE, makes a float without a conversion,
    // which SSE2 and AVX2 lack for 64 bits.
    let e = Real::from_bits(WHOLE.to_bits() | bits >> FRACTION_BITS) - (WHOLE + BIAS as Real);

    let y = ln_of_parts(e - scaled_by as Real, f);
    let ordinary = x > 0.0 && x < Real::INFINITY;
    let edge = if x > 0.0 { x } else { Real::NAN };
    let edge = if x == 0.0 { Real::NEG_INFINITY } else { edge };
    if ordinary { y } else { edge }
}

/// y = tanh x,  any x:  with a = |x|, e²ᵃ = 2ⁿ (1 + t), h = (e²ᵃ − 1)/2 = (2ⁿ⁻¹ − ½) + 2ⁿ⁻¹ t
/// and q = h/(1 + h),  y = ±(h − h q) for h < ½,  ±q from there on.
///
/// ±0 at ±0, ±1 at ±∞ and from about ±9.01 (f32). Error at most [`TANH_MAX_ULP`].
///
/// Both are the same number. Near 0 the quotient rounds a sum and itself at the scale of y, where
/// h − h q does so only in its small second term.
#[inline(always)]
pub fn tanh(x: Real) -> Real {
    let a = x.abs();
    // From the limit on y is 1. NaN passes.
    let twice = 2.0 * if a > TANH_IS_ONE { TANH_IS_ONE } else { a };
    let (biased, n) = nearest_power_of_two(twice, BIAS - 1);
    let t = exp_minus_one_of_remainder(twice, n);
    let g = Real::from_bits(biased << FRACTION_BITS);
    let h = g.mul_add(t, g - 0.5);
    let q = h / (1.0 + h);
    (if h < 0.5 { q.mul_add(-h, h) } else { q }).copysign(x)
}

/// y = 1/(1 + e⁻ˣ),  any x:  with e⁻ˣ = 2ⁿ (1 + t),
/// y = 2⁻ⁿ / ((1 + 2⁻ⁿ) + t).
///
/// ½ at 0, 1 at ∞, 0 at −∞. Far below 0 it is eˣ, down through the subnormals. Error at most
/// [`SIGMOID_MAX_ULP`].
///
/// The textbook's form without overflow, e/(1 + e) with e = e^(−|x|) and its mirror image, rounds e
/// as well: in `f32` it is wrong by up to 2.4 ULP. Here the numerator is exact.
#[inline(always)]
pub fn sigmoid(x: Real) -> Real {
    // Halfway to where eˣ overflows, y is 1 already.
    let x = x.clamp(EXP_IS_ZERO, 0.5 * EXP_IS_INFINITE);
    let (n, r) = reduce(-x);
    let t = exp_minus_one(r);
    let (g, h) = power_of_two((4 * BIAS).wrapping_sub(n));
    // Where 2⁻ⁿ is so small that 1 + 2⁻ⁿ loses it, t takes it up.
    let sum = g.mul_add(h, 1.0);
    let lost = g.mul_add(h, 1.0 - sum);
    g / (sum + (t + lost)) * h
}

/// y = ln(1 + eˣ),  any x:  y = max(x, 0) + ln(1 + e^(−|x|)).
///
/// 0 at −∞, ∞ at ∞. Far below 0 it is eˣ, down through the subnormals. Error at most
/// [`SOFTPLUS_MAX_ULP`].
#[inline(always)]
pub fn softplus(x: Real) -> Real {
    x.max(0.0) + softplus_minus_abs(x)
}

/// y = ln(1 + e),  e = e^(−|x|),  any x: what softplus(x) and softplus(−x) have in common.
#[inline(always)]
pub(crate) fn softplus_minus_abs(x: Real) -> Real {
    let e = exp(-x.abs());
    // 1 + e would be rounded. For e ≥ ½ it is 2 (1 + (e − 1)/2), whose e − 1 is exact.
    let near_one = e >= 0.5;
    let k = if near_one { 1.0 } else { 0.0 };
    let f = if near_one { 0.5 * (e - 1.0) } else { e };
    ln_of_parts(k, f)
}

/// y = √x,  x ≥ 0:  the float nearest to it, as IEEE 754 demands.
///
/// ±0 at ±0, NaN below, ∞ at ∞. Error at most [`SQRT_MAX_ULP`]. Every CPU has an instruction for it;
/// it is here so that all functions of vectors are in one place.
#[inline(always)]
pub fn sqrt(x: Real) -> Real {
    x.sqrt()
}

/// x = n ln 2 + r as (n, r),  n = round(x log₂ e),  |r| < 0.35.
///
/// n has 2 `BIAS` added, which keeps it positive, and bits far above it that a shift by
/// `FRACTION_BITS` drops; for NaN it is arbitrary and r is NaN.
#[inline(always)]
fn reduce(x: Real) -> (Bits, Real) {
    let (biased, n) = nearest_power_of_two(x, 2 * BIAS);
    // x and n `LN_2_HIGH` agree in their leading digits, and their difference is exact.
    (biased, n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x)))
}

/// n = round(x log₂ e), |n| < `WHOLE / 2`, as the low bits of an integer, `bias` added, and as a
/// float.
///
/// A sum near 1.5 `WHOLE` has no bits for a fraction: the addition rounds. The low bits of the sum
/// hold the whole number.
#[inline(always)]
fn nearest_power_of_two(x: Real, bias: Bits) -> (Bits, Real) {
    let round = 1.5 * WHOLE + bias as Real;
    let sum = x.mul_add(LOG2_E, round);
    (sum.to_bits(), sum - round)
}

/// eʳ − 1 = r + r² p(r),  |r| < 0.35. Where 1 is still to be added or subtracted, this keeps more
/// digits than eʳ.
#[inline(always)]
fn exp_minus_one(r: Real) -> Real {
    (r * r).mul_add(polynomial(r, EXP_TAIL), r)
}

/// 2ⁿ = g h, as (g, h),  |n| < 2 `BIAS`, given n as [`reduce`] returns it.
///
/// In two factors, because 2ⁿ may lie outside the normal floats where its product with eʳ does
/// not, and because a subnormal product is then rounded in one place, the last multiplication.
#[inline(always)]
fn power_of_two(n: Bits) -> (Real, Real) {
    // Biased twice, n has halves that are biased once.
    let g = n >> 1 << FRACTION_BITS;
    let h = (n << FRACTION_BITS).wrapping_sub(g);
    (Real::from_bits(g), Real::from_bits(h))
}

/// y = ln(2ᵉ (1 + f)),  e whole,  −0.293 ≤ f ≤ 0.5:  with s = f/(2 + f), h = f²/2, z = s²,
/// y = e ln 2 + (f − (h − s (h + z p(z)))).
///
/// Without e it is 2s + s z p(z), written so that the leading term f is exact: 2s = f − s f, and
/// s f = h − s h. The two parts of e ln 2 join the sum in the order of their sizes.
#[inline(always)]
fn ln_of_parts(e: Real, f: Real) -> Real {
    let s = f / (2.0 + f);
    let h = 0.5 * f * f;
    let z = s * s;
    let tail = s * z.mul_add(polynomial(z, LN_TAIL), h);
    e.mul_add(LN_2_HIGH, f - (h - e.mul_add(LN_2_LOW, tail)))
}

/// c₀ + c₁ x + c₂ x² + …, by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(x: Real, c: [Real; N]) -> Real {
    c[..N - 1].iter().rev().fold(c[N - 1], |y, &c| y.mul_add(x, c))
}

#[cfg(test)]
mod tests;
