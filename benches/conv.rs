//! How fast are convolutions?
//!
//! `cargo bench -p adversaria-kernels --bench conv`, or `-- 5x5`, `-- transposed`, `-- forward`.
//!
//! Layers of GANs, each in its three directions. Every result is verified, then timed, on random
//! numbers. The first line gives the roof: what the cores do in registers alone. Criterion's
//! "thrpt" counts floating-point operations as elements: Gelem/s reads GFLOP/s. The operations are
//! those of the definition, padding included, whatever the algorithm: so are the peers'.

mod numbers;
mod probe;

use std::time::Duration;

use adversaria_kernels as kernels;
use criterion::{Criterion, Throughput};
use kernels::conv::{Geometry, forward, input_gradient, weight_gradient};
use kernels::window::Window;
use kernels::{Epilogue, Real};
use numbers::{Numbers, random};
use probe::print_roof;

/// A layer on square images.
struct Layer {
    transposed: bool,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    /// Height and width of the input.
    size: usize,
    batch: usize,
}

/// A convolution: inputs, outputs, kernel, \[stride, padding\], size, batch.
const fn conv(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    [stride, padding]: [usize; 2],
    size: usize,
    batch: usize,
) -> Layer {
    Layer { transposed: false, inputs, outputs, kernel, stride, padding, size, batch }
}

/// The same transposed.
const fn transposed(layer: Layer) -> Layer {
    Layer { transposed: true, ..layer }
}

/// The layers of the Keras DCGAN, of the DCGAN of strided convolutions, and of residual networks.
const LAYERS: [Layer; 12] = [
    conv(1, 64, 5, [1, 2], 28, 64),
    conv(64, 128, 5, [1, 0], 14, 64),
    conv(128, 64, 5, [1, 2], 14, 64),
    conv(64, 1, 5, [1, 2], 28, 64),
    conv(64, 128, 4, [2, 1], 16, 64),
    conv(128, 256, 4, [2, 1], 8, 64),
    transposed(conv(256, 128, 4, [2, 1], 4, 64)),
    transposed(conv(128, 64, 4, [2, 1], 8, 64)),
    transposed(conv(64, 3, 4, [2, 1], 16, 64)),
    conv(64, 64, 3, [1, 1], 32, 32),
    conv(128, 128, 3, [1, 1], 16, 32),
    conv(256, 256, 1, [1, 0], 16, 32),
];

impl Layer {
    /// Such as `64-128 4x4 s2 p1 16x16 b64`. The peers' scripts make the same names.
    fn name(&self) -> String {
        let &Layer { inputs, outputs, kernel: k, stride, padding, size, batch, .. } = self;
        let kind = if self.transposed { "transposed " } else { "" };
        let sliding = match [stride, padding] {
            [1, 0] => "valid".to_owned(),
            [1, p] => format!("p{p}"),
            [s, p] => format!("s{s} p{p}"),
        };
        format!("{kind}{inputs}-{outputs} {k}x{k} {sliding} {size}x{size} b{batch}")
    }

    /// Of the convolution that this layer is, or is the input gradient of.
    fn geometry(&self) -> Geometry {
        let &Layer { kernel, stride, size, batch, .. } = self;
        let padding = [self.padding; 2];
        let window = if self.transposed {
            Window::transposed(size, kernel, stride, 1, padding, 0)
        } else {
            Window::padded(size, kernel, stride, 1, padding)
        };
        let window = window.expect("the kernel fits into the image");
        let (in_channels, out_channels) = match self.transposed {
            true => (self.outputs, self.inputs),
            false => (self.inputs, self.outputs),
        };
        Geometry { batch, in_channels, out_channels, groups: 1, height: window, width: window }
    }
}

/// One of the three derivatives of T, and what it is called of a layer.
#[derive(Clone, Copy)]
enum Derivative {
    Y,
    Dx,
    Dw,
}

/// x, w and y of T.
type Operands<'a> = [&'a [Real]; 3];

