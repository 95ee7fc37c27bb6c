//! Which failures are there, and which signs show them?

use super::Signs;

/// Examinations that a judgement looks back on.
pub const WINDOW: usize = 10;

/// D is certain when less than this part of the loss of a D that knows nothing is left.
const CERTAIN: f64 = 0.02;

/// G's gradient has vanished when less than this part of its strongest is left.
const VANISHED: f64 = 0.01;

/// Samples and data are plainly different from this energy distance on. Half of the modes of a
/// circle are at about 0.1; 99 of 100 examinations of healthy runs are below 0.042.
const DIFFERENT: f64 = 0.06;

/// Restless samples are astray, rather than on their way, from this energy distance on: the dense
/// GAN of digits changes its classes all the time, is below, and gets better.
const ASTRAY: f64 = 0.1;

/// A gap that has not shrunk by this part over the window is not closing.
const CLOSING: f64 = 0.2;

/// Modes are lost when this share of the data has no samples near.
const LOST: f64 = 0.4;

/// Samples whose mean is further from the data's, in radii of the data, are not among the data: a
/// mode of a circle is at 1, a corner of a square at 1.4.
const OUTSIDE: f64 = 2.0;

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

/// A mean that has travelled so many radii of the data in a window is not at rest: half a radius
/// from one look to the next.
const RESTLESS: f64 = 5.0;

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
    /// The players go round each other, and the samples do not come nearer.
    NoEquilibrium,
    /// One player's weights move much faster than the other's, and G has not arrived.
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
            Failure::ModeCollapse => (s.missing > LOST || s.spread < COPIES) && s.away < OUTSIDE,
            Failure::DiscriminatorTooStrong => {
                s.order > SEPARATED && s.gap > DIFFERENT && s.gained < CLOSING
            }
            Failure::DiscriminatorTooWeak => s.order < FOOLED && s.gap > DIFFERENT,
            Failure::ThinDirection => within(s.main, RIGHT) && !within(s.thin, WRONG),
            Failure::NoEquilibrium => {
                let is_around = s.shifted.abs() < AROUND * s.travelled;
                s.travelled > RESTLESS && is_around && s.gap > ASTRAY && s.gained < CLOSING
            }
            Failure::UnbalancedRates => {
                let d_runs = s.motion_d > UNBALANCED * s.motion_g;
                let g_runs = s.motion_g > UNBALANCED * s.motion_d;
                (d_runs || g_runs) && s.gap > DIFFERENT
            }
        }
    }

    /// What the [`sign`](Failure::sign) of it measures.
    pub fn sign_name(self) -> &'static str {
        match self {
            Failure::DiscriminatorCertain => "log₁₀ D's loss / blind",
            Failure::VanishingGradient => "log₁₀ gradient / strongest",
            Failure::ModeCollapse => "data without samples",
            Failure::DiscriminatorTooStrong | Failure::DiscriminatorTooWeak => "pairs ranked right",
            Failure::ThinDirection => "log₁₀ thin variance",
            Failure::NoEquilibrium => "radii travelled",
            Failure::UnbalancedRates => "log₁₀ D's motion / G's",
        }
    }

    /// The number that says most about it; of several, the one that a figure shows.
    pub fn sign(self, signs: &Signs) -> f64 {
        let logarithm = |x: f64| x.max(f64::MIN_POSITIVE).log10();
        match self {
            Failure::DiscriminatorCertain => logarithm(signs.doubt),
            Failure::VanishingGradient => logarithm(signs.pull),
            Failure::ModeCollapse => signs.missing,
            Failure::DiscriminatorTooStrong | Failure::DiscriminatorTooWeak => signs.order,
            Failure::ThinDirection => logarithm(signs.thin),
            Failure::NoEquilibrium => signs.travelled,
            Failure::UnbalancedRates => logarithm(signs.motion_d) - logarithm(signs.motion_g),
        }
    }

    /// The border of its [`sign`](Failure::sign), on the side where the case of this name goes
    /// wrong.
    pub fn border(self) -> f64 {
        match self {
            Failure::DiscriminatorCertain => CERTAIN.log10(),
            Failure::VanishingGradient => VANISHED.log10(),
            Failure::ModeCollapse => LOST,
            Failure::DiscriminatorTooStrong => SEPARATED,
            Failure::DiscriminatorTooWeak => FOOLED,
            Failure::ThinDirection => -WRONG.log10(),
            Failure::NoEquilibrium => RESTLESS,
            Failure::UnbalancedRates => UNBALANCED.log10(),
        }
    }

    /// Up to which `gap` it is none, whatever its [`sign`](Failure::sign): G has arrived.
    pub fn least_gap(self) -> Option<f64> {
        match self {
            Failure::VanishingGradient
            | Failure::DiscriminatorTooStrong
            | Failure::DiscriminatorTooWeak
            | Failure::UnbalancedRates => Some(DIFFERENT),
            Failure::NoEquilibrium => Some(ASTRAY),
            Failure::DiscriminatorCertain | Failure::ModeCollapse | Failure::ThinDirection => None,
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
                "D ranks {} % of pairs right; the gap, {}, has {} by {} % in {WINDOW} looks",
                percent(s.order),
                number(s.gap),
                if s.gained < 0.0 { "grown" } else { "shrunk" },
                percent(s.gained.abs())
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
                "in {WINDOW} looks the samples' mean went {} radii, and came {} {}; {} off",
                number(s.travelled),
                number(s.shifted.abs()),
                if s.shifted > 0.0 { "further away" } else { "nearer" },
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
        0.0 => "0".to_owned(),
        size if !(1e-3..1e5).contains(&size) => format!("{x:.1e}"),
        size if size < 0.1 => format!("{x:.4}"),
        size if size < 10.0 => format!("{x:.2}"),
        size if size < 100.0 => format!("{x:.1}"),
        _ => format!("{x:.0}"),
    }
}
