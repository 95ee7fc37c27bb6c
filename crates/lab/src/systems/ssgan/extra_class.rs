//! What exactly is the game of n + 1 classes?
//!
//! The classifier has a logit for being fake, l_{n+1}, behind those of the n classes. A widely copied
//! TensorFlow program for CIFAR-10, with what is wrong in it or mended:
//!
//! | | as printed | mended |
//! |---|---|---|
//! | G's batch norm | computed, and not returned | applied |
//! | G's loss | mean ln p_fake, which saturates | -mean ln(1 - p_fake) |
//! | beside it | w · mean huber(real, fake) of images that do not belong together | nothing |
//! | s loss, mean huber(label, softmax) | shown, never minimised | added to D's |
//! | images | in \[0, 1\], where a tanh begins at -1 | in \[-1, 1\] |
//! | labels | D sees labelled images alone | -mean ln(1 - p_fake) of images without labels too |
//!
//! In both D minimises CE(real, label) + CE(fake, \[0.1/n ..., 0.9\]), one-sided smoothing on the side of
//! the fakes, and w = 10 max(0, (1500 - t) / 1500) in step t. The program counts steps of both players
//! alike: a turn is six, of which D's is the first.

use autograd::{Array, Padding, Real, Rng, Tensor, no_grad};
use gan::losses::semi_supervised::{huber, score_of_classes};
use gan::losses::{non_saturating, saturating, soft_cross_entropy, softmax_cross_entropy};
use gan::{Adam, Clip, Latent, Learner, Schedule};
use layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Dropout, Flatten, Init, Linear, Module,
    Reshape, Sequential, State, StateError, Stateful,
};

use super::{CLASSES, Classifier, Dataset, NOISE, PartlyLabelled, Players};
use crate::Scaling;

/// Adam's step size for G; D's is half of it.
const LEARNING_RATE: Real = 1e-4;

/// The bound on the norm of all gradients of a player.
const CLIP: Clip = Clip::GlobalNorm(20.0);

/// G's steps in a turn, after D's one.
const STEPS_OF_G: usize = 5;

/// How sure D is to be that a fake is one.
const FAKE_LABEL: Real = 0.9;

/// Both players' weights start from a truncated normal distribution.
const INIT: Init = Init::TruncatedNormal { std: 0.02 };

/// The players of n + 1 classes.
pub struct ExtraClass {
    generator: Learner<Sequential>,
    classifier: Learner<Classifier>,
    as_printed: bool,
    batch_size: usize,
    rates: Schedule,
    /// Steps of both players.
    steps: u64,
}

impl ExtraClass {
    /// Players that have not learnt anything, with `width` channels in the classifier's first layer.
    /// `rates` is what both learning rates are multiplied with, in steps of both players.
    pub fn new(
        dataset: Dataset,
        as_printed: bool,
        width: usize,
        batch_size: usize,
        rates: Schedule,
        rng: &mut Rng,
    ) -> ExtraClass {
        let of_g = Adam::new(LEARNING_RATE).betas(0.5, 0.999);
        let generator = generator(dataset, as_printed, rng);
        ExtraClass {
            generator: Learner::new(generator, of_g).clip(CLIP),
            classifier: Learner::new(classifier(dataset, width, rng), adam_of_d()).clip(CLIP),
            as_printed,
            batch_size,
            rates,
            steps: 0,
        }
    }

    /// One step of D; returns its loss and the s loss.
    fn teach(&mut self, data: &mut PartlyLabelled, rng: &mut Rng) -> [Real; 2] {
        let (labelled, labels) = data.next_labelled(self.scaling());
        let fake = no_grad(|| self.fakes(labelled.shape()[0], rng));
        let classifier = &mut self.classifier.model;
        let of_labelled = classifier.forward_train(&labelled, rng);
        let of_fake = classifier.forward_train(&fake, rng);
        let mut loss = softmax_cross_entropy(&of_labelled, &labels)
            + soft_cross_entropy(&of_fake, &fake_labels(fake.shape()[0]));
        let s_loss = s_loss(&of_labelled, &labels);
        let s_value = s_loss.item();
        if !self.as_printed {
            let unlabelled = data.next_unlabelled(Scaling::MinusOneToOne);
            loss = loss + s_loss;
            loss = loss + non_saturating(&score(&classifier.forward_train(&unlabelled, rng)));
        }
        drop((of_labelled, of_fake));
        let rate = LEARNING_RATE / 2.0 * self.next_factor();
        self.classifier.set_learning_rate(rate);
        [self.classifier.learn(loss), s_value]
    }

