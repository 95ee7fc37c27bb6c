//! What is seen at one examination?

/// What is seen of a game in one turn: plain numbers, none of which depends on the units of the
/// data.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signs {
    /// After how many turns.
    pub turn: u64,
    /// D's mean loss since the last examination.
    pub loss_d: f64,
    /// G's mean loss since then.
    pub loss_g: f64,
    /// D's mean loss since then, in parts of the [loss of a D that knows
    /// nothing](crate::AdversarialLoss::blind): 1 if it knows nothing, 0 if it is certain. Always 1
    /// where there is no such loss.
    pub doubt: f64,
    /// The share of samples that D told right since then. Means nothing for a critic.
    pub accuracy: f64,
    /// How probable it is that D scores a real sample above a generated one, equal scores counting
    /// half: the area under its ROC curve. 1/2 if it cannot tell them apart, below if it is fooled.
    pub order: f64,
    /// The norm of the gradient of G's loss in its weights.
    pub gradient_g: f64,
    /// The norm of the gradient of D's loss in its weights.
    pub gradient_d: f64,
    /// `gradient_g` in parts of the largest that was seen so far.
    pub pull: f64,
    /// How far G's weights went in this turn, in parts of their length.
    pub motion_g: f64,
    /// How far D's weights went in this turn, in parts of their length.
    pub motion_d: f64,
    /// The energy distance of samples and data in parts of its largest value: 0 if they are of one
    /// distribution, 1 if both are single points.
    pub gap: f64,
    /// The share of the data that lies in regions with hardly any samples.
    pub missing: f64,
    /// The mean distance between two samples, in parts of that between two real ones.
    pub spread: f64,
    /// The samples' variance in the data's main direction, in parts of the data's.
    pub main: f64,
    /// The same in that thin direction of the data where it is furthest from 1; 1 if the data have
    /// no thin direction.
    pub thin: f64,
    /// How far the samples' mean moved since the last examination, in parts of the data's radius.
    pub moved: f64,
    /// How far the samples' mean is from the data's, in the same unit.
    pub away: f64,
    /// The sum of `moved` over the last [`WINDOW`](super::WINDOW) examinations.
    pub travelled: f64,
    /// By how much `away` has changed over them, up or down.
    pub shifted: f64,
    /// By how much `gap` has shrunk over them, in parts of what it was.
    pub gained: f64,
}

/// How many numbers there are.
pub(super) const COUNT: usize = 21;

impl Signs {
    pub(super) fn numbers(&self) -> [f64; COUNT] {
        [
            self.turn as f64,
            self.loss_d,
            self.loss_g,
            self.doubt,
            self.accuracy,
            self.order,
            self.gradient_g,
            self.gradient_d,
            self.pull,
            self.motion_g,
            self.motion_d,
            self.gap,
            self.missing,
            self.spread,
            self.main,
            self.thin,
            self.moved,
            self.away,
            self.travelled,
            self.shifted,
            self.gained,
        ]
    }

    pub(super) fn of(numbers: &[f64; COUNT]) -> Signs {
        let [turn, loss_d, loss_g, doubt, accuracy, order, gradient_g, gradient_d, rest @ ..] =
            *numbers;
        let [pull, motion_g, motion_d, gap, missing, spread, main, thin, rest @ ..] = rest;
        let [moved, away, travelled, shifted, gained] = rest;
        Signs {
            turn: turn as u64,
            loss_d,
            loss_g,
            doubt,
            accuracy,
            order,
            gradient_g,
            gradient_d,
            pull,
            motion_g,
            motion_d,
            gap,
            missing,
            spread,
            main,
            thin,
            moved,
            away,
            travelled,
            shifted,
            gained,
        }
    }

    pub(super) fn are_finite(&self) -> bool {
        self.numbers().iter().all(|x| x.is_finite())
    }
}
