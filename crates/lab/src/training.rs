//! How does a run train: watched, saved, stopped and resumed?
//!
//! Whatever trains is a [`System`]; the loop knows nothing else of it. A run leaves in its folder
//!
//! | file | holds |
//! |---|---|
//! | `metrics.jsonl` | the numbers of every step |
//! | `samples-003750.png` | the picture after 3750 steps, always from the same noise |
//! | `checkpoint.safetensors` | all that is needed to go on, see [`Checkpoint`] |
//! | `losses.svg`, `training.gif` | the curves, and the pictures as a film |
//! | `times.jsonl` | how long the steps took |
//!
//! All but the times depend on the configuration alone: a run that was stopped, or killed, and
//! resumed leaves the same bytes as one that was not.

mod progress;
mod record;
mod stop;

use std::fs;
use std::time::Instant;

use autograd::{Real, in_pool};
use gan::Finding;
use layers::Stateful;
use serde::{Deserialize, Serialize};

pub use record::Numbers;
pub(crate) use record::four_digits;
pub use stop::Stop;

use crate::figures::{Bitmap, Curve, Curves, Panel, save_png, save_svg};
use crate::{
    Checkpoint, Error, Metrics, RunFolder, read_metrics, run_folder, save_checkpoint, save_gif,
};
use progress::Progress;

/// Something that learns step by step and shows what it has learnt: players, their data, and the
/// random streams they draw from.
///
/// [`Stateful`] covers all that a step changes, so that steps can go on from a saved place.
pub trait System: Stateful + Send {
    /// One step. What it was like, by name, always in the same order: a loss is named `loss_d`,
    /// say, and is that before the weights moved.
    fn step(&mut self) -> Vec<(&'static str, Real)>;

    /// What it makes of the same noise every time.
    fn picture(&self) -> Bitmap;

    /// What its doctor has found so far, if it has one.
    fn findings(&self) -> &[Finding] {
        &[]
    }
}

/// How long a run is, and how often it shows and saves what it has.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Stands above the curves.
    pub title: String,
    /// Steps in all.
    pub steps: u64,
    /// Real samples in a step, from which the samples a second follow.
    pub batch_size: usize,
    /// Steps from one printed line to the next.
    pub line_every: u64,
    /// Steps from one picture to the next.
    pub picture_every: u64,
    /// Steps from one checkpoint to the next.
    pub save_every: u64,
    /// Whether the doctor keeps silent.
    pub quiet: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are taken.
    Finished,
    /// It was asked to stop, and is saved.
    Stopped {
        /// How many steps are taken.
        step: u64,
    },
}

/// The name of the checkpoint in a run's folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";

/// The name of the metrics in a run's folder.
pub const METRICS: &str = "metrics.jsonl";

/// The name of the times in a run's folder.
const TIMES: &str = "times.jsonl";

/// What judges draw in a run's folder, and how the report calls it.
pub(crate) const JUDGED: [(&str, &str); 5] = [
    ("errors.svg", "Errors"),
    ("confusion.svg", "What is taken for what"),
    ("reconstructions.png", "Digits that were held back, and what they become"),
    ("codes.svg", "Codes"),
    ("plane.png", "The plane of codes"),
];

/// What else programs write there, beside pictures by the number of their step. The checkpoint
/// first: however soon a run that begins anew ends, nobody goes on from the older one.
const WRITTEN: [&str; 13] = [
    CHECKPOINT,
    METRICS,
    TIMES,
    "report.html",
    "losses.svg",
    "training.gif",
    // From what it has learnt.
    "arithmetic.png",
    "generated.png",
    "generated.svg",
    "interpolation.png",
    "nice.png",
    "translated.png",
    "walk.gif",
];

/// Part of a run, in `times.jsonl`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Times {
    from: u64,
    to: u64,
    seconds: f64,
}

