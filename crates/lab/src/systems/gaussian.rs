//! What exactly is the Gaussian GAN?
//!
//! The first GAN of the MXNet Gluon tutorial, in its two versions. The data are 1000 points of
//! [`AffineGaussian::TUTORIAL`]. The generator is one linear layer, so it can become exactly the
//! data's distribution, and what it has become can be read off its weights.
//!
//! | | softmax, the first version | BCE, the newer one |
//! |---|---|---|
//! | generator | linear 2 -> 2 | the same |
//! | discriminator | 2 -> 5, tanh; -> 3, tanh; -> **2** | the same, -> **1** at the end |
//! | loss | softmax cross-entropy | BCE with logits, D's two terms averaged |
//! | batch | 4 | 8 |
//! | Adam | G 0.01, D 0.05 | G 0.005, D 0.05 |
//! | epochs | 10 | 20 |
//! | start | weights N(0, 0.02²), biases 0 | weights and biases N(0, 0.02²) |
//!
//! Adam's other settings are the paper's. Noise is N(0, 1). The generator's step is judged on
//! the very samples the discriminator has just seen, after the discriminator has moved.

use autograd::{Array, Real, Rng, Tensor, grad};
use gan::{Adam, Bce, Doctor, Finding, Game, Latent, Player, SoftmaxCrossEntropy};
use layers::{Activation, Init, Linear, Sequential};

use crate::{AffineGaussian, Gaussian2, points, shuffled_batches};

/// Points in the data set.
const POINTS: usize = 1000;

/// Turns from one examination by the doctor to the next: half an epoch.
const EXAMINE_EVERY: u64 = 125;

/// Real points that the doctor compares the generator's with. An examination takes time with their
/// square, and a turn of these players takes microseconds.
const EXAMINED: usize = 128;

/// Which of the tutorial's two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Two-class logits and softmax cross-entropy.
    Softmax,
    /// One logit and binary cross-entropy.
    Bce,
}

impl Version {
    /// How long the tutorial trains it.
    pub fn epochs(self) -> usize {
        match self {
            Version::Softmax => 10,
            Version::Bce => 20,
        }
    }

    /// How many points it sees at once.
    pub fn batch_size(self) -> usize {
        match self {
            Version::Softmax => 4,
            Version::Bce => 8,
        }
    }

    /// The two players, before they have learnt anything.
    pub fn game(self, rng: &mut Rng) -> Game {
        let init = Init::Normal { std: 0.02 };
        let mut linear = |inputs, outputs| {
            let layer = Linear::new(inputs, outputs, init, rng);
            if self == Version::Bce { layer.with_bias(init, rng) } else { layer }
        };
        let generator = linear(2, 2);
        let discriminator = Sequential::new()
            .add(linear(2, 5))
            .add(Activation::Tanh)
            .add(linear(5, 3))
            .add(Activation::Tanh)
            .add(linear(3, if self == Version::Bce { 1 } else { 2 }));
        let discriminator = Player::new(discriminator, Adam::new(0.05));
        let latent = Latent::Normal { size: 2 };
        match self {
            Version::Softmax => {
                let generator = Player::new(generator, Adam::new(0.01));
                Game::new(generator, discriminator, SoftmaxCrossEntropy, latent)
            }
            Version::Bce => {
                let generator = Player::new(generator, Adam::new(0.005));
                let loss = Bce { weight: 0.5, ..Bce::default() };
                Game::new(generator, discriminator, loss, latent)
            }
        }
    }
}

/// A Gaussian GAN with its data and its sources of randomness.
pub struct GaussianGan {
    game: Game,
    doctor: Doctor,
    data: Array,
    batch_size: usize,
    order: Rng,
    noise: Rng,
}

/// What an epoch of training was like.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// The share of real and generated points that D told right, each before D's step on it.
    pub accuracy: f64,
    /// D's loss in each turn.
    pub losses_d: Vec<f64>,
    /// G's loss in each turn.
    pub losses_g: Vec<f64>,
}

impl GaussianGan {
    /// The system before its first epoch. Everything random in it comes from `seed`.
    pub fn new(version: Version, seed: u64) -> GaussianGan {
        let game = version.game(&mut Rng::new(seed, "weights"));
        let data = AffineGaussian::TUTORIAL.sample(POINTS, &mut Rng::new(seed, "data"));
        let examined = Tensor::constant(data.clone()).slice(0, ..EXAMINED);
        GaussianGan {
            doctor: Doctor::new(&game, &examined, EXAMINE_EVERY, seed),
            game,
            data,
            batch_size: version.batch_size(),
            order: Rng::new(seed, "order"),
            noise: Rng::new(seed, "noise"),
        }
    }

