//! How is a board shown: as a table, as numbers and as figures?

use serde::Serialize;

use super::{Cell, Plan, Row, name, summaries};
use crate::figures::{
    Curve, Curves, Dot, Dots, Multiples, Panel, Small, save_png, save_svg, to_bitmap,
};
use crate::intervals::Estimate;
use crate::recipe::Recipe;
use crate::toys::ToyName;
use crate::{Error, RunFolder, write_whole};

/// Combinations whose course is drawn, the first of the plan: more curves cannot be told apart.
const COURSES: usize = 4;

/// Writes `board.md`, `board.json` and, for each data of a plan, `samples-DATA.png`,
/// `modes-DATA.svg` and `course-DATA.svg`, and returns the table.
///
/// # Errors
/// If a file cannot be written.
pub fn save(plan: &Plan, cells: &[Cell], folder: &RunFolder) -> Result<String, Error> {
    let rows = summaries(plan, cells);
    let table = markdown(&plan.recipe, &rows);
    write_whole(folder.file("board.md"), table.as_bytes())?;
    let board = Board { recipe: &plan.recipe, rows: &rows };
    let json = serde_json::to_string_pretty(&board).expect("a board is plain numbers");
    write_whole(folder.file("board.json"), json.as_bytes())?;
    for data in &plan.data {
        let smalls = smalls(plan, cells, *data);
        if !smalls.is_empty() {
            let figure = Multiples { window: data.window(), smalls: &smalls };
            save_png(&to_bitmap(&figure), folder.file(format!("samples-{}.png", lower(*data))))?;
        }
        let own: Vec<&Row> = rows.iter().filter(|row| row.data == *data).collect();
        let dot = |row: &&Row| Some(Dot { name: row.tricks.clone(), estimate: row.modes? });
        let dots: Vec<Dot> = own.iter().filter_map(dot).collect();
        if !dots.is_empty() {
            let all = data.toy().modes().len();
            let title = format!("modes of {all}, {}", lower(*data));
            let x_name = x_name(&own);
            let range = 0.0..all as f64;
            let figure = Dots { title: &title, x_name: &x_name, range, dots: &dots };
            save_svg(&figure, folder.file(format!("modes-{}.svg", lower(*data))))?;
            save_course(&own, *data, folder)?;
        }
    }
    Ok(table)
}

/// What the rows of a figure show.
fn x_name(rows: &[&Row]) -> String {
    let fewest = rows.iter().map(|row| row.seeds).min().unwrap_or_default();
    let most = rows.iter().map(|row| row.seeds).max().unwrap_or_default();
    match (fewest, most) {
        (1, 1) => "modes covered, 1 seed".to_owned(),
        _ if fewest == most => format!("modes covered: mean and 95 % interval of {most} seeds"),
        _ => format!("modes covered: mean and 95 % interval of {fewest} to {most} seeds"),
    }
}

/// Draws how the first combinations came to cover the modes of some data.
fn save_course(rows: &[&Row], data: ToyName, folder: &RunFolder) -> Result<(), Error> {
    let rows = &rows[..rows.len().min(COURSES)];
    let curves = |y: fn(&[f64; 3]) -> f64| -> Vec<Vec<[f64; 2]>> {
        rows.iter().map(|row| row.course.iter().map(|at| [at[0], y(at)]).collect()).collect()
    };
    let (modes, near) = (curves(|at| at[1]), curves(|at| 100.0 * at[2]));
    let (modes, near) = (named(rows, &modes), named(rows, &near));
    let all = data.toy().modes().len() as f64;
    let panels = [("modes", all, &modes), ("near a mode, %", 100.0, &near)].map(
        |(y_name, highest, curves)| {
            let y_range = Some(0.0..highest);
            Panel { y_name, y_range, curves, references: &[] }
        },
    );
    let title = format!("What is covered on the way, {}", lower(data));
    let figure = Curves { title: &title, x_name: "turns", panels: &panels };
    save_svg(&figure, folder.file(format!("course-{}.svg", lower(data))))
}

/// A curve for each row, through its points.
fn named<'a>(rows: &'a [&Row], points: &'a [Vec<[f64; 2]>]) -> Vec<Curve<'a>> {
    rows.iter().zip(points).map(|(row, points)| Curve { name: &row.tricks, points }).collect()
}

/// What stands in `board.json`.
#[derive(Serialize)]
struct Board<'a> {
    recipe: &'a Recipe,
    rows: &'a [Row],
}

/// The points of the first seed of each combination.
fn smalls(plan: &Plan, cells: &[Cell], data: ToyName) -> Vec<Small> {
    let combinations = plan.combinations.iter().zip(plan.recipes());
    let first = |(tricks, recipe): (&Vec<_>, Recipe)| {
        let own = |cell: &&Cell| cell.place.recipe == recipe && cell.place.data == data;
        let cell = cells.iter().find(own)?;
        let lost = if cell.diverged.is_some() { "diverged: " } else { "" };
        Some(Small { name: format!("{lost}{}", name(tricks)), points: cell.points.clone() })
    };
    combinations.filter_map(first).collect()
}

fn lower(data: ToyName) -> String {
    format!("{data:?}").to_lowercase()
}

/// The table, with a heading for each data.
fn markdown(recipe: &Recipe, rows: &[Row]) -> String {
    let mut text = format!(
        "{} turns of {} points. Means with 95 % intervals: Student's t, and Wilson's for counts.\n",
        recipe.turns, recipe.batch_size
    );
    if rows.iter().any(|row| row.diverged > 0) {
        text +=
            "Seeds that diverged count among those without all modes; means are of the others.\n";
    }
    for rows in rows.chunk_by(|a, b| a.data == b.data) {
        text += &format!("\n### {}\n\n", lower(rows[0].data));
        text += "| tricks | seeds | modes | near a mode, % | all modes | W₁ | s |\n";
        text += "|---|---|---|---|---|---|---|\n";
        for row in rows {
            let modes = row.modes.map_or(String::new(), |modes| plus_minus(modes, 1.0, 1));
            let near = row.high_quality.map_or(String::new(), |near| plus_minus(near, 100.0, 1));
            let all = row.all_modes.map_or(String::new(), |all| {
                let count = (all.value * row.seeds as f64).round();
                format!("{count} ({:.2} to {:.2})", all.low, all.high)
            });
            let distance = row.distance.map_or(String::new(), |far| plus_minus(far, 1.0, 2));
            let seeds = match row.diverged {
                0 => row.seeds.to_string(),
                lost => format!("{}, diverged {lost}", row.seeds),
            };
            text += &format!(
                "| {} | {seeds} | {modes} | {near} | {all} | {distance} | {:.0} |\n",
                row.tricks, row.seconds
            );
        }
    }
    text
}

/// `24.8 ± 0.2`, or `24.8` of a single value.
fn plus_minus(estimate: Estimate, factor: f64, decimals: usize) -> String {
    let (value, half) = (factor * estimate.value, factor * (estimate.high - estimate.value));
    if estimate.high > estimate.low {
        format!("{value:.decimals$} ± {half:.decimals$}")
    } else {
        format!("{value:.decimals$}")
    }
}
