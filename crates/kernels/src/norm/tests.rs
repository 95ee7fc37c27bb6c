//! Is a normalisation what its formulas say, and the same for any number of threads?

use super::*;
use crate::par::with_threads;

const LAYOUTS: [[usize; 4]; 12] = [
    [1, 1, 1, 1],
    [1, 700, 3, 1],
    [1, 1300, 40, 1],
    [1, 9, 130, 1],
    [3, 50, 5, 1],
    [2, 400, 2, 3],
    [3, 7, 4, 20],
    [70, 1, 1, 300],
    [5, 1, 1, 3],
    [9, 1, 1, 70],
    [2, 1, 1, 5000],
    [130, 4, 2, 2],
];

/// y, dβ and dγ, and dx.
type Results = [Vec<Real>; 3];

struct Problem {
    groups: Groups,
    x: Vec<Real>,
    dy: Vec<Real>,
    scale: Vec<Real>,
    shift: Vec<Real>,
    slope: Real,
}

const EPSILON: Real = 1e-5;

impl Problem {
    /// Numbers with mean 100 and deviation 1.
    fn new([samples, pixels, groups, width]: [usize; 4], slope: Real) -> Problem {
        let groups = Groups { samples, pixels, groups, width };
        let numbers = |len: usize, seed: usize| -> Vec<Real> {
            let spread = |i: usize| ((i + seed) * 7919 % 10_007) as Real / 2889.0 - 1.732;
            (0..len).map(spread).collect()
        };
        let x = numbers(groups.count(), 0).iter().map(|x| 100.0 + x).collect();
        let dy = numbers(groups.count(), 5);
        let [scale, shift] = [17, 99].map(|seed| numbers(groups.channels(), seed));
        Problem { groups, x, dy, scale, shift, slope }
    }

    fn fast(&self) -> Results {
        let Problem { groups, x, dy, scale, shift, slope } = self;
        let [mut mean, mut factor] = [0; 2].map(|_| vec![0.0; groups.statistics()]);
        moments(x, *groups, &mut mean, &mut factor);
        factor.iter_mut().for_each(|v| *v = 1.0 / (*v + EPSILON).sqrt());
        let (groups, slope) = (*groups, *slope);
        let norm = Norm { groups, mean: &mean, factor: &factor, scale, shift, slope };
        let [mut y, mut dx] = [0; 2].map(|_| vec![0.0; groups.count()]);
        let mut totals = vec![0.0; 2 * groups.channels()];
        norm.apply(x, &mut y);
        norm.backward(x, dy, &mut dx, &mut totals);
        [y, totals, dx]
    }

    /// The module's formulas, number by number and in `f64`.
    fn by_definition(&self) -> Results {
        let Problem { groups, x, dy, scale, shift, slope } = self;
        let Groups { samples, pixels, width, .. } = *groups;
        let channels = groups.channels();
        let of = |x: &[Real], i: usize| f64::from(x[i]);
        let mut results = [vec![0.0; x.len()], vec![0.0; 2 * channels], vec![0.0; x.len()]];
        for (sample, group) in (0..samples).flat_map(|s| (0..groups.groups).map(move |g| (s, g))) {
            let places: Vec<(usize, usize)> = (0..pixels)
                .flat_map(|p| (0..width).map(move |w| (p, group * width + w)))
                .map(|(p, c)| ((sample * pixels + p) * channels + c, c))
                .collect();
            let mean_of = |f: &dyn Fn(usize, usize) -> f64| {
                places.iter().map(|(i, c)| f(*i, *c)).sum::<f64>() / places.len() as f64
            };
            let mean = mean_of(&|i, _| of(x, i));
            let variance = mean_of(&|i, _| (of(x, i) - mean).powi(2));
            let factor = 1.0 / (variance + f64::from(EPSILON)).sqrt();
            let hat = |i| (of(x, i) - mean) * factor;
            let z = |i, c| of(scale, c) * hat(i) + of(shift, c);
            let slope = |i, c| if z(i, c) > 0.0 { 1.0 } else { f64::from(*slope) };
            let g = |i, c| slope(i, c) * of(dy, i);
            let h = |i, c| of(scale, c) * g(i, c);
            let (mean_h, mean_hx) = (mean_of(&|i, c| h(i, c)), mean_of(&|i, c| h(i, c) * hat(i)));
            for &(i, c) in &places {
                let [y, totals, dx] = &mut results;
                y[i] = (slope(i, c) * z(i, c)) as Real;
                totals[c] += g(i, c) as Real;
                totals[channels + c] += (g(i, c) * hat(i)) as Real;
                dx[i] = (factor * (h(i, c) - mean_h - hat(i) * mean_hx)) as Real;
            }
        }
        results
    }
}

#[test]
fn results_equal_their_definition() {
    for (layout, slope) in LAYOUTS.into_iter().zip([1.0, 0.2, 0.0].into_iter().cycle()) {
        let problem = Problem::new(layout, slope);
        for (fast, slow) in problem.fast().iter().zip(problem.by_definition()) {
            let largest = slow.iter().fold(1.0 as Real, |a, b| a.max(b.abs()));
            for (fast, slow) in fast.iter().zip(slow) {
                assert!((fast - slow).abs() < 1e-4 * largest, "{layout:?}: {fast} for {slow}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    for layout in [[1, 9000, 24, 1], [40, 100, 8, 4], [900, 1, 1, 300]] {
        let problem = Problem::new(layout, 0.2);
        let [one, others @ ..] = [1, 2, 3, 8].map(|n| with_threads(n, || problem.fast()));
        assert!(others.iter().all(|other| *other == one), "{layout:?}");
    }
}
