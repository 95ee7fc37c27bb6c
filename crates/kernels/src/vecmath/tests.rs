//! Do the elementary functions keep their bounds?
//!
//! In `f32` the exact value is the standard library's, in `f64`: its own error is below 2⁻²⁸ of a
//! ULP of ours. In `f64` there is no wider type, so two tests share the work. The sweep compares
//! with the standard library, whose own error, up to [`REFERENCE_ULP`], adds to the bound. A table
//! of values from mpmath checks the bound itself.

#![cfg_attr(feature = "f64", allow(clippy::unnecessary_cast, reason = "`Real` may be `f32`"))]

use super::*;

/// Every 1009th pattern of `f32`; as many of `f64`, with low bits that vary.
#[cfg(not(feature = "f64"))]
const STRIDE: usize = 1009;
#[cfg(feature = "f64")]
const STRIDE: usize = (1009 << 32) | 0x9e37_79b9;

/// What the reference may be wrong by in its last place: glibc gives 2 ULP for tanh, 1 for the rest.
const REFERENCE_ULP: f64 = if cfg!(feature = "f64") { 2.0 } else { 0.0 };

fn exact_sigmoid(x: f64) -> f64 {
    // Below, e⁻ˣ overflows, and the 1 has no weight.
    let y = 1.0 / (1.0 + (-x).exp());
    if x > -700.0 { y } else { x.exp() }
}

fn exact_softplus(x: f64) -> f64 {
    if x < 700.0 { x.exp().ln_1p() } else { x }
}

/// The error of `y` in ULPs: |y − exact| over the spacing of `Real` around `exact`.
fn ulps(y: Real, exact: f64) -> f64 {
    match (y.is_nan(), exact.is_nan()) {
        (true, true) => 0.0,
        (false, false) => (cap(y as f64) - cap(exact)).abs() / spacing(exact),
        _ => f64::INFINITY,
    }
}

/// ∞ counts as the power of 2 that follows the largest float; in `f64`, which has no room for it,
/// as that float itself.
fn cap(x: f64) -> f64 {
    let end = Real::MAX as f64 * (1.0 + 0.5 * Real::EPSILON as f64);
    x.clamp(-end, end)
}

/// 2ᵉ ε for |x| in [2ᵉ, 2ᵉ⁺¹), and never below the smallest subnormal.
fn spacing(x: f64) -> f64 {
    let x = x.abs().clamp(Real::MIN_POSITIVE as f64, Real::MAX as f64);
    let power = f64::from_bits(x.to_bits() & f64::INFINITY.to_bits());
    power * Real::EPSILON as f64
}

/// The largest error over `points`, and where.
fn worst(
    f: impl Fn(Real) -> Real,
    exact: impl Fn(f64) -> f64,
    points: impl Iterator<Item = Real>,
) -> (f64, Real) {
    points.fold((0.0, 0.0), |worst, x| {
        let error = ulps(f(x), exact(x as f64));
        if error > worst.0 { (error, x) } else { worst }
    })
}

/// A sweep over bit patterns, another over the region where the functions bend, and every place
/// where a formula or the format changes, with its neighbours.
fn points() -> impl Iterator<Item = Real> {
    let patterns = (0..=Bits::MAX).step_by(STRIDE).map(Real::from_bits);
    let line = (-(1 << 19)..1 << 19).map(|i| i as Real * (1.1 / 16384.0));
    let edges = [
        0.0,
        Real::from_bits(1),
        Real::MIN_POSITIVE,
        Real::EPSILON,
        0.5 * std::f64::consts::LN_2 as Real,
        std::f64::consts::LN_2 as Real,
        0.3125,
        0.5,
        FRAC_1_SQRT_2,
        1.0,
        2.0 * FRAC_1_SQRT_2,
        (Real::MAX as f64).ln() as Real,
        (Real::MIN_POSITIVE as f64).ln() as Real,
        EXP_IS_ZERO,
        EXP_IS_INFINITE,
        TANH_IS_ONE,
        WHOLE,
        Real::MAX,
        Real::INFINITY,
        Real::NAN,
    ];
    let edges = edges.into_iter().flat_map(|x| [x, x.next_up(), x.next_down()]);
    patterns.chain(line).chain(edges.flat_map(|x| [x, -x]))
}

