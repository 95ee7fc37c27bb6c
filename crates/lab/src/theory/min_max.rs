//! Does the generator cover the modes, or chase them?
//!
//! min over G max over D is solved by q = p. But for one fixed D the value is linear in q,
//!
//! V(q) = E_p ln D + ∫ q(x) ln(1 - D(x)) dx,
//!
//! so that max over D min over G lets G put all its points on the one place where D is largest. A G
//! that moves much more than D plays this second game: it jumps to a mode, D learns that all there
//! is fake, and G jumps on. Source: Goodfellow 2016, "NIPS 2016 Tutorial", §5.1.1; Metz et al. 2017,
//! "Unrolled Generative Adversarial Networks", §2.

use autograd::{Rng, Tensor, no_grad};
use gan::{Adam, AdversarialLoss, Fakes, Game, Latent, Minimax, Player, Settings, Steps};

use super::{Discriminator, Effort, Finding, network, watched};
use crate::figures::{Curve, Curves, Panel};
use crate::toys::{Coverage, Mixture, Mode, Toy, mode_shares};

/// Points of either kind in a batch.
const BATCH: usize = 128;

/// Both players move V itself.
const MINIMAX: Minimax = Minimax { saturating: true };

/// Against the best D this G minimises KL(q ‖ p) - 2 JSD, which forgives missing modes (Arjovsky,
/// Bottou 2017, Theorem 2.5).
const NON_SATURATING: Minimax = Minimax { saturating: false };

/// Four equal modes on the line, ten of their widths apart.
pub fn data() -> Mixture {
    Mixture::line(&[-1.5, -0.5, 0.5, 1.5].map(|centre| (centre, 0.1, 1.0)))
}

/// The share of generated points at each mode, after some steps or turns.
pub type Shares = Vec<(usize, [f64; 4])>;

/// Two numbers of noise, so that a point of the line can come from anywhere.
const LATENT: Latent = Latent::Normal { size: NOISE };
const NOISE: usize = 2;

fn generator(seed: u64) -> Player {
    let network = network(NOISE, 32, 1, &mut Rng::new(seed, "generator"));
    Player::new(network, Adam::new(1e-3).betas(0.5, 0.999))
}

fn shares(x: &Tensor, modes: &[Mode]) -> [f64; 4] {
    mode_shares(x.value(), modes).try_into().expect("the data have four modes")
}

/// max min: a D that has learnt a little against a fresh G is fixed, and G descends.
///
/// A gradient leads each point to the highest place near it. After a few steps D has one such
/// place; a D that has learnt longer can have several, and G's points divide among them.
pub fn against_fixed(steps_of_d: usize, steps: usize, seed: u64) -> Shares {
    let (data, modes) = (data(), data().modes());
    let mut g = generator(seed);
    let mut d = Discriminator::new(1, 32, MINIMAX, &mut Rng::new(seed, "discriminator"));
    let rng = &mut Rng::new(seed, "batches");
    for _ in 0..steps_of_d {
        let z = Tensor::constant(LATENT.sample(BATCH, rng));
        let fake = no_grad(|| g.model().forward(&z)).value().clone();
        d.learn(data.sample(BATCH, rng), fake, rng);
    }
    let held_out = Tensor::constant(LATENT.sample(1000, &mut Rng::new(seed, "held out")));
    let marks = watched(steps, 100);
    let mut path = Vec::new();
    for step in 0..=steps {
        if marks.contains(&step) {
            path.push((step, shares(&no_grad(|| g.model().forward(&held_out)), &modes)));
        }
        let z = Tensor::constant(LATENT.sample(BATCH, rng));
        g.learn(MINIMAX.generator(&d.model().forward(&g.model().forward(&z))));
    }
    path
}

/// Who moves more, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// What the players want.
    pub loss: Minimax,
    /// Steps of the generator in a turn.
    pub g: usize,
    /// Steps of the discriminator.
    pub d: usize,
}

