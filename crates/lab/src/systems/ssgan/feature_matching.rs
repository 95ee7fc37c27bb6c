//! What exactly is the game of feature matching?
//!
//! The classifier is the discriminator: being fake is the class whose logit is always 0. It minimises
//!
//! L_D = CE(labelled) + ½ L_unsupervised(unlabelled, fake),
//!
//! with [`unsupervised`]; the ½ is that of the program which the authors published. The generator
//! minimises [`feature_matching`] at the classifier's last hidden layer: its samples need not fool,
//! they must have the data's mean features.
//!
//! Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.1, §5 and §6.1.

use autograd::{Padding, Real, Rng, Tensor, no_grad};
use gan::losses::semi_supervised::{feature_matching, unsupervised};
use gan::losses::softmax_cross_entropy;
use gan::{Adam, Average, Latent, Learner};
use layers::{
    Activation, BatchNorm, Conv2d, ConvTranspose2d, Dropout, Flatten, GaussianNoise,
    GlobalAvgPool2d, Init, Linear, Module, Reshape, Sequential, State, StateError, Stateful,
    WeightNorm,
};

use super::{CLASSES, Classifier, Dataset, NOISE, PartlyLabelled, Players};
use crate::Scaling;

/// Adam's step size for both players; β₁ = 0.5. The paper has 3e-3 for MNIST, 3e-4 for CIFAR-10.
fn adam(dataset: Dataset) -> Adam {
    let learning_rate = match dataset {
        Dataset::Mnist => 3e-3,
        Dataset::Cifar10 => 1e-3,
    };
    Adam::new(learning_rate).betas(0.5, 0.999)
}

/// The players of feature matching.
pub struct FeatureMatching {
    generator: Learner<Sequential>,
    classifier: Learner<Classifier>,
    average: Average,
    scaling: Scaling,
    batch_size: usize,
    turns: u64,
}

impl FeatureMatching {
    /// Players that have not learnt anything, with `width` units, or channels, in the classifier's
    /// first layer. `decay` is that of the averaged weights.
    pub fn new(
        dataset: Dataset,
        width: usize,
        batch_size: usize,
        decay: Real,
        rng: &mut Rng,
    ) -> FeatureMatching {
        let generator = generator(dataset, width, rng);
        let (model, copy) = (classifier(dataset, width, rng), classifier(dataset, width, rng));
        FeatureMatching {
            average: Average::new(copy, &model, decay),
            generator: Learner::new(generator, adam(dataset)),
            classifier: Learner::new(model, adam(dataset)),
            scaling: scaling(dataset),
            batch_size,
            turns: 0,
        }
    }
}

/// The range of the generator.
fn scaling(dataset: Dataset) -> Scaling {
    match dataset {
        Dataset::Mnist => Scaling::ZeroToOne,
        Dataset::Cifar10 => Scaling::MinusOneToOne,
    }
}

fn generator(dataset: Dataset, width: usize, rng: &mut Rng) -> Sequential {
    match dataset {
        Dataset::Mnist => {
            let hidden = width.div_ceil(2);
            let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, rng);
            Sequential::new()
                .add(linear(NOISE, hidden))
                .add(Activation::Softplus)
                .add(BatchNorm::pytorch(hidden))
                .add(linear(hidden, hidden))
                .add(Activation::Softplus)
                .add(BatchNorm::pytorch(hidden))
                .add(linear(hidden, 28 * 28))
                .add(Activation::Sigmoid)
                .add(Reshape::new([28, 28, 1]))
        }
        Dataset::Cifar10 => {
            let init = Init::Normal { std: 0.05 };
            let first = Linear::new(NOISE, 16 * 4 * width, init, rng);
            let mut twice_the_size = |i, o| {
                let layer = ConvTranspose2d::new(i, o, [4, 4], init, rng);
                layer.stride(2).padding(Padding::all(1))
            };
            Sequential::new()
                .add(first)
                .add(BatchNorm::pytorch(16 * 4 * width))
                .add(Activation::Relu)
                .add(Reshape::new([4, 4, 4 * width]))
                .add(twice_the_size(4 * width, 2 * width))
                .add(BatchNorm::pytorch(2 * width))
                .add(Activation::Relu)
                .add(twice_the_size(2 * width, width))
                .add(BatchNorm::pytorch(width))
                .add(Activation::Relu)
                .add(twice_the_size(width, 3))
                .add(Activation::Tanh)
        }
    }
}

