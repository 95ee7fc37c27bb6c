//! How does a game play on toy data, and how well?

use autograd::{Array, Real, Rng, Tensor, grad, no_grad};
use gan::{Doctor, Finding, Game, Report};
use layers::{State, StateError, Stateful};

use crate::figures::{Bitmap, Heights, Window, to_bitmap};
use crate::points;
use crate::toys::{Coverage, SAMPLES, Toy};
use crate::training::System;
use crate::transport::wasserstein;

/// Points of either kind between which the Wasserstein distance is computed. The time for it grows
/// with their cube.
const PAIRS: usize = 256;

/// Steps from one measurement to the next.
const MEASURE_EVERY: u64 = 100;

/// Turns from one examination by the doctor to the next: a few hundredths of the shortest runs
/// worth watching.
const EXAMINE_EVERY: u64 = 50;

/// Real points that the doctor compares the generator's with.
const EXAMINED: usize = 256;

/// Points that the discriminator is asked about at once.
pub(crate) const MOST_SCORED: usize = 256;

/// Points of either kind in a picture.
const SHOWN: usize = 500;

/// Numbers that the picture's square is divided by on each side.
const CELLS: usize = 51;

/// A game on a toy of the plane, with its sources of randomness.
///
/// The players see points divided by [`ToyGan::scale`], so that one set of learning rates and
/// penalties serves all toys, and so does the doctor. Everything that is measured or shown is in
/// the toy's own units.
pub struct ToyGan {
    game: Game,
    doctor: Doctor,
    toy: Box<dyn Toy>,
    batch_size: usize,
    scale: f64,
    /// Whether the game's scores estimate a distance.
    estimates: bool,
    window: Window,
    data: Rng,
    noise: Rng,
    steps: u64,
    /// What was measured last, by the names of [`ToyGan::names`].
    measured: Vec<Real>,
    seed: u64,
}

/// How good a generator of toy points is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The exact W₁ between 256 real and 256 generated points.
    pub distance: f64,
    /// The discriminator's mean score of those real points less that of the generated ones, in the
    /// toy's units of length: for a critic whose slope is at most 1, no more than the distance.
    pub estimate: f64,
    /// Of 2,500 points, if the toy has modes.
    pub coverage: Option<Coverage>,
}

impl ToyGan {
    /// The game before its first turn. What is random in its training comes from `seed`.
    ///
    /// - `scaled`: whether the players see points divided by [`ToyGan::scale`], or as they are.
    /// - `estimates`: whether the difference of the discriminator's mean scores is to be recorded as
    ///   an estimate of the distance.
    ///
    /// # Panics
    /// If the toy is not in the plane.
    #[track_caller]
    pub fn new(
        game: Game,
        toy: Box<dyn Toy>,
        scaled: bool,
        batch_size: usize,
        estimates: bool,
        seed: u64,
    ) -> ToyGan {
        assert!(toy.dimensions() == 2, "toy gan: points of {} numbers", toy.dimensions());
        let many = toy.sample(10_000, &mut Rng::new(0, "scale of a toy"));
        let squares = many.numbers().iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let window = Window::around(&points(&many));
        let rms = (squares / many.numbers().len() as f64).sqrt();
        let scale = if scaled { rms } else { 1.0 };
        let examined = toy.sample(EXAMINED, &mut Rng::new(seed, "doctor's data"));
        let examined = Tensor::constant(examined.map(|x| x / scale as Real));
        let mut gan = ToyGan {
            doctor: Doctor::new(&game, &examined, EXAMINE_EVERY, seed),
            game,
            batch_size,
            scale,
            estimates,
            window: Window { half_side: 1.1 * window.half_side, ..window },
            toy,
            data: Rng::new(seed, "data"),
            noise: Rng::new(seed, "noise"),
            steps: 0,
            measured: Vec::new(),
            seed,
        };
        gan.measured = vec![0.0; gan.names().len()];
        gan
    }

    /// What points are divided by for the players: the root mean square of the toy's coordinates, or
    /// 1 if they see them as they are.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The game.
    pub fn game(&self) -> &Game {
        &self.game
    }

