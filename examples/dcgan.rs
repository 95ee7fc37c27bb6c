//! Two networks of convolutions learn to draw digits.
//!
//! `cargo run --release --example dcgan -- train`, then `-- generate --nice --checkpoint
//! out/dcgan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/keras_dcgan.rs`; what a run leaves
//! behind and how it looks is in `docs/dcgan.md`.

use std::process::ExitCode;

use lab::Scaling;
use lab::image_program::{ImageProgram, Recipe, RecipeSettings};
use lab::systems::keras_dcgan::{BATCH_SIZE, Descent, WIDTH, sized};

const PROGRAM: ImageProgram = ImageProgram {
    name: "dcgan",
    title: "DCGAN of digits",
    scaling: Scaling::MinusOneToOne,
    keep_last: false,
    mistakes: false,
    settings: |recipe| match recipe {
        Recipe::Quick => RecipeSettings {
            width: 24,
            batch_size: 64,
            iterations: 4000,
            images: usize::MAX,
            every: 100,
        },
        // A hundred epochs of 468 batches.
        Recipe::Full => RecipeSettings {
            width: WIDTH,
            batch_size: BATCH_SIZE,
            iterations: 46_800,
            images: 60_000,
            every: 20,
        },
    },
    game: |run, rng| {
        let descent = match run.recipe {
            Recipe::Quick => Descent::Adam,
            Recipe::Full => Descent::Sgd,
        };
        sized(run.width, descent, rng)
    },
};

fn main() -> ExitCode {
    PROGRAM.main()
}
