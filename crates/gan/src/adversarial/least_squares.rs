//! What do the players want in a least squares GAN?

use super::AdversarialLoss;
use crate::losses::check_scores;
use autograd::{Real, Tensor};

/// Least squares: D's score is to be near a label, and the error is squared.
///
/// L_D = 1/2 E (D(x) - b)² + 1/2 E (D(G(z)) - a)²,  L_G = 1/2 E (D(G(z)) - c)².
///
/// Scores are `[.., 1]`, any number; D ends without a sigmoid. Each expectation is the mean over its
/// batch. A sample far on the right side of D's border still has a gradient, unlike with a logarithm
/// of a sigmoid. With b - c = 1 and b - a = 2 the two players together minimise Pearson's χ² between
/// p_data + p_g and 2 p_g.
///
/// The belief is (D(x) - a) / (b - a), kept in [0, 1]: the best D for a given G is
/// D* = (b p_data + a p_g) / (p_data + p_g), from which this is p_data / (p_data + p_g).
///
/// Source: Mao et al. 2017, "Least Squares Generative Adversarial Networks", eq. 2 and §3.2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeastSquares {
    /// a, D's label for generated samples.
    pub fake_label: Real,
    /// b, D's label for real samples; not a.
    pub real_label: Real,
    /// c, what G wants D to say of its samples.
    pub wanted: Real,
}

/// a = 0, b = c = 1: what most programs take.
impl Default for LeastSquares {
    fn default() -> LeastSquares {
        LeastSquares { fake_label: 0.0, real_label: 1.0, wanted: 1.0 }
    }
}

impl LeastSquares {
    /// a = -1, b = 1, c = 0, which minimises Pearson's χ².
    pub const PEARSON: LeastSquares =
        LeastSquares { fake_label: -1.0, real_label: 1.0, wanted: 0.0 };
}

/// 1/2 E (s - label)²
#[track_caller]
fn half_squares(scores: &Tensor, label: Real) -> Tensor {
    check_scores("least_squares", scores);
    0.5 * (scores - label).square().mean()
}

impl AdversarialLoss for LeastSquares {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        half_squares(real, self.real_label) + half_squares(fake, self.fake_label)
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        half_squares(fake, self.wanted)
    }

    /// Half way between the labels: (b - a)² / 4.
    fn blind(&self) -> Option<Real> {
        Some((self.real_label - self.fake_label).powi(2) / 4.0)
    }

    /// (D(x) - a) / (b - a): b may be below a.
    fn realness(&self, scores: &Tensor) -> Vec<Real> {
        let LeastSquares { fake_label: a, real_label: b, .. } = *self;
        scores.numbers().iter().map(|s| (s - a) / (b - a)).collect()
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        self.realness(scores).into_iter().map(|s| s.clamp(0.0, 1.0)).collect()
    }
}
