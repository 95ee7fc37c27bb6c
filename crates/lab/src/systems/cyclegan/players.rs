//! Which networks translate and judge in the CycleGAN?
//!
//! The paper's, smaller, for images whose side is a multiple of 4, here 28 x 28 x 1 with width 16:
//!
//! | generator | output |
//! |---|---|
//! | mirror 3; conv 7 x 7, 1 -> 16; instance norm, ReLU | 28 x 28 x 16 |
//! | conv 3 x 3 -> 32, stride 2, padding 1; instance norm, ReLU | 14 x 14 x 32 |
//! | conv 3 x 3 -> 64, stride 2, padding 1; instance norm, ReLU | 7 x 7 x 64 |
//! | residual blocks: twice mirror 1; conv 3 x 3; instance norm; ReLU between | 7 x 7 x 64 |
//! | transposed conv 3 x 3 -> 32, stride 2, padding 1; instance norm, ReLU | 14 x 14 x 32 |
//! | transposed conv 3 x 3 -> 16, stride 2, padding 1; instance norm, ReLU | 28 x 28 x 16 |
//! | mirror 3; conv 7 x 7 -> 1; tanh | 28 x 28 x 1 |
//!
//! | discriminator | output |
//! |---|---|
//! | conv 4 x 4, 1 -> 16, stride 2, padding 1; leaky ReLU 0.2 | 14 x 14 x 16 |
//! | conv 4 x 4 -> 32, stride 2, padding 1; instance norm, leaky ReLU 0.2 | 7 x 7 x 32 |
//! | conv 4 x 4 -> 1, padding 1 | 6 x 6 scores |
//!
//! Each score sees a patch of 22 x 22 pixels, as the paper's sees one of 70 x 70 out of 256 x 256:
//! the discriminator judges texture, and the cycle keeps the rest. The paper's generator has width
//! 64 and 6 or 9 residual blocks, its discriminator two more layers, of 256 and 512 channels.
//!
//! Source: Zhu et al. 2017, §7.2 of the appendix; the generator after Johnson, Alahi, Fei-Fei
//! 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", the discriminator
//! after Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".

use autograd::{Padding, Rng};
use layers::{
    Activation, Conv2d, ConvTranspose2d, Init, InstanceNorm, Pad2d, Residual, Sequential,
};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

/// How large images and players are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Height and width of an image, a multiple of 4.
    #[serde(deserialize_with = "multiple_of_4")]
    pub side: usize,
    /// Channels of an image.
    pub channels: usize,
    /// Channels of the first layer.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
}

fn multiple_of_4<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match usize::deserialize(from)? {
        side if side.is_multiple_of(4) => Ok(side),
        side => Err(D::Error::custom(format!("`side` is {side}, not a multiple of 4"))),
    }
}

impl Sizes {
    /// Height, width and channels of an image.
    pub fn image(self) -> [usize; 3] {
        [self.side, self.side, self.channels]
    }
}

const INIT: Init = Init::Normal { std: 0.02 };

/// The generator of the table.
///
/// # Panics
/// If the side is no multiple of 4, or below 8: mirrors of 3 pixels need more than 3.
#[track_caller]
pub fn generator(sizes: Sizes, rng: &mut Rng) -> Sequential {
    let Sizes { side, channels, width, blocks } = sizes;
    let fits = side >= 8 && side.is_multiple_of(4);
    assert!(fits, "cyclegan: a side of {side} is not 8, 12, 16, ...");
    let mirror = |size| Pad2d::reflect([size; 2], [size; 2]);
    // An instance norm takes the mean away, so a bias before it would do nothing.
    let half = |inputs, outputs, rng: &mut Rng| {
        let conv = Conv2d::new(inputs, outputs, [3, 3], INIT, rng).without_bias();
        conv.stride(2).padding(Padding::all(1))
    };
    let twice = |inputs, outputs, rng: &mut Rng| {
        let conv = ConvTranspose2d::new(inputs, outputs, [3, 3], INIT, rng).without_bias();
        conv.stride(2).padding(Padding::all(1)).output_padding([1, 1])
    };
    let mut model = Sequential::new()
        .add(mirror(3))
        .add(Conv2d::new(channels, width, [7, 7], INIT, rng).without_bias())
        .add(InstanceNorm::new(width))
        .add(Activation::Relu)
        .add(half(width, 2 * width, rng))
        .add(InstanceNorm::new(2 * width))
        .add(Activation::Relu)
        .add(half(2 * width, 4 * width, rng))
        .add(InstanceNorm::new(4 * width))
        .add(Activation::Relu);
    for _ in 0..blocks {
        let mut conv = || Conv2d::new(4 * width, 4 * width, [3, 3], INIT, rng).without_bias();
        let inside = Sequential::new()
            .add(mirror(1))
            .add(conv())
            .add(InstanceNorm::new(4 * width))
            .add(Activation::Relu)
            .add(mirror(1))
            .add(conv())
            .add(InstanceNorm::new(4 * width));
        model = model.add(Residual::new(inside));
    }
    model
        .add(twice(4 * width, 2 * width, rng))
        .add(InstanceNorm::new(2 * width))
        .add(Activation::Relu)
        .add(twice(2 * width, width, rng))
        .add(InstanceNorm::new(width))
        .add(Activation::Relu)
        .add(mirror(3))
        .add(Conv2d::new(width, channels, [7, 7], INIT, rng))
        .add(Activation::Tanh)
}

