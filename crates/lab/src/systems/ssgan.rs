//! What exactly is the semi-supervised GAN?
//!
//! A few images have labels, all others have none, and a classifier learns from both: from the
//! labels what the classes are, and from a generator what images are. Two games do this.
//!
//! **Feature matching**, for MNIST as in Salimans et al. 2016, "Improved Techniques for Training
//! GANs", §6.1:
//!
//! | generator | | classifier | |
//! |---|---|---|---|
//! | noise U(-1, 1) | 100 | image; noise N(0, 0.3²) | 784 |
//! | linear, softplus, batch norm | 500 | linear, weight norm, ReLU; noise N(0, 0.5²) | 1000 |
//! | linear, softplus, batch norm | 500 | the same | 500 |
//! | linear, sigmoid | 784 | the same, three times; the last one's ReLU are the **features** | 250 |
//! | | | linear, weight norm | 10 |
//!
//! Batches of 100 labelled, 100 other and 100 generated images; Adam, 3e-3, β₁ 0.5, both players.
//! Gains of the hidden layers are chosen by the first batch and kept. Errors are those of averaged
//! weights. For CIFAR-10 both players have convolutions: the classifier three of 5 x 5, stride 2, with
//! w, 2 w and 4 w channels, the generator three transposed ones of 4 x 4.
//!
//! **n + 1 classes**, a widely copied program for CIFAR-10:
//!
//! | generator, MNIST | output | CIFAR-10 | output |
//! |---|---|---|---|
//! | transposed conv 2 x 2, 100 -> 100, ReLU | 2 x 2 x 100 | 2 x 2, 100 -> 384, ReLU | 2 x 2 x 384 |
//! | 3 x 3, stride 2, ReLU | 5 x 5 x 25 | 4 x 4, stride 2, ReLU | 6 x 6 x 128 |
//! | 4 x 4, stride 2, ReLU | 12 x 12 x 6 | 4 x 4, stride 2, ReLU | 14 x 14 x 64 |
//! | 6 x 6, stride 2, tanh | 28 x 28 x 1 | 6 x 6, stride 2, tanh | 32 x 32 x 3 |
//!
//! | classifier, w = 32 for MNIST and 64 for CIFAR-10 | |
//! |---|---|
//! | conv 5 x 5, stride 2, same; LeakyReLU 0.2; batch norm; dropout 0.5 | w |
//! | the same | 2 w |
//! | the same | 4 w |
//! | linear | 11 |
//!
//! Batches of 64; Adam, β₁ 0.5, 1e-4 for G and half of it for D; gradients within a global norm of 20;
//! five steps of G after each of D. [`ExtraClass`] says what is printed wrong.

mod classifier;
mod extra_class;
mod feature_matching;
mod labels;
mod setup;
mod supervised;

use autograd::{Array, Real, Rng, Tensor, no_grad};
use clap::ValueEnum;
use gan::Latent;
use layers::{Module, State, StateError, Stateful};
use serde::{Deserialize, Serialize};

pub use classifier::Classifier;
pub use extra_class::ExtraClass;
pub use feature_matching::FeatureMatching;
pub use labels::{PartlyLabelled, balanced};
pub use setup::{Game, Setup, divided, load};
pub use supervised::Supervised;

use crate::figures::{Bitmap, image_grid};
use crate::image_gan::{COLUMNS, ENLARGED};
use crate::systems::lenet::CLASSES;
use crate::training::System;
use crate::{Images, Scaling};

/// Numbers of noise for each sample.
const NOISE: usize = 100;

/// Samples in a picture.
const SAMPLES: usize = 64;

/// Images that are classified at once.
const AT_ONCE: usize = 500;

/// What is to be classified, into ten classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Dataset {
    /// Digits, 28 x 28 x 1.
    #[value(name = "MNIST")]
    Mnist,
    /// Things and animals, 32 x 32 x 3.
    #[value(name = "CIFAR10")]
    Cifar10,
}

impl Dataset {
    /// Height, width and channels of an image.
    pub fn image(self) -> [usize; 3] {
        match self {
            Dataset::Mnist => [28, 28, 1],
            Dataset::Cifar10 => [32, 32, 3],
        }
    }
}

