//! How is one cell trained, and how does it go on after a stop?

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gan::Report;
use indicatif::ProgressBar;
use layers::{State, StateError, Stateful};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::recipe::Recipe;
use crate::toy_gan::{Quality, ToyGan};
use crate::toys::{Coverage, SAMPLES, ToyName};
use crate::training::Stop;
use crate::{Checkpoint, Error, Progress, RunFolder, points, save_checkpoint};

/// Points of a cell that are drawn.
const DRAWN: usize = 400;

/// Turns between two looks at the clock and at whether the run is to stop.
const LOOK_EVERY: u64 = 20;

/// How much of a training a program that is killed may lose.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// Moments of a training at which its modes are counted.
const MOMENTS: u64 = 20;

/// Which training a cell is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What is trained, with all its tricks.
    pub recipe: Recipe,
    /// What it learns.
    pub data: ToyName,
    /// Where its randomness comes from.
    pub seed: u64,
}

/// A training that is finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Which one.
    #[serde(flatten)]
    pub place: Place,
    /// Modes covered, and how many there are, if the data have modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<[usize; 2]>,
    /// The share of points near a mode, if the data have modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_quality: Option<f64>,
    /// W₁ between 256 generated and 256 real points, unless it has diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// The turn in which it was seen that its numbers are lost. It ended there, without modes,
    /// distance and points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverged: Option<u64>,
    /// Seconds of its thread.
    pub seconds: f64,
    /// Twenty moments of the way, evenly spread up to the end, if the data have modes. A shorter
    /// training has one for each turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub course: Vec<Moment>,
    /// Generated points, for figures.
    pub points: Vec<[f64; 2]>,
}

/// How far a training was at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Turns played.
    pub turn: u64,
    /// Modes covered.
    pub covered: usize,
    /// The share of points near a mode.
    pub high_quality: f64,
}

impl Moment {
    fn put(self, state: &mut State<'_>) {
        state.put_counter("turn", self.turn);
        state.put_counter("covered", self.covered as u64);
        state.put_counter("near", (self.high_quality * SAMPLES as f64).round() as u64);
    }

    fn taken(state: &mut State<'_>) -> Result<Moment, StateError> {
        Ok(Moment {
            turn: state.take_counter("turn")?,
            covered: state.take_counter("covered")? as usize,
            high_quality: state.take_counter("near")? as f64 / SAMPLES as f64,
        })
    }
}

/// Trains one cell from its first turn, or from where it stood; nothing if it is to stop first.
///
/// # Errors
/// If its checkpoint is broken or cannot be read or written.
pub(super) fn train(
    place: Place,
    folder: &RunFolder,
    stop: &Stop,
    bar: &ProgressBar,
) -> Result<Option<Cell>, Error> {
    let path = checkpoint(&place, folder);
    let turns = place.recipe.turns;
    let mut training = Training::new(&place);
    let mut turn = 0;
    if path.exists() {
        let saved = Checkpoint::read(&path)?;
        saved.expect_configuration(&place)?;
        saved.restore(&mut training)?;
        turn = saved.progress().step;
    }
    bar.inc(turn);
    let mut since = Instant::now();
    let mut is_lost = false;
    while turn < turns && !is_lost {
        let Report { loss_d, loss_g, .. } = training.gan.turn();
        turn += 1;
        is_lost = !(loss_d + loss_g).is_finite();
        training.look(turn, turns);
        if turn % LOOK_EVERY == 0 {
            bar.inc(LOOK_EVERY);
            let stopped = stop.is_asked_for();
            if stopped || since.elapsed() > SAVE_EVERY {
                training.seconds += since.elapsed().as_secs_f64();
                since = Instant::now();
                let progress = Progress { step: turn, metrics_bytes: 0 };
                match save_checkpoint(&path, progress, &place, &training) {
                    // Seen here before the next loss shows it.
                    Err(Error::Diverged { .. }) => is_lost = true,
                    saved => saved?,
                }
            }
            if stopped && !is_lost {
                return Ok(None);
            }
        }
    }
    bar.inc(turns - turn);
    training.seconds += since.elapsed().as_secs_f64();
    let quality = training.gan.quality().filter(|_| !is_lost);
    Ok(Some(training.cell(place, turn, quality)))
}

/// Removes what is kept of a cell under way, now that it is finished.
///
/// # Errors
/// If it stands there and cannot be removed.
pub(super) fn remove_checkpoint(place: &Place, folder: &RunFolder) -> Result<(), Error> {
    let path = checkpoint(place, folder);
    if !path.exists() {
        return Ok(());
    }
    std::fs::remove_file(&path).map_err(|source| Error::Write { path, source })
}

