//! How different are two sets of samples, by kernels?
//!
//! The maximum mean discrepancy is the distance of the means of two distributions P and Q after a
//! kernel's feature map: 0 only if P = Q, for the Gaussian kernel. Gretton et al. 2012, "A Kernel
//! Two-Sample Test":
//!
//! MMD²(P, Q) = E k(x, x') - 2 E k(x, y) + E k(y, y'),  x, x' ~ P, y, y' ~ Q, all independent.
//!
//! The kernel here is a sum of Gaussians of several widths, so that some width fits whatever the
//! scale of the differences is (Li, Swersky, Zemel 2015, "Generative Moment Matching Networks",
//! §2.1):
//!
//! k(x, y) = Σ_σ exp( -|x - y|² / (2 σ²) ).

use autograd::{Array, Real, Tensor};

/// Kernels of all pairs:  K_ij = Σ_σ exp( -|x_i - y_j|² / (2 σ²) ).
///
/// - `x`: `[n, size]`; `y`: `[m, size]`; `widths`: σ, each above 0; returns `[n, m]`.
///
/// # Panics
/// If the shapes are not these, there is no width, or one is not a positive number.
///
/// Source: Li, Swersky, Zemel 2015, §2.1 and §3.1.
#[must_use]
#[track_caller]
pub fn gaussian_kernels(x: &Tensor, y: &Tensor, widths: &[Real]) -> Tensor {
    check(x, y, widths);
    let distances = squared_distances(x, y);
    let mut kernels = widths.iter().map(|width| (&distances * (-0.5 / (width * width))).exp());
    let first = kernels.next().expect("there is a width");
    kernels.fold(first, |sum, kernel| sum + kernel)
}

#[track_caller]
fn check(x: &Tensor, y: &Tensor, widths: &[Real]) {
    let fine = x.shape().len() == 2 && y.shape().len() == 2 && x.shape()[1] == y.shape()[1];
    assert!(fine, "mmd: samples {} and {} are not [n, size] and [m, size]", x.shape(), y.shape());
    let positive = widths.iter().all(|width| *width > 0.0 && width.is_finite());
    assert!(positive && !widths.is_empty(), "mmd: {widths:?} are not widths above 0");
}

/// |x_i - y_j|² = |x_i|² - 2 x_i · y_j + |y_j|², `[n, m]`, and never below 0, where rounding may
/// lead.
pub(crate) fn squared_distances(x: &Tensor, y: &Tensor) -> Tensor {
    let squares = |x: &Tensor| x.square().sum_keepdim(1);
    let products = x.matmul_transposed(false, y, true);
    (squares(x) - products * 2.0 + squares(y).transpose()).relu()
}

/// The biased estimate, a V-statistic:
///
/// (1/n²) Σ_ij k(x_i, x_j) - (2/nm) Σ_ij k(x_i, y_j) + (1/m²) Σ_ij k(y_i, y_j).
///
/// At least 0 but for rounding, and above 0 on average even if both sets are of one distribution,
/// since each sample is compared with itself.
///
/// - `x`: `[n, size]`; `y`: `[m, size]`; returns `[]`.
///
/// # Panics
/// As [`gaussian_kernels`], or if a set is empty.
///
/// Source: Gretton et al. 2012, eq. 5; the loss of Li, Swersky, Zemel 2015, eq. 3.
#[must_use]
#[track_caller]
pub fn biased(x: &Tensor, y: &Tensor, widths: &[Real]) -> Tensor {
    check(x, y, widths);
    let mean = |x: &Tensor, y: &Tensor| gaussian_kernels(x, y, widths).mean();
    assert!(x.shape()[0] > 0 && y.shape()[0] > 0, "mmd: an empty set has no distribution");
    mean(x, x) - mean(x, y) * 2.0 + mean(y, y)
}

