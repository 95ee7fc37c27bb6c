//! How is a row normalised by a mean and a variance of its own?
//!
//! In layer normalisation a row is a sample: μ, r and the two means on the way back are single
//! numbers, which stay in registers, and x and dy are still in the nearest cache when the sums of
//! the row are known and dx begins.

use super::{Norm, normalised};
use crate::epilogue::rectified;
use crate::on_level::levels;
use crate::reduce::sum_row_of;
use crate::{Real, par};

/// y, see [`Norm::apply`].
pub(super) fn apply(norm: &Norm<'_>, x: &[Real], y: &mut [Real]) {
    let width = norm.groups.width;
    par::for_each_cut(y, width, par::pieces(x.len()), &|row, y: &mut [Real]| {
        let x = &x[row * width..][..y.len()];
        apply_each(y.len(), x, statistics(norm, row, y), [norm.scale, norm.shift], norm.slope, y);
    });
}

/// dx of the rows from `first` on, and their sums for dβ and dγ; see [`Norm::backward`].
pub(super) fn backward(
    norm: &Norm<'_>,
    first: usize,
    inputs: [&[Real]; 2],
    g: impl Fn(Real, Real) -> Real + Sync + Copy,
    dx: &mut [Real],
    totals: &mut [Real],
) {
    let (of_rows, affine) = (statistics(norm, first, dx), [norm.scale, norm.shift]);
    totals.fill(0.0);
    let (dshift, dscale) = totals.split_at_mut(norm.groups.width);
    backward_each(dx.len(), inputs, of_rows, affine, g, dx, dshift, dscale);
}

/// μ and r of each row of `numbers`, the first of which is row `first` of x.
fn statistics<'a>(norm: &Norm<'a>, first: usize, numbers: &[Real]) -> [&'a [Real]; 2] {
    [norm.mean, norm.factor].map(|each| &each[first..][..numbers.len() / norm.groups.width])
}

levels! {
    fn apply_each(
        x: &[Real],
        statistics: [&[Real]; 2],
        affine: [&[Real]; 2],
        slope: Real,
        y: &mut [Real],
    ) {
        let [scale, shift] = affine;
        let rows = y.chunks_exact_mut(scale.len()).zip(x.chunks_exact(scale.len()));
        for ((y, x), (mean, factor)) in rows.zip(statistics[0].iter().zip(statistics[1])) {
            for ((y, x), (scale, shift)) in y.iter_mut().zip(x).zip(scale.iter().zip(shift)) {
                let (_, z) = normalised(*x, [*mean, *factor, *scale, *shift]);
                *y = rectified(z, slope);
            }
        }
    }
}

levels! {
    #[allow(clippy::too_many_arguments, reason = "outputs in slices of their own do not overlap")]
    fn backward_each(
        inputs: [&[Real]; 2],
        statistics: [&[Real]; 2],
        affine: [&[Real]; 2],
        g: impl Fn(Real, Real) -> Real + Sync + Copy,
        dx: &mut [Real],
        dshift: &mut [Real],
        dscale: &mut [Real],
    ) {
        let ([scale, shift], width) = (affine, dshift.len());
        let rows = inputs[0].chunks_exact(width).zip(inputs[1].chunks_exact(width));
        let rows = rows.zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), (mean, factor)) in rows.zip(statistics[0].iter().zip(statistics[1])) {
            let (mean, factor) = (*mean, *factor);
            // x̂ and g.
            let both = move |[x, dy, scale, shift]: [Real; 4]| {
                let (x, z) = normalised(x, [mean, factor, scale, shift]);
                (x, g(dy, z))
            };
            let all = [x, dy, scale, shift];
            let h_mean = sum_row_of(all, move |all| all[2] * both(all).1) / width as Real;
            let h_times_x = move |all: [Real; 4]| {
                let (x, g) = both(all);
                all[2] * g * x
            };
            let hx_mean = sum_row_of(all, h_times_x) / width as Real;
            let inputs = x.iter().zip(dy).zip(scale.iter().zip(shift));
            let outputs = dx.iter_mut().zip(dshift.iter_mut().zip(dscale.iter_mut()));
            for (((x, dy), (scale, shift)), (dx, (dshift, dscale))) in inputs.zip(outputs) {
                let (x, g) = both([*x, *dy, *scale, *shift]);
                *dx = factor * (scale * g - h_mean - x * hx_mean);
                *dshift += g;
                *dscale += g * x;
            }
        }
    }
}
