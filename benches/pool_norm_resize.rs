//! How fast are the layers of images between the convolutions?
//!
//! `cargo bench --bench pool_norm_resize`, or `-- max_pool`, `-- gradient` for a part.
//!
//! Layers of GANs at their sizes, as training runs them: forward without recording, and the sweep
//! from the gradient of the output back to that of the input, and to those of the weights where
//! there are any. Every result is verified, then timed, on random numbers. The bytes of the "thrpt"
//! are those of the input and the output, each once: what a layer must move at least. The first
//! line gives the roof: a copy counts in the same way.

// The file of the roof is shared with benches that see the kernels under their full name.
extern crate kernels as adversaria_kernels;
mod numbers;
#[allow(dead_code, reason = "the rows of the benches of kernels count elements")]
mod roof;

use std::ops::Range;

use autograd::{Array, Padding, Real, Rng, Sliding, Tensor, no_grad, vjp};
use criterion::{Criterion, Throughput};
use layers::{
    AvgPool2d, BatchNorm, GlobalAvgPool2d, GroupNorm, InstanceNorm, LayerNorm, MaxPool2d, Module,
    Pad2d, PixelShuffle, PixelUnshuffle, Upsample,
};
use roof::{run, verify};

/// Batch, height, width, channels.
type Size = [usize; 4];

/// What the element n, i, j, c of an output is, given x.
type Definition<'a> = &'a dyn Fn(&dyn Fn(Size) -> f64, Size) -> f64;

/// Times `body` as the row `layer/direction`, in bytes of x and y.
fn row<T>(
    c: &mut Criterion,
    layer: &str,
    direction: &str,
    [x, y]: [&Tensor; 2],
    mut body: impl FnMut() -> T,
) {
    let bytes = size_of::<Real>() * (x.shape().count() + y.shape().count());
    let mut group = c.benchmark_group(layer);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(direction, |bencher| bencher.iter(&mut body));
    group.finish();
}

fn name(layer: &str, [n, h, w, c]: Size) -> String {
    format!("{layer} {h}x{w}x{c} b{n}")
}

/// The size of an image; of features, those of a single pixel.
fn axes_of(x: &Array) -> Size {
    match x.shape()[..] {
        [n, h, w, c] => [n, h, w, c],
        [n, c] => [n, 1, 1, c],
        _ => panic!("neither images nor features: {}", x.shape()),
    }
}

fn number(array: &Array, at: Size) -> f64 {
    let index = at.iter().zip(axes_of(array)).fold(0, |index, (at, size)| index * size + at);
    f64::from(array.numbers()[index])
}

/// Some places of an image, the first and the last among them.
fn places([n, h, w, c]: Size) -> impl Iterator<Item = Size> {
    (0..40).map(move |k| {
        let part = |size: usize, k: usize| (size - 1) * (k % 40) / 39;
        [part(n, k), part(h, 7 * k), part(w, 11 * k), part(c, 17 * k)]
    })
}

fn dot(a: &Array, b: &Array) -> f64 {
    a.numbers().iter().zip(b.numbers()).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// A layer that is linear in x, at least between its kinks, so that <dy, y> = <dx, x>.
fn linear(c: &mut Criterion, layer: &dyn Module, what: &str, size: Size, exact: Definition<'_>) {
    let mut rng = Rng::new(0, what);
    let x = Tensor::variable(rng.uniform(size, 0.5, 1.5));
    let y = layer.forward(&x);
    let out = axes_of(y.value());
    let of_y = places(out).map(|at| number(y.value(), at) as Real);
    verify(what, of_y, places(out).map(|at| exact(&|at| number(x.value(), at), at)));
    let dy = Tensor::constant(rng.uniform(*y.shape(), 0.5, 1.5));
    let gradient = || vjp(&y, &dy, &[&x], false).remove(0).expect("x leads to y");
    let dx = gradient();
    verify(what, [(dot(dx.value(), x.value()) / dot(dy.value(), y.value())) as Real], [1.0]);

    let name = name(what, size);
    row(c, &name, "forward", [&x, &y], || no_grad(|| layer.forward(&x)));
    row(c, &name, "gradient", [&x, &y], gradient);
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64]) -> f64 {
    let centre = mean(x);
    mean(&x.iter().map(|x| (x - centre).powi(2)).collect::<Vec<_>>())
}

