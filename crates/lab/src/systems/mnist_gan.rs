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

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Real, Tensor};
    use layers::{State, Stateful};

    fn real() -> Tensor {
        Tensor::constant(Rng::new(0, "data").uniform([6, 784], -1.0, 1.0))
    }

    /// The notebook's game with 8 and 2 hidden units, by its numbers.
    fn by_hand(attached: bool) -> Game {
        let mut rng = Rng::new(0, "weights");
        let mut linear =
            |i, o| Linear::new(i, o, Init::FanIn, &mut rng).with_bias(Init::FanIn, &mut rng);
        let (relu, leaky) = (Activation::Relu, Activation::LeakyRelu(0.2));
        let g = Sequential::new().add(linear(96, 8)).add(relu).add(linear(8, 8)).add(relu);
        let g = g.add(linear(8, 784)).add(Activation::Tanh);
        let d = Sequential::new().add(linear(784, 2)).add(leaky).add(linear(2, 2)).add(leaky);
        let d = d.add(linear(2, 1));
        let [g, d] = [g, d].map(|model| Player::new(model, Adam::new(3e-4).betas(0.5, 0.999)));
        let settings = Settings { fakes: Fakes::Rebuilt, attached, ..Settings::default() };
        Game::new(g, d, Bce::default(), Latent::Uniform { size: 96 }).settings(settings)
    }

    fn played(mut game: Game) -> Vec<u8> {
        let mut rng = Rng::new(0, "noise");
        (0..3).for_each(|_| drop(game.step(&real(), &mut rng)));
        let mut state = State::new();
        game.put(&mut state);
        state.to_bytes(None)
    }

    #[test]
    fn the_game_has_the_numbers_of_the_notebook() {
        assert_eq!((BATCH_SIZE, WIDTH), (128, 1024));
        for as_printed in [true, false] {
            let found = played(sized(8, as_printed, &mut Rng::new(0, "weights")));
            assert!(found == played(by_hand(as_printed)), "{as_printed}");
        }
    }

    /// Both losses of a turn, from D's scores before its step and after it.
    #[test]
    fn each_loss_is_that_of_its_name() {
        type Scores<'a> = &'a [f64];
        let mean = |x: Scores<'_>, f: &dyn Fn(f64) -> f64| {
            x.iter().map(|x| f(*x)).sum::<f64>() / x.len() as f64
        };
        let softplus = |x: f64| x.exp().ln_1p();
        let above = |high: Scores<'_>, low: Scores<'_>| {
            let (h, l) = (mean(high, &|x| x), mean(low, &|x| x));
            mean(high, &|x| softplus(l - x)) + mean(low, &|x| softplus(x - h))
        };
        type Formula<'a> = &'a dyn Fn(Scores<'_>, Scores<'_>) -> f64;
        let losses: [(Loss, Formula<'_>, Formula<'_>); 4] = [
            (Loss::Bce, &|r, f| mean(r, &|s| softplus(-s)) + mean(f, &softplus), &|_, f| {
                mean(f, &|s| softplus(-s))
            }),
            (
                Loss::LeastSquares,
                &|r, f| 0.5 * (mean(r, &|s| (s - 1.0).powi(2)) + mean(f, &|s| s.powi(2))),
                &|_, f| 0.5 * mean(f, &|s| (s - 1.0).powi(2)),
            ),
            (
                Loss::Hinge,
                &|r, f| mean(r, &|s| (1.0 - s).max(0.0)) + mean(f, &|s| (1.0 + s).max(0.0)),
                &|_, f| -mean(f, &|s| s),
            ),
            (Loss::Relativistic, &|r, f| above(r, f), &|r, f| above(f, r)),
        ];
        assert_eq!(losses.map(|(loss, ..)| loss), Loss::value_variants());
        for (loss, of_d, of_g) in losses {
            let mut game = with_loss(loss, 8, false, &mut Rng::new(0, "weights"));
            let noise = Rng::new(0, "noise").uniform([6, 96], -1.0, 1.0);
            let fake = game.generate(&Tensor::constant(noise)).detach();
            let scores = |game: &Game| -> [Vec<f64>; 2] {
                let wide = |s: &Real| f64::from(*s);
                [&real(), &fake].map(|x| game.scores(x).numbers().iter().map(wide).collect())
            };
            let [r, f] = scores(&game);
            let report = game.step(&real(), &mut Rng::new(0, "noise"));
            let near = |found: Real, expected: f64| {
                assert!((f64::from(found) - expected).abs() < 1e-5, "{loss:?} {found} {expected}");
            };
            near(report.loss_d, of_d(&r, &f));
            let [r, f] = scores(&game);
            near(report.loss_g, of_g(&r, &f));
        }
    }
}
