//! In what do the samples differ from the data?

use autograd::{Real, Tensor, no_grad};

use super::{Signs, double, mean};
use crate::Game;
use crate::jacobi::eigen;
use crate::mmd::squared_distances;

/// Real samples for each cell, so that one without generated samples is no accident: with equal
/// shares it stays empty with a probability of e^-10.
const IN_A_CELL: usize = 10;

/// Cells at most: the modes of the largest toy.
const MOST_CELLS: usize = 25;

/// Rounds of Lloyd's algorithm; the first few do nearly everything.
const ROUNDS: usize = 8;

/// A cell counts as missed if it has less than this part of the samples that it should have.
const MISSED: f64 = 0.1;

/// Dimensions up to which variances in all directions are looked at: a sample covariance wants many
/// more samples than it has dimensions.
const MOST_DIRECTIONS: usize = 16;

/// A direction is thin if the data's variance in it is below this part of the largest.
const THIN: f64 = 0.05;

/// A fixed sample of the data, with what is to be known of it, and fixed noise.
pub(super) struct Data {
    /// `[n, ..]`, as the players see them.
    real: Tensor,
    noise: Tensor,
    /// `[n, size]`
    rows: Tensor,
    /// The mean distance between two of them.
    within: f64,
    mean: Vec<f64>,
    /// The root of their mean squared distance from their mean.
    radius: f64,
    /// `[k, size]`
    centres: Tensor,
    /// The share of the data in each cell.
    shares: Vec<f64>,
    /// Of few dimensions: unit vectors and variances, the largest first.
    directions: Vec<(Vec<f64>, f64)>,
}

/// Where the samples' mean was at the last examination; empty before the first.
#[derive(Default)]
pub(super) struct Path {
    pub(super) mean: Vec<f64>,
}

impl Data {
    pub(super) fn new(real: &Tensor, noise: Tensor) -> Data {
        no_grad(|| {
            let rows = as_rows(real);
            let mean_of_rows = mean_row(&rows);
            let centred = rows.numbers().iter().zip(mean_of_rows.iter().cycle());
            let squares: f64 = centred.map(|(x, m)| (double(*x) - m).powi(2)).sum();
            let centres = centres(&rows, &mean_of_rows);
            Data {
                real: real.detach(),
                noise,
                within: mean_distance(&rows, &rows, true),
                radius: (squares / rows.shape()[0] as f64).sqrt(),
                shares: shares(&rows, &centres),
                directions: directions(&rows, &mean_of_rows),
                mean: mean_of_rows,
                centres,
                rows,
            }
        })
    }

    /// Numbers in a sample.
    pub(super) fn size(&self) -> usize {
        self.mean.len()
    }

    /// What there is to be seen of samples, data, and the discriminator's opinion of both.
    pub(super) fn put_into(&self, signs: &mut Signs, game: &Game, path: &mut Path) {
        no_grad(|| {
            let fake = game.generate(&self.noise);
            signs.order = order(game, &self.real, &fake);
            let rows = as_rows(&fake);
            let (between, within) =
                (mean_distance(&self.rows, &rows, false), mean_distance(&rows, &rows, true));
            signs.gap = gap(between, [self.within, within]);
            signs.spread = within / self.within;
            signs.missing = self.missing(&rows);
            (signs.main, signs.thin) = self.variances(&rows);
            let mean = mean_row(&rows);
            if !path.mean.is_empty() {
                signs.moved = distance(&mean, &path.mean) / self.radius;
            }
            signs.away = distance(&mean, &self.mean) / self.radius;
            path.mean = mean;
        });
    }

    /// The share of the data in cells that samples miss.
    fn missing(&self, rows: &Tensor) -> f64 {
        let found = shares(rows, &self.centres);
        let missed = self.shares.iter().zip(found).filter(|(p, q)| *q < MISSED * **p);
        missed.map(|(p, _)| p).sum()
    }

    /// The variance of samples in parts of the data's, in the main direction and in the thin one
    /// where it is furthest from 1.
    fn variances(&self, rows: &Tensor) -> (f64, f64) {
        let ratio = |(u, variance): &(Vec<f64>, f64)| variance_along(rows, u) / variance;
        let Some(largest) = self.directions.first() else { return (1.0, 1.0) };
        let is_thin = |(_, variance): &&(Vec<f64>, f64)| {
            *variance < THIN * largest.1 && *variance > f64::EPSILON * largest.1
        };
        let thin = self.directions.iter().filter(is_thin).map(ratio);
        let worst = thin.fold(
            1.0,
            |worst: f64, r: f64| {
                if r.ln().abs() > worst.ln().abs() { r } else { worst }
            },
        );
        // Samples that are all at one place have no variance, whose logarithm nobody can store.
        (ratio(largest), worst.max(f64::MIN_POSITIVE))
    }
}

/// `[n, ..]` as `[n, size]`.
fn as_rows(x: &Tensor) -> Tensor {
    let n = x.shape()[0];
    x.reshape([n, x.shape().count() / n])
}

fn each_row(rows: &Tensor) -> impl Iterator<Item = &[Real]> {
    rows.numbers().chunks_exact(rows.shape()[1])
}

fn mean_row(rows: &Tensor) -> Vec<f64> {
    let mut sums = vec![0.0; rows.shape()[1]];
    for row in each_row(rows) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += double(*x));
    }
    let n = rows.shape()[0] as f64;
    sums.into_iter().map(|sum| sum / n).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// E |x - y| over the rows of two samples, and over different ones if both are `same`.
