//! How does the learning rate change?

use autograd::Real;
use std::f64::consts::PI;

/// The factor of the base learning rate at step t = 0, 1, 2, ...
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// 1.
    Constant,
    /// factor^⌊t / every⌋.
    Steps {
        /// Steps between two changes.
        every: u64,
        /// What each change multiplies by.
        factor: Real,
    },
    /// rate^t.
    Exponential {
        /// What each step multiplies by.
        rate: Real,
    },
    /// 1 until `from`, then straight down to 0 at `to`: CycleGAN's decay.
    Linear {
        /// The last step at the full rate.
        from: u64,
        /// The step at which nothing moves any more.
        to: u64,
    },
    /// (1 + cos(π t / steps)) / 2, then 0.
    ///
    /// Source: Loshchilov, Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts",
    /// eq. 5, without restarts.
    Cosine {
        /// The step at which nothing moves any more.
        steps: u64,
    },
    /// (t + 1) / steps until it reaches 1.
    Warmup {
        /// Steps until the full rate.
        steps: u64,
    },
}

impl Schedule {
    /// The factor at step t, in [0, 1] where the settings are.
    pub fn at(self, t: u64) -> Real {
        let fraction = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
        let factor = match self {
            Schedule::Constant => 1.0,
            Schedule::Steps { every, factor } => (factor as f64).powf((t / every.max(1)) as f64),
            Schedule::Exponential { rate } => (rate as f64).powf(t as f64),
            Schedule::Linear { from, to } if t < to => {
                1.0 - fraction(t.saturating_sub(from), to.saturating_sub(from))
            }
            Schedule::Cosine { steps } if t < steps => {
                (1.0 + (PI * fraction(t, steps)).cos()) / 2.0
            }
            Schedule::Linear { .. } | Schedule::Cosine { .. } => 0.0,
            Schedule::Warmup { steps } => fraction(t + 1, steps).min(1.0),
        };
        factor as Real
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_follow_their_formulas() {
        let table: [(Schedule, [Real; 5]); 6] = [
            (Schedule::Constant, [1.0; 5]),
            (Schedule::Steps { every: 2, factor: 0.5 }, [1.0, 1.0, 0.5, 0.5, 0.25]),
            (Schedule::Exponential { rate: 0.5 }, [1.0, 0.5, 0.25, 0.125, 0.0625]),
            (Schedule::Linear { from: 1, to: 3 }, [1.0, 1.0, 0.5, 0.0, 0.0]),
            (Schedule::Cosine { steps: 4 }, [1.0, 0.853_553_4, 0.5, 0.146_446_6, 0.0]),
            (Schedule::Warmup { steps: 4 }, [0.25, 0.5, 0.75, 1.0, 1.0]),
        ];
        for (schedule, expected) in table {
            for (t, expected) in expected.into_iter().enumerate() {
                let found = schedule.at(t as u64);
                assert!((found - expected).abs() < 1e-6, "{schedule:?} at {t}: {found}");
            }
        }
    }
}
