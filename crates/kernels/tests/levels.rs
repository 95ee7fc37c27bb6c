//! Do all levels of vector instructions, and all numbers of threads, give the same bits?
//!
//! A process has one level and one pool of threads. So the test starts this program again for each
//! pair of them, and compares what it prints: a hash of the bits that each kernel returns.

mod ways;

use std::collections::BTreeMap;
use std::process::Command;

use adversaria_kernels as kernels;
use kernels::conv::{self, Geometry};
use kernels::gemm::{Beta, gemm};
use kernels::mat::{Mat, MatMut};
use kernels::norm::{Groups, Norm};
use kernels::pool::{self, Pool};
use kernels::resample::{self, Matrix};
use kernels::simd::Level;
use kernels::window::Window;
use kernels::{Epilogue, Real};
use kernels::{
    broadcast, cross_entropy, elementwise, moments, optimise, random, reduce, softmax, vecmath,
};

/// Long enough for several tasks, not a multiple of any vector, and one so short that it is not
/// worth a vector.
const LENGTHS: [usize; 3] = [19, 1003, 200_011];

/// Of both signs, from tiny to huge; few repeat.
fn wild(len: usize) -> Vec<Real> {
    let power = |i| (i * 37 % 20_011) as Real * 0.008 - 80.0;
    (0..len).map(|i| power(i).exp2() * [1.0, -1.0][i % 2]).collect()
}

/// In [-4, 4).
fn tame(len: usize) -> Vec<Real> {
    (0..len).map(|i| (i * 7919 % 10_007) as Real / 1250.875 - 4.0).collect()
}

/// FNV-1a of the numbers' bits.
fn hash(numbers: &[Real]) -> u64 {
    let bytes = numbers.iter().flat_map(|x| x.to_bits().to_le_bytes());
    bytes
        .fold(0xcbf29ce484222325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3))
}