/// Numbers that share a mean, by definition: y = (x - μ) / s with s = √(σ² + ε), and
/// dx = (dy - mean dy - y · mean (dy y)) / s.
fn normalised(x: &[f64], dy: &[f64]) -> [Vec<f64>; 2] {
    let (centre, s) = (mean(x), (variance(x) + 1e-5).sqrt());
    let y: Vec<f64> = x.iter().map(|x| (x - centre) / s).collect();
    let along = mean(&y.iter().zip(dy).map(|(y, dy)| y * dy).collect::<Vec<_>>());
    let level = mean(dy);
    let dx = y.iter().zip(dy).map(|(y, dy)| (dy - level - y * along) / s).collect();
    [y, dx]
}

/// Verifies y and dx at places that share a mean.
fn verify_norm(what: &str, [x, dy, y, dx]: [&Tensor; 4], places: &[Size]) {
    let [x, dy, y, dx] =
        [x, dy, y, dx].map(|t| places.iter().map(|at| number(t.value(), *at)).collect::<Vec<_>>());
    let [exact, exact_dx] = normalised(&x, &dy);
    verify(what, y.into_iter().map(|y| y as Real), exact);
    // Divided by 4, since dx reaches 4 times the size of dy.
    let quarter = |dx: f64| dx / 4.0;
    let is = dx.into_iter().map(|dx| quarter(dx) as Real);
    verify(&format!("{what}, gradient"), is, exact_dx.into_iter().map(quarter));
}

/// All places of some images, rows, columns and channels.
fn all([n, h, w, c]: [Range<usize>; 4]) -> Vec<Size> {
    let pixels = n.flat_map(|n| h.clone().map(move |i| (n, i)));
    let pixels = pixels.flat_map(|(n, i)| w.clone().map(move |j| (n, i, j)));
    pixels.flat_map(|(n, i, j)| c.clone().map(move |c| [n, i, j, c])).collect()
}

/// Batch norm over rows of channels: in training, in evaluation, and its gradient in training.
fn batch_norm(c: &mut Criterion, size: Size) {
    let mut rng = Rng::new(0, "batch norm");
    let [n, height, width, channels] = size;
    let mut layer = BatchNorm::pytorch(channels);
    let x = Tensor::variable(rng.uniform(size, 0.5, 1.5));
    let dy = Tensor::constant(rng.uniform(size, 0.5, 1.5));
    let y = layer.forward_train(&x, &mut rng);
    let weights: Vec<Tensor> = layer.params().iter().map(|p| p.tensor().clone()).collect();
    let wrt: Vec<&Tensor> = [&x].into_iter().chain(&weights).collect();
    let gradient = || vjp(&y, &dy, &wrt, false);
    let dx = gradient().remove(0).expect("x leads to y");
    let evaluated = no_grad(|| layer.forward(&x));
    for channel in [0, channels / 2, channels - 1] {
        let places = all([0..n, 0..height, 0..width, channel..channel + 1]);
        verify_norm("batch norm", [&x, &dy, &y, &dx], &places);
        // In evaluation μ and σ² are the running ones, after a single batch.
        let of =
            |t: &Tensor| -> Vec<f64> { places.iter().map(|at| number(t.value(), *at)).collect() };
        let (x, count) = (of(&x), places.len() as f64);
        let running = (0.9 + 0.1 * variance(&x) * count / (count - 1.0) + 1e-5).sqrt();
        let exact = x.iter().map(|one| (one - 0.1 * mean(&x)) / running);
        verify("batch norm, evaluated", of(&evaluated).into_iter().map(|y| y as Real), exact);
    }
    let name = name("batch_norm", size);
    row(c, &name, "apply", [&x, &y], || no_grad(|| layer.forward(&x)));
    row(c, &name, "train", [&x, &y], || layer.forward_train(&x, &mut rng));
    row(c, &name, "gradient", [&x, &y], gradient);
}

