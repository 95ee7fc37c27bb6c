//! Do the three convolutions agree with each other, and the fast ones with the seven loops?

use super::*;
use crate::par::with_threads;
use crate::simd::{Level, level};
use std::process::Command;

/// A stream of small numbers without a pattern.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % bound
    }

    /// Integers in -3..=3: sums of thousands of their products are exact, also in f32.
    fn integers(&mut self, shape: [usize; 4]) -> Vec<Real> {
        (0..count(shape)).map(|_| self.below(7) as Real - 3.0).collect()
    }

    /// Between -1/2 and 1/2.
    fn fractions(&mut self, shape: [usize; 4]) -> Vec<Real> {
        let bound = 1 << 20;
        (0..count(shape)).map(|_| self.below(bound) as Real / bound as Real - 0.5).collect()
    }

    fn window(&mut self, transposed: bool) -> Window {
        loop {
            let [input, taps, stride, dilation] = [9, 5, 3, 3].map(|bound| 1 + self.below(bound));
            let padding = [self.below(4), self.below(4)];
            let window = match self.below(3) {
                0 => Window::same(input, taps, stride, dilation),
                _ => padded(input, taps, stride, dilation, padding),
            };
            let Some(window) = window else { continue };
            // An output padding: the last rows of the input are not reached by any place.
            let extra = if transposed { self.below(stride) } else { 0 };
            return Window { input: window.input + extra, ..window };
        }
    }

    /// With up to so many channels in a group.
    fn geometry(&mut self, channels: usize) -> Geometry {
        let groups = 1 + self.below(3);
        let transposed = self.below(2) == 0;
        Geometry {
            batch: 1 + self.below(3),
            in_channels: groups * (1 + self.below(channels)),
            out_channels: groups * (1 + self.below(channels)),
            groups,
            height: self.window(transposed),
            width: self.window(transposed),
        }
    }
}

/// The window, unless its kernel is larger than the padded image.
fn padded(
    input: usize,
    taps: usize,
    stride: usize,
    dilation: usize,
    padding: [usize; 2],
) -> Option<Window> {
    let window = Window::padded(input, taps, stride, dilation, padding);
    let fits = (taps - 1) * dilation < input + padding[0] + padding[1];
    assert_eq!(window.is_some(), fits, "{taps} taps, {dilation} apart, on {input} and {padding:?}");
    window
}

fn dot(a: &[Real], b: &[Real]) -> Real {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A single 3 x 3 kernel over a 3 x 4 image with one row of padding above and one column to the
/// right, computed by hand.
#[test]
fn a_small_convolution_is_what_a_hand_computes() {
    let g = Geometry {
        batch: 1,
        in_channels: 1,
        out_channels: 1,
        groups: 1,
        height: Window::padded(3, 3, 1, 1, [1, 0]).unwrap(),
        width: Window::padded(4, 3, 2, 1, [0, 1]).unwrap(),
    };
    assert_eq!(g.y_shape(), [1, 2, 2, 1]);
    let x = [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];
    let w = [1., 0., -1., 2., 1., 0., 0., 3., 1.];
    let mut y = [0.0; 4];
    forward(&g, &x, &w, Epilogue::bias(&[100.]), &mut y);
    // Top left: rows (padding, 1 2 3, 5 6 7): 2·1 + 2 + 3·6 + 7 = 29.
    // Top right: rows (padding, 3 4 _, 7 8 _): 2·3 + 4 + 3·8 = 34.
    // Bottom left: (1 - 3) + (2·5 + 6) + (3·10 + 11) = 55.
    // Bottom right: 3 + (2·7 + 8) + 3·12 = 61.
    assert_eq!(y, [129., 134., 155., 161.]);
}

#[test]
fn the_three_are_derivatives_of_one_form() {
    let mut numbers = Numbers(1);
    for _ in 0..200 {
        let g = numbers.geometry(4);
        let [x, w, dy] = [g.x_shape(), g.w_shape(), g.y_shape()].map(|s| numbers.integers(s));
        let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), w.clone());
        forward(&g, &x, &w, Epilogue::NOTHING, &mut y);
        input_gradient(&g, &dy, &w, Epilogue::NOTHING, &mut dx);
        weight_gradient(&g, &x, &dy, &mut dw);
        let form = dot(&y, &dy);
        assert_eq!(dot(&dx, &x), form, "{g:?}");
        assert_eq!(dot(&dw, &w), form, "{g:?}");
    }
}

