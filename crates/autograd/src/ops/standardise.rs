//! How is a normalisation by given statistics differentiated?
//!
//! Its mean and its factor do not depend on x, so it is linear in each of its inputs, and the
//! derivative is composed of a few products.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::piecewise::step_times;
use super::rectified::{check_slope, single};
use crate::{Array, Op, Real, Tensor};
use kernels::norm::{Groups, Norm};

/// z = γ (x - μ) r + β,   y = z where z > 0, else slope · z
///
/// dz = dy where y > 0, else slope · dy        dx = dz γ r,  dγ = Σ dz (x - μ) r,  dβ = Σ dz
struct Standardise {
    mean: Array,
    factor: Array,
    slope: Real,
}

impl Op<3> for Standardise {
    const NAME: &'static str = "standardise";

    fn forward(&self, [x, scale, shift]: [&Array; 3]) -> Array {
        let channels = self.mean.shape().count();
        let pixels = x.shape().count() / channels.max(1);
        let groups = Groups { samples: 1, pixels, groups: channels, width: 1 };
        let [mean, factor] = [&self.mean, &self.factor].map(Array::numbers);
        let [scale, shift] = [scale, shift].map(Array::numbers);
        let norm = Norm { groups, mean, factor, scale, shift, slope: self.slope };
        Array::filled_by(*x.shape(), |y| match y.len() {
            0 => (),
            _ => norm.apply(x.numbers(), y),
        })
    }

    fn vjp(&self, i: usize, x: [&Tensor; 3], y: &Tensor, dy: &Tensor) -> Tensor {
        single(i, |wanted| self.vjps(wanted, x, y, dy))
    }

    fn vjps(
        &self,
        wanted: [bool; 3],
        [x, scale, shift]: [&Tensor; 3],
        y: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; 3] {
        let [mean, factor] = [&self.mean, &self.factor].map(|a| Tensor::constant(a.clone()));
        let slope = self.slope;
        let dz = match slope {
            1.0 => dy.clone(),
            _ => step_times(y, dy, move |y| if y > 0.0 { 1.0 } else { slope }),
        };
        [
            wanted[0].then(|| &dz * (scale * &factor)),
            wanted[1].then(|| (&dz * ((x - mean) * &factor)).sum_to(*scale.shape())),
            wanted[2].then(|| dz.sum_to(*shift.shape())),
        ]
    }
}

impl Tensor {
    /// This tensor x with a given mean taken for 0 and a given variance for 1 in each channel, then
    /// scaled, shifted and rectified:
    ///
    /// z = γ (x - μ) / √(σ² + epsilon) + β,   y = z where z > 0, else slope · z
    ///
    /// With a slope of 1, y is z; with 0, y is max(z, 0). Statistics of x itself are the matter of
    /// [`Tensor::normalise`].
    ///
    /// - `self`: `[.., channels]`; μ `mean` and σ² `variance`, γ `scale` and β `shift`: `[channels]`;
    /// - returns y, of the shape of x.
    ///
    /// # Panics
    /// If the shapes are not these, or the slope is negative.
    ///
    /// Source: Ioffe, Szegedy 2015, "Batch Normalization", algorithm 2, step 11.
    #[must_use]
    #[track_caller]
    pub fn standardise(
        &self,
        [mean, variance]: [&Array; 2],
        [scale, shift]: [&Tensor; 2],
        epsilon: Real,
        slope: Real,
    ) -> Tensor {
        check_slope(Standardise::NAME, slope);
        let shapes = [mean.shape(), variance.shape(), scale.shape(), shift.shape()];
        let channels = self.shape().last().copied();
        assert!(
            channels.is_some_and(|channels| shapes.iter().all(|shape| shape[..] == [channels])),
            "standardise: mean {}, variance {}, scale {} and shift {} are not the channels of {}",
            shapes[0],
            shapes[1],
            shapes[2],
            shapes[3],
            self.shape()
        );
        let factor = variance.map(|v| 1.0 / (v + epsilon).sqrt());
        Standardise { mean: mean.clone(), factor, slope }.apply([self, scale, shift])
    }
}

#[cfg(test)]
fn standardised(x: &[Tensor], slope: Real) -> Tensor {
    let [mean, variance] = [[0.3, -0.2, 0.1], [0.5, 2.0, 1.0]].map(|of| Array::new([3], &of));
    x[0].standardise([&mean, &variance], [&x[1], &x[2]], 0.1, slope)
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[Standardise::NAME], &[&[2, 5, 3], &[3], &[3]], |x| standardised(x, 1.0)),
    Case::shaped(&[Standardise::NAME], &[&[3], &[3], &[3]], |x| standardised(x, 1.0)),
    // All on one side of the kink, then all on the other.
    Case::shaped(&[Standardise::NAME], &[&[4, 3], &[3], &[3]], |x| standardised(x, 0.2))
        .within(0.5..2.0),
    Case::shaped(&[Standardise::NAME], &[&[4, 3], &[3], &[3]], |x| {
        standardised(&[x[0].clone(), -&x[1], -&x[2]], 0.2)
    })
    .within(0.5..2.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "standardise",
        make: || standardised(&[zeros([2, 3]), zeros([3]), zeros([2])], 1.0),
        report: "standardise: mean [3], variance [3], scale [3] and shift [2] are not the channels of [2, 3]",
    },
    Mistake {
        method: "standardise",
        make: || standardised(&[zeros([2, 3]), zeros([3]), zeros([3])], -1.0),
        report: "standardise: a rectifier's slope is at least 0, got -1",
    },
];