/// What every kernel returns, with its name.
fn results() -> Vec<(String, Vec<Real>)> {
    let mut results = Vec::new();
    for len in LENGTHS {
        let (x, t) = (wild(len), tame(len));
        let mut add = |name: &str, len: usize, run: &dyn Fn(&mut [Real])| {
            let mut y = vec![Real::NAN; len];
            run(&mut y);
            results.push((format!("{name}/{}", x.len()), y));
        };
        add("exp", len, &|y| elementwise::map(&x, y, vecmath::exp));
        add("ln", len, &|y| elementwise::map(&x, y, vecmath::ln));
        add("tanh", len, &|y| elementwise::map(&x, y, vecmath::tanh));
        add("sigmoid", len, &|y| elementwise::map(&x, y, vecmath::sigmoid));
        add("softplus", len, &|y| elementwise::map(&x, y, vecmath::softplus));
        add("sqrt", len, &|y| elementwise::map(&x, y, |x| vecmath::sqrt(x.abs())));
        add("zip", len, &|y| elementwise::zip(&x, &t, y, |a, b| a * b + b));
        add("zip3", len, &|y| elementwise::zip3([&x, &t, &t], y, |a, b, c| a * b + c));
        let (rows, columns) = (len / 17, 17);
        let sizes = [rows, columns];
        add("rows", rows * columns, &|y| {
            broadcast::zip_broadcast(&sizes, (&x, &[17, 1]), (&t, &[0, 1]), y, |a, b| a * b + a);
        });
        add("columns", rows * columns, &|y| {
            broadcast::zip_broadcast(&sizes, (&t, &[1, 0]), (&x, &[17, 1]), y, |a, b| a * b + a);
        });
        add("permuted", rows * columns, &|y| {
            broadcast::copy_strided(&[17, rows], &x, &[1, 17], y);
        });
        add("sum", 1, &|y| y[0] = reduce::sum(&t));
        add("sum_of", 1, &|y| y[0] = reduce::sum_of([&t], |[t]| vecmath::exp(t)));
        add("binary", 1, &|y| y[0] = cross_entropy::binary(&t, &x));
        add("binary_grad", len, &|y| cross_entropy::binary_grad(&x, &t, 0.3, y));
        add("max", 1, &|y| y[0] = reduce::max(&x));
        for [outer, len, inner] in [[rows, columns, 1], [1, rows, columns], [columns, rows, 1]] {
            let t = &t[..rows * columns];
            let name = format!("{outer}x{len}x{inner}");
            add(&format!("sum_axis/{name}"), outer * inner, &|y| {
                reduce::sum_axis(t, [outer, len, inner], y);
            });
            add(&format!("max_axis/{name}"), outer * inner, &|y| {
                reduce::max_axis(t, [outer, len, inner], y);
            });
            add(&format!("moments/{name}"), 2 * outer * inner, &|y| {
                let (mean, variance) = y.split_at_mut(outer * inner);
                moments::moments_axis(t, [outer, len, inner], mean, variance);
            });
        }
        for [samples, pixels, groups, width] in [[1, rows, columns, 1], [rows, 1, 1, columns]] {
            let groups = Groups { samples, pixels, groups, width };
            let (t, channels) = (&t[..groups.count()], tame(groups.channels()));
            let (scale, shift, each) = (&channels, &channels, tame(groups.statistics()));
            let norm = Norm { groups, mean: &each, factor: &each, scale, shift, slope: 0.2 };
            let both = t.len() + 2 * groups.channels();
            add(&format!("norm/width {width}"), t.len(), &|y| norm.apply(t, y));
            add(&format!("norm_backward/width {width}"), both, &|y| {
                let (dx, totals) = y.split_at_mut(t.len());
                norm.backward(t, t, dx, totals);
            });
        }
        for columns in [2, 17, 4999].into_iter().filter(|columns| *columns <= len) {
            let rows = len / columns;
            let t = &t[..rows * columns];
            add(&format!("softmax/{columns}"), t.len(), &|y| softmax::softmax_rows(t, columns, y));
            add(&format!("cross_entropy/{columns}"), rows, &|y| {
                cross_entropy::rows(t, &x[..t.len()], columns, y);
            });
            add(&format!("cross_entropy_grad/{columns}"), t.len(), &|y| {
                cross_entropy::rows_grad(t, &x[..t.len()], columns, 0.3, y);
            });
            add(&format!("log_softmax/{columns}"), t.len(), &|y| {
                softmax::log_softmax_rows(t, columns, y);
            });
        }
        add("adam", 3 * len, &|y| {
            let (w, rest) = y.split_at_mut(len);
            let (m, v) = rest.split_at_mut(len);
            w.copy_from_slice(&t);
            m.copy_from_slice(&x);
            v.fill(0.5);
            let rule = optimise::Adam {
                shrink: 0.99,
                rate: 0.1,
                beta1: 0.9,
                beta2: 0.999,
                correction: 3.0,
                epsilon: 1e-8,
            };
            optimise::update(rule, w, &t, [m, v]);
        });
        add("descent", len, &|w| {
            w.copy_from_slice(&t);
            optimise::update(optimise::Descent { rate: 0.1 }, w, &x, []);
        });
        let mut one_state = |name: &str, update: &dyn Fn(&mut [Real], &mut [Real])| {
            add(name, 2 * len, &|y| {
                let (w, state) = y.split_at_mut(len);
                w.copy_from_slice(&t);
                state.fill(0.5);
                update(w, state);
            });
        };
        let (rate, momentum, rho, epsilon) = (0.1, 0.9, 0.99, 1e-8);
        one_state("momentum", &|w, u| {
            optimise::update(optimise::Momentum { rate, momentum }, w, &t, [u]);
        });
        one_state("nesterov", &|w, u| {
            optimise::update(optimise::Nesterov { rate, momentum }, w, &t, [u]);
        });
        one_state("rmsprop", &|w, v| {
            optimise::update(optimise::RmsProp { rate, rho, epsilon }, w, &t, [v]);
        });
        add("logsumexp_rows", len / 17, &|y| {
            softmax::logsumexp_rows(&t[..y.len() * 17], 17, y);
        });
        add("uniform", len, &|y| random::uniform(y, [-1.0, 3.0], words_from));
        add("normal", len, &|y| random::normal(y, words_from));
        add("dropout", len, &|y| random::dropout(y, 0.3, words_from));
    }
    products(&mut results);
    images(&mut results);
    kernels::in_pool(|| convolutions(&mut results));
    results
}