/// Integers, so no tolerance: the order of the additions does not matter.
fn assert_equal_to_naive(g: &Geometry, numbers: &mut Numbers) {
    let [x, w, dy] = [g.x_shape(), g.w_shape(), g.y_shape()].map(|s| numbers.integers(s));
    let in_bias = numbers.integers([1, 1, 1, g.in_channels]);
    let out_bias = numbers.integers([1, 1, 1, g.out_channels]);
    let stale = |len: usize| (vec![Real::NAN; len], vec![Real::NAN; len]);
    let rectify = |y: &mut [Real], slope| y.iter_mut().for_each(|y| *y = y.max(slope * *y));
    for (bias, slope) in [(None, 1.0), (Some(&out_bias[..]), 0.5)] {
        let (mut found, mut expected) = stale(dy.len());
        forward(g, &x, &w, Epilogue { bias, slope }, &mut found);
        naive::forward(g, &x, &w, bias, &mut expected);
        rectify(&mut expected, slope);
        assert_eq!(found, expected, "forward {g:?}");
    }
    for (bias, slope) in [(None, 0.0), (Some(&in_bias[..]), 1.0)] {
        let (mut found, mut expected) = stale(x.len());
        input_gradient(g, &dy, &w, Epilogue { bias, slope }, &mut found);
        naive::input_gradient(g, &dy, &w, bias, &mut expected);
        rectify(&mut expected, slope);
        assert_eq!(found, expected, "input gradient {g:?}");
    }
    let (mut found, mut expected) = stale(w.len());
    weight_gradient(g, &x, &dy, &mut found);
    naive::weight_gradient(g, &x, &dy, &mut expected);
    assert_eq!(found, expected, "weight gradient {g:?}");
}

#[test]
fn the_fast_ones_equal_the_seven_loops() {
    let mut numbers = Numbers(2);
    for case in 0..2000 {
        // Few channels, or enough to fill tiles.
        let g = numbers.geometry(if case % 4 == 0 { 40 } else { 5 });
        assert_equal_to_naive(&g, &mut numbers);
    }
}

/// What a small image does not need: several blocks of rows or of tiles, several chunks of a sum
/// over pixels, several blocks of a product's columns.
#[test]
fn large_images_and_many_channels_equal_the_seven_loops() {
    let mut numbers = Numbers(5);
    for ([side, taps, dilation], [batch, in_channels, out_channels]) in [
        ([48, 3, 2], [2, 20, 5]),  // copied windows: chunks of the weights' gradient
        ([34, 3, 1], [1, 48, 48]), // shared products: blocks of tiles
        ([64, 5, 1], [1, 1, 16]),  // thin windows: blocks of rows
        ([110, 3, 1], [1, 8, 3]),  // few outputs: blocks of rows
        ([3, 1, 1], [1, 20, 1030]), // columns of the product, and of the bias
    ] {
        let along = Window::same(side, taps, 1, dilation).unwrap();
        let (height, width) = (along, along);
        let g = Geometry { batch, in_channels, out_channels, groups: 1, height, width };
        assert_equal_to_naive(&g, &mut numbers);
    }
}

/// A process has one level, so another one runs these tests again for each level but this one's: all
/// on integers, which are exact with fused multiply-adds and without.
#[test]
fn every_level_passes_these_tests() {
    let program = std::env::current_exe().unwrap();
    for other in Level::available().filter(|other| *other != level()) {
        let output = Command::new(&program)
            .args(["conv::", "--skip", "every_level", "--skip", "threads_change_no_bit"])
            .env("ADVERSARIA_ISA", format!("{other:?}").to_lowercase())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !text.contains(" 0 passed"), "{other:?}: {text}");
    }
}

