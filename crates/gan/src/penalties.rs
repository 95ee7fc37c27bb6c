//! How steep may the discriminator be?
//!
//! A penalty is an extra term of D's loss, for [`Game::discriminator_term`], on D's slope at some
//! points:
//!
//! | penalty | wants the slope to be | where |
//! |---|---|---|
//! | [`gradient_penalty`] | of length 1 | between real and generated samples |
//! | [`dragan`] | of length 1 | around real samples |
//! | [`r1`] | zero | at real samples |
//!
//! Each is made of the same parts: [`slopes`] differentiates D in its inputs and records how, and
//! [`unit_length`] or [`half_squares`] make a number of them, which is then differentiated in D's
//! weights. D is asked in evaluation: with batch norm in training a slope would not be one sample's
//! own. The slope of a D of packs is that of a whole pack. A D that compares the samples of a batch,
//! as minibatch discrimination does, has no such slopes, and no penalty here is meant for it.
//!
//! [`Game::discriminator_term`]: crate::Game::discriminator_term

use crate::{Table, Term};
use autograd::{Real, Shape, Tensor, grad};

/// Below this length a slope counts as 0, where √ has no finite derivative: its own gradient is
/// then 0, as that of PyTorch's norm is.
const SHORTEST: Real = 1e-15;

/// The slope of D at each sample:  gᵢ = ∇ₓ D(x) at x = xᵢ, recorded.
///
/// - `scores`: D's scores of x, each of its own sample or pack only: `[n, 1]`, or fewer of packs;
/// - `x`: a variable, `[n, ..]`, that the scores were computed from.
/// - Returns the shape of x. It depends on D's weights, and can be differentiated in them.
#[must_use]
#[track_caller]
pub fn slopes(scores: &Tensor, x: &Tensor) -> Tensor {
    // No two scores depend on one sample, so the gradient of the sum has the slopes of all.
    let [slopes] = grad(&scores.sum(), [x], true);
    slopes
}

/// The squared length of each row's slope over all its features: `[n]`.
#[track_caller]
fn squared_lengths(slopes: &Tensor) -> Tensor {
    let n = rows(slopes);
    slopes.square().reshape([n, slopes.shape().count() / n]).sum_over(1)
}

#[track_caller]
fn rows(x: &Tensor) -> usize {
    let n = x.shape().first().copied().unwrap_or(0);
    assert!(n > 0, "penalty: {} has no rows\n  hint: a batch is [n, ..]", x.shape());
    n
}

/// How far slopes are from length 1:  (1/n) Σᵢ (‖gᵢ‖ - 1)²,  ‖g‖ over all features of a sample.
///
/// - `slopes`: `[n, ..]`. Where one is 0 the value is 1 and the gradient 0.
/// - Returns `[]`.
///
/// # Panics
/// If there are no rows.
#[must_use]
#[track_caller]
pub fn unit_length(slopes: &Tensor) -> Tensor {
    let lengths = squared_lengths(slopes).clamp(SHORTEST * SHORTEST, Real::MAX).sqrt();
    (lengths - 1.0).square().mean()
}

/// How far slopes are from 0:  (1/2n) Σᵢ ‖gᵢ‖²,  ‖g‖ over all features of a sample.
///
/// - `slopes`: `[n, ..]`.
/// - Returns `[]`.
///
/// # Panics
/// If there are no rows.
#[must_use]
#[track_caller]
pub fn half_squares(slopes: &Tensor) -> Tensor {
    0.5 * squared_lengths(slopes).mean()
}

/// The slopes of the discriminator on the table at x: of each sample, or of each pack, whose slope is
/// in the numbers of all its samples.
#[track_caller]
fn slopes_at(table: &Table<'_>, x: &Tensor) -> Tensor {
    let x = Tensor::variable(x.value().clone());
    let slopes = slopes(&table.discriminator.forward(&x), &x);
    let packs = rows(&slopes) / table.discriminator.samples();
    slopes.reshape([packs, slopes.shape().count() / packs])
}

