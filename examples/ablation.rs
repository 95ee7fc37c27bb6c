//! What does each trick of GAN training do? {tricks} x {data} x {seeds} in one table.
//!
//! `cargo run --release --example ablation` tries every trick once on 8 Gaussians, in about five
//! minutes on 2 cores; `-- --tricks plain,r1,packing=4+average --data ring,grid --seeds 10` asks for
//! more; a run that was stopped goes on where it stood. `-- --help` has the flags, `-- --list` the
//! tricks. `--smoke` tries everything in a second.
//!
//! What the tricks are and what they did is in `docs/tricks.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use autograd::Rng;
use clap::{Parser, ValueEnum, value_parser};
use lab::ablation::{self, Plan, combination};
use lab::recipe::Recipe;
use lab::toys::ToyName;
use lab::training::Stop;
use lab::tricks::{TABLE, Trick};
use lab::{Error, RunFolder};

/// Tries tricks of GAN training, each on some data and with some seeds, and makes a table of what
/// came of it.
#[derive(Parser)]
struct Flags {
    /// What to try: names with commas between, `+` joins tricks, `=` gives a number; `plain` is no
    /// trick, `all` is each [default: plain and all]
    #[arg(long, value_name = "LIST")]
    tricks: Option<String>,
    /// What is learnt, with commas between
    #[arg(long, value_enum, value_delimiter = ',', default_value = "ring")]
    data: Vec<ToyName>,
    /// Seeds of each
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Turns of a training [default: those of the set-up]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000_000))]
    steps: Option<u64>,
    /// What all have in common
    #[arg(long, value_enum, default_value_t = Setup::Small)]
    setup: Setup,
    /// A file with a recipe as JSON, in place of --setup
    #[arg(long, value_name = "FILE", conflicts_with = "setup")]
    recipe: Option<PathBuf>,
    /// Where the table and the figures go, and where finished cells are kept
    #[arg(long, value_name = "DIR", default_value = "out/ablation")]
    out: PathBuf,
    /// Print all tricks and end
    #[arg(long)]
    list: bool,
    /// Everything once with tiny networks, to see that it works
    #[arg(long)]
    smoke: bool,
}

/// What all cells have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Setup {
    /// Two hidden layers of 128, batches of 128, 5000 turns
    Small,
    /// What reaches all 25 modes
    Best,
    /// PacGAN's networks, the plain GAN: 400,000 turns
    Pacgan1,
    /// PacGAN's networks, packs of 4
    Pacgan4,
}

impl Setup {
    fn recipe(self) -> Recipe {
        match self {
            Setup::Small => Recipe::default(),
            Setup::Best => Recipe::all_modes(),
            Setup::Pacgan1 => Recipe::pacgan(1),
            Setup::Pacgan4 => Recipe::pacgan(4),
        }
    }
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| {
        if flags.list {
            list();
            return Ok(());
        }
        let plan = if flags.smoke { smoke() } else { plan(&flags)? };
        let out = if flags.smoke { PathBuf::from("out/ablation/smoke") } else { flags.out };
        try_all(&plan, &RunFolder::create(out)?)
    })
}

/// What the flags ask for.
fn plan(flags: &Flags) -> Result<Plan, Error> {
    let flag = |flag| move |why| Error::Flag { flag, why };
    let mut recipe = match &flags.recipe {
        None => flags.setup.recipe(),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|source| Error::Read { path: path.clone(), source })?;
            let read = serde_json::from_str(&text);
            let why = |why: serde_json::Error| format!("{}: {why}", path.display());
            read.map_err(why).map_err(flag("--recipe"))?
        }
    };
    recipe.turns = flags.steps.unwrap_or(recipe.turns);
    // A set-up that has tricks of its own is tried as it is.
    let usual = if recipe.tricks.is_empty() { "plain,all" } else { "plain" };
    let mut combinations = Vec::new();
    for text in flags.tricks.as_deref().unwrap_or(usual).split(',') {
        if text == "all" {
            combinations.extend(Trick::all().into_iter().map(|trick| vec![trick]));
        } else {
            combinations.push(combination(text).map_err(flag("--tricks"))?);
        }
    }
    let plan = Plan { recipe, combinations, data: flags.data.clone(), seeds: flags.seeds };
    let plan = plan.without_repetitions();
    plan.recipes().iter().try_for_each(Recipe::check).map_err(flag("--tricks"))?;
    Ok(plan)
}

fn smoke() -> Plan {
    let recipe = Recipe { width: [8; 2], batch_size: 8, turns: 2, ..Recipe::default() };
    let tricks = ["plain", "r1+average", "unrolled=1", "packing=2"];
    let combinations = tricks.map(|text| combination(text).expect("these tricks exist"));
    let data = vec![ToyName::Ring, ToyName::Moons];
    Plan { recipe, combinations: combinations.to_vec(), data, seeds: 2 }
}

fn try_all(plan: &Plan, folder: &RunFolder) -> Result<(), Error> {
    // Small ones do not tell how long a turn takes, but they fail at once if it cannot be played.
    for recipe in plan.recipes() {
        drop(recipe.game(2, &mut Rng::new(0, "weights")));
    }
    let stop = Stop::on_ctrl_c();
    let cells = ablation::run(plan, folder, &stop)?;
    let table = ablation::save(plan, &cells, folder)?;
    println!("\n{table}");
    let path = folder.path().display();
    println!("board.md, board.json, cells.jsonl and the figures of what is finished are in {path}");
    if stop.is_asked_for() {
        println!("stopped; the same command goes on");
    }
    Ok(())
}

fn list() {
    for about in TABLE {
        println!("{}\n    {}\n    {}", about.usual, about.what, about.source);
    }
}
