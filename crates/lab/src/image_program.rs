//! What can one do with a GAN of images on the command line?
//!
//! Train it, stop it, go on; generate; walk among its noises. An example says which system it is,
//! an [`ImageProgram`], and the rest is here.

mod data;
mod explore;
mod flags;

use std::path::Path;

use autograd::{Rng, in_pool};
use gan::Game;
use serde::{Deserialize, Serialize};

pub use data::Source;
pub use flags::{Command, Recipe, TrainFlags};

use crate::image_gan::{ImageGan, samples};
use crate::judge::{Judge, calibration_images};
use crate::training::{self, CHECKPOINT, Outcome, Plan, Stop};
use crate::{Checkpoint, Error, Images, RunFolder, Scaling, ShuffledBatches, report};

/// Samples that are judged at the end of a run.
const JUDGED: usize = 1000;

/// A system of images as a program.
pub struct ImageProgram {
    /// The example's name, and the folder in `out` where its runs go.
    pub name: &'static str,
    /// Stands above its figures.
    pub title: &'static str,
    /// The range of its generator.
    pub scaling: Scaling,
    /// Whether what is left of an epoch is a smaller batch.
    pub keep_last: bool,
    /// Whether its source has mistakes that `--as-printed` keeps.
    pub mistakes: bool,
    /// What a recipe sets.
    pub settings: fn(Recipe) -> RecipeSettings,
    /// The players of a configuration, before they have learnt anything.
    pub game: fn(&Configuration, &mut Rng) -> Game,
}

/// What a recipe sets, and flags may change.
#[derive(Clone, Copy, Debug)]
pub struct RecipeSettings {
    /// How wide the players are.
    pub width: usize,
    /// Real images in a step.
    pub batch_size: usize,
    /// Steps.
    pub iterations: u64,
    /// How many images from the start of the set, all if there are fewer. A recipe that wants
    /// more than the program holds asks for `--data`.
    pub images: usize,
    /// Steps from one printed line and picture to the next.
    pub every: u64,
}

/// What a run is started with: all that its bytes depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Which program.
    pub system: String,
    /// Which recipe its other fields started from.
    pub recipe: Recipe,
    /// Whether mistakes of the source are kept.
    pub as_printed: bool,
    /// How wide the players are.
    pub width: usize,
    /// Real images in a step.
    pub batch_size: usize,
    /// Steps in all.
    pub iterations: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Steps from one printed line and picture to the next.
    pub every: u64,
    /// Steps from one checkpoint to the next.
    pub save_every: u64,
    /// The images.
    pub data: Source,
}

impl ImageProgram {
    /// Does what the command says; without one, trains with the defaults.
    ///
    /// # Errors
    /// If a file cannot be read or written, or a flag does not fit.
    pub fn run(&self, command: Option<Command>) -> Result<(), Error> {
        match command {
            None => self.train(TrainFlags::default(), &Stop::on_ctrl_c()),
            Some(Command::Train(flags)) => self.train(*flags, &Stop::on_ctrl_c()),
            Some(Command::Generate(flags)) => in_pool(|| self.generate(&flags)),
            Some(Command::Interpolate(flags)) => in_pool(|| self.interpolate(&flags)),
            Some(Command::Walk(flags)) => in_pool(|| self.walk(&flags)),
            Some(Command::Arithmetic(flags)) => in_pool(|| self.arithmetic(&flags)),
        }
    }

    /// Everything once, in a second: a few steps of narrow players on a few images, and what can be
    /// done with them.
    ///
    /// # Errors
    /// As [`ImageProgram::run`].
    pub fn smoke(&self) -> Result<(), Error> {
        let flags = TrainFlags {
            iterations: Some(6),
            batch_size: Some(8),
            width: Some(8),
            images: Some(64),
            every: Some(3),
            save_every: Some(4),
            ..TrainFlags::default()
        };
        self.train(flags, &Stop::new())?;
        for command in Command::each_on(&Path::new("out").join(self.name)) {
            self.run(Some(command))?;
        }
        Ok(())
    }

    fn train(&self, flags: TrainFlags, stop: &Stop) -> Result<(), Error> {
        let checkpoint = match &flags.resume {
            Some(folder) => Some(Checkpoint::read(folder.join(CHECKPOINT))?),
            None => None,
        };
        let (configuration, images) = self.configure(&flags, checkpoint.as_ref())?;
        let out = flags.resume.or(flags.out).unwrap_or_else(|| Path::new("out").join(self.name));
        let folder = RunFolder::create(out)?;
        let Configuration { batch_size, iterations, seed, every, save_every, .. } = configuration;
        let plan = Plan {
            title: self.title.to_owned(),
            steps: iterations,
            batch_size,
            line_every: every,
            picture_every: every,
            save_every,
        };
        println!("{}, seed {seed}, {iterations} iterations of {batch_size}", self.title);
        println!("  {}", configuration.data);
        let mut gan = self.gan(&configuration, images);
        let from = checkpoint.as_ref();
        let outcome = training::train(&mut gan, &plan, &configuration, &folder, from, stop)?;
        let path = folder.path().display();
        let (resume, generate) = self.commands(folder.path());
        if let Outcome::Stopped { step } = outcome {
            println!("stopped after {step} iterations; to go on:\n  {resume}");
            return Ok(());
        }
        let judgement = if configuration.data.are_digits() {
            in_pool(|| self.judge(&mut gan, seed))
        } else {
            Vec::new()
        };
        judgement.iter().for_each(|line| println!("{line}"));
        let commands = [resume, generate.clone()];
        report::save(&folder, self.title, &configuration, &judgement, &commands)?;
        println!("pictures, checkpoint, metrics.jsonl and report.html are in {path}; to go on:");
        println!("  {generate}");
        Ok(())
    }

