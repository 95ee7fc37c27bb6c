//! What do the cells of a combination say together?

use serde::Serialize;

use super::{Cell, Moment, Plan, name};
use crate::intervals::{Estimate, mean, share};
use crate::toys::ToyName;

/// A combination of tricks on some data, over its seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The combination, without the tricks that all have.
    pub tricks: String,
    /// What was learnt.
    pub data: ToyName,
    /// Seeds that are finished.
    pub seeds: usize,
    /// How many of them have diverged: they cover no mode, and all other numbers are of the rest.
    #[serde(skip_serializing_if = "is_zero")]
    pub diverged: usize,
    /// Modes covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modes: Option<Estimate>,
    /// The share of points near a mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_quality: Option<Estimate>,
    /// The share of seeds that cover all modes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_modes: Option<Estimate>,
    /// W₁ to real points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<Estimate>,
    /// Seconds of a training, in the mean.
    pub seconds: f64,
    /// Turns played, modes covered and the share of points near one at moments on the way, in the
    /// mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub course: Vec<[f64; 3]>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A row for each combination and data that has a finished cell, in the plan's order.
pub fn summaries(plan: &Plan, cells: &[Cell]) -> Vec<Row> {
    let mut rows = Vec::new();
    for data in &plan.data {
        for (tricks, recipe) in plan.combinations.iter().zip(plan.recipes()) {
            let own = |cell: &&Cell| cell.place.recipe == recipe && cell.place.data == *data;
            let cells: Vec<&Cell> = cells.iter().filter(own).collect();
            if cells.is_empty() {
                continue;
            }
            let of = |number: fn(&Cell) -> Option<f64>| -> Option<Estimate> {
                let values: Vec<f64> = cells.iter().filter_map(|cell| number(cell)).collect();
                (!values.is_empty()).then(|| mean(&values))
            };
            let covered = |cell: &&&Cell| cell.modes.is_some_and(|[covered, all]| covered == all);
            let has_modes = !data.toy().modes().is_empty();
            let sound: Vec<&Cell> =
                cells.iter().copied().filter(|cell| cell.diverged.is_none()).collect();
            rows.push(Row {
                tricks: name(tricks),
                data: *data,
                seeds: cells.len(),
                diverged: cells.len() - sound.len(),
                modes: of(|cell| cell.modes.map(|[covered, _]| covered as f64)),
                high_quality: of(|cell| cell.high_quality),
                all_modes: has_modes
                    .then(|| share(cells.iter().filter(covered).count(), cells.len())),
                distance: of(|cell| cell.distance),
                seconds: cells.iter().map(|cell| cell.seconds).sum::<f64>() / cells.len() as f64,
                course: mean_course(&sound),
            });
        }
    }
    rows
}

/// The mean of the cells' courses, as far as all have one.
fn mean_course(cells: &[&Cell]) -> Vec<[f64; 3]> {
    let moments = cells.iter().map(|cell| cell.course.len()).min().unwrap_or(0);
    let mean = |i: usize| {
        let sum = cells.iter().map(|cell| cell.course[i]).fold([0.0; 3], |sum, moment| {
            let Moment { turn, covered, high_quality } = moment;
            [sum[0] + turn as f64, sum[1] + covered as f64, sum[2] + high_quality]
        });
        sum.map(|sum| sum / cells.len() as f64)
    };
    (0..moments).map(mean).collect()
}
