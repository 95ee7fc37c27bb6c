//! How do channels become pixels, and pixels channels?
//!
//! With blocks of b x b pixels, b² c channels of one pixel are the c channels of b x b pixels. The
//! order of the channels is (row in the block, column in the block, channel), TensorFlow's
//! `depth_to_space`: each pixel's channels are one run in both arrays.
//!
//! ```text
//!   z, 1 x 2 pixels of 4 · 2 channels              y, 2 x 4 pixels of 2 channels
//!
//!                                                  a a | b b | e e | f f
//!   a a b b c c d d | e e f f g g h h              c c | d d | g g | h h
//! ```

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
    let ([small_height, small_width], [rows, columns]) = (b.small, b.block);
    let row_len = small_width * rows * columns * b.channels;
    let work = z.len() / 4;
    par::for_each_chunk(z, row_len, work, |start, z| {
        let number = start / row_len;
        let (n, p) = (number / small_height, number % small_height);
        for (at, channels) in z.chunks_exact_mut(b.channels).enumerate() {
            let (q, r, s) = (at / columns / rows, at / columns % rows, at % columns);
            let i = (p * rows + r).checked_sub(b.crop[0]).filter(|i| *i < b.large[0]);
            let j = (q * columns + s).checked_sub(b.crop[1]).filter(|j| *j < b.large[1]);
            match (i, j) {
                (Some(i), Some(j)) => {
                    let pixel = (n * b.large[0] + i) * b.large[1] + j;
                    channels.copy_from_slice(&y[pixel * b.channels..][..b.channels]);
                }
                _ => channels.fill(0.0),
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: where element `at` of the large image lies in the small one.
    fn place(b: &Blocks, at: usize) -> usize {
        let (pixel, c) = (at / b.channels, at % b.channels);
        let (line, j) = (pixel / b.large[1], pixel % b.large[1]);
        let (n, i) = (line / b.large[0], line % b.large[0]);
        let ([r, s], [i, j]) = (b.block, [i + b.crop[0], j + b.crop[1]]);
        let z = [n, i / r, j / s, (i % r * s + j % s) * b.channels + c];
        z.iter().zip(b.small_shape()).fold(0, |at, (z, size)| at * size + z)
    }

    #[test]
    fn both_equal_their_definition_and_are_adjoint_and_inverse_but_for_the_crop() {
        let numbers =
            |len: usize| -> Vec<Real> { (0..len).map(|i| (i * 37 % 19) as Real - 9.0).collect() };
        let dot = |a: &[Real], b: &[Real]| a.iter().zip(b).map(|(a, b)| a * b).sum::<Real>();
        let whole = Blocks::whole(2, [3, 4], [2, 3], 5);
        for (crop, large) in [([0, 0], [6, 12]), ([1, 0], [4, 11]), ([1, 2], [5, 7])] {
            let b = Blocks { crop, large, ..whole };
            let z = numbers(b.small_shape().iter().product());
            let v = numbers(b.large_shape().iter().product());
            let (mut y, mut back) = (vec![Real::NAN; v.len()], vec![Real::NAN; z.len()]);
            depth_to_space(&b, &z, &mut y);
            space_to_depth(&b, &v, &mut back);
            assert_eq!(dot(&y, &v), dot(&z, &back), "{b:?}");
            let (mut large, mut small) = (vec![0.0; v.len()], vec![0.0; z.len()]);
            for at in 0..v.len() {
                large[at] = z[place(&b, at)];
                small[place(&b, at)] = v[at];
            }
            assert_eq!((&y, &back), (&large, &small), "{b:?}");
            space_to_depth(&b, &y, &mut back);
            let kept = back.iter().zip(&z).filter(|(back, z)| back == z).count();
            assert!(kept >= y.len(), "{b:?}");
            assert!(back.iter().zip(&z).all(|(back, z)| back == z || *back == 0.0));
        }
    }
}