    /// One step of G; returns its loss.
    fn forge(&mut self, data: &mut PartlyLabelled, rng: &mut Rng) -> Real {
        let fake = self.fakes(self.batch_size, rng);
        let score = score(&self.classifier.model.forward_train(&fake, rng));
        let mut loss = if self.as_printed { saturating(&score) } else { non_saturating(&score) };
        let weight = reconstruction_weight(self.steps);
        if self.as_printed && weight > 0.0 {
            let real = data.next_unlabelled(self.scaling());
            loss = loss + huber(&real, &fake).mean() * weight;
        }
        drop((fake, score));
        let rate = LEARNING_RATE * self.next_factor();
        self.generator.set_learning_rate(rate);
        self.generator.learn(loss)
    }

    /// Counts a step; returns what its learning rate is multiplied with.
    fn next_factor(&mut self) -> Real {
        self.steps += 1;
        self.rates.at(self.steps - 1)
    }

    fn fakes(&mut self, count: usize, rng: &mut Rng) -> Tensor {
        let noise = Latent::Uniform { size: NOISE }.sample(count, rng);
        self.generator.model.forward_train(&Tensor::constant(noise), rng)
    }
}

fn adam_of_d() -> Adam {
    Adam::new(LEARNING_RATE / 2.0).betas(0.5, 0.999)
}

/// The weight of the reconstruction, 10 max(0, (1500 - t) / 1500).
fn reconstruction_weight(t: u64) -> Real {
    10.0 * (1.0 - t as f64 / 1500.0).max(0.0) as Real
}

/// The logit of being real: ln Σ_{j ≤ n} exp l_j - l_{n+1}, so that 1 - p_fake = σ(s).
fn score(logits: &Tensor) -> Tensor {
    score_of_classes(&logits.slice(1, ..CLASSES)) - logits.slice(1, CLASSES..)
}

/// mean huber(label, softmax(l)_{j ≤ n})
fn s_loss(logits: &Tensor, labels: &[usize]) -> Tensor {
    let beliefs = logits.softmax(-1).slice(1, ..CLASSES);
    huber(&Tensor::one_hot(labels, CLASSES), &beliefs).mean()
}

/// [(1 - 0.9) / n ..., 0.9] for each of so many fakes.
fn fake_labels(count: usize) -> Tensor {
    Tensor::constant(Array::filled_by([count, CLASSES + 1], |labels| {
        for row in labels.chunks_exact_mut(CLASSES + 1) {
            row.fill((1.0 - FAKE_LABEL) / CLASSES as Real);
            row[CLASSES] = FAKE_LABEL;
        }
    }))
}

fn generator(dataset: Dataset, as_printed: bool, rng: &mut Rng) -> Sequential {
    // Channels, side of the kernel, stride: to sides of 2, 5, 12, 28 and of 2, 6, 14, 32.
    let layers = match dataset {
        Dataset::Mnist => [(100, 2, 1), (25, 3, 2), (6, 4, 2), (1, 6, 2)],
        Dataset::Cifar10 => [(384, 2, 1), (128, 4, 2), (64, 4, 2), (3, 6, 2)],
    };
    let mut generator = Sequential::new().add(Reshape::new([1, 1, NOISE]));
    let mut inputs = NOISE;
    for (i, (outputs, side, stride)) in layers.into_iter().enumerate() {
        let conv = ConvTranspose2d::new(inputs, outputs, [side, side], INIT, rng).stride(stride);
        generator = generator.add(conv);
        if i == layers.len() - 1 {
            return generator.add(Activation::Tanh);
        }
        generator = generator.add(Activation::Relu);
        if !as_printed {
            generator = generator.add(batch_norm(outputs));
        }
        inputs = outputs;
    }
    generator
}

