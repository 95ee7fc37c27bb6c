//! Which flags do these programs take?

use std::path::{Path, PathBuf};

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use gan::latent;
use serde::{Deserialize, Serialize};

use crate::run::{RunFlags, Trained, at_most};
use crate::systems::mnist_gan::Loss;

/// Train a GAN on images, and show what it has learnt.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Flags {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Everything once on a few images, to see that it works
    #[arg(long)]
    pub(super) smoke: bool,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Train, or go on with a run that was stopped
    Train(Box<TrainFlags>),
    /// Draw samples of a trained generator
    Generate(GenerateFlags),
    /// Draw the samples between pairs of others, on straight lines and on arcs
    Interpolate(InterpolateFlags),
    /// Walk from sample to sample and back, as an animation
    Walk(WalkFlags),
    /// Add and subtract samples: a - b + c, each the mean of some
    Arithmetic(ArithmeticFlags),
}

impl Command {
    /// Each command that uses what a run in this folder has learnt, with few samples.
    pub(super) fn each_on(folder: &Path) -> Vec<Command> {
        let trained = || Trained::in_folder(folder);
        vec![
            Command::Generate(GenerateFlags {
                trained: trained(),
                batch_size: 4,
                nice: true,
                each: None,
            }),
            Command::Generate(GenerateFlags {
                trained: trained(),
                batch_size: 4,
                nice: false,
                each: Some(folder.join("each")),
            }),
            Command::Interpolate(InterpolateFlags { trained: trained(), pairs: 2, steps: 5 }),
            Command::Walk(WalkFlags { trained: trained(), stops: 2, steps: 3, way: Way::Arc }),
            Command::Arithmetic(ArithmeticFlags {
                trained: trained(),
                a: vec![0, 1],
                b: vec![2],
                c: vec![3, 4, 5],
            }),
        ]
    }
}

/// How a run is trained.
#[derive(Args, Default)]
pub struct TrainFlags {
    #[command(flatten)]
    pub(super) run: RunFlags,
    /// Where sizes and lengths come from: `quick` gives a good picture within minutes, `full` is
    /// the original, and takes its data from --data [default: quick]
    #[arg(long, value_enum)]
    pub recipe: Option<Recipe>,
    /// Passes over the data, instead of --iterations
    #[arg(long, conflicts_with = "iterations", value_parser = epochs())]
    pub epochs: Option<u64>,
    /// Hidden units or channels: how wide the players are
    #[arg(long, value_parser = at_most(1_000_000))]
    pub width: Option<usize>,
    /// Which networks play, where a system has several [default: keras]
    #[arg(long, value_enum)]
    pub architecture: Option<Architecture>,
    /// Height and width of the images of `--architecture radford`: 16, 32, 64 or 128 [default: 32]
    #[arg(long, value_parser = side)]
    pub side: Option<usize>,
    /// A folder with MNIST's or Fashion-MNIST's four files, CIFAR-10's .bin files or PNG files
    /// [default: MNIST's test digits, which are part of the program]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// How many images, from the first on
    #[arg(long, value_parser = at_most(1_000_000), conflicts_with = "resume")]
    pub images: Option<usize>,
    /// Keep the mistakes of the source text
    #[arg(long)]
    pub as_printed: bool,
    /// What the players minimise, where a system leaves the choice [default: bce]
    #[arg(long, value_enum)]
    pub loss: Option<Loss>,
}

/// Which networks play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Those of the Keras program, or the only ones that a system has.
    #[default]
    Keras,
    /// Those of Radford, Metz, Chintala 2015, for pictures in colour.
    Radford,
}

/// Where the sizes and lengths of a run come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recipe {
    /// A good picture within about three minutes on two cores, from the digits in the program.
    #[default]
    Quick,
    /// The sizes, the data and the length of the source.
    Full,
}

/// What [`Command::Generate`] draws.
#[derive(Args)]
pub struct GenerateFlags {
    #[command(flatten)]
    pub(super) trained: Trained,
    /// How many samples
    #[arg(long, default_value_t = 64, value_parser = at_most(1_000_000))]
    pub(super) batch_size: usize,
    /// Make 20 times as many and keep those that the discriminator scores highest
    #[arg(long)]
    pub(super) nice: bool,
    /// Write each sample as a picture of its own into this folder, as `judge --samples` wants them
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    pub(super) each: Option<PathBuf>,
}

