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
//! [`AdversarialLoss`]; the rest of what programs vary is in [`Settings`] and [`Player`].

use crate::{AdversarialLoss, Fakes, Player, Prior, Settings};
use autograd::{Real, Rng, Tensor, no_grad};
use layers::{Module, State, StateError, Stateful, gradients};

/// A generator and a discriminator that learn from each other.
pub struct Game {
    generator: Player,
    discriminator: Player,
    loss: Box<dyn AdversarialLoss>,
    latent: Box<dyn Prior>,
    settings: Settings,
    discriminator_terms: Vec<Term>,
    generator_terms: Vec<Term>,
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
            turns: 0,
        }
    }

    /// The same with other settings.
    ///
    /// # Panics
    /// If they contradict each other.
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
        mut self,
        term: impl Fn(&Table<'_>, &mut Rng) -> Tensor + Send + 'static,
    ) -> Game {
        self.generator_terms.push(Box::new(term));
        self
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
        let (real, mut batch, mut missing) = loop {
            let real = next_real();
            let batch = self.sample(&real, rng);
            let missing = self.update_discriminator(&real, &batch.fake, &mut report, rng);
            steps += 1;
            if !self.discriminator.steps.go_on(self.turns, steps, report.loss_d) {
                break (real, batch, missing);
            }
        };
        steps = 0;
        let missing_g = loop {
            batch = self.sample_for_generator(steps, batch, rng);
            let missing = self.update_generator(&real, &batch.fake, &mut report, rng);
            steps += 1;
            if !self.generator.steps.go_on(self.turns, steps, report.loss_g) {
                break missing;
            }
        };
        self.turns += 1;
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
        let batch = self.sample_afresh(rows(real), rng);
        report.without_gradient = self.update_generator(real, &batch.fake, &mut report, rng);
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
            _ if self.settings.evaluate_fakes => no_grad(|| self.generate(&noise)),
            _ => no_grad(|| self.generator.forward_train(&noise, rng)),
        };
        Batch { noise, fake }
    }

    /// What the generator's next step is judged on, given what the discriminator has seen. Once
    /// the generator has moved, its recorded samples are out of date.
    #[track_caller]
    fn sample_for_generator(&mut self, steps: usize, seen: Batch, rng: &mut Rng) -> Batch {
        match self.settings.fakes {
            Fakes::Reused if steps == 0 => seen,
            Fakes::Rebuilt if steps == 0 => self.generate_recorded(seen.noise, rng),
            _ => self.sample_afresh(rows(&seen.noise), rng),
        }
    }

    /// Noise that nobody has seen, and what the generator makes of it, recorded.
    #[track_caller]
    fn sample_afresh(&mut self, count: usize, rng: &mut Rng) -> Batch {
        let noise = Tensor::constant(self.latent.sample(count, rng));
        self.generate_recorded(noise, rng)
    }

    #[track_caller]
    fn generate_recorded(&mut self, noise: Tensor, rng: &mut Rng) -> Batch {
        let fake = self.generator.forward_train(&noise, rng);
        Batch { noise, fake }
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
        let fake = &if self.settings.attached { fake.clone() } else { fake.detach() };
        let (real_scores, fake_scores) = if self.settings.joined {
            let scores = self.score(&Tensor::concat(&[real, fake], 0), rng);
            let n = real.shape()[0];
            (scores.slice(0, ..n), scores.slice(0, n..))
        } else {
            (self.score(real, rng), self.score(fake, rng))
        };
        let mut loss = self.loss.discriminator(&real_scores, &fake_scores);
        for term in &self.discriminator_terms {
            let discriminator = self.discriminator.model();
            loss = loss + term(&Table { discriminator, real, fake }, rng);
        }
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
        fake: &Tensor,
        report: &mut Report,
        rng: &mut Rng,
    ) -> Vec<String> {
        let scores = self.score(fake, rng);
        let mut loss = if self.loss.is_relative() {
            // No path leads from real samples to G.
            let real_scores = no_grad(|| self.score(real, rng));
            self.loss.generator_beside(&scores, &real_scores)
        } else {
            self.loss.generator(&scores)
        };
        for term in &self.generator_terms {
            let discriminator = self.discriminator.model();
            loss = loss + term(&Table { discriminator, real, fake }, rng);
        }
        drop(scores);
        let (loss, missing) = self.generator.learn(loss);
        report.loss_g = loss;
        named("generator", missing)
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

    /// What the generator makes of noise `[n, size]`, in evaluation.
    #[track_caller]
    pub fn generate(&self, noise: &Tensor) -> Tensor {
        self.generator.model().forward(noise)
    }

    /// The probability that each sample is real, in the discriminator's opinion, in evaluation.
    #[track_caller]
    pub fn belief(&self, x: &Tensor) -> Vec<Real> {
        no_grad(|| self.loss.belief(&self.discriminator.model().forward(x)))
    }

    /// The generator's loss on samples x, in evaluation. Its gradient in x is where the
    /// discriminator pushes each sample from.
    #[track_caller]
    pub fn generator_loss(&self, x: &Tensor) -> Tensor {
        self.loss.generator(&self.discriminator.model().forward(x))
    }

    /// The same beside real samples, at which only a loss that is relative looks.
    #[track_caller]
    pub fn generator_loss_beside(&self, x: &Tensor, real: &Tensor) -> Tensor {
        let score = |x: &Tensor| self.discriminator.model().forward(x);
        self.loss.generator_beside(&score(x), &no_grad(|| score(real)))
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

/// Both players, and how many turns they have played. The settings and terms are no state.
impl Stateful for Game {
    fn put(&self, state: &mut State<'_>) {
        state.within("generator", |state| self.generator.put(state));
        state.within("discriminator", |state| self.discriminator.put(state));
        state.put_counter("turns", self.turns);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("generator", |state| self.generator.take(state))?;
        state.within("discriminator", |state| self.discriminator.take(state))?;
        self.turns = state.take_counter("turns")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adam, Bce, InputNoise, Latent, RmsProp, Schedule};
    use layers::{BatchNorm, Init, Linear, Sequential, restore};

    /// With statistics, a schedule and fading noise: all that a turn depends on.
    fn game(width: usize) -> Game {
        let mut rng = Rng::new(0, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
        let generator = Sequential::new()
            .add(linear(3, width))
            .add(BatchNorm::pytorch(width))
            .add(linear(width, 2));
        let schedule = Schedule::Linear { from: 0, to: 20 };
        let players = (
            Player::new(generator, Adam::new(0.01)).schedule(schedule),
            Player::new(linear(2, 1), RmsProp::new(0.01)),
        );
        Game::new(players.0, players.1, Bce::default(), Latent::Normal { size: 3 }).settings(
            Settings {
                input_noise: Some(InputNoise { std: 0.5, until: 9 }),
                ..Settings::default()
            },
        )
    }

    fn state(game: &Game) -> State<'static> {
        let mut state = State::new();
        game.put(&mut state);
        state
    }

    #[test]
    fn a_loaded_game_plays_the_same_turns() {
        let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
        for before in [0, 1, 5] {
            let (mut saved, mut loaded) = (game(8), game(8));
            let mut rng = Rng::new(0, "noise");
            (0..before).for_each(|_| drop(saved.step(&real, &mut rng)));
            restore(&mut loaded, state(&saved)).unwrap();
            let mut same = rng.clone();
            for _ in 0..6 {
                let (a, b) = (saved.step(&real, &mut rng), loaded.step(&real, &mut same));
                assert_eq!((a.loss_d, a.loss_g, a.correct), (b.loss_d, b.loss_g, b.correct));
            }
            assert_eq!(state(&saved).to_bytes(None), state(&loaded).to_bytes(None));
            assert_eq!(state(&saved).counters, state(&loaded).counters);
        }
    }

    /// Two steps of D and one of G, whose loss looks at the last real batch.
    #[test]
    fn a_turn_with_fresh_fakes_is_its_steps() {
        let fresh = || {
            let linear = |i, o| Linear::new(i, o, Init::Zeros, &mut Rng::new(0, "weights"));
            let generator = Player::new(linear(3, 2), Adam::new(0.01));
            let discriminator =
                Player::new(linear(2, 1), Adam::new(0.01)).steps(crate::Steps::exactly(2));
            let loss = crate::Relativistic::Average;
            Game::new(generator, discriminator, loss, Latent::Normal { size: 3 })
                .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
        };
        let (mut whole, mut parts) = (fresh(), fresh());
        let (mut rng, mut same) = (Rng::new(0, "noise"), Rng::new(0, "noise"));
        let mut data = Rng::new(0, "data");
        for turn in 1..=3 {
            let real = [(); 2].map(|()| Tensor::constant(data.normal([4, 2])));
            let mut batches = real.iter().cloned();
            let report = whole.turn(|| batches.next().expect("two are asked for"), &mut rng);
            parts.discriminator_step(&real[0], &mut same);
            let d = parts.discriminator_step(&real[1], &mut same);
            let g = parts.generator_step(&real[1], &mut same);
            assert_eq!((d.loss_d, g.loss_g), (report.loss_d, report.loss_g));
            assert_eq!((d.correct, d.judged, g.judged), (report.correct, 8, 0));
            assert_eq!(state(&whole).to_bytes(None), state(&parts).to_bytes(None));
            // Noise that fades in turns does not fade in single steps.
            assert_eq!((whole.turns, parts.turns), (turn, 0));
        }
    }

    #[test]
    fn attached_fakes_cost_time_and_give_the_same_losses() {
        let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
        let play = |fakes, attached| -> Vec<[Real; 2]> {
            let settings = Settings { fakes, attached, ..Settings::default() };
            let mut game = game(8).settings(settings);
            let mut rng = Rng::new(0, "noise");
            let mut turn = |_| {
                let report = game.step(&real, &mut rng);
                [report.loss_d, report.loss_g]
            };
            (0..5).map(&mut turn).collect()
        };
        for fakes in [Fakes::Reused, Fakes::Rebuilt, Fakes::Fresh] {
            // Batch norm rounds otherwise when it is recorded.
            let pairs = play(fakes, true).into_iter().zip(play(fakes, false));
            let near = |(a, b): (Real, Real)| (a - b).abs() < 1e-5;
            assert!(pairs.flat_map(|(a, b)| [(a[0], b[0]), (a[1], b[1])]).all(near), "{fakes:?}");
        }
    }

    #[test]
    fn the_state_of_another_game_is_refused_and_nothing_changes() {
        let mut target = game(8);
        let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
        target.step(&real, &mut Rng::new(0, "noise"));
        let before = state(&target);
        let why = restore(&mut target, state(&game(9))).unwrap_err().to_string();
        assert!(why.starts_with("tensor `generator.0.weight` has shape [3, 9]"), "{why}");
        // The generator fits; what the discriminator's optimiser remembers does not.
        let mut other = before.clone();
        other.within("discriminator.optimiser", |state| {
            state.take("bias.v", [1].into()).unwrap();
            state.put_list("bias.v", &[1.0, 2.0]);
        });
        other.within("generator.0", |state| {
            let weight = state.take("weight", [3, 8].into()).unwrap();
            state.put("weight", &weight.map(|w| w + 1.0));
        });
        let why = restore(&mut target, other).unwrap_err().to_string();
        assert!(why.starts_with("tensor `discriminator.optimiser.bias.v` has shape [2]"), "{why}");
        assert_eq!(state(&target).to_bytes(None), before.to_bytes(None));
        assert_eq!(state(&target).counters, before.counters);
    }
}
