//! Does an MLP GAN on images lose what it loses in PyTorch, turn by turn?
//!
//! `tests/fixtures/mlp.py` describes it. Weights, batches and noise are made here and there by the
//! same arithmetic.

use crate::fixture::{IS_DOUBLE, TOLERANCE, agree, load};
use autograd::{Array, Real, Rng, Shape, Tensor};
use gan::{Adam, Bce, Fakes, Game, Latent, Player, Settings};
use layers::{Activation, Init, Linear, Module, Sequential};

const BATCH: usize = 128;
const TURNS: u32 = 10;

/// In f32 a rounding error takes some pre-activation to the other side of a leaky ReLU's kink, and
/// Adam makes visible steps of the difference. Measured: 1e-4 in the losses, 7e-3 in the samples.
const TOLERANCES: [f64; 2] = if IS_DOUBLE { [TOLERANCE; 2] } else { [1e-3, 5e-2] };

/// Numbers in [-scale, scale): number i of the stream is a hash of both (the finaliser of
/// MurmurHash3).
fn numbers(stream: u32, shape: impl Into<Shape>, scale: f64) -> Array {
    let shape = shape.into();
    let hashed = (0..shape.count() as u32).map(|i| {
        let mut x = i.wrapping_add(stream.wrapping_mul(10_000_019)).wrapping_mul(0x9E3779B9);
        x = (x ^ (x >> 16)).wrapping_mul(0x85EBCA6B);
        x = (x ^ (x >> 13)).wrapping_mul(0xC2B2AE35);
        x ^= x >> 16;
        ((f64::from(x) / 2_f64.powi(31) - 1.0) * scale) as Real
    });
    Array::new(shape, &hashed.collect::<Vec<Real>>())
}

/// Layers of these sizes, with weights from consecutive streams.
fn layers(sizes: [usize; 4], first: u32, between: Activation) -> Sequential {
    let mut rng = Rng::new(0, "overwritten");
    let mut linear = |i: usize| Linear::new(sizes[i], sizes[i + 1], Init::Zeros, &mut rng);
    let mut model =
        Sequential::new().add(linear(0)).add(between).add(linear(1)).add(between).add(linear(2));
    let mut stream = first;
    model.each_param_mut(&mut |param| {
        let layer = (stream - first) as usize / 2;
        let scale = (sizes[layer] as f64).powf(-0.5);
        let start = numbers(stream, *param.tensor().shape(), scale);
        param.update(|w| w.copy_from_slice(start.numbers()));
        stream += 1;
    });
    model
}

/// Puts the noise that PyTorch had in place of what the game has drawn.
struct RecordedNoise {
    calls: u32,
}

impl Module for RecordedNoise {
    fn describe(&self) -> String {
        "RecordedNoise".to_owned()
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x.clone()
    }

    fn forward_train(&mut self, x: &Tensor, _: &mut Rng) -> Tensor {
        // Two calls a turn: for D's step and again for G's.
        let turn = self.calls / 2;
        self.calls += 1;
        Tensor::constant(numbers(200 + turn, *x.shape(), 1.0))
    }
}

#[test]
fn an_mlp_gan_loses_what_it_loses_in_pytorch() {
    let generator = layers([96, 1024, 1024, 784], 0, Activation::Relu).add(Activation::Tanh);
    let generator = Sequential::new().add(RecordedNoise { calls: 0 }).add(generator);
    let discriminator = layers([784, 256, 256, 1], 6, Activation::LeakyRelu(0.2));
    let adam = || Adam::new(3e-4).betas(0.5, 0.999);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    let settings = Settings { fakes: Fakes::Rebuilt, ..Settings::default() };
    let mut game = Game::new(players.0, players.1, Bce::default(), Latent::Uniform { size: 96 })
        .settings(settings);
    let mut rng = Rng::new(0, "replaced");
    let (mut losses_d, mut losses_g) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let real = Tensor::constant(numbers(100 + turn, [BATCH, 784], 1.0));
        let report = game.step(&real, &mut rng);
        losses_d.push(report.loss_d);
        losses_g.push(report.loss_g);
    }
    let recorded = load("mlp");
    for (who, losses) in [("losses_d", losses_d), ("losses_g", losses_g)] {
        let losses = Array::new([TURNS as usize], &losses);
        agree(&format!("MLP GAN: {who}"), &losses, &recorded[who], TOLERANCES[0]);
    }
    let samples = game.generate(&Tensor::constant(numbers(300, [2, 96], 1.0)));
    let every_hundredth: Vec<Real> =
        samples.numbers().chunks(784).flat_map(|x| x.iter().step_by(100).copied()).collect();
    let every_hundredth = Array::new([2, 8], &every_hundredth);
    agree("MLP GAN: samples", &every_hundredth, &recorded["samples"], TOLERANCES[1]);
}
