//! What does the judge say of these pictures?

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use autograd::{Rng, in_pool};
use clap::{Parser, value_parser};
use lab::figures::{image_grid, save_png};
use lab::judge::{calibration_images, neighbour_grid, neighbours};
use lab::systems::lenet::IMAGE;
use lab::training::CHECKPOINT;
use lab::{Error, Images, Judge, Judgement, RunFolder, Scaling, Split};

/// Judge generated digits: are all classes there, are they clear, how far from real ones?
#[derive(Parser)]
struct Flags {
    /// The samples: a folder of PNG files or a file of images, 28 x 28, white on black, as
    /// `generate --each` writes them; without them only known images are judged
    #[arg(long)]
    samples: Option<PathBuf>,
    /// What the samples may be copies of: a folder with MNIST's files [default: the test digits]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// How many known images each row has [default: as many as there are samples, or 5000]
    #[arg(long, value_parser = value_parser!(u32).range(2..=5000))]
    count: Option<u32>,
    /// Where the pictures go
    #[arg(long, default_value = "out/judge")]
    out: PathBuf,
    /// Two hundred images a row, to see that everything works
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| in_pool(|| judge(&flags)))
}

fn judge(flags: &Flags) -> Result<(), Error> {
    let out = if flags.smoke { flags.out.join("smoke") } else { flags.out.clone() };
    let judge = Judge::embedded();
    println!("LeNet, accuracy {:.2} %", 100.0 * judge.net().accuracy());
    let samples = flags.samples.as_deref().map(samples).transpose()?;
    let run = RunFolder::create(out)?;
    let count = samples.as_ref().map_or(5000, |samples| samples.len().clamp(2, 5000));
    let count = flags.count.map_or(count, |count| count as usize);
    let count = if flags.smoke { 200 } else { count };

    println!("{:12}  samples  confidence  score  Fréchet  classes 0 to 9, in %", "");
    for (name, judgement) in judge.calibration(count) {
        print_row(name, &judgement);
    }
    let pictures = calibration_images(50).into_iter();
    for (name, images) in pictures {
        let file = format!("{}.png", name.replace(' ', "-"));
        save_png(&image_grid(&images, 10, Scaling::MinusOneToOne), run.file(file))?;
    }
    if let Some(samples) = samples {
        let all = samples.scaled(0..samples.len(), Scaling::MinusOneToOne);
        print_row("samples", &judge.judge(&all, Scaling::MinusOneToOne));
        let real = match &flags.data {
            Some(folder) => checked(folder, Images::load(folder, Split::Train)?)?,
            None => Images::embedded_mnist(),
        };
        let mut some = Rng::new(0, "samples").permutation(samples.len());
        some.truncate(32);
        let some = samples.scaled(&some, Scaling::MinusOneToOne);
        let found = neighbours(&some, Scaling::MinusOneToOne, &real);
        let distances = found.iter().map(|neighbour| neighbour.distance);
        let mean = distances.sum::<f64>() / found.len() as f64;
        println!("nearest real digits: {mean:.3} away on average; 0 is a copy");
        println!("  among {real}");
        let picture = neighbour_grid(&some, Scaling::MinusOneToOne, &real, 8);
        save_png(&picture, run.file("neighbours.png"))?;
    }
    println!("pictures are in {}", run.path().display());
    Ok(())
}

/// The samples, if they are single ones.
fn samples(path: &Path) -> Result<Images, Error> {
    if path.join(CHECKPOINT).exists() {
        let why = format!(
            "{} holds a run, whose pictures show many samples each. Its program writes single ones \
             by `generate --checkpoint {0} --batch-size 1000 --each FOLDER`",
            path.display()
        );
        return Err(Error::Flag { flag: "--samples", why });
    }
    checked(path, Images::load(path, Split::Train)?)
}

/// The images, if LeNet can read them.
fn checked(path: &Path, images: Images) -> Result<Images, Error> {
    if images.shape() != IMAGE || images.len() < 2 {
        let wanted = "two or more grey images of 28 x 28";
        return Err(Error::OtherImages { path: path.into(), found: images.to_string(), wanted });
    }
    Ok(images)
}

fn print_row(name: &str, judgement: &Judgement) {
    let Judgement { samples, histogram, confidence, score, frechet } = judgement;
    let shares: Vec<String> =
        histogram.iter().map(|share| format!("{:.0}", 100.0 * share)).collect();
    println!(
        "{name:12}  {samples:7}  {confidence:10.3}  {score:5.2}  {frechet:7.2}  {}",
        shares.join(" ")
    );
}
