//! Does each fused op compute what the ops compute that it stands for?
//!
//! Value, first and second derivative, in random directions. In f64 to 1e-11 of the largest
//! element, in f32 to 1e-5: the composed ones round more often.

use autograd::{Padding, Real, Rng, Sliding, Tensor, vjp};

type Function = fn(&[Tensor]) -> Tensor;

/// A name, the fused function, the composed one, and the shapes of what they are given.
type Pair = (&'static str, Function, Function, &'static [&'static [usize]]);

const PAIRS: &[Pair] = &[
    ("logsumexp", |x| x[0].logsumexp_over(-1), |x| x[0].exp().sum_over(-1).ln(), &[&[5, 7]]),
    (
        "logsumexp of two axes",
        |x| x[0].logsumexp_keepdim([0, 2]),
        |x| x[0].exp().sum_keepdim([0, 2]).ln(),
        &[&[3, 2, 5]],
    ),
    ("softmax", |x| x[0].softmax(-1), |x| x[0].exp() / x[0].exp().sum_keepdim(-1), &[&[5, 7]]),
    ("softmax 0", |x| x[0].softmax(0), |x| x[0].exp() / x[0].exp().sum_keepdim(0), &[&[3, 4]]),
    (
        "log_softmax",
        |x| x[0].log_softmax(-1),
        |x| &x[0] - x[0].exp().sum_keepdim(-1).ln(),
        &[&[5, 7]],
    ),
    ("softplus", |x| x[0].softplus(), |x| (1.0 + x[0].exp()).ln(), &[&[33]]),
    ("sigmoid", |x| x[0].sigmoid(), |x| (1.0 + (-&x[0]).exp()).recip(), &[&[33]]),
    ("square", |x| x[0].square(), |x| &x[0] * &x[0], &[&[33]]),
    (
        "variance",
        |x| x[0].variance_over(0, 1),
        |x| (&x[0] - x[0].mean_keepdim(0)).square().sum_over(0) / 4.0,
        &[&[5, 3]],
    ),
    (
        "binary_cross_entropy",
        |x| x[0].binary_cross_entropy(&x[1]),
        |x| {
            let p = x[0].sigmoid();
            -(&x[1] * p.ln() + (1.0 - &x[1]) * (1.0 - &p).ln()).mean()
        },
        &[&[5, 3], &[5, 3]],
    ),
    (
        "cross_entropy",
        |x| x[0].cross_entropy(&x[1]),
        |x| -(&x[1] * (x[0].exp() / x[0].exp().sum_keepdim(-1)).ln()).sum() / 5.0,
        &[&[5, 3], &[5, 3]],
    ),
    (
        "linear",
        |x| x[0].linear(&x[1], &x[2]),
        |x| x[0].matmul(&x[1]) + &x[2],
        &[&[5, 4], &[4, 3], &[3]],
    ),
    (
        "conv2d with a bias",
        |x| x[0].conv2d(&x[1], Some(&x[2]), Sliding::UNIT, 1),
        |x| x[0].conv2d(&x[1], None, Sliding::UNIT, 1) + &x[2],
        &[&[2, 5, 4, 3], &[3, 2, 3, 5], &[5]],
    ),
    (
        "conv2d of 1 x 1",
        |x| x[0].conv2d(&x[1], None, Sliding::UNIT, 1),
        |x| x[0].matmul(&x[1].reshape([3, 5])),
        &[&[2, 3, 4, 3], &[1, 1, 3, 5]],
    ),
    (
        "conv_transpose2d with a bias",
        |x| x[0].conv_transpose2d(&x[1], Some(&x[2]), Sliding::UNIT.stride(2), [0, 0], 1),
        |x| x[0].conv_transpose2d(&x[1], None, Sliding::UNIT.stride(2), [0, 0], 1) + &x[2],
        &[&[2, 3, 2, 3], &[3, 2, 5, 3], &[5]],
    ),
    // Sums on both sides of a rectifier's kink.
    (
        "linear_rectified",
        |x| (&x[0] - 0.5).linear_rectified(&x[1], &(&x[2] - 0.5), 0.2),
        |x| (&x[0] - 0.5).linear(&x[1], &(&x[2] - 0.5)).leaky_relu(0.2),
        &[&[5, 4], &[4, 3], &[3]],
    ),
    (
        "conv2d_rectified",
        |x| (&x[0] - 0.5).conv2d_rectified(&x[1], Some(&(&x[2] - 0.5)), Sliding::UNIT, 1, 0.0),
        |x| (&x[0] - 0.5).conv2d(&x[1], Some(&(&x[2] - 0.5)), Sliding::UNIT, 1).relu(),
        &[&[2, 5, 4, 3], &[3, 2, 3, 5], &[5]],
    ),
    (
        "conv_transpose2d_rectified",
        |x| {
            let sliding = Sliding::UNIT.stride(2);
            (&x[0] - 0.5).conv_transpose2d_rectified(&x[1], None, sliding, [0, 0], 1, 0.2)
        },
        |x| {
            let sliding = Sliding::UNIT.stride(2);
            (&x[0] - 0.5).conv_transpose2d(&x[1], None, sliding, [0, 0], 1).leaky_relu(0.2)
        },
        &[&[2, 3, 2, 3], &[3, 2, 5, 3]],
    ),
    (
        "upsample_conv2d_rectified",
        |x| (&x[0] - 0.5).upsample_conv2d_rectified(&x[1], Some(&x[2]), Padding::Same, 0.2),
        |x| (&x[0] - 0.5).upsample_conv2d(&x[1], Some(&x[2]), Padding::Same).leaky_relu(0.2),
        &[&[2, 3, 4, 2], &[5, 5, 2, 3], &[3]],
    ),
    (
        "upsample_conv2d",
        |x| x[0].upsample_conv2d(&x[1], Some(&x[2]), Padding::Same),
        |x| {
            let sliding = Sliding::UNIT.padding(Padding::Same);
            x[0].resize_nearest([6, 8]).conv2d(&x[1], Some(&x[2]), sliding, 1)
        },
        &[&[2, 3, 4, 2], &[5, 5, 2, 3], &[3]],
    ),
];

/// What a function returns for x, its derivative along u, and the derivative along v of that.
fn evaluate(function: Function, x: &[Tensor], seed: u64) -> Vec<Option<Tensor>> {
    let mut rng = Rng::new(seed, "directions");
    let wrt: Vec<&Tensor> = x.iter().collect();
    let y = function(x);
    let u = Tensor::constant(rng.uniform(*y.shape(), 0.5, 1.5));
    let first = vjp(&y, &u, &wrt, true);
    let along = x.iter().zip(&first).filter_map(|(x, dx)| {
        let v = Tensor::constant(rng.uniform(*x.shape(), 0.5, 1.5));
        Some((v * dx.as_ref()?).sum())
    });
    let along = along.reduce(|a, b| a + b).expect("it has a derivative");
    let second = vjp(&along, &Tensor::scalar(1.0), &wrt, false);
    [vec![Some(y)], first, second].concat()
}

#[test]
fn fused_ops_are_what_they_are_composed_of_to_second_order() {
    let tolerance = if size_of::<Real>() == 8 { 1e-11 } else { 1e-5 };
    for (seed, (name, fused, composed, shapes)) in PAIRS.iter().enumerate() {
        let mut rng = Rng::new(seed as u64, "inputs");
        // In (0, 1), so that the last may be targets, and sums of products do not vanish.
        let inputs = shapes.iter().map(|s| Tensor::variable(rng.uniform(*s, 0.1, 0.9)));
        let inputs: Vec<Tensor> = inputs.collect();
        let [found, expected] = [fused, composed].map(|f| evaluate(*f, &inputs, seed as u64));
        for (order, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let numbers = |x: &Option<Tensor>| x.as_ref().map_or(vec![], |x| x.numbers().to_vec());
            let (mut found, mut expected) = (numbers(found), numbers(expected));
            // A derivative that does not exist is 0.
            let len = found.len().max(expected.len());
            found.resize(len, 0.0);
            expected.resize(len, 0.0);
            let largest = expected.iter().fold(0.1, |largest: Real, x| largest.max(x.abs()));
            for (a, b) in found.iter().zip(&expected) {
                let difference = f64::from((a - b).abs() / largest);
                assert!(difference <= tolerance, "{name}, result {order}: {a} {b}");
            }
        }
    }
}
