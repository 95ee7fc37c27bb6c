//! What is a differentiable function?
//!
//! A struct that implements [`Op`]: how to compute it on numbers, and how a gradient passes
//! back through it. The two halves see two types. `forward` gets [`Array`]s and cannot record;
//! `vjp` gets [`Tensor`]s and is written in their arithmetic, so that a gradient has a gradient
//! of its own, to any order.

use crate::tensor::Step;
use crate::{Array, Tensor, anomaly, is_recording};
use std::panic::Location;

/// A differentiable function of N tensors. This is all that a new op needs.
///
/// ```
/// use adversaria_autograd::{Array, Op, Tensor, grad};
///
/// /// y = x^3          dx = 3 x^2 dy
/// struct Cube;
///
/// impl Op<1> for Cube {
///     const NAME: &'static str = "cube";
///     fn forward(&self, [x]: [&Array; 1]) -> Array { x.map(|x| x * x * x) }
///     fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor { 3.0 * x * x * dy }
/// }
///
/// let x = Tensor::variable(Array::scalar(2.0));
/// let y = Cube.apply([&x]);
/// let [dx] = grad(&y, [&x], true);
/// let [ddx] = grad(&dx, [&x], false);
/// assert_eq!([y.item(), dx.item(), ddx.item()], [8.0, 12.0, 12.0]);
/// ```
///
/// The fields of the struct hold settings only: axes, exponents, constant masks. A number that
/// depends on an input must stay a tensor expression of `x` and `y`, or the second derivative
/// silently misses a term. The one exception is an op with two forms of its derivative, as a
/// normalisation has: the form that is taken while nothing is recorded may read what `forward` found.
pub trait Op<const N: usize>: Sized + Send + Sync + 'static {
    /// What error messages and drawings call it.
    const NAME: &'static str;

    /// y = f(x), on plain numbers. Records nothing.
    #[track_caller]
    fn forward(&self, x: [&Array; N]) -> Array;

    /// The vector-Jacobian product dL/dx_i = dL/dy · ∂y/∂x_i, of the shape of x_i, from
    /// dy = dL/dy, in tensor arithmetic.
    fn vjp(&self, i: usize, x: [&Tensor; N], y: &Tensor, dy: &Tensor) -> Tensor;

    /// [`Op::vjp`] for each input whose gradient is wanted. An op whose derivatives share work does
    /// them here at once.
    #[inline]
    fn vjps(
        &self,
        wanted: [bool; N],
        x: [&Tensor; N],
        y: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; N] {
        std::array::from_fn(|i| wanted[i].then(|| self.vjp(i, x, y, dy)))
    }

    /// y = f(x), remembered if this thread is recording and some x needs a gradient.
    #[track_caller]
    #[inline]
    fn apply(self, x: [&Tensor; N]) -> Tensor {
        let value = self.forward(x.map(Tensor::value));
        let place = anomaly::seen(Self::NAME, Location::caller(), &x, &value);
        if is_recording() && x.iter().any(|x| x.needs_grad()) {
            let inputs = x.map(Tensor::clone);
            Tensor::recorded(value, Box::new(Applied { op: self, place, inputs }))
        } else {
            Tensor::constant(value)
        }
    }
}

/// An op together with the tensors it was applied to, and the line that did it.
struct Applied<O, const N: usize> {
    op: O,
    place: &'static Location<'static>,
    inputs: [Tensor; N],
}

impl<O: Op<N>, const N: usize> Step for Applied<O, N> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn inputs(&self) -> &[Tensor] {
        &self.inputs
    }

    fn into_inputs(self: Box<Self>, take: &mut dyn FnMut(Tensor)) {
        self.inputs.into_iter().for_each(take);
    }

    fn pull_back(
        &self,
        wanted: &dyn Fn(&Tensor) -> bool,
        y: &Tensor,
        dy: &Tensor,
        give: &mut dyn FnMut(&Tensor, Tensor),
    ) {
        let x = self.inputs.each_ref();
        let wanted = x.map(wanted);
        // None is if y was asked about, and nothing that it was made from.
        if wanted == [false; N] {
            return;
        }
        anomaly::undoing(O::NAME, self.place, &self.inputs, dy);
        let dx = self.op.vjps(wanted, x, y, dy);
        anomaly::undone(&dx);
        for (i, (x_i, dx_i)) in x.into_iter().zip(dx).enumerate() {
            // An op may answer for an input that it was not asked about.
            let Some(dx_i) = dx_i.filter(|_| wanted[i]) else { continue };
            let (op, dx, x) = (O::NAME, dx_i.shape(), x_i.shape());
            assert_eq!(
                dx, x,
                "{op}: vjp {i} returned the left shape for an input of the right one\n  \
                 hint: `sum_to` undoes a broadcast"
            );
            give(x_i, dx_i);
        }
    }
}
