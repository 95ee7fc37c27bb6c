//! What exactly is the DCGAN of strided convolutions?
//!
//! The architecture of Radford, Metz, Chintala 2015, "Unsupervised Representation Learning with
//! Deep Convolutional Generative Adversarial Networks", §3, for colour images of 32 x 32 x 3 in
//! [-1, 1]: no pooling, batch norm in both players, ReLU in G, leaky ReLU in D.
//!
//! | generator | output |
//! |---|---|
//! | reshape | 1 x 1 x 100 |
//! | transposed conv 4 x 4 -> 256, stride 1, padding 0; batch norm, ReLU | 4 x 4 x 256 |
//! | transposed conv 4 x 4 -> 128, stride 2, padding 1; batch norm, ReLU | 8 x 8 x 128 |
//! | transposed conv 4 x 4 -> 64, stride 2, padding 1; batch norm, ReLU | 16 x 16 x 64 |
//! | transposed conv 4 x 4 -> 3, stride 2, padding 1; tanh | 32 x 32 x 3 |
//!
//! | discriminator | output |
//! |---|---|
//! | conv 4 x 4, 3 -> 64, stride 2, padding 1; leaky ReLU 0.2 | 16 x 16 x 64 |
//! | conv 4 x 4 -> 128, stride 2, padding 1; batch norm, leaky ReLU 0.2 | 8 x 8 x 128 |
//! | conv 4 x 4 -> 256, stride 2, padding 1; batch norm, leaky ReLU 0.2 | 4 x 4 x 256 |
//! | conv 4 x 4 -> 1, stride 1, padding 0; flatten, a logit | 1 |
//!
//! | | |
//! |---|---|
//! | loss | BCE with logits, D's two terms added |
//! | noise | N(0, 1) |
//! | batch | 64 |
//! | Adam | 2e-4, β (0.5, 0.999), both players |
//! | batch norm | as PyTorch's: decay 0.9, epsilon 1e-5 |
//! | start | weights N(0, 0.02²); no biases |
//!
//! D sees real and generated images in two batches. G's step is judged on the images that D has
//! just seen. Noise, batch and the order of the steps are those of the PyTorch programs that
//! followed the paper; the paper has noise U(-1, 1) and batches of 128.

use autograd::{Padding, Rng};
use gan::{Adam, Bce, Game, Latent, Player};
use layers::{Activation, BatchNorm, Conv2d, ConvTranspose2d, Flatten, Init, Reshape, Sequential};

/// Images in a batch.
pub const BATCH_SIZE: usize = 64;

/// An image: height, width, channels.
pub const IMAGE: [usize; 3] = [32, 32, 3];

/// The two players, before they have learnt anything.
pub fn game(rng: &mut Rng) -> Game {
    let init = Init::Normal { std: 0.02 };
    let mut up =
        |inputs, outputs| ConvTranspose2d::new(inputs, outputs, [4, 4], init, rng).without_bias();
    let twice_the_size = |layer: ConvTranspose2d| layer.stride(2).padding(Padding::all(1));
    let generator = Sequential::new()
        .add(Reshape::new([1, 1, 100]))
        .add(up(100, 256))
        .add(BatchNorm::pytorch(256))
        .add(Activation::Relu)
        .add(twice_the_size(up(256, 128)))
        .add(BatchNorm::pytorch(128))
        .add(Activation::Relu)
        .add(twice_the_size(up(128, 64)))
        .add(BatchNorm::pytorch(64))
        .add(Activation::Relu)
        .add(twice_the_size(up(64, 3)))
        .add(Activation::Tanh);
    let mut down = |inputs, outputs| Conv2d::new(inputs, outputs, [4, 4], init, rng).without_bias();
    let half_the_size = |layer: Conv2d| layer.stride(2).padding(Padding::all(1));
    let leaky = Activation::LeakyRelu(0.2);
    let discriminator = Sequential::new()
        .add(half_the_size(down(3, 64)))
        .add(leaky)
        .add(half_the_size(down(64, 128)))
        .add(BatchNorm::pytorch(128))
        .add(leaky)
        .add(half_the_size(down(128, 256)))
        .add(BatchNorm::pytorch(256))
        .add(leaky)
        .add(down(256, 1))
        .add(Flatten);
    let adam = || Adam::new(2e-4).betas(0.5, 0.999);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    Game::new(players.0, players.1, Bce::default(), Latent::Normal { size: 100 })
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
        assert_eq!(count(game.generator().params()), 1_068_928);
        assert_eq!(count(game.discriminator().params()), 663_296);
    }
}
