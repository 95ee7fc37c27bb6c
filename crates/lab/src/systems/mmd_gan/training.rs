//! How does a generator learn by the maximum mean discrepancy?

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::{Adam, Learner, mmd};
use layers::{Module, Param, Sequential, State, StateError, Stateful};

use super::{Form, NOISE, PIXELS, decoder, features, generator};
use crate::figures::{Bitmap, image_grid};
use crate::image_gan::{COLUMNS, ENLARGED};
use crate::training::System;
use crate::{Images, Scaling, ShuffledBatches};

/// Samples in a picture.
const SAMPLES: usize = 64;

/// How far weights of f may be from 0.
const CLIP: Real = 0.1;

/// λ: what a squared error of a pixel costs f and its decoder, for the mean over the pixels.
const LAMBDA: Real = 8.0;

/// f and its decoder, which learn together.
struct Critic {
    features: Sequential,
    decoder: Sequential,
}

/// A generator, perhaps a critic, their digits and their sources of randomness.
pub struct MmdGan {
    form: Form,
    generator: Learner<Sequential>,
    critic: Option<Learner<Critic>>,
    images: Images,
    batches: ShuffledBatches,
    noise: Rng,
    fixed: Array,
}

impl MmdGan {
    /// The players before their first turn. Everything random comes from `seed`.
    ///
    /// # Panics
    /// If the digits are not 28 x 28 x 1, or too few for a batch.
    #[track_caller]
    pub fn new(form: Form, images: Images, batch_size: usize, seed: u64) -> MmdGan {
        let mut weights = Rng::new(seed, "weights");
        let critic = (form == Form::Learnt).then(|| {
            let mut features = features(&mut Rng::new(seed, "weights of f"));
            let mut decoder = decoder(&mut Rng::new(seed, "weights of the decoder"));
            features.each_param_mut(&mut |param| param.move_into("features"));
            decoder.each_param_mut(&mut |param| param.move_into("decoder"));
            Learner::new(Critic { features, decoder }, slow_adam())
        });
        let adam = match form {
            Form::Direct => Adam::new(1e-3),
            Form::Learnt => slow_adam(),
        };
        MmdGan {
            form,
            generator: Learner::new(generator(&mut weights), adam),
            critic,
            batches: ShuffledBatches::new(images.len(), batch_size, seed),
            images,
            noise: Rng::new(seed, "noise"),
            fixed: latent(form, SAMPLES, &mut Rng::new(seed, "pictures")),
        }
    }

    /// So many samples, `[n, 784]` in [0, 1].
    #[must_use]
    pub fn samples(&self, count: usize, rng: &mut Rng) -> Array {
        let noise = Tensor::constant(latent(self.form, count, rng));
        no_grad(|| self.generator.model.forward(&noise)).value().clone()
    }

    /// What f makes of digits or samples `[n, 784]`, if there is an f.
    #[must_use]
    #[track_caller]
    pub fn features(&self, x: &Array) -> Option<Array> {
        let x = Tensor::constant(x.clone());
        let critic = &self.critic.as_ref()?.model;
        Some(no_grad(|| critic.features.forward(&x)).value().clone())
    }
}

/// How the players of the learnt form descend.
fn slow_adam() -> Adam {
    Adam::new(2e-4).betas(0.5, 0.999)
}

/// Noise for a batch, `[n, 10]`.
fn latent(form: Form, count: usize, rng: &mut Rng) -> Array {
    match form {
        Form::Direct => rng.uniform([count, NOISE], -1.0, 1.0),
        Form::Learnt => rng.normal([count, NOISE]),
    }
}

impl Critic {
    /// The mean of (x - decoder(f(x)))² over pixels and samples.
    fn error(&self, x: &Tensor, features: &Tensor) -> Tensor {
        (self.decoder.forward(features) - x).square().mean()
    }

    /// The loss, which falls with a larger discrepancy of what can still be decoded, and the error of
    /// the decoder on the data.
    fn loss(&self, real: &Tensor, fake: &Tensor, widths: &[Real]) -> (Tensor, Real) {
        let (f_real, f_fake) = (self.features.forward(real), self.features.forward(fake));
        let error = self.error(real, &f_real);
        let value = error.item();
        let errors = error + self.error(fake, &f_fake);
        (errors * LAMBDA - mmd::biased(&f_real, &f_fake, widths), value)
    }
}

