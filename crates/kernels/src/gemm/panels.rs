//! In which order do tiles visit the caches?
//!
//! [`multiply`] is all of a rung but its inner loop. Four loops surround the tile:
//!
//! ```text
//!   for each slab of k                          so deep that a block of B has 1 MiB at most
//!     for each block of B, slab x WIDTH         packed, stays in L2
//!       for each strip of A, tile's rows x slab some KiB, stays near; Aᵀ is packed
//!         for each panel of the block           two vectors wide, streams from L2
//!           one tile of C                       in registers
//!       what follows the product, strip by strip, while C is near
//! ```
//!
//! So a number of B comes from memory once for all rows, one of A once for `WIDTH` columns, and C
//! is read and written once a slab, row by row.
//!
//! **Packing is hidden where it can be.** The tiles of the block's first strip read B in place and
//! leave a packed copy behind: two stores a step, which a loop bound by its multiply-adds does not
//! feel. Bᵀ needs a transposition first, and Aᵀ a pass over some strips at a time.
//!
//! **Cuts are even.** 128 rows in tiles of at most 12 are 11, 12, 11, 12, 12, 11, ... rows, not ten
//! full tiles and one of 8: thin tiles load more for what they multiply.

use super::pack::Packing;
use super::tile::{Job, Strip};
use super::{Beta, How, check_sizes};
use crate::Real;
use crate::mat::{Mat, MatMut};
use crate::scratch::with_scratch;
use crate::simd::Simd;

/// Columns of B in a block, at most.
const WIDTH: usize = 1024;

/// Numbers of B in a block: 1 MiB in f32.
const BLOCK: usize = 256 * WIDTH;

/// Steps of k in a slab, at most, for a product with n columns: a narrow B allows deep slabs, and
/// then C is read and written less often.
///
/// It depends on the shape alone, because the slabs decide how a sum is rounded.
pub(super) fn slab(n: usize) -> usize {
    match n {
        0..=256 => 1024,
        257..1024 => BLOCK / n,
        _ => 256,
    }
}

/// Up to so many strips of A, B is read in place.
const PACK_B_FROM: usize = 4;

/// Aᵀ is packed from so many columns on: a strip is used once a panel, with fewer too seldom to pay.
/// A itself is read in place, since its rows lie in the order of the sum, unless they collide.
const PACK_A_FROM: usize = 192;

/// Rows of A that are a multiple of so many numbers apart, 2 KiB in f32, collide: the sets of the L1
/// repeat after 4 KiB, so six such rows fill three quarters of a few sets, and B's panels, which
/// stream through all of them, push them out. Of Aᵀ it is the steps that collide, all of them.
const COLLIDING: usize = 512;

/// Aᵀ whose steps collide is packed from so many columns on. 1024 x 1024 times 1024 x 100 takes half
/// the time.
const PACK_COLLIDING_FROM: usize = 48;

/// Strips of A that are packed at a time, at most. A line of the cache holds numbers of two or three
/// strips of Aᵀ, which so read it once.
const ABREAST: usize = 8;

/// Numbers of packed A at a time: 128 KiB in f32, so that B's block keeps its place in L2.
const ROOM_OF_A: usize = 1 << 15;

/// A level's inner loops, compiled for its instructions.
pub(super) trait Tiles: Simd {
    /// Most rows of a tile.
    const ROWS: usize;

    /// Whether colliding rows of A are packed. At 1024^3 and 2048^3 that makes AVX2 10 to 20 % faster
    /// on a CPU with an L1 of 32 KiB in 8 ways; AVX-512 on one of 48 KiB in 12 ways gains nothing.
    const PACKS_COLLIDING: bool = false;

