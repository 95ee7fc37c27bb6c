//! How are matrix products differentiated?
//!
//! Products are closed under differentiation: the gradient of each factor is a product of the
//! other factor and dy. Transposed operands are read through swapped strides, never copied.

#[cfg(test)]
use super::case::{Case, Mistake, zeros};
use super::rectified::{Rectifies, apply_rectified, check_slope};
use crate::{Array, Op, Real, Shape, Tensor};
use kernels::Epilogue;
use kernels::gemm::{Beta, gemm, gemm_batched, gemm_epilogue};
use kernels::mat::{Mat, MatMut};

/// C = A' B', where A' is A or, if `ta`, its transpose; B' likewise
///
/// dA = dC B'ᵀ, or B' dCᵀ if `ta`;  dB = A'ᵀ dC, or dCᵀ A' if `tb`
#[derive(Clone, Copy)]
struct MatMul {
    ta: bool,
    tb: bool,
}

impl Op<2> for MatMul {
    const NAME: &'static str = "matmul";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        let MatMul { ta, tb } = *self;
        let rank = a.shape().len();
        let (a_matrix, b_matrix) = (last_two(a.shape()), last_two(b.shape()));
        let rows = if ta { a_matrix.1 } else { a_matrix.0 };
        let columns = if tb { b_matrix.0 } else { b_matrix.1 };
        let shape = a.shape().with(rank - 2, rows).with(rank - 1, columns);
        let batch: usize = shape[..rank - 2].iter().product();
        let (a_size, b_size) = (a_matrix.0 * a_matrix.1, b_matrix.0 * b_matrix.1);
        let a = |i: usize| {
            let a = &a.numbers()[i * a_size..][..a_size];
            Mat::new(a, a_matrix.0, a_matrix.1).transposed_if(ta)
        };
        let b = |i: usize| {
            let b = &b.numbers()[i * b_size..][..b_size];
            Mat::new(b, b_matrix.0, b_matrix.1).transposed_if(tb)
        };
        Array::filled_by(shape, |c| match batch {
            1 => gemm(a(0), b(0), MatMut::new(c, rows, columns), Beta::Zero),
            _ => gemm_batched(batch, a, b, c, Beta::Zero),
        })
    }

    fn vjp(&self, i: usize, [a, b]: [&Tensor; 2], _: &Tensor, dc: &Tensor) -> Tensor {
        let MatMul { ta, tb } = *self;
        match (i, ta, tb) {
            (0, false, _) => MatMul { ta: false, tb: !tb }.apply([dc, b]),
            (0, true, _) => MatMul { ta: tb, tb: true }.apply([b, dc]),
            (_, _, false) => MatMul { ta: !ta, tb: false }.apply([a, dc]),
            (_, _, true) => MatMul { ta: true, tb: ta }.apply([dc, a]),
        }
    }
}

/// Y = X W + b, the bias added to each row          dX = dY Wᵀ,  dW = Xᵀ dY,  db = Σ rows of dY
struct Linear;

impl Op<3> for Linear {
    const NAME: &'static str = "linear";

    fn forward(&self, x: [&Array; 3]) -> Array {
        self.forward_rectified(x, 1.0)
    }

    fn vjp(&self, i: usize, [x, w, b]: [&Tensor; 3], _: &Tensor, dy: &Tensor) -> Tensor {
        match i {
            0 => MatMul { ta: false, tb: true }.apply([dy, w]),
            1 => MatMul { ta: true, tb: false }.apply([x, dy]),
            _ => dy.sum_to(*b.shape()),
        }
    }
}

impl Rectifies<3> for Linear {
    const RECTIFIED: &'static str = "linear_rectified";

    fn forward_rectified(&self, [x, w, b]: [&Array; 3], slope: Real) -> Array {
        let (rows, inputs) = last_two(x.shape());
        let outputs = w.shape()[1];
        Array::filled_by([rows, outputs], |y| {
            gemm_epilogue(
                Mat::new(x.numbers(), rows, inputs),
                Mat::new(w.numbers(), inputs, outputs),
                Epilogue { bias: Some(b.numbers()), slope },
                MatMut::new(y, rows, outputs),
            );
        })
    }
}

/// Rows and columns of the matrices that an array consists of.
fn last_two(shape: &Shape) -> (usize, usize) {
    (shape[shape.len() - 2], shape[shape.len() - 1])
}

