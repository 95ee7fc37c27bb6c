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
//! | start | weights and biases U(-a, a), a = 1/√inputs: PyTorch's default |
//!
//! The generator's step sends the noise of the discriminator's step through the generator again. As
//! printed, the discriminator's step does not detach the generated images: the sweep goes on into
//! the generator, and what it computes there is dropped.
//!
//! The notebook's second half trains the same players by least squares. [`Loss`] has that and two
//! more.

use autograd::Rng;
use clap::ValueEnum;
use gan::{Adam, AdversarialLoss, Bce, Fakes, Game, Hinge, Latent, LeastSquares, Player};
use gan::{Relativistic, Settings};
use layers::{Activation, Init, Linear, Sequential};
use serde::{Deserialize, Serialize};

/// Images in a batch.
pub const BATCH_SIZE: usize = 128;

/// Numbers in an image.
pub const PIXELS: usize = 28 * 28;

/// Numbers in a noise.
pub(super) const LATENT: usize = 96;

/// Hidden units of the generator's layers; the discriminator has a quarter as many.
pub const WIDTH: usize = 1024;

/// What the two players minimise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Binary cross-entropy, the notebook's first half.
    #[default]
    Bce,
    /// Least squares, its second half: L_D = 1/2 E (D(x) - 1)² + 1/2 E D(G(z))²,
    /// L_G = 1/2 E (D(G(z)) - 1)².
    LeastSquares,
    /// The hinge.
    Hinge,
    /// The relativistic loss in its average form.
    Relativistic,
}

/// The two players, before they have learnt anything.
pub fn game(rng: &mut Rng) -> Game {
    sized(WIDTH, false, rng)
}

/// The same with another width. As the notebook prints it, D's step also computes the gradients of
/// G, and drops them.
pub fn sized(width: usize, as_printed: bool, rng: &mut Rng) -> Game {
    with_loss(Loss::Bce, width, as_printed, rng)
}

/// The same with another loss.
pub fn with_loss(loss: Loss, width: usize, as_printed: bool, rng: &mut Rng) -> Game {
    match loss {
        Loss::Bce => between(Bce::default(), width, as_printed, rng),
        Loss::LeastSquares => between(LeastSquares::default(), width, as_printed, rng),
        Loss::Hinge => between(Hinge, width, as_printed, rng),
        Loss::Relativistic => between(Relativistic::Average, width, as_printed, rng),
    }
}

fn between(
    loss: impl AdversarialLoss + 'static,
    width: usize,
    as_printed: bool,
    rng: &mut Rng,
) -> Game {
    let [generator, discriminator] = models(width, rng);
    let adam = || Adam::new(3e-4).betas(0.5, 0.999);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    let settings = Settings { fakes: Fakes::Rebuilt, attached: as_printed, ..Settings::default() };
    Game::new(players.0, players.1, loss, Latent::Uniform { size: LATENT }).settings(settings)
}

/// The networks of generator and discriminator.
pub(super) fn models(width: usize, rng: &mut Rng) -> [Sequential; 2] {
    let mut linear = |inputs, outputs| {
        Linear::new(inputs, outputs, Init::FanIn, rng).with_bias(Init::FanIn, rng)
    };
    let generator = Sequential::new()
        .add(linear(LATENT, width))
        .add(Activation::Relu)
        .add(linear(width, width))
        .add(Activation::Relu)
        .add(linear(width, PIXELS))
        .add(Activation::Tanh);
    let quarter = width.div_ceil(4);
    let discriminator = Sequential::new()
        .add(linear(PIXELS, quarter))
        .add(Activation::LeakyRelu(0.2))
        .add(linear(quarter, quarter))
        .add(Activation::LeakyRelu(0.2))
        .add(linear(quarter, 1));
    [generator, discriminator]
}
