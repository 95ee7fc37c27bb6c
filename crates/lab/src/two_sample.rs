//! Are two sets of samples of one distribution?
//!
//! If they are, it does not matter which sample is in which set: the discrepancy of the sets is as
//! large as that of any other division of all the samples into two sets of these sizes. Gretton et
//! al. 2012, "A Kernel Two-Sample Test", §8; the test by permutations is Fisher's.

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::mmd::gaussian_kernels;

/// The probability that a random division of all the samples is at least as far apart as these two
/// sets, if all are of one distribution:
///
/// p = (1 + number of divisions with MMD² ≥ that of the sets) / (1 + permutations).
///
/// - `x`: `[n, size]`; `y`: `[m, size]`, at least two samples each;
/// - MMD² is the unbiased estimate, [`gan::mmd::unbiased`], with one Gaussian kernel as wide as
///   [`median_distance`] of all the samples;
/// - returns a number in [1 / (1 + permutations), 1]. If both sets are of one distribution, p ≤ α
///   at most with probability α.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Gretton et al. 2012, §8; the ones in the fraction from Phipson, Smyth 2010,
/// "Permutation P-values Should Never Be Zero".
#[must_use]
#[track_caller]
pub fn two_sample_test(x: &Array, y: &Array, permutations: usize, rng: &mut Rng) -> f64 {
    let (n, m) = (x.shape()[0], y.shape()[0]);
    assert!(n >= 2 && m >= 2, "two_sample_test: {n} and {m} samples are too few");
    let all = Tensor::concat(&[&Tensor::constant(x.clone()), &Tensor::constant(y.clone())], 0);
    let width = median_distance(all.value());
    // Samples that all are the same: so is every division.
    if width == 0.0 {
        return 1.0;
    }
    let kernels = no_grad(|| gaussian_kernels(&all, &all, &[width]));
    let kernels: Vec<f64> = kernels.numbers().iter().map(|k| f64::from(*k)).collect();
    let mut is_first: Vec<bool> = (0..n + m).map(|i| i < n).collect();
    let found = discrepancy(&kernels, &is_first);
    // Sums of the same numbers in another order differ in their last digits.
    let found = found - 1e-12;
    let mut as_far = 0;
    for _ in 0..permutations {
        let order = rng.permutation(n + m);
        order.iter().enumerate().for_each(|(place, i)| is_first[*i] = place < n);
        as_far += usize::from(discrepancy(&kernels, &is_first) >= found);
    }
    (1 + as_far) as f64 / (1 + permutations) as f64
}

/// The median of the distances |x_i - x_j|, i < j, of samples `[n, size]`, the upper one of two;
/// 0 if half of the samples are the same.
///
/// Source: Gretton et al. 2012, §8, a heuristic for the width of the kernel.
///
/// # Panics
/// If there are fewer than two samples.
#[must_use]
#[track_caller]
pub fn median_distance(x: &Array) -> Real {
    let [n, size] = x.shape()[..] else { panic!("median: {} is not [n, size]", x.shape()) };
    assert!(n >= 2, "median: {n} samples have no distance");
    let row = |i: usize| &x.numbers()[i * size..][..size];
    let square = |(a, b): (&Real, &Real)| f64::from(a - b).powi(2);
    let squared = |i, j| row(i).iter().zip(row(j)).map(square).sum::<f64>();
    let mut distances: Vec<f64> =
        (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| squared(i, j)).collect();
    let middle = distances.len() / 2;
    let (_, median, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    median.sqrt() as Real
}

/// The unbiased MMD² of the first and the other samples, from the kernels of all pairs.
fn discrepancy(kernels: &[f64], is_first: &[bool]) -> f64 {
    let count = is_first.len();
    // Sums over pairs within the first, within the others and between them.
    let mut sums = [0.0; 3];
    for (i, row) in kernels.chunks_exact(count).enumerate() {
        for (k, j_first) in row[..i].iter().zip(is_first) {
            let kind = if is_first[i] != *j_first { 2 } else { usize::from(!is_first[i]) };
            sums[kind] += k;
        }
    }
    let n = is_first.iter().filter(|first| **first).count() as f64;
    let m = count as f64 - n;
    let [first, others, between] = sums;
    2.0 * first / (n * (n - 1.0)) + 2.0 * others / (m * (m - 1.0)) - 2.0 * between / (n * m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gan::mmd;

    /// The share of 200 tests at level 0.1 that say the sets differ.
    fn rejected(shift: Real, spread: Real) -> f64 {
        let mut rng = Rng::new(0, "tests");
        let test = |_| {
            let x = rng.normal([20, 2]);
            let y = rng.normal([25, 2]).map(|z| shift + spread * z);
            two_sample_test(&x, &y, 99, &mut rng) <= 0.1
        };
        (0..200).map(test).filter(|says| *says).count() as f64 / 200.0
    }

    #[test]
    fn the_test_errs_as_often_as_its_level_says() {
        // 0.1, with a standard deviation of 0.021.
        let share = rejected(0.0, 1.0);
        assert!((0.03..0.17).contains(&share), "{share}");
    }

    #[test]
    fn the_test_sees_another_mean_and_another_spread() {
        let (moved, wider) = (rejected(1.2, 1.0), rejected(0.0, 3.0));
        assert!(moved > 0.9 && wider > 0.9, "{moved} {wider}");
    }

    #[test]
    fn the_discrepancy_is_the_unbiased_estimate() {
        let mut rng = Rng::new(0, "samples");
        let [x, y] = [4, 6].map(|n| Tensor::constant(rng.normal([n, 3])));
        let all = Tensor::concat(&[&x, &y], 0);
        let kernels = gaussian_kernels(&all, &all, &[1.5]);
        let kernels: Vec<f64> = kernels.numbers().iter().map(|k| f64::from(*k)).collect();
        let is_first: Vec<bool> = (0..10).map(|i| i < 4).collect();
        let expected = f64::from(mmd::unbiased(&x, &y, &[1.5]).item());
        assert!((discrepancy(&kernels, &is_first) - expected).abs() < 1e-5);
    }

    #[test]
    fn equal_samples_and_extremes_have_the_p_values_of_the_formula() {
        let mut rng = Rng::new(0, "order");
        let same = Array::full([5, 2], 3.0);
        assert_eq!(two_sample_test(&same, &same, 19, &mut rng), 1.0);
        let x = rng.normal([30, 1]);
        let far = x.map(|x| x + 100.0);
        assert_eq!(two_sample_test(&x, &far, 19, &mut rng), 0.05);
    }

    #[test]
    fn the_median_distance_is_that_of_the_definition() {
        // Distances 1, 3, 2, 6, 5, 3: sorted 1 2 3 3 5 6.
        assert_eq!(median_distance(&Array::new([4, 1], &[0.0, 1.0, 3.0, 6.0])), 3.0);
    }
}
