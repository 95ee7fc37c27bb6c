//! What is a game of points made of, before it is put together?
//!
//! A [`Kit`] has a place for every choice, and each trick changes one of them. At first nothing is
//! done besides: networks of linear layers with ReLU, Adam, one step each, fresh noise.

use autograd::{Real, Rng};
use gan::matching::{feature_matching, moment_matching};
use gan::penalties::{dragan, gradient_penalty, r1};
use gan::{Adam, Bce, Clip, Fakes, Game, Hinge, InputNoise, Latent, LeastSquares};
use gan::{Minimax, Player, Pool, Relativistic, Schedule, Settings, Sgd, Steps, Wasserstein};
use layers::{Activation, BatchNorm, Dropout, Init, LayerNorm, Linear, Maxout};
use layers::{MinibatchDiscrimination, Pack, Sequential, SpectralNorm, WeightNorm};

use crate::recipe::{Loss, Recipe, Start, Units};

/// Numbers that each kernel of minibatch discrimination measures a distance by.
const KERNEL_SIZE: usize = 5;

/// DRAGAN's standard deviation of the steps aside, of data whose coordinates are about 1.
const ASIDE: Real = 0.1;

/// How many steps a player that waits for its loss to fall takes at most in a turn.
const PATIENCE: usize = 10;

/// The parts of a game.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) loss: Loss,
    /// D's target for real points.
    pub(crate) real_label: Real,
    pub(crate) generator: Side,
    pub(crate) discriminator: Side,
    pub(crate) penalties: Vec<Penalty>,
    /// The factor of feature matching.
    pub(crate) feature_matching: Option<Real>,
    /// The factor of moment matching, which fades over the first half of the turns.
    pub(crate) moment_matching: Option<Real>,
    pub(crate) joined: bool,
    /// The standard deviation of noise on what D sees, which fades over all turns.
    pub(crate) input_noise: Option<Real>,
    pub(crate) unrolled: usize,
    /// The room of the pool of past points.
    pub(crate) pool: Option<usize>,
    /// The decay of the generator's average.
    pub(crate) average: Option<Real>,
    /// The share of the turns after which rates fall.
    pub(crate) falling: Option<f64>,
    /// The share of generated points that is used: those that D scores highest.
    pub(crate) keep: Option<f64>,
    noise: usize,
    turns: u64,
}

/// A player's network and how it learns.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) width: usize,
    pub(crate) hidden: usize,
    pub(crate) units: Units,
    pub(crate) start: Start,
    pub(crate) activation: Activation,
    pub(crate) norm: Norm,
    pub(crate) dropout: Option<Dropout>,
    /// Points in a pack; 1 is without packs.
    pub(crate) pack: usize,
    /// The kernels of minibatch discrimination before the last layer.
    pub(crate) kernels: usize,
    /// Adam's rate.
    pub(crate) rate: Real,
    pub(crate) betas: [Real; 2],
    /// The rate of a descent without Adam.
    pub(crate) plain_rate: Option<Real>,
    /// A factor of either rate.
    pub(crate) faster: Real,
    pub(crate) steps: usize,
    pub(crate) while_above: Option<Real>,
    pub(crate) clip: Option<Real>,
    pub(crate) weight_bound: Option<Real>,
    pub(crate) history: Option<Real>,
}

/// What is normalised in a network, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Norm {
    None,
    /// Each unit over the batch.
    Batch,
    /// Each point over the units.
    Layer,
    /// Each weight matrix by its largest factor.
    Spectral,
    /// Each unit's weights by their length.
    Weight,
}

/// A penalty by its kind and factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Penalty {
    Gradient(Real),
    R1(Real),
    Dragan(Real),
}

impl Kit {
    /// The plain game of a recipe.
    pub(crate) fn plain(recipe: &Recipe) -> Kit {
        let side = |i: usize| Side {
            width: recipe.width[i],
            hidden: recipe.hidden[i],
            units: recipe.units[i],
            start: recipe.start,
            activation: Activation::Relu,
            norm: Norm::None,
            dropout: None,
            pack: 1,
            kernels: 0,
            rate: recipe.rates[i] as Real,
            betas: recipe.betas.map(|beta| beta as Real),
            plain_rate: None,
            faster: 1.0,
            steps: 1,
            while_above: None,
            clip: None,
            weight_bound: None,
            history: None,
        };
        Kit {
            loss: recipe.loss,
            real_label: 1.0,
            generator: side(0),
            discriminator: side(1),
            penalties: Vec::new(),
            feature_matching: None,
            moment_matching: None,
            joined: false,
            input_noise: None,
            unrolled: 0,
            pool: None,
            average: None,
            falling: None,
            keep: None,
            noise: recipe.noise,
            turns: recipe.turns,
        }
    }

