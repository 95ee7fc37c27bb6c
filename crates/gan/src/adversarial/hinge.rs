//! What do the players want in a GAN with a hinge loss?

use super::AdversarialLoss;
use crate::losses::check_scores;
use autograd::{Real, Tensor};

/// The hinge: D pushes real samples above 1 and generated ones below -1, and is then content.
///
/// L_D = E max(0, 1 - D(x)) + E max(0, 1 + D(G(z))),  L_G = -E D(G(z)).
///
/// Scores are `[.., 1]`, any number. Samples beyond the margin have no gradient in D's step: it
/// learns from the hard ones. G's gradient never stops.
///
/// The belief is (1 + D(x)) / 2, kept in [0, 1]. It orders samples and is 1/2 on D's border. It is
/// no probability: the best D says 1 where p_data > p_g and -1 elsewhere, however little more.
///
/// Source: Lim, Ye 2017, "Geometric GAN", §2; Miyato et al. 2018, "Spectral Normalization for
/// Generative Adversarial Networks", eq. 16 and 17 (there as gains).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hinge;

impl AdversarialLoss for Hinge {
    fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
        check_scores("hinge", real);
        check_scores("hinge", fake);
        (1.0 - real).relu().mean() + (1.0 + fake).relu().mean()
    }

    fn generator(&self, fake: &Tensor) -> Tensor {
        check_scores("hinge", fake);
        -fake.mean()
    }

    fn blind(&self) -> Option<Real> {
        Some(2.0)
    }

    fn belief(&self, scores: &Tensor) -> Vec<Real> {
        scores.numbers().iter().map(|s| ((1.0 + s) / 2.0).clamp(0.0, 1.0)).collect()
    }
}
