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

/// One window over nine pixels, with few channels and with some more than a vector of them.
#[test]
fn a_nan_wins_and_is_found() {
    let along = |input| Window::padded(input, 3, 3, 1, [0, 0]).unwrap();
    for channels in [1, 17] {
        let pool = Pool { batch: 1, channels, height: along(3), width: along(3) };
        let mut x = integers(9 * channels);
        x[4 * channels..][..channels].fill(Real::NAN);
        x[7 * channels..][..channels].fill(Real::INFINITY);
        let (mut y, mut taps) = (vec![0.0; channels], vec![0; channels]);
        max(&pool, &x, &mut y);
        winners(&pool, &x, &mut taps);
        assert!(y.iter().all(|y| y.is_nan()) && taps == vec![4; channels]);
        let mut dx = vec![Real::NAN; 9 * channels];
        gradient(&pool, &x, &vec![2.0; channels], &mut dx);
        let mut expected = vec![0.0; 9 * channels];
        expected[4 * channels..][..channels].fill(2.0);
        assert_eq!(dx, expected);
        winners(&pool, &vec![Real::NEG_INFINITY; 9 * channels], &mut taps);
        assert_eq!(taps, vec![0; channels]);
    }
}

/// A pixel with padding all around, and windows of one tap: only the middle one sees it.
#[test]
fn a_window_that_is_all_padding_has_no_winner() {
    let along = Window::padded(1, 1, 1, 1, [1, 1]).unwrap();
    for channels in [1, 17] {
        let pool = Pool { batch: 1, channels, height: along, width: along };
        let x = vec![-3.0; channels];
        let (mut y, mut taps) = (vec![0.0; 9 * channels], vec![0; 9 * channels]);
        max(&pool, &x, &mut y);
        winners(&pool, &x, &mut taps);
        let (mut gathered, mut dx) = (vec![Real::NAN; 9 * channels], vec![Real::NAN; channels]);
        gather(&pool, &taps, &x, &mut gathered);
        for (at, ((y, tap), found)) in y.iter().zip(&taps).zip(&gathered).enumerate() {
            let seen = at / channels == 4;
            let expected = if seen { (-3.0, 0, -3.0) } else { (Real::NEG_INFINITY, NOWHERE, 0.0) };
            assert_eq!((*y, *tap, *found), expected, "{at}");
        }
        let dy = vec![2.0; 9 * channels];
        spread(&pool, &taps, &dy, &mut dx);
        assert_eq!(dx, vec![2.0; channels]);
        dx.fill(Real::NAN);
        gradient(&pool, &x, &dy, &mut dx);
        assert_eq!(dx, vec![2.0; channels]);
    }
}