/// A generator and a classifier that learn from partly labelled images.
pub trait Players: Stateful + Send {
    /// One turn of the game; its losses.
    fn turn(&mut self, data: &mut PartlyLabelled, rng: &mut Rng) -> Vec<(&'static str, Real)>;

    /// The generator: from noise `[n, 100]` to images `[n, height, width, channels]`.
    fn generator(&self) -> &dyn Module;

    /// The classifier as it is used: from images to logits, those of the classes first.
    fn classifier(&self) -> &dyn Module;

    /// The range of their images.
    fn scaling(&self) -> Scaling;
}

/// How often images of class i (row) are taken for class j (column) by the logits of a classifier.
///
/// # Panics
/// If the images have no labels.
pub fn confusion(
    classifier: &dyn Module,
    images: &Images,
    scaling: Scaling,
) -> [[usize; CLASSES]; CLASSES] {
    let labels = images.labels().expect("what is classified has labels");
    let mut counts = [[0; CLASSES]; CLASSES];
    for first in (0..images.len()).step_by(AT_ONCE) {
        let part = first..(first + AT_ONCE).min(images.len());
        let x = Tensor::constant(images.scaled(part.clone(), scaling));
        let logits = no_grad(|| classifier.forward(&x));
        let width = logits.shape()[1];
        for (row, label) in logits.numbers().chunks_exact(width).zip(&labels[part]) {
            // A logit of being fake is no answer here.
            let better = |best: usize, j: usize| if row[j] > row[best] { j } else { best };
            counts[usize::from(*label)][(0..CLASSES).fold(0, better)] += 1;
        }
    }
    counts
}

/// The share of images that are not on the diagonal.
pub fn error(confusion: &[[usize; CLASSES]; CLASSES]) -> f64 {
    1.0 - crate::systems::lenet::accuracy(confusion)
}

/// Players with their data and their source of randomness.
pub struct SsGan {
    players: Box<dyn Players>,
    data: PartlyLabelled,
    test: Images,
    /// Turns from one measurement of the error to the next.
    measure_every: u64,
    taken: u64,
    /// As it was last measured.
    error: Real,
    noise: Rng,
    fixed: Array,
}

impl SsGan {
    /// The game before its first turn. `test` is what errors are measured on; nothing is learnt from
    /// it, nor is anything chosen by it.
    pub fn new(
        players: Box<dyn Players>,
        data: PartlyLabelled,
        test: Images,
        measure_every: u64,
        seed: u64,
    ) -> SsGan {
        let fixed =
            Latent::Uniform { size: NOISE }.sample(SAMPLES, &mut Rng::new(seed, "pictures"));
        let noise = Rng::new(seed, "noise");
        SsGan { players, data, test, measure_every, taken: 0, error: 1.0, noise, fixed }
    }

    /// What the test images are taken for.
    pub fn confusion(&self) -> [[usize; CLASSES]; CLASSES] {
        confusion(self.players.classifier(), &self.test, self.players.scaling())
    }

    /// The players.
    pub fn players(&self) -> &dyn Players {
        self.players.as_ref()
    }

    /// What they learn from.
    pub fn data(&self) -> &PartlyLabelled {
        &self.data
    }

    /// What errors are measured on.
    pub fn test(&self) -> &Images {
        &self.test
    }
}

impl System for SsGan {
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let mut numbers = self.players.turn(&mut self.data, &mut self.noise);
        if self.taken.is_multiple_of(self.measure_every) {
            self.error = error(&self.confusion()) as Real;
        }
        self.taken += 1;
        numbers.push(("error", self.error));
        numbers
    }

    fn picture(&self) -> Bitmap {
        let noise = Tensor::constant(self.fixed.clone());
        let samples = no_grad(|| self.players.generator().forward(&noise));
        image_grid(samples.value(), COLUMNS, self.players.scaling()).enlarged(ENLARGED)
    }
}

/// The players, where they stand in the data, the noise, and the error as it was last measured.
impl Stateful for SsGan {
    fn put(&self, state: &mut State<'_>) {
        self.players.put(state);
        state.within("data", |state| self.data.put(state));
        state.put_stream("noise", &self.noise);
        state.put_counter("taken", self.taken);
        state.put("error", &Array::scalar(self.error));
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.players.take(state)?;
        state.within("data", |state| self.data.take(state))?;
        self.noise = state.take_stream("noise")?;
        self.taken = state.take_counter("taken")?;
        self.error = state.take("error", *Array::scalar(0.0).shape())?.item();
        Ok(())
    }
}

impl Stateful for Box<dyn Players> {
    fn put(&self, state: &mut State<'_>) {
        self.as_ref().put(state);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.as_mut().take(state)
    }
}

#[cfg(test)]
mod tests;
