//! What is a shape, and when do two shapes broadcast?
//!
//! Two shapes broadcast if, counted from the last axis, their sizes are equal or one of them
//! is 1 or missing. The result takes the size that is not 1. That is NumPy's rule, and the
//! only one in this crate.

use std::fmt;
use std::ops::Deref;

pub use kernels::broadcast::MAX_AXES;

/// The sizes of an array's axes, outermost first; `[]` is the shape of a single number.
///
/// At most [`MAX_AXES`] axes, stored inline. Dereferences to a slice of sizes.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Those of the axes, then zeros.
    sizes: [usize; MAX_AXES],
    rank: usize,
}

impl Shape {
    /// The shape with these sizes.
    ///
    /// # Panics
    /// If there are more than [`MAX_AXES`], or the product of those that are not 0 is more than the
    /// machine can count.
    #[track_caller]
    pub fn new(sizes: &[usize]) -> Shape {
        let rank = sizes.len();
        assert!(rank <= MAX_AXES, "shape: {sizes:?} has {rank} axes, at most {MAX_AXES} fit");
        // Without sizes of 0: there are no elements then, but strides of what is behind them.
        let mut counted = sizes.iter().filter(|size| **size != 0);
        let count = counted.try_fold(1_usize, |count, size| count.checked_mul(*size));
        assert!(count.is_some(), "shape: {sizes:?} is too large to count elements or strides");
        let mut shape = Shape { sizes: [0; MAX_AXES], rank };
        shape.sizes[..rank].copy_from_slice(sizes);
        shape
    }

    /// Number of elements: the product of the sizes, 1 for `[]`.
    pub fn count(&self) -> usize {
        self.iter().product()
    }

    /// The row-major stride of each axis: the product of the sizes behind it.
    pub fn strides(&self) -> [usize; MAX_AXES] {
        let mut strides = [0; MAX_AXES];
        let mut stride = 1;
        for axis in (0..self.rank).rev() {
            strides[axis] = stride;
            stride *= self.sizes[axis];
        }
        strides
    }

    /// The strides that walk an array of this shape through the axes of `to`: 0 along each axis
    /// that is stretched, so that its numbers repeat.
    pub(crate) fn strides_through(&self, to: &Shape) -> [usize; MAX_AXES] {
        let own = self.strides();
        let missing = to.rank - self.rank;
        let mut strides = [0; MAX_AXES];
        for axis in 0..self.rank {
            if self.sizes[axis] != 1 {
                strides[missing + axis] = own[axis];
            }
        }
        strides
    }

    /// The common shape of two broadcast operands, if there is one.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        if self == other {
            return Some(*self);
        }
        let (mut long, short) =
            if self.rank >= other.rank { (*self, other) } else { (*other, self) };
        let missing = long.rank - short.rank;
        for axis in 0..short.rank {
            let (a, b) = (long.sizes[missing + axis], short.sizes[axis]);
            long.sizes[missing + axis] = match (a, b) {
                (a, b) if a == b => a,
                (1, b) => b,
                (a, 1) => a,
                _ => return None,
            };
        }
        Some(long)
    }

    /// The common shape of an op's two operands.
    ///
    /// # Panics
    /// If there is none, naming the op, both shapes and the axis.
    #[track_caller]
    pub(crate) fn broadcast_or_panic(&self, other: &Shape, op: &str) -> Shape {
        let Some(shape) = self.broadcast(other) else { no_common_shape(op, self, other) };
        shape
    }

    /// Whether an array of this shape broadcasts to exactly `to`.
    pub fn broadcasts_to(&self, to: &Shape) -> bool {
        self.broadcast(to) == Some(*to)
    }

    /// The position of an axis given as 0, 1, ... from the front or -1, -2, ... from the back.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub(crate) fn axis(&self, axis: isize, op: &str) -> usize {
        let position = if axis < 0 { axis + self.rank as isize } else { axis };
        assert!(
            (0..self.rank as isize).contains(&position),
            "{op}: {self} has no axis {axis}\n  \
             hint: it has {} axes, counted 0, 1 .. from the front or -1, -2 .. from the back",
            self.rank
        );
        position as usize
    }

    /// The same shape with one size replaced.
    pub(crate) fn with(mut self, axis: usize, size: usize) -> Shape {
        self.sizes[..self.rank][axis] = size;
        self
    }
}

#[cold]
#[track_caller]
fn no_common_shape(op: &str, a: &Shape, b: &Shape) -> ! {
    let pairs = a.iter().rev().zip(b.iter().rev()).enumerate();
    let (from_back, (p, q)) = pairs
        .into_iter()
        .find(|(_, (p, q))| p != q && **p != 1 && **q != 1)
        .expect("shapes that do not broadcast differ on some common axis");
    panic!(
        "{op}: {a} and {b} do not broadcast: on axis -{} the sizes {p} and {q} differ\n  \
         hint: counted from the last axis, sizes must be equal or 1; \
         `reshape` or `permute` one operand",
        from_back + 1
    );
}

