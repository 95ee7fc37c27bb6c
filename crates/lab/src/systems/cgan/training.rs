//! How does a conditional GAN learn, and does it draw what it is asked for?

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::Game;
use layers::{State, StateError, Stateful};

use super::{Condition, NOISE, game, pair};
use crate::figures::{Bitmap, image_grid};
use crate::image_gan::ENLARGED;
use crate::systems::lenet::CLASSES;
use crate::training::System;
use crate::{Images, Scaling, ShuffledBatches};

/// Samples side by side in a picture.
const COLUMNS: usize = 10;

/// Samples that are drawn at once.
const DRAWN_AT_ONCE: usize = 100;

/// The game with its digits and its sources of randomness.
pub struct ConditionalGan {
    condition: Condition,
    game: Game,
    learnt: Images,
    held_back: Images,
    batches: ShuffledBatches,
    noise: Rng,
    fixed: Array,
}

impl ConditionalGan {
    /// The game before its first turn. Everything random in it comes from `seed`. One that draws
    /// lower halves learns nine in ten of the digits and shows what it makes of the others.
    ///
    /// # Panics
    /// If the digits are not 28 x 28 x 1 with labels, or too few for a batch.
    #[track_caller]
    pub fn new(
        condition: Condition,
        width: usize,
        digits: &Images,
        batch_size: usize,
        seed: u64,
    ) -> ConditionalGan {
        let (held_back, nine_in_ten): (Vec<usize>, Vec<usize>) =
            (0..digits.len()).partition(|i| i % 10 == 9);
        let learnt = match condition {
            Condition::UpperHalf => digits.select(nine_in_ten),
            _ => digits.clone(),
        };
        let game = game(condition, width, &learnt, &mut Rng::new(seed, "weights"));
        ConditionalGan {
            condition,
            game,
            batches: ShuffledBatches::new(learnt.len(), batch_size, seed),
            learnt,
            held_back: digits.select(held_back),
            noise: Rng::new(seed, "noise"),
            fixed: Rng::new(seed, "pictures").normal([COLUMNS, NOISE]),
        }
    }

    /// The game.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// The digits that it does not learn from, if it draws lower halves.
    pub fn held_back(&self) -> &Images {
        &self.held_back
    }

    /// What the generator draws for conditions `[n, size]` and noise `[n, 100]`:
    /// `[n, 28, 28, 1]`.
    #[must_use]
    #[track_caller]
    pub fn draw(&self, conditions: &Array, noise: &Array) -> Array {
        drawn(&self.game, self.condition, conditions, noise)
    }

    /// Rows of lower halves for the upper half of one digit of each class: the digit, what is seen
    /// of it, and eight drawings.
    fn completed(&self) -> Array {
        const DRAWINGS: usize = COLUMNS - 2;
        let classes = self.held_back.by_class().expect("digits have labels");
        let chosen: Vec<usize> =
            classes.iter().filter_map(|places| places.first().copied()).collect();
        let rows: Vec<usize> = chosen.iter().flat_map(|place| [*place; DRAWINGS]).collect();
        let fixed = Tensor::constant(self.fixed.clone()).slice(0, ..DRAWINGS);
        let noise = Tensor::concat(&vec![&fixed; chosen.len()], 0);
        let drawings = self.draw(&self.condition.of(&self.held_back, &rows), noise.value());
        let whole = self.held_back.scaled(&chosen, Scaling::MinusOneToOne);
        let seen = without_lower_half(&whole);
        let part =
            |x: &Array| x.numbers().chunks(28 * 28).map(<[Real]>::to_vec).collect::<Vec<_>>();
        let (whole, seen) = (part(&whole), part(&seen));
        let drawings = drawings.numbers().chunks(DRAWINGS * 28 * 28);
        let numbers: Vec<Real> = drawings
            .zip(whole.iter().zip(&seen))
            .flat_map(|(drawings, (whole, seen))| [whole, &seen[..], drawings].concat())
            .collect();
        Array::new([chosen.len() * COLUMNS, 28, 28, 1], &numbers)
    }
}

/// The same digits `[n, 28, 28, 1]` with black below the middle.
#[must_use]
pub fn without_lower_half(digits: &Array) -> Array {
    let mut seen = digits.clone();
    for digit in seen.numbers_mut().chunks_exact_mut(28 * 28) {
        digit[28 * 28 / 2..].fill(-1.0);
    }
    seen
}

