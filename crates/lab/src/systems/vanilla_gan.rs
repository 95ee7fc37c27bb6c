//! What exactly is the vanilla GAN?
//!
//! A widely copied TensorFlow listing, the smallest GAN of digits: images of 28 x 28 in [0, 1],
//! taken as rows of 784 numbers.
//!
//! | | |
//! |---|---|
//! | generator | 100 -> 128, ReLU; -> 784, sigmoid |
//! | discriminator | 784 -> 128, ReLU; -> 1 |
//! | loss | D: -mean(ln D(x) + ln(1 - D(G(z)))); G: -mean(ln D(G(z))) |
//! | noise | U(-1, 1), drawn afresh for G's step |
//! | batch | 128 |
//! | Adam | 1e-3, β (0.9, 0.999), both players |
//! | start | weights N(0, 2 / inputs), which the listing calls Xavier; biases 0 |
//!
//! As printed, the loss takes the logarithm of a probability. In `f32` a logit above 17 is a
//! probability of exactly 1, so ln(1 - D) is -∞; what follows is NaN. The program that the listing
//! was made from computes the same function from the logits, which is [`Minimax`].

use autograd::{Real, Rng, Tensor};
use gan::{Adam, AdversarialLoss, Fakes, Game, Latent, Minimax, Player, Settings};
use layers::{Activation, Init, Linear, Sequential};

/// Images in a batch.
pub const BATCH_SIZE: usize = 128;

/// Numbers in an image.
pub const PIXELS: usize = 28 * 28;

/// Hidden units of each player.
pub const WIDTH: usize = 128;

/// The two players with so many hidden units each, before they have learnt anything.
pub fn sized(width: usize, as_printed: bool, rng: &mut Rng) -> Game {
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::XavierHalf, rng);
    let generator = Sequential::new()
        .add(linear(100, width))
        .add(Activation::Relu)
        .add(linear(width, PIXELS))
        .add(Activation::Sigmoid);
    let discriminator =
        Sequential::new().add(linear(PIXELS, width)).add(Activation::Relu).add(linear(width, 1));
    let [generator, discriminator] =
        [generator, discriminator].map(|model| Player::new(model, Adam::new(1e-3)));
    let latent = Latent::Uniform { size: 100 };
    let game = if as_printed {
        Game::new(generator, discriminator, LogOfProbability, latent)
    } else {
        Game::new(generator, discriminator, Minimax { saturating: false }, latent)
    };
    game.settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
}

/// The two players as in the listing.
pub fn game(rng: &mut Rng) -> Game {
    sized(WIDTH, false, rng)
}

/// The losses as printed, which overflow where the discriminator is sure:
///
/// L_D = -(1/n) Σ_i [ ln p(x_i) + ln(1 - p(G(z_i))) ],  L_G = -(1/n) Σ_i ln p(G(z_i)),
///
/// p = σ(s). Scores are logits s `[n, 1]`.
#[derive(Clone, Copy, Debug)]
pub struct LogOfProbability;

impl AdversarialLoss for LogOfProbability {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        -(real.sigmoid().ln() + (1.0 - fake.sigmoid()).ln()).mean()
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        -fake.sigmoid().ln().mean()
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        scores.detach().sigmoid().numbers().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::{State, Stateful};

    #[test]
    fn the_game_has_the_numbers_of_the_listing() {
        assert_eq!((BATCH_SIZE, WIDTH), (128, 128));
        let by_hand = |as_printed| {
            let mut rng = Rng::new(0, "weights");
            // The listing's Xavier has the standard deviation 1 / √(inputs / 2).
            let mut linear = |i: usize, o| {
                let std = (1.0 / (i as f64 / 2.0).sqrt()) as Real;
                Linear::new(i, o, Init::Normal { std }, &mut rng)
            };
            let g = Sequential::new().add(linear(100, 6)).add(Activation::Relu);
            let g = g.add(linear(6, 784)).add(Activation::Sigmoid);
            let d = Sequential::new().add(linear(784, 6)).add(Activation::Relu).add(linear(6, 1));
            let [g, d] = [g, d].map(|model| Player::new(model, Adam::new(1e-3).betas(0.9, 0.999)));
            let latent = Latent::Uniform { size: 100 };
            let game = match as_printed {
                true => Game::new(g, d, LogOfProbability, latent),
                false => Game::new(g, d, Minimax { saturating: false }, latent),
            };
            game.settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
        };
        let real = Tensor::constant(Rng::new(0, "data").uniform([6, 784], 0.0, 1.0));
        let played = |mut game: Game| {
            let mut rng = Rng::new(0, "noise");
            (0..3).for_each(|_| drop(game.step(&real, &mut rng)));
            let mut state = State::new();
            game.put(&mut state);
            state.to_bytes(None)
        };
        for as_printed in [true, false] {
            let found = played(sized(6, as_printed, &mut Rng::new(0, "weights")));
            assert!(found == played(by_hand(as_printed)), "{as_printed}");
        }
    }

    #[test]
    fn both_forms_agree_until_the_discriminator_is_sure() {
        let (real, fake) = (Tensor::new([2, 1], &[1.0, -2.0]), Tensor::new([2, 1], &[0.5, 3.0]));
        let (printed, fixed) = (LogOfProbability, Minimax { saturating: false });
        let close = |a: Tensor, b: Tensor| assert!((a.item() - b.item()).abs() < 1e-5);
        close(printed.discriminator(&real, &fake), fixed.discriminator(&real, &fake));
        close(printed.generator(&fake), fixed.generator(&fake));
        // Beyond every precision of a sigmoid.
        let sure = Tensor::new([1, 1], &[800.0]);
        assert_eq!(printed.discriminator(&real, &sure).item(), Real::INFINITY);
        assert!((fixed.discriminator(&sure, &sure).item() - 800.0).abs() < 1e-3);
        assert_eq!(printed.generator(&-&sure).item(), Real::INFINITY);
    }
}
