//! What does each player want?
//!
//! | loss | what D says of a sample |
//! |---|---|
//! | [`SoftmaxCrossEntropy`], [`Bce`], [`Minimax`] | how probable it is that it is real |
//! | [`LeastSquares`] | a number near the label of its kind |
//! | [`Hinge`] | on which side of a margin it lies |
//! | [`Relativistic`] | how much more real it is than one of the other kind |
//! | [`Wasserstein`] | a height, whose mean difference measures a distance |

mod hinge;
mod least_squares;
mod relativistic;
#[cfg(test)]
mod tests;
mod wasserstein;

pub use hinge::Hinge;
pub use least_squares::LeastSquares;
pub use relativistic::Relativistic;
pub use wasserstein::Wasserstein;

use crate::losses::{self, bce, bce_with_logits, check_scores, soft_cross_entropy};
use autograd::{Real, Tensor};

const LN_2: Real = std::f64::consts::LN_2 as Real;

/// A pair of losses, one for each player, of the discriminator's scores.
pub trait AdversarialLoss: Send {
    /// What the discriminator minimises, from its scores of real and of generated samples.
    #[track_caller]
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor;

    /// What the generator minimises, from the discriminator's scores of its samples.
    #[track_caller]
    fn generator(&self, fake: &Tensor) -> Tensor;

    /// Whether the generator's loss also depends on the scores of real samples, which then have to
    /// be computed in its step.
    fn is_relative(&self) -> bool {
        false
    }

    /// What the generator minimises, from the scores of its samples and of real ones. Only a loss
    /// that [is relative](AdversarialLoss::is_relative) looks at the real ones.
    #[track_caller]
    fn generator_beside(&self, fake: &Tensor, real: &Tensor) -> Tensor {
        let _ = real;
        self.generator(fake)
    }

    /// The least loss of a discriminator that gives all samples the same score, so that it knows
    /// nothing: min over c of L_D(c, c). None if that means nothing, as with a critic whose loss is
    /// not bounded.
    fn blind(&self) -> Option<Real> {
        None
    }

    /// How real each sample looks to the discriminator: a number that grows with the probability, and
    /// that no sigmoid flattens and no bound cuts off, so that it ranks samples of which D is
    /// certain, too. The score itself, unless the loss says otherwise.
    #[track_caller]
    fn realness(&self, scores: &Tensor) -> Vec<Real> {
        check_scores("realness", scores);
        scores.numbers().to_vec()
    }

    /// The probability that each sample is real, in the discriminator's opinion. Where scores have
    /// no such meaning, a number in [0, 1] that grows with the score; the loss says which.
    #[track_caller]
    fn belief(&self, scores: &Tensor) -> Vec<Real>;
}

/// The discriminator is a classifier with two classes, fake = 0 and real = 1:
///
/// L_D = CE(D(x), 1) + CE(D(G(z)), 0),  L_G = CE(D(G(z)), 1),
///
/// where CE is the softmax cross-entropy. Scores are logits `[n, 2]`.
///
/// Source: the Gaussian GAN of the MXNet Gluon tutorial.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy;

impl SoftmaxCrossEntropy {
    #[track_caller]
    fn against(scores: &Tensor, class: usize) -> Tensor {
        assert!(
            scores.shape().len() == 2 && scores.shape()[1] == 2,
            "softmax cross-entropy: scores {} are not [n, 2]\n  \
             hint: this loss wants a discriminator with two outputs, fake and real",
            scores.shape()
        );
        let label = [[1.0, 0.0], [0.0, 1.0]][class];
        let targets = Tensor::constant(autograd::Array::filled_by(*scores.shape(), |t| {
            t.as_chunks_mut::<2>().0.fill(label);
        }));
        soft_cross_entropy(scores, &targets)
    }
}

impl AdversarialLoss for SoftmaxCrossEntropy {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        Self::against(real, 1) + Self::against(fake, 0)
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        Self::against(fake, 1)
    }

    fn blind(&self) -> Option<Real> {
        Some(2.0 * LN_2)
    }

    /// By how much the logit of real is above that of fake.
    fn realness(&self, scores: &Tensor) -> Vec<Real> {
        scores.numbers().as_chunks::<2>().0.iter().map(|[fake, real]| real - fake).collect()
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        let p = scores.detach().softmax(-1);
        p.numbers().as_chunks::<2>().0.iter().map(|[_, real]| *real).collect()
    }
}

/// Binary cross-entropy of one score a sample:
///
/// L_D = weight · [ BCE(D(x), real_label) + BCE(D(G(z)), 0) ],  L_G = BCE(D(G(z)), 1).
///
/// Source: Radford, Metz, Chintala 2015, "Unsupervised Representation Learning with Deep
/// Convolutional Generative Adversarial Networks", and the programs that followed it.
#[derive(Clone, Copy, Debug)]
pub struct Bce {
    /// Whether D ends in a sigmoid. If not, scores are logits, which is the safer form.
    pub probabilities: bool,
    /// Factor of D's loss: 1, or 1/2 where D's two terms are averaged.
    pub weight: Real,
    /// D's target for real samples: 1, or 0.9 for one-sided label smoothing (Salimans et al.
    /// 2016, §3.4).
    pub real_label: Real,
}

impl Default for Bce {
    fn default() -> Bce {
        Bce { probabilities: false, weight: 1.0, real_label: 1.0 }
    }
}

impl Bce {
    #[track_caller]
    fn against(&self, scores: &Tensor, target: Real) -> Tensor {
        check_scores("bce", scores);
        if self.probabilities { bce(scores, target) } else { bce_with_logits(scores, target) }
    }
}

impl AdversarialLoss for Bce {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        let loss = self.against(real, self.real_label) + self.against(fake, 0.0);
        if self.weight == 1.0 { loss } else { loss * self.weight }
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        self.against(fake, 1.0)
    }

    /// At D = t/2 for the label t of real samples, where both targets together pull neither way:
    /// weight · 2 H(t/2),  H(p) = -p ln p - (1 - p) ln(1 - p).
    fn blind(&self) -> Option<Real> {
        let p = self.real_label / 2.0;
        // 0 ln 0 is 0, which 0 · -∞ is not.
        let part = |p: Real| if p > 0.0 { p * p.ln() } else { 0.0 };
        Some(-2.0 * self.weight * (part(p) + part(1.0 - p)))
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        let scores = scores.detach();
        let p = if self.probabilities { scores } else { scores.sigmoid() };
        p.numbers().to_vec()
    }
}

/// The value function of the paper, V(D, G) = E ln D(x) + E ln(1 - D(G(z))), which D maximises:
/// L_D = -V. G minimises V, its saturating loss, or the non-saturating one. Scores are logits
/// `[.., 1]`.
///
/// Source: Goodfellow et al. 2014, eq. 1.
#[derive(Clone, Copy, Debug)]
pub struct Minimax {
    /// Whether G minimises E ln(1 - D(G(z))) rather than -E ln D(G(z)).
    pub saturating: bool,
}

impl AdversarialLoss for Minimax {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        losses::discriminator(real, fake)
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        if self.saturating { losses::saturating(fake) } else { losses::non_saturating(fake) }
    }

    fn blind(&self) -> Option<Real> {
        Some(2.0 * LN_2)
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        scores.detach().sigmoid().numbers().to_vec()
    }
}
