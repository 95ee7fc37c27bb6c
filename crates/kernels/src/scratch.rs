//! Where do a kernel's intermediate numbers live?
//!
//! In buffers that each thread keeps: they grow to what the largest call needs and stay, so a
//! kernel in a loop neither allocates nor meets fresh pages.

use crate::Real;
use crate::line::{Line, numbers_mut};
use std::cell::RefCell;

thread_local! {
    /// Those not lent at the moment. A call inside another one gets the next.
    static KEPT: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// Lends `len` stale numbers, which start at a cache line, to `body`.
#[inline]
pub(crate) fn with_scratch<A>(len: usize, body: impl FnOnce(&mut [Real]) -> A) -> A {
    if len == 0 {
        return body(&mut []);
    }
    let mut buffer = KEPT.with_borrow_mut(Vec::pop).unwrap_or_default();
    if numbers_mut(&mut buffer).len() < len {
        buffer = Line::zeros(len);
    }
    let result = body(&mut numbers_mut(&mut buffer)[..len]);
    KEPT.with_borrow_mut(|kept| kept.push(buffer));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_lent_again_and_never_twice_at_once() {
        let first = with_scratch(100, |outer| {
            outer.fill(1.0);
            with_scratch(50, |inner| inner.fill(2.0));
            assert!(outer.iter().all(|x| *x == 1.0));
            assert_eq!(outer.as_ptr().align_offset(64), 0);
            outer.as_ptr()
        });
        with_scratch(100, |again| assert_eq!(again.as_ptr(), first));
    }
}
