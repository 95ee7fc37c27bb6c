//! How does the LeNet learn to read digits, and which ones does it misread?

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use autograd::{Real, in_pool};
use clap::{Parser, value_parser};
use lab::figures::{Confusion, captioned_grid, save_png, save_svg};
use lab::systems::lenet::{IMAGE, Reading, Training, accuracy};
use lab::{Error, Images, RunFolder, Scaling, Split, write_whole};
use layers::{summary, to_safetensors};

/// Train a LeNet to read handwritten digits, and look at what it misreads.
#[derive(Parser)]
struct Flags {
    /// Where all random numbers come from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Passes over the digits [default: 12 with --data, 30 without]
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000))]
    epochs: Option<u32>,
    /// A folder with MNIST's four files; without it, nine in ten of the digits that are part of
    /// the program are learnt and the others read
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where the network and the pictures go
    #[arg(long, default_value = "out/lenet")]
    out: PathBuf,
    /// A few hundred digits only, to see that everything works
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| in_pool(|| train(&flags)))
}

fn train(flags: &Flags) -> Result<(), Error> {
    let out = if flags.smoke { flags.out.join("smoke") } else { flags.out.clone() };
    let run = RunFolder::create(out)?;
    let (digits, test) = match &flags.data {
        Some(folder) => (load(folder, Split::Train)?, load(folder, Split::Test)?),
        None => divided(&Images::embedded_mnist()),
    };
    let (digits, test) =
        if flags.smoke { (digits.take(0..512), test.take(0..200)) } else { (digits, test) };
    let epochs = flags.epochs.unwrap_or(if flags.data.is_some() { 12 } else { 30 });
    let epochs = if flags.smoke { 2 } else { epochs };
    println!("LeNet, seed {}, {epochs} epochs", flags.seed);
    println!("learns {digits}");
    println!("reads  {test}");

    let mut training = Training::new(&digits, epochs as usize, flags.seed);
    println!("{}", summary(training.net(), &IMAGE));
    let labels = test.labels().expect("digits have labels");
    let start = Instant::now();
    for epoch in 0..epochs {
        let steps = training.per_epoch();
        let loss = (0..steps).map(|_| f64::from(training.step())).sum::<f64>() / steps as f64;
        let share = accuracy(&training.net().read_images(&test).confusion(labels));
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "epoch {epoch:2}   loss {loss:.4}   accuracy {:.2} %   {seconds:.1} s",
            100.0 * share
        );
    }

    let reading = training.net().read_images(&test);
    let counts = reading.confusion(labels);
    let net = training.finish(accuracy(&counts));
    write_whole(run.file("lenet.safetensors"), &to_safetensors(&net))?;
    let title = format!("What LeNet reads: {:.2} % right", 100.0 * net.accuracy());
    save_svg(&Confusion { title: &title, rows: "is", counts: &counts }, run.file("confusion.svg"))?;
    let misread = save_misread(&test, labels, &reading, &run)?;
    println!(
        "{misread} of {} digits misread, accuracy {:.2} %",
        test.len(),
        100.0 * net.accuracy()
    );
    println!("network and pictures are in {}", run.path().display());
    Ok(())
}

/// Labelled digits, enough for a batch and a test.
fn load(folder: &Path, split: Split) -> Result<Images, Error> {
    let images = Images::load(folder, split)?;
    if images.shape() != IMAGE || images.labels().is_none() || images.len() < 512 {
        let wanted = "512 or more labelled digits of 28 x 28 x 1";
        return Err(Error::OtherImages { path: folder.into(), found: images.to_string(), wanted });
    }
    Ok(images)
}

/// Nine in ten digits, and every tenth.
fn divided(digits: &Images) -> (Images, Images) {
    let (held_back, rest): (Vec<usize>, Vec<usize>) = (0..digits.len()).partition(|i| i % 10 == 9);
    (digits.select(rest), digits.select(held_back))
}

/// Draws the misread digits, the surest first, each with what it is and what it was read as.
fn save_misread(
    test: &Images,
    labels: &[u8],
    reading: &Reading,
    run: &RunFolder,
) -> Result<usize, Error> {
    let answers = reading.answers();
    let is_wrong = |i: &usize| answers[*i].0 != usize::from(labels[*i]);
    let mut wrong: Vec<usize> = (0..test.len()).filter(is_wrong).collect();
    wrong.sort_by(|a, b| Real::total_cmp(&answers[*b].1, &answers[*a].1));
    let count = wrong.len();
    wrong.truncate(100);
    if !wrong.is_empty() {
        let captions: Vec<String> =
            wrong.iter().map(|i| format!("{} → {}", labels[*i], answers[*i].0)).collect();
        let images = test.scaled(&wrong, Scaling::ZeroToOne);
        let picture = captioned_grid(&images, 10, Scaling::ZeroToOne, &captions);
        save_png(&picture, run.file("misread.png"))?;
    }
    Ok(count)
}
