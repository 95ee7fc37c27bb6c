//! How fast are sums, maxima, moments and softmax?
//!
//! `cargo bench -p adversaria-kernels --bench reduce`, or `-- sum`, `-- 4M` for a part.
//!
//! Each kernel is verified, then timed, on random numbers. They read an array and write little, so
//! the first line's roof counts half for them; softmax writes as much as it reads.

mod numbers;
mod roof;

use std::hint::black_box;

use adversaria_kernels as kernels;
use criterion::Criterion;
use kernels::{Real, cross_entropy, moments, reduce, softmax};
use numbers::{Numbers, random};
use roof::{SIZES, row, run, verify};

/// Columns of the matrices: a layer's width, and the classes of a classifier.
const COLUMNS: usize = 256;
const CLASSES: usize = 16;

fn whole(c: &mut Criterion) {
    for (len, size) in SIZES {
        let x = random(len, 1, 0.5, 1.5);
        let numbers = || x.iter().map(|x| f64::from(*x));
        verify("sum", [reduce::sum(&x) / len as Real], [numbers().sum::<f64>() / len as f64]);
        row(c, &format!("sum/{size}"), len, || _ = black_box(reduce::sum(black_box(&x))));
        verify("max", [reduce::max(&x)], [numbers().fold(0.0, f64::max)]);
        row(c, &format!("max/{size}"), len, || _ = black_box(reduce::max(black_box(&x))));
    }
}

fn axes(c: &mut Criterion) {
    for (len, size) in SIZES {
        let x = random(len, 1, 0.5, 1.5);
        let rows = len / COLUMNS;
        let at = |r: usize, i: usize| f64::from(x[r * COLUMNS + i]);
        let row_means = || (0..rows).map(|r| (0..COLUMNS).map(|i| at(r, i)).sum::<f64>() / 256.0);
        let column_means =
            || (0..COLUMNS).map(|i| (0..rows).map(|r| at(r, i)).sum::<f64>() / rows as f64);
        let mut y = vec![Real::NAN; rows.max(COLUMNS)];
        let mut v = y.clone();

        let sizes = [rows, COLUMNS, 1];
        reduce::sum_axis(&x, sizes, &mut y[..rows]);
        verify("sum rows", y[..rows].iter().map(|y| y / 256.0), row_means());
        row(c, &format!("sum_rows/{size}"), len, || reduce::sum_axis(&x, sizes, &mut y[..rows]));
        moments::moments_axis(&x, sizes, &mut y[..rows], &mut v[..rows]);
        verify("moments of rows", y[..rows].iter().copied(), row_means());
        row(c, &format!("moments_rows/{size}"), len, || {
            moments::moments_axis(&x, sizes, &mut y[..rows], &mut v[..rows]);
        });

        let sizes = [1, rows, COLUMNS];
        reduce::sum_axis(&x, sizes, &mut y[..COLUMNS]);
        verify("sum columns", y[..COLUMNS].iter().map(|y| y / rows as Real), column_means());
        row(c, &format!("sum_columns/{size}"), len, || {
            reduce::sum_axis(&x, sizes, &mut y[..COLUMNS]);
        });
        moments::moments_axis(&x, sizes, &mut y[..COLUMNS], &mut v[..COLUMNS]);
        verify("moments of columns", y[..COLUMNS].iter().copied(), column_means());
        row(c, &format!("moments_columns/{size}"), len, || {
            moments::moments_axis(&x, sizes, &mut y[..COLUMNS], &mut v[..COLUMNS]);
        });
    }
}

fn rows_of_classes(c: &mut Criterion) {
    for (len, size) in SIZES {
        let (x, t) = (random(len, 1, -4.0, 4.0), random(len, 2, 0.0, 1.0));
        let mut y = Numbers::nan(len);
        let exact: Vec<f64> = x
            .chunks(CLASSES)
            .flat_map(|x| {
                let total: f64 = x.iter().map(|x| f64::from(*x).exp()).sum();
                x.iter().map(move |x| f64::from(*x).exp() / total)
            })
            .collect();
        softmax::softmax_rows(&x, CLASSES, &mut y);
        verify("softmax", y.iter().copied(), exact.iter().copied());
        row(c, &format!("softmax/{size}"), len, || softmax::softmax_rows(&x, CLASSES, &mut y));
        softmax::log_softmax_rows(&x, CLASSES, &mut y);
        verify("log softmax", y.iter().copied(), exact.iter().map(|p| p.ln()));
        row(c, &format!("log_softmax/{size}"), len, || {
            softmax::log_softmax_rows(&x, CLASSES, &mut y);
        });

        let n = len / CLASSES;
        cross_entropy::rows(&x, &t, CLASSES, &mut y[..n]);
        let losses = exact.chunks(CLASSES).zip(t.chunks(CLASSES));
        let losses =
            losses.map(|(p, t)| -p.iter().zip(t).map(|(p, t)| f64::from(*t) * p.ln()).sum::<f64>());
        verify("cross-entropy", y[..n].iter().copied(), losses);
        row(c, &format!("cross_entropy/{size}"), len, || {
            cross_entropy::rows(&x, &t, CLASSES, &mut y[..n]);
        });
        let terms = x.iter().zip(t.iter()).map(|(x, t)| {
            let (x, t) = (f64::from(*x), f64::from(*t));
            x.exp().ln_1p() - t * x
        });
        let mean = terms.sum::<f64>() / len as f64;
        verify("bce", [cross_entropy::binary(&x, &t) / len as Real], [mean]);
        row(c, &format!("bce/{size}"), len, || _ = black_box(cross_entropy::binary(&x, &t)));
        cross_entropy::binary_grad(&x, &t, 1.0, &mut y);
        let exact =
            x.iter().zip(t.iter()).map(|(x, t)| 1.0 / (1.0 + f64::from(-*x).exp()) - f64::from(*t));
        verify("bce gradient", y.iter().copied(), exact);
        row(c, &format!("bce_grad/{size}"), len, || {
            cross_entropy::binary_grad(&x, &t, 1.0, &mut y);
        });
    }
}

fn main() {
    run(&|c| {
        whole(c);
        axes(c);
        rows_of_classes(c);
    });
}
