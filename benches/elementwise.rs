//! How fast are sums, products and selections of arrays, and how fast is broadcasting?
//!
//! `cargo bench -p adversaria-kernels --bench elementwise`, or `-- add`, `-- 4M` for a part.
//!
//! Each kernel is verified, then timed, on random numbers. The first line gives the roof: a map
//! moves as much as a copy, a zip as much as a triad.

mod numbers;
mod roof;

use adversaria_kernels as kernels;
use criterion::Criterion;
use kernels::{Real, broadcast, elementwise};
use numbers::{Numbers, random};
use roof::{SIZES, row, run, verify};

/// Columns of the matrices: a layer's width.
const COLUMNS: usize = 256;

fn equal_shapes(c: &mut Criterion) {
    for (len, size) in SIZES {
        let [a, b, t] = [1, 2, 3].map(|seed| random(len, seed, -1.0, 1.0));
        let mut y = Numbers::nan(len);
        let pairs = || a.iter().zip(b.iter()).map(|(a, b)| (f64::from(*a), f64::from(*b)));

        let relu = |y: &mut [Real]| elementwise::map(&a, y, |x| if x > 0.0 { x } else { 0.0 });
        relu(&mut y);
        verify("relu", y.iter().copied(), pairs().map(|(a, _)| a.max(0.0)));
        row(c, &format!("relu/{size}"), len, || relu(&mut y));

        let add = |y: &mut [Real]| elementwise::zip(&a, &b, y, |a, b| a + b);
        add(&mut y);
        verify("add", y.iter().copied(), pairs().map(|(a, b)| a + b));
        row(c, &format!("add/{size}"), len, || add(&mut y));

        let mul = |y: &mut [Real]| elementwise::zip(&a, &b, y, |a, b| a * b);
        mul(&mut y);
        verify("mul", y.iter().copied(), pairs().map(|(a, b)| a * b));
        row(c, &format!("mul/{size}"), len, || mul(&mut y));

        let pick = |m: Real, a: Real, b: Real| if m > 0.0 { a } else { b };
        let select = |y: &mut [Real]| elementwise::zip3([&t, &a, &b], y, pick);
        select(&mut y);
        let exact = pairs().zip(t.iter()).map(|((a, b), t)| if *t > 0.0 { a } else { b });
        verify("select", y.iter().copied(), exact);
        row(c, &format!("select/{size}"), len, || select(&mut y));
    }
}

fn broadcasts(c: &mut Criterion) {
    for (len, size) in SIZES {
        let rows = len / COLUMNS;
        let (x, b) = (random(len, 1, -1.0, 1.0), random(rows.max(COLUMNS), 2, 0.5, 1.5));
        let mut y = Numbers::nan(len);
        let sizes = [rows, COLUMNS];
        let exact = |f: &dyn Fn(f64, usize) -> f64| -> Vec<f64> {
            x.iter().enumerate().map(|(i, x)| f(f64::from(*x), i)).collect()
        };

        let bias = |y: &mut [Real]| {
            let (x, b) = ((&x[..], &[COLUMNS, 1][..]), (&b[..], &[0, 1][..]));
            broadcast::zip_broadcast(&sizes, x, b, y, |x, b| x + b);
        };
        bias(&mut y);
        verify("add row", y.iter().copied(), exact(&|x, i| x + f64::from(b[i % COLUMNS])));
        row(c, &format!("add_row/{size}"), len, || bias(&mut y));

        let scale = |y: &mut [Real]| {
            let (x, b) = ((&x[..], &[COLUMNS, 1][..]), (&b[..], &[1, 0][..]));
            broadcast::zip_broadcast(&sizes, x, b, y, |x, b| x * b);
        };
        scale(&mut y);
        verify("mul column", y.iter().copied(), exact(&|x, i| x * f64::from(b[i / COLUMNS])));
        row(c, &format!("mul_column/{size}"), len, || scale(&mut y));
    }
}

fn main() {
    run(&|c| {
        equal_shapes(c);
        broadcasts(c);
    });
}