/// The classifier before its first batch.
fn classifier(dataset: Dataset, width: usize, rng: &mut Rng) -> Classifier {
    let init = Init::Normal { std: 0.1 };
    match dataset {
        Dataset::Mnist => {
            // 1000, 500, 250, 250, 250 in the paper.
            let sizes = [1, 2, 4, 4, 4].map(|part| width.div_ceil(part));
            let mut features = Sequential::new().add(Flatten).add(GaussianNoise::new(0.3));
            let mut inputs = 28 * 28;
            for (i, outputs) in sizes.into_iter().enumerate() {
                if i > 0 {
                    features = features.add(GaussianNoise::new(0.5));
                }
                let linear = Linear::new(inputs, outputs, init, rng);
                features = features.add(WeightNorm::new(linear).keep_gain()).add(Activation::Relu);
                inputs = outputs;
            }
            let head = WeightNorm::new(Linear::new(inputs, CLASSES, init, rng));
            Classifier::new(features, Sequential::new().add(GaussianNoise::new(0.5)).add(head))
        }
        Dataset::Cifar10 => {
            let leaky = Activation::LeakyRelu(0.2);
            let mut half_the_size = |i, o| {
                let conv = Conv2d::new(i, o, [5, 5], init, rng).stride(2).padding(Padding::Same);
                WeightNorm::new(conv).keep_gain()
            };
            let features = Sequential::new()
                .add(Dropout::new(0.2))
                .add(half_the_size(3, width))
                .add(leaky)
                .add(Dropout::new(0.5))
                .add(half_the_size(width, 2 * width))
                .add(leaky)
                .add(Dropout::new(0.5))
                .add(half_the_size(2 * width, 4 * width))
                .add(leaky)
                .add(GlobalAvgPool2d);
            let head = WeightNorm::new(Linear::new(4 * width, CLASSES, init, rng));
            Classifier::new(features, Sequential::new().add(head))
        }
    }
}

/// The same classifier and the same Adam, without a game.
pub(super) fn alone(dataset: Dataset, width: usize, rng: &mut Rng) -> (Classifier, Adam, Scaling) {
    (classifier(dataset, width, rng), adam(dataset), scaling(dataset))
}

impl Players for FeatureMatching {
    fn turn(&mut self, data: &mut PartlyLabelled, rng: &mut Rng) -> Vec<(&'static str, Real)> {
        let (labelled, labels) = data.next_labelled(self.scaling);
        let unlabelled = data.next_unlabelled(self.scaling);
        if self.turns == 0 {
            no_grad(|| self.classifier.model.forward_first(&unlabelled, rng));
        }
        let noise = Latent::Uniform { size: NOISE }.sample(self.batch_size, rng);
        let fake = self.generator.model.forward_train(&Tensor::constant(noise), rng);

        // One batch of all: nothing in the classifier looks from one sample to the next.
        let all = Tensor::concat(&[&labelled, &unlabelled, &fake.detach()], 0);
        let logits = self.classifier.model.forward_train(&all, rng);
        let ends = [labels.len(), labels.len() + unlabelled.shape()[0]];
        let of_labelled = softmax_cross_entropy(&logits.slice(0, ..ends[0]), &labels);
        let of_others =
            unsupervised(&logits.slice(0, ends[0]..ends[1]), &logits.slice(0, ends[1]..));
        drop(logits);
        let loss_d = self.classifier.learn(of_labelled + of_others * 0.5);
        self.average.follow(&self.classifier.model);

        let others = data.next_unlabelled(self.scaling);
        let classifier = &mut self.classifier.model;
        let wanted = no_grad(|| classifier.features_train(&others, rng));
        let found = classifier.features_train(&fake, rng);
        let loss_g = self.generator.learn(feature_matching(&wanted, &found));
        self.turns += 1;
        vec![("loss_d", loss_d), ("loss_g", loss_g)]
    }

