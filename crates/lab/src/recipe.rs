//! How is a GAN of points put together from a list of choices?
//!
//! A [`Recipe`] is plain data: it can be written down, sent, compared and swept. What it leaves
//! unsaid is the same for all: networks of [`Recipe::hidden`] layers with ReLU, weights
//! N(0, 2/inputs), biases 0, Adam, fresh noise for each step.

use autograd::{Real, Rng};
use clap::ValueEnum;
use gan::{Adam, Fakes, Game, Hinge, Latent, LeastSquares, Minimax, Player};
use gan::{Relativistic, Settings, Steps, Wasserstein};
use layers::{Activation, Init, Linear, Sequential};
use serde::{Deserialize, Serialize};

use crate::toy_gan::ToyGan;
use crate::toys::ToyName;
use crate::tricks::Trick;

/// All that decides how a GAN of points is built and trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// What each player wants.
    pub loss: Loss,
    /// Units of a hidden layer, of G and of D.
    pub width: [usize; 2],
    /// Hidden layers, of G and of D.
    pub hidden: [usize; 2],
    /// Numbers of noise for each point, N(0, 1).
    pub noise: usize,
    /// Points in a batch.
    pub batch_size: usize,
    /// Learning rates, of G and of D.
    pub rates: [f64; 2],
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// What is done besides.
    pub tricks: Vec<Trick>,
}

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            loss: Loss::NonSaturating,
            width: [128; 2],
            hidden: [2; 2],
            noise: 2,
            batch_size: 128,
            rates: [1e-3; 2],
            betas: [0.5, 0.999],
            tricks: Vec::new(),
        }
    }
}

/// The losses by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Goodfellow's, where G maximises ln D(G(z)).
    #[default]
    NonSaturating,
    /// Goodfellow's, where G minimises ln(1 - D(G(z))).
    Saturating,
    /// Mao et al.'s.
    LeastSquares,
    /// Lim and Ye's.
    Hinge,
    /// Arjovsky et al.'s; it needs a bound on D's slope.
    Wasserstein,
    /// Jolicoeur-Martineau's, against the other kind's average.
    Relativistic,
}

impl Recipe {
    /// The game before its first turn.
    pub fn game(&self, dimensions: usize, rng: &mut Rng) -> Game {
        let mut stack = |inputs: usize, side: usize, outputs: usize| {
            let (width, hidden) = (self.width[side], self.hidden[side]);
            let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, rng);
            let mut model = Sequential::new();
            for layer in 0..hidden {
                let from = if layer == 0 { inputs } else { width };
                model = model.add(linear(from, width)).add(Activation::Relu);
            }
            model.add(linear(if hidden == 0 { inputs } else { width }, outputs))
        };
        let (generator, discriminator) =
            (stack(self.noise, 0, dimensions), stack(dimensions, 1, 1));
        let [beta1, beta2] = self.betas.map(|beta| beta as Real);
        let adam = |side: usize| Adam::new(self.rates[side] as Real).betas(beta1, beta2);
        let steps = |of: fn(&Trick) -> Option<f64>| {
            Steps::exactly(self.tricks.iter().find_map(of).map_or(1, |steps| steps as usize))
        };
        let (of_g, of_d) = (
            steps(|trick| if let Trick::GSteps(n) = trick { Some(*n) } else { None }),
            steps(|trick| if let Trick::DSteps(n) = trick { Some(*n) } else { None }),
        );
        let players = [
            Player::new(generator, adam(0)).steps(of_g),
            Player::new(discriminator, adam(1)).steps(of_d),
        ];
        let settings = Settings { fakes: Fakes::Fresh, ..Settings::default() };
        let latent = Latent::Normal { size: self.noise };
        let [generator, discriminator] = players;
        let game = self.loss.game(generator, discriminator, latent).settings(settings);
        self.tricks.iter().fold(game, |game, trick| trick.added_to(game))
    }

    /// The game on a toy, before its first turn.
    pub fn toy_gan(&self, toy: ToyName, seed: u64) -> ToyGan {
        let game = self.game(2, &mut Rng::new(seed, "weights"));
        let estimates = self.loss == Loss::Wasserstein;
        ToyGan::new(game, toy.toy(), self.batch_size, estimates, seed)
    }

    /// Whether a game can be made of its tricks.
    ///
    /// # Errors
    /// Says which number is out of range, or which trick is there twice.
    pub fn check(&self) -> Result<(), String> {
        for (i, trick) in self.tricks.iter().enumerate() {
            trick.check()?;
            if self.tricks[..i].iter().any(|other| other.name() == trick.name()) {
                return Err(format!("the trick `{}` is there twice", trick.name()));
            }
        }
        Ok(())
    }
}

