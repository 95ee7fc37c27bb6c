//! What can one do with a GAN of images on the command line?
//!
//! Train it, stop it, go on; generate; walk among its noises. An example says which system it is,
//! an [`ImageProgram`], and the rest is here.

mod data;
mod explore;
mod flags;

use std::path::Path;
use std::process::ExitCode;

use autograd::{Rng, in_pool};
use gan::Game;
use serde::{Deserialize, Serialize};

pub use data::Source;
use flags::SIDES;
pub use flags::{Architecture, Command, Flags, Recipe, TrainFlags};

use crate::figures::{Bitmap, save_png};
use crate::image_gan::{ImageGan, samples};
use crate::judge::{Judge, calibration_images};
use crate::run::{self, Defaults, Program, RunFlags, Start};
use crate::systems::lenet::IMAGE;
use crate::systems::mnist_gan::Loss;
use crate::training::Stop;
use crate::{Checkpoint, Error, Images, RunFolder, Scaling, ShuffledBatches, program};

/// Samples that are judged at the end of a run.
const JUDGED: usize = 1000;

/// Images that a smoke test learns from.
const SMOKE_IMAGES: usize = 64;

/// Squares of several colours, places and sizes on other colours, 16 x 16: pictures for a smoke test
/// of players that learn colours.
fn coloured_squares() -> Vec<Bitmap> {
    let mut rng = Rng::new(0, "squares");
    let mut square = || {
        let mut picture = Bitmap::white(16, 16);
        let [[back, front], [left, top]] = [[(); 2]; 2].map(|pair| pair.map(|()| rng.below(8)));
        for (at, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
            let inside = at % 16 / 4 == left / 2 && at / 64 == top / 2;
            let colour = if inside { front } else { back };
            // The three bits of a number from 0 to 7.
            (0..3).for_each(|c| pixel[c] = if colour >> c & 1 == 1 { 230 } else { 25 });
        }
        picture
    };
    (0..SMOKE_IMAGES).map(|_| square()).collect()
}

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
    /// Whether `--loss` chooses what the players minimise.
    pub losses: bool,
    /// Whether `--architecture` chooses the players.
    pub architectures: bool,
    /// What a recipe sets for these players.
    pub settings: fn(Recipe, Architecture) -> RecipeSettings,
    /// The players of a configuration, before they have learnt anything.
    pub game: fn(&Choices, &mut Rng) -> Game,
}

/// What a recipe sets, and flags may change.
#[derive(Clone, Copy, Debug)]
pub struct RecipeSettings {
    /// An image: height, width, channels. Images of other sizes are brought to this one.
    pub image: [usize; 3],
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

/// What only these programs are started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Which recipe the other fields started from.
    pub recipe: Recipe,
    /// Whether mistakes of the source are kept.
    pub as_printed: bool,
    /// What the players minimise, if the system leaves the choice.
    pub loss: Option<Loss>,
    /// Which players, if the system has several.
    pub architecture: Option<Architecture>,
    /// An image: height, width, channels.
    pub image: [usize; 3],
    /// How wide the players are.
    pub width: usize,
    /// The images.
    pub data: Source,
}

/// What a run is started with.
pub type Configuration = run::Configuration<Choices>;

