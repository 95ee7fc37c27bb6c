//! What can be seen of a game without playing on?
//!
//! Samples, scores and losses in evaluation: no statistics move, and nothing is learned.

use super::Game;
use crate::{Average, Player, Prior};
use autograd::{Real, Rng, Tensor, no_grad};
use layers::Module;

/// The places of the `count` largest of these numbers, the largest first. Equal ones keep their
/// order.
pub fn most_real(realness: &[Real], count: usize) -> Vec<usize> {
    let mut best: Vec<usize> = (0..realness.len()).collect();
    best.sort_by(|a, b| realness[*b].total_cmp(&realness[*a]));
    best.truncate(count);
    best
}

impl Game {
    /// The discriminator's scores of samples x, one for each, in evaluation. A discriminator of packs
    /// is asked about packs of one sample.
    #[track_caller]
    pub fn scores(&self, x: &Tensor) -> Tensor {
        let m = self.settings.packed.max(1);
        if m == 1 {
            return self.discriminator.model().forward(x);
        }
        let rows: Vec<usize> = (0..x.shape()[0]).flat_map(|row| [row].repeat(m)).collect();
        self.discriminator.model().forward(&x.gather_rows(&rows))
    }

    /// What the generator, or its average if there is one, makes of noise `[n, size]`, in
    /// evaluation.
    #[track_caller]
    pub fn generate(&self, noise: &Tensor) -> Tensor {
        let average = self.average.as_ref().map(Average::model);
        average.unwrap_or_else(|| self.generator.model()).forward(noise)
    }

    /// `count` generated samples, from noise that is drawn here, in evaluation: what the game has to
    /// offer. If only a share is kept, more are made, and the discriminator chooses.
    #[track_caller]
    pub fn draw(&self, count: usize, rng: &mut Rng) -> Tensor {
        let made = self.settings.made_for(count);
        let noise = Tensor::constant(self.latent.sample(made, rng));
        let samples = no_grad(|| self.generate(&noise));
        if made == count {
            return samples;
        }
        let mut best = most_real(&self.realness(&samples), count);
        // In the order in which they were made.
        best.sort_unstable();
        samples.gather_rows(&best)
    }

    /// How real each sample looks to the discriminator, in evaluation: see
    /// [`realness`](crate::AdversarialLoss::realness).
    #[track_caller]
    pub fn realness(&self, x: &Tensor) -> Vec<Real> {
        no_grad(|| self.loss.realness(&self.scores(x)))
    }

    /// The probability that each sample is real, in the discriminator's opinion, in evaluation.
    #[track_caller]
    pub fn belief(&self, x: &Tensor) -> Vec<Real> {
        no_grad(|| self.loss.belief(&self.scores(x)))
    }

    /// The discriminator's loss if it knew nothing: see [`blind`](crate::AdversarialLoss::blind).
    pub fn blind_loss(&self) -> Option<Real> {
        self.loss.blind()
    }

    /// The generator's loss on samples x, in evaluation. Its gradient in x is where the
    /// discriminator pushes each sample from.
    #[track_caller]
    pub fn generator_loss(&self, x: &Tensor) -> Tensor {
        self.loss.generator(&self.scores(x))
    }

    /// The same beside real samples, which are scored only if the loss is relative. There need not
    /// be as many.
    #[track_caller]
    pub fn generator_loss_beside(&self, x: &Tensor, real: &Tensor) -> Tensor {
        if !self.loss.is_relative() {
            return self.generator_loss(x);
        }
        self.loss.generator_beside(&self.scores(x), &no_grad(|| self.scores(real)))
    }

    /// The distribution of the generator's input.
    pub fn latent(&self) -> &dyn Prior {
        self.latent.as_ref()
    }

    /// The generator.
    pub fn generator(&self) -> &dyn Module {
        self.generator.model()
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &dyn Module {
        self.discriminator.model()
    }

    /// Both players, the generator first.
    pub fn players(&self) -> [&Player; 2] {
        [&self.generator, &self.discriminator]
    }

    /// Both players, the generator first, to load their states into.
    pub fn players_mut(&mut self) -> [&mut Player; 2] {
        [&mut self.generator, &mut self.discriminator]
    }
}
