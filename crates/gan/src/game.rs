//! In which order do the two players move?
//!
//! Algorithm 1 of Goodfellow et al. 2014, "Generative Adversarial Nets":
//!
//! ```text
//! for number of training iterations do
//!     for k steps do
//!         sample minibatch of m noise samples z and of m examples x from the data
//!         update D by ascending the gradient of  (1/m) Σ [ ln D(x) + ln(1 - D(G(z))) ]
//!     end for
//!     sample minibatch of m noise samples z
//!     update G by descending the gradient of  (1/m) Σ ln(1 - D(G(z)))
//! end for
//! ```
//!
//! [`Game::turn`] is one pass of the outer loop. What each player ascends or descends is the
//! [`AdversarialLoss`]; the rest of what programs vary is in [`Settings`] and [`Player`], or is
//! added to the game: terms of a loss, a [`Pool`], an [`Average`].

mod state;
#[cfg(test)]
mod tests;
mod view;

pub use view::most_real;

use crate::unrolled::Present;
use crate::{AdversarialLoss, Average, Effort, Fakes, Player, Pool, Prior, Schedule, Settings};
use autograd::{Real, Rng, Tensor, no_grad};
use layers::{Module, gradients};

/// A generator and a discriminator that learn from each other.
pub struct Game {
    generator: Player,
    discriminator: Player,
    loss: Box<dyn AdversarialLoss>,
    latent: Box<dyn Prior>,
    settings: Settings,
    discriminator_terms: Vec<Term>,
    generator_terms: Vec<(Schedule, Term)>,
    replay: Option<Pool>,
    average: Option<Average>,
    turns: u64,
}

/// An extra term of a player's loss, such as a penalty.
pub type Term = Box<dyn Fn(&Table<'_>, &mut Rng) -> Tensor + Send>;

/// What lies on the table when an extra term is computed.
pub struct Table<'a> {
    /// The discriminator.
    pub discriminator: &'a dyn Module,
    /// The batch of real samples.
    pub real: &'a Tensor,
    /// The batch of generated samples: recorded in the generator's step, detached in the
    /// discriminator's.
    pub fake: &'a Tensor,
}

/// What happened in a turn.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The discriminator's loss in its last step, before it moved.
    pub loss_d: Real,
    /// The generator's loss in its last step, before it moved.
    pub loss_g: Real,
    /// How many real and generated samples the discriminator told right in its last step.
    pub correct: usize,
    /// Out of how many.
    pub judged: usize,
    /// Parameters that their player's loss does not reach, usually by mistake, such as
    /// `generator.0.weight`.
    pub without_gradient: Vec<String>,
    /// How hard both players worked, the generator first, if [`Game::measure`] asked for it.
    pub efforts: Option<[Effort; 2]>,
}

/// Generated samples and the noise they came from.
struct Batch {
    noise: Tensor,
    fake: Tensor,
}

impl Game {
    /// A game between these players.
    pub fn new(
        generator: Player,
        discriminator: Player,
        loss: impl AdversarialLoss + 'static,
        latent: impl Prior + 'static,
    ) -> Game {
        Game {
            generator,
            discriminator,
            loss: Box::new(loss),
            latent: Box::new(latent),
            settings: Settings::default(),
            discriminator_terms: Vec::new(),
            generator_terms: Vec::new(),
            replay: None,
            average: None,
            turns: 0,
        }
    }

    /// The same with other settings.
    ///
    /// # Panics
    /// If they contradict each other, or the share to keep is not in (0, 1].
    #[must_use]
    #[track_caller]
    pub fn settings(mut self, settings: Settings) -> Game {
        assert!(
            !(settings.evaluate_fakes && settings.fakes == Fakes::Reused),
            "game: fakes made in evaluation cannot be reused in the generator's step\n  \
             hint: set `fakes` to `Fakes::Rebuilt` or `Fakes::Fresh`"
        );
        assert!(
            !(settings.evaluate_fakes && settings.attached),
            "game: fakes made in evaluation have no graph to stay attached to\n  \
             hint: set one of `evaluate_fakes` and `attached` to false"
        );
        if let Some(share) = settings.keep {
            assert!(
                share > 0.0 && share <= 1.0,
                "game: the share {share} of samples to keep is not in (0, 1]"
            );
        }
        self.settings = settings;
        self
    }

