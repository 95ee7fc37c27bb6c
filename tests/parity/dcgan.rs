//! Does the Keras DCGAN lose what it loses in PyTorch, turn by turn?
//!
//! All of it, ten million weights, with images and batches of 4. `tests/fixtures/dcgan.py` plays
//! the same turns. Weights, images and noise come from our streams, which
//! `tests/fixtures/streams.py` has written a second time; so they are under test here too. The
//! streams of `f32` are others, so there is a run in f64 alone.

use crate::fixture::{TOLERANCE, agree, load};
use autograd::{Array, Real, Rng, Tensor};
use lab::systems::keras_dcgan;

const BATCH: usize = 4;
const TURNS: usize = 10;

#[test]
fn the_keras_dcgan_loses_what_it_loses_in_pytorch() {
    let mut game = keras_dcgan::game(&mut Rng::new(0, "weights"));
    let (mut data, mut noise) = (Rng::new(0, "data"), Rng::new(0, "noise"));
    let [height, width, channels] = keras_dcgan::IMAGE;
    let (mut losses_d, mut losses_g) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let real = data.uniform([BATCH, height, width, channels], -1.0, 1.0);
        let report = game.step(&Tensor::constant(real), &mut noise);
        losses_d.push(report.loss_d);
        losses_g.push(report.loss_g);
    }
    let recorded = load("dcgan");
    let ours = |what: &str, numbers: &[Real], shape: &[usize]| {
        agree(&format!("DCGAN: {what}"), &Array::new(shape, numbers), &recorded[what], TOLERANCE);
    };
    ours("losses_d", &losses_d, &[TURNS]);
    ours("losses_g", &losses_g, &[TURNS]);
    let samples = game.generate(&Tensor::constant(game.latent().sample(2, &mut noise)));
    let every_hundredth: Vec<Real> =
        samples.numbers().chunks(784).flat_map(|x| x.iter().step_by(100).copied()).collect();
    ours("samples", &every_hundredth, &[2, 8]);
    game.generator().each_statistic(&mut |statistic| {
        let what = statistic.name().rsplit('.').next().expect("a name has an end");
        let some: Vec<Real> = statistic.value.numbers().iter().step_by(500).copied().collect();
        ours(what, &some, &[13]);
    });
}
