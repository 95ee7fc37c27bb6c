//! What do a sweep and an update hand back?

use adversaria_autograd::{Array, Op, Real, Tensor, backward, grad};

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
