//! Do all levels of vector instructions, and all numbers of threads, give the same bits?
//!
//! A process has one level and one pool of threads. So the test starts this program again for each
//! pair of them, and compares what it prints: a hash of the bits that each kernel returns.

use std::process::Command;

use adversaria_kernels as kernels;
use kernels::Real;
use kernels::simd::Level;
use kernels::{broadcast, cross_entropy, elementwise, moments, optimise, reduce, softmax, vecmath};

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
    }
    results
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
    let expected = hashes(Level::Portable, "1");
    assert!(expected.len() >= 3 * 25, "{} hashes", expected.len());
    for level in Level::available() {
        for threads in ["1", "3"] {
            for (a, b) in hashes(level, threads).iter().zip(&expected) {
                assert_eq!(a, b, "{level:?} with {threads} threads");
            }
        }
    }
}
