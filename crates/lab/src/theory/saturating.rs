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

use autograd::{Real, Rng, Tensor, grad};
use gan::{AdversarialLoss, Minimax};
use layers::{Module, gradients};

use super::discriminator::on_the_line;
use super::{Discriminator, Effort, Finding, ramp, watched};
use crate::figures::{Curve, Curves, Panel};
use crate::recipe::Recipe;
use crate::toy_gan::ToyGan;
use crate::toys::{Mixture, Toy};
use crate::training::System;

/// Points of either kind in a batch.
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

/// Lets the generator of a game on points stand still and trains a fresh D against it.
pub fn against_still(gan: &ToyGan, data: &dyn Toy, steps: usize, seed: u64) -> Vec<Reaching> {
    let g = gan.game().generator();
    let mut d = Discriminator::new(2, 64, NON_SATURATING, &mut Rng::new(seed, "fresh D"));
    let (data_rng, rng) = (&mut Rng::new(seed, "batches"), &mut Rng::new(seed, "fresh noise"));
    let z = Tensor::constant(gan.game().latent().sample(512, &mut Rng::new(seed, "held out")));
    let scale = gan.scale() as Real;
    let marks = watched(steps, 40);
    let mut reaching = Vec::new();
    for step in 0..=steps {
        if marks.contains(&step) {
            let length = |loss: Minimax| {
                length_of_gradients(loss.generator(&d.model().forward(&g.forward(&z))), g)
            };
            let beliefs = d.beliefs(autograd::no_grad(|| g.forward(&z)).value());
            reaching.push(Reaching {
                step,
                belief: beliefs.iter().sum::<f64>() / beliefs.len() as f64,
                saturating: length(SATURATING),
                non_saturating: length(NON_SATURATING),
            });
        }
        if step < steps {
            let noise = Tensor::constant(gan.game().latent().sample(BATCH, rng));
            let fake = autograd::no_grad(|| g.forward(&noise)).value().clone();
            d.learn(data.sample(BATCH, data_rng).map(|x| x / scale), fake, rng);
        }
    }
    reaching
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

    let recipe = Recipe { width: [64; 2], batch_size: BATCH, ..Recipe::default() };
    let game = recipe.game(2, &mut Rng::new(seed, "weights"));
    let mut gan = ToyGan::new(game, Box::new(Mixture::ring()), BATCH, false, seed);
    let steps = effort.steps(1500);
    let ages = [0, 100, 2000].map(|turns| effort.steps(turns));
    let mut turns = 0;
    let runs = ages.map(|age| {
        while turns < age {
            gan.step();
            turns += 1;
        }
        against_still(&gan, &Mixture::ring(), steps, seed)
    });
    for (age, run) in ages.iter().zip(&runs) {
        let (first, last) = (run[0], run[run.len() - 1]);
        finding.say(format!(
            "G of {age} turns, D of {} steps: D(G(z)) {:.1e}; gradient {:.1e} saturating (first \
             {:.1e}),",
            last.step, last.belief, last.saturating, first.saturating
        ));
        finding.say(format!(
            "{:8}{:.1e} non-saturating (first {:.1e})",
            "", last.non_saturating, first.non_saturating
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
    let panels = [panel("log₁₀|∇|, saturating", &one[..]), panel("non-saturating", &other[..])];
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
        let recipe = Recipe { width: [16; 2], ..Recipe::default() };
        let game = recipe.game(2, &mut Rng::new(0, "weights"));
        let gan = ToyGan::new(game, Box::new(Mixture::ring()), BATCH, false, 0);
        let run = against_still(&gan, &Mixture::ring(), 200, 0);
        let (first, last) = (run[0], run[run.len() - 1]);
        assert!(last.belief < 0.2 * first.belief, "{last:?}");
        assert!(last.saturating < 0.5 * first.saturating, "{first:?} {last:?}");
        assert!(last.non_saturating > 0.5 * first.non_saturating, "{first:?} {last:?}");
    }
}