/// Trains a system from its first step, or from a checkpoint, until the end of the plan or until
/// `stop` says so. From its first step, it deletes what another run has left in the folder, and
/// nothing else there.
///
/// # Errors
/// If a file cannot be written, the checkpoint does not fit, or a number of a step is not finite:
/// then what was recorded before stays.
pub fn train(
    system: &mut impl System,
    plan: &Plan,
    configuration: &(impl Serialize + Sync),
    folder: &RunFolder,
    from: Option<&Checkpoint>,
    stop: &Stop,
) -> Result<Outcome, Error> {
    folder.remove_unfinished()?;
    let (first, metrics, times) = match from {
        None => {
            let judged = JUDGED.map(|(name, _)| name);
            WRITTEN.into_iter().chain(judged).try_for_each(|name| folder.remove(name))?;
            folder.remove_numbered("samples-", ".png")?;
            let metrics = Metrics::create(folder.file(METRICS))?;
            (0, metrics, Metrics::create(folder.file(TIMES))?)
        }
        Some(checkpoint) => {
            checkpoint.restore(system)?;
            let progress = checkpoint.progress();
            // It tells of a run that ended where this one goes on.
            folder.remove("report.html")?;
            // A run of as many steps from the start has none of where an earlier plan ended.
            for (step, path) in folder.numbered("samples-", ".png")? {
                if step % plan.picture_every != 0 || step >= progress.step {
                    run_folder::remove(path)?;
                }
            }
            let metrics = Metrics::resume(folder.file(METRICS), progress.metrics_bytes)?;
            let end = fs::metadata(folder.file(TIMES)).map_or(0, |file| file.len());
            let times = if end == 0 {
                Metrics::create(folder.file(TIMES))?
            } else {
                Metrics::resume(folder.file(TIMES), end)?
            };
            (progress.step, metrics, times)
        }
    };
    let run = Run { system, plan, configuration, folder, metrics, times };
    // Inside the pool a step wakes no threads, so it is faster.
    in_pool(|| run.go_on(first, stop))
}

/// A run under way.
struct Run<'a, S, C> {
    system: &'a mut S,
    plan: &'a Plan,
    configuration: &'a C,
    folder: &'a RunFolder,
    metrics: Metrics,
    times: Metrics,
}

impl<S: System, C: Serialize> Run<'_, S, C> {
    fn go_on(mut self, first: u64, stop: &Stop) -> Result<Outcome, Error> {
        let Plan { steps, batch_size, line_every, picture_every, save_every, .. } = *self.plan;
        let mut progress = Progress::new(first, steps, batch_size);
        let mut saved = (first, Instant::now());
        // What a resumed run has found before was told before.
        let mut told = self.system.findings().to_vec();
        for step in first..steps {
            if step % picture_every == 0 {
                self.save_picture(step)?;
            }
            let numbers = Numbers { step, values: self.system.step() };
            let recorded = self.metrics.record(&numbers);
            progress.step(&numbers, step % line_every == 0 || recorded.is_err());
            if let Err(why) = recorded {
                progress.end();
                self.draw()?;
                return Err(why);
            }
            if !self.plan.quiet {
                tell(&mut told, self.system.findings(), &progress);
            }
            let taken = step + 1;
            let stopped = stop.is_asked_for() && taken < steps;
            if taken % save_every == 0 || taken == steps || stopped {
                saved = self.save(taken, saved)?;
            }
            if stopped {
                progress.end();
                self.draw()?;
                return Ok(Outcome::Stopped { step: taken });
            }
        }
        progress.end();
        self.save_picture(steps)?;
        self.draw()?;
        Ok(Outcome::Finished)
    }

    fn save_picture(&self, step: u64) -> Result<(), Error> {
        let picture = self.system.picture();
        save_png(&picture, self.folder.file(format!("samples-{step:06}.png")))
    }

    /// Saves the run after so many steps, and notes how long it took since it was last saved.
    fn save(&mut self, step: u64, before: (u64, Instant)) -> Result<(u64, Instant), Error> {
        // The metrics first: a checkpoint must not count records that the disk does not have.
        let metrics_bytes = self.metrics.sync()?;
        let progress = crate::Progress { step, metrics_bytes };
        save_checkpoint(self.folder.file(CHECKPOINT), progress, self.configuration, self.system)?;
        let (from, since) = before;
        if from < step {
            let seconds = since.elapsed().as_secs_f64();
            self.times.record(&Times { from, to: step, seconds })?;
        }
        Ok((step, Instant::now()))
    }

    /// Draws the curves and the film from what is in the folder.
    fn draw(&self) -> Result<(), Error> {
        save_losses(self.folder, &self.plan.title)?;
        let pictures = self.folder.numbered("samples-", ".png")?;
        // A hundred frames are enough for a film; the last one is always there.
        let every = pictures.len().div_ceil(100).max(1);
        let size = |frame: &Bitmap| (frame.width, frame.height);
        let mut frames: Vec<Bitmap> = Vec::new();
        for (_, path) in pictures.iter().rev().step_by(every) {
            match Bitmap::load_png(path) {
                Ok(frame) if frames.first().is_none_or(|last| size(last) == size(&frame)) => {
                    frames.push(frame);
                }
                // A run does not fail for a picture that was damaged since it was drawn.
                _ => println!("{} is broken: the film goes without it", path.display()),
            }
        }
        frames.reverse();
        if frames.is_empty() {
            return Ok(());
        }
        save_gif(&frames, 20, 200, self.folder.file("training.gif"))
    }
}

