//! How is a GAN of points put together from a list of choices?
//!
//! A [`Recipe`] is plain data: it can be written down, sent, compared and swept. What it leaves
//! unsaid is the same for all: biases start at 0, Adam, fresh noise for each step.

use autograd::Rng;
use clap::ValueEnum;
use gan::Game;
use layers::Init;
use serde::{Deserialize, Serialize};

use crate::kit::Kit;
use crate::numbers::{as_real, named};
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
    /// What a hidden unit is, of G and of D.
    pub units: [Units; 2],
    /// Which numbers weights start from.
    pub start: Start,
    /// Numbers of noise for each point, N(0, 1).
    pub noise: usize,
    /// Points in a batch.
    pub batch_size: usize,
    /// Learning rates, of G and of D.
    pub rates: [f64; 2],
    /// Adam's β₁ and β₂.
    pub betas: [f64; 2],
    /// Turns that a training has, which is what fading noise and falling rates go by.
    pub turns: u64,
    /// Whether the players see points divided by the root mean square of their coordinates.
    pub scaled: bool,
    /// What is done besides.
    pub tricks: Vec<Trick>,
}

impl Default for Recipe {
    fn default() -> Recipe {
        Recipe {
            loss: Loss::NonSaturating,
            width: [128; 2],
            hidden: [2; 2],
            units: [Units::Relu; 2],
            start: Start::Kaiming,
            noise: 2,
            batch_size: 128,
            rates: [1e-3; 2],
            betas: [0.5, 0.999],
            turns: 5000,
            scaled: true,
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

/// What a hidden unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Units {
    /// max(x·w + b, 0).
    Relu,
    /// The largest of [`Units::PIECES`] linear functions of x.
    Maxout,
}

impl Units {
    /// Linear functions in a maxout unit.
    pub const PIECES: usize = 5;
}

/// Which numbers weights start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// N(0, 2/inputs).
    Kaiming,
    /// N(0, 0.02²).
    Small,
}

impl Start {
    pub(crate) fn init(self) -> Init {
        match self {
            Start::Kaiming => Init::KaimingNormal,
            Start::Small => Init::Normal { std: 0.02 },
        }
    }
}

impl Recipe {
    /// The set-up of PacGAN's experiments on points: 400 epochs of 1000 batches.
    ///
    /// | | |
    /// |---|---|
    /// | generator | 4 hidden layers of 400 ReLU, batch norm |
    /// | discriminator | 3 hidden layers of 200 maxout units of 5 pieces |
    /// | start | weights N(0, 0.02²) |
    /// | noise | N(0, 1), 2 numbers |
    /// | batch | 100; packs make it 100 packs |
    /// | Adam | 1e-4, β (0.8, 0.999) |
    ///
    /// `packs` is m of PacGAN-m; 1 is the plain GAN.
    ///
    /// Source: Lin et al. 2018, "PacGAN: The power of two samples in generative adversarial
    /// networks", §4.1, and the authors' program. That draws batches from 100,000 points, moves
    /// both players at once and leaves out biases before batch norm; here each batch is of new
    /// points, D moves before G, and these biases do nothing.
    pub fn pacgan(packs: usize) -> Recipe {
        let mut tricks = vec![Trick::BatchNormG];
        if packs > 1 {
            tricks.push(Trick::Packing(packs as f64));
        }
        Recipe {
            width: [400, 200],
            hidden: [4, 3],
            units: [Units::Relu, Units::Maxout],
            start: Start::Small,
            batch_size: 100 * packs,
            rates: [1e-4; 2],
            betas: [0.8, 0.999],
            turns: 400_000,
            scaled: false,
            tricks,
            ..Recipe::default()
        }
    }

    /// The recipe that reaches all 25 modes of the grid, with at least 95 % of the points near one.
    ///
    /// DRAGAN finds the modes, a D that is faster by far draws the points to them, a wide G passes
    /// quickly from one to the next, falling rates and averaged weights keep what was reached, and
    /// the points that D scores lowest are left out.
    pub fn all_modes() -> Recipe {
        let tricks = [
            Trick::Dragan(1.0),
            Trick::FallingRates(0.5),
            Trick::Average(0.999),
            Trick::FasterD(8.0),
            Trick::TopSamples(0.94),
        ];
        Recipe {
            width: [256, 128],
            hidden: [3; 2],
            batch_size: 256,
            turns: 16_000,
            tricks: tricks.to_vec(),
            ..Recipe::default()
        }
    }

