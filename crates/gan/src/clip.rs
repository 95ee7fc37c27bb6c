//! What if a gradient is too large?

use autograd::{Real, Tensor};
use layers::Gradients;

/// A bound on gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clip {
    /// Each element:  g ← min(max(g, -c), c).
    Value(Real),
    /// All gradients together:  g ← g · min(1, c / N),  N = √(Σ g²) over every element of every
    /// parameter.
    ///
    /// Source: Pascanu, Mikolov, Bengio 2013, "On the difficulty of training recurrent neural
    /// networks", Algorithm 1.
    GlobalNorm(Real),
}

impl Clip {
    /// # Panics
    /// If the bound is not a positive number.
    #[track_caller]
    pub(crate) fn check(self) {
        let (Clip::Value(c) | Clip::GlobalNorm(c)) = self;
        assert!(c > 0.0 && c.is_finite(), "clip: the bound {c} is not a positive number");
    }

    /// The gradients within the bound.
    #[must_use]
    pub fn apply(self, gradients: &Gradients) -> Gradients {
        match self {
            Clip::Value(c) => gradients.map(|g| g.clamp(-c, c)),
            Clip::GlobalNorm(c) => {
                let norm = global_norm(gradients);
                if norm <= c {
                    return gradients.clone();
                }
                gradients.map(|g| g * (c / norm))
            }
        }
    }
}

/// √(Σ g²) over every element of every gradient.
pub fn global_norm(gradients: &Gradients) -> Real {
    // In f64, where the square of no f32 overflows.
    let squares = |g: &Tensor| g.numbers().iter().map(|g| f64::from(*g).powi(2)).sum::<f64>();
    gradients.iter().map(squares).sum::<f64>().sqrt() as Real
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Rng;
    use layers::{Init, Linear, Module, gradients};

    /// d/dw of 3 w₀ - 4 w₁, with the bias left out.
    fn example() -> Gradients {
        let layer = Linear::new(2, 1, Init::Zeros, &mut Rng::new(0, "weights"));
        let slopes = Tensor::new([2, 1], &[3.0, -4.0]);
        let loss = (layer.params()[0].tensor() * slopes).sum();
        gradients(loss, &layer)
    }

    fn numbers(gradients: &Gradients) -> Vec<Real> {
        gradients.iter().flat_map(|g| g.numbers().to_vec()).collect()
    }

    #[test]
    fn values_are_clipped_one_by_one() {
        assert_eq!(numbers(&Clip::Value(3.5).apply(&example())), [3.0, -3.5]);
    }

    #[test]
    fn the_global_norm_keeps_the_direction() {
        let g = example();
        assert_eq!(global_norm(&g), 5.0);
        assert_eq!(numbers(&Clip::GlobalNorm(2.5).apply(&g)), [1.5, -2.0]);
        assert_eq!(numbers(&Clip::GlobalNorm(5.0).apply(&g)), [3.0, -4.0]);
    }
}
