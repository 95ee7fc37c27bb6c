//! Do the library's GANs on images lose what they lose in PyTorch, turn by turn?
//!
//! All of each system, with its own weights, noise and settings; millions of weights. They come
//! from our streams, which `tests/fixtures/streams.py` has written a second time, those of `f32` and
//! those of `f64`; so they are under test here too. `tests/fixtures/mlp.py` and `dcgan.py` play the
//! same turns.

use crate::fixture::{IS_DOUBLE, TOLERANCE, agree, load};
use autograd::{Array, Real, Rng, Tensor};
use gan::Game;
use lab::systems::{keras_dcgan, mnist_gan};
use serde_json::Value;

const TURNS: usize = 10;

/// Plays a new game on uniform images of this shape, batches of them, and compares its losses to
/// within the first tolerance and two of its samples to within the second.
fn plays_as(
    recorded: &Value,
    name: &str,
    start: fn(&mut Rng) -> Game,
    images: &[usize],
    [of_losses, of_samples]: [f64; 2],
) -> Game {
    let [mut weights, mut data, mut noise] =
        ["weights", "data", "noise"].map(|purpose| Rng::new(0, purpose));
    let mut game = start(&mut weights);
    let (mut losses_d, mut losses_g) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let real = Tensor::constant(data.uniform(images, -1.0, 1.0));
        let report = game.step(&real, &mut noise);
        losses_d.push(report.loss_d);
        losses_g.push(report.loss_g);
    }
    for (who, losses) in [("losses_d", losses_d), ("losses_g", losses_g)] {
        let losses = Array::new([TURNS], &losses);
        agree(&format!("{name}: {who}"), &losses, &recorded[who], of_losses);
    }
    let samples = game.generate(&Tensor::constant(game.latent().sample(2, &mut noise)));
    let every_hundredth: Vec<Real> =
        samples.numbers().chunks(784).flat_map(|x| x.iter().step_by(100).copied()).collect();
    let every_hundredth = Array::new([2, 8], &every_hundredth);
    agree(&format!("{name}: samples"), &every_hundredth, &recorded["samples"], of_samples);
    game
}

#[test]
fn the_mnist_gan_loses_what_it_loses_in_pytorch() {
    // In f32 a rounding error takes some pre-activation to the other side of a leaky ReLU's kink, and
    // Adam makes visible steps of the difference.
    let tolerances = if IS_DOUBLE { [TOLERANCE; 2] } else { [1e-3, 5e-2] };
    let recorded = load(if IS_DOUBLE { "mlp" } else { "mlp_f32" });
    let images = [mnist_gan::BATCH_SIZE, mnist_gan::PIXELS];
    plays_as(&recorded, "MNIST GAN", mnist_gan::game, &images, tolerances);
}

#[test]
fn the_keras_dcgan_loses_what_it_loses_in_pytorch() {
    let recorded = load(if IS_DOUBLE { "dcgan" } else { "dcgan_f32" });
    let [height, width, channels] = keras_dcgan::IMAGE;
    let images = [4, height, width, channels];
    let game = plays_as(&recorded, "DCGAN", keras_dcgan::game, &images, [TOLERANCE; 2]);
    game.generator().each_statistic(&mut |statistic| {
        let what = statistic.name().rsplit('.').next().expect("a name has an end");
        let some: Vec<Real> = statistic.value.numbers().iter().step_by(500).copied().collect();
        agree(&format!("DCGAN: {what}"), &Array::new([13], &some), &recorded[what], TOLERANCE);
    });
}
