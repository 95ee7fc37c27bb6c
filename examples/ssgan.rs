//! A classifier learns from a few labels, and from a game about images that have none.
//!
//! `cargo run --release --example ssgan -- train`, then `-- eval --dataset MNIST --checkpoint
//! out/ssgan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the players are is in `crates/lab/src/systems/ssgan.rs`; what a run leaves behind, and how
//! many errors it makes with how many labels, is in `docs/ssgan.md`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autograd::in_pool;
use clap::{Args, Parser, Subcommand, value_parser};
use lab::figures::{Confusion, Curve, Curves, Panel, Reference, save_svg};
use lab::image_program::Source;
use lab::numbers::decay;
use lab::run::{Configuration, Defaults, Program, RunFlags, at_most};
use lab::systems::ssgan::{
    self, Dataset, Game, PartlyLabelled, Setup, SsGan, Supervised, confusion,
};
use lab::training::{METRICS, Numbers, Stop};
use lab::{Error, Images, read_metrics};

/// Classify images from a few labels and many images without: a semi-supervised GAN.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: TrainFlags,
    /// Everything once on a few digits, to see that it works
    #[arg(long)]
    smoke: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Train, or go on with a run that was stopped; what is done without a command
    Train(Box<TrainFlags>),
    /// Count the errors of a trained classifier on test images
    Eval(EvalFlags),
}

#[derive(Args, Clone, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// What is classified [default: MNIST]
    #[arg(long, value_enum, ignore_case = true)]
    dataset: Option<Dataset>,
    /// Which game [default: feature-matching]
    #[arg(long, value_enum)]
    recipe: Option<Game>,
    /// How many images have labels, equally many of each class [default: 100; as printed, all]
    #[arg(long, value_parser = at_most(1_000_000))]
    labels: Option<usize>,
    /// Units or channels of the classifier's first layer: how wide the players are
    #[arg(long, value_parser = at_most(2048))]
    width: Option<usize>,
    /// The decay of the averaged weights, for feature matching [default: 0.999]
    #[arg(long, value_parser = decay)]
    average: Option<f64>,
    /// A folder with MNIST's four files or CIFAR-10's .bin files [default: MNIST's test digits, of
    /// which four in five are learnt]
    #[arg(long)]
    data: Option<PathBuf>,
    /// How many images to learn from, from the first on
    #[arg(long, value_parser = at_most(1_000_000))]
    images: Option<usize>,
    /// Keep the mistakes of the source text, with --recipe extra-class
    #[arg(long)]
    as_printed: bool,
    /// Halve both learning rates every 10,000 steps of both players, with --recipe extra-class
    #[arg(long)]
    halve_rates: bool,
    /// Steps of the classifier that learns from the labels alone, for comparison [default: 1000]
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000))]
    supervised: Option<u64>,
}

#[derive(Args)]
struct EvalFlags {
    /// What is classified
    #[arg(long, value_enum, ignore_case = true)]
    dataset: Dataset,
    /// The folder of a run
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// A folder whose test images are classified [default: where the run's images come from]
    #[arg(long)]
    data: Option<PathBuf>,
}

fn program(dataset: Dataset) -> Program {
    let next = match dataset {
        Dataset::Mnist => "eval --dataset MNIST",
        Dataset::Cifar10 => "eval --dataset CIFAR10",
    };
    Program { name: "ssgan", title: "Semi-supervised GAN", next }
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| match flags.command {
        _ if flags.smoke => smoke(),
        None => train(&flags.train, &Stop::on_ctrl_c()),
        Some(Command::Train(flags)) => train(&flags, &Stop::on_ctrl_c()),
        Some(Command::Eval(flags)) => in_pool(|| evaluate(&flags)),
    })
}

/// Both games, and the mistakes of the second, on a few digits.
fn smoke() -> Result<(), Error> {
    let out = program(Dataset::Mnist).smoke_folder();
    for (recipe, as_printed) in
        [(Game::ExtraClass, true), (Game::ExtraClass, false), (Game::FeatureMatching, false)]
    {
        let run = RunFlags {
            iterations: Some(4),
            batch_size: Some(8),
            every: Some(2),
            save_every: Some(3),
            out: Some(out.clone()),
            overwrite: true,
            ..RunFlags::default()
        };
        let flags = TrainFlags {
            run,
            recipe: Some(recipe),
            labels: Some(20),
            width: Some(8),
            images: Some(200),
            supervised: Some(3),
            as_printed,
            ..TrainFlags::default()
        };
        train(&flags, &Stop::new())?;
    }
    evaluate(&EvalFlags { dataset: Dataset::Mnist, checkpoint: out, data: None })
}

