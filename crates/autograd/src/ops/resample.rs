//! How are resizing, padding and averaging differentiated?
//!
//! Each multiplies an image by a matrix of rows and one of columns, y = R x Cᵀ. The gradient
//! multiplies by the transposed matrices, and so does the gradient of that: one op, closed.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::conv::image;
#[cfg(test)]
use super::sliding::Padding;
use super::sliding::Sliding;
use crate::{Array, Op, Shape, Tensor};
use kernels::resample::{Matrix, resample};
use std::sync::Arc;

/// y = R x Cᵀ for each image and channel           dx = Rᵀ dy C
struct Resample {
    /// R, then C.
    matrices: Arc<[Matrix; 2]>,
    /// Rᵀ, then Cᵀ.
    transposed: Arc<[Matrix; 2]>,
}

impl Resample {
    fn new(rows: Matrix, columns: Matrix) -> Resample {
        let transposed = Arc::new([rows.transposed(), columns.transposed()]);
        Resample { matrices: Arc::new([rows, columns]), transposed }
    }
}

impl Op<1> for Resample {
    const NAME: &'static str = "resample";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        let [rows, columns] = &*self.matrices;
        let (batch, channels) = (x.shape()[0], x.shape()[3]);
        Array::filled_by([batch, rows.rows(), columns.rows(), channels], |y| {
            resample([rows, columns], [batch, channels], x.numbers(), y);
        })
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        let (matrices, transposed) = (self.transposed.clone(), self.matrices.clone());
        Resample { matrices, transposed }.apply([dy])
    }
}

/// Height and width of an image that has some pixels.
#[track_caller]
fn size(op: &str, x: &Shape) -> [usize; 2] {
    let [_, height, width, _] = image(op, x);
    assert!(height > 0 && width > 0, "{op}: input {x} has no pixels");
    [height, width]
}

impl Tensor {
    /// Images of another size, each pixel a copy of the nearest one:
    ///
    /// y\[n, i, j, c\] = x\[n, ⌊i height / output height⌋, ⌊j width / output width⌋, c\]
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `output`: height and width;
    /// - returns `[n, output height, output width, channels]`.
    ///
    /// # Panics
    /// If the input is no image or has no pixels.
    #[must_use]
    #[track_caller]
    pub fn resize_nearest(&self, output: [usize; 2]) -> Tensor {
        let [height, width] = size("resize_nearest", self.shape());
        if output == [height, width] {
            return self.clone();
        }
        let rows = Matrix::nearest(height, output[0]);
        Resample::new(rows, Matrix::nearest(width, output[1])).apply([self])
    }

    /// Images of another size by linear interpolation along height and width. Along an axis,
    ///
    /// y_i = (1 - f) x_k + f x_{k+1},   k + f = (i + 1/2) size / output size - 1/2, kept in range:
    ///
    /// pixels are squares whose centres lie half a pixel from the image's edge. PyTorch calls that
    /// `align_corners=False`. No filter removes what a much smaller image cannot show.
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `output`: height and width;
    /// - returns `[n, output height, output width, channels]`.
    ///
    /// # Panics
    /// If the input is no image or has no pixels.
    #[must_use]
    #[track_caller]
    pub fn resize_bilinear(&self, output: [usize; 2]) -> Tensor {
        let [height, width] = size("resize_bilinear", self.shape());
        if output == [height, width] {
            return self.clone();
        }
        let rows = Matrix::bilinear(height, output[0]);
        Resample::new(rows, Matrix::bilinear(width, output[1])).apply([self])
    }

    /// Images with zeros around them.
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `rows`: above and below; `columns`: on the left and on the right;
    /// - returns `[n, height + rows, width + columns, channels]`.
    ///
    /// # Panics
    /// If the input is no image or has no pixels.
    #[must_use]
    #[track_caller]
    pub fn zero_pad2d(&self, rows: [usize; 2], columns: [usize; 2]) -> Tensor {
        let [height, width] = size("zero_pad2d", self.shape());
        let rows = Matrix::zero_padded(height, rows);
        Resample::new(rows, Matrix::zero_padded(width, columns)).apply([self])
    }

    /// Images with their mirror images around them. The pixels at the border are the mirror and are
    /// not repeated.
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `rows`: above and below; `columns`: on the left and on the right;
    /// - returns `[n, height + rows, width + columns, channels]`.
    ///
    /// # Panics
    /// If the input is no image, or a padding is not smaller than the side it is added to.
    #[must_use]
    #[track_caller]
    pub fn reflect_pad2d(&self, rows: [usize; 2], columns: [usize; 2]) -> Tensor {
        let [height, width] = size("reflect_pad2d", self.shape());
        for (padding, size) in rows.iter().zip([height; 2]).chain(columns.iter().zip([width; 2])) {
            assert!(
                *padding < size,
                "reflect_pad2d: input {}: a padding of {padding} wants more than {size} pixels\n  \
                 hint: the pixel at the border is the mirror and is not repeated",
                self.shape()
            );
        }
        let rows = Matrix::reflected(height, rows);
        Resample::new(rows, Matrix::reflected(width, columns)).apply([self])
    }

