//! How is an upsampled convolution computed on the small image?
//!
//! Upsampling to twice the size repeats each pixel, u\[s\] = x\[s / 2\], so a kernel sliding over u
//! multiplies the same pixel of x by two of its taps, one beside the other. Along one axis, with k
//! taps and padding p in front,
//!
//! ```text
//! y[t] = Σ_a w[a] u[t + a - p] = Σ_i B[2i + p + 1 - t] x[i],     B[τ] = w[τ - 1] + w[τ]
//! ```
//!
//! where taps that w does not have count as 0. B is the *blurred* kernel, of k + 1 taps, or one more
//! so that they are even in number: K = 2M, M = ⌊k/2⌋ + 1. What it does is what a transposed
//! convolution at stride 2 does, so no upsampled image is ever made. The three derivatives of
//! T = Σ g y are
//!
//! ```text
//! y[t]  = ∂T/∂g = Σ_i B[2i + p + 1 - t] x[i]      M taps of B for each pixel of y
//! dx[i] = ∂T/∂x = Σ_t B[2i + p + 1 - t] g[t]      K taps: a convolution of g at stride 2
//! dB[τ] = ∂T/∂B = Σ_i x[i] g[2i + p + 1 - τ]      its weights' gradient, and dw[a] = dB[a] + dB[a + 1]
//! ```
//!
//! The pixels of y take turns: with r, which is p rounded up to an even number, and a *phase* φ of 0
//! or 1,
//!
//! ```text
//! y[2i + φ - (r - p)] = Σ_m B[2m + 1 - φ] x[i + m - r/2]
//! ```
//!
//! So both phases see the same window of x, one with the odd taps of B and one with the even ones:
//!
//! ```text
//!   k = 3, p = 1         x0        x1        x2
//!   u                  x0   x0   x1   x1   x2   x2
//!
//!   y[1], φ = 0          w0+w1     w2                  B[1] x0 + B[3] x1        the window x0, x1
//!   y[2], φ = 1          w0        w1+w2               B[0] x0 + B[2] x1        makes y[1] and y[2]
//!   y[3], φ = 0                    w0+w1     w2        B[1] x1 + B[3] x2
//! ```
//!
//! Where p is odd, the first of them is cut off. In two dimensions a window makes a block of 2 x 2
//! pixels, and a 5 x 5 kernel takes 4 · 9 instead of 4 · 25 multiply-adds for a pixel of x, 2.78
//! times fewer; 3 x 3 takes 4 · 4 instead of 4 · 9, 2.25 times fewer.
//!
//! The even and the odd taps of B have the same sum, that of w: they are twins, which have
//! multiplications in common (`winograd/filter.rs`).

use super::lower::{Axis, Lowering};
use super::part::{Canvas, Part, Places};
use super::products::{compute, turn};
use super::weights::sum_over_pixels;
use super::winograd::{Kernel, add};
use super::{Geometry, count};
use crate::scratch::with_scratch;
use crate::window::Window;
use crate::{Epilogue, Real, par};
use std::ops::Range;

/// y = `conv::forward` of u and w, where u\[n, i, j, c\] = x\[n, i / 2, j / 2, c\].
///
/// `g` is the convolution of u, at stride 1: u has its x's shape, and x half of the height and of the
/// width.
///
/// # Panics
/// If `g` is no convolution of that kind, or a slice is not as long as this.
pub fn forward(g: &Geometry, x: &[Real], w: &[Real], epilogue: Epilogue<'_>, y: &mut [Real]) {
    check(g, x, w, y);
    epilogue.check("conv", g.out_channels);
    let canvas = Canvas {
        height: g.height.output,
        width: g.width.output,
        channels: g.out_channels,
        first: 0,
        written: g.out_channels,
    };
    let lowering = Lowering {
        height: windows(g.height),
        width: windows(g.width),
        channels: g.in_channels,
        seen: g.in_channels,
        first: 0,
    };
    with_scratch(2 * blurred_len(g), |scratch| {
        let (blurred, phases) = scratch.split_at_mut(blurred_len(g));
        blur(g, w, blurred);
        divide(g, blurred, phases);
        let part = Part {
            lowering,
            w: phases,
            w_stride: 4 * g.out_channels,
            w_taps: lowering.width.taps,
            places: [g.height, g.width].map(|window| Places {
                first: -(crop(window) as isize),
                apart: 2,
                block: 2,
            }),
            kernel: Kernel::Phases,
        };
        compute(&[part], x, epilogue, canvas, y, multiply_adds(g));
    });
}

