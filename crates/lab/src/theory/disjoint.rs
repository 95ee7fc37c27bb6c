//! What does a discriminator know of a distance, where data and fakes do not overlap?
//!
//! Nothing: the Jensen-Shannon divergence of disjoint densities is ln 2 however far apart they
//! are, D is right everywhere, and where it is right it is flat. Noise on everything that D sees
//! makes the densities overlap again. Source: Arjovsky, Bottou 2017, "Towards Principled Methods
//! for Training GANs", Theorems 2.4 and 3.2; Sønderby et al. 2017, §3.2.
//!
//! Data and fakes are N(0, s²) and N(θ, s²) on the line, [`WIDTH`] s wide, so that with noise of
//! standard deviation σ they are N(0, τ²) and N(θ, τ²), τ² = s² + σ².

use std::f64::consts::LN_2;

use autograd::Rng;
use gan::{Adam, Fakes, Game, InputNoise, Latent, Minimax, Player, Settings, Sgd, Steps};
use layers::{Init, Linear, Module};

use super::discriminator::rows;
use super::{Discriminator, Effort, Finding, network, ramp, watched};
use crate::divergence::{Cells, optimal_discriminator};
use crate::figures::{Curve, Curves, Panel, Reference};
use crate::toys::{Mixture, Toy};

/// The standard deviation s of data and fakes without noise.
pub const WIDTH: f64 = 0.1;

/// How far apart the trained examples are.
pub const DISTANCE: f64 = 2.0;

/// N(mean, std²) on the line.
pub fn bump(mean: f64, std: f64) -> Mixture {
    Mixture::line(&[(mean, std, 1.0)])
}

/// τ, the standard deviation with noise of deviation σ.
fn widened(noise: f64) -> f64 {
    WIDTH.hypot(noise)
}

/// Cells that hold both bumps but for 10⁻²³.
fn cells(distance: f64, std: f64) -> Cells {
    Cells::fill(&[-10.0 * std], &[distance + 10.0 * std], 4000)
}

/// JSD(N(0, τ²), N(θ, τ²)) in nats: a function of θ/τ, from 0 to ln 2.
pub fn jensen_shannon(distance: f64, std: f64) -> f64 {
    let (p, q) = (bump(0.0, std), bump(distance, std));
    cells(distance, std).jensen_shannon(|x| p.density(x), |x| q.density(x))
}

/// How strongly the best discriminator pulls fakes N(θ, τ²) to data N(0, τ²), by the minimax loss:
///
/// ∂/∂θ E_q ln(1 - D*(x)) at fixed D* = (θ/τ²) E_q D*(x),  D* = p / (p + q).
///
/// It is also the slope of 2 JSD in θ, since at its maximum V does not change with D.
///
/// Source: Arjovsky, Bottou 2017, Theorem 3.2, with one point for each distribution.
pub fn pull(distance: f64, std: f64) -> f64 {
    let (p, q) = (bump(0.0, std), bump(distance, std));
    let believed = cells(distance, std).integral(|x| {
        let (p, q) = (p.density(x), q.density(x));
        q * optimal_discriminator(p, q)
    });
    distance / (std * std) * believed
}

/// How strongly a discriminator in training pulls: (step, ∂/∂θ E ln(1 - D(x))), 40 times
/// on the way of a fresh D that sees data and fakes, [`DISTANCE`] apart, through noise.
pub fn trained_pull(noise: f64, steps: usize, seed: u64) -> Vec<(usize, f64)> {
    let loss = Minimax { saturating: true };
    let (p, q) = (bump(0.0, widened(noise)), bump(DISTANCE, widened(noise)));
    let mut d = Discriminator::new(1, 32, loss, &mut Rng::new(seed, "weights")).until(steps);
    let rng = &mut Rng::new(seed, "batches");
    let held_out = q.sample(4000, &mut Rng::new(seed, "held out"));
    let marks = watched(steps, 40);
    let mut pulls = Vec::new();
    for step in 0..=steps {
        if marks.contains(&step) {
            let slopes = d.slopes(&loss, &held_out);
            pulls.push((step, rows(&slopes).map(|slope| slope[0]).sum::<f64>() / 4000.0));
        }
        if step < steps {
            d.learn(p.sample(256, rng), q.sample(256, rng), rng);
        }
    }
    pulls
}

