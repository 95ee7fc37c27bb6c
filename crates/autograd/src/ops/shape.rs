//! How are moves of numbers differentiated?
//!
//! Each puts numbers elsewhere, and its derivative puts the gradients back:
//!
//! | forward | derivative uses | second derivative uses |
//! |---|---|---|
//! | `reshape`, `permute` | themselves | themselves |
//! | `slice` | `pad` | `slice` |
//! | `concat` | `slice` | `pad` |

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use crate::{Array, Op, Shape, Tensor};
use kernels::broadcast::scatter_strided;
use std::ops::{Bound, RangeBounds};

/// y = the numbers of x under another shape          dx = those of dy under x's
struct Reshape {
    shape: Shape,
}

impl Op<1> for Reshape {
    const NAME: &'static str = "reshape";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.reshaped(&self.shape)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        dy.reshape(*x.shape())
    }
}

/// axis i of y = axis order[i] of x                  dx = dy by the inverse order
struct Permute {
    order: Shape,
}

impl Op<1> for Permute {
    const NAME: &'static str = "permute";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let strides = x.shape().strides();
        let mut permuted = [0; crate::MAX_AXES];
        for (to, from) in self.order.iter().enumerate() {
            permuted[to] = strides[*from];
        }
        let shape: Shape = self.order.iter().map(|axis| x.shape()[*axis]).collect();
        x.strided(&shape, 0, &permuted)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        let mut inverse = self.order;
        for (to, from) in self.order.iter().enumerate() {
            inverse = inverse.with(*from, to);
        }
        Permute { order: inverse }.apply([dy])
    }
}

/// y = x from `start` on along one axis, `len` long  dx = dy with zeros around it
struct Slice {
    axis: usize,
    start: usize,
    len: usize,
}

impl Op<1> for Slice {
    const NAME: &'static str = "slice";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let strides = x.shape().strides();
        let shape = x.shape().with(self.axis, self.len);
        let offset = self.start * strides[self.axis];
        if x.shape()[..self.axis].iter().all(|size| *size == 1) {
            return x.window(&shape, offset);
        }
        x.strided(&shape, offset, &strides)
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        let after = x.shape()[self.axis] - self.start - self.len;
        Pad { axis: self.axis, before: self.start, after }.apply([dy])
    }
}

/// y = x with zeros before and after along one axis  dx = dy without them
struct Pad {
    axis: usize,
    before: usize,
    after: usize,
}

impl Op<1> for Pad {
    const NAME: &'static str = "pad";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let size = x.shape()[self.axis];
        let shape = x.shape().with(self.axis, self.before + size + self.after);
        Array::filled_by(shape, |y| {
            y.fill(0.0);
            place(x, y, &shape, self.axis, self.before);
        })
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        Slice { axis: self.axis, start: self.before, len: x.shape()[self.axis] }.apply([dy])
    }
}

/// y = a, then b, along one axis                     da = the first part of dy,  db = the second
struct Concat {
    axis: usize,
}

impl Op<2> for Concat {
    const NAME: &'static str = "concat";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        let first = a.shape()[self.axis];
        let shape = a.shape().with(self.axis, first + b.shape()[self.axis]);
        Array::filled_by(shape, |y| {
            place(a, y, &shape, self.axis, 0);
            place(b, y, &shape, self.axis, first);
        })
    }

    fn vjp(&self, i: usize, [a, b]: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        let first = a.shape()[self.axis];
        if i == 0 {
            Slice { axis: self.axis, start: 0, len: first }.apply([dy])
        } else {
            Slice { axis: self.axis, start: first, len: b.shape()[self.axis] }.apply([dy])
        }
    }
}

/// Writes x into y, whose shape is `shape`, from position `start` of the axis on.
fn place(x: &Array, y: &mut [crate::Real], shape: &Shape, axis: usize, start: usize) {
    if !x.numbers().is_empty() {
        let strides = shape.strides();
        let y = &mut y[start * strides[axis]..];
        scatter_strided(x.shape(), x.numbers(), y, &strides[..shape.len()]);
    }
}