    /// Who watches it.
    pub fn doctor(&self) -> &Doctor {
        &self.doctor
    }

    /// What the figures show of the plane.
    pub fn window(&self) -> Window {
        self.window
    }

    /// One turn of the game, watched by the doctor, without measuring how good it is.
    pub fn turn(&mut self) -> Report {
        let ToyGan { game, doctor, toy, data, noise, batch_size, scale, .. } = self;
        let next_real = || batch(toy.as_ref(), *batch_size, *scale, data);
        complete(doctor.attend(game, next_real, noise))
    }

    /// One step of the discriminator alone.
    pub fn discriminator_step(&mut self) -> Report {
        let real = batch(self.toy.as_ref(), self.batch_size, self.scale, &mut self.data);
        complete(self.game.discriminator_step(&real, &mut self.noise))
    }

    /// One step of the generator alone.
    pub fn generator_step(&mut self) -> Report {
        let real = batch(self.toy.as_ref(), self.batch_size, self.scale, &mut self.data);
        complete(self.game.generator_step(&real, &mut self.noise))
    }

    /// `count` generated points, from noise of this purpose: `[count, 2]`.
    pub fn generated(&self, count: usize, purpose: &str) -> Array {
        let points = no_grad(|| self.game.draw(count, &mut Rng::new(self.seed, purpose)));
        let scale = self.scale as Real;
        points.value().map(|x| x * scale)
    }

    /// What the generator makes of noise `[n, size]`: points `[n, 2]`.
    pub fn image(&self, noise: Array) -> Array {
        let points = no_grad(|| self.game.generate(&Tensor::constant(noise)));
        let scale = self.scale as Real;
        points.value().map(|x| x * scale)
    }

    /// `count` real points: `[count, 2]`.
    pub fn real(&self, count: usize, purpose: &str) -> Array {
        self.toy.sample(count, &mut Rng::new(self.seed, purpose))
    }

    /// Points as the players see them.
    fn scaled(&self, points: &Array) -> Array {
        let scale = self.scale as Real;
        points.map(|x| x / scale)
    }

    /// The discriminator's scores of points `[n, 2]`.
    ///
    /// It is asked in batches of at most 256 that are spread evenly over the points: one that looks
    /// at whole batches should not see neighbours in a grid only.
    pub fn scores(&self, points: &Array) -> Vec<f64> {
        let x = Tensor::constant(self.scaled(points));
        let n = x.shape()[0];
        let batches = n.div_ceil(MOST_SCORED);
        let mut scores = vec![0.0; n];
        for first in 0..batches {
            let rows: Vec<usize> = (first..n).step_by(batches).collect();
            let of_batch = no_grad(|| self.game.scores(&x.gather_rows(&rows)));
            for (row, score) in rows.into_iter().zip(of_batch.numbers()) {
                scores[row] = f64::from(*score);
            }
        }
        scores
    }

    /// Whither, and how strongly, the generator's loss pushes each of the points `[n, 2]`:
    /// -n ∂L_G/∂x, since L_G is a mean of n. Beside 256 real points, if the loss is relative.
    pub fn push(&self, points: &Array) -> Array {
        let x = Tensor::variable(self.scaled(points));
        let real = Tensor::constant(self.scaled(&self.real(PAIRS, "real pairs")));
        let [slopes] = grad(&self.game.generator_loss_beside(&x, &real), [&x], false);
        let factor = -(points.shape()[0] as f64 / self.scale) as Real;
        slopes.value().map(|slope| factor * slope)
    }

    /// How good the generator is, on noise and real points of its own, the same every time; none if
    /// the game has diverged, so that a point or a score is not finite.
    pub fn quality(&self) -> Option<Quality> {
        let (real, fake) = (self.real(PAIRS, "real pairs"), self.generated(PAIRS, "pairs"));
        let estimate = self.difference(&real, &fake);
        let is_finite = estimate.is_finite() && fake.numbers().iter().all(|x| x.is_finite());
        is_finite.then(|| Quality {
            distance: wasserstein(&real, &fake),
            estimate,
            coverage: self.coverage(),
        })
    }

