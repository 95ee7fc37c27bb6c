//! How is one function applied to every element, and what does broadcasting mean?
//!
//! [`map`] and [`zip`] run over operands of equal length. [`zip_broadcast`] and [`copy_strided`]
//! let each operand walk through the output's axes with strides of its own: a stride of 0
//! repeats a number along that axis, which is all that broadcasting is.

use crate::simd::{Level, level};
use crate::{Real, par};

/// Elements that one task computes: 64 KiB in f32, so that a task's output stays in L2.
const TASK: usize = 1 << 14;

/// Most axes an operand can have.
pub const MAX_AXES: usize = 6;

/// Fewer elements than this are not worth asking for the CPU's level.
const FEW: usize = 32;

/// y_i = f(x_i).
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn map(x: &[Real], y: &mut [Real], f: impl Fn(Real) -> Real + Sync) {
    assert_eq!(x.len(), y.len(), "map: lengths differ");
    if y.len() < FEW {
        return map_body(x, y, &f);
    }
    let work = y.len();
    par::for_each_chunk(y, TASK, work, |start, y| map_on(level(), &x[start..], y, &f));
}

/// [`map`] on this thread, in the vectors of a level that the CPU has.
///
/// The levels differ in how many elements they compute at once, not in the bits: the compiler
/// never turns `a * b + c` into a fused multiply-add by itself.
#[inline]
fn map_on(level: Level, x: &[Real], y: &mut [Real], f: &impl Fn(Real) -> Real) {
    match level {
        // SAFETY: the level is one of this CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { map_avx512(x, y, f) },
        // SAFETY: the level is one of this CPU's.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { map_avx2(x, y, f) },
        _ => map_body(x, y, f),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn map_avx512(x: &[Real], y: &mut [Real], f: &impl Fn(Real) -> Real) {
    map_body(x, y, f);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn map_avx2(x: &[Real], y: &mut [Real], f: &impl Fn(Real) -> Real) {
    map_body(x, y, f);
}

#[inline(always)]
fn map_body(x: &[Real], y: &mut [Real], f: &impl Fn(Real) -> Real) {
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
        for ((y, a), b) in y.iter_mut().zip(&a[start..]).zip(&b[start..]) {
            *y = f(*a, *b);
        }
    });
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
        let inputs = a[start..].iter().zip(&b[start..]).zip(&c[start..]);
        for (y, ((a, b), c)) in y.iter_mut().zip(inputs) {
            *y = f(*a, *b, *c);
        }
    });
}

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
    f: impl Fn(Real, Real) -> Real,
) {
    let walk = Walk::new(sizes, [a_strides, b_strides]);
    walk.for_each_run(y, |y, [i, j], strides| match strides {
        [1, 1] => {
            for ((y, a), b) in y.iter_mut().zip(&a[i..]).zip(&b[j..]) {
                *y = f(*a, *b);
            }
        }
        [1, 0] => {
            let b = b[j];
            for (y, a) in y.iter_mut().zip(&a[i..]) {
                *y = f(*a, b);
            }
        }
        [0, 1] => {
            let a = a[i];
            for (y, b) in y.iter_mut().zip(&b[j..]) {
                *y = f(a, *b);
            }
        }
        [s, t] => {
            for (step, y) in y.iter_mut().enumerate() {
                *y = f(a[i + step * s], b[j + step * t]);
            }
        }
    });
}