/// What [`Command::Interpolate`] draws.
#[derive(Args)]
pub struct InterpolateFlags {
    #[command(flatten)]
    pub(super) trained: Trained,
    /// How many pairs, each with two rows: the line, then the arc
    #[arg(long, default_value_t = 5, value_parser = at_most(1_000_000))]
    pub(super) pairs: usize,
    /// Samples in a row, both ends among them
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(2..=1000))]
    pub(super) steps: u64,
}

/// What [`Command::Walk`] shows.
#[derive(Args)]
pub struct WalkFlags {
    #[command(flatten)]
    pub(super) trained: Trained,
    /// Samples to go through
    #[arg(long, default_value_t = 8, value_parser = at_most(1_000_000))]
    pub(super) stops: usize,
    /// Frames from one to the next
    #[arg(long, default_value_t = 12, value_parser = at_most(1_000_000))]
    pub(super) steps: usize,
    /// By which way
    #[arg(long, value_enum, default_value_t = Way::Arc)]
    pub(super) way: Way,
}

/// The ways of [`latent::Path`].
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Way {
    Line,
    Arc,
}

impl From<Way> for latent::Path {
    fn from(way: Way) -> latent::Path {
        match way {
            Way::Line => latent::Path::Straight,
            Way::Arc => latent::Path::Spherical,
        }
    }
}

/// What [`Command::Arithmetic`] draws: places in the picture of `generate` with the same seed,
/// counted from 0 along the rows.
#[derive(Args)]
pub struct ArithmeticFlags {
    #[command(flatten)]
    pub(super) trained: Trained,
    /// Samples with something, such as three bold sevens: their places in the picture of `generate`
    /// with the same seed, counted from 0 along its rows
    #[arg(long, value_delimiter = ',', default_value = "0,1,2", value_parser = place())]
    pub(super) a: Vec<u64>,
    /// Samples without it, such as three thin sevens
    #[arg(long, value_delimiter = ',', default_value = "8,9,10", value_parser = place())]
    pub(super) b: Vec<u64>,
    /// Samples that are to get it, such as three thin ones
    #[arg(long, value_delimiter = ',', default_value = "16,17,18", value_parser = place())]
    pub(super) c: Vec<u64>,
}

/// Passes over the data.
fn epochs() -> RangedU64ValueParser {
    value_parser!(u64).range(1..=100_000)
}

/// The place of a sample.
fn place() -> RangedU64ValueParser {
    value_parser!(u64).range(..10_000)
}

/// Heights and widths of images that are halved down to 4.
pub(super) const SIDES: [usize; 4] = [16, 32, 64, 128];

fn side(text: &str) -> Result<usize, String> {
    match at_most(512)(text)? {
        side if SIDES.contains(&side) => Ok(side),
        _ => Err("not 16, 32, 64 or 128".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Command, String> {
        let words = std::iter::once("program").chain(line.split(' '));
        let flags = Flags::try_parse_from(words).map_err(|why| why.to_string())?;
        flags.command.ok_or_else(|| "no command".to_owned())
    }

    #[test]
    fn flags_are_consistent_and_wrong_ones_are_named() {
        Flags::command().debug_assert();
        assert!(matches!(parse("train --epochs 3 --as-printed"), Ok(Command::Train(_))));
        assert!(parse("arithmetic --checkpoint x --a 1,2 --b 3").is_ok());
        for (line, expected) in [
            ("train --batch-size 0", "there must be at least one"),
            ("train --iterations 0", "'0' for '--iterations"),
            ("train --iterations 5 --epochs 1", "cannot be used with"),
            ("train --resume x --out y", "cannot be used with"),
            ("train --resume x --images 5", "cannot be used with"),
            ("--smoke train", "cannot be used with"),
            ("train --recipe slow", "'slow' for '--recipe"),
            ("train --loss none", "'none' for '--loss"),
            ("train --architecture inception", "'inception' for '--architecture"),
            ("train --architecture radford --side 48", "not 16, 32, 64 or 128"),
            ("generate", "--checkpoint <DIR>"),
            ("interpolate --checkpoint x --steps 1", "'1' for '--steps"),
            ("arithmetic --checkpoint x --a -1", "-1"),
            ("walk --checkpoint x --way jump", "'jump' for '--way"),
        ] {
            let why = parse(line).err().expect(line);
            assert!(why.contains(expected), "{line}: {why}");
        }
    }
}
