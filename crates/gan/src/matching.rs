//! What can be asked of generated samples beside that D takes them for real?
//!
//! Terms for [`Game::generator_term`] that compare the batch of generated samples as a whole with
//! the batch of real ones.
//!
//! [`Game::generator_term`]: crate::Game::generator_term

use crate::Term;
use crate::losses::semi_supervised;
use autograd::{Real, Tensor, no_grad};
use layers::Module;

/// What the last hidden layer of a model makes of x, in evaluation: all its layers but the last.
///
/// # Panics
/// If the model is not made of at least two layers.
#[must_use]
#[track_caller]
pub fn features(model: &dyn Module, x: &Tensor) -> Tensor {
    let [hidden @ .., _] = model.children() else {
        panic!("features: `{}` has no layers\n  hint: use a Sequential", model.describe());
    };
    assert!(!hidden.is_empty(), "features: `{}` has one layer only", model.describe());
    hidden.iter().fold(x.clone(), |x, layer| layer.forward(&x))
}

/// Feature matching:  λ (1/k) Σ_j ( mean f_j(x) - mean f_j(G(z)) )²,  f the k [`features`] of the
/// discriminator.
///
/// The paper has this in place of the adversarial loss; here it is a term beside it.
///
/// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §3.1.
pub fn feature_matching(lambda: Real) -> Term {
    Box::new(move |table, _| {
        let real = no_grad(|| features(table.discriminator, table.real));
        lambda
            * semi_supervised::feature_matching(&real, &features(table.discriminator, table.fake))
    })
}

/// Moment matching:  λ (1/2k) Σ over the k features and k squares of features of
/// ( mean of real - mean of generated )².
///
/// It asks for the right place and width of the data and knows nothing of their form: a help for the
/// start of a training that has to fade.
pub fn moment_matching(lambda: Real) -> Term {
    Box::new(move |table, _| {
        let moments = |x: &Tensor| {
            let n = x.shape()[0];
            let x = x.reshape([n, x.shape().count() / n]);
            Tensor::concat(&[&x, &x.square()], 1)
        };
        let real = no_grad(|| moments(table.real));
        lambda * semi_supervised::feature_matching(&real, &moments(table.fake))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use autograd::{Rng, backward};
    use layers::{Activation, Init, Linear, Sequential};

    fn discriminator() -> Sequential {
        let mut rng = Rng::new(0, "weights");
        Sequential::new()
            .add(Linear::new(2, 3, Init::XavierUniform, &mut rng))
            .add(Activation::Tanh)
            .add(Linear::new(3, 1, Init::XavierUniform, &mut rng))
    }

    fn means(x: &Tensor, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let (n, k) = (x.shape()[0], x.shape()[1]);
        let mean = |j| (0..n).map(|i| f(f64::from(x.numbers()[k * i + j]))).sum::<f64>() / n as f64;
        (0..k).map(mean).collect()
    }

    #[test]
    fn terms_equal_their_formulas_and_reach_the_samples() {
        let model = discriminator();
        let mut rng = Rng::new(0, "samples");
        let real = Tensor::constant(rng.normal([5, 2]));
        let fake = Tensor::variable(rng.normal([4, 2]));
        let table = Table { discriminator: &model, real: &real, fake: &fake };
        let features = |x: &Tensor| {
            let hidden = &model.children()[0];
            hidden.forward(x).tanh()
        };
        let squares = |a: Vec<f64>, b: Vec<f64>| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).collect()
        };
        let of_features = squares(means(&features(&real), |f| f), means(&features(&fake), |f| f));
        let mut of_moments = squares(means(&real, |x| x), means(&fake, |x| x));
        of_moments.extend(squares(means(&real, |x| x * x), means(&fake, |x| x * x)));
        for (term, parts) in
            [(feature_matching(3.0), of_features), (moment_matching(3.0), of_moments)]
        {
            let found = term(&table, &mut rng);
            let expected = 3.0 * parts.iter().sum::<f64>() / parts.len() as f64;
            assert!((f64::from(found.item()) - expected).abs() < 1e-5, "{found} {expected}");
            let slope = backward(found, &[&fake]).remove(0).expect("the samples' gradient");
            assert!(slope.numbers().iter().all(|g| *g != 0.0));
        }
    }

    #[test]
    #[should_panic(expected = "features: `Linear 2 -> 1` has no layers")]
    fn a_single_layer_has_no_features() {
        let layer = Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let _ = features(&layer, &Tensor::full([1, 2], 0.0));
    }
}
