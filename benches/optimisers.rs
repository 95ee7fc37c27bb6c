//! How fast do optimisers move weights?
//!
//! `cargo bench -p adversaria-kernels --bench optimisers`, or `-- adam`, `-- 4M` for a part.
//!
//! Each update is verified, then timed, on random numbers. It reads the gradients, and reads and
//! writes the weights and what is remembered of them: for Adam seven arrays, three and a half times
//! the copy of the first line.

mod numbers;
mod roof;

use adversaria_kernels as kernels;
use criterion::Criterion;
use kernels::Real;
use kernels::optimise::{Adam, Descent, Momentum, Nesterov, RmsProp, Rule, update};
use numbers::random;
use roof::{SIZES, row, run, verify};

fn bench<const N: usize>(c: &mut Criterion, name: &str, rule: impl Rule<N>) {
    for (len, size) in SIZES {
        let (mut w, g) = (random(len, 1, -1.0, 1.0), random(len, 2, -1.0, 1.0));
        let mut memory = [(); N].map(|()| random(len, 3, 0.5, 1.5));
        let at = |i: usize| rule.step(w[i], g[i], memory.each_ref().map(|m| m[i])).0;
        let expected: Vec<f64> = (0..len).map(|i| f64::from(at(i))).collect();
        let mut step = |w: &mut [Real]| update(rule, w, &g, memory.each_mut().map(|m| &mut m[..]));
        step(&mut w);
        verify(name, w.iter().copied(), expected);
        row(c, &format!("{name}/{size}"), len, || step(&mut w));
    }
}

fn main() {
    run(&|c| {
        let rate = 1e-4;
        bench(c, "sgd", Descent { rate });
        bench(c, "momentum", Momentum { rate, momentum: 0.9 });
        bench(c, "nesterov", Nesterov { rate, momentum: 0.9 });
        bench(c, "rmsprop", RmsProp { rate, rho: 0.99, epsilon: 1e-8 });
        let (beta1, beta2, correction, epsilon) = (0.9, 0.999, 1.1, 1e-8);
        bench(c, "adam", Adam { shrink: 1.0, rate, beta1, beta2, correction, epsilon });
    });
}
