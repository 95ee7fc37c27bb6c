//! What do the players want in a relativistic GAN?

use super::{AdversarialLoss, LN_2};
use crate::losses::{bce_with_logits, check_scores};
use autograd::{Real, Tensor};

/// D says how much more real a sample is than one of the other kind, and so does G's loss.
///
/// With real scores r, generated ones f, and BCE(s, t) the binary cross-entropy of logits s
/// against the target t:
///
/// | | L_D | L_G |
/// |---|---|---|
/// | standard | BCE(r - f, 1) | BCE(f - r, 1) |
/// | average | BCE(r - E f, 1) + BCE(f - E r, 0) | BCE(f - E r, 1) + BCE(r - E f, 0) |
///
/// Scores are `[n, 1]`, any number. The standard form compares pairs, so it wants as many real as
/// generated samples; in the average form each is compared with the other batch's mean. Both losses
/// of G have a minus sign in front of r that those of other GANs lack: generated samples win as real
/// ones lose.
///
/// [`generator`](AdversarialLoss::generator), which sees no real scores, takes them all as 0.
///
/// The belief is σ(s), the probability that a sample is more real than one of score 0. Only its
/// order means anything: the losses stay the same when a number is added to all scores.
///
/// Source: Jolicoeur-Martineau 2018, "The relativistic discriminator: a key element missing from
/// standard GAN", §4: RSGAN and RaSGAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relativistic {
    /// Pairs of one real and one generated sample.
    Standard,
    /// Each sample against the mean of the other kind.
    Average,
}

impl Relativistic {
    /// The loss of a player who wants `high` above `low`.
    #[track_caller]
    fn above(self, high: &Tensor, low: &Tensor) -> Tensor {
        check_scores("relativistic", high);
        check_scores("relativistic", low);
        match self {
            Relativistic::Standard => {
                assert!(
                    high.shape() == low.shape(),
                    "relativistic: scores {} and {} do not make pairs\n  \
                     hint: batches of different sizes want `Relativistic::Average`",
                    high.shape(),
                    low.shape()
                );
                bce_with_logits(&(high - low), 1.0)
            }
            Relativistic::Average => {
                bce_with_logits(&(high - low.mean()), 1.0)
                    + bce_with_logits(&(low - high.mean()), 0.0)
            }
        }
    }
}

impl AdversarialLoss for Relativistic {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        self.above(real, fake)
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        self.above(fake, &Tensor::full(*fake.shape(), 0.0))
    }

    fn is_relative(&self) -> bool {
        true
    }

    fn generator_beside(&self, fake: &Tensor, real: &Tensor) -> Tensor {
        self.above(fake, real)
    }

    fn blind(&self) -> Option<Real> {
        match self {
            Relativistic::Standard => Some(LN_2),
            Relativistic::Average => Some(2.0 * LN_2),
        }
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        scores.detach().sigmoid().numbers().to_vec()
    }
}
