//! What ails a game?
//!
//! A [`Doctor`] watches a game: what every turn reports, and in every n-th turn how hard the
//! players work, what the generator makes of noise, and what the discriminator thinks of it. From
//! that it names the ways in which GANs fail, with the numbers that show it and what to try.
//!
//! ```text
//! let mut doctor = Doctor::new(&game, &real, 50, seed);
//! let report = doctor.attend(&mut game, next_real, &mut noise);     // instead of game.turn(...)
//! doctor.findings().iter().for_each(|finding| println!("{finding}"));
//! ```
//!
//! It never touches the game or its random streams: a game that is watched plays the same turns,
//! to the bit, as one that is not.
//!
//! | file | question |
//! |---|---|
//! | `players.rs` | what do the players say, and how hard do they work? |
//! | `samples.rs` | in what do the samples differ from the data? |
//! | `signs.rs` | what is seen at one examination? |
//! | `failures.rs` | which failures are there, and which signs show them? |
//! | `finding.rs` | when is a failure named, and when is it over? |

mod failures;
mod finding;
mod players;
mod samples;
mod signs;

pub use failures::{Failure, WINDOW};
pub use finding::Finding;
pub use signs::Signs;

use autograd::{Real, Rng, Tensor};
use layers::{State, StateError, Stateful};

use crate::{Game, Report};
use finding::Record;
use players::Players;
use samples::{Data, Path};

/// Watches a game and names what ails it.
pub struct Doctor {
    data: Data,
    blind_loss: Option<f64>,
    every: u64,
    turns: u64,
    players: Players,
    path: Path,
    record: Record,
}

impl Doctor {
    /// A doctor who has not seen anything yet, for a game before its first turn.
    ///
    /// - `real`: a fixed sample of the data, `[n, ..]` as the players see it; n from 2, and 256 for
    ///   numbers worth having.
    /// - `every`: turns from one examination to the next. A failure is named after at least
    ///   18 examinations.
    /// - `seed`: where the fixed noise comes from that shows what the generator has become.
    ///
    /// # Panics
    /// If there are fewer than two real samples, or `every` is 0.
    #[must_use]
    #[track_caller]
    pub fn new(game: &Game, real: &Tensor, every: u64, seed: u64) -> Doctor {
        assert!(every > 0, "doctor: examinations are at least a turn apart");
        let count = real.shape().first().copied().unwrap_or_default();
        assert!(count >= 2, "doctor: {} is not a sample of at least 2", real.shape());
        let noise = game.latent().sample(count, &mut Rng::new(seed, "doctor"));
        Doctor {
            data: Data::new(real, Tensor::constant(noise)),
            blind_loss: game.blind_loss().map(f64::from),
            every,
            turns: 0,
            players: Players::default(),
            path: Path::default(),
            record: Record::default(),
        }
    }

    /// [`Game::turn`], watched.
    #[track_caller]
    pub fn attend(
        &mut self,
        game: &mut Game,
        next_real: impl FnMut() -> Tensor,
        rng: &mut Rng,
    ) -> Report {
        self.turns += 1;
        let is_due = self.turns.is_multiple_of(self.every);
        if is_due {
            game.measure();
        }
        let report = game.turn(next_real, rng);
        self.players.hear(&report);
        if is_due {
            self.examine(game);
        }
        report
    }

    /// Everything that is seen of the game in this turn.
    fn examine(&mut self, game: &Game) {
        let mut signs = Signs { turn: self.turns, ..Signs::default() };
        self.players.put_into(&mut signs, self.blind_loss);
        self.data.put_into(&mut signs, game, &mut self.path);
        // A game of NaNs has an error of its own, that stops the run.
        if signs.are_finite() {
            self.record.add(signs);
        }
    }

    /// What has been found, the first first, with what is over.
    pub fn findings(&self) -> &[Finding] {
        &self.record.findings
    }

    /// What was seen at the last examinations, at most [`WINDOW`] of them, the last one last.
    pub fn recent(&self) -> &[Signs] {
        &self.record.window
    }
}

/// What was seen and found. The sample and the noise come from the seed.
impl Stateful for Doctor {
    fn put(&self, state: &mut State<'_>) {
        state.within("doctor", |state| {
            state.put_counter("turns", self.turns);
            state.within("notes", |state| {
                state.put_list("players", &self.players.numbers());
                state.put_list("path", &self.path.mean);
                self.record.put(state);
            });
        });
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("doctor", |state| {
            self.turns = state.take_counter("turns")?;
            state.within("notes", |state| {
                // One by one: what else there is stays, and is an error of whoever restores.
                let [numbers, mean, window, shown, findings] =
                    ["players", "path", "window", "shown", "findings"]
                        .map(|name| state.take_list(name));
                let (numbers, mean) = (numbers?, mean?);
                let wrong = |name: &str, size: usize| {
                    let name = name.to_owned();
                    let shape = StateError::Shape { name, found: vec![size], expected: vec![] };
                    shape.within(state)
                };
                self.players =
                    Players::of(&numbers).ok_or_else(|| wrong("players", numbers.len()))?;
                if !mean.is_empty() && mean.len() != self.data.size() {
                    return Err(wrong("path", mean.len()));
                }
                self.path = Path { mean };
                let (window, shown, findings) = (window?, shown?, findings?);
                self.record = Record::of(&window, &shown, &findings)
                    .ok_or_else(|| wrong("findings", findings.len()))?;
                Ok(())
            })
        })
    }
}

/// The mean of some numbers; 0 of none.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    if count == 0.0 { 0.0 } else { sum / count }
}

fn double(x: Real) -> f64 {
    f64::from(x)
}

#[cfg(test)]
mod tests;
