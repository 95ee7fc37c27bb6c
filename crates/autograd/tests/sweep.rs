//! What do a sweep and an update hand back?

use adversaria_autograd::{Array, Op, Real, Tensor, backward, grad, vjp};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn variable(x: Real) -> Tensor {
    Tensor::variable(Array::scalar(x))
}

#[test]
fn gradients_come_in_the_order_asked() {
    let [a, b, c] = [2.0, 5.0, 7.0].map(variable);
    let gradients = backward(&a * &b, &[&b, &c, &a]);
    let gradients: Vec<Option<Real>> =
        gradients.iter().map(|dx| dx.as_ref().map(Tensor::item)).collect();
    assert_eq!(gradients, [Some(2.0), None, Some(5.0)]);
}

#[test]
fn a_result_that_is_asked_about_keeps_its_gradient() {
    let x = variable(3.0);
    let y = x.square();
    let z = 5.0 * &y;
    let [dz, dy, dx] = grad(&z, [&z, &y, &x], false);
    assert_eq!([dz.item(), dy.item(), dx.item()], [1.0, 5.0, 30.0]);
    let [dy] = grad(&z, [&y], false);
    assert_eq!(dy.item(), 5.0);
}

#[test]
fn a_variable_moves_in_place_and_a_shared_one_on_a_copy() {
    let mut w = variable(2.0);
    let (id, address) = (w.id(), w.numbers().as_ptr());
    w.update(|w| w[0] = 3.0);
    assert_eq!((w.item(), w.id(), w.numbers().as_ptr()), (3.0, id, address));
    let held = w.clone();
    w.update(|w| w[0] = 4.0);
    assert_eq!([w.item(), held.item()], [4.0, 3.0]);
    assert!(w.id() != id && w.needs_grad());
}

#[test]
fn a_result_that_is_updated_forgets_its_history() {
    let x = variable(3.0);
    let mut y = x.square();
    y.update(|y| y[0] = 10.0);
    let [dy, dx] = grad(&y.square(), [&y, &x], false);
    assert_eq!([dy.item(), dx.item()], [20.0, 0.0]);
}

/// The sum of x, whose derivative forgets to stretch dy to the shape of x.
struct Forgetful;

impl Op<1> for Forgetful {
    const NAME: &'static str = "forgetful";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        Array::scalar(x.numbers().iter().sum())
    }

    fn vjp(&self, _: usize, _: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
        dy.clone()
    }
}

#[test]
#[should_panic(
    expected = "forgetful: vjp 0 returned the left shape for an input of the right one\n  hint: `sum_to` undoes a broadcast"
)]
fn a_derivative_of_another_shape_is_refused() {
    let x = Tensor::variable(Array::zeros([3]));
    let _ = grad(&Forgetful.apply([&x]), [&x], false);
}

/// y = a + b, with a derivative that counts how often it is asked and answers for both.
struct Generous(Arc<AtomicUsize>);

impl Op<2> for Generous {
    const NAME: &'static str = "generous";

    fn forward(&self, [a, b]: [&Array; 2]) -> Array {
        a.zip(b, Self::NAME, |a, b| a + b)
    }

    fn vjp(&self, _: usize, _: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> Tensor {
        dy.clone()
    }

    fn vjps(&self, _: [bool; 2], _: [&Tensor; 2], _: &Tensor, dy: &Tensor) -> [Option<Tensor>; 2] {
        self.0.fetch_add(1, Ordering::Relaxed);
        [Some(dy.clone()), Some(dy.clone())]
    }
}

#[test]
fn a_derivative_that_is_not_wanted_is_dropped() {
    let [a, b] = [1.0, 2.0].map(|number| Tensor::variable(Array::scalar(number)));
    for b in [b.detach(), b] {
        let y = Generous(Arc::default()).apply([&a, &b]);
        let [da] = grad(&y, [&a], false);
        assert_eq!(da.item(), 1.0);
    }
}

#[test]
fn an_op_none_of_whose_derivatives_is_wanted_is_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let [a, other] = [1.0, 2.0].map(|number| Tensor::variable(Array::scalar(number)));
    let y = Generous(Arc::clone(&asked)).apply([&a, &a]);
    assert!(vjp(&y, &Tensor::scalar(1.0), &[&other], false)[0].is_none());
    assert_eq!(grad(&(&y * 3.0), [&y], false)[0].item(), 3.0);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert_eq!(grad(&y, [&a], false)[0].item(), 2.0);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