/// With the settings of the TensorFlow of its time.
fn batch_norm(features: usize) -> BatchNorm {
    BatchNorm::new(features, 0.9, 1e-3, false)
}

fn classifier(dataset: Dataset, width: usize, rng: &mut Rng) -> Classifier {
    let [height, _, mut inputs] = dataset.image();
    let mut features = Sequential::new();
    for outputs in [width, 2 * width, 4 * width] {
        let conv = Conv2d::new(inputs, outputs, [5, 5], INIT, rng);
        features = features
            .add(conv.stride(2).padding(Padding::Same))
            .add(Activation::LeakyRelu(0.2))
            .add(batch_norm(outputs))
            .add(Dropout::new(0.5));
        inputs = outputs;
    }
    let side = height.div_ceil(8);
    let head = Linear::new(side * side * inputs, CLASSES + 1, INIT, rng);
    Classifier::new(features.add(Flatten), Sequential::new().add(head))
}

/// The same classifier and the same Adam, without a game.
pub(super) fn alone(
    dataset: Dataset,
    as_printed: bool,
    width: usize,
    rng: &mut Rng,
) -> (Classifier, Adam, Scaling) {
    (classifier(dataset, width, rng), adam_of_d(), scaling(as_printed))
}

fn scaling(as_printed: bool) -> Scaling {
    if as_printed { Scaling::ZeroToOne } else { Scaling::MinusOneToOne }
}

impl Players for ExtraClass {
    fn turn(&mut self, data: &mut PartlyLabelled, rng: &mut Rng) -> Vec<(&'static str, Real)> {
        let [loss_d, loss_s] = self.teach(data, rng);
        let mut loss_g = 0.0;
        for _ in 0..STEPS_OF_G {
            loss_g = self.forge(data, rng);
        }
        vec![("loss_d", loss_d), ("loss_g", loss_g), ("loss_s", loss_s)]
    }

    fn generator(&self) -> &dyn Module {
        &self.generator.model
    }

    fn classifier(&self) -> &dyn Module {
        &self.classifier.model
    }

    fn scaling(&self) -> Scaling {
        scaling(self.as_printed)
    }
}

