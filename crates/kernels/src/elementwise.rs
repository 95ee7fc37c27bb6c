//! How is one function applied to every element?
//!
//! The loops run in the vectors of the CPU's level, see `on_level`, and long ones on several
//! threads. A function that is passed in should be short or `#[inline(always)]`, as those of
//! [`vecmath`](crate::vecmath) are: only what is inlined becomes vector instructions.

use crate::on_level::on_level;
use crate::{Real, par};

/// Elements that one task computes: 64 KiB in f32, so that a task's output stays in L2.
pub(crate) const TASK: usize = 1 << 14;

/// y_i = f(x_i).
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn map(x: &[Real], y: &mut [Real], f: impl Fn(Real) -> Real + Sync) {
    assert_eq!(x.len(), y.len(), "map: lengths differ");
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| {
        on_level(y.len(), (&x[start..], y, &f), map_body);
    });
}

#[inline(always)]
fn map_body((x, y, f): (&[Real], &mut [Real], &impl Fn(Real) -> Real)) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = f(*x);
    }
}

/// y_i = f(a_i, b_i).
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn zip(a: &[Real], b: &[Real], y: &mut [Real], f: impl Fn(Real, Real) -> Real + Sync) {
    assert!(a.len() == y.len() && b.len() == y.len(), "zip: lengths differ");
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| {
        on_level(y.len(), (&a[start..], &b[start..], y, &f), zip_body);
    });
}

#[inline(always)]
fn zip_body((a, b, y, f): (&[Real], &[Real], &mut [Real], &impl Fn(Real, Real) -> Real)) {
    for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
        *y = f(*a, *b);
    }
}

/// y_i = f(a_i, b_i, c_i).
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn zip3([a, b, c]: [&[Real]; 3], y: &mut [Real], f: impl Fn(Real, Real, Real) -> Real + Sync) {
    assert!([a, b, c].iter().all(|x| x.len() == y.len()), "zip3: lengths differ");
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| {
        on_level(y.len(), ([a, b, c].map(|x| &x[start..]), y, &f), zip3_body);
    });
}

#[inline(always)]
fn zip3_body(([a, b, c], y, f): ([&[Real]; 3], &mut [Real], &impl Fn(Real, Real, Real) -> Real)) {
    let inputs = a.iter().zip(b).zip(c);
    for (y, ((a, b), c)) in y.iter_mut().zip(inputs) {
        *y = f(*a, *b, *c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize) -> Vec<Real> {
        (0..len).map(|i| (i * i % 97) as Real - 40.0).collect()
    }

    #[test]
    fn long_and_short_operands_equal_their_definition() {
        for len in [0, 1, 31, 32, 33, 1000, TASK + 1, 300_001] {
            let (a, b) = (numbers(len), numbers(len + 5)[5..].to_vec());
            let mut y = vec![Real::NAN; len];
            zip(&a, &b, &mut y, |a, b| a * b);
            assert!((0..len).all(|i| y[i] == a[i] * b[i]), "{len}");
            map(&a, &mut y, |x| x + 1.0);
            assert!((0..len).all(|i| y[i] == a[i] + 1.0), "{len}");
            zip3([&a, &b, &a], &mut y, |a, b, c| if a > b { c } else { b });
            assert!((0..len).all(|i| y[i] == a[i].max(b[i])), "{len}");
        }
    }
}
