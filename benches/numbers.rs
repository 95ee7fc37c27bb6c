//! On which numbers do the benches run?

use std::ops::{Deref, DerefMut};

use adversaria_kernels as kernels;
use kernels::Real;
use kernels::line::{Line, numbers, numbers_mut};

/// Numbers that start at a cache line, as an array's do.
pub(crate) struct Numbers {
    lines: Vec<Line>,
    len: usize,
}

impl Numbers {
    /// Where results go: `len` times NaN.
    pub(crate) fn nan(len: usize) -> Numbers {
        let mut y = Numbers { lines: Line::zeros(len), len };
        y.fill(Real::NAN);
        y
    }
}

impl Deref for Numbers {
    type Target = [Real];

    fn deref(&self) -> &[Real] {
        &numbers(&self.lines)[..self.len]
    }
}

impl DerefMut for Numbers {
    fn deref_mut(&mut self) -> &mut [Real] {
        &mut numbers_mut(&mut self.lines)[..self.len]
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
