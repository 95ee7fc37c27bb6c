//! By which names are the toys of the plane asked for?

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Mixture, NoisyCurve, Toy};
use crate::AffineGaussian;

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
