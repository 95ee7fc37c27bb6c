//! Which tricks are there, and what does each change?

use autograd::Real;
use gan::Game;
use gan::penalties::{dragan, gradient_penalty, r1};
use serde::{Deserialize, Serialize};

/// Something that is done besides, to make a game go better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trick {
    /// WGAN-GP's penalty, of this weight.
    GradientPenalty(f64),
    /// The penalty at real points, of this weight.
    R1(f64),
    /// The penalty around real points, of this weight.
    Dragan(f64),
}

impl Trick {
    /// Every trick with a usual setting, and what it does in a line.
    pub fn all() -> Vec<(Trick, &'static str)> {
        vec![
            (Trick::GradientPenalty(1.0), "D's slope is 1 between real and generated points"),
            (Trick::R1(1.0), "D is flat at real points"),
            (Trick::Dragan(1.0), "D's slope is 1 around real points"),
        ]
    }

    /// The game with the trick.
    #[must_use]
    pub fn added_to(self, game: Game) -> Game {
        match self {
            Trick::GradientPenalty(weight) => {
                game.discriminator_term(gradient_penalty(weight as Real))
            }
            Trick::R1(weight) => game.discriminator_term(r1(weight as Real)),
            Trick::Dragan(weight) => game.discriminator_term(dragan(weight as Real, 0.1)),
        }
    }
}