#[track_caller]
fn assert_bound(
    f: impl Fn(Real) -> Real,
    exact: impl Fn(f64) -> f64,
    points: impl Iterator<Item = Real>,
    bound: f64,
) {
    let bound = bound + REFERENCE_ULP;
    let (error, x) = worst(&f, &exact, points);
    let (bits, y, wanted) = (x.to_bits(), f(x), exact(x as f64));
    assert!(
        error <= bound,
        "{error:.4} ULP > {bound} at x = {x:e} ({bits:#x}): {y:e}, not {wanted:e}"
    );
}

#[test]
fn exp_is_within_its_bound() {
    assert_bound(exp, f64::exp, points(), EXP_MAX_ULP);
}

#[test]
fn ln_is_within_its_bound() {
    assert_bound(ln, f64::ln, points(), LN_MAX_ULP);
}

#[test]
fn tanh_is_within_its_bound() {
    assert_bound(tanh, f64::tanh, points(), TANH_MAX_ULP);
}

#[test]
fn sigmoid_is_within_its_bound() {
    assert_bound(sigmoid, exact_sigmoid, points(), SIGMOID_MAX_ULP);
}

#[test]
fn softplus_is_within_its_bound() {
    assert_bound(softplus, exact_softplus, points(), SOFTPLUS_MAX_ULP);
}

#[test]
fn sqrt_is_within_its_bound() {
    assert_bound(sqrt, f64::sqrt, points(), SQRT_MAX_ULP);
}

/// Equality of bits, so that −0 is not 0; any NaN equals any other.
#[track_caller]
fn assert_same(y: Real, wanted: Real) {
    let same = y.to_bits() == wanted.to_bits() || (y.is_nan() && wanted.is_nan());
    assert!(same, "{y:e}, not {wanted:e}");
}

#[test]
fn special_values_are_exact() {
    let inf = Real::INFINITY;
    assert_same(exp(0.0), 1.0);
    assert_same(exp(-0.0), 1.0);
    assert_same(exp(inf), inf);
    assert_same(exp(-inf), 0.0);

    assert_same(ln(1.0), 0.0);
    assert_same(ln(0.0), -inf);
    assert_same(ln(-0.0), -inf);
    assert_same(ln(inf), inf);
    for x in [-Real::from_bits(1), -1.0, -Real::MAX, -inf] {
        assert_same(ln(x), Real::NAN);
    }

    assert_same(tanh(0.0), 0.0);
    assert_same(tanh(-0.0), -0.0);
    assert_same(tanh(inf), 1.0);
    assert_same(tanh(-inf), -1.0);

    assert_same(sigmoid(0.0), 0.5);
    assert_same(sigmoid(-0.0), 0.5);
    assert_same(sigmoid(inf), 1.0);
    assert_same(sigmoid(-inf), 0.0);

    assert_same(sqrt(0.0), 0.0);
    assert_same(sqrt(-0.0), -0.0);
    assert_same(sqrt(inf), inf);
    assert_same(sqrt(-1.0), Real::NAN);
    assert_same(sqrt(-inf), Real::NAN);

    assert_same(softplus(inf), inf);
    assert_same(softplus(-inf), 0.0);
}

#[test]
fn nan_gives_nan() {
    // Quiet and signalling, either sign, and all bits of the fraction set.
    let infinity = Real::INFINITY.to_bits();
    for bits in [Real::NAN.to_bits(), infinity + 1, infinity | FRACTION_MASK] {
        for x in [Real::from_bits(bits), -Real::from_bits(bits)] {
            for f in [exp, ln, tanh, sigmoid, softplus, sqrt] {
                assert_same(f(x), Real::NAN);
            }
        }
    }
}

#[test]
fn exp_ends_where_the_format_ends() {
    // The last float below the logarithm of each end; past it, one float is too close to call.
    let largest = Real::MAX_EXP as f64 * std::f64::consts::LN_2;
    let smallest =
        (Real::MIN_EXP - Real::MANTISSA_DIGITS as i32 - 1) as f64 * std::f64::consts::LN_2;
    let below = |bound: f64| {
        let x = bound as Real;
        if (x as f64) < bound { x } else { x.next_down() }
    };
    let last = below(largest);
    assert!(exp(last) < Real::INFINITY && exp(last) > 0.99 * Real::MAX);
    assert_same(exp(last.next_up().next_up()), Real::INFINITY);
    let zero = below(smallest);
    assert_same(exp(zero), 0.0);
    assert_same(exp(zero.next_up().next_up()), Real::from_bits(1));
}

#[test]
fn far_below_zero_softplus_is_exp() {
    let (low, high) = (-EXP_IS_INFINITE * 1.2, 2.0 * Real::EPSILON.ln());
    for i in 0..=10_000 {
        let x = low + (high - low) * (i as Real / 10_000.0);
        assert_same(softplus(x), exp(x));
    }
}

