//! Where do an array's numbers live, and what happens to the memory afterwards?
//!
//! A [`Buffer`] is a shared slice of numbers. When its last owner goes, it returns to a free list
//! of the thread it dies on, and the next buffer of that size takes it over. A training loop
//! therefore stops asking the allocator for memory after its first step: for small tensors
//! `malloc`, for large ones the page faults of fresh memory, cost as much as the arithmetic.
//!
//! A recycled buffer holds stale but initialised numbers, so it needs neither `unsafe` nor
//! zeroing; whoever takes one overwrites it. It starts at a cache line, as vectors like it.

use crate::Real;
use kernels::line::{LINE, Line, numbers, numbers_mut};
use std::cell::RefCell;
use std::sync::Arc;

/// Lines that a thread keeps for reuse: 1 GiB.
const KEPT_PER_THREAD: usize = 1 << 24;

/// Four size classes for each power of two.
const CLASSES: usize = 4 * usize::BITS as usize;

/// A shared slice of numbers, at least as long as it was asked to be.
#[derive(Clone, Debug)]
pub(crate) struct Buffer(
    /// Empty only while the buffer is being dropped.
    Option<Arc<[Line]>>,
);

impl Buffer {
    /// A buffer of at least `len` numbers, `fill`ed before anybody can see it. `fill` gets the
    /// first `len` numbers with stale contents.
    #[inline]
    pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut [Real])) -> Buffer {
        let mut lines = FreeLists::take(len);
        let unique = Arc::get_mut(&mut lines).expect("a buffer on a free list has one owner");
        fill(&mut numbers_mut(unique)[..len]);
        Buffer(Some(lines))
    }

    /// All its numbers.
    #[inline]
    pub(crate) fn numbers(&self) -> &[Real] {
        numbers(self.0.as_ref().expect("only a dropped buffer is empty"))
    }

    /// All its numbers, if nobody else can see them.
    pub(crate) fn unique(&mut self) -> Option<&mut [Real]> {
        let lines = self.0.as_mut().expect("only a dropped buffer is empty");
        Arc::get_mut(lines).map(numbers_mut)
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if let Some(lines) = self.0.take()
            // Two last owners on two threads may both see the other: then it is simply freed.
            && Arc::strong_count(&lines) == 1
        {
            FreeLists::put(lines);
        }
    }
}

struct FreeLists {
    classes: [Vec<Arc<[Line]>>; CLASSES],
    kept: usize,
}

thread_local! {
    static FREE: RefCell<FreeLists> =
        const { RefCell::new(FreeLists { classes: [const { Vec::new() }; CLASSES], kept: 0 }) };
}

impl FreeLists {
    #[inline]
    fn take(len: usize) -> Arc<[Line]> {
        let (class, lines) = size_class(len);
        let recycled = FREE
            .try_with(|free| {
                let free = &mut *free.borrow_mut();
                let lines = free.classes[class].pop();
                free.kept -= lines.as_ref().map_or(0, |lines| lines.len());
                lines
            })
            .ok()
            .flatten();
        recycled.unwrap_or_else(|| Arc::from(vec![Line::ZERO; lines]))
    }

    #[inline]
    fn put(lines: Arc<[Line]>) {
        // An error means that the thread, and its free lists, are ending: free the memory.
        let _ = FREE.try_with(|free| {
            let free = &mut *free.borrow_mut();
            let (class, count) = size_class(lines.len() * LINE);
            if free.kept + count <= KEPT_PER_THREAD {
                free.kept += count;
                free.classes[class].push(lines);
            }
        });
    }
}

/// The class of a length, and the lines of all buffers in it: 1 to 8, then a power of two or one of
/// the three even steps between two of them.
#[inline]
fn size_class(len: usize) -> (usize, usize) {
    let lines = len.div_ceil(LINE).max(1);
    if lines <= 8 {
        return (lines - 1, lines);
    }
    // 2^octave < lines <= 2^(octave + 1), in steps of a quarter of 2^octave.
    let octave = (lines - 1).ilog2();
    let step = 1 << (octave - 2);
    let steps = (lines - (1 << octave)).div_ceil(step);
    (4 * octave as usize + steps - 5, (1 << octave) + steps * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_class_wastes_at_most_a_fifth() {
        let mut previous = (0, 1);
        for len in 1..100_000 {
            let (class, lines) = size_class(len);
            let needed = len.div_ceil(LINE);
            assert!(lines >= needed && lines <= needed + needed / 4, "{len}: {lines}");
            assert_eq!(size_class(lines * LINE), (class, lines), "a class contains its own size");
            let next = class == previous.0 + 1 && lines > previous.1;
            assert!((class, lines) == previous || next, "{len}: {class} after {previous:?}");
            previous = (class, lines);
        }
    }

    #[test]
    fn a_buffer_is_recycled() {
        let first = Buffer::filled(1000, |x| x.fill(7.0));
        let address = first.numbers().as_ptr();
        drop(first);
        let second = Buffer::filled(900, |x| assert_eq!(x[0], 7.0, "stale, not zeroed"));
        assert_eq!(second.numbers().as_ptr(), address);
    }

    #[test]
    fn a_shared_buffer_is_not() {
        let first = Buffer::filled(1000, |x| x.fill(7.0));
        let other = first.clone();
        drop(first);
        let second = Buffer::filled(1000, |x| x.fill(8.0));
        assert_ne!(second.numbers().as_ptr(), other.numbers().as_ptr());
        assert_eq!(other.numbers()[0], 7.0);
    }
}
