//! What would the discriminator become if it went on learning?
//!
//! In an unrolled game G is judged by the D that its samples will have taught, k steps from now:
//!
//! ```text
//! θ⁰ = θ,   θ^{i+1} = θ^i - what D's optimiser makes of ∂L_D(G, θ^i)/∂θ^i
//! G descends  L_G(G, θ^k),  and the gradient passes through all k steps
//! ```
//!
//! L_G depends on G twice: through the samples that θ^k judges, and through θ^k, which learnt from
//! them. A generator that gives all its samples to one mode sees D turn against that mode before it
//! happens. The second way is a derivative of D's gradients, of second order. Afterwards D is put
//! back where it was: it learns by its own steps only.
//!
//! Source: Metz, Poole, Pfau, Sohl-Dickstein 2017, "Unrolled Generative Adversarial Networks", eq. 4
//! to 7.

use crate::Player;
use autograd::{Array, Real, Tensor, vjp};
use layers::Module;

/// A player's weights and statistics while it computes with others.
pub(crate) struct Present {
    weights: Vec<Tensor>,
    statistics: Vec<Array>,
}

impl Player {
    /// What it is, to be put back.
    pub(crate) fn present(&self) -> Present {
        let mut statistics = Vec::new();
        self.model().each_statistic(&mut |statistic| statistics.push(statistic.value.clone()));
        Present { weights: self.weights(), statistics }
    }

    /// Moves the weights by a step of its optimiser against the gradient of a loss, and records how.
    /// Nothing else of the player changes. Bounds on gradients and weights do not take part.
    #[track_caller]
    pub(crate) fn imagine(&mut self, step: &mut Imagined, loss: &Tensor) {
        let weights = self.weights();
        let one = Tensor::full(*loss.shape(), 1.0);
        let gradients = vjp(loss, &one, &weights.iter().collect::<Vec<_>>(), true);
        compute_with(self.model_mut(), step(&weights, &gradients));
    }

    fn weights(&self) -> Vec<Tensor> {
        self.model().params().iter().map(|param| param.tensor().clone()).collect()
    }

    /// Puts the model back where it was.
    pub(crate) fn come_back(&mut self, present: Present) {
        compute_with(self.model_mut(), present.weights);
        let mut statistics = present.statistics.into_iter();
        self.model_mut().each_statistic_mut(&mut |statistic| {
            statistic.value = statistics.next().expect("a model keeps its statistics");
        });
    }
}

fn compute_with(model: &mut dyn Module, weights: Vec<Tensor>) {
    let mut weights = weights.into_iter();
    model.each_param_mut(&mut |param| {
        param.exchange(&mut weights.next().expect("a weight for each parameter"));
    });
}

/// A step of an optimiser in tensors, through which gradients flow: from the weights of a model and
/// their gradients, which some may lack, the weights after the step.
pub type Imagined = Box<dyn FnMut(&[Tensor], &[Option<Tensor>]) -> Vec<Tensor>>;