/// Fractions, so that another order of the additions would be seen.
#[test]
fn threads_change_no_bit() {
    let mut numbers = Numbers(6);
    // Images enough that several threads pay.
    let enough =
        |g: Geometry| Geometry { batch: 1 + (1 << 22) / (g.multiply_adds() / g.batch), ..g };
    // A cut through the rows of dW leaves some that are few enough to be read in place: a kernel of
    // 121 taps, with gaps, on three channels.
    let [height, width] = [2, 1].map(|dilation| Window::same(32, 11, 1, dilation).unwrap());
    let wide = Geometry { batch: 4, in_channels: 3, out_channels: 16, groups: 1, height, width };
    let drawn: Vec<_> = (0..30).map(|_| numbers.geometry(40)).collect();
    let layers: Vec<_> = drawn
        .into_iter()
        .chain([wide])
        .map(|g| {
            let g = enough(g);
            (g, [g.x_shape(), g.w_shape(), g.y_shape()].map(|s| numbers.fractions(s)))
        })
        .collect();
    let results = |threads| {
        with_threads(threads, || {
            let all = layers.iter().map(|(g, [x, w, dy])| {
                let [mut dx, mut dw, mut y] = [x, w, dy].map(|of| vec![Real::NAN; of.len()]);
                forward(g, x, w, Epilogue::NOTHING, &mut y);
                input_gradient(g, dy, w, Epilogue::NOTHING, &mut dx);
                weight_gradient(g, x, dy, &mut dw);
                [y, dx, dw]
            });
            all.collect::<Vec<_>>()
        })
    };
    // A cut through the rows of y may go through a block of 2 x 2 pixels.
    let interleaved: Vec<_> = (0..20)
        .filter_map(|case| {
            let g = enough(drawn_upsampled(&mut numbers, case, 24)?);
            let x_shape = [g.batch, g.height.input / 2, g.width.input / 2, g.in_channels];
            let shapes = [x_shape, g.w_shape(), g.y_shape()];
            Some((g, shapes.map(|shape| numbers.fractions(shape))))
        })
        .collect();
    let results_upsampled = |threads| {
        with_threads(threads, || {
            let all = interleaved.iter().map(|(g, [x, w, dy])| {
                let [mut dx, mut dw, mut y] = [x, w, dy].map(|of| vec![Real::NAN; of.len()]);
                upsampled::forward(g, x, w, Epilogue::NOTHING, &mut y);
                upsampled::input_gradient(g, dy, w, &mut dx);
                upsampled::weight_gradient(g, x, dy, &mut dw);
                [y, dx, dw]
            });
            all.collect::<Vec<_>>()
        })
    };
    let (alone, upsampled_alone) = (results(1), results_upsampled(1));
    for threads in [2, 3, 4, 7, 8] {
        assert!(results_upsampled(threads) == upsampled_alone, "{threads} threads: upsampled");
        for ((found, expected), (g, _)) in results(threads).iter().zip(&alone).zip(&layers) {
            assert!(found == expected, "{threads} threads: {g:?}");
        }
    }
}

/// u[n, t, s, c] = x[n, t / 2, s / 2, c]
fn enlarged(x: &[Real], [n, h, w, c]: [usize; 4]) -> Vec<Real> {
    let pixel = |i: usize, t: usize, s: usize| &x[((i * h + t / 2) * w + s / 2) * c..][..c];
    let rows = (0..n).flat_map(|i| (0..2 * h).map(move |t| (i, t)));
    rows.flat_map(|(i, t)| (0..2 * w).flat_map(move |s| pixel(i, t, s))).copied().collect()
}

/// The adjoint of [`enlarged`]: each pixel is the sum of its four.
fn shrunk(u: &[Real], [n, h, w, c]: [usize; 4]) -> Vec<Real> {
    let mut x = vec![0.0; n * h * w * c];
    for (at, pixel) in u.chunks_exact(c).enumerate() {
        let (i, t, s) = (at / (4 * h * w), at / (2 * w) % (2 * h), at % (2 * w));
        let to = &mut x[((i * h + t / 2) * w + s / 2) * c..][..c];
        to.iter_mut().zip(pixel).for_each(|(x, u)| *x += u);
    }
    x
}

