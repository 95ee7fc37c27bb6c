//! How wrong is a classifier that is a discriminator too?
//!
//! A classifier of n classes gives a sample the logits l_1 ... l_n. With one more class, fake, whose
//! logit is always 0, it is a discriminator as well: the probability that x is real is
//!
//! D(x) = Z(x) / (Z(x) + 1),   Z(x) = Σ_j exp(l_j(x)),
//!
//! which is σ(ln Z). So its score, the logit of being real, is ln Z, and every loss of scores serves.
//! Of labelled samples the usual [`softmax_cross_entropy`](super::softmax_cross_entropy) is asked.
//!
//! Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.1 and §5.

use autograd::Tensor;

/// The score of each sample, the logit of being real:  s_i = ln Σ_j exp(l_ij).
///
/// - `logits`: `[n, classes]`, any finite value;
/// - returns `[n, 1]`.
///
/// # Panics
/// If the shape is not this.
///
/// Source: Salimans et al. 2016, §5: D = Z / (Z + 1) = σ(ln Z).
#[must_use]
#[track_caller]
pub fn score_of_classes(logits: &Tensor) -> Tensor {
    check_logits("score_of_classes", logits);
    logits.logsumexp_keepdim(-1)
}

/// What the classifier minimises of samples without labels:
///
/// L = -(1/n) Σ_i ln( Z(x_i) / (Z(x_i) + 1) ) - (1/m) Σ_i ln( 1 / (Z(G(z_i)) + 1) ).
///
/// - `real`: `[n, classes]`, `fake`: `[m, classes]`, logits of data without labels and of the
///   generator's samples.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Salimans et al. 2016, §5, L_unsupervised.
#[must_use]
#[track_caller]
pub fn unsupervised(real: &Tensor, fake: &Tensor) -> Tensor {
    super::discriminator(&score_of_classes(real), &score_of_classes(fake))
}

/// Feature matching, what the generator minimises:
///
/// L = (1/k) Σ_j ( (1/n) Σ_i f_j(x_i) - (1/m) Σ_i f_j(G(z_i)) )².
///
/// - `real`: `[n, k]`, `fake`: `[m, k]`, what a hidden layer of the discriminator makes of data and
///   of the generator's samples.
///
/// The paper has the sum over j where this has the mean; Adam's step is the same for both.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Salimans et al. 2016, §3.1.
#[must_use]
#[track_caller]
pub fn feature_matching(real: &Tensor, fake: &Tensor) -> Tensor {
    let [a, b] = [real, fake].map(|f| *f.shape());
    assert!(
        a.len() == 2 && b.len() == 2 && a[1] == b[1],
        "feature_matching: features {a} and {b} are not [n, k] and [m, k]"
    );
    (real.mean_over(0) - fake.mean_over(0)).square().mean()
}

/// Huber's loss of a difference d = a - b, with its corner at 1, for each element:
///
/// h(d) = d² / 2 where |d| ≤ 1, else |d| - 1/2.
///
/// - `a`, `b`: of one shape, or of shapes that broadcast to one, which is that of the answer.
///
/// Source: Huber 1964, "Robust Estimation of a Location Parameter", eq. 1.7 ff., with k = 1.
#[must_use]
#[track_caller]
pub fn huber(a: &Tensor, b: &Tensor) -> Tensor {
    // With c = min(|d|, 1) both halves are one: c (|d| - c / 2).
    let d = (a - b).abs();
    let c = d.minimum(&Tensor::full(*d.shape(), 1.0));
    &c * (d - &c * 0.5)
}

#[track_caller]
fn check_logits(name: &str, logits: &Tensor) {
    assert!(
        logits.shape().len() == 2 && logits.shape()[1] > 0,
        "{name}: logits {} are not [n, classes]",
        logits.shape()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Real, Rng, check, grad};

    fn rows(x: &Tensor) -> Vec<Vec<f64>> {
        let width = x.shape()[1];
        x.numbers().chunks(width).map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
    }

    #[test]
    fn documented_formula_matches() {
        let mut rng = Rng::new(0, "logits");
        let [real, fake] = [5, 3].map(|n| Tensor::constant(rng.normal([n, 4])));
        let z = |row: &Vec<f64>| row.iter().map(|l| l.exp()).sum::<f64>();
        let mean = |terms: Vec<f64>| terms.iter().sum::<f64>() / terms.len() as f64;
        let real_term =
            mean(rows(&real).iter().map(|row| -(z(row) / (z(row) + 1.0)).ln()).collect());
        let fake_term = mean(rows(&fake).iter().map(|row| -(1.0 / (z(row) + 1.0)).ln()).collect());
        let column = |x: &Tensor, j: usize| mean(rows(x).iter().map(|row| row[j]).collect());
        let matching =
            mean((0..4).map(|j| (column(&real, j) - column(&fake, j)).powi(2)).collect());
        for (name, found, expected) in [
            ("unsupervised", unsupervised(&real, &fake), real_term + fake_term),
            ("feature_matching", feature_matching(&real, &fake), matching),
        ] {
            assert!((f64::from(found.item()) - expected).abs() < 1e-5, "{name}: {expected}");
        }
        for (s, row) in score_of_classes(&real).numbers().iter().zip(rows(&real)) {
            assert!((f64::from(*s) - z(&row).ln()).abs() < 1e-5);
        }
        let a = Tensor::new([5], &[-3.0, -0.5, 0.25, 1.0, 2.0]);
        let expected: [Real; 5] = [2.5, 0.125, 0.031_25, 0.5, 1.5];
        assert_eq!(huber(&a, &Tensor::scalar(0.0)).numbers(), expected);
    }

    /// With one class, the classifier is a plain discriminator.
    #[test]
    fn one_class_is_the_game_of_two() {
        let mut rng = Rng::new(0, "logits");
        let [real, fake] = [5, 3].map(|n| Tensor::constant(rng.normal([n, 1])));
        let (a, b) = (unsupervised(&real, &fake), super::super::discriminator(&real, &fake));
        assert!((a.item() - b.item()).abs() < 1e-6);
    }

    #[test]
    fn large_logits_have_finite_losses() {
        let l = Tensor::variable(autograd::Array::new([2, 2], &[200.0, -200.0, -200.0, -300.0]));
        let loss = unsupervised(&l, &l);
        let [dl] = grad(&loss, [&l], false);
        assert!(loss.item().is_finite() && dl.numbers().iter().all(|d| d.is_finite()));
    }

    #[test]
    fn semi_supervised_second_order() {
        let mut rng = Rng::new(0, "logits");
        let inputs = [rng.normal([3, 4]), rng.normal([2, 4])];
        check::twice(|x| unsupervised(&x[0], &x[1]), &inputs).unwrap();
        check::twice(|x| feature_matching(&x[0], &x[1]), &inputs).unwrap();
        // Away from the corners, where there is no second derivative.
        let a = rng.uniform([6], 0.1, 0.8).map(|x| if x > 0.5 { x + 1.0 } else { x });
        check::twice(|x| huber(&x[0], &Tensor::scalar(0.0)), &[a]).unwrap();
    }

    #[test]
    #[should_panic(expected = "feature_matching: features [2, 3] and [2, 4]")]
    fn features_of_other_layers_are_refused() {
        let _ = feature_matching(&Tensor::full([2, 3], 0.0), &Tensor::full([2, 4], 0.0));
    }
}