    /// Puts the game together.
    pub(crate) fn assembled(&self, dimensions: usize, rng: &mut Rng) -> Game {
        let generator = self.generator.network(self.noise, dimensions, rng);
        let discriminator = self.discriminator.network(dimensions, 1, rng);
        let settings = Settings {
            fakes: Fakes::Fresh,
            joined: self.joined,
            input_noise: self.input_noise.map(|std| InputNoise { std, until: self.turns }),
            packed: self.discriminator.pack,
            unrolled: self.unrolled,
            keep: self.keep,
            ..Settings::default()
        };
        let generator = self.generator.player(generator, self.falling, self.turns);
        let discriminator = self.discriminator.player(discriminator, self.falling, self.turns);
        let mut game = self.game(generator, discriminator).settings(settings);
        for penalty in &self.penalties {
            game = game.discriminator_term(match *penalty {
                Penalty::Gradient(weight) => gradient_penalty(weight),
                Penalty::R1(weight) => r1(weight),
                Penalty::Dragan(weight) => dragan(weight, ASIDE),
            });
        }
        if let Some(weight) = self.feature_matching {
            game = game.generator_term(feature_matching(weight));
        }
        if let Some(weight) = self.moment_matching {
            let fading = Schedule::Linear { from: 0, to: self.turns.div_ceil(2) };
            game = game.annealed_generator_term(fading, moment_matching(weight));
        }
        if let Some(size) = self.pool {
            game = game.replay(Pool::new(size, [dimensions]));
        }
        if let Some(decay) = self.average {
            // A stream of its own: the copy's numbers do not matter, and the game's stay the same.
            let mut unused = Rng::new(0, "copy");
            let copy = self.generator.network(self.noise, dimensions, &mut unused);
            game = game.averaged(copy, decay);
        }
        game
    }

    /// The game without anything but its loss.
    fn game(&self, g: Player, d: Player) -> Game {
        let (latent, real_label) = (Latent::Normal { size: self.noise }, self.real_label);
        match self.loss {
            // The same loss where the label is 1, up to rounding.
            Loss::NonSaturating if real_label < 1.0 => {
                Game::new(g, d, Bce { real_label, ..Bce::default() }, latent)
            }
            Loss::NonSaturating => Game::new(g, d, Minimax { saturating: false }, latent),
            Loss::Saturating => Game::new(g, d, Minimax { saturating: true }, latent),
            Loss::LeastSquares => {
                Game::new(g, d, LeastSquares { real_label, ..LeastSquares::default() }, latent)
            }
            Loss::Hinge => Game::new(g, d, Hinge, latent),
            Loss::Wasserstein => Game::new(g, d, Wasserstein, latent),
            Loss::Relativistic => Game::new(g, d, Relativistic::Average, latent),
        }
    }
}

impl Side {
    /// How many steps it takes in a turn at most.
    pub(crate) fn most_steps(&self) -> usize {
        if self.while_above.is_some() { PATIENCE.max(self.steps) } else { self.steps }
    }

    fn network(&self, inputs: usize, outputs: usize, rng: &mut Rng) -> Sequential {
        let mut model = Sequential::new();
        let mut size = inputs;
        if self.pack > 1 {
            model = model.add(Pack::new(self.pack));
            size *= self.pack;
        }
        for _ in 0..self.hidden {
            model = self.add_hidden(model, size, rng);
            size = self.width;
        }
        if self.kernels > 0 {
            let (kernels, init) = (self.kernels, Init::XavierNormal);
            let layer = MinibatchDiscrimination::new(size, kernels, KERNEL_SIZE, init, rng);
            model = model.add(layer);
            size += kernels;
        }
        self.add_linear(model, size, outputs, rng)
    }

    /// One hidden layer with all that belongs to it.
    fn add_hidden(&self, mut model: Sequential, inputs: usize, rng: &mut Rng) -> Sequential {
        model = match self.units {
            Units::Relu => self.add_linear(model, inputs, self.width, rng),
            Units::Maxout => {
                model.add(Maxout::new(inputs, self.width, Units::PIECES, self.start.init(), rng))
            }
        };
        model = match self.norm {
            Norm::Batch => model.add(BatchNorm::pytorch(self.width)),
            Norm::Layer => model.add(LayerNorm::new(self.width)),
            Norm::None | Norm::Spectral | Norm::Weight => model,
        };
        if self.units == Units::Relu {
            model = model.add(self.activation);
        }
        if let Some(dropout) = self.dropout { model.add(dropout) } else { model }
    }

    fn add_linear(&self, model: Sequential, i: usize, o: usize, rng: &mut Rng) -> Sequential {
        let linear = Linear::new(i, o, self.start.init(), rng);
        match self.norm {
            Norm::Spectral => model.add(SpectralNorm::new(linear, rng)),
            Norm::Weight => model.add(WeightNorm::new(linear)),
            Norm::None | Norm::Batch | Norm::Layer => model.add(linear),
        }
    }

    fn player(&self, model: Sequential, falling: Option<f64>, turns: u64) -> Player {
        let mut player = match self.plain_rate {
            Some(rate) => Player::new(model, Sgd::new(self.faster * rate)),
            None => {
                let [beta1, beta2] = self.betas;
                Player::new(model, Adam::new(self.faster * self.rate).betas(beta1, beta2))
            }
        };
        let steps = Steps::exactly(self.steps);
        player = player.steps(match self.while_above {
            Some(bound) => steps.while_above(bound, self.most_steps()),
            None => steps,
        });
        if let Some(share) = falling {
            let to = turns * self.steps as u64;
            player = player.schedule(Schedule::Linear { from: (share * to as f64) as u64, to });
        }
        if let Some(norm) = self.clip {
            player = player.clip(Clip::GlobalNorm(norm));
        }
        if let Some(bound) = self.weight_bound {
            player = player.keep_weights_within(bound);
        }
        if let Some(weight) = self.history {
            player = player.hold_to_the_past(weight);
        }
        player
    }
}
