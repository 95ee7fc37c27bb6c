//! Two networks learn to put stripes on digits and to take them off again, without ever seeing the
//! same digit in both ways.
//!
//! `cargo run --release --example cyclegan -- train`, then `-- translate --checkpoint
//! out/cyclegan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the four networks are and how they learn is in `crates/lab/src/systems/cyclegan.rs`; what a
//! run leaves behind and how it looks is in `docs/cyclegan.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use autograd::{Rng, in_pool};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use lab::figures::{image_grid, save_png};
use lab::run::{Defaults, Program, RunFlags, at_most, picture_place};
use lab::systems::cyclegan::{
    BATCH_SIZE, COLUMNS, CycleGan, Generators, SCALING, Sets, Sizes, Source, Way, measure, rows,
    striped,
};
use lab::training::Stop;
use lab::{Error, Images, Judge, Split};
use serde::{Deserialize, Serialize};

const PROGRAM: Program =
    Program { name: "cyclegan", title: "CycleGAN of digits and stripes", next: "translate" };
const DEFAULTS: Defaults = Defaults { batch_size: BATCH_SIZE, iterations: 6000, every: 200 };
const WIDTH: usize = 16;
const BLOCKS: usize = 2;
const SIDE: usize = 32;

/// Trains the CycleGAN, or translates with one that is trained.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    /// Everything once on a few digits, to see that it works
    #[arg(long)]
    smoke: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Train, or go on with a run that was stopped
    Train(Box<TrainFlags>),
    /// Draw pictures beside what the generators of a run make of them
    Translate(TranslateFlags),
}

#[derive(Args, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// A folder with pictures to be A [default: digits, which are part of the program]
    #[arg(long, requires = "b")]
    a: Option<PathBuf>,
    /// A folder with pictures to be B [default: other digits, with stripes]
    #[arg(long, requires = "a")]
    b: Option<PathBuf>,
    /// To which height and width the pictures in --a and --b are brought, a multiple of 4
    /// [default: 32]
    #[arg(long, requires = "a", value_parser = side)]
    side: Option<usize>,
    /// At most so many images of each set, from the first on
    #[arg(long, value_parser = at_most(1_000_000))]
    images: Option<usize>,
    /// Channels of the first layer of each player [default: 16]
    #[arg(long, value_parser = at_most(256))]
    width: Option<usize>,
    /// Residual blocks of each generator [default: 2]
    #[arg(long, value_parser = at_most(64))]
    blocks: Option<usize>,
}

#[derive(Args)]
struct TranslateFlags {
    /// The folder of a run
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// A folder with pictures to translate [default: digits that the run has not seen]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Which way the pictures in --input go
    #[arg(long, value_enum, default_value_t = Direction::AToB)]
    way: Direction,
    /// How many, from the first on
    #[arg(long, default_value_t = COLUMNS, value_parser = at_most(1000))]
    count: usize,
    /// The picture to write [default: one in the run's folder]
    #[arg(long, value_parser = value_parser!(PathBuf))]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Direction {
    AToB,
    BToA,
}

/// What only this program is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Own {
    #[serde(flatten)]
    sizes: Sizes,
    a: Source,
    b: Source,
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| match flags.command {
        _ if flags.smoke => smoke(),
        None => train(&TrainFlags::default(), &Stop::on_ctrl_c()),
        Some(Command::Train(flags)) => train(&flags, &Stop::on_ctrl_c()),
        Some(Command::Translate(flags)) => in_pool(|| translate(&flags)),
    })
}

fn smoke() -> Result<(), Error> {
    let run = RunFlags {
        iterations: Some(6),
        batch_size: Some(2),
        every: Some(3),
        save_every: Some(4),
        out: Some(PROGRAM.smoke_folder()),
        overwrite: true,
        ..RunFlags::default()
    };
    let (width, blocks, images) = (Some(4), Some(1), Some(12));
    let flags = TrainFlags { run, width, blocks, images, ..TrainFlags::default() };
    train(&flags, &Stop::new())?;
    translate(&TranslateFlags {
        checkpoint: PROGRAM.smoke_folder(),
        input: None,
        way: Direction::AToB,
        count: 4,
        out: None,
    })
}

