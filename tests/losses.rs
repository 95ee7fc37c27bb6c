//! Are all losses finite and right, with their gradients, for scores up to 1e4?
//!
//! The expected numbers are the documented formulas in f64. All but one are convex or concave in every
//! score, so the slope lies between the slopes of the chords on both sides: no derivative has to be
//! written down, and kinks need no care.

use autograd::{Real, Tensor, grad, vjp};
use gan::losses::{self, semi_supervised};
use gan::{AdversarialLoss, Bce, Hinge, LeastSquares, Minimax, Relativistic};
use gan::{SoftmaxCrossEntropy, Wasserstein};
use proptest::prelude::*;

/// Scores of each kind.
const N: usize = 6;

/// A loss of real and of generated scores, and its formula.
type Loss = (&'static str, fn(&Tensor, &Tensor) -> Tensor, fn(&[f64], &[f64]) -> f64);

const LOSSES: &[Loss] = &[
    ("bce_with_logits 0.9", |r, _| losses::bce_with_logits(r, 0.9), |r, _| bce(r, 0.9)),
    ("discriminator", losses::discriminator, |r, f| bce(r, 1.0) + bce(f, 0.0)),
    ("saturating", |_, f| losses::saturating(f), |_, f| -bce(f, 0.0)),
    ("non_saturating", |_, f| losses::non_saturating(f), |_, f| bce(f, 1.0)),
    ("least_squares", |r, _| losses::least_squares(r, 1.0), |r, _| squares(r, 1.0)),
    (
        "softmax_cross_entropy",
        |r, _| losses::softmax_cross_entropy(&pairs(r), &[0, 1, 1]),
        |r, _| (classes(r, 0)[0] + classes(r, 1)[1] + classes(r, 1)[2]) / 3.0,
    ),
    (
        "softmax, D",
        |r, f| SoftmaxCrossEntropy.discriminator(&pairs(r), &pairs(f)),
        |r, f| mean(&classes(r, 1)) + mean(&classes(f, 0)),
    ),
    ("softmax, G", |_, f| SoftmaxCrossEntropy.generator(&pairs(f)), |_, f| mean(&classes(f, 1))),
    ("bce, D", |r, f| Bce::default().discriminator(r, f), |r, f| bce(r, 1.0) + bce(f, 0.0)),
    ("bce, G", |_, f| Bce::default().generator(f), |_, f| bce(f, 1.0)),
    ("minimax, G", |_, f| Minimax { saturating: true }.generator(f), |_, f| -bce(f, 0.0)),
    (
        "least squares, D",
        |r, f| LeastSquares::PEARSON.discriminator(r, f),
        |r, f| (squares(r, 1.0) + squares(f, -1.0)) / 2.0,
    ),
    ("least squares, G", |_, f| LeastSquares::PEARSON.generator(f), |_, f| squares(f, 0.0) / 2.0),
    (
        "hinge, D",
        |r, f| Hinge.discriminator(r, f),
        |r, f| mean(&each(r, |r| (1.0 - r).max(0.0))) + mean(&each(f, |f| (1.0 + f).max(0.0))),
    ),
    ("hinge, G", |_, f| Hinge.generator(f), |_, f| -mean(f)),
    ("relativistic, D", |r, f| Relativistic::Standard.discriminator(r, f), apart),
    ("relativistic, G", |r, f| Relativistic::Standard.generator_beside(f, r), |r, f| apart(f, r)),
    ("relativistic average, D", |r, f| Relativistic::Average.discriminator(r, f), above),
    (
        "relativistic average, G",
        |r, f| Relativistic::Average.generator_beside(f, r),
        |r, f| above(f, r),
    ),
    ("wasserstein, D", |r, f| Wasserstein.discriminator(r, f), |r, f| mean(f) - mean(r)),
    ("wasserstein, G", |_, f| Wasserstein.generator(f), |_, f| -mean(f)),
    (
        "unsupervised",
        |r, f| semi_supervised::unsupervised(&pairs(r), &pairs(f)),
        |r, f| bce(&scores(r), 1.0) + bce(&scores(f), 0.0),
    ),
    (
        "huber",
        |r, f| semi_supervised::huber(r, f).mean(),
        |r, f| {
            let huber = |d: f64| if d <= 1.0 { d * d / 2.0 } else { d - 0.5 };
            mean(&r.iter().zip(f).map(|(r, f)| huber((r - f).abs())).collect::<Vec<_>>())
        },
    ),
    (
        "feature_matching",
        |r, f| semi_supervised::feature_matching(&pairs(r), &pairs(f)),
        |r, f| {
            let column = |x: &[f64], j: usize| (x[j] + x[j + 2] + x[j + 4]) / 3.0;
            let square = |j| (column(r, j) - column(f, j)).powi(2);
            (square(0) + square(1)) / 2.0
        },
    ),
];

/// Scores as the logits of two classes.
fn pairs(x: &Tensor) -> Tensor {
    x.reshape([N / 2, 2])
}

fn each(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().map(|x| f(*x)).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn squares(x: &[f64], target: f64) -> f64 {
    mean(&each(x, |x| (x - target).powi(2)))
}

/// ln(1 + eˣ), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn bce(x: &[f64], t: f64) -> f64 {
    mean(&each(x, |x| t * softplus(-x) + (1.0 - t) * softplus(x)))
}

/// ln(eᵃ + eᵇ) of each pair, without overflow.
fn scores(x: &[f64]) -> Vec<f64> {
    x.chunks(2).map(|x| x[0] + softplus(x[1] - x[0])).collect()
}

/// -ln softmax of this class of each pair.
fn classes(x: &[f64], class: usize) -> Vec<f64> {
    x.chunks(2).map(|x| softplus(x[1 - class] - x[class])).collect()
}

fn apart(high: &[f64], low: &[f64]) -> f64 {
    mean(&high.iter().zip(low).map(|(high, low)| softplus(low - high)).collect::<Vec<_>>())
}

fn above(high: &[f64], low: &[f64]) -> f64 {
    let (mean_high, mean_low) = (mean(high), mean(low));
    bce(&each(high, |x| x - mean_low), 1.0) + bce(&each(low, |x| x - mean_high), 0.0)
}

/// A variable, and its numbers as the engine has them.
fn variable(x: &[f64]) -> (Tensor, Vec<f64>) {
    let x: Vec<Real> = x.iter().map(|x| *x as Real).collect();
    let doubles = x.iter().map(|x| f64::from(*x)).collect();
    (Tensor::variable(Tensor::new([x.len(), 1], &x).value().clone()), doubles)
}

/// Scores of one size, small or huge.
fn batches() -> impl Strategy<Value = Vec<f64>> {
    let size = prop::sample::select(vec![3.0, 90.0, 1e4]);
    (size, prop::collection::vec(-1.0..=1.0_f64, 2 * N))
        .prop_map(|(size, x)| x.into_iter().map(|x| size * x).collect())
}

proptest! {
    // Of twelve scores each, for each loss.
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn losses_of_huge_scores_are_finite_and_right(x in batches()) {
        let ((real, mut r), (fake, mut f)) = (variable(&x[..N]), variable(&x[N..]));
        let largest = x.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
        // Differences of scores are as coarse as the largest score, and chords coarser than f64.
        let tolerance = 8.0 * f64::from(Real::EPSILON).max(1e-12) * largest;
        for (name, loss, formula) in LOSSES {
            let y = loss(&real, &fake);
            let (found, expected) = (f64::from(y.item()), formula(&r, &f));
            // Where scores are squared, so is what they are short of.
            let permitted = tolerance * (1.0 + expected.abs().sqrt());
            prop_assert!((found - expected).abs() <= permitted, "{}: {} {}", name, found, expected);
            let slopes = vjp(&y, &Tensor::scalar(1.0), &[&real, &fake], false);
            for (kind, slopes) in slopes.iter().enumerate() {
                for i in 0..N {
                    // Where there is no derivative it is 0.
                    let found = slopes.as_ref().map_or(0.0, |slopes| slopes.numbers()[i].into());
                    let mut at = |shift: f64| {
                        let x = if kind == 0 { &mut r } else { &mut f };
                        let before = x[i];
                        x[i] += shift;
                        let y = formula(&r, &f);
                        if kind == 0 { r[i] = before } else { f[i] = before }
                        y
                    };
                    let h = 1e-4 * largest;
                    let chords = [(expected - at(-h)) / h, (at(h) - expected) / h];
                    let [low, high] = [chords[0].min(chords[1]), chords[0].max(chords[1])];
                    // ln(1 + eᵃ + eᵇ) - ln(eᵃ + eᵇ) is neither. Where it turns, both chords miss the
                    // slope on one side, by h²/6 times the third derivative, at most 0.2 / 3.
                    let bend = if *name == "unsupervised" { h * h / 90.0 } else { 0.0 };
                    let permitted = tolerance + bend;
                    let fits = low - permitted <= found && found <= high + permitted;
                    prop_assert!(fits, "{}: slope {} not in {} .. {}", name, found, low, high);
                }
            }
        }
    }

    /// Its clamp makes it flat at both ends: finite is all there is to say.
    #[test]
    fn the_loss_of_probabilities_is_finite(x in prop::collection::vec(0.0..=1.0_f64, 4)) {
        let ends = [&[0.0, 1.0, 1e-8, 1.0 - 1e-8][..], &x].concat();
        let (p, _) = variable(&ends);
        for target in [0.0, 0.3, 1.0] {
            let y = losses::bce(&p, target);
            let [dp] = grad(&y, [&p], false);
            prop_assert!(y.item().is_finite() && dp.numbers().iter().all(|d| d.is_finite()));
        }
    }
}
