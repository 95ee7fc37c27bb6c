//! How good does the same classifier become from the labels alone?

use autograd::{Real, Rng, no_grad};
use gan::losses::softmax_cross_entropy;
use gan::{Average, Learner};
use layers::Module;

use super::setup::{Game, Setup};
use super::{Classifier, PartlyLabelled, extra_class, feature_matching};
use crate::Scaling;

/// The classifier of a game, with its noise, dropout, Adam and averaged weights, and without a game.
pub struct Supervised {
    learner: Learner<Classifier>,
    average: Option<Average>,
    scaling: Scaling,
    rng: Rng,
    steps: u64,
}

impl Supervised {
    /// Before its first step.
    pub fn new(setup: &Setup, seed: u64) -> Supervised {
        let mut rng = Rng::new(seed, "supervised");
        let Setup { game, dataset, width, as_printed, .. } = *setup;
        let mut make = || match game {
            Game::FeatureMatching => feature_matching::alone(dataset, width, &mut rng),
            Game::ExtraClass => extra_class::alone(dataset, as_printed, width, &mut rng),
        };
        let (model, adam, scaling) = make();
        let average = match game {
            Game::FeatureMatching => Some(Average::new(make().0, &model, setup.average as Real)),
            Game::ExtraClass => None,
        };
        let learner = Learner::new(model, adam);
        Supervised { learner, average, scaling, rng, steps: 0 }
    }

    /// One step on labelled images; the loss before it.
    pub fn step(&mut self, data: &mut PartlyLabelled) -> Real {
        let (x, labels) = data.next_labelled(self.scaling);
        if self.steps == 0 {
            no_grad(|| self.learner.model.forward_first(&x, &mut self.rng));
        }
        let logits = self.learner.model.forward_train(&x, &mut self.rng);
        let loss = softmax_cross_entropy(&logits, &labels);
        drop(logits);
        let loss = self.learner.learn(loss);
        if let Some(average) = &mut self.average {
            average.follow(&self.learner.model);
        }
        self.steps += 1;
        loss
    }

    /// The classifier as it is used.
    pub fn classifier(&self) -> &dyn Module {
        self.average.as_ref().map_or(&self.learner.model, Average::model)
    }

    /// The range of its images.
    pub fn scaling(&self) -> Scaling {
        self.scaling
    }
}
