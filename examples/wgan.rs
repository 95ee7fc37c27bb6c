//! Wasserstein GANs and their relatives learn points of the plane, or digits.
//!
//! `cargo run --release --example wgan -- train [--form clip|gp|r1|dragan]
//! [--data grid|ring|roll|moons|mnist]`, then `-- generate --checkpoint out/wgan`; `-- train --seeds
//! 10` counts the modes that ten seeds cover; `-- train --help` has the flags. `--smoke` tries
//! everything in a second.
//!
//! What the networks are is in `crates/lab/src/systems/wgan.rs`; what a run leaves behind and how it
//! looks is in `docs/wgan.md`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autograd::{Rng, in_pool};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use lab::figures::{Scatter, image_grid, save_png, save_svg};
use lab::image_gan::{COLUMNS, ENLARGED, ImageGan, samples};
use lab::image_program::judge_digits;
use lab::numbers::factor;
use lab::run::{Configuration, Defaults, Program, RunFlags, at_most};
use lab::systems::wgan::{BATCH_SIZE, Choice, Form, WIDTH, on_digits, on_points};
use lab::toy_gan::{Quality, ToyGan};
use lab::toys::{Coverage, Mixture, NoisyCurve, SAMPLES, Toy};
use lab::training::{Stop, System};
use lab::{Error, Images, Quartiles, RunFolder, Scaling, ShuffledBatches, points, write_whole};
use serde::{Deserialize, Serialize};

const PROGRAM: Program = Program { name: "wgan", title: "Wasserstein GAN", next: "generate" };

/// Trains a Wasserstein GAN or one of its relatives, and shows what it has learnt.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Flags {
    #[command(subcommand)]
    command: Option<Command>,
    /// Everything once on a few points and digits, to see that it works
    #[arg(long)]
    smoke: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Train, or go on with a run that was stopped
    Train(TrainFlags),
    /// Draw samples of a trained generator
    Generate(GenerateFlags),
}

#[derive(Args, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// What keeps the discriminator from being too steep [default: gp]
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// What is learnt [default: grid]
    #[arg(long, value_enum)]
    data: Option<Data>,
    /// Hidden units of a layer [default: 128 on points, 1024 on digits]
    #[arg(long, value_parser = at_most(4096))]
    width: Option<usize>,
    /// The factor of the penalty [default: the form's]
    #[arg(long, value_parser = factor)]
    penalty: Option<f64>,
    /// Learn at the full rate to the end, rather than ever more slowly in the second half
    #[arg(long)]
    constant_rate: bool,
    /// Train so many seeds without pictures, from --seed on, and print medians and quartiles
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1000))]
    #[arg(conflicts_with = "resume")]
    seeds: Option<u64>,
}

#[derive(Args)]
struct GenerateFlags {
    /// The folder of a run
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
}

/// What is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Data {
    /// 25 Gaussians in a square
    #[default]
    Grid,
    /// 8 Gaussians in a circle
    Ring,
    /// A Swiss roll
    Roll,
    /// Two half circles
    Moons,
    /// The 10,000 digits in the program
    Mnist,
}

impl Data {
    /// The distribution, if it is known.
    fn toy(self) -> Option<Box<dyn Toy>> {
        match self {
            Data::Grid => Some(Box::new(Mixture::grid())),
            Data::Ring => Some(Box::new(Mixture::ring())),
            Data::Roll => Some(Box::new(NoisyCurve::swiss_roll())),
            Data::Moons => Some(Box::new(NoisyCurve::two_moons())),
            Data::Mnist => None,
        }
    }
}

/// What only this program is started with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Choices {
    form: Form,
    data: Data,
    width: usize,
    penalty: Option<f64>,
    constant_rate: bool,
}

type Chosen = Configuration<Choices>;

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| match flags.command {
        _ if flags.smoke => smoke(),
        None => train(TrainFlags::default(), &Stop::on_ctrl_c()),
        Some(Command::Train(flags)) => train(flags, &Stop::on_ctrl_c()),
        Some(Command::Generate(flags)) => in_pool(|| generate(&flags.checkpoint)),
    })
}

