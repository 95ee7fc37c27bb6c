//! Do pools find what their windows hold, and do gradients go back where it came from?

use super::*;

fn pools() -> Vec<Pool> {
    let padded = |input, taps, stride, dilation, padding| {
        Window::padded(input, taps, stride, dilation, padding).unwrap()
    };
    let same = |input, taps, stride| Window::same(input, taps, stride, 1).unwrap();
    let windows = [
        [padded(6, 2, 2, 1, [0, 0]), padded(8, 2, 2, 1, [0, 0])],
        [padded(7, 3, 2, 1, [1, 1]), padded(5, 3, 1, 1, [0, 2])],
        [padded(9, 3, 3, 2, [2, 1]), padded(5, 2, 4, 1, [0, 0])],
        [same(5, 3, 2), same(4, 2, 3)],
        [padded(6, 3, 3, 1, [0, 0]), padded(8, 2, 2, 1, [0, 0])],
    ];
    let pool = |channels, [height, width]: [Window; 2]| Pool { batch: 2, channels, height, width };
    let channels = [1, 3, 16, 33];
    windows.iter().flat_map(|w| channels.map(|channels| pool(channels, *w))).collect()
}

fn count(shape: [usize; 4]) -> usize {
    shape.iter().product()
}

/// Few different integers, so that windows have ties.
fn integers(len: usize) -> Vec<Real> {
    (0..len).map(|i| (i * 37 % 11 * 5 % 7) as Real - 3.0).collect()
}

/// By the definition: all taps of one element's window, as (tap, where it reads x).
fn window(pool: &Pool, at: usize) -> Vec<(u32, usize)> {
    let (pixel, c) = (at / pool.channels, at % pool.channels);
    let (line, j) = (pixel / pool.width.output, pixel % pool.width.output);
    let (n, i) = (line / pool.height.output, line % pool.height.output);
    let mut window = Vec::new();
    let (height, width) = (pool.height, pool.width);
    for (a, b) in (0..height.taps).flat_map(|a| (0..width.taps).map(move |b| (a, b))) {
        if let (Some(p), Some(q)) = (height.position(i, a), width.position(j, b)) {
            let pixel = (n * height.input + p) * width.input + q;
            window.push(((a * width.taps + b) as u32, pixel * pool.channels + c));
        }
    }
    window
}

#[test]
fn the_largest_and_its_place_are_those_of_the_definition() {
    for pool in pools() {
        let x = integers(count(pool.x_shape()));
        let mut y = vec![Real::NAN; count(pool.y_shape())];
        let mut taps = vec![77; y.len()];
        let mut gathered = y.clone();
        max(&pool, &x, &mut y);
        winners(&pool, &x, &mut taps);
        gather(&pool, &taps, &x, &mut gathered);
        let mut spread_of_y = vec![0.0; x.len()];
        for at in 0..y.len() {
            let window = window(&pool, at);
            let largest = window.iter().fold(Real::NEG_INFINITY, |y, (_, at)| y.max(x[*at]));
            let first = window.iter().find(|(_, at)| x[*at] == largest).unwrap();
            assert_eq!((taps[at], y[at]), (first.0, largest), "{pool:?}");
            assert_eq!(gathered[at], largest);
            spread_of_y[first.1] += y[at];
        }
        let mut dx = vec![Real::NAN; x.len()];
        spread(&pool, &taps, &y, &mut dx);
        assert_eq!(dx, spread_of_y, "{pool:?}");
        dx.fill(Real::NAN);
        gradient(&pool, &x, &y, &mut dx);
        assert_eq!(dx, spread_of_y, "{pool:?}");
    }
}

#[test]
fn spread_is_the_adjoint_of_gather() {
    let dot = |a: &[Real], b: &[Real]| a.iter().zip(b).map(|(a, b)| a * b).sum::<Real>();
    for pool in pools() {
        let (x, v) = (integers(count(pool.x_shape())), integers(count(pool.x_shape()) + 5));
        let dy = integers(count(pool.y_shape()));
        let mut taps = vec![0; dy.len()];
        winners(&pool, &x, &mut taps);
        let (mut y, mut dx) = (vec![Real::NAN; dy.len()], vec![Real::NAN; x.len()]);
        gather(&pool, &taps, &v[5..], &mut y);
        spread(&pool, &taps, &dy, &mut dx);
        assert_eq!(dot(&y, &dy), dot(&v[5..], &dx), "{pool:?}");
    }
}

#[test]
fn a_nan_wins_and_is_found() {
    let along = |input| Window::padded(input, 3, 3, 1, [0, 0]).unwrap();
    let pool = Pool { batch: 1, channels: 1, height: along(3), width: along(3) };
    let mut x = integers(9);
    x[4] = Real::NAN;
    x[7] = Real::INFINITY;
    let (mut y, mut taps) = ([0.0], [0]);
    max(&pool, &x, &mut y);
    winners(&pool, &x, &mut taps);
    assert!(y[0].is_nan() && taps == [4]);
    let mut dx = [Real::NAN; 9];
    gradient(&pool, &x, &[2.0], &mut dx);
    assert_eq!(dx, [0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    winners(&pool, &[Real::NEG_INFINITY; 9], &mut taps);
    assert_eq!(taps, [0]);
}