/// The unbiased estimate, a U-statistic:
///
/// 1/(n(n-1)) Σ_{i≠j} k(x_i, x_j) - (2/nm) Σ_ij k(x_i, y_j) + 1/(m(m-1)) Σ_{i≠j} k(y_i, y_j).
///
/// Its mean is MMD², so that it is below 0 half of the time if both sets are of one distribution.
///
/// - `x`: `[n, size]`; `y`: `[m, size]`; returns `[]`.
///
/// # Panics
/// As [`gaussian_kernels`], or if a set has fewer than two samples.
///
/// Source: Gretton et al. 2012, eq. 3.
#[must_use]
#[track_caller]
pub fn unbiased(x: &Tensor, y: &Tensor, widths: &[Real]) -> Tensor {
    check(x, y, widths);
    for n in [x.shape()[0], y.shape()[0]] {
        assert!(n >= 2, "mmd: the unbiased estimate wants two samples of each set, not {n}");
    }
    let others = |x: &Tensor| {
        let n = x.shape()[0];
        let off_diagonal = Array::filled_by([n, n], |mask| {
            mask.fill(1.0);
            mask.iter_mut().step_by(n + 1).for_each(|one| *one = 0.0);
        });
        let kernels = gaussian_kernels(x, x, widths) * Tensor::constant(off_diagonal);
        kernels.sum() * (1.0 / (n * (n - 1)) as Real)
    };
    others(x) - gaussian_kernels(x, y, widths).mean() * 2.0 + others(y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Rng, check, grad};

    const WIDTHS: [Real; 2] = [0.7, 2.0];

    fn sets() -> [Array; 2] {
        let mut rng = Rng::new(0, "samples");
        [rng.normal([4, 3]), rng.normal([5, 3])]
    }

    /// Σ k over pairs of rows, in f64 and from the definition.
    fn sum(x: &Array, y: &Array, keep: impl Fn(usize, usize) -> bool) -> f64 {
        let row = |x: &Array, i: usize| -> Vec<f64> {
            x.numbers()[3 * i..][..3].iter().map(|x| f64::from(*x)).collect()
        };
        let mut total = 0.0;
        for i in 0..x.shape()[0] {
            for j in (0..y.shape()[0]).filter(|j| keep(i, *j)) {
                let squares = row(x, i).into_iter().zip(row(y, j)).map(|(a, b)| (a - b).powi(2));
                let squared: f64 = squares.sum();
                total +=
                    WIDTHS.iter().map(|s| (-squared / (2.0 * f64::from(s * s))).exp()).sum::<f64>();
            }
        }
        total
    }

    #[test]
    fn documented_formula_matches() {
        let [a, b] = sets();
        let [x, y] = sets().map(Tensor::constant);
        let all = |_: usize, _: usize| true;
        let others = |i: usize, j: usize| i != j;
        let between = sum(&a, &b, all) / 10.0;
        let v = sum(&a, &a, all) / 16.0 - between + sum(&b, &b, all) / 25.0;
        let u = sum(&a, &a, others) / 12.0 - between + sum(&b, &b, others) / 20.0;
        for (name, found, expected) in
            [("biased", biased(&x, &y, &WIDTHS), v), ("unbiased", unbiased(&x, &y, &WIDTHS), u)]
        {
            assert!((f64::from(found.item()) - expected).abs() < 1e-5, "{name}: {expected}");
        }
    }

    #[test]
    fn gradients_are_differences_of_the_formula() {
        if size_of::<Real>() == 8 {
            check::once(|x| biased(&x[0], &x[1], &WIDTHS), &sets()).unwrap();
            check::once(|x| unbiased(&x[0], &x[1], &WIDTHS), &sets()).unwrap();
        }
        // A step against the gradient brings the sets nearer, in either precision.
        let [x, y] = sets().map(Tensor::variable);
        let [dx] = grad(&biased(&x, &y, &WIDTHS), [&x], false);
        let moved = x.detach() - dx * 0.5;
        assert!(biased(&moved, &y, &WIDTHS).item() < biased(&x, &y, &WIDTHS).item());
    }

    #[test]
    fn a_set_is_no_distance_from_itself_and_far_from_another_place() {
        let [x, _] = sets().map(Tensor::constant);
        assert!(biased(&x, &x, &WIDTHS).item().abs() < 1e-6);
        // Far away no pair is similar: what is left are two means of kernels.
        let far = &x + 30.0;
        let own = gaussian_kernels(&x, &x, &WIDTHS).mean().item();
        let found = biased(&x, &far, &WIDTHS).item();
        assert!((found - 2.0 * own).abs() < 1e-3, "{found} {own}");
    }

    #[test]
    fn one_distribution_is_at_0_on_average_only_without_bias() {
        let mut rng = Rng::new(0, "samples");
        let mut both = || {
            let [x, y] = [(); 2].map(|()| Tensor::constant(rng.normal([8, 2])));
            [biased(&x, &y, &WIDTHS).item(), unbiased(&x, &y, &WIDTHS).item()]
        };
        let draws: Vec<[Real; 2]> = (0..400).map(|_| both()).collect();
        let mean = |i: usize| draws.iter().map(|d| d[i]).sum::<Real>() / 400.0;
        assert!(mean(0) > 0.1, "{}", mean(0));
        assert!(mean(1).abs() < 0.02, "{}", mean(1));
    }

    #[test]
    #[should_panic(expected = "mmd: samples [4, 3] and [5, 2]")]
    fn samples_of_other_spaces_are_refused() {
        let _ = biased(&Tensor::full([4, 3], 0.0), &Tensor::full([5, 2], 0.0), &WIDTHS);
    }
}
