//! How does a tile of C stay in registers?
//!
//! The inner loop of every rung with vectors. A tile has `MR` rows and `NV`
//! vectors of columns, and each of its `MR * NV` vectors is one register all through the loop
//! over k. A step of the loop loads `NV` vectors of B, then for each row repeats one number of A
//! in all lanes and multiplies:
//!
//! ```text
//!                         B, step p
//!                   [ b_0 .. | b_16 .. ]           NV registers
//!        a_0 a_0 .. [ C      |         ]
//!        a_1 a_1 .. [        |         ]           MR * NV registers
//!        a_2 a_2 .. [        |         ]
//!           1 register
//! ```
//!
//! That is MR + NV loads for MR * NV multiply-adds. A core with two FMA units and two load ports
//! does nothing but arithmetic as long as the first number is the smaller one.

use super::Beta;
use crate::Real;
use crate::mat::MatMut;
use crate::simd::Simd;

/// One side of a tile: number `lane` of step p lies at `data[lane * lane_stride + p * step]`.
///
/// For A a lane is a row, for B a column; a step is one index of the sum. A strip may lie inside
/// an operand or be packed.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    pub(super) data: &'a [Real],
    pub(super) lane_stride: usize,
    pub(super) step: usize,
}

impl Strip<'_> {
    /// Panics unless the first `lanes` numbers of the first `depth` steps lie inside the slice.
    #[inline(always)]
    pub(super) fn expect_inside(self, lanes: usize, depth: usize) {
        assert!(lanes > 0 && depth > 0, "a strip is not empty");
        let last = (lanes - 1) * self.lane_stride + (depth - 1) * self.step;
        assert!(last < self.data.len(), "a strip leaves its operand");
    }
}

/// What a tile computes: C = A B + β C over `depth` steps, or over several rounds of so many.
pub(super) struct Job<'a> {
    pub(super) depth: usize,
    /// Rounds, at least one, and the distance in A from one to the next. B has no gap between them.
    pub(super) rounds: (usize, usize),
    pub(super) a: Strip<'a>,
    /// Columns are neighbours: its lane stride is 1.
    pub(super) b: Strip<'a>,
    /// Whole vectors of `b` can be read: it is packed, or C's columns fill them, so that C's edge needs
    /// no mask here. A masked load takes a turn of an FMA unit.
    pub(super) b_is_whole: bool,
    /// Where to pack `b` on the way, vector behind vector, if it is to be packed.
    pub(super) copy: Option<&'a mut [Real]>,
    /// Beside a copy, a strip like `b` that is needed soon: its cache lines are asked for on the way.
    pub(super) ahead: Option<Strip<'a>>,
    pub(super) c: MatMut<'a>,
    pub(super) beta: Beta,
}

impl<'a> Job<'a> {
    /// C = A B + β C, with both strips in place.
    #[inline]
    pub(super) fn of(
        depth: usize,
        a: Strip<'a>,
        b: Strip<'a>,
        c: MatMut<'a>,
        beta: Beta,
    ) -> Job<'a> {
        let rounds = (1, 0);
        Job { depth, rounds, a, b, b_is_whole: false, copy: None, ahead: None, c, beta }
    }
}

/// Does the job for a C of `MR` rows and `NV` vectors of columns, the last perhaps in part.
///
/// Each element is one chain of multiply-adds in the order of the steps, fused where the level has
/// them. So it does not matter in which tile, or in how wide a vector, it is computed.
///
/// `WHOLE` is the job's `b_is_whole`, `COPY` says that there is a copy to make.
///
/// # Panics
/// If the sizes differ, or a strip leaves its operand.
#[inline(always)]
pub(super) fn tile<
    S: Simd,
    const MR: usize,
    const NV: usize,
    const WHOLE: bool,
    const COPY: bool,
