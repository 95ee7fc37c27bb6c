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

/// Whether an operation panics. What it prints belongs to the test's output.
fn panics(f: impl FnOnce() -> Tensor) -> bool {
    panic::catch_unwind(panic::AssertUnwindSafe(f)).is_err()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn sums_broadcast_by_the_rule_of_numpy(a in shape(), b in shape()) {
        let (x, y) = (counting(&a), counting(&b));
        match common(&a, &b) {
            Some(shape) => {
                let z = &x * 100.0 + &y;
                prop_assert_eq!(&z.shape()[..], &shape[..]);
                for (at, z) in z.numbers().iter().enumerate() {
                    let index = unravel(at, &shape);
                    let expected = 100 * numpy(&a, &index) + numpy(&b, &index);
                    prop_assert_eq!(*z, expected as Real);
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
