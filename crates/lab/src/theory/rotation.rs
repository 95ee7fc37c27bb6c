//! Where do two players go who follow their gradients?
//!
//! In the smallest game, min over x max over y of x y, the gradients (y, x) turn around the
//! equilibrium (0, 0). With rates η a step changes r² = x² + y² like this:
//!
//! | steps | one step | r² |
//! |---|---|---|
//! | simultaneous | x - η y, y + η x | grows by exactly 1 + η² |
//! | alternating | x' = x - η y, y + η x' | bounded: x² + y² - η x y stays |
//! | extragradient | with the gradients at x - η y, y + η x | shrinks by exactly 1 - η² + η⁴ |
//! | optimistic | with 2 g - (g of the step before) | shrinks |
//!
//! The mean of all alternating points nears 0 like 1/t. Sources: Goodfellow 2016, "NIPS 2016
//! Tutorial", §8.2; Gidel et al. 2019, "A Variational Inequality Perspective on GANs", §2 and 3;
//! Daskalakis et al. 2018, "Training GANs with Optimism"; Korpelevich 1976, "The Extragradient
//! Method for Finding Saddle Points".
//!
//! The Dirac-GAN is the same with a GAN's loss: G always makes the point θ, the data are the point
//! 0, and D(x) = σ(ψ x). Source: Mescheder, Geiger, Nowozin 2018, §2 and 4.1.

use autograd::{Array, Real, Rng, Tensor, grad};
use gan::penalties::r1;
use gan::{Game, Latent, Minimax, Player, Sgd};
use layers::{Module, Param};

use super::{Effort, Finding};
use crate::figures::{Curve, Curves, Panel, Path, Paths, Window};

/// In which way the two players of x y move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moves {
    /// Both at once.
    Simultaneous,
    /// x first, and y knows where x is.
    Alternating,
    /// Both look ahead by one step, and step from where they were.
    Extragradient,
    /// Both expect their gradient to change as it did last time.
    Optimistic,
}

/// The slopes of x y in x and in y, by differentiation.
fn slopes([x, y]: [Real; 2]) -> [Real; 2] {
    let [x, y] = [x, y].map(|value| Tensor::variable(Array::full([], value)));
    grad(&(&x * &y), [&x, &y], false).map(|slope| slope.item())
}

/// The points of the game x y from (1, 0), with the first.
pub fn path(moves: Moves, rate: f64, steps: usize) -> Vec<[f64; 2]> {
    let eta = rate as Real;
    let mut at = [1.0, 0.0];
    let mut before = slopes(at);
    let mut path = vec![at.map(f64::from)];
    for _ in 0..steps {
        let step = |[x, y]: [Real; 2], [dx, dy]: [Real; 2]| [x - eta * dx, y + eta * dy];
        at = match moves {
            Moves::Simultaneous => step(at, slopes(at)),
            Moves::Alternating => {
                let [x, _] = step(at, slopes(at));
                let [_, y] = step([x, at[1]], slopes([x, at[1]]));
                [x, y]
            }
            Moves::Extragradient => step(at, slopes(step(at, slopes(at)))),
            Moves::Optimistic => {
                let here = slopes(at);
                let expected = [0, 1].map(|i| 2.0 * here[i] - before[i]);
                before = here;
                step(at, expected)
            }
        };
        path.push(at.map(f64::from));
    }
    path
}

/// The mean of all points up to each.
pub fn averaged(path: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut sum = [0.0; 2];
    let mean = |(i, point): (usize, &[f64; 2])| {
        sum = [sum[0] + point[0], sum[1] + point[1]];
        sum.map(|sum| sum / (i + 1) as f64)
    };
    path.iter().enumerate().map(mean).collect()
}

/// The distance of each point from (0, 0).
fn radii(path: &[[f64; 2]]) -> Vec<f64> {
    path.iter().map(|[x, y]| x.hypot(*y)).collect()
}

/// G(z) = θ, whatever the noise.
struct Place(Param);

impl Module for Place {
    fn describe(&self) -> String {
        "θ".to_owned()
    }

    fn forward(&self, z: &Tensor) -> Tensor {
        0.0 * z + self.0.tensor()
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.0);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.0);
    }
}