/// The gradient penalty of Wasserstein GANs:
///
/// λ E (‖∇D(x̂)‖ - 1)²,  x̂ = ε x + (1 - ε) G(z),  ε ~ U(0, 1), one for each sample, or for each pack
/// if D judges packs: a pack is one point of D's.
///
/// A critic that is best for its Lipschitz bound has slope 1 on straight lines between the pairs
/// that the distance joins, so it loses nothing by being asked for it there. The paper has λ = 10, its
/// program 0.1 for points in the plane.
///
/// # Panics
/// When used, if real and generated samples differ in shape.
///
/// Source: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", eq. 3 and Algorithm 1.
pub fn gradient_penalty(lambda: Real) -> Term {
    Box::new(move |table, rng| {
        let (real, fake) = (table.real.detach(), table.fake.detach());
        assert!(
            real.shape() == fake.shape(),
            "gradient_penalty: real samples are {}, generated ones {}\n  \
             hint: they are mixed in pairs",
            real.shape(),
            fake.shape()
        );
        let pack = table.discriminator.samples();
        let epsilon = Tensor::constant(rng.uniform(one_for_each(&real, pack), 0.0, 1.0));
        let same_in_a_pack: Vec<usize> = (0..rows(&real)).map(|row| row / pack).collect();
        let epsilon = if pack > 1 { epsilon.gather_rows(&same_in_a_pack) } else { epsilon };
        let mixed = &epsilon * real + (1.0 - &epsilon) * fake;
        lambda * unit_length(&slopes_at(table, &mixed))
    })
}

/// The shape of one number for each pack of samples, to be stretched over their features.
fn one_for_each(x: &Tensor, pack: usize) -> Shape {
    let size = |(axis, size): (usize, &usize)| if axis == 0 { *size / pack } else { 1 };
    x.shape().iter().enumerate().map(size).collect()
}

/// The penalty R1:  (γ/2) E ‖∇D(x)‖²  at real samples x.
///
/// With it, training converges near the equilibrium where D is flat on the data, also for data on a
/// line or at points, where the plain game circles for ever.
///
/// Source: Mescheder, Geiger, Nowozin 2018, "Which Training Methods for GANs do actually
/// Converge?", eq. 9.
pub fn r1(gamma: Real) -> Term {
    Box::new(move |table, _| gamma * half_squares(&slopes_at(table, table.real)))
}

