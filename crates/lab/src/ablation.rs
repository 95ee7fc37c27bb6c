//! What does each trick do, on which data, and how sure is that?
//!
//! A [`Plan`] is {combinations of tricks} x {data} x {seeds} on one recipe. Each of its cells is one
//! training, on one thread; as many run side by side as there are threads. A finished cell is a line
//! of `cells.jsonl`, and a cell that stands there is not trained again; one that is under way is a
//! checkpoint beside it. So a run that was stopped goes on where it stood, and one with more seeds
//! or tricks adds what is missing.

mod board;
mod cell;
mod summary;

use std::sync::Mutex;

use autograd::side_by_side;
use indicatif::{ProgressBar, ProgressStyle};

use crate::recipe::Recipe;
use crate::toys::ToyName;
use crate::training::Stop;
use crate::tricks::Trick;
use crate::{Error, Metrics, RunFolder, cut_torn_line, read_metrics};
use cell::{remove_checkpoint, train};

pub use board::save;
pub use cell::{Cell, Moment, Place};
pub use summary::{Row, summaries};

/// The file of the finished cells in a run's folder.
const CELLS: &str = "cells.jsonl";

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
    /// The same with what is asked for twice once: it would count as more seeds.
    #[must_use]
    pub fn without_repetitions(mut self) -> Plan {
        keep_first(&mut self.combinations);
        keep_first(&mut self.data);
        self
    }

    /// The recipe of each combination.
    pub fn recipes(&self) -> Vec<Recipe> {
        let with = |tricks: &Vec<Trick>| Recipe {
            tricks: [&self.recipe.tricks[..], tricks].concat(),
            ..self.recipe.clone()
        };
        self.combinations.iter().map(with).collect()
    }

    /// All cells, seed after seed, so that a run that is stopped has something of everything.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for seed in 0..self.seeds {
            for &data in &self.data {
                places.extend(self.recipes().into_iter().map(|recipe| Place {
                    recipe,
                    data,
                    seed,
                }));
            }
        }
        places
    }
}

/// Leaves out what equals one before it.
fn keep_first<T: PartialEq>(all: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::new();
    for one in all.drain(..) {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    *all = kept;
}

/// Trains all cells of a plan that the folder does not have yet, until `stop` says otherwise, and
/// returns those of the plan that are finished.
///
/// # Errors
/// If what the folder has of the cells cannot be read, or a cell cannot be written.
pub fn run(plan: &Plan, folder: &RunFolder, stop: &Stop) -> Result<Vec<Cell>, Error> {
    let path = folder.file(CELLS);
    let before: Vec<Cell> = if path.exists() {
        cut_torn_line(&path)?;
        read_metrics(&path)?
    } else {
        Vec::new()
    };
    let places = plan.places();
    let is_there = |place: &&Place| before.iter().any(|cell| cell.place == **place);
    let missing: Vec<Place> = places.iter().filter(|p| !is_there(p)).cloned().collect();
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
            let Some(place) = next else { return };
            let trained = train(place, folder, stop, &bar);
            shared.lock().expect("no worker panics with it").finish(trained, folder, &bar);
        }
    });
    bar.finish_and_clear();
    let Shared { finished, why, .. } = shared.into_inner().expect("no worker panics with it");
    if let Some(why) = why {
        return Err(why);
    }
    let of_plan = places.iter().filter_map(|place| finished.iter().find(|c| c.place == *place));
    Ok(of_plan.cloned().collect())
}

/// What the workers share.
struct Shared {
    missing: std::vec::IntoIter<Place>,
    record: Metrics,
    finished: Vec<Cell>,
    /// The first thing that went wrong.
    why: Option<Error>,
}

impl Shared {
    /// Keeps a cell that is finished. After one that is not, because the run is to stop or a file
    /// cannot be read or written, nothing is begun any more.
    fn finish(
        &mut self,
        trained: Result<Option<Cell>, Error>,
        folder: &RunFolder,
        bar: &ProgressBar,
    ) {
        match trained.and_then(|cell| self.keep(cell, folder, bar)) {
            Ok(true) => {}
            Ok(false) => self.missing = Vec::new().into_iter(),
            Err(why) => {
                self.missing = Vec::new().into_iter();
                self.why.get_or_insert(why);
            }
        }
    }

    /// Records a cell, if there is one.
    fn keep(
        &mut self,
        cell: Option<Cell>,
        folder: &RunFolder,
        bar: &ProgressBar,
    ) -> Result<bool, Error> {
        let Some(cell) = cell else { return Ok(false) };
        let line = line(&cell);
        bar.suspend(|| println!("{line}"));
        self.record.record(&cell)?;
        // Not before the disk has it, or a loss of power could take both.
        self.record.sync()?;
        remove_checkpoint(&cell.place, folder)?;
        self.finished.push(cell);
        Ok(true)
    }
}

