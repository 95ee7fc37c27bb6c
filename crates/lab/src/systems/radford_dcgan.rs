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
//! just seen. [`sized`] has other sides and widths. Noise, batch and the order of the steps are those of the PyTorch programs that
//! followed the paper; the paper has noise U(-1, 1) and batches of 128.

use autograd::{Padding, Rng};
use gan::{Adam, Bce, Game, Latent, Player};
use layers::{Activation, BatchNorm, Conv2d, ConvTranspose2d, Flatten, Init, Reshape, Sequential};

/// Images in a batch.
pub const BATCH_SIZE: usize = 64;

/// Height and width of an image of the tables.
pub const SIDE: usize = 32;

/// Channels where the image is largest, in the tables.
pub const WIDTH: usize = 64;

/// An image: height, width, channels.
pub const IMAGE: [usize; 3] = [SIDE, SIDE, 3];

/// The two players of the tables, before they have learnt anything.
pub fn game(rng: &mut Rng) -> Game {
    sized(SIDE, WIDTH, rng)
}

/// The same for images of `side` x `side` x 3, with `width` channels where the image is largest
/// and twice as many after each halving: a side of 64 has a layer more in both players, and with a
/// width of 128 the paper's channels, 1024, 512, 256 and 128.
///
/// # Panics
/// If the side is not 8, 16, 32, ...
#[track_caller]
pub fn sized(side: usize, width: usize, rng: &mut Rng) -> Game {
    let fits = side >= 8 && side.is_power_of_two();
    assert!(fits, "radford dcgan: a side of {side} is not 8, 16, 32, ...");
    // Channels at 4 x 4, 8 x 8, ... up to half of the side.
    let halvings = (side / 4).ilog2();
    let channels: Vec<usize> = (0..halvings).rev().map(|power| width << power).collect();
    let init = Init::Normal { std: 0.02 };
    let mut up =
        |inputs, outputs| ConvTranspose2d::new(inputs, outputs, [4, 4], init, rng).without_bias();
    let twice_the_size = |layer: ConvTranspose2d| layer.stride(2).padding(Padding::all(1));
    let mut generator = Sequential::new().add(Reshape::new([1, 1, 100])).add(up(100, channels[0]));
    for pair in channels.windows(2) {
        generator = generator
            .add(BatchNorm::pytorch(pair[0]))
            .add(Activation::Relu)
            .add(twice_the_size(up(pair[0], pair[1])));
    }
    let generator = generator
        .add(BatchNorm::pytorch(width))
        .add(Activation::Relu)
        .add(twice_the_size(up(width, 3)))
        .add(Activation::Tanh);
    let mut down = |inputs, outputs| Conv2d::new(inputs, outputs, [4, 4], init, rng).without_bias();
    let half_the_size = |layer: Conv2d| layer.stride(2).padding(Padding::all(1));
    let leaky = Activation::LeakyRelu(0.2);
    let mut discriminator = Sequential::new().add(half_the_size(down(3, width))).add(leaky);
    for pair in channels.windows(2).rev() {
        discriminator = discriminator
            .add(half_the_size(down(pair[1], pair[0])))
            .add(BatchNorm::pytorch(pair[0]))
            .add(leaky);
    }
    let discriminator = discriminator.add(down(channels[0], 1)).add(Flatten);
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

    #[test]
    fn a_side_of_64_has_the_papers_channels() {
        // As tall as the paper's, an eighth as wide.
        let game = sized(64, 16, &mut Rng::new(0, "weights"));
        let z = Tensor::constant(game.latent().sample(2, &mut Rng::new(0, "noise")));
        let fake = game.generate(&z);
        assert_eq!(fake.shape()[1..], [64, 64, 3]);
        assert_eq!(game.belief(&fake).len(), 2);
        let outputs = |params: Vec<&layers::Param>, axis: usize| -> Vec<usize> {
            let weights = params.into_iter().map(|param| *param.tensor().shape());
            weights.filter(|shape| shape.len() == 4).map(|shape| shape[axis]).collect()
        };
        // 1024, 512, 256 and 128 divided by 8.
        assert_eq!(outputs(game.generator().params(), 2), [128, 64, 32, 16, 3]);
        assert_eq!(outputs(game.discriminator().params(), 3), [16, 32, 64, 128, 1]);
    }

    #[test]
    #[should_panic(expected = "radford dcgan: a side of 48 is not 8, 16, 32, ...")]
    fn sides_that_do_not_halve_to_4_are_refused() {
        let _ = sized(48, 8, &mut Rng::new(0, "weights"));
    }
}
