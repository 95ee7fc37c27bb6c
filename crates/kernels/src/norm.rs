//! How are numbers brought to mean 0 and variance 1, and how does a gradient pass back?
//!
//! ```text
//! x̂ = (x - μ) r,   r = 1 / √(σ² + epsilon)        normalised
//! z = γ x̂ + β                                     scaled and shifted
//! y = z where z > 0, else slope · z               rectified, unless slope = 1
//! ```
//!
//! All normalisations of images and rows are one kernel. They differ in which numbers share a
//! mean μ and a variance σ²: x is seen as `[samples, pixels, groups, width]`, and a group of
//! channels of one sample shares them, over all its pixels.
//!
//! ```text
//!                    groups x width channels
//!                 group 0    group 1    group 2           samples   pixels   groups   width
//!              ┌──────────┬──────────┬──────────┐
//!   sample 0,  │          │          │          │  batch       1       n h w   channels    1
//!   its pixels │   μ σ²   │   μ σ²   │   μ σ²   │  instance    n        h w    channels    1
//!              ├──────────┼──────────┼──────────┤  group       n        h w     groups   width
//!   sample 1   │   μ σ²   │   μ σ²   │   μ σ²   │  layer      rows       1        1     columns
//!              └──────────┴──────────┴──────────┘
//! ```
//!
//! **Back.** With g = dy where z > 0, else slope · dy, and h = γ g, n numbers to a group:
//!
//! ```text
//! dβ = Σ g,   dγ = Σ g x̂                          over all numbers of a channel
//! dx = r (h - Σ h / n - x̂ Σ h x̂ / n)              the sums over all numbers of a group
//! ```
//!
//! So x and dy are read twice: once for the sums, once for dx, sample after sample, while they are in
//! the cache. x̂ and z are computed anew each time, by the same expression, since a multiplication
//! costs less than memory: nothing but x, μ and r has to be kept for the way back.
//!
//! Source: Ioffe, Szegedy 2015, "Batch Normalization", algorithm 1 and §3.

mod rows;
mod spread;
#[cfg(test)]
mod tests;

use crate::elementwise::TASK;
use crate::moments::moments_axis;
use crate::reduce::{COLUMN_BLOCK, sum_axis};
use crate::scratch::with_scratch;
use crate::{Real, par};

/// Which numbers of x share a mean and a variance: x is `[samples, pixels, groups, width]`, and they
/// are shared over `pixels` and `width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Parts of x that share nothing.
    pub samples: usize,
    /// Rows of channels in a sample.
    pub pixels: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Channels in a group.
    pub width: usize,
}

impl Groups {
    /// γ and β have so many numbers.
    pub fn channels(self) -> usize {
        self.groups * self.width
    }

    /// x has so many numbers.
    pub fn count(self) -> usize {
        self.samples * self.pixels * self.channels()
    }

    /// μ and σ² have so many numbers: one for each group of each sample.
    pub fn statistics(self) -> usize {
        self.samples * self.groups
    }

    /// A sample has so many numbers.
    fn sample(self) -> usize {
        self.pixels * self.channels()
    }

    /// Is each row of x a sample of one group?
    fn are_rows(self) -> bool {
        self.pixels == 1 && self.groups == 1
    }
}

/// The mean and the variance of each group:
///
/// mean = Σ x / n,  variance = Σ (x - mean)² / n
///
/// - `x`: `[samples, pixels, groups, width]`; `mean`, `variance`: `[samples, groups]`.
///
/// # Panics
/// If the sizes contradict the slices.
pub fn moments(x: &[Real], of: Groups, mean: &mut [Real], variance: &mut [Real]) {
    let Groups { samples, pixels, groups, width } = of;
    if width == 1 {
        return moments_axis(x, [samples, pixels, groups], mean, variance);
    }
    if groups == 1 {
        return moments_axis(x, [samples, pixels * width, 1], mean, variance);
    }
    // Of each channel first; then the channels of a group, which are as many numbers each, are merged.
    let channels = samples * of.channels();
    with_scratch(2 * channels, |room| {
        let (means, variances) = room.split_at_mut(channels);
        moments_axis(x, [samples, pixels, of.channels()], means, variances);
        let channels = means.chunks_exact(width).zip(variances.chunks_exact(width));
        for ((mean, variance), (means, variances)) in mean.iter_mut().zip(variance).zip(channels) {
            let average =
                |of: &dyn Fn(usize) -> Real| (0..width).map(of).sum::<Real>() / width as Real;
            // From the first on, as in `moments`: far from zero, a sum of means would round.
            *mean = means[0] + average(&|i| means[i] - means[0]);
            *variance = average(&|i| variances[i] + (means[i] - *mean) * (means[i] - *mean));
        }
    });
}

