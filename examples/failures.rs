//! The ways in which GANs fail, each brought about in seconds, named by the doctor, and cured.
//!
//! `cargo run --release --example failures -- mode-collapse` shows one of them, without a name all
//! in turn; `-- survey --seeds 10` counts how often the doctor names each where it is, and where
//! it is not. `--smoke` tries everything in a second.
//!
//! What the failures are is in `crates/lab/src/failures.rs`; what one sees is in `docs/failures.md`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autograd::in_pool;
use clap::{Args, Parser, Subcommand, value_parser};
use indicatif::ProgressBar;
use lab::failures::{Case, Course, cases, figure, survey, table};
use lab::figures::save_png;
use lab::{Error, RunFolder, write_whole};

/// Brings about the failures of GANs, names them and cures them.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    show: Show,
    /// Everything once in a few turns, to see that it works
    #[arg(long)]
    smoke: bool,
}

#[derive(Subcommand)]
enum Command {
    /// D becomes certain, and its loss 0
    LossZero(Show),
    /// D's certainty leaves G no gradient
    VanishingGradient(Show),
    /// G makes a few of many modes
    ModeCollapse(Show),
    /// D is so far ahead that G cannot follow
    TooStrong(Show),
    /// D does not see what is wrong
    TooWeak(Show),
    /// The thin side of a long cloud is not learnt
    ThinDirection(Show),
    /// The players go round each other
    NoEquilibrium(Show),
    /// One player's rate is much too high for the other's
    Rates(Show),
    /// Count over many seeds how often each is named, and how often without a reason
    Survey(SurveyFlags),
}

#[derive(Args)]
struct Show {
    /// Where all randomness comes from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the figures go
    #[arg(long, default_value = "out/failures")]
    out: PathBuf,
}

#[derive(Args)]
struct SurveyFlags {
    /// Seeds of each failure and of its cure
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Healthy runs, each with a seed of its own
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(1..=1000))]
    healthy: u64,
    /// Where the table goes
    #[arg(long, default_value = "out/failures")]
    out: PathBuf,
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| {
        let (name, flags) = match flags.command {
            _ if flags.smoke => return smoke(),
            None => return cases().iter().try_for_each(|case| show(case, &flags.show)),
            Some(Command::Survey(flags)) => return count(&cases(), &flags),
            Some(Command::LossZero(flags)) => ("loss-zero", flags),
            Some(Command::VanishingGradient(flags)) => ("vanishing-gradient", flags),
            Some(Command::ModeCollapse(flags)) => ("mode-collapse", flags),
            Some(Command::TooStrong(flags)) => ("too-strong", flags),
            Some(Command::TooWeak(flags)) => ("too-weak", flags),
            Some(Command::ThinDirection(flags)) => ("thin-direction", flags),
            Some(Command::NoEquilibrium(flags)) => ("no-equilibrium", flags),
            Some(Command::Rates(flags)) => ("rates", flags),
        };
        let wanted = cases().into_iter().filter(|case| case.name == name);
        wanted.into_iter().try_for_each(|case| show(&case, &flags))
    })
}

/// The failure, what the doctor says of it, and the same seed with the advice taken.
fn show(case: &Case, flags: &Show) -> Result<(), Error> {
    let folder = RunFolder::create(&flags.out)?;
    println!("{}, seed {}, {} turns", case.failure.name(), flags.seed, case.turns);
    println!("  wrong: {}", case.mistake);
    let play = |recipe| {
        let bar = ProgressBar::new(case.turns);
        let after = || bar.inc(1);
        let course = in_pool(|| Course::play(recipe, (case.toy)(), case.turns, flags.seed, after));
        bar.finish_and_clear();
        course
    };
    let ill = play(&case.ill);
    said(&ill);
    println!("  cure: {}", case.cure);
    let cured = play(&case.cured);
    said(&cured);
    let path = folder.file(format!("{}.png", case.name));
    save_png(&figure(case, [&ill, &cured]), &path)?;
    println!("both side by side: {}\n", path.display());
    Ok(())
}

fn said(course: &Course) {
    if course.findings().is_empty() {
        println!("doctor: nothing to be said");
    }
    course.findings().iter().for_each(|finding| println!("{finding}"));
}

/// Counts over many seeds.
fn count(cases: &[Case], flags: &SurveyFlags) -> Result<(), Error> {
    let folder = RunFolder::create(&flags.out)?;
    let rows = survey(cases, flags.seeds, flags.healthy, |line| println!("{line}"));
    print!("{}", table(&rows));
    let json = serde_json::to_string_pretty(&rows).expect("rows are plain numbers");
    write_whole(folder.file("survey.json"), json.as_bytes())?;
    write_whole(folder.file("survey.md"), table(&rows).as_bytes())?;
    println!("the same is in {}", folder.file("survey.md").display());
    Ok(())
}

fn smoke() -> Result<(), Error> {
    let out = Path::new("out/failures/smoke").to_owned();
    let cases: Vec<Case> = cases().into_iter().map(|case| Case { turns: 60, ..case }).collect();
    cases.iter().try_for_each(|case| show(case, &Show { seed: 0, out: out.clone() }))?;
    count(&cases[..1], &SurveyFlags { seeds: 1, healthy: 0, out })
}