>(
    simd: S,
    job: Job<'_>,
) {
    let Job { depth, rounds: (rounds, round), a, b, copy, ahead, mut c, beta, .. } = job;
    let (width, before_last) = (NV * S::LANES, (NV - 1) * S::LANES);
    assert!(c.rows() == MR && c.cols() > before_last && c.cols() <= width, "a tile's size");
    assert!(b.lane_stride == 1, "columns are neighbours");
    a.expect_inside(MR, depth);
    b.expect_inside(if WHOLE { width } else { c.cols() }, rounds * depth);
    let last_round = &a.data[(rounds - 1) * round..];
    Strip { data: last_round, ..a }.expect_inside(MR, depth);
    assert!(!COPY || rounds == 1, "the copy is made in one round");
    let copy = copy.unwrap_or_default();
    assert!(!COPY || copy.len() >= depth * width, "the copy has room");
    let copy = copy.as_mut_ptr();

    // Only the last vector can reach over the edge.
    let mask = simd.first(c.cols() - before_last);
    let mut sums = [[simd.splat(0.0); NV]; MR];
    let mut p = 0;
    // C's lines, and those of the strip ahead, are asked for row by row on the way. A core waits
    // for 16 lines at once: asked for in one burst, they would hold up the loop's own.
    let (row_stride, to) = (c.row_stride(), c.as_mut_ptr());
    let ask_for_row = |i: usize| {
        for v in 0..NV {
            simd.prefetch(to.wrapping_add(i * row_stride + v * S::LANES));
        }
    };
    let (rounds_a_row, steps_a_row) = (depth / 4 / MR, depth.div_ceil(MR));
    let mut soon = ahead.map(|strip| strip.data.as_ptr());
    if !COPY && rounds_a_row == 0 {
        // So few steps that there is no way to spread it over.
        (0..MR).for_each(ask_for_row);
    } else {
        for i in 0..MR {
            ask_for_row(i);
            if COPY && let Some(at) = &mut soon {
                for _ in 0..steps_a_row {
                    for v in 0..NV {
                        simd.prefetch(at.wrapping_add(v * S::LANES));
                    }
                    *at = at.wrapping_add(b.step);
                }
            }
            for _ in 0..rounds_a_row {
                // Four steps a round, so that the loop itself costs next to nothing.
                for _ in 0..4 {
                    // SAFETY: MR rows have `depth / 4` rounds at most together, so p < depth; the
                    // strips and the copy have been checked above.
                    unsafe { step::<S, MR, NV, WHOLE, COPY>(simd, p, a, b, copy, mask, &mut sums) }
                    p += 1;
                }
            }
        }
    }
    while p + 4 <= depth {
        for _ in 0..4 {
            // SAFETY: p < depth; the strips and the copy have been checked above.
            unsafe { step::<S, MR, NV, WHOLE, COPY>(simd, p, a, b, copy, mask, &mut sums) }
            p += 1;
        }
    }
    for p in p..depth {
        // SAFETY: p < depth; the strips and the copy have been checked above.
        unsafe { step::<S, MR, NV, WHOLE, COPY>(simd, p, a, b, copy, mask, &mut sums) }
    }
    for r in 1..rounds {
        let a = Strip { data: &a.data[r * round..], ..a };
        let b = Strip { data: &b.data[r * depth * b.step..], ..b };
        for p in 0..depth {
            // SAFETY: p < depth; the strips of all rounds have been checked above.
            unsafe { step::<S, MR, NV, WHOLE, false>(simd, p, a, b, copy, mask, &mut sums) }
        }
    }

    // All of C is read before any of it is written: rows 4 KiB apart look like one place to a core
    // that has a load waiting behind a store.
    if beta == Beta::One {
        for (i, row) in sums.iter_mut().enumerate() {
            for (v, sum) in row.iter_mut().enumerate() {
                let from = to.wrapping_add(i * row_stride + v * S::LANES);
                // SAFETY: row i < MR of C, and columns that the mask cuts off at C's edge: a
                // `MatMut` vouches for its elements.
                let old = unsafe {
                    if v + 1 < NV { simd.load(from) } else { simd.load_masked(mask, from) }
                };
                *sum = simd.add(old, *sum);
            }
        }
    }
    for (i, row) in sums.into_iter().enumerate() {
        for (v, sum) in row.into_iter().enumerate() {
            let to = to.wrapping_add(i * row_stride + v * S::LANES);
            // SAFETY: as above.
            unsafe {
                if v + 1 < NV {
                    simd.store(sum, to);
                } else {
                    simd.store_masked(mask, sum, to);
                }
            }
        }
    }
}

/// Adds step p to the sums:  row i += a_ip b_p.
///
/// # Safety
/// - Step p of strip A has `MR` lanes inside its slice; step p of strip B has as many as `NV`
///   vectors, the last of them masked unless `WHOLE`.
/// - If `COPY`, there is room for p + 1 times `NV` vectors at `copy`.
#[inline(always)]
unsafe fn step<S: Simd, const MR: usize, const NV: usize, const WHOLE: bool, const COPY: bool>(
    simd: S,
    p: usize,
    a: Strip<'_>,
    b: Strip<'_>,
    copy: *mut Real,
    mask: S::Mask,
    sums: &mut [[S::Vector; NV]; MR],
) {
    // SAFETY: every number read or written is one that the caller vouches for.
    unsafe {
        let (a_p, b_p) = (a.data.as_ptr().add(p * a.step), b.data.as_ptr().add(p * b.step));
        let mut b_vectors = [simd.splat(0.0); NV];
        for (v, vector) in b_vectors.iter_mut().enumerate() {
            let from = b_p.add(v * S::LANES);
            let whole = WHOLE || v + 1 < NV;
            *vector = if whole { simd.load(from) } else { simd.load_masked(mask, from) };
            if COPY {
                simd.store(*vector, copy.add((p * NV + v) * S::LANES));
            }
        }
        for (i, row) in sums.iter_mut().enumerate() {
            let a = simd.splat(*a_p.add(i * a.lane_stride));
            for (sum, b) in row.iter_mut().zip(b_vectors) {
                *sum = simd.mul_add(a, b, *sum);
            }
        }
    }
}
