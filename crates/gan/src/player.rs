//! How does one player learn?

use crate::clip::global_norm;
use crate::history::History;
use crate::{Clip, Optimiser, Schedule, Steps};
use autograd::{Real, Rng, Tensor};
use layers::{Gradients, Module, State, StateError, Stateful, gradients, gradients_of_each};

/// One side of the game: a model, and how it learns.
pub struct Player {
    model: Box<dyn Module>,
    optimiser: Box<dyn Optimiser>,
    base_rate: Real,
    schedule: Schedule,
    clip: Option<Clip>,
    weight_bound: Option<Real>,
    history: Option<History>,
    pub(crate) steps: Steps,
    taken: u64,
    /// What its steps have been like since it was asked; nothing if it was not.
    pub(crate) effort: Option<Effort>,
}

/// How hard a player has worked in a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// √(Σ g²) over all parameters, before any bound: that of its last step.
    pub gradient: f64,
    /// How far its weights went, in parts of their length: Σ ‖w_after - w_before‖ / ‖w_after‖ over
    /// its steps.
    pub motion: f64,
}

impl Player {
    /// A player that takes one step a turn, at the optimiser's learning rate.
    pub fn new(model: impl Module + 'static, optimiser: impl Optimiser + 'static) -> Player {
        Player {
            model: Box::new(model),
            base_rate: optimiser.learning_rate(),
            optimiser: Box::new(optimiser),
            schedule: Schedule::Constant,
            clip: None,
            weight_bound: None,
            history: None,
            steps: Steps::exactly(1),
            taken: 0,
            effort: None,
        }
    }

    /// The same with another number of steps a turn.
    #[must_use]
    pub fn steps(mut self, steps: Steps) -> Player {
        self.steps = steps;
        self
    }

    /// The same with its learning rate on a schedule, counted in its own steps.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Player {
        self.schedule = schedule;
        self
    }

    /// The same with bounded gradients.
    ///
    /// # Panics
    /// If the bound is not a positive number.
    #[must_use]
    #[track_caller]
    pub fn clip(mut self, clip: Clip) -> Player {
        clip.check();
        self.clip = Some(clip);
        self
    }

    /// The same with weights that are brought back into [-c, c] after each step:
    /// w ← min(max(w, -c), c) for every number of every parameter, biases among them.
    ///
    /// # Panics
    /// If c is not a positive number.
    ///
    /// Source: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", Algorithm 1, line 7.
    #[must_use]
    #[track_caller]
    pub fn keep_weights_within(mut self, c: Real) -> Player {
        assert!(c > 0.0 && c.is_finite(), "player: the bound {c} is not a positive number");
        self.weight_bound = Some(c);
        self
    }

    /// The same with historical averaging: its loss gets the term λ ‖θ - θ̄‖², θ̄ the mean of all
    /// that its weights θ have been.
    ///
    /// # Panics
    /// If λ is not a positive number.
    ///
    /// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.3.
    #[must_use]
    #[track_caller]
    pub fn hold_to_the_past(mut self, lambda: Real) -> Player {
        self.history = Some(History::new(lambda));
        self
    }

    /// Its model.
    pub fn model(&self) -> &dyn Module {
        self.model.as_ref()
    }

    /// Its model, to load a state into.
    pub fn model_mut(&mut self) -> &mut dyn Module {
        self.model.as_mut()
    }

    /// How it learns.
    pub fn optimiser(&self) -> &dyn Optimiser {
        self.optimiser.as_ref()
    }

    #[track_caller]
    pub(crate) fn forward_train(&mut self, x: &Tensor, rng: &mut Rng) -> Tensor {
        self.model.forward_train(x, rng)
    }

    /// One step against the gradient of a loss. Returns the loss's value and the names of the
    /// parameters it does not reach.
    #[track_caller]
    pub fn learn(&mut self, loss: Tensor) -> (Real, Vec<String>) {
        let loss = self.with_own_terms(loss);
        let value = loss.item();
        let gradients = gradients(loss, self.model());
        (value, self.descend(gradients))
    }

    /// One step of two players against the gradient of a loss that they share, found in one sweep.
    /// Returns the loss's value and the names of the parameters it does not reach, by player.
    #[track_caller]
    pub fn learn_together(players: [&mut Player; 2], loss: Tensor) -> (Real, [Vec<String>; 2]) {
        let [a, b] = players;
        let loss = b.with_own_terms(a.with_own_terms(loss));
        let value = loss.item();
        let [in_a, in_b] = gradients_of_each(loss, [a.model(), b.model()]);
        (value, [a.descend(in_a), b.descend(in_b)])
    }

    /// The loss with what this player adds to it of itself.
    fn with_own_terms(&mut self, loss: Tensor) -> Tensor {
        match &mut self.history {
            Some(history) => loss + history.term(self.model.as_ref(), self.taken + 1),
            None => loss,
        }
    }

    /// Moves the weights against these gradients, and notes how far if it is asked.
    #[track_caller]
    fn descend(&mut self, gradients: Gradients) -> Vec<String> {
        if self.effort.is_none() {
            return self.step(gradients);
        }
        let weights = |player: &Player| -> Vec<Tensor> {
            player.model.params().into_iter().map(|param| param.tensor().clone()).collect()
        };
        let gradient = f64::from(global_norm(&gradients));
        // Whoever holds the weights of before keeps them: the step moves a copy.
        let before = weights(self);
        let missing = self.step(gradients);
        let motion = relative_change(&before, &weights(self));
        let effort = self.effort.get_or_insert_default();
        *effort = Effort { gradient, motion: effort.motion + motion };
        missing
    }

    /// Moves the weights against these gradients, no further than they may go. Returns the names
    /// of the parameters without one.
    #[track_caller]
    fn step(&mut self, mut gradients: Gradients) -> Vec<String> {
        if let Some(clip) = self.clip {
            gradients = clip.apply(&gradients);
        }
        if self.schedule != Schedule::Constant {
            self.optimiser.set_learning_rate(self.base_rate * self.schedule.at(self.taken));
        }
        self.taken += 1;
        let missing = self.optimiser.step(self.model.as_mut(), &gradients);
        if let Some(c) = self.weight_bound {
            let clamp = |w: &mut [Real]| w.iter_mut().for_each(|w| *w = w.clamp(-c, c));
            self.model.each_param_mut(&mut |param| param.update(clamp));
        }
        missing
    }
}