fn mean_distance(x: &Tensor, y: &Tensor, same: bool) -> f64 {
    let (n, m) = (x.shape()[0], y.shape()[0]);
    let squared = squared_distances(x, y);
    let others = squared.numbers().iter().enumerate().filter(|(at, _)| !same || at / m != at % m);
    let sum: f64 = others.map(|(_, d)| double(*d).sqrt()).sum();
    sum / (n * m - if same { n } else { 0 }) as f64
}

/// The energy distance in parts of the largest that it can be, from the mean distances between the
/// samples of both kinds and within each.
fn gap(between: f64, within: [f64; 2]) -> f64 {
    (2.0 * between - within[0] - within[1]) / (2.0 * between)
}

/// The probability that D scores a real sample above a generated one.
fn order(game: &Game, real: &Tensor, fake: &Tensor) -> f64 {
    // Not beliefs: where all of them round to 1, as of a critic far from 0, they have no order.
    let (real, fake) = (game.realness(real), game.realness(fake));
    let wins = |r: f64| mean(fake.iter().map(|f| 0.5 * (1.0 + sign(r - double(*f)))));
    mean(real.iter().map(|r| wins(double(*r))))
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// For each row the nearest centre, the first of equals.
fn nearest(rows: &Tensor, centres: &Tensor) -> Vec<usize> {
    let squared = squared_distances(rows, centres);
    let least = |row: &[Real]| {
        let best = |best: usize, k: usize| if row[k] < row[best] { k } else { best };
        (0..row.len()).fold(0, best)
    };
    squared.numbers().chunks_exact(centres.shape()[0]).map(least).collect()
}

/// The share of the rows in the cell of each centre.
fn shares(rows: &Tensor, centres: &Tensor) -> Vec<f64> {
    let mut shares = vec![0.0; centres.shape()[0]];
    let part = 1.0 / rows.shape()[0] as f64;
    nearest(rows, centres).into_iter().for_each(|cell| shares[cell] += part);
    shares
}

/// The centres of k-means, which starts from places far apart: each the row that is furthest from
/// those before it, the first the one furthest from the mean. Without chance: the same rows have
/// the same centres.
///
/// Sources: Gonzalez 1985, "Clustering to minimize the maximum intercluster distance"; Lloyd 1982,
/// "Least squares quantization in PCM". Cells of k-means as the bins in which two samples are
/// compared: Richardson, Weiss 2018, "On GANs and GMMs", §3.
fn centres(rows: &Tensor, mean: &[f64]) -> Tensor {
    let (n, size) = (rows.shape()[0], rows.shape()[1]);
    let count = (n / IN_A_CELL).clamp(1, MOST_CELLS);
    let start: Vec<Real> = mean.iter().map(|x| *x as Real).collect();
    let mut apart = squared_distances(rows, &Tensor::new([1, size], &start)).numbers().to_vec();
    let mut chosen = Vec::new();
    for k in 0..count {
        let furthest = (0..n).fold(0, |best, i| if apart[i] > apart[best] { i } else { best });
        chosen.push(furthest);
        let new = squared_distances(rows, &rows.slice(0, furthest..furthest + 1));
        let nearer = |(a, d): (&mut _, &Real)| *a = if k == 0 { *d } else { d.min(*a) };
        apart.iter_mut().zip(new.numbers()).for_each(nearer);
    }
    let row = |i: usize| &rows.numbers()[i * size..][..size];
    let mut centres: Vec<Real> = chosen.into_iter().flat_map(row).copied().collect();
    for _ in 0..ROUNDS {
        let cells = nearest(rows, &Tensor::new([count, size], &centres));
        for (k, centre) in centres.chunks_exact_mut(size).enumerate() {
            let inside: Vec<usize> = (0..n).filter(|i| cells[*i] == k).collect();
            for (j, c) in centre.iter_mut().enumerate().filter(|_| !inside.is_empty()) {
                *c = mean_of(inside.iter().map(|i| double(row(*i)[j])));
            }
        }
    }
    Tensor::new([count, size], &centres)
}

fn mean_of(numbers: impl Iterator<Item = f64>) -> Real {
    mean(numbers) as Real
}

/// The principal directions of data of few dimensions with their variances, the largest first;
/// none of data of many.
fn directions(rows: &Tensor, mean: &[f64]) -> Vec<(Vec<f64>, f64)> {
    let (n, size) = (rows.shape()[0], mean.len());
    if size > MOST_DIRECTIONS {
        return Vec::new();
    }
    let mut covariance = vec![0.0; size * size];
    for row in each_row(rows) {
        let x: Vec<f64> = row.iter().zip(mean).map(|(x, m)| double(*x) - m).collect();
        let products = x.iter().flat_map(|a| x.iter().map(move |b| a * b));
        covariance.iter_mut().zip(products).for_each(|(c, ab)| *c += ab / (n - 1) as f64);
    }
    let found = eigen(&covariance, size);
    let vector = |k: usize| (0..size).map(|i| found.vectors[i * size + k]).collect();
    let mut directions: Vec<(Vec<f64>, f64)> =
        found.values.iter().enumerate().map(|(k, value)| (vector(k), *value)).collect();
    directions.sort_by(|a, b| b.1.total_cmp(&a.1));
    directions
}

/// The variance of the rows along a unit vector.
fn variance_along(rows: &Tensor, u: &[f64]) -> f64 {
    let along = |row: &[Real]| row.iter().zip(u).map(|(x, u)| double(*x) * u).sum();
    let places: Vec<f64> = each_row(rows).map(along).collect();
    let middle = mean(places.iter().copied());
    let squares: f64 = places.iter().map(|x| (x - middle).powi(2)).sum();
    squares / (places.len() - 1) as f64
}

#[cfg(test)]
mod tests;
