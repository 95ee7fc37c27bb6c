//! Where do random numbers come from?
//!
//! From an [`Rng`] that the caller passes in: there is no global generator. A stream is named by
//! a seed and a purpose, so that drawing more noise never changes how the data are shuffled, and
//! is saved as three numbers.

use crate::{Array, Real, Shape};
use kernels::random;
use rand::rand_core::{Infallible, TryRng};
use rand::{Rng as _, RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A stream of random numbers: PCG XSL RR 128/64 (O'Neill 2014, "PCG: A Family of Simple Fast
/// Space-Efficient Statistically Good Algorithms for Random Number Generation").
///
/// The same seed and purpose give the same words on every platform, and so do they the same
/// numbers: these are made of the words by operations that IEEE 754 rounds in one way only. Two
/// numbers of an array take one word in `f32` and two in `f64`; see [`kernels::random`].
#[derive(Clone, Debug)]
pub struct Rng {
    state: RngState,
    generator: Pcg64,
}

/// All there is to know of a stream: enough to go on with it exactly where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RngState {
    /// The seed it was made with.
    pub seed: u64,
    /// The number that its purpose hashes to.
    pub stream: u64,
    /// How many 64-bit words have been drawn.
    pub drawn: u64,
}

impl Rng {
    /// The stream of this seed and purpose, such as `Rng::new(0, "noise")`.
    pub fn new(seed: u64, purpose: &str) -> Rng {
        Rng::resume(RngState { seed, stream: fnv1a(purpose), drawn: 0 })
    }

    /// A saved stream, at the place where it was saved.
    pub fn resume(state: RngState) -> Rng {
        // `seed_from_u64` spreads these bits over the whole state: neighbouring seeds start far
        // apart.
        let mut generator = Pcg64::seed_from_u64(state.seed ^ state.stream.rotate_left(32));
        generator.advance(u128::from(state.drawn));
        Rng { state, generator }
    }

    /// What to save.
    pub fn state(&self) -> RngState {
        self.state
    }

    /// An array of independent normal numbers with mean 0 and variance 1, by Box and Muller's
    /// method: [`kernels::random::normal`].
    pub fn normal(&mut self, shape: impl Into<Shape>) -> Array {
        self.array(shape, |rng, out| random::normal(out, |start| rng.words_from(start)))
    }

    /// An array of independent numbers, uniform in [low, high): [`kernels::random::uniform`].
    ///
    /// # Panics
    /// If the interval is empty, or its length not finite.
    #[track_caller]
    pub fn uniform(&mut self, shape: impl Into<Shape>, low: Real, high: Real) -> Array {
        let finite = (high - low).is_finite();
        assert!(finite && low < high, "uniform: [{low}, {high}) is not an interval");
        self.array(shape, |rng, out| {
            random::uniform(out, [low, high], |start| rng.words_from(start));
        })
    }

    /// An array of independent numbers, 0 with probability `rate` and else 1 / (1 − rate): what
    /// dropout multiplies by, [`kernels::random::dropout`].
    ///
    /// # Panics
    /// If `rate` is not in [0, 1).
    #[track_caller]
    pub fn dropout(&mut self, shape: impl Into<Shape>, rate: Real) -> Array {
        assert!((0.0..1.0).contains(&rate), "dropout: the rate {rate} is not in [0, 1)");
        self.array(shape, |rng, out| random::dropout(out, rate, |start| rng.words_from(start)))
    }

    /// A random order of 0 .. count, each as likely as any other.
    ///
    /// Fisher and Yates' shuffle: from the back, each place takes one of those before it.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// A whole number in 0 .. bound, each as likely as any other.
    ///
    /// # Panics
    /// If `bound` is 0.
    #[track_caller]
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "below: there is no number below 0");
        // As u64, so that 32-bit platforms draw the same numbers.
        self.random_range(0..bound as u64) as usize
    }

    /// The array that `draw` writes with the words from here on.
    #[inline]
    fn array(&mut self, shape: impl Into<Shape>, draw: impl FnOnce(&Rng, &mut [Real])) -> Array {
        let array = Array::filled_by(shape, |out| draw(self, out));
        let words = random::words(array.shape().count()) as u64;
        self.generator.advance(u128::from(words));
        self.state.drawn += words;
        array
    }

    /// The words from the `start`th on, counted from the next one, which are not yet drawn.
    #[inline]
    fn words_from(&self, start: usize) -> impl FnMut() -> u64 + use<> {
        let mut generator = self.generator.clone();
        generator.advance(start as u128);
        move || generator.next_u64()
    }
}

/// The generator's own words, for `rand` and the crates around it: one word a call, counted.
impl TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state.drawn += 1;
        self.generator.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The 64-bit FNV-1a hash of a name (Fowler, Noll and Vo), which no compiler release changes.
