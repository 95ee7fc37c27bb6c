//! How does each optimiser change weights, in one pass over the memory?
//!
//! A [`Rule`] says what happens to one weight. [`update`] applies it to all of them: weights,
//! gradients and what is remembered of earlier ones stream past once, in the vectors of the CPU's
//! level and on several threads.

use crate::elementwise::TASK;
use crate::on_level::on_level;
use crate::{Real, par};

/// How one weight moves, with N numbers remembered of it.
pub trait Rule<const N: usize>: Copy + Sync {
    /// The weight w after a step with gradient g, and what to remember of it from now on.
    ///
    /// Mark it `#[inline(always)]`: only what is inlined becomes vector instructions.
    fn step(self, w: Real, g: Real, memory: [Real; N]) -> (Real, [Real; N]);
}

/// (w_i, memory_i) ← rule(w_i, g_i, memory_i).
///
/// # Panics
/// If the lengths differ.
pub fn update<const N: usize>(
    rule: impl Rule<N>,
    w: &mut [Real],
    g: &[Real],
    memory: [&mut [Real]; N],
) {
    let same = |len| len == w.len();
    assert!(same(g.len()) && memory.iter().all(|m| same(m.len())), "update: lengths differ");
    let work = w.len();
    halve(rule, w, g, memory, work);
}

fn halve<const N: usize>(
    rule: impl Rule<N>,
    w: &mut [Real],
    g: &[Real],
    memory: [&mut [Real]; N],
    work: usize,
) {
    if work < par::PARALLEL_FROM || w.len() <= TASK {
        return on_level(w.len(), (rule, w, g, memory), update_body);
    }
    let half = w.len().div_ceil(2 * TASK) * TASK;
    let ((w, w_right), (g, g_right)) = (w.split_at_mut(half), g.split_at(half));
    let mut right = [(); N].map(|()| Default::default());
    let mut k = 0;
    let left = memory.map(|m| {
        let (left, rest) = m.split_at_mut(half);
        right[k] = rest;
        k += 1;
        left
    });
    par::fork(|| halve(rule, w, g, left, work), || halve(rule, w_right, g_right, right, work));
}

#[inline(always)]
fn update_body<const N: usize>(
    (rule, w, g, mut memory): (impl Rule<N>, &mut [Real], &[Real], [&mut [Real]; N]),
) {
    for (i, (w, g)) in w.iter_mut().zip(g).enumerate() {
        let mut old = [0.0; N];
        for (old, m) in old.iter_mut().zip(&memory) {
            *old = m[i];
        }
        let (moved, new) = rule.step(*w, *g, old);
        *w = moved;
        for (new, m) in new.into_iter().zip(&mut memory) {
            m[i] = new;
        }
    }
}

/// Gradient descent:  w ← w - η g.
#[derive(Clone, Copy, Debug)]
pub struct Descent {
    /// η
    pub rate: Real,
}

impl Rule<0> for Descent {
    #[inline(always)]
    fn step(self, w: Real, g: Real, _: [Real; 0]) -> (Real, [Real; 0]) {
        (w - self.rate * g, [])
    }
}

/// Momentum:  u ← μ u + g,  w ← w - η u.
///
/// Source: Polyak 1964, "Some methods of speeding up the convergence of iteration methods", with a
/// velocity that does not contain η.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// η
    pub rate: Real,
    /// μ
    pub momentum: Real,
}

impl Rule<1> for Momentum {
    #[inline(always)]
    fn step(self, w: Real, g: Real, [u]: [Real; 1]) -> (Real, [Real; 1]) {
        let u = self.momentum * u + g;
        (w - self.rate * u, [u])
    }
}

/// Nesterov's momentum:  u ← μ u + g,  w ← w - η (g + μ u).
///
/// Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep
/// learning", in the form of PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct Nesterov {
    /// η
    pub rate: Real,
    /// μ
    pub momentum: Real,
}

impl Rule<1> for Nesterov {
    #[inline(always)]
    fn step(self, w: Real, g: Real, [u]: [Real; 1]) -> (Real, [Real; 1]) {
        let u = self.momentum * u + g;
        (w - self.rate * (g + self.momentum * u), [u])
    }
}

/// RMSProp:  v ← ρ v + (1 - ρ) g²,  w ← w - η g / (√v + ε).
///
/// Source: Tieleman, Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5; ε outside
/// the root as in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct RmsProp {
    /// η
    pub rate: Real,
    /// ρ
    pub rho: Real,
    /// ε
    pub epsilon: Real,
}