impl Tensor {
    /// The matrix product A B over the last two axes; earlier axes are batches and broadcast.
    ///
    /// `[.., m, k]` times `[.., k, n]` gives `[.., m, n]`.
    ///
    /// # Panics
    /// If an operand has fewer than two axes, the inner sizes differ, or the batches do not
    /// broadcast.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        self.matmul_transposed(false, other, false)
    }

    /// A' B', where A' is A or, if `transpose_a`, Aᵀ, and B' likewise. No operand is copied to be
    /// transposed.
    ///
    /// # Panics
    /// As [`Tensor::matmul`].
    #[must_use]
    #[track_caller]
    pub fn matmul_transposed(
        &self,
        transpose_a: bool,
        other: &Tensor,
        transpose_b: bool,
    ) -> Tensor {
        let (a, b) = (self.shape(), other.shape());
        assert!(
            a.len() >= 2 && b.len() >= 2,
            "matmul: {a} × {b}: an operand has fewer than two axes\n  \
             hint: `reshape` a vector to [1, n] or [n, 1]"
        );
        let (m, k) = if transpose_a { swap(last_two(a)) } else { last_two(a) };
        let (l, n) = if transpose_b { swap(last_two(b)) } else { last_two(b) };
        let t = |transposed| if transposed { "ᵀ" } else { "" };
        assert!(
            k == l,
            "matmul: {a}{} × {b}{}: inner sizes {k} and {l} differ\n  \
             hint: the columns of the left operand meet the rows of the right one",
            t(transpose_a),
            t(transpose_b)
        );
        let op = MatMul { ta: transpose_a, tb: transpose_b };
        let (a_batch, b_batch) = (Shape::new(&a[..a.len() - 2]), Shape::new(&b[..b.len() - 2]));
        if a_batch == b_batch {
            return op.apply([self, other]);
        }
        if b_batch.is_empty() && !transpose_a {
            // One right operand for all: the batch is nothing but more rows.
            let flat = op.apply([&self.reshape([a_batch.count() * m, k]), other]);
            return flat.reshape(a.with(a.len() - 1, n));
        }
        let batch = a_batch.broadcast_or_panic(&b_batch, "matmul (batches)");
        op.apply([&stretch(self, &batch), &stretch(other, &batch)])
    }

    /// X W + b as one op: a dense layer.
    ///
    /// - `self`: `[.., inputs]`, any number of axes before the last;
    /// - `weight`: `[inputs, outputs]`; `bias`: `[outputs]`;
    /// - returns `[.., outputs]`.
    ///
    /// # Panics
    /// If the shapes are not these.
    #[must_use]
    #[track_caller]
    pub fn linear(&self, weight: &Tensor, bias: &Tensor) -> Tensor {
        self.linear_rectified(weight, bias, 1.0)
    }

    /// [`Tensor::linear`] and a rectifier behind it, as one op: z where z = X W + b is positive, else
    /// slope · z. With a slope of 1 that is z, with 0 it is max(z, 0).
    ///
    /// # Panics
    /// If the shapes are not those of [`Tensor::linear`], or the slope is negative.
    #[must_use]
    #[track_caller]
    pub fn linear_rectified(&self, weight: &Tensor, bias: &Tensor, slope: Real) -> Tensor {
        check_slope("linear", slope);
        let (x, w, b) = (self.shape(), weight.shape(), bias.shape());
        assert!(w.len() == 2, "linear: the weight {w} is not [inputs, outputs]");
        let (inputs, outputs) = (w[0], w[1]);
        assert!(
            x.last() == Some(&inputs),
            "linear: input {x} × weight {w}: the last axis of the input must have size {inputs}\n  \
             hint: the weight is [inputs, outputs]"
        );
        assert!(b[..] == [outputs], "linear: weight {w} wants a bias [{outputs}], got {b}");
        if x.len() == 2 {
            return apply_rectified(Linear, slope, [self, weight, bias]);
        }
        let rows = x[..x.len() - 1].iter().product();
        let x_rows = self.reshape([rows, inputs]);
        let flat = apply_rectified(Linear, slope, [&x_rows, weight, bias]);
        flat.reshape(x.with(x.len() - 1, outputs))
    }
}

/// The matrices of x for each place of the batch.
#[track_caller]
fn stretch(x: &Tensor, batch: &Shape) -> Tensor {
    let (rows, columns) = last_two(x.shape());
    x.broadcast_to(batch.iter().copied().chain([rows, columns]).collect::<Shape>())
}

fn swap((a, b): (usize, usize)) -> (usize, usize) {
    (b, a)
}

