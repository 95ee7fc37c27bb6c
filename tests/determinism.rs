//! Does the same seed give the same bits, whatever the number of threads and the vector
//! instructions?
//!
//! A hash of everything that training leaves behind, computed in child processes: how many threads
//! there are, and what the CPU may use, is settled once for a process.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::process::Command;

use autograd::{Real, Rng, Tensor, grad};
use gan::{Adam, Bce, Clip, Fakes, Game, InputNoise, Latent, Minimax, Player, RmsProp, Schedule};
use gan::{Settings, Sgd, Steps};
use lab::AffineGaussian;
use lab::systems::gaussian::Version;
use layers::{Activation, BatchNorm, Dropout, Init, LayerNorm, Linear, Sequential};
use sha2::{Digest, Sha256};

const TURNS: usize = 200;

/// The Gaussian GAN: so small that everything stays on one thread.
fn gaussian() -> (Game, Tensor) {
    let real = AffineGaussian::TUTORIAL.sample(4, &mut Rng::new(0, "data"));
    (Version::Softmax.game(&mut Rng::new(0, "weights")), Tensor::constant(real))
}

/// Images in, images out: its products, maps and sums are long enough for several threads.
fn images() -> (Game, Tensor) {
    let mut rng = Rng::new(1, "weights");
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::XavierUniform, &mut rng);
    let generator = Sequential::new()
        .add(linear(96, 128))
        .add(Activation::Relu)
        .add(linear(128, 784))
        .add(Activation::Tanh);
    let discriminator =
        Sequential::new().add(linear(784, 128)).add(Activation::LeakyRelu(0.2)).add(linear(128, 1));
    let adam = || Adam::new(3e-4).betas(0.5, 0.999);
    let players = (Player::new(generator, adam()), Player::new(discriminator, adam()));
    let latent = Latent::Uniform { size: 96 };
    let real = Tensor::constant(Rng::new(1, "data").uniform([128, 784], -1.0, 1.0));
    let game = Game::new(players.0, players.1, Bce::default(), latent)
        // Squared, so that the gradients too depend on a sum of 100,352 numbers.
        .generator_term(|table, _| table.fake.square().mean().square());
    (game, real)
}

/// As many layers, settings and optimisers as fit: norms, dropout, a penalty on a gradient, noise,
/// clipping, schedules.
fn everything() -> (Game, Tensor) {
    let mut rng = Rng::new(2, "weights");
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::XavierUniform, &mut rng);
    let generator = Sequential::new()
        .add(linear(8, 64))
        .add(BatchNorm::keras(64))
        .add(Activation::Elu(1.0))
        .add(linear(64, 32));
    let discriminator = Sequential::new()
        .add(linear(32, 64))
        .add(LayerNorm::new(64))
        .add(Activation::Softplus)
        .add(Dropout::new(0.3))
        .add(linear(64, 1));
    let generator = Player::new(generator, RmsProp::new(1e-3))
        .schedule(Schedule::Cosine { steps: 2 * TURNS as u64 });
    let discriminator = Player::new(discriminator, Sgd::new(0.01).momentum(0.9).nesterov())
        .clip(Clip::GlobalNorm(1.0))
        .steps(Steps::exactly(2));
    let settings = Settings {
        fakes: Fakes::Fresh,
        joined: true,
        input_noise: Some(InputNoise { std: 0.1, until: 150 }),
        ..Settings::default()
    };
    let latent = Latent::Normal { size: 8 };
    let game = Game::new(generator, discriminator, Minimax { saturating: false }, latent)
        .settings(settings)
        .discriminator_term(|table, rng| {
            let e = Tensor::constant(rng.uniform([table.real.shape()[0], 1], 0.0, 1.0));
            let between = table.fake + &e * (table.real - table.fake);
            let x = Tensor::variable(between.value().clone());
            let [slope] = grad(&table.discriminator.forward(&x).sum(), [&x], true);
            (slope.square().sum_over(1).sqrt() - 1.0).square().mean()
        });
    (game, Tensor::constant(Rng::new(2, "data").normal([50, 32])))
}

type Model = (&'static str, fn() -> (Game, Tensor));
const MODELS: [Model; 3] = [("gaussian", gaussian), ("images", images), ("everything", everything)];

/// SHA-256 of the parameters, the statistics, the optimisers' states and every turn's metrics.
fn hash(make: fn() -> (Game, Tensor)) -> String {
    let (mut game, real) = make();
    let mut rng = Rng::new(3, "noise");
    let mut hasher = Sha256::new();
    for _ in 0..TURNS {
        let report = game.step(&real, &mut rng);
        assert!(report.loss_d.is_finite() && report.loss_g.is_finite());
        hasher.update(report.loss_d.to_le_bytes());
        hasher.update(report.loss_g.to_le_bytes());
        hasher.update(report.correct.to_le_bytes());
    }
    let mut put = |numbers: &[Real]| {
        numbers.iter().for_each(|x| hasher.update(x.to_le_bytes()));
    };
    for player in game.players() {
        player.model().each_param(&mut |param| put(param.tensor().numbers()));
        player.model().each_statistic(&mut |statistic| put(statistic.value.numbers()));
    }
    for player in game.players() {
        let state = player.optimiser().state();
        assert!(state.len() >= 2, "an optimiser remembers something of each parameter");
        for (name, numbers) in state {
            hasher.update(name);
            numbers.iter().for_each(|x| hasher.update(x.to_le_bytes()));
        }
    }
    hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// What the other tests run in child processes.
#[test]
#[ignore = "a part of the other tests, which run it in child processes"]
fn print_the_hashes() {
    for (name, make) in MODELS {
        println!("\nhash {name} {}", hash(make));
    }
}

/// The hashes of a process with these environment variables.
fn hashes(variables: &[(&str, &str)]) -> Vec<String> {
    let output = Command::new(env::current_exe().expect("a test has a path"))
        .args(["--exact", "print_the_hashes", "--ignored", "--nocapture"])
        .env_remove("ADVERSARIA_ISA")
        .envs(variables.iter().copied())
        .output()
        .expect("the child starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let hashes = text.lines().filter(|line| line.starts_with("hash ")).map(str::to_owned);
    let hashes: Vec<String> = hashes.collect();
    assert_eq!(hashes.len(), MODELS.len(), "{text}");
    hashes
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let all = ["1", "2", "3", "4", "7", "8"].map(|n| hashes(&[("RAYON_NUM_THREADS", n)]));
    for hashes in &all {
        println!("{}", hashes.join("\n"));
        assert_eq!(hashes, &all[0]);
    }
    let different: BTreeSet<&String> = all[0].iter().collect();
    assert_eq!(different.len(), MODELS.len());
}

/// AVX2 and AVX-512 add the same products in the same order, and functions are computed by the
/// same operations everywhere. Only the portable products, without fused multiply-adds, differ.
#[test]
fn both_levels_of_vector_instructions_give_the_same_bits() {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
        let [narrow, wide] = ["avx2", "avx512"].map(|isa| hashes(&[("ADVERSARIA_ISA", isa)]));
        assert_eq!(narrow, wide);
    }
}
