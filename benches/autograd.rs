//! What does it cost to record an op, and to sweep back over it?
//!
//! `cargo bench --bench autograd`
//!
//! On single numbers, where the arithmetic costs next to nothing and what remains is the engine.
//! All times are for a thousand ops. What a guard costs that is off is the time of the flag beside
//! that of an op, which asks it once, and of its derivative, which asks it twice.

use std::hint::black_box;

use autograd::{Array, Real, Rng, Tensor, anomaly, grad, no_grad};
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
    assert!(anomaly::guard(|| chain(&y, &x)).is_ok());
    assert!(anomaly::guard(|| chain(&x, &Tensor::scalar(Real::NAN))).is_err());

    let mut group = criterion.benchmark_group("1000 additions of numbers");
    group.bench_function("computed", |b| b.iter(|| no_grad(|| chain(black_box(&x), &c))));
    group.bench_function("recorded and dropped", |b| b.iter(|| chain(black_box(&x), &c)));
    group.bench_function("swept", |b| b.iter(|| grad(black_box(&y), [&x], false)));
    group.bench_function("swept, recording", |b| b.iter(|| grad(black_box(&y), [&x], true)));
    // Like an op, `name` does nothing for the guard but ask whether there is one.
    let ask = || (0..OPS).for_each(|_| anomaly::name(black_box(&x), "x"));
    group.bench_function("the guard's flag alone", |b| b.iter(ask));
    group.bench_function("guarded, recorded and dropped", |b| {
        b.iter(|| anomaly::guard(|| chain(black_box(&x), &c)));
    });
    group.bench_function("guarded, swept", |b| {
        b.iter(|| anomaly::guard(|| grad(black_box(&y), [&x], false)));
    });
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
