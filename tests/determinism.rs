//! Does the same seed give the same bits, whatever the number of threads and the vector
//! instructions?
//!
//! A hash of everything that training leaves behind, computed in child processes: how many threads
//! there are, and what the CPU may use, is settled once for a process.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use autograd::{Real, Rng, Tensor, grad, in_pool};
use gan::{Adam, Bce, Clip, Fakes, Game, InputNoise, Latent, Minimax, Player, RmsProp, Schedule};
use gan::{Settings, Sgd, Steps};
use kernels::simd::Level;
use lab::systems::gaussian::Version;
use lab::systems::{keras_dcgan, radford_dcgan};
use lab::{AffineGaussian, Images, Scaling};
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
        .schedule(Schedule::Linear { from: 50, to: 2 * TURNS as u64 });
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

/// Convolutions before pools and behind enlargements, and batch norm: the narrow Keras DCGAN.
fn pooled() -> (Game, Tensor) {
    let places: Vec<usize> = (0..16).collect();
    let digits = Images::embedded_mnist().scaled(&places, Scaling::MinusOneToOne);
    let game = keras_dcgan::sized(8, keras_dcgan::Descent::Adam, &mut Rng::new(3, "weights"));
    (game, Tensor::constant(digits))
}

/// Convolutions of stride 2, and transposed ones: the narrow DCGAN of Radford, Metz, Chintala 2015.
fn strided() -> (Game, Tensor) {
    let pictures = Rng::new(4, "data").uniform([16, 32, 32, 3], -1.0, 1.0);
    (radford_dcgan::sized(32, 16, &mut Rng::new(4, "weights")), Tensor::constant(pictures))
}

/// A game and its data, and how many turns it is played: fewer where a turn takes long.
type Model = (&'static str, fn() -> (Game, Tensor), usize);
const MODELS: [Model; 5] = [
    ("gaussian", gaussian, TURNS),
    ("images", images, TURNS / 2),
    ("everything", everything, TURNS),
    ("pooled", pooled, 12),
    ("strided", strided, 12),
];

/// SHA-256 of the parameters, the statistics, the optimisers' states and every turn's metrics.
fn hash((_, make, turns): Model) -> String {
    let (mut game, real) = make();
    let mut rng = Rng::new(3, "noise");
    let mut hasher = Sha256::new();
    for _ in 0..turns {
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
    for model in MODELS {
        println!("\nhash {} {}", model.0, hash(model));
    }
}

/// The same on a thread of the pool, where runs train: loops are cut otherwise there.
#[test]
#[ignore = "a part of the other tests, which run it in child processes"]
fn print_the_hashes_inside_the_pool() {
    in_pool(print_the_hashes);
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hashes.txt");

#[test]
#[ignore = "writes a fixture"]
fn record_the_hashes() {
    assert!(fused_levels().count() > 0, "the portable level gives other bits");
    let lines = hashes("print_the_hashes", ("RAYON_NUM_THREADS", "2")).join("\n");
    fs::write(GOLDEN, lines + "\n").expect("the fixture can be written");
}

/// The levels of this CPU that multiply and add in one rounding; in f64 there are none.
fn fused_levels() -> impl Iterator<Item = &'static str> {
    let names = [(Level::Avx2, "avx2"), (Level::Avx512, "avx512")];
    let has = |level| size_of::<Real>() == 4 && Level::available().any(|found| found == level);
    names.into_iter().filter(move |(level, _)| has(*level)).map(|(_, name)| name)
}

/// The hashes of a process with this environment variable.
fn hashes(part: &str, variable: (&str, &str)) -> Vec<String> {
    let output = Command::new(env::current_exe().expect("a test has a path"))
        .args(["--exact", part, "--ignored", "--nocapture"])
        .env_remove("ADVERSARIA_ISA")
        .envs([variable])
        .output()
        .expect("the child starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let hashes: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("hash ")).map(str::to_owned).collect();
    assert_eq!(hashes.len(), MODELS.len(), "{text}");
    hashes
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let one = hashes("print_the_hashes", ("RAYON_NUM_THREADS", "1"));
    println!("{}", one.join("\n"));
    for threads in ["2", "3", "4", "7", "8"] {
        let found = hashes("print_the_hashes", ("RAYON_NUM_THREADS", threads));
        assert_eq!(found, one, "{threads} threads");
    }
    let found = hashes("print_the_hashes_inside_the_pool", ("RAYON_NUM_THREADS", "4"));
    assert_eq!(found, one, "4 threads, from inside their pool");
    let different: BTreeSet<&String> = one.iter().collect();
    assert_eq!(different.len(), MODELS.len());
}

/// AVX2 and AVX-512 add the same products in the same order, and functions are computed by the
/// same operations everywhere, none of them by the system's library. Only the portable products,
/// without fused multiply-adds, differ.
///
/// So a CPU with one of them is compared with what another has recorded. Who changes the order of a
/// sum, or a system, records anew: `cargo test --test determinism -- --ignored record_the_hashes`.
#[test]
fn each_level_of_fused_vector_instructions_gives_the_golden_bits() {
    let golden = fs::read_to_string(GOLDEN).expect("the fixture can be read");
    let golden: Vec<&str> = golden.lines().collect();
    for level in fused_levels() {
        println!("{level} is checked");
        assert_eq!(hashes("print_the_hashes", ("ADVERSARIA_ISA", level)), golden, "{level}");
    }
    let all: BTreeSet<&str> = fused_levels().collect();
    for level in ["avx2", "avx512"].into_iter().filter(|level| !all.contains(level)) {
        println!("{level} is NOT checked: this CPU, or a build in f64, has none");
    }
}