    /// The same with a term added to the discriminator's loss.
    #[must_use]
    pub fn discriminator_term(
        mut self,
        term: impl Fn(&Table<'_>, &mut Rng) -> Tensor + Send + 'static,
    ) -> Game {
        self.discriminator_terms.push(Box::new(term));
        self
    }

    /// The same with a term added to the generator's loss.
    #[must_use]
    pub fn generator_term(
        self,
        term: impl Fn(&Table<'_>, &mut Rng) -> Tensor + Send + 'static,
    ) -> Game {
        self.annealed_generator_term(Schedule::Constant, term)
    }

    /// The same with a term added to the generator's loss whose factor is on a schedule, counted in
    /// turns. Where the factor is 0 the term is not computed.
    #[must_use]
    pub fn annealed_generator_term(
        mut self,
        factor: Schedule,
        term: impl Fn(&Table<'_>, &mut Rng) -> Tensor + Send + 'static,
    ) -> Game {
        self.generator_terms.push((factor, Box::new(term)));
        self
    }

    /// The same with a discriminator that sees generated samples through a pool of older ones.
    #[must_use]
    pub fn replay(mut self, pool: Pool) -> Game {
        self.replay = Some(pool);
        self
    }

    /// The same with a moving average of the generator's weights, after each of its steps, which is
    /// what [`Game::generate`] uses. `copy` is a model like the generator; its numbers do not matter.
    ///
    /// # Panics
    /// If the copy is not like the generator, or the decay is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn averaged(mut self, copy: impl Module + 'static, decay: Real) -> Game {
        self.average = Some(Average::new(copy, self.generator.model(), decay));
        self
    }

    /// Asks both players to say in the next turn's report how hard they worked. The turn comes out
    /// the same, and takes longer.
    pub fn measure(&mut self) {
        self.players_mut().into_iter().for_each(|player| player.effort = Some(Effort::default()));
    }

    /// One turn on one batch of real samples, which serves all the discriminator's steps.
    #[track_caller]
    pub fn step(&mut self, real: &Tensor, rng: &mut Rng) -> Report {
        self.turn(|| real.clone(), rng)
    }

    /// One turn: the discriminator's steps, each on a batch from `next_real`, then the
    /// generator's.
    #[track_caller]
    pub fn turn(&mut self, mut next_real: impl FnMut() -> Tensor, rng: &mut Rng) -> Report {
        let mut report = Report::default();
        let mut steps = 0;
        let (real, batch, mut missing) = loop {
            let real = next_real();
            let batch = self.sample(&real, rng);
            let missing = self.update_discriminator(&real, &batch.fake, &mut report, rng);
            steps += 1;
            if !self.discriminator.steps.go_on(self.turns, steps, report.loss_d) {
                break (real, batch, missing);
            }
        };
        steps = 0;
        let mut seen = Some(batch);
        let missing_g = loop {
            let fake = self.sample_for_generator(rows(&real), seen.take(), rng);
            let missing = self.update_generator(&real, fake, &mut report, rng);
            steps += 1;
            if !self.generator.steps.go_on(self.turns, steps, report.loss_g) {
                break missing;
            }
        };
        self.turns += 1;
        let Game { generator, discriminator, .. } = self;
        let efforts = (generator.effort.take(), discriminator.effort.take());
        report.efforts = efforts.0.zip(efforts.1).map(|(g, d)| [g, d]);
        missing.extend(missing_g);
        report.without_gradient = missing;
        report
    }

    /// One step of the discriminator alone, on one batch of real samples and one of generated ones.
    /// It counts as no turn, and the report has nothing of the generator.
    #[track_caller]
    pub fn discriminator_step(&mut self, real: &Tensor, rng: &mut Rng) -> Report {
        let mut report = Report::default();
        let fake = self.sample(real, rng).fake;
        report.without_gradient = self.update_discriminator(real, &fake, &mut report, rng);
        report
    }

    /// One step of the generator alone, on noise of its own: as many samples as there are real ones,
    /// at which only a loss that is relative looks. It counts as no turn, and the report has nothing
    /// of the discriminator.
    #[track_caller]
    pub fn generator_step(&mut self, real: &Tensor, rng: &mut Rng) -> Report {
        let mut report = Report::default();
        let fake = self.sample_for_generator(rows(real), None, rng);
        report.without_gradient = self.update_generator(real, fake, &mut report, rng);
        report
    }

    /// As much noise as there are real samples, and what the generator makes of it: recorded if its
    /// own step will reuse it.
    #[track_caller]
    fn sample(&mut self, real: &Tensor, rng: &mut Rng) -> Batch {
        let noise = Tensor::constant(self.latent.sample(rows(real), rng));
        let fake = match self.settings.fakes {
            Fakes::Reused => self.generator.forward_train(&noise, rng),
            _ if self.settings.attached => self.generator.forward_train(&noise, rng),
            // Not `generate`: an average is what is used in the end, not who plays.
            _ if self.settings.evaluate_fakes => no_grad(|| self.generator.model().forward(&noise)),
            _ => no_grad(|| self.generator.forward_train(&noise, rng)),
        };
        Batch { noise, fake }
    }

    /// What the generator's next step is judged on, recorded: for its first step perhaps what the
    /// discriminator has just seen. Once the generator has moved, its recorded samples are out of date.
    #[track_caller]
    fn sample_for_generator(&mut self, count: usize, seen: Option<Batch>, rng: &mut Rng) -> Tensor {
        let noise = match (self.settings.fakes, seen) {
            (Fakes::Reused, Some(seen)) => return seen.fake,
            (Fakes::Rebuilt, Some(seen)) => seen.noise,
            _ => Tensor::constant(self.latent.sample(count, rng)),
        };
        self.generator.forward_train(&noise, rng)
    }

    /// What the discriminator sees of generated samples: not how they were made, and perhaps older
    /// ones in their place.
    #[track_caller]
    fn shown(&mut self, fake: &Tensor, rng: &mut Rng) -> Tensor {
        match &mut self.replay {
            Some(pool) => Tensor::constant(pool.exchange(fake.value(), rng)),
            None if self.settings.attached => fake.clone(),
            None => fake.detach(),
        }
    }

    /// Updates D by ascending its gradient: descending that of its loss. Returns the parameters
    /// that the loss does not reach, as `discriminator.0.weight`.
    #[track_caller]
    fn update_discriminator(
        &mut self,
        real: &Tensor,
        fake: &Tensor,
        report: &mut Report,
        rng: &mut Rng,
    ) -> Vec<String> {
        let fake = self.shown(fake, rng);
        let (loss, [real_scores, fake_scores]) = self.discriminator_loss(real, &fake, rng);
        let real_belief = self.loss.belief(&real_scores);
        let fake_belief = self.loss.belief(&fake_scores);
        report.correct = real_belief.iter().filter(|p| **p > 0.5).count()
            + fake_belief.iter().filter(|p| **p <= 0.5).count();
        report.judged = real_belief.len() + fake_belief.len();
        // The scores hold the graph: without them it can die, and the weights move in place.
        drop((real_scores, fake_scores));
        if self.settings.attached {
            drop(gradients(loss.clone(), self.generator.model()));
        }
        let (loss, missing) = self.discriminator.learn(loss);
        report.loss_d = loss;
        named("discriminator", missing)
    }

    /// Updates G by descending the gradient of its loss, through D as it is after its update.
    /// Returns the parameters that the loss does not reach, as `generator.0.weight`.
    #[track_caller]
    fn update_generator(
        &mut self,
        real: &Tensor,
        fake: Tensor,
        report: &mut Report,
        rng: &mut Rng,
    ) -> Vec<String> {
        let ahead = self.look_ahead(real, &fake, rng);
        let scores = self.score(&fake, rng);
        let mut loss = if self.loss.is_relative() {
            // No path leads from real samples to G.
            let real_scores = no_grad(|| self.score(real, rng));
            self.loss.generator_beside(&scores, &real_scores)
        } else {
            self.loss.generator(&scores)
        };
        for (factor, term) in &self.generator_terms {
            let discriminator = self.discriminator.model();
            let table = Table { discriminator, real, fake: &fake };
            match factor.at(self.turns) {
                0.0 => {}
                1.0 => loss = loss + term(&table, rng),
                factor => loss = loss + factor * term(&table, rng),
            }
        }
        // As above, G's weights too.
        drop((scores, fake));
        if let Some(present) = ahead {
            self.discriminator.come_back(present);
        }
        let (loss, missing) = self.generator.learn(loss);
        report.loss_g = loss;
        if let Some(average) = &mut self.average {
            average.follow(self.generator.model());
        }
        named("generator", missing)
    }

    /// D's loss, and its scores of real and of generated samples.
    #[track_caller]
    fn discriminator_loss(
        &mut self,
        real: &Tensor,
        fake: &Tensor,
        rng: &mut Rng,
    ) -> (Tensor, [Tensor; 2]) {
        let (real_scores, fake_scores) = if self.settings.joined {
            let scores = self.score(&Tensor::concat(&[real, fake], 0), rng);
            // Half of them, which packs make fewer than there are samples.
            let n = scores.shape()[0] / 2;
            (scores.slice(0, ..n), scores.slice(0, n..))
        } else {
            (self.score(real, rng), self.score(fake, rng))
        };
        let mut loss = self.loss.discriminator(&real_scores, &fake_scores);
        for term in &self.discriminator_terms {
            let discriminator = self.discriminator.model();
            loss = loss + term(&Table { discriminator, real, fake }, rng);
        }
        (loss, [real_scores, fake_scores])
    }

    /// Lets D become what it will be after some steps on these samples, if the game is unrolled, and
    /// returns what it was.
    #[track_caller]
    fn look_ahead(&mut self, real: &Tensor, fake: &Tensor, rng: &mut Rng) -> Option<Present> {
        if self.settings.unrolled == 0 {
            return None;
        }
        let present = self.discriminator.present();
        let mut rule = self.discriminator.optimiser().imagined();
        for _ in 0..self.settings.unrolled {
            let (loss, _) = self.discriminator_loss(real, fake, rng);
            self.discriminator.imagine(&mut rule, &loss);
        }
        Some(present)
    }

    /// The discriminator's scores of samples, which it sees through this turn's noise.
    #[track_caller]
    fn score(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        let std = self.settings.input_noise.map_or(0.0, |noise| noise.at(self.turns));
        if std == 0.0 {
            return self.discriminator.forward_train(x, rng);
        }
        let noise = rng.normal(*x.shape()).map(|e| std * e);
        self.discriminator.forward_train(&(x + Tensor::constant(noise)), rng)
    }
}

/// How many samples a batch has.
#[track_caller]
fn rows(batch: &Tensor) -> usize {
    assert!(!batch.shape().is_empty(), "game: a batch has rows, a single number has none");
    batch.shape()[0]
}

/// A player's parameters by their names in the game.
fn named(player: &str, parameters: Vec<String>) -> Vec<String> {
    parameters.into_iter().map(|name| format!("{player}.{name}")).collect()
}
