//! How does the LeNet learn?

use autograd::{Array, Real, Rng, Tensor};
use gan::losses::softmax_cross_entropy;
use gan::{Adam, Optimiser, Schedule};
use layers::{Module, gradients};

use super::{IMAGE, LeNet};
use crate::{Images, Scaling, ShuffledBatches};

/// Images in a batch of training.
pub const BATCH_SIZE: usize = 64;

/// How far a digit is moved in training, at most, in pixels.
const SHIFT: usize = 2;

/// The learning rate at the start.
const LEARNING_RATE: Real = 2e-3;

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
    use crate::systems::lenet::accuracy;
    use layers::to_safetensors;

    #[test]
    fn a_few_steps_learn_and_the_file_remembers() {
        let digits = Images::embedded_mnist().take(0..640);
        let mut training = Training::new(&digits, 8, 0);
        let losses: Vec<Real> = (0..8 * training.per_epoch()).map(|_| training.step()).collect();
        let mean = |losses: &[Real]| losses.iter().sum::<Real>() / losses.len() as Real;
        let (first, last) = (mean(&losses[..10]), mean(&losses[70..]));
        assert!(first > 1.5 && last < 0.5 * first, "{first} to {last}");
        let counts = training.net().read_images(&digits).confusion(digits.labels().unwrap());
        let share = accuracy(&counts);
        assert!(share > 0.6, "{share}");
        let net = training.finish(share);
        let loaded = LeNet::load(&to_safetensors(&net)).unwrap();
        assert_eq!(loaded.accuracy(), f64::from(share as Real));
        assert_eq!(to_safetensors(&loaded), to_safetensors(&net));
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
