//! How are moves between channels and pixels differentiated?
//!
//! `depth_to_space` and `space_to_depth` are each other's adjoints, and each other's inverses where
//! nothing is cropped.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::conv::image;
use crate::{Array, Op, Tensor};
use kernels::blocks::{self, Blocks};

/// y = pixels from z's channels         dz = channels from dy's pixels, 0 where z was cropped
struct DepthToSpace(Blocks);

impl Op<1> for DepthToSpace {
    const NAME: &'static str = "depth_to_space";

    fn forward(&self, [z]: [&Array; 1]) -> Array {
        Array::filled_by(self.0.large_shape(), |y| blocks::depth_to_space(&self.0, z.numbers(), y))
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        SpaceToDepth(self.0).apply([dy])
    }
}

/// z = channels from y's pixels, 0 where there are none         dy = pixels from dz's channels
pub(super) struct SpaceToDepth(pub(super) Blocks);

impl Op<1> for SpaceToDepth {
    const NAME: &'static str = "space_to_depth";

    fn forward(&self, [y]: [&Array; 1]) -> Array {
        Array::filled_by(self.0.small_shape(), |z| blocks::space_to_depth(&self.0, y.numbers(), z))
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dz: &Tensor) -> Tensor {
        DepthToSpace(self.0).apply([dz])
    }
}

impl Tensor {
    /// Pixels from channels, in blocks of b x b, the pixel shuffle:
    ///
    /// y\[n, i, j, c\] = x\[n, i / b, j / b, ((i mod b) b + j mod b) channels + c\]
    ///
    /// - `self`: `[n, height, width, b² channels]`;
    /// - returns `[n, b height, b width, channels]`.
    ///
    /// The channels' order is TensorFlow's, position in the block first. PyTorch's `PixelShuffle`
    /// has the channel first, at (c b + i mod b) b + j mod b.
    ///
    /// # Panics
    /// If the shape is not this.
    ///
    /// Source: Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution Using an
    /// Efficient Sub-Pixel Convolutional Neural Network", eq. 4.
    #[must_use]
    #[track_caller]
    pub fn depth_to_space(&self, block: usize) -> Tensor {
        let [batch, height, width, depth] = image("depth_to_space", self.shape());
        let pixels = block * block;
        assert!(
            block > 0 && depth.is_multiple_of(pixels),
            "depth_to_space: input {} has {depth} channels, blocks of {block} x {block} pixels \
             want a multiple of {pixels}",
            self.shape()
        );
        let blocks = Blocks::whole(batch, [height, width], [block, block], depth / pixels);
        DepthToSpace(blocks).apply([self])
    }

    /// Channels from pixels, in blocks of b x b: the inverse of [`Tensor::depth_to_space`].
    ///
    /// - `self`: `[n, b height, b width, channels]`;
    /// - returns `[n, height, width, b² channels]`.
    ///
    /// # Panics
    /// If the shape is not this.
    #[must_use]
    #[track_caller]
    pub fn space_to_depth(&self, block: usize) -> Tensor {
        let [batch, height, width, channels] = image("space_to_depth", self.shape());
        assert!(
            block > 0 && height.is_multiple_of(block) && width.is_multiple_of(block),
            "space_to_depth: input {} is not made of blocks of {block} x {block} pixels",
            self.shape()
        );
        let small = [height / block, width / block];
        SpaceToDepth(Blocks::whole(batch, small, [block, block], channels)).apply([self])
    }
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[DepthToSpace::NAME, SpaceToDepth::NAME], &[&[2, 2, 3, 8]], |x| {
        x[0].depth_to_space(2)
    }),
    Case::shaped(&[SpaceToDepth::NAME, DepthToSpace::NAME], &[&[2, 3, 6, 2]], |x| {
        x[0].space_to_depth(3)
    }),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "depth_to_space",
        make: || zeros([1, 2, 2, 6]).depth_to_space(2),
        report: "depth_to_space: input [1, 2, 2, 6] has 6 channels, blocks of 2 x 2 pixels want a multiple of 4",
    },
    Mistake {
        method: "depth_to_space",
        make: || zeros([2, 2, 4]).depth_to_space(2),
        report: "depth_to_space: input [2, 2, 4] is not [batch, height, width, channels]",
    },
    Mistake {
        method: "space_to_depth",
        make: || zeros([1, 3, 2, 6]).space_to_depth(2),
        report: "space_to_depth: input [1, 3, 2, 6] is not made of blocks of 2 x 2 pixels",
    },
    Mistake {
        method: "space_to_depth",
        make: || zeros([1, 2, 2, 6]).space_to_depth(0),
        report: "space_to_depth: input [1, 2, 2, 6] is not made of blocks of 0 x 0 pixels",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn pixels_come_from_where_the_formula_says() {
        let (b, channels) = (2, 3);
        let x = Tensor::constant(Rng::new(0, "blocks").normal([2, 2, 3, b * b * channels]));
        let y = x.depth_to_space(b);
        assert_eq!(y.shape(), &[2, 4, 6, 3].into());
        for (at, found) in y.numbers().iter().enumerate() {
            let (n, i, j, c) = (at / 72, at / 18 % 4, at / 3 % 6, at % 3);
            let pixel = (n * 2 + i / b) * 3 + j / b;
            let channel = ((i % b) * b + j % b) * channels + c;
            assert_eq!(*found, x.numbers()[pixel * b * b * channels + channel]);
        }
        assert_eq!(y.space_to_depth(b).numbers(), x.numbers());
    }
}
