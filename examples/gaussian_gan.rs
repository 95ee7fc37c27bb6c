//! A GAN learns a Gaussian in the plane: the first system of this project, with all its plots.
//!
//! `cargo run --release --example gaussian_gan -- [--seed 0] [--epochs 10] [--loss softmax|bce]
//! [--out out/gaussian_gan] [--seeds N] [--smoke]`
//!
//! What the two networks are is in `crates/lab/src/systems/gaussian.rs`; what the pictures show
//! is in `docs/gaussian-gan.md`.

use std::f64::consts::LN_2;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use autograd::Rng;
use clap::{Parser, ValueEnum, value_parser};
use lab::figures::{Curve, Curves, Opinion, Panel, Reference, Scatter, Window};
use lab::figures::{save_svg, to_bitmap};
use lab::systems::gaussian::{Epoch, GaussianGan, Version};
use lab::{AffineGaussian, Error, Gaussian2, Metrics, Quartiles, RunFolder, save_gif, write_whole};
use serde::Serialize;

/// Trains the Gaussian GAN and draws what it learns.
#[derive(Parser)]
struct Flags {
    /// Where all randomness comes from
    #[arg(long, default_value_t = 0, conflicts_with = "seeds")]
    seed: u64,
    /// Passes over the data [default: 10 with softmax, 20 with bce]
    #[arg(long, value_parser = value_parser!(u32).range(1..=10_000))]
    epochs: Option<u32>,
    /// The version of the tutorial: its loss, batch size and learning rates
    #[arg(long, value_enum, default_value_t = Loss::Softmax)]
    loss: Loss,
    /// Where the pictures and numbers go
    #[arg(long, default_value = "out/gaussian_gan")]
    out: PathBuf,
    /// Train seeds 0 .. N without pictures and print medians and quartiles
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000))]
    seeds: Option<u64>,
    /// Two epochs only, to see that everything works
    #[arg(long)]
    smoke: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Loss {
    Softmax,
    Bce,
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
struct Record {
    epoch: usize,
    accuracy: f64,
    loss_d: f64,
    loss_g: f64,
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
    w2_squared: f64,
    seconds: f64,
}

impl Record {
    fn new(epoch: usize, trained: &Epoch, generated: Gaussian2, start: Instant) -> Record {
        let seconds = start.elapsed().as_secs_f64();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        Record {
            epoch,
            accuracy: trained.accuracy,
            loss_d: mean(&trained.losses_d),
            loss_g: mean(&trained.losses_g),
            mean: generated.mean,
            covariance: generated.covariance,
            w2_squared: generated.squared_wasserstein(&AffineGaussian::TUTORIAL.distribution()),
            seconds,
        }
    }
}

fn main() -> ExitCode {
    lab::program::run(|flags: Flags| {
        let version = match flags.loss {
            Loss::Softmax => Version::Softmax,
            Loss::Bce => Version::Bce,
        };
        let epochs = flags.epochs.map_or(version.epochs(), |epochs| epochs as usize);
        let epochs = if flags.smoke { epochs.min(2) } else { epochs };
        let out = if flags.smoke { flags.out.join("smoke") } else { flags.out };
        let run = RunFolder::create(out)?;
        match flags.seeds {
            None => train_and_draw(version, flags.seed, epochs, &run),
            Some(seeds) => compare_seeds(version, seeds, epochs, &run),
        }
    })
}

fn train_and_draw(
    version: Version,
    seed: u64,
    epochs: usize,
    run: &RunFolder,
) -> Result<(), Error> {
    let target = AffineGaussian::TUTORIAL.distribution();
    println!("Gaussian GAN, {version:?} version, seed {seed}, {epochs} epochs");
    print_gaussian("target", &target);

    let mut gan = GaussianGan::new(version, seed);
    let real = gan.real();
    let window = Window::around(&real);
    // The same noise for every picture, so that one sees points move rather than change places.
    let noise = Rng::new(seed, "pictures").normal([100, 2]);
    let scatter = |title: &str, fake: &[[f64; 2]], name: &str| {
        let figure = Scatter { title, window, real: &real, fake };
        save_svg(&figure, run.file(name)).map(|()| to_bitmap(&figure))
    };
    // An earlier, longer run must not leave its epochs among these.
    run.remove_numbered("epoch-", ".svg")?;
    scatter("The data", &[], "real.svg")?;
    let untrained = Scatter { title: "untrained", window, real: &real, fake: &gan.fakes(&noise) };
    let mut frames = vec![to_bitmap(&untrained)];
    let mut metrics = Metrics::create(run.file("metrics.jsonl"))?;
    let mut history = Vec::new();
    for epoch in 0..epochs {
        let start = Instant::now();
        let trained = gan.train_epoch();
        let record = Record::new(epoch, &trained, gan.generated(), start);
        metrics.record(&record)?;
        println!("binary training acc at epoch {epoch}: accuracy={:.6}", record.accuracy);
        println!(
            "  loss D {:.3}, G {:.3}   mean [{:.2}, {:.2}]   W2² {:.3}   time: {:.4} s",
            record.loss_d,
            record.loss_g,
            record.mean[0],
            record.mean[1],
            record.w2_squared,
            record.seconds
        );
        let title = format!("Gaussian GAN, epoch {epoch}");
        let frame = scatter(&title, &gan.fakes(&noise), &format!("epoch-{epoch:02}.svg"))?;
        // A hundred frames are enough for a film.
        if (epoch + 1) % epochs.div_ceil(100) == 0 {
            frames.push(frame);
        }
        history.push(trained);
    }
    let fake = gan.fakes(&noise);
    scatter("Gaussian GAN, at the end", &fake, "final.svg")?;
    save_gif(&frames, 50, 300, run.file("training.gif"))?;
    save_losses(&history, version, run)?;
    let opinion = Opinion {
        title: "What the discriminator believes, at the end",
        window,
        belief: &gan.belief(&window.grid(51)),
        real: &real,
        fake: &fake,
        push: &gan.push(&fake),
    };
    save_svg(&opinion, run.file("discriminator.svg"))?;

    gan.findings().iter().for_each(|finding| println!("{finding}"));
    print_gaussian("target", &target);
    print_gaussian("learnt", &gan.generated());
    println!("pictures, animation and metrics.jsonl are in {}", run.path().display());
    Ok(())
}

fn print_gaussian(name: &str, Gaussian2 { mean: m, covariance: [p, q] }: &Gaussian2) {
    println!(
        "{name}: mean [{:.3}, {:.3}], covariance [[{:.3}, {:.3}], [{:.3}, {:.3}]]",
        m[0], m[1], p[0], p[1], q[0], q[1]
    );
}

/// Draws `losses.svg`: both losses in every turn, and D's accuracy in every epoch.
fn save_losses(history: &[Epoch], version: Version, run: &RunFolder) -> Result<(), Error> {
    let by_turn = |losses: fn(&Epoch) -> &[f64]| -> Vec<[f64; 2]> {
        let place = |epoch, turn, turns| epoch as f64 + (turn as f64 + 0.5) / turns as f64;
        let epochs = history.iter().map(losses).enumerate();
        epochs
            .flat_map(|(epoch, losses)| {
                let turns = losses.iter().enumerate();
                turns.map(move |(turn, loss)| [place(epoch, turn, losses.len()), *loss])
            })
            .collect()
    };
    let (d, g) = (by_turn(|epoch| &epoch.losses_d), by_turn(|epoch| &epoch.losses_g));
    let accuracies = history.iter().enumerate();
    let accuracy: Vec<_> = accuracies.map(|(i, epoch)| [i as f64 + 0.5, epoch.accuracy]).collect();
    // D's loss is the sum of its two terms, or their mean.
    let both = Reference { name: "2 ln 2", y: 2.0 * LN_2 };
    let one = Reference { name: "ln 2", y: LN_2 };
    let references = if version == Version::Softmax { &[one, both][..] } else { &[one][..] };
    let figure = Curves {
        title: "Gaussian GAN, losses and accuracy",
        x_name: "epoch",
        panels: &[
            Panel {
                y_name: "loss (nats)",
                y_range: None,
                curves: &[
                    Curve { name: "discriminator", points: &d },
                    Curve { name: "generator", points: &g },
                ],
                references,
            },
            Panel {
                y_name: "accuracy",
                y_range: Some(0.0..1.0),
                curves: &[Curve { name: "discriminator's accuracy", points: &accuracy }],
                references: &[Reference { name: "chance", y: 0.5 }],
            },
        ],
    };
    save_svg(&figure, run.file("losses.svg"))
}

/// Trains many seeds and prints what is typical of them.
fn compare_seeds(
    version: Version,
    seeds: u64,
    epochs: usize,
    run: &RunFolder,
) -> Result<(), Error> {
    println!("Gaussian GAN, {version:?} version, seeds 0 to {}, {epochs} epochs", seeds - 1);
    let mut runs: Vec<Vec<Record>> = Vec::new();
    for seed in 0..seeds {
        let mut gan = GaussianGan::new(version, seed);
        let train = |epoch| {
            let start = Instant::now();
            let trained = gan.train_epoch();
            Record::new(epoch, &trained, gan.generated(), start)
        };
        runs.push((0..epochs).map(train).collect());
    }
    let quartiles = |epoch: usize, figure: fn(&Record) -> f64| {
        let values: Vec<f64> = runs.iter().map(|records| figure(&records[epoch])).collect();
        Quartiles::of(&values)
    };
    let table: Vec<Summary> = (0..epochs)
        .map(|epoch| Summary {
            epoch,
            accuracy: quartiles(epoch, |record| record.accuracy),
            loss_d: quartiles(epoch, |record| record.loss_d),
            loss_g: quartiles(epoch, |record| record.loss_g),
            w2_squared: quartiles(epoch, |record| record.w2_squared),
            seconds: quartiles(epoch, |record| record.seconds),
        })
        .collect();
    println!("medians and (quartiles)");
    println!("epoch  accuracy              loss D  loss G  W2²");
    for row in &table {
        let show = |q: &Quartiles| format!("{:.3} ({:.3}, {:.3})", q.median, q.lower, q.upper);
        println!(
            "{:5}  {}  {:6.3}  {:6.3}  {}",
            row.epoch,
            show(&row.accuracy),
            row.loss_d.median,
            row.loss_g.median,
            show(&row.w2_squared)
        );
    }
    let path = run.file("seeds.json");
    let json = serde_json::to_string_pretty(&table).expect("a summary is plain numbers");
    write_whole(&path, json.as_bytes())?;
    println!("the same as numbers: {}", path.display());
    Ok(())
}

/// An epoch of many runs.
#[derive(Serialize)]
struct Summary {
    epoch: usize,
    accuracy: Quartiles,
    loss_d: Quartiles,
    loss_g: Quartiles,
    w2_squared: Quartiles,
    seconds: Quartiles,
}
