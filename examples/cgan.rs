//! Two networks learn to draw the digit that they are asked for, or the lower half of one.
//!
//! `cargo run --release --example cgan -- train`, then `-- generate --checkpoint out/cgan --number
//! 31415`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/cgan.rs`; what a run leaves behind and
//! how it looks is in `docs/cgan.md`.

use std::process::ExitCode;

use autograd::{Array, Real, Rng, Tensor, in_pool};
use clap::{Args, Parser, Subcommand, ValueEnum};
use lab::figures::{Confusion, image_grid, save_png, save_svg};
use lab::run::{Configuration, Defaults, Program, RunFlags, Start, Trained, at_most};
use lab::systems::cgan::{BATCH_SIZE, Condition, ConditionalGan, NOISE, WIDTH};
use lab::systems::cgan::{every_class, without_lower_half};
use lab::systems::lenet::{CLASSES, accuracy};
use lab::training::Stop;
use lab::{Error, Images, Judge, RunFolder, Scaling};
use serde::{Deserialize, Serialize};

/// Trains a conditional GAN of digits and shows whether it draws what it is asked for.
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
    Train(TrainFlags),
    /// Draw a number, or the lower halves of digits
    Generate(GenerateFlags),
}

#[derive(Args, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// What the generator is told [default: projection]
    #[arg(long, value_enum)]
    condition: Option<Condition>,
    /// Channels of the discriminator's first convolution [default: 32]
    #[arg(long, value_parser = at_most(512))]
    width: Option<usize>,
    /// How many of the program's digits, from the first on [default: 10000]
    #[arg(long, value_parser = at_most(1_000_000))]
    images: Option<usize>,
}

#[derive(Args)]
struct GenerateFlags {
    #[command(flatten)]
    trained: Trained,
    /// The digits to draw, if the run is one that is told which
    #[arg(long, default_value = "0123456789", value_parser = digits)]
    number: String,
    /// How often, each time from other noise
    #[arg(long, default_value_t = 8, value_parser = at_most(1000))]
    rows: usize,
}

fn digits(text: &str) -> Result<String, String> {
    let fine = (1..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fine { Ok(text.to_owned()) } else { Err("one to fifty digits are wanted".to_owned()) }
}

/// What only this system is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Choices {
    condition: Condition,
    width: usize,
    images: usize,
}

const PROGRAM: Program =
    Program { name: "cgan", title: "Conditional GAN of digits", next: "generate" };

const DEFAULTS: Defaults = Defaults { batch_size: BATCH_SIZE, iterations: 4000, every: 250 };

/// Samples that are judged at the end, of each class.
const JUDGED: usize = 100;

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| match flags.command {
        _ if flags.smoke => smoke(),
        None => train(&TrainFlags::default(), &Stop::on_ctrl_c()),
        Some(Command::Train(flags)) => train(&flags, &Stop::on_ctrl_c()),
        Some(Command::Generate(flags)) => in_pool(|| generate(&flags)),
    })
}

fn smoke() -> Result<(), Error> {
    let out = PROGRAM.smoke_folder();
    for condition in Condition::value_variants() {
        let run = RunFlags {
            iterations: Some(4),
            batch_size: Some(8),
            every: Some(2),
            out: Some(out.clone()),
            overwrite: true,
            ..RunFlags::default()
        };
        let (condition, width, images) = (Some(*condition), Some(4), Some(200));
        train(&TrainFlags { run, condition, width, images }, &Stop::new())?;
        let (trained, number) = (Trained::in_folder(&out), "31415".to_owned());
        generate(&GenerateFlags { trained, number, rows: 2 })?;
    }
    Ok(())
}

fn train(flags: &TrainFlags, stop: &Stop) -> Result<(), Error> {
    let opened = PROGRAM.open::<Choices>(&flags.run)?;
    let saved = opened.saved().map(|saved| saved.own.clone());
    let saved = saved.unwrap_or(Choices {
        condition: Condition::default(),
        width: WIDTH,
        images: Images::embedded_mnist().len(),
    });
    let own = Choices {
        condition: flags.condition.unwrap_or(saved.condition),
        width: flags.width.unwrap_or(saved.width),
        images: flags.images.unwrap_or(saved.images),
    };
    let start = opened.settle(&flags.run, DEFAULTS, own)?;
    let mut gan = gan(&start.configuration)?;
    let Choices { condition, images, .. } = start.configuration.own;
    let about = match condition {
        Condition::UpperHalf => format!("{images} digits, of which one in ten is held back"),
        _ => format!("{images} digits with their labels"),
    };
    PROGRAM.train(&start, &mut gan, &about, stop, |gan| in_pool(|| judge(gan, &start)))?;
    Ok(())
}

/// The system of a configuration, before it has learnt anything.
fn gan(configuration: &Configuration<Choices>) -> Result<ConditionalGan, Error> {
    let Configuration { own: Choices { condition, width, images }, batch_size, seed, .. } =
        *configuration;
    let all = Images::embedded_mnist();
    // In ten digits one is held back; a hundred have some of each class.
    if images > all.len() || images < 100 || batch_size > images * 9 / 10 {
        let why = format!("no batches of {batch_size} from {images} of {} digits", all.len());
        return Err(Error::Flag { flag: "--images", why });
    }
    Ok(ConditionalGan::new(condition, width, &all.take(0..images), batch_size, seed))
}

