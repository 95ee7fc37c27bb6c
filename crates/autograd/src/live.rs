//! How many tensors are alive?
//!
//! A graph that somebody holds on to by mistake is a leak that no tool for memory finds. So builds
//! with debug assertions, such as tests, count. In others a node carries nothing for it.

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(debug_assertions)]
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// How many tensors are alive in this process, those inside graphs included; clones of a tensor
/// are one. Exists in builds with debug assertions.
#[cfg(debug_assertions)]
pub fn live_tensors() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Part of each node: counts it for as long as it lives.
pub(crate) struct Counted(());

impl Counted {
    #[inline]
    pub(crate) fn new() -> Counted {
        #[cfg(debug_assertions)]
        LIVE.fetch_add(1, Ordering::Relaxed);
        Counted(())
    }
}

#[cfg(debug_assertions)]
impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}
