//! In which order does training see the data?

use autograd::{Array, Rng, Tensor};

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
}
