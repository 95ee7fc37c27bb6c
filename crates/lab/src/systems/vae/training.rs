//! How does an auto-encoder learn, and what can be made of its codes?

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::{Adam, Learner};
use layers::{State, StateError, Stateful};

use super::{Form, PIXELS, Terms, Vae};
use crate::figures::{Bitmap, image_grid};
use crate::image_gan::{COLUMNS, ENLARGED};
use crate::training::System;
use crate::{Images, Scaling, ShuffledBatches};

/// Samples in a picture.
const SAMPLES: usize = 64;

/// Digits whose codes say where codes lie.
const CODED: usize = 1000;

/// The networks with their digits and their sources of randomness.
pub struct Training {
    networks: Learner<Vae>,
    learnt: Images,
    held_back: Images,
    batches: ShuffledBatches,
    noise: Rng,
    fixed: Array,
}

impl Training {
    /// The training before its first step, on nine in ten of the digits. Everything random in it
    /// comes from `seed`.
    ///
    /// # Panics
    /// If the digits are not 28 x 28 x 1, or too few for a batch.
    #[track_caller]
    pub fn new(form: Form, code: usize, digits: &Images, batch_size: usize, seed: u64) -> Training {
        let (held_back, learnt): (Vec<usize>, Vec<usize>) =
            (0..digits.len()).partition(|i| i % 10 == 9);
        let learnt = digits.select(learnt);
        let vae = Vae::new(form, code, &mut Rng::new(seed, "weights"));
        Training {
            networks: Learner::new(vae, Adam::new(1e-3)),
            batches: ShuffledBatches::new(learnt.len(), batch_size, seed),
            learnt,
            held_back: digits.select(held_back),
            noise: Rng::new(seed, "noise"),
            fixed: Rng::new(seed, "pictures").normal([SAMPLES, code]),
        }
    }

    /// The networks.
    pub fn vae(&self) -> &Vae {
        &self.networks.model
    }

    /// The digits that it does not learn from.
    pub fn held_back(&self) -> &Images {
        &self.held_back
    }

    /// Digits decoded from random codes: those of the prior N(0, 1), or, where the plain form has
    /// none, of a Gaussian with the means and deviations of the codes of learnt digits.
    ///
    /// - `noise`: `[n, code]`, N(0, 1); returns `[n, 784]` in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn decoded(&self, noise: &Array) -> Array {
        let noise = Tensor::constant(noise.clone());
        no_grad(|| {
            let z = match self.vae().form() {
                Form::Variational => noise,
                Form::Plain => {
                    let some = rows(&self.learnt, 0..CODED.min(self.learnt.len()));
                    let codes = self.vae().encode(&some);
                    noise * codes.variance_over(0, 0).sqrt() + codes.mean_over(0)
                }
            };
            self.vae().decode(&z).value().clone()
        })
    }

    /// The codes of the held back digits, `[n, code]`, and what is made of them, `[n, 784]`.
    #[must_use]
    pub fn reconstructed(&self) -> [Array; 2] {
        no_grad(|| {
            let z = self.vae().encode(&rows(&self.held_back, 0..self.held_back.len()));
            [z.value().clone(), self.vae().decode(&z).value().clone()]
        })
    }

    /// The terms of the loss on the held back digits: reconstruction and, if there is one,
    /// divergence, in nats a digit.
    #[must_use]
    pub fn held_back_terms(&self, rng: &mut Rng) -> (Real, Option<Real>) {
        let x = rows(&self.held_back, 0..self.held_back.len());
        let Terms { reconstruction, divergence } = no_grad(|| self.vae().terms(&x, rng));
        (reconstruction.item(), divergence.map(|d| d.item()))
    }
}

/// Digits as rows of 784 numbers in [0, 1].
fn rows(digits: &Images, places: impl IntoIterator<Item: std::borrow::Borrow<usize>>) -> Tensor {
    let x = Tensor::constant(digits.scaled(places, Scaling::ZeroToOne));
    x.reshape([x.shape()[0], PIXELS])
}

impl System for Training {
    /// The loss, its terms first; the evidence lower bound is minus the loss.
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let x = rows(&self.learnt, self.batches.next_batch());
        let vae = &self.networks.model;
        let Terms { reconstruction, divergence } = vae.terms(&x, &mut self.noise);
        let mut said = vec![("loss_pixels", reconstruction.item())];
        let loss = match divergence {
            None => reconstruction,
            Some(divergence) => {
                let loss = &reconstruction + &divergence;
                said.extend([("loss_kl", divergence.item()), ("loss", loss.item())]);
                loss
            }
        };
        self.networks.learn(loss);
        said
    }

    fn picture(&self) -> Bitmap {
        let digits = self.decoded(&self.fixed);
        let digits = Array::new([SAMPLES, 28, 28, 1], digits.numbers());
        image_grid(&digits, COLUMNS, Scaling::ZeroToOne).enlarged(ENLARGED)
    }
}

/// The networks, what their optimiser remembers, where they stand in the data, and the noise.
impl Stateful for Training {
    fn put(&self, state: &mut State<'_>) {
        self.networks.put(state);
        state.within("data", |state| self.batches.put(state));
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.networks.take(state)?;
        state.within("data", |state| self.batches.take(state))?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

/// Both networks: enough to encode and decode.
impl Stateful for Vae {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::restore;

    #[test]
    fn both_forms_learn_and_a_saved_training_goes_on_with_the_same_numbers() {
        let digits = Images::embedded_mnist().take(0..200);
        for form in [Form::Plain, Form::Variational] {
            let mut training = Training::new(form, 2, &digits, 20, 0);
            let loss = |training: &mut Training| training.step().last().expect("a loss").1;
            let first = loss(&mut training);
            for _ in 0..11 {
                training.step();
            }
            let mut state = State::new();
            training.put(&mut state);
            let mut loaded = Training::new(form, 2, &digits, 20, 0);
            restore(&mut loaded, state).unwrap();
            assert_eq!(training.step(), loaded.step());
            let last = loss(&mut training);
            assert!(last < 0.6 * first, "{form:?}: {first} to {last}");
        }
    }

    #[test]
    fn codes_of_the_plain_form_are_drawn_where_its_codes_lie() {
        let digits = Images::embedded_mnist().take(0..100);
        let training = Training::new(Form::Plain, 3, &digits, 20, 0);
        let codes = training.vae().encode(&rows(&training.learnt, 0..90));
        let mean = codes.mean_over(0).reshape([1, 3]);
        let found = training.decoded(&Array::zeros([1, 3]));
        let expected = training.vae().decode(&mean);
        let near = |(a, b): (&Real, &Real)| (a - b).abs() < 1e-6;
        assert!(found.numbers().iter().zip(expected.numbers()).all(near));
        let moved = training.decoded(&Array::full([1, 3], 1.0));
        assert!(moved.numbers() != found.numbers());
    }
}
