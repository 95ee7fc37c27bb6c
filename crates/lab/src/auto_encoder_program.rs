//! What can one do with an auto-encoder of digits on the command line?
//!
//! Train it, stop it, go on; decode random codes. An example says which form it is, and the rest
//! is here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autograd::{Array, Real, Rng, Tensor, in_pool, no_grad};
use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Serialize};

use crate::figures::{Classes, Window, image_grid, save_png, save_svg};
use crate::judge::{Judge, calibration_images};
use crate::run::{Configuration, Defaults, Program, RunFlags, Start, Trained, at_most};
use crate::systems::vae::{BATCH_SIZE, CODE, Form, Training};
use crate::training::Stop;
use crate::{Error, Images, RunFolder, Scaling, program, save_each};

/// Samples that are judged at the end of a run.
const JUDGED: usize = 1000;

/// Digits on each side of the picture of the plane of codes.
const PLANE: usize = 13;

/// An auto-encoder of digits as a program.
#[derive(Clone, Copy, Debug)]
pub struct AutoEncoderProgram {
    /// The example's name, and the folder in `out` where its runs go.
    pub name: &'static str,
    /// Stands above its figures.
    pub title: &'static str,
    /// What its encoder says of a digit.
    pub form: Form,
}

/// Trains an auto-encoder of digits and shows what random codes become.
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
    /// Decode random codes
    Generate(GenerateFlags),
}

#[derive(Args, Default)]
struct TrainFlags {
    #[command(flatten)]
    run: RunFlags,
    /// Numbers in a code; with 2, the plane of codes is drawn [default: 20]
    #[arg(long, value_parser = at_most(10_000))]
    code: Option<usize>,
    /// How many of the program's digits, from the first on; one in ten is held back
    /// [default: 10000]
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

/// What only these systems are started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Choices {
    code: usize,
    images: usize,
}

impl AutoEncoderProgram {
    /// The program from its flags to its exit code.
    pub fn main(&self) -> ExitCode {
        program::run(|flags: Flags| match flags.command {
            _ if flags.smoke => self.smoke(),
            None => self.train(&TrainFlags::default(), &Stop::on_ctrl_c()),
            Some(Command::Train(flags)) => self.train(&flags, &Stop::on_ctrl_c()),
            Some(Command::Generate(flags)) => in_pool(|| self.generate(&flags)),
        })
    }

    fn smoke(&self) -> Result<(), Error> {
        let out = self.program().smoke_folder();
        let run = RunFlags {
            iterations: Some(4),
            batch_size: Some(8),
            every: Some(2),
            out: Some(out.clone()),
            overwrite: true,
            ..RunFlags::default()
        };
        self.train(&TrainFlags { run, code: Some(2), images: Some(100) }, &Stop::new())?;
        let trained = Trained::in_folder(out);
        self.generate(&GenerateFlags { trained, batch_size: 4, each: None })
    }

    fn program(&self) -> Program {
        Program { name: self.name, title: self.title, next: "generate" }
    }

    fn train(&self, flags: &TrainFlags, stop: &Stop) -> Result<(), Error> {
        let opened = self.program().open::<Choices>(&flags.run)?;
        let saved = opened.saved().map(|saved| saved.own.clone());
        let all = Images::embedded_mnist().len();
        let saved = saved.unwrap_or(Choices { code: CODE, images: all });
        let own = Choices {
            code: flags.code.unwrap_or(saved.code),
            images: flags.images.unwrap_or(saved.images),
        };
        let defaults = Defaults { batch_size: BATCH_SIZE, iterations: 6000, every: 250 };
        let start = opened.settle(&flags.run, defaults, own)?;
        let mut training = self.fresh(&start.configuration)?;
        let Choices { code, images } = start.configuration.own;
        let about = format!("{images} digits, of which one in ten is held back, codes of {code}");
        let judge = |training: &mut Training| in_pool(|| judge(training, &start));
        self.program().train(&start, &mut training, &about, stop, judge)?;
        Ok(())
    }

    /// The system of a configuration, before it has learnt anything.
    fn fresh(&self, configuration: &Configuration<Choices>) -> Result<Training, Error> {
        let Configuration { own: Choices { code, images }, batch_size, seed, .. } = *configuration;
        let all = Images::embedded_mnist();
        if images > all.len() || images < 20 || batch_size > images * 9 / 10 {
            let why = format!("no batches of {batch_size} from {images} of {} digits", all.len());
            return Err(Error::Flag { flag: "--images", why });
        }
        Ok(Training::new(self.form, code, &all.take(0..images), batch_size, seed))
    }

    fn generate(&self, flags: &GenerateFlags) -> Result<(), Error> {
        let (configuration, checkpoint) =
            self.program().trained::<Choices>(&flags.trained.checkpoint)?;
        let mut training = self.fresh(&configuration)?;
        checkpoint.restore(&mut training)?;
        let mut rng = Rng::new(flags.trained.seed, "generate");
        let noise = rng.normal([flags.batch_size, configuration.own.code]);
        let digits = images(&training.decoded(&noise));
        if let Some(folder) = &flags.each {
            save_each(&digits, Scaling::ZeroToOne, folder)?;
            println!("{} pictures are in {}", flags.batch_size, folder.display());
            return Ok(());
        }
        let path = flags.trained.place("generated.png")?;
        save_digits(&digits, 8, &path)?;
        println!("the picture is {}", path.display());
        Ok(())
    }
}