/// A normalisation with all its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// How x is seen.
    pub groups: Groups,
    /// μ, `[samples, groups]`.
    pub mean: &'a [Real],
    /// r = 1 / √(σ² + epsilon), `[samples, groups]`.
    pub factor: &'a [Real],
    /// γ, `[channels]`.
    pub scale: &'a [Real],
    /// β, `[channels]`.
    pub shift: &'a [Real],
    /// The slope where z is not positive; 1 leaves z as it is.
    pub slope: Real,
}

impl Norm<'_> {
    /// y, of the module's documentation.
    ///
    /// # Panics
    /// If the sizes contradict the slices, or x is empty.
    pub fn apply(&self, x: &[Real], y: &mut [Real]) {
        self.check(&[x, y]);
        if self.groups.are_rows() { rows::apply(self, x, y) } else { spread::apply(self, x, y) }
    }

    /// dx, dβ and dγ, of the module's documentation.
    ///
    /// - `x`, `dy`, `dx`: as x; `totals`: `[2, channels]`, dβ and then dγ.
    ///
    /// # Panics
    /// If the sizes contradict the slices, or x is empty.
    pub fn backward(&self, x: &[Real], dy: &[Real], dx: &mut [Real], totals: &mut [Real]) {
        self.check(&[x, dy, dx]);
        let width = totals.len();
        assert!(width == 2 * self.groups.channels(), "norm: sizes differ");
        let (blocks, slope) = (self.groups.samples.div_ceil(self.block()), self.slope);
        with_scratch(blocks * width, |of_blocks| {
            if slope == 1.0 {
                // No rectifier: z need not be computed.
                self.backward_from(0, [x, dy], |dy, _| dy, dx, of_blocks);
            } else {
                let g = |dy, z| if z > 0.0 { dy } else { slope * dy };
                self.backward_from(0, [x, dy], g, dx, of_blocks);
            }
            sum_axis(of_blocks, [1, blocks, width], totals);
        });
    }

    /// So many samples are taken one after the other, and their sums added.
    fn block(&self) -> usize {
        (TASK / self.groups.sample()).clamp(1, COLUMN_BLOCK)
    }

    /// dx of the samples from `first` on, and dβ and dγ of each block of them, halved until a block
    /// is left; `g` is that of dy and z.
    fn backward_from(
        &self,
        first: usize,
        [x, dy]: [&[Real]; 2],
        g: impl Fn(Real, Real) -> Real + Sync + Copy,
        dx: &mut [Real],
        totals: &mut [Real],
    ) {
        let width = 2 * self.groups.channels();
        let half = totals.len() / width / 2;
        if half == 0 {
            let of_block = if self.groups.are_rows() { rows::backward } else { spread::backward };
            return of_block(self, first, [x, dy], g, dx, totals);
        }
        let (samples, cut) = (half * self.block(), half * self.block() * self.groups.sample());
        let (left, right) = ([x, dy].map(|x| &x[..cut]), [x, dy].map(|x| &x[cut..]));
        let (dx, dx_right) = dx.split_at_mut(cut);
        let (totals, totals_right) = totals.split_at_mut(half * width);
        par::join(
            2 * x.len(),
            || self.backward_from(first, left, g, dx, totals),
            || self.backward_from(first + samples, right, g, dx_right, totals_right),
        );
    }

    fn check(&self, like_x: &[&[Real]]) {
        let Norm { groups, mean, factor, scale, shift, .. } = *self;
        let fit = like_x.iter().all(|x| x.len() == groups.count())
            && [mean.len(), factor.len()] == [groups.statistics(); 2]
            && [scale.len(), shift.len()] == [groups.channels(); 2];
        assert!(fit && groups.count() > 0, "norm: sizes differ, or there are no numbers");
    }
}

/// x̂ and z.
#[inline(always)]
fn normalised(x: Real, [mean, factor, scale, shift]: [Real; 4]) -> (Real, Real) {
    let x = (x - mean) * factor;
    (x, scale * x + shift)
}
