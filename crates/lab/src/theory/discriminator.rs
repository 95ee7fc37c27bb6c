//! How does a discriminator learn while the generator stands still?

use autograd::{Array, Real, Rng, Tensor, grad, no_grad};
use gan::{Adam, AdversarialLoss, Player, Schedule, Table, Term};
use layers::Module;

use super::network;

/// The inner loop of Algorithm 1 without the outer one: a discriminator, or a critic, that learns
/// to tell two distributions of points that do not change.
pub struct Discriminator {
    player: Player,
    loss: Box<dyn AdversarialLoss>,
    penalty: Option<Term>,
}

impl Discriminator {
    /// A fresh network with two hidden layers of `width`, and Adam, β (0.5, 0.999), with a learning
    /// rate of 5e-3 for points of the line or plane, and 1e-3 for images.
    pub fn new(
        dimensions: usize,
        width: usize,
        loss: impl AdversarialLoss + 'static,
        rng: &mut Rng,
    ) -> Discriminator {
        let adam = Adam::new(if dimensions <= 2 { 5e-3 } else { 1e-3 }).betas(0.5, 0.999);
        let player = Player::new(network(dimensions, width, 1, rng), adam);
        Discriminator { player, loss: Box::new(loss), penalty: None }
    }

    /// The same with a learning rate that falls to 0 on a straight line until this step, which
    /// takes the noise of the batches out of the weights.
    #[must_use]
    pub fn until(self, step: usize) -> Discriminator {
        let schedule = Schedule::Linear { from: 0, to: step as u64 };
        Discriminator { player: self.player.schedule(schedule), ..self }
    }

    /// The same with a bound on its slope.
    #[must_use]
    pub fn penalty(self, term: Term) -> Discriminator {
        Discriminator { penalty: Some(term), ..self }
    }

    /// One step on a batch of real and one of generated points `[n, d]`.
    pub fn learn(&mut self, real: Array, fake: Array, rng: &mut Rng) {
        let (real, fake) = (Tensor::constant(real), Tensor::constant(fake));
        let model = self.player.model();
        let mut loss = self.loss.discriminator(&model.forward(&real), &model.forward(&fake));
        if let Some(term) = &self.penalty {
            let table = Table { discriminator: model, real: &real, fake: &fake };
            loss = loss + term(&table, rng);
        }
        let (_, missing) = self.player.learn(loss);
        // The last bias of a critic has no gradient: it is in both scores.
        assert!(missing.len() <= 1, "no gradient reaches {missing:?}");
    }

    /// Its network.
    pub fn model(&self) -> &dyn Module {
        self.player.model()
    }

    /// Its scores of points `[n, d]`: logits, or heights.
    pub fn scores(&self, points: &Array) -> Vec<f64> {
        let scores = no_grad(|| self.model().forward(&Tensor::constant(points.clone())));
        scores.numbers().iter().map(|s| f64::from(*s)).collect()
    }

    /// D(x), the probability that each point is real, in its opinion.
    pub fn beliefs(&self, points: &Array) -> Vec<f64> {
        self.scores(points).into_iter().map(|s| 1.0 / (1.0 + (-s).exp())).collect()
    }

    /// What pushes each generated point: the slope ∂L/∂x of its own part L of a generator's loss.
    pub fn slopes(&self, loss: &dyn AdversarialLoss, points: &Array) -> Array {
        let x = Tensor::variable(points.clone());
        let count = points.shape()[0] as Real;
        // A generator's loss is a mean over points.
        let [slopes] = grad(&(count * loss.generator(&self.model().forward(&x))), [&x], false);
        slopes.value().clone()
    }
}

/// Numbers as points of the line: `[n, 1]`.
pub(super) fn on_the_line(places: &[f64]) -> Array {
    let numbers: Vec<Real> = places.iter().map(|x| *x as Real).collect();
    Array::new([places.len(), 1], &numbers)
}

/// The points `[n, d]` as rows of numbers.
pub(super) fn rows(points: &Array) -> impl Iterator<Item = Vec<f64>> {
    let row = |row: &[Real]| row.iter().map(|x| f64::from(*x)).collect();
    points.numbers().chunks(points.shape()[1]).map(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gan::Minimax;

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let d = Discriminator::new(2, 8, Minimax { saturating: true }, &mut Rng::new(1, "weights"));
        let points = Array::new([2, 2], &[0.3, -0.4, 1.2, 0.7]);
        // ln(1 - D(x)) = -softplus(s).
        let loss = |x: [f64; 2]| -> f64 {
            let belief = d.beliefs(&Array::new([1, 2], &x.map(|x| x as Real)))[0];
            (1.0 - belief).ln()
        };
        let slopes = d.slopes(&Minimax { saturating: true }, &points);
        let h = 1e-2;
        for (x, slope) in rows(&points).zip(rows(&slopes)) {
            let across = (loss([x[0] + h, x[1]]) - loss([x[0] - h, x[1]])) / (2.0 * h);
            let up = (loss([x[0], x[1] + h]) - loss([x[0], x[1] - h])) / (2.0 * h);
            assert!((slope[0] - across).abs() + (slope[1] - up).abs() < 1e-3, "{slope:?}");
        }
    }
}
