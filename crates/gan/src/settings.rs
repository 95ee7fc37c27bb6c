//! What can be varied in the game?
//!
//! The programs that followed the paper vary a few things around one loop. Here each is a
//! setting, so that the loop is written once.

use autograd::{Array, Real, Rng};

/// Where the generator's input is drawn from: a distribution p_z of rows.
///
/// [`Latent`] has the usual ones, which know nothing of the data. A conditional GAN's draws pairs
/// of a condition and noise.
pub trait Prior: Send {
    /// Input for a batch: `[batch, size]`.
    fn sample(&self, batch: usize, rng: &mut Rng) -> Array;
}

/// The distribution of the generator's noise z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latent {
    /// z ~ N(0, 1).
    Normal {
        /// Numbers for each sample.
        size: usize,
    },
    /// z ~ U(-1, 1).
    Uniform {
        /// Numbers for each sample.
        size: usize,
    },
}

impl Latent {
    /// Noise for a batch: `[batch, size]`.
    pub fn sample(self, batch: usize, rng: &mut Rng) -> Array {
        match self {
            Latent::Normal { size } => rng.normal([batch, size]),
            Latent::Uniform { size } => rng.uniform([batch, size], -1.0, 1.0),
        }
    }
}

impl Prior for Latent {
    fn sample(&self, batch: usize, rng: &mut Rng) -> Array {
        Latent::sample(*self, batch, rng)
    }
}

/// What the generator's step is judged on, after the discriminator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fakes {
    /// The samples that the discriminator has just seen. They were made once and recorded, and
    /// the discriminator's step saw them detached.
    #[default]
    Reused,
    /// The same noise, sent through the generator a second time.
    Rebuilt,
    /// Noise of its own, as in Algorithm 1.
    Fresh,
}

/// How many steps a player takes when it is its turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    at_least: usize,
    while_above: Real,
    at_most: usize,
    long: Option<LongTurns>,
}

/// Turns in which a player takes more steps than usual.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LongTurns {
    steps: usize,
    first: u64,
    every: u64,
}

impl Steps {
    /// Of the critic of Wasserstein GANs: 5 steps a turn, and 100 in the first 25 turns and in every
    /// 500th, so that its estimate of the distance is a good one.
    ///
    /// Source: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", Algorithm 1; the long turns from
    /// the authors' program.
    pub const CRITIC: Steps = Steps {
        at_least: 5,
        while_above: Real::INFINITY,
        at_most: 5,
        long: Some(LongTurns { steps: 100, first: 25, every: 500 }),
    };

    /// Exactly this many: the paper's k for the discriminator.
    ///
    /// # Panics
    /// If `count` is 0.
    #[track_caller]
    pub fn exactly(count: usize) -> Steps {
        assert!(count > 0, "steps: a player takes at least one step a turn");
        Steps { at_least: count, while_above: Real::INFINITY, at_most: count, long: None }
    }

    /// The same, and then more for as long as the player's loss is above `bound`, but never more
    /// than `at_most` in all.
    #[must_use]
    pub fn while_above(self, bound: Real, at_most: usize) -> Steps {
        Steps { while_above: bound, at_most: at_most.max(self.at_least), ..self }
    }

    /// The same, but `count` steps in each of the `first` turns, and in turns 0, `every`,
    /// 2 `every`, ... if `every` is not 0.
    ///
    /// # Panics
    /// If `count` is 0.
    #[must_use]
    #[track_caller]
    pub fn long_turns(self, count: usize, first: u64, every: u64) -> Steps {
        assert!(count > 0, "steps: a player takes at least one step a turn");
        Steps { long: Some(LongTurns { steps: count, first, every }), ..self }
    }

    /// Whether turn `turn`, counted from 0, goes on after `taken` steps, the last with this loss.
    pub(crate) fn go_on(self, turn: u64, taken: usize, loss: Real) -> bool {
        let is_long = |long: &LongTurns| {
            turn < long.first || turn.checked_rem(long.every).is_some_and(|rest| rest == 0)
        };
        match self.long.filter(is_long) {
            Some(long) => taken < long.steps,
            None => taken < self.at_least || (taken < self.at_most && loss > self.while_above),
        }
    }
}