/// √v, with slope 0 where v is as good as 0. The optimisers add an ε to it that is much larger.
pub(crate) fn root(v: &Tensor) -> Tensor {
    const SMALLEST: Real = 1e-30;
    v.clamp(SMALLEST, Real::MAX).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Adam, AdamW, RmsProp, Sgd};
    use autograd::{Rng, backward};
    use layers::{Activation, BatchNorm, Init, Linear, Sequential};

    fn model() -> Sequential {
        let mut rng = Rng::new(0, "weights");
        Sequential::new()
            .add(Linear::new(2, 4, Init::XavierUniform, &mut rng))
            .add(Activation::Tanh)
            .add(Linear::new(4, 1, Init::XavierUniform, &mut rng))
    }

    fn players() -> Vec<(&'static str, Player)> {
        vec![
            ("sgd", Player::new(model(), Sgd::new(0.1))),
            ("momentum", Player::new(model(), Sgd::new(0.1).momentum(0.5))),
            ("nesterov", Player::new(model(), Sgd::new(0.1).momentum(0.5).nesterov())),
            ("rmsprop", Player::new(model(), RmsProp::new(0.01).epsilon(0.01))),
            ("adam", Player::new(model(), Adam::new(0.05).epsilon(0.01))),
            ("adamw", Player::new(model(), AdamW::new(0.05).weight_decay(0.1))),
        ]
    }

    /// A loss of D that depends on y, which stands for the generator's samples.
    fn loss(model: &dyn Module, y: &Tensor) -> Tensor {
        model.forward(y).softplus().mean() + model.forward(&(y * 0.5 - 1.0)).square().mean()
    }

    fn samples() -> Array {
        Rng::new(0, "samples").normal([3, 2])
    }

    fn look_ahead(
        player: &mut Player,
        steps: usize,
        loss: impl Fn(&dyn Module) -> Tensor,
    ) -> Present {
        let (present, mut rule) = (player.present(), player.optimiser().imagined());
        (0..steps).for_each(|_| player.imagine(&mut rule, &loss(player.model())));
        present
    }

    fn numbers(model: &dyn Module) -> Vec<f64> {
        let params = model.params();
        params.iter().flat_map(|p| p.tensor().numbers()).map(|w| f64::from(*w)).collect()
    }

    #[test]
    fn imagined_steps_lead_where_real_ones_lead() {
        for (name, mut player) in players() {
            let y = Tensor::constant(samples());
            // Something to remember.
            for _ in 0..3 {
                let _ = player.learn(loss(player.model(), &y));
            }
            let before = numbers(player.model());
            let memory = player.optimiser().state();
            let present = look_ahead(&mut player, 4, |model| loss(model, &y));
            let imagined = numbers(player.model());
            player.come_back(present);
            assert_eq!(numbers(player.model()), before, "{name} is put back");
            assert_eq!(player.optimiser().state(), memory, "{name} remembers no dream");
            for _ in 0..4 {
                let _ = player.learn(loss(player.model(), &y));
            }
            for (found, expected) in imagined.iter().zip(numbers(player.model())) {
                assert!((found - expected).abs() < 1e-5, "{name}: {found} {expected}");
            }
        }
    }

    /// The derivative in y of a loss after three steps that depended on y, by finite differences.
    #[test]
    fn the_gradient_passes_through_the_steps() {
        let h: Real = if size_of::<Real>() == 8 { 1e-5 } else { 1e-2 };
        for (name, mut player) in players() {
            let mut judged = |y: &Tensor| {
                let present = look_ahead(&mut player, 3, |model| loss(model, y));
                let judged = -10.0 * player.model().forward(y).mean();
                player.come_back(present);
                judged
            };
            let y = Tensor::variable(samples());
            let found = backward(judged(&y), &[&y]).remove(0).expect("y leads to the loss");
            let direction = Rng::new(0, "direction").normal([3, 2]);
            let mut at = |h: Real| {
                let moved = samples().zip(&direction, "moved", |y, v| y + h * v);
                f64::from(judged(&Tensor::constant(moved)).item())
            };
            let expected = (at(h) - at(-h)) / (2.0 * f64::from(h));
            let pairs = found.numbers().iter().zip(direction.numbers());
            let found: f64 = pairs.map(|(g, v)| f64::from(*g) * f64::from(*v)).sum();
            let close = (found - expected).abs() < 1e-3 + 1e-2 * expected.abs();
            assert!(close && expected.abs() > 0.02, "{name}: {found} {expected}");
            // Most of it or little, but the steps have a part in it.
            let y_alone = Tensor::variable(samples());
            let direct = -10.0 * player.model().forward(&y_alone).mean();
            let direct = backward(direct, &[&y_alone]).remove(0).expect("a gradient");
            let pairs = direct.numbers().iter().zip(direction.numbers());
            let direct: f64 = pairs.map(|(g, v)| f64::from(*g) * f64::from(*v)).sum();
            assert!((found - direct).abs() > 5e-3, "{name}: {found} without looking {direct}");
        }
    }

    #[test]
    fn statistics_are_put_back_and_a_weight_without_gradient_stays() {
        let mut rng = Rng::new(0, "weights");
        let model = Sequential::new()
            .add(Linear::new(2, 3, Init::XavierUniform, &mut rng))
            .add(BatchNorm::pytorch(3));
        let mut player = Player::new(model, Adam::new(0.1));
        let before = layers::to_safetensors(player.model());
        let x = Tensor::constant(samples());
        let (present, mut rule) = (player.present(), player.optimiser().imagined());
        for _ in 0..2 {
            player.model_mut().forward_train(&x, &mut Rng::new(0, "unused"));
            let params = player.model().params();
            let loss = params[3].tensor().square().sum() + params[2].tensor().sum();
            player.imagine(&mut rule, &loss);
        }
        let after = numbers(player.model());
        assert_ne!(layers::to_safetensors(player.model()), before);
        player.come_back(present);
        assert_eq!(layers::to_safetensors(player.model()), before);
        assert_eq!(after[..9], numbers(player.model())[..9], "weight and bias of the first layer");
    }
}
