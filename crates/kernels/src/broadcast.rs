//! What does broadcasting mean?
//!
//! Each operand walks through the output's axes with strides of its own: a stride of 0 repeats a
//! number along that axis, which is all that broadcasting is. [`copy_strided`] permutes and cuts
//! with the same walk.

use crate::elementwise::TASK;
use crate::on_level::levels;
use crate::{Real, par};

/// Most axes an operand can have.
pub const MAX_AXES: usize = 6;

/// y\[i, j, ...\] = f(a\[i s_0 + j s_1 + ...\], b\[i t_0 + j t_1 + ...\]) for an output of shape
/// `sizes` and strides s of a, t of b; a stride of 0 repeats.
///
/// # Panics
/// If `y` is not as large as `sizes` says, or an operand is shorter than its strides reach.
#[inline]
pub fn zip_broadcast(
    sizes: &[usize],
    (a, a_strides): (&[Real], &[usize]),
    (b, b_strides): (&[Real], &[usize]),
    y: &mut [Real],
    f: impl Fn(Real, Real) -> Real + Sync,
) {
    let walk = Walk::new(sizes, [a_strides, b_strides]);
    walk.expect_len(y.len());
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| {
        zip_runs(y.len(), walk.runs(start, y.len()), a, b, y, &f);
    });
}

levels! {
    fn zip_runs(runs: Runs<'_, 2>, a: &[Real], b: &[Real], y: &mut [Real], f: &impl Fn(Real, Real) -> Real) {
        let mut y = y;
        let strides = runs.strides();
        for (len, [i, j]) in runs {
            let run;
            (run, y) = y.split_at_mut(len);
            match strides {
                [1, 1] => {
                    for ((y, a), b) in run.iter_mut().zip(&a[i..][..len]).zip(&b[j..][..len]) {
                        *y = f(*a, *b);
                    }
                }
                [1, 0] => {
                    let b = b[j];
                    for (y, a) in run.iter_mut().zip(&a[i..][..len]) {
                        *y = f(*a, b);
                    }
                }
                [0, 1] => {
                    let a = a[i];
                    for (y, b) in run.iter_mut().zip(&b[j..][..len]) {
                        *y = f(a, *b);
                    }
                }
                [s, t] => {
                    for (step, y) in run.iter_mut().enumerate() {
                        *y = f(a[i + step * s], b[j + step * t]);
                    }
                }
            }
        }
    }
}

/// y\[i, j, ...\] = x\[i s_0 + j s_1 + ...\]: a broadcast copy where a stride is 0, a permuted one
/// where the strides are in another order, a slice of a larger array where they are longer than
/// the sizes.
///
/// # Panics
/// If `y` is not as large as `sizes` says, or `x` is shorter than its strides reach.
pub fn copy_strided(sizes: &[usize], x: &[Real], strides: &[usize], y: &mut [Real]) {
    let walk = Walk::new(sizes, [strides]);
    walk.expect_len(y.len());
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| {
        let runs = walk.runs(start, y.len());
        let [stride] = runs.strides();
        let mut rest = y;
        for (len, [i]) in runs {
            let run;
            (run, rest) = rest.split_at_mut(len);
            match stride {
                1 => run.copy_from_slice(&x[i..][..len]),
                0 => run.fill(x[i]),
                s => {
                    for (step, y) in run.iter_mut().enumerate() {
                        *y = x[i + step * s];
                    }
                }
            }
        }
    });
}

/// y\[i s_0 + j s_1 + ...\] = x\[i, j, ...\]: the way back of [`copy_strided`]. Elements of `y` that
/// no index reaches keep their contents.
///
/// # Panics
/// If `x` is not as large as `sizes` says, or `y` is shorter than its strides reach.
pub fn scatter_strided(sizes: &[usize], x: &[Real], y: &mut [Real], strides: &[usize]) {
    let walk = Walk::new(sizes, [strides]);
    walk.expect_len(x.len());
    let runs = walk.runs(0, x.len());
    let [stride] = runs.strides();
    let mut rest = x;
    for (len, [i]) in runs {
        let run;
        (run, rest) = rest.split_at(len);
        for (step, x) in run.iter().enumerate() {
            y[i + step * stride] = *x;
        }
    }
}

