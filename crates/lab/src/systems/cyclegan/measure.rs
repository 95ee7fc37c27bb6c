//! How near are translations to the truth?

use std::fmt;

use autograd::Array;
use serde::{Deserialize, Serialize};

use super::{Generators, SCALING, Way, striped};
use crate::systems::lenet::{LeNet, accuracy};
use crate::{Images, Scaling};

/// How one way of translating does on digits that training did not see.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// The mean of |translation - truth| over all pixels, in [0, 1].
    pub absolute: f64,
    /// The mean of (translation - truth)² over all pixels, in [0, 1].
    pub squared: f64,
    /// The share of translations that a LeNet reads as what their originals are. It has learnt
    /// digits without stripes.
    pub read: f64,
}

/// Both ways, and with what to compare them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// G(x) against the digit with stripes.
    pub g: Errors,
    /// F(y) against the digit.
    pub f: Errors,
    /// The digit itself as its translation: no stripes were drawn.
    pub plain: Errors,
    /// The striped digit as its translation: no stripes were taken away.
    pub stripes: Errors,
}

/// Measures both generators on digits with labels, 28 x 28 x 1.
///
/// # Panics
/// If the digits are not these.
#[must_use]
#[track_caller]
pub fn measure(generators: &Generators, net: &LeNet, digits: &Images) -> Measured {
    let labels = digits.labels().expect("measure: digits have labels");
    let images = |digits: &Images| digits.scaled(0..digits.len(), SCALING);
    let (x, y) = (images(digits), images(&striped(digits)));
    let errors = |found: &Array, truth: &Array| {
        let pairs = || found.numbers().iter().zip(truth.numbers());
        // In [0, 1]; by difference, half of that in [-1, 1].
        let difference = |(a, b)| {
            let in_unit = |x| f64::from(SCALING.to(Scaling::ZeroToOne, x));
            in_unit(a) - in_unit(b)
        };
        let n = found.numbers().len() as f64;
        Errors {
            absolute: pairs().map(|(a, b)| difference((*a, *b)).abs()).sum::<f64>() / n,
            squared: pairs().map(|(a, b)| difference((*a, *b)).powi(2)).sum::<f64>() / n,
            read: accuracy(&net.read(found).confusion(labels)),
        }
    };
    Measured {
        g: errors(&generators.translate(Way::AToB, &x), &y),
        f: errors(&generators.translate(Way::BToA, &y), &x),
        plain: errors(&x, &y),
        stripes: errors(&y, &x),
    }
}

/// A table of four rows.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:36}  |error|  error²   read as its source",
            "on digits that training did not see"
        )?;
        for (name, Errors { absolute, squared, read }) in [
            ("G(x) for x with stripes", self.g),
            ("  x itself instead", self.plain),
            ("F(y) for y without stripes", self.f),
            ("  y itself instead", self.stripes),
        ] {
            write!(f, "\n{name:36}  {absolute:.4}   {squared:.5}  {:6.2} %", 100.0 * read)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::cyclegan::Sizes;
    use autograd::Rng;

    #[test]
    fn errors_are_those_of_a_plain_loop() {
        let digits = Images::embedded_mnist().take(0..12);
        let sizes = Sizes { side: 28, channels: 1, width: 2, blocks: 1 };
        let generators = Generators::new(sizes, 1, &mut Rng::new(0, "weights"));
        let net = LeNet::new(&mut Rng::new(0, "net"));
        let found = measure(&generators, &net, &digits);
        let y = striped(&digits);
        let made = generators.translate(Way::AToB, &digits.scaled(0..12, SCALING));
        let (mut plain, mut absolute, mut squared) = (0.0, 0.0, 0.0);
        for i in 0..12 {
            for (at, (x, y)) in digits.pixels(i).iter().zip(y.pixels(i)).enumerate() {
                let (x, y) = (f64::from(*x) / 255.0, f64::from(*y) / 255.0);
                let made = f64::from(made.numbers()[784 * i + at]) / 2.0 + 0.5;
                plain += (x - y).abs() / (12.0 * 784.0);
                absolute += (made - y).abs() / (12.0 * 784.0);
                squared += (made - y).powi(2) / (12.0 * 784.0);
            }
        }
        for (found, expected) in [
            (found.plain.absolute, plain),
            (found.stripes.absolute, plain),
            (found.g.absolute, absolute),
            (found.g.squared, squared),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let read = accuracy(&net.read(&made).confusion(digits.labels().unwrap()));
        assert_eq!(found.g.read, read);
        assert!(found.to_string().lines().all(|line| line.chars().count() < 100));
    }
}
