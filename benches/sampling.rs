//! How fast are random numbers?
//!
//! `cargo bench -p adversaria-kernels --bench sampling`, or `-- normal`, `-- 4M` for a part.
//!
//! Ours, and beside them the crates `rand` and `rand_distr`, which draw number by number: all of
//! the same generator, PCG XSL RR 128/64. The row `words` draws the bits alone.

#[allow(dead_code, reason = "here they are drawn")]
mod numbers;
#[allow(dead_code, reason = "random numbers are verified by their moments")]
mod roof;

use std::hint::black_box;

use adversaria_kernels as kernels;
use criterion::Criterion;
use kernels::{Real, random};
use numbers::Numbers;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use roof::{SIZES, row, run};

/// The generator's words from the `start`th on.
fn words_from(start: usize) -> impl FnMut() -> u64 {
    let mut generator = Pcg64::seed_from_u64(1);
    generator.advance(start as u128);
    move || generator.next_u64()
}

/// Asserts that the numbers have about this mean and variance, then times the drawing of more.
fn bench(
    c: &mut Criterion,
    name: &str,
    [mean, variance]: [f64; 2],
    mut draw: impl FnMut(&mut [Real]),
) {
    for (len, size) in SIZES {
        let mut y = Numbers::nan(len);
        draw(&mut y);
        let average =
            |f: &dyn Fn(f64) -> f64| y.iter().map(|y| f(f64::from(*y))).sum::<f64>() / len as f64;
        let found = [average(&|y| y), average(&|y| (y - mean).powi(2))];
        // Six standard errors, and more.
        let close = |a: f64, b: f64| (a - b).abs() < 9.0 * variance.sqrt() / (len as f64).sqrt();
        assert!(close(found[0], mean) && close(found[1], variance), "{name}: {found:?}");
        row(c, &format!("{name}/{size}"), len, || draw(&mut y));
    }
}

fn main() {
    run(&|c| {
        let mut generator = Pcg64::seed_from_u64(2);
        for (len, size) in SIZES {
            row(c, &format!("words/{size}"), len, || {
                for _ in 0..random::words(len) {
                    black_box(generator.next_u64());
                }
            });
        }
        let moments = [0.0, 1.0 / 3.0];
        bench(c, "uniform", moments, |y| random::uniform(y, [-1.0, 1.0], words_from));
        bench(c, "uniform by rand", moments, |y| {
            y.iter_mut().for_each(|y| *y = generator.random_range(-1.0..1.0));
        });
        bench(c, "normal", [0.0, 1.0], |y| random::normal(y, words_from));
        bench(c, "normal by rand_distr", [0.0, 1.0], |y| {
            y.iter_mut().for_each(|y| *y = StandardNormal.sample(&mut generator));
        });
        bench(c, "dropout", [1.0, 1.0 / 3.0], |y| random::dropout(y, 0.25, words_from));
    });
}
