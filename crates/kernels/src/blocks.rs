//! How do channels become pixels, and pixels channels?
//!
//! With blocks of b x b pixels, b² c channels of one pixel are the c channels of b x b pixels. The
//! order of the channels is (row in the block, column in the block, channel), TensorFlow's
//! `depth_to_space`: each pixel's channels are one run in both arrays.

use crate::{Real, par};

/// An image of blocks, and the part of it that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Images.
    pub batch: usize,
    /// Height and width of the small image z, in blocks.
    pub small: [usize; 2],
    /// Rows and columns of a block.
    pub block: [usize; 2],
    /// Channels of the large image y.
    pub channels: usize,
    /// Rows and columns of pixels before y.
    pub crop: [usize; 2],
    /// Height and width of y.
    pub large: [usize; 2],
}

impl Blocks {
    /// All of the blocks' pixels.
    pub fn whole(batch: usize, small: [usize; 2], block: [usize; 2], channels: usize) -> Blocks {
        let large = [small[0] * block[0], small[1] * block[1]];
        Blocks { batch, small, block, channels, crop: [0, 0], large }
    }

    /// The shape of z.
    pub fn small_shape(&self) -> [usize; 4] {
        let [height, width] = self.small;
        [self.batch, height, width, self.block[0] * self.block[1] * self.channels]
    }

    /// The shape of y.
    pub fn large_shape(&self) -> [usize; 4] {
        [self.batch, self.large[0], self.large[1], self.channels]
    }

    fn check(&self, small: &[Real], large: &[Real]) {
        let fits = (0..2).all(|d| self.crop[d] + self.large[d] <= self.small[d] * self.block[d]);
        let count = |shape: [usize; 4]| shape.iter().product::<usize>();
        assert!(
            fits && small.len() == count(self.small_shape())
                && large.len() == count(self.large_shape()),
            "blocks: {} and {} numbers for {self:?}",
            small.len(),
            large.len()
        );
    }

    /// Where the channels of y's pixel (n, i, j) start in z.
    #[inline]
    fn start(&self, n: usize, i: usize, j: usize) -> usize {
        let [rows, columns] = self.block;
        let (i, j) = (i + self.crop[0], j + self.crop[1]);
        let pixel = (n * self.small[0] + i / rows) * self.small[1] + j / columns;
        ((pixel * rows + i % rows) * columns + j % columns) * self.channels
    }
}

/// y\[n, i, j, c\] = z\[n, i' / r, j' / s, (i' mod r, j' mod s, c)\] for blocks of r x s pixels,
/// where i' and j' are i and j plus what is cropped.
///
/// # Panics
/// If a slice is not as long as `b` says, or the crop reaches beyond the blocks.
pub fn depth_to_space(b: &Blocks, z: &[Real], y: &mut [Real]) {
    b.check(z, y);
    let [height, width] = b.large;
    let row_len = width * b.channels;
    let work = y.len() / 4;
    par::for_each_chunk(y, row_len, work, |start, row| {
        let row_number = start / row_len;
        let (n, i) = (row_number / height, row_number % height);
        for (j, pixel) in row.chunks_exact_mut(b.channels).enumerate() {
            pixel.copy_from_slice(&z[b.start(n, i, j)..][..b.channels]);
        }
    });
}

/// The adjoint of [`depth_to_space`], and its inverse where nothing is cropped; pixels of z that
/// are cropped become 0.
///
/// # Panics
/// As [`depth_to_space`].
pub fn space_to_depth(b: &Blocks, y: &[Real], z: &mut [Real]) {
    b.check(z, y);
    z.fill(0.0);
    let [height, width] = b.large;
    for (number, pixel) in y.chunks_exact(b.channels.max(1)).enumerate() {
        let (n, i, j) = (number / width / height, number / width % height, number % width);
        z[b.start(n, i, j)..][..b.channels].copy_from_slice(pixel);
    }
}