#[test]
fn tanh_is_odd() {
    for x in points() {
        assert_same(tanh(-x), -tanh(x));
    }
}

/// Values from mpmath; `tests/reference.py` prints them. A line is: function, x, y = f(x) rounded
/// (both as bits), and (exact − y) in ULPs.
#[cfg(feature = "f64")]
#[test]
fn all_are_within_their_bounds_of_mpmath() {
    let parse = |bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
    let mut lines = 0;
    for line in include_str!("tests/reference.txt").lines() {
        let [name, x, y, rest] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (f, bound): (fn(Real) -> Real, f64) = match name {
            "exp" => (exp, EXP_MAX_ULP),
            "ln" => (ln, LN_MAX_ULP),
            "tanh" => (tanh, TANH_MAX_ULP),
            "sigmoid" => (sigmoid, SIGMOID_MAX_ULP),
            "softplus" => (softplus, SOFTPLUS_MAX_ULP),
            _ => panic!("{line}"),
        };
        let (x, y, rest) = (parse(x), parse(y), rest.parse::<f64>().unwrap());
        let error = ((f(x) - y) / spacing(y) - rest).abs();
        assert!(error <= bound, "{name}({x:e}): {error:.4} ULP > {bound}: {:e}, not {y:e}", f(x));
        lines += 1;
    }
    assert_eq!(lines, 501);
}

/// All 2³² arguments, on every processor.
#[cfg(not(feature = "f64"))]
mod all_arguments {
    use super::*;

    /// [`worst`], with f applied to blocks: on the CPU's level.
    fn worst_in_blocks(
        f: impl Fn(Real) -> Real + Sync,
        exact: impl Fn(f64) -> f64,
        mut points: impl Iterator<Item = Real>,
    ) -> (f64, Real) {
        let (mut x, mut y) = ([0.0; 4096], [0.0; 4096]);
        let mut largest = (0.0, 0.0);
        loop {
            let len = x.iter_mut().zip(&mut points).map(|(x, point)| *x = point).count();
            if len == 0 {
                return largest;
            }
            crate::elementwise::map(&x[..len], &mut y[..len], &f);
            for (x, y) in x[..len].iter().zip(&y[..len]) {
                let error = ulps(*y, exact(f64::from(*x)));
                largest = if error > largest.0 { (error, *x) } else { largest };
            }
        }
    }

    #[track_caller]
    fn assert_bound_everywhere(
        name: &str,
        f: impl Fn(Real) -> Real + Sync,
        exact: impl Fn(f64) -> f64 + Sync,
        bound: f64,
    ) {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let (f, exact) = (&f, &exact);
        let (error, x) = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads)
                .map(|i| {
                    let patterns = (i as Bits..=Bits::MAX).step_by(threads);
                    scope.spawn(move || worst_in_blocks(f, exact, patterns.map(Real::from_bits)))
                })
                .collect();
            let results = handles.into_iter().map(|handle| handle.join().unwrap());
            results.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
        });
        println!("{name}: {error:.4} ULP at most, at x = {x:e} ({:#x})", x.to_bits());
        assert_bound(f, exact, [x].into_iter(), bound);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn exp_is_within_its_bound_everywhere() {
        assert_bound_everywhere("exp", exp, f64::exp, EXP_MAX_ULP);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn ln_is_within_its_bound_everywhere() {
        assert_bound_everywhere("ln", ln, f64::ln, LN_MAX_ULP);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn tanh_is_within_its_bound_everywhere() {
        assert_bound_everywhere("tanh", tanh, f64::tanh, TANH_MAX_ULP);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn sigmoid_is_within_its_bound_everywhere() {
        assert_bound_everywhere("sigmoid", sigmoid, exact_sigmoid, SIGMOID_MAX_ULP);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn softplus_is_within_its_bound_everywhere() {
        assert_bound_everywhere("softplus", softplus, exact_softplus, SOFTPLUS_MAX_ULP);
    }

    #[test]
    #[ignore = "the long tier: cargo test --release -- --ignored"]
    fn sqrt_is_within_its_bound_everywhere() {
        // The f64 root is too exact to hide a wrong f32: a root is never closer than 2⁻²⁷ ULP to
        // the middle between two floats.
        assert_bound_everywhere("sqrt", sqrt, f64::sqrt, SQRT_MAX_ULP);
    }
}