    /// Which modes the generator covers, if the toy has any, on noise of its own.
    pub fn coverage(&self) -> Option<Coverage> {
        let modes = self.toy.modes();
        let coverage = || Coverage::of(&self.generated(SAMPLES, "coverage"), &modes);
        (!modes.is_empty()).then(coverage)
    }

    /// E D(x) - E D(G(z)) in the toy's units of length, on real and generated points.
    fn difference(&self, real: &Array, fake: &Array) -> f64 {
        let mean = |x: &Array| {
            let scores = self.scores(x);
            scores.iter().sum::<f64>() / scores.len() as f64
        };
        self.scale * (mean(real) - mean(fake))
    }

    /// What is left of the distance when both samples are real: nothing can be expected below it.
    pub fn floor(&self) -> f64 {
        wasserstein(&self.real(PAIRS, "real pairs"), &self.real(PAIRS, "other real pairs"))
    }

    /// What is measured now and then.
    fn names(&self) -> Vec<&'static str> {
        let mut names = vec!["distance"];
        if self.estimates {
            names.push("distance_by_critic");
        }
        if !self.toy.modes().is_empty() {
            names.extend(["modes", "high_quality"]);
        }
        names
    }

    /// Of a game that has diverged, NaN: whoever records that learns of it.
    fn measure(&mut self) {
        let Some(Quality { distance, estimate, coverage }) = self.quality() else {
            return self.measured.fill(Real::NAN);
        };
        let mut measured = vec![distance];
        if self.estimates {
            measured.push(estimate);
        }
        if let Some(Coverage { modes, covered, high_quality, .. }) = coverage {
            measured.extend([covered as f64 / modes as f64, high_quality]);
        }
        self.measured = measured.into_iter().map(|x| x as Real).collect();
    }
}

/// A batch of real points as the players see them.
fn batch(toy: &dyn Toy, size: usize, scale: f64, data: &mut Rng) -> Tensor {
    Tensor::constant(toy.sample(size, data).map(|x| x / scale as Real))
}

/// A report of which every parameter had a gradient.
#[track_caller]
fn complete(report: Report) -> Report {
    let missing = &report.without_gradient;
    assert!(missing.is_empty(), "no gradient reaches {missing:?}");
    report
}

impl System for ToyGan {
    /// Losses; then distances and shares, which are measured every hundredth step and repeated
    /// until the next.
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let report = self.turn();
        if self.steps.is_multiple_of(MEASURE_EVERY) {
            self.measure();
        }
        self.steps += 1;
        let losses = [("loss_d", report.loss_d), ("loss_g", report.loss_g)];
        losses.into_iter().chain(self.names().into_iter().zip(self.measured.clone())).collect()
    }

    fn findings(&self) -> &[Finding] {
        self.doctor.findings()
    }

    fn picture(&self) -> Bitmap {
        let (real, fake) = (self.real(SHOWN, "shown"), self.generated(SHOWN, "pictures"));
        let grid: Vec<Real> =
            self.window.grid(CELLS).into_iter().flatten().map(|x| x as Real).collect();
        let mut heights = self.scores(&Array::new([CELLS * CELLS, 2], &grid));
        // A game that has diverged has no landscape, and its next step says so.
        if !heights.iter().all(|height| height.is_finite()) {
            heights.fill(0.0);
        }
        let figure = Heights {
            title: &format!("{} steps", self.steps),
            window: self.window,
            heights: &heights,
            real: &points(&real),
            fake: &points(&fake),
        };
        to_bitmap(&figure)
    }
}

