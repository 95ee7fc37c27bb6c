//! How do random bits become random numbers?
//!
//! In straight lines, like the functions of [`vecmath`]: no table, no rejection. So
//! a loop over many becomes vector instructions, and the number of bits that a number takes is
//! fixed: a number in the middle of a stream can be had without those before it.
//!
//! The bits come from the caller's generator, in words of 64. Two numbers that stand side by side
//! make a pair, which takes one word in `f32` and two in `f64`: the even one has the lower half, or
//! the first word. The last of an odd count takes its pair's bits and leaves half of them.
//!
//! Each function gets `words_from(start)`, which returns the generator's words from the `start`th
//! on, one a call. Long outputs are cut at fixed places and drawn side by side.

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::{Real, par, vecmath};
use std::f64::consts::FRAC_PI_4;

/// As many bits as a number has.
#[cfg(not(feature = "f64"))]
type Bits = u32;
#[cfg(feature = "f64")]
type Bits = u64;

/// Whole numbers as wide. Signed, since AVX2 has no conversion for others.
#[cfg(not(feature = "f64"))]
type Whole = i32;
#[cfg(feature = "f64")]
type Whole = i64;

/// Words that two numbers take.
const WORDS_PER_PAIR: usize = 2 * Bits::BITS as usize / u64::BITS as usize;

/// Words that `len` numbers take.
pub fn words(len: usize) -> usize {
    len.div_ceil(2) * WORDS_PER_PAIR
}

/// y = min(low + (high − low) u, the float below high),  u = k ε/2,  k whole and uniform in
/// 0 .. 2/ε: numbers in [low, high), from the upper 24 (`f64`: 53) of each number's bits.
///
/// The minimum has a part where the sum is rounded up to `high`. low < high, and high − low finite: else the
/// numbers are outside or NaN.
pub fn uniform<W: FnMut() -> u64>(
    out: &mut [Real],
    [low, high]: [Real; 2],
    words_from: impl Fn(usize) -> W + Sync,
) {
    let (span, last) = (high - low, high.next_down());
    draw(out, words_from, |bits| bits.map(|bits| unit(bits).mul_add(span, low).min(last)));
}

/// y = 0 where u < rate, else 1 / (1 − rate),  u as in [`uniform`] of [0, 1): what dropout
/// multiplies by. 0 ≤ rate < 1: else the
/// numbers are no mask.
pub fn dropout<W: FnMut() -> u64>(
    out: &mut [Real],
    rate: Real,
    words_from: impl Fn(usize) -> W + Sync,
) {
    let kept = 1.0 / (1.0 - rate);
    draw(out, words_from, |bits| bits.map(|bits| if unit(bits) < rate { 0.0 } else { kept }));
}

/// y ~ N(0, 1), two at a time:  (r cos φ, r sin φ),  r = √(−2 ln u).
///
/// u is uniform in (0, 1) and comes from all bits but one of the even number, so |y| goes up to
/// 6.66 (`f64`: 9.42); beyond that lie 3e-11 of all normal numbers. φ is uniform in a full turn and
/// comes from the odd one's bits: an angle in its first eighth from the upper ones, and three
/// mirrorings from the lowest three. So sine and cosine are needed for an eighth of a turn only.
///
/// Each y is within [`NORMAL_MAX_ULP`] of the formula at u and φ as rounded to a float.
///
/// Source: Box and Muller 1958, "A Note on the Generation of Random Normal Deviates".
pub fn normal<W: FnMut() -> u64>(out: &mut [Real], words_from: impl Fn(usize) -> W + Sync) {
    draw(out, words_from, box_muller);
}

/// Largest error of [`normal`], in ULP as [`vecmath`] counts them.
pub const NORMAL_MAX_ULP: f64 = 4.0;

#[inline(always)]
fn box_muller([a, b]: [Bits; 2]) -> [Real; 2] {
    let r = (-2.0 * vecmath::ln(inside(a, 1))).sqrt();
    let (sin, cos) = sin_cos_of_eighth(FRAC_PI_4 as Real * inside(b, 3));
    // Three mirrorings: in the diagonal, and in each axis.
    let (x, y) = if b & 1 == 0 { (cos, sin) } else { (sin, cos) };
    let sign = |y: Real, bit: Bits| Real::from_bits(y.to_bits() ^ (bit << (Bits::BITS - 1)));
    [r * sign(x, b >> 1), r * sign(y, b >> 2)]
}

/// k ε/2 in [0, 1), with k the upper bits: as many as a float's significand has.
#[inline(always)]
fn unit(bits: Bits) -> Real {
    let k = bits >> (Bits::BITS - Real::MANTISSA_DIGITS);
    k as Whole as Real * (0.5 * Real::EPSILON)
}

