//! What is a semi-supervised run made of?

use std::path::Path;

use autograd::{Real, Rng};
use clap::ValueEnum;
use gan::Schedule;
use serde::{Deserialize, Serialize};

use super::{Dataset, ExtraClass, FeatureMatching, PartlyLabelled, Players, SsGan, balanced};
use crate::image_program::Source;
use crate::{Error, Images, Split};

/// Which game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Game {
    /// Salimans et al. 2016: the generator matches mean features
    FeatureMatching,
    /// A TensorFlow program's: being fake is one class more
    ExtraClass,
}

/// What only this system has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// What is classified.
    pub dataset: Dataset,
    /// Which game.
    pub game: Game,
    /// Whether the mistakes of the game's source are kept.
    pub as_printed: bool,
    /// Whether both learning rates are halved every 10,000 steps, for `ExtraClass`.
    pub halve_rates: bool,
    /// How many images have labels: equally many of each class, or all.
    pub labels: usize,
    /// Units or channels of the classifier's first layer.
    pub width: usize,
    /// The decay β of the averaged weights.
    pub average: f64,
    /// Steps of the classifier that learns from the labels alone, for comparison.
    pub supervised: u64,
    /// The images to learn from.
    pub data: Source,
}

impl Setup {
    /// The players before they have learnt anything.
    pub fn players(&self, batch_size: usize, seed: u64) -> Box<dyn Players> {
        let rng = &mut Rng::new(seed, "weights");
        let Setup { dataset, as_printed, width, .. } = *self;
        match self.game {
            Game::FeatureMatching => {
                let decay = self.average as Real;
                Box::new(FeatureMatching::new(dataset, width, batch_size, decay, rng))
            }
            Game::ExtraClass => {
                let rates = match self.halve_rates {
                    true => Schedule::Steps { every: 10_000, factor: 0.5 },
                    false => Schedule::Constant,
                };
                Box::new(ExtraClass::new(dataset, as_printed, width, batch_size, rates, rng))
            }
        }
    }

    /// The images, of which some have labels.
    ///
    /// # Errors
    /// [`Error::Flag`] if there are not enough images for the labels or for a batch.
    pub fn partly_labelled(
        &self,
        images: &Images,
        batch_size: usize,
        seed: u64,
    ) -> Result<PartlyLabelled, Error> {
        let all = (self.labels == images.len()).then(|| (0..images.len()).collect());
        let Some(labelled) = all.or_else(|| balanced(images, self.labels, seed)) else {
            let why = format!(
                "{} labels cannot be divided equally among the classes of {} images. Give a \
                 multiple of ten that every class has enough images for",
                self.labels,
                images.len()
            );
            return Err(Error::Flag { flag: "--labels", why });
        };
        // As printed, nothing else exists.
        let (images, labelled) = if self.as_printed {
            (images.select(&labelled), (0..labelled.len()).collect())
        } else {
            (images.clone(), labelled)
        };
        if batch_size > images.len() {
            let why = format!("no batch of {batch_size} from {} images", images.len());
            return Err(Error::Flag { flag: "--batch-size", why });
        }
        Ok(PartlyLabelled::new(images, labelled, batch_size, seed))
    }

    /// The whole system before its first step.
    ///
    /// # Errors
    /// As [`Setup::partly_labelled`].
    pub fn system(
        &self,
        images: &Images,
        test: Images,
        batch_size: usize,
        measure_every: u64,
        seed: u64,
    ) -> Result<SsGan, Error> {
        let data = self.partly_labelled(images, batch_size, seed)?;
        Ok(SsGan::new(self.players(batch_size, seed), data, test, measure_every, seed))
    }
}

/// The images to learn from and those to test with: a folder's two parts, or the digits in the
/// program, [`divided`].
///
/// # Errors
/// If they cannot be read, or are not labelled images of this kind.
pub fn load(dataset: Dataset, folder: Option<&Path>) -> Result<[Images; 2], Error> {
    let Some(folder) = folder else {
        if dataset == Dataset::Cifar10 {
            let why = "CIFAR-10 is not part of the program. Give the folder of its .bin files";
            return Err(Error::Flag { flag: "--data", why: why.to_owned() });
        }
        return Ok(divided(&Images::embedded_mnist()));
    };
    let both = [Images::load(folder, Split::Train)?, Images::load(folder, Split::Test)?];
    for images in &both {
        if images.shape() != dataset.image() || images.labels().is_none() {
            let wanted = match dataset {
                Dataset::Mnist => "labelled images of 28 x 28 x 1",
                Dataset::Cifar10 => "labelled images of 32 x 32 x 3",
            };
            let found = images.to_string();
            return Err(Error::OtherImages { path: folder.to_owned(), found, wanted });
        }
    }
    Ok(both)
}

/// Four in five images to learn from, and every fifth to test with.
pub fn divided(images: &Images) -> [Images; 2] {
    let (test, learnt): (Vec<usize>, Vec<usize>) = (0..images.len()).partition(|i| i % 5 == 4);
    [images.select(learnt), images.select(test)]
}
