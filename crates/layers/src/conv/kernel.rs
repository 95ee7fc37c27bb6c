//! What do both convolutions have?

use crate::module::expect_input;
use crate::{Fans, Init, Module, Param};
use autograd::{Padding, Rng, Sliding, Tensor};

/// A kernel of weights, its offsets, and how it slides.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) weight: Param,
    pub(super) bias: Option<Param>,
    pub(super) sliding: Sliding,
    pub(super) groups: usize,
}

impl Kernel {
    /// Weights of this shape, drawn from `init`, and biases of 0.
    #[track_caller]
    pub(super) fn new(
        weight: [usize; 4],
        channels: [usize; 2],
        groups: usize,
        init: Init,
        rng: &mut Rng,
    ) -> Kernel {
        let [inputs, outputs] = channels;
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        assert!(
            divides(inputs) && divides(outputs),
            "convolution: {groups} groups do not divide {inputs} and {outputs} channels"
        );
        Kernel {
            weight: Param::new("weight", init.sample(weight, rng)),
            bias: Some(Param::new("bias", Init::Zeros.sample([outputs], rng))),
            sliding: Sliding::UNIT,
            groups,
        }
    }

    pub(super) fn with_bias(mut self, outputs: usize, init: Init, rng: &mut Rng) -> Kernel {
        let fans = Fans::of(self.weight.tensor().shape());
        self.bias = Some(Param::new("bias", init.sample_with(fans, [outputs], rng)));
        self
    }

    pub(super) fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref().map(Param::tensor)
    }

    /// `64 -> 128, 5x5`, then what is not the default.
    pub(super) fn describe(&self, name: &str, [inputs, outputs]: [usize; 2]) -> String {
        let Sliding { stride, dilation, padding } = self.sliding;
        let mut text = format!("{name} {inputs} -> {outputs}, {}", by(self.size()));
        if stride != [1, 1] {
            text += &format!(", stride {}", short(stride));
        }
        if dilation != [1, 1] {
            text += &format!(", dilation {}", short(dilation));
        }
        match padding {
            Padding::Valid => (),
            Padding::Same => text += ", same",
            Padding::Explicit { top, bottom, left, right } => {
                let sides = [top, bottom, left, right];
                let equal = sides.iter().all(|side| *side == top);
                let sides = if equal { top.to_string() } else { format!("{sides:?}") };
                text += &format!(", padding {sides}");
            }
        }
        if self.groups != 1 {
            text += &format!(", {} groups", self.groups);
        }
        if self.bias.is_none() {
            text += ", no bias";
        }
        text
    }

    fn size(&self) -> [usize; 2] {
        let shape = self.weight.tensor().shape();
        [shape[0], shape[1]]
    }

    pub(super) fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.weight);
        self.bias.iter().for_each(visit);
    }

    pub(super) fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.weight);
        self.bias.iter_mut().for_each(visit);
    }
}

/// `5x4`.
pub(crate) fn by([height, width]: [usize; 2]) -> String {
    format!("{height}x{width}")
}

/// `2` for both axes, or `2x1`.
pub(super) fn short([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { by([height, width]) }
}

/// Panics, naming the layer, unless x is images of so many channels.
#[track_caller]
pub(super) fn expect_images(layer: &dyn Module, x: &Tensor, channels: usize) {
    let fits = x.shape().len() == 4 && x.shape()[3] == channels;
    expect_input(layer, x, fits, format_args!("[n, height, width, {channels}]"));
}
