//! How is each image normalised by its own statistics?
//!
//! Without the batch in the statistics, a layer does the same in training and in evaluation.

use crate::norm::Affine;
use crate::{Module, Param};
use autograd::{Groups, Real, Tensor};

/// Normalises groups of channels of each image:
///
/// y = γ (x - μ) / √(σ² + epsilon) + β
///
/// with μ and σ² = Σ (x - μ)² / n over all pixels and the channels of a group, of one image. γ is
/// `scale` and β is `shift`, a number for each channel.
///
/// - x, y: `[n, .., channels]`.
///
/// Source: Wu, He 2018, "Group Normalization", eq. 1 to 7.
#[derive(Debug)]
pub struct GroupNorm {
    groups: usize,
    epsilon: Real,
    affine: Affine,
}

impl GroupNorm {
    /// Over inputs whose channels form so many groups, with epsilon 1e-5, γ = 1 and β = 0, as in
    /// PyTorch.
    ///
    /// # Panics
    /// If the groups do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> GroupNorm {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group norm: {groups} groups do not divide {channels} channels"
        );
        GroupNorm { groups, epsilon: 1e-5, affine: Affine::new(channels) }
    }

    /// The same with another epsilon; Keras has 1e-3.
    ///
    /// # Panics
    /// If it is negative.
    #[must_use]
    #[track_caller]
    pub fn epsilon(self, epsilon: Real) -> GroupNorm {
        assert!(epsilon >= 0.0, "group norm: epsilon {epsilon} is not 0 or more");
        GroupNorm { epsilon, ..self }
    }

    /// The answer, rectified with this slope.
    #[track_caller]
    fn rectified(&self, x: &Tensor, slope: Real) -> Tensor {
        self.affine.features_of(x, "group norm");
        let groups = of_each_image(x, self.groups, "group norm");
        self.affine.normalise(x, groups, self.epsilon, slope).0
    }
}