/// The mean of the generator's points after each turn of a game in which D is always nearly the
/// best: 20 steps a turn, 400 in the first. G(z) = s z + θ starts at θ = [`DISTANCE`].
pub fn game(noise: Option<InputNoise>, turns: usize, first: usize, seed: u64) -> Vec<f64> {
    let rng = &mut Rng::new(seed, "weights");
    let mut g = Linear::new(1, 1, Init::Zeros, rng);
    let mut start = [WIDTH, DISTANCE].into_iter();
    g.each_param_mut(&mut |param| {
        let value = start.next().expect("a weight and a bias");
        param.update(|w| w.fill(value as autograd::Real));
    });
    let d = Player::new(network(1, 32, 1, rng), Adam::new(2e-3).betas(0.5, 0.999))
        .steps(Steps::exactly(20).long_turns(first, 1, 0));
    let settings = Settings { fakes: Fakes::Fresh, input_noise: noise, ..Settings::default() };
    let latent = Latent::Normal { size: 1 };
    let mut game =
        Game::new(Player::new(g, Sgd::new(0.1)), d, Minimax { saturating: true }, latent)
            .settings(settings);
    let data = bump(0.0, WIDTH);
    let (data_rng, rng) = (&mut Rng::new(seed, "data"), &mut Rng::new(seed, "noise"));
    let theta = |game: &Game| f64::from(game.generator().params()[1].tensor().numbers()[0]);
    let mut path = vec![theta(&game)];
    for _ in 0..turns {
        game.turn(|| autograd::Tensor::constant(data.sample(128, data_rng)), rng);
        path.push(theta(&game));
    }
    path
}

pub(super) fn finding(effort: Effort, seed: u64) -> Finding {
    let mut finding = Finding::new(
        "Disjoint distributions all have JSD = ln 2, and a good D does not pull; noise cures it",
    );
    let distances = [1.0, 2.0, 4.0];
    for distance in distances {
        let [apart, near] = [0.0, 1.0].map(|noise| jensen_shannon(distance, widened(noise)));
        let pulls = [0.0, 1.0].map(|noise| pull(distance, widened(noise)));
        finding.say(format!(
            "distance {distance}: JSD {apart:.6}, pull of D* {:.1e}; with noise 1: {near:.4}, {:.4}",
            pulls[0], pulls[1]
        ));
    }
    show_noise(&mut finding, distances);

    let noises = [0.5, 1.0, 2.0, 0.0];
    let steps = effort.steps(3000);
    let pulls = noises.map(|noise| trained_pull(noise, steps, seed));
    for (noise, pulls) in noises.iter().zip(&pulls) {
        let last = pulls.last().map_or(f64::NAN, |(_, pull)| *pull);
        finding.say(format!(
            "noise {noise}: a D of {steps} steps pulls fakes at {DISTANCE} with {last:.1e}, \
             D* with {:.1e}",
            pull(DISTANCE, widened(*noise))
        ));
    }
    show_training(&mut finding, noises, &pulls);

    let turns = effort.steps(300);
    let noise = InputNoise { std: 1.0, until: turns as u64 * 2 / 3 };
    let paths = [None, Some(noise)].map(|noise| game(noise, turns, effort.steps(400), seed));
    let ends = [0, 1].map(|run| paths[run].last().copied().unwrap_or(f64::NAN));
    finding.say(format!(
        "a game of {turns} turns moves G's mean from {DISTANCE} to {:.3} without noise, to {:.3} \
         with",
        ends[0], ends[1]
    ));
    let graphs = paths.map(|path| -> Vec<[f64; 2]> {
        path.iter().enumerate().map(|(turn, theta)| [turn as f64, *theta]).collect()
    });
    let names = ["without noise", "with noise that fades out"];
    let curves = [0, 1].map(|run| Curve { name: names[run], points: &graphs[run] });
    let data = [Reference { name: "data", y: 0.0 }];
    let panel = Panel { y_name: "mean of G", y_range: None, curves: &curves, references: &data };
    let title = "Only noise lets a strong D pull G to the data";
    finding.show("disjoint-game", &Curves { title, x_name: "turn", panels: &[panel] });
    finding
}