/// The way N operands walk through the axes of one output.
///
/// Neighbouring axes that every operand crosses in one stride are merged, axes of size 1 are
/// dropped. What remains is an inner run without index arithmetic, and an odometer around it.
struct Walk<const N: usize> {
    /// Innermost axis first.
    axes: [(usize, [usize; N]); MAX_AXES],
    rank: usize,
    len: usize,
}

impl<const N: usize> Walk<N> {
    fn new(sizes: &[usize], strides: [&[usize]; N]) -> Walk<N> {
        let axes = sizes.len();
        assert!(axes <= MAX_AXES, "broadcast: {axes} axes, and there are {MAX_AXES} at most");
        assert!(
            strides.iter().all(|s| s.len() == axes),
            "broadcast: a stride for each of {axes} axes"
        );
        let len = sizes.iter().product();
        let mut walk = Walk { axes: [(1, [0; N]); MAX_AXES], rank: 0, len };
        for axis in (0..sizes.len()).rev() {
            let (size, stride) = (sizes[axis], strides.map(|s| s[axis]));
            if size == 1 {
                continue;
            }
            if walk.rank > 0 {
                let (inner, inner_stride) = &mut walk.axes[walk.rank - 1];
                if stride == inner_stride.map(|s| s * *inner) {
                    *inner *= size;
                    continue;
                }
            }
            walk.axes[walk.rank] = (size, stride);
            walk.rank += 1;
        }
        walk
    }

    fn expect_len(&self, len: usize) {
        assert_eq!(len, self.len, "as many numbers as the shape has elements");
    }

    /// The runs that cover `len` elements of the output from `start` on.
    #[inline(always)]
    fn runs(&self, start: usize, len: usize) -> Runs<'_, N> {
        let mut runs = Runs { walk: self, left: len, index: [0; MAX_AXES], offsets: [0; N] };
        // Divisions are slow: most walks start at 0.
        if start > 0 {
            let mut rest = start;
            for ((size, strides), index) in self.axes[..self.rank].iter().zip(&mut runs.index) {
                *index = rest % size;
                rest /= size;
                for (offset, stride) in runs.offsets.iter_mut().zip(strides) {
                    *offset += *index * stride;
                }
            }
        }
        runs
    }
}

/// The runs of a [`Walk`], as (length, where each operand starts).
struct Runs<'a, const N: usize> {
    walk: &'a Walk<N>,
    /// Elements of the output that are still to come.
    left: usize,
    index: [usize; MAX_AXES],
    offsets: [usize; N],
}

impl<const N: usize> Runs<'_, N> {
    /// How far each operand goes from one element of a run to the next.
    #[inline(always)]
    fn strides(&self) -> [usize; N] {
        self.walk.axes[0].1
    }
}

