//! With which inputs is an op tested, right and wrong ones?

use crate::{Array, Real, Rng, Tensor, anomaly, check, vjp};
use std::ops::Range;

/// An op, or a method made of ops, with inputs to differentiate it at.
pub(crate) struct Case {
    /// The names of the ops it covers.
    pub(crate) ops: &'static [&'static str],
    function: Function,
    /// The interval of all inputs; away from kinks and poles.
    range: Range<Real>,
}

/// A wrong use of a method, and what its panic must say.
pub(crate) struct Mistake {
    /// The name of the method, or of the operator's op.
    pub(crate) method: &'static str,
    pub(crate) make: fn() -> Tensor,
    /// The first line of the report: the op and what it was given. A hint may follow.
    pub(crate) report: &'static str,
}

/// What mistakes are made with.
pub(crate) fn zeros<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::full(shape, 0.0)
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
        self.at_all_shapes(|shapes, f| {
            let inputs = self.inputs(shapes);
            check::twice(f, &inputs).map_err(|why| format!("{} at {shapes:?}: {why}", self.name()))
        })
    }

    /// Spoils an input, then a gradient, and sees whether a guard reports it.
    pub(crate) fn check_reports(&self) -> Result<(), String> {
        self.at_all_shapes(|shapes, f| {
            let name = self.name();
            let variables = |inputs: Vec<Array>| inputs.into_iter().map(Tensor::variable).collect();
            let mut spoilt = self.inputs(shapes);
            spoilt[0].numbers_mut().fill(Real::NAN);
            let spoilt: Vec<Tensor> = variables(spoilt);
            match anomaly::guard(|| f(&spoilt)) {
                // Nothing was computed: the sum of a single number is that number.
                Ok(y) if y.id() == spoilt[0].id() => return Ok(()),
                Ok(_) => return Err(format!("{name} at {shapes:?} lets a NaN pass")),
                Err(_) => (),
            }
            let x: Vec<Tensor> = variables(self.inputs(shapes));
            let y = anomaly::guard(|| f(&x)).map_err(|why| why.to_string())?;
            let dy = Tensor::full(*y.shape(), Real::INFINITY);
            match anomaly::guard(|| vjp(&y, &dy, &[&x[0]], false)) {
                Err(report) if report.to_string().starts_with("the derivative of ") => Ok(()),
                _ => Err(format!("{name} at {shapes:?} lets an infinite gradient pass")),
            }
        })
    }

    /// Calls `test` with the function and each combination of shapes: no axis, one element,
    /// stretched, odd sizes and, where a difference quotient has digits left for them, thousands.
    fn at_all_shapes(
        &self,
        test: impl Fn(&[&[usize]], &dyn Fn(&[Tensor]) -> Tensor) -> Result<(), String>,
    ) -> Result<(), String> {
        let is_double = size_of::<Real>() == 8;
        match self.function {
            Function::Unary(f) => {
                let shapes: [&[usize]; 6] = [&[], &[1], &[7], &[3, 5], &[2, 3, 4], &[33, 65]];
                let some = if is_double { &shapes[..] } else { &shapes[..5] };
                some.iter().try_for_each(|s| test(&[s], &|x| f(&x[0])))
            }
            Function::Binary(f) => {
                let pairs: [[&[usize]; 2]; 10] = [
                    [&[], &[]],
                    [&[1], &[1]],
                    [&[5], &[]],
                    [&[], &[2, 3]],
                    [&[3, 5], &[3, 5]],
                    [&[4, 5], &[5]],
                    [&[3, 1], &[1, 4]],
                    [&[2, 1, 3], &[4, 1]],
                    [&[1, 1, 1], &[7, 1, 5]],
                    [&[33, 65], &[65]],
                ];
                let some = if is_double { &pairs[..] } else { &pairs[..9] };
                some.iter().try_for_each(|s| test(s, &|x| f(&x[0], &x[1])))
            }
            Function::Shaped(shapes, f) => test(shapes, &f),
        }
    }

    fn inputs(&self, shapes: &[&[usize]]) -> Vec<Array> {
        let mut rng = Rng::new(shapes.iter().map(|s| s.len() as u64).sum(), self.name());
        let Range { start, end } = self.range;
        shapes.iter().map(|s| rng.uniform(*s, start, end)).collect()
    }

    fn name(&self) -> &'static str {
        self.ops.first().unwrap_or(&"a composition")
    }
}