    /// Plays one turn for each batch of the data.
    ///
    /// # Panics
    /// If a loss does not reach all parameters of its player.
    pub fn train_epoch(&mut self) -> Epoch {
        let mut epoch = Epoch { accuracy: 0.0, losses_d: Vec::new(), losses_g: Vec::new() };
        let (mut correct, mut judged) = (0, 0);
        for real in shuffled_batches(&self.data, self.batch_size, &mut self.order) {
            let next_real = || real.clone();
            let report = self.doctor.attend(&mut self.game, next_real, &mut self.noise);
            let missing = report.without_gradient;
            assert!(missing.is_empty(), "no gradient reaches {missing:?}");
            correct += report.correct;
            judged += report.judged;
            epoch.losses_d.push(f64::from(report.loss_d));
            epoch.losses_g.push(f64::from(report.loss_g));
        }
        epoch.accuracy = correct as f64 / judged as f64;
        epoch
    }

    /// What the doctor has found so far.
    pub fn findings(&self) -> &[Finding] {
        self.doctor.findings()
    }

    /// The real points.
    pub fn real(&self) -> Vec<[f64; 2]> {
        points(&self.data)
    }

    /// The generated points of this noise, `[n, 2]`.
    pub fn fakes(&self, noise: &Array) -> Vec<[f64; 2]> {
        points(self.game.generate(&Tensor::constant(noise.clone())).value())
    }

    /// The distribution of the generated points: z W + b with z ~ N(0, I) is N(b, WᵀW).
    pub fn generated(&self) -> Gaussian2 {
        let params = self.game.generator().params();
        let [w, b] = [0, 1].map(|i| params[i].tensor().numbers().iter().map(|x| f64::from(*x)));
        let (w, b): (Vec<f64>, Vec<f64>) = (w.collect(), b.collect());
        let generator = AffineGaussian { a: [[w[0], w[1]], [w[2], w[3]]], b: [b[0], b[1]] };
        generator.distribution()
    }

    /// The probability that each point is real, in the discriminator's opinion.
    pub fn belief(&self, points: &[[f64; 2]]) -> Vec<f64> {
        self.game.belief(&tensor(points)).into_iter().map(f64::from).collect()
    }

    /// Where the generator's loss pushes each point x:  -∂/∂x of the loss of that point alone.
    pub fn push(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let x = Tensor::variable(tensor(points).value().clone());
        // The loss is a mean over the points.
        let loss = self.game.generator_loss(&x) * points.len() as Real;
        let [dx] = grad(&loss, [&x], false);
        crate::points((-dx).value())
    }
}

fn tensor(points: &[[f64; 2]]) -> Tensor {
    let numbers: Vec<Real> = points.iter().flatten().map(|x| *x as Real).collect();
    Tensor::new([points.len(), 2], &numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_raises_the_belief_at_the_rate_of_its_square() {
        for version in [Version::Softmax, Version::Bce] {
            let mut gan = GaussianGan::new(version, 0);
            gan.train_epoch();
            let x = gan.fakes(&Rng::new(0, "noise").normal([20, 2]));
            let push = gan.push(&x);
            let step = 1e-3;
            let moved = |step: f64| -> Vec<[f64; 2]> {
                let points = x.iter().zip(&push);
                points.map(|(x, p)| [x[0] + step * p[0], x[1] + step * p[1]]).collect()
            };
            let (above, below) = (gan.belief(&moved(step)), gan.belief(&moved(-step)));
            // The loss of one point is -ln D, so ln D rises by step · |push|² at first order.
            for ((above, below), p) in above.iter().zip(below).zip(&push) {
                let rate = (above.ln() - below.ln()) / (2.0 * step);
                let expected = p[0].powi(2) + p[1].powi(2);
                assert!((rate - expected).abs() < 0.05 * expected + 1e-3, "{rate} {expected}");
            }
        }
    }

    #[test]
    fn what_the_generator_became_is_what_it_generates() {
        let mut gan = GaussianGan::new(Version::Softmax, 0);
        gan.train_epoch();
        let sample = gan.fakes(&Rng::new(1, "noise").normal([100_000, 2]));
        let distance = Gaussian2::fit(&sample).squared_wasserstein(&gan.generated());
        assert!(distance < 1e-3, "{distance}");
    }
}
