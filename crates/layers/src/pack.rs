//! What if a model looks at several samples at once?

use crate::Module;
use autograd::Tensor;

/// So many consecutive samples of a batch as one: what makes a discriminator judge packs.
///
/// - x: `[n, ..]`, n a multiple of the pack's size m; y: `[n / m, m · features]`.
///
/// A pack of samples that resemble each other more than real ones do gives a generator away that
/// has lost modes, which no single sample does.
///
/// Source: Lin, Khetan, Fanti, Oh 2018, "PacGAN: The power of two samples in generative adversarial
/// networks", §2.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    size: usize,
}

impl Pack {
    /// Packs of this many samples.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(size: usize) -> Pack {
        assert!(size > 0, "pack: a pack has at least one sample");
        Pack { size }
    }
}

impl Module for Pack {
    fn describe(&self) -> String {
        format!("Pack {}", self.size)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let m = self.size;
        let [n, features @ ..] = &x.shape()[..] else {
            panic!("pack: a single number is no batch");
        };
        assert!(
            n % m == 0,
            "pack: {n} samples do not fill packs of {m}\n  hint: take a batch size that {m} divides"
        );
        x.reshape([n / m, m * features.iter().product::<usize>()])
    }

    fn samples(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_its_samples_one_behind_the_other() {
        let x = Tensor::new([4, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let y = Pack::new(2).forward(&x);
        assert_eq!(y.shape(), &[2, 4].into());
        assert_eq!(y.slice(0, 1..).numbers(), [5.0, 6.0, 7.0, 8.0]);
        let images = Tensor::full([6, 2, 3, 1], 0.0);
        assert_eq!(Pack::new(3).forward(&images).shape(), &[2, 18].into());
    }

    #[test]
    #[should_panic(expected = "pack: 5 samples do not fill packs of 2")]
    fn a_pack_is_full() {
        let _ = Pack::new(2).forward(&Tensor::full([5, 2], 0.0));
    }
}
