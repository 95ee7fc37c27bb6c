//! Is a derivative right?
//!
//! The engine's directional derivative against the difference quotient, at a random place, in a
//! random direction v, with the outputs weighed by random numbers u:
//!
//! ```text
//! s(x) = Σ u f(x)          <v, ds/dx>   against   (s(x + h v) - s(x - h v)) / 2h
//! ```
//!
//! Random weights, because with equal ones a mistake can hide: softmax summed with ones is
//! constant, so even a missing derivative passes. For the same reason a check whose expected
//! value is too small to mean anything fails rather than passes.
//!
//! The second order is the same check of the function that returns the gradient,
//! (x, u) ↦ ds/dx. It is asked in f64, where a difference quotient has ten good digits; in f32 it
//! has about two, and the checks are that much more forgiving.

use crate::{Array, Real, Rng, Shape, Tensor, no_grad, vjp};

/// The step h: the cube root of the rounding error balances rounding against curvature.
const STEP: Real = if size_of::<Real>() == 8 { 6e-6 } else { 6e-3 };

/// Permitted difference: of the derivative where that is above 1, absolute where it is below.
const TOLERANCE: Real = if size_of::<Real>() == 8 { 1e-6 } else { 2e-2 };

/// Expected derivatives below this are no test.
const VACUOUS: Real = if size_of::<Real>() == 8 { 1e-4 } else { 1e-2 };

/// Random directions tried for each input.
const DIRECTIONS: u64 = 4;

/// Checks the first derivative of `f` in each of its inputs.
///
/// `f` must be smooth within the step of 6e-6 (6e-3 in f32) around the inputs, and must be a
/// function: the same inputs, the same outputs.
///
/// ```
/// use adversaria_autograd::{Array, Tensor, check};
///
/// let x = Array::new([2], &[0.3, -0.7]);
/// check::once(|x| x[0].tanh(), &[x]).expect("tanh is differentiated correctly");
/// ```
///
/// # Errors
/// If a derivative differs from its difference quotient, or is too small to tell.
pub fn once(f: impl Fn(&[Tensor]) -> Tensor, inputs: &[Array]) -> Result<(), String> {
    for i in 0..inputs.len() {
        along_directions(&f, inputs, &[i]).map_err(|why| format!("input {i}: {why}"))?;
    }
    Ok(())
}

/// Checks the first and the second derivative of `f` in each of its inputs.
///
/// # Errors
/// As [`once`].
pub fn twice(f: impl Fn(&[Tensor]) -> Tensor, inputs: &[Array]) -> Result<(), String> {
    once(&f, inputs).map_err(|why| format!("first derivative: {why}"))?;
    let y = no_grad(|| f(&inputs.iter().cloned().map(Tensor::constant).collect::<Vec<_>>()));
    // The weights of the outputs become an input of the gradient: it depends on them linearly,
    // so no check is vacuous where the second derivative in x is zero.
    let weights = signed(&mut Rng::new(0, "check: weights"), *y.shape());
    let extended: Vec<Array> = inputs.iter().cloned().chain([weights]).collect();
    let everything: Vec<usize> = (0..extended.len()).collect();
    for i in 0..inputs.len() {
        let gradient = |x: &[Tensor]| {
            let (u, x) = x.split_last().expect("the weights are the last input");
            let y = f(x);
            let dx = vjp(&y, u, &[&x[i]], true).pop().flatten();
            dx.unwrap_or_else(|| Tensor::constant(Array::zeros(*x[i].shape())))
        };
        along_directions(&gradient, &extended, &everything)
            .map_err(|why| format!("second derivative: input {i}: {why}"))?;
    }
    Ok(())
}

/// Compares the two derivatives in several directions of the chosen inputs. A direction in which
/// nothing happens is passed over, but not all of them may be.
fn along_directions(
    f: &impl Fn(&[Tensor]) -> Tensor,
    inputs: &[Array],
    chosen: &[usize],
) -> Result<(), String> {
    let mut vacuous = true;
    for seed in 0..DIRECTIONS {
        let (found, expected, scale) = directional(f, inputs, chosen, seed);
        // A quotient of large values is only as exact as their rounding over the step.
        let rounding = 4.0 * scale * Real::EPSILON / STEP;
        let tolerance = TOLERANCE * expected.abs().max(1.0) + rounding;
        // A NaN or an infinity on either side agrees with nothing.
        let agree = expected.is_finite() && (found - expected).abs() <= tolerance;
        if !agree {
            return Err(format!("the engine says {found:e}, the difference quotient {expected:e}"));
        }
        vacuous &= expected.abs() < VACUOUS;
    }
    if vacuous {
        return Err(format!("vacuous: every expected derivative is below {VACUOUS:e}"));
    }
    Ok(())
}