impl Rule<1> for RmsProp {
    #[inline(always)]
    fn step(self, w: Real, g: Real, [v]: [Real; 1]) -> (Real, [Real; 1]) {
        let v = self.rho * v + (1.0 - self.rho) * g * g;
        (w - self.rate * g / (v.sqrt() + self.epsilon), [v])
    }
}

/// Adam, and AdamW where s < 1:
///
/// m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  w ← s w - r m / (c √v + ε).
///
/// With r = η / (1 - β₁ᵗ) and c = 1 / √(1 - β₂ᵗ) that is η m̂ / (√v̂ + ε) with one division a
/// weight instead of three.
///
/// Source: Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", Algorithm 1; Loshchilov,
/// Hutter 2019, "Decoupled Weight Decay Regularization", Algorithm 2, for s = 1 - η λ.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    /// s
    pub shrink: Real,
    /// r
    pub rate: Real,
    /// β₁
    pub beta1: Real,
    /// β₂
    pub beta2: Real,
    /// c
    pub correction: Real,
    /// ε
    pub epsilon: Real,
}

impl Rule<2> for Adam {
    #[inline(always)]
    fn step(self, w: Real, g: Real, [m, v]: [Real; 2]) -> (Real, [Real; 2]) {
        let m = self.beta1 * m + (1.0 - self.beta1) * g;
        let v = self.beta2 * v + (1.0 - self.beta2) * g * g;
        (self.shrink * w - self.rate * m / (v.sqrt() * self.correction + self.epsilon), [m, v])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in [-1/2, 1/2) without a short period.
    fn numbers(len: usize, factor: usize) -> Vec<Real> {
        (0..len).map(|i| (i * factor % 9973) as Real / 9973.0 - 0.5).collect()
    }

    /// Two steps of `update` against the rule, weight by weight.
    fn check<const N: usize>(rule: impl Rule<N>) {
        for len in [0, 1, 33, TASK - 1, 5 * TASK + 17] {
            let (mut w, g) = (numbers(len, 7919), numbers(len, 104_729));
            let mut memory = [(); N].map(|()| vec![0.0; len]);
            let mut expected: Vec<(Real, [Real; N])> = w.iter().map(|w| (*w, [0.0; N])).collect();
            for _ in 0..2 {
                update(rule, &mut w, &g, memory.each_mut().map(Vec::as_mut_slice));
                for ((w, memory), g) in expected.iter_mut().zip(&g) {
                    (*w, *memory) = rule.step(*w, *g, *memory);
                }
            }
            for (i, (moved, remembered)) in expected.into_iter().enumerate() {
                assert_eq!(w[i].to_bits(), moved.to_bits(), "weight {i} of {len}");
                assert_eq!(memory.each_ref().map(|m| m[i]), remembered, "weight {i} of {len}");
            }
        }
    }

    #[test]
    fn an_update_is_its_rule_for_every_weight() {
        check(Descent { rate: 0.1 });
        check(Momentum { rate: 0.1, momentum: 0.9 });
        check(Nesterov { rate: 0.1, momentum: 0.9 });
        check(RmsProp { rate: 0.1, rho: 0.9, epsilon: 1e-8 });
        let correction = Real::sqrt(1000.0);
        let (rate, beta1, beta2, epsilon) = (0.1, 0.9, 0.999, 1e-8);
        check(Adam { shrink: 0.999, rate, beta1, beta2, correction, epsilon });
    }

    #[test]
    fn the_first_step_of_adam_is_the_learning_rate() {
        // m̂ = g and v̂ = g², so w moves by η against the sign of g.
        let (beta1, beta2) = (0.9, 0.999);
        let rate = 0.01 / (1.0 - beta1);
        let correction = 1.0 / Real::sqrt(1.0 - beta2);
        let rule = Adam { shrink: 1.0, rate, beta1, beta2, correction, epsilon: 0.0 };
        for g in [3.0, -0.5, 1e-3] {
            let (w, _) = rule.step(1.0, g, [0.0; 2]);
            assert!((w - (1.0 - 0.01 * g.signum())).abs() < 1e-5, "{g}: {w}");
        }
    }

    #[test]
    #[should_panic(expected = "update: lengths differ")]
    fn lengths_must_agree() {
        update(Descent { rate: 0.1 }, &mut [1.0, 2.0], &[1.0], []);
    }
}
