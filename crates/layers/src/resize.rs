//! How do layers enlarge, rearrange and surround images?

use crate::Module;
use autograd::Tensor;

/// Images of `factor` times the height and width.
///
/// - x: `[n, height, width, channels]`; y: `[n, factor height, factor width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample {
    factor: usize,
    is_linear: bool,
}

impl Upsample {
    #[track_caller]
    const fn by(factor: usize, is_linear: bool) -> Upsample {
        assert!(factor > 0, "upsample: a factor of 0 leaves no pixels");
        Upsample { factor, is_linear }
    }

    /// Each pixel repeated, [`Tensor::resize_nearest`].
    ///
    /// # Panics
    /// If the factor is 0.
    #[track_caller]
    pub const fn nearest(factor: usize) -> Upsample {
        Upsample::by(factor, false)
    }

    /// Linear between the pixels' centres, [`Tensor::resize_bilinear`].
    ///
    /// # Panics
    /// If the factor is 0.
    #[track_caller]
    pub const fn bilinear(factor: usize) -> Upsample {
        Upsample::by(factor, true)
    }
}

impl Module for Upsample {
    fn describe(&self) -> String {
        format!("Upsample {}x {}", self.factor, if self.is_linear { "bilinear" } else { "nearest" })
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let [_, height, width, _] = x.shape()[..] else {
            panic!("upsample: input {} is not [batch, height, width, channels]", x.shape());
        };
        let size = [self.factor * height, self.factor * width];
        if self.is_linear { x.resize_bilinear(size) } else { x.resize_nearest(size) }
    }
}

/// Pixels from channels, [`Tensor::depth_to_space`], whose doc has the channels' order.
///
/// - x: `[n, height, width, block² channels]`; y: `[n, block height, block width, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct PixelShuffle {
    block: usize,
}

impl PixelShuffle {
    /// In blocks of `block` x `block` pixels.
    pub fn new(block: usize) -> PixelShuffle {
        PixelShuffle { block }
    }
}

impl Module for PixelShuffle {
    fn describe(&self) -> String {
        format!("PixelShuffle {}", self.block)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        x.depth_to_space(self.block)
    }
}

/// Channels from pixels, [`Tensor::space_to_depth`]: the inverse of [`PixelShuffle`].
///
/// - x: `[n, block height, block width, channels]`; y: `[n, height, width, block² channels]`.
#[derive(Clone, Copy, Debug)]
pub struct PixelUnshuffle {
    block: usize,
}

impl PixelUnshuffle {
    /// In blocks of `block` x `block` pixels.
    pub fn new(block: usize) -> PixelUnshuffle {
        PixelUnshuffle { block }
    }
}

impl Module for PixelUnshuffle {
    fn describe(&self) -> String {
        format!("PixelUnshuffle {}", self.block)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        x.space_to_depth(self.block)
    }
}

/// A border around images, of zeros or of their mirror image.
///
/// - x: `[n, height, width, channels]`; y: `[n, height + rows, width + columns, channels]`.
#[derive(Clone, Copy, Debug)]
pub struct Pad2d {
    rows: [usize; 2],
    columns: [usize; 2],
    is_mirror: bool,
}

impl Pad2d {
    /// Zeros, so many rows above and below and columns on the left and on the right:
    /// [`Tensor::zero_pad2d`].
    pub fn zeros(rows: [usize; 2], columns: [usize; 2]) -> Pad2d {
        Pad2d { rows, columns, is_mirror: false }
    }

    /// The mirror image, so many rows above and below and columns on the left and on the right:
    /// [`Tensor::reflect_pad2d`].
    pub fn reflect(rows: [usize; 2], columns: [usize; 2]) -> Pad2d {
        Pad2d { rows, columns, is_mirror: true }
    }
}

impl Module for Pad2d {
    fn describe(&self) -> String {
        let kind = if self.is_mirror { "reflect" } else { "zeros" };
        format!("Pad2d {kind}, rows {:?}, columns {:?}", self.rows, self.columns)
    }

    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        if self.is_mirror {
            x.reflect_pad2d(self.rows, self.columns)
        } else {
            x.zero_pad2d(self.rows, self.columns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_the_layers_name() {
        let x = Tensor::full([2, 4, 6, 8], 1.0);
        let shape = |layer: &dyn Module| layer.forward(&x).shape().to_vec();
        assert_eq!(shape(&Upsample::nearest(3)), [2, 12, 18, 8]);
        assert_eq!(shape(&Upsample::bilinear(2)), [2, 8, 12, 8]);
        assert_eq!(shape(&PixelShuffle::new(2)), [2, 8, 12, 2]);
        assert_eq!(shape(&PixelUnshuffle::new(2)), [2, 2, 3, 32]);
        let zeros = Pad2d::zeros([1, 2], [3, 4]);
        assert_eq!(shape(&zeros), [2, 7, 13, 8]);
        assert_eq!(zeros.forward(&x).sum().item(), 384.0);
        let mirror = Pad2d::reflect([3, 3], [3, 3]);
        assert_eq!(shape(&mirror), [2, 10, 12, 8]);
        assert_eq!(mirror.forward(&x).mean().item(), 1.0);
        assert_eq!(mirror.describe(), "Pad2d reflect, rows [3, 3], columns [3, 3]");
    }

    #[test]
    #[should_panic(expected = "upsample: a factor of 0 leaves no pixels")]
    fn a_factor_of_0_is_refused() {
        let _ = Upsample::nearest(0);
    }
}
