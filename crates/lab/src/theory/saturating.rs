//! Which of the generator's two losses moves it when D is sure?
//!
//! With a logit s, D = σ(s), the slopes of one point's losses are
//!
//! | loss | L | ∂L/∂s |
//! |---|---|---|
//! | saturating | ln(1 - D) | -D |
//! | non-saturating | -ln D | -(1 - D) |
//!
//! so that where D → 0, as it is on fakes that D sees through, the first one vanishes and the
//! second one stays. Sources: Goodfellow et al. 2014, §3; Arjovsky, Bottou 2017, §2.2, fig. 2 and 3.

use autograd::{Array, Rng, Tensor, grad, no_grad};
use gan::{AdversarialLoss, Game, Minimax};
use layers::{Module, gradients};

use super::discriminator::on_the_line;
use super::{Discriminator, Effort, Finding, ramp, watched};
use crate::figures::{Curve, Curves, Panel};
use crate::image_gan::ImageGan;
use crate::systems::mnist_gan::{PIXELS, sized};
use crate::training::System;
use crate::{Images, Scaling, ShuffledBatches};

/// Images of either kind in a batch.
const BATCH: usize = 128;

const SATURATING: Minimax = Minimax { saturating: true };
const NON_SATURATING: Minimax = Minimax { saturating: false };

/// |∂L/∂s| of a point's loss where D has this belief, by differentiating the loss.
pub fn slope_of_loss(loss: Minimax, belief: f64) -> f64 {
    let score = Tensor::variable(on_the_line(&[(belief / (1.0 - belief)).ln()]));
    let [slope] = grad(&loss.generator(&score), [&score], false);
    f64::from(slope.item()).abs()
}

/// What reaches a generator that stands still after some steps of a fresh D.
#[derive(Clone, Copy, Debug)]
pub struct Reaching {
    /// Steps of D.
    pub step: usize,
    /// The mean of D on generated points.
    pub belief: f64,
    /// The length of the saturating loss's gradient in all of G's weights.
    pub saturating: f64,
    /// The same of the non-saturating loss.
    pub non_saturating: f64,
}

/// Lets the generator of a game on images, rows of [`PIXELS`] numbers, stand still and trains a
/// fresh D of two layers of `width` against it.
pub fn against_still(
    game: &Game,
    images: &Images,
    width: usize,
    steps: usize,
    seed: u64,
) -> Vec<Reaching> {
    let g = game.generator();
    let noise = |count, rng: &mut Rng| Tensor::constant(game.latent().sample(count, rng));
    let fakes = |z: &Tensor| no_grad(|| g.forward(z)).value().clone();
    let mut d = Discriminator::new(PIXELS, width, NON_SATURATING, &mut Rng::new(seed, "fresh D"));
    let mut batches = ShuffledBatches::new(images.len(), BATCH, seed);
    let rng = &mut Rng::new(seed, "fresh noise");
    let z = noise(256, &mut Rng::new(seed, "held out"));
    let marks = watched(steps, 40);
    let mut reaching = Vec::new();
    for step in 0..=steps {
        if marks.contains(&step) {
            let length = |loss: Minimax| {
                length_of_gradients(loss.generator(&d.model().forward(&g.forward(&z))), g)
            };
            let beliefs = d.beliefs(&fakes(&z));
            reaching.push(Reaching {
                step,
                belief: beliefs.iter().sum::<f64>() / beliefs.len() as f64,
                saturating: length(SATURATING),
                non_saturating: length(NON_SATURATING),
            });
        }
        if step < steps {
            let places = batches.next_batch();
            let real = images.scaled(places, Scaling::MinusOneToOne);
            let real = Array::new([places.len(), PIXELS], real.numbers());
            d.learn(real, fakes(&noise(BATCH, rng)), rng);
        }
    }
    reaching
}

/// The dense GAN of [`mnist_gan`](crate::systems::mnist_gan), with so many hidden units.
fn digit_gan(width: usize, images: &Images, seed: u64) -> ImageGan {
    let game = sized(width, false, &mut Rng::new(seed, "weights"));
    let batches = ShuffledBatches::new(images.len(), BATCH, seed);
    ImageGan::new(game, images.clone(), batches, Scaling::MinusOneToOne, seed)
}