    fn generator(&self) -> &dyn Module {
        &self.generator.model
    }

    fn classifier(&self) -> &dyn Module {
        self.average.model()
    }

    fn scaling(&self) -> Scaling {
        self.scaling
    }
}

impl Stateful for FeatureMatching {
    fn put(&self, state: &mut State<'_>) {
        state.within("generator", |state| self.generator.put(state));
        state.within("classifier", |state| self.classifier.put(state));
        state.within("average", |state| self.average.put(state));
        state.put_counter("turns", self.turns);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("generator", |state| self.generator.take(state))?;
        state.within("classifier", |state| self.classifier.take(state))?;
        state.within("average", |state| self.average.take(state))?;
        self.turns = state.take_counter("turns")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Images;

    #[test]
    fn a_turn_descends_the_documented_losses() {
        let fresh = || {
            let rng = &mut Rng::new(0, "weights");
            let players = FeatureMatching::new(Dataset::Mnist, 8, 4, 0.9, rng);
            let digits = Images::embedded_mnist().take(0..40);
            (players, PartlyLabelled::new(digits, (0..10).collect(), 4, 0), Rng::new(0, "noise"))
        };
        let (mut played, mut data, mut rng) = fresh();
        let said = played.turn(&mut data, &mut rng);

        let (mut players, mut data, mut rng) = fresh();
        let (labelled, labels) = data.next_labelled(Scaling::ZeroToOne);
        let unlabelled = data.next_unlabelled(Scaling::ZeroToOne);
        no_grad(|| players.classifier.model.forward_first(&unlabelled, &mut rng));
        let noise = Tensor::constant(rng.uniform([4, NOISE], -1.0, 1.0));
        let fake = players.generator.model.forward_train(&noise, &mut rng).detach();
        let all = Tensor::concat(&[&labelled, &unlabelled, &fake], 0);
        let logits = players.classifier.model.forward_train(&all, &mut rng);
        let wide = |x: &Tensor, width| -> Vec<Vec<f64>> {
            let rows = x.numbers().chunks(width);
            rows.map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
        };
        let mean = |terms: &mut dyn Iterator<Item = f64>| terms.sum::<f64>() / 4.0;
        let logits = wide(&logits, CLASSES);
        let z = |row: &Vec<f64>| row.iter().map(|l| l.exp()).sum::<f64>();
        // The probability of being real is Z / (Z + 1).
        let cross_entropy = mean(&mut labels.iter().zip(&logits).map(|(y, l)| z(l).ln() - l[*y]));
        let real = mean(&mut logits[4..8].iter().map(|l| -(z(l) / (z(l) + 1.0)).ln()));
        let fakes = mean(&mut logits[8..].iter().map(|l| (z(l) + 1.0).ln()));
        let loss_d = cross_entropy + 0.5 * (real + fakes);

        // D has moved before G looks at its features, of which there are 2.
        let mut features = |x: &Tensor| -> [f64; 2] {
            let rows = wide(&played.classifier.model.features_train(x, &mut rng), 2);
            [0, 1].map(|j| mean(&mut rows.iter().map(|row| row[j])))
        };
        let [wanted, found] =
            [data.next_unlabelled(Scaling::ZeroToOne), fake].map(|x| features(&x));
        let loss_g = [0, 1].map(|j| (wanted[j] - found[j]).powi(2)).iter().sum::<f64>() / 2.0;
        for ((name, found), expected) in said.into_iter().zip([loss_d, loss_g]) {
            assert!((f64::from(found) - expected).abs() < 1e-5, "{name}: {found} for {expected}");
        }
    }
}
