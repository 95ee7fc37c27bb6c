//! Draws the graphs behind both steps of the Gaussian GAN, each as SVG, DOT and Mermaid.
//!
//! `cargo run --release --example draw_graph -- [--out out/draw_graph] [--smoke]`
//!
//! The discriminator learns from samples cut loose from the generator, so the graph of its step
//! ends at the samples. The generator's step goes through the whole discriminator, but the sweep
//! passes its weights by: their gradients are never computed. Whatever the sweep skips is dim.

use std::path::PathBuf;
use std::process::ExitCode;

use autograd::{Graph, Rng, Tensor};
use clap::Parser;
use lab::{Error, RunFolder, write_whole};
use layers::{Activation, Init, Linear, Module, Sequential};

/// Draws the graphs behind both steps of the Gaussian GAN.
#[derive(Parser)]
struct Flags {
    /// Where the drawings go
    #[arg(long, default_value = "out/draw_graph")]
    out: PathBuf,
    /// Changes nothing: drawing is quick
    #[arg(long)]
    smoke: bool,
}

fn main() -> ExitCode {
    lab::program::run(draw)
}

fn draw(flags: Flags) -> Result<(), Error> {
    let run = RunFolder::create(&flags.out)?;
    // Drawings show shapes, not numbers: any seed gives the same.
    let rng = &mut Rng::new(0, "draw_graph");
    let init = Init::Normal { std: 0.02 };
    let generator = Linear::new(2, 2, init, rng);
    let discriminator = Sequential::new()
        .add(Linear::new(2, 5, init, rng))
        .add(Activation::Tanh)
        .add(Linear::new(5, 3, init, rng))
        .add(Activation::Tanh)
        .add(Linear::new(3, 2, init, rng));

    let batch = 4;
    let real = Tensor::constant(rng.normal([batch, 2]));
    let noise = Tensor::constant(rng.normal([batch, 2]));
    let is_real = Tensor::one_hot(&vec![1; batch], 2);
    let is_fake = Tensor::one_hot(&vec![0; batch], 2);

    // The discriminator's step: tell real from fake.
    let fake = generator.forward(&noise);
    let loose = fake.detach();
    let real_loss = discriminator.forward(&real).cross_entropy(&is_real);
    let fake_loss = discriminator.forward(&loose).cross_entropy(&is_fake);
    let d_loss = real_loss + fake_loss;
    // The generator's step: be taken for real.
    let g_loss = discriminator.forward(&fake).cross_entropy(&is_real);

    let g_weights: Vec<&Tensor> = generator.params().iter().map(|p| p.tensor()).collect();
    let d_weights: Vec<&Tensor> = discriminator.params().iter().map(|p| p.tensor()).collect();
    let named = |loss: &Tensor| {
        let mut graph = Graph::of(loss)
            .name(&real, "real")
            .name(&noise, "noise")
            .name(&fake, "fake")
            .name(&loose, "fake, detached")
            .name(&is_real, "label: real")
            .name(&is_fake, "label: fake")
            .name(loss, "loss");
        for (player, params) in [("G", generator.params()), ("D", discriminator.params())] {
            for param in params {
                graph = graph.name(param.tensor(), &format!("{player}.{}", param.name()));
            }
        }
        graph
    };
    for (step, graph) in [
        ("discriminator_step", named(&d_loss).wrt(&d_weights)),
        ("generator_step", named(&g_loss).wrt(&g_weights)),
    ] {
        for (extension, drawing) in
            [("svg", graph.to_svg()), ("dot", graph.to_dot()), ("mmd", graph.to_mermaid())]
        {
            let path = run.file(format!("{step}.{extension}"));
            write_whole(&path, drawing.as_bytes())?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
