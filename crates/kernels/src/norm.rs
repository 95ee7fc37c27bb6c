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
//! So x and dy are read twice: once for the sums, once for dx. x̂ and z are computed anew each time,
//! by the same expression, since a multiplication costs less than memory: nothing but x, μ and r
//! has to be kept for the way back.
//!
//! Source: Ioffe, Szegedy 2015, "Batch Normalization", algorithm 1 and §3.

use crate::elementwise::TASK;
use crate::epilogue::rectified;
use crate::moments::moments_axis;
use crate::on_level::levels;
use crate::reduce::{COLUMN_BLOCK, sum_of};
use crate::scratch::with_scratch;
use crate::{Real, par};
use std::ops::Range;

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
        let channels = self.groups.channels();
        par::for_each_cut(y, channels, par::pieces(x.len()), &|row, y: &mut [Real]| {
            let start = row * channels;
            let constants = |group: usize| [self.mean[group], self.factor[group]];
            self.each_sample(start..start + y.len(), constants, |_, part, constants| {
                let y = &mut y[part.start - start..part.end - start];
                apply_rows(y.len(), &x[part], constants, self.slope, y);
            });
        });
    }

    /// For each sample and channel, Σ g and then Σ g x̂ over the pixels.
    ///
    /// - `x`, `dy`: as x; `sums`: `[samples, 2, channels]`.
    ///
    /// # Panics
    /// If the sizes contradict the slices, or x is empty.
    pub fn sums(&self, x: &[Real], dy: &[Real], sums: &mut [Real]) {
        self.check(&[x, dy]);
        let width = 2 * self.groups.channels();
        let size = self.groups.pixels * self.groups.channels();
        assert!(sums.len() == self.groups.samples * width, "norm: sizes differ");
        let together = (TASK / size).max(1);
        par::for_each_chunk(sums, together * width, x.len(), |start, sums| {
            let (first, samples) = (start / width, sums.len() / width);
            let constants = |group: usize| [self.mean[group], self.factor[group]];
            let numbers = first * size..(first + samples) * size;
            self.each_sample(numbers, constants, |sample, part, constants| {
                let inputs = [x, dy].map(|x| &x[part.clone()]);
                let sums = &mut sums[(sample - first) * width..][..width];
                sum_rows(inputs, constants, self.slope, sums);
            });
        });
    }

    /// dx, of the module's documentation, from what [`Norm::sums`] finds.
    ///
    /// # Panics
    /// If the sizes contradict the slices, or x is empty.
    pub fn gradient(&self, x: &[Real], dy: &[Real], sums: &[Real], dx: &mut [Real]) {
        self.check(&[x, dy, dx]);
        let Groups { samples, pixels, groups, width } = self.groups;
        let channels = self.groups.channels();
        assert!(sums.len() == samples * 2 * channels, "norm: sizes differ");
        // Σ h / n of a group, from Σ g of each of its channels; Σ h x̂ / n from Σ g x̂.
        let mean_h = |group: usize, sums: &[Real]| {
            let of = group % groups * width..(group % groups + 1) * width;
            let sum = sum_of([&self.scale[of.clone()], &sums[of]], |[scale, sum]| scale * sum);
            sum / (pixels * width) as Real
        };
        let constants = |group: usize| {
            let of_sample = &sums[group / groups * 2 * channels..];
            let (g, gx) = of_sample[..2 * channels].split_at(channels);
            [self.mean[group], self.factor[group], mean_h(group, g), mean_h(group, gx)]
        };
        par::for_each_cut(dx, channels, par::pieces(2 * x.len()), &|row, dx: &mut [Real]| {
            let start = row * channels;
            self.each_sample(start..start + dx.len(), constants, |_, part, constants| {
                let dx = &mut dx[part.start - start..part.end - start];
                let inputs = [x, dy].map(|x| &x[part.clone()]);
                gradient_rows(dx.len(), inputs, constants, self.slope, dx);
            });
        });
    }

    fn check(&self, like_x: &[&[Real]]) {
        let Norm { groups, mean, factor, scale, shift, .. } = *self;
        let fit = like_x.iter().all(|x| x.len() == groups.count())
            && [mean.len(), factor.len()] == [groups.statistics(); 2]
            && [scale.len(), shift.len()] == [groups.channels(); 2];
        assert!(fit && groups.count() > 0, "norm: sizes differ, or there are no numbers");
    }

    /// Calls `body(sample, part, constants)` for the part of `numbers`, whole rows of x, that lies in
    /// each sample. The constants, γ and β and what `of_group` has for each group of each sample, are
    /// spread over the channels, and rows of few channels repeated to fill a few vectors.
    fn each_sample<const M: usize>(
        &self,
        numbers: Range<usize>,
        of_group: impl Fn(usize) -> [Real; M],
        mut body: impl FnMut(usize, Range<usize>, Constants<'_, M>),
    ) {
        const WIDE: usize = 64;
        let Groups { pixels, groups, width, .. } = self.groups;
        let channels = self.groups.channels();
        let size = pixels * channels;
        let wide = channels * (WIDE / channels).clamp(1, pixels);
        with_scratch((2 + M) * wide, |room| {
            let (affine, rest) = room.split_at_mut(2 * wide);
            for (row, affine) in affine.chunks_exact_mut(wide).zip([self.scale, self.shift]) {
                row.chunks_exact_mut(channels).for_each(|turn| turn.copy_from_slice(affine));
            }
            let mut start = numbers.start;
            while start < numbers.end {
                let sample = start / size;
                for group in 0..groups {
                    let constants = of_group(sample * groups + group);
                    for (row, constant) in rest.chunks_exact_mut(wide).zip(constants) {
                        row[group * width..][..width].fill(constant);
                    }
                }
                for row in rest.chunks_exact_mut(wide) {
                    let (once, again) = row.split_at_mut(channels);
                    again.chunks_exact_mut(channels).for_each(|turn| turn.copy_from_slice(once));
                }
                let end = numbers.end.min((sample + 1) * size);
                let of_groups = std::array::from_fn(|i| &rest[i * wide..][..wide]);
                let [scale, shift] = [0, 1].map(|i| &affine[i * wide..][..wide]);
                body(sample, start..end, Constants { scale, shift, of_groups });
                start = end;
            }
        });
    }
}

