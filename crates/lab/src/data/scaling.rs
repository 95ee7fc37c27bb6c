//! Which numbers do bytes become?

use autograd::Real;

/// Which numbers the bytes 0 to 255 become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// x / 255, in [0, 1]: what a sigmoid can produce.
    ZeroToOne,
    /// (x - 127.5) / 127.5, in [-1, 1]: what a tanh can produce.
    MinusOneToOne,
}

impl Scaling {
    /// The number for a byte.
    pub fn number(self, byte: u8) -> Real {
        match self {
            Scaling::ZeroToOne => Real::from(byte) / 255.0,
            Scaling::MinusOneToOne => (Real::from(byte) - 127.5) / 127.5,
        }
    }

    /// The same shade in the range of another scaling.
    pub fn to(self, other: Scaling, number: Real) -> Real {
        match (self, other) {
            (Scaling::ZeroToOne, Scaling::MinusOneToOne) => 2.0 * number - 1.0,
            (Scaling::MinusOneToOne, Scaling::ZeroToOne) => (number + 1.0) / 2.0,
            _ => number,
        }
    }

    /// The byte whose number is nearest; 0 or 255 for numbers outside of the range, 0 for NaN.
    pub fn byte(self, number: Real) -> u8 {
        let byte = match self {
            Scaling::ZeroToOne => number * 255.0,
            Scaling::MinusOneToOne => number * 127.5 + 127.5,
        };
        // The cast saturates.
        byte.round() as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_both_scalings() {
        for scaling in [Scaling::ZeroToOne, Scaling::MinusOneToOne] {
            for byte in 0..=255 {
                assert_eq!(scaling.byte(scaling.number(byte)), byte, "{scaling:?}");
            }
            assert_eq!([-9.0, 9.0, Real::NAN].map(|x| scaling.byte(x)), [0, 255, 0]);
            for other in [Scaling::ZeroToOne, Scaling::MinusOneToOne] {
                let error = scaling.to(other, scaling.number(51)) - other.number(51);
                assert!(error.abs() < 1e-6, "{scaling:?} to {other:?}");
            }
        }
    }
}