impl<const N: usize> Iterator for Runs<'_, N> {
    type Item = (usize, [usize; N]);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, [usize; N])> {
        if self.left == 0 {
            return None;
        }
        let axes = &self.walk.axes;
        let len = (axes[0].0 - self.index[0]).min(self.left);
        let run = (len, self.offsets);
        self.left -= len;
        // The odometer: the run's axis has turned by `len`, each of the others by 1.
        let mut turned = len;
        for ((size, strides), index) in axes[..self.walk.rank].iter().zip(&mut self.index) {
            *index += turned;
            for (offset, stride) in self.offsets.iter_mut().zip(strides) {
                *offset += turned * stride;
            }
            if *index < *size {
                break;
            }
            *index = 0;
            for (offset, stride) in self.offsets.iter_mut().zip(strides) {
                *offset -= size * stride;
            }
            turned = 1;
        }
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: every index of the output, and every stride of the operand.
    fn strided_by_definition(sizes: &[usize], x: &[Real], strides: &[usize]) -> Vec<Real> {
        let size: usize = sizes.iter().product();
        (0..size)
            .map(|flat| {
                let mut rest = flat;
                let offset: usize = (0..sizes.len())
                    .rev()
                    .map(|axis| {
                        let i = rest % sizes[axis];
                        rest /= sizes[axis];
                        i * strides[axis]
                    })
                    .sum();
                x[offset]
            })
            .collect()
    }

    fn numbers(len: usize) -> Vec<Real> {
        (0..len).map(|i| (i * i % 97) as Real - 40.0).collect()
    }

    const CASES: [(&[usize], &[usize], &[usize]); 10] = [
        (&[], &[], &[]),
        (&[1], &[0], &[1]),
        (&[7], &[1], &[0]),
        (&[4, 5], &[5, 1], &[0, 1]),
        (&[4, 5], &[1, 4], &[1, 0]),
        (&[4, 5], &[5, 1], &[1, 4]),
        (&[2, 3, 4], &[12, 4, 1], &[12, 0, 1]),
        (&[2, 1, 3, 4], &[0, 9, 1, 3], &[12, 0, 4, 1]),
        (&[3, 2, 1, 2, 3, 2], &[24, 12, 12, 6, 2, 1], &[0, 6, 0, 3, 0, 0]),
        (&[2, 0, 3], &[0, 3, 1], &[3, 1, 1]),
    ];

    #[test]
    fn walks_equal_their_definition() {
        let (a, b) = (numbers(100), numbers(90));
        for (sizes, s, t) in CASES {
            let expected_a = strided_by_definition(sizes, &a, s);
            let expected_b = strided_by_definition(sizes, &b, t);
            let mut y = vec![Real::NAN; sizes.iter().product()];
            copy_strided(sizes, &a, s, &mut y);
            assert_eq!(y, expected_a, "{sizes:?} {s:?}");
            zip_broadcast(sizes, (&a, s), (&b, t), &mut y, |a, b| a - 2.0 * b);
            let expected: Vec<Real> =
                expected_a.iter().zip(&expected_b).map(|(a, b)| a - 2.0 * b).collect();
            assert_eq!(y, expected, "{sizes:?} {s:?} {t:?}");
        }
    }

    #[test]
    fn scatter_is_the_way_back_of_copy() {
        let (sizes, strides) = ([2, 3, 4], [20, 1, 4]);
        let x = numbers(24);
        let mut spread = vec![0.0; 40];
        scatter_strided(&sizes, &x, &mut spread, &strides);
        let mut back = vec![0.0; 24];
        copy_strided(&sizes, &spread, &strides, &mut back);
        assert_eq!(back, x);
    }

    #[test]
    fn a_walk_can_start_anywhere() {
        let x = numbers(100);
        for (sizes, strides, _) in CASES {
            let expected = strided_by_definition(sizes, &x, strides);
            let walk = Walk::new(sizes, [strides]);
            for start in 0..expected.len() {
                let runs = walk.runs(start, expected.len() - start);
                let [s] = runs.strides();
                let walked: Vec<Real> = runs
                    .flat_map(|(len, [i])| (0..len).map(move |k| i + k * s))
                    .map(|i| x[i])
                    .collect();
                assert_eq!(walked, expected[start..], "{sizes:?} {strides:?} from {start}");
            }
        }
    }

    #[test]
    fn long_operands_use_threads_and_change_nothing() {
        let (rows, columns) = (301, 1009);
        let (a, b) = (numbers(rows * columns), numbers(rows + columns));
        let mut y = vec![Real::NAN; a.len()];
        let sizes = [rows, columns];
        zip_broadcast(&sizes, (&a, &[columns, 1]), (&b, &[0, 1]), &mut y, |a, b| a * b);
        assert!((0..y.len()).all(|i| y[i] == a[i] * b[i % columns]));
        zip_broadcast(&sizes, (&b, &[1, 0]), (&a, &[columns, 1]), &mut y, |a, b| a - b);
        assert!((0..y.len()).all(|i| y[i] == b[i / columns] - a[i]));
        copy_strided(&[columns, rows], &a, &[1, columns], &mut y);
        assert!((0..y.len()).all(|i| y[i] == a[i % rows * columns + i / rows]));
    }

    #[test]
    fn an_operand_that_is_too_short_is_refused() {
        for (a_stride, b_stride) in [(1, 1), (1, 0), (0, 1), (2, 1)] {
            let zip = || {
                let (a, b, mut y) = ([1.0, 2.0], [1.0, 2.0], [0.0; 4]);
                zip_broadcast(&[4], (&a, &[a_stride]), (&b, &[b_stride]), &mut y, |a, b| a + b);
            };
            assert!(std::panic::catch_unwind(zip).is_err(), "{a_stride} {b_stride}");
        }
    }

    #[test]
    #[should_panic(expected = "a stride for each of 2 axes")]
    fn each_axis_has_a_stride() {
        copy_strided(&[1, 2], &[1.0, 2.0], &[1], &mut [0.0; 2]);
    }
}
