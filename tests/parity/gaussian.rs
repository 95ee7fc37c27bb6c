//! Does the Gaussian GAN lose what it loses in PyTorch, turn by turn?
//!
//! The weights, batches and noise are drawn by our own generator and recorded by
//! [`record_the_inputs_of_the_runs`]; PyTorch plays the same turns from them. The streams of `f32`
//! and `f64` differ, so each build has a file of inputs, and PyTorch plays from both in float64.

use crate::fixture::{IS_DOUBLE, TOLERANCE, agree, array, list, load, path, tensor};
use autograd::{Array, Real, Rng};
use gan::{Game, Latent};
use lab::systems::gaussian::Version;
use lab::{AffineGaussian, shuffled_batches};
use layers::Param;
use serde_json::Value;
use std::fmt::Write;

/// Seed of all that is random in the runs.
const SEED: u64 = 0;

/// Turns recorded.
const TURNS: usize = 20;

const VERSIONS: [(&str, Version); 2] = [("softmax", Version::Softmax), ("bce", Version::Bce)];

/// What this build's streams draw.
const INPUTS: &str = if IS_DOUBLE { "gaussian_inputs" } else { "gaussian_inputs_f32" };

/// What PyTorch made of it.
const RESULTS: &str = if IS_DOUBLE { "gaussian" } else { "gaussian_f32" };

/// The game with the weights of the fixture.
fn game(version: Version, inputs: &Value) -> Game {
    let mut game = version.game(&mut Rng::new(SEED, "overwritten"));
    for (player, name) in game.players_mut().into_iter().zip(["generator", "discriminator"]) {
        player.model_mut().each_param_mut(&mut |param: &mut Param| {
            let start = array(&inputs[name][param.name()]);
            assert_eq!(start.shape(), param.tensor().shape(), "{}", param.name());
            param.update(|w| w.copy_from_slice(start.numbers()));
        });
    }
    game
}

fn losses_agree(name: &str, version: Version) {
    let inputs = &load(INPUTS)[name];
    let expected = &load(RESULTS)[name];
    let mut game = game(version, inputs);
    let mut rng = Rng::new(SEED, "noise");
    let (mut losses_d, mut losses_g) = (Vec::new(), Vec::new());
    for turn in list(&inputs["turns"]) {
        let report = game.step(&tensor(&turn["real"]), &mut rng);
        losses_d.push(report.loss_d);
        losses_g.push(report.loss_g);
    }
    for (who, losses) in [("losses_d", losses_d), ("losses_g", losses_g)] {
        let losses = Array::new([TURNS], &losses);
        agree(&format!("{name}: {who}"), &losses, &expected[who], TOLERANCE);
    }
    // Adam turns a gradient near 0 into a step of full size, so in f32 the weights drift first.
    let tolerance = if IS_DOUBLE { TOLERANCE } else { 1e-4 };
    for (param, expected) in game.generator().params().iter().zip(list(&expected["generator"])) {
        agree(&format!("{name}: G"), param.tensor().value(), expected, tolerance);
    }
}

#[test]
fn the_softmax_version_loses_what_it_loses_in_pytorch() {
    losses_agree("softmax", Version::Softmax);
}

#[test]
fn the_bce_version_loses_what_it_loses_in_pytorch() {
    losses_agree("bce", Version::Bce);
}

/// The streams are golden: were they to change, the runs above would be fed other noise than
/// PyTorch was, and so would every run that somebody wants to repeat.
#[test]
fn our_generator_draws_the_recorded_noise() {
    let recorded = load(INPUTS);
    for (name, version) in VERSIONS {
        let mut rng = Rng::new(SEED, "noise");
        for turn in list(&recorded[name]["turns"]) {
            let noise = Latent::Normal { size: 2 }.sample(version.batch_size(), &mut rng);
            agree(name, &noise, &turn["noise"], TOLERANCE);
        }
    }
}

/// Writes this build's file of inputs. Not a test, but a test file is where the systems are at hand.
#[test]
#[ignore = "writes a fixture; tests/fixtures/record.sh runs it"]
fn record_the_inputs_of_the_runs() {
    let runs: Vec<String> = VERSIONS.map(|(name, version)| inputs_of(name, version)).to_vec();
    std::fs::write(path(INPUTS), format!("{{\n{}\n}}\n", runs.join(",\n"))).unwrap();
}

fn inputs_of(name: &str, version: Version) -> String {
    let game = version.game(&mut Rng::new(SEED, "weights"));
    let data = AffineGaussian::TUTORIAL.sample(1000, &mut Rng::new(SEED, "data"));
    let (mut order, mut noise) = (Rng::new(SEED, "order"), Rng::new(SEED, "noise"));
    let turns = shuffled_batches(&data, version.batch_size(), &mut order).take(TURNS).map(|real| {
        let noise = Latent::Normal { size: 2 }.sample(version.batch_size(), &mut noise);
        format!("      {{\"real\": {},\n       \"noise\": {}}}", json(real.value()), json(&noise))
    });
    let turns: Vec<String> = turns.collect();
    let mut text = format!("  {name:?}: {{\n");
    for (player, model) in
        [("generator", game.generator()), ("discriminator", game.discriminator())]
    {
        let params = model.params().into_iter();
        let params: Vec<String> = params
            .map(|param| format!("      {:?}: {}", param.name(), json(param.tensor().value())))
            .collect();
        write!(text, "    {player:?}: {{\n{}\n    }},\n", params.join(",\n"))
            .expect("writing to a string cannot fail");
    }
    format!("{text}    \"turns\": [\n{}\n    ]\n  }}", turns.join(",\n"))
}

/// A vector or a matrix as nested lists, which is how Rust prints them too.
fn json(array: &Array) -> String {
    match array.shape()[..] {
        [_, columns] => {
            let rows: Vec<&[Real]> = array.numbers().chunks(columns).collect();
            format!("{rows:?}")
        }
        _ => format!("{:?}", array.numbers()),
    }
}
