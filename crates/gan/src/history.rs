//! What if a player is held to its past?

use autograd::{Array, Real, Tensor};
use layers::{Module, State, StateError};

/// Historical averaging: a term of a player's own loss that draws its weights to the mean of all
/// that they have been,
///
/// λ ‖θ - θ̄‖²,   θ̄ = (1/t) Σ_{i ≤ t} θ[i],
///
/// where θ[i] are the weights before its step i, the present ones among them. θ̄ counts as a constant.
///
/// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.3.
pub(crate) struct History {
    weight: Real,
    /// θ̄ by parameter; nothing before the first step.
    mean: Vec<Array>,
}

impl History {
    /// No past yet.
    ///
    /// # Panics
    /// If λ is not a positive number.
    #[track_caller]
    pub(crate) fn new(weight: Real) -> History {
        let fine = weight > 0.0 && weight.is_finite();
        assert!(fine, "historical averaging: λ = {weight} is not a positive number");
        History { weight, mean: Vec::new() }
    }

    /// The term before step t = 1, 2, ..., whose weights become a part of the past.
    pub(crate) fn term(&mut self, model: &dyn Module, t: u64) -> Tensor {
        let params = model.params();
        if self.mean.is_empty() {
            self.mean = params.iter().map(|param| param.tensor().value().clone()).collect();
        }
        let part = 1.0 / t as Real;
        let mut distance = Tensor::scalar(0.0);
        for (param, mean) in params.iter().zip(&mut self.mean) {
            let now = param.tensor().numbers();
            let numbers = mean.numbers_mut().iter_mut().zip(now);
            numbers.for_each(|(mean, now)| *mean += part * (now - *mean));
            let away = param.tensor() - Tensor::constant(mean.clone());
            distance = distance + away.square().sum();
        }
        self.weight * distance
    }

    pub(crate) fn put(&self, model: &dyn Module, state: &mut State<'_>) {
        let params = model.params();
        params.iter().zip(&self.mean).for_each(|(param, mean)| state.put(param.name(), mean));
    }

    /// Takes back the past of so many steps.
    pub(crate) fn take(
        &mut self,
        model: &dyn Module,
        steps: u64,
        state: &mut State<'_>,
    ) -> Result<(), StateError> {
        let params = if steps == 0 { Vec::new() } else { model.params() };
        let mean = params.iter().map(|param| state.take(param.name(), *param.tensor().shape()));
        self.mean = mean.collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;
    use layers::{Init, Linear, gradients};

    #[test]
    fn documented_formula_matches() {
        let mut model = Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let mut history = History::new(0.5);
        let mut past: Vec<f64> = Vec::new();
        for t in 1..6 {
            // Two weights and a bias that are all the same.
            let theta = f64::from(t * t);
            model.each_param_mut(&mut |param| param.update(|w| w.fill(theta as Real)));
            past.push(theta);
            let mean = past.iter().sum::<f64>() / past.len() as f64;
            let term = history.term(&model, t as u64);
            let expected = 0.5 * 3.0 * (theta - mean).powi(2);
            assert!((f64::from(term.item()) - expected).abs() <= 1e-5 * expected, "{t}");
            let slopes = gradients(term, &model);
            for slope in slopes.iter().flat_map(Tensor::numbers) {
                assert!((f64::from(*slope) - (theta - mean)).abs() <= 1e-5 * theta, "{t}");
            }
        }
    }
}
