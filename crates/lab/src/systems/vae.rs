//! What exactly are the auto-encoder and the variational auto-encoder of digits?
//!
//! Kingma, Welling 2014, "Auto-Encoding Variational Bayes", §5, with ReLU for the paper's tanh,
//! a second hidden layer, and Adam for Adagrad. Digits as rows of 784 numbers in [0, 1]; c is the
//! size of the code.
//!
//! | | |
//! |---|---|
//! | encoder | 784 -> 512, ReLU; -> 256, ReLU; -> 2 c: μ and ln σ². The auto-encoder's: -> c, the code |
//! | decoder | c -> 256, ReLU; -> 512, ReLU; -> 784, logits of Bernoulli means |
//! | prior | N(0, 1) of each coordinate |
//! | batch | 100 |
//! | Adam | 1e-3, β (0.9, 0.999) |
//! | start | Kaiming's normal weights, before μ, ln σ², the code and the logits Xavier's; biases 0 |
//!
//! The loss of the variational form is minus the evidence lower bound, eq. 7 and 10 with one
//! sample of each code:
//!
//! L = -(1/n) Σ_i ln p(x_i | z_i) + KL( N(μ_i, σ_i²) || N(0, 1) ),  z = μ + σ ε.
//!
//! The auto-encoder's is its first term with the code for z. The first term is Bernoulli's
//! cross-entropy, summed over the pixels; the grey of a pixel is taken as its probability.

mod gaussian;
mod training;

use autograd::{Array, Rng, Tensor};
use layers::{Activation, Init, Linear, Module, Param, Sequential};
use serde::{Deserialize, Serialize};

pub use gaussian::{kl_to_standard_normal, reparameterise};
pub use training::Training;

/// Digits in a batch.
pub const BATCH_SIZE: usize = 100;

/// Numbers in a code.
pub const CODE: usize = 20;

/// Numbers in a digit.
const PIXELS: usize = 28 * 28;

/// What an encoder says of a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A code.
    Plain,
    /// A Gaussian of codes.
    Variational,
}

/// An encoder and a decoder.
pub struct Vae {
    form: Form,
    code: usize,
    encoder: Sequential,
    decoder: Sequential,
}

/// What the loss is made of, each `[]`, in nats a digit.
pub struct Terms {
    /// -(1/n) Σ_i ln p(x_i | z_i).
    pub reconstruction: Tensor,
    /// (1/n) Σ_i KL( N(μ_i, σ_i²) || N(0, 1) ); none for the plain form.
    pub divergence: Option<Tensor>,
}

impl Vae {
    /// The two networks before they have learnt anything.
    pub fn new(form: Form, code: usize, rng: &mut Rng) -> Vae {
        let mut hidden = |inputs, outputs| Linear::new(inputs, outputs, Init::KaimingNormal, rng);
        let encoder = Sequential::new()
            .add(hidden(PIXELS, 512))
            .add(Activation::Relu)
            .add(hidden(512, 256))
            .add(Activation::Relu);
        let decoder = Sequential::new()
            .add(hidden(code, 256))
            .add(Activation::Relu)
            .add(hidden(256, 512))
            .add(Activation::Relu);
        let said = if form == Form::Plain { code } else { 2 * code };
        let mut encoder = encoder.add(Linear::new(256, said, Init::XavierNormal, rng));
        let mut decoder = decoder.add(Linear::new(512, PIXELS, Init::XavierNormal, rng));
        for (name, layers) in [("encoder", &mut encoder), ("decoder", &mut decoder)] {
            layers.each_param_mut(&mut |param| param.move_into(name));
        }
        Vae { form, code, encoder, decoder }
    }

    /// What its encoder says of a digit.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Numbers in a code.
    pub fn code_size(&self) -> usize {
        self.code
    }

    /// The code of each digit, `[n, 784]` to `[n, code]`: the mean of its Gaussian, if it has one.
    #[must_use]
    #[track_caller]
    pub fn encode(&self, x: &Tensor) -> Tensor {
        self.encoder.forward(x).slice(1, ..self.code)
    }

    /// The grey of each pixel, in [0, 1], for codes `[n, code]`: `[n, 784]`.
    #[must_use]
    #[track_caller]
    pub fn decode(&self, z: &Tensor) -> Tensor {
        self.decoder.forward(z).sigmoid()
    }

    /// The terms of the loss on digits `[n, 784]` in [0, 1].
    #[must_use]
    #[track_caller]
    pub fn terms(&self, x: &Tensor, rng: &mut Rng) -> Terms {
        let said = self.encoder.forward(x);
        let (z, divergence) = match self.form {
            Form::Plain => (said, None),
            Form::Variational => {
                let (mean, log_variance) = (said.slice(1, ..self.code), said.slice(1, self.code..));
                let noise: Array = rng.normal(*mean.shape());
                let z = reparameterise(&mean, &log_variance, &noise);
                (z, Some(kl_to_standard_normal(&mean, &log_variance)))
            }
        };
        // The op is the mean over pixels and digits.
        let reconstruction =
            self.decoder.forward(&z).binary_cross_entropy(x) * PIXELS as autograd::Real;
        Terms { reconstruction, divergence }
    }
}

/// Both networks, the encoder first. As a layer it is x -> decode(encode(x)).
impl Module for Vae {
    fn describe(&self) -> String {
        format!("{:?} auto-encoder with {} numbers in a code", self.form, self.code)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.decode(&self.encode(x))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.encoder.each_param(visit);
        self.decoder.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.encoder.each_param_mut(visit);
        self.decoder.each_param_mut(visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_formula_matches() {
        let x = Tensor::constant(Rng::new(0, "digits").uniform([3, PIXELS], 0.0, 1.0));
        let vae = Vae::new(Form::Variational, 4, &mut Rng::new(0, "weights"));
        let terms = vae.terms(&x, &mut Rng::new(0, "noise"));
        let said = vae.encoder.forward(&x);
        let noise = Rng::new(0, "noise").normal([3, 4]);
        let z = reparameterise(&said.slice(1, ..4), &said.slice(1, 4..), &noise);
        let p = vae.decode(&z);
        let bits = x.numbers().iter().zip(p.numbers()).map(|(x, p)| (f64::from(*x), f64::from(*p)));
        let likelihood: f64 = bits.map(|(x, p)| x * p.ln() + (1.0 - x) * (1.0 - p).ln()).sum();
        let found = f64::from(terms.reconstruction.item());
        assert!((found / (-likelihood / 3.0) - 1.0).abs() < 1e-4, "{found} {likelihood}");
        assert!(terms.divergence.expect("it is variational").item() > 0.0);
    }

    #[test]
    fn the_networks_have_the_sizes_of_the_table() {
        let layer = |i: usize, o: usize| (i + 1) * o;
        for (form, said) in [(Form::Plain, CODE), (Form::Variational, 2 * CODE)] {
            let vae = Vae::new(form, CODE, &mut Rng::new(0, "weights"));
            let expected = layer(784, 512)
                + layer(512, 256)
                + layer(256, said)
                + layer(CODE, 256)
                + layer(256, 512)
                + layer(512, 784);
            assert_eq!(vae.param_count(), expected);
        }
    }
}