/// (k + ½) 2⁻ⁿ in (0, 1], with k the upper n bits, all but `others`; rounded to a float, so that
/// small ones have more digits.
#[inline(always)]
fn inside(bits: Bits, others: u32) -> Real {
    let scale = 1.0 / (1_u64 << (Bits::BITS - others)) as Real;
    (bits >> others) as Whole as Real * scale + 0.5 * scale
}

/// sin φ and cos φ,  0 ≤ φ ≤ π/4, by Taylor's series: the first term left out is below ε/2.
#[inline(always)]
fn sin_cos_of_eighth(phi: Real) -> (Real, Real) {
    let z = phi * phi;
    let sum = |c: [Real; TERMS]| c.into_iter().rev().fold(0.0, |sum: Real, c| sum.mul_add(z, c));
    (phi * sum(SIN), sum(COS))
}

const TERMS: usize = if size_of::<Real>() == 4 { 5 } else { 9 };
const SIN: [Real; TERMS] = alternating_inverse_factorials(1);
const COS: [Real; TERMS] = alternating_inverse_factorials(0);

/// 1/n!, −1/(n + 2)!, 1/(n + 4)!, …
const fn alternating_inverse_factorials(mut n: u64) -> [Real; TERMS] {
    let (mut c, mut sign, mut factorial, mut i) = ([1.0; TERMS], 1.0, 1, 1);
    while i < TERMS {
        sign = -sign;
        factorial *= (n + 1) * (n + 2);
        n += 2;
        c[i] = sign / factorial as Real;
        i += 1;
    }
    c
}

/// Numbers whose bits are drawn before any of them is computed: some vectors' worth.
const GROUP: usize = 64;

/// Each pair of `out` is `f` of its bits.
#[inline(always)]
fn draw<W: FnMut() -> u64>(
    out: &mut [Real],
    words_from: impl Fn(usize) -> W + Sync,
    f: impl Fn([Bits; 2]) -> [Real; 2] + Sync,
) {
    let work = out.len();
    par::for_each_chunk(out, TASK, work, |start, out| {
        draw_body(out.len(), out, &mut words_from(words(start)), &f);
    });
}

levels! {
    fn draw_body(
        out: &mut [Real],
        next: &mut impl FnMut() -> u64,
        f: &impl Fn([Bits; 2]) -> [Real; 2],
    ) {
        let (mut even, mut odd) = ([0; GROUP / 2], [0; GROUP / 2]);
        let (mut x, mut y) = ([0.0; GROUP / 2], [0.0; GROUP / 2]);
        for out in out.chunks_mut(GROUP) {
            for (even, odd) in even.iter_mut().zip(&mut odd).take(out.len().div_ceil(2)) {
                [*even, *odd] = bits_of_pair(next);
            }
            // All of the group, even if the last is shorter: the loop has whole vectors only.
            for i in 0..GROUP / 2 {
                [x[i], y[i]] = f([even[i], odd[i]]);
            }
            let (pairs, last) = out.as_chunks_mut::<2>();
            for ((pair, x), y) in pairs.iter_mut().zip(x).zip(y) {
                *pair = [x, y];
            }
            if let [last] = last {
                *last = x[pairs.len()];
            }
        }
    }
}

#[cfg(not(feature = "f64"))]
#[inline(always)]
fn bits_of_pair(next: &mut impl FnMut() -> u64) -> [Bits; 2] {
    let word = next();
    [word as u32, (word >> 32) as u32]
}

