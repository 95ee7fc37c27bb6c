//! What do the players say, and how hard do they work?

use super::{Signs, double};
use crate::{Effort, Report};

/// What the turns since the last examination have reported, and the strongest gradient so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Players {
    turns: f64,
    loss_d: f64,
    loss_g: f64,
    accuracy: f64,
    /// Of the generator, in any examination.
    strongest: f64,
    efforts: [Effort; 2],
}

impl Players {
    pub(super) fn hear(&mut self, report: &Report) {
        self.turns += 1.0;
        self.loss_d += double(report.loss_d);
        self.loss_g += double(report.loss_g);
        self.accuracy += report.correct as f64 / report.judged.max(1) as f64;
        if let Some(efforts) = report.efforts {
            self.efforts = efforts;
        }
    }

    /// Says what was heard, and begins anew.
    pub(super) fn put_into(&mut self, signs: &mut Signs, blind_loss: Option<f64>) {
        let [generator, discriminator] = self.efforts;
        self.strongest = self.strongest.max(generator.gradient);
        signs.loss_d = self.loss_d / self.turns;
        signs.loss_g = self.loss_g / self.turns;
        signs.accuracy = self.accuracy / self.turns;
        signs.doubt = blind_loss.map_or(1.0, |blind| signs.loss_d / blind);
        signs.gradient_g = generator.gradient;
        signs.gradient_d = discriminator.gradient;
        signs.pull = generator.gradient / self.strongest.max(f64::MIN_POSITIVE);
        signs.motion_g = generator.motion;
        signs.motion_d = discriminator.motion;
        *self = Players { strongest: self.strongest, ..Players::default() };
    }

    /// The efforts are those of the examination, which comes in the same turn.
    pub(super) fn numbers(&self) -> [f64; 5] {
        [self.turns, self.loss_d, self.loss_g, self.accuracy, self.strongest]
    }

    pub(super) fn of(numbers: &[f64]) -> Option<Players> {
        let [turns, loss_d, loss_g, accuracy, strongest] = *numbers else { return None };
        Some(Players { turns, loss_d, loss_g, accuracy, strongest, ..Players::default() })
    }
}
