//! What exactly is the LeNet that reads digits?
//!
//! LeNet-5 of LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document
//! recognition", §II.B and figure 2, as it is built today: ReLU for the scaled tanh, maxima for
//! the trained averages, every map of C3 connected with every map of S2, and softmax for the
//! radial basis functions at the end. Digits of 28 x 28 x 1 in [-1, 1].
//!
//! | layer | output |
//! |---|---|
//! | C1, S2: conv 5 x 5, 1 -> 6, same, ReLU; max-pool 2 | 14 x 14 x 6 |
//! | C3, S4: conv 5 x 5 -> 16, valid, ReLU; max-pool 2; flatten | 5 x 5 x 16 |
//! | C5: linear 400 -> 120, ReLU | 120 |
//! | F6: linear -> 84, ReLU: the **features** | 84 |
//! | linear -> 10, logits | 10 |
//!
//! | | |
//! |---|---|
//! | loss | softmax cross-entropy |
//! | batch | 64, shuffled in every epoch |
//! | Adam | 2e-3 at the start, along half a cosine to 0 at the end |
//! | digits | moved by up to 2 pixels each way, anew each time they are seen |
//! | start | Kaiming's normal weights, in the last layer Xavier's; biases 0 |

mod training;

use std::ops::Range;

use autograd::{Array, Padding, Real, Rng, Tensor, no_grad};
use layers::{
    Activation, Conv2d, Flatten, Init, Linear, MaxPool2d, Module, Param, Sequential, StateError,
    Statistic, from_safetensors,
};

use crate::{Images, Scaling};

pub use training::{BATCH_SIZE, Training};

/// An image: height, width, channels.
pub const IMAGE: [usize; 3] = [28, 28, 1];

/// Digits, from 0 to 9.
pub const CLASSES: usize = 10;

/// Numbers in a digit's features.
pub const FEATURES: usize = 84;

/// How many images are read at once: enough to fill the threads, few enough for the caches.
const READ_AT_ONCE: usize = 250;

/// The network.
pub struct LeNet {
    layers: Sequential,
    /// Saved with the weights, so that a file says how good its network is.
    accuracy: Statistic,
}

/// What the network makes of some images.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The probability of each class, `[n, 10]`.
    pub beliefs: Array,
    /// The numbers that they are computed from, `[n, 84]`.
    pub features: Array,
}

impl Reading {
    /// The most probable class of each image, the first of equals, and its probability.
    pub fn answers(&self) -> Vec<(usize, Real)> {
        let answer = |row: &[Real]| {
            let better =
                |best: (usize, Real), new: (usize, Real)| if new.1 > best.1 { new } else { best };
            row.iter().copied().enumerate().fold((0, row[0]), better)
        };
        self.beliefs.numbers().chunks_exact(CLASSES).map(answer).collect()
    }

    /// How often images of class i (row) are read as class j (column).
    ///
    /// # Panics
    /// If there are not as many labels as images, or one is above 9.
    #[track_caller]
    pub fn confusion(&self, labels: &[u8]) -> [[usize; CLASSES]; CLASSES] {
        let answers = self.answers();
        let (n, given) = (answers.len(), labels.len());
        assert!(n == given, "confusion: {n} images but {given} labels");
        let mut counts = [[0; CLASSES]; CLASSES];
        for ((answer, _), label) in answers.into_iter().zip(labels) {
            counts[usize::from(*label)][answer] += 1;
        }
        counts
    }
}

/// The share of images that are read as what they are: those on the diagonal. 0 of no images.
pub fn accuracy(confusion: &[[usize; CLASSES]; CLASSES]) -> f64 {
    let right: usize = (0..CLASSES).map(|i| confusion[i][i]).sum();
    right as f64 / confusion.as_flattened().iter().sum::<usize>().max(1) as f64
}

impl LeNet {
    /// The network before it has learnt anything.
    pub fn new(rng: &mut Rng) -> LeNet {
        let init = Init::KaimingNormal;
        let layers = Sequential::new()
            .add(Conv2d::new(1, 6, [5, 5], init, rng).padding(Padding::Same))
            .add(Activation::Relu)
            .add(MaxPool2d::new(2))
            .add(Conv2d::new(6, 16, [5, 5], init, rng))
            .add(Activation::Relu)
            .add(MaxPool2d::new(2))
            .add(Flatten)
            .add(Linear::new(400, 120, init, rng))
            .add(Activation::Relu)
            .add(Linear::new(120, FEATURES, init, rng))
            .add(Activation::Relu)
            .add(Linear::new(FEATURES, CLASSES, Init::XavierNormal, rng));
        LeNet { layers, accuracy: Statistic::new("accuracy", Array::scalar(0.0)) }
    }

    /// A network whose numbers are in this safetensors file.
    ///
    /// # Errors
    /// If the file does not hold exactly its tensors.
    pub fn load(bytes: &[u8]) -> Result<LeNet, StateError> {
        let mut net = LeNet::new(&mut Rng::new(0, "weights"));
        from_safetensors(&mut net, bytes)?;
        Ok(net)
    }

