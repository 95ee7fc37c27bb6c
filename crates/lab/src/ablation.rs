//! What does each trick do, on which data, and how sure is that?
//!
//! A [`Plan`] is {combinations of tricks} x {data} x {seeds} on one recipe. Each of its cells is one
//! training, on one thread; as many run side by side as there are threads. A finished cell is a line
//! of `cells.jsonl`, and a cell that stands there is not trained again: so a run that was stopped
//! loses the cells that were under way, and one with more seeds or tricks adds what is missing.

mod board;
mod summary;

use std::sync::Mutex;
use std::time::Instant;

use autograd::side_by_side;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::recipe::Recipe;
use crate::toy_gan::Quality;
use crate::toys::{Coverage, ToyName};
use crate::training::Stop;
use crate::tricks::Trick;
use crate::{Error, Metrics, RunFolder, points, read_metrics};

pub use board::save;
pub use summary::{Row, summaries};

/// The file of the finished cells in a run's folder.
const CELLS: &str = "cells.jsonl";

/// Points of a cell that are drawn.
const DRAWN: usize = 400;

/// Turns between two looks at whether the run is to stop.
const LOOK_EVERY: u64 = 20;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What all cells share. Its own tricks are a part of every combination.
    pub recipe: Recipe,
    /// Tricks that are used together; none is the plain game.
    pub combinations: Vec<Vec<Trick>>,
    /// What is learnt.
    pub data: Vec<ToyName>,
    /// Seeds 0, 1, ... so many.
    pub seeds: u64,
}

/// A training that is finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// What was trained, with all its tricks.
    pub recipe: Recipe,
    /// What it learnt.
    pub data: ToyName,
    /// Where its randomness came from.
    pub seed: u64,
    /// Modes covered, and how many there are, if the data have modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<[usize; 2]>,
    /// The share of points near a mode, if the data have modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_quality: Option<f64>,
    /// W₁ between 256 generated and 256 real points.
    pub distance: f64,
    /// Seconds of its thread.
    pub seconds: f64,
    /// Generated points, for figures.
    pub points: Vec<[f64; 2]>,
}

/// Reads `packing+falling-rates=0.5`, or `plain` for no tricks.
///
/// # Errors
/// As [`Trick::parse`].
pub fn combination(text: &str) -> Result<Vec<Trick>, String> {
    if text == "plain" { Ok(Vec::new()) } else { text.split('+').map(Trick::parse).collect() }
}

/// The name of a combination, as [`combination`] reads it.
pub fn name(tricks: &[Trick]) -> String {
    let names: Vec<String> = tricks.iter().map(Trick::to_string).collect();
    if names.is_empty() { "plain".to_owned() } else { names.join("+") }
}

impl Plan {
    /// The recipe of each combination.
    pub fn recipes(&self) -> Vec<Recipe> {
        let with = |tricks: &Vec<Trick>| Recipe {
            tricks: [&self.recipe.tricks[..], tricks].concat(),
            ..self.recipe.clone()
        };
        self.combinations.iter().map(with).collect()
    }

    /// All cells, seed after seed, so that a run that is stopped has something of everything.
    fn places(&self) -> Vec<(Recipe, ToyName, u64)> {
        let mut places = Vec::new();
        for seed in 0..self.seeds {
            for data in &self.data {
                places.extend(self.recipes().into_iter().map(|recipe| (recipe, *data, seed)));
            }
        }
        places
    }
}

