//! Which distances say how far, and which discriminators say which way?
//!
//! Two parallel lines of length 1, a distance θ ≠ 0 apart, have KL = ∞, JSD = ln 2 and W₁ = θ: only
//! W₁ is continuous at 0 and has a slope elsewhere. Source: Arjovsky, Chintala, Bottou 2017,
//! "Wasserstein GAN", Example 1, fig. 1 and 2.
//!
//! N(0, s²) and N(θ, s²) with s = [`WIDTH`] are the same with a little overlap, where everything is
//! finite: KL = θ²/2s², W₁ = θ.

use std::f64::consts::LN_2;

use autograd::{Array, Real, Rng};
use gan::penalties::gradient_penalty;
use gan::{AdversarialLoss, Minimax, Wasserstein};

use super::discriminator::on_the_line;
use super::disjoint::{bump, jensen_shannon};
use super::{Discriminator, Effort, Finding, ramp};
use crate::figures::{Curve, Curves, Panel, Reference};
use crate::toys::Toy;
use crate::transport::wasserstein;

/// The standard deviation s of both bumps.
pub const WIDTH: f64 = 0.25;

/// How far apart the bumps are between which D and the critic are drawn.
const DISTANCE: f64 = 2.0;

/// Points of either kind in a batch.
const BATCH: usize = 256;

/// `count` points of the line (x, 0) to (x, 1): `[count, 2]`.
pub fn upright_line(x: f64, count: usize, rng: &mut Rng) -> Array {
    let mut points = Array::full([count, 2], x as Real);
    let heights = rng.uniform([count], 0.0, 1.0);
    let (rows, _) = points.numbers_mut().as_chunks_mut::<2>();
    rows.iter_mut().zip(heights.numbers()).for_each(|(row, height)| row[1] = *height);
    points
}

/// A discriminator of data N(0, s²) from fakes N(θ, s²), trained for some steps.
fn trained(mut d: Discriminator, distance: f64, steps: usize, seed: u64) -> Discriminator {
    let (p, q) = (bump(0.0, WIDTH), bump(distance, WIDTH));
    let rng = &mut Rng::new(seed, "batches");
    for _ in 0..steps {
        d.learn(p.sample(BATCH, rng), q.sample(BATCH, rng), rng);
    }
    d
}

/// The weight λ of the critic's gradient penalty.
const LAMBDA: f64 = 10.0;

/// What the best critic with a gradient penalty says of distributions that lie a distance θ apart
/// and hardly overlap: θ (1 + θ / 2λ), with a slope of 1 + θ / 2λ.
///
/// A critic of slope k between them gains k θ and pays λ (k - 1)².
pub fn penalised(distance: f64) -> f64 {
    distance * (1.0 + distance / (2.0 * LAMBDA))
}

/// A critic with a gradient penalty of weight 10, trained for some steps.
pub fn critic(distance: f64, steps: usize, seed: u64) -> Discriminator {
    let fresh = Discriminator::new(1, 32, Wasserstein, &mut Rng::new(seed, "critic"));
    trained(fresh.until(steps).penalty(gradient_penalty(LAMBDA as Real)), distance, steps, seed)
}

/// The discriminator of the minimax game, trained for some steps.
pub fn minimax(distance: f64, steps: usize, seed: u64) -> Discriminator {
    let loss = Minimax { saturating: true };
    let fresh = Discriminator::new(1, 32, loss, &mut Rng::new(seed, "discriminator"));
    trained(fresh.until(steps), distance, steps, seed)
}

/// The mean of |∂L/∂x| at 1000 fakes N(θ, s²).
pub fn push(d: &Discriminator, loss: &dyn AdversarialLoss, distance: f64) -> f64 {
    let fakes = bump(distance, WIDTH).sample(1000, &mut Rng::new(0, "pushed"));
    let slopes = d.slopes(loss, &fakes);
    slopes.numbers().iter().map(|slope| f64::from(slope.abs())).sum::<f64>() / 1000.0
}

/// What a critic says of the distance: E f(x) - E f(G(z)), of 1000 points of either kind.
pub fn estimate(critic: &Discriminator, distance: f64) -> f64 {
    let rng = &mut Rng::new(0, "judged");
    let [p, q] = [0.0, distance].map(|mean| critic.scores(&bump(mean, WIDTH).sample(1000, rng)));
    (p.iter().sum::<f64>() - q.iter().sum::<f64>()) / 1000.0
}

