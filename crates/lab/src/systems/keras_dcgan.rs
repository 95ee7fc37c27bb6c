//! What exactly is the Keras DCGAN?
//!
//! A widely copied Keras program: digits of 28 x 28 x 1 in [-1, 1], upsampling in the generator,
//! pooling in the discriminator, tanh everywhere.
//!
//! | generator | output |
//! |---|---|
//! | linear 100 -> 1024, tanh | 1024 |
//! | linear -> 6272, batch norm, tanh, reshape | 7 x 7 x 128 |
//! | upsample 2 x, nearest; conv 5 x 5 -> 64, same, tanh | 14 x 14 x 64 |
//! | upsample 2 x, nearest; conv 5 x 5 -> 1, same, tanh | 28 x 28 x 1 |
//!
//! | discriminator | output |
//! |---|---|
//! | conv 5 x 5, 1 -> 64, same, tanh; max-pool 2 | 14 x 14 x 64 |
//! | conv 5 x 5 -> 128, **valid**, tanh; max-pool 2; flatten | 5 x 5 x 128 |
//! | linear 3200 -> 1024, tanh | 1024 |
//! | linear -> 1, a logit | 1 |
//!
//! | | |
//! |---|---|
//! | loss | binary cross-entropy, for D the mean over the joined batch |
//! | noise | U(-1, 1) |
//! | batch | 128 |
//! | SGD | 5e-4, momentum 0.9, Nesterov's, both players |
//! | batch norm | decay 0.99, epsilon 1e-3 |
//! | start | Xavier uniform weights, biases 0: Keras's defaults |
//!
//! D gets real and generated images in one batch. Its fakes are made in evaluation, with the
//! running statistics of the batch norm; G's own step makes others, from noise of its own and with
//! the statistics of their batch. The program's D ends in a sigmoid; here the loss has it, which is
//! the same function and safe in `f32`.

use autograd::{Padding, Rng};
use gan::{Adam, Bce, Fakes, Game, Latent, Player, Settings, Sgd};
use layers::{
    Activation, BatchNorm, Conv2d, Flatten, Init, Linear, MaxPool2d, Reshape, Sequential, Upsample,
    UpsampleConv2d,
};

/// Images in the program's batch.
pub const BATCH_SIZE: usize = 128;

/// An image: height, width, channels.
pub const IMAGE: [usize; 3] = [28, 28, 1];

/// Channels of the first convolution.
pub const WIDTH: usize = 64;

/// The two players, before they have learnt anything.
pub fn game(rng: &mut Rng) -> Game {
    sized(WIDTH, Descent::Sgd, rng)
}

/// How both players descend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// The program's: SGD, 5e-4, Nesterov's momentum 0.9. Some 100 epochs to digits.
    Sgd,
    /// Adam, β (0.5, 0.999), as Radford, Metz, Chintala 2015, §4, recommend, with 4e-4 for G and 1e-4
    /// for D: a few epochs. At one rate for both D is ahead, and some digits stay rare.
    Adam,
}

/// The same with all channels and hidden units in proportion to `width`.
pub fn sized(width: usize, descent: Descent, rng: &mut Rng) -> Game {
    let init = Init::XavierUniform;
    let twice_the_size = |inputs, outputs, rng: &mut Rng| {
        let conv = Conv2d::new(inputs, outputs, [5, 5], init, rng).padding(Padding::Same);
        UpsampleConv2d::new(Upsample::nearest(2), conv)
    };
    let generator = Sequential::new()
        .add(Linear::new(100, 16 * width, init, rng))
        .add(Activation::Tanh)
        .add(Linear::new(16 * width, 7 * 7 * 2 * width, init, rng))
        .add(BatchNorm::keras(7 * 7 * 2 * width))
        .add(Activation::Tanh)
        .add(Reshape::new([7, 7, 2 * width]))
        .add(twice_the_size(2 * width, width, rng))
        .add(Activation::Tanh)
        .add(twice_the_size(width, 1, rng))
        .add(Activation::Tanh);
    let discriminator = Sequential::new()
        .add(Conv2d::new(1, width, [5, 5], init, rng).padding(Padding::Same))
        .add(Activation::Tanh)
        .add(MaxPool2d::new(2))
        .add(Conv2d::new(width, 2 * width, [5, 5], init, rng))
        .add(Activation::Tanh)
        .add(MaxPool2d::new(2))
        .add(Flatten)
        .add(Linear::new(5 * 5 * 2 * width, 16 * width, init, rng))
        .add(Activation::Tanh)
        .add(Linear::new(16 * width, 1, init, rng));
    let player = |model: Sequential, rate_of_adam| match descent {
        Descent::Sgd => Player::new(model, Sgd::new(5e-4).momentum(0.9).nesterov()),
        Descent::Adam => Player::new(model, Adam::new(rate_of_adam).betas(0.5, 0.999)),
    };
    let players = (player(generator, 4e-4), player(discriminator, 1e-4));
    // Half of the sum of the two means is the mean over both halves of the batch.
    let loss = Bce { weight: 0.5, ..Bce::default() };
    Game::new(players.0, players.1, loss, Latent::Uniform { size: 100 }).settings(Settings {
        fakes: Fakes::Fresh,
        evaluate_fakes: true,
        joined: true,
        ..Settings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tensor;

    #[test]
    fn the_players_have_the_sizes_of_the_tables() {
        let game = game(&mut Rng::new(0, "weights"));
        let z = Tensor::constant(game.latent().sample(2, &mut Rng::new(0, "noise")));
        let fake = game.generate(&z);
        assert_eq!(fake.shape()[1..], IMAGE);
        assert_eq!(game.belief(&fake).len(), 2);
        let count = |params: Vec<&layers::Param>| -> usize {
            params.iter().map(|param| param.tensor().shape().count()).sum()
        };
        // As PyTorch counts those of the same players in benches/peers/torch_steps.py.
        assert_eq!(count(game.generator().params()), 6_751_233);
        assert_eq!(count(game.discriminator().params()), 3_485_441);
    }
}
