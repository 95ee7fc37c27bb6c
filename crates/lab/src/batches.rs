//! In which order does training see the data?

use autograd::{Array, Rng, Tensor};
use layers::{State, StateError, Stateful};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The rows of `data` in a random order, `batch_size` at a time; the last batch may be smaller.
///
/// # Panics
/// If `batch_size` is 0 or the data have no rows.
#[track_caller]
pub fn shuffled_batches<'a>(
    data: &'a Array,
    batch_size: usize,
    rng: &mut Rng,
) -> impl Iterator<Item = Tensor> + use<'a> {
    assert!(batch_size > 0, "shuffled_batches: a batch has at least one row");
    let shape = *data.shape();
    assert!(!shape.is_empty() && shape[0] > 0, "shuffled_batches: {shape} has no rows");
    let order = rng.permutation(shape[0]);
    let row_len: usize = shape[1..].iter().product();
    (0..shape[0]).step_by(batch_size).map(move |start| {
        let rows = &order[start..(start + batch_size).min(shape[0])];
        let sizes: Vec<usize> = [rows.len()].iter().chain(&shape[1..]).copied().collect();
        Tensor::constant(Array::filled_by(&sizes[..], |out| {
            for (out, row) in out.chunks_exact_mut(row_len.max(1)).zip(rows) {
                out.copy_from_slice(&data.numbers()[row * row_len..][..row_len]);
            }
        }))
    })
}

/// Batches of places in the data, for ever: every epoch has an order of its own, which depends on
/// the seed and the epoch alone. So where one stands is two numbers, a [`Position`].
#[derive(Clone, Debug)]
pub struct ShuffledBatches {
    count: usize,
    batch_size: usize,
    keep_last: bool,
    seed: u64,
    epoch: u64,
    next: usize,
    /// The order of this epoch.
    order: Vec<usize>,
}

/// Where in the data training stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which pass over the data, counted from 0.
    pub epoch: u64,
    /// How many rows of this pass have been used.
    pub next: u64,
}

impl ShuffledBatches {
    /// Batches of `batch_size` among the places 0 .. `count`. What is left of an epoch when no
    /// whole batch is, is dropped.
    ///
    /// # Panics
    /// If a batch is empty or larger than the data.
    #[track_caller]
    pub fn new(count: usize, batch_size: usize, seed: u64) -> ShuffledBatches {
        assert!(
            (1..=count).contains(&batch_size),
            "shuffled_batches: no batch of {batch_size} rows can be drawn from {count}"
        );
        let order = order(count, seed, 0);
        ShuffledBatches { count, batch_size, keep_last: false, seed, epoch: 0, next: 0, order }
    }

    /// The same with what is left of an epoch as a smaller batch.
    #[must_use]
    pub fn keep_last(mut self) -> ShuffledBatches {
        self.keep_last = true;
        self
    }

    /// The places of the next batch.
    pub fn next_batch(&mut self) -> &[usize] {
        let wanted = if self.keep_last { 1 } else { self.batch_size };
        if self.count - self.next < wanted {
            self.start(self.epoch + 1);
        }
        let first = self.next;
        self.next = (first + self.batch_size).min(self.count);
        &self.order[first..self.next]
    }

    /// How many batches an epoch has.
    pub fn per_epoch(&self) -> usize {
        if self.keep_last {
            self.count.div_ceil(self.batch_size)
        } else {
            self.count / self.batch_size
        }
    }

    /// Where it stands, to be saved.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch, next: self.next as u64 }
    }

    /// Goes to a saved place: the next batch is the one that came next there.
    ///
    /// # Errors
    /// [`Error::Position`] if the data have no such place; it then stays where it is.
    pub fn resume(&mut self, Position { epoch, next }: Position) -> Result<(), Error> {
        let place = usize::try_from(next).ok().filter(|next| *next <= self.count);
        let place = place.ok_or(Error::Position { epoch, next, count: self.count })?;
        self.start(epoch);
        self.next = place;
        Ok(())
    }

    fn start(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.next = 0;
        self.order = order(self.count, self.seed, epoch);
    }
}

