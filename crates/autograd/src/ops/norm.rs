//! How is a normalisation differentiated?
//!
//! The derivative has two forms. While the sweep records, it is composed of primitives, so that it
//! can be differentiated again; otherwise two loops compute it from the statistics that the way
//! there has left. A test holds them together.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::piecewise::step_times;
use super::rectified::single;
use crate::{Array, Op, Real, Tensor, is_recording, no_grad};
use kernels::norm::{Groups, Norm, moments};

/// z = γ (x - μ) r + β,   y = z where z > 0, else slope · z
///
/// with r = 1 / √(σ² + epsilon). For the derivatives see [`kernels::norm`].
struct Normalise {
    groups: Groups,
    epsilon: Real,
    slope: Real,
    /// μ and r depend on x: only what is never differentiated again may read them.
    mean: Array,
    factor: Array,
}

impl Op<3> for Normalise {
    const NAME: &'static str = "normalise";

    fn forward(&self, [x, scale, shift]: [&Array; 3]) -> Array {
        Array::filled_by(*x.shape(), |y| self.norm(scale, shift).apply(x.numbers(), y))
    }

    fn vjp(&self, i: usize, x: [&Tensor; 3], y: &Tensor, dy: &Tensor) -> Tensor {
        single(i, |wanted| self.vjps(wanted, x, y, dy))
    }

    fn vjps(
        &self,
        wanted: [bool; 3],
        x: [&Tensor; 3],
        _: &Tensor,
        dy: &Tensor,
    ) -> [Option<Tensor>; 3] {
        if is_recording() { self.composed(wanted, x, dy) } else { self.fused(wanted, x, dy) }
    }
}

impl Normalise {
    fn norm<'a>(&'a self, scale: &'a Array, shift: &'a Array) -> Norm<'a> {
        let [mean, factor] = [&self.mean, &self.factor].map(Array::numbers);
        let [scale, shift] = [scale, shift].map(Array::numbers);
        Norm { groups: self.groups, mean, factor, scale, shift, slope: self.slope }
    }

    fn fused(
        &self,
        wanted: [bool; 3],
        [x, scale, shift]: [&Tensor; 3],
        dy: &Tensor,
    ) -> [Option<Tensor>; 3] {
        let channels = self.groups.channels();
        let norm = self.norm(scale.value(), shift.value());
        let mut totals = Array::zeros([2, channels]);
        let dx = Array::filled_by(*x.shape(), |dx| {
            norm.backward(x.numbers(), dy.numbers(), dx, totals.numbers_mut());
        });
        let (dshift, dscale) = totals.numbers().split_at(channels);
        let of_channels = |dx: &[Real]| Tensor::constant(Array::new([channels], dx));
        [
            wanted[0].then(|| Tensor::constant(dx)),
            wanted[1].then(|| of_channels(dscale)),
            wanted[2].then(|| of_channels(dshift)),
        ]
    }

    fn composed(
        &self,
        wanted: [bool; 3],
        [x, scale, shift]: [&Tensor; 3],
        dy: &Tensor,
    ) -> [Option<Tensor>; 3] {
        let Groups { samples, pixels, groups, width } = self.groups;
        let shape = *x.shape();
        let [x, dy] = [x, dy].map(|x| x.reshape([samples, pixels, groups, width]));
        let [scale, shift] = [scale, shift].map(|x| x.reshape([groups, width]));
        let centred = &x - x.mean_keepdim([1, 3]);
        let factor = 1.0 / (centred.square().mean_keepdim([1, 3]) + self.epsilon).sqrt();
        let normal = centred * &factor;
        let z = no_grad(|| &normal * &scale + shift);
        let slope = self.slope;
        let g = step_times(&z, &dy, move |z| if z > 0.0 { 1.0 } else { slope });
        let dx = || {
            let h = &g * &scale;
            let mean_hx = (&h * &normal).mean_keepdim([1, 3]);
            (factor * (&h - h.mean_keepdim([1, 3]) - &normal * mean_hx)).reshape(shape)
        };
        let sum = |dx: &Tensor| dx.sum_to([groups, width]).reshape([groups * width]);
        [wanted[0].then(dx), wanted[1].then(|| sum(&(&g * &normal))), wanted[2].then(|| sum(&g))]
    }
}

impl Tensor {
    /// This tensor x with mean 0 and variance 1 in each group, then scaled, shifted and rectified:
    ///
    /// z = γ (x - μ) / √(σ² + epsilon) + β,   y = z where z > 0, else slope · z
    ///
    /// with μ = Σ x / n and σ² = Σ (x - μ)² / n over the n numbers of a group. With a slope of 1, y is
    /// z; with 0, y is max(z, 0).
    ///
    /// - `self`: `[.., channels]`, seen as `groups` says; γ `scale`, β `shift`: `[channels]`;
    /// - returns y, of the shape of x, and [μ, σ²], of shape `[samples, groups]`, which remember
    ///   nothing, and are 0 if x is empty.
    ///
    /// # Panics
    /// If the shapes are not these.
    ///
    /// Source: Ioffe, Szegedy 2015, "Batch Normalization", algorithm 1; Wu, He 2018, "Group
    /// Normalization", eq. 1 to 7.
    #[track_caller]
    pub fn normalise(
        &self,
        groups: Groups,
        [scale, shift]: [&Tensor; 2],
        epsilon: Real,
        slope: Real,
    ) -> (Tensor, [Array; 2]) {
        let (x, channels) = (self.shape(), groups.channels());
        assert!(
            x.count() == groups.count() && x.last() == Some(&channels),
            "normalise: {x} is not {} x {} rows of {} x {} channels",
            groups.samples,
            groups.pixels,
            groups.groups,
            groups.width
        );
        let like_channels = [scale, shift].map(|affine| affine.shape()[..] == [channels]);
        assert!(
            like_channels == [true; 2],
            "normalise: scale {} and shift {} are not [{channels}]",
            scale.shape(),
            shift.shape()
        );
        let shape = [groups.samples, groups.groups];
        let mut variance = Array::zeros(shape);
        if x.count() == 0 {
            // Of no numbers there is no mean, and nothing that it would be subtracted from.
            return (self * scale + shift, [variance.clone(), variance]);
        }
        let mean = Array::filled_by(shape, |mean| {
            moments(self.numbers(), groups, mean, variance.numbers_mut());
        });
        let factor = variance.map(|v| 1.0 / (v + epsilon).sqrt());
        let op = Normalise { groups, epsilon, slope, mean: mean.clone(), factor };
        (op.apply([self, scale, shift]), [mean, variance])
    }
}

