//! Who runs a loop: this thread, or several?
//!
//! The only file that names rayon. Threads split *outputs*, in chunks whose length the caller
//! derives from the shape alone, so the thread count decides who computes a chunk and never
//! what is in it.
//!
//! What goes to other threads goes behind a `dyn`: rayon's queues and jobs are compiled once, not
//! for each of some hundred loops, and a call through a pointer is nothing beside a piece of work
//! that is worth a thread.

use rayon::prelude::*;

/// Fewer units of work than this stay on the calling thread. A unit is about a nanosecond.
///
/// Waking rayon's workers from outside its pool takes about 12 us; below some 60 us of work the
/// second core does not pay for that.
pub(crate) const PARALLEL_FROM: usize = 1 << 16;

/// Runs `body` on a thread of the pool, and returns what it returns.
///
/// From outside the pool each parallel loop puts its caller to sleep and wakes two workers, about
/// 12 us. Inside, the caller works on and another thread helps if it is free: a product of 128^3
/// takes both of 2 cores from there, at 370 GFLOP/s instead of 208. So a training loop that runs
/// in `body` is faster; between two loops nobody spins.
///
/// `body` sees its own thread's thread-local values, not the caller's. While that thread waits for
/// the rest of a parallel loop, it may run another `body` that was given to the pool.
pub fn in_pool<A: Send>(body: impl FnOnce() -> A + Send) -> A {
    rayon::scope(|_| body())
}

/// Runs `worker` on as many threads as the pool has, side by side, and returns when all are done.
///
/// Each has a pool of one thread, its own: a parallel loop inside stays on its thread, and no thread
/// takes over work of another. So what a worker computes is what it would compute alone, and whole
/// trainings can run side by side.
pub fn side_by_side(worker: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|| {
                let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                alone.expect("the system has a few threads").install(&worker);
            });
        }
    });
}

/// Calls `body(start, chunk)` for consecutive chunks of `out`, each `chunk_len` long except
/// perhaps the last; `start` is the index of the chunk's first element.
///
/// `work` is the cost of the whole in the unit of [`PARALLEL_FROM`].
pub(crate) fn for_each_chunk<T: Send>(
    out: &mut [T],
    chunk_len: usize,
    work: usize,
    body: impl Fn(usize, &mut [T]) + Sync,
) {
    let chunk_len = chunk_len.max(1);
    if work < PARALLEL_FROM || out.len() <= chunk_len {
        for (i, chunk) in out.chunks_mut(chunk_len).enumerate() {
            body(i * chunk_len, chunk);
        }
    } else {
        share_chunks(out, chunk_len, &body);
    }
}

fn share_chunks<T: Send>(out: &mut [T], chunk_len: usize, body: &(dyn Fn(usize, &mut [T]) + Sync)) {
    out.par_chunks_mut(chunk_len).enumerate().for_each(|(i, chunk)| body(i * chunk_len, chunk));
}

/// Cuts `out` into so many pieces at multiples of `unit`, and calls `body(first, piece)` for each,
/// side by side; `first` is the number of units before the piece. The last unit may be incomplete.
///
/// As for [`pieces`], an output must be computed in the same way in every piece.
pub(crate) fn for_each_cut<T: Send>(
    out: &mut [T],
    unit: usize,
    pieces: usize,
    body: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    cut(out, unit, pieces, 0, body);
}

fn cut<T: Send>(
    out: &mut [T],
    unit: usize,
    pieces: usize,
    first: usize,
    body: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    let units = out.len().div_ceil(unit);
    if pieces < 2 || units < 2 {
        return body(first, out);
    }
    let (some, others) = (pieces / 2, pieces - pieces / 2);
    let middle = units * some / pieces;
    let (left, right) = out.split_at_mut(middle * unit);
    fork(|| cut(left, unit, some, first, body), || cut(right, unit, others, first + middle, body));
}

/// How many pieces of outputs to cut `work` into, a piece for each thread that pays.
///
/// The number may depend on the threads because it cannot be seen in the outputs: use it only
/// where an output is computed in the same way in every piece.
pub(crate) fn pieces(work: usize) -> usize {
    // Inside the pool, a half that no worker has taken is computed by the thread that offers it.
    const INSIDE: usize = 1 << 13;
    // From outside, the calling thread sleeps while two workers wake up.
    const OUTSIDE: usize = PARALLEL_FROM / 2;
    if work < 2 * INSIDE {
        return 1;
    }
    let grain = if rayon::current_thread_index().is_some() { INSIDE } else { OUTSIDE };
    (work / grain).clamp(1, rayon::current_num_threads())
}

/// Runs both closures, side by side if `work` is large enough, and returns both results.
pub(crate) fn join<A: Send, B: Send>(
    work: usize,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if work < PARALLEL_FROM { (a(), b()) } else { fork(a, b) }
}

/// Runs both closures, side by side if a thread is free, and returns both results.
pub(crate) fn fork<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    let (mut a, mut b) = (Some(a), Some(b));
    let (mut of_a, mut of_b) = (None, None);
    share(&mut || of_a = a.take().map(|a| a()), &mut || of_b = b.take().map(|b| b()));
    (of_a.expect("a has run"), of_b.expect("b has run"))
}

fn share(a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
    rayon::join(a, b);
}

/// Runs `body` inside a pool of so many threads.
#[cfg(test)]
pub(crate) fn with_threads<A: Send>(threads: usize, body: impl FnOnce() -> A + Send) -> A {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("the system has a few threads").install(body)
}
