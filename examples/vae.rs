//! A Gaussian of codes is learnt for each digit, and digits for random codes.
//!
//! `cargo run --release --example vae -- train`, then `-- generate --checkpoint out/vae`;
//! `-- train --help` has the flags, of which `--code 2` draws the plane of codes. `--smoke` tries
//! everything in a second.
//!
//! What the two networks are is in `crates/lab/src/systems/vae.rs`; what a run leaves behind and
//! how it looks is in `docs/vae.md`.

use std::process::ExitCode;

use lab::auto_encoder_program::AutoEncoderProgram;
use lab::systems::vae::Form;

const PROGRAM: AutoEncoderProgram = AutoEncoderProgram {
    name: "vae",
    title: "Variational auto-encoder of digits",
    form: Form::Variational,
};

fn main() -> ExitCode {
    PROGRAM.main()
}