/// Trains all cells of a plan that the folder does not have yet, until `stop` says otherwise, and
/// returns those of the plan that are finished.
///
/// # Errors
/// If the folder's cells cannot be read, or one cannot be written.
pub fn run(plan: &Plan, folder: &RunFolder, stop: &Stop) -> Result<Vec<Cell>, Error> {
    let path = folder.file(CELLS);
    let before: Vec<Cell> = if path.exists() { read_metrics(&path)? } else { Vec::new() };
    let places = plan.places();
    let is = |cell: &Cell, (recipe, data, seed): &(Recipe, ToyName, u64)| {
        cell.recipe == *recipe && cell.data == *data && cell.seed == *seed
    };
    let missing = places.iter().filter(|place| !before.iter().any(|cell| is(cell, place)));
    let missing: Vec<_> = missing.cloned().collect();
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    let record = if bytes == 0 { Metrics::create(&path)? } else { Metrics::resume(&path, bytes)? };
    let bar = ProgressBar::new(plan.recipe.turns * missing.len() as u64);
    let style = ProgressStyle::with_template("{bar:16} {percent:>3} % of the turns, {eta} left");
    bar.set_style(style.expect("the template is sound"));
    println!("{} cells of {}, {} are there already", places.len(), path.display(), {
        places.len() - missing.len()
    });
    let shared =
        Mutex::new(Shared { missing: missing.into_iter(), record, finished: before, why: None });
    side_by_side(|| {
        loop {
            let next = shared.lock().expect("no worker panics with it").missing.next();
            let Some((recipe, data, seed)) = next else { return };
            let Some(cell) = train(recipe, data, seed, stop, &bar) else { return };
            shared.lock().expect("no worker panics with it").finish(cell, &bar);
        }
    });
    bar.finish_and_clear();
    let Shared { finished, why, .. } = shared.into_inner().expect("no worker panics with it");
    if let Some(why) = why {
        return Err(why);
    }
    let of_plan = places.iter().filter_map(|place| finished.iter().find(|cell| is(cell, place)));
    Ok(of_plan.cloned().collect())
}

/// What the workers share.
struct Shared {
    missing: std::vec::IntoIter<(Recipe, ToyName, u64)>,
    record: Metrics,
    finished: Vec<Cell>,
    /// Why the first line that could not be written could not.
    why: Option<Error>,
}

impl Shared {
    fn finish(&mut self, cell: Cell, bar: &ProgressBar) {
        let line = line(&cell);
        bar.suspend(|| println!("{line}"));
        if let Err(why) = self.record.record(&cell) {
            self.missing = Vec::new().into_iter();
            self.why.get_or_insert(why);
        }
        self.finished.push(cell);
    }
}

/// What became of a cell, in less than 100 columns.
fn line(cell: &Cell) -> String {
    let found = match (cell.modes, cell.high_quality) {
        (Some([covered, all]), Some(share)) => {
            format!("{covered:2} of {all} modes, {:5.1} % near one", 100.0 * share)
        }
        _ => format!("W₁ {:.3}", cell.distance),
    };
    let tricks: String = name(&cell.recipe.tricks).chars().take(44).collect();
    format!("{tricks:44} {:?} {}: {found}, {:.0} s", cell.data, cell.seed, cell.seconds)
}

/// Trains one cell; nothing if it is to stop first.
fn train(recipe: Recipe, data: ToyName, seed: u64, stop: &Stop, bar: &ProgressBar) -> Option<Cell> {
    let start = Instant::now();
    let mut gan = recipe.toy_gan(data, seed);
    for turn in 0..recipe.turns {
        if turn % LOOK_EVERY == 0 {
            if stop.is_asked_for() {
                return None;
            }
            bar.inc(LOOK_EVERY.min(recipe.turns - turn));
        }
        gan.turn();
    }
    let seconds = start.elapsed().as_secs_f64();
    let Quality { distance, coverage, .. } = gan.quality();
    let round = |x: f64| (1000.0 * x).round() / 1000.0;
    let drawn = points(&gan.generated(DRAWN, "drawn")).into_iter().map(|point| point.map(round));
    Some(Cell {
        recipe,
        data,
        seed,
        modes: coverage.map(|Coverage { modes, covered, .. }| [covered, modes]),
        high_quality: coverage.map(|coverage| coverage.high_quality),
        distance,
        seconds: round(seconds),
        points: drawn.collect(),
    })
}
