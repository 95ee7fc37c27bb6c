//! In which order do the four players of the CycleGAN learn?

use autograd::{Array, Real, Rng, Tensor};
use gan::losses::least_squares;
use gan::{Player, Pool};
use layers::{State, StateError, Stateful};

use super::{
    COLUMNS, CYCLE, Generators, IDENTITY, SCALING, Sizes, Way, discriminator, player, rows,
};
use crate::figures::{Bitmap, image_grid};
use crate::training::System;
use crate::{Images, ShuffledBatches};

/// The most images that a pool holds: the paper's.
const POOL: usize = 50;

/// A set of images, and the discriminator that knows it.
struct Domain {
    images: Images,
    batches: ShuffledBatches,
    discriminator: Player,
    pool: Pool,
    /// What is random in the pool.
    draws: Rng,
}

impl Domain {
    fn next_batch(&mut self) -> Tensor {
        Tensor::constant(self.images.scaled(self.batches.next_batch(), SCALING))
    }

    /// mean (D(fake) - 1)²: what the fake's generator minimises.
    fn doubt(&self, fake: &Tensor) -> Tensor {
        least_squares(&self.discriminator.model().forward(fake), 1.0)
    }

    /// One step of the discriminator on real images and on made ones from the pool.
    fn learn(&mut self, real: &Tensor, fake: &Tensor) -> (Real, Vec<String>) {
        let shown = Tensor::constant(self.pool.exchange(fake.value(), &mut self.draws));
        let scores = |x: &Tensor| self.discriminator.model().forward(x);
        let of_real = least_squares(&scores(real), 1.0);
        let loss = 0.5 * (of_real + least_squares(&scores(&shown), 0.0));
        self.discriminator.learn(loss)
    }
}

/// The discriminator, its pool, and where it stands in the images.
impl Stateful for Domain {
    fn put(&self, state: &mut State<'_>) {
        state.within("discriminator", |state| self.discriminator.put(state));
        state.within("pool", |state| {
            self.pool.put(state);
            state.put_stream("draws", &self.draws);
        });
        self.batches.put(state);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("discriminator", |state| self.discriminator.take(state))?;
        state.within("pool", |state| {
            self.pool.take(state)?;
            self.draws = state.take_stream("draws")?;
            Ok::<_, StateError>(())
        })?;
        self.batches.take(state)
    }
}

/// The four players with their two sets of images.
pub struct CycleGan {
    generators: Generators,
    a: Domain,
    b: Domain,
}

/// mean |x - y|
fn distance(x: &Tensor, y: &Tensor) -> Tensor {
    (x - y).abs().mean()
}

impl CycleGan {
    /// Before the first of so many steps, on batches of `batch_size` from each set. All that is
    /// random comes from `seed`.
    ///
    /// # Panics
    /// If the images are not of the shape that `sizes` says, or fewer than a batch.
    #[track_caller]
    pub fn new(
        sizes: Sizes,
        [a, b]: [Images; 2],
        batch_size: usize,
        steps: u64,
        seed: u64,
    ) -> CycleGan {
        let rng = &mut Rng::new(seed, "weights");
        let generators = Generators::new(sizes, steps, rng);
        let mut domain = |name: &str, images: Images, batch_seed| {
            assert!(images.shape() == sizes.image(), "cyclegan: {images} for {sizes:?}");
            Domain {
                batches: ShuffledBatches::new(images.len(), batch_size, batch_seed),
                discriminator: player(discriminator(sizes, rng), steps),
                pool: Pool::new(POOL, sizes.image()),
                draws: Rng::new(seed, name),
                images,
            }
        };
        // Orders of their own: sets of one size would otherwise always meet in the same pairs.
        let a = domain("pool a", a, seed);
        let b = domain("pool b", b, !seed);
        CycleGan { generators, a, b }
    }

    /// The two that translate.
    pub fn generators(&self) -> &Generators {
        &self.generators
    }
}

