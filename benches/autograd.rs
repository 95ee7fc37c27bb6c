//! What does it cost to record an op, and to sweep back over it?
//!
//! `cargo bench --bench autograd`
//!
//! On single numbers, where the arithmetic costs next to nothing and what remains is the engine.
//! All times are for a thousand ops.

use std::hint::black_box;

use autograd::{Array, Rng, Tensor, grad, no_grad};
use criterion::Criterion;

const OPS: usize = 1000;

/// ((x + c) + c) + ..., a thousand times.
fn chain(x: &Tensor, c: &Tensor) -> Tensor {
    (0..OPS).fold(x.clone(), |y, _| y + c)
}

fn chains(criterion: &mut Criterion) {
    let x = Tensor::variable(Array::scalar(1.0));
    let c = Tensor::scalar(0.5);
    let y = chain(&x, &c);
    // Verified before it is timed.
    let [dx] = grad(&y, [&x], false);
    assert_eq!([y.item(), dx.item()], [501.0, 1.0]);

    let mut group = criterion.benchmark_group("1000 additions of numbers");
    group.bench_function("computed", |b| b.iter(|| no_grad(|| chain(black_box(&x), &c))));
    group.bench_function("recorded and dropped", |b| b.iter(|| chain(black_box(&x), &c)));
    group.bench_function("swept", |b| b.iter(|| grad(black_box(&y), [&x], false)));
    group.bench_function("swept, recording", |b| b.iter(|| grad(black_box(&y), [&x], true)));
    group.finish();
}

/// One layer of the Gaussian GAN's discriminator at its batch of 4.
fn layer(criterion: &mut Criterion) {
    let mut rng = Rng::new(0, "bench");
    let x = Tensor::constant(rng.normal([4, 2]));
    let [w, b] = [&[2, 5][..], &[5]].map(|shape| Tensor::variable(rng.normal(shape)));
    let forward = || x.linear(&w, &b).tanh().mean();
    let y = forward();
    let [dw, db] = grad(&y, [&w, &b], false);
    assert!(dw.numbers().iter().chain(db.numbers()).all(|d| *d != 0.0));

    let mut group = criterion.benchmark_group("tanh layer 2 to 5, batch 4, mean");
    group.bench_function("computed", |b| b.iter(|| no_grad(forward)));
    group.bench_function("recorded and dropped", |b| b.iter(forward));
    group.bench_function("swept", |bencher| bencher.iter(|| grad(&y, [&w, &b], false)));
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    chains(&mut criterion);
    layer(&mut criterion);
    criterion.final_summary();
}