#[cfg(feature = "f64")]
#[inline(always)]
fn bits_of_pair(next: &mut impl FnMut() -> u64) -> [Bits; 2] {
    [next(), next()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator with which a stream can be entered anywhere: word i is a hash of i (the
    /// finaliser of SplitMix64).
    fn words_from(start: usize) -> impl FnMut() -> u64 {
        let mut i = start as u64;
        move || {
            i += 1;
            let x = i.wrapping_mul(0x9E3779B97F4A7C15);
            let x = (x ^ (x >> 30)).wrapping_mul(0xBF58476D1CE4E5B9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94D049BB133111EB);
            x ^ (x >> 31)
        }
    }

    fn normals(len: usize) -> Vec<Real> {
        let mut y = vec![Real::NAN; len];
        normal(&mut y, words_from);
        y
    }

    /// Each number of `len` with the bits that its pair is made of.
    fn with_bits(y: &[Real]) -> impl Iterator<Item = ([Real; 2], [Bits; 2])> {
        let mut next = words_from(0);
        y.as_chunks::<2>().0.iter().map(move |y| (*y, bits_of_pair(&mut next)))
    }

    #[test]
    fn normal_numbers_are_their_formula() {
        let mut worst = 0_f64;
        for (y, [a, b]) in with_bits(&normals(200_000)) {
            let r = (-2.0 * f64::from(inside(a, 1)).ln()).sqrt();
            let octant = f64::from(inside(b, 3)) * FRAC_PI_4;
            let (sin, cos) = octant.sin_cos();
            let [x_1, y_1] = if b & 1 == 0 { [cos, sin] } else { [sin, cos] };
            let sign = |bit: Bits| if b & bit == 0 { 1.0 } else { -1.0 };
            let exact = [r * sign(2) * x_1, r * sign(4) * y_1];
            for (y, exact) in y.into_iter().zip(exact) {
                let ulp = exact.abs().log2().floor().exp2() * f64::from(Real::EPSILON);
                worst = worst.max((f64::from(y) - exact).abs() / ulp);
            }
        }
        println!("normal: {worst:.4} ULP");
        // In f64 the exact value is itself rounded a few times.
        assert!(worst <= NORMAL_MAX_ULP, "{worst} ULP");
    }

    #[test]
    fn extreme_bits_are_finite() {
        let extremes = [0, 1, 2, 4, 7, 8, Bits::MAX, Bits::MAX - 7, Bits::MAX / 2, 1 << 31];
        let largest = if size_of::<Real>() == 4 { 6.661 } else { 9.42 };
        let mut seen: Real = 0.0;
        for a in extremes {
            for b in extremes {
                let [x, y] = box_muller([a, b]);
                let r = x.hypot(y);
                assert!(r.is_finite() && r < 1.001 * largest, "{a:x} {b:x}: {x} {y}");
                seen = seen.max(r);
            }
            assert!((0.0..1.0).contains(&unit(a)));
        }
        assert!(seen > 0.999 * largest, "{seen}");
    }

    #[test]
    fn uniform_numbers_are_their_formula_and_below_the_end() {
        // In [1, 1 + 2 ε) a quarter of all sums is rounded up to the end.
        for [low, high] in [[-1.0, 1.0], [0.0, 1.0], [1.0, 1.0 + 2.0 * Real::EPSILON]] {
            let mut y = vec![Real::NAN; 10_001];
            uniform(&mut y, [low, high], words_from);
            let mut seen_last = false;
            for (y, bits) in with_bits(&y) {
                for (y, bits) in y.into_iter().zip(bits) {
                    let k = bits >> (Bits::BITS - Real::MANTISSA_DIGITS);
                    let u = k as f64 / 2_f64.powi(Real::MANTISSA_DIGITS as i32);
                    let sum = (f64::from(low) + f64::from(high - low) * u) as Real;
                    let expected = if sum < high { sum } else { high.next_down() };
                    assert_eq!(y, expected, "{low} {high}");
                    seen_last |= sum == high;
                }
            }
            assert!(seen_last || low != 1.0 || size_of::<Real>() == 8);
        }
    }

    #[test]
    fn dropout_is_zero_below_the_rate() {
        let mut u = vec![0.0; 10_001];
        uniform(&mut u, [0.0, 1.0], words_from);
        // The last rate is one of the numbers that it is compared with.
        for rate in [0.0, 0.25, 0.999, u[5000]] {
            let mut m = vec![Real::NAN; 10_001];
            dropout(&mut m, rate, words_from);
            let expected = |u: Real| if u < rate { 0.0 } else { 1.0 / (1.0 - rate) };
            assert!(u.iter().zip(&m).all(|(u, m)| *m == expected(*u)), "{rate}");
            let dropped = m.iter().filter(|m| **m == 0.0).count() as Real / 10_001.0;
            assert!((dropped - rate).abs() < 0.022, "{rate}: {dropped}");
        }
    }

    #[test]
    fn a_number_depends_on_its_place_alone() {
        let all = par::with_threads(1, || normals(200_001));
        for threads in [2, 3, 8] {
            assert!(par::with_threads(threads, || normals(200_001)) == all, "{threads} threads");
        }
        for len in [0, 1, 2, 31, 32, 63, 64, 65, 1000, TASK - 1, TASK, TASK + 1] {
            assert!(normals(len) == all[..len], "the first {len}");
            let mut behind = vec![Real::NAN; 1000];
            let place = len.next_multiple_of(2);
            normal(&mut behind, |start| words_from(words(place) + start));
            assert!(behind == all[place..][..1000], "from {place} on");
        }
    }
}
