//! Which failures are there, and which signs show them?

use super::Signs;

/// Examinations that a judgement looks back on.
pub const WINDOW: usize = 10;

/// D is certain when less than this part of the loss of a D that knows nothing is left.
const CERTAIN: f64 = 0.02;

/// G's gradient has vanished when less than this part of its strongest is left.
const VANISHED: f64 = 0.01;

/// Samples and data are plainly different from this energy distance on. Half of the modes of a
/// circle, or a cloud that stands one radius beside the data, are at about 0.1.
const DIFFERENT: f64 = 0.1;

/// A gap that has not shrunk by this part over the window is not closing.
const CLOSING: f64 = 0.2;

/// Modes are lost when this share of the data has no samples near.
const LOST: f64 = 0.4;

/// Samples are copies of each other when they are this close, in parts of the data's distances.
const COPIES: f64 = 0.05;

/// D tells everything apart from this order on.
const SEPARATED: f64 = 0.99;

/// D can tell nothing up to this order.
const FOOLED: f64 = 0.6;

/// A variance that is wrong by more than this factor is not learnt.
const WRONG: f64 = 4.0;

/// A variance that is right within this factor is learnt.
const RIGHT: f64 = 2.0;

/// A mean that has travelled so many radii of the data in a window is not at rest.
const RESTLESS: f64 = 3.0;

/// A way of which less than this part led nearer or further is one around.
const AROUND: f64 = 0.25;

/// Weights that move so many times faster than the other player's.
const UNBALANCED: f64 = 30.0;

/// A way in which a GAN fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// D's loss has fallen to 0.
    DiscriminatorCertain,
    /// G learns from a gradient that has become next to nothing.
    VanishingGradient,
    /// G makes a small part of what is in the data.
    ModeCollapse,
    /// D tells all apart, and G does not come nearer.
    DiscriminatorTooStrong,
    /// D cannot tell apart what plainly differs.
    DiscriminatorTooWeak,
    /// G has the data's size and not their thin side.
    ThinDirection,
    /// The players go round each other.
    NoEquilibrium,
    /// One player's weights move much faster than the other's.
    UnbalancedRates,
}

impl Failure {
    /// All of them.
    pub const ALL: [Failure; 8] = [
        Failure::DiscriminatorCertain,
        Failure::VanishingGradient,
        Failure::ModeCollapse,
        Failure::DiscriminatorTooStrong,
        Failure::DiscriminatorTooWeak,
        Failure::ThinDirection,
        Failure::NoEquilibrium,
        Failure::UnbalancedRates,
    ];

    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Failure::DiscriminatorCertain => "D's loss has fallen to 0",
            Failure::VanishingGradient => "G's gradient has vanished",
            Failure::ModeCollapse => "mode collapse",
            Failure::DiscriminatorTooStrong => "D is too strong",
            Failure::DiscriminatorTooWeak => "D is too weak",
            Failure::ThinDirection => "a thin direction is not learnt",
            Failure::NoEquilibrium => "no equilibrium",
            Failure::UnbalancedRates => "learning rates out of balance",
        }
    }

    /// Whether an examination shows it. One alone proves nothing.
    pub fn shows(self, signs: &Signs) -> bool {
        let s = signs;
        let within = |ratio: f64, factor: f64| ratio < factor && ratio > 1.0 / factor;
        match self {
            Failure::DiscriminatorCertain => s.doubt < CERTAIN,
            Failure::VanishingGradient => s.pull < VANISHED && s.gap > DIFFERENT,
            Failure::ModeCollapse => s.missing > LOST || s.spread < COPIES,
            Failure::DiscriminatorTooStrong => {
                s.order > SEPARATED && s.gap > DIFFERENT && s.gained < CLOSING
            }
            Failure::DiscriminatorTooWeak => s.order < FOOLED && s.gap > DIFFERENT,
            Failure::ThinDirection => within(s.main, RIGHT) && !within(s.thin, WRONG),
            Failure::NoEquilibrium => {
                s.travelled > RESTLESS && s.shifted.abs() < AROUND * s.travelled
            }
            Failure::UnbalancedRates => {
                s.motion_d > UNBALANCED * s.motion_g || s.motion_g > UNBALANCED * s.motion_d
            }
        }
    }

    /// What shows it, in numbers.
    pub fn evidence(self, signs: &Signs) -> String {
        let s = signs;
        let percent = |share: f64| number(100.0 * share);
        match self {
            Failure::DiscriminatorCertain => format!(
                "D's mean loss is {}, {} % of that of a D that knows nothing",
                number(s.loss_d),
                percent(s.doubt)
            ),
            Failure::VanishingGradient => format!(
                "G's gradient is {}, {} % of its strongest; gap between samples and data {}",
                number(s.gradient_g),
                percent(s.pull),
                number(s.gap)
            ),
            Failure::ModeCollapse => format!(
                "{} % of the data has no samples near; distances among samples {} of the data's",
                percent(s.missing),
                number(s.spread)
            ),
            Failure::DiscriminatorTooStrong => format!(
                "D ranks {} % of pairs right; the gap, {}, has shrunk by {} % in {WINDOW} looks",
                percent(s.order),
                number(s.gap),
                percent(s.gained)
            ),
            Failure::DiscriminatorTooWeak => format!(
                "D ranks {} % of pairs right, chance is 50; gap between samples and data {}",
                percent(s.order),
                number(s.gap)
            ),
            Failure::ThinDirection => format!(
                "variance along the data's thin side {} times theirs, along the main one {} times",
                number(s.thin),
                number(s.main)
            ),
            Failure::NoEquilibrium => format!(
                "in {WINDOW} looks the samples' mean went {} radii, and came {} nearer; {} off",
                number(s.travelled),
                number(-s.shifted),
                number(s.away)
            ),
            Failure::UnbalancedRates => format!(
                "in a turn D's weights move by {} %, G's by {} %: {} to 1",
                percent(s.motion_d),
                percent(s.motion_g),
                number(s.motion_d / s.motion_g)
            ),
        }
    }

    /// What to try, in terms of this library.
    pub fn advice(self) -> &'static str {
        match self {
            Failure::DiscriminatorCertain => {
                "penalties::r1 or gradient_penalty on D, Settings::input_noise, a lower rate of D"
            }
            Failure::VanishingGradient => {
                "Minimax { saturating: false }, or Wasserstein with penalties::gradient_penalty"
            }
            Failure::ModeCollapse => {
                "penalties::r1 or dragan on D, a lower rate of G, more Player::steps of D"
            }
            Failure::DiscriminatorTooStrong => {
                "penalties::r1 on D, a lower rate of D, fewer Player::steps of D, a wider G"
            }
            Failure::DiscriminatorTooWeak => {
                "a wider or deeper D, a higher rate of D, more Player::steps of D"
            }
            Failure::ThinDirection => {
                "whiten the data, a wider D, a higher rate or more Player::steps of D, longer runs"
            }
            Failure::NoEquilibrium => {
                "penalties::r1 on D, lower rates, Adam with beta1 of 0, gan::Average of G"
            }
            Failure::UnbalancedRates => {
                "rates within a factor of 4 of each other: Adam::new, Schedule, Player::steps"
            }
        }
    }
}

/// A number with two or three significant digits.
fn number(x: f64) -> String {
    match x.abs() {
        size if size == 0.0 => "0".to_owned(),
        size if size < 1e-3 || size >= 1e5 => format!("{x:.1e}"),
        size if size < 0.1 => format!("{x:.4}"),
        size if size < 10.0 => format!("{x:.2}"),
        size if size < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}
