//! With which inputs is an op tested?

use crate::{Array, Real, Rng, Tensor, check};
use std::ops::Range;

/// An op, or a method made of ops, with inputs to differentiate it at.
pub(crate) struct Case {
    /// The names of the ops it covers.
    pub(crate) ops: &'static [&'static str],
    function: Function,
    /// The interval of all inputs; away from kinks and poles.
    range: Range<Real>,
}

enum Function {
    /// Applied to one tensor of several shapes.
    Unary(fn(&Tensor) -> Tensor),
    /// Applied to two tensors of several pairs of shapes that broadcast.
    Binary(fn(&Tensor, &Tensor) -> Tensor),
    /// Applied to tensors of exactly these shapes.
    Shaped(&'static [&'static [usize]], fn(&[Tensor]) -> Tensor),
}

impl Case {
    pub(crate) const fn unary(
        ops: &'static [&'static str],
        function: fn(&Tensor) -> Tensor,
        range: Range<Real>,
    ) -> Case {
        Case { ops, function: Function::Unary(function), range }
    }

    pub(crate) const fn binary(
        ops: &'static [&'static str],
        function: fn(&Tensor, &Tensor) -> Tensor,
        range: Range<Real>,
    ) -> Case {
        Case { ops, function: Function::Binary(function), range }
    }

    pub(crate) const fn shaped(
        ops: &'static [&'static str],
        shapes: &'static [&'static [usize]],
        function: fn(&[Tensor]) -> Tensor,
    ) -> Case {
        Case { ops, function: Function::Shaped(shapes, function), range: -2.0..2.0 }
    }

    pub(crate) const fn within(mut self, range: Range<Real>) -> Case {
        self.range = range;
        self
    }

    /// Differentiates it twice, at every combination of shapes.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.function {
            Function::Unary(f) => {
                let shapes: [&[usize]; 5] = [&[], &[1], &[7], &[3, 5], &[2, 3, 4]];
                shapes.into_iter().try_for_each(|s| self.check_at(&[s], |x| f(&x[0])))
            }
            Function::Binary(f) => {
                let pairs: [[&[usize]; 2]; 8] = [
                    [&[], &[]],
                    [&[1], &[1]],
                    [&[5], &[]],
                    [&[], &[2, 3]],
                    [&[3, 5], &[3, 5]],
                    [&[4, 5], &[5]],
                    [&[3, 1], &[1, 4]],
                    [&[2, 1, 3], &[4, 1]],
                ];
                pairs.into_iter().try_for_each(|s| self.check_at(&s, |x| f(&x[0], &x[1])))
            }
            Function::Shaped(shapes, f) => self.check_at(shapes, f),
        }
    }

    fn name(&self) -> &'static str {
        self.ops.first().unwrap_or(&"a composition")
    }

    fn check_at(&self, shapes: &[&[usize]], f: impl Fn(&[Tensor]) -> Tensor) -> Result<(), String> {
        let mut rng = Rng::new(shapes.iter().map(|s| s.len() as u64).sum(), self.name());
        let Range { start, end } = self.range;
        let inputs: Vec<Array> = shapes.iter().map(|s| rng.uniform(*s, start, end)).collect();
        check::twice(f, &inputs).map_err(|why| format!("{} at {shapes:?}: {why}", self.name()))
    }
}