impl ImageProgram {
    /// The program from its flags to its exit code.
    pub fn main(&self) -> ExitCode {
        program::run(
            |flags: Flags| {
                if flags.smoke { self.smoke() } else { self.run(flags.command) }
            },
        )
    }

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
        let out = self.program().smoke_folder();
        self.try_everything(TrainFlags::default(), &out)?;
        if self.architectures {
            let pictures = RunFolder::create(out.join("pictures"))?;
            for (i, picture) in coloured_squares().iter().enumerate() {
                save_png(picture, pictures.file(format!("{i}.png")))?;
            }
            let flags = TrainFlags {
                architecture: Some(Architecture::Radford),
                side: Some(16),
                data: Some(pictures.path().to_owned()),
                ..TrainFlags::default()
            };
            self.try_everything(flags, &out.join("radford"))?;
        }
        Ok(())
    }

    /// A short training by these flags into this folder, and all that can be done with it.
    fn try_everything(&self, flags: TrainFlags, out: &Path) -> Result<(), Error> {
        let run = RunFlags {
            iterations: Some(6),
            batch_size: Some(8),
            every: Some(3),
            save_every: Some(4),
            out: Some(out.to_owned()),
            overwrite: true,
            ..RunFlags::default()
        };
        let (width, images) = (Some(8), Some(SMOKE_IMAGES));
        self.train(TrainFlags { run, width, images, ..flags }, &Stop::new())?;
        for command in Command::each_on(out) {
            self.run(Some(command))?;
        }
        Ok(())
    }

    fn train(&self, flags: TrainFlags, stop: &Stop) -> Result<(), Error> {
        let (start, images) = self.start(&flags)?;
        let configuration = &start.configuration;
        let (about, seed) = (configuration.own.data.to_string(), configuration.seed);
        let mut gan = self.gan(configuration, images);
        let judged = configuration.own.data.are_digits() && configuration.own.image == IMAGE;
        let judge = |gan: &mut ImageGan| {
            let judge = || judge_digits(gan, self.scaling, seed);
            Ok(if judged { in_pool(judge) } else { Vec::new() })
        };
        self.program().train(&start, &mut gan, &about, stop, judge)?;
        Ok(())
    }

    fn program(&self) -> Program {
        Program { name: self.name, title: self.title, next: "generate" }
    }

    /// What a run is started with, and its images.
    fn start(&self, flags: &TrainFlags) -> Result<(Start<Choices>, Images), Error> {
        if flags.as_printed && !self.mistakes {
            let why = "the source of this system has no mistakes that are known".to_owned();
            return Err(Error::Flag { flag: "--as-printed", why });
        }
        if flags.loss.is_some() && !self.losses {
            let why = "this system has one loss; `mnist_gan` has several".to_owned();
            return Err(Error::Flag { flag: "--loss", why });
        }
        if flags.architecture.is_some() && !self.architectures {
            let why = "this system has one; `dcgan` has two".to_owned();
            return Err(Error::Flag { flag: "--architecture", why });
        }
        let opened = self.program().open::<Choices>(&flags.run)?;
        let saved = opened.saved().map(|saved| saved.own.clone());
        let loss = flags.loss.or(saved.as_ref().and_then(|saved| saved.loss)).unwrap_or_default();
        let recipe = flags.recipe.or(saved.as_ref().map(|saved| saved.recipe)).unwrap_or_default();
        let before = saved.as_ref().and_then(|saved| saved.architecture);
        let architecture = flags.architecture.or(before).unwrap_or_default();
        if flags.side.is_some() && architecture != Architecture::Radford {
            let why = "only `--architecture radford` has images of several sizes".to_owned();
            return Err(Error::Flag { flag: "--side", why });
        }
        let settings = (self.settings)(recipe, architecture);
        // Weights, their gradients and two moments each: some gigabytes, but no more.
        let widest = 8 * (self.settings)(Recipe::Full, architecture).width;
        if let Some(width) = flags.width.filter(|width| *width > widest) {
            let why = format!("{width} is more than {widest}, eight times the source's width");
            return Err(Error::Flag { flag: "--width", why });
        }
        let image = saved.as_ref().map_or(settings.image, |saved| saved.image);
        let image = flags.side.map_or(image, |side| [side, side, image[2]]);
        let (images, data) = match &saved {
            None => Source::load(flags.data.as_deref(), flags.images, settings.images, image)?,
            Some(Choices { data: saved, .. }) => {
                let moved = flags.data.as_deref().or(saved.path.as_deref());
                let (images, data) = Source::load(moved, None, saved.images, image)?;
                // The same images may have moved.
                (images, Source { path: saved.path.clone(), ..data })
            }
        };
        let width = flags.width.or(saved.as_ref().map(|saved| saved.width));
        let own = Choices {
            recipe,
            as_printed: flags.as_printed || saved.is_some_and(|saved| saved.as_printed),
            loss: self.losses.then_some(loss),
            architecture: self.architectures.then_some(architecture),
            image,
            width: width.unwrap_or(settings.width),
            data,
        };
        let RecipeSettings { batch_size, iterations, every, .. } = settings;
        let mut start =
            opened.settle(&flags.run, Defaults { batch_size, iterations, every }, own)?;
        let configuration = &start.configuration;
        start.checkpoint.iter().try_for_each(|it| self.expect_image(&configuration.own, it))?;
        let (batch_size, count) = (configuration.batch_size, images.len());
        if batch_size > count {
            let why = format!("no batch of {batch_size} from {count} images");
            return Err(Error::Flag { flag: "--batch-size", why });
        }
        if let Some(epochs) = flags.epochs {
            let per_epoch = self.batches(configuration, &images).per_epoch() as u64;
            start.set_iterations("--epochs", epochs * per_epoch)?;
        }
        Ok((start, images))
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
        (self.game)(&configuration.own, &mut Rng::new(configuration.seed, "weights"))
    }

    /// Checks that the players of a checkpoint make images of the shape that it says.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they do not.
    fn expect_image(&self, own: &Choices, checkpoint: &Checkpoint) -> Result<(), Error> {
        let architecture = own.architecture.unwrap_or_default();
        let usual = (self.settings)(own.recipe, architecture).image;
        let sides = if architecture == Architecture::Radford { &SIDES[..] } else { &usual[..1] };
        if sides.iter().any(|side| own.image == [*side, *side, usual[2]]) {
            return Ok(());
        }
        let image = own.image;
        Err(checkpoint.flaw(format!("its configuration: `image` is {image:?}, not of {sides:?}")))
    }

    /// The players in a run's folder, and the shape of their images.
    fn trained_game(&self, folder: &Path) -> Result<(Game, [usize; 3]), Error> {
        let (configuration, checkpoint) = self.program().trained::<Choices>(folder)?;
        self.expect_image(&configuration.own, &checkpoint)?;
        let mut game = self.fresh_game(&configuration);
        checkpoint.restore_part(&mut game)?;
        Ok((game, configuration.own.image))
    }
}

/// What the judge says of samples of a generator of digits, beside real digits, in two lines.
pub fn judge_digits(gan: &mut ImageGan, scaling: Scaling, seed: u64) -> Vec<String> {
    let game = gan.game();
    let noise = game.latent().sample(JUDGED, &mut Rng::new(seed, "judge"));
    let judge = Judge::embedded();
    let fakes = judge.judge(&samples(game, &noise, IMAGE), scaling);
    let (_, digits) = calibration_images(JUDGED).swap_remove(0);
    let real = judge.judge(&digits, Scaling::MinusOneToOne);
    let lines = format!("generated, {fakes}\nreal digits, {real}");
    lines.lines().map(str::to_owned).collect()
}