/// D's logit is ψ x.
struct Slope(Param);

impl Module for Slope {
    fn describe(&self) -> String {
        "ψ x".to_owned()
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x * self.0.tensor()
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        visit(&self.0);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        visit(&mut self.0);
    }
}

/// The points (θ, ψ) of a Dirac-GAN from (1, 0), with the penalty R1 of this weight, if not 0.
///
/// By the minimax loss its players circle. By the non-saturating one they near (0, 0), ever more
/// slowly. With R1 they near it by a factor in each turn.
pub fn dirac_gan(loss: Minimax, gamma: f64, rate: f64, turns: usize) -> Vec<[f64; 2]> {
    let param = |name, start| Param::new(name, Array::full([1], start));
    let sgd = || Sgd::new(rate as Real);
    let g = Player::new(Place(param("θ", 1.0)), sgd());
    let d = Player::new(Slope(param("ψ", 0.0)), sgd());
    let mut game = Game::new(g, d, loss, Latent::Normal { size: 1 });
    if gamma > 0.0 {
        game = game.discriminator_term(r1(gamma as Real));
    }
    let data = Tensor::constant(Array::zeros([1, 1]));
    let at = |game: &Game| {
        game.players().map(|player| f64::from(player.model().params()[0].tensor().numbers()[0]))
    };
    let mut path = vec![at(&game)];
    let rng = &mut Rng::new(0, "noise that nothing depends on");
    for _ in 0..turns {
        game.step(&data, rng);
        path.push(at(&game));
    }
    path
}

/// The rate η of the bilinear game's players.
const RATE: f64 = 0.1;

