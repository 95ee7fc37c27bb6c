//! What exactly are the conditional GANs of digits?
//!
//! Mirza, Osindero 2014, "Conditional Generative Adversarial Nets", with small convolutions in the
//! manner of Radford, Metz, Chintala 2015 in place of the paper's dense layers. Digits of 28 x 28
//! in [-1, 1]; w is the width, [`WIDTH`] by default.
//!
//! | generator | output |
//! |---|---|
//! | condition, see below, and noise, N(0, 1), 100 numbers | |
//! | linear, batch norm, ReLU, reshape | 7 x 7 x 2w |
//! | transposed conv 4 x 4, stride 2, padding 1; batch norm, ReLU | 14 x 14 x w |
//! | transposed conv 4 x 4, stride 2, padding 1; tanh | 28 x 28 x 1 |
//!
//! | discriminator | output |
//! |---|---|
//! | image and condition, see below | 28 x 28 x c |
//! | conv 4 x 4, stride 2, padding 1; leaky ReLU 0.2 | 14 x 14 x w |
//! | conv 4 x 4, stride 2, padding 1; batch norm, leaky ReLU 0.2; flatten | 98 w |
//! | linear -> 1, a logit | 1 |
//!
//! | condition | in the generator | in the discriminator |
//! |---|---|---|
//! | [`Condition::OneHot`] | the ten numbers | ten more channels: one of them is 1 everywhere, the others 0 |
//! | [`Condition::Embedding`] | a learnt row of 10 numbers | a learnt picture as a second channel |
//! | [`Condition::Projection`] | a learnt row of 10 numbers | a learnt row for the flattened features, see [`Projection`] |
//! | [`Condition::UpperHalf`] | conv 4 x 4, stride 2, padding 1, leaky ReLU 0.2; linear -> 50, batch norm. The map is 7 x 14 x w; a conv 5 x 5, same, with batch norm and ReLU stands for the first enlargement | the upper half of the image |
//!
//! | | |
//! |---|---|
//! | loss | BCE with logits, D's two terms added |
//! | batch | 64 |
//! | Adam | 2e-4, β (0.5, 0.999), both players |
//! | start | weights N(0, 0.02²), learnt rows and pictures N(0, 1), those of the projection as weights; biases 0 |

mod conditioning;
mod pairs;
mod training;

use std::sync::Arc;

use autograd::{Array, Padding, Rng, Tensor};
use gan::{Adam, Bce, Fakes, Game, Player, Settings};
use layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Flatten, Init, Linear, Reshape, Sequential,
};
use serde::{Deserialize, Serialize};

pub use conditioning::{Embedding, Projection, Spread};
pub use pairs::{ConditionsAndNoise, Each, PassOn, pair};
pub use training::{ConditionalGan, drawn, every_class, without_lower_half};

use crate::systems::lenet::CLASSES;
use crate::{Images, Scaling};

/// Digits in a batch.
pub const BATCH_SIZE: usize = 64;

/// Channels of D's first convolution.
pub const WIDTH: usize = 32;

/// Numbers of noise for each sample.
pub const NOISE: usize = 100;

/// Numbers in a digit, and in half of it.
const PIXELS: usize = 28 * 28;
const HALF: usize = PIXELS / 2;

/// Numbers in the generator's learnt row of a class: few beside those of the noise. Of as many, the
/// generator learns the rows alone and draws one digit for each class.
const ROW: usize = 10;

/// Numbers that the generator makes of the upper half, not many for the same reason.
const SEEN: usize = 50;

/// What the generator is told, and how it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Which digit: ten numbers, one of them 1.
    OneHot,
    /// Which digit: numbers and a picture that are learnt for each.
    Embedding,
    /// Which digit: numbers that are learnt for each, which the discriminator compares with its
    /// features.
    #[default]
    Projection,
    /// The upper half of a digit, of which it is to draw the lower.
    UpperHalf,
}

impl Condition {
    /// How many numbers a condition has.
    pub fn size(self) -> usize {
        match self {
            Condition::UpperHalf => HALF,
            _ => CLASSES,
        }
    }