/// Prints what was found or is over since it was last told.
fn tell(told: &mut Vec<Finding>, findings: &[Finding], progress: &Progress) {
    if told == findings {
        return;
    }
    for (i, finding) in findings.iter().enumerate() {
        match told.get(i) {
            None => progress.say(&finding.to_string()),
            Some(before) if before.over != finding.over => {
                let turn = finding.signs.turn;
                let (name, over) = (finding.failure.name(), finding.over.unwrap_or_default());
                progress.say(&format!("doctor, turn {over}: over: {name}, named in turn {turn}"));
            }
            Some(_) => {}
        }
    }
    *told = findings.to_vec();
}

/// Draws the curves of a metrics file: losses, whose names start with `loss`, above distances, whose
/// names start so, and the others.
fn save_losses(folder: &RunFolder, title: &str) -> Result<(), Error> {
    let records: Vec<Numbers<String>> = read_metrics(folder.file(METRICS))?;
    let Some(first) = records.first() else { return Ok(()) };
    let curves: Vec<(String, Vec<[f64; 2]>)> = (0..first.values.len())
        .map(|i| {
            let point = |r: &Numbers<String>| Some([r.step as f64, f64::from(r.values.get(i)?.1)]);
            let name = first.values[i].0.replace('_', " ");
            (name, records.iter().filter_map(point).collect())
        })
        .collect();
    // Losses and distances have a scale of their own; all else is between 0 and 1.
    let kind = |name: &str| {
        ["loss", "distance"].into_iter().find(|kind| name.starts_with(kind)).unwrap_or("share")
    };
    let of_kind = |wanted: &'static str| -> (&'static str, Vec<Curve<'_>>) {
        let chosen = curves.iter().filter(|(name, _)| kind(name) == wanted);
        (wanted, chosen.map(|(name, points)| Curve { name, points }).collect())
    };
    let named = ["loss", "distance", "share"].map(of_kind);
    let panels: Vec<Panel<'_>> = named
        .iter()
        .filter(|(_, curves)| !curves.is_empty())
        .map(|(y_name, curves)| Panel { y_name, y_range: None, curves, references: &[] })
        .collect();
    let figure = Curves { title, x_name: "step", panels: &panels };
    save_svg(&figure, folder.file("losses.svg"))
}

/// How many seconds the steps of a run have taken, by what its folder holds; 0 if nothing is known.
pub fn seconds(folder: &RunFolder) -> f64 {
    let times: Vec<Times> = read_metrics(folder.file(TIMES)).unwrap_or_default();
    times.iter().map(|part| part.seconds).sum()
}