/// Draws what was learnt, and says how good it is.
fn judge(training: &mut Training, start: &Start<Choices>) -> Result<Vec<String>, Error> {
    let folder = RunFolder::create(&start.out)?;
    let (seed, code) = (start.configuration.seed, start.configuration.own.code);
    let mut rng = Rng::new(seed, "judge");
    let (reconstruction, divergence) = training.held_back_terms(&mut rng);
    let held_back = training.held_back();
    let mut lines = vec![match divergence {
        None => format!("{} held back digits: {reconstruction:.2} nats each", held_back.len()),
        Some(divergence) => format!(
            "{} held back digits: reconstruction {reconstruction:.2} + divergence {divergence:.2} \
             nats, lower bound {:.2}",
            held_back.len(),
            -(reconstruction + divergence)
        ),
    }];
    let [codes, made] = training.reconstructed();
    let shown = 40.min(held_back.len());
    let digits = held_back.scaled(0..shown, Scaling::ZeroToOne);
    let made = Tensor::constant(made).slice(0, ..shown);
    let pairs = Tensor::stack(&[&Tensor::constant(digits).reshape([shown, 784]), &made], 1);
    save_digits(pairs.value(), 8, &folder.file("reconstructions.png"))?;
    if code == 2 {
        let points: Vec<[f64; 2]> =
            codes.numbers().as_chunks::<2>().0.iter().map(|z| z.map(f64::from)).collect();
        let classes = held_back.labels().expect("digits have labels");
        let title = "Codes of digits that were held back";
        let window = Window::around(&points);
        let figure = Classes { title, window, points: &points, classes };
        save_svg(&figure, folder.file("codes.svg"))?;
        save_digits(&training.decoded(&plane(PLANE)), PLANE, &folder.file("plane.png"))?;
    }
    let noise = rng.normal([JUDGED, code]);
    let judge = Judge::embedded();
    let mut says = |name: &str, x: &Array, scaling| {
        let text = format!("{name}, {}", judge.judge(x, scaling));
        lines.extend(text.lines().map(str::to_owned));
    };
    says("generated", &training.decoded(&noise), Scaling::ZeroToOne);
    if training.vae().form() == Form::Plain {
        let x = no_grad(|| training.vae().decode(&Tensor::constant(noise)));
        says("from codes N(0, 1)", x.value(), Scaling::ZeroToOne);
    }
    let (_, digits) = calibration_images(JUDGED).swap_remove(0);
    says("real digits", &digits, Scaling::MinusOneToOne);
    Ok(lines)
}

/// Digits as images, each of 784 numbers in [0, 1].
fn images(digits: &Array) -> Array {
    let count = digits.shape().count() / (28 * 28);
    Array::new([count, 28, 28, 1], digits.numbers())
}

/// Draws digits, each of 784 numbers in [0, 1].
fn save_digits(digits: &Array, columns: usize, path: &Path) -> Result<(), Error> {
    save_png(&image_grid(&images(digits), columns, Scaling::ZeroToOne).enlarged(2), path)
}

/// Codes in rows from the highest second coordinate, each from the lowest first: the quantiles
/// (i + 1/2) / side of N(0, 1) in either, so that each stands for as much probability. `[side², 2]`.
fn plane(side: usize) -> Array {
    let z: Vec<Real> =
        (0..side).map(|i| normal_quantile((i as f64 + 0.5) / side as f64) as Real).collect();
    let numbers: Vec<Real> =
        z.iter().rev().flat_map(|up| z.iter().flat_map(move |right| [*right, *up])).collect();
    Array::new([side * side, 2], &numbers)
}

/// The z for which a standard normal number is below it with probability p, by bisection of
///
/// Φ(z) = 1/2 + φ(z) ( z + z³/3 + z⁵/(3·5) + z⁷/(3·5·7) + .. ).
///
/// Source: Marsaglia 2004, "Evaluating the Normal Distribution", §3.
fn normal_quantile(p: f64) -> f64 {
    let below = |z: f64| {
        let mut term = z;
        let mut sum = z;
        let mut odd = 1.0;
        while term.abs() > 1e-17 {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        0.5 + sum * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if below(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959_963_985), (0.025, -1.959_963_985), (0.8, 0.841_621_234)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
        }
    }

    #[test]
    fn the_plane_goes_from_the_upper_left_to_the_lower_right() {
        let plane = plane(3);
        let z = normal_quantile(5.0 / 6.0) as Real;
        let row = |i: usize| [plane.numbers()[2 * i], plane.numbers()[2 * i + 1]];
        let near = |a: [Real; 2], b: [Real; 2]| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-6;
        assert!(near(row(0), [-z, z]) && near(row(2), [z, z]) && near(row(4), [0.0, 0.0]));
        assert!(near(row(8), [z, -z]));
    }
}