fn fnv1a(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf29ce484222325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};
    use std::collections::BTreeMap;

    #[test]
    fn a_saved_stream_goes_on_where_it_stood() {
        let mut rng = Rng::new(7, "noise");
        rng.normal([33]);
        rng.permutation(10);
        let mut resumed = Rng::resume(rng.state());
        assert_eq!(rng.normal([50]).numbers(), resumed.normal([50]).numbers());
        assert_eq!(rng.state(), resumed.state());
    }

    #[test]
    fn streams_differ_by_seed_and_by_purpose() {
        let first = |seed, purpose| Rng::new(seed, purpose).normal([4]).numbers().to_vec();
        assert_eq!(first(0, "noise"), first(0, "noise"));
        assert_ne!(first(0, "noise"), first(1, "noise"));
        assert_ne!(first(0, "noise"), first(0, "data"));
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let n = 100_000;
        let mut rng = Rng::new(3, "moments");
        let moments = |x: &Array| {
            let x: Vec<f64> = x.numbers().iter().map(|x| f64::from(*x)).collect();
            let mean = x.iter().sum::<f64>() / n as f64;
            (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64)
        };
        // Five standard errors of each estimate.
        let (mean, variance) = moments(&rng.normal([n]));
        assert!(mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023, "{mean} {variance}");
        let (mean, variance) = moments(&rng.uniform([n], -1.0, 1.0));
        assert!(mean.abs() < 0.0092 && (variance - 1.0 / 3.0).abs() < 0.0048, "{mean} {variance}");
    }

    #[test]
    fn normal_numbers_are_distributed_as_those_of_rand_distr() {
        let n = 200_000;
        let (mut ours, mut theirs) = (Rng::new(4, "ours"), Rng::new(4, "theirs"));
        let ours = ours.normal([n]).numbers().to_vec();
        let theirs = (0..n).map(|_| StandardNormal.sample(&mut theirs)).collect();
        // Two samples of one distribution differ by more than this once in a thousand times.
        assert!(kolmogorov_smirnov(ours.clone(), theirs) < 1.95 * (2.0 / n as f64).sqrt());
        // 0.27 % and 63 in a million lie further out; five standard errors.
        let beyond = |limit| ours.iter().filter(|x| x.abs() > limit).count() as f64;
        assert!((beyond(3.0) - 0.0027 * n as f64).abs() < 116.0, "{}", beyond(3.0));
        assert!((beyond(4.0) - 63.3e-6 * n as f64).abs() < 18.0, "{}", beyond(4.0));
    }

    #[test]
    fn uniform_numbers_are_distributed_as_those_of_rand() {
        let n = 200_000;
        let (mut ours, mut theirs) = (Rng::new(5, "ours"), Rng::new(5, "theirs"));
        let ours = ours.uniform([n], -3.0, 1.0).numbers().to_vec();
        let theirs = (0..n).map(|_| theirs.random_range(-3.0..1.0)).collect();
        assert!(kolmogorov_smirnov(ours, theirs) < 1.95 * (2.0 / n as f64).sqrt());
    }

    /// The largest difference between two samples' distribution functions.
    fn kolmogorov_smirnov(mut a: Vec<Real>, mut b: Vec<Real>) -> f64 {
        a.sort_by(Real::total_cmp);
        b.sort_by(Real::total_cmp);
        let below = |x: Real| b.partition_point(|b| *b < x) as f64 / b.len() as f64;
        let difference = |(i, x): (usize, &Real)| (i as f64 / a.len() as f64 - below(*x)).abs();
        a.iter().enumerate().map(difference).fold(0.0, f64::max)
    }

    #[test]
    fn as_many_words_are_drawn_as_numbers_need() {
        let mut rng = Rng::new(0, "words");
        let per_pair = 2 * size_of::<Real>() as u64 / 8;
        let mut drawn = 0;
        for (count, pairs) in [(0, 0), (1, 1), (2, 1), (33, 17), (100_000, 50_000)] {
            rng.normal([count]);
            rng.uniform([count], 0.0, 1.0);
            rng.dropout([count], 0.5);
            drawn += 3 * pairs * per_pair;
            assert_eq!(rng.state().drawn, drawn, "{count}");
        }
    }

    #[test]
    fn an_array_goes_on_where_the_one_before_it_ended() {
        let once = Rng::new(1, "pieces").normal([1000]);
        let mut rng = Rng::new(1, "pieces");
        let pieces = [2, 98, 900].map(|len| rng.normal([len]).numbers().to_vec());
        assert_eq!(once.numbers(), pieces.concat());
    }

    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut rng = Rng::new(0, "orders");
        let mut seen = BTreeMap::new();
        for _ in 0..6000 {
            *seen.entry(rng.permutation(3)).or_insert(0_i32) += 1;
        }
        // Five standard deviations around 1000 of each.
        assert_eq!(seen.len(), 6);
        assert!(seen.values().all(|count| (count - 1000).abs() < 145), "{seen:?}");
    }

    #[test]
    fn a_permutation_has_every_number_once() {
        let mut order = Rng::new(1, "order").permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
