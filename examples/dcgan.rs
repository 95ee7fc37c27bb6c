//! Two networks of convolutions learn to draw digits.
//!
//! `cargo run --release --example dcgan -- train`, then `-- generate --nice --checkpoint
//! out/dcgan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/keras_dcgan.rs`; what a run leaves
//! behind and how it looks is in `docs/dcgan.md`. With `--architecture radford --data DIR` they are
//! those of `radford_dcgan.rs` and learn colour pictures: `docs/radford-dcgan.md`.

use std::process::ExitCode;

use lab::Scaling;
use lab::image_program::{Architecture, ImageProgram, Recipe, RecipeSettings};
use lab::systems::keras_dcgan::{BATCH_SIZE, Descent, IMAGE, WIDTH, sized};
use lab::systems::radford_dcgan;

const PROGRAM: ImageProgram = ImageProgram {
    name: "dcgan",
    title: "DCGAN",
    scaling: Scaling::MinusOneToOne,
    keep_last: false,
    mistakes: false,
    losses: false,
    architectures: true,
    settings: |recipe, architecture| match (architecture, recipe) {
        (Architecture::Keras, Recipe::Quick) => RecipeSettings {
            image: IMAGE,
            width: 24,
            batch_size: 64,
            iterations: 4000,
            images: usize::MAX,
            every: 100,
        },
        // A hundred epochs of 468 batches.
        (Architecture::Keras, Recipe::Full) => RecipeSettings {
            image: IMAGE,
            width: WIDTH,
            batch_size: BATCH_SIZE,
            iterations: 46_800,
            images: 60_000,
            every: 20,
        },
        (Architecture::Radford, Recipe::Quick) => RecipeSettings {
            image: radford_dcgan::IMAGE,
            width: 32,
            batch_size: radford_dcgan::BATCH_SIZE,
            iterations: 3000,
            images: usize::MAX,
            every: 100,
        },
        // 25 epochs of 781 batches of CIFAR-10.
        (Architecture::Radford, Recipe::Full) => RecipeSettings {
            image: radford_dcgan::IMAGE,
            width: radford_dcgan::WIDTH,
            batch_size: radford_dcgan::BATCH_SIZE,
            iterations: 19_525,
            images: 50_000,
            every: 100,
        },
    },
    game: |run, rng| match (run.architecture.unwrap_or_default(), run.recipe) {
        (Architecture::Radford, _) => radford_dcgan::sized(run.image[0], run.width, rng),
        (Architecture::Keras, Recipe::Quick) => sized(run.width, Descent::Adam, rng),
        (Architecture::Keras, Recipe::Full) => sized(run.width, Descent::Sgd, rng),
    },
};

fn main() -> ExitCode {
    PROGRAM.main()
}