/// Where a cell under way is kept: its place says which it is, and a digest of that is its name.
fn checkpoint(place: &Place, folder: &RunFolder) -> PathBuf {
    let place = serde_json::to_string(place).expect("a place has a form in JSON");
    let digest: String =
        Sha256::digest(place)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    folder.file(format!("under-way-{digest}.safetensors"))
}

/// A cell under way.
struct Training {
    gan: ToyGan,
    course: Vec<Moment>,
    seconds: f64,
}

impl Training {
    fn new(place: &Place) -> Training {
        let gan = place.recipe.toy_gan(place.data, place.seed);
        Training { gan, course: Vec::new(), seconds: 0.0 }
    }

    /// Counts the modes, if this is one of the moments to do so.
    fn look(&mut self, turn: u64, turns: u64) {
        // The k-th moment is the first turn that is at least k / MOMENTS of all.
        let is_moment = (MOMENTS * turn) / turns > (MOMENTS * (turn - 1)) / turns;
        let coverage = if is_moment { self.gan.coverage() } else { None };
        if let Some(Coverage { covered, high_quality, .. }) = coverage {
            self.course.push(Moment { turn, covered, high_quality });
        }
    }

    /// What became of it in its last turn. Without a quality it has diverged.
    fn cell(self, place: Place, turn: u64, quality: Option<Quality>) -> Cell {
        let coverage = quality.and_then(|quality| quality.coverage);
        let round = |x: f64| (1000.0 * x).round() / 1000.0;
        let mut drawn = points(&self.gan.generated(DRAWN, "drawn"));
        drawn.retain(|point| quality.is_some() && point.iter().all(|x| x.is_finite()));
        Cell {
            place,
            modes: coverage.map(|Coverage { modes, covered, .. }| [covered, modes]),
            high_quality: coverage.map(|coverage| coverage.high_quality),
            distance: quality.map(|quality| quality.distance),
            diverged: quality.is_none().then_some(turn),
            seconds: round(self.seconds),
            course: self.course,
            points: drawn.into_iter().map(|point| point.map(round)).collect(),
        }
    }
}

/// The game, what was seen of it on the way, and how long it took.
impl Stateful for Training {
    fn put(&self, state: &mut State<'_>) {
        state.within("gan", |state| self.gan.put(state));
        state.put_counter("milliseconds", (1000.0 * self.seconds) as u64);
        state.put_counter("moments", self.course.len() as u64);
        for (i, moment) in self.course.iter().enumerate() {
            state.within(&format!("moment.{i}"), |state| moment.put(state));
        }
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("gan", |state| self.gan.take(state))?;
        self.seconds = state.take_counter("milliseconds")? as f64 / 1000.0;
        let moments = state.take_counter("moments")?;
        if moments > MOMENTS {
            let why = format!("a training has {MOMENTS}");
            return Err(state.wrong_counter("moments", moments, why));
        }
        self.course.clear();
        for i in 0..moments {
            self.course.push(state.within(&format!("moment.{i}"), Moment::taken)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tricks::Trick;

    fn place(tricks: Vec<Trick>) -> Place {
        let recipe =
            Recipe { width: [8; 2], batch_size: 24, turns: 40, tricks, ..Recipe::default() };
        Place { recipe, data: ToyName::Ring, seed: 3 }
    }

    /// A cell but for the time it took.
    fn timeless(cell: Cell) -> Cell {
        Cell { seconds: 0.0, ..cell }
    }

    fn train_in(folder: &RunFolder, place: &Place, stop: &Stop) -> Result<Option<Cell>, Error> {
        let trained = train(place.clone(), folder, stop, &ProgressBar::hidden())?;
        Ok(trained.map(timeless))
    }

    #[test]
    fn a_cell_that_was_stopped_goes_on_to_the_same_bits_with_every_trick() {
        for trick in Trick::all() {
            let place = place(vec![trick]);
            let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
            let [whole, parts] = folders.each_ref().map(|f| RunFolder::create(f.path()).unwrap());
            let expected = train_in(&whole, &place, &Stop::new()).unwrap().unwrap();
            let stop = Stop::new();
            stop.ask();
            assert_eq!(train_in(&parts, &place, &stop).unwrap(), None);
            assert_eq!(Checkpoint::read(checkpoint(&place, &parts)).unwrap().progress().step, 20);
            let resumed = train_in(&parts, &place, &Stop::new()).unwrap().unwrap();
            assert_eq!(resumed, expected, "{trick}");
            assert_eq!(resumed.course.len(), 20);
            assert_eq!(resumed.course[6].turn, 14);
        }
    }
}