/// ‖after - before‖ / ‖after‖ over all numbers of all tensors; 0 if nothing has changed.
fn relative_change(before: &[Tensor], after: &[Tensor]) -> f64 {
    let (mut change, mut length) = (0.0, 0.0);
    for (a, b) in before.iter().zip(after) {
        for (a, b) in a.numbers().iter().zip(b.numbers()) {
            change += (f64::from(*b) - f64::from(*a)).powi(2);
            length += f64::from(*b).powi(2);
        }
    }
    if change == 0.0 { 0.0 } else { (change / length).sqrt() }
}

/// The model, and in `optimiser` what the optimiser remembers and how many steps were taken; in
/// `history` the mean of the weights, if they are held to it.
impl Stateful for Player {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self.model());
        state.within("optimiser", |state| {
            self.optimiser.put(state);
            state.put_counter("steps", self.taken);
        });
        if let Some(history) = &self.history {
            state.within("history", |state| history.put(self.model(), state));
        }
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self.model.as_mut())?;
        state.within("optimiser", |state| {
            self.optimiser.take(self.model.as_ref(), state)?;
            self.taken = state.take_counter("steps")?;
            Ok::<_, StateError>(())
        })?;
        let Player { history: Some(history), model, taken, .. } = self else { return Ok(()) };
        state.within("history", |state| history.take(model.as_ref(), *taken, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sgd;
    use layers::{Init, Linear};

    #[test]
    fn weights_are_brought_back_after_each_step() {
        let layer = Linear::new(3, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let mut player = Player::new(layer, Sgd::new(1.0)).keep_weights_within(0.5);
        let weights = |player: &Player| player.model().params()[0].tensor().numbers().to_vec();
        let slopes = Tensor::new([3, 1], &[0.25, 2.0, -2.0]);
        for expected in [[-0.25, -0.5, 0.5], [-0.5, -0.5, 0.5], [-0.5, -0.5, 0.5]] {
            let loss = (player.model().params()[0].tensor() * &slopes).sum();
            player.learn(loss);
            assert_eq!(weights(&player), expected);
        }
    }

    #[test]
    fn an_effort_is_the_gradient_and_the_way_of_the_weights() {
        let layer = Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let mut player = Player::new(layer, Sgd::new(0.5)).clip(Clip::Value(2.0));
        let slopes = Tensor::new([2, 1], &[3.0, -4.0]);
        let learn = |player: &mut Player| {
            let loss = (player.model().params()[0].tensor() * &slopes).sum();
            player.learn(loss);
        };
        learn(&mut player);
        assert_eq!(player.effort, None);
        // Clipped to (2, -2): from (-1, 1) to (-2, 2), and then on to (-3, 3).
        player.effort = Some(Effort::default());
        learn(&mut player);
        let Effort { gradient, motion } = player.effort.unwrap();
        assert_eq!((gradient, motion), (5.0, 0.5));
        learn(&mut player);
        assert!((player.effort.unwrap().motion - (0.5 + 1.0 / 3.0)).abs() < 1e-6);
    }

    #[test]
    fn a_player_held_to_its_past_goes_less_far_and_goes_on_after_loading() {
        let player = |lambda| {
            let layer = Linear::new(1, 1, Init::Zeros, &mut Rng::new(0, "weights"));
            let player = Player::new(layer, Sgd::new(0.1));
            if lambda > 0.0 { player.hold_to_the_past(lambda) } else { player }
        };
        let step = |player: &mut Player| {
            let params = player.model().params();
            let loss = -(params[0].tensor().sum() + params[1].tensor().sum());
            player.learn(loss);
            f64::from(player.model().params()[0].tensor().item())
        };
        let (mut free, mut held, mut loaded) = (player(0.0), player(1.0), player(1.0));
        // θ ← θ + 0.1 (1 - 2 (θ - θ̄)), by hand.
        let (mut theta, mut past) = (0.0_f64, Vec::new());
        for t in 0..5 {
            past.push(theta);
            let mean = past.iter().sum::<f64>() / past.len() as f64;
            theta += 0.1 * (1.0 - 2.0 * (theta - mean));
            let found = step(&mut held);
            assert!((found - theta).abs() < 1e-6, "{t}: {found} {theta}");
            let alone = step(&mut free);
            assert!(t == 0 || alone > found);
        }
        let mut state = State::new();
        held.put(&mut state);
        layers::restore(&mut loaded, state).unwrap();
        assert_eq!(step(&mut held), step(&mut loaded));
    }

    #[test]
    fn players_that_learn_together_move_as_each_would_alone() {
        let player = |seed| {
            let linear = Linear::new(2, 2, Init::XavierUniform, &mut Rng::new(seed, "weights"));
            let schedule = Schedule::Linear { from: 0, to: 4 };
            Player::new(linear, Sgd::new(0.1)).schedule(schedule).clip(Clip::Value(0.05))
        };
        let x = Tensor::constant(Rng::new(0, "x").normal([3, 2]));
        let loss = |f: &Player, g: &Player| {
            g.model().forward(&f.model().forward(&x).tanh()).square().mean()
        };
        let weights = |player: &Player| layers::to_safetensors(player.model());
        let (mut f, mut g) = (player(0), player(1));
        for _ in 0..3 {
            let (mut alone_f, mut alone_g) = (player(0), player(1));
            for (alone, player) in [(&mut alone_f, &f), (&mut alone_g, &g)] {
                let mut state = State::new();
                player.put(&mut state);
                layers::restore(alone, state).unwrap();
            }
            let (expected, _) = alone_f.learn(loss(&alone_f, &g));
            alone_g.learn(loss(&f, &alone_g));
            let shared = loss(&f, &g);
            let (found, missing) = Player::learn_together([&mut f, &mut g], shared);
            assert_eq!(found, expected);
            assert!(missing.iter().all(Vec::is_empty));
            assert_eq!([weights(&f), weights(&g)], [weights(&alone_f), weights(&alone_g)]);
        }
    }

    #[test]
    fn parameters_that_a_shared_loss_misses_are_named_by_player() {
        let linear = || Linear::new(1, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let (mut f, mut g) =
            (Player::new(linear(), Sgd::new(0.1)), Player::new(linear(), Sgd::new(0.1)));
        let loss = g.model().forward(&Tensor::full([1, 1], 1.0)).sum();
        let (_, missing) = Player::learn_together([&mut f, &mut g], loss);
        assert_eq!(missing, [vec!["weight".to_owned(), "bias".to_owned()], vec![]]);
    }
}
