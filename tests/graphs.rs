//! Do graphs of every form and length differentiate, and disappear, as they should?

use std::thread;

use autograd::{Array, Real, Tensor, grad};

fn variable(x: Real) -> Tensor {
    Tensor::variable(Array::scalar(x))
}

/// On a stack of 2 MiB, which is what a thread gets by default: any recursion along a chain of a
/// million nodes would overflow it.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(test);
    thread.expect("a thread starts").join().expect("the test passes");
}

#[test]
fn reused_node_gets_the_sum_of_its_paths() {
    // b = a + a and c = b + b: dc/da = 4. Undoing b before both of its uses would give 2.
    let a = variable(3.0);
    let b = &a + &a;
    let c = &b + &b;
    let [da, db] = grad(&c, [&a, &b], false);
    assert_eq!([c.item(), da.item(), db.item()], [12.0, 4.0, 2.0]);
    // A use that skips a generation: d = c b, dd/da = dc/da b + c db/da = 4 · 6 + 12 · 2.
    let [da] = grad(&(&c * &b), [&a], false);
    assert_eq!(da.item(), 48.0);
}

#[test]
fn diamond_of_64_levels_is_linear() {
    // y = y + y, 64 times: 64 nodes, but 2^64 paths, which nobody could walk.
    let x = variable(1.0);
    let mut y = x.clone();
    for _ in 0..64 {
        y = &y + &y;
    }
    let [dx] = grad(&y, [&x], false);
    assert_eq!(dx.item(), (2.0 as Real).powi(64));
}

#[test]
fn chain_of_a_million_steps() {
    on_a_small_stack(|| {
        let x = variable(0.5);
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y + 1.0;
        }
        let [dx] = grad(&y, [&x], false);
        assert_eq!(dx.item(), 1.0);
    });
}

#[test]
fn dropping_a_long_chain_does_not_recurse() {
    on_a_small_stack(|| {
        let mut y = variable(0.5);
        let mut branches = Vec::new();
        for i in 0..1_000_000 {
            y = -y;
            if i % 100_000 == 0 {
                branches.push(y.clone());
            }
        }
        drop(y);
        // What somebody still holds survives with its history.
        let [first] = grad(&branches[1], [&branches[0]], false);
        assert_eq!(first.item(), 1.0);
        drop(branches);
    });
}

#[test]
fn dropping_a_chain_of_second_derivatives_does_not_recurse() {
    on_a_small_stack(|| {
        let x = variable(0.5);
        let mut y = x.clone();
        for _ in 0..100_000 {
            y = &y * 1.00001;
        }
        let [dx] = grad(&y, [&x], true);
        let [ddx] = grad(&dx, [&x], false);
        assert!((dx.item() - std::f64::consts::E as Real).abs() < 0.01);
        assert_eq!(ddx.item(), 0.0);
    });
}

#[test]
fn a_graph_keeps_the_weights_it_was_made_with() {
    // The generator's graph still reads w when w moves: its gradient uses the old number.
    let mut w = variable(2.0);
    let x = variable(5.0);
    let y = &w * &x;
    w.update(|w| w[0] = 100.0);
    let [dx] = grad(&y, [&x], false);
    assert_eq!([dx.item(), w.item()], [2.0, 100.0]);
    // When no graph reads it, it moves in place.
    drop(y);
    let address = w.numbers().as_ptr();
    w.update(|w| w[0] = 3.0);
    assert_eq!((w.item(), w.numbers().as_ptr()), (3.0, address));
}

#[test]
fn detached_tensors_stop_the_sweep() {
    let x = variable(3.0);
    let y = x.square();
    let [dx] = grad(&(y.detach() * &x), [&x], false);
    assert_eq!(dx.item(), 9.0);
}

#[test]
fn recording_comes_back_after_a_panic() {
    let x = variable(1.0);
    let panicked = std::panic::catch_unwind(|| {
        autograd::no_grad(|| {
            let _ = Tensor::full([2], 0.0) + Tensor::full([3], 0.0);
        })
    });
    assert!(panicked.is_err() && autograd::is_recording());
    assert!((&x + 1.0).needs_grad());
}