    /// [`tile`](super::tile::tile) for up to `ROWS` rows and two vectors of columns.
    fn tile(self, job: Job<'_>);

    /// [`pack`](super::pack::pack) for this level.
    fn pack(self, packing: Packing<'_>);
}

/// C = A B + β C, and what follows, by the tiles of one level, on this thread.
pub(super) fn multiply<S: Tiles>(simd: S, a: Mat<'_>, b: Mat<'_>, mut c: MatMut<'_>, how: How<'_>) {
    check_sizes(a, b, &c);
    let (m, k, n) = (a.rows(), a.cols(), c.cols());
    if m * n == 0 {
        return;
    }
    if k == 0 {
        return how.without_product(c);
    }
    if m <= S::ROWS && n <= 2 * S::LANES && k <= how.slab && b.col_stride() == 1 {
        // One tile: nothing to plan.
        let job = Job::of(k, strip_of(a), panel_of(b, 0), c.block(0, 0, m, n), how.beta);
        simd.tile(Job { b_is_whole: n.is_multiple_of(S::LANES), ..job });
        return how.finish(0, c);
    }
    let plan = Plan::new::<S>(a, b, n, how);
    with_scratch(plan.room.0 + plan.room.1, |packed| {
        let (a_packed, b_packed) = packed.split_at_mut(plan.room.0);
        plan.run(simd, a, b, c, [a_packed, b_packed]);
    });
}

/// What to pack for a product.
struct Plan<'a> {
    /// Columns of a panel: two vectors.
    panel: usize,
    pack_a: bool,
    /// Strips of A that are packed at a time.
    abreast: usize,
    pack_b: bool,
    /// B's panels need a pass of their own to be packed.
    transpose_b: bool,
    /// Numbers that packed A and packed B take.
    room: (usize, usize),
    how: How<'a>,
}

impl<'a> Plan<'a> {
    fn new<S: Tiles>(a: Mat<'_>, b: Mat<'_>, n: usize, how: How<'a>) -> Plan<'a> {
        let panel = 2 * S::LANES;
        let transpose_b = b.col_stride() != 1;
        let pack_b = transpose_b || a.rows() > PACK_B_FROM * S::ROWS;
        let rows_collide = S::PACKS_COLLIDING && a.row_stride().is_multiple_of(COLLIDING);
        let steps_collide = a.col_stride() != 1 && a.col_stride().is_multiple_of(COLLIDING);
        let pack_a = match n {
            PACK_A_FROM.. => a.col_stride() != 1 || rows_collide,
            _ => n >= PACK_COLLIDING_FROM && steps_collide,
        };
        let pack_a = pack_a && a.rows() > S::ROWS;
        let depth = a.cols().min(how.slab);
        let abreast = (ROOM_OF_A / (depth * S::LANES)).clamp(1, ABREAST);
        let a_room = if pack_a { abreast * depth * S::LANES } else { 0 };
        let b_room = if pack_b { depth * n.next_multiple_of(panel).min(WIDTH) } else { 0 };
        Plan { panel, pack_a, abreast, pack_b, transpose_b, room: (a_room, b_room), how }
    }

    /// The loops around the tile; `packed` is the room for A and that for B.
    fn run<S: Tiles>(
        &self,
        simd: S,
        a: Mat<'_>,
        b: Mat<'_>,
        mut c: MatMut<'_>,
        [a_packed, b_packed]: [&mut [Real]; 2],
    ) {
        let (m, k, n) = (a.rows(), a.cols(), c.cols());
        for (p, depth) in even_cuts(k, self.how.slab) {
            let beta = if p == 0 { self.how.beta } else { Beta::One };
            for (first, panels) in even_cuts(n.div_ceil(self.panel), WIDTH / self.panel) {
                let j = first * self.panel;
                let width = (panels * self.panel).min(n - j);
                let b = b.block(p, j, depth, width);
                for (strip, (i, rows)) in even_cuts(m, S::ROWS).enumerate() {
                    let a = if self.pack_a {
                        self.packed_strip(simd, a.block(0, p, m, depth), strip, a_packed)
                    } else {
                        strip_of(a.block(i, p, rows, depth))
                    };
                    let mut c = c.block(i, j, rows, width);
                    self.row_of_tiles(simd, strip == 0, a, b, b_packed, &mut c, beta);
                    if p + depth == k {
                        self.how.finish(j, c);
                    }
                }
            }
        }
    }

    /// A strip of A, packed. The first of so many abreast packs them all.
    #[inline]
    fn packed_strip<'p, S: Tiles>(
        &self,
        simd: S,
        a: Mat<'_>,
        strip: usize,
        packed: &'p mut [Real],
    ) -> Strip<'p> {
        let (m, depth, strips) = (a.rows(), a.cols(), a.rows().div_ceil(S::ROWS));
        let (turn, size) = (strip % self.abreast, depth * S::LANES);
        if turn == 0 {
            let mut cuts = [(0, 0); ABREAST];
            let cuts = &mut cuts[..self.abreast.min(strips - strip)];
            for (s, cut) in cuts.iter_mut().enumerate() {
                *cut = even_cut(m, strips, strip + s);
            }
            simd.pack(Packing {
                from: strip_of(a),
                strips: cuts,
                depth,
                to: &mut *packed,
                to_strip: size,
                to_step: S::LANES,
            });
        }
        Strip { data: &packed[turn * size..][..size], lane_stride: 1, step: S::LANES }
    }