/// y\[i, j, ...\] = x\[i s_0 + j s_1 + ...\]: a broadcast copy where a stride is 0, a permuted one
/// where the strides are in another order, a slice of a larger array where they are longer than
/// the sizes.
///
/// # Panics
/// If `y` is not as large as `sizes` says, or `x` is shorter than its strides reach.
pub fn copy_strided(sizes: &[usize], x: &[Real], strides: &[usize], y: &mut [Real]) {
    Walk::new(sizes, [strides]).for_each_run(y, |y, [i], strides| match strides {
        [1] => y.copy_from_slice(&x[i..i + y.len()]),
        [0] => y.fill(x[i]),
        [s] => {
            for (step, y) in y.iter_mut().enumerate() {
                *y = x[i + step * s];
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
    assert_eq!(x.len(), sizes.iter().product(), "the source has the shape's size");
    Walk::new(sizes, [strides]).for_each(|start, len, [i], [s]| {
        for (step, x) in x[start..start + len].iter().enumerate() {
            y[i + step * s] = *x;
        }
    });
}

/// The way N operands walk through the axes of one output.
///
/// Neighbouring axes that every operand crosses in one stride are merged, axes of size 1 are
/// dropped. What remains is an inner run without index arithmetic, and an odometer around it.
struct Walk<const N: usize> {
    /// Innermost axis first.
    axes: [(usize, [usize; N]); MAX_AXES],
    rank: usize,
    empty: bool,
}

impl<const N: usize> Walk<N> {
    fn new(sizes: &[usize], strides: [&[usize]; N]) -> Walk<N> {
        assert!(sizes.len() <= MAX_AXES && strides.iter().all(|s| s.len() == sizes.len()));
        let mut walk = Walk { axes: [(1, [0; N]); MAX_AXES], rank: 0, empty: false };
        for axis in (0..sizes.len()).rev() {
            let (size, stride) = (sizes[axis], strides.map(|s| s[axis]));
            walk.empty |= size == 0;
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

    /// Calls `run(start, len, offsets, strides)` for each run of the output.
    #[inline]
    fn for_each(&self, mut run: impl FnMut(usize, usize, [usize; N], [usize; N])) {
        if self.empty {
            return;
        }
        let (len, strides) = self.axes[0];
        let mut index = [0; MAX_AXES];
        let mut offsets = [0; N];
        let mut start = 0;
        'runs: loop {
            run(start, len, offsets, strides);
            start += len;
            let outer = self.axes[..self.rank].iter().zip(&mut index).skip(1);
            for (&(size, strides), index) in outer {
                *index += 1;
                for (offset, stride) in offsets.iter_mut().zip(strides) {
                    *offset += stride;
                }
                if *index < size {
                    continue 'runs;
                }
                *index = 0;
                for (offset, stride) in offsets.iter_mut().zip(strides) {
                    *offset -= size * stride;
                }
            }
            return;
        }
    }

    /// Calls `run(y, offsets, strides)` with each run of the output `y`.
    #[inline]
    fn for_each_run(
        &self,
        y: &mut [Real],
        mut run: impl FnMut(&mut [Real], [usize; N], [usize; N]),
    ) {
        let size: usize = self.axes.iter().map(|(size, _)| size).product();
        assert!(self.empty && y.is_empty() || y.len() == size, "the output has the shape's size");
        self.for_each(|start, len, offsets, strides| {
            run(&mut y[start..start + len], offsets, strides);
        });
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

    const CASES: [(&[usize], &[usize], &[usize]); 9] = [
        (&[], &[], &[]),
        (&[1], &[0], &[1]),
        (&[7], &[1], &[0]),
        (&[4, 5], &[5, 1], &[0, 1]),
        (&[4, 5], &[1, 4], &[1, 0]),
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
    fn every_level_gives_the_same_bits() {
        use crate::vecmath::{exp, ln, sigmoid, softplus, tanh};
        // An irregular walk from subnormal to huge arguments of both signs.
        let x: Vec<Real> = (0..20_011)
            .map(|i| Real::powf(1.01, (i * 37 % 20_011) as Real - 10_000.0) * [1.0, -1.0][i % 2])
            .collect();
        let check = |name: &str, f: &dyn Fn(Level, &mut [Real])| {
            let bits = |level| {
                let mut y = vec![0.0; x.len()];
                f(level, &mut y);
                y.into_iter().map(Real::to_bits).collect::<Vec<_>>()
            };
            let portable = bits(Level::Portable);
            for level in Level::available() {
                assert!(bits(level) == portable, "{name} on {level:?}");
            }
        };
        check("exp", &|level, y| map_on(level, &x, y, &exp));
        check("ln", &|level, y| map_on(level, &x, y, &ln));
        check("tanh", &|level, y| map_on(level, &x, y, &tanh));
        check("sigmoid", &|level, y| map_on(level, &x, y, &sigmoid));
        check("softplus", &|level, y| map_on(level, &x, y, &softplus));
    }

    #[test]
    fn long_operands_use_threads_and_change_nothing() {
        let (a, b) = (numbers(300_001), numbers(300_001));
        let mut y = vec![0.0; a.len()];
        zip(&a, &b, &mut y, |a, b| a * b);
        assert!((0..a.len()).all(|i| y[i] == a[i] * b[i]));
        map(&a, &mut y, |x| x + 1.0);
        assert!((0..a.len()).all(|i| y[i] == a[i] + 1.0));
        zip3([&a, &b, &a], &mut y, |a, b, c| if a > b { c } else { b });
        assert!((0..a.len()).all(|i| y[i] == a[i].max(b[i])));
    }
}
