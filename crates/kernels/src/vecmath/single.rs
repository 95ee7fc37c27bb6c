//! What do the elementary functions need to know about `f32`?
//!
//! The coefficients are minimax fits: `fit.py` beside this file prints them, by Remez' exchange in
//! 120 digits. The error stated is the relative error of the whole function, of the fit alone, with
//! the coefficients rounded to `f32` (half a ULP is 2⁻²⁵ to 2⁻²⁴).

pub(super) use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// As wide as the number itself.
pub(super) type Bits = u32;

/// At and below this, eˣ < 2⁻¹⁵⁰ rounds to 0.
pub(super) const EXP_IS_ZERO: f32 = -104.0;

/// At and above this, eˣ > 2¹²⁸ rounds to ∞.
pub(super) const EXP_IS_INFINITE: f32 = 89.0;

/// At and above this, 1 − tanh x < 2⁻²⁵ rounds tanh x to 1.
pub(super) const TANH_IS_ONE: f32 = 9.1;

/// ln 2 to 16 bits, so that its product with an exponent (8 bits) is exact.
pub(super) const LN_2_HIGH: f32 = 0.693_145_75;

/// ln 2 − `LN_2_HIGH`, rounded.
pub(super) const LN_2_LOW: f32 = 1.428_606_8e-6;

/// p in eʳ = 1 + r + r² p(r), |r| ≤ 0.35. Error of the fit: 2⁻²⁷·⁶.
pub(super) const EXP_TAIL: [f32; 5] =
    [0.499_999_94, 0.166_665_15, 0.041_668_456, 0.008_369_41, 0.001_381_316_1];

/// p in ln((1 + s)/(1 − s)) = 2s + s z p(z), z = s², |s| ≤ 1/5. Error of the fit: 2⁻²⁸·².
pub(super) const LN_TAIL: [f32; 3] = [0.666_669_5, 0.399_579_1, 0.303_590_63];

/// e^(x − n ln 2) − 1,  n = round(x log₂ e) < 32, where the digits of x − n ln 2 matter less and
/// less as n grows.
///
/// One constant will do: ln 2 rounded to 24 bits happens to be right to 28.
#[inline(always)]
pub(super) fn exp_minus_one_of_remainder(x: f32, n: f32) -> f32 {
    super::exp_minus_one(n.mul_add(-std::f32::consts::LN_2, x))
}
