//! Two networks of dense layers learn to draw digits.
//!
//! `cargo run --release --example mnist_gan -- train [--loss bce|least-squares|hinge|relativistic]`,
//! then `-- generate --checkpoint out/mnist_gan`; `-- train --help` has the flags. `--smoke` tries
//! everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/mnist_gan.rs`; what a run leaves behind
//! and how it looks is in `docs/mnist-gan.md`.

use std::process::ExitCode;

use lab::Scaling;
use lab::image_program::{ImageProgram, Recipe, RecipeSettings};
use lab::systems::mnist_gan::{BATCH_SIZE, WIDTH, with_loss};

const PROGRAM: ImageProgram = ImageProgram {
    name: "mnist_gan",
    title: "MNIST GAN of dense layers",
    scaling: Scaling::MinusOneToOne,
    keep_last: true,
    mistakes: true,
    losses: true,
    architectures: false,
    settings: |recipe, _| RecipeSettings {
        image: [28, 28, 1],
        width: WIDTH,
        batch_size: BATCH_SIZE,
        // Ten epochs of the notebook's 50,000 digits.
        iterations: 3910,
        images: match recipe {
            Recipe::Quick => usize::MAX,
            Recipe::Full => 50_000,
        },
        every: 250,
    },
    game: |run, rng| with_loss(run.loss.unwrap_or_default(), run.width, run.as_printed, rng),
};

fn main() -> ExitCode {
    PROGRAM.main()
}