fn train(flags: &TrainFlags, stop: &Stop) -> Result<(), Error> {
    let opened = program(Dataset::Mnist).open::<Setup>(&flags.run)?;
    let saved = opened.saved().map(|saved| saved.own.clone());
    let saved = saved.as_ref();
    let dataset = flags.dataset.or(saved.map(|s| s.dataset)).unwrap_or(Dataset::Mnist);
    let game = flags.recipe.or(saved.map(|s| s.game)).unwrap_or(Game::FeatureMatching);
    let as_printed = flags.as_printed || saved.is_some_and(|s| s.as_printed);
    if as_printed && game != Game::ExtraClass {
        let why = "only --recipe extra-class has a source with mistakes that are known".to_owned();
        return Err(Error::Flag { flag: "--as-printed", why });
    }
    let halve_rates = flags.halve_rates || saved.is_some_and(|s| s.halve_rates);
    if halve_rates && game != Game::ExtraClass {
        let why = "only --recipe extra-class has a source that halves its rates".to_owned();
        return Err(Error::Flag { flag: "--halve-rates", why });
    }
    if flags.average.is_some() && game != Game::FeatureMatching {
        let why = "only --recipe feature-matching averages weights".to_owned();
        return Err(Error::Flag { flag: "--average", why });
    }
    let folder = flags.data.as_deref().or(saved.and_then(|s| s.data.path.as_deref()));
    let wanted = flags.images.or(saved.map(|s| s.data.images));
    let (images, test, name) = images(dataset, folder, wanted)?;
    let all = if as_printed { images.len() } else { 100 };
    let mut data = Source::of(&images, name, folder);
    if let Some(saved) = saved {
        // The same images may have moved.
        data.path.clone_from(&saved.data.path);
    }
    let own = Setup {
        dataset,
        game,
        as_printed,
        halve_rates,
        labels: flags.labels.or(saved.map(|s| s.labels)).unwrap_or(all),
        width: flags.width.or(saved.map(|s| s.width)).unwrap_or(match (game, dataset) {
            (Game::FeatureMatching, Dataset::Mnist) => 1000,
            (Game::ExtraClass, Dataset::Mnist) => 32,
            (_, Dataset::Cifar10) => 64,
        }),
        average: flags.average.or(saved.map(|s| s.average)).unwrap_or(0.999),
        supervised: flags.supervised.or(saved.map(|s| s.supervised)).unwrap_or(1000),
        data,
    };
    let start = opened.settle(&flags.run, defaults(game, dataset, folder.is_some()), own)?;
    let Configuration { own, batch_size, every, seed, .. } = &start.configuration;
    let about = format!(
        "{}\n  {} of them with labels; tested on {} others",
        own.data,
        own.labels,
        test.len()
    );
    let mut system = own.system(&images, test, *batch_size, *every, *seed)?;
    program(dataset).train(&start, &mut system, &about, stop, |system| {
        in_pool(|| judge(system, &images, &start.configuration, &start.out))
    })?;
    Ok(())
}

fn defaults(game: Game, dataset: Dataset, large: bool) -> Defaults {
    match (game, dataset) {
        (Game::FeatureMatching, Dataset::Mnist) => {
            let iterations = if large { 20_000 } else { 8000 };
            Defaults { batch_size: 100, iterations, every: 250 }
        }
        (Game::FeatureMatching, Dataset::Cifar10) => {
            Defaults { batch_size: 100, iterations: 2000, every: 100 }
        }
        (Game::ExtraClass, _) => Defaults { batch_size: 64, iterations: 600, every: 50 },
    }
}