impl Tensor {
    /// The same numbers, row after row, under another shape. Nothing is copied.
    ///
    /// # Panics
    /// If the shape has another number of elements.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        assert!(
            shape.count() == self.shape().count(),
            "reshape: {} has {} elements, {shape} has {}\n  \
             hint: a reshape keeps every number; use `slice` or `broadcast_to` to change the count",
            self.shape(),
            self.shape().count(),
            shape.count()
        );
        if shape == *self.shape() {
            return self.clone();
        }
        Reshape { shape }.apply([self])
    }

    /// The axes in another order: axis i of the result is axis `order[i]` of this tensor.
    ///
    /// # Panics
    /// If `order` does not name each axis once.
    #[must_use]
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Tensor {
        let rank = self.shape().len();
        assert!(
            order.len() == rank && (0..rank).all(|axis| order.contains(&axis)),
            "permute: {order:?} is no order of the {rank} axes of {}\n  \
             hint: name each of 0..{rank} once",
            self.shape()
        );
        if order.is_sorted() {
            return self.clone();
        }
        Permute { order: Shape::new(order) }.apply([self])
    }

    /// Rows and columns exchanged: the last two axes.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self) -> Tensor {
        let rank = self.shape().len();
        assert!(rank >= 2, "transpose: {} has fewer than two axes", self.shape());
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.permute(&order)
    }

    /// A range of one axis: `x.slice(0, 2..5)` are rows 2, 3 and 4. Along the first axis nothing
    /// is copied.
    ///
    /// # Panics
    /// If there is no such axis, or the range leaves it.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, axis: isize, range: impl RangeBounds<usize>) -> Tensor {
        let axis = self.shape().axis(axis, "slice");
        let size = self.shape()[axis];
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => size,
        };
        assert!(
            start <= end && end <= size,
            "slice: {start}..{end} leaves axis {axis} of {}, which has size {size}\n  \
             hint: a range ends before its second number",
            self.shape()
        );
        Slice { axis, start, len: end - start }.apply([self])
    }

    /// Zeros before and after the numbers along one axis.
    ///
    /// # Panics
    /// If there is no such axis.
    #[must_use]
    #[track_caller]
    pub fn pad(&self, axis: isize, before: usize, after: usize) -> Tensor {
        let axis = self.shape().axis(axis, "pad");
        Pad { axis, before, after }.apply([self])
    }

    /// The tensors one after the other along an axis they have.
    ///
    /// # Panics
    /// If there are none, there is no such axis, or their shapes differ on another one.
    #[must_use]
    #[track_caller]
    pub fn concat(tensors: &[&Tensor], axis: isize) -> Tensor {
        let first = tensors.first().expect("concat: there are no tensors to join");
        let axis = first.shape().axis(axis, "concat");
        for other in tensors {
            assert!(
                other.shape().len() == first.shape().len()
                    && other.shape().with(axis, 0) == first.shape().with(axis, 0),
                "concat: {} and {} differ elsewhere than on axis {axis}\n  \
                 hint: only the axis along which tensors are joined may have different sizes",
                first.shape(),
                other.shape()
            );
        }
        concat_halves(tensors, axis)
    }

    /// The tensors, which have one shape, along a fresh axis at position `axis`.
    ///
    /// # Panics
    /// If there are none, their shapes differ, `axis` is beyond their last one, or they have no room
    /// for a seventh.
    #[must_use]
    #[track_caller]
    pub fn stack(tensors: &[&Tensor], axis: usize) -> Tensor {
        let first = tensors.first().expect("stack: there are no tensors to join").shape();
        assert!(axis <= first.len(), "stack: {first} has no place for an axis {axis}");
        let with_axis: Shape =
            first[..axis].iter().chain(&[1]).chain(&first[axis..]).copied().collect();
        let mut rows = Vec::with_capacity(tensors.len());
        for other in tensors {
            let same = other.shape() == first;
            assert!(
                same,
                "stack: the shapes {first} and {} differ\n  \
                 hint: `concat` joins along an axis that exists and may differ",
                other.shape()
            );
            rows.push(other.reshape(with_axis));
        }
        concat_halves(&rows.iter().collect::<Vec<_>>(), axis)
    }
}