fn train(flags: TrainFlags, stop: &Stop) -> Result<(), Error> {
    let opened = PROGRAM.open::<Choices>(&flags.run)?;
    let saved = opened.saved().map(|saved| saved.own);
    let data = flags.data.or(saved.map(|own| own.data)).unwrap_or_default();
    let form = flags.form.or(saved.map(|own| own.form)).unwrap_or_default();
    if form == Form::Clip && flags.penalty.is_some() {
        let why = "--form clip bounds weights and has no penalty; the other forms have one";
        return Err(Error::Flag { flag: "--penalty", why: why.to_owned() });
    }
    if form == Form::Clip && flags.constant_rate {
        let why = "--form clip has one already; it is for the other forms";
        return Err(Error::Flag { flag: "--constant-rate", why: why.to_owned() });
    }
    let (width, defaults) = match data {
        Data::Mnist => (1024, Defaults { batch_size: 64, iterations: 4000, every: 250 }),
        _ => (WIDTH, Defaults { batch_size: BATCH_SIZE, iterations: 12_000, every: 400 }),
    };
    let own = Choices {
        form,
        data,
        width: flags.width.or(saved.map(|own| own.width)).unwrap_or(width),
        penalty: flags.penalty.or(saved.and_then(|own| own.penalty)),
        constant_rate: flags.constant_rate || saved.is_some_and(|own| own.constant_rate),
    };
    let start = opened.settle(&flags.run, defaults, own)?;
    let chosen = &start.configuration;
    let about = format!("{form:?} on {data:?}, width {}", own.width).to_lowercase();
    let Some(toy) = data.toy() else {
        if flags.seeds.is_some() {
            let why = "digits have no modes to count; it is for the other --data".to_owned();
            return Err(Error::Flag { flag: "--seeds", why });
        }
        let seed = chosen.seed;
        PROGRAM.train(&start, &mut digit_gan(chosen)?, &about, stop, |gan| {
            Ok(in_pool(|| judge_digits(gan, Scaling::MinusOneToOne, seed)))
        })?;
        return Ok(());
    };
    match flags.seeds {
        Some(seeds) => compare_seeds(chosen, seeds, &about, &start.out, stop),
        None => {
            let mut gan = toy_gan(chosen, toy);
            PROGRAM.train(&start, &mut gan, &about, stop, |gan| Ok(in_pool(|| judge(gan))))?;
            Ok(())
        }
    }
}

fn choice(run: &Chosen) -> Choice {
    let Choices { form, width, penalty, constant_rate, .. } = run.own;
    Choice { form, width, penalty, fall: (!constant_rate).then_some(run.iterations) }
}

fn toy_gan(run: &Chosen, toy: Box<dyn Toy>) -> ToyGan {
    let game = on_points(choice(run), &mut Rng::new(run.seed, "weights"));
    ToyGan::new(game, toy, true, run.batch_size, run.own.form.is_wasserstein(), run.seed)
}

fn digit_gan(run: &Chosen) -> Result<ImageGan, Error> {
    let images = Images::embedded_mnist();
    if run.batch_size > images.len() {
        let why = format!("no batch of {} from {} digits", run.batch_size, images.len());
        return Err(Error::Flag { flag: "--batch-size", why });
    }
    let game = on_digits(choice(run), &mut Rng::new(run.seed, "weights"));
    let batches = ShuffledBatches::new(images.len(), run.batch_size, run.seed);
    Ok(ImageGan::new(game, images, batches, Scaling::MinusOneToOne, run.seed))
}

/// How good a generator of points is, in words.
fn judge(gan: &mut ToyGan) -> Vec<String> {
    let Some(Quality { distance, estimate, coverage }) = gan.quality() else {
        return vec!["diverged: its points or scores are not finite".to_owned()];
    };
    let mut lines = vec![format!(
        "Wasserstein distance {distance:.3}, between real samples {:.3}; by the critic {estimate:.3}",
        gan.floor()
    )];
    lines.extend(coverage.map(|Coverage { modes, covered, high_quality, reverse_kl }| {
        let share = 100.0 * high_quality;
        format!(
            "{covered} of {modes} modes, {share:.1} % of {SAMPLES} samples near one; KL of the \
             modes' shares {reverse_kl:.3}"
        )
    }));
    lines
}

/// Trains many seeds and prints what is typical of them, or of those that are finished when it is to
/// stop.
fn compare_seeds(
    run: &Chosen,
    seeds: u64,
    about: &str,
    out: &Path,
    stop: &Stop,
) -> Result<(), Error> {
    let end = run.seed.checked_add(seeds).ok_or_else(|| {
        let why = format!("there are no {seeds} seeds from {} on; begin lower", run.seed);
        Error::Flag { flag: "--seed", why }
    })?;
    let folder = RunFolder::create(out)?;
    println!("{}, {about}, {seeds} seeds of {} iterations", PROGRAM.title, run.iterations);
    let mut records: Vec<Record> = Vec::new();
    for seed in run.seed..end {
        let Some(toy) = run.own.data.toy() else { break };
        let mut gan = toy_gan(&Configuration { seed, ..run.clone() }, toy);
        let Some(record) = in_pool(|| one_seed(&mut gan, seed, run.iterations, stop)) else {
            break;
        };
        println!("{}", serde_json::to_string(&record).expect("a record is plain numbers"));
        records.push(record);
    }
    if records.len() < seeds as usize {
        println!("stopped: {} of {seeds} seeds are finished", records.len());
    }
    if records.is_empty() {
        return Ok(());
    }
    let quartiles = |name: &str, figure: fn(&Record) -> Option<f64>| {
        let values: Vec<f64> = records.iter().filter_map(figure).collect();
        if values.is_empty() {
            return;
        }
        let Quartiles { lower, median, upper } = Quartiles::of(&values);
        println!("{name}: median {median:.3}, quartiles {lower:.3} and {upper:.3}");
    };
    quartiles("modes covered", |record| record.covered.map(|n| n as f64));
    quartiles("share near a mode", |record| record.high_quality);
    quartiles("Wasserstein distance", |record| record.distance);
    let lost = records.iter().filter(|record| record.diverged.is_some()).count();
    if lost > 0 {
        println!("diverged: {lost} of {}; the rest is of the others", records.len());
    }
    let json = serde_json::to_string_pretty(&records).expect("records are plain numbers");
    write_whole(folder.file("seeds.json"), json.as_bytes())?;
    println!("the same as numbers: {}", folder.file("seeds.json").display());
    Ok(())
}

