//! Does D near p / (p + q), and does its value say how far p and q are apart?
//!
//! For fixed densities p of the data and q of the generator,
//!
//! max over D of V(D) = E_p ln D(x) + E_q ln(1 - D(x)) is reached by D* = p / (p + q),
//!
//! and V(D*) = -2 ln 2 + 2 JSD(p, q). Source: Goodfellow et al. 2014, Proposition 1 and Theorem 1.

use std::f64::consts::LN_2;

use autograd::{Array, Real, Rng};
use gan::Minimax;

use super::discriminator::{on_the_line, rows};
use super::{Discriminator, Effort, Finding, ramp, watched};
use crate::divergence::{Cells, jensen_shannon_estimate, optimal_discriminator};
use crate::figures::{Curve, Curves, Opinion, Panel, Reference, Window};
use crate::toys::{Mixture, NoisyCurve, Toy};
use crate::{AffineGaussian, points};

/// Points of either kind in a batch.
const BATCH: usize = 512;

/// Two known distributions.
pub struct Pair {
    /// Of the data: p.
    pub real: Box<dyn Toy>,
    /// In the generator's place: q.
    pub fake: Box<dyn Toy>,
    cells: Cells,
}

impl Pair {
    /// Two bumps, and a broad one over both.
    pub fn on_the_line() -> Pair {
        Pair {
            real: Box::new(Mixture::line(&[(-1.5, 0.4, 1.0), (1.0, 0.6, 2.0)])),
            fake: Box::new(Mixture::line(&[(0.5, 1.2, 1.0)])),
            cells: Cells::fill(&[-8.0], &[9.0], 2000),
        }
    }

    /// Two moons, and an oblique Gaussian over both.
    pub fn in_the_plane() -> Pair {
        let fake = AffineGaussian { a: [[0.9, -0.2], [0.0, 0.5]], b: [0.5, 0.25] };
        Pair {
            real: Box::new(NoisyCurve::two_moons()),
            fake: Box::new(fake),
            cells: Cells::fill(&[-4.5, -3.0], &[5.5, 3.5], 100),
        }
    }

    /// JSD(p, q), by quadrature.
    pub fn jensen_shannon(&self) -> f64 {
        self.cells.jensen_shannon(|x| self.real.density(x), |x| self.fake.density(x))
    }

    /// D*(x) = p(x) / (p(x) + q(x)).
    pub fn best(&self, x: &[f64]) -> f64 {
        optimal_discriminator(self.real.density(x), self.fake.density(x))
    }
}

/// What D has reached after some steps, on points that it never learns from.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// After how many steps.
    pub step: usize,
    /// The mean of |D - D*| on real points.
    pub error: f64,
    /// The same on generated points.
    pub error_on_fakes: f64,
    /// V = E_p ln D + E_q ln(1 - D).
    pub value: f64,
}

impl Reached {
    /// What V says about JSD(p, q): (V + 2 ln 2) / 2.
    pub fn estimate(&self) -> f64 {
        jensen_shannon_estimate(self.value)
    }
}