/// The words of a generator from the `start`th on: a counter, mixed.
fn words_from(start: usize) -> impl FnMut() -> u64 {
    let mut count = start as u64;
    move || {
        count += 1;
        let mixed = (count ^ count >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }
}

/// Products that take all of the ways: tiles, a single row, a single column, next to nothing.
fn products(results: &mut Vec<(String, Vec<Real>)>) {
    for (m, k, n) in [(4, 2, 5), (1, 700, 900), (900, 700, 1), (129, 1100, 250), (70, 300, 1100)] {
        let (a, b) = (tame(m * k), tame(k * n));
        for (name, a, b) in [
            ("nn", Mat::new(&a, m, k), Mat::new(&b, k, n)),
            ("tt", Mat::new(&a, k, m).transposed(), Mat::new(&b, n, k).transposed()),
        ] {
            let mut y = vec![Real::NAN; m * n];
            kernels::in_pool(|| gemm(a, b, MatMut::new(&mut y, m, n), Beta::Zero));
            results.push((format!("gemm/{m}x{k}x{n} {name} {FUSED}"), y));
        }
    }
}

/// What the kernels of images return, for few and for many channels.
fn images(results: &mut Vec<(String, Vec<Real>)>) {
    let [batch, height, width] = [2, 33, 40];
    for channels in [1, 3, 50] {
        let x = tame(batch * height * width * channels);
        let mut add = |name: &str, [rows, columns]: [&Matrix; 2]| {
            let mut y = vec![Real::NAN; batch * rows.rows() * columns.rows() * channels];
            resample::resample([rows, columns], [batch, channels], &x, &mut y);
            results.push((format!("{name}/{channels}"), y));
        };
        let window = |input| Window::same(input, 3, 2, 1).expect("an input and a window");
        let (down, across) = (window(height), window(width));
        add("nearest", [&Matrix::nearest(height, 66), &Matrix::nearest(width, 80)]);
        let linear = [Matrix::bilinear(height, 66), Matrix::bilinear(width, 31)];
        add("bilinear", linear.each_ref());
        let means = [Matrix::average(&down, false), Matrix::average(&across, false)];
        add("average", means.each_ref());

        let pool = Pool { batch, channels, height: down, width: across };
        let len = pool.y_shape().iter().product();
        let (mut y, mut taps) = (vec![Real::NAN; len], vec![0; len]);
        pool::max(&pool, &x, &mut y);
        pool::winners(&pool, &x, &mut taps);
        let (mut gathered, mut spread) = (y.clone(), x.clone());
        pool::gather(&pool, &taps, &x, &mut gathered);
        pool::spread(&pool, &taps, &y, &mut spread);
        let mut gradient = x.clone();
        pool::gradient(&pool, &x, &y, &mut gradient);
        results.push((format!("pool gradient/{channels}"), gradient));
        let taps = taps.iter().map(|tap| *tap as Real).collect();
        for (name, y) in [("max", y), ("taps", taps), ("gather", gathered), ("spread", spread)] {
            results.push((format!("pool {name}/{channels}"), y));
        }
    }
}

/// A sum of products of fractions is rounded differently where multiply-adds are not fused.
const FUSED: &str = "fused";

/// The three directions of convolutions that take all of the ways, on small integers and on
/// fractions.
fn convolutions(results: &mut Vec<(String, Vec<Real>)>) {
    for (i, g) in ways::geometries().enumerate() {
        // Enough images for several threads.
        let g = Geometry { batch: 8, ..g };
        let shapes = [g.x_shape(), g.w_shape(), g.y_shape()];
        let fractions = shapes.map(|shape| tame(shape.iter().product()));
        let bias = tame(g.in_channels.max(g.out_channels));
        let after = |channels: usize| Epilogue { bias: Some(&bias[..channels]), slope: 0.2 };
        let integers = fractions.each_ref().map(|x| x.iter().map(|x| x.round()).collect());
        for (kind, [x, w, y]) in [("integers", integers), (FUSED, fractions)] {
            let mut add = |name: &str, len: usize, run: &dyn Fn(&mut [Real])| {
                let mut out = vec![Real::NAN; len];
                run(&mut out);
                results.push((format!("{name} {i} {kind}"), out));
            };
            add("conv", y.len(), &|out| conv::forward(&g, &x, &w, after(g.out_channels), out));
            add("conv dx", x.len(), &|out| {
                conv::input_gradient(&g, &y, &w, after(g.in_channels), out)
            });
            add("conv dw", w.len(), &|out| conv::weight_gradient(&g, &x, &y, out));
        }
    }
}

#[test]
#[ignore = "the next test starts it, once for each level and number of threads"]
fn print_hashes() {
    for (name, numbers) in results() {
        assert!(!numbers.iter().all(|x| *x == 0.0), "{name}: zeros prove nothing");
        println!("hash {name} {:016x}", hash(&numbers));
    }
}

#[test]
fn every_level_and_thread_count_gives_the_same_bits() {
    let hashes = |level: Level, threads: &str| -> Vec<String> {
        let program = std::env::current_exe().expect("a running program has a path");
        let output = Command::new(program)
            .args(["print_hashes", "--exact", "--ignored", "--nocapture"])
            .env("ADVERSARIA_ISA", format!("{level:?}").to_lowercase())
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("this program starts again");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // The harness prints the test's name before the first line of its output.
        text.lines()
            .filter_map(|line| line.split_once("hash "))
            .map(|(_, h)| h.to_owned())
            .collect()
    };
    // What each kernel gave first: with fused multiply-adds or without them, if that matters.
    let mut first = BTreeMap::new();
    for level in Level::available() {
        for threads in ["1", "3"] {
            for line in hashes(level, threads) {
                let (name, hash) = line.rsplit_once(' ').expect("a name and a hash");
                let fused = name.ends_with(FUSED) && level > Level::Portable;
                let expected = first.entry((name.to_owned(), fused)).or_insert(hash.to_owned());
                assert_eq!(hash, expected, "{name}: {level:?} with {threads} threads");
            }
        }
    }
    assert!(first.len() >= 141, "{} hashes", first.len());
}