    /// One strip of A times a block of B. For the first strip, B is not packed yet.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the loop body of `run`")]
    fn row_of_tiles<S: Tiles>(
        &self,
        simd: S,
        first: bool,
        a: Strip<'_>,
        b: Mat<'_>,
        b_packed: &mut [Real],
        c: &mut MatMut<'_>,
        beta: Beta,
    ) {
        let (depth, rows, n) = (b.rows(), c.rows(), c.cols());
        for j in (0..n).step_by(self.panel) {
            let width = self.panel.min(n - j);
            let panel = panel_of(b, j);
            let job = Job::of(depth, a, panel, c.block(0, j, rows, width), beta);
            if !self.pack_b {
                simd.tile(Job { b_is_whole: width.is_multiple_of(S::LANES), ..job });
                continue;
            }
            let step = width.next_multiple_of(S::LANES);
            let packed = &mut b_packed[j * depth..][..step * depth];
            if first && !self.transpose_b {
                let ahead = (j + self.panel < n).then(|| panel_of(b, j + self.panel));
                simd.tile(Job { copy: Some(packed), ahead, ..job });
                continue;
            }
            if first {
                simd.pack(Packing {
                    from: panel,
                    strips: &[(0, width)],
                    depth,
                    to: &mut *packed,
                    to_strip: step * depth,
                    to_step: step,
                });
            }
            let b = Strip { data: packed, lane_stride: 1, step };
            simd.tile(Job { b, b_is_whole: true, ..job });
        }
    }
}

/// The rows of A, in place.
fn strip_of(a: Mat<'_>) -> Strip<'_> {
    Strip { data: a.data(), lane_stride: a.row_stride(), step: a.col_stride() }
}

/// The columns of B from `j` on, in place.
fn panel_of(b: Mat<'_>, j: usize) -> Strip<'_> {
    let data = &b.data()[j * b.col_stride()..];
    Strip { data, lane_stride: b.col_stride(), step: b.row_stride() }
}

/// Cuts `0..len` into the fewest pieces of at most `most`, whose lengths differ by at most one;
/// yields (start, length).
pub(super) fn even_cuts(len: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let pieces = len.div_ceil(most);
    (0..pieces).map(move |i| even_cut(len, pieces, i))
}

/// Piece i of so many of `0..len`, as (start, length).
fn even_cut(len: usize, pieces: usize, i: usize) -> (usize, usize) {
    let (start, end) = (i * len / pieces, (i + 1) * len / pieces);
    (start, end - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_cuts_cover_the_length_once() {
        for len in 0..100 {
            for most in 1..20 {
                let pieces: Vec<_> = even_cuts(len, most).collect();
                let ends = pieces.iter().scan(0, |end, &(start, len)| {
                    assert_eq!(start, *end);
                    *end += len;
                    Some(*end)
                });
                assert_eq!(ends.last().unwrap_or(0), len);
                assert!(pieces.iter().all(|p| p.1 <= most && p.1 + 1 >= pieces[0].1.max(1)));
            }
        }
    }
}