fn train(flags: &TrainFlags, stop: &Stop) -> Result<(), Error> {
    let opened = PROGRAM.open::<Own>(&flags.run)?;
    let saved = opened.saved().map(|saved| saved.own.clone());
    let before = saved.as_ref();
    // The same pictures may have moved; what the run remembers is where they were first.
    let moved = |flag: &Option<PathBuf>, source: Option<&Source>| {
        flag.clone().or_else(|| source?.path.clone())
    };
    let a = moved(&flags.a, before.map(|own| &own.a));
    let b = moved(&flags.b, before.map(|own| &own.b));
    let most = before.map(|own| own.a.images.max(own.b.images));
    let most = flags.images.or(most).unwrap_or(usize::MAX);
    let sets = match (&a, &b) {
        (Some(a), Some(b)) => {
            let side = flags.side.or(before.map(|own| own.sizes.side)).unwrap_or(SIDE);
            Sets::folders([a, b], side, most)?
        }
        _ => Sets::digits(most),
    };
    let width = flags.width.or(before.map(|own| own.sizes.width)).unwrap_or(WIDTH);
    let blocks = flags.blocks.or(before.map(|own| own.sizes.blocks)).unwrap_or(BLOCKS);
    let paths = before.map_or([a, b], |own| [own.a.path.clone(), own.b.path.clone()]);
    let [a, b] = sets.sources(paths);
    let about = format!("A: {a}; B: {b}");
    let own = Own { sizes: sets.sizes(width, blocks), a, b };
    let start = opened.settle(&flags.run, DEFAULTS, own)?;
    let (configuration, Sets { images, held_out }) = (&start.configuration, sets);
    let (batch_size, least) = (configuration.batch_size, images[0].len().min(images[1].len()));
    if batch_size > least {
        let why = format!("no batch of {batch_size} from {least} images");
        return Err(Error::Flag { flag: "--batch-size", why });
    }
    let (steps, seed) = (configuration.iterations, configuration.seed);
    let mut system = CycleGan::new(configuration.own.sizes, images, batch_size, steps, seed);
    let judge = |system: &mut CycleGan| {
        let Some(digits) = held_out else { return Ok(Vec::new()) };
        let judge = Judge::embedded();
        let measured = in_pool(move || measure(system.generators(), judge.net(), &digits));
        Ok(measured.to_string().lines().map(str::to_owned).collect())
    };
    PROGRAM.train(&start, &mut system, &about, stop, judge)?;
    Ok(())
}

fn translate(flags: &TranslateFlags) -> Result<(), Error> {
    let (configuration, checkpoint) = PROGRAM.trained::<Own>(&flags.checkpoint)?;
    let Own { sizes, a, .. } = configuration.own;
    let mut generators = Generators::new(sizes, 1, &mut Rng::new(0, "unused"));
    checkpoint.restore_part(&mut generators)?;
    let first = |images: &Images| {
        let count = flags.count.min(images.len());
        images.scaled(0..count, SCALING)
    };
    let (shown, what) = match &flags.input {
        Some(folder) => {
            let images = Images::load_resized(folder, Split::Train, [sizes.side; 2])?;
            if images.shape()[2] > sizes.channels {
                let (path, found) = (folder.clone(), images.to_string());
                return Err(Error::OtherImages { path, found, wanted: "grey pictures" });
            }
            let x = first(&images.with_channels(sizes.channels));
            let way = match flags.way {
                Direction::AToB => Way::AToB,
                Direction::BToA => Way::BToA,
            };
            (vec![x.clone(), generators.translate(way, &x)], "pictures; what they become")
        }
        None if a.path.is_none() => {
            let digits = Sets::digits(usize::MAX).held_out.expect("some are always held back");
            let (x, y) = (first(&digits), first(&striped(&digits)));
            let g = generators.translate(Way::AToB, &x);
            let f = generators.translate(Way::BToA, &y);
            (vec![x, g, y, f], "digits x; G(x); what it should be, y; F(y), which should be x")
        }
        None => {
            let why = "this run has learnt from folders. Say in which one the pictures are";
            return Err(Error::Flag { flag: "--input", why: why.to_owned() });
        }
    };
    let columns = shown[0].shape()[0];
    let picture = image_grid(&rows(&shown), columns, SCALING).enlarged(2);
    let usual = flags.checkpoint.join("translated.png");
    let path = picture_place(flags.out.as_deref(), usual)?;
    save_png(&picture, &path)?;
    println!("rows: {what}\n{columns} columns are in {}", path.display());
    Ok(())
}

/// The height and width of pictures.
fn side(text: &str) -> Result<usize, String> {
    match at_most(512)(text)? {
        side if (8..=512).contains(&side) && side.is_multiple_of(4) => Ok(side),
        _ => Err("not 8, 12, 16, ..., 512".to_owned()),
    }
}
