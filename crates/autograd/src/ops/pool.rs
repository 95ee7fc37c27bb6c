//! How is the maximum over a window differentiated?
//!
//! Which pixel wins is a step function of the input, so a constant. Given the winners, pooling is
//! linear: it gathers the winners' numbers, its gradient spreads over the winners, and these two
//! are each other's adjoints.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::conv::image;
use super::sliding::Sliding;
use crate::{Array, Op, Tensor, is_recording};
use kernels::pool::{self, Pool};
use std::sync::Arc;

/// y = the largest x in each window      dx = dy at the first pixel that is the largest, else 0
struct MaxPool(Pool);

impl Op<1> for MaxPool {
    const NAME: &'static str = "max_pool2d";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        Array::filled_by(self.0.y_shape(), |y| pool::max(&self.0, x.numbers(), y))
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], y: &Tensor, dy: &Tensor) -> Tensor {
        if !is_recording() {
            return Tensor::constant(Array::filled_by(self.0.x_shape(), |dx| {
                pool::gradient(&self.0, x.numbers(), dy.numbers(), dx);
            }));
        }
        let mut taps = vec![0; y.shape().count()];
        pool::winners(&self.0, x.numbers(), &mut taps);
        Spread { pool: self.0, taps: Arc::new(taps) }.apply([dy])
    }
}

/// y = x at each window's winner         dx = dy spread over the winners
struct Gather {
    pool: Pool,
    taps: Arc<Vec<u32>>,
}

impl Op<1> for Gather {
    const NAME: &'static str = "gather_winners";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        Array::filled_by(self.pool.y_shape(), |y| {
            pool::gather(&self.pool, &self.taps, x.numbers(), y);
        })
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        Spread { pool: self.pool, taps: self.taps.clone() }.apply([dy])
    }
}

/// x = the sum of y over the windows that a pixel wins          dy = dx at each window's winner
struct Spread {
    pool: Pool,
    taps: Arc<Vec<u32>>,
}

impl Op<1> for Spread {
    const NAME: &'static str = "spread_to_winners";

    fn forward(&self, [y]: [&Array; 1]) -> Array {
        Array::filled_by(self.pool.x_shape(), |x| {
            pool::spread(&self.pool, &self.taps, y.numbers(), x);
        })
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dx: &Tensor) -> Tensor {
        Gather { pool: self.pool, taps: self.taps.clone() }.apply([dx])
    }
}

impl Tensor {
    /// The maximum over a window that slides over images:
    ///
    /// y\[n, i, j, c\] = max x\[n, i s + a d - top, j s + b d - left, c\]
    ///
    /// over the taps (a, b), for stride s and dilation d; pixels outside of the image do not count.
    /// NaN if there is one. Of several equal maxima the first gets the gradient.
    ///
    /// - `self`: `[n, height, width, channels]`;
    /// - `window`: its height and width;
    /// - returns `[n, output height, output width, channels]`, of the sizes of [`Tensor::conv2d`].
    ///
    /// # Panics
    /// If the input is no image, the window is larger than the image with its padding, or all of a
    /// window can be padding.
    #[must_use]
    #[track_caller]
    pub fn max_pool2d(&self, window: [usize; 2], sliding: Sliding) -> Tensor {
        let [batch, height, width, channels] = image("max_pool2d", self.shape());
        let [rows, columns] = sliding.pool_windows("max_pool2d", [height, width], window);
        MaxPool(Pool { batch, channels, height: rows, width: columns }).apply([self])
    }
}

#[cfg(test)]
const FAMILY: &[&str] = &[MaxPool::NAME, Gather::NAME, Spread::NAME];

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(FAMILY, &[&[1, 4, 4, 2]], |x| x[0].max_pool2d([2, 2], Sliding::UNIT.stride(2)))
        .within(-20.0..20.0),
    Case::shaped(FAMILY, &[&[2, 5, 4, 2]], |x| {
        let padding = super::sliding::Padding::Explicit { top: 1, bottom: 2, left: 0, right: 1 };
        x[0].max_pool2d([3, 2], Sliding::UNIT.padding(padding))
    })
    .within(-20.0..20.0),
    Case::shaped(FAMILY, &[&[1, 7, 6, 2]], |x| {
        let sliding = Sliding::UNIT.stride(2).dilation(2);
        x[0].max_pool2d([3, 2], sliding)
    })
    .within(-20.0..20.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "max_pool2d",
        make: || zeros([1, 2, 4, 1]).max_pool2d([3, 2], Sliding::UNIT),
        report: "max_pool2d: along the height, a kernel that reaches over 3 does not fit into 2",
    },
    Mistake {
        method: "max_pool2d",
        make: || {
            let sliding = Sliding::UNIT.padding(super::sliding::Padding::all(2));
            zeros([1, 4, 4, 1]).max_pool2d([2, 2], sliding)
        },
        report: "max_pool2d: along the height, a window of 2 can lie in the padding alone: \
                 Explicit { top: 2, bottom: 2, left: 2, right: 2 }",
    },
    Mistake {
        method: "max_pool2d",
        make: || zeros([4, 4]).max_pool2d([2, 2], Sliding::UNIT),
        report: "max_pool2d: input [4, 4] is not [batch, height, width, channels]",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    #[test]
    fn the_first_of_equal_maxima_gets_the_gradient() {
        let x = Tensor::variable(Array::new([1, 2, 2, 1], &[1.0, 3.0, 3.0, 2.0]));
        let y = x.max_pool2d([2, 2], Sliding::UNIT);
        assert_eq!(y.numbers(), [3.0]);
        let [dx] = grad(&(2.0 * y).sum(), [&x], false);
        assert_eq!(dx.numbers(), [0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn overlapping_windows_add_their_gradients() {
        let x = Tensor::variable(Array::new([1, 1, 4, 1], &[0.0, 5.0, 1.0, 2.0]));
        let y = x.max_pool2d([1, 2], Sliding::UNIT);
        assert_eq!(y.numbers(), [5.0, 5.0, 2.0]);
        let u = Tensor::new([1, 1, 3, 1], &[10.0, 20.0, 30.0]);
        let [dx] = grad(&(u * y).sum(), [&x], false);
        assert_eq!(dx.numbers(), [0.0, 30.0, 0.0, 30.0]);
    }
}