pub(super) fn finding(effort: Effort, seed: u64) -> Finding {
    let mut finding = Finding::new(
        "W₁ grows with the distance where JSD stays at ln 2, and its critic pulls everywhere",
    );
    let steps = effort.steps(500);
    let shifts = [0.5, 1.0, 2.0, 3.0, 4.0];
    let losses: [&dyn AdversarialLoss; 3] =
        [&Minimax { saturating: true }, &Minimax { saturating: false }, &Wasserstein];
    let mut estimates = vec![[0.0, 0.0]];
    for shift in shifts {
        let (critic, d) = (critic(shift, steps, seed), minimax(shift, steps, seed));
        let estimate = estimate(&critic, shift);
        estimates.push([shift, estimate]);
        finding.say(format!(
            "distance {shift}: critic {estimate:.3}, best {:.3}; JSD {:.4}; push of D {:.1e} and \
             {:.1e}, of f {:.2}",
            penalised(shift),
            jensen_shannon(shift, WIDTH),
            push(&d, losses[0], shift),
            push(&d, losses[1], shift),
            push(&critic, losses[2], shift)
        ));
    }
    finding
        .say("(best: θ + θ²/2λ; push: mean |∂L/∂x| at fakes, of D by ln(1 − D), −ln D)".to_owned());
    show_distances(&mut finding, &estimates, seed);

    let (d, critic) = (minimax(DISTANCE, steps, seed), critic(DISTANCE, steps, seed));
    let places = ramp(-1.0, 3.0, 121);
    let line = on_the_line(&places);
    let graph = |values: &[f64]| -> Vec<[f64; 2]> {
        places.iter().zip(values).map(|(x, y)| [*x, *y]).collect()
    };
    let densities = [0.0, DISTANCE].map(|mean| {
        let values: Vec<f64> = places.iter().map(|x| bump(mean, WIDTH).density(&[*x])).collect();
        graph(&values)
    });
    let heights = critic.scores(&line);
    let middle = heights.iter().sum::<f64>() / heights.len() as f64;
    let centred: Vec<f64> = heights.iter().map(|f| f - middle).collect();
    let opinions = [graph(&d.beliefs(&line)), graph(&centred)];
    let models = [&d, &d, &critic];
    let slopes = [0, 1, 2].map(|i| {
        let slopes = models[i].slopes(losses[i], &line);
        let size = |x: &Real| f64::from(x.abs()).log10();
        graph(&slopes.numbers().iter().map(size).collect::<Vec<f64>>())
    });
    let curve = |name, points| Curve { name, points };
    let densities = [curve("p, data", &densities[0]), curve("q, fakes", &densities[1])];
    let opinions = [curve("D", &opinions[0]), curve("critic f", &opinions[1])];
    let slopes =
        [curve("ln(1 − D)", &slopes[0]), curve("−ln D", &slopes[1]), curve("−f", &slopes[2])];
    let panel = |y_name, curves| Panel { y_name, y_range: None, curves, references: &[] };
    let panels = [
        panel("density", &densities[..]),
        panel("D, f", &opinions),
        Panel { y_range: Some(-4.0..2.0), ..panel("log₁₀ |∂L/∂x|", &slopes) },
    ];
    let title = "D is flat where it is sure; a critic has a slope everywhere";
    finding.show("wasserstein-critic", &Curves { title, x_name: "x", panels: &panels });
    finding
}

/// W₁, JSD and KL against the distance.
fn show_distances(finding: &mut Finding, estimates: &[[f64; 2]], seed: u64) {
    let distances = ramp(0.0, 4.0, 81);
    let graph = |f: &dyn Fn(f64) -> f64| -> Vec<[f64; 2]> {
        distances.iter().map(|distance| [*distance, f(*distance)]).collect()
    };
    let rng = &mut Rng::new(seed, "lines");
    let here = upright_line(0.0, 64, rng);
    let matched: Vec<[f64; 2]> = ramp(0.0, 4.0, 9)
        .into_iter()
        .map(|distance| [distance, wasserstein(&here, &upright_line(distance, 64, rng))])
        .collect();
    let (exact, best) = (graph(&|distance| distance), graph(&penalised));
    let lines = graph(&|distance| if distance > 0.0 { LN_2 } else { 0.0 });
    let bumps = graph(&|distance| jensen_shannon(distance, WIDTH));
    let relative = graph(&|distance| (distance / WIDTH).powi(2) / 2.0);
    let curve = |name, points| Curve { name, points };
    let w = [
        curve("θ", &exact),
        curve("lines, 64 points matched", &matched),
        curve("bumps, by a critic", estimates),
        curve("θ + θ²/2λ", &best),
    ];
    let jsd = [curve("bumps", &bumps), curve("two lines", &lines)];
    let kl = [curve("bumps; of two lines it is ∞", &relative)];
    let limit = [Reference { name: "ln 2", y: LN_2 }];
    let panels = [
        Panel { y_name: "W₁", y_range: None, curves: &w, references: &[] },
        Panel { y_name: "JSD", y_range: Some(0.0..0.75), curves: &jsd, references: &limit },
        Panel { y_name: "KL", y_range: None, curves: &kl, references: &[] },
    ];
    let title = "Only W₁ says how far two distributions are apart";
    finding.show("wasserstein-distances", &Curves { title, x_name: "distance θ", panels: &panels });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heights cost at most their mean difference, which sorted samples bound.
    #[test]
    fn parallel_lines_are_as_far_apart_as_their_shift() {
        let rng = &mut Rng::new(0, "lines");
        for shift in [0.5, 2.0] {
            let (here, there) = (upright_line(0.0, 100, rng), upright_line(shift, 100, rng));
            let found = wasserstein(&here, &there);
            assert!((shift..shift + 0.05).contains(&found), "{shift}: {found}");
        }
    }

    #[test]
    fn a_critic_measures_and_pulls_where_a_sure_discriminator_does_not() {
        for distance in [1.0, 3.0] {
            let critic = critic(distance, 200, 0);
            let found = estimate(&critic, distance);
            assert!((found / penalised(distance) - 1.0).abs() < 0.1, "{distance}: {found}");
            let pushed = push(&critic, &Wasserstein, distance);
            assert!((pushed / (penalised(distance) / distance) - 1.0).abs() < 0.15, "{pushed}");
        }
        let saturating = Minimax { saturating: true };
        let pushed = push(&minimax(3.0, 200, 0), &saturating, 3.0);
        assert!(pushed < 0.05, "{pushed}");
    }
}
