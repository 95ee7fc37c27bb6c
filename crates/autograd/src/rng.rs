//! Where do random numbers come from?
//!
//! From an [`Rng`] that the caller passes in: there is no global generator. A stream is named by
//! a seed and a purpose, so that drawing more noise never changes how the data are shuffled, and
//! is saved as three numbers.

use crate::{Array, Real, Shape};
use rand::rand_core::{Infallible, TryRng};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;

/// A stream of random numbers: PCG XSL RR 128/64 (O'Neill 2014, "PCG: A Family of Simple Fast
/// Space-Efficient Statistically Good Algorithms for Random Number Generation").
///
/// The same seed and purpose give the same words, and so the same uniform numbers, on every
/// platform. Normal numbers go through the platform's exp and ln once in a hundred times.
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

    /// An array of independent normal numbers with mean 0 and variance 1.
    pub fn normal(&mut self, shape: impl Into<Shape>) -> Array {
        self.array(shape, |rng| StandardNormal.sample(rng))
    }

    /// An array of independent numbers, uniform in [low, high).
    ///
    /// # Panics
    /// If the interval is empty or not finite.
    #[track_caller]
    pub fn uniform(&mut self, shape: impl Into<Shape>, low: Real, high: Real) -> Array {
        let finite = low.is_finite() && high.is_finite();
        assert!(finite && low < high, "uniform: [{low}, {high}) is not an interval");
        self.array(shape, |rng| rng.random_range(low..high))
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

    fn array(&mut self, shape: impl Into<Shape>, draw: impl Fn(&mut Rng) -> Real) -> Array {
        Array::filled_by(shape, |out| out.iter_mut().for_each(|x| *x = draw(self)))
    }
}

/// The generator's own words, for `rand` and `rand_distr`: one word a call, counted.
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
    fn a_permutation_has_every_number_once() {
        let mut order = Rng::new(1, "order").permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