/// γ, β, and what the channels of a group share: μ, r and perhaps more. A number for each channel, all
/// repeated equally often.
#[derive(Clone, Copy)]
struct Constants<'a, const M: usize> {
    scale: &'a [Real],
    shift: &'a [Real],
    of_groups: [&'a [Real]; M],
}

/// x̂ and z.
#[inline(always)]
fn normalised(x: Real, [mean, factor, scale, shift]: [Real; 4]) -> (Real, Real) {
    let x = (x - mean) * factor;
    (x, scale * x + shift)
}

levels! {
    fn apply_rows(x: &[Real], constants: Constants<'_, 2>, slope: Real, y: &mut [Real]) {
        let Constants { scale, shift, of_groups: [mean, factor] } = constants;
        let wide = mean.len();
        for (y, x) in y.chunks_mut(wide).zip(x.chunks(wide)) {
            let constants = mean.iter().zip(factor).zip(scale.iter().zip(shift));
            for ((y, x), ((mean, factor), (scale, shift))) in y.iter_mut().zip(x).zip(constants) {
                let (_, z) = normalised(*x, [*mean, *factor, *scale, *shift]);
                *y = rectified(z, slope);
            }
        }
    }
}

/// [`Norm::sums`] of the rows of one sample, in a tree like that of [`reduce`](crate::reduce).
fn sum_rows(inputs: [&[Real]; 2], constants: Constants<'_, 2>, slope: Real, sums: &mut [Real]) {
    let (len, wide, channels) = (inputs[0].len(), constants.scale.len(), sums.len() / 2);
    if len == channels {
        sums.fill(0.0);
        let (g, gx) = sums.split_at_mut(channels);
        return sum_few_rows(len, inputs, constants, slope, g, gx);
    }
    let block = COLUMN_BLOCK * wide;
    if len > block {
        let half = len.div_ceil(2 * block) * block;
        let (left, right) = (inputs.map(|x| &x[..half]), inputs.map(|x| &x[half..]));
        return with_scratch(sums.len(), |others| {
            par::join(
                len / 2,
                || sum_rows(left, constants, slope, sums),
                || sum_rows(right, constants, slope, others),
            );
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += *other);
        });
    }
    with_scratch(2 * wide, |turns| {
        turns.fill(0.0);
        let (g, gx) = turns.split_at_mut(wide);
        sum_few_rows(len, inputs, constants, slope, g, gx);
        for (sums, turns) in sums.chunks_exact_mut(channels).zip([g, gx]) {
            sums.fill(0.0);
            for turn in turns.chunks_exact(channels) {
                sums.iter_mut().zip(turn).for_each(|(sum, g)| *sum += g);
            }
        }
    });
}

