//! What exactly is the MNIST GAN of dense layers?
//!
//! The first network of a widely used PyTorch notebook on GANs: images of 28 x 28 in [-1, 1], taken
//! as rows of 784 numbers.
//!
//! | | |
//! |---|---|
//! | generator | 96 -> 1024, ReLU; -> 1024, ReLU; -> 784, tanh |
//! | discriminator | 784 -> 256, leaky ReLU 0.2; -> 256, leaky ReLU 0.2; -> 1, a logit |
//! | loss | BCE with logits, D's two terms added |
//! | noise | U(-1, 1) |
//! | batch | 128 |
//! | Adam | 3e-4, β (0.5, 0.999), both players |
//! | start | Xavier uniform weights, biases 0 |
//!
//! The generator's step sends the noise of the discriminator's step through the generator again.

use autograd::Rng;
use gan::{Adam, Bce, Fakes, Game, Latent, Player, Settings};
use layers::{Activation, Init, Linear, Sequential};

/// Images in a batch.
pub const BATCH_SIZE: usize = 128;

/// Numbers in an image.
pub const PIXELS: usize = 28 * 28;

/// The two players, before they have learnt anything.
pub fn game(rng: &mut Rng) -> Game {
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::XavierUniform, rng);
    let generator = Sequential::new()
        .add(linear(96, 1024))
        .add(Activation::Relu)
        .add(linear(1024, 1024))
        .add(Activation::Relu)
        .add(linear(1024, PIXELS))
        .add(Activation::Tanh);
    let discriminator = Sequential::new()
        .add(linear(PIXELS, 256))
        .add(Activation::LeakyRelu(0.2))
        .add(linear(256, 256))
        .add(Activation::LeakyRelu(0.2))
        .add(linear(256, 1));
    let adam = || Adam::new(3e-4).betas(0.5, 0.999);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    Game::new(players.0, players.1, Bce::default(), Latent::Uniform { size: 96 })
        .settings(Settings { fakes: Fakes::Rebuilt, ..Settings::default() })
}