impl Loss {
    fn game(self, generator: Player, discriminator: Player, latent: Latent) -> Game {
        let (g, d) = (generator, discriminator);
        match self {
            Loss::NonSaturating => Game::new(g, d, Minimax { saturating: false }, latent),
            Loss::Saturating => Game::new(g, d, Minimax { saturating: true }, latent),
            Loss::LeastSquares => Game::new(g, d, LeastSquares::default(), latent),
            Loss::Hinge => Game::new(g, d, Hinge, latent),
            Loss::Wasserstein => Game::new(g, d, Wasserstein, latent),
            Loss::Relativistic => Game::new(g, d, Relativistic::Average, latent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tensor;
    use layers::Module;

    #[test]
    fn a_recipe_that_says_nothing_is_the_default() {
        let empty: Recipe = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, Recipe::default());
        let written = serde_json::to_string(&Recipe {
            tricks: vec![Trick::R1(0.5)],
            loss: Loss::Hinge,
            ..Recipe::default()
        });
        let read: Recipe = serde_json::from_str(&written.unwrap()).unwrap();
        assert_eq!((read.loss, read.tricks), (Loss::Hinge, vec![Trick::R1(0.5)]));
        assert!(serde_json::from_str::<Recipe>(r#"{"widht": [8, 8]}"#).is_err());
    }

    #[test]
    fn networks_have_the_layers_that_the_recipe_says() {
        let recipe = Recipe { width: [5, 7], hidden: [2, 0], noise: 3, ..Recipe::default() };
        let game = recipe.game(2, &mut Rng::new(0, "weights"));
        let numbers = |model: &dyn Module| -> usize {
            model.params().iter().map(|p| p.tensor().numbers().len()).sum()
        };
        assert_eq!(numbers(game.generator()), 3 * 5 + 5 + 5 * 5 + 5 + 5 * 2 + 2);
        assert_eq!(numbers(game.discriminator()), 2 + 1);
    }

    #[test]
    fn wrong_tricks_are_refused_by_name() {
        let with = |tricks: &[Trick]| Recipe { tricks: tricks.to_vec(), ..Recipe::default() };
        assert_eq!(with(&[Trick::R1(0.5), Trick::Dragan(2.0)]).check(), Ok(()));
        for (tricks, expected) in [
            (&[Trick::R1(-1.0)][..], "`r1` is -1, which has to be above 0"),
            (&[Trick::DSteps(1.5)], "`d-steps` is 1.5, which has to be 1, 2, 3, ... 1000"),
            (&[Trick::R1(1.0), Trick::R1(2.0)], "the trick `r1` is there twice"),
        ] {
            assert_eq!(with(tricks).check(), Err(expected.to_owned()));
        }
    }

    #[test]
    fn every_loss_and_penalty_plays_a_turn() {
        let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
        for loss in Loss::value_variants() {
            let tricks = vec![Trick::R1(1.0), Trick::Dragan(1.0), Trick::GradientPenalty(1.0)];
            let recipe = Recipe { loss: *loss, tricks, width: [4; 2], ..Recipe::default() };
            let mut game = recipe.game(2, &mut Rng::new(0, "weights"));
            let report = game.step(&real, &mut Rng::new(0, "noise"));
            assert!(report.loss_d.is_finite() && report.without_gradient.is_empty(), "{loss:?}");
        }
    }
}