    /// The conditions y of these digits, `[n, size]`.
    ///
    /// # Panics
    /// If there is no such digit, or it has no label and one is asked for.
    #[must_use]
    #[track_caller]
    pub fn of(self, digits: &Images, places: &[usize]) -> Array {
        if self == Condition::UpperHalf {
            let whole = Tensor::constant(digits.scaled(places, Scaling::MinusOneToOne));
            return whole.reshape([places.len(), PIXELS]).slice(1, ..HALF).value().clone();
        }
        let labels = digits.labels().expect("conditions: digits without labels");
        let labels: Vec<usize> = places.iter().map(|place| labels[*place].into()).collect();
        Tensor::one_hot(&labels, CLASSES).value().clone()
    }

    /// The pairs (y, x) of these digits: a label and a digit, or the two halves of a digit.
    ///
    /// # Panics
    /// As [`Condition::of`].
    #[must_use]
    #[track_caller]
    pub fn pairs(self, digits: &Images, places: &[usize]) -> Array {
        let whole = digits.scaled(places, Scaling::MinusOneToOne);
        let rows = Array::new([places.len(), PIXELS], whole.numbers());
        if self == Condition::UpperHalf { rows } else { pair(&self.of(digits, places), &rows) }
    }

    /// The digits `[n, 28, 28, 1]` in pairs (y, x).
    ///
    /// # Panics
    /// If they are no pairs of this condition.
    #[must_use]
    #[track_caller]
    pub fn digits(self, pairs: &Tensor) -> Array {
        let label = if self == Condition::UpperHalf { 0 } else { CLASSES };
        pairs.slice(1, label..).reshape([pairs.shape()[0], 28, 28, 1]).value().clone()
    }
}

/// The two players, before they have learnt anything, in a game whose conditions are those of the
/// `digits`.
///
/// # Panics
/// If the digits have no labels and the condition asks for them.
#[track_caller]
pub fn game(condition: Condition, width: usize, digits: &Images, rng: &mut Rng) -> Game {
    let all: Vec<usize> = (0..digits.len()).collect();
    let conditions = Arc::new(condition.of(digits, &all));
    let adam = || Adam::new(2e-4).betas(0.5, 0.999);
    let generator = PassOn::new(condition.size(), generator(condition, width, rng));
    let discriminator = discriminator(condition, width, rng);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    let prior = ConditionsAndNoise { conditions, noise: NOISE };
    Game::new(players.0, players.1, Bce::default(), prior)
        .settings(Settings { fakes: Fakes::Reused, ..Settings::default() })
}

const INIT: Init = Init::Normal { std: 0.02 };
const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// (y, z) -> x.
fn generator(condition: Condition, width: usize, rng: &mut Rng) -> Sequential {
    let y = Sequential::new();
    let (seen, inputs) = match condition {
        Condition::OneHot => (y, CLASSES),
        Condition::Embedding | Condition::Projection => {
            let row = Embedding::new(CLASSES, ROW, Init::Normal { std: 1.0 }, rng);
            (y.add(row), ROW)
        }
        Condition::UpperHalf => {
            let half = y
                .add(Reshape::new([14, 28, 1]))
                .add(half_the_size(1, width, rng))
                .add(LEAKY)
                .add(Flatten)
                .add(Linear::new(7 * 14 * width, SEEN, INIT, rng))
                .add(BatchNorm::pytorch(SEEN));
            (half, SEEN)
        }
    };
    let map = 7 * 7 * 2 * width;
    let start = Sequential::new()
        .add(Each::new(condition.size(), seen, Sequential::new()))
        .add(Linear::new(inputs + NOISE, map, INIT, rng))
        .add(BatchNorm::pytorch(map))
        .add(Activation::Relu);
    let enlarged = if condition == Condition::UpperHalf {
        start
            .add(Reshape::new([7, 14, width]))
            .add(Conv2d::new(width, width, [5, 5], INIT, rng).padding(Padding::Same).without_bias())
            .add(BatchNorm::pytorch(width))
            .add(Activation::Relu)
    } else {
        start
            .add(Reshape::new([7, 7, 2 * width]))
            .add(twice_the_size(2 * width, width, rng).without_bias())
            .add(BatchNorm::pytorch(width))
            .add(Activation::Relu)
    };
    enlarged.add(twice_the_size(width, 1, rng)).add(Activation::Tanh)
}