/// What became of a cell, in less than 100 columns.
fn line(cell: &Cell) -> String {
    let found = match (cell.modes, cell.high_quality, cell.distance) {
        (Some([covered, all]), Some(share), _) => {
            format!("{covered:2} of {all} modes, {:5.1} % near one", 100.0 * share)
        }
        (_, _, Some(distance)) => format!("W₁ {distance:.3}"),
        _ => format!("diverged in turn {}", cell.diverged.unwrap_or_default()),
    };
    let Place { recipe, data, seed } = &cell.place;
    let tricks: String = name(&recipe.tricks).chars().take(44).collect();
    format!("{tricks:44} {data:?} {seed}: {found}, {:.0} s", cell.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seeds: u64) -> Plan {
        let recipe = Recipe { width: [8; 2], batch_size: 8, turns: 40, ..Recipe::default() };
        let combinations = vec![Vec::new(), vec![Trick::R1(1.0)]];
        Plan { recipe, combinations, data: vec![ToyName::Ring], seeds }
    }

    fn files(folder: &RunFolder) -> Vec<String> {
        let names = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<String> =
            names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_that_was_stopped_goes_on_and_one_with_more_seeds_adds_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(folder.path()).unwrap();
        let stop = Stop::new();
        stop.ask();
        assert_eq!(run(&plan(1), &folder, &stop).unwrap(), []);
        assert!(files(&folder).len() > 1, "nothing is under way");
        let first = run(&plan(1), &folder, &Stop::new()).unwrap();
        assert_eq!(files(&folder), [CELLS]);
        let both = run(&plan(2), &folder, &Stop::new()).unwrap();
        let seeds: Vec<u64> = both.iter().map(|cell| cell.place.seed).collect();
        assert_eq!(seeds, [0, 0, 1, 1]);
        assert_eq!(both[..2], first, "trained again");
        let board = save(&plan(2), &both, &folder).unwrap();
        assert_eq!(board.lines().filter(|line| line.contains("| 2 |")).count(), 2, "{board}");
        let drawn = ["board.json", "board.md", CELLS, "course-ring.svg", "modes-ring.svg"];
        assert_eq!(files(&folder), [&drawn[..], &["samples-ring.png"]].concat());
    }

    #[test]
    fn what_is_asked_for_twice_is_there_once() {
        let Plan { combinations, data, .. } = plan(1);
        let twice = Plan {
            combinations: [&combinations[..], &combinations].concat(),
            data: [&data[..], &data].concat(),
            ..plan(1)
        };
        let once = twice.without_repetitions();
        assert_eq!((once.combinations, once.data), (combinations, data));
    }

    #[test]
    fn a_cell_whose_line_was_torn_is_trained_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(folder.path()).unwrap();
        let first = run(&plan(1), &folder, &Stop::new()).unwrap();
        let path = folder.file(CELLS);
        let whole = std::fs::read(&path).unwrap();
        // Half a line, and all of it but its end.
        for lost in [200, 1] {
            std::fs::write(&path, &whole[..whole.len() - lost]).unwrap();
            let again = run(&plan(1), &folder, &Stop::new()).unwrap();
            let timeless = |cells: &[Cell]| -> Vec<Cell> {
                cells.iter().map(|cell| Cell { seconds: 0.0, ..cell.clone() }).collect()
            };
            assert_eq!(timeless(&again), timeless(&first));
            assert_eq!(read_metrics::<Cell>(&path).unwrap().len(), 2);
        }
    }

    /// Weights of the largest number overflow the next product.
    #[test]
    fn a_training_that_diverges_is_recorded_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(folder.path()).unwrap();
        let lost = Trick::FasterD(f64::from(autograd::Real::MAX));
        let plan = Plan { combinations: vec![vec![lost], Vec::new()], ..plan(2) };
        let cells = run(&plan, &folder, &Stop::new()).unwrap();
        for cell in &cells {
            let is_lost = cell.place.recipe.tricks == [lost];
            assert_eq!(cell.diverged.is_some(), is_lost, "{cell:?}");
            assert_eq!((cell.distance.is_none(), cell.modes.is_none()), (is_lost, is_lost));
            assert_eq!(cell.points.is_empty(), is_lost);
        }
        assert_eq!(run(&plan, &folder, &Stop::new()).unwrap(), cells, "it is there already");
        let board = save(&plan, &cells, &folder).unwrap();
        let row = |name: &str| board.lines().find(|line| line.contains(name)).unwrap().to_owned();
        let lost = row("faster-d");
        assert!(lost.contains("| 2, diverged 2 |  |  | 0 (0.00 to 0.66) |  |"), "{lost}");
        assert!(row("plain").contains("| plain | 2 | "), "{board}");
    }

    #[test]
    fn a_broken_checkpoint_is_named_and_what_was_finished_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(folder.path()).unwrap();
        let first = run(&plan(1), &folder, &Stop::new()).unwrap();
        let stop = Stop::new();
        stop.ask();
        run(&plan(2), &folder, &stop).unwrap();
        for name in files(&folder).iter().filter(|name| name.starts_with("under-way-")) {
            std::fs::write(folder.file(name), "no checkpoint").unwrap();
        }
        let why = run(&plan(2), &folder, &Stop::new()).unwrap_err().to_string();
        assert!(why.contains("under-way-") && why.contains("anew"), "{why}");
        assert_eq!(run(&plan(1), &folder, &Stop::new()).unwrap(), first);
    }
}