impl System for CycleGan {
    /// Losses before the players moved: `loss_d` of both discriminators and `loss_g`, `loss_cycle`
    /// and `loss_identity`, the sums of two means without their weights.
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        let CycleGan { generators: Generators { g, f }, a, b } = self;
        let (x, y) = (a.next_batch(), b.next_batch());
        // No layer does anything in training that it does not do always, so nobody needs
        // `forward_train`.
        let (to_b, to_a) = (|x: &Tensor| g.model().forward(x), |y: &Tensor| f.model().forward(y));
        let (fake_b, fake_a) = (to_b(&x), to_a(&y));
        let adversarial = b.doubt(&fake_b) + a.doubt(&fake_a);
        let cycle = distance(&to_a(&fake_b), &x) + distance(&to_b(&fake_a), &y);
        let identity = distance(&to_b(&y), &y) + distance(&to_a(&x), &x);
        let values = [&adversarial, &cycle, &identity].map(Tensor::item);
        let loss = adversarial + CYCLE * cycle + IDENTITY * identity;
        let (_, missing) = Player::learn_together([g, f], loss);
        let (fake_b, fake_a) = (fake_b.detach(), fake_a.detach());
        let (loss_a, missing_a) = a.learn(&x, &fake_a);
        let (loss_b, missing_b) = b.learn(&y, &fake_b);
        let missing = [missing.concat(), missing_a, missing_b].concat();
        assert!(missing.is_empty(), "no gradient reaches {missing:?}");
        let [loss_g, loss_cycle, loss_identity] = values;
        vec![
            ("loss_d", loss_a + loss_b),
            ("loss_g", loss_g),
            ("loss_cycle", loss_cycle),
            ("loss_identity", loss_identity),
        ]
    }

    /// Rows x, G(x), F(G(x)), then y, F(y), G(F(y)), always of the first images.
    fn picture(&self) -> Bitmap {
        let first = |domain: &Domain| domain.images.len().min(COLUMNS);
        let count = first(&self.a).min(first(&self.b));
        let [x, y] = [&self.a, &self.b].map(|set| set.images.scaled(0..count, SCALING));
        image_grid(&rows(&self.cycles(&x, &y)), count, SCALING).enlarged(2)
    }
}

impl CycleGan {
    /// x, G(x), F(G(x)), y, F(y), G(F(y)).
    fn cycles(&self, x: &Array, y: &Array) -> [Array; 6] {
        let (there, back) = (Way::AToB, Way::BToA);
        let translate = |way, images: &Array| self.generators.translate(way, images);
        let (of_x, of_y) = (translate(there, x), translate(back, y));
        let (x_again, y_again) = (translate(back, &of_x), translate(there, &of_y));
        [x.clone(), of_x, x_again, y.clone(), of_y, y_again]
    }
}