    /// The game before its first turn.
    ///
    /// # Panics
    /// If [`Recipe::check`] has something against it.
    #[track_caller]
    pub fn game(&self, dimensions: usize, rng: &mut Rng) -> Game {
        if let Err(why) = self.check() {
            panic!("recipe: {why}");
        }
        self.kit().assembled(dimensions, rng)
    }

    /// What the game is made of.
    pub(crate) fn kit(&self) -> Kit {
        let mut kit = Kit::plain(self);
        self.tricks.iter().for_each(|trick| trick.change(&mut kit));
        kit
    }

    /// The game on a toy, before its first turn.
    ///
    /// # Panics
    /// If [`Recipe::check`] has something against it.
    #[track_caller]
    pub fn toy_gan(&self, toy: ToyName, seed: u64) -> ToyGan {
        let game = self.game(2, &mut Rng::new(seed, "weights"));
        let estimates = self.loss == Loss::Wasserstein;
        ToyGan::new(game, toy.toy(), self.scaled, self.batch_size, estimates, seed)
    }

    /// Whether a game can be made of it.
    ///
    /// # Errors
    /// Says what is out of range, or which tricks contradict each other or the rest.
    pub fn check(&self) -> Result<(), String> {
        let sizes = [("batch size", self.batch_size), ("noise", self.noise)];
        let widths = self.width.map(|width| ("width", width));
        if let Some((name, _)) = sizes.into_iter().chain(widths).find(|(_, size)| *size == 0) {
            return Err(format!("the {name} is 0"));
        }
        if self.turns == 0 {
            return Err("the turns are 0".to_owned());
        }
        let is_rate = |rate: f64| rate > 0.0 && rate.is_finite();
        if let Some(rate) = self.rates.iter().find(|rate| !is_rate(as_real(**rate))) {
            return Err(format!("the learning rate {} is not a positive number", named(*rate)));
        }
        if let Some(beta) = self.betas.iter().find(|beta| !(0.0..1.0).contains(&as_real(**beta))) {
            return Err(format!("β = {} is not in [0, 1)", named(*beta)));
        }
        self.tricks.iter().try_for_each(|trick| trick.check())?;
        let d = self.kit().discriminator;
        let rate = f64::from(d.faster * d.plain_rate.unwrap_or(d.rate));
        if !is_rate(rate) {
            return Err(format!("`faster-d` makes D's learning rate {rate}: no positive number"));
        }
        for (i, trick) in self.tricks.iter().enumerate() {
            if self.tricks[..i].iter().any(|other| other.name() == trick.name()) {
                return Err(format!("the trick `{}` is there twice", trick.name()));
            }
            self.check_beside_the_rest(*trick)?;
        }
        let norms: Vec<String> = self.tricks.iter().filter_map(|t| norm_of_d(*t)).collect();
        match &norms[..] {
            [one, other, ..] => Err(format!("`{one}` and `{other}` both normalise D")),
            [one] if self.units[1] == Units::Maxout => {
                Err(format!("`{one}` is for a D of ReLU, not of maxout units"))
            }
            _ => Ok(()),
        }
    }