/// One step of f and its decoder. Returns the error of the decoder on the data.
fn criticise(critic: &mut Learner<Critic>, real: &Tensor, fake: &Tensor, widths: &[Real]) -> Real {
    let (loss, error) = critic.model.loss(real, fake, widths);
    critic.learn(loss);
    critic.model.features.each_param_mut(&mut |param| {
        param.update(|w| w.iter_mut().for_each(|w| *w = w.clamp(-CLIP, CLIP)));
    });
    error
}

/// f and its decoder; as a layer it is x -> decoder(f(x)).
impl Module for Critic {
    fn describe(&self) -> String {
        "Critic".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.decoder.forward(&self.features.forward(x))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.features.each_param(visit);
        self.decoder.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.features.each_param_mut(visit);
        self.decoder.each_param_mut(visit);
    }
}

impl System for MmdGan {
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let places = self.batches.next_batch();
        let count = places.len();
        let real = Tensor::constant(self.images.scaled(places, Scaling::ZeroToOne));
        let real = real.reshape([count, PIXELS]);
        let noise = Tensor::constant(latent(self.form, count, &mut self.noise));
        let widths = self.form.widths();
        let fake = self.generator.model.forward(&noise);
        let (mut said, discrepancy) = match &mut self.critic {
            None => (Vec::new(), mmd::biased(&real, &fake, &widths)),
            Some(critic) => {
                let error = criticise(critic, &real, &fake.detach(), &widths);
                let Critic { features, .. } = &critic.model;
                let f_real = no_grad(|| features.forward(&real));
                let f_fake = features.forward(&fake);
                (vec![("decoder_error", error)], mmd::biased(&f_real, &f_fake, &widths))
            }
        };
        drop(fake);
        said.insert(0, ("loss_mmd2", discrepancy.item()));
        // The slope of √ is infinite at 0, where rounding may lead.
        let loss = match self.form {
            Form::Direct => (discrepancy.relu() + 1e-8).sqrt(),
            Form::Learnt => discrepancy,
        };
        self.generator.learn(loss);
        said
    }

    fn picture(&self) -> Bitmap {
        let samples =
            no_grad(|| self.generator.model.forward(&Tensor::constant(self.fixed.clone())));
        let samples = Array::new([SAMPLES, 28, 28, 1], samples.numbers());
        image_grid(&samples, COLUMNS, Scaling::ZeroToOne).enlarged(ENLARGED)
    }
}

