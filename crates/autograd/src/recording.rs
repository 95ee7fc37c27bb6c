//! When does a tensor remember how it was made?
//!
//! While its thread is recording, which it does unless a closure says otherwise.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Whether ops on this thread remember their inputs.
pub fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs `body` without recording: what it makes has no history and needs no gradient.
///
/// That is a switch of the thread. Programs that share rayon's pool do not see each other's if they
/// come into it by [`in_pool`](crate::in_pool) or run [`side_by_side`](crate::side_by_side).
///
/// ```
/// # use adversaria_autograd::{Array, Tensor, no_grad};
/// let x = Tensor::variable(Array::scalar(3.0));
/// assert!((&x * &x).needs_grad());
/// assert!(!no_grad(|| &x * &x).needs_grad());
/// ```
pub fn no_grad<T>(body: impl FnOnce() -> T) -> T {
    with_recording(false, body)
}

/// Runs `body` with recording switched on or off, and switches back even if it panics.
pub(crate) fn with_recording<T>(on: bool, body: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    body()
}
