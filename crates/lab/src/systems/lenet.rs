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

use std::ops::Range;

use autograd::{Array, Padding, Real, Rng, Tensor, no_grad};
use gan::losses::softmax_cross_entropy;
use gan::{Adam, Optimiser, Schedule};
use layers::{
    Activation, Conv2d, Flatten, Init, Linear, MaxPool2d, Module, Param, Sequential, StateError,
    Statistic, from_safetensors, gradients,
};

use crate::{Images, Scaling, ShuffledBatches};

/// An image: height, width, channels.
pub const IMAGE: [usize; 3] = [28, 28, 1];

/// Digits, from 0 to 9.
pub const CLASSES: usize = 10;

/// Numbers in a digit's features.
pub const FEATURES: usize = 84;

/// Images in a batch of training.
pub const BATCH_SIZE: usize = 64;

/// How far a digit is moved in training, at most, in pixels.
const SHIFT: usize = 2;

/// How many images are read at once: enough to fill the threads, few enough for the caches.
const READ_AT_ONCE: usize = 250;

/// The network: first features, then one linear layer that tells the class.
pub struct LeNet {
    features: Sequential,
    classes: Linear,
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

/// The share of images that are read as what they are: those on the diagonal.
pub fn accuracy(confusion: &[[usize; CLASSES]; CLASSES]) -> f64 {
    let right: usize = (0..CLASSES).map(|i| confusion[i][i]).sum();
    right as f64 / confusion.as_flattened().iter().sum::<usize>() as f64
}

impl LeNet {
    /// The network before it has learnt anything.
    pub fn new(rng: &mut Rng) -> LeNet {
        let init = Init::KaimingNormal;
        let mut features = Sequential::new()
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
            .add(Activation::Relu);
        let mut classes = Linear::new(FEATURES, CLASSES, Init::XavierNormal, rng);
        features.each_param_mut(&mut |param| param.move_into("features"));
        classes.each_param_mut(&mut |param| param.move_into("classes"));
        LeNet { features, classes, accuracy: Statistic::new("accuracy", Array::scalar(0.0)) }
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
        let (mut beliefs, mut features) = (Vec::new(), Vec::new());
        no_grad(|| {
            for first in (0..n).step_by(READ_AT_ONCE) {
                let f = self.features.forward(&part(first..(first + READ_AT_ONCE).min(n)));
                beliefs.extend_from_slice(self.classes.forward(&f).softmax(-1).numbers());
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
        self.classes.forward(&self.features.forward(x))
    }

    fn each_param<'a>(&'a self, visit: &mut dyn FnMut(&'a Param)) {
        self.features.each_param(visit);
        self.classes.each_param(visit);
    }

    fn each_param_mut(&mut self, visit: &mut dyn FnMut(&mut Param)) {
        self.features.each_param_mut(visit);
        self.classes.each_param_mut(visit);
    }

    fn each_statistic<'a>(&'a self, visit: &mut dyn FnMut(&'a Statistic)) {
        visit(&self.accuracy);
    }

    fn each_statistic_mut(&mut self, visit: &mut dyn FnMut(&mut Statistic)) {
        visit(&mut self.accuracy);
    }
}

/// The training of a LeNet on labelled digits. Everything random in it comes from `seed`.
pub struct Training<'a> {
    net: LeNet,
    digits: &'a Images,
    adam: Adam,
    schedule: Schedule,
    batches: ShuffledBatches,
    shifts: Rng,
    step: u64,
}

/// The learning rate at the start.
const LEARNING_RATE: Real = 2e-3;

impl<'a> Training<'a> {
    /// The training before its first step.
    ///
    /// # Panics
    /// If the digits are not 28 x 28 x 1, have no labels or are fewer than a batch.
    #[track_caller]
    pub fn new(digits: &'a Images, epochs: usize, seed: u64) -> Training<'a> {
        let shape = digits.shape();
        assert!(shape == IMAGE, "lenet: digits of {shape:?}, not of 28 x 28 x 1");
        assert!(digits.labels().is_some(), "lenet: digits without labels teach nothing");
        let batches = ShuffledBatches::new(digits.len(), BATCH_SIZE, seed);
        Training {
            net: LeNet::new(&mut Rng::new(seed, "weights")),
            digits,
            adam: Adam::new(LEARNING_RATE),
            schedule: Schedule::Cosine { steps: (epochs * batches.per_epoch()) as u64 },
            batches,
            shifts: Rng::new(seed, "shifts"),
            step: 0,
        }
    }

    /// Steps in an epoch.
    pub fn per_epoch(&self) -> usize {
        self.batches.per_epoch()
    }

    /// One step; returns the loss before it.
    pub fn step(&mut self) -> Real {
        let batch = self.batches.next_batch();
        let x = self.digits.scaled(batch, Scaling::MinusOneToOne);
        let x = shifted(&x, &mut self.shifts);
        let labels = self.digits.labels().expect("they were there at the start");
        let labels: Vec<usize> = batch.iter().map(|i| labels[*i].into()).collect();
        let loss = softmax_cross_entropy(&self.net.forward(&Tensor::constant(x)), &labels);
        let value = loss.item();
        let gradients = gradients(loss, &self.net);
        self.adam.set_learning_rate(LEARNING_RATE * self.schedule.at(self.step));
        let missing = self.adam.step(&mut self.net, &gradients);
        assert!(missing.is_empty(), "no gradient reaches {missing:?}");
        self.step += 1;
        value
    }

    /// The network as it is.
    pub fn net(&self) -> &LeNet {
        &self.net
    }

    /// The trained network, which remembers how well it reads the test digits.
    #[must_use]
    pub fn finish(mut self, accuracy: f64) -> LeNet {
        self.net.accuracy.value = Array::scalar(accuracy as Real);
        self.net
    }
}

/// Each digit moved by up to [`SHIFT`] pixels down or up and right or left:
/// y\[i, j\] = x\[i - down, j - right\], and -1, which is black, where x has no such pixel.
fn shifted(digits: &Array, rng: &mut Rng) -> Array {
    let [height, width] = [IMAGE[0] as isize, IMAGE[1] as isize];
    let size = IMAGE.iter().product();
    Array::filled_by(*digits.shape(), |out| {
        for (y, x) in out.chunks_exact_mut(size).zip(digits.numbers().chunks_exact(size)) {
            let [down, right] =
                [(); 2].map(|()| rng.below(2 * SHIFT + 1) as isize - SHIFT as isize);
            for (place, y) in y.iter_mut().enumerate() {
                let (i, j) = (place as isize / width - down, place as isize % width - right);
                let inside = (0..height).contains(&i) && (0..width).contains(&j);
                *y = if inside { x[(i * width + j) as usize] } else { -1.0 };
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::to_safetensors;

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
    fn a_few_steps_learn_and_the_file_remembers() {
        let digits = Images::embedded_mnist().take(0..640);
        let mut training = Training::new(&digits, 8, 0);
        let losses: Vec<Real> = (0..8 * training.per_epoch()).map(|_| training.step()).collect();
        let mean = |losses: &[Real]| losses.iter().sum::<Real>() / losses.len() as Real;
        let (first, last) = (mean(&losses[..10]), mean(&losses[70..]));
        assert!(first > 1.5 && last < 0.7, "{first} to {last}");
        let counts = training.net().read_images(&digits).confusion(digits.labels().unwrap());
        let share = accuracy(&counts);
        assert!(share > 0.8, "{share}");
        let net = training.finish(share);
        let loaded = LeNet::load(&to_safetensors(&net)).unwrap();
        assert_eq!(loaded.accuracy(), f64::from(share as Real));
        assert_eq!(to_safetensors(&loaded), to_safetensors(&net));
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
    }

    #[test]
    fn a_moved_digit_keeps_its_ink_unless_it_leaves() {
        // A dot in the middle and one in a corner, a thousand times.
        let mut digit = vec![-1.0; 28 * 28];
        (digit[14 * 28 + 14], digit[0]) = (0.5, 0.25);
        let digits = Array::new([1000, 28, 28, 1], &digit.repeat(1000));
        let mut places = std::collections::BTreeSet::new();
        for moved in shifted(&digits, &mut Rng::new(0, "shifts")).numbers().chunks(28 * 28) {
            let find =
                |ink: Real| moved.iter().position(|x| *x == ink).map(|at| [at / 28, at % 28]);
            let [i, j] = find(0.5).expect("the middle stays inside");
            places.insert([i, j]);
            let corner = (i >= 14 && j >= 14).then(|| [i - 14, j - 14]);
            assert_eq!(find(0.25), corner);
        }
        let all: Vec<[usize; 2]> = (12..17).flat_map(|i| (12..17).map(move |j| [i, j])).collect();
        assert_eq!(places.into_iter().collect::<Vec<_>>(), all);
    }
}