    /// The mean over a window that slides over images.
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `window`: its height and width;
    /// - `count_padding`: whether pixels of the padding count as zeros. PyTorch's default is that
    ///   they do, TensorFlow's rule is that they do not;
    /// - returns `[n, output height, output width, channels]`, of the sizes of [`Tensor::conv2d`].
    ///
    /// # Panics
    /// If the input is no image, the window is larger than the image with its padding, or all of a
    /// window can be padding.
    #[must_use]
    #[track_caller]
    pub fn avg_pool2d(&self, window: [usize; 2], sliding: Sliding, count_padding: bool) -> Tensor {
        let size = size("avg_pool2d", self.shape());
        let [rows, columns] = sliding.pool_windows("avg_pool2d", size, window);
        let rows = Matrix::average(&rows, count_padding);
        Resample::new(rows, Matrix::average(&columns, count_padding)).apply([self])
    }
}

#[cfg(test)]
const PADDED: Sliding =
    Sliding::UNIT.stride(2).padding(Padding::Explicit { top: 1, bottom: 0, left: 2, right: 1 });

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[Resample::NAME], &[&[2, 2, 3, 2]], |x| x[0].resize_nearest([4, 6])),
    Case::shaped(&[Resample::NAME], &[&[2, 5, 3, 2]], |x| x[0].resize_nearest([3, 4])),
    Case::shaped(&[Resample::NAME], &[&[2, 3, 4, 2]], |x| x[0].resize_bilinear([6, 3])),
    Case::shaped(&[Resample::NAME], &[&[2, 2, 3, 2]], |x| x[0].zero_pad2d([1, 2], [0, 1])),
    Case::shaped(&[Resample::NAME], &[&[2, 3, 4, 2]], |x| x[0].reflect_pad2d([2, 1], [0, 3])),
    Case::shaped(&[Resample::NAME], &[&[2, 5, 4, 2]], |x| x[0].avg_pool2d([2, 3], PADDED, true)),
    Case::shaped(&[Resample::NAME], &[&[2, 5, 4, 2]], |x| x[0].avg_pool2d([2, 3], PADDED, false)),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "resize_nearest",
        make: || zeros([3, 3]).resize_nearest([6, 6]),
        report: "resize_nearest: input [3, 3] is not [batch, height, width, channels]",
    },
    Mistake {
        method: "resize_bilinear",
        make: || zeros([1, 0, 3, 1]).resize_bilinear([6, 6]),
        report: "resize_bilinear: input [1, 0, 3, 1] has no pixels",
    },
    Mistake {
        method: "zero_pad2d",
        make: || zeros([3]).zero_pad2d([1, 1], [1, 1]),
        report: "zero_pad2d: input [3] is not [batch, height, width, channels]",
    },
    Mistake {
        method: "reflect_pad2d",
        make: || zeros([1, 3, 3, 1]).reflect_pad2d([3, 0], [0, 0]),
        report: "reflect_pad2d: input [1, 3, 3, 1]: a padding of 3 wants more than 3 pixels",
    },
    Mistake {
        method: "avg_pool2d",
        make: || {
            let padding = Padding::Explicit { top: 0, bottom: 0, left: 2, right: 0 };
            zeros([1, 4, 4, 1]).avg_pool2d([2, 2], Sliding::UNIT.padding(padding), false)
        },
        report: "avg_pool2d: along the width, a window of 2 can lie in the padding alone: Explicit { top: 0, bottom: 0, left: 2, right: 0 }",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Real, Rng};

    #[test]
    fn each_pixel_is_where_the_formulas_say() {
        let x = Tensor::constant(Rng::new(0, "resample").normal([2, 3, 4, 2]));
        let at = |y: &Tensor, n: usize, i: usize, j: usize, c: usize| {
            let s = y.shape();
            y.numbers()[((n * s[1] + i) * s[2] + j) * s[3] + c]
        };
        let (up, padded) = (x.resize_nearest([6, 8]), x.zero_pad2d([1, 2], [3, 0]));
        let mirrored = x.reflect_pad2d([2, 1], [0, 3]);
        let pooled = x.avg_pool2d([2, 2], Sliding::UNIT, true);
        assert_eq!(padded.shape(), &[2, 6, 7, 2].into());
        for at_index in 0..48 {
            let (n, i, j, c) = (at_index / 24, at_index / 8 % 3, at_index / 2 % 4, at_index % 2);
            let expected = at(&x, n, i, j, c);
            assert_eq!(at(&up, n, 2 * i + 1, 2 * j, c), expected);
            assert_eq!(at(&padded, n, i + 1, j + 3, c), expected);
            assert_eq!(at(&mirrored, n, i + 2, j, c), expected);
            assert_eq!(at(&mirrored, n, 2 - i, j, c), expected);
            if i < 2 && j < 3 {
                let corners = [(0, 0), (0, 1), (1, 0), (1, 1)];
                let sum: Real = corners.iter().map(|(a, b)| at(&x, n, i + a, j + b, c)).sum();
                assert!((at(&pooled, n, i, j, c) - sum / 4.0).abs() < 1e-6);
            }
        }
        let inside = padded.slice(1, 1..4).slice(2, 3..).square().sum().item();
        assert!((padded.square().sum().item() - inside).abs() < 1e-5 * inside);
    }
}
