//! With which inputs is an op tested, right and wrong ones?

use crate::{Array, Real, Rng, Tensor, anomaly, check, vjp};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

/// An op, or a method made of ops, with inputs to differentiate it at.
pub(crate) struct Case {
    /// The names of the ops it covers.
    pub(crate) ops: &'static [&'static str],
    function: Function,
    /// Other shapes for the same function.
    more: &'static [&'static [&'static [usize]]],
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
    /// Applied to tensors of exactly these shapes, and of some more.
    Shaped(&'static [&'static [usize]], fn(&[Tensor]) -> Tensor),
}

impl Case {
    pub(crate) const fn unary(
        ops: &'static [&'static str],
        function: fn(&Tensor) -> Tensor,
        range: Range<Real>,
    ) -> Case {
        Case { ops, function: Function::Unary(function), more: &[], range }
    }

    pub(crate) const fn binary(
        ops: &'static [&'static str],
        function: fn(&Tensor, &Tensor) -> Tensor,
        range: Range<Real>,
    ) -> Case {
        Case { ops, function: Function::Binary(function), more: &[], range }
    }

    pub(crate) const fn shaped(
        ops: &'static [&'static str],
        shapes: &'static [&'static [usize]],
        function: fn(&[Tensor]) -> Tensor,
    ) -> Case {
        Case { ops, function: Function::Shaped(shapes, function), more: &[], range: -2.0..2.0 }
    }

    /// Also at these shapes.
    pub(crate) const fn and_at(mut self, more: &'static [&'static [&'static [usize]]]) -> Case {
        self.more = more;
        self
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

    /// Sees whether the ops that it names are recorded: by the function, or by one of its first two
    /// derivatives.
    pub(crate) fn check_names(&self) -> Result<(), String> {
        let recorded = RefCell::new(BTreeSet::new());
        self.at_all_shapes(|shapes, f| {
            let mut x: Vec<Tensor> =
                self.inputs(shapes).into_iter().map(Tensor::variable).collect();
            let mut behind = vec![f(&x)];
            for _ in 0..2 {
                for y in behind.clone() {
                    // A derivative is linear in dy, and may depend on nothing else.
                    let dy = Tensor::variable(Array::full(*y.shape(), 1.0));
                    let wrt: Vec<&Tensor> = x.iter().collect();
                    behind.extend(vjp(&y, &dy, &wrt, true).into_iter().flatten());
                    x.push(dy);
                }
            }
            let mut seen = BTreeSet::new();
            while let Some(tensor) = behind.pop() {
                if let Some(step) = tensor.made_by().filter(|_| seen.insert(tensor.id())) {
                    recorded.borrow_mut().insert(step.name());
                    behind.extend_from_slice(step.inputs());
                }
            }
            Ok(())
        })?;
        let missing: Vec<_> =
            self.ops.iter().filter(|op| !recorded.borrow().contains(*op)).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("a case of {missing:?} records no such op"))
        }
    }

    /// Spoils each input, then a gradient, and sees whether a guard reports it, where it was made.
    pub(crate) fn check_reports(&self) -> Result<(), String> {
        self.at_all_shapes(|shapes, f| {
            (0..shapes.len()).try_for_each(|i| self.check_report(shapes, f, i))
        })
    }

    fn check_report(
        &self,
        shapes: &[&[usize]],
        f: &dyn Fn(&[Tensor]) -> Tensor,
        i: usize,
    ) -> Result<(), String> {
        let what = format!("{} at {shapes:?}, input {i}", self.name());
        let variables = |inputs: Vec<Array>| inputs.into_iter().map(Tensor::variable).collect();
        let mut spoilt = self.inputs(shapes);
        spoilt[i].numbers_mut().fill(Real::NAN);
        let spoilt: Vec<Tensor> = variables(spoilt);
        match anomaly::guard(|| f(&spoilt)) {
            // Nothing was computed: the sum of a single number is that number.
            Ok(y) if y.id() == spoilt[i].id() => return Ok(()),
            Ok(_) => return Err(format!("{what}: a NaN passes")),
            // The line is the case's own, not one of the engine.
            Err(report) if !report.place.file().contains("/ops/") => {
                return Err(format!("{what}: {report}"));
            }
            Err(_) => (),
        }
        let x: Vec<Tensor> = variables(self.inputs(shapes));
        let y = anomaly::guard(|| f(&x)).map_err(|why| why.to_string())?;
        let dy = Tensor::full(*y.shape(), Real::INFINITY);
        match anomaly::guard(|| vjp(&y, &dy, &[&x[i]], false)) {
            Err(report) if report.to_string().starts_with("the derivative of ") => Ok(()),
            _ => Err(format!("{what}: an infinite gradient passes")),
        }
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
            Function::Shaped(shapes, f) => {
                [shapes].iter().chain(self.more).try_for_each(|shapes| test(shapes, &f))
            }
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