/// DRAGAN's penalty:  λ E (‖∇D(x + δ)‖ - 1)²  around real samples x,  δ ~ N(0, σ² I).
///
/// It keeps D from sharp slopes where the data are, and asks nothing of it elsewhere.
///
/// Source: Kodali et al. 2017, "On Convergence and Stability of GANs", §2.3; there the variance σ²
/// is c, and the length asked for is a setting k, which the experiments take as 1.
pub fn dragan(lambda: Real, sigma: Real) -> Term {
    Box::new(move |table, rng| {
        let moved = rng.normal(*table.real.shape()).map(|delta| sigma * delta);
        let moved = table.real.detach() + Tensor::constant(moved);
        lambda * unit_length(&slopes_at(table, &moved))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Array, Rng};
    use layers::{Activation, Init, Linear, Module, Sequential, gradients};
    use std::sync::{Arc, Mutex};

    /// D(x) = 1/2 Σ a x² over all features: its slope at x is a x. It notes where it is asked.
    struct Bowl {
        a: Real,
        asked: Arc<Mutex<Vec<Tensor>>>,
    }

    impl Module for Bowl {
        fn describe(&self) -> String {
            "Bowl".to_owned()
        }

        fn forward(&self, x: &Tensor) -> Tensor {
            self.asked.lock().expect("nobody panics with it").push(x.detach());
            let n = x.shape()[0];
            let features = x.shape().count() / n;
            (0.5 * self.a * x.square()).reshape([n, features]).sum_keepdim(1)
        }
    }

    fn batch(purpose: &str) -> Tensor {
        Tensor::constant(Rng::new(1, purpose).normal([5, 2, 3]))
    }

    /// The value of a term on real and generated samples `[5, 2, 3]` with D(x) = 1/2 Σ a x², and
    /// the points that it asked D about.
    fn on_a_bowl(term: &Term, a: Real) -> (f64, Tensor) {
        let bowl = Bowl { a, asked: Arc::default() };
        let (real, fake) = (batch("real"), batch("fake"));
        let table = Table { discriminator: &bowl, real: &real, fake: &fake };
        let value = term(&table, &mut Rng::new(0, "penalty")).item();
        let asked = bowl.asked.lock().expect("nobody panics with it").pop();
        (f64::from(value), asked.expect("a penalty asks D"))
    }

    fn lengths(x: &Tensor) -> Vec<f64> {
        let squares = |row: &[Real]| row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        x.numbers().chunks(6).map(|row| squares(row).sqrt()).collect()
    }

    fn mean(x: impl Iterator<Item = f64>) -> f64 {
        x.sum::<f64>() / 5.0
    }

    #[test]
    fn penalty_equals_its_formula() {
        let a = 0.7;
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-5 * expected;
        for (term, weight) in [(gradient_penalty(10.0), 10.0), (dragan(3.0, 0.5), 3.0)] {
            let (found, x) = on_a_bowl(&term, a as Real);
            let expected = weight * mean(lengths(&x).iter().map(|x| (a * x - 1.0).powi(2)));
            assert!(near(found, expected), "{found} {expected}");
        }
        let (found, x) = on_a_bowl(&r1(4.0), a as Real);
        assert_eq!(x.numbers(), batch("real").numbers());
        let expected = 4.0 / 2.0 * mean(lengths(&x).iter().map(|x| (a * x).powi(2)));
        assert!(near(found, expected), "{found} {expected}");
    }

    /// ε from each feature of x̂ = ε x + (1 - ε) G(z).
    #[test]
    fn penalty_uses_one_epsilon_per_sample() {
        let (_, mixed) = on_a_bowl(&gradient_penalty(1.0), 1.0);
        let (real, fake) = (batch("real"), batch("fake"));
        let part = (mixed - &fake) / (real - fake);
        let of_samples: Vec<f64> = part.numbers().chunks(6).map(|row| f64::from(row[0])).collect();
        for (row, epsilon) in part.numbers().chunks(6).zip(&of_samples) {
            assert!((0.0..=1.0).contains(epsilon));
            assert!(row.iter().all(|part| (f64::from(*part) - epsilon).abs() < 1e-3), "{row:?}");
        }
        assert!(of_samples.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 1e-2));
    }

    #[test]
    #[should_panic(
        expected = "gradient_penalty: real samples are [5, 2, 3], generated ones [4, 2, 3]"
    )]
    fn a_penalty_on_gradients_wants_pairs() {
        let bowl = Bowl { a: 1.0, asked: Arc::default() };
        let (real, fake) = (batch("real"), batch("fake").slice(0, ..4));
        let table = Table { discriminator: &bowl, real: &real, fake: &fake };
        let _ = gradient_penalty(1.0)(&table, &mut Rng::new(0, "penalty"));
    }

    /// D(x) = w·x of packs: the slope at each is w, in all numbers of the pack.
    #[test]
    fn a_pack_has_one_slope_and_one_epsilon() {
        let (real, fake) = ([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]);
        let batch = |x: [Real; 4]| Tensor::new([4, 3], &x.map(|x| [x; 3]).concat());
        let (real, fake) = (batch(real), batch(fake));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let bowl = Bowl { a: 1.0, asked: asked.clone() };
        let packs = Sequential::new().add(layers::Pack::new(2)).add(bowl);
        let table = Table { discriminator: &packs, real: &real, fake: &fake };
        // D is 1/2 Σ x² of a pack, so its slope is as long as the pack.
        let length = |pack: &[Real]| pack.iter().map(|x| x * x).sum::<Real>().sqrt();
        let near = |found: Real, expected: Real| (found - expected).abs() < 1e-4 * expected;
        let of_real: Vec<Real> = real.numbers().chunks(6).map(length).collect();
        let expected = (of_real[0].powi(2) + of_real[1].powi(2)) / 4.0;
        let rng = &mut Rng::new(0, "penalty");
        let found = r1(1.0)(&table, rng).item();
        assert!(near(found, expected), "{found} {expected}");

        let found = gradient_penalty(1.0)(&table, rng).item();
        let mixed = asked.lock().expect("nobody panics with it").pop().expect("it is asked");
        let lengths = mixed.numbers().chunks(6).map(|pack| (length(pack) - 1.0).powi(2));
        let expected = lengths.sum::<Real>() / 2.0;
        assert!(near(found, expected), "{found} {expected}");
        // x̂ = x + 4 (1 - ε) in every number of a pack.
        let moved: Vec<Real> =
            mixed.numbers().iter().zip(real.numbers()).map(|(m, x)| m - x).collect();
        let same = |pack: &[Real]| pack.iter().all(|m| (m - pack[0]).abs() < 1e-5);
        assert!(moved.chunks(6).all(same) && (moved[0] - moved[6]).abs() > 1e-3, "{moved:?}");
    }

    #[test]
    fn dragan_asks_around_real_samples() {
        let asked = Arc::default();
        let bowl = Bowl { a: 1.0, asked: Arc::clone(&asked) };
        let real = Tensor::full([5000, 2], 3.0);
        let table = Table { discriminator: &bowl, real: &real, fake: &real };
        let _ = dragan(1.0, 0.5)(&table, &mut Rng::new(0, "penalty"));
        let points = asked.lock().expect("nobody panics with it").pop().expect("a penalty asks D");
        let moved = points - real;
        // Of 10,000 numbers: 0 and 0.25, of which the standard errors are 0.005 and 0.0035.
        let (mean, variance) = (moved.mean().item(), moved.square().mean().item());
        assert!(mean.abs() < 0.02 && (variance - 0.25).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn penalty_norm_covers_all_features() {
        // One slope of length 5 with its features on two axes, and one of length 1.
        let mut numbers = [0.0; 12];
        (numbers[0], numbers[5], numbers[6]) = (3.0, 4.0, 1.0);
        let slopes = Tensor::new([2, 2, 3], &numbers);
        assert_eq!(unit_length(&slopes).item(), (16.0 + 0.0) / 2.0);
        assert_eq!(half_squares(&slopes).item(), (25.0 + 1.0) / 4.0);
    }

    #[test]
    fn a_flat_discriminator_has_a_finite_penalty() {
        let x = Tensor::variable(Array::zeros([3, 2]));
        let penalty = unit_length(&x);
        assert!((penalty.item() - 1.0).abs() < 1e-6);
        let [slope] = grad(&penalty, [&x], false);
        assert_eq!(slope.numbers(), [0.0; 6]);
    }

    /// D(x) = w·x + b has the slope w everywhere, so all is known in closed form.
    #[test]
    fn penalty_reaches_the_weights() {
        let model = Linear::new(6, 1, Init::XavierUniform, &mut Rng::new(0, "weights"));
        let flat = |purpose| batch(purpose).reshape([5, 6]);
        let (real, fake) = (flat("real"), flat("fake"));
        let table = Table { discriminator: &model, real: &real, fake: &fake };
        let w: Vec<f64> =
            model.params()[0].tensor().numbers().iter().map(|w| f64::from(*w)).collect();
        let length = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        // d/dw of λ (‖w‖ - 1)² is 2 λ (1 - 1/‖w‖) w; of (γ/2) ‖w‖² it is γ w.
        let pull = 2.0 * 10.0 * (1.0 - 1.0 / length);
        for (term, factor) in
            [(gradient_penalty(10.0), pull), (dragan(10.0, 0.5), pull), (r1(3.0), 3.0)]
        {
            let loss = term(&table, &mut Rng::new(0, "penalty"));
            let found = gradients(loss, &model);
            let found = found.iter().next().expect("the weight's").numbers().to_vec();
            for (found, w) in found.iter().zip(&w) {
                assert!((f64::from(*found) - factor * w).abs() < 1e-5 * factor.abs(), "{found}");
            }
        }
    }

    #[test]
    fn gradients_of_a_penalty_are_those_of_finite_differences() {
        let mut rng = Rng::new(3, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
        let mut model = Sequential::new()
            .add(linear(6, 8))
            .add(Activation::Tanh)
            .add(linear(8, 8))
            .add(Activation::Softplus)
            .add(linear(8, 1));
        let flat = |purpose| batch(purpose).reshape([5, 6]);
        let (real, fake) = (flat("real"), flat("fake"));
        for term in [gradient_penalty(1.0), dragan(1.0, 0.5), r1(1.0)] {
            let loss = |model: &Sequential| {
                let table = Table { discriminator: model, real: &real, fake: &fake };
                term(&table, &mut Rng::new(0, "penalty"))
            };
            let found = gradients(loss(&model), &model);
            let found = f64::from(found.iter().next().expect("a gradient").numbers()[3]);
            let mut at = |step: Real| {
                let mut first = true;
                model.each_param_mut(&mut |param| {
                    if std::mem::take(&mut first) {
                        param.update(|w| w[3] += step);
                    }
                });
                f64::from(loss(&model).item())
            };
            let h = 1e-2;
            let (above, _, below) = (at(h), at(-h), at(-h));
            at(h);
            let expected = (above - below) / (2.0 * f64::from(h));
            assert!((found - expected).abs() < 1e-3 + 1e-2 * expected.abs(), "{found} {expected}");
        }
    }
}
