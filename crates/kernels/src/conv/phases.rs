//! How is an upsampled convolution computed on the small image?
//!
//! Upsampling to twice the size repeats each pixel, u\[t\] = x\[t / 2\], so a k-tap kernel sliding
//! over u multiplies the same pixel of x by two of its taps, again and again. Along one axis, with
//! padding p in front,
//!
//! ```text
//! y[t] = Σ_a w[a] u[t + a - p]
//! ```
//!
//! Let r be p rounded up to an even number. Write t + (r - p) = 2i + φ, with a *phase* φ of 0 or 1.
//! Then t + a - p = 2i + φ + a - r, and half of that, rounded down, is i + ⌊(φ + a) / 2⌋ - r / 2:
//!
//! ```text
//! y[2i + φ - (r - p)] = Σ_m W[φ, m] x[i + m - r/2],     W[φ, m] = Σ w[a] over ⌊(φ + a) / 2⌋ = m
//! ```
//!
//! This is one convolution of x with ⌊k/2⌋ + 1 taps and an output channel for each phase. Its
//! outputs interleave to y; where p is odd, the first of them is cut off. In two dimensions there
//! are four phases, and a 5 x 5 kernel becomes 3 x 3: 4 · 9 instead of 4 · 25 multiply-adds for a
//! pixel of x, 2.78 times fewer. 3 x 3 becomes 2 x 2, 2.25 times fewer.
//!
//! Three steps, all linear: [`fold`] the weights, convolve by [`Phases::geometry`], interleave by
//! [`Phases::blocks`]. [`super::upsampled`] takes the last two in one, since a window's pixels are a
//! block of y.

use super::Geometry;
use crate::Real;
use crate::blocks::Blocks;
use crate::window::Window;

/// The upsampled convolution along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phases {
    /// The convolution on the small image, with four times the output channels.
    pub geometry: Geometry,
    /// Rows and columns of its interleaved outputs that lie before y.
    pub crop: [usize; 2],
    /// Height and width of y.
    pub output: [usize; 2],
}

impl Phases {
    /// The same result as a convolution by `on_upsampled`, at stride 1 and without dilation, after
    /// an upsampling to its input.
    ///
    /// # Panics
    /// If `on_upsampled` is no convolution of that kind.
    pub fn of(on_upsampled: &Geometry) -> Phases {
        let (height, height_crop) = small(on_upsampled.height);
        let (width, width_crop) = small(on_upsampled.width);
        assert_eq!(on_upsampled.groups, 1, "phases: the channels are not divided");
        Phases {
            geometry: Geometry {
                out_channels: 4 * on_upsampled.out_channels,
                height,
                width,
                ..*on_upsampled
            },
            crop: [height_crop, width_crop],
            output: [on_upsampled.height.output, on_upsampled.width.output],
        }
    }

    /// How the outputs of the small convolution interleave to y.
    pub fn blocks(&self) -> Blocks {
        let [batch, height, width, channels] = self.geometry.y_shape();
        let whole = Blocks::whole(batch, [height, width], [2, 2], channels / 4);
        Blocks { crop: self.crop, large: self.output, ..whole }
    }
}

/// The window on the small image, and what is cut off in front of its interleaved outputs.
fn small(large: Window) -> (Window, usize) {
    assert!(
        large.stride == 1 && large.dilation == 1 && large.input.is_multiple_of(2),
        "phases: {large:?} is not a plain window over an upsampled axis"
    );
    let crop = large.before % 2;
    let window = Window {
        input: large.input / 2,
        output: (large.output + crop).div_ceil(2),
        taps: large.taps / 2 + 1,
        before: (large.before + crop) / 2,
        ..large
    };
    (window, crop)
}

/// W\[m, l, c, (φ, ψ, o)\] = Σ w\[a, b, c, o\] over ⌊(φ + a) / 2⌋ = m and ⌊(ψ + b) / 2⌋ = l.
///
/// - `w`: `[kernel height, kernel width, inputs, outputs]`, whose sizes are given;
/// - `folded`: `[kernel height / 2 + 1, kernel width / 2 + 1, inputs, 4 outputs]`.
///
/// # Panics
/// If a slice is not as long as this.
pub fn fold(sizes: [usize; 4], w: &[Real], folded: &mut [Real]) {
    check(sizes, w, folded);
    folded.fill(0.0);
    each_run(sizes, |from, to, len| {
        for (sum, w) in folded[to..][..len].iter_mut().zip(&w[from..]) {
            *sum += w;
        }
    });
}

/// The adjoint of [`fold`]:  w\[a, b, c, o\] = Σ W\[⌊(φ + a) / 2⌋, ⌊(ψ + b) / 2⌋, c, (φ, ψ, o)\]
/// over the four phases.
///
/// # Panics
/// If a slice is not as long as there.
pub fn unfold(sizes: [usize; 4], folded: &[Real], w: &mut [Real]) {
    check(sizes, w, folded);
    w.fill(0.0);
    each_run(sizes, |to, from, len| {
        for (sum, folded) in w[to..][..len].iter_mut().zip(&folded[from..]) {
            *sum += folded;
        }
    });
}

fn check([kh, kw, inputs, outputs]: [usize; 4], w: &[Real], folded: &[Real]) {
    let folded_len = (kh / 2 + 1) * (kw / 2 + 1) * inputs * 4 * outputs;
    assert!(w.len() == kh * kw * inputs * outputs && folded.len() == folded_len, "fold: sizes");
}

/// Calls `run(w, folded, outputs)` with the start of each run of outputs in both.
fn each_run([kh, kw, inputs, outputs]: [usize; 4], mut run: impl FnMut(usize, usize, usize)) {
    for (a, b) in (0..kh * kw).map(|n| (n / kw, n % kw)) {
        for (phi, psi) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let tap = (phi + a) / 2 * (kw / 2 + 1) + (psi + b) / 2;
            for c in 0..inputs {
                let w = ((a * kw + b) * inputs + c) * outputs;
                let folded = ((tap * inputs + c) * 4 + 2 * phi + psi) * outputs;
                run(w, folded, outputs);
            }
        }
    }
}