/// The place where it stands.
impl Stateful for ShuffledBatches {
    fn put(&self, state: &mut State<'_>) {
        let Position { epoch, next } = self.position();
        state.put_counter("epoch", epoch);
        state.put_counter("next", next);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        let (epoch, next) = (state.take_counter("epoch")?, state.take_counter("next")?);
        let resumed = self.resume(Position { epoch, next });
        resumed.map_err(|why| state.wrong_counter("next", next, why.to_string()))
    }
}

/// The order of an epoch.
fn order(count: usize, seed: u64, epoch: u64) -> Vec<usize> {
    Rng::new(seed, &format!("order of epoch {epoch}")).permutation(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Real;

    #[test]
    fn an_epoch_sees_every_row_once() {
        let numbers: Vec<Real> = (0..20).map(|i| i as Real).collect();
        let data = Array::new([10, 2], &numbers);
        let batches: Vec<Tensor> = shuffled_batches(&data, 4, &mut Rng::new(0, "order")).collect();
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.shape()[0]).collect();
        assert_eq!(sizes, [4, 4, 2]);
        let mut rows: Vec<Vec<Real>> =
            batches.iter().flat_map(|b| b.numbers().chunks(2)).map(<[Real]>::to_vec).collect();
        assert_ne!(rows.concat(), numbers, "they are shuffled");
        rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
        assert_eq!(rows.concat(), numbers);
    }

    fn epochs(mut batches: ShuffledBatches, count: usize) -> Vec<Vec<Vec<usize>>> {
        let per_epoch = batches.per_epoch();
        let mut epoch = |_| (0..per_epoch).map(|_| batches.next_batch().to_vec()).collect();
        (0..count).map(&mut epoch).collect()
    }

    #[test]
    fn every_epoch_has_an_order_of_its_own() {
        let epochs = epochs(ShuffledBatches::new(10, 4, 7).keep_last(), 3);
        for epoch in &epochs {
            assert_eq!(epoch.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
            let mut places = epoch.concat();
            places.sort_unstable();
            assert_eq!(places, (0..10).collect::<Vec<_>>());
        }
        assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
        assert_ne!(ShuffledBatches::new(10, 4, 8).next_batch(), epochs[0][0]);
    }

    #[test]
    fn a_batch_that_is_not_whole_is_dropped_unless_kept() {
        let dropped = epochs(ShuffledBatches::new(10, 4, 7), 3);
        let kept = epochs(ShuffledBatches::new(10, 4, 7).keep_last(), 3);
        for (dropped, kept) in dropped.iter().zip(kept) {
            assert_eq!(*dropped, kept[..2]);
        }
    }

    #[test]
    fn a_saved_place_goes_on_with_the_same_batches() {
        for keep_last in [false, true] {
            let fresh = || {
                let batches = ShuffledBatches::new(10, 3, 5);
                if keep_last { batches.keep_last() } else { batches }
            };
            let mut whole = fresh();
            for step in 0..20 {
                let mut resumed = fresh();
                resumed.resume(whole.position()).unwrap();
                let batch = whole.next_batch().to_vec();
                assert_eq!(resumed.next_batch(), batch, "step {step}");
                assert_eq!(resumed.position(), whole.position());
            }
        }
    }

    #[test]
    fn a_place_of_other_data_is_refused() {
        let mut batches = ShuffledBatches::new(10, 3, 5);
        let error = batches.resume(Position { epoch: 2, next: 11 }).unwrap_err();
        assert!(error.to_string().contains("row 11 of epoch 2, is not in data of 10 rows"));
        assert_eq!(batches.position(), Position { epoch: 0, next: 0 });
    }

    #[test]
    #[should_panic(expected = "no batch of 11 rows can be drawn from 10")]
    fn a_batch_larger_than_the_data_is_refused() {
        let _ = ShuffledBatches::new(10, 11, 0);
    }
}
