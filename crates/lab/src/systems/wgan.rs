//! What exactly are the Wasserstein GANs and their relatives?
//!
//! Four ways to keep the discriminator from being too steep, with the losses they come with:
//!
//! | form | loss | slope is kept by | descent | D's steps a turn |
//! |---|---|---|---|---|
//! | clip | Wasserstein | weights in [-0.01, 0.01] | RMSProp 5e-5 | 5; 100 in the first 25 turns and each 500th |
//! | gp | Wasserstein | gradient penalty, λ = 1 for points, 10 for images | Adam, β (0.5, 0.9) | 5 |
//! | r1 | minimax, non-saturating | R1, γ = 1 for points, 10 for images | Adam, β (0, 0.9) | 1 |
//! | dragan | minimax, non-saturating | DRAGAN, λ = 1 for points, 10 for images | Adam, β (0.5, 0.9) | 1 |
//!
//! On points of the plane, which are first divided by the root mean square of their coordinates:
//!
//! | | |
//! |---|---|
//! | generator | 2 -> w, ReLU; -> w, ReLU; -> w, ReLU; -> 2 |
//! | discriminator | 2 -> w, ReLU; -> w, ReLU; -> w, ReLU; -> 1, a score |
//! | width w | [`WIDTH`]; Gulrajani et al. have 512 |
//! | noise | N(0, 1), 2 numbers |
//! | batch | [`BATCH_SIZE`] fresh points |
//! | start | weights N(0, 2/inputs), biases 0 |
//!
//! On images: the networks of [`mnist_gan`], noise U(-1, 1).
//!
//! Sources: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", Algorithm 1; Gulrajani et al. 2017,
//! "Improved Training of Wasserstein GANs", Algorithm 1 and §5.1, and their program for points;
//! Mescheder, Geiger, Nowozin 2018; Kodali et al. 2017.

use autograd::{Real, Rng};
use clap::ValueEnum;
use gan::penalties::{dragan, gradient_penalty, r1};
use gan::{Adam, AdversarialLoss, Fakes, Game, Latent, Minimax, Player, RmsProp, Settings};
use gan::{Steps, Term, Wasserstein};
use layers::{Activation, Init, Linear, Module, Sequential};
use serde::{Deserialize, Serialize};

use super::mnist_gan;

/// Hidden units of each layer on points.
pub const WIDTH: usize = 128;

/// Points in a batch.
pub const BATCH_SIZE: usize = 256;

/// What keeps the discriminator from being too steep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Bounded weights: the first Wasserstein GAN.
    Clip,
    /// The gradient penalty: WGAN-GP.
    #[default]
    Gp,
    /// R1 at real samples.
    R1,
    /// The penalty around real samples.
    Dragan,
}

impl Form {
    /// Whether the discriminator's scores estimate a distance.
    pub fn is_wasserstein(self) -> bool {
        matches!(self, Form::Clip | Form::Gp)
    }
}

/// What is different for points and for images.
struct Scale {
    rate: Real,
    gp: Real,
    r1: Real,
    dragan: Real,
    /// The standard deviation of DRAGAN's steps aside.
    aside: Real,
}

const POINTS: Scale = Scale { rate: 1e-3, gp: 1.0, r1: 1.0, dragan: 1.0, aside: 0.1 };

const IMAGES: Scale = Scale { rate: 2e-4, gp: 10.0, r1: 10.0, dragan: 10.0, aside: 0.5 };

/// A game on points of the plane; the factor of the penalty is that of the table if none is given.
pub fn on_points(form: Form, width: usize, penalty: Option<f64>, rng: &mut Rng) -> Game {
    let mut stack = |outputs: usize| {
        let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::KaimingNormal, rng);
        Sequential::new()
            .add(linear(2, width))
            .add(Activation::Relu)
            .add(linear(width, width))
            .add(Activation::Relu)
            .add(linear(width, width))
            .add(Activation::Relu)
            .add(linear(width, outputs))
    };
    let models = (stack(2), stack(1));
    game(form, models.0, models.1, Latent::Normal { size: 2 }, POINTS.with(penalty))
}

/// The same on images of 28 x 28, as rows of numbers.
pub fn on_digits(form: Form, width: usize, penalty: Option<f64>, rng: &mut Rng) -> Game {
    let [generator, discriminator] = mnist_gan::models(width, rng);
    let latent = Latent::Uniform { size: mnist_gan::LATENT };
    game(form, generator, discriminator, latent, IMAGES.with(penalty))
}

impl Scale {
    fn with(self, penalty: Option<f64>) -> Scale {
        let Some(penalty) = penalty else { return self };
        let factor = penalty as Real;
        Scale { gp: factor, r1: factor, dragan: factor, ..self }
    }
}

fn game(
    form: Form,
    generator: impl Module + 'static,
    discriminator: impl Module + 'static,
    latent: Latent,
    scale: Scale,
) -> Game {
    let rate = scale.rate;
    let adam = |beta1| move || Adam::new(rate).betas(beta1, 0.9);
    match form {
        Form::Clip => {
            let generator = Player::new(generator, RmsProp::new(5e-5));
            let critic = Player::new(discriminator, RmsProp::new(5e-5));
            let critic = critic.keep_weights_within(0.01).steps(Steps::CRITIC);
            fresh(generator, critic, Wasserstein, latent)
        }
        Form::Gp => {
            let generator = Player::new(generator, adam(0.5)());
            let critic = Player::new(discriminator, adam(0.5)()).steps(Steps::exactly(5));
            fresh(generator, critic, Wasserstein, latent)
                .discriminator_term(gradient_penalty(scale.gp))
        }
        Form::R1 => penalised(generator, discriminator, adam(0.0), latent, r1(scale.r1)),
        Form::Dragan => {
            let penalty = dragan(scale.dragan, scale.aside);
            penalised(generator, discriminator, adam(0.5), latent, penalty)
        }
    }
}

/// The non-saturating game with a penalty.
fn penalised(
    generator: impl Module + 'static,
    discriminator: impl Module + 'static,
    adam: impl Fn() -> Adam,
    latent: Latent,
    penalty: Term,
) -> Game {
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    let loss = Minimax { saturating: false };
    fresh(players.0, players.1, loss, latent).discriminator_term(penalty)
}

/// Fresh noise for each step, as in Algorithm 1.
fn fresh(
    generator: Player,
    discriminator: Player,
    loss: impl AdversarialLoss + 'static,
    latent: Latent,
) -> Game {
    let settings = Settings { fakes: Fakes::Fresh, ..Settings::default() };
    Game::new(generator, discriminator, loss, latent).settings(settings)
}