/// dx, the gradient of [`forward`] in x.
///
/// # Panics
/// As [`forward`].
pub fn input_gradient(g: &Geometry, dy: &[Real], w: &[Real], dx: &mut [Real]) {
    check(g, dx, w, dy);
    let canvas = Canvas {
        height: g.height.input / 2,
        width: g.width.input / 2,
        channels: g.in_channels,
        first: 0,
        written: g.in_channels,
    };
    with_scratch(2 * blurred_len(g), |scratch| {
        let (blurred, turned) = scratch.split_at_mut(blurred_len(g));
        blur(g, w, blurred);
        turn_blurred(g, blurred, turned);
        let lowering = windows_of_dy(g);
        let part = Part {
            lowering,
            w: turned,
            w_stride: g.in_channels,
            w_taps: lowering.width.taps,
            places: [Places::ALL; 2],
            kernel: Kernel::Blurred,
        };
        compute(&[part], dy, Epilogue::NOTHING, canvas, dx, multiply_adds(g));
    });
}

/// dw, the gradient of [`forward`] in w.
///
/// # Panics
/// As [`forward`].
pub fn weight_gradient(g: &Geometry, x: &[Real], dy: &[Real], dw: &mut [Real]) {
    check(g, x, dw, dy);
    with_scratch(2 * blurred_len(g), |scratch| {
        let (blurred, turned) = scratch.split_at_mut(blurred_len(g));
        let windows = windows_of_dy(g);
        sum_over_pixels(&windows, g.batch, [dy, x], Kernel::Blurred, turned);
        let exchanged = Geometry { in_channels: g.out_channels, out_channels: g.in_channels, ..*g };
        turn_blurred(&exchanged, turned, blurred);
        unblur(g, blurred, dw);
    });
}

/// Taps of B along an axis: an even number, half of them for each phase.
fn blurred_taps(window: Window) -> usize {
    2 * (window.taps / 2 + 1)
}

/// Pixels that the phases make before y.
fn crop(window: Window) -> usize {
    window.before % 2
}

/// The windows of x, each of which makes both phases: M taps.
fn windows(of: Window) -> Axis {
    Axis {
        source: of.input / 2,
        outputs: (of.output + crop(of)).div_ceil(2),
        taps: blurred_taps(of) / 2,
        stride: 1,
        step: 1,
        start: -(of.before.div_ceil(2) as isize),
    }
}

/// The windows of dy, each of which belongs to a pixel of x, with the last tap of B first.
fn windows_of_dy(g: &Geometry) -> Lowering {
    let axis = |of: Window| Axis {
        source: of.output,
        outputs: of.input / 2,
        taps: blurred_taps(of),
        stride: 2,
        step: 1,
        start: of.before as isize - (blurred_taps(of) as isize - 2),
    };
    Lowering {
        height: axis(g.height),
        width: axis(g.width),
        channels: g.out_channels,
        seen: g.out_channels,
        first: 0,
    }
}

/// The same convolution with the taps of B.
fn with_blurred_taps(g: &Geometry) -> Geometry {
    let blurred = |window: Window| Window { taps: blurred_taps(window), ..window };
    Geometry { height: blurred(g.height), width: blurred(g.width), ..*g }
}

/// B\[τ, σ, c, o\] = Σ w\[a, b, c, o\] over a = τ - 1, τ and b = σ - 1, σ.
fn blur(g: &Geometry, w: &[Real], blurred: &mut [Real]) {
    let [from, to] = [*g, with_blurred_taps(g)];
    add_taps([&from, &to], w, blurred, |t| t.saturating_sub(1)..t + 1);
}

