//! How does reverse-mode differentiation work?
//!
//! By the chain rule, from the result back to the inputs. Three passes:
//!
//! 1. **Collect** y's recorded ancestors, newest first. Ids grow from inputs to results, so
//!    newest first means that a node comes before everything it was made from.
//! 2. **Mark** those that lead to a tensor whose gradient is wanted. All others are skipped: a
//!    generator's step never computes the gradients of the discriminator's weights.
//! 3. **Sweep** from y back. Where a tensor was used several times, its gradients add up. The
//!    order guarantees that a node is undone only after all of its uses, hence exactly once.
//!
//! Nothing here recurses, and gradients are returned rather than stored: there is nothing to
//! reset between two sweeps, and no way to mix the gradients of two losses.

use crate::recording::with_recording;
use crate::{Array, Tensor, anomaly};
use std::collections::BTreeMap;

/// dy/dx for each x of `wrt`, of x's shape; zeros for an x that y does not depend on.
///
/// With `create_graph`, the gradients are recorded, even inside `no_grad`, and can be
/// differentiated again. A constant has no gradient, so it counts as one that y does not depend on.
///
/// ```
/// # use adversaria_autograd::{Array, Tensor, grad};
/// let x = Tensor::variable(Array::scalar(3.0));
/// let [dx] = grad(&(&x * &x), [&x], true); //   2 x
/// let [ddx] = grad(&dx, [&x], false); //        2
/// assert_eq!([dx.item(), ddx.item()], [6.0, 2.0]);
/// ```
///
/// # Panics
/// If y has more than one element.
#[track_caller]
pub fn grad<const N: usize>(y: &Tensor, wrt: [&Tensor; N], create_graph: bool) -> [Tensor; N] {
    let mut gradients = vjp(y, &one_like(y), &wrt, create_graph).into_iter();
    wrt.map(|x| {
        let dx = gradients.next().expect("one gradient for each tensor asked about");
        dx.unwrap_or_else(|| Tensor::constant(Array::zeros(*x.shape())))
    })
}

/// dL/dx for each x of `wrt`, in their order; None for those that no path from the loss
/// reaches. Takes the loss by value: when nobody else holds it, its graph dies here.
///
/// # Panics
/// If the loss has more than one element.
#[track_caller]
pub fn backward(loss: Tensor, wrt: &[&Tensor]) -> Vec<Option<Tensor>> {
    vjp(&loss, &one_like(&loss), wrt, false)
}

#[track_caller]
fn one_like(y: &Tensor) -> Tensor {
    assert!(
        y.shape().count() == 1,
        "grad: {} has {} elements, only a single number has a gradient\n  \
         hint: reduce it with `sum()` or `mean()`, or weigh its elements with `vjp`",
        y.shape(),
        y.shape().count()
    );
    Tensor::full(*y.shape(), 1.0)
}

/// The vector-Jacobian products Σ_i dy_i ∂y_i/∂x for each x of `wrt`; None for those that y
/// does not depend on. [`grad`] is the case of a single y and dy = 1.
///
/// # Panics
/// If dy has not the shape of y.
#[track_caller]
pub fn vjp(y: &Tensor, dy: &Tensor, wrt: &[&Tensor], create_graph: bool) -> Vec<Option<Tensor>> {
    assert!(y.shape() == dy.shape(), "vjp: y is {} but dy is {}", y.shape(), dy.shape());
    let nodes = collect(y);
    let find = |x: &Tensor| nodes.binary_search_by(|node| x.id().cmp(&node.id())).ok();
    let leads = mark(&nodes, wrt, find);
    let mut gradients: Vec<Option<Tensor>> = vec![None; nodes.len()];
    if let Some(first) = gradients.first_mut() {
        *first = Some(dy.clone());
    }
    with_recording(create_graph, || sweep(&nodes, &leads, wrt, find, &mut gradients));
    wrt.iter().map(|x| find(x).and_then(|i| gradients[i].clone())).collect()
}

/// y and all its ancestors that need a gradient, newest first, each once.
///
/// `seen` hands out its newest node. All uses of that node are newer still, so they have been
/// through, and the node cannot come again.
fn collect(y: &Tensor) -> Vec<&Tensor> {
    let mut nodes = Vec::new();
    let mut seen = BTreeMap::from_iter(y.needs_grad().then_some((y.id(), y)));
    while let Some((_, node)) = seen.pop_last() {
        nodes.push(node);
        if let Some(step) = node.made_by() {
            let inputs = step.inputs().iter().filter(|x| x.needs_grad());
            seen.extend(inputs.map(|x| (x.id(), x)));
        }
    }
    nodes
}

/// Whether each node is one of `wrt` or was made from one that leads there.
fn mark(nodes: &[&Tensor], wrt: &[&Tensor], find: impl Fn(&Tensor) -> Option<usize>) -> Vec<bool> {
    let mut leads = vec![false; nodes.len()];
    for i in wrt.iter().filter_map(|x| find(x)) {
        leads[i] = true;
    }
    for (i, node) in nodes.iter().enumerate().rev() {
        if let Some(step) = node.made_by() {
            leads[i] |= step.inputs().iter().any(|x| find(x).is_some_and(|j| leads[j]));
        }
    }
    leads
}

/// Undoes one step after the other. When a node's turn comes, its gradient is complete.
fn sweep(
    nodes: &[&Tensor],
    leads: &[bool],
    wrt: &[&Tensor],
    find: impl Fn(&Tensor) -> Option<usize>,
    gradients: &mut [Option<Tensor>],
) {
    for (i, y) in nodes.iter().enumerate() {
        let Some(step) = y.made_by() else { continue };
        let asked = wrt.iter().any(|x| x.id() == y.id());
        let dy = if asked { gradients[i].clone() } else { gradients[i].take() };
        let Some(dy) = dy else { continue };
        let wanted = |x: &Tensor| find(x).is_some_and(|j| leads[j]);
        step.pull_back(&wanted, y, &dy, &mut |x, dx| {
            let slot = &mut gradients[find(x).expect("only ancestors of y are wanted")];
            *slot = Some(match slot.take() {
                Some(sum) => anomaly::sum_in(x, sum, dx),
                None => dx,
            });
        });
    }
}