/// Noise on everything the discriminator sees, fading out over the training:
///
/// x + σ_t ε,  σ_t = std · max(0, 1 - t / until),  ε ~ N(0, 1), in turn t.
///
/// Source: Sønderby et al. 2017, "Amortised MAP Inference for Image Super-resolution", §3.2;
/// Arjovsky, Bottou 2017, "Towards Principled Methods for Training GANs", §3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputNoise {
    /// Standard deviation in the first turn.
    pub std: Real,
    /// The turn from which on there is none.
    pub until: u64,
}

impl InputNoise {
    /// The standard deviation σ_t in turn t.
    pub fn at(self, t: u64) -> Real {
        let left = 1.0 - t as f64 / self.until.max(1) as f64;
        self.std * left.max(0.0) as Real
    }
}

/// Everything about the game that is not one player's own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// What the generator's step is judged on.
    pub fakes: Fakes,
    /// Whether the discriminator's fakes come from the generator in evaluation, with running
    /// statistics, rather than in training. Not with [`Fakes::Reused`].
    pub evaluate_fakes: bool,
    /// Whether the discriminator gets real and fake samples in one batch rather than in two,
    /// which matters if it normalises over the batch.
    pub joined: bool,
    /// Noise on what the discriminator sees.
    pub input_noise: Option<InputNoise>,
    /// Samples that a score of the discriminator is about, if it begins with a
    /// [`Pack`](layers::Pack); 0 and 1 are without packs.
    pub packed: usize,
    /// Steps of the discriminator that the generator looks ahead, and judges its samples by what the
    /// discriminator will be then: the unrolled game. 0 is without.
    ///
    /// Source: Metz et al. 2017, "Unrolled Generative Adversarial Networks".
    pub unrolled: usize,
    /// The share of generated samples that [`Game::draw`](crate::Game::draw) keeps: those that the
    /// discriminator takes for the most real. None is all; f64, since 0.01 as f32 keeps 5 of 501.
    pub keep: Option<f64>,
    /// Whether the discriminator sees its fakes with their graph, so that its sweep goes on into
    /// the generator, whose gradients are computed and dropped: what a program does that forgets
    /// to detach. The numbers are the same but for rounding, the step takes longer. Not with
    /// `evaluate_fakes`.
    pub attached: bool,
}

impl Settings {
    /// How many samples are made where `count` are wanted: as many as the share kept allows.
    pub(crate) fn made_for(&self, count: usize) -> usize {
        let made = count as f64 / self.keep.unwrap_or(1.0);
        // What is above a whole number by rounding alone is that number.
        (made * (1.0 - f64::EPSILON)).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps a player takes in this turn when its loss stays the same.
    fn taken(steps: Steps, turn: u64, loss: Real) -> usize {
        (1..).find(|taken| !steps.go_on(turn, *taken, loss)).expect("a turn ends")
    }

    #[test]
    fn a_critic_takes_a_hundred_steps_at_first_and_every_500_turns() {
        for (turn, expected) in
            [(0, 100), (24, 100), (25, 5), (499, 5), (500, 100), (501, 5), (1000, 100)]
        {
            assert_eq!(taken(Steps::CRITIC, turn, 0.0), expected, "turn {turn}");
        }
        let never_again = Steps::exactly(2).long_turns(7, 3, 0);
        assert_eq!([0, 2, 3, 500].map(|turn| taken(never_again, turn, 0.0)), [7, 7, 2, 2]);
    }

    #[test]
    fn of_the_samples_made_exactly_the_share_is_kept() {
        let made =
            |keep: Option<f64>, count| Settings { keep, ..Settings::default() }.made_for(count);
        assert_eq!(made(None, 5), 5);
        for percent in 1..=100 {
            // As many as count / share, rounded up: in whole numbers.
            for count in 1..=200_usize {
                let expected = (100 * count).div_ceil(percent);
                let keep = percent as f64 / 100.0;
                assert_eq!(made(Some(keep), count), expected, "{percent} % of {count}");
            }
        }
    }

    #[test]
    fn a_turn_goes_on_while_the_loss_is_above_its_bound() {
        let steps = Steps::exactly(2).while_above(0.5, 6);
        assert_eq!([0.4, 0.6].map(|loss| taken(steps, 9, loss)), [2, 6]);
    }
}
