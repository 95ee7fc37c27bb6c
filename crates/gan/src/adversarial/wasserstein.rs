//! What do the players want in a Wasserstein GAN?

use super::AdversarialLoss;
use crate::losses::check_scores;
use autograd::{Real, Tensor};

/// The Wasserstein distance, as far as the critic D sees it:
///
/// L_D = -(E D(x) - E D(G(z))),  L_G = -E D(G(z)).
///
/// Scores are `[.., 1]`, any number. -L_D is a lower bound of K · W₁(p_data, p_g) for a critic whose
/// slope is nowhere above K (Kantorovich and Rubinstein's theorem), and near it if the critic has
/// learnt well. Something must bound the slope: [`Player::keep_weights_within`], or
/// [`penalties::gradient_penalty`], which is not part of -L_D.
///
/// The belief is σ(D(x)), and only its order means anything: the losses stay the same when a number
/// is added to all scores, so no score is a border. So too the accuracy that a game counts.
///
/// Source: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", eq. 2 and Algorithm 1.
///
/// [`Player::keep_weights_within`]: crate::Player::keep_weights_within
/// [`penalties::gradient_penalty`]: crate::penalties::gradient_penalty
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wasserstein;

impl AdversarialLoss for Wasserstein {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        check_scores("wasserstein", real);
        check_scores("wasserstein", fake);
        fake.mean() - real.mean()
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        check_scores("wasserstein", fake);
        -fake.mean()
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        scores.detach().sigmoid().numbers().to_vec()
    }
}
