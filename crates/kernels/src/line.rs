//! How do numbers start at a cache line?
//!
//! A vector that straddles two lines costs two loads or stores, and an allocator promises 16 bytes
//! where a line has 64. Adding two arrays that lie in L1 takes less than half the time when all of
//! them start at a line. So buffers consist of [`Line`]s, and kernels see their numbers.

use crate::Real;
use std::slice;

/// Numbers in a cache line.
pub const LINE: usize = 64 / size_of::<Real>();

/// A cache line of numbers.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
pub struct Line([Real; LINE]);

impl Line {
    /// Zeros.
    pub const ZERO: Line = Line([0.0; LINE]);

    /// The fewest lines that hold `len` numbers, all 0.
    pub fn zeros(len: usize) -> Vec<Line> {
        vec![Line::ZERO; len.div_ceil(LINE)]
    }
}

/// The numbers of these lines.
#[inline]
pub fn numbers(lines: &[Line]) -> &[Real] {
    // SAFETY: a line is `LINE` numbers and nothing else, and has a larger alignment than a number.
    unsafe { slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
}

/// The numbers of these lines, to be overwritten.
#[inline]
pub fn numbers_mut(lines: &mut [Line]) -> &mut [Real] {
    // SAFETY: as above, and the lines are borrowed mutably.
    unsafe { slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_their_numbers_in_order_from_a_cache_line_on() {
        assert_eq!(size_of::<Line>(), 64);
        for (len, lines) in [(0, 0), (1, 1), (LINE, 1), (LINE + 1, 2)] {
            let mut buffer = Line::zeros(len);
            assert_eq!(buffer.len(), lines);
            let all = numbers_mut(&mut buffer);
            assert_eq!(all.as_ptr().align_offset(64), 0);
            all.iter_mut().enumerate().for_each(|(i, x)| *x = i as Real);
            let expected: Vec<Real> = (0..lines * LINE).map(|i| i as Real).collect();
            assert_eq!(numbers(&buffer), expected);
        }
    }
}
