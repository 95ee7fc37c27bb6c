//! Which wrong uses of layers, initialisers and states are there?

use autograd::{Array, Real, Shape};
use layers::{
    Activation, BatchNorm, Conv2d, Dropout, Dropout2d, Fans, Flatten, GaussianNoise,
    GlobalAvgPool2d, GroupNorm, Init, InstanceNorm, LayerNorm, Linear, Maxout,
    MinibatchDiscrimination, Module, Pack, Param, Residual, Sequential, SpectralNorm, State,
    Upsample, UpsampleConv2d, WeightNorm, gradients,
};

use crate::{Mistake, rng, zeros};

fn linear() -> Linear {
    Linear::new(3, 2, Init::Zeros, &mut rng())
}

fn conv() -> Conv2d {
    Conv2d::new(2, 2, [3, 3], Init::Normal { std: 1.0 }, &mut rng())
}

pub(crate) const MISTAKES: &[Mistake] = &[
    (
        || _ = Sequential::new().add(linear()).forward(&zeros([4, 2])),
        "Linear 3 -> 2: input [4, 2] is not [.., 3]",
    ),
    (
        || {
            let model = Sequential::new().add(LayerNorm::new(3)).add(Activation::Relu);
            let _ = model.forward(&zeros([4, 2]));
        },
        "layer norm: input [4, 2] does not end in 3 features",
    ),
    (
        || _ = SpectralNorm::new(conv(), &mut rng()).forward(&zeros([1, 4, 4, 1])),
        "Conv2d 2 -> 2, 3x3: input [1, 4, 4, 1] is not [n, height, width, 2]",
    ),
    (
        || {
            let upsampled = UpsampleConv2d::new(Upsample::nearest(2), conv());
            let _ = upsampled.forward(&zeros([1, 4, 4, 1]));
        },
        "Upsample 2x nearest + Conv2d 2 -> 2, 3x3 in one step: input [1, 4, 4, 1] is not \
         [n, height, width, 2]",
    ),
    (
        || _ = Conv2d::grouped(4, 6, [1, 1], 3, Init::Zeros, &mut rng()),
        "convolution: 3 groups do not divide 4 and 6 channels",
    ),
    (
        || {
            let (first, second) = (linear(), linear());
            let of_second = gradients(second.forward(&zeros([1, 3])).sum(), &second);
            let _ = of_second.of(0, first.params()[0]);
        },
        "gradients: `weight` is not parameter 0 of the model they were computed for",
    ),
    (|| _ = GroupNorm::new(4, 6), "group norm: 4 groups do not divide 6 channels"),
    (|| _ = GroupNorm::new(2, 4).epsilon(-1.0), "group norm: epsilon -1 is not 0 or more"),
    (|| _ = InstanceNorm::new(0), "instance norm: an image has at least one channel"),
    (|| _ = InstanceNorm::affine(0), "instance norm: an image has at least one channel"),
    (|| _ = Upsample::nearest(0), "upsample: a factor of 0 leaves no pixels"),
    (|| _ = Upsample::bilinear(0), "upsample: a factor of 0 leaves no pixels"),
    (
        || _ = SpectralNorm::new(linear(), &mut rng()),
        "spectral norm: the weights of Linear 3 -> 2 are all 0, and cannot be divided by σ = 0",
    ),
    (
        || _ = WeightNorm::new(linear()),
        "weight norm: Linear 3 -> 2 has an output whose weights are all 0, which have no direction",
    ),
    (
        || _ = GroupNorm::new(2, 4).forward(&zeros([4])),
        "group norm: input [4] is not [batch, .., channels]",
    ),
    (
        || _ = InstanceNorm::new(6).forward(&zeros([2, 3, 3, 4])),
        "instance norm: input [2, 3, 3, 4] does not end in 6 channels",
    ),
    (|| _ = BatchNorm::new(2, 1.5, 0.0, false), "batch norm: the decay 1.5 is not in [0, 1]"),
    (|| _ = BatchNorm::new(2, 0.5, -1.0, false), "batch norm: epsilon -1 is not 0 or more"),
    (
        || _ = BatchNorm::keras(2).forward_train(&zeros([0, 2]), &mut rng()),
        "batch norm: input [0, 2] is empty",
    ),
    (|| _ = Fans::of(&Shape::from([3])), "fans: a weight of shape [3] has no inputs and outputs"),
    (
        || _ = Init::Normal { std: -1.0 }.sample([2], &mut rng()),
        "init: -1 is no standard deviation",
    ),
    (
        || _ = Init::FanIn.sample([0, 3], &mut rng()),
        "init: a weight of shape [0, 3] has no inputs to scale by",
    ),
    (|| _ = Maxout::new(3, 2, 0, Init::Zeros, &mut rng()), "maxout: the largest of no pieces"),
    (
        || _ = Maxout::new(3, 2, 2, Init::Zeros, &mut rng()).forward(&zeros([3])),
        "maxout: input [3] is not [n, features]",
    ),
    (
        || _ = MinibatchDiscrimination::new(3, 0, 5, Init::Zeros, &mut rng()),
        "minibatch discrimination: 0 kernels of 5 numbers",
    ),
    (
        || {
            let layer = MinibatchDiscrimination::new(3, 4, 5, Init::Zeros, &mut rng());
            let _ = layer.forward(&zeros([3]));
        },
        "minibatch discrimination: input [3] is not [n, features]",
    ),
    (|| _ = Dropout::new(1.0), "dropout: the rate 1 is not in [0, 1)"),
    (|| _ = Dropout2d::new(-0.5), "dropout2d: the rate -0.5 is not in [0, 1)"),
    (
        || _ = Dropout2d::new(0.5).forward_train(&zeros([2]), &mut rng()),
        "dropout2d: input [2] is not [batch, height, width, channels]",
    ),
    (|| _ = GaussianNoise::new(Real::NAN), "gaussian noise: NaN is no standard deviation"),
    (|| _ = Pack::new(0), "pack: a pack has at least one sample"),
    (|| _ = Pack::new(2).forward(&zeros([])), "pack: a single number is no batch"),
    (|| _ = Pack::new(2).forward(&zeros([5, 3])), "pack: 5 samples do not fill packs of 2"),
    (
        || Param::new("weight", Array::zeros([2])).exchange(&mut zeros([3])),
        "param: `weight` is [2], not [3]",
    ),
    (
        || _ = GlobalAvgPool2d.forward(&zeros([2])),
        "global_avg_pool2d: input [2] is not [batch, height, width, channels]",
    ),
    (|| _ = Flatten.forward(&zeros([])), "flatten: a single number is no batch"),
    (
        || _ = Residual::new(linear()).forward(&zeros([4, 3])),
        "residual: the layers make [4, 2] of [4, 3], which cannot be added",
    ),
    (
        || _ = Upsample::nearest(2).forward(&zeros([2])),
        "upsample: input [2] is not [batch, height, width, channels]",
    ),
    (
        || {
            let mut state = State::new();
            state.put_list("x", &[0.0]);
            state.put("x", &Array::zeros([1]));
        },
        "state: two tensors are named `x`",
    ),
    (
        || {
            let mut state = State::new();
            state.put_counter("t", 0);
            state.put_counter("t", 1);
        },
        "state: two counters are named `t`",
    ),
];
