//! How long does a training step take?
//!
//! `cargo bench --bench train_step`
//!
//! A turn: noise drawn, D's step, G's step, the batches at hand. Of the Gaussian GAN in its two
//! versions, and of the MNIST GAN of dense layers, on random images.

use std::f64::consts::LN_2;
use std::time::{Duration, Instant};

use autograd::{Rng, Tensor};
use criterion::Criterion;
use gan::Report;
use lab::systems::gaussian::Version;
use lab::systems::mnist_gan;
use lab::{AffineGaussian, shuffled_batches};

/// Turns of the tutorial's ten epochs. In a training many times longer D gives up, its gradients
/// underflow, and the processor is slow with such numbers: another question.
const TURNS: u64 = 2500;

fn gaussian(c: &mut Criterion) {
    for version in [Version::Softmax, Version::Bce] {
        let batch_size = version.batch_size();
        let mut rng = Rng::new(0, "noise");
        let data = AffineGaussian::TUTORIAL.sample(1000, &mut rng);
        let epoch: Vec<Tensor> = shuffled_batches(&data, batch_size, &mut rng).collect();
        let mut train = |turns: u64| {
            let mut game = version.game(&mut Rng::new(0, "weights"));
            let batches = epoch.iter().cycle().take(turns as usize);
            let start = Instant::now();
            let loss = batches.map(|real| game.step(real, &mut rng).loss_d).last();
            (start.elapsed(), loss)
        };
        // Verified before it is timed: D ends where it cannot tell real from fake.
        let undecided = if version == Version::Softmax { 2.0 * LN_2 } else { LN_2 };
        let loss = train(TURNS).1.map_or(0.0, f64::from);
        assert!((loss - undecided).abs() < 0.2 * undecided, "D's loss is {loss}");
        let name = format!("gaussian_gan/{version:?}/batch {batch_size}");
        c.bench_function(&name, |b| {
            b.iter_custom(|turns| {
                let whole = (0..turns / TURNS).map(|_| train(TURNS).0).sum::<Duration>();
                whole + train(turns % TURNS).0
            });
        });
    }
}

fn mnist(c: &mut Criterion) {
    let mut rng = Rng::new(0, "images and noise");
    let mut game = mnist_gan::game(&mut Rng::new(0, "weights"));
    let real = rng.uniform([mnist_gan::BATCH_SIZE, mnist_gan::PIXELS], -1.0, 1.0);
    let real = Tensor::constant(real);
    // Verified before it is timed: all weights have gradients, and D learns.
    let turns: Vec<Report> = (0..60).map(|_| game.step(&real, &mut rng)).collect();
    let missing = &turns[0].without_gradient;
    assert!(missing.is_empty(), "no gradient for {missing:?}");
    let right = |turns: &[Report]| turns.iter().map(|t| t.correct).sum::<usize>();
    let (early, late) = (right(&turns[..10]), right(&turns[50..]));
    assert!(late > early, "D is right about {late} images, {early} at first");
    c.bench_function("mnist_gan/batch 128", |b| b.iter(|| game.step(&real, &mut rng)));
}

fn main() {
    let measure = |part: fn(&mut Criterion)| {
        let mut criterion = Criterion::default().configure_from_args();
        part(&mut criterion);
        criterion.final_summary();
    };
    // Too small for threads, and a pool that is never asked is never started.
    measure(gaussian);
    kernels::in_pool(|| measure(mnist));
}
