//! In which order do tiles visit the caches?
//!
//! [`multiply`] is all of a rung but its inner loop. Five loops surround the tile:
//!
//! ```text
//!   for each slab of k                          some hundred steps
//!     for each block of B, slab x WIDTH         packed
//!       for each group of strips of A           stays in L2; Aᵀ is packed
//!         for each panel of the block           two vectors wide, comes from L3 or L2
//!           for each strip of the group         a tile's rows
//!             one tile of C                     in registers
//!         what follows the product, while the group's rows of C are near
//! ```
//!
//! So a number of B comes from memory once for all rows, and from the far caches once a group; one of
//! A comes from memory once for `WIDTH` columns; C is read and written once a slab.
//!
//! **Packing is hidden where it can be.** The tiles of the block's first strip read B in place and
//! leave a packed copy behind: two stores a step, which a loop bound by its multiply-adds does not
//! feel. Bᵀ needs a transposition first, and Aᵀ, where it is packed, a pass over a group at a time.
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

/// Steps of k in a slab, at least, if there are so many.
const DEPTH: usize = 512;

/// Steps of k in a slab, at most, for a product with n columns: a narrow B allows deep slabs, and
/// then C is read and written less often.
///
/// It depends on the shape alone, because the slabs decide how a sum is rounded.
pub(super) fn slab(n: usize) -> usize {
    (DEPTH * WIDTH / n.max(1)).clamp(DEPTH, 2 * DEPTH)
}

/// Up to so many strips of A, B is read in place.
const PACK_B_FROM: usize = 4;

/// A is read in place, since its rows lie in the order of the sum, unless they collide and C has so
/// many columns: a strip is used once a panel, with fewer too seldom for a copy to pay.
const PACK_A_FROM: usize = 192;

/// Rows of A that are a multiple of so many numbers apart, 2 KiB in f32, collide: the sets of the L1
/// repeat after 4 KiB, so six such rows fill three quarters of a few sets, and B's panels, which
/// stream through all of them, push them out. Of Aᵀ it is the steps that collide, all of them.
const COLLIDING: usize = 512;

/// Numbers of an Aᵀ's slab, 2 MiB in f32, from which on it hardly stays in a core's caches: packing asks
/// for its lines ahead, tiles do not.
const FAR: usize = 1 << 19;

/// Strips of A that a panel of B meets in turn, at most: so much less often it comes from afar.
///
/// They are packed at a time too. A line of the cache holds numbers of two or three strips of Aᵀ,
/// which so read it once.
const GROUP: usize = 8;

/// Numbers of A in a group: 256 KiB in f32, which stay in L2.
const ROOM_OF_A: usize = 1 << 16;

/// A level's inner loops, compiled for its instructions.
pub(super) trait Tiles: Simd {
    /// Most rows of a tile.
    const ROWS: usize;

    /// Aᵀ is packed if C has so many columns; the second is for an Aᵀ whose steps collide, the third
    /// for one that comes from far caches.
    const PACK_TRANSPOSED_A_FROM: [usize; 3];

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
    /// Strips of A in a group.
    group: usize,
    pack_a: bool,
    pack_b: bool,
    /// B's panels need a pass of their own to be packed.
    transpose_b: bool,
    /// Numbers that packed A and packed B take.
    room: (usize, usize),
    how: How<'a>,
}

/// A slab's columns of A, and a block of B.
struct Block<'a> {
    a: Mat<'a>,
    b: Mat<'a>,
    beta: Beta,
}

