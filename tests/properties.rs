//! Do shapes follow NumPy's rule, and numbers their shapes, in ten thousand random cases?

use std::panic;

use autograd::{Real, Shape, Tensor, grad};
use proptest::prelude::*;

/// Which element of an operand NumPy's rule puts at `index` of the result.
/// Counted from the last axis; where the operand has size 1 or no axis, its element is repeated.
fn numpy(shape: &[usize], index: &[usize]) -> usize {
    let missing = index.len() - shape.len();
    let axes = shape.iter().zip(&index[missing..]);
    axes.fold(0, |at, (size, i)| at * size + if *size == 1 { 0 } else { *i })
}

/// The common shape by NumPy's rule.
fn common(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |s: &[usize], axis: usize| (axis + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    let sizes = (0..rank).map(|axis| match (size(a, axis), size(b, axis)) {
        (p, q) if p == q || q == 1 => Some(p),
        (1, q) => Some(q),
        _ => None,
    });
    sizes.collect()
}

/// 0, 1, 2, ...: each number says where it came from.
fn counting(shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    Tensor::new(shape, &(0..count).map(|i| i as Real).collect::<Vec<_>>())
}

/// Index number `at` of a shape.
fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = at % shape[axis];
        at /= shape[axis];
    }
    index
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, 1, 2, 3]), 0..=5)
}

/// Two shapes that stretch to one, of which one axis may be longer than a vector or two.
fn stretched() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let common = prop::collection::vec(prop::sample::select(vec![1, 2, 3]), 1..=4);
    let long = prop::sample::select(vec![0, 1, 2, 3, 7, 8, 16, 17, 33]);
    let operand = || (any::<[bool; 4]>(), 0..3_usize);
    (common, 0..4_usize, long, operand(), operand()).prop_map(|(mut common, at, long, a, b)| {
        let rank = common.len();
        common[at % rank] = long;
        let operand = |(repeated, missing): ([bool; 4], usize)| -> Vec<usize> {
            let sizes = common.iter().zip(repeated).map(|(n, one)| if one { 1 } else { *n });
            sizes.skip(missing).collect()
        };
        (operand(a), operand(b))
    })
}

/// n, n - 1, ..., 1
fn backwards(shape: &[usize]) -> Tensor {
    let count = shape.iter().product::<usize>();
    count as Real - counting(shape)
}