    /// What a run is started with, and its images.
    fn configure(
        &self,
        flags: &TrainFlags,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<(Configuration, Images), Error> {
        if flags.as_printed && !self.mistakes {
            let why = "the source of this system has no mistakes that are known".to_owned();
            return Err(Error::Flag { flag: "--as-printed", why });
        }
        let Some(checkpoint) = checkpoint else {
            let recipe = flags.recipe.unwrap_or_default();
            let settings = (self.settings)(recipe);
            let (images, data) = Source::load(flags, settings.images)?;
            let batch_size = flags.batch_size.unwrap_or(settings.batch_size);
            let configuration = Configuration {
                system: self.name.to_owned(),
                recipe,
                as_printed: flags.as_printed,
                width: flags.width.unwrap_or(settings.width),
                batch_size,
                iterations: settings.iterations,
                seed: flags.seed.unwrap_or(0),
                every: flags.every.unwrap_or(settings.every),
                save_every: flags.save_every.unwrap_or(2 * settings.every),
                data,
            };
            if batch_size > images.len() {
                let why = format!("no batch of {batch_size} from {} images", images.len());
                return Err(Error::Flag { flag: "--batch-size", why });
            }
            let iterations = self.iterations(flags, &configuration, &images);
            return Ok((Configuration { iterations, ..configuration }, images));
        };
        let saved: Configuration = checkpoint.configuration()?;
        let moved = TrainFlags {
            data: flags.data.clone().or_else(|| saved.data.path.clone()),
            ..TrainFlags::default()
        };
        let (images, data) = Source::load(&moved, saved.data.images)?;
        let wanted = Configuration {
            system: self.name.to_owned(),
            recipe: flags.recipe.unwrap_or(saved.recipe),
            as_printed: flags.as_printed || saved.as_printed,
            width: flags.width.unwrap_or(saved.width),
            batch_size: flags.batch_size.unwrap_or(saved.batch_size),
            seed: flags.seed.unwrap_or(saved.seed),
            every: flags.every.unwrap_or(saved.every),
            save_every: flags.save_every.unwrap_or(saved.save_every),
            // The same images may have moved.
            data: Source { path: saved.data.path.clone(), ..data },
            iterations: saved.iterations,
        };
        checkpoint.expect_configuration(&wanted)?;
        // More of the same is no other run.
        let iterations = self.iterations(flags, &saved, &images);
        Ok((Configuration { iterations, ..saved }, images))
    }

    /// How many steps the flags ask for.
    fn iterations(&self, flags: &TrainFlags, chosen: &Configuration, images: &Images) -> u64 {
        let per_epoch = self.batches(chosen, images).per_epoch() as u64;
        let epochs = flags.epochs.map(|epochs| epochs * per_epoch);
        flags.iterations.or(epochs).unwrap_or(chosen.iterations)
    }

    fn batches(&self, configuration: &Configuration, images: &Images) -> ShuffledBatches {
        let Configuration { batch_size, seed, .. } = *configuration;
        let batches = ShuffledBatches::new(images.len(), batch_size, seed);
        if self.keep_last { batches.keep_last() } else { batches }
    }

    fn gan(&self, configuration: &Configuration, images: Images) -> ImageGan {
        let game = self.fresh_game(configuration);
        let batches = self.batches(configuration, &images);
        ImageGan::new(game, images, batches, self.scaling, configuration.seed)
    }

    fn fresh_game(&self, configuration: &Configuration) -> Game {
        (self.game)(configuration, &mut Rng::new(configuration.seed, "weights"))
    }

    /// The players in a run's folder.
    fn trained_game(&self, folder: &Path) -> Result<Game, Error> {
        let checkpoint = Checkpoint::read(folder.join(CHECKPOINT))?;
        let configuration: Configuration = checkpoint.configuration()?;
        if configuration.system != self.name {
            checkpoint.expect_configuration(&Configuration {
                system: self.name.to_owned(),
                ..configuration.clone()
            })?;
        }
        let mut game = self.fresh_game(&configuration);
        checkpoint.restore_part(&mut game)?;
        Ok(game)
    }

    /// What the judge says of the generator's samples, beside real digits.
    fn judge(&self, gan: &mut ImageGan, seed: u64) -> Vec<String> {
        let game = gan.game();
        let noise = game.latent().sample(JUDGED, &mut Rng::new(seed, "judge"));
        let judge = Judge::embedded();
        let fakes = judge.judge(&samples(game, &noise, data::SHAPE), self.scaling);
        let (_, digits) = calibration_images(JUDGED).swap_remove(0);
        let real = judge.judge(&digits, Scaling::MinusOneToOne);
        let lines = format!("generated, {fakes}\nreal digits, {real}");
        lines.lines().map(str::to_owned).collect()
    }

    /// How to resume a run and how to use what it has learnt.
    fn commands(&self, folder: &Path) -> (String, String) {
        let program = format!("cargo run --release --example {}", self.name);
        let folder = folder.display();
        (
            format!("{program} -- train --resume {folder}"),
            format!("{program} -- generate --checkpoint {folder}"),
        )
    }
}