/// The players, what their optimisers remember, where they stand in the data, and the noise.
impl Stateful for MmdGan {
    fn put(&self, state: &mut State<'_>) {
        state.within("generator", |state| self.generator.put(state));
        if let Some(critic) = &self.critic {
            state.within("critic", |state| critic.put(state));
        }
        state.within("data", |state| self.batches.put(state));
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("generator", |state| self.generator.take(state))?;
        if let Some(critic) = &mut self.critic {
            state.within("critic", |state| critic.take(state))?;
        }
        state.within("data", |state| self.batches.take(state))?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::{Init, Linear, restore};

    #[test]
    fn a_saved_training_goes_on_with_the_same_numbers() {
        let digits = Images::embedded_mnist().take(0..100);
        for form in [Form::Direct, Form::Learnt] {
            let fresh = || MmdGan::new(form, digits.clone(), 20, 0);
            let mut gan = fresh();
            (0..6).for_each(|_| drop(gan.step()));
            let mut state = State::new();
            gan.put(&mut state);
            let mut loaded = fresh();
            restore(&mut loaded, state).unwrap();
            for _ in 0..2 {
                assert_eq!(gan.step(), loaded.step(), "{form:?}");
            }
        }
    }

    /// The means over rows of (8 / 3) |x - decoder(f(x))|², real and generated, less MMD² of f(x) with
    /// the widths 1/2 and 1. f and its decoder are linear, from 3 numbers to 2 and back; `w` has their
    /// weights, each matrix before its bias.
    fn objective(w: &[f64], real: &Array, fake: &Array) -> f64 {
        type Rows = Vec<Vec<f64>>;
        let dense = |rows: &Rows, w: &[f64], outputs: usize| -> Rows {
            let one = |x: &Vec<f64>, j: usize| {
                let products = x.iter().enumerate().map(|(i, x)| x * w[i * outputs + j]);
                products.sum::<f64>() + w[x.len() * outputs + j]
            };
            rows.iter().map(|x| (0..outputs).map(|j| one(x, j)).collect()).collect()
        };
        let squared =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let kernel = |a: &[f64], b: &[f64]| {
            (-squared(a, b) / (2.0 * 0.25)).exp() + (-squared(a, b) / 2.0).exp()
        };
        let mean_kernel = |x: &Rows, y: &Rows| {
            let all = x.iter().flat_map(|x| y.iter().map(|y| kernel(x, y)));
            all.sum::<f64>() / (x.len() * y.len()) as f64
        };
        let [(f_real, of_real), (f_fake, of_fake)] = [real, fake].map(|x| {
            let wide = |row: &[Real]| row.iter().map(|x| f64::from(*x)).collect();
            let x: Rows = x.numbers().chunks(3).map(wide).collect();
            let f = dense(&x, &w[..8], 2);
            let back = dense(&f, &w[8..], 3);
            let errors = x.iter().zip(&back).map(|(x, back)| squared(x, back)).sum::<f64>();
            (f, 8.0 / 3.0 * errors / x.len() as f64)
        });
        let within = mean_kernel(&f_real, &f_real) + mean_kernel(&f_fake, &f_fake);
        of_real + of_fake - (within - 2.0 * mean_kernel(&f_real, &f_fake))
    }

    /// The first step of Adam is η = 2e-4 against the sign of each slope, and of the slope g it
    /// remembers (1 - β₁) g and (1 - β₂) g². Then f alone is brought back to ±0.1.
    #[test]
    fn a_step_of_f_and_its_decoder_descends_the_documented_objective() {
        let mut rng = Rng::new(0, "critic");
        let mut linear = |inputs, outputs, name: &str| {
            let init = Init::Normal { std: 0.3 };
            let mut layer = Sequential::new().add(Linear::new(inputs, outputs, init, &mut rng));
            layer.each_param_mut(&mut |param| param.move_into(name));
            layer
        };
        let (features, decoder) = (linear(3, 2, "features"), linear(2, 3, "decoder"));
        let mut critic = Learner::new(Critic { features, decoder }, slow_adam());
        let (real, fake) = (rng.normal([5, 3]), rng.uniform([4, 3], 0.0, 1.0));
        let weights = |critic: &Learner<Critic>| -> Vec<f64> {
            let params = critic.model.params();
            params.iter().flat_map(|p| p.tensor().numbers()).map(|w| f64::from(*w)).collect()
        };
        let start = weights(&critic);
        let [x, y] = [&real, &fake].map(|x| Tensor::constant(x.clone()));
        criticise(&mut critic, &x, &y, &[0.5, 1.0]);
        let (moved, remembered) = (weights(&critic), critic.optimiser().state());
        let moments = |end: &str| -> Vec<f64> {
            let of_kind = remembered.iter().filter(|(name, _)| name.ends_with(end));
            of_kind.flat_map(|(_, numbers)| numbers).copied().collect()
        };
        let (m, v) = (moments(".m"), moments(".v"));
        assert!(m.len() == 17 && start.iter().any(|w| w.abs() > 0.1));
        for i in 0..17 {
            let at = |step: f64| {
                let mut w = start.clone();
                w[i] += step;
                objective(&w, &real, &fake)
            };
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!(
                (m[i] / 0.5 - slope).abs() < 1e-4 + 1e-4 * slope.abs(),
                "{i}: {} {slope}",
                m[i]
            );
            assert!((v[i] / 0.001 - slope.powi(2)).abs() < 1e-4 + 1e-3 * slope.powi(2), "{i}");
            let stepped = start[i] - 2e-4 * slope.signum();
            let expected = if i < 8 { stepped.clamp(-0.1, 0.1) } else { stepped };
            assert!((moved[i] - expected).abs() < 1e-6, "{i}: {} for {expected}", moved[i]);
        }
    }

    #[test]
    fn the_direct_form_brings_samples_nearer_and_f_stays_within_its_bounds() {
        let digits = Images::embedded_mnist().take(0..100);
        let mut gan = MmdGan::new(Form::Direct, digits.clone(), 50, 0);
        let losses: Vec<Real> = (0..30).map(|_| gan.step()[0].1).collect();
        assert!(losses[29] < 0.5 * losses[0], "{losses:?}");
        let mut gan = MmdGan::new(Form::Learnt, digits, 20, 0);
        gan.step();
        let critic = &gan.critic.as_ref().unwrap().model;
        let inside = |param: &&Param| param.tensor().numbers().iter().all(|w| w.abs() <= CLIP);
        assert!(critic.features.params().iter().all(inside));
    }
}