/// The images to learn from, those to test with, and what the former are. Of a few images a tenth
/// are enough to test with.
fn images(
    dataset: Dataset,
    folder: Option<&Path>,
    wanted: Option<usize>,
) -> Result<(Images, Images, String), Error> {
    let [images, test] = ssgan::load(dataset, folder)?;
    let name = match folder {
        Some(_) => images.provenance().to_string(),
        None => "four in five of MNIST's test digits".to_owned(),
    };
    let Some(wanted) = wanted.filter(|wanted| *wanted != images.len()) else {
        return Ok((images, test, name));
    };
    if wanted > images.len() {
        let why = format!("{wanted} images are wanted and there are {}", images.len());
        return Err(Error::Flag { flag: "--images", why });
    }
    let test = if wanted < test.len() { test.take(0..wanted) } else { test };
    Ok((images.take(0..wanted), test, name))
}

/// The errors at the end, beside those of the same classifier without a game.
fn judge(
    system: &mut SsGan,
    images: &Images,
    configuration: &Configuration<Setup>,
    out: &Path,
) -> Result<Vec<String>, Error> {
    let Configuration { own, batch_size, seed, .. } = configuration;
    let counts = system.confusion();
    let error = 100.0 * ssgan::error(&counts);
    let mut alone = Supervised::new(own, *seed);
    let mut data: PartlyLabelled = own.partly_labelled(images, *batch_size, *seed)?;
    for _ in 0..own.supervised {
        alone.step(&mut data);
    }
    let of_alone = confusion(alone.classifier(), system.test(), alone.scaling());
    let error_alone = 100.0 * ssgan::error(&of_alone);

    let title = format!("{} labels: {error:.2} % of the test images wrong", own.labels);
    save_svg(&Confusion { title: &title, rows: "is", counts: &counts }, out.join("confusion.svg"))?;
    let records: Vec<Numbers<String>> = read_metrics(out.join(METRICS))?;
    let of = |r: &Numbers<String>| r.values.iter().find(|(name, _)| name == "error").map(|v| v.1);
    let every = configuration.every;
    let measured = records.iter().filter(|r| r.step.is_multiple_of(every));
    let points: Vec<[f64; 2]> =
        measured.filter_map(|r| Some([r.step as f64, 100.0 * f64::from(of(r)?)])).collect();
    let highest = points.iter().map(|point| point[1]).fold(error_alone, f64::max);
    let panel = Panel {
        y_name: "error in %",
        y_range: Some(0.0..(1.05 * highest).max(5.0)),
        curves: &[Curve { name: "semi-supervised", points: &points }],
        references: &[Reference { name: "alone", y: error_alone }],
    };
    let figure = Curves { title: &title, x_name: "step", panels: &[panel] };
    save_svg(&figure, out.join("errors.svg"))?;
    let tested = system.test().len();
    Ok(vec![
        format!("{} labels, {tested} test images", own.labels),
        format!("  in the game:            {error:6.2} % wrong"),
        format!(
            "  from the labels alone:  {error_alone:6.2} % wrong, after {} steps",
            own.supervised
        ),
    ])
}

fn evaluate(flags: &EvalFlags) -> Result<(), Error> {
    let (configuration, checkpoint) = program(flags.dataset).trained::<Setup>(&flags.checkpoint)?;
    let Configuration { own, batch_size, seed, .. } = configuration;
    if own.dataset != flags.dataset {
        let why = format!("the run in {} learnt another", flags.checkpoint.display());
        return Err(Error::Flag { flag: "--dataset", why });
    }
    let folder = flags.data.as_deref().or(own.data.path.as_deref());
    let [_, test] = ssgan::load(own.dataset, folder)?;
    let mut players = own.players(batch_size, seed);
    checkpoint.restore_part(&mut players)?;
    let counts = confusion(players.classifier(), &test, players.scaling());
    let error = ssgan::error(&counts);
    let (right, all) = (100.0 * (1.0 - error), test.len());
    println!(
        "{} labels: {right:.2} % of {all} test images right, {:.2} % wrong",
        own.labels,
        100.0 * error
    );
    println!("class    {}", (0..10).map(|j| format!("{j:6}")).collect::<String>());
    let share =
        |i: usize| 100.0 * counts[i][i] as f64 / counts[i].iter().sum::<usize>().max(1) as f64;
    println!("right, % {}", (0..10).map(|i| format!("{:6.1}", share(i))).collect::<String>());
    let path = flags.checkpoint.join("confusion.svg");
    let title = format!("{} labels: {:.2} % of the test images wrong", own.labels, 100.0 * error);
    save_svg(&Confusion { title: &title, rows: "is", counts: &counts }, &path)?;
    println!("what is taken for what is in {}", path.display());
    Ok(())
}