/// The discriminator of the table.
pub fn discriminator(sizes: Sizes, rng: &mut Rng) -> Sequential {
    let Sizes { channels, width, .. } = sizes;
    let mut conv =
        |inputs, outputs| Conv2d::new(inputs, outputs, [4, 4], INIT, rng).padding(Padding::all(1));
    let leaky = Activation::LeakyRelu(0.2);
    Sequential::new()
        .add(conv(channels, width).stride(2))
        .add(leaky)
        .add(conv(width, 2 * width).stride(2).without_bias())
        .add(InstanceNorm::new(2 * width))
        .add(leaky)
        .add(conv(2 * width, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::{Module, summary};

    #[test]
    fn a_saved_side_that_cannot_be_halved_twice_is_an_error() {
        let read = |side: usize| {
            let text = format!(r#"{{"side":{side},"channels":1,"width":4,"blocks":1}}"#);
            serde_json::from_str::<Sizes>(&text)
        };
        assert_eq!(read(12).expect("it is a multiple of 4").side, 12);
        let why = read(30).expect_err("it is not").to_string();
        assert!(why.contains("`side` is 30, not a multiple of 4"), "{why}");
    }

    #[test]
    fn the_players_have_the_sizes_of_the_tables() {
        let sizes = Sizes { side: 28, channels: 1, width: 16, blocks: 2 };
        let rng = &mut Rng::new(0, "weights");
        let outputs = |model: &Sequential| {
            let table = summary(model, &sizes.image());
            let rows = table.lines().filter(|line| line.contains("Conv"));
            let output = |row: &str| {
                let (from, to) = (row.rfind('[')?, row.rfind(']')?);
                Some(row[from..=to].to_owned())
            };
            rows.filter_map(output).collect::<Vec<_>>()
        };
        let g = generator(sizes, rng);
        let block = "[7, 7, 64]";
        let expected = [
            "[28, 28, 16]",
            "[14, 14, 32]",
            block,
            block,
            block,
            "[14, 14, 32]",
            "[28, 28, 16]",
            "[28, 28, 1]",
        ];
        assert_eq!(outputs(&g), expected);
        // 2 (49 · 16) and a bias; 2 (9 · 16 · 32 + 9 · 32 · 64); 4 convolutions in the blocks.
        assert_eq!(g.param_count(), 1568 + 1 + 2 * (4608 + 18_432) + 4 * 36_864);
        let d = discriminator(sizes, rng);
        assert_eq!(outputs(&d), ["[14, 14, 16]", "[7, 7, 32]", "[6, 6, 1]"]);
        assert_eq!(d.param_count(), 272 + 8192 + 513);
        let colour = Sizes { side: 32, channels: 3, width: 4, blocks: 1 };
        let x = autograd::Tensor::full([2, 32, 32, 3], 0.5);
        assert_eq!(generator(colour, rng).forward(&x).shape(), x.shape());
    }

    #[test]
    #[should_panic(expected = "cyclegan: a side of 30 is not 8, 12, 16, ...")]
    fn sides_that_cannot_be_halved_twice_are_refused() {
        let sizes = Sizes { side: 30, channels: 1, width: 4, blocks: 1 };
        let _ = generator(sizes, &mut Rng::new(0, "weights"));
    }
}