/// The derivative of Σ u f(x) along a random direction v of the chosen inputs, by the engine and
/// by a difference quotient, and the size of the terms that the latter subtracts.
fn directional(
    f: &impl Fn(&[Tensor]) -> Tensor,
    inputs: &[Array],
    chosen: &[usize],
    seed: u64,
) -> (Real, Real, Real) {
    let mut rng = Rng::new(seed, "check: directions");
    let v: Vec<Array> = inputs.iter().map(|x| signed(&mut rng, *x.shape())).collect();
    let x: Vec<Tensor> = inputs.iter().cloned().map(Tensor::variable).collect();
    let y = f(&x);
    let u = Tensor::constant(signed(&mut rng, *y.shape()));
    let asked: Vec<&Tensor> = chosen.iter().map(|i| &x[*i]).collect();
    let gradients = vjp(&y, &u, &asked, false);
    let found = gradients
        .iter()
        .zip(chosen)
        .map(|(dx, i)| dx.as_ref().map_or(0.0, |dx| dot(dx.numbers(), v[*i].numbers())));

    let s = |h: Real| {
        let moved: Vec<Tensor> = (0..inputs.len())
            .map(|i| {
                let h = if chosen.contains(&i) { h } else { 0.0 };
                Tensor::variable(inputs[i].zip(&v[i], "check", |x, v| x + h * v))
            })
            .collect();
        let y = f(&moved);
        dot(y.numbers(), u.numbers())
    };
    let (above, below) = (s(STEP), s(-STEP));
    (found.sum(), (above - below) / (2.0 * STEP), above.abs() + below.abs())
}

/// Random numbers of either sign, none of them near zero: each element counts.
fn signed(rng: &mut Rng, shape: Shape) -> Array {
    rng.uniform(shape, -1.0, 1.0).map(|x| x + (0.5 as Real).copysign(x))
}

fn dot(a: &[Real], b: &[Real]) -> Real {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Op;

    fn somewhere() -> [Array; 1] {
        [Rng::new(0, "somewhere").uniform([3, 2], 0.5, 1.5)]
    }

    /// y = x³, with the first or the second derivative wrong.
    struct WrongCube {
        factor: Real,
        forgets_x: bool,
    }

    impl Op<1> for WrongCube {
        const NAME: &'static str = "wrong cube";

        fn forward(&self, [x]: [&Array; 1]) -> Array {
            x.map(|x| x * x * x)
        }

        fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, dy: &Tensor) -> Tensor {
            let x = if self.forgets_x { x.detach() } else { x.clone() };
            self.factor * x.square() * dy
        }
    }

    #[test]
    fn right_derivatives_pass() {
        twice(|x| WrongCube { factor: 3.0, forgets_x: false }.apply([&x[0]]), &somewhere())
            .unwrap();
    }

    #[test]
    fn a_wrong_first_derivative_fails() {
        let wrong = |x: &[Tensor]| WrongCube { factor: 3.3, forgets_x: false }.apply([&x[0]]);
        let why = twice(wrong, &somewhere()).unwrap_err();
        assert!(why.starts_with("first derivative: input 0: the engine says"), "{why}");
    }

    #[test]
    fn a_number_saved_from_an_input_fails_at_second_order() {
        let wrong = |x: &[Tensor]| WrongCube { factor: 3.0, forgets_x: true }.apply([&x[0]]);
        let why = twice(wrong, &somewhere()).unwrap_err();
        assert!(why.starts_with("second derivative: input 0: the engine says"), "{why}");
    }

    #[test]
    fn a_gradient_that_is_not_finite_fails() {
        for factor in [Real::NAN, Real::INFINITY] {
            let wrong = |x: &[Tensor]| WrongCube { factor, forgets_x: false }.apply([&x[0]]);
            assert!(once(wrong, &somewhere()).is_err());
        }
        assert!(once(|x| &x[0] * Real::NAN, &somewhere()).is_err());
    }

    #[test]
    fn vacuous_gradient_checks_fail() {
        let why = once(|x| &x[0] * 0.0, &somewhere()).unwrap_err();
        assert!(why.contains("vacuous"), "{why}");
    }
}
