//! How does a rectifier get into the op before it?
//!
//! y = z where z > 0, else slope · z, with z = f(x). A kernel that has just computed a part of z makes y
//! of it at once: one pass over the memory less, and z itself is never kept. That is enough for the
//! way back as well, since y > 0 just where z > 0:
//!
//! dz = dy where y > 0, else slope · dy,   and dx = what f makes of dz.

use super::piecewise::step_times;
use crate::{Array, Op, Real, Tensor};

/// An op f whose kernel can rectify, and whose derivatives do not read f(x).
pub(super) trait Rectifies<const N: usize>: Op<N> {
    /// What it is called with a rectifier.
    const RECTIFIED: &'static str;

    /// y = z where z > 0, else slope · z, for z = f(x).
    fn forward_rectified(&self, x: [&Array; N], slope: Real) -> Array;
}

/// An op and a rectifier behind it.
struct Rectified<O> {
    op: O,
    slope: Real,
}

impl<O: Rectifies<N>, const N: usize> Op<N> for Rectified<O> {
    const NAME: &'static str = O::RECTIFIED;

    fn forward(&self, x: [&Array; N]) -> Array {
        self.op.forward_rectified(x, self.slope)
    }

    fn vjp(&self, i: usize, x: [&Tensor; N], y: &Tensor, dy: &Tensor) -> Tensor {
        single(i, |wanted| self.vjps(wanted, x, y, dy))
    }

    fn vjps(
        &self,
        wanted: [bool; N],
        x: [&Tensor; N],
        y: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; N] {
        let slope = self.slope;
        let dz = step_times(y, dy, move |y| if y > 0.0 { 1.0 } else { slope });
        self.op.vjps(wanted, x, y, &dz)
    }
}

/// Gradient i, from what makes those that are wanted.
pub(super) fn single<const N: usize>(
    i: usize,
    vjps: impl FnOnce([bool; N]) -> [Option<Tensor>; N],
) -> Tensor {
    let wanted = std::array::from_fn(|j| i == j);
    vjps(wanted).into_iter().flatten().next().expect("one of them is wanted")
}

/// f(x), rectified with this slope; 1 leaves it as it is.
#[track_caller]
pub(super) fn apply_rectified<O: Rectifies<N>, const N: usize>(
    op: O,
    slope: Real,
    x: [&Tensor; N],
) -> Tensor {
    if slope == 1.0 { op.apply(x) } else { Rectified { op, slope }.apply(x) }
}

/// Panics if the slope is negative: then the sign of y does not tell that of z.
#[track_caller]
pub(super) fn check_slope(op: &str, slope: Real) {
    assert!(slope >= 0.0, "{op}: a rectifier's slope is at least 0, got {slope}");
}
