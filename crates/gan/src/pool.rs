//! Which generated samples does a discriminator see again?
//!
//! Players that see only each other's latest moves can walk in circles. A pool of older samples
//! reminds the discriminator of what its opponent did before.

use autograd::{Array, Rng, Shape};
use layers::{State, StateError, Stateful};

/// Up to so many generated samples. Each new one goes in as long as there is room, and is shown.
/// Later, with probability 1/2, it takes the place of a random one, which is shown instead; else it
/// is shown and forgotten.
///
/// Source: Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images through
/// Adversarial Training", §2.3; in this form, sample by sample, Zhu et al. 2017, "Unpaired
/// Image-to-Image Translation using Cycle-Consistent Adversarial Networks", §4.
#[derive(Debug)]
pub struct Pool {
    size: usize,
    sample: Shape,
    held: Vec<Array>,
}

impl Pool {
    /// An empty pool for `size` samples of this shape.
    ///
    /// # Panics
    /// If it has no room.
    #[track_caller]
    pub fn new(size: usize, sample: impl Into<Shape>) -> Pool {
        assert!(size > 0, "pool: without room it shows nothing old");
        Pool { size, sample: sample.into(), held: Vec::new() }
    }

    /// Takes generated samples `[n, ..]` and returns as many to be shown.
    ///
    /// # Panics
    /// If the samples are of another shape.
    #[must_use]
    #[track_caller]
    pub fn exchange(&mut self, made: &Array, rng: &mut Rng) -> Array {
        let shape = *made.shape();
        let fits = !shape.is_empty() && shape[1..] == self.sample[..];
        assert!(fits, "pool: {shape} are not [n, ..] of {}", self.sample);
        let size = self.sample.count();
        Array::filled_by(shape, |shown| {
            for (shown, made) in shown.chunks_exact_mut(size).zip(made.numbers().chunks_exact(size))
            {
                let mut new = Array::new(self.sample, made);
                if self.held.len() < self.size {
                    self.held.push(new.clone());
                } else if rng.below(2) == 0 {
                    let place = rng.below(self.size);
                    std::mem::swap(&mut new, &mut self.held[place]);
                }
                shown.copy_from_slice(new.numbers());
            }
        })
    }
}

/// The samples by their places, and how many there are.
impl Stateful for Pool {
    fn put(&self, state: &mut State<'_>) {
        for (place, sample) in self.held.iter().enumerate() {
            state.put(&place.to_string(), sample);
        }
        state.put_counter("held", self.held.len() as u64);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        let held = state.take_counter("held")?;
        if held > self.size as u64 {
            return Err(state.wrong_counter("held", held, format!("a pool holds {}", self.size)));
        }
        let sample = |place: u64| state.take(&place.to_string(), self.sample);
        self.held = (0..held).map(sample).collect::<Result<_, _>>()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;
    use layers::restore;

    const SIZE: usize = 50;

    fn pool() -> (Pool, Rng) {
        (Pool::new(SIZE, [1, 2, 1]), Rng::new(0, "pool"))
    }

    /// Batches of four samples, each of two equal numbers.
    fn batch(first: usize) -> Array {
        let numbers: Vec<Real> = (first..first + 4).flat_map(|i| [i as Real; 2]).collect();
        Array::new([4, 1, 2, 1], &numbers)
    }

    fn shown((pool, rng): &mut (Pool, Rng), first: usize) -> Vec<usize> {
        let shown = pool.exchange(&batch(first), rng);
        let samples = shown.numbers().as_chunks::<2>().0.iter();
        samples.inspect(|[a, b]| assert_eq!(a, b)).map(|[a, _]| *a as usize).collect()
    }

    #[test]
    fn a_full_pool_shows_old_samples_half_of_the_time_and_each_once() {
        let mut pool = pool();
        let mut all = Vec::new();
        for first in (0..SIZE - 2).step_by(4) {
            assert_eq!(shown(&mut pool, first), (first..first + 4).collect::<Vec<_>>());
        }
        let start = SIZE - 2;
        for first in (start..start + 4000).step_by(4) {
            all.extend(shown(&mut pool, first));
        }
        assert_eq!(all[..2], [start, start + 1], "there was room for two more");
        let old = all.iter().enumerate().filter(|(i, sample)| **sample != start + i).count();
        // Five standard errors of 4000 tosses: 5 √1000.
        assert!((old as f64 - 2000.0).abs() < 158.0, "{old}");
        // The fifty that were there are seen a second time, the others are new or come back once.
        let mut later: Vec<usize> = all.into_iter().filter(|sample| *sample > start + 1).collect();
        let count = later.len();
        later.sort_unstable();
        later.dedup();
        assert_eq!(later.len(), count);
    }

    #[test]
    fn a_loaded_pool_goes_on_as_the_saved_one() {
        for batches in [0, 3, 40] {
            let (mut saved, mut loaded) = (pool(), pool());
            (0..batches).for_each(|i| drop(shown(&mut saved, 4 * i)));
            // Something that has to go.
            let _ = shown(&mut loaded, 9000);
            let mut state = State::new();
            saved.0.put(&mut state);
            restore(&mut loaded.0, state).unwrap();
            loaded.1 = saved.1.clone();
            for i in 0..20 {
                assert_eq!(shown(&mut loaded, 500 + 4 * i), shown(&mut saved, 500 + 4 * i));
            }
        }
    }

    #[test]
    fn more_samples_than_a_pool_holds_are_refused() {
        let mut state = State::new();
        pool().0.put(&mut state);
        state.counters.insert("held".to_owned(), 51);
        let why = restore(&mut pool().0, state).unwrap_err().to_string();
        assert_eq!(why, "counter `held` is 51: a pool holds 50");
    }

    #[test]
    #[should_panic(expected = "pool: [4, 1, 2, 1] are not [n, ..] of [2, 1, 1]")]
    fn samples_of_another_shape_are_refused() {
        let _ = Pool::new(50, [2, 1, 1]).exchange(&batch(0), &mut Rng::new(0, "pool"));
    }
}