/// An op of two tensors, and what it makes of two numbers.
type Operator = (&'static str, fn(&Tensor, &Tensor) -> Tensor, fn(Real, Real) -> Real);

const OPERATORS: &[Operator] = &[
    ("+", |x, y| x + y, |x, y| x + y),
    ("-", |x, y| x - y, |x, y| x - y),
    ("*", |x, y| x * y, |x, y| x * y),
    ("/", |x, y| x / y, |x, y| x / y),
    ("maximum", Tensor::maximum, Real::max),
    ("minimum", Tensor::minimum, Real::min),
    ("greater", Tensor::greater, |x, y| if x > y { 1.0 } else { 0.0 }),
    ("less", Tensor::less, |x, y| if x < y { 1.0 } else { 0.0 }),
    ("equal", Tensor::equal, |x, y| if x == y { 1.0 } else { 0.0 }),
    ("select", |x, y| x.greater(y).select(x, &(-y)), |x, y| if x > y { x } else { -y }),
];

/// Whether an operation panics. What it prints belongs to the test's output.
fn panics(f: impl FnOnce() -> Tensor) -> bool {
    panic::catch_unwind(panic::AssertUnwindSafe(f)).is_err()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn operands_broadcast_by_the_rule_of_numpy(
        (a, b) in prop_oneof![3 => stretched(), 1 => (shape(), shape())],
        (name, op, expected) in prop::sample::select(OPERATORS),
    ) {
        let (x, y) = (1.0 + counting(&a), backwards(&b));
        match common(&a, &b) {
            Some(shape) => {
                let z = op(&x, &y);
                prop_assert_eq!(&z.shape()[..], &shape[..]);
                for (at, z) in z.numbers().iter().enumerate() {
                    let index = unravel(at, &shape);
                    let [x, y] = [x.numbers()[numpy(&a, &index)], y.numbers()[numpy(&b, &index)]];
                    prop_assert_eq!(*z, expected(x, y), "{}", name);
                }
            }
            None => prop_assert!(Shape::new(&a).broadcast(&Shape::new(&b)).is_none()),
        }
    }

    #[test]
    fn stretching_and_summing_are_each_others_derivatives(a in shape(), b in shape()) {
        let Some(shape) = common(&a, &b) else { return Ok(()) };
        let x = Tensor::variable(counting(&a).value().clone());
        let y = x.broadcast_to(&shape[..]);
        let u = counting(&shape);
        let [dx] = grad(&(&y * &u).sum(), [&x], false);
        prop_assert_eq!(dx.shape(), x.shape());
        // By the definition: each use of an element adds its weight.
        let mut expected = vec![0.0; x.shape().count()];
        for (at, u) in u.numbers().iter().enumerate() {
            expected[numpy(&a, &unravel(at, &shape))] += u;
        }
        prop_assert_eq!(dx.numbers(), &expected[..]);
        let summed = u.sum_to(&a[..]);
        prop_assert_eq!(summed.numbers(), &expected[..]);
    }

    #[test]
    fn a_permutation_moves_every_index(a in shape(), keys in prop::collection::vec(0..9_u8, 5)) {
        let mut order: Vec<usize> = (0..a.len()).collect();
        order.sort_by_key(|axis| keys[*axis]);
        let (x, y) = (counting(&a), counting(&a).permute(&order));
        for (at, y) in y.numbers().iter().enumerate() {
            let moved = unravel(at, &order.iter().map(|axis| a[*axis]).collect::<Vec<_>>());
            let mut index = vec![0; a.len()];
            order.iter().zip(moved).for_each(|(axis, i)| index[*axis] = i);
            prop_assert_eq!(*y, x.numbers()[numpy(&a, &index)]);
        }
    }

    #[test]
    fn slices_and_joins_take_each_other_apart(a in shape(), axis: u8, at: u8) {
        if a.is_empty() {
            return Ok(());
        }
        let axis = usize::from(axis) % a.len();
        let at = usize::from(at) % (a[axis] + 1);
        let x = counting(&a);
        let parts = [x.slice(axis as isize, ..at), x.slice(axis as isize, at..)];
        prop_assert_eq!(parts[0].shape()[axis] + parts[1].shape()[axis], a[axis]);
        let joined = Tensor::concat(&[&parts[0], &parts[1]], axis as isize);
        prop_assert_eq!(joined.shape(), x.shape());
        prop_assert_eq!(joined.numbers(), x.numbers());
    }

    #[test]
    fn reductions_over_any_axes_add_what_the_definition_adds(a in shape(), flags: [bool; 5]) {
        let axes: Vec<isize> = (0..a.len()).filter(|i| flags[*i]).map(|i| i as isize).collect();
        let kept: Vec<usize> = a.iter().zip(flags).map(|(n, f)| if f { 1 } else { *n }).collect();
        let x = counting(&a);
        let sums = x.sum_keepdim(&axes[..]);
        let mut expected = vec![0.0; kept.iter().product()];
        for (at, x) in x.numbers().iter().enumerate() {
            expected[numpy(&kept, &unravel(at, &a))] += x;
        }
        prop_assert_eq!(&sums.shape()[..], &kept[..]);
        prop_assert_eq!(sums.numbers(), &expected[..]);
        let dropped = x.sum_over(&axes[..]);
        prop_assert_eq!(dropped.numbers(), &expected[..]);
    }
}

/// A logit: of any size up to 1e4, and often a small one.
fn logit() -> impl Strategy<Value = f64> {
    prop_oneof![-1e4..1e4_f64, -5.0..5.0_f64, Just(0.0), Just(1e4), Just(-1e4)]
}

/// ln(1 + eˣ), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn cross_entropies_of_huge_logits_are_finite_and_right(
        x in prop::collection::vec(logit(), 3),
        t in prop::collection::vec(0.0..1.0_f64, 3),
    ) {
        let tensor = |x: &[f64]| Tensor::new([1, 3], &x.iter().map(|x| *x as Real).collect::<Vec<_>>());
        let logits = Tensor::variable(tensor(&x).value().clone());
        let targets = tensor(&t);
        // What the engine sees, in f64.
        let exact = |x: &Tensor| x.numbers().iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        let (x, t) = (exact(&logits), exact(&targets));
        let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum = x.iter().map(|x| (x - largest).exp()).sum::<f64>();
        let total: f64 = t.iter().sum();
        let softmax: f64 = x.iter().zip(&t).map(|(x, t)| t * (sum.ln() - (x - largest))).sum();
        let terms = x.iter().zip(&t).map(|(x, t)| t * softplus(-x) + (1.0 - t) * softplus(*x));
        let binary = terms.sum::<f64>() / 3.0;
        let d_softmax: Vec<f64> =
            x.iter().zip(&t).map(|(x, t)| total * (x - largest).exp() / sum - t).collect();
        let d_binary: Vec<f64> =
            x.iter().zip(&t).map(|(x, t)| (1.0 / (1.0 + (-x).exp()) - t) / 3.0).collect();
        let epsilon = 16.0 * f64::from(Real::EPSILON);
        for (y, expected, size, slopes) in [
            // ln Σ eˣ is a number about as large as the largest logit, and as coarse.
            (logits.cross_entropy(&targets), softmax, total * largest.abs(), d_softmax),
            (logits.binary_cross_entropy(&targets), binary, 0.0, d_binary),
        ] {
            let found = f64::from(y.item());
            let bound = epsilon * (expected.max(1.0) + size);
            prop_assert!((found - expected).abs() <= bound, "{} {}", found, expected);
            let [dx] = grad(&y, [&logits], false);
            for (dx, expected) in exact(&dx).iter().zip(slopes) {
                prop_assert!((dx - expected).abs() <= epsilon * total.max(1.0), "{} {}", dx, expected);
            }
        }
    }
}

proptest! {
    // A panic prints, so there are fewer of these.
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_does_not_broadcast_panics(a in shape(), b in shape()) {
        let (x, y) = (counting(&a), counting(&b));
        prop_assert_eq!(panics(|| &x + &y), common(&a, &b).is_none());
        prop_assert_eq!(panics(|| x.broadcast_to(&b[..])), common(&a, &b) != Some(b));
    }
}