/// √ Σ (∂L/∂w)² over all weights w of a model.
fn length_of_gradients(loss: Tensor, model: &dyn Module) -> f64 {
    let gradients = gradients(loss, model);
    let squares = |g: &Tensor| g.numbers().iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    gradients.iter().map(squares).sum::<f64>().sqrt()
}

pub(super) fn finding(effort: Effort, seed: u64) -> Finding {
    let mut finding = Finding::new(
        "Where D is sure, ∂ ln(1 − D)/∂s = −D vanishes and −∂ ln D/∂s = D − 1 does not",
    );
    let beliefs = ramp(0.005, 0.995, 100);
    let graph = |loss| -> Vec<[f64; 2]> {
        beliefs.iter().map(|belief| [*belief, slope_of_loss(loss, *belief)]).collect()
    };
    let graphs = [graph(SATURATING), graph(NON_SATURATING)];
    let names = ["saturating, ln(1 − D)", "non-saturating, −ln D"];
    let curves = [0, 1].map(|i| Curve { name: names[i], points: &graphs[i] });
    let panel =
        Panel { y_name: "|∂L/∂s|", y_range: Some(0.0..1.0), curves: &curves, references: &[] };
    let title = "What a fake with the logit s feels";
    let x_name = "D(G(z)) = σ(s)";
    finding.show("saturating-loss", &Curves { title, x_name, panels: &[panel] });

    let images = Images::embedded_mnist();
    let mut gan = digit_gan(128, &images, seed);
    let steps = effort.steps(600);
    // An epoch has 78 batches.
    let ages = [1, 10, 25].map(|epochs| effort.steps(78 * epochs));
    let mut turns = 0;
    let runs = ages.map(|age| {
        while turns < age {
            gan.step();
            turns += 1;
        }
        against_still(gan.game(), &images, 64, steps, seed)
    });
    for (age, run) in ages.iter().zip(&runs) {
        let (first, last) = (run[0], run[run.len() - 1]);
        finding.say(format!(
            "G of {age} turns, D of {} steps: D(G(z)) falls from {:.2} to {:.1e};",
            last.step, first.belief, last.belief
        ));
        finding.say(format!(
            "    the gradient in G: saturating {:.1e} to {:.1e}, non-saturating {:.1e} to {:.1e}",
            first.saturating, last.saturating, first.non_saturating, last.non_saturating
        ));
    }
    let names = ages.map(|age| format!("G of {age} turns"));
    let graphs = |f: fn(&Reaching) -> f64| {
        [0, 1, 2].map(|i| -> Vec<[f64; 2]> {
            runs[i].iter().map(|reached| [reached.step as f64, f(reached).log10()]).collect()
        })
    };
    let (one, other) = (graphs(|r| r.saturating), graphs(|r| r.non_saturating));
    let [one, other] = [&one, &other]
        .map(|graphs| [0, 1, 2].map(|i| Curve { name: &names[i], points: &graphs[i] }));
    let panel = |y_name, curves| Panel { y_name, y_range: None, curves, references: &[] };
    let panels =
        [panel("log₁₀|∇|, saturating", &one[..]), panel("log₁₀|∇|, non-saturating", &other[..])];
    let title = "G stands still, D gets sure: what reaches G";
    finding.show("saturating-steps", &Curves { title, x_name: "step of D", panels: &panels });
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_of_the_losses_are_the_belief_and_its_complement() {
        for belief in [1e-6, 0.01, 0.3, 0.5, 0.99] {
            let found = [SATURATING, NON_SATURATING].map(|loss| slope_of_loss(loss, belief));
            for (found, expected) in found.into_iter().zip([belief, 1.0 - belief]) {
                assert!((found / expected - 1.0).abs() < 1e-3, "{belief}: {found} {expected}");
            }
        }
    }

    #[test]
    fn as_d_gets_sure_only_the_saturating_gradient_vanishes() {
        let images = Images::embedded_mnist().take(0..512);
        let gan = digit_gan(8, &images, 0);
        let run = against_still(gan.game(), &images, 8, 60, 0);
        let (first, last) = (run[0], run[run.len() - 1]);
        assert!(last.belief < 0.1 * first.belief, "{last:?}");
        assert!(last.saturating < 0.5 * first.saturating, "{first:?} {last:?}");
        assert!(last.non_saturating > first.non_saturating, "{first:?} {last:?}");
    }
}
