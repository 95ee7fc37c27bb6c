//! By which names are the toys of the plane asked for?

use autograd::Rng;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Mixture, NoisyCurve, Toy};
use crate::figures::Window;
use crate::{AffineGaussian, points};

/// A toy of the plane by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToyName {
    /// 25 Gaussians in a square
    #[default]
    Grid,
    /// 8 Gaussians in a circle
    Ring,
    /// A Swiss roll
    Roll,
    /// Two half circles
    Moons,
    /// The Gaussian with a direction of small variance
    Affine,
}

impl ToyName {
    /// The part of the plane that figures of it show.
    pub fn window(self) -> Window {
        let window =
            Window::around(&points(&self.toy().sample(10_000, &mut Rng::new(0, "window"))));
        Window { half_side: 1.1 * window.half_side, ..window }
    }

    /// The distribution.
    pub fn toy(self) -> Box<dyn Toy> {
        match self {
            ToyName::Grid => Box::new(Mixture::grid()),
            ToyName::Ring => Box::new(Mixture::ring()),
            ToyName::Roll => Box::new(NoisyCurve::swiss_roll()),
            ToyName::Moons => Box::new(NoisyCurve::two_moons()),
            ToyName::Affine => Box::new(AffineGaussian::TUTORIAL),
        }
    }
}
