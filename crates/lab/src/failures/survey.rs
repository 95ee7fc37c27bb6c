//! How often is each failure named when it is there, and when it is not?

use autograd::in_pool;
use gan::Failure;
use serde::Serialize;

use super::{Case, Course, HEALTHY, Healthy};

/// How often a failure was named, in runs of a survey.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which.
    pub failure: &'static str,
    /// In how many runs of its own case.
    pub named: u64,
    /// Out of how many.
    pub of: u64,
    /// In how many of the same runs with its cure.
    pub after_cure: u64,
    /// In how many healthy runs.
    pub false_alarms: u64,
    /// Out of how many.
    pub healthy: u64,
}

/// What a run of a survey was found to have.
type Found = Vec<Failure>;

/// Each case and its cure for so many seeds, and so many healthy runs, which go through the healthy
/// recipes in turn, each with a seed of its own. `told` is called with a line for each run.
pub fn survey(cases: &[Case], seeds: u64, healthy: u64, told: impl Fn(&str)) -> Vec<Row> {
    let watch = |name: String, course: &Course| {
        let named = |failure: &Failure| course.shows(*failure);
        let failures: Vec<Failure> = Failure::ALL.into_iter().filter(named).collect();
        let words: Vec<&str> = failures.iter().map(|failure| failure.name()).collect();
        let words = if words.is_empty() { "silence".to_owned() } else { words.join("; ") };
        told(&format!("{name}: {words}"));
        failures
    };
    let runs = |name: &str, case: &Case, recipe| -> Vec<Found> {
        let one = |seed| {
            let play = || Course::play(recipe, (case.toy)(), case.turns, seed, || ());
            watch(format!("{} {name}, seed {seed}", case.name), &in_pool(play))
        };
        (0..seeds).map(one).collect()
    };
    let count = |seen: &[Found], failure: Failure| {
        seen.iter().filter(|found| found.contains(&failure)).count() as u64
    };
    let ill_and_cured: Vec<[Vec<Found>; 2]> = cases
        .iter()
        .map(|case| [runs("as it fails", case, &case.ill), runs("cured", case, &case.cured)])
        .collect();
    let one = |seed: u64| {
        let Healthy { name, toy, recipe, turns } = &HEALTHY[seed as usize % HEALTHY.len()];
        let course = in_pool(|| Course::play(&recipe(), toy.toy(), *turns, seed, || ()));
        let quality = course.gan.quality().map_or("diverged".to_owned(), |quality| {
            let modes = quality.coverage.map_or(String::new(), |coverage| {
                format!(", {} of {} modes", coverage.covered, coverage.modes)
            });
            format!("W1 {:.3}, floor {:.3}{modes}", quality.distance, course.gan.floor())
        });
        watch(format!("healthy, {name}, seed {seed}, {quality}"), &course)
    };
    let well: Vec<Found> = (0..healthy).map(one).collect();
    let row = |(case, [ill, cured]): (&Case, &[Vec<Found>; 2])| Row {
        failure: case.failure.name(),
        named: count(ill, case.failure),
        of: seeds,
        after_cure: count(cured, case.failure),
        false_alarms: count(&well, case.failure),
        healthy,
    };
    cases.iter().zip(&ill_and_cured).map(row).collect()
}

/// The rows as a table of Markdown.
pub fn table(rows: &[Row]) -> String {
    let head = "| failure | named | after the cure | false alarms on healthy runs |\n\
                |---|---|---|---|\n";
    let line = |row: &Row| {
        let Row { failure, named, of, after_cure, false_alarms, healthy } = row;
        format!(
            "| {failure} | {named} of {of} | {after_cure} of {of} | \
             {false_alarms} of {healthy} |\n"
        )
    };
    head.to_owned() + &rows.iter().map(line).collect::<String>()
}
