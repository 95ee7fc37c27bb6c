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
//! But for bounded weights, whose learning rate stays as published, both players descend at the full
//! rate for half of the turns, and then ever more slowly: to nothing at the last.
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
use gan::{Schedule, Steps, Wasserstein};
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

/// What one chooses of a form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// What keeps the discriminator from being too steep.
    pub form: Form,
    /// Hidden units of each layer.
    pub width: usize,
    /// The factor of the penalty; that of the table if none is given.
    pub penalty: Option<f64>,
    /// Turns until the learning rates have fallen to 0, from half of them on; none if they stay.
    pub fall: Option<u64>,
}

/// A game on points of the plane.
pub fn on_points(choice: Choice, rng: &mut Rng) -> Game {
    let width = choice.width;
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
    game(choice, models.0, models.1, Latent::Normal { size: 2 }, POINTS)
}

/// The same on images of 28 x 28, as rows of numbers.
pub fn on_digits(choice: Choice, rng: &mut Rng) -> Game {
    let [generator, discriminator] = mnist_gan::models(choice.width, rng);
    let latent = Latent::Uniform { size: mnist_gan::LATENT };
    game(choice, generator, discriminator, latent, IMAGES)
}

impl Scale {
    fn with(self, penalty: Option<f64>) -> Scale {
        let Some(penalty) = penalty else { return self };
        let factor = penalty as Real;
        Scale { gp: factor, r1: factor, dragan: factor, ..self }
    }
}

fn game(
    choice: Choice,
    generator: impl Module + 'static,
    discriminator: impl Module + 'static,
    latent: Latent,
    scale: Scale,
) -> Game {
    let Choice { form, penalty, fall, .. } = choice;
    let scale = scale.with(penalty);
    let descent = |beta1| Descent { rate: scale.rate, beta1, fall };
    match form {
        Form::Clip => {
            let generator = Player::new(generator, RmsProp::new(5e-5));
            let critic = Player::new(discriminator, RmsProp::new(5e-5));
            let critic = critic.keep_weights_within(0.01).steps(Steps::CRITIC);
            fresh(generator, critic, Wasserstein, latent)
        }
        Form::Gp => {
            let generator = descent(0.5).player(generator, 1);
            let critic = descent(0.5).player(discriminator, 5);
            fresh(generator, critic, Wasserstein, latent)
                .discriminator_term(gradient_penalty(scale.gp))
        }
        Form::R1 | Form::Dragan => {
            let (beta1, penalty) = match form {
                Form::R1 => (0.0, r1(scale.r1)),
                _ => (0.5, dragan(scale.dragan, scale.aside)),
            };
            let generator = descent(beta1).player(generator, 1);
            let discriminator = descent(beta1).player(discriminator, 1);
            let loss = Minimax { saturating: false };
            fresh(generator, discriminator, loss, latent).discriminator_term(penalty)
        }
    }
}

/// Adam with β₂ = 0.9, at a rate that may fall.
struct Descent {
    rate: Real,
    beta1: Real,
    fall: Option<u64>,
}

impl Descent {
    /// A player that takes so many steps a turn.
    fn player(&self, model: impl Module + 'static, steps: u64) -> Player {
        let player = Player::new(model, Adam::new(self.rate).betas(self.beta1, 0.9));
        let player = player.steps(Steps::exactly(steps as usize));
        match self.fall {
            // A player's schedule counts its own steps.
            Some(turns) => {
                player.schedule(Schedule::Linear { from: steps * turns / 2, to: steps * turns })
            }
            None => player,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tensor;
    use layers::{State, Stateful};

    /// The games of the table: on points, or on digits.
    fn expected(form: Form, points: bool, weight: Real, [g, d]: [Sequential; 2]) -> Game {
        let (rate, aside) = if points { (1e-3, 0.1) } else { (2e-4, 0.5) };
        let latent = if points { Latent::Normal { size: 2 } } else { Latent::Uniform { size: 96 } };
        // Of four turns the rates fall over the last two.
        let adam = |model, beta1, steps, [from, to]: [u64; 2]| {
            Player::new(model, Adam::new(rate).betas(beta1, 0.9))
                .steps(Steps::exactly(steps))
                .schedule(Schedule::Linear { from, to })
        };
        let non_saturating = Minimax { saturating: false };
        let game = match form {
            Form::Clip => {
                let [g, d] = [g, d].map(|model| Player::new(model, RmsProp::new(5e-5)));
                let steps = Steps::exactly(5).long_turns(100, 25, 500);
                Game::new(g, d.keep_weights_within(0.01).steps(steps), Wasserstein, latent)
            }
            Form::Gp => {
                let (g, d) = (adam(g, 0.5, 1, [2, 4]), adam(d, 0.5, 5, [10, 20]));
                Game::new(g, d, Wasserstein, latent).discriminator_term(gradient_penalty(weight))
            }
            Form::R1 => {
                let (g, d) = (adam(g, 0.0, 1, [2, 4]), adam(d, 0.0, 1, [2, 4]));
                Game::new(g, d, non_saturating, latent).discriminator_term(r1(weight))
            }
            Form::Dragan => {
                let (g, d) = (adam(g, 0.5, 1, [2, 4]), adam(d, 0.5, 1, [2, 4]));
                Game::new(g, d, non_saturating, latent).discriminator_term(dragan(weight, aside))
            }
        };
        game.settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
    }

    fn played(mut game: Game, real: &Tensor) -> Vec<u8> {
        let mut rng = Rng::new(0, "noise");
        (0..3).for_each(|_| drop(game.step(real, &mut rng)));
        let mut state = State::new();
        game.put(&mut state);
        state.to_bytes(None)
    }

    #[test]
    fn each_form_plays_by_the_numbers_of_the_table() {
        let mut rng = Rng::new(0, "data");
        let (pairs, digits) = (rng.normal([4, 2]), rng.uniform([4, 784], -1.0, 1.0));
        let relu = Activation::Relu;
        for form in Form::value_variants() {
            for (penalty, on_points_, on_digits_) in [(None, 1.0, 10.0), (Some(3.0), 3.0, 3.0)] {
                let choice = Choice { form: *form, width: 4, penalty, fall: Some(4) };
                let weights = || Rng::new(0, "weights");
                let mut rng = weights();
                let mut stack = |outputs| {
                    let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, &mut rng);
                    let model = Sequential::new().add(linear(2, 4)).add(relu);
                    let model = model.add(linear(4, 4)).add(relu).add(linear(4, 4)).add(relu);
                    model.add(linear(4, outputs))
                };
                let models = [stack(2), stack(1)];
                let real = Tensor::constant(pairs.clone());
                let found = played(on_points(choice, &mut weights()), &real);
                let by_hand = played(expected(*form, true, on_points_, models), &real);
                assert!(found == by_hand, "{form:?} on points");
                let models = mnist_gan::models(4, &mut weights());
                let real = Tensor::constant(digits.clone());
                let found = played(on_digits(choice, &mut weights()), &real);
                let by_hand = played(expected(*form, false, on_digits_, models), &real);
                assert!(found == by_hand, "{form:?} on digits");
            }
        }
    }
}