#[cfg(test)]
const GROUPS: Groups = Groups { samples: 2, pixels: 3, groups: 2, width: 2 };

#[cfg(test)]
fn normalised(x: &[Tensor], groups: Groups, slope: Real) -> Tensor {
    x[0].normalise(groups, [&x[1], &x[2]], 0.1, slope).0
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    // Group, batch, instance and layer normalisation.
    Case::shaped(&[Normalise::NAME], &[&[2, 3, 4], &[4], &[4]], |x| normalised(x, GROUPS, 1.0)),
    Case::shaped(&[Normalise::NAME], &[&[7, 3], &[3], &[3]], |x| {
        normalised(x, Groups { samples: 1, pixels: 7, groups: 3, width: 1 }, 1.0)
    }),
    Case::shaped(&[Normalise::NAME], &[&[2, 5, 3], &[3], &[3]], |x| {
        normalised(x, Groups { samples: 2, pixels: 5, groups: 3, width: 1 }, 1.0)
    }),
    Case::shaped(&[Normalise::NAME], &[&[3, 5], &[5], &[5]], |x| {
        normalised(x, Groups { samples: 3, pixels: 1, groups: 1, width: 5 }, 1.0)
    }),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "normalise",
        make: || normalised(&[zeros([2, 3, 5]), zeros([4]), zeros([4])], GROUPS, 1.0),
        report: "normalise: [2, 3, 5] is not 2 x 3 rows of 2 x 2 channels",
    },
    Mistake {
        method: "normalise",
        make: || normalised(&[zeros([2, 3, 4]), zeros([4]), zeros([2, 2])], GROUPS, 1.0),
        report: "normalise: scale [4] and shift [2, 2] are not [4]",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, grad};

    /// With a rectifier, whose kinks a difference quotient would step over.
    #[test]
    fn fused_and_composed_gradients_agree() {
        let mut rng = Rng::new(0, "norm");
        for slope in [1.0, 0.2, 0.0] {
            let x = [&[2, 3, 4][..], &[4], &[4]].map(|s| Tensor::variable(rng.normal(s)));
            let dy = Tensor::constant(rng.normal([2, 3, 4]));
            let loss = (normalised(&x, GROUPS, slope) * dy).sum();
            let [fused, composed] = [false, true].map(|record| grad(&loss, x.each_ref(), record));
            for (a, b) in fused.iter().zip(&composed) {
                let close = |(a, b): (&Real, &Real)| (a - b).abs() < 1e-5;
                assert!(a.numbers().iter().zip(b.numbers()).all(close), "slope {slope}");
                assert!(a.numbers().iter().any(|dx| *dx != 0.0), "slope {slope}");
            }
        }
    }

    #[test]
    fn nothing_is_normalised_to_nothing() {
        let [scale, shift] = [2.0, 1.0].map(|number| Tensor::variable(Array::full([4], number)));
        for (shape, samples, pixels) in [([0, 3, 4], 0, 3), ([2, 0, 4], 2, 0)] {
            let x = Tensor::variable(Array::zeros(shape));
            let groups = Groups { samples, pixels, ..GROUPS };
            let (y, [mean, variance]) = x.normalise(groups, [&scale, &shift], 0.1, 0.2);
            assert_eq!(y.shape(), &shape.into());
            assert_eq!([mean.shape(), variance.shape()], [&[samples, 2].into(); 2]);
            let [dx, dscale, dshift] = grad(&y.sum(), [&x, &scale, &shift], true);
            assert_eq!(dx.shape(), &shape.into());
            assert_eq!([dscale.numbers(), dshift.numbers()], [[0.0; 4]; 2]);
        }
    }

    #[test]
    fn a_rectifier_in_the_op_is_one_behind_it() {
        let mut rng = Rng::new(1, "norm");
        let x = [&[2, 3, 4][..], &[4], &[4]].map(|s| Tensor::variable(rng.normal(s)));
        for slope in [0.2, 0.0] {
            let inside = normalised(&x, GROUPS, slope);
            let behind = normalised(&x, GROUPS, 1.0).leaky_relu(slope);
            assert_eq!(inside.numbers(), behind.numbers());
            let gradients = [inside, behind].map(|y| {
                let grads = grad(&y.square().sum(), [&x[0], &x[1], &x[2]], true);
                let [second] = grad(&grads[0].square().sum(), [&x[0]], false);
                second.value().clone()
            });
            for (a, b) in gradients[0].numbers().iter().zip(gradients[1].numbers()) {
                assert!((a - b).abs() < 1e-3 * (1.0 + b.abs()), "{a} {b}");
            }
            assert!(gradients[0].numbers().iter().any(|dx| *dx != 0.0));
        }
    }
}
