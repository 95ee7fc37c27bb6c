//! How do layers go from images to features and back?

use crate::Module;
use autograd::{Shape, Tensor};

/// All axes behind the batch as one.
///
/// - x: `[n, ..]`; y: `[n, features]`. An image's features are in the order (row, column, channel).
#[derive(Clone, Copy, Debug)]
pub struct Flatten;

impl Module for Flatten {
    fn describe(&self) -> String {
        "Flatten".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let [n, features @ ..] = &x.shape()[..] else {
            panic!("flatten: a single number is no batch");
        };
        x.reshape([*n, features.iter().product()])
    }
}

/// Each sample under another shape with as many elements.
///
/// - x: `[n, ..]`; y: `[n, shape ..]`.
#[derive(Clone, Copy, Debug)]
pub struct Reshape {
    sample: Shape,
}

impl Reshape {
    /// Samples of this shape, the batch not counted.
    #[track_caller]
    pub fn new(sample: impl Into<Shape>) -> Reshape {
        Reshape { sample: sample.into() }
    }
}

impl Module for Reshape {
    fn describe(&self) -> String {
        format!("Reshape {}", self.sample)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let n = *x.shape().first().expect("reshape: a single number is no batch");
        let shape: Shape = [n].iter().chain(&*self.sample).copied().collect();
        x.reshape(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_become_images_and_features_again() {
        let numbers: Vec<autograd::Real> = (0..24).map(|i| i as autograd::Real).collect();
        let x = Tensor::new([2, 12], &numbers);
        let images = Reshape::new([2, 3, 2]).forward(&x);
        assert_eq!(images.shape(), &[2, 2, 3, 2].into());
        let y = Flatten.forward(&images);
        assert_eq!((y.shape(), y.numbers()), (x.shape(), x.numbers()));
        // An empty batch keeps its features.
        let none = Tensor::new([0, 2, 3, 2], &[]);
        assert_eq!(Flatten.forward(&none).shape(), &[0, 12].into());
    }

    #[test]
    #[should_panic(expected = "reshape: [2, 12] has 24 elements, [2, 5] has 10")]
    fn a_sample_keeps_its_elements() {
        let _ = Reshape::new([5]).forward(&Tensor::full([2, 12], 0.0));
    }
}
