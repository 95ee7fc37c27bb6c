//! Does every kernel compute its definition, whatever the sizes and the strides?
//!
//! The definitions are written here in the plainest way, on f64. Sums may differ by the rounding of
//! as many additions; everything else may not differ at all.

use adversaria_kernels::gemm::{Beta, gemm};
use adversaria_kernels::mat::{Mat, MatMut};
use adversaria_kernels::{Real, broadcast, elementwise, reduce, softmax};
use proptest::prelude::*;

/// Numbers of both signs and of very different sizes.
fn numbers(len: usize, seed: u64) -> Vec<Real> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / 2_f64.powi(31)
    };
    (0..len).map(|_| ((next() - 0.5) * 10_f64.powf(4.0 * next() - 2.0)) as Real).collect()
}

/// Small whole numbers, whose sums of products are exact.
fn integers(len: usize, seed: u64) -> Vec<Real> {
    numbers(len, seed).iter().map(|x| (x * 16.0).round() % 9.0).collect()
}

/// What n additions may be off, for terms of this total size.
fn rounding(n: usize, size: f64) -> f64 {
    (n as f64 + 4.0) * f64::from(Real::EPSILON) * size + f64::from(Real::MIN_POSITIVE)
}

/// Σ x with twice the digits: what each addition loses is added apart (Neumaier 1974). In `f64` a
/// plain sum would be no better than what it judges.
fn careful_sum(x: impl Iterator<Item = f64>) -> f64 {
    let (sum, lost) = x.fold((0.0_f64, 0.0), |(sum, lost), x| {
        let next = sum + x;
        let (large, small) = if sum.abs() > x.abs() { (sum, x) } else { (x, sum) };
        (next, lost + ((large - next) + small))
    });
    sum + lost
}

/// Every index into `sizes`, the last axis fastest.
fn indices(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![vec![]], |all, size| {
        all.iter().flat_map(|i| (0..*size).map(|j| [&i[..], &[j]].concat())).collect()
    })
}

fn offset(index: &[usize], strides: &[usize]) -> usize {
    index.iter().zip(strides).map(|(i, s)| i * s).sum()
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..5_usize, 0..=6)
}

