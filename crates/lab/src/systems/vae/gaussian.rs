//! What does a variational auto-encoder need to know of a Gaussian with independent coordinates?

use autograd::{Array, Tensor};

/// The Kullback-Leibler divergence from N(0, 1) of Gaussians with independent coordinates, summed
/// over the coordinates j and averaged over the rows i:
///
/// L = -(1/n) Σ_i Σ_j ½ ( 1 + ln σ²_ij - μ²_ij - σ²_ij ).
///
/// - `mean`: μ, `[n, size]`;
/// - `log_variance`: ln σ², `[n, size]`, any finite value;
/// - returns `[]`, in nats, at least 0, and 0 only at μ = 0, σ = 1.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Kingma, Welling 2014, "Auto-Encoding Variational Bayes", eq. 10 and appendix B.
#[must_use]
#[track_caller]
pub fn kl_to_standard_normal(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let [rows, _] = check("kl_to_standard_normal", mean, log_variance);
    let terms = 1.0 + log_variance - mean.square() - log_variance.exp();
    terms.sum() * (-0.5 / rows as autograd::Real)
}

/// A sample of N(μ, σ²) whose derivatives by μ and σ are known:  z = μ + σ ε,  σ = e^(½ ln σ²).
///
/// - `mean`: μ, `[n, size]`;
/// - `log_variance`: ln σ², `[n, size]`;
/// - `noise`: ε ~ N(0, 1), `[n, size]`;
/// - returns z, `[n, size]`.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Kingma, Welling 2014, "Auto-Encoding Variational Bayes", §2.4.
#[must_use]
#[track_caller]
pub fn reparameterise(mean: &Tensor, log_variance: &Tensor, noise: &Array) -> Tensor {
    check("reparameterise", mean, log_variance);
    let shapes = [mean.shape(), noise.shape()];
    assert!(shapes[0] == shapes[1], "reparameterise: means {}, noise {}", shapes[0], shapes[1]);
    mean + (log_variance * 0.5).exp() * Tensor::constant(noise.clone())
}

#[track_caller]
fn check(name: &str, mean: &Tensor, log_variance: &Tensor) -> [usize; 2] {
    let (a, b) = (mean.shape(), log_variance.shape());
    assert!(
        a.len() == 2 && a == b,
        "{name}: means {a} and logarithms of variances {b} are not both [n, size]"
    );
    [a[0], a[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Rng, grad};

    fn some() -> (Tensor, Tensor, Array) {
        let mut rng = Rng::new(0, "gaussians");
        let mean = Tensor::variable(rng.normal([3, 4]));
        let log_variance = Tensor::variable(rng.uniform([3, 4], -2.0, 1.0));
        (mean, log_variance, rng.normal([3, 4]))
    }

    fn doubles(x: &Tensor) -> impl Iterator<Item = f64> + '_ {
        x.numbers().iter().map(|x| f64::from(*x))
    }

    #[test]
    fn documented_formula_matches() {
        let (mean, log_variance, noise) = some();
        let both = || doubles(&mean).zip(doubles(&log_variance));
        let terms = both().map(|(m, l)| -0.5 * (1.0 + l - m * m - l.exp()));
        let found = f64::from(kl_to_standard_normal(&mean, &log_variance).item());
        assert!((found - terms.sum::<f64>() / 3.0).abs() < 1e-5);
        let z = reparameterise(&mean, &log_variance, &noise);
        let expected =
            both().zip(noise.numbers()).map(|((m, l), e)| m + (0.5 * l).exp() * f64::from(*e));
        assert!(doubles(&z).zip(expected).all(|(z, e)| (z - e).abs() < 1e-5));
    }

    /// KL(q || p) = E_q ln q(z) - ln p(z), by the trapezoid rule.
    #[test]
    fn the_divergence_is_its_integral() {
        for (m, variance) in [(0.0_f64, 1.0_f64), (0.7, 0.25), (-1.5, 2.0)] {
            let ln = |z: f64, m: f64, v: f64| {
                -0.5 * ((z - m).powi(2) / v + (2.0 * std::f64::consts::PI * v).ln())
            };
            let term = |z: f64| {
                let q = ln(z, m, variance);
                q.exp() * (q - ln(z, 0.0, 1.0))
            };
            let integral: f64 =
                (-12_000..12_000).map(|i| term(f64::from(i) / 1000.0) / 1000.0).sum();
            let one = |x: f64| Tensor::full([1, 1], x as autograd::Real);
            let found = kl_to_standard_normal(&one(m), &one(variance.ln()));
            assert!(
                (f64::from(found.item()) - integral).abs() < 1e-5,
                "{m} {variance}: {integral}"
            );
        }
    }

    #[test]
    fn a_sample_moves_with_its_mean_and_stretches_with_its_deviation() {
        let (mean, log_variance, noise) = some();
        let weights = Rng::new(1, "weights").normal([3, 4]);
        let z = reparameterise(&mean, &log_variance, &noise);
        let weighted = (z * Tensor::constant(weights.clone())).sum();
        let [dm, dl] = grad(&weighted, [&mean, &log_variance], false);
        assert_eq!(dm.numbers(), weights.numbers());
        // ∂z / ∂ ln σ² = ½ σ ε.
        let expected = doubles(&log_variance).zip(noise.numbers()).zip(weights.numbers());
        let expected = expected.map(|((l, e), w)| 0.5 * (0.5 * l).exp() * f64::from(e * w));
        assert!(doubles(&dl).zip(expected).all(|(d, e)| (d - e).abs() < 1e-5));
    }

    #[test]
    #[should_panic(expected = "means [3, 4] and logarithms of variances [3, 5]")]
    fn means_and_variances_belong_together() {
        let _ = kl_to_standard_normal(&Tensor::full([3, 4], 0.0), &Tensor::full([3, 5], 0.0));
    }
}