/// A norm by an image's own statistics; `shared` is the part of a size over which it takes a mean.
fn norm(c: &mut Criterion, layer: &dyn Module, what: &str, size: Size, shared: Size) {
    let mut rng = Rng::new(0, what);
    let x = Tensor::variable(rng.uniform(size, 0.5, 1.5));
    let dy = Tensor::constant(rng.uniform(size, 0.5, 1.5));
    let y = layer.forward(&x);
    let params = layer.params();
    let wrt: Vec<&Tensor> = [&x].into_iter().chain(params.iter().map(|p| p.tensor())).collect();
    let gradient = || vjp(&y, &dy, &wrt, false);
    let dx = gradient().remove(0).expect("x leads to y");
    for at in places(size) {
        let block = [0, 1, 2, 3].map(|d| {
            let start = at[d] / shared[d] * shared[d];
            start..start + shared[d]
        });
        verify_norm(what, [&x, &dy, &y, &dx], &all(block));
    }
    let name = name(what, size);
    row(c, &name, "forward", [&x, &y], || no_grad(|| layer.forward(&x)));
    row(c, &name, "gradient", [&x, &y], gradient);
}

/// Upsampling and a convolution of so many taps: as one op on the small image, and in two steps.
fn upsample_conv(c: &mut Criterion, size: Size, outputs: usize, taps: usize) {
    let mut rng = Rng::new(0, "upsample_conv");
    let x = Tensor::variable(rng.uniform(size, -0.5, 0.5));
    let w = Tensor::variable(rng.uniform([taps, taps, size[3], outputs], -0.5, 0.5));
    let upsample = Upsample::nearest(2);
    let sliding = Sliding::UNIT.padding(Padding::Same);
    let one_op = || x.upsample_conv2d(&w, None, Padding::Same);
    let two_steps = || upsample.forward(&x).conv2d(&w, None, sliding, 1);
    let dy = Tensor::constant(rng.uniform(&two_steps().shape()[..], -0.5, 0.5));
    let gradients = |y: &Tensor| vjp(y, &dy, &[&x, &w], false);
    let some = |t: &Tensor, unit: f64| -> Vec<f64> {
        t.numbers().iter().step_by(4999).map(|x| f64::from(*x) / unit).collect()
    };
    // Divided by the size of such sums, so that errors count as those of single numbers.
    let pixels = (dy.shape().count() / outputs) as f64;
    let units = [(taps * taps * size[3]) as f64, (taps * taps * outputs) as f64, pixels];
    let all = |y: Tensor| {
        let of_x_and_w = gradients(&y).into_iter().map(|d| d.expect("both lead to y"));
        [y.clone()].into_iter().chain(of_x_and_w).collect::<Vec<Tensor>>()
    };
    for ((one, two), unit) in all(one_op()).iter().zip(all(two_steps())).zip(units) {
        let is = some(one, unit.sqrt()).into_iter().map(|x| x as Real);
        verify("upsample_conv", is, some(&two, unit.sqrt()));
    }
    let name = name(&format!("upsample_conv {taps}x{taps} to {outputs}"), size);
    let (one, two) = (one_op(), two_steps());
    row(c, &name, "forward, one op", [&x, &one], || no_grad(one_op));
    row(c, &name, "forward, two steps", [&x, &one], || no_grad(two_steps));
    row(c, &name, "gradient, one op", [&x, &one], || gradients(&one));
    row(c, &name, "gradient, two steps", [&x, &one], || gradients(&two));
}

/// The mean of both pixels next to y's centre along each axis, weighed by their distance.
fn bilinear(x: &dyn Fn(Size) -> f64, [n, i, j, c]: Size, [height, width]: [usize; 2]) -> f64 {
    let neighbours = |i: usize, size: usize| {
        let centre = ((i as f64 + 0.5) / 2.0 - 0.5).clamp(0.0, (size - 1) as f64);
        let first = centre as usize;
        let far = centre - first as f64;
        [(first, 1.0 - far), ((first + 1).min(size - 1), far)]
    };
    let rows = neighbours(i, height).into_iter();
    rows.flat_map(|(p, a)| neighbours(j, width).map(|(q, b)| a * b * x([n, p, q, c]))).sum()
}

