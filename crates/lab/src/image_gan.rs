//! How does a game play on images?

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::{Doctor, Finding, Game};
use layers::{State, StateError, Stateful};

use crate::figures::{Bitmap, image_grid};
use crate::training::System;
use crate::{Images, Scaling, ShuffledBatches};

/// Samples in a picture, in rows of [`COLUMNS`].
const SAMPLES: usize = 64;

/// Samples side by side.
pub const COLUMNS: usize = 8;

/// Each pixel of a sample is so many pixels wide and high in a picture.
pub const ENLARGED: u32 = 2;

/// Turns from one examination by the doctor to the next. Dense players need 2000 turns to make more
/// than a few digits, which is no failure: ten examinations, the doctor's grace.
const EXAMINE_EVERY: u64 = 200;

/// Real images that the doctor compares the generator's with, at most: as large a batch as any
/// system trains on.
const EXAMINED: usize = 128;

/// A game with its data and its sources of randomness: all that a GAN of images needs to train.
pub struct ImageGan {
    game: Game,
    doctor: Doctor,
    images: Images,
    batches: ShuffledBatches,
    scaling: Scaling,
    /// The shape of a sample as the players see it, such as `[784]` or `[28, 28, 1]`.
    sample: Vec<usize>,
    noise: Rng,
    fixed: Array,
}

impl ImageGan {
    /// The game before its first turn. What is random in its training comes from `seed`.
    ///
    /// # Panics
    /// If the generator's samples have not as many numbers as the images.
    #[track_caller]
    pub fn new(
        game: Game,
        images: Images,
        batches: ShuffledBatches,
        scaling: Scaling,
        seed: u64,
    ) -> ImageGan {
        // The same noise for every picture, so that one sees how each sample changes.
        let fixed = game.latent().sample(SAMPLES, &mut Rng::new(seed, "pictures"));
        let one = game.latent().sample(1, &mut Rng::new(seed, "pictures"));
        let sample = no_grad(|| game.generate(&Tensor::constant(one))).shape()[1..].to_vec();
        let [height, width, channels] = images.shape();
        assert!(
            sample.iter().product::<usize>() == height * width * channels,
            "image gan: samples of {sample:?} for images of {height} x {width} x {channels}"
        );
        let noise = Rng::new(seed, "noise");
        let mut places = Rng::new(seed, "doctor's data").permutation(images.len());
        places.truncate(EXAMINED);
        let examined = real_batch(&images, &places, scaling, &sample);
        let doctor = Doctor::new(&game, &examined, EXAMINE_EVERY, seed);
        ImageGan { game, doctor, images, batches, scaling, sample, noise, fixed }
    }

    /// The game.
    pub fn game(&self) -> &Game {
        &self.game
    }
}

impl System for ImageGan {
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let ImageGan { game, doctor, images, batches, scaling, sample, noise, .. } = self;
        let next_real = || real_batch(images, batches.next_batch(), *scaling, sample);
        let report = doctor.attend(game, next_real, noise);
        let missing = report.without_gradient;
        assert!(missing.is_empty(), "no gradient reaches {missing:?}");
        let accuracy = report.correct as Real / report.judged as Real;
        vec![("loss_d", report.loss_d), ("loss_g", report.loss_g), ("accuracy", accuracy)]
    }

    fn findings(&self) -> &[Finding] {
        self.doctor.findings()
    }

    fn picture(&self) -> Bitmap {
        let samples = samples(&self.game, &self.fixed, self.images.shape());
        image_grid(&samples, COLUMNS, self.scaling).enlarged(ENLARGED)
    }
}

/// The images at these places, as the players see them.
fn real_batch(images: &Images, places: &[usize], scaling: Scaling, sample: &[usize]) -> Tensor {
    let shape: Vec<usize> = [places.len()].iter().chain(sample).copied().collect();
    Tensor::constant(images.scaled(places, scaling)).reshape(&shape[..])
}

/// The game, what was found, where it stands in the data, and the noise.
impl Stateful for ImageGan {
    fn put(&self, state: &mut State<'_>) {
        self.game.put(state);
        self.doctor.put(state);
        state.within("data", |state| self.batches.put(state));
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.game.take(state)?;
        self.doctor.take(state)?;
        state.within("data", |state| self.batches.take(state))?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

/// What a game's generator makes of noise, as images `[n, height, width, channels]`. In batches, so
/// that many take no more memory than a few.
pub fn samples(game: &Game, noise: &Array, [height, width, channels]: [usize; 3]) -> Array {
    let (noise, count) = (Tensor::constant(noise.clone()), noise.shape()[0]);
    let parts = (0..count).step_by(SAMPLES).map(|first| {
        let some = noise.slice(0, first..(first + SAMPLES).min(count));
        no_grad(|| game.generate(&some))
    });
    let numbers: Vec<Real> = parts.flat_map(|part| part.numbers().to_vec()).collect();
    Array::new([count, height, width, channels], &numbers)
}
