//! How do numbers that groups of channels share meet rows of channels?
//!
//! They are spread over the channels of their group first, so that every loop runs over the
//! channels of a row and what belongs to them, however wide a group is.

use super::{Groups, Norm, normalised};
use crate::epilogue::rectified;
use crate::on_level::levels;
use crate::reduce::{COLUMN_BLOCK, in_fours, sum_of};
use crate::scratch::with_scratch;
use crate::{Real, par};

/// y, see [`Norm::apply`].
pub(super) fn apply(norm: &Norm<'_>, x: &[Real], y: &mut [Real]) {
    let (channels, size) = (norm.groups.channels(), norm.groups.sample());
    par::for_each_cut(y, channels, par::pieces(x.len()), &|row, y: &mut [Real]| {
        let (mut start, end) = (row * channels, row * channels + y.len());
        let mut y = y;
        while start < end {
            let sample = start / size;
            let part = start..end.min((sample + 1) * size);
            let (of_sample, others) = y.split_at_mut(part.len());
            norm.spread(
                sample,
                |group| [norm.mean[group], norm.factor[group]],
                |constants| {
                    apply_rows(part.len(), &x[part.clone()], constants, norm.slope, of_sample)
                },
            );
            (start, y) = (part.end, others);
        }
    });
}

/// dx of the samples from `first` on, and their sums for dβ and dγ; see [`Norm::backward`].
pub(super) fn backward(
    norm: &Norm<'_>,
    first: usize,
    [x, dy]: [&[Real]; 2],
    g: impl Fn(Real, Real) -> Real + Sync + Copy,
    dx: &mut [Real],
    totals: &mut [Real],
) {
    let size = norm.groups.sample();
    totals.fill(0.0);
    with_scratch(totals.len(), |sums| {
        let inputs = x.chunks_exact(size).zip(dy.chunks_exact(size));
        for (sample, (dx, (x, dy))) in (first..).zip(dx.chunks_exact_mut(size).zip(inputs)) {
            norm.spread(
                sample,
                |group| [norm.mean[group], norm.factor[group]],
                |constants| sum_rows([x, dy], constants, g, sums),
            );
            gradient(norm, sample, [x, dy], g, sums, dx);
            totals.iter_mut().zip(&*sums).for_each(|(total, sum)| *total += sum);
        }
    });
}

/// dx of one sample, from Σ g and Σ g x̂ of each of its channels.
fn gradient(
    norm: &Norm<'_>,
    sample: usize,
    [x, dy]: [&[Real]; 2],
    g: impl Fn(Real, Real) -> Real + Sync + Copy,
    sums: &[Real],
    dx: &mut [Real],
) {
    let Groups { pixels, groups, width, .. } = norm.groups;
    let channels = norm.groups.channels();
    let (g_sums, gx_sums) = sums.split_at(channels);
    // Σ h / n of a group, from Σ g of each of its channels; Σ h x̂ / n from Σ g x̂.
    let mean_h = |group: usize, sums: &[Real]| {
        let of = group % groups * width..(group % groups + 1) * width;
        let sum = sum_of([&norm.scale[of.clone()], &sums[of]], |[scale, sum]| scale * sum);
        sum / (pixels * width) as Real
    };
    let of_group = |i| [norm.mean[i], norm.factor[i], mean_h(i, g_sums), mean_h(i, gx_sums)];
    // Among many samples there is other work for the other threads, which have not seen this one.
    let pieces = par::pieces(2 * x.len()).div_ceil(norm.groups.samples);
    par::for_each_cut(dx, channels, pieces, &|row, dx: &mut [Real]| {
        let inputs = [x, dy].map(|x| &x[row * channels..][..dx.len()]);
        norm.spread(sample, of_group, |constants| {
            gradient_rows(dx.len(), inputs, constants, g, dx);
        });
    });
}