/// Sums the products that make one element of a derivative: the definition, the four coordinates
/// of the element fixed. Returns their number too.
fn exact(g: &Geometry, derivative: Derivative, at: usize, [x, w, y]: Operands<'_>) -> (f64, usize) {
    let coordinates = |mut at: usize, shape: [usize; 4]| {
        let mut c = [0; 4];
        for (c, size) in c.iter_mut().zip(shape).rev() {
            (*c, at) = (at % size, at / size);
        }
        c
    };
    let index = |c: [usize; 4], shape: [usize; 4]| {
        c.into_iter().zip(shape).fold(0, |index, (c, size)| index * size + c)
    };
    let (xs, ws, ys) = (g.x_shape(), g.w_shape(), g.y_shape());
    // Images, output pixels, taps and channels over which the sum goes: all, or the element's own.
    let one = |c: usize| c..c + 1;
    let (mut n, mut i, mut j) = (0..ys[0], 0..ys[1], 0..ys[2]);
    let (mut a, mut b, mut c, mut o) = (0..ws[0], 0..ws[1], 0..ws[2], 0..ws[3]);
    let mut pixel = None;
    match derivative {
        Derivative::Y => [n, i, j, o] = coordinates(at, ys).map(one),
        Derivative::Dw => [a, b, c, o] = coordinates(at, ws).map(one),
        Derivative::Dx => {
            let [number, p, q, channel] = coordinates(at, xs);
            (n, c, pixel) = (one(number), one(channel), Some([p, q]));
        }
    }
    let (mut sum, mut terms) = (0.0, 0);
    for (i, a) in i.flat_map(|i| a.clone().map(move |a| (i, a))) {
        let Some(p) = g.height.position(i, a) else { continue };
        for (j, b) in j.clone().flat_map(|j| b.clone().map(move |b| (j, b))) {
            let Some(q) = g.width.position(j, b) else { continue };
            if pixel.is_some_and(|pixel| pixel != [p, q]) {
                continue;
            }
            for n in n.clone() {
                for (c, o) in c.clone().flat_map(|c| o.clone().map(move |o| (c, o))) {
                    let x = || f64::from(x[index([n, p, q, c], xs)]);
                    let w = || f64::from(w[index([a, b, c, o], ws)]);
                    let y = || f64::from(y[index([n, i, j, o], ys)]);
                    sum += match derivative {
                        Derivative::Y => x() * w(),
                        Derivative::Dx => y() * w(),
                        Derivative::Dw => x() * y(),
                    };
                    terms += 1;
                }
            }
        }
    }
    (sum, terms)
}

fn bench(c: &mut Criterion, layer: &Layer) {
    let (g, name) = (layer.geometry(), layer.name());
    let lens = [g.x_shape(), g.w_shape(), g.y_shape()].map(|shape| shape.iter().product());
    let [x, w, y] = [0, 1, 2].map(|i| random(lens[i], i as u64 + 1, -0.5, 0.5));
    let directions = match layer.transposed {
        false => [Derivative::Y, Derivative::Dx, Derivative::Dw],
        true => [Derivative::Dx, Derivative::Y, Derivative::Dw],
    };
    let names = ["forward", "input gradient", "weight gradient"];
    for (direction, derivative) in names.into_iter().zip(directions) {
        let run = |out: &mut [Real]| match derivative {
            Derivative::Y => forward(&g, &x, &w, Epilogue::NOTHING, out),
            Derivative::Dx => input_gradient(&g, &y, &w, Epilogue::NOTHING, out),
            Derivative::Dw => weight_gradient(&g, &x, &y, out),
        };
        let len = match derivative {
            Derivative::Y => y.len(),
            Derivative::Dx => x.len(),
            Derivative::Dw => w.len(),
        };
        let mut out = Numbers::nan(len);
        run(&mut out);
        // An odd step, so that the places differ in all coordinates.
        for at in (0..len).step_by((len / 30).max(1) | 1) {
            let (exact, terms) = exact(&g, derivative, at, [&x, &w, &y]);
            let error = 1e-6 * (terms as f64).sqrt() + 1e-6;
            let is = f64::from(out[at]);
            assert!((is - exact).abs() < error, "{name}/{direction} at {at}: {exact} is {is}");
        }
        let mut group = c.benchmark_group(format!("conv/{name}"));
        group.throughput(Throughput::Elements(2 * g.multiply_adds() as u64));
        group.bench_function(direction, |bencher| bencher.iter(|| run(&mut out)));
        group.finish();
    }
}

fn main() {
    print_roof();
    // Inside the pool, as in training: a parallel loop starts at once.
    kernels::in_pool(|| {
        let mut criterion = Criterion::default()
            .sample_size(20)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(500))
            .configure_from_args();
        for layer in &LAYERS {
            bench(&mut criterion, layer);
        }
        criterion.final_summary();
    });
}
