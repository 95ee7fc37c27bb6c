//! Where do an array's numbers live, and what happens to the memory afterwards?
//!
//! A [`Buffer`] is a shared slice of numbers. When its last owner goes, it returns to a free list
//! of the thread it dies on, and the next buffer of that size takes it over. A training loop
//! therefore stops asking the allocator for memory after its first step: for small tensors
//! `malloc`, for large ones the page faults of fresh memory, cost as much as the arithmetic.
//!
//! A recycled buffer holds stale but initialised numbers, so it needs neither `unsafe` nor
//! zeroing; whoever takes one overwrites it.

use crate::Real;
use std::cell::RefCell;
use std::sync::Arc;

/// Numbers that a thread keeps for reuse: 1 GiB in f32.
const KEPT_PER_THREAD: usize = 1 << 28;

/// Four size classes for each power of two.
const CLASSES: usize = 4 * usize::BITS as usize;

/// A shared slice of numbers, at least as long as it was asked to be.
#[derive(Clone, Debug)]
pub(crate) struct Buffer(
    /// Empty only while the buffer is being dropped.
    Option<Arc<[Real]>>,
);

impl Buffer {
    /// A buffer of at least `len` numbers, `fill`ed before anybody can see it. `fill` gets the
    /// first `len` numbers with stale contents.
    #[inline]
    pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut [Real])) -> Buffer {
        let mut numbers = FreeLists::take(len);
        let unique = Arc::get_mut(&mut numbers).expect("a buffer on a free list has one owner");
        fill(&mut unique[..len]);
        Buffer(Some(numbers))
    }

    /// All its numbers.
    #[inline]
    pub(crate) fn numbers(&self) -> &[Real] {
        self.0.as_ref().expect("only a dropped buffer is empty")
    }

    /// All its numbers, if nobody else can see them.
    pub(crate) fn unique(&mut self) -> Option<&mut [Real]> {
        Arc::get_mut(self.0.as_mut().expect("only a dropped buffer is empty"))
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if let Some(numbers) = self.0.take()
            // Two last owners on two threads may both see the other: then it is simply freed.
            && Arc::strong_count(&numbers) == 1
        {
            FreeLists::put(numbers);
        }
    }
}

struct FreeLists {
    classes: [Vec<Arc<[Real]>>; CLASSES],
    kept: usize,
}

thread_local! {
    static FREE: RefCell<FreeLists> =
        const { RefCell::new(FreeLists { classes: [const { Vec::new() }; CLASSES], kept: 0 }) };
}

impl FreeLists {
    #[inline]
    fn take(len: usize) -> Arc<[Real]> {
        let (class, size) = size_class(len);
        let recycled = FREE
            .try_with(|free| {
                let free = &mut *free.borrow_mut();
                let numbers = free.classes[class].pop();
                free.kept -= numbers.as_ref().map_or(0, |numbers| numbers.len());
                numbers
            })
            .ok()
            .flatten();
        recycled.unwrap_or_else(|| Arc::from(vec![0.0; size]))
    }

    #[inline]
    fn put(numbers: Arc<[Real]>) {
        // An error means that the thread, and its free lists, are ending: free the memory.
        let _ = FREE.try_with(|free| {
            let free = &mut *free.borrow_mut();
            let (class, size) = size_class(numbers.len());
            if free.kept + size <= KEPT_PER_THREAD {
                free.kept += size;
                free.classes[class].push(numbers);
            }
        });
    }
}

/// The class of a length, and the length of all buffers in it: a power of two, or one of the
/// three even steps between two of them, and at least 16.
#[inline]
fn size_class(len: usize) -> (usize, usize) {
    let len = len.max(16);
    // 2^octave < len <= 2^(octave + 1), in steps of a quarter of 2^octave.
    let octave = (len - 1).ilog2();
    let step = 1 << (octave - 2);
    let steps = (len - (1 << octave)).div_ceil(step);
    (4 * octave as usize + steps - 1, (1 << octave) + steps * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_class_wastes_at_most_a_fifth() {
        let mut previous = (0, 0);
        for len in 1..100_000 {
            let (class, size) = size_class(len);
            assert!(size >= len && size <= (len + len / 4).max(16), "{len}: {size}");
            assert_eq!(size_class(size), (class, size), "a class contains its own size");
            assert!(class == previous.0 || size > previous.1);
            previous = (class, size);
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
