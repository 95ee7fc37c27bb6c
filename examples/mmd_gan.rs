//! A generator learns digits by the distance of means in a kernel's space, without a classifier.
//!
//! `cargo run --release --example mmd_gan -- train --form learnt`, then `-- generate --checkpoint
//! out/mmd_gan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the two forms are is in `crates/lab/src/systems/mmd_gan.rs`; what a run leaves behind and
//! how it looks is in `docs/mmd-gan.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use autograd::{Array, Rng, Tensor, in_pool};
use clap::{Args, Parser, Subcommand};
use lab::figures::{image_grid, save_png};
use lab::judge::calibration_images;
use lab::run::{Configuration, Defaults, Program, RunFlags, Start, Trained, at_most};
use lab::systems::mmd_gan::{BATCH_SIZE, Form, MmdGan};
use lab::training::Stop;
use lab::two_sample::two_sample_test;
use lab::{Error, Images, Judge, Scaling, save_each};
use serde::{Deserialize, Serialize};

/// Trains a generator of digits by the maximum mean discrepancy and shows what it has learnt.
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
    /// Draw samples of a trained generator
    Generate(GenerateFlags),
}

#[derive(Args, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// What the kernel compares: digits, or features that are learnt [default: direct]
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// How many of the program's digits, from the first on [default: 10000]
    #[arg(long, value_parser = at_most(1_000_000))]
    images: Option<usize>,
}

#[derive(Args)]
struct GenerateFlags {
    #[command(flatten)]
    trained: Trained,
    /// How many samples
    #[arg(long, default_value_t = 64, value_parser = at_most(10_000))]
    batch_size: usize,
    /// Write each sample as a picture of its own into this folder, as `judge --samples` wants them
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    each: Option<PathBuf>,
}

/// What only this system is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Choices {
    form: Form,
    images: usize,
}

const PROGRAM: Program =
    Program { name: "mmd_gan", title: "Digits by mean discrepancy", next: "generate" };

const DEFAULTS: Defaults = Defaults { batch_size: BATCH_SIZE, iterations: 3000, every: 200 };

/// Samples that are judged at the end, and samples of each set in the test by permutations.
const JUDGED: usize = 1000;
const TESTED: usize = 200;
const PERMUTATIONS: usize = 199;

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
    for form in [Form::Direct, Form::Learnt] {
        let run = RunFlags {
            iterations: Some(4),
            batch_size: Some(8),
            every: Some(2),
            out: Some(out.clone()),
            overwrite: true,
            ..RunFlags::default()
        };
        train(&TrainFlags { run, form: Some(form), images: Some(50) }, &Stop::new())?;
        let trained = Trained::in_folder(&out);
        generate(&GenerateFlags { trained, batch_size: 4, each: None })?;
    }
    Ok(())
}

fn train(flags: &TrainFlags, stop: &Stop) -> Result<(), Error> {
    let opened = PROGRAM.open::<Choices>(&flags.run)?;
    let saved = opened.saved().map(|saved| saved.own.clone());
    let all = Images::embedded_mnist().len();
    let saved = saved.unwrap_or(Choices { form: Form::default(), images: all });
    let own = Choices {
        form: flags.form.unwrap_or(saved.form),
        images: flags.images.unwrap_or(saved.images),
    };
    let start = opened.settle(&flags.run, DEFAULTS, own)?;
    let mut gan = gan(&start.configuration)?;
    let about = format!("{} digits", start.configuration.own.images);
    PROGRAM.train(&start, &mut gan, &about, stop, |gan| in_pool(|| judge(gan, &start)))?;
    Ok(())
}

/// The system of a configuration, before it has learnt anything.
fn gan(configuration: &Configuration<Choices>) -> Result<MmdGan, Error> {
    let Configuration { own: Choices { form, images }, batch_size, seed, .. } = *configuration;
    let all = Images::embedded_mnist();
    if images > all.len() || batch_size > images {
        let why = format!("no batches of {batch_size} from {images} of {} digits", all.len());
        return Err(Error::Flag { flag: "--images", why });
    }
    Ok(MmdGan::new(form, all.take(0..images), batch_size, seed))
}

/// How good the samples are, and whether the test of two samples tells them from digits.
fn judge(gan: &mut MmdGan, start: &Start<Choices>) -> Result<Vec<String>, Error> {
    let mut rng = Rng::new(start.configuration.seed, "judge");
    let samples = gan.samples(JUDGED, &mut rng);
    let (_, digits) = calibration_images(JUDGED).swap_remove(0);
    let judge = Judge::embedded();
    let text = format!(
        "generated, {}\nreal digits, {}",
        judge.judge(&samples, Scaling::ZeroToOne),
        judge.judge(&digits, Scaling::MinusOneToOne)
    );
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let digits = digits.map(|x| 0.5 * (x + 1.0));
    let some = |x: &Array, first: usize| {
        let rows = Tensor::constant(x.clone()).reshape([JUDGED, 28 * 28]);
        rows.slice(0, first..first + TESTED).value().clone()
    };
    let (real, others) = (some(&digits, 0), some(&digits, TESTED));
    for (name, set) in [("samples", some(&samples, 0)), ("other digits", others)] {
        let p = two_sample_test(&real, &set, PERMUTATIONS, &mut rng);
        lines.push(format!("{TESTED} digits and {TESTED} {name}: one distribution? p = {p:.3}"));
    }
    Ok(lines)
}

fn generate(flags: &GenerateFlags) -> Result<(), Error> {
    let (configuration, checkpoint) = PROGRAM.trained::<Choices>(&flags.trained.checkpoint)?;
    let mut gan = gan(&configuration)?;
    checkpoint.restore(&mut gan)?;
    let samples = gan.samples(flags.batch_size, &mut Rng::new(flags.trained.seed, "generate"));
    let images = Array::new([flags.batch_size, 28, 28, 1], samples.numbers());
    if let Some(folder) = &flags.each {
        save_each(&images, Scaling::ZeroToOne, folder)?;
        println!("{} pictures are in {}", flags.batch_size, folder.display());
        return Ok(());
    }
    let path = flags.trained.place("generated.png")?;
    save_png(&image_grid(&images, 8, Scaling::ZeroToOne).enlarged(2), &path)?;
    println!("the picture is {}", path.display());
    Ok(())
}
