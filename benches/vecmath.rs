//! How fast are exp, ln, tanh, sigmoid, softplus and √?
//!
//! `cargo bench -p adversaria-kernels --bench vecmath`, or `-- exp`, `-- 4M` for a part.
//!
//! Each function is verified, then timed, on random numbers. The first line gives the roof: what a
//! copy of as many numbers takes.

mod numbers;
mod roof;

use adversaria_kernels as kernels;
use kernels::{elementwise, vecmath};
use numbers::{Numbers, random};
use roof::{SIZES, row, run, verify};

/// Defines a row for each size. A macro, because each function is to be inlined into its loop.
macro_rules! bench {
    ($c:ident, $name:literal, $f:expr, $exact:expr, $low:literal..$high:literal) => {
        for (len, size) in SIZES {
            let x = random(len, 1, $low, $high);
            let mut y = Numbers::nan(len);
            let name = format!("{}/{size}", $name);
            elementwise::map(&x, &mut y, $f);
            verify(&name, y.iter().copied(), x.iter().map(|x| $exact(f64::from(*x))));
            row($c, &name, len, || elementwise::map(&x, &mut y, $f));
        }
    };
}

fn main() {
    run(&|c| {
        bench!(c, "exp", vecmath::exp, f64::exp, -10.0..10.0);
        bench!(c, "ln", vecmath::ln, f64::ln, 0.001..100.0);
        bench!(c, "tanh", vecmath::tanh, f64::tanh, -5.0..5.0);
        bench!(c, "sigmoid", vecmath::sigmoid, |x: f64| 1.0 / (1.0 + (-x).exp()), -10.0..10.0);
        bench!(c, "softplus", vecmath::softplus, |x: f64| x.exp().ln_1p(), -10.0..10.0);
        bench!(c, "sqrt", vecmath::sqrt, f64::sqrt, 0.001..100.0);
    });
}