fn main() {
    run(&|c| {
        let taps = [[0, 0], [0, 1], [1, 0], [1, 1]];
        for size in [[128, 28, 28, 64], [128, 10, 10, 128]] {
            linear(c, &MaxPool2d::new(2), "max_pool 2x2", size, &|x, [n, i, j, c]| {
                taps.iter().fold(0.0, |y, [a, b]| x([n, 2 * i + a, 2 * j + b, c]).max(y))
            });
        }
        let size = [64, 32, 32, 64];
        linear(c, &AvgPool2d::new(2), "avg_pool 2x2", size, &|x, [n, i, j, c]| {
            taps.iter().map(|[a, b]| x([n, 2 * i + a, 2 * j + b, c])).sum::<f64>() / 4.0
        });
        let size = [64, 8, 8, 128];
        linear(c, &GlobalAvgPool2d, "global_avg_pool", size, &|x, [n, _, _, c]| {
            (0..64).map(|at| x([n, at / 8, at % 8, c])).sum::<f64>() / 64.0
        });
        for size in [[128, 1, 1, 6272], [64, 16, 16, 64], [64, 8, 8, 128]] {
            batch_norm(c, size);
        }
        let size @ [_, height, width, channels] = [64, 16, 16, 64];
        let layer = GroupNorm::new(8, channels);
        norm(c, &layer, "group_norm 8", size, [1, height, width, channels / 8]);
        let layer = InstanceNorm::new(channels);
        norm(c, &layer, "instance_norm", size, [1, height, width, 1]);
        norm(c, &LayerNorm::new(channels), "layer_norm", size, [1, 1, 1, channels]);
        for size in [[128, 7, 7, 128], [128, 14, 14, 64]] {
            linear(c, &Upsample::nearest(2), "upsample 2x", size, &|x, [n, i, j, c]| {
                x([n, i / 2, j / 2, c])
            });
        }
        let size = [64, 16, 16, 64];
        linear(c, &Upsample::bilinear(2), "bilinear 2x", size, &|x, at| bilinear(x, at, [16, 16]));
        // The generator of the Keras DCGAN, and a residual block that grows.
        upsample_conv(c, [64, 7, 7, 128], 64, 5);
        upsample_conv(c, [32, 16, 16, 64], 64, 3);
        let size = [64, 16, 16, 256];
        linear(c, &PixelShuffle::new(2), "pixel_shuffle 2", size, &|x, [n, i, j, c]| {
            x([n, i / 2, j / 2, (i % 2 * 2 + j % 2) * 64 + c])
        });
        let size = [64, 32, 32, 64];
        linear(c, &PixelUnshuffle::new(2), "pixel_unshuffle 2", size, &|x, [n, i, j, c]| {
            x([n, 2 * i + c / 128, 2 * j + c / 64 % 2, c % 64])
        });
        // Features, and pictures: few channels make short runs.
        for size in [[32, 32, 32, 64], [32, 64, 64, 3]] {
            let side = size[1];
            let layer = Pad2d::zeros([1, 1], [1, 1]);
            linear(c, &layer, "zero_pad 1", size, &|x, [n, i, j, c]| {
                let inside = [i, j].iter().all(|at| (1..=side).contains(at));
                if inside { x([n, i - 1, j - 1, c]) } else { 0.0 }
            });
            let layer = Pad2d::reflect([3, 3], [3, 3]);
            linear(c, &layer, "reflect_pad 3", size, &|x, [n, i, j, c]| {
                let mirrored = |at: usize| (side - 1) - (side - 1).abs_diff(at.abs_diff(3));
                x([n, mirrored(i), mirrored(j), c])
            });
        }
    });
}