impl Module for GroupNorm {
    fn describe(&self) -> String {
        format!("GroupNorm {} groups, epsilon {}", self.groups, self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.rectified(x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.rectified(x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.affine.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.affine.each_param_mut(visit);
    }
}

/// Normalises each channel of each image:
///
/// y = (x - μ) / √(σ² + epsilon)
///
/// with μ and σ² = Σ (x - μ)² / n over the pixels of one channel of one image; times γ, the
/// parameter `scale`, plus β, `shift`, if it is [`InstanceNorm::affine`].
///
/// - x, y: `[n, .., channels]`.
///
/// Source: Ulyanov, Vedaldi, Lempitsky 2016, "Instance Normalization: The Missing Ingredient for
/// Fast Stylization", eq. 4.
#[derive(Debug)]
pub struct InstanceNorm {
    channels: usize,
    epsilon: Real,
    affine: Option<Affine>,
}

impl InstanceNorm {
    /// Without parameters, with epsilon 1e-5: PyTorch's default.
    ///
    /// # Panics
    /// If there are no channels.
    #[track_caller]
    pub fn new(channels: usize) -> InstanceNorm {
        assert!(channels > 0, "instance norm: an image has at least one channel");
        InstanceNorm { channels, epsilon: 1e-5, affine: None }
    }

    /// With γ = 1 and β = 0 to be learnt.
    ///
    /// # Panics
    /// If there are no channels.
    #[track_caller]
    pub fn affine(channels: usize) -> InstanceNorm {
        InstanceNorm { affine: Some(Affine::new(channels)), ..InstanceNorm::new(channels) }
    }

    /// The answer, rectified with this slope.
    #[track_caller]
    fn rectified(&self, x: &Tensor, slope: Real) -> Tensor {
        let channels = self.channels;
        assert!(
            x.shape().last() == Some(&channels),
            "instance norm: input {} does not end in {channels} channels",
            x.shape()
        );
        let groups = of_each_image(x, channels, "instance norm");
        if let Some(affine) = &self.affine {
            return affine.normalise(x, groups, self.epsilon, slope).0;
        }
        let [one, zero] = [1.0, 0.0].map(|number| Tensor::full([channels], number));
        x.normalise(groups, [&one, &zero], self.epsilon, slope).0
    }
}

impl Module for InstanceNorm {
    fn describe(&self) -> String {
        let affine = if self.affine.is_some() { ", affine" } else { "" };
        format!("InstanceNorm epsilon {}{affine}", self.epsilon)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.rectified(x, 1.0)
    }

    #[track_caller]
    fn forward_rectified(&self, x: &Tensor, slope: Real) -> Option<Tensor> {
        Some(self.rectified(x, slope))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.affine.iter().for_each(|affine| affine.each_param(visit));
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.affine.iter_mut().for_each(|affine| affine.each_param_mut(visit));
    }
}

/// Each image for itself, its channels in so many groups.
#[track_caller]
fn of_each_image(x: &Tensor, groups: usize, layer: &str) -> Groups {
    let shape = x.shape();
    let [samples, pixels @ .., channels] = &shape[..] else {
        panic!("{layer}: input {shape} is not [batch, .., channels]");
    };
    let pixels = pixels.iter().product();
    Groups { samples: *samples, pixels, groups, width: channels / groups }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LayerNorm;
    use autograd::{Rng, check};

    fn images() -> Tensor {
        let x = Rng::new(0, "norm").normal([3, 4, 5, 6]);
        Tensor::constant(x.map(|x| 5.0 + 2.0 * x))
    }

    #[test]
    fn each_group_of_each_image_leaves_with_mean_0_and_variance_1() {
        let x = images();
        for (layer, groups) in
            [(&GroupNorm::new(3, 6) as &dyn Module, 3), (&InstanceNorm::affine(6), 6)]
        {
            let y = layer.forward(&x);
            assert_eq!(y.shape(), x.shape());
            let y = y.reshape([3, 20, groups, 6 / groups]);
            let (mean, variance) = (y.mean_over([1, 3]), y.variance_over([1, 3], 0));
            assert!(mean.numbers().iter().all(|m| m.abs() < 1e-5), "{}", layer.describe());
            assert!(variance.numbers().iter().all(|v| (v - 1.0).abs() < 1e-4));
        }
    }

    #[test]
    fn group_norm_second_order() {
        let mut rng = Rng::new(0, "norm");
        for layer in [&GroupNorm::new(2, 4) as &dyn Module, &InstanceNorm::new(4)] {
            check::twice(|x| layer.forward(&x[0]), &[rng.normal([2, 2, 3, 4])]).unwrap();
        }
    }

    #[test]
    fn a_batch_of_no_images_stays_empty() {
        let layers =
            [&GroupNorm::new(3, 6) as &dyn Module, &InstanceNorm::new(6), &LayerNorm::new(6)];
        for layer in layers {
            for shape in [&[0, 4, 5, 6][..], &[0, 6], &[2, 0, 5, 6]] {
                let y = layer.forward(&Tensor::full(shape, 0.0));
                assert_eq!(y.shape(), &shape.into(), "{}", layer.describe());
            }
        }
    }

    #[test]
    #[should_panic(expected = "group norm: epsilon -1 is not 0 or more")]
    fn an_epsilon_is_not_negative() {
        let _ = GroupNorm::new(2, 6).epsilon(-1.0);
    }

    #[test]
    #[should_panic(expected = "instance norm: an image has at least one channel")]
    fn there_is_a_channel_to_normalise() {
        let _ = InstanceNorm::new(0);
    }

    #[test]
    #[should_panic(expected = "group norm: 4 groups do not divide 6 channels")]
    fn groups_divide_the_channels() {
        let _ = GroupNorm::new(4, 6);
    }

    #[test]
    #[should_panic(expected = "instance norm: input [2, 3, 3, 4] does not end in 6 channels")]
    fn the_channels_are_named() {
        let _ = InstanceNorm::new(6).forward(&Tensor::full([2, 3, 3, 4], 0.0));
    }
}