impl Stateful for ExtraClass {
    fn put(&self, state: &mut State<'_>) {
        state.within("generator", |state| self.generator.put(state));
        state.within("classifier", |state| self.classifier.put(state));
        state.put_counter("steps", self.steps);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("generator", |state| self.generator.take(state))?;
        state.within("classifier", |state| self.classifier.take(state))?;
        self.steps = state.take_counter("steps")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Images;

    /// The softmax of each row of logits.
    fn beliefs(logits: &Tensor) -> Vec<Vec<f64>> {
        let softmax = |row: &[Real]| {
            let z: f64 = row.iter().map(|l| f64::from(*l).exp()).sum();
            row.iter().map(|l| f64::from(*l).exp() / z).collect()
        };
        logits.numbers().chunks(CLASSES + 1).map(softmax).collect()
    }

    fn mean(terms: impl IntoIterator<Item = f64>) -> f64 {
        let terms: Vec<f64> = terms.into_iter().collect();
        terms.iter().sum::<f64>() / terms.len() as f64
    }

    /// Players whose opinions are `sure` times as strong, digits of which ten have labels, in batches
    /// of two, and noise. The same every time.
    fn fresh(as_printed: bool, sure: Real) -> (ExtraClass, PartlyLabelled, Rng) {
        let mut players = ExtraClass::new(
            Dataset::Mnist,
            as_printed,
            2,
            2,
            Schedule::Constant,
            &mut Rng::new(0, "weights"),
        );
        players.classifier.model.each_param_mut(&mut |param| {
            if param.name().starts_with("head") {
                param.update(|w| w.iter_mut().for_each(|w| *w *= sure));
            }
        });
        let digits = Images::embedded_mnist().take(0..40);
        (players, PartlyLabelled::new(digits, (0..10).collect(), 2, 0), Rng::new(0, "noise"))
    }

    fn near(found: Real, expected: f64) {
        assert!(
            (f64::from(found) - expected).abs() < 1e-5 * expected.abs().max(1.0),
            "{found} {expected}"
        );
    }

    #[test]
    fn a_step_of_d_descends_the_documented_loss() {
        for as_printed in [true, false] {
            let (mut players, mut data, mut rng) = fresh(as_printed, 30.0);
            let found = players.teach(&mut data, &mut rng);
            let (mut players, mut data, mut rng) = fresh(as_printed, 30.0);
            let scaling = if as_printed { Scaling::ZeroToOne } else { Scaling::MinusOneToOne };
            let (labelled, labels) = data.next_labelled(scaling);
            let fake = players.fakes(2, &mut rng).detach();
            let mut p = |x: &Tensor| beliefs(&players.classifier.model.forward_train(x, &mut rng));
            let (of_labelled, of_fake) = (p(&labelled), p(&fake));
            let cross_entropy = mean(of_labelled.iter().zip(&labels).map(|(p, y)| -p[*y].ln()));
            let certainly = |p: &Vec<f64>| -> f64 {
                -p[..10].iter().map(|p| 0.01 * p.ln()).sum::<f64>() - 0.9 * p[10].ln()
            };
            let mut loss = cross_entropy + mean(of_fake.iter().map(certainly));
            let s_loss = mean(of_labelled.iter().zip(&labels).flat_map(|(p, y)| {
                (0..10).map(move |j| (f64::from(u8::from(j == *y)) - p[j]).powi(2) / 2.0)
            }));
            if !as_printed {
                let of_unlabelled = p(&data.next_unlabelled(scaling));
                loss += s_loss + mean(of_unlabelled.iter().map(|p| -(1.0 - p[10]).ln()));
            }
            near(found[0], loss);
            near(found[1], s_loss);
        }
    }

    #[test]
    fn a_step_of_g_descends_the_documented_loss() {
        for (as_printed, steps, weight) in [(true, 750, 5.0), (true, 1500, 0.0), (false, 0, 0.0)] {
            let (mut players, mut data, mut rng) = fresh(as_printed, 30.0);
            players.steps = steps;
            let found = players.forge(&mut data, &mut rng);
            let (mut players, mut data, mut rng) = fresh(as_printed, 30.0);
            let fake = players.fakes(2, &mut rng).detach();
            let p = beliefs(&players.classifier.model.forward_train(&fake, &mut rng));
            let loss = if as_printed {
                let real = data.next_unlabelled(Scaling::ZeroToOne);
                let apart = real.numbers().iter().zip(fake.numbers());
                let apart = apart.map(|(x, y)| f64::from(x - y).abs());
                let huber = |d: f64| if d <= 1.0 { d * d / 2.0 } else { d - 0.5 };
                mean(p.iter().map(|p| p[10].ln())) + weight * mean(apart.map(huber))
            } else {
                -mean(p.iter().map(|p| (1.0 - p[10]).ln()))
            };
            near(found, loss);
        }
    }

    #[test]
    fn a_turn_is_one_step_of_d_and_five_of_g() {
        let state = |players: &ExtraClass| {
            let mut state = State::new();
            players.put(&mut state);
            state.to_bytes(None)
        };
        for as_printed in [true, false] {
            let (mut whole, mut data, mut rng) = fresh(as_printed, 1.0);
            let said = whole.turn(&mut data, &mut rng);
            let (mut parts, mut data, mut rng) = fresh(as_printed, 1.0);
            let [loss_d, loss_s] = parts.teach(&mut data, &mut rng);
            let loss_g = [(); 5].map(|()| parts.forge(&mut data, &mut rng))[4];
            assert_eq!(said, [("loss_d", loss_d), ("loss_g", loss_g), ("loss_s", loss_s)]);
            assert!(state(&whole) == state(&parts) && whole.steps == 6);
        }
    }

    /// What the rates are multiplied with counts the steps of both players.
    #[test]
    fn rates_fall_by_the_steps_of_both_players() {
        let (mut players, mut data, mut rng) = fresh(false, 1.0);
        players.rates = Schedule::Steps { every: 10_000, factor: 0.5 };
        players.steps = 9_999;
        players.teach(&mut data, &mut rng);
        assert_eq!(players.classifier.optimiser().learning_rate(), 5e-5);
        players.forge(&mut data, &mut rng);
        assert_eq!(players.generator.optimiser().learning_rate(), 5e-5);
        players.teach(&mut data, &mut rng);
        assert_eq!(players.classifier.optimiser().learning_rate(), 2.5e-5);
    }

    /// Of a first step Adam remembers (1 - β₁) g and (1 - β₂) g² for the gradient g, whose norm is 20
    /// where opinions are strong. Each weight moves by the rate.
    #[test]
    fn gradients_are_no_longer_than_20_and_d_learns_at_half_the_rate_of_g() {
        fn numbers(model: &dyn Module) -> Vec<f64> {
            let params = model.params();
            params.iter().flat_map(|p| p.tensor().numbers()).map(|w| f64::from(*w)).collect()
        }
        fn check<M: Module>(learner: &Learner<M>, before: &[f64], rate: f64) {
            let after = numbers(&learner.model);
            // A step of a large weight is rounded.
            let small = before.iter().zip(&after).filter(|(before, _)| before.abs() < 1.0);
            let moved = small.map(|(before, after)| (before - after).abs());
            let furthest = moved.fold(0.0, f64::max);
            assert!((furthest / rate - 1.0).abs() < 0.01, "{furthest} for {rate}");
            let mut state = State::new();
            learner.put(&mut state);
            let lists = state.within("optimiser", |state| state.take_lists()).unwrap();
            let sum = |end: &str, f: fn(f64) -> f64| -> f64 {
                let of_kind = lists.iter().filter(|(name, _)| name.ends_with(end));
                of_kind.flat_map(|(_, numbers)| numbers).map(|x| f(*x)).sum()
            };
            let (m, v) = (sum(".m", |m| m * m).sqrt(), sum(".v", |v| v).sqrt());
            assert!((m - 0.5 * 20.0).abs() < 1e-3, "{m}");
            assert!((v - 0.001_f64.sqrt() * 20.0).abs() < 1e-4, "{v}");
        }
        // As printed, since the mended loss has no slope where D is fooled.
        let (mut players, mut data, mut rng) = fresh(true, 3000.0);
        let before = [numbers(&players.generator.model), numbers(&players.classifier.model)];
        players.forge(&mut data, &mut rng);
        check(&players.generator, &before[0], 1e-4);
        players.teach(&mut data, &mut rng);
        check(&players.classifier, &before[1], 5e-5);
    }

    #[test]
    fn documented_formula_matches() {
        let logits = Tensor::constant(Rng::new(0, "logits").normal([3, CLASSES + 1]));
        let labels = [4, 0, 9];
        let rows = beliefs(&logits);
        let mean = |of: &dyn Fn(&Vec<f64>) -> f64| mean(rows.iter().map(of));
        // Below 1 Huber's loss is half a square, and no two probabilities differ by more.
        let s: f64 = rows
            .iter()
            .zip(labels)
            .flat_map(|(p, label)| {
                (0..CLASSES).map(move |j| (f64::from(u8::from(j == label)) - p[j]).powi(2) / 2.0)
            })
            .sum();
        let score = score(&logits);
        for (name, found, expected) in [
            ("s", s_loss(&logits, &labels), s / 30.0),
            ("printed", saturating(&score), mean(&|p| p[CLASSES].ln())),
            ("mended", non_saturating(&score), -mean(&|p| (1.0 - p[CLASSES]).ln())),
        ] {
            assert!((f64::from(found.item()) - expected).abs() < 1e-5, "{name}: {expected}");
        }
        assert_eq!([0, 750, 1500, 9000].map(reconstruction_weight), [10.0, 5.0, 0.0, 0.0]);
        let sums = fake_labels(2).sum_over(1);
        assert!(sums.numbers().iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    }
}
