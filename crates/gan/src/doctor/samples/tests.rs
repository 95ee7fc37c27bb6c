//! Are the differences between samples and data what they are said to be?

use super::*;
use autograd::{Array, Rng};

const N: usize = 400;

/// Eight narrow clouds on a circle, of which a sample has the first few, all to the same parts.
fn ring(modes: usize) -> Tensor {
    let mut points = Rng::new(modes as u64, "ring").normal([N, 2]);
    for (i, point) in points.numbers_mut().chunks_exact_mut(2).enumerate() {
        let angle = std::f64::consts::TAU * (i % modes) as f64 / 8.0;
        point[0] = (angle.cos() + 0.01 * double(point[0])) as Real;
        point[1] = (angle.sin() + 0.01 * double(point[1])) as Real;
    }
    Tensor::constant(points)
}

fn data(real: &Tensor) -> Data {
    Data::new(real, Tensor::constant(Array::zeros([N, 2])))
}

#[test]
fn the_missing_share_is_that_of_the_lost_modes() {
    let data = data(&ring(8));
    for modes in [1, 2, 4, 7, 8] {
        let missing = data.missing(&ring(modes));
        // A region may reach over two modes; ours are small enough.
        let expected = 1.0 - modes as f64 / 8.0;
        assert!((missing - expected).abs() < 0.05, "{modes} modes: {missing}");
    }
}

#[test]
fn the_energy_distance_is_1_for_two_points_and_0_for_one_distribution() {
    let point = |x: Real| Tensor::new([2, 1], &[x, x]);
    let gap = |x: &Tensor, y: &Tensor| {
        gap(mean_distance(x, y, false), [x, y].map(|x| mean_distance(x, x, true)))
    };
    assert!((gap(&point(0.0), &point(5.0)) - 1.0).abs() < 1e-6);
    let mut rng = Rng::new(0, "samples");
    let [x, y] = [(); 2].map(|()| Tensor::constant(rng.normal([N, 2])));
    assert!(gap(&x, &y).abs() < 0.01, "{}", gap(&x, &y));
    // U(0, 1) and U(1, 2): E|x - y| = 1 and E|x - x'| = 1/3.
    let [x, y] = [0.0, 1.0].map(|low| Tensor::constant(rng.uniform([N, 1], low, low + 1.0)));
    assert!((gap(&x, &y) - 2.0 / 3.0).abs() < 0.03, "{}", gap(&x, &y));
}

#[test]
fn variances_are_taken_along_the_axes_of_the_data() {
    // A thin ellipse, turned by 45 degrees; the samples are as long and three times as thin.
    let ellipse = |thin: Real, purpose: &str| {
        let z = Tensor::constant(Rng::new(0, purpose).normal([N, 2]));
        let (long, wide) = (z.slice(1, 0..1), z.slice(1, 1..2) * thin);
        Tensor::concat(&[&(&long - &wide), &(&long + &wide)], 1)
    };
    let data = data(&ellipse(0.09, "real"));
    let (main, thin) = data.variances(&ellipse(0.03, "fake"));
    assert!((main - 1.0).abs() < 0.25, "{main}");
    assert!((9.0 * thin - 1.0).abs() < 0.25, "{thin}");
    // A round cloud has no thin direction.
    let round = Data::new(&ellipse(1.0, "real"), Tensor::constant(Array::zeros([N, 2])));
    assert_eq!(round.variances(&ellipse(0.03, "fake")).1, 1.0);
}
