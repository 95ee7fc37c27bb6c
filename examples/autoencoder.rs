//! A code is learnt for each digit, and random codes are decoded.
//!
//! `cargo run --release --example autoencoder -- train`, then `-- generate --checkpoint out/autoencoder`;
//! `-- train --help` has the flags, of which `--code 2` draws the plane of codes. `--smoke` tries
//! everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/vae.rs`; what a run leaves behind and
//! how it looks is in `docs/vae.md`.

use std::process::ExitCode;

use lab::auto_encoder_program::AutoEncoderProgram;
use lab::systems::vae::Form;

const PROGRAM: AutoEncoderProgram =
    AutoEncoderProgram { name: "autoencoder", title: "Auto-encoder of digits", form: Form::Plain };

fn main() -> ExitCode {
    PROGRAM.main()
}
