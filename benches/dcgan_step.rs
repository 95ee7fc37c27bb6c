//! How long does a training step of a convolutional GAN take?
//!
//! `cargo bench --bench dcgan_step`, or `-- keras`, `-- 'batch 64'` for a part.
//!
//! A turn: noise drawn, D's step, G's step, on random images. Of the Keras DCGAN at three sizes of
//! the batch, and of the DCGAN of strided convolutions. Criterion's "thrpt" counts real images.

use std::time::Duration;

use autograd::{Rng, Tensor};
use criterion::{Criterion, Throughput};
use gan::Game;
use lab::systems::{keras_dcgan, radford_dcgan};

/// Turns after which a discriminator tells random images from generated ones better than at first.
const TURNS: usize = 2;

fn bench(c: &mut Criterion, name: &str, mut game: Game, image: [usize; 3], batch_size: usize) {
    let mut rng = Rng::new(0, "images and noise");
    let [height, width, channels] = image;
    let real = Tensor::constant(rng.uniform([batch_size, height, width, channels], -1.0, 1.0));
    // Verified before it is timed: both players move, and D learns.
    let first = game.step(&real, &mut rng);
    let later = (0..TURNS).map(|_| game.step(&real, &mut rng)).last().expect("there were turns");
    assert!(first.without_gradient.is_empty(), "no gradient for {:?}", first.without_gradient);
    assert!(later.loss_d < first.loss_d, "{name}: D: {} after {}", later.loss_d, first.loss_d);
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(batch_size as u64));
    group.bench_function(format!("batch {batch_size}"), |b| b.iter(|| game.step(&real, &mut rng)));
    group.finish();
}

fn main() {
    kernels::in_pool(|| {
        let mut criterion = Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(5))
            .configure_from_args();
        let start = || Rng::new(0, "weights");
        for batch_size in [32, 64, keras_dcgan::BATCH_SIZE] {
            let game = keras_dcgan::game(&mut start());
            bench(&mut criterion, "keras_dcgan", game, keras_dcgan::IMAGE, batch_size);
        }
        let game = radford_dcgan::game(&mut start());
        let (image, batch_size) = (radford_dcgan::IMAGE, radford_dcgan::BATCH_SIZE);
        bench(&mut criterion, "radford_dcgan", game, image, batch_size);
        criterion.final_summary();
    });
}