/// A length below, at or above what vectors and blocks hold.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0..70_usize, 4000..4200_usize, 8100..8300_usize]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn maps_and_zips_act_element_by_element(len in length(), seed: u64) {
        let [a, b, c] = [0, 1, 2].map(|i| numbers(len, seed ^ i));
        let mut y = vec![Real::NAN; len];
        elementwise::map(&a, &mut y, |a| a * a - 1.0);
        prop_assert!(y.iter().zip(&a).all(|(y, a)| *y == a * a - 1.0));
        elementwise::zip(&a, &b, &mut y, |a, b| a - 2.0 * b);
        prop_assert!((0..len).all(|i| y[i] == a[i] - 2.0 * b[i]));
        elementwise::zip3([&a, &b, &c], &mut y, |a, b, c| if a > b { c } else { b });
        for i in 0..len {
            prop_assert_eq!(y[i], if a[i] > b[i] { c[i] } else { b[i] });
        }
    }

    #[test]
    fn strided_walks_read_and_write_where_the_strides_say(
        sizes in sizes(),
        stretched in prop::collection::vec(any::<bool>(), 12),
        gaps in [1..4_usize, 1..4_usize],
        seed: u64,
    ) {
        // Row-major strides, some of them 0: what broadcasting makes, and with gaps what slices do.
        let strides = |flags: &[bool], gap: usize| {
            let mut strides = vec![0; sizes.len()];
            let mut stride = gap;
            for axis in (0..sizes.len()).rev().filter(|axis| !flags[*axis]) {
                strides[axis] = stride;
                stride *= sizes[axis].max(1);
            }
            (strides, stride)
        };
        let (s, s_len) = strides(&stretched[..6], gaps[0]);
        let (t, t_len) = strides(&stretched[6..], gaps[1]);
        let (a, b) = (numbers(s_len, seed), numbers(t_len, seed ^ 1));
        let all = indices(&sizes);
        let mut y = vec![Real::NAN; all.len()];
        broadcast::zip_broadcast(&sizes, (&a, &s), (&b, &t), &mut y, |a, b| a - 2.0 * b);
        for (y, i) in y.iter().zip(&all) {
            prop_assert_eq!(*y, a[offset(i, &s)] - 2.0 * b[offset(i, &t)]);
        }
        if all.is_empty() {
            return Ok(());
        }
        broadcast::copy_strided(&sizes, &a, &s, &mut y);
        for (y, i) in y.iter().zip(&all) {
            prop_assert_eq!(*y, a[offset(i, &s)]);
        }
        // Apart from each other: every number has a place of its own, with gaps between them.
        let (apart, len) = strides(&[false; 6], 3);
        let mut spread = vec![Real::NAN; len];
        broadcast::scatter_strided(&sizes, &y, &mut spread, &apart);
        prop_assert!(y.iter().zip(&all).all(|(y, i)| spread[offset(i, &apart)] == *y));
        prop_assert_eq!(spread.iter().filter(|x| !x.is_nan()).count(), y.len());
    }

    #[test]
    fn sums_and_maxima_over_an_axis_are_those_of_the_definition(
        outer in 0..4_usize,
        len in prop_oneof![0..70_usize, 120..140_usize],
        inner in 0..40_usize,
        seed: u64,
    ) {
        let x = numbers(outer * len * inner, seed);
        let [mut sums, mut maxima] = [(); 2].map(|()| vec![Real::NAN; outer * inner]);
        reduce::sum_axis(&x, [outer, len, inner], &mut sums);
        reduce::max_axis(&x, [outer, len, inner], &mut maxima);
        for o in 0..outer {
            for i in 0..inner {
                let column = (0..len).map(|r| x[(o * len + r) * inner + i]);
                let sum: f64 = column.clone().map(f64::from).sum();
                let size: f64 = column.clone().map(|x| f64::from(x).abs()).sum();
                let largest = column.fold(Real::NEG_INFINITY, Real::max);
                let at = o * inner + i;
                prop_assert!((f64::from(sums[at]) - sum).abs() <= rounding(len, size));
                prop_assert_eq!(maxima[at], largest);
            }
        }
    }

    #[test]
    fn sums_of_everything_are_those_of_the_definition(len in length(), seed: u64) {
        let x = numbers(len, seed);
        let sum = careful_sum(x.iter().map(|x| f64::from(*x)));
        let size: f64 = x.iter().map(|x| f64::from(*x).abs()).sum();
        // The tree keeps the error near log n.
        prop_assert!((f64::from(reduce::sum(&x)) - sum).abs() <= rounding(32, size));
        let squares = careful_sum(x.iter().map(|x| f64::from(*x).powi(2)));
        let found = f64::from(reduce::sum_of([&x], |[x]| x * x));
        prop_assert!((found - squares).abs() <= rounding(32, squares));
        let largest = x.iter().copied().fold(Real::NEG_INFINITY, Real::max);
        prop_assert_eq!(reduce::max(&x), largest);
    }

    #[test]
    fn softmax_and_its_logarithm_are_those_of_the_definition(
        rows in 0..5_usize,
        columns in 1..50_usize,
        shift in -1e4..1e4_f64,
        seed: u64,
    ) {
        let x: Vec<Real> =
            numbers(rows * columns, seed).iter().map(|x| x % 20.0 + shift as Real).collect();
        let [mut p, mut log] = [(); 2].map(|()| vec![Real::NAN; x.len()]);
        softmax::softmax_rows(&x, columns, &mut p);
        softmax::log_softmax_rows(&x, columns, &mut log);
        let epsilon = f64::from(Real::EPSILON);
        for (row, x) in x.chunks(columns).enumerate() {
            let largest = x.iter().copied().fold(Real::NEG_INFINITY, Real::max);
            let x: Vec<f64> = x.iter().map(|x| f64::from(*x) - f64::from(largest)).collect();
            let total: f64 = x.iter().map(|x| x.exp()).sum();
            let lse = f64::from(largest) + total.ln();
            let found = f64::from(softmax::logsumexp(&x.iter().map(|x| *x as Real).collect::<Vec<_>>()));
            prop_assert!((found - total.ln()).abs() <= 100.0 * epsilon * total.ln().max(1.0));
            for (j, x) in x.iter().enumerate() {
                let at = row * columns + j;
                let expected = x.exp() / total;
                prop_assert!((f64::from(p[at]) - expected).abs() <= 100.0 * epsilon * expected);
                let expected = x - total.ln();
                let bound = 100.0 * epsilon * expected.abs().max(1.0) + 2.0 * epsilon * lse.abs();
                prop_assert!((f64::from(log[at]) - expected).abs() <= bound);
            }
        }
    }

    #[test]
    fn products_of_blocks_with_any_strides_are_exact_on_whole_numbers(
        m in 0..40_usize,
        k in 0..80_usize,
        n in 0..70_usize,
        margin in 0..4_usize,
        transposed: [bool; 2],
        add: bool,
        seed: u64,
    ) {
        // A and B are blocks of larger matrices, stored as they are or transposed.
        let [a, b] = [(m, k, 0), (k, n, 1)].map(|(rows, columns, i)| {
            integers((rows + 2 * margin) * (columns + 2 * margin), seed ^ i)
        });
        let block = |data, rows: usize, columns: usize, transposed: bool| {
            let [tall, wide] = [rows + 2 * margin, columns + 2 * margin];
            let whole = if transposed {
                Mat::new(data, wide, tall).transposed()
            } else {
                Mat::new(data, tall, wide)
            };
            whole.block(margin, margin, rows, columns)
        };
        let (a, b) = (block(&a[..], m, k, transposed[0]), block(&b[..], k, n, transposed[1]));
        let old = integers((m + 2 * margin) * (n + 2 * margin), seed ^ 2);
        let mut c = old.clone();
        let mut whole = MatMut::new(&mut c, m + 2 * margin, n + 2 * margin);
        let beta = if add { Beta::One } else { Beta::Zero };
        gemm(a, b, whole.block(margin, margin, m, n), beta);
        for (at, (found, old)) in c.iter().zip(&old).enumerate() {
            let [i, j] = [at / (n + 2 * margin), at % (n + 2 * margin)];
            let inside = (margin..m + margin).contains(&i) && (margin..n + margin).contains(&j);
            let (i, j) = (i.wrapping_sub(margin), j.wrapping_sub(margin));
            let expected = match inside {
                true => (0..k).map(|p| a.at(i, p) * b.at(p, j)).sum::<Real>()
                    + if add { *old } else { 0.0 },
                false => *old,
            };
            prop_assert_eq!(*found, expected, "element {}", at);
        }
    }

    /// |C - AB| <= γ(k + 4) |A||B| element by element, γ(n) = n u / (1 - n u): Higham 2002,
    /// "Accuracy and Stability of Numerical Algorithms", eq. 3.13. Rows and columns are scaled badly.
    #[test]
    fn products_are_within_the_textbook_bound(
        m in 1..20_usize,
        k in prop_oneof![1..80_usize, 1020..1030_usize],
        n in 1..40_usize,
        seed: u64,
    ) {
        let scaled = |len: usize, row: usize, seed: u64| {
            let numbers = numbers(len, seed).into_iter().enumerate();
            let scale = |i: usize| 10_f64.powi((i / row * 7 % 13) as i32 - 6) as Real;
            numbers.map(|(i, x)| x * scale(i)).collect::<Vec<Real>>()
        };
        let (a, b) = (scaled(m * k, k, seed), scaled(k * n, n, seed ^ 1));
        let mut c = vec![Real::NAN; m * n];
        gemm(Mat::new(&a, m, k), Mat::new(&b, k, n), MatMut::new(&mut c, m, n), Beta::Zero);
        let unit = (k as f64 + 4.0) * f64::from(Real::EPSILON) / 2.0;
        for (at, c) in c.iter().enumerate() {
            let terms = (0..k).map(|p| f64::from(a[at / n * k + p]) * f64::from(b[p * n + at % n]));
            let size: f64 = terms.clone().map(f64::abs).sum();
            let bound = unit / (1.0 - unit) * size + f64::from(Real::MIN_POSITIVE);
            prop_assert!((f64::from(*c) - terms.sum::<f64>()).abs() <= bound, "element {}", at);
        }
    }
}