/// The game, what was measured and found, and the streams.
impl Stateful for ToyGan {
    fn put(&self, state: &mut State<'_>) {
        self.game.put(state);
        self.doctor.put(state);
        state.put_counter("steps_taken", self.steps);
        state.put("measured", &Array::new([self.measured.len()], &self.measured));
        state.put_stream("data", &self.data);
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.game.take(state)?;
        self.doctor.take(state)?;
        self.steps = state.take_counter("steps_taken")?;
        let measured = state.take("measured", [self.measured.len()].into())?;
        self.measured = measured.numbers().to_vec();
        self.data = state.take_stream("data")?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::systems::wgan::{Choice, Form, on_points};
    use crate::toys::{Mixture, NoisyCurve, ToyName};
    use crate::training::{Plan, Stop, train};
    use crate::tricks::Trick;
    use crate::{AffineGaussian, RunFolder};
    use gan::penalties::gradient_penalty;
    use gan::{Adam, Fakes, Latent, Player, Settings, Steps, Wasserstein};
    use layers::{Activation, Init, Linear, Sequential, restore};

    fn gan(form: Form, toy: impl Toy + 'static, seed: u64) -> ToyGan {
        let choice = Choice { form, width: 16, penalty: None, fall: Some(4) };
        let game = on_points(choice, &mut Rng::new(seed, "weights"));
        ToyGan::new(game, Box::new(toy), true, 32, form.is_wasserstein(), seed)
    }

    #[test]
    fn a_resumed_system_takes_the_same_steps() {
        for form in [Form::Gp, Form::R1, Form::Dragan] {
            let fresh = || gan(form, Mixture::ring(), 1);
            let (mut whole, mut resumed) = (fresh(), fresh());
            (0..3).for_each(|_| drop(whole.step()));
            let mut state = State::new();
            whole.put(&mut state);
            restore(&mut resumed, state).unwrap();
            for _ in 0..3 {
                assert_eq!(whole.step(), resumed.step(), "{form:?}");
            }
            assert_eq!(whole.picture(), resumed.picture());
        }
    }

    #[test]
    fn each_form_records_what_it_can_measure() {
        let names = |gan: &mut ToyGan| -> String {
            gan.step().into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        };
        let with_modes = names(&mut gan(Form::Gp, Mixture::grid(), 0));
        assert_eq!(with_modes, "loss_d loss_g distance distance_by_critic modes high_quality");
        assert_eq!(names(&mut gan(Form::R1, NoisyCurve::two_moons(), 0)), "loss_d loss_g distance");
    }

    /// Weights of the largest number overflow the next product.
    #[test]
    fn a_game_that_diverges_ends_its_run_with_an_error() {
        let tricks = vec![Trick::FasterD(f64::from(Real::MAX))];
        let recipe = Recipe { width: [8; 2], batch_size: 8, tricks, ..Recipe::default() };
        let folder = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(folder.path()).unwrap();
        for measured_first in [true, false] {
            let mut gan = recipe.toy_gan(ToyName::Ring, 0);
            gan.steps = u64::from(!measured_first);
            let plan = Plan {
                title: String::new(),
                steps: 5,
                batch_size: 8,
                line_every: 1,
                picture_every: 1,
                save_every: 5,
                quiet: true,
            };
            let why = train(&mut gan, &plan, &recipe, &folder, None, &Stop::new()).unwrap_err();
            let expected = if measured_first { "`distance`" } else { "`loss_" };
            assert!(why.to_string().contains(expected), "{why}");
            assert_eq!(gan.quality(), None);
        }
    }

    /// The push at a point is the slope of the loss by finite differences, one point at a time.
    #[test]
    fn points_are_pushed_down_the_slope_of_the_generators_loss() {
        for form in [Form::Gp, Form::R1] {
            let mut gan = gan(form, Mixture::grid(), 0);
            (0..3).for_each(|_| drop(gan.turn()));
            let points = gan.generated(5, "pushed");
            let push = gan.push(&points);
            for (i, push) in push.numbers().iter().enumerate() {
                let point = &points.numbers()[i / 2 * 2..i / 2 * 2 + 2];
                let loss = |step: f64| {
                    let mut moved = point.to_vec();
                    moved[i % 2] += step as Real;
                    let x = Tensor::constant(gan.scaled(&Array::new([1, 2], &moved)));
                    f64::from(gan.game.generator_loss(&x).item())
                };
                let slope = (loss(1e-3) - loss(-1e-3)) / 2e-3;
                let push = f64::from(*push);
                assert!((push + slope).abs() < 2e-3 + 0.01 * slope.abs(), "{push} for {slope}");
            }
        }
    }

    #[test]
    fn a_push_depends_on_no_other_point() {
        for tricks in [vec![], vec![Trick::Packing(4.0)]] {
            let recipe = Recipe { width: [8; 2], tricks, ..Recipe::default() };
            let gan = recipe.toy_gan(ToyName::Grid, 0);
            let points = gan.generated(8, "pushed");
            // Every second point elsewhere.
            let mut others = points.numbers().to_vec();
            others.chunks_mut(4).for_each(|two| two[2..].fill(3.0));
            let (one, other) = (gan.push(&points), gan.push(&Array::new([8, 2], &others)));
            for (one, other) in one.numbers().chunks(4).zip(other.numbers().chunks(4)) {
                let near = |i: usize| (one[i] - other[i]).abs() <= 1e-5 * one[i].abs();
                assert!(near(0) && near(1), "{:?}: {one:?} {other:?}", recipe.tricks);
            }
        }
    }

    /// How far the generated points' middle is from the data's, in the toy's own units.
    #[test]
    fn the_doctor_compares_in_the_units_of_the_players() {
        for scaled in [true, false] {
            let recipe = Recipe { width: [8; 2], batch_size: 8, scaled, ..Recipe::default() };
            let mut gan = recipe.toy_gan(ToyName::Grid, 1);
            (0..EXAMINE_EVERY).for_each(|_| drop(gan.turn()));
            let noise = Rng::new(1, "doctor").normal([EXAMINED, 2]);
            let (real, fake) = (gan.real(EXAMINED, "doctor's data"), gan.image(noise));
            let mean = |x: &mut dyn Iterator<Item = f64>| x.sum::<f64>() / EXAMINED as f64;
            let middle = |x: &[[f64; 2]]| [0, 1].map(|i| mean(&mut x.iter().map(|x| x[i])));
            let (real, fake) = (points(&real), points(&fake));
            let (m, f) = (middle(&real), middle(&fake));
            let squared = |x: &[f64; 2]| (x[0] - m[0]).powi(2) + (x[1] - m[1]).powi(2);
            let radius = mean(&mut real.iter().map(squared)).sqrt();
            let expected = squared(&f).sqrt() / radius;
            let found = gan.doctor().recent()[0].away;
            assert!((found - expected).abs() < 1e-4, "{scaled}: {found} for {expected}");
        }
    }

    /// Against a generator that stands still at 0, far from a narrow cloud, the best critic is linear
    /// along the way between: of slope s it gains s W and pays λ (s - 1)². So its slope is
    /// 1 + W / 2λ, and its estimate as many times the distance; W is √2 in the players' units, the
    /// length of a point whose coordinates are 1.
    #[test]
    fn a_critic_with_a_strong_penalty_estimates_the_distance() {
        let mut rng = Rng::new(0, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, &mut rng);
        let critic = Sequential::new().add(linear(2, 32)).add(Activation::Relu).add(linear(32, 1));
        let critic = Player::new(critic, Adam::new(0.01)).steps(Steps::exactly(5));
        let generator = Linear::new(2, 2, Init::Zeros, &mut rng);
        let generator = Player::new(generator, Adam::new(1e-9));
        let game = Game::new(generator, critic, Wasserstein, Latent::Normal { size: 2 })
            .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
            .discriminator_term(gradient_penalty(10.0));
        let cloud = AffineGaussian { a: [[0.05, 0.0], [0.0, 0.05]], b: [4.0, 4.0] };
        let mut gan = ToyGan::new(game, Box::new(cloud), true, 64, true, 0);
        (0..60).for_each(|_| drop(gan.step()));
        let Quality { distance, estimate, .. } = gan.quality().expect("it is finite");
        let expected = (1.0 + 2.0_f64.sqrt() / 20.0) * distance;
        assert!((estimate / expected - 1.0).abs() < 0.02, "{estimate} for {expected}");
    }
}