/// A G that moves more than D, a D that moves more than G, and the same for the value itself.
const ORDERS: [Order; 3] = [
    Order { loss: NON_SATURATING, g: 10, d: 1 },
    Order { loss: NON_SATURATING, g: 1, d: 10 },
    Order { loss: MINIMAX, g: 1, d: 10 },
];

/// A game in which each player takes so many steps a turn, and what G covers at the end.
pub fn game(order: Order, turns: usize, seed: u64) -> (Shares, Coverage) {
    let (data, modes) = (data(), data().modes());
    let d = network(1, 32, 1, &mut Rng::new(seed, "discriminator"));
    let d = Player::new(d, Adam::new(1e-3).betas(0.5, 0.999)).steps(Steps::exactly(order.d));
    let g = generator(seed).steps(Steps::exactly(order.g));
    let settings = Settings { fakes: Fakes::Fresh, ..Settings::default() };
    let mut game = Game::new(g, d, order.loss, LATENT).settings(settings);
    let held_out = Tensor::constant(LATENT.sample(1000, &mut Rng::new(seed, "held out")));
    let (data_rng, rng) = (&mut Rng::new(seed, "data"), &mut Rng::new(seed, "noise"));
    let marks = watched(turns, 100);
    let mut path = Vec::new();
    for turn in 0..=turns {
        if marks.contains(&turn) {
            path.push((turn, shares(&no_grad(|| game.generate(&held_out)), &modes)));
        }
        if turn < turns {
            game.turn(|| Tensor::constant(data.sample(BATCH, data_rng)), rng);
        }
    }
    let end = Coverage::of(no_grad(|| game.generate(&held_out)).value(), &modes);
    (path, end)
}

/// How often another mode than before had the most points, from the first look to each.
pub fn jumps(path: &Shares) -> Vec<usize> {
    // Backwards, as `max_by` takes the last of equals.
    let leader = |shares: &[f64; 4]| (0..4).rev().max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    let mut changes = 0;
    let changed = |pair: &[(usize, [f64; 4])]| {
        changes += usize::from(leader(&pair[0].1) != leader(&pair[1].1));
        changes
    };
    std::iter::once(0).chain(path.windows(2).map(changed)).collect()
}

/// The share of the largest mode, as the mean over a path.
pub fn largest_share(path: &Shares) -> f64 {
    path.iter().map(|(_, shares)| largest(shares)).sum::<f64>() / path.len() as f64
}

fn largest(shares: &[f64; 4]) -> f64 {
    shares.iter().copied().fold(0.0, f64::max)
}

fn smallest(shares: &[f64; 4]) -> f64 {
    shares.iter().copied().fold(1.0, f64::min)
}

pub(super) fn finding(effort: Effort, seed: u64) -> Finding {
    let mut finding = Finding::new(
        "max min puts all of G on one mode; too fast a G cycles through them; a fast D spreads it",
    );
    let learnt = [5, 300];
    let fixed = learnt.map(|steps_of_d| against_fixed(steps_of_d, effort.steps(600), seed));
    for (steps_of_d, path) in learnt.iter().zip(&fixed) {
        let (step, shares) = path[path.len() - 1];
        finding.say(format!(
            "a D of {steps_of_d} steps, fixed: after {step} of G the modes have {shares:.2?}"
        ));
    }
    let turns = effort.steps(2000);
    let runs = ORDERS.map(|order| game(order, turns, seed));
    for (Order { loss, g, d }, (path, end)) in ORDERS.iter().zip(&runs) {
        let (changes, looks) = (jumps(path)[path.len() - 1], path.len() - 1);
        let loss = if loss.saturating { "minimax" } else { "non-saturating" };
        finding.say(format!(
            "{loss}, G {g}, D {d}, {turns} turns: the largest mode changes {changes} times in \
             {looks} looks,"
        ));
        finding.say(format!(
            "    its mean share is {:.2}; at the end KL of the shares {:.3}, {:.1} % near a mode",
            largest_share(path),
            end.reverse_kl,
            100.0 * end.high_quality
        ));
    }
    show_fixed(&mut finding, &fixed);
    show_games(&mut finding, &runs.map(|(path, _)| path));
    finding
}

