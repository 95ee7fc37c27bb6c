//! What exactly is the CycleGAN?
//!
//! Two sets of images, A and B, and no pairs: Zhu, Park, Isola, Efros 2017, "Unpaired
//! Image-to-Image Translation using Cycle-Consistent Adversarial Networks". G makes images of B out
//! of images of A, F leads back, and D_A and D_B tell made images from real ones. The networks are
//! [`generator`] and [`discriminator`], their training is [`CycleGan`].
//!
//! The generators share one loss, on a batch x of A and a batch y of B:
//!
//! L_G =    mean (D_B(G(x)) - 1)² + mean (D_A(F(y)) - 1)²
//!        + 10 (mean |F(G(x)) - x| + mean |G(F(y)) - y|)
//!        +  5 (mean |G(y) - y| + mean |F(x) - x|)
//!
//! Then each discriminator has its own, here that of B:
//!
//! L_B = 1/2 [ mean (D_B(y) - 1)² + mean D_B(p)² ],  p = G(x) or an older one from the [`Pool`](gan::Pool).
//!
//! | | |
//! |---|---|
//! | Adam | 2e-4, β (0.5, 0.999), all players |
//! | rate | constant for the first half of the steps, then straight down to 0 |
//! | batch | 1 in the paper; [`BATCH_SIZE`] here, where images are small |
//! | start | weights N(0, 0.02²), biases 0 |
//!
//! Source: eq. 1 to 3, §4 and §7 of the paper; the identity term from its §5.2 with the weight of
//! its authors' program, half of the cycle's.

mod measure;
mod players;
mod sets;
mod stripes;
mod training;

use autograd::{Array, Real, Rng, Tensor, no_grad};
use gan::{Adam, Player, Schedule};
use layers::{Module, State, StateError, Stateful};

pub use measure::{Errors, Measured, measure};
pub use players::{Sizes, discriminator, generator};
pub use sets::{Sets, Source};
pub use stripes::{Digits, striped};
pub use training::CycleGan;

use crate::Scaling;

/// Images of each set in a batch.
pub const BATCH_SIZE: usize = 4;

/// The weight of the two cycle terms.
pub const CYCLE: Real = 10.0;

/// The weight of the two identity terms.
pub const IDENTITY: Real = 5.0;

/// The range of all images.
pub const SCALING: Scaling = Scaling::MinusOneToOne;

/// Images in a row of a picture.
pub const COLUMNS: usize = 10;

/// Images that go through a generator at once when nothing is recorded.
const AT_ONCE: usize = 100;

/// Adam, 2e-4, β (0.5, 0.999), at the full rate for half of the steps and then down to 0.
fn player(model: impl Module + 'static, steps: u64) -> Player {
    let schedule = Schedule::Linear { from: steps / 2, to: steps };
    Player::new(model, Adam::new(2e-4).betas(0.5, 0.999)).schedule(schedule)
}

/// The two that translate: all that is needed once they have learnt.
pub struct Generators {
    /// G, from A to B.
    g: Player,
    /// F, from B to A.
    f: Player,
}

/// Which way to translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By G.
    AToB,
    /// By F.
    BToA,
}

impl Generators {
    /// Before they have learnt anything, for a training of so many steps.
    pub fn new(sizes: Sizes, steps: u64, rng: &mut Rng) -> Generators {
        Generators {
            g: player(generator(sizes, rng), steps),
            f: player(generator(sizes, rng), steps),
        }
    }

    /// Translates images `[n, side, side, channels]` in [-1, 1].
    #[track_caller]
    pub fn translate(&self, way: Way, images: &Array) -> Array {
        let player = if way == Way::AToB { &self.g } else { &self.f };
        let x = Tensor::constant(images.clone());
        let n = images.shape()[0];
        let parts = (0..n).step_by(AT_ONCE).flat_map(|first| {
            let part = x.slice(0, first..(first + AT_ONCE).min(n));
            no_grad(|| player.model().forward(&part)).numbers().to_vec()
        });
        Array::new(*images.shape(), &parts.collect::<Vec<_>>())
    }
}

/// Both generators, as `g` and `f`.
impl Stateful for Generators {
    fn put(&self, state: &mut State<'_>) {
        state.within("g", |state| self.g.put(state));
        state.within("f", |state| self.f.put(state));
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("g", |state| self.g.take(state))?;
        state.within("f", |state| self.f.take(state))
    }
}

/// Batches of images one below the other.
pub fn rows(batches: &[Array]) -> Array {
    let numbers: Vec<Real> = batches.iter().flat_map(|batch| batch.numbers()).copied().collect();
    let [_, height, width, channels] = batches[0].shape()[..] else {
        panic!("rows: {} are no images", batches[0].shape())
    };
    Array::new([numbers.len() / (height * width * channels), height, width, channels], &numbers)
}