pub(super) fn finding(effort: Effort) -> Finding {
    let mut finding =
        Finding::new("Gradient steps circle around the equilibrium of min max x y, or leave it");
    let steps = effort.steps(200);
    let all = [Moves::Simultaneous, Moves::Alternating, Moves::Extragradient, Moves::Optimistic];
    let paths = all.map(|moves| path(moves, RATE, steps));
    let mean = averaged(&paths[1]);
    let names = ["simultaneous", "alternating", "extragradient", "optimistic"];
    for (name, path) in names.iter().zip(&paths).chain([(&"mean of alternating", &mean)]) {
        let radius = radii(path).pop().unwrap_or(f64::NAN);
        finding.say(format!("{name}: after {steps} steps of {RATE} the radius is {radius:.4}"));
    }
    let square = 1.0 + RATE * RATE;
    let exact = [square, square - 2.0 * RATE * RATE + RATE.powi(4)]
        .map(|factor| factor.powf(steps as f64 / 2.0));
    finding.say(format!(
        "exactly: simultaneous (1 + η²)^(t/2) = {:.4}, extragradient (1 − η² + η⁴)^(t/2) = {:.4}",
        exact[0], exact[1]
    ));
    let drawn = [
        Path { name: names[0], points: &paths[0] },
        Path { name: names[1], points: &paths[1] },
        Path { name: "mean", points: &mean },
        Path { name: names[2], points: &paths[2] },
    ];
    finding.show(
        "rotation-paths",
        &Paths {
            title: "min over x, max over y of x y",
            window: Window { centre: [0.0; 2], half_side: 2.8 },
            axes: ["x", "y"],
            paths: &drawn,
            goal: [0.0; 2],
        },
    );
    let graph = |path: &[[f64; 2]]| -> Vec<[f64; 2]> {
        radii(path).iter().enumerate().map(|(t, radius)| [t as f64, radius.log10()]).collect()
    };
    // A curve of more than 150 points would show means.
    let graphs = [&paths[0], &paths[1], &mean, &paths[3]].map(|path| {
        let graph = graph(path);
        graph.into_iter().step_by(2).collect::<Vec<_>>()
    });
    let names = ["simultaneous", "alternating", "mean of alternating", "optimistic"];
    let curves = [0, 1, 2, 3].map(|i| Curve { name: names[i], points: &graphs[i] });
    let panel =
        Panel {
            y_name: "log₁₀ of the radius", y_range: None, curves: &curves, references: &[]
        };
    let title = "How far the players are from the equilibrium of x y";
    finding.show("rotation-radii", &Curves { title, x_name: "step", panels: &[panel] });

    let turns = effort.steps(1000);
    let minimax = Minimax { saturating: true };
    let runs = [
        ("minimax", minimax, 0.0),
        ("non-saturating", Minimax { saturating: false }, 0.0),
        ("minimax with R1, γ = 1", minimax, 1.0),
    ];
    let gans = runs.map(|(_, loss, gamma)| dirac_gan(loss, gamma, RATE, turns));
    for ((name, ..), path) in runs.iter().zip(&gans) {
        let radius = radii(path).pop().unwrap_or(f64::NAN);
        finding.say(format!("Dirac-GAN, {name}: radius {radius:.2e} after {turns} turns"));
    }
    let drawn = [0, 1, 2].map(|i| Path { name: runs[i].0, points: &gans[i] });
    finding.show(
        "rotation-dirac",
        &Paths {
            title: "A GAN of two weights: G(z) = θ, D(x) = σ(ψx), data 0",
            window: Window { centre: [0.0; 2], half_side: 1.5 },
            axes: ["θ", "ψ"],
            paths: &drawn,
            goal: [0.0; 2],
        },
    );
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simultaneous_steps_grow_and_extragradient_steps_shrink_as_the_formula_says() {
        let (rate, steps) = (0.1_f64, 100);
        for (moves, factor) in [
            (Moves::Simultaneous, 1.0 + rate.powi(2)),
            (Moves::Extragradient, 1.0 - rate.powi(2) + rate.powi(4)),
        ] {
            for (t, radius) in radii(&path(moves, rate, steps)).iter().enumerate() {
                let expected = factor.powf(t as f64 / 2.0);
                assert!((radius / expected - 1.0).abs() < 1e-4, "{moves:?} {t}: {radius}");
            }
        }
    }

    #[test]
    fn alternating_steps_stay_on_an_ellipse() {
        let rate = 0.3;
        for [x, y] in path(Moves::Alternating, rate, 300) {
            let kept = x * x + y * y - rate * x * y;
            assert!((kept - 1.0).abs() < 1e-3, "{x} {y}: {kept}");
        }
    }

    #[test]
    fn the_mean_of_alternating_steps_and_optimistic_steps_near_the_equilibrium() {
        let mean = averaged(&path(Moves::Alternating, 0.1, 1000));
        let radii_of_mean = radii(&mean);
        // A turn sums to nearly nothing, so |mean| < (diameter of a sum) / t = (2 / η) / t or so.
        assert!(radii_of_mean[999] < 2.2 / (0.1 * 1000.0), "{}", radii_of_mean[999]);
        let optimistic = radii(&path(Moves::Optimistic, 0.1, 1000));
        assert!(optimistic[1000] < 0.02, "{}", optimistic[1000]);
    }

    /// One turn by hand: D moves first, at θ = 1, ψ = 0, where D(G) = 1/2 and dL_D/dψ = 1/2; then G
    /// sees ψ = -η/2, and dL_G/dθ = -ψ σ(ψ θ).
    #[test]
    fn a_turn_of_the_dirac_gan_is_the_one_by_hand() {
        let rate = 0.2_f64;
        let [theta, psi] = dirac_gan(Minimax { saturating: true }, 0.0, rate, 1)[1];
        let expected_psi = -rate / 2.0;
        let slope = -expected_psi / (1.0 + (-expected_psi).exp());
        assert!((psi - expected_psi).abs() < 1e-6, "{psi}");
        assert!((theta - (1.0 - rate * slope)).abs() < 1e-6, "{theta}");
    }

    #[test]
    fn a_penalty_on_the_slope_brings_the_dirac_gan_to_rest() {
        let end = |saturating, gamma| {
            let path = dirac_gan(Minimax { saturating }, gamma, 0.1, 600);
            radii(&path).pop().expect("a path has an end")
        };
        let (bare, slow, penalised) = (end(true, 0.0), end(false, 0.0), end(true, 1.0));
        assert!((bare - 1.0).abs() < 0.02, "{bare}");
        // After 1000 turns it is still 0.27.
        assert!((slow - 0.345).abs() < 0.01, "{slow}");
        assert!(penalised < 1e-5, "{penalised}");
    }
}