/// What became of a seed.
#[derive(Default, Serialize)]
struct Record {
    seed: u64,
    distance: Option<f64>,
    covered: Option<usize>,
    high_quality: Option<f64>,
    /// After how many iterations it was seen that its numbers are lost; it ended there.
    #[serde(skip_serializing_if = "Option::is_none")]
    diverged: Option<u64>,
}

/// Trains one seed; nothing if it is to stop first.
fn one_seed(gan: &mut ToyGan, seed: u64, iterations: u64, stop: &Stop) -> Option<Record> {
    let diverged = |taken| Some(Record { seed, diverged: Some(taken), ..Record::default() });
    for taken in 1..=iterations {
        if stop.is_asked_for() {
            return None;
        }
        if !gan.step().iter().all(|(_, number)| number.is_finite()) {
            return diverged(taken);
        }
    }
    let Some(Quality { distance, coverage, .. }) = gan.quality() else {
        return diverged(iterations);
    };
    Some(Record {
        seed,
        distance: Some(distance),
        covered: coverage.map(|coverage| coverage.covered),
        high_quality: coverage.map(|coverage| coverage.high_quality),
        diverged: None,
    })
}

/// Draws samples of the generator in a run's folder.
fn generate(folder: &Path) -> Result<(), Error> {
    let (run, checkpoint) = PROGRAM.trained::<Choices>(folder)?;
    let Some(toy) = run.own.data.toy() else {
        let mut gan = digit_gan(&run)?;
        checkpoint.restore_part(&mut gan)?;
        let noise = gan.game().latent().sample(64, &mut Rng::new(run.seed, "generate"));
        let digits = samples(gan.game(), &noise, [28, 28, 1]);
        let picture = image_grid(&digits, COLUMNS, Scaling::MinusOneToOne).enlarged(ENLARGED);
        save_png(&picture, folder.join("generated.png"))?;
        println!("64 samples are in {}", folder.join("generated.png").display());
        return Ok(());
    };
    let mut gan = toy_gan(&run, toy);
    checkpoint.restore_part(&mut gan)?;
    let [real, fake] = [gan.real(1000, "generate"), gan.generated(1000, "generate")];
    let figure = Scatter {
        title: "1000 real and 1000 generated points",
        window: gan.window(),
        real: &points(&real),
        fake: &points(&fake),
    };
    save_svg(&figure, folder.join("generated.svg"))?;
    judge(&mut gan).iter().for_each(|line| println!("{line}"));
    println!("1000 samples are in {}", folder.join("generated.svg").display());
    Ok(())
}

fn smoke() -> Result<(), Error> {
    let run = |out: &str| RunFlags {
        iterations: Some(3),
        batch_size: Some(8),
        every: Some(2),
        out: Some(PROGRAM.smoke_folder().join(out)),
        overwrite: true,
        ..RunFlags::default()
    };
    let flags = |form, data, out| TrainFlags {
        run: run(out),
        form: Some(form),
        data: Some(data),
        width: Some(8),
        ..TrainFlags::default()
    };
    train(flags(Form::Clip, Data::Ring, "points"), &Stop::new())?;
    generate(&PROGRAM.smoke_folder().join("points"))?;
    train(flags(Form::Dragan, Data::Mnist, "digits"), &Stop::new())?;
    generate(&PROGRAM.smoke_folder().join("digits"))?;
    let seeds = TrainFlags { seeds: Some(2), ..flags(Form::R1, Data::Moons, "seeds") };
    train(seeds, &Stop::new())?;
    train(TrainFlags { seeds: Some(2), ..flags(Form::Gp, Data::Grid, "seeds") }, &Stop::new())
}