/// How good the drawings are, and whether they are what was asked for.
fn judge(gan: &mut ConditionalGan, start: &Start<Choices>) -> Result<Vec<String>, Error> {
    let judge = Judge::embedded();
    let mut rng = Rng::new(start.configuration.seed, "judge");
    let right = |x: &Array, labels: &[u8]| {
        let counts = judge.net().read(x).confusion(labels);
        (counts, 100.0 * accuracy(&counts))
    };
    let condition = start.configuration.own.condition;
    let mut lines = Vec::new();
    if condition == Condition::UpperHalf {
        let held_back = gan.held_back();
        let all: Vec<usize> = (0..held_back.len()).collect();
        let labels = held_back.labels().expect("digits have labels");
        let conditions = condition.of(held_back, &all);
        let mut draw = || gan.draw(&conditions, &rng.normal([all.len(), NOISE]));
        let (drawn, again) = (draw(), draw());
        let whole = held_back.scaled(&all, Scaling::MinusOneToOne);
        lines.push(format!("{} digits that were held back, read right by LeNet", all.len()));
        for (name, x) in [
            ("whole", &whole),
            ("upper half seen, lower half drawn", &drawn),
            ("upper half alone", &without_lower_half(&whole)),
        ] {
            lines.push(format!("  {name}: {:.1} %", right(x, labels).1));
        }
        let apart = mean_distance(&drawn, &again);
        lines.push(format!("two drawings for one upper half are {apart:.2} apart"));
        lines.push(format!("drawing and digit are {:.2} apart", mean_distance(&drawn, &whole)));
        lines.extend(
            judge.judge(&drawn, Scaling::MinusOneToOne).to_string().lines().map(str::to_owned),
        );
    } else {
        let (conditions, labels) = every_class(JUDGED);
        let drawn = gan.draw(&conditions, &rng.normal([labels.len(), NOISE]));
        let (counts, share) = right(&drawn, &labels);
        lines.push(format!("{share:.1} % of {} drawings are read as asked for", labels.len()));
        lines.extend(
            judge.judge(&drawn, Scaling::MinusOneToOne).to_string().lines().map(str::to_owned),
        );
        let title = format!("LeNet reads {share:.1} % of the digits as asked for");
        let folder = RunFolder::create(&start.out)?;
        let figure = Confusion { title: &title, rows: "asked for", counts: &counts };
        save_svg(&figure, folder.file("confusion.svg"))?;
    }
    Ok(lines)
}

/// The mean over the images of |a - b|, the Euclidean distance of two images.
fn mean_distance(a: &Array, b: &Array) -> f64 {
    let pairs = a.numbers().chunks(28 * 28).zip(b.numbers().chunks(28 * 28));
    let square = |(a, b): (&Real, &Real)| f64::from(a - b).powi(2);
    let distances = pairs.map(|(a, b)| a.iter().zip(b).map(square).sum::<f64>().sqrt());
    distances.sum::<f64>() / a.shape()[0] as f64
}

fn generate(flags: &GenerateFlags) -> Result<(), Error> {
    let (configuration, checkpoint) = PROGRAM.trained::<Choices>(&flags.trained.checkpoint)?;
    let mut gan = gan(&configuration)?;
    checkpoint.restore(&mut gan)?;
    let condition = configuration.own.condition;
    let mut rng = Rng::new(flags.trained.seed, "generate");
    let (digits, columns) = if condition == Condition::UpperHalf {
        // Pairs of columns: a digit that was held back, and a drawing for its upper half.
        const PAIRS: usize = 5;
        let mut chosen = rng.permutation(gan.held_back().len());
        chosen.truncate(PAIRS * flags.rows);
        let noise = rng.normal([chosen.len(), NOISE]);
        let drawn = gan.draw(&condition.of(gan.held_back(), &chosen), &noise);
        let whole = gan.held_back().scaled(&chosen, Scaling::MinusOneToOne);
        let both = [whole, drawn].map(Tensor::constant);
        let pairs = Tensor::stack(&[&both[0], &both[1]], 1);
        (pairs.reshape([2 * chosen.len(), 28, 28, 1]).value().clone(), 2 * PAIRS)
    } else {
        let number = flags.number.repeat(flags.rows);
        let classes: Vec<usize> = number.bytes().map(|byte| usize::from(byte - b'0')).collect();
        let conditions = Tensor::one_hot(&classes, CLASSES);
        let noise = rng.normal([classes.len(), NOISE]);
        (gan.draw(conditions.value(), &noise), flags.number.len())
    };
    let path = flags.trained.place("generated.png")?;
    let picture = image_grid(&digits, columns, Scaling::MinusOneToOne).enlarged(2);
    save_png(&picture, &path)?;
    println!("the picture is {}", path.display());
    Ok(())
}