/// The adjoint of [`blur`]: dw\[a, b, c, o\] = Σ dB\[τ, σ, c, o\] over τ = a, a + 1 and σ = b, b + 1.
fn unblur(g: &Geometry, blurred: &[Real], dw: &mut [Real]) {
    let [from, to] = [with_blurred_taps(g), *g];
    add_taps([&from, &to], blurred, dw, |t| t..t + 2);
}

/// Tap t of `to` is the sum of these taps of `from`, if it has them, along both axes.
fn add_taps(
    [of_from, of_to]: [&Geometry; 2],
    from: &[Real],
    to: &mut [Real],
    taps: impl Fn(usize) -> Range<usize> + Sync,
) {
    let size = of_from.in_channels * of_from.out_channels;
    let work = 2 * to.len();
    par::for_each_chunk(to, size, work, |start, to| {
        let tap = start / size;
        to.fill(0.0);
        for a in taps(tap / of_to.width.taps).filter(|a| *a < of_from.height.taps) {
            for b in taps(tap % of_to.width.taps).filter(|b| *b < of_from.width.taps) {
                add(size, &from[(a * of_from.width.taps + b) * size..][..size], 1.0, to);
            }
        }
    });
}

/// phases\[m, l, c, (φ, ψ, o)\] = B\[2m + 1 - φ, 2l + 1 - ψ, c, o\].
fn divide(g: &Geometry, blurred: &[Real], phases: &mut [Real]) {
    let [_, columns] = [g.height, g.width].map(blurred_taps);
    let (inputs, outputs) = (g.in_channels, g.out_channels);
    let work = phases.len() / 4;
    par::for_each_chunk(phases, 4 * inputs * outputs, work, |start, phases| {
        let window = start / (4 * inputs * outputs);
        let (m, l) = (window / (columns / 2), window % (columns / 2));
        for (phi, psi) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let tap = (2 * m + 1 - phi) * columns + 2 * l + 1 - psi;
            let from = blurred[tap * inputs * outputs..].chunks_exact(outputs);
            for (to, from) in phases.chunks_exact_mut(4 * outputs).zip(from) {
                to[(2 * phi + psi) * outputs..][..outputs].copy_from_slice(from);
            }
        }
    });
}

/// turned\[τ, σ, o, c\] = B\[K - 1 - τ, L - 1 - σ, c, o\], for K rows of L taps.
fn turn_blurred(g: &Geometry, blurred: &[Real], turned: &mut [Real]) {
    let g = with_blurred_taps(g);
    let [rows, columns] = [g.height, g.width].map(|w| [(0..w.taps).rev().collect()]);
    turn(&g, blurred, 0, [&rows, &columns], turned);
}

/// Numbers of B.
fn blurred_len(g: &Geometry) -> usize {
    count(with_blurred_taps(g).w_shape())
}

/// Multiply-adds of y's windows, those with padding included.
fn multiply_adds(g: &Geometry) -> usize {
    let pixels = g.batch * windows(g.height).outputs * windows(g.width).outputs;
    pixels * blurred_len(g)
}

#[track_caller]
fn check(g: &Geometry, x: &[Real], w: &[Real], y: &[Real]) {
    for window in [g.height, g.width] {
        assert!(
            window.stride == 1 && window.dilation == 1 && window.input.is_multiple_of(2),
            "upsampled: {window:?} is not a plain window over an upsampled axis"
        );
    }
    assert_eq!(g.groups, 1, "upsampled: the channels are not divided");
    let [batch, height, width, channels] = g.x_shape();
    let lens = [x.len(), w.len(), y.len()];
    let shapes = [[batch, height / 2, width / 2, channels], g.w_shape(), g.y_shape()];
    assert!(lens == shapes.map(count), "upsampled: lengths {lens:?} of x, w, y for {shapes:?}");
}
