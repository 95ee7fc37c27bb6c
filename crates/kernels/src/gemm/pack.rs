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

/// `to[p * to_step + lane]` = number `lane` of step p, for `lanes` lanes and `depth` steps.
///
/// Lanes from `lanes` to the next multiple of a vector's length hold stale numbers or zeros.
///
/// # Panics
/// If the strip leaves its operand or `to` is too short.
#[inline(always)]
pub(super) fn pack<S: Simd>(
    simd: S,
    strip: Strip<'_>,
    (lanes, depth): (usize, usize),
    to: &mut [Real],
    to_step: usize,
) {
    strip.expect_inside(lanes, depth);
    assert!(lanes.next_multiple_of(S::LANES) + (depth - 1) * to_step <= to.len());
    let (from, start) = (strip.data.as_ptr(), to.as_mut_ptr());
    let vectors = (0..lanes).step_by(S::LANES).map(|lane| (lane, S::LANES.min(lanes - lane)));
    if strip.lane_stride == 1 {
        for p in 0..depth {
            for (lane, count) in vectors.clone() {
                // SAFETY: `expect_inside` has checked `count` lanes from `lane` on at step p; a
                // whole vector fits into `to`, as asserted.
                unsafe {
                    let x = simd.load_masked(simd.first(count), from.add(p * strip.step + lane));
                    simd.store(x, start.add(p * to_step + lane));
                }
            }
        }
    } else if strip.step == 1 {
        for (lane, count) in vectors {
            for p in (0..depth).step_by(S::LANES) {
                // SAFETY: `expect_inside` has checked `count` lanes from `lane` on, for all steps
                // up to `depth`, and neither count is over `LANES`; a whole vector of each of
                // these steps fits into `to`, as asserted.
                unsafe {
                    simd.transpose(
                        (from.add(lane * strip.lane_stride + p), strip.lane_stride),
                        (count, S::LANES.min(depth - p)),
                        (start.add(p * to_step + lane), to_step),
                    );
                }
            }
        }
    } else {
        for (p, to) in to.chunks_mut(to_step).enumerate().take(depth) {
            for (lane, to) in to.iter_mut().enumerate().take(lanes) {
                *to = strip.data[lane * strip.lane_stride + p * strip.step];
            }
        }
    }
}
