//! What does a model become whose weights are averaged over the training?

use autograd::Real;
use layers::{Module, State, StateError, Stateful};

/// A second model whose weights are an exponential moving average of those of a model that learns:
///
/// ā ← β_t ā + (1 - β_t) w,   β_t = min(β, (1 + t) / (10 + t)),   t = 1, 2, ...
///
/// after the learning model's step t. The weights of a game go round their goal rather than to it;
/// their average is nearer. β_t grows with t, so that the start is forgotten: at β = 0.999 the
/// limit is reached after 9000 steps. Statistics, such as a running mean, are averages already and
/// are copied.
///
/// Source: Polyak, Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging", for the
/// idea; β_t is that of TensorFlow's `ExponentialMovingAverage` with `num_updates`.
pub struct Average {
    model: Box<dyn Module>,
    decay: Real,
    followed: u64,
}

impl Average {
    /// The average before any step. `copy` is a model like that which will be followed; its
    /// numbers become those of `model`.
    ///
    /// # Panics
    /// If β is not in [0, 1), or the two models are not alike.
    #[track_caller]
    pub fn new(copy: impl Module + 'static, model: &dyn Module, decay: Real) -> Average {
        assert!((0.0..1.0).contains(&decay), "average: the decay {decay} is not in [0, 1)");
        let mut average = Average { model: Box::new(copy), decay, followed: 0 };
        average.blend(model, 0.0);
        average
    }

    /// Takes in the weights of the model that learns, after one of its steps.
    ///
    /// # Panics
    /// If the model is not like the one that the average began with.
    #[track_caller]
    pub fn follow(&mut self, model: &dyn Module) {
        self.followed += 1;
        self.blend(model, self.decay_at(self.followed));
    }

    /// β_t
    fn decay_at(&self, t: u64) -> Real {
        let t = t as f64;
        self.decay.min(((1.0 + t) / (10.0 + t)) as Real)
    }

    /// ā ← β ā + (1 - β) w
    #[track_caller]
    fn blend(&mut self, model: &dyn Module, decay: Real) {
        let params = model.params();
        let mut statistics = Vec::new();
        model.each_statistic(&mut |statistic| statistics.push(statistic));
        let mut params = params.into_iter();
        self.model.each_param_mut(&mut |average| {
            let param = params.next().filter(|param| {
                let same_shape = param.tensor().shape() == average.tensor().shape();
                param.name() == average.name() && same_shape
            });
            let param = param.unwrap_or_else(|| unlike(average.name()));
            let numbers = param.tensor().numbers();
            average.update(|a| {
                a.iter_mut().zip(numbers).for_each(|(a, w)| *a = decay * *a + (1.0 - decay) * w);
            });
        });
        if let Some(param) = params.next() {
            unlike(param.name());
        }
        let mut statistics = statistics.into_iter();
        self.model.each_statistic_mut(&mut |copy| {
            let of_model = statistics.next().filter(|of_model| of_model.name() == copy.name());
            copy.value = of_model.unwrap_or_else(|| unlike(copy.name())).value.clone();
        });
    }

    /// The model with the averaged weights, to be used.
    pub fn model(&self) -> &dyn Module {
        self.model.as_ref()
    }
}

#[track_caller]
fn unlike(name: &str) -> ! {
    panic!(
        "average: `{name}` is not in both models, or not of one shape\n  \
         hint: make the copy with the function that made the model"
    )
}

impl Stateful for Average {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self.model());
        state.put_counter("followed", self.followed);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self.model.as_mut())?;
        self.followed = state.take_counter("followed")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Rng, Tensor};
    use layers::{BatchNorm, Init, Linear, Sequential, restore};

    fn model(seed: u64) -> Sequential {
        let mut rng = Rng::new(seed, "weights");
        Sequential::new()
            .add(Linear::new(2, 3, Init::Normal { std: 1.0 }, &mut rng))
            .add(BatchNorm::pytorch(3))
    }

    fn weight(model: &dyn Module) -> f64 {
        model.params()[0].tensor().numbers()[0].into()
    }

    fn set(model: &mut Sequential, value: Real) {
        model.each_param_mut(&mut |param| param.update(|w| w.fill(value)));
    }

    #[test]
    fn documented_formula_matches() {
        let (mut learning, decay) = (model(0), 0.3);
        let mut average = Average::new(model(1), &learning, decay);
        let mut expected = weight(&learning);
        assert_eq!(weight(average.model()), expected, "the copy's own numbers are gone");
        for t in 1..=6 {
            let w = (t * t) as Real;
            set(&mut learning, w);
            average.follow(&learning);
            let t = f64::from(t);
            let beta = f64::from(decay).min((1.0 + t) / (10.0 + t));
            expected = beta * expected + (1.0 - beta) * f64::from(w);
            let found = weight(average.model());
            assert!((found - expected).abs() < 1e-5 * expected, "{t}: {found} {expected}");
        }
    }

    #[test]
    fn statistics_are_copied() {
        let mut learning = model(0);
        // With β = 0 the weights are the same to the last bit.
        let mut average = Average::new(model(0), &learning, 0.0);
        let mut rng = Rng::new(0, "data");
        let x = Tensor::constant(rng.normal([8, 2]));
        let _ = learning.forward_train(&x, &mut rng);
        assert_ne!(average.model().forward(&x).numbers(), learning.forward(&x).numbers());
        average.follow(&learning);
        assert_eq!(average.model().forward(&x).numbers(), learning.forward(&x).numbers());
    }

    #[test]
    fn a_loaded_average_goes_on_in_the_same_way() {
        let mut learning = model(0);
        let mut saved = Average::new(model(1), &learning, 0.9);
        set(&mut learning, 2.0);
        saved.follow(&learning);
        let mut state = State::new();
        saved.put(&mut state);
        let mut loaded = Average::new(model(2), &model(3), 0.9);
        restore(&mut loaded, state).unwrap();
        set(&mut learning, -1.0);
        saved.follow(&learning);
        loaded.follow(&learning);
        assert_eq!(weight(saved.model()), weight(loaded.model()));
    }

    #[test]
    #[should_panic(expected = "average: `0.weight` is not in both models, or not of one shape")]
    fn another_model_is_refused() {
        let other = Linear::new(3, 3, Init::Zeros, &mut Rng::new(0, "weights"));
        let _ = Average::new(Sequential::new().add(other), &model(0), 0.9);
    }
}