    /// The share of test digits that it read right when it was trained; 0 if it was not.
    pub fn accuracy(&self) -> f64 {
        self.accuracy.value.item().into()
    }

    /// Reads images `[n, 28, 28, 1]` in [-1, 1].
    ///
    /// # Panics
    /// If the shape is another.
    #[must_use]
    #[track_caller]
    pub fn read(&self, images: &Array) -> Reading {
        let shape = images.shape();
        assert!(shape.len() == 4 && shape[1..] == IMAGE, "lenet: {shape} is not [n, 28, 28, 1]");
        let x = Tensor::constant(images.clone());
        self.read_in_parts(shape[0], |part| x.slice(0, part))
    }

    /// Reads the bytes of images of 28 x 28 x 1.
    ///
    /// # Panics
    /// If their shape is another.
    #[must_use]
    #[track_caller]
    pub fn read_images(&self, images: &Images) -> Reading {
        let shape = images.shape();
        assert!(shape == IMAGE, "lenet: images of {shape:?}, not of 28 x 28 x 1");
        let scaled = |part| Tensor::constant(images.scaled(part, Scaling::MinusOneToOne));
        self.read_in_parts(images.len(), scaled)
    }

    fn read_in_parts(&self, n: usize, part: impl Fn(Range<usize>) -> Tensor) -> Reading {
        let (last, before) = self.layers.children().split_last().expect("LeNet has layers");
        let (mut beliefs, mut features) = (Vec::new(), Vec::new());
        no_grad(|| {
            for first in (0..n).step_by(READ_AT_ONCE) {
                let x = part(first..(first + READ_AT_ONCE).min(n));
                let f = before.iter().fold(x, |x, layer| layer.forward(&x));
                beliefs.extend_from_slice(last.forward(&f).softmax(-1).numbers());
                features.extend_from_slice(f.numbers());
            }
        });
        Reading {
            beliefs: Array::new([n, CLASSES], &beliefs),
            features: Array::new([n, FEATURES], &features),
        }
    }
}

impl Module for LeNet {
    fn describe(&self) -> String {
        "LeNet".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.layers.forward(x)
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.layers.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.layers.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        visit(&self.accuracy);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        visit(&mut self.accuracy);
    }

    fn children(&self) -> &[Box<dyn Module>] {
        self.layers.children()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_has_the_sizes_of_the_table() {
        let net = LeNet::new(&mut Rng::new(0, "weights"));
        // 6 (25 + 1) + 16 (150 + 1) + 120 (400 + 1) + 84 (120 + 1) + 10 (84 + 1)
        assert_eq!(net.param_count(), 156 + 2_416 + 48_120 + 10_164 + 850);
        let reading = net.read(&Rng::new(0, "images").uniform([3, 28, 28, 1], -1.0, 1.0));
        assert_eq!(reading.features.shape(), &[3, FEATURES].into());
        let sums = reading.beliefs.numbers().chunks(CLASSES).map(|row| row.iter().sum::<Real>());
        assert!(sums.map(|sum| (sum - 1.0).abs()).all(|error| error < 1e-6));
    }

    #[test]
    fn images_are_read_alike_as_bytes_and_as_numbers_in_any_company() {
        let digits = Images::embedded_mnist().take(0..READ_AT_ONCE + 7);
        let net = LeNet::new(&mut Rng::new(0, "weights"));
        let as_bytes = net.read_images(&digits);
        let as_numbers = net.read(&digits.scaled(0..digits.len(), Scaling::MinusOneToOne));
        assert_eq!(as_bytes.features.numbers(), as_numbers.features.numbers());
        let alone = net.read(&digits.scaled([READ_AT_ONCE + 6], Scaling::MinusOneToOne));
        let last = &as_bytes.beliefs.numbers()[CLASSES * (READ_AT_ONCE + 6)..];
        for (a, b) in alone.beliefs.numbers().iter().zip(last) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }

    #[test]
    fn answers_are_counted_by_class_and_answer() {
        let mut beliefs = [0.0; 3 * CLASSES];
        (beliefs[4], beliefs[CLASSES + 9], beliefs[2 * CLASSES + 4]) = (0.9, 0.8, 0.7);
        let beliefs = Array::new([3, CLASSES], &beliefs);
        let reading = Reading { beliefs, features: Array::zeros([3, FEATURES]) };
        assert_eq!(reading.answers(), [(4, 0.9), (9, 0.8), (4, 0.7)]);
        let counts = reading.confusion(&[4, 4, 4]);
        assert_eq!((counts[4][4], counts[4][9]), (2, 1));
        assert_eq!(accuracy(&counts), 2.0 / 3.0);
        assert_eq!(accuracy(&[[0; CLASSES]; CLASSES]), 0.0);
    }
}