/// Trains a fresh D of two layers of `width` and says what it has reached 20 times on the way, as
/// means over `held_out` points of either kind that it never learns from. `look` sees D whenever
/// it is measured.
pub fn approach(
    pair: &Pair,
    [width, steps, held_out]: [usize; 3],
    seed: u64,
    mut look: impl FnMut(usize, &Discriminator),
) -> Vec<Reached> {
    let Pair { real, fake, .. } = pair;
    let loss = Minimax { saturating: false };
    let mut d = Discriminator::new(real.dimensions(), width, loss, &mut Rng::new(seed, "weights"));
    d = d.until(steps);
    let rng = &mut Rng::new(seed, "batches");
    let measured = &mut Rng::new(seed, "held out");
    let with_best = |toy: &dyn Toy, rng: &mut Rng| -> (Array, Vec<f64>) {
        let sample = toy.sample(held_out, rng);
        let best = rows(&sample).map(|x| pair.best(&x)).collect();
        (sample, best)
    };
    let (reals, best_of_reals) = with_best(real.as_ref(), measured);
    let (fakes, best_of_fakes) = with_best(fake.as_ref(), measured);
    let mean = |x: &mut dyn Iterator<Item = f64>| x.sum::<f64>() / held_out as f64;
    let error = |found: &[f64], best: &[f64]| {
        mean(&mut found.iter().zip(best).map(|(d, best)| (d - best).abs()))
    };
    // ln σ(s) and ln(1 - σ(s)), also where σ rounds to 1.
    let ln_sigmoid = |s: f64| -(-s).exp().ln_1p();
    let mut reached = Vec::new();
    let marks = watched(steps, 20);
    for step in 0..=steps {
        if marks.contains(&step) {
            let (of_reals, of_fakes) = (d.scores(&reals), d.scores(&fakes));
            reached.push(Reached {
                step,
                error: error(&d.beliefs(&reals), &best_of_reals),
                error_on_fakes: error(&d.beliefs(&fakes), &best_of_fakes),
                value: mean(&mut of_reals.iter().map(|s| ln_sigmoid(*s)))
                    + mean(&mut of_fakes.iter().map(|s| ln_sigmoid(-s))),
            });
            look(step, &d);
        }
        if step < steps {
            d.learn(real.sample(BATCH, rng), fake.sample(BATCH, rng), rng);
        }
    }
    reached
}

/// D against D* on the line and in the plane.
pub(super) fn finding(effort: Effort, seed: u64) -> Finding {
    let mut finding =
        Finding::new("D nears p / (p + q), and its value nears −2 ln 2 + 2 JSD(p, q)");
    let line = Pair::on_the_line();
    let places = ramp(-4.0, 4.5, 121);
    let steps = effort.steps(2000);
    let held_out = if effort == Effort::Whole { 10_000 } else { 100 };
    let mut along: Vec<Vec<f64>> = Vec::new();
    let on_the_line = approach(&line, [64, steps, held_out], seed, |step, d| {
        if [0, steps / 20, steps].contains(&step) {
            along.push(d.beliefs(&on_the_line(&places)));
        }
    });
    show_line(&mut finding, &line, &places, &along, steps);

    let plane = Pair::in_the_plane();
    let window = Window { centre: [0.5, 0.25], half_side: 2.0 };
    let mut belief = Vec::new();
    let in_the_plane = approach(&plane, [128, effort.steps(3000), held_out], seed, |_, d| {
        let grid: Vec<Real> = window.grid(51).into_iter().flatten().map(|x| x as Real).collect();
        belief = d.beliefs(&Array::new([51 * 51, 2], &grid));
    });
    let best: Vec<f64> = window.grid(51).iter().map(|x| plane.best(x)).collect();
    let rng = &mut Rng::new(seed, "shown");
    let real = points(&plane.real.sample(150, rng));
    let fake = points(&plane.fake.sample(60, rng));
    for (name, title, belief) in [
        ("optimal-d-plane", "D, trained", &belief),
        ("optimal-d-plane-best", "D* = p / (p + q)", &best),
    ] {
        let push = &[];
        finding.show(name, &Opinion { title, window, belief, real: &real, fake: &fake, push });
    }

    let jsd = [line.jensen_shannon(), plane.jensen_shannon()];
    let runs = [("on the line", on_the_line), ("in the plane", in_the_plane)];
    for ((name, reached), jsd) in runs.iter().zip(jsd) {
        let Some(last) = reached.last() else { continue };
        finding.say(format!(
            "{name}: mean |D − D*| {:.4} on the data, {:.4} on the fakes, after {} steps",
            last.error, last.error_on_fakes, last.step
        ));
        finding.say(format!(
            "{name}: JSD by D's value {:.4}, by quadrature {jsd:.4}; V {:.4}, at D* {:.4}",
            last.estimate(),
            last.value,
            2.0 * jsd - 2.0 * LN_2
        ));
    }
    show_progress(&mut finding, &runs, jsd);
    finding
}