impl Norm<'_> {
    /// Calls `body` with γ and β and with what `of_group` has for each group of a sample, spread over
    /// the channels; rows of few channels are repeated to fill a few vectors.
    fn spread<const M: usize>(
        &self,
        sample: usize,
        of_group: impl Fn(usize) -> [Real; M],
        body: impl FnOnce(Constants<'_, M>),
    ) {
        const WIDE: usize = 64;
        let Groups { pixels, groups, width, .. } = self.groups;
        let channels = self.groups.channels();
        let wide = channels * (WIDE / channels).clamp(1, pixels);
        with_scratch((2 + M) * wide, |room| {
            let (affine, rest) = room.split_at_mut(2 * wide);
            for (row, affine) in affine.chunks_exact_mut(wide).zip([self.scale, self.shift]) {
                row[..channels].copy_from_slice(affine);
            }
            for group in 0..groups {
                let constants = of_group(sample * groups + group);
                for (row, constant) in rest.chunks_exact_mut(wide).zip(constants) {
                    row[group * width..][..width].fill(constant);
                }
            }
            for row in room.chunks_exact_mut(wide) {
                let (once, again) = row.split_at_mut(channels);
                again.chunks_exact_mut(channels).for_each(|turn| turn.copy_from_slice(once));
            }
            let (affine, rest) = room.split_at(2 * wide);
            let of_groups = std::array::from_fn(|i| &rest[i * wide..][..wide]);
            let [scale, shift] = [0, 1].map(|i| &affine[i * wide..][..wide]);
            body(Constants { scale, shift, of_groups });
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

/// Σ g and then Σ g x̂ of each channel, over the rows of one sample, in a tree like that of
/// [`reduce`](crate::reduce).
fn sum_rows(
    inputs: [&[Real]; 2],
    constants: Constants<'_, 2>,
    g: impl Fn(Real, Real) -> Real + Sync + Copy,
    sums: &mut [Real],
) {
    let (len, wide, channels) = (inputs[0].len(), constants.scale.len(), sums.len() / 2);
    if len == channels {
        sums.fill(0.0);
        let (g_sums, gx_sums) = sums.split_at_mut(channels);
        return sum_few_rows(len, inputs, constants, g, g_sums, gx_sums);
    }
    let block = COLUMN_BLOCK * wide;
    if len > block {
        let half = len.div_ceil(2 * block) * block;
        let (left, right) = (inputs.map(|x| &x[..half]), inputs.map(|x| &x[half..]));
        return with_scratch(sums.len(), |others| {
            par::join(
                len / 2,
                || sum_rows(left, constants, g, sums),
                || sum_rows(right, constants, g, others),
            );
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += *other);
        });
    }
    with_scratch(2 * wide, |turns| {
        turns.fill(0.0);
        let (g_sums, gx_sums) = turns.split_at_mut(wide);
        sum_few_rows(len, inputs, constants, g, g_sums, gx_sums);
        for (sums, turns) in sums.chunks_exact_mut(channels).zip([g_sums, gx_sums]) {
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
        g: impl Fn(Real, Real) -> Real + Sync + Copy,
        g_sums: &mut [Real],
        gx_sums: &mut [Real],
    ) {
        let wide = constants.scale.len();
        let [(x, x_rest), (dy, dy_rest)] = inputs.map(|rows| in_fours(rows, wide));
        for (x, dy) in x.zip(dy) {
            add_rows([x, dy], constants, g, g_sums, gx_sums);
        }
        for (x, dy) in x_rest.chunks(wide).zip(dy_rest.chunks(wide)) {
            add_rows([[x], [dy]], constants, g, g_sums, gx_sums);
        }
    }
}

/// [`sum_few_rows`] of N rows, one after the other.
#[inline(always)]
fn add_rows<const N: usize>(
    inputs: [[&[Real]; N]; 2],
    constants: Constants<'_, 2>,
    g: impl Fn(Real, Real) -> Real,
    g_sums: &mut [Real],
    gx_sums: &mut [Real],
) {
    let len = inputs[0][0].len();
    let [x, dy] = inputs.map(|rows| rows.map(|row| &row[..len]));
    let Constants { scale, shift, of_groups: [mean, factor] } = constants;
    let [mean, factor, scale, shift] = [mean, factor, scale, shift].map(|of| &of[..len]);
    let (g_sums, gx_sums) = (&mut g_sums[..len], &mut gx_sums[..len]);
    for i in 0..len {
        for (x, dy) in x.iter().zip(&dy) {
            let (x, z) = normalised(x[i], [mean[i], factor[i], scale[i], shift[i]]);
            let g = g(dy[i], z);
            g_sums[i] += g;
            gx_sums[i] += g * x;
        }
    }
}

levels! {
    fn gradient_rows(
        inputs: [&[Real]; 2],
        constants: Constants<'_, 4>,
        g: impl Fn(Real, Real) -> Real + Sync + Copy,
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
                let g = g(*dy, z);
                *dx = factor * (scale * g - h_mean - x * hx_mean);
            }
        }
    }
}
