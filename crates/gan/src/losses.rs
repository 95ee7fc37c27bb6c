//! How wrong is a prediction?
//!
//! Each function is its formula. All return the mean over the batch, of shape `[]`: cross-entropies
//! in nats.

pub mod semi_supervised;

use autograd::{Array, Real, Tensor};

/// Probabilities are kept this far from 0 and 1 before a logarithm is taken.
///
/// Nearer than that the gradient is 0, and the loss stops: at -ln(1e-7) = 16.1 near 0, and near 1,
/// where f32 has 1 - 2⁻²³ for 1 - 1e-7, at 15.9. The value is Keras's `epsilon()`; in f32 it is the
/// smallest power of ten for which 1 - p still differs from 1.
pub const PROBABILITY_MARGIN: Real = 1e-7;

/// Softmax cross-entropy against class labels:  L = -(1/n) Σ_i ln softmax(x_i)_{label i}.
///
/// - `logits`: `[n, classes]`, any finite value;
/// - `labels`: n classes, counted from 0.
///
/// # Panics
/// If there are not as many labels as rows, or a label names no class.
///
/// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.3.
#[must_use]
#[track_caller]
pub fn softmax_cross_entropy(logits: &Tensor, labels: &[usize]) -> Tensor {
    let [rows, classes] = logits.shape()[..] else {
        panic!("softmax_cross_entropy: logits {} are not [n, classes]", logits.shape());
    };
    assert!(
        rows == labels.len(),
        "softmax_cross_entropy: {rows} rows of logits but {} labels",
        labels.len()
    );
    logits.cross_entropy(&Tensor::one_hot(labels, classes))
}

/// Softmax cross-entropy against soft labels:  L = -(1/n) Σ_i Σ_j t_ij ln softmax(x_i)_j.
///
/// - `logits`: `[n, classes]`, any finite value;
/// - `targets`: `[n, classes]`, rows that sum to 1.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.3.
#[must_use]
#[track_caller]
pub fn soft_cross_entropy(logits: &Tensor, targets: &Tensor) -> Tensor {
    logits.cross_entropy(targets)
}

/// Binary cross-entropy of logits s against one target t for all of them:
///
/// L = -(1/n) Σ_i [ t ln σ(s_i) + (1 - t) ln(1 - σ(s_i)) ],  σ(s) = 1 / (1 + e⁻ˢ).
///
/// - `logits`: any shape of n elements, any finite value;
/// - `target`: in [0, 1].
///
/// # Panics
/// If the target is not in [0, 1].
///
/// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.2.
#[must_use]
#[track_caller]
pub fn bce_with_logits(logits: &Tensor, target: Real) -> Tensor {
    check_target("bce_with_logits", target);
    logits.binary_cross_entropy(&Tensor::constant(Array::full(*logits.shape(), target)))
}

/// Binary cross-entropy of probabilities p against one target t for all of them:
///
/// L = -(1/n) Σ_i [ t ln q_i + (1 - t) ln(1 - q_i) ],  q = min(max(p, m), 1 - m)
///
/// with m = [`PROBABILITY_MARGIN`]. Where p is nearer than m to 0 or 1 the gradient is 0:
/// [`bce_with_logits`] has no such dead ends.
///
/// - `probabilities`: any shape of n elements, in [0, 1];
/// - `target`: in [0, 1].
///
/// # Panics
/// If the target is not in [0, 1].
///
/// Source: Goodfellow, Bengio, Courville 2016, "Deep Learning", §6.2.2.2; the margin from Keras.
#[must_use]
#[track_caller]
pub fn bce(probabilities: &Tensor, target: Real) -> Tensor {
    check_target("bce", target);
    let q = probabilities.clamp(PROBABILITY_MARGIN, 1.0 - PROBABILITY_MARGIN);
    -(target * q.ln() + (1.0 - target) * (1.0 - q).ln()).mean()
}

/// The discriminator's loss in the minimax game:
///
/// L = -(1/n) Σ_i ln D(x_i) - (1/n) Σ_i ln(1 - D(G(z_i))),  D = σ(s).
///
/// - `real`, `fake`: `[.., 1]`, logits of the data and of the generator's samples.
///
/// # Panics
/// If the shapes are not these.
///
/// Source: Goodfellow et al. 2014, Algorithm 1 (there as a gain to ascend).
#[must_use]
#[track_caller]
pub fn discriminator(real: &Tensor, fake: &Tensor) -> Tensor {
    check_scores("discriminator", real);
    check_scores("discriminator", fake);
    // ln σ(s) = -softplus(-s) and ln(1 - σ(s)) = -softplus(s). Not `sigmoid(s).ln()`, which is
    // -∞ below s = -104 in f32.
    (-real).softplus().mean() + fake.softplus().mean()
}

/// The generator's loss in the minimax game:  L = (1/n) Σ_i ln(1 - D(G(z_i))),  D = σ(s).
///
/// Its gradient vanishes where the discriminator is sure, D(G(z)) → 0: hence *saturating*.
///
/// - `fake`: `[.., 1]`, logits of the generator's samples.
///
/// # Panics
/// If the shape is not this.
///
/// Source: Goodfellow et al. 2014, eq. 1 and Algorithm 1.
#[must_use]
#[track_caller]
pub fn saturating(fake: &Tensor) -> Tensor {
    check_scores("saturating", fake);
    -fake.softplus().mean()
}

/// The generator's non-saturating loss:  L = -(1/n) Σ_i ln D(G(z_i)),  D = σ(s).
///
/// The same fixed point as [`saturating`], with a strong gradient where D(G(z)) → 0.
///
/// - `fake`: `[.., 1]`, logits of the generator's samples.
///
/// # Panics
/// If the shape is not this.
///
/// Source: Goodfellow et al. 2014, §3, after eq. 1.
#[must_use]
#[track_caller]
pub fn non_saturating(fake: &Tensor) -> Tensor {
    check_scores("non_saturating", fake);
    (-fake).softplus().mean()
}