levels! {
    fn sum_few_rows(
        inputs: [&[Real]; 2],
        constants: Constants<'_, 2>,
        slope: Real,
        g_sums: &mut [Real],
        gx_sums: &mut [Real],
    ) {
        let Constants { scale, shift, of_groups: [mean, factor] } = constants;
        let wide = mean.len();
        for (x, dy) in inputs[0].chunks(wide).zip(inputs[1].chunks(wide)) {
            let constants = mean.iter().zip(factor).zip(scale.iter().zip(shift));
            let sums = g_sums.iter_mut().zip(gx_sums.iter_mut());
            for (((x, dy), ((mean, factor), (scale, shift))), (g_sum, gx_sum)) in
                x.iter().zip(dy).zip(constants).zip(sums)
            {
                let (x, z) = normalised(*x, [*mean, *factor, *scale, *shift]);
                let g = if z > 0.0 { *dy } else { slope * dy };
                *g_sum += g;
                *gx_sum += g * x;
            }
        }
    }
}

levels! {
    fn gradient_rows(
        inputs: [&[Real]; 2],
        constants: Constants<'_, 4>,
        slope: Real,
        dx: &mut [Real],
    ) {
        let Constants { scale, shift, of_groups: [mean, factor, h_mean, hx_mean] } = constants;
        let wide = mean.len();
        let rows = inputs[0].chunks(wide).zip(inputs[1].chunks(wide));
        for (dx, (x, dy)) in dx.chunks_mut(wide).zip(rows) {
            let constants = mean.iter().zip(factor).zip(scale.iter().zip(shift));
            let means = h_mean.iter().zip(hx_mean);
            for (((dx, (x, dy)), ((mean, factor), (scale, shift))), (h_mean, hx_mean)) in
                dx.iter_mut().zip(x.iter().zip(dy)).zip(constants).zip(means)
            {
                let (x, z) = normalised(*x, [*mean, *factor, *scale, *shift]);
                let g = if z > 0.0 { *dy } else { slope * dy };
                *dx = factor * (scale * g - h_mean - x * hx_mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::par::with_threads;

    const LAYOUTS: [[usize; 4]; 9] = [
        [1, 1, 1, 1],
        [1, 700, 3, 1],
        [1, 1300, 40, 1],
        [1, 9, 130, 1],
        [3, 50, 5, 1],
        [2, 400, 2, 3],
        [3, 7, 4, 20],
        [70, 1, 1, 300],
        [5, 1, 1, 3],
    ];

    /// y, Σ g and Σ g x̂ of each sample and channel, and dx.
    type Results = [Vec<Real>; 3];

    struct Problem {
        groups: Groups,
        x: Vec<Real>,
        dy: Vec<Real>,
        scale: Vec<Real>,
        shift: Vec<Real>,
        slope: Real,
    }

    const EPSILON: Real = 1e-5;

    impl Problem {
        /// Numbers with mean 100 and deviation 1.
        fn new([samples, pixels, groups, width]: [usize; 4], slope: Real) -> Problem {
            let groups = Groups { samples, pixels, groups, width };
            let numbers = |len: usize, seed: usize| -> Vec<Real> {
                let spread = |i: usize| ((i + seed) * 7919 % 10_007) as Real / 2889.0 - 1.732;
                (0..len).map(spread).collect()
            };
            let x = numbers(groups.count(), 0).iter().map(|x| 100.0 + x).collect();
            let dy = numbers(groups.count(), 5);
            let [scale, shift] = [17, 99].map(|seed| numbers(groups.channels(), seed));
            Problem { groups, x, dy, scale, shift, slope }
        }

        fn fast(&self) -> Results {
            let Problem { groups, x, dy, scale, shift, slope } = self;
            let [mut mean, mut factor] = [0; 2].map(|_| vec![0.0; groups.statistics()]);
            moments(x, *groups, &mut mean, &mut factor);
            factor.iter_mut().for_each(|v| *v = 1.0 / (*v + EPSILON).sqrt());
            let (groups, slope) = (*groups, *slope);
            let norm = Norm { groups, mean: &mean, factor: &factor, scale, shift, slope };
            let [mut y, mut dx] = [0; 2].map(|_| vec![0.0; groups.count()]);
            let mut sums = vec![0.0; groups.samples * 2 * groups.channels()];
            norm.apply(x, &mut y);
            norm.sums(x, dy, &mut sums);
            norm.gradient(x, dy, &sums, &mut dx);
            [y, sums, dx]
        }

        /// The module's formulas, number by number and in `f64`.
        fn by_definition(&self) -> Results {
            let Problem { groups, x, dy, scale, shift, slope } = self;
            let Groups { samples, pixels, width, .. } = *groups;
            let channels = groups.channels();
            let of = |x: &[Real], i: usize| f64::from(x[i]);
            let mut results =
                [vec![0.0; x.len()], vec![0.0; samples * 2 * channels], vec![0.0; x.len()]];
            for (sample, group) in
                (0..samples).flat_map(|s| (0..groups.groups).map(move |g| (s, g)))
            {
                let places: Vec<(usize, usize)> = (0..pixels)
                    .flat_map(|p| (0..width).map(move |w| (p, group * width + w)))
                    .map(|(p, c)| ((sample * pixels + p) * channels + c, c))
                    .collect();
                let mean_of = |f: &dyn Fn(usize, usize) -> f64| {
                    places.iter().map(|(i, c)| f(*i, *c)).sum::<f64>() / places.len() as f64
                };
                let mean = mean_of(&|i, _| of(x, i));
                let variance = mean_of(&|i, _| (of(x, i) - mean).powi(2));
                let factor = 1.0 / (variance + f64::from(EPSILON)).sqrt();
                let hat = |i| (of(x, i) - mean) * factor;
                let z = |i, c| of(scale, c) * hat(i) + of(shift, c);
                let slope = |i, c| if z(i, c) > 0.0 { 1.0 } else { f64::from(*slope) };
                let g = |i, c| slope(i, c) * of(dy, i);
                let h = |i, c| of(scale, c) * g(i, c);
                let (mean_h, mean_hx) =
                    (mean_of(&|i, c| h(i, c)), mean_of(&|i, c| h(i, c) * hat(i)));
                for &(i, c) in &places {
                    let [y, sums, dx] = &mut results;
                    y[i] = (slope(i, c) * z(i, c)) as Real;
                    sums[sample * 2 * channels + c] += g(i, c) as Real;
                    sums[(sample * 2 + 1) * channels + c] += (g(i, c) * hat(i)) as Real;
                    dx[i] = (factor * (h(i, c) - mean_h - hat(i) * mean_hx)) as Real;
                }
            }
            results
        }
    }

    #[test]
    fn results_equal_their_definition() {
        for (layout, slope) in LAYOUTS.into_iter().zip([1.0, 0.2, 0.0].into_iter().cycle()) {
            let problem = Problem::new(layout, slope);
            for (fast, slow) in problem.fast().iter().zip(problem.by_definition()) {
                let largest = slow.iter().fold(1.0 as Real, |a, b| a.max(b.abs()));
                for (fast, slow) in fast.iter().zip(slow) {
                    assert!((fast - slow).abs() < 1e-4 * largest, "{layout:?}: {fast} for {slow}");
                }
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        for layout in [[1, 9000, 24, 1], [40, 100, 8, 4], [900, 1, 1, 300]] {
            let problem = Problem::new(layout, 0.2);
            let [one, others @ ..] = [1, 2, 3, 8].map(|n| with_threads(n, || problem.fast()));
            assert!(others.iter().all(|other| *other == one), "{layout:?}");
        }
    }
}
