//! Which thread runs a program, and what does it know of the one that asked?
//!
//! A thread of the pool that waits for the other half of its loop takes over whatever else the pool
//! has to do, and that may be another program. It would find the switches of the one that waits:
//! that nothing is recorded, or that a guard looks at each op. So a program brings its own.

use crate::anomaly::Watch;
use crate::recording::{is_recording, with_recording};

/// Runs `body` on a thread of the pool, and returns what it returns. A training loop is faster there
/// ([`kernels::in_pool`] says why).
///
/// `body` records if its caller does ([`no_grad`](crate::no_grad)), and a [`guard`](crate::anomaly::guard)
/// around the call watches it. Other thread-local values are those of the pool's thread.
///
/// ```
/// # use adversaria_autograd::{in_pool, is_recording, no_grad};
/// assert!(in_pool(is_recording));
/// assert!(!no_grad(|| in_pool(is_recording)));
/// ```
pub fn in_pool<A: Send>(body: impl FnOnce() -> A + Send) -> A {
    let recording = is_recording();
    let mut own = Watch::default();
    let lent = own.swapped();
    kernels::in_pool(|| with_recording(recording, || lent.0.during(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, anomaly, no_grad};
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_program_that_a_waiting_thread_takes_over_knows_nothing_of_the_one_that_waits() {
        let over = AtomicBool::new(false);
        let n = 200;
        let product = || {
            let x = Tensor::full([n, n], 0.5);
            let _ = no_grad(|| x.matmul(&x));
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        in_pool(product)
                    }
                });
            }
            let wrong = (0..2000).filter(|_| !in_pool(is_recording)).count();
            over.store(true, Ordering::Relaxed);
            assert_eq!(wrong, 0);
        });
    }

    #[test]
    fn a_guard_watches_the_pool_for_its_caller_only() {
        let zero_over_zero = || Tensor::scalar(0.0) / 0.0;
        let anomaly = anomaly::guard(|| in_pool(zero_over_zero)).unwrap_err();
        assert!(anomaly.to_string().starts_with("div made NaN"), "{anomaly}");
        // The guard goes on where the pool left it, and ends with its body.
        assert!(anomaly::guard(|| [in_pool(|| Tensor::scalar(1.0)), zero_over_zero()]).is_err());
        assert!(anomaly::guard(|| in_pool(|| Tensor::scalar(1.0))).is_ok());
        let _ = in_pool(zero_over_zero);
    }

    #[test]
    fn a_guard_goes_on_behind_a_body_that_panicked() {
        let report = anomaly::guard(|| {
            let _ = catch_unwind(|| in_pool::<()>(|| panic!("stop")));
            Tensor::scalar(0.0) / 0.0
        });
        assert_eq!(report.unwrap_err().op, "div");
    }
}