/// The squares of what scores lack to one target t for all of them:
///
/// L = (1/n) Σ_i (s_i - t)².
///
/// - `scores`: any shape of n elements, any finite value; no sigmoid before.
/// - `target`: 1 and 0 for real and fake, in most programs; any number.
///
/// Source: Mao et al. 2017, "Least Squares Generative Adversarial Networks", eq. 2, there with a
/// factor of 1/2 in each term.
#[must_use]
#[track_caller]
pub fn least_squares(scores: &Tensor, target: Real) -> Tensor {
    (scores - target).square().mean()
}

/// Panics unless each sample has one score.
#[track_caller]
pub(crate) fn check_scores(name: &str, scores: &Tensor) {
    assert!(
        scores.shape().last() == Some(&1),
        "{name}: scores {} are not [.., 1]\n  \
         hint: this loss wants a discriminator with one output",
        scores.shape()
    );
}

#[track_caller]
fn check_target(name: &str, target: Real) {
    assert!((0.0..=1.0).contains(&target), "{name}: the target {target} is not in [0, 1]");
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Rng, grad};

    fn scores(seed: u64) -> (Tensor, Vec<f64>) {
        let x = Tensor::variable(Rng::new(seed, "scores").normal([7, 1]).map(|x| 2.0 * x));
        let doubles = x.numbers().iter().map(|x| f64::from(*x)).collect();
        (x, doubles)
    }

    fn mean(terms: impl Iterator<Item = f64>) -> f64 {
        terms.sum::<f64>() / 7.0
    }

    fn sigmoid(s: f64) -> f64 {
        1.0 / (1.0 + (-s).exp())
    }

    #[test]
    fn documented_formula_matches() {
        let ((x, a), (y, b)) = (scores(0), scores(1));
        let t: Real = 0.9;
        let target = f64::from(t);
        let binary = |p: f64| -(target * p.ln() + (1.0 - target) * (1.0 - p).ln());
        let table = [
            (
                "bce_with_logits",
                bce_with_logits(&x, t),
                mean(a.iter().map(|s| binary(sigmoid(*s)))),
            ),
            ("bce", bce(&x.sigmoid(), t), mean(a.iter().map(|s| binary(sigmoid(*s))))),
            (
                "discriminator",
                discriminator(&x, &y),
                -mean(a.iter().map(|s| sigmoid(*s).ln()))
                    - mean(b.iter().map(|s| (1.0 - sigmoid(*s)).ln())),
            ),
            ("least_squares", least_squares(&x, t), mean(a.iter().map(|s| (s - target).powi(2)))),
            ("saturating", saturating(&x), mean(a.iter().map(|s| (1.0 - sigmoid(*s)).ln()))),
            ("non_saturating", non_saturating(&x), -mean(a.iter().map(|s| sigmoid(*s).ln()))),
        ];
        for (name, found, expected) in table {
            assert!((f64::from(found.item()) - expected).abs() < 1e-6, "{name}: {expected}");
        }
    }

    #[test]
    fn class_labels_are_one_hot_targets() {
        let x = Tensor::constant(Rng::new(0, "logits").normal([3, 4]));
        let expected: f64 = [2, 0, 3]
            .iter()
            .zip(x.numbers().chunks(4))
            .map(|(label, row)| {
                let total: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
                -(f64::from(row[*label]).exp() / total).ln() / 3.0
            })
            .sum();
        assert!((f64::from(softmax_cross_entropy(&x, &[2, 0, 3]).item()) - expected).abs() < 1e-6);
        let soft = soft_cross_entropy(&x, &Tensor::one_hot(&[2, 0, 3], 4));
        assert!((f64::from(soft.item()) - expected).abs() < 1e-6);
    }

    #[test]
    fn certain_probabilities_have_a_finite_loss() {
        for p in [0.0, 1.0] {
            for target in [0.0, 1.0] {
                let p = Tensor::variable(Array::full([2, 1], p));
                let loss = bce(&p, target);
                let [dp] = grad(&loss, [&p], false);
                assert!(loss.item().is_finite() && loss.item() < 16.2);
                assert!(dp.numbers().iter().all(|d| d.is_finite()));
            }
        }
    }

    #[test]
    fn the_saturating_gradient_vanishes_where_the_other_does_not() {
        let s = Tensor::variable(Array::full([1, 1], -20.0));
        let [weak] = grad(&saturating(&s), [&s], false);
        let [strong] = grad(&non_saturating(&s), [&s], false);
        assert!(weak.item().abs() < 1e-8 && strong.item() < -0.99);
    }

    #[test]
    fn losses_end_where_the_comments_say() {
        if size_of::<Real>() == 8 {
            return;
        }
        let at = |s: Real| Tensor::scalar(s).sigmoid().item();
        assert!(at(-103.0) > 0.0 && at(-104.5) == 0.0, "{} {}", at(-103.0), at(-104.5));
        let end = |p: Real, target: Real| bce(&Tensor::new([1], &[p]), target).item();
        assert!((end(0.0, 1.0) - 16.118).abs() < 1e-3 && (end(1.0, 0.0) - 15.942).abs() < 1e-3);
    }

    #[test]
    #[should_panic(expected = "softmax_cross_entropy: 3 rows of logits but 2 labels")]
    fn each_row_wants_a_label() {
        let _ = softmax_cross_entropy(&Tensor::full([3, 2], 0.0), &[0, 1]);
    }
}
