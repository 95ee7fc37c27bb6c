//! What exactly are the generators that learn by the maximum mean discrepancy?
//!
//! Two forms. The **direct** one is the generative moment matching network of Li, Swersky, Zemel
//! 2015, §3: no discriminator, the loss is √ of the biased MMD² between a batch of samples and one
//! of data. The **learnt** one is the MMD GAN of Li et al. 2017, "MMD GAN: Towards Deeper
//! Understanding of Moment Matching Network", Algorithm 1: the kernel compares features f(x), and f
//! learns to make the discrepancy large, while a decoder keeps it from forgetting its input:
//!
//! min_G max_f  MMD²( f(x), f(G(z)) ) - λ E |x - decoder(f(x))|² - λ E |G(z) - decoder(f(G(z)))|².
//!
//! Digits are rows of 784 numbers in [0, 1].
//!
//! | | |
//! |---|---|
//! | noise | U(-1, 1), 10 numbers; learnt: N(0, 1) |
//! | generator | 10 -> 64 -> 256 -> 256 -> 1024 -> 784, ReLU between, sigmoid |
//! | f, learnt | 784 -> 256 -> 256 -> 16, leaky ReLU 0.2 between |
//! | decoder, learnt | 16 -> 256 -> 784, leaky ReLU 0.2 between, sigmoid |
//! | widths σ | 1, 2, 4, 8, 16; learnt: 1, √2, 2, √8, 4 |
//! | batch | 200 |
//! | direct | Adam 1e-3, β (0.9, 0.999) |
//! | learnt | Adam 2e-4, β (0.5, 0.999), both players; weights of f clipped to ±0.1, λ = 8 / 784, a step of f and one of G a turn |
//! | start | Kaiming's normal weights, Xavier's in each last layer; biases 0 |
//!
//! The widths of the direct form are made for distances of digits, about 10. The MMD² that the
//! learnt form maximises and minimises is the biased estimate too. The paper has five steps of f a
//! turn, RMSProp 5e-5 and clips to ±0.01.

mod training;

use autograd::{Real, Rng};
use layers::{Activation, Init, Linear, Sequential};
use serde::{Deserialize, Serialize};

pub use training::MmdGan;

/// Digits in a batch.
pub const BATCH_SIZE: usize = 200;

/// Numbers of noise for each sample.
pub const NOISE: usize = 10;

/// Numbers in a digit.
const PIXELS: usize = 28 * 28;

/// Numbers of f(x).
const FEATURES: usize = 16;

/// What the kernel compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Digits.
    #[default]
    Direct,
    /// Features of digits that are learnt.
    Learnt,
}

impl Form {
    /// The widths σ of its kernel.
    pub fn widths(self) -> [Real; 5] {
        match self {
            Form::Direct => [1.0, 2.0, 4.0, 8.0, 16.0],
            Form::Learnt => [1, 2, 4, 8, 16].map(|square: u8| Real::from(square).sqrt()),
        }
    }
}

fn generator(rng: &mut Rng) -> Sequential {
    dense(&[NOISE, 64, 256, 256, 1024, PIXELS], Activation::Relu, rng).add(Activation::Sigmoid)
}

fn features(rng: &mut Rng) -> Sequential {
    dense(&[PIXELS, 256, 256, FEATURES], Activation::LeakyRelu(0.2), rng)
}

fn decoder(rng: &mut Rng) -> Sequential {
    dense(&[FEATURES, 256, PIXELS], Activation::LeakyRelu(0.2), rng).add(Activation::Sigmoid)
}

/// Dense layers from each size to the next, with an activation between them.
fn dense(sizes: &[usize], between: Activation, rng: &mut Rng) -> Sequential {
    let last = sizes.len() - 2;
    let steps = sizes.windows(2).enumerate();
    steps.fold(Sequential::new(), |layers, (i, size)| {
        if i < last {
            layers.add(Linear::new(size[0], size[1], Init::KaimingNormal, rng)).add(between)
        } else {
            layers.add(Linear::new(size[0], size[1], Init::XavierNormal, rng))
        }
    })
}