/// An upsampling, then a convolution with so many channels, if its windows fit; the even ones keep
/// the doubled size.
fn drawn_upsampled(numbers: &mut Numbers, case: usize, channels: usize) -> Option<Geometry> {
    let [batch, height, width, in_channels, out_channels] =
        [2, 5, 5, channels, channels].map(|bound| 1 + numbers.below(bound));
    let [kernel_height, kernel_width] = [6, 6].map(|bound| 1 + numbers.below(bound));
    let [top, bottom, left, right] = [0; 4].map(|_| numbers.below(4));
    let window = |input, taps, padding| match case % 2 {
        0 => Window::same(2 * input, taps, 1, 1),
        _ => padded(2 * input, taps, 1, 1, padding),
    };
    let height = window(height, kernel_height, [top, bottom])?;
    let width = window(width, kernel_width, [left, right])?;
    Some(Geometry { batch, in_channels, out_channels, groups: 1, height, width })
}

#[test]
fn an_upsampled_convolution_is_one_on_the_small_image() {
    let mut numbers = Numbers(3);
    for case in 0..500 {
        // Few outputs, thin and copied windows; then shared products as well.
        let channels = if case < 400 { 3 } else { 24 };
        let Some(large) = drawn_upsampled(&mut numbers, case, channels) else { continue };
        let Geometry { batch, in_channels, height, width, .. } = large;
        let x_shape = [batch, height.input / 2, width.input / 2, in_channels];
        let (x, w) = (numbers.integers(x_shape), numbers.integers(large.w_shape()));
        let bias = numbers.integers([1, 1, 1, large.out_channels]);
        let epilogue = Epilogue { bias: Some(&bias), slope: 0.5 };
        let u = enlarged(&x, x_shape);
        let [mut y, mut expected] = [(); 2].map(|()| vec![Real::NAN; count(large.y_shape())]);
        naive::forward(&large, &u, &w, Some(&bias), &mut expected);
        expected.iter_mut().for_each(|z| *z = if *z > 0.0 { *z } else { *z / 2.0 });
        upsampled::forward(&large, &x, &w, epilogue, &mut y);
        assert_eq!(y, expected, "{large:?}");

        let dy = numbers.integers(large.y_shape());
        let (mut du, mut dx) = (vec![Real::NAN; u.len()], vec![Real::NAN; x.len()]);
        naive::input_gradient(&large, &dy, &w, None, &mut du);
        upsampled::input_gradient(&large, &dy, &w, &mut dx);
        assert_eq!(dx, shrunk(&du, x_shape), "input gradient of {large:?}");

        let [mut dw, mut expected] = [(); 2].map(|()| vec![Real::NAN; w.len()]);
        naive::weight_gradient(&large, &u, &dy, &mut expected);
        upsampled::weight_gradient(&large, &x, &dy, &mut dw);
        assert_eq!(dw, expected, "weight gradient of {large:?}");
    }
}

#[test]
fn an_upsampled_convolution_of_nothing_is_zero() {
    for (batch, in_channels, out_channels) in [(0, 2, 2), (1, 0, 2), (1, 2, 0)] {
        let along = Window::same(8, 3, 1, 1).unwrap();
        let (height, width) = (along, along);
        let large = Geometry { batch, in_channels, out_channels, groups: 1, height, width };
        let x = vec![1.0; batch * 16 * in_channels];
        let [w, dy] = [large.w_shape(), large.y_shape()].map(|shape| vec![1.0; count(shape)]);
        let [mut dx, mut dw, mut y] = [&x, &w, &dy].map(|of| vec![Real::NAN; of.len()]);
        upsampled::forward(&large, &x, &w, Epilogue::NOTHING, &mut y);
        upsampled::input_gradient(&large, &dy, &w, &mut dx);
        upsampled::weight_gradient(&large, &x, &dy, &mut dw);
        assert!([y, dx, dw].concat().iter().all(|x| *x == 0.0), "{large:?}");
    }
}

#[test]
#[should_panic(expected = "conv: lengths [3, 1, 4] of x, w, y")]
fn lengths_that_contradict_the_geometry_are_refused() {
    let along = Window::padded(2, 1, 1, 1, [0, 0]).unwrap();
    let g = Geometry {
        batch: 1,
        in_channels: 1,
        out_channels: 1,
        groups: 1,
        height: along,
        width: along,
    };
    forward(&g, &[0.0; 3], &[0.0], Epilogue::NOTHING, &mut [0.0; 4]);
}
