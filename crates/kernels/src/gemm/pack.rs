//! How are numbers laid out so that the inner loop reads them in order?
//!
//! Packing copies a strip of an operand, some rows of A or columns of B, such that the numbers of
//! one step are neighbours and the steps follow each other:
//!
//! ```text
//!    strip                          packed
//!    row 0:  a b c d ...            step 0:  a e i .      step 1:  b f j .      ...
//!    row 1:  e f g h ...
//!    row 2:  i j k l ...
//! ```
//!
//! The copy is read many times, from the nearest cache, with no stride that could collide in a
//! cache set and no page left after a few numbers. Where lanes are neighbours already, it copies
//! vectors; where steps are, it transposes blocks in registers. So Aᵀ and Bᵀ cost the same as A
//! and B. Where neither are, it goes number by number.

use super::tile::Strip;
use crate::Real;
use crate::simd::Simd;

/// So many steps ahead of its loads, a pass through Aᵀ asks for the lines: each step lies on another
/// page, which the CPU's own prefetching does not cross.
const AHEAD: usize = 48;

/// What to pack, and where to: `to[s * to_strip + p * to_step + lane]` = number `lane` of step p in
/// strip s.
///
/// Lanes from a strip's last to the next multiple of a vector's length hold stale numbers or zeros.
pub(super) struct Packing<'a> {
    pub(super) from: Strip<'a>,
    /// The strips that `from` is cut into, each as (first lane, lanes).
    pub(super) strips: &'a [(usize, usize)],
    /// Steps.
    pub(super) depth: usize,
    pub(super) to: &'a mut [Real],
    pub(super) to_strip: usize,
    pub(super) to_step: usize,
}

/// Copies the numbers to their places.
///
/// # Panics
/// If a strip leaves its operand or `to` is too short.
#[inline(always)]
pub(super) fn pack<S: Simd>(simd: S, packing: Packing<'_>) {
    let Packing { from, strips, depth, to, to_strip, to_step } = packing;
    for (s, &(first, lanes)) in strips.iter().enumerate() {
        from.expect_inside(first + lanes, depth);
        let vectors = lanes.next_multiple_of(S::LANES);
        assert!(s * to_strip + (depth - 1) * to_step + vectors <= to.len(), "a strip has room");
    }
    let (data, start) = (from.data.as_ptr(), to.as_mut_ptr());
    // The vectors of a strip: where they are among its lanes, and how many of these they have.
    let vectors =
        |lanes| (0..lanes).step_by(S::LANES).map(move |lane| (lane, S::LANES.min(lanes - lane)));
    if from.lane_stride == 1 {
        // Step by step through all strips: what lies on one line of the cache is read at once.
        for p in 0..depth {
            for (s, &(first, lanes)) in strips.iter().enumerate() {
                for (lane, count) in vectors(lanes) {
                    // SAFETY: `expect_inside` has checked `count` lanes from `first + lane` on at
                    // step p; a whole vector fits into `to`, as asserted.
                    unsafe {
                        let at = data.add(p * from.step + first + lane);
                        simd.prefetch(at.wrapping_add(AHEAD * from.step));
                        let x = simd.load_masked(simd.first(count), at);
                        simd.store(x, start.add(s * to_strip + p * to_step + lane));
                    }
                }
            }
        }
        return;
    }
    for (s, &(first, lanes)) in strips.iter().enumerate() {
        if from.step == 1 {
            for (lane, count) in vectors(lanes) {
                for p in (0..depth).step_by(S::LANES) {
                    // Each lane is read in a short stretch, behind which the next lanes' lie elsewhere.
                    for next in first + lane + S::LANES..first + lane + 2 * S::LANES {
                        simd.prefetch(data.wrapping_add(next * from.lane_stride + p));
                    }
                    // SAFETY: `expect_inside` has checked `count` lanes from `first + lane` on, for
                    // all steps up to `depth`, and neither count is over `LANES`; a whole vector of
                    // each of these steps fits into `to`, as asserted.
                    unsafe {
                        simd.transpose(
                            (data.add((first + lane) * from.lane_stride + p), from.lane_stride),
                            (count, S::LANES.min(depth - p)),
                            (start.add(s * to_strip + p * to_step + lane), to_step),
                        );
                    }
                }
            }
        } else {
            for (p, to) in to[s * to_strip..].chunks_mut(to_step).enumerate().take(depth) {
                for (lane, to) in to.iter_mut().enumerate().take(lanes) {
                    *to = from.data[(first + lane) * from.lane_stride + p * from.step];
                }
            }
        }
    }
}
