//! What is an array?
//!
//! Numbers with a shape: the half of the engine that computes and remembers nothing. An
//! [`Array`] is contiguous and row-major, shares its buffer when cloned, and copies it when one of
//! several owners wants to write.

use crate::buffer::Buffer;
use crate::{Real, Shape};
use kernels::{broadcast, elementwise};

/// Numbers with a shape. Cloning shares them.
#[derive(Clone)]
pub struct Array {
    shape: Shape,
    /// Where in the buffer the first number is.
    start: usize,
    buffer: Buffer,
}

impl Array {
    /// The array of these numbers, row after row.
    ///
    /// # Panics
    /// If `numbers` are not as many as `shape` says.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, numbers: &[Real]) -> Array {
        let shape = shape.into();
        assert!(
            numbers.len() == shape.count(),
            "array: {shape} has {} elements, got {} numbers",
            shape.count(),
            numbers.len()
        );
        Array::filled_by(shape, |out| out.copy_from_slice(numbers))
    }

    /// A single number, of shape `[]`.
    pub fn scalar(number: Real) -> Array {
        Array::full([], number)
    }

    /// The same number everywhere.
    pub fn full(shape: impl Into<Shape>, number: Real) -> Array {
        Array::filled_by(shape, |out| out.fill(number))
    }

    /// Zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Array {
        Array::full(shape, 0.0)
    }

    /// The array whose numbers `fill` writes. It gets a slice with stale contents and must
    /// overwrite all of it.
    #[inline]
    pub fn filled_by(shape: impl Into<Shape>, fill: impl FnOnce(&mut [Real])) -> Array {
        let shape = shape.into();
        Array { shape, start: 0, buffer: Buffer::filled(shape.count(), fill) }
    }

    /// The sizes of its axes.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Its numbers, row after row.
    #[inline]
    pub fn numbers(&self) -> &[Real] {
        &self.buffer.numbers()[self.start..][..self.shape.count()]
    }

    /// Its numbers, to write to. Copies them first if another array shares them.
    pub fn numbers_mut(&mut self) -> &mut [Real] {
        if self.buffer.unique().is_none() {
            *self = Array::filled_by(self.shape, |out| out.copy_from_slice(self.numbers()));
        }
        let count = self.shape.count();
        let numbers = self.buffer.unique().expect("it is unique, or was just copied");
        &mut numbers[self.start..][..count]
    }

    /// The only number of an array that has one element.
    ///
    /// # Panics
    /// If it has more, or none.
    #[track_caller]
    pub fn item(&self) -> Real {
        let [number] = self.numbers() else {
            panic!("item: {} has {} elements, not one", self.shape, self.shape.count());
        };
        *number
    }

    /// y_i = f(x_i).
    #[inline]
    pub fn map(&self, f: impl Fn(Real) -> Real + Sync) -> Array {
        Array::filled_by(self.shape, |out| elementwise::map(self.numbers(), out, f))
    }

    /// y_i = f(a_i, b_i), both operands broadcast to their common shape.
    ///
    /// # Panics
    /// If there is no common shape, naming `op`.
    #[track_caller]
    #[inline]
    pub fn zip(&self, other: &Array, op: &str, f: impl Fn(Real, Real) -> Real + Sync) -> Array {
        let (a, b) = (self.numbers(), other.numbers());
        if self.shape == other.shape {
            return Array::filled_by(self.shape, |out| elementwise::zip(a, b, out, f));
        }
        let shape = self.shape.broadcast_or_panic(&other.shape, op);
        Array::filled_by(shape, |out| {
            if b.len() == 1 {
                elementwise::map(a, out, |a| f(a, b[0]));
            } else if a.len() == 1 {
                elementwise::map(b, out, |b| f(a[0], b));
            } else {
                let rank = shape.len();
                let s = &self.shape.strides_through(&shape)[..rank];
                let t = &other.shape.strides_through(&shape)[..rank];
                broadcast::zip_broadcast(&shape, (a, s), (b, t), out, f);
            }
        })
    }

    /// Repeated along the axes where `shape` is larger. Shares the numbers if it is the same.
    ///
    /// `shape` must be one that this array broadcasts to.
    pub(crate) fn broadcast_to(&self, shape: &Shape) -> Array {
        if self.shape == *shape {
            return self.clone();
        }
        let strides = self.shape.strides_through(shape);
        self.strided(shape, 0, &strides)
    }

    /// The array of shape `shape` that walks these numbers with the given strides, the first
    /// one `offset` behind the first.
    pub(crate) fn strided(&self, shape: &Shape, offset: usize, strides: &[usize]) -> Array {
        Array::filled_by(*shape, |out| {
            if !out.is_empty() {
                let numbers = &self.numbers()[offset..];
                broadcast::copy_strided(shape, numbers, &strides[..shape.len()], out);
            }
        })
    }

    /// The same numbers under another shape with as many elements. Nothing is copied.
    pub(crate) fn reshaped(&self, shape: &Shape) -> Array {
        debug_assert_eq!(self.shape.count(), shape.count());
        Array { shape: *shape, ..self.clone() }
    }

    /// The part that `shape` covers from the `offset`th number on. Nothing is copied.
    pub(crate) fn window(&self, shape: &Shape, offset: usize) -> Array {
        Array { shape: *shape, start: self.start + offset, buffer: self.buffer.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_to_a_shared_array_copies_it() {
        let a = Array::new([3], &[1.0, 2.0, 3.0]);
        let mut b = a.clone();
        b.numbers_mut()[0] = 9.0;
        assert_eq!(a.numbers(), [1.0, 2.0, 3.0]);
        assert_eq!(b.numbers(), [9.0, 2.0, 3.0]);
    }

    #[test]
    fn writing_to_an_own_array_does_not() {
        let mut a = Array::new([3], &[1.0, 2.0, 3.0]);
        let address = a.numbers().as_ptr();
        a.numbers_mut()[0] = 9.0;
        assert_eq!(a.numbers().as_ptr(), address);
    }

    #[test]
    fn writing_through_a_window_keeps_its_place() {
        let whole = Array::new([2, 2], &[1.0, 2.0, 3.0, 4.0]);
        let mut row = whole.window(&[2].into(), 2);
        row.numbers_mut()[0] = 9.0;
        assert_eq!(row.numbers(), [9.0, 4.0]);
        assert_eq!(whole.numbers(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    #[should_panic(expected = "array: [2, 3] has 6 elements, got 5 numbers")]
    fn too_few_numbers_are_refused() {
        let _ = Array::new([2, 3], &[0.0; 5]);
    }
}
