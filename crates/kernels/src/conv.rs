//! How is an image convolved, and what are the three derivatives?
//!
//! All three are partial derivatives of one trilinear form of an input x, weights w and an
//! output's gradient g:
//!
//! ```text
//! T(x, w, g) = Σ  x[n, p(i, a), q(j, b), c]  w[a, b, c', o]  g[n, i, j, o]
//!
//! y  = ∂T/∂g  = forward(x, w)               p, q: where a window reads, see `Window`
//! dx = ∂T/∂x  = input_gradient(g, w)        c' = c within its group
//! dw = ∂T/∂w  = weight_gradient(x, g)
//! ```
//!
//! so each derivative of one of them is one of the other two. A transposed convolution is
//! `input_gradient`: there is no other.
//!
//! | array | shape |
//! |---|---|
//! | x, dx | `[batch, height, width, in_channels]` |
//! | w, dw | `[kernel height, kernel width, in_channels / groups, out_channels]` |
//! | y, g  | `[batch, output height, output width, out_channels]` |
//!
//! With groups, output channel o sees the in_channels / groups channels of its group, which is
//! number o / (out_channels / groups).
//!
//! [`naive`] is the definition, seven loops, and the tests' oracle. [`upsampled`] is the same family
//! for images that are upsampled before. The fast ones choose by shape among four ways, which
//! `winograd`, `few`, `thin` and `lower` describe.

mod few;
mod lower;
pub mod naive;
mod part;
mod phases;
mod products;
mod thin;
pub mod upsampled;
mod weights;
mod winograd;

use crate::window::Window;
use crate::{Epilogue, Real};

/// Up to so many output channels, the columns of a tile would be mostly empty.
const FEW: usize = 4;

/// The sizes of a convolution and of its two derivatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// Images.
    pub batch: usize,
    /// Channels of x.
    pub in_channels: usize,
    /// Channels of y.
    pub out_channels: usize,
    /// Parts into which both kinds of channels are divided; a divisor of both.
    pub groups: usize,
    /// How the kernel slides down.
    pub height: Window,
    /// How it slides to the right.
    pub width: Window,
}

impl Geometry {
    /// The shape of x: batch, height, width, channels.
    pub fn x_shape(&self) -> [usize; 4] {
        [self.batch, self.height.input, self.width.input, self.in_channels]
    }

    /// The shape of w: kernel height, kernel width, inputs of a group, outputs.
    pub fn w_shape(&self) -> [usize; 4] {
        let inputs = self.in_channels / self.groups;
        [self.height.taps, self.width.taps, inputs, self.out_channels]
    }

    /// The shape of y: batch, height, width, channels.
    pub fn y_shape(&self) -> [usize; 4] {
        [self.batch, self.height.output, self.width.output, self.out_channels]
    }

    /// Multiply-adds of the form T, those with padding included.
    pub fn multiply_adds(&self) -> usize {
        let [a, b, c, _] = self.w_shape();
        count(self.y_shape()) * a * b * c
    }

    #[track_caller]
    fn check(&self, x: &[Real], w: &[Real], y: &[Real]) {
        let groups = self.groups;
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        assert!(
            divides(self.in_channels) && divides(self.out_channels),
            "conv: {groups} groups of {} and of {} channels",
            self.in_channels,
            self.out_channels
        );
        let lens = [x.len(), w.len(), y.len()];
        let shapes = [self.x_shape(), self.w_shape(), self.y_shape()];
        assert!(lens == shapes.map(count), "conv: lengths {lens:?} of x, w, y for {shapes:?}");
    }
}

fn count(shape: [usize; 4]) -> usize {
    shape.iter().product()
}

/// y\[n, i, j, o\] = bias\[o\] + Σ x\[n, p(i, a), q(j, b), c\] w\[a, b, c', o\], the sum over a, b
/// and the channels c of o's group; positions in the padding count as 0. Rectified by the epilogue's
/// slope.
///
/// # Panics
/// If a slice is not as long as `g` says.
pub fn forward(g: &Geometry, x: &[Real], w: &[Real], epilogue: Epilogue<'_>, y: &mut [Real]) {
    g.check(x, w, y);
    epilogue.check("conv", g.out_channels);
    products::forward(g, x, w, epilogue, y);
}

/// dx\[n, h, k, c\] = bias\[c\] + Σ dy\[n, i, j, o\] w\[a, b, c', o\], the sum over all i, a and
/// j, b with p(i, a) = h and q(j, b) = k and the outputs o of c's group.
///
/// This is a transposed convolution, whose output is dx. Only as such has it an epilogue.
///
/// # Panics
/// If a slice is not as long as `g` says.
pub fn input_gradient(
    g: &Geometry,
    dy: &[Real],
    w: &[Real],
    epilogue: Epilogue<'_>,
    dx: &mut [Real],
) {
    g.check(dx, w, dy);
    epilogue.check("conv", g.in_channels);
    products::input_gradient(g, dy, w, epilogue, dx);
}

/// dw\[a, b, c', o\] = Σ x\[n, p(i, a), q(j, b), c\] dy\[n, i, j, o\], the sum over n, i and j.
///
/// The gradient of a bias is a sum over rows, `reduce::sum_axis`.
///
/// # Panics
/// If a slice is not as long as `g` says.
pub fn weight_gradient(g: &Geometry, x: &[Real], dy: &[Real], dw: &mut [Real]) {
    g.check(x, dw, dy);
    weights::weight_gradient(g, x, dy, dw);
}

#[cfg(test)]
mod tests;
