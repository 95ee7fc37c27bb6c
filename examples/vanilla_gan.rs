//! The smallest GAN of digits, with one hidden layer in each network.
//!
//! `cargo run --release --example vanilla_gan -- train`, then `-- generate --checkpoint
//! out/vanilla_gan`; `-- train --help` has the flags. `--smoke` tries everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/vanilla_gan.rs`; what a run leaves
//! behind and what `--as-printed` breaks is in `docs/vanilla-gan.md`.

use std::process::ExitCode;

use lab::Scaling;
use lab::image_program::{ImageProgram, Recipe, RecipeSettings};
use lab::systems::vanilla_gan::{BATCH_SIZE, WIDTH, sized};

const PROGRAM: ImageProgram = ImageProgram {
    name: "vanilla_gan",
    title: "Vanilla GAN",
    scaling: Scaling::ZeroToOne,
    keep_last: false,
    mistakes: true,
    losses: false,
    architectures: false,
    settings: |recipe, _| match recipe {
        Recipe::Quick => RecipeSettings {
            image: [28, 28, 1],
            width: WIDTH,
            batch_size: BATCH_SIZE,
            // Later, half of the digits are nines.
            iterations: 20_000,
            images: usize::MAX,
            every: 1000,
        },
        // The listing goes on to a million; its figure is made at 60,000.
        Recipe::Full => RecipeSettings {
            image: [28, 28, 1],
            width: WIDTH,
            batch_size: BATCH_SIZE,
            iterations: 1_000_000,
            images: 55_000,
            every: 1000,
        },
    },
    game: |run, rng| sized(run.width, run.as_printed, rng),
};

fn main() -> ExitCode {
    PROGRAM.main()
}