/// What a game's generator draws for conditions `[n, size]` and noise `[n, 100]`:
/// `[n, 28, 28, 1]`. In parts, so that many take no more memory than a few.
#[must_use]
#[track_caller]
pub fn drawn(game: &Game, condition: Condition, conditions: &Array, noise: &Array) -> Array {
    let input = Tensor::constant(pair(conditions, noise));
    let count = input.shape()[0];
    let parts = (0..count).step_by(DRAWN_AT_ONCE).flat_map(|first| {
        let some = input.slice(0, first..(first + DRAWN_AT_ONCE).min(count));
        no_grad(|| condition.digits(&game.generate(&some))).numbers().to_vec()
    });
    Array::new([count, 28, 28, 1], &parts.collect::<Vec<Real>>())
}

/// One-hot rows that ask for each class in turn, `each` times: `[10 each, 10]`, and the classes.
#[must_use]
pub fn every_class(each: usize) -> (Array, Vec<u8>) {
    let labels: Vec<usize> = (0..CLASSES).flat_map(|class| vec![class; each]).collect();
    let rows = Tensor::one_hot(&labels, CLASSES).value().clone();
    (rows, labels.into_iter().map(|class| class as u8).collect())
}

impl System for ConditionalGan {
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let ConditionalGan { condition, game, learnt, batches, noise, .. } = self;
        let next_real = || Tensor::constant(condition.pairs(learnt, batches.next_batch()));
        let report = game.turn(next_real, noise);
        let missing = report.without_gradient;
        assert!(missing.is_empty(), "no gradient reaches {missing:?}");
        let accuracy = report.correct as Real / report.judged as Real;
        vec![("loss_d", report.loss_d), ("loss_g", report.loss_g), ("accuracy", accuracy)]
    }

    /// A row for each class, from the same ten noises; or the rows of `completed`.
    fn picture(&self) -> Bitmap {
        let digits = if self.condition == Condition::UpperHalf {
            self.completed()
        } else {
            let fixed = Tensor::constant(self.fixed.clone());
            let noise = Tensor::concat(&[&fixed; CLASSES], 0);
            self.draw(&every_class(COLUMNS).0, noise.value())
        };
        image_grid(&digits, COLUMNS, Scaling::MinusOneToOne).enlarged(ENLARGED)
    }
}

/// The game, where it stands in the data, and the noise.
impl Stateful for ConditionalGan {
    fn put(&self, state: &mut State<'_>) {
        self.game.put(state);
        state.within("data", |state| self.batches.put(state));
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.game.take(state)?;
        state.within("data", |state| self.batches.take(state))?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::restore;

    #[test]
    fn a_saved_training_goes_on_with_the_same_numbers() {
        let digits = Images::embedded_mnist().take(0..150);
        for condition in [Condition::OneHot, Condition::Projection, Condition::UpperHalf] {
            let fresh = || ConditionalGan::new(condition, 4, &digits, 20, 0);
            let mut gan = fresh();
            (0..8).for_each(|_| drop(gan.step()));
            let mut state = State::new();
            gan.put(&mut state);
            let mut loaded = fresh();
            restore(&mut loaded, state).unwrap();
            assert_eq!(gan.step(), loaded.step(), "{condition:?}");
            assert!(gan.picture() == loaded.picture(), "{condition:?}");
        }
    }

    #[test]
    fn a_row_of_completions_starts_with_the_digit_and_its_upper_half() {
        let digits = Images::embedded_mnist().take(0..300);
        let gan = ConditionalGan::new(Condition::UpperHalf, 4, &digits, 20, 0);
        let rows = gan.completed();
        let image = |i: usize| &rows.numbers()[i * 784..][..784];
        let first = gan.held_back.by_class().unwrap()[0][0];
        let whole = gan.held_back.scaled([first], Scaling::MinusOneToOne);
        assert_eq!(image(0), whole.numbers());
        for drawing in 1..COLUMNS {
            assert_eq!(image(drawing)[..392], whole.numbers()[..392], "{drawing}");
        }
        assert!(image(1)[392..].iter().all(|x| *x == -1.0));
        assert_ne!(image(2), image(3));
    }

    #[test]
    fn every_class_is_asked_for_as_often() {
        let (rows, labels) = every_class(3);
        assert_eq!(rows.shape(), &[30, 10].into());
        for (row, label) in rows.numbers().chunks(10).zip(labels) {
            assert_eq!(row.iter().sum::<Real>(), 1.0);
            assert_eq!(row[usize::from(label)], 1.0);
        }
    }
}
