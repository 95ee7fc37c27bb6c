//! Do random shapes broadcast, reshape, slice and reduce as they should, or panic as they say?

#![no_main]

use autograd::{Array, Shape, Tensor, grad};
use libfuzzer_sys::fuzz_target;

/// Up to six sizes of up to 3 from the front of the bytes.
fn shape(bytes: &mut &[u8]) -> Option<Shape> {
    let (rank, rest) = bytes.split_first()?;
    let rank = usize::from(rank % 7);
    let sizes = rest.get(..rank)?.iter().map(|size| usize::from(size % 4)).collect();
    *bytes = &rest[rank..];
    Some(sizes)
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes;
    let (Some(a), Some(b)) = (shape(&mut bytes), shape(&mut bytes)) else { return };
    let axis = bytes.first().map_or(0, |byte| (*byte as i8 % 8) as isize);
    assert_eq!(a.broadcast(&b), b.broadcast(&a), "broadcasting is symmetric");
    let x = Tensor::variable(Array::full(a, 2.0));
    if let Some(shape) = a.broadcast(&b) {
        let y = (&x * Tensor::full(b, 3.0)).sum();
        assert_eq!(y.item(), 6.0 * shape.count() as autograd::Real);
        let [dx] = grad(&y, [&x], false);
        assert_eq!(dx.shape(), &a);
    }
    if a.count() == b.count() {
        assert_eq!(x.reshape(b).shape(), &b);
    }
    let rank = a.len() as isize;
    if (-rank..rank).contains(&axis) {
        let sums = x.sum_keepdim(axis);
        let size = a[axis.rem_euclid(rank) as usize];
        assert!(sums.numbers().iter().all(|sum| *sum == 2.0 * size as autograd::Real));
        let halves = [x.slice(axis, ..size / 2), x.slice(axis, size / 2..)];
        assert_eq!(Tensor::concat(&[&halves[0], &halves[1]], axis).shape(), &a);
    }
});