impl<'a> Plan<'a> {
    fn new<S: Tiles>(a: Mat<'_>, b: Mat<'_>, n: usize, how: How<'a>) -> Plan<'a> {
        let panel = 2 * S::LANES;
        let transpose_b = b.col_stride() != 1;
        let pack_b = transpose_b || a.rows() > PACK_B_FROM * S::ROWS;
        let depth = a.cols().min(how.slab);
        let collides = |stride: usize| stride.is_multiple_of(COLLIDING);
        let pack_a = if a.col_stride() == 1 {
            collides(a.row_stride()) && n >= PACK_A_FROM
        } else {
            let kind = match a.rows() * depth {
                _ if collides(a.col_stride()) => 1,
                FAR.. => 2,
                _ => 0,
            };
            n >= S::PACK_TRANSPOSED_A_FROM[kind]
        };
        let pack_a = pack_a && a.rows() > S::ROWS;
        let group = (ROOM_OF_A / (depth * S::LANES)).clamp(1, GROUP);
        let a_room = if pack_a { group * depth * S::LANES } else { 0 };
        let b_room = if pack_b { depth * n.next_multiple_of(panel).min(WIDTH) } else { 0 };
        Plan { panel, group, pack_a, pack_b, transpose_b, room: (a_room, b_room), how }
    }

    /// The loops down to the groups; `packed` is the room for A and that for B.
    fn run<S: Tiles>(
        &self,
        simd: S,
        a: Mat<'_>,
        b: Mat<'_>,
        mut c: MatMut<'_>,
        mut packed: [&mut [Real]; 2],
    ) {
        let (m, k, n) = (a.rows(), a.cols(), c.cols());
        let strips = m.div_ceil(S::ROWS);
        for (p, depth) in even_cuts(k, self.how.slab) {
            let beta = if p == 0 { self.how.beta } else { Beta::One };
            for (first, panels) in even_cuts(n.div_ceil(self.panel), WIDTH / self.panel) {
                let j = first * self.panel;
                let width = (panels * self.panel).min(n - j);
                let block =
                    Block { a: a.block(0, p, m, depth), b: b.block(p, j, depth, width), beta };
                for first in (0..strips).step_by(self.group) {
                    let mut cuts = [(0, 0); GROUP];
                    let cuts = &mut cuts[..self.group.min(strips - first)];
                    for (s, cut) in cuts.iter_mut().enumerate() {
                        *cut = even_cut(m, strips, first + s);
                    }
                    let (start, rows) = (cuts[0].0, cuts.iter().map(|cut| cut.1).sum());
                    self.multiply_group(simd, &block, cuts, &mut packed, c.block(0, j, m, width));
                    if p + depth == k {
                        self.how.finish(j, c.block(start, j, rows, width));
                    }
                }
            }
        }
    }

    /// A group of strips, each (first row, rows), times a block of B. At the first group B is not packed
    /// yet.
    #[inline]
    fn multiply_group<S: Tiles>(
        &self,
        simd: S,
        block: &Block<'_>,
        strips: &[(usize, usize)],
        [a_packed, b_packed]: &mut [&mut [Real]; 2],
        mut c: MatMut<'_>,
    ) {
        let Block { a, b, beta } = *block;
        let (depth, n) = (b.rows(), b.cols());
        let strip_room = depth * S::LANES;
        if self.pack_a {
            simd.pack(Packing {
                from: strip_of(a),
                strips,
                depth,
                to: a_packed,
                to_strip: strip_room,
                to_step: S::LANES,
            });
        }
        for j in (0..n).step_by(self.panel) {
            let width = self.panel.min(n - j);
            let panel = panel_of(b, j);
            let step = width.next_multiple_of(S::LANES);
            let packed =
                if self.pack_b { &mut b_packed[j * depth..][..step * depth] } else { &mut [] };
            if self.transpose_b && strips[0].0 == 0 {
                simd.pack(Packing {
                    from: panel,
                    strips: &[(0, width)],
                    depth,
                    to: &mut *packed,
                    to_strip: step * depth,
                    to_step: step,
                });
            }
            for (s, &(i, rows)) in strips.iter().enumerate() {
                let strip = if self.pack_a {
                    let data = &a_packed[s * strip_room..][..strip_room];
                    Strip { data, lane_stride: 1, step: S::LANES }
                } else {
                    strip_of(a.block(i, 0, rows, depth))
                };
                let job = Job::of(depth, strip, panel, c.block(i, j, rows, width), beta);
                simd.tile(if !self.pack_b {
                    Job { b_is_whole: width.is_multiple_of(S::LANES), ..job }
                } else if i == 0 && !self.transpose_b {
                    let ahead = (j + self.panel < n).then(|| panel_of(b, j + self.panel));
                    Job { copy: Some(&mut *packed), ahead, ..job }
                } else {
                    let b = Strip { data: &*packed, lane_stride: 1, step };
                    Job { b, b_is_whole: true, ..job }
                });
            }
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