fn show_line(finding: &mut Finding, pair: &Pair, places: &[f64], along: &[Vec<f64>], steps: usize) {
    let graph =
        |f: &dyn Fn(f64) -> f64| -> Vec<[f64; 2]> { places.iter().map(|x| [*x, f(*x)]).collect() };
    let (p, q) = (graph(&|x| pair.real.density(&[x])), graph(&|x| pair.fake.density(&[x])));
    let best = graph(&|x| pair.best(&[x]));
    let beliefs: Vec<Vec<[f64; 2]>> =
        along.iter().map(|d| places.iter().zip(d).map(|(x, d)| [*x, *d]).collect()).collect();
    let names = [0, steps / 20, steps].map(|step| format!("D after {step} steps"));
    let mut curves = vec![Curve { name: "D*", points: &best }];
    let trained = names.iter().zip(&beliefs).rev();
    curves.extend(trained.map(|(name, points)| Curve { name, points }));
    let densities = [Curve { name: "p, data", points: &p }, Curve { name: "q, fakes", points: &q }];
    let panels = [
        Panel { y_name: "density", y_range: None, curves: &densities, references: &[] },
        Panel { y_name: "D(x)", y_range: Some(0.0..1.0), curves: &curves, references: &[] },
    ];
    let title = "D learns p / (p + q)";
    finding.show("optimal-d-line", &Curves { title, x_name: "x", panels: &panels });
}

fn show_progress(finding: &mut Finding, runs: &[(&str, Vec<Reached>); 2], jsd: [f64; 2]) {
    let graph = |run: usize, f: &dyn Fn(&Reached) -> f64| -> Vec<[f64; 2]> {
        runs[run].1.iter().map(|reached| [reached.step as f64, f(reached)]).collect()
    };
    let errors = [0, 1].map(|run| graph(run, &|reached| reached.error));
    let values = [0, 1].map(|run| graph(run, &|reached| reached.value));
    let error_curves = [0, 1].map(|run| Curve { name: runs[run].0, points: &errors[run] });
    let value_curves = [0, 1].map(|run| Curve { name: runs[run].0, points: &values[run] });
    let bound = [Reference { name: "0.03", y: 0.03 }];
    let limits = jsd.map(|jsd| 2.0 * jsd - 2.0 * LN_2);
    let limits =
        [Reference { name: "line", y: limits[0] }, Reference { name: "plane", y: limits[1] }];
    let panels = [
        Panel {
            y_name: "|D − D*|, mean",
            y_range: Some(0.0..0.3),
            curves: &error_curves,
            references: &bound,
        },
        Panel {
            y_name: "V(D)",
            y_range: Some(-1.5..-0.6),
            curves: &value_curves,
            references: &limits,
        },
    ];
    let title = "V rises to −2 ln 2 + 2 JSD, at the dashed lines";
    finding.show("optimal-d-steps", &Curves { title, x_name: "step of D", panels: &panels });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_known_densities_d_is_best_up_to_3_percent_and_its_estimate_up_to_2() {
        for (pair, width, steps) in
            [(Pair::on_the_line(), 64, 1000), (Pair::in_the_plane(), 64, 2600)]
        {
            let reached = approach(&pair, [width, steps, 4000], 0, |_, _| ());
            let (first, last) = (reached[0], reached[reached.len() - 1]);
            assert!(last.error < 0.03 && last.error_on_fakes < 0.05, "{last:?}");
            let gap = last.estimate() - pair.jensen_shannon();
            assert!(gap.abs() < 0.02, "{gap} {last:?}");
            // And it was neither at the start.
            assert!(first.error > 0.1 && first.estimate() < last.estimate() - 0.05, "{first:?}");
        }
    }
}