    fn check_beside_the_rest(&self, trick: Trick) -> Result<(), String> {
        let name = trick.name();
        let labels = matches!(self.loss, Loss::NonSaturating | Loss::LeastSquares);
        match trick {
            Trick::OneSided(_) if !labels => {
                Err(format!("`{name}` needs a loss with labels: non-saturating or least-squares"))
            }
            Trick::FeatureMatching(_) if self.hidden[1] == 0 => {
                Err(format!("`{name}` needs a D with hidden layers"))
            }
            Trick::Packing(size) if !self.batch_size.is_multiple_of(size as usize) => {
                Err(format!("`{name}`: packs of {size} do not fill batches of {}", self.batch_size))
            }
            Trick::GradientPenalty(_) | Trick::R1(_) | Trick::Dragan(_) => {
                match self.tricks.iter().find(|t| looks_at_the_batch(**t)) {
                    Some(other) => Err(format!(
                        "`{name}` is on D's slope at each point, and with `{}` a score depends on \
                         the whole batch (Gulrajani et al. 2017, §4); take `layer-norm-d` or none",
                        other.name()
                    )),
                    None => Ok(()),
                }
            }
            Trick::LeakyD(_) if self.units[1] == Units::Maxout => {
                Err(format!("`{name}` is for a D of ReLU, not of maxout units"))
            }
            Trick::FallingRates(_) => match self.tricks.iter().find(|t| is_open_ended(**t)) {
                Some(other) => Err(format!(
                    "`{name}` goes by a player's steps, and `{}` takes as many a turn as it needs: \
                     the rate would be 0 long before the last turn; take `d-steps` or `g-steps`",
                    other.name()
                )),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Whether nobody knows before how many steps a player takes.
fn is_open_ended(trick: Trick) -> bool {
    matches!(trick, Trick::WhileLossD(_) | Trick::WhileLossG(_))
}

/// Whether D's score of a point depends on the others of its batch. A pack is no such thing: its
/// points have one score together, and one slope.
fn looks_at_the_batch(trick: Trick) -> bool {
    matches!(trick, Trick::Minibatch(_) | Trick::BatchNormD)
}

/// The name of a trick that normalises D.
fn norm_of_d(trick: Trick) -> Option<String> {
    let is_norm = matches!(
        trick,
        Trick::SpectralNorm | Trick::WeightNorm | Trick::BatchNormD | Trick::LayerNormD
    );
    is_norm.then(|| trick.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Real, Tensor};
    use gan::{Adam, Fakes, Latent, Minimax, Player, Settings};
    use layers::{Activation, Linear, Sequential};

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
    fn without_tricks_it_is_the_plain_game_bit_for_bit() {
        let recipe = Recipe { width: [6, 5], batch_size: 4, ..Recipe::default() };
        let mut rng = Rng::new(0, "weights");
        let mut stack = |width: usize, outputs: usize| {
            let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, &mut rng);
            let model = Sequential::new().add(linear(2, width)).add(Activation::Relu);
            let model = model.add(linear(width, width)).add(Activation::Relu);
            Player::new(model.add(linear(width, outputs)), Adam::new(1e-3).betas(0.5, 0.999))
        };
        let (generator, discriminator) = (stack(6, 2), stack(5, 1));
        let loss = Minimax { saturating: false };
        let mut by_hand = Game::new(generator, discriminator, loss, Latent::Normal { size: 2 })
            .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() });
        let mut game = recipe.game(2, &mut Rng::new(0, "weights"));
        let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
        let (mut a, mut b) = (Rng::new(0, "noise"), Rng::new(0, "noise"));
        for _ in 0..3 {
            let (by_hand, found) = (by_hand.step(&real, &mut a), game.step(&real, &mut b));
            assert_eq!([by_hand.loss_d, by_hand.loss_g], [found.loss_d, found.loss_g]);
        }
    }

    #[test]
    fn networks_have_the_layers_that_the_recipe_says() {
        let recipe = Recipe { width: [5, 7], hidden: [2, 0], noise: 3, ..Recipe::default() };
        let game = recipe.game(2, &mut Rng::new(0, "weights"));
        assert_eq!(game.generator().param_count(), 3 * 5 + 5 + 5 * 5 + 5 + 5 * 2 + 2);
        assert_eq!(game.discriminator().param_count(), 2 + 1);
        let game = Recipe::pacgan(4).game(2, &mut Rng::new(0, "weights"));
        let generator = (2 + 3 * 400) * 400 + 4 * 3 * 400 + 400 * 2 + 2;
        let discriminator = 8 * 1000 + 2 * 200 * 1000 + 3 * 1000 + 200 + 1;
        assert_eq!(game.generator().param_count(), generator);
        assert_eq!(game.discriminator().param_count(), discriminator);
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

    /// D of packs, asked about single points, sees each repeated.
    #[test]
    fn a_pack_of_one_point_gives_its_score() {
        let tricks = vec![Trick::Packing(2.0)];
        let game = Recipe { tricks, ..Recipe::default() }.game(2, &mut Rng::new(0, "weights"));
        let x = Tensor::constant(Rng::new(0, "points").normal([3, 2]));
        let scores = game.scores(&x);
        assert_eq!(scores.shape(), &[3, 1].into());
        let twice: Vec<Real> = x.numbers().chunks(2).flat_map(|x| [x, x].concat()).collect();
        let packed = game.discriminator().forward(&Tensor::new([6, 2], &twice));
        assert_eq!(scores.numbers(), packed.numbers());
    }

    #[test]
    fn top_samples_are_those_that_d_scores_highest() {
        let tricks = vec![Trick::TopSamples(0.25)];
        let recipe = Recipe { tricks, width: [8; 2], ..Recipe::default() };
        let game = recipe.game(2, &mut Rng::new(0, "weights"));
        let kept = game.draw(5, &mut Rng::new(0, "draw"));
        let plain = Recipe { tricks: Vec::new(), ..recipe };
        let plain = plain.game(2, &mut Rng::new(0, "weights"));
        let all = plain.draw(20, &mut Rng::new(0, "draw"));
        let scores = |x: &Tensor| {
            let mut scores = game.scores(x).numbers().to_vec();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores
        };
        // A product of another size may round otherwise.
        let near = |(a, b): (&Real, &Real)| (a - b).abs() < 1e-5;
        assert!(scores(&kept).iter().zip(&scores(&all)).all(near));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let with = |tricks: &[Trick]| Recipe { tricks: tricks.to_vec(), ..Recipe::default() };
        let cases = [
            (Recipe { turns: 0, ..Recipe::default() }, "the turns are 0"),
            (Recipe { width: [0, 8], ..Recipe::default() }, "the width is 0"),
            (Recipe { rates: [1e-3, -1.0], ..Recipe::default() }, "the learning rate -1 is not"),
            (Recipe { betas: [0.5, 1.0], ..Recipe::default() }, "β = 1 is not in [0, 1)"),
            (with(&[Trick::R1(-1.0)]), "`r1` is -1, which has to be above 0"),
            (with(&[Trick::R1(1.0), Trick::R1(2.0)]), "the trick `r1` is there twice"),
            (with(&[Trick::Packing(3.0)]), "`packing`: packs of 3 do not fill batches of 128"),
            (
                with(&[Trick::GradientPenalty(1.0), Trick::Minibatch(8.0)]),
                "`gradient-penalty` is on D's slope at each point, and with `minibatch` a score",
            ),
            (
                with(&[Trick::BatchNormD, Trick::R1(1.0)]),
                "`r1` is on D's slope at each point, and with `batch-norm-d` a score depends",
            ),
            (
                with(&[Trick::Dragan(1.0), Trick::BatchNormD]),
                "`dragan` is on D's slope at each point",
            ),
            (
                with(&[Trick::LayerNormD, Trick::SpectralNorm]),
                "`layer-norm-d` and `spectral-norm` both normalise D",
            ),
            (
                Recipe { loss: Loss::Hinge, ..with(&[Trick::OneSided(0.9)]) },
                "`one-sided` needs a loss with labels",
            ),
            (
                Recipe { hidden: [2, 0], ..with(&[Trick::FeatureMatching(1.0)]) },
                "`feature-matching` needs a D with hidden layers",
            ),
            (
                with(&[Trick::WhileLossG(1.0), Trick::FallingRates(0.5)]),
                "`falling-rates` goes by a player's steps, and `while-loss-g` takes as many",
            ),
            (
                with(&[Trick::FallingRates(0.5), Trick::WhileLossD(1.0)]),
                "`falling-rates` goes by a player's steps, and `while-loss-d` takes as many",
            ),
        ];
        for (recipe, expected) in cases {
            let why = recipe.check().unwrap_err();
            assert!(why.starts_with(expected), "{why}");
        }
        let packs = [Trick::GradientPenalty(1.0), Trick::Packing(4.0), Trick::BatchNormG];
        assert_eq!(with(&packs).check(), Ok(()));
    }

    /// What an f64 still tells from the ends of its range, and an f32 does not.
    #[test]
    fn numbers_are_refused_for_what_the_engine_makes_of_them() {
        if size_of::<Real>() == 8 {
            return;
        }
        let faster = |by: f64| vec![Trick::FasterD(by)];
        let cases = [
            (Recipe { rates: [1e-3, 1e39], ..Recipe::default() }, "(here inf) is not a positive"),
            (Recipe { rates: [1e-50, 1e-3], ..Recipe::default() }, "(here 0) is not a positive"),
            (Recipe { betas: [0.5, 0.99999999], ..Recipe::default() }, "(here 1) is not in [0, 1)"),
            (Recipe { tricks: faster(1e-43), ..Recipe::default() }, "learning rate 0: no positive"),
            (
                Recipe { tricks: faster(1e38), rates: [1e3; 2], ..Recipe::default() },
                "learning rate inf: no positive",
            ),
        ];
        for (recipe, expected) in cases {
            let why = recipe.check().unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }
}