/// Joins n tensors pairwise, in log n rounds, so that no number is copied more than log n times.
#[track_caller]
fn concat_halves(tensors: &[&Tensor], axis: usize) -> Tensor {
    if let [only] = tensors {
        return (*only).clone();
    }
    let (left, right) = tensors.split_at(tensors.len() / 2);
    Concat { axis }.apply([&concat_halves(left, axis), &concat_halves(right, axis)])
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[Reshape::NAME], &[&[3, 4]], |x| x[0].reshape([2, 6])),
    Case::shaped(&[Permute::NAME], &[&[2, 3, 4]], |x| x[0].permute(&[2, 0, 1])),
    Case::shaped(&[Permute::NAME], &[&[2, 3, 4]], |x| x[0].transpose()),
    Case::shaped(&[Slice::NAME, Pad::NAME], &[&[3, 5]], |x| x[0].slice(1, 1..4)),
    Case::shaped(&[Slice::NAME], &[&[3, 5]], |x| x[0].slice(0, 1..)),
    Case::shaped(&[Pad::NAME], &[&[2, 3]], |x| x[0].pad(-1, 2, 1)),
    Case::shaped(&[Concat::NAME], &[&[2, 3], &[2, 1], &[2, 4]], |x| {
        Tensor::concat(&x.iter().collect::<Vec<_>>(), 1)
    }),
    Case::shaped(&[Concat::NAME], &[&[2, 3], &[2, 3]], |x| Tensor::stack(&[&x[0], &x[1]], 1)),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "reshape",
        make: || zeros([2, 3]).reshape([4]),
        report: "reshape: [2, 3] has 6 elements, [4] has 4",
    },
    Mistake {
        method: "permute",
        make: || zeros([2, 3]).permute(&[0, 0]),
        report: "permute: [0, 0] is no order of the 2 axes of [2, 3]",
    },
    Mistake {
        method: "permute",
        make: || zeros([2, 3]).permute(&[0]),
        report: "permute: [0] is no order of the 2 axes of [2, 3]",
    },
    Mistake {
        method: "transpose",
        make: || zeros([3]).transpose(),
        report: "transpose: [3] has fewer than two axes",
    },
    Mistake {
        method: "slice",
        make: || zeros([2, 3]).slice(1, 2..4),
        report: "slice: 2..4 leaves axis 1 of [2, 3], which has size 3",
    },
    Mistake {
        method: "slice",
        make: || zeros([2, 3]).slice(2, ..),
        report: "slice: [2, 3] has no axis 2",
    },
    Mistake {
        method: "slice",
        make: || zeros([5]).slice(0, (Bound::Excluded(3), Bound::Excluded(3))),
        report: "slice: 4..3 leaves axis 0 of [5], which has size 5",
    },
    Mistake {
        method: "pad",
        make: || zeros([2, 3]).pad(-3, 1, 1),
        report: "pad: [2, 3] has no axis -3",
    },
    Mistake {
        method: "concat",
        make: || Tensor::concat(&[&zeros([2, 3]), &zeros([3, 3])], 1),
        report: "concat: [2, 3] and [3, 3] differ elsewhere than on axis 1",
    },
    Mistake {
        method: "concat",
        make: || Tensor::concat(&[&zeros([2, 3]), &zeros([2])], 0),
        report: "concat: [2, 3] and [2] differ elsewhere than on axis 0",
    },
    Mistake {
        method: "concat",
        make: || Tensor::concat(&[], 0),
        report: "concat: there are no tensors to join",
    },
    Mistake {
        method: "stack",
        make: || Tensor::stack(&[&zeros([2, 3]), &zeros([2, 1])], 0),
        report: "stack: the shapes [2, 3] and [2, 1] differ",
    },
    Mistake {
        method: "stack",
        make: || Tensor::stack(&[&zeros([2])], 2),
        report: "stack: [2] has no place for an axis 2",
    },
    Mistake {
        method: "stack",
        make: || Tensor::stack(&[], 0),
        report: "stack: there are no tensors to join",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        let numbers: Vec<crate::Real> = (0..shape.count()).map(|i| i as crate::Real).collect();
        Tensor::new(shape, &numbers)
    }

    #[test]
    fn numbers_go_where_the_definition_says() {
        let x = counting([2, 3]);
        assert_eq!(x.transpose().numbers(), [0., 3., 1., 4., 2., 5.]);
        assert_eq!(x.slice(1, 1..3).numbers(), [1., 2., 4., 5.]);
        assert_eq!(x.slice(0, ..=0).numbers(), [0., 1., 2.]);
        assert_eq!(x.pad(0, 1, 0).numbers(), [0., 0., 0., 0., 1., 2., 3., 4., 5.]);
        let joined = Tensor::concat(&[&x, &x.slice(1, ..1)], 1);
        assert_eq!(joined.numbers(), [0., 1., 2., 0., 3., 4., 5., 3.]);
        assert_eq!(Tensor::stack(&[&x, &x], 1).numbers()[3..9], [0., 1., 2., 3., 4., 5.]);
        assert_eq!(Tensor::stack(&[&x, &x], 2).shape(), &[2, 3, 2].into());
    }

    #[test]
    fn permute_moves_every_index() {
        let x = counting([2, 3, 4]);
        let y = x.permute(&[2, 0, 1]);
        assert_eq!(y.shape(), &[4, 2, 3].into());
        for (i, j, k) in (0..24).map(|n| (n / 12, n / 4 % 3, n % 4)) {
            assert_eq!(y.numbers()[(k * 2 + i) * 3 + j], x.numbers()[(i * 3 + j) * 4 + k]);
        }
    }

    #[test]
    fn rows_and_reshapes_share_their_numbers() {
        let x = counting([4, 3]);
        let row = x.slice(0, 2..3).reshape([3]);
        assert_eq!(row.numbers().as_ptr(), x.numbers()[6..].as_ptr());
    }

    #[test]
    fn empty_tensors_can_be_moved() {
        let none = counting([0, 3]);
        assert_eq!(none.transpose().shape(), &[3, 0].into());
        assert_eq!(none.pad(0, 1, 1).numbers(), [0.0; 6]);
        assert_eq!(Tensor::concat(&[&none, &counting([1, 3])], 0).numbers(), [0., 1., 2.]);
    }
}