/// JSD and pull against the noise, by quadrature.
fn show_noise(finding: &mut Finding, distances: [f64; 3]) {
    let noises = ramp(0.0, 4.0, 101);
    let graphs = |f: fn(f64, f64) -> f64| {
        distances.map(|distance| -> Vec<[f64; 2]> {
            noises.iter().map(|noise| [*noise, f(distance, widened(*noise))]).collect()
        })
    };
    let (jsd, pulls) = (graphs(jensen_shannon), graphs(pull));
    let names = distances.map(|distance| format!("distance {distance}"));
    let jsd_curves = [0, 1, 2].map(|i| Curve { name: &names[i], points: &jsd[i] });
    let pull_curves = [0, 1, 2].map(|i| Curve { name: &names[i], points: &pulls[i] });
    let limit = [Reference { name: "ln 2", y: LN_2 }];
    let panels = [
        Panel { y_name: "JSD", y_range: Some(0.0..0.75), curves: &jsd_curves, references: &limit },
        Panel { y_name: "pull of D*", y_range: None, curves: &pull_curves, references: &[] },
    ];
    let title = "Noise brings distributions together, and D* pulls again";
    let x_name = "standard deviation of the noise";
    finding.show("disjoint-noise", &Curves { title, x_name, panels: &panels });
}

/// The pull of D in training: on a logarithmic scale, and in parts of that of D*.
fn show_training(finding: &mut Finding, noises: [f64; 4], pulls: &[Vec<(usize, f64)>; 4]) {
    let names = noises.map(|noise| format!("noise {noise}"));
    let graphs = |f: &dyn Fn(f64, f64) -> f64| {
        [0, 1, 2, 3].map(|i| -> Vec<[f64; 2]> {
            let best = pull(DISTANCE, widened(noises[i]));
            pulls[i].iter().map(|(step, pull)| [*step as f64, f(*pull, best)]).collect()
        })
    };
    let sizes = graphs(&|pull, _| pull.abs().log10());
    let parts = graphs(&|pull, best| pull / best);
    let sizes = [0, 1, 2, 3].map(|i| Curve { name: &names[i], points: &sizes[i] });
    // Without noise the pull of D* is 0 but for 10⁻²¹.
    let parts = [0, 1, 2].map(|i| Curve { name: &names[i], points: &parts[i] });
    let best = [Reference { name: "D*", y: 1.0 }];
    let panels = [
        Panel { y_name: "log₁₀ of the pull", y_range: None, curves: &sizes, references: &[] },
        Panel {
            y_name: "in parts of D*'s",
            y_range: Some(0.0..2.0),
            curves: &parts,
            references: &best,
        },
    ];
    let title = "D learns: without noise it stops pulling, with noise it pulls like D*";
    finding.show("disjoint-steps", &Curves { title, x_name: "step of D", panels: &panels });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// θ²/8τ² for near bumps (Fisher's information is 1/τ²), ln 2 for far ones.
    #[test]
    fn the_divergence_is_a_function_of_the_distance_in_deviations() {
        for std in [0.1, 1.0] {
            let near = jensen_shannon(0.02 * std, std);
            assert!((near / (0.02_f64.powi(2) / 8.0) - 1.0).abs() < 1e-3, "{near}");
            let far = [10.0, 20.0, 40.0].map(|distance| LN_2 - jensen_shannon(distance * std, std));
            assert!(far[0] < 1e-6 && far[1].abs() < 1e-12 && far[2].abs() < 1e-12, "{far:?}");
        }
        assert!((jensen_shannon(2.0, 1.0) - jensen_shannon(0.2, 0.1)).abs() < 1e-12);
    }

    /// The slope of 2 JSD by finite differences.
    #[test]
    fn the_pull_of_the_best_discriminator_is_the_slope_of_the_divergence() {
        for (distance, std) in [(0.3, 1.0), (2.0, 1.0), (2.0, 0.5), (4.0, 1.5)] {
            let h = 1e-4;
            let [above, below] = [h, -h].map(|h| jensen_shannon(distance + h, std));
            let expected = 2.0 * (above - below) / (2.0 * h);
            let found = pull(distance, std);
            assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn without_noise_a_trained_discriminator_stops_pulling_and_with_noise_it_pulls_as_the_best() {
        let at_the_end = |noise| trained_pull(noise, 300, 0).last().map(|(_, pull)| *pull);
        let (bare, noisy) = (at_the_end(0.0).unwrap(), at_the_end(1.0).unwrap());
        let best = pull(DISTANCE, widened(1.0));
        assert!(bare.abs() < 0.02 * noisy, "{bare} {noisy}");
        assert!((noisy / best - 1.0).abs() < 0.1, "{noisy} {best}");
    }

    #[test]
    fn against_a_strong_d_only_noise_brings_the_generator_to_the_data() {
        let noise = InputNoise { std: 1.0, until: 80 };
        let [bare, noisy] = [None, Some(noise)].map(|noise| game(noise, 90, 150, 0)[90]);
        assert!(bare > 1.8, "{bare}");
        assert!(noisy.abs() < 0.3, "{noisy}");
    }
}