/// The share of each mode against a fixed D.
fn show_fixed(finding: &mut Finding, fixed: &[Shares; 2]) {
    let names = data().modes().into_iter().map(|mode| format!("mode {}", mode.centre[0]));
    let names: Vec<String> = names.map(|name| name.replace('-', "−")).collect();
    let graphs = fixed.each_ref().map(|path| [0, 1, 2, 3].map(|k| over(path, |shares| shares[k])));
    let curves =
        [0, 1].map(|run| [0, 1, 2, 3].map(|k| Curve { name: &names[k], points: &graphs[run][k] }));
    let panel = |y_name, run: usize| Panel { y_name, ..shares_of(&curves[run]) };
    let panels = [panel("D of 5 steps: shares", 0), panel("D of 300 steps: shares", 1)];
    let title = "max min: against a fixed D points go where D is highest";
    finding.show("min-max-fixed", &Curves { title, x_name: "step of G", panels: &panels });
}

/// Which mode leads changes too often with a fast G to be drawn, so the changes are counted.
fn show_games(finding: &mut Finding, games: &[Shares; 3]) {
    let largest = games.each_ref().map(|path| over(path, largest));
    let smallest = games.each_ref().map(|path| over(path, smallest));
    let changes = games.each_ref().map(|path| -> Vec<[f64; 2]> {
        path.iter().zip(jumps(path)).map(|((step, _), n)| [*step as f64, n as f64]).collect()
    });
    let names = ["−ln D, G 10 : D 1", "−ln D, G 1 : D 10", "ln(1 − D), G 1 : D 10"];
    let [largest, smallest, changes] = [&largest, &smallest, &changes]
        .map(|graphs| [0, 1, 2].map(|i| Curve { name: names[i], points: &graphs[i] }));
    let panels = [
        Panel { y_name: "largest share", ..shares_of(&largest) },
        Panel { y_name: "smallest share", y_range: Some(0.0..0.3), ..shares_of(&smallest) },
        Panel { y_name: "changes of the largest", y_range: None, ..shares_of(&changes) },
    ];
    let title = "A fast G jumps from mode to mode; a fast D spreads it over three or four";
    finding.show("min-max-game", &Curves { title, x_name: "turn", panels: &panels });
}

/// What is made of the shares at each look.
fn over(path: &Shares, value: impl Fn(&[f64; 4]) -> f64) -> Vec<[f64; 2]> {
    path.iter().map(|(step, shares)| [*step as f64, value(shares)]).collect()
}

/// A panel from 0 to 1.
fn shares_of<'a>(curves: &'a [Curve<'a>]) -> Panel<'a> {
    Panel { y_name: "share", y_range: Some(0.0..1.0), curves, references: &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn against_a_fixed_d_all_points_go_to_one_mode() {
        for seed in 0..3 {
            let path = against_fixed(5, 400, seed);
            let (_, last) = path[path.len() - 1];
            assert!(last.iter().any(|share| *share > 0.95), "{seed}: {last:?}");
        }
    }

    #[test]
    fn a_fast_generator_jumps_more_than_one_that_a_fast_discriminator_guides() {
        let [chasing, covering] = [ORDERS[0], ORDERS[2]].map(|order| game(order, 150, 0));
        let often = jumps(&chasing.0)[chasing.0.len() - 1];
        let [share, even] = [&chasing.0, &covering.0].map(largest_share);
        assert!(often >= 4 && share > even + 0.2, "{often} {share} {even}");
        assert!(covering.1.reverse_kl < chasing.1.reverse_kl, "{:?} {:?}", covering.1, chasing.1);
    }

    #[test]
    fn changes_of_the_largest_mode_are_counted_from_look_to_look() {
        let one = |k: usize| std::array::from_fn(|i| if i == k { 0.7 } else { 0.1 });
        let path = [2, 2, 0, 3, 3].map(|k| (0, one(k))).to_vec();
        assert_eq!(jumps(&path), [0, 0, 1, 2, 2]);
        assert!((largest_share(&path) - 0.7).abs() < 1e-12);
    }
}
