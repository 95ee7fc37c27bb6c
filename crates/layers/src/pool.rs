//! How do layers make an image smaller without weights?

use crate::Module;
use crate::conv::by;
use autograd::{Sliding, Tensor};

/// The maximum over windows, [`Tensor::max_pool2d`].
///
/// - x: `[n, height, width, channels]`; y: `[n, output height, output width, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2d {
    window: [usize; 2],
    sliding: Sliding,
}

impl MaxPool2d {
    /// Over windows of `size` x `size` pixels, side by side; rows and columns that fill no window
    /// are left out.
    pub fn new(size: usize) -> MaxPool2d {
        MaxPool2d { window: [size, size], sliding: Sliding::UNIT.stride(size) }
    }

    /// The same, sliding in another way.
    #[must_use]
    pub fn sliding(self, sliding: Sliding) -> MaxPool2d {
        MaxPool2d { sliding, ..self }
    }
}

impl Module for MaxPool2d {
    fn describe(&self) -> String {
        format!("MaxPool2d {}{}", by(self.window), slid(self.window, self.sliding))
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        x.max_pool2d(self.window, self.sliding)
    }
}

/// The mean over windows, [`Tensor::avg_pool2d`]. Padding counts as zeros, as in PyTorch, unless
/// told otherwise.
///
/// - x: `[n, height, width, channels]`; y: `[n, output height, output width, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2d {
    window: [usize; 2],
    sliding: Sliding,
    count_padding: bool,
}

impl AvgPool2d {
    /// Over windows of `size` x `size` pixels, side by side; rows and columns that fill no window
    /// are left out.
    pub fn new(size: usize) -> AvgPool2d {
        let sliding = Sliding::UNIT.stride(size);
        AvgPool2d { window: [size, size], sliding, count_padding: true }
    }

    /// The same, sliding in another way.
    #[must_use]
    pub fn sliding(self, sliding: Sliding) -> AvgPool2d {
        AvgPool2d { sliding, ..self }
    }

    /// The same, the mean being that of the pixels inside of the image, as in TensorFlow.
    #[must_use]
    pub fn without_padding(self) -> AvgPool2d {
        AvgPool2d { count_padding: false, ..self }
    }
}

impl Module for AvgPool2d {
    fn describe(&self) -> String {
        format!("AvgPool2d {}{}", by(self.window), slid(self.window, self.sliding))
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        x.avg_pool2d(self.window, self.sliding, self.count_padding)
    }
}

/// What is not the default: windows side by side, no padding.
fn slid(window: [usize; 2], sliding: Sliding) -> String {
    if sliding == (Sliding { stride: window, ..Sliding::UNIT }) {
        return String::new();
    }
    format!(", stride {}, {:?}", by(sliding.stride), sliding.padding)
}

/// The mean over each channel's pixels:  y\[n, c\] = mean x\[n, i, j, c\] over i and j.
///
/// - x: `[n, height, width, channels]`; y: `[n, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct GlobalAvgPool2d;

impl Module for GlobalAvgPool2d {
    fn describe(&self) -> String {
        "GlobalAvgPool2d".to_owned()
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let axes = x.shape().len();
        assert!(
            axes == 4,
            "global_avg_pool2d: input {} is not [batch, height, width, channels]",
            x.shape()
        );
        x.mean_over([1, 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_shrink_by_their_window() {
        let numbers: Vec<autograd::Real> = (0..16).map(|i| i as autograd::Real).collect();
        let x = Tensor::new([1, 4, 4, 1], &numbers);
        assert_eq!(MaxPool2d::new(2).forward(&x).numbers(), [5.0, 7.0, 13.0, 15.0]);
        assert_eq!(AvgPool2d::new(2).forward(&x).numbers(), [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(MaxPool2d::new(3).forward(&x).numbers(), [10.0]);
        let mean = GlobalAvgPool2d.forward(&x);
        assert_eq!((mean.shape(), mean.item()), (&[1, 1].into(), 7.5));
    }
}
