//! On which numbers do the benches run?

use std::ops::{Deref, DerefMut};

use adversaria_kernels as kernels;
use kernels::Real;
use kernels::line::{Line, numbers, numbers_mut};

/// Bytes of a page of memory.
const PAGE: usize = 4096;

/// Numbers that start at a cache line, as an array's do.
///
/// Those that fit into a page lie in one. A masked store across two takes as long as a dozen others,
/// and where the allocator puts a few numbers is chance: of the lines of a page 63 would measure the
/// kernel, and the last one the page.
pub(crate) struct Numbers {
    lines: Vec<Line>,
    /// Lines before the numbers.
    start: usize,
    len: usize,
}

impl Numbers {
    /// Where results go: `len` times NaN.
    pub(crate) fn nan(len: usize) -> Numbers {
        let bytes = len * size_of::<Real>();
        let small = bytes <= PAGE;
        let lines = Line::zeros(if small { 2 * len } else { len });
        let to_next_page = lines.as_ptr().align_offset(PAGE);
        let cut = small && to_next_page * size_of::<Line>() < bytes;
        let start = if cut { to_next_page } else { 0 };
        let mut y = Numbers { lines, start, len };
        y.fill(Real::NAN);
        y
    }
}

impl Deref for Numbers {
    type Target = [Real];

    fn deref(&self) -> &[Real] {
        &numbers(&self.lines[self.start..])[..self.len]
    }
}

impl DerefMut for Numbers {
    fn deref_mut(&mut self) -> &mut [Real] {
        &mut numbers_mut(&mut self.lines[self.start..])[..self.len]
    }
}

/// Numbers in [low, high), none of them 0 for long.
pub(crate) fn random(len: usize, seed: u64, low: Real, high: Real) -> Numbers {
    let mut state = 2 * seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as Real / (1_u32 << 24) as Real
    };
    let mut x = Numbers::nan(len);
    x.iter_mut().for_each(|x| *x = low + (high - low) * next());
    x
}
