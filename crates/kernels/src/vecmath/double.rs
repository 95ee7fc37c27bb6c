//! What do the elementary functions need to know about `f64`?
//!
//! The coefficients are minimax fits: `fit.py` beside this file prints them, by Remez' exchange in
//! 120 digits. The error stated is the relative error of the whole function, of the fit alone, with
//! the coefficients rounded to `f64` (half a ULP is 2⁻⁵⁴ to 2⁻⁵³).

pub(super) use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E};

/// As wide as the number itself.
pub(super) type Bits = u64;

/// At and below this, eˣ < 2⁻¹⁰⁷⁵ rounds to 0.
pub(super) const EXP_IS_ZERO: f64 = -746.0;

/// At and above this, eˣ > 2¹⁰²⁴ rounds to ∞.
pub(super) const EXP_IS_INFINITE: f64 = 710.0;

/// At and above this, 1 − tanh x < 2⁻⁵⁴ rounds tanh x to 1.
pub(super) const TANH_IS_ONE: f64 = 19.1;

/// ln 2 to 41 bits, so that its product with an exponent (11 bits) is exact.
pub(super) const LN_2_HIGH: f64 = 0.693_147_180_560_117_7;

/// ln 2 − `LN_2_HIGH`, rounded.
pub(super) const LN_2_LOW: f64 = -1.723_944_452_561_483_5e-13;

/// p in eʳ = 1 + r + r² p(r), |r| ≤ 0.35. Error of the fit: 2⁻⁵⁶·⁰.
pub(super) const EXP_TAIL: [f64; 10] = [
    0.500_000_000_000_001_2,
    0.166_666_666_666_663_85,
    0.041_666_666_666_519_28,
    0.008_333_333_333_507_501,
    0.001_388_888_894_688_14,
    0.000_198_412_694_864_129_45,
    2.480_148_939_575_768_6e-5,
    2.755_759_704_836_144_6e-6,
    2.763_167_080_522_776_5e-7,
    2.499_900_947_459_727_3e-8,
];

/// p in ln((1 + s)/(1 − s)) = 2s + s z p(z), z = s², |s| ≤ 1/5. Error of the fit: 2⁻⁶¹·⁰.
pub(super) const LN_TAIL: [f64; 8] = [
    0.666_666_666_666_666,
    0.400_000_000_000_557,
    0.285_714_285_560_584_1,
    0.222_222_242_709_628_12,
    0.181_816_673_751_639_12,
    0.153_910_638_089_042_65,
    0.131_743_961_817_892_72,
    0.138_377_189_386_628_07,
];

/// e^(x − n ln 2) − 1,  n = round(x log₂ e) < 64, where the digits of x − n ln 2 matter less and
/// less as n grows.
///
/// [`super::exp_minus_one`] takes a rounded r, and tanh would be wrong by 2.1 ULP. Here the leading
/// term of r + r² p(r) is the exact part of r, and its rest joins the small second term.
#[inline(always)]
pub(super) fn exp_minus_one_of_remainder(x: f64, n: f64) -> f64 {
    let high = n.mul_add(-LN_2_HIGH, x);
    let r = n.mul_add(-LN_2_LOW, high);
    high + n.mul_add(-LN_2_LOW, r * r * super::polynomial(r, EXP_TAIL))
}