impl PartialEq for Shape {
    // Derived, this is a call of `memcmp` in every op.
    fn eq(&self, other: &Shape) -> bool {
        self.rank == other.rank && self.sizes.iter().zip(other.sizes).all(|(a, b)| *a == b)
    }
}

impl Eq for Shape {}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(sizes: [usize; N]) -> Shape {
        Shape::new(&sizes)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(sizes: &[usize]) -> Shape {
        Shape::new(sizes)
    }
}

impl FromIterator<usize> for Shape {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Shape {
        let sizes: Vec<usize> = sizes.into_iter().collect();
        Shape::new(&sizes)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &self[..])
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A choice of axes: one, a few, each counted from the front or, if negative, from the back.
///
/// Made from `0`, `-1`, `[0, 2]`, `&[0, -1]`.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    axes: [isize; MAX_AXES],
    count: usize,
}

impl Axes {
    /// One flag for each axis of `shape`.
    ///
    /// # Panics
    /// If `shape` lacks one of the axes, or one is named twice.
    #[track_caller]
    pub(crate) fn chosen(&self, shape: &Shape, op: &str) -> [bool; MAX_AXES] {
        let mut chosen = [false; MAX_AXES];
        for axis in &self.axes[..self.count] {
            let position = shape.axis(*axis, op);
            assert!(!chosen[position], "{op}: axis {axis} of {shape} is named twice");
            chosen[position] = true;
        }
        chosen
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Axes {
        Axes::from(&[axis][..])
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    #[track_caller]
    fn from(axes: [isize; N]) -> Axes {
        Axes::from(&axes[..])
    }
}

impl From<&[isize]> for Axes {
    #[track_caller]
    fn from(from: &[isize]) -> Axes {
        assert!(from.len() <= MAX_AXES, "axes: {from:?} are more than {MAX_AXES}");
        let mut axes = [0; MAX_AXES];
        axes[..from.len()].copy_from_slice(from);
        Axes { axes, count: from.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// NumPy's rule, written the long way: pad with ones on the left, then compare.
    fn broadcast_by_definition(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
        let rank = a.len().max(b.len());
        let pad = |s: &[usize]| [vec![1; rank - s.len()], s.to_vec()].concat();
        pad(a)
            .into_iter()
            .zip(pad(b))
            .map(|(a, b)| match () {
                () if a == b || b == 1 => Some(a),
                () if a == 1 => Some(b),
                () => None,
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn broadcasting_follows_the_rule_of_numpy(
            a in prop::collection::vec(prop::sample::select(vec![0, 1, 1, 2, 3]), 0..=6),
            b in prop::collection::vec(prop::sample::select(vec![0, 1, 1, 2, 3]), 0..=6),
        ) {
            let common = Shape::new(&a).broadcast(&Shape::new(&b));
            prop_assert_eq!(common.map(|s| s.to_vec()), broadcast_by_definition(&a, &b));
        }
    }

    #[test]
    fn strides_are_products_of_the_sizes_behind() {
        assert_eq!(Shape::from([2, 3, 4]).strides()[..3], [12, 4, 1]);
        assert_eq!(Shape::from([3, 1]).strides_through(&[2, 3, 5].into())[..3], [0, 1, 0]);
    }

    #[test]
    fn a_shape_is_printed_as_its_sizes() {
        let (none, some) = (Shape::from([]), Shape::from([2, 0, 3]));
        assert_eq!(format!("{none} {none:?} {some} {some:?}"), "[] [] [2, 0, 3] [2, 0, 3]");
    }

    #[test]
    #[should_panic(expected = "sum: [2, 3] has no axis -3")]
    fn a_missing_axis_is_named() {
        Shape::from([2, 3]).axis(-3, "sum");
    }

    #[test]
    #[should_panic(expected = "shape: [1099511627776, 1099511627776] is too large")]
    fn a_count_that_overflows_is_refused() {
        let _ = Shape::from([1 << 40, 1 << 40]);
    }

    /// There are no elements, but strides would not fit.
    #[test]
    fn an_axis_of_size_0_hides_no_overflow_wherever_it_is() {
        for sizes in [[0, 1 << 40, 1 << 40], [1 << 40, 0, 1 << 40], [1 << 40, 1 << 40, 0]] {
            assert!(std::panic::catch_unwind(|| Shape::from(sizes)).is_err(), "{sizes:?}");
        }
        assert_eq!(Shape::from([1 << 40, 0, 1 << 20]).strides()[..3], [0, 1 << 20, 1]);
    }

    #[test]
    #[should_panic(expected = "at most 6 fit")]
    fn seven_axes_are_refused() {
        let _ = Shape::from([1; 7]);
    }
}