/// The generators and both sets.
impl Stateful for CycleGan {
    fn put(&self, state: &mut State<'_>) {
        self.generators.put(state);
        state.within("a", |state| self.a.put(state));
        state.within("b", |state| self.b.put(state));
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.generators.take(state)?;
        state.within("a", |state| self.a.take(state))?;
        state.within("b", |state| self.b.take(state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::cyclegan::striped;
    use layers::restore;

    const SIZES: Sizes = Sizes { side: 12, channels: 1, width: 4, blocks: 1 };

    fn system(seed: u64) -> CycleGan {
        let digits = Images::embedded_mnist().take(0..22).resized([12, 12]);
        let sets = [digits.take(0..11), striped(&digits.take(11..22))];
        CycleGan::new(SIZES, sets, 3, 40, seed)
    }

    fn state(system: &CycleGan) -> State<'static> {
        let mut state = State::new();
        system.put(&mut state);
        state
    }

    /// The losses of the system's doc, in f64 and without the engine's functions.
    #[test]
    fn documented_formula_matches() {
        let mut system = system(0);
        let (mut a, mut b) = (system.a.batches.clone(), system.b.batches.clone());
        let x = system.a.images.scaled(a.next_batch(), SCALING);
        let y = system.b.images.scaled(b.next_batch(), SCALING);
        let mean = |terms: Vec<f64>| terms.iter().sum::<f64>() / terms.len() as f64;
        let away = |x: &Array, y: &Array| {
            let pairs = x.numbers().iter().zip(y.numbers());
            mean(pairs.map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs()).collect())
        };
        let squares = |domain: &Domain, images: &Array, target: f64| {
            let scores = domain.discriminator.model().forward(&Tensor::constant(images.clone()));
            mean(scores.numbers().iter().map(|s| (f64::from(*s) - target).powi(2)).collect())
        };
        let translate = |way, images: &Array| system.generators.translate(way, images);
        let (g_x, f_y) = (translate(Way::AToB, &x), translate(Way::BToA, &y));
        // The pools are empty, so they show what was made.
        let of_set = |domain, real: &Array, fake: &Array| {
            0.5 * (squares(domain, real, 1.0) + squares(domain, fake, 0.0))
        };
        let expected = [
            of_set(&system.a, &x, &f_y) + of_set(&system.b, &y, &g_x),
            squares(&system.b, &g_x, 1.0) + squares(&system.a, &f_y, 1.0),
            away(&translate(Way::BToA, &g_x), &x) + away(&translate(Way::AToB, &f_y), &y),
            away(&translate(Way::AToB, &y), &y) + away(&translate(Way::BToA, &x), &x),
        ];
        for ((name, found), expected) in system.step().into_iter().zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-4, "{name}: {found}, {expected}");
        }
    }

    #[test]
    fn each_player_moves_in_every_step_and_the_last_rate_is_almost_0() {
        let mut system = system(0);
        let weights = |system: &CycleGan| {
            let players = [
                &system.generators.g,
                &system.generators.f,
                &system.a.discriminator,
                &system.b.discriminator,
            ];
            players.map(|player| layers::to_safetensors(player.model()))
        };
        let before = weights(&system);
        system.step();
        assert!(before.iter().zip(weights(&system)).all(|(before, after)| *before != after));
        (1..40).for_each(|_| drop(system.step()));
        let rate = |player: &Player| player.optimiser().learning_rate();
        // 2e-4 (1 - 19/20) in step 39.
        assert!((rate(&system.generators.g) - 1e-5).abs() < 1e-9);
        assert!((rate(&system.b.discriminator) - 1e-5).abs() < 1e-9);
        let after = weights(&system);
        system.step();
        assert_eq!(weights(&system), after);
    }

    #[test]
    fn a_loaded_system_takes_the_same_steps() {
        for before in [0, 1, 9] {
            let (mut saved, mut loaded) = (system(0), system(1));
            (0..before).for_each(|_| drop(saved.step()));
            loaded.a.batches = ShuffledBatches::new(11, 3, 0);
            loaded.b.batches = ShuffledBatches::new(11, 3, !0);
            restore(&mut loaded, state(&saved)).unwrap();
            // Twelve steps of three fill the pools of fifty and go on.
            for _ in 0..12 {
                assert_eq!(saved.step(), loaded.step());
            }
            assert!(saved.picture() == loaded.picture());
            assert_eq!(state(&saved).to_bytes(None), state(&loaded).to_bytes(None));
            assert_eq!(state(&saved).counters, state(&loaded).counters);
        }
    }

    #[test]
    fn a_picture_has_rows_of_images_their_translations_and_the_way_back() {
        let system = system(0);
        let picture = system.picture();
        // Ten images of 12 pixels and gaps of 2, twice as large; six rows.
        assert_eq!((picture.width, picture.height), (2 * (2 + 10 * 14), 2 * (2 + 6 * 14)));
        let [x, y] = [&system.a, &system.b].map(|set| set.images.scaled(0..2, SCALING));
        let [_, g_x, x_again, _, _, y_again] = system.cycles(&x, &y);
        let translate = |way, images: &Array| system.generators.translate(way, images);
        assert_eq!(g_x.numbers(), translate(Way::AToB, &x).numbers());
        assert_eq!(x_again.numbers(), translate(Way::BToA, &g_x).numbers());
        let f_y = translate(Way::BToA, &y);
        assert_eq!(y_again.numbers(), translate(Way::AToB, &f_y).numbers());
    }

    #[test]
    #[should_panic(expected = "cyclegan: 11 images of 28 x 28 x 1")]
    fn images_of_another_size_are_refused() {
        let digits = Images::embedded_mnist();
        let parts = [digits.take(0..11), digits.take(0..11)]
            .map(|set| Images::new(set.shape(), set.select(0..11).pixels(0).repeat(11), None));
        let _ = CycleGan::new(SIZES, parts, 3, 40, 0);
    }
}
