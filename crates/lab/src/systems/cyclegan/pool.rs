//! Which made images does a discriminator see again?
//!
//! Players that see only each other's latest moves can walk in circles. A pool of older images
//! reminds the discriminator of what its opponent did before.

use autograd::{Array, Rng};
use layers::{State, StateError, Stateful};

/// The most images that a pool holds: the paper's.
const SIZE: usize = 50;

/// Up to 50 made images. Each new one goes in as long as there is room, and is shown. Later,
/// with probability 1/2, it takes the place of a random one, which is shown instead; else it is
/// shown and forgotten.
///
/// Source: Shrivastava et al. 2017, "Learning from Simulated and Unsupervised Images through
/// Adversarial Training", §2.3; in this form, image by image, Zhu et al. 2017, §4.
pub struct Pool {
    image: [usize; 3],
    held: Vec<Array>,
    rng: Rng,
}

impl Pool {
    /// An empty pool for images of this height, width and channels. What is random in it comes from
    /// `seed` and from what it is for.
    pub fn new(image: [usize; 3], seed: u64, purpose: &str) -> Pool {
        Pool { image, held: Vec::new(), rng: Rng::new(seed, purpose) }
    }

    /// Takes made images `[n, height, width, channels]` and returns as many to be shown.
    ///
    /// # Panics
    /// If the images are of another shape.
    #[must_use]
    #[track_caller]
    pub fn exchange(&mut self, made: &Array) -> Array {
        let shape = *made.shape();
        let fits = shape.len() == 4 && shape[1..] == self.image;
        assert!(fits, "pool: {shape} are not [n, ..] of {:?}", self.image);
        let size = self.image.iter().product();
        Array::filled_by(shape, |shown| {
            for (shown, made) in shown.chunks_exact_mut(size).zip(made.numbers().chunks_exact(size))
            {
                let mut new = Array::new(self.image, made);
                if self.held.len() < SIZE {
                    self.held.push(new.clone());
                } else if self.rng.below(2) == 0 {
                    let place = self.rng.below(SIZE);
                    std::mem::swap(&mut new, &mut self.held[place]);
                }
                shown.copy_from_slice(new.numbers());
            }
        })
    }
}

/// The images by their places, how many there are, and the random stream.
impl Stateful for Pool {
    fn put(&self, state: &mut State<'_>) {
        for (place, image) in self.held.iter().enumerate() {
            state.put(&place.to_string(), image);
        }
        state.put_counter("held", self.held.len() as u64);
        state.put_stream("draws", &self.rng);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        let held = state.take_counter("held")?;
        if held > SIZE as u64 {
            return Err(state.wrong_counter("held", held, format!("a pool holds {SIZE}")));
        }
        let image = |place: u64| state.take(&place.to_string(), self.image.into());
        self.held = (0..held).map(image).collect::<Result<_, _>>()?;
        self.rng = state.take_stream("draws")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;
    use layers::restore;

    fn pool() -> Pool {
        Pool::new([1, 2, 1], 0, "pool")
    }

    /// Batches of four images, each of two equal pixels: its number.
    fn batch(first: usize) -> Array {
        let numbers: Vec<Real> = (first..first + 4).flat_map(|i| [i as Real; 2]).collect();
        Array::new([4, 1, 2, 1], &numbers)
    }

    fn shown(pool: &mut Pool, first: usize) -> Vec<usize> {
        let shown = pool.exchange(&batch(first));
        let images = shown.numbers().as_chunks::<2>().0.iter();
        images.inspect(|[a, b]| assert_eq!(a, b)).map(|[a, _]| *a as usize).collect()
    }

    #[test]
    fn a_full_pool_shows_old_images_half_of_the_time_and_each_once() {
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
        let old = all.iter().enumerate().filter(|(i, image)| **image != start + i).count();
        // Five standard errors of 4000 tosses: 5 √1000.
        assert!((old as f64 - 2000.0).abs() < 158.0, "{old}");
        // The fifty that were there are seen a second time, the others are new or come back once.
        let mut later: Vec<usize> = all.into_iter().filter(|image| *image > start + 1).collect();
        let count = later.len();
        later.sort_unstable();
        later.dedup();
        assert_eq!(later.len(), count);
    }

    #[test]
    fn a_loaded_pool_goes_on_as_the_saved_one() {
        for batches in [0, 3, 40] {
            let (mut saved, mut loaded) = (pool(), pool());
            (0..batches).for_each(|i| drop(saved.exchange(&batch(4 * i))));
            // Something that has to go.
            let _ = loaded.exchange(&batch(9000));
            let mut state = State::new();
            saved.put(&mut state);
            restore(&mut loaded, state).unwrap();
            for i in 0..20 {
                assert_eq!(shown(&mut loaded, 500 + 4 * i), shown(&mut saved, 500 + 4 * i));
            }
        }
    }

    #[test]
    fn more_images_than_a_pool_holds_are_refused() {
        let mut state = State::new();
        pool().put(&mut state);
        state.counters.insert("held".to_owned(), 51);
        let why = restore(&mut pool(), state).unwrap_err().to_string();
        assert_eq!(why, "counter `held` is 51: a pool holds 50");
    }

    #[test]
    #[should_panic(expected = "pool: [4, 1, 2, 1] are not [n, ..] of [2, 1, 1]")]
    fn images_of_another_shape_are_refused() {
        let _ = Pool::new([2, 1, 1], 0, "pool").exchange(&batch(0));
    }
}
