//! Claims about GANs, each in numbers and figures.
//!
//! `cargo run --release --example theory` looks into all of them; `-- optimal-d disjoint` into
//! some; `-- --help` names them. `--smoke` tries everything in a second.
//!
//! Each claim is a file of `crates/lab/src/theory/`; what the numbers mean is in `docs/theory.md`.

use std::path::PathBuf;
use std::process::ExitCode;

use autograd::in_pool;
use clap::{Parser, ValueEnum};
use lab::theory::{Claim, Effort, save_report};
use lab::{Error, RunFolder};

/// Shows what the theory of GANs says, in numbers and figures.
#[derive(Parser)]
struct Flags {
    /// Which claims [default: all]
    #[arg(value_enum)]
    claims: Vec<Claim>,
    /// Where everything random comes from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where the figures and the report go
    #[arg(long, value_name = "DIR", default_value = "out/theory")]
    out: PathBuf,
    /// Everything with a few steps, to see that it works
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(theory)
}

fn theory(flags: Flags) -> Result<(), Error> {
    let out = if flags.smoke { flags.out.join("smoke") } else { flags.out };
    let folder = RunFolder::create(out)?;
    let effort = if flags.smoke { Effort::Smoke } else { Effort::Whole };
    let claims = match &flags.claims[..] {
        [] => Claim::value_variants(),
        some => some,
    };
    println!("seed {}", flags.seed);
    let mut findings = Vec::new();
    for (i, claim) in claims.iter().enumerate() {
        println!("\n{} of {}: {} ...", i + 1, claims.len(), claim.name());
        let finding = in_pool(|| claim.look(effort, flags.seed));
        println!("{}", finding.claim);
        finding.lines.iter().for_each(|line| println!("  {line}"));
        finding.save(&folder)?;
        findings.push((*claim, finding));
    }
    save_report(&findings, &folder)?;
    println!("\nthe figures are in {}", folder.path().display());
    println!("all on one page: {}", folder.file("report.html").display());
    Ok(())
}
