//! Which tricks are there, and what does each change?

use autograd::Real;
use gan::Game;
use gan::penalties::{dragan, gradient_penalty, r1};
use serde::{Deserialize, Serialize};

/// Something that is done besides, to make a game go better.
///
/// As JSON, `{"r1": 0.5}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trick {
    /// WGAN-GP's penalty, of this weight.
    GradientPenalty(f64),
    /// The penalty at real points, of this weight.
    R1(f64),
    /// The penalty around real points, of this weight.
    Dragan(f64),
    /// So many steps of D in a turn.
    DSteps(f64),
    /// So many steps of G in a turn.
    GSteps(f64),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The trick with its usual number.
    pub usual: Trick,
    /// What it does, in a line.
    pub what: &'static str,
}

/// All tricks.
pub const TABLE: &[About] = &[
    About {
        usual: Trick::GradientPenalty(1.0),
        what: "D's slope between real and generated points is drawn to 1 by this factor",
    },
    About { usual: Trick::R1(1.0), what: "D's slope at real points is drawn to 0 by this factor" },
    About {
        usual: Trick::Dragan(1.0),
        what: "D's slope around real points is drawn to 1 by this factor",
    },
    About { usual: Trick::DSteps(5.0), what: "D takes so many steps a turn" },
    About { usual: Trick::GSteps(2.0), what: "G takes so many steps a turn" },
];

impl Trick {
    /// Its name: `gradient-penalty`.
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    fn parts(self) -> (&'static str, f64) {
        match self {
            Trick::GradientPenalty(weight) => ("gradient-penalty", weight),
            Trick::R1(weight) => ("r1", weight),
            Trick::Dragan(weight) => ("dragan", weight),
            Trick::DSteps(steps) => ("d-steps", steps),
            Trick::GSteps(steps) => ("g-steps", steps),
        }
    }

    /// Whether it can have its number.
    ///
    /// # Errors
    /// Says which it can have.
    pub fn check(self) -> Result<(), String> {
        let (name, number) = self.parts();
        let is_count = matches!(self, Trick::DSteps(_) | Trick::GSteps(_));
        let (fine, range) = if is_count {
            ((1.0..=1000.0).contains(&number) && number.fract() == 0.0, "1, 2, 3, ... 1000")
        } else {
            (number > 0.0 && number.is_finite(), "above 0")
        };
        if fine { Ok(()) } else { Err(format!("`{name}` is {number}, which has to be {range}")) }
    }

    /// The game with the trick. How many steps are taken is settled before there is a game.
    #[must_use]
    pub fn added_to(self, game: Game) -> Game {
        match self {
            Trick::GradientPenalty(weight) => {
                game.discriminator_term(gradient_penalty(weight as Real))
            }
            Trick::R1(weight) => game.discriminator_term(r1(weight as Real)),
            Trick::Dragan(weight) => game.discriminator_term(dragan(weight as Real, 0.1)),
            Trick::DSteps(_) | Trick::GSteps(_) => game,
        }
    }
}