/// (y, x) -> a logit.
fn discriminator(condition: Condition, width: usize, rng: &mut Rng) -> Sequential {
    let features = 7 * 7 * 2 * width;
    let image = || Sequential::new().add(Reshape::new([28, 28, 1]));
    let looked_at = |channels, layers: Sequential, rng: &mut Rng| {
        layers
            .add(half_the_size(channels, width, rng))
            .add(LEAKY)
            .add(half_the_size(width, 2 * width, rng).without_bias())
            .add(BatchNorm::pytorch(2 * width))
            .add(LEAKY)
            .add(Flatten)
    };
    let both = |y: Sequential| Sequential::new().add(Each::new(CLASSES, y, image()));
    let seen = match condition {
        Condition::OneHot => {
            let maps = Sequential::new().add(Spread::new([28, 28]));
            looked_at(CLASSES + 1, both(maps), rng)
        }
        Condition::Embedding => {
            let picture = Sequential::new()
                .add(Embedding::new(CLASSES, PIXELS, Init::Normal { std: 1.0 }, rng))
                .add(Reshape::new([28, 28, 1]));
            looked_at(2, both(picture), rng)
        }
        Condition::Projection => {
            let seen = looked_at(1, image(), rng);
            let unconditional = Linear::new(features, 1, INIT, rng);
            let rows = Embedding::new(CLASSES, features, INIT, rng);
            return Sequential::new().add(Projection::new(CLASSES, seen, unconditional, rows));
        }
        Condition::UpperHalf => looked_at(1, image(), rng),
    };
    seen.add(Linear::new(features, 1, INIT, rng))
}

fn half_the_size(inputs: usize, outputs: usize, rng: &mut Rng) -> Conv2d {
    Conv2d::new(inputs, outputs, [4, 4], INIT, rng).stride(2).padding(Padding::all(1))
}

fn twice_the_size(inputs: usize, outputs: usize, rng: &mut Rng) -> ConvTranspose2d {
    ConvTranspose2d::new(inputs, outputs, [4, 4], INIT, rng).stride(2).padding(Padding::all(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::no_grad;

    const ALL: [Condition; 4] =
        [Condition::OneHot, Condition::Embedding, Condition::Projection, Condition::UpperHalf];

    #[test]
    fn pairs_are_taken_apart_into_the_digits_they_were_made_of() {
        let digits = Images::embedded_mnist().take(0..20);
        let places = [3, 17, 4];
        for condition in ALL {
            let pairs = Tensor::constant(condition.pairs(&digits, &places));
            let expected = digits.scaled(places, Scaling::MinusOneToOne);
            assert_eq!(condition.digits(&pairs).numbers(), expected.numbers(), "{condition:?}");
            let y = pairs.slice(1, ..condition.size());
            assert_eq!(y.numbers(), condition.of(&digits, &places).numbers(), "{condition:?}");
        }
    }

    #[test]
    fn fakes_are_pairs_whose_condition_is_the_one_that_was_given() {
        let digits = Images::embedded_mnist().take(0..20);
        for condition in ALL {
            let mut rng = Rng::new(0, "weights");
            let mut game = game(condition, 4, &digits, &mut rng);
            let input = Tensor::constant(game.latent().sample(5, &mut rng));
            let fakes = no_grad(|| game.generate(&input));
            let size = condition.size();
            assert_eq!(fakes.slice(1, ..size).numbers(), input.slice(1, ..size).numbers());
            assert_eq!(condition.digits(&fakes).shape(), &[5, 28, 28, 1].into());
            let real = Tensor::constant(condition.pairs(&digits, &[0, 1, 2, 3]));
            let report = game.step(&real, &mut rng);
            assert!(report.without_gradient.is_empty(), "{:?}", report.without_gradient);
        }
    }
}