#[cfg(test)]
pub(crate) const CASES: &[Case] = &[
    Case::shaped(&[MatMul::NAME], &[&[3, 4], &[4, 2]], |x| x[0].matmul(&x[1])).and_at(&[
        &[&[1, 1], &[1, 1]],
        &[&[1, 9], &[9, 1]],
        &[&[7, 1], &[1, 5]],
        &[&[9, 7], &[7, 11]],
    ]),
    Case::shaped(&[MatMul::NAME], &[&[4, 3], &[4, 2]], |x| {
        x[0].matmul_transposed(true, &x[1], false)
    }),
    Case::shaped(&[MatMul::NAME], &[&[3, 4], &[2, 4]], |x| {
        x[0].matmul_transposed(false, &x[1], true)
    }),
    Case::shaped(&[MatMul::NAME], &[&[4, 3], &[2, 4]], |x| {
        x[0].matmul_transposed(true, &x[1], true)
    }),
    Case::shaped(&[MatMul::NAME], &[&[2, 3, 4], &[2, 4, 2]], |x| x[0].matmul(&x[1]))
        .and_at(&[&[&[1, 1, 1], &[3, 1, 1]], &[&[3, 1, 5], &[1, 5, 2]]]),
    Case::shaped(&[MatMul::NAME], &[&[2, 3, 4], &[4, 2]], |x| x[0].matmul(&x[1])),
    Case::shaped(&[MatMul::NAME], &[&[3, 1, 3, 4], &[2, 4, 2]], |x| x[0].matmul(&x[1])),
    Case::shaped(&[Linear::NAME], &[&[4, 3], &[3, 2], &[2]], |x| x[0].linear(&x[1], &x[2]))
        .and_at(&[&[&[1, 1], &[1, 1], &[1]], &[&[7], &[7, 3], &[3]], &[&[9, 7], &[7, 11], &[11]]]),
    Case::shaped(&[Linear::NAME], &[&[2, 4, 3], &[3, 2], &[2]], |x| x[0].linear(&x[1], &x[2])),
    // All sums on one side of the kink, then all on the other.
    Case::shaped(&[Linear::RECTIFIED], &[&[4, 3], &[3, 2], &[2]], |x| {
        x[0].linear_rectified(&x[1], &x[2], 0.2)
    })
    .within(0.5..2.0),
    Case::shaped(&[Linear::RECTIFIED], &[&[2, 4, 3], &[3, 2], &[2]], |x| {
        x[0].linear_rectified(&-&x[1], &-&x[2], 0.2)
    })
    .within(0.5..2.0),
];

#[cfg(test)]
pub(crate) const MISTAKES: &[Mistake] = &[
    Mistake {
        method: "matmul",
        make: || zeros([64, 16]).matmul(&zeros([32, 8])),
        report: "matmul: [64, 16] × [32, 8]: inner sizes 16 and 32 differ",
    },
    Mistake {
        method: "matmul",
        make: || zeros([3]).matmul(&zeros([3, 2])),
        report: "matmul: [3] × [3, 2]: an operand has fewer than two axes",
    },
    Mistake {
        method: "matmul",
        make: || zeros([2, 3, 4]).matmul(&zeros([5, 4, 3])),
        report: "matmul (batches): [2] and [5] do not broadcast: on axis -1 the sizes 2 and 5 differ",
    },
    Mistake {
        method: "matmul_transposed",
        make: || zeros([4, 2]).matmul_transposed(true, &zeros([3, 5]), true),
        report: "matmul: [4, 2]ᵀ × [3, 5]ᵀ: inner sizes 4 and 5 differ",
    },
    Mistake {
        method: "linear",
        make: || zeros([4, 3]).linear(&zeros([2, 5]), &zeros([5])),
        report: "linear: input [4, 3] × weight [2, 5]: the last axis of the input must have size 2",
    },
    Mistake {
        method: "linear",
        make: || zeros([]).linear(&zeros([2, 5]), &zeros([5])),
        report: "linear: input [] × weight [2, 5]: the last axis of the input must have size 2",
    },
    Mistake {
        method: "linear",
        make: || zeros([4, 2]).linear(&zeros([2]), &zeros([5])),
        report: "linear: the weight [2] is not [inputs, outputs]",
    },
    Mistake {
        method: "linear_rectified",
        make: || zeros([4, 2]).linear_rectified(&zeros([2, 5]), &zeros([5]), -1.0),
        report: "linear: a rectifier's slope is at least 0, got -1",
    },
    Mistake {
        method: "linear",
        make: || zeros([4, 2]).linear(&zeros([2, 5]), &zeros([1])),
        report: "linear: weight [2, 5] wants a bias [5], got [1]",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn batches_broadcast_like_their_definition() {
        let mut rng = Rng::new(0, "matmul");
        let a = Tensor::constant(rng.normal([3, 1, 2, 4]));
        let b = Tensor::constant(rng.normal([5, 4, 3]));
        let c = a.matmul(&b);
        assert_eq!(c.shape(), &[3, 5, 2, 3].into());
        for (i, j) in (0..15).map(|n| (n / 5, n % 5)) {
            let one = a.slice(0, i..=i).reshape([2, 4]).matmul(&b.slice(0, j..=j).reshape([4, 3]));
            let start = (i * 5 + j) * 6;
            assert_eq!(c.numbers()[start..start + 6], *one.numbers());
        }
    }

    #[test]
    fn linear_is_a_product_and_a_sum() {
        let mut rng = Rng::new(0, "linear");
        let [x, w, b] = [&[2, 3, 4][..], &[4, 5], &[5]].map(|s| Tensor::constant(rng.normal(s)));
        let (fused, composed) = (x.linear(&w, &b), x.matmul(&w) + &b);
        assert_eq!(fused.shape(), &[2, 3, 5].into());
        for (a, b) in fused.numbers().iter().zip(composed.numbers()) {
            assert!((a - b).abs() < 1e-5);
        }
    }
}
