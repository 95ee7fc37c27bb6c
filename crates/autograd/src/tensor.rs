//! What is a tensor?
//!
//! An [`Array`] that remembers how it was made. Each tensor is a node of a graph whose edges
//! lead from a result to its inputs, so the graph lives exactly as long as somebody holds a
//! result of it. A node never changes, and its inputs exist before it: ids only grow along the
//! way from leaves to results, which makes the order of creation a topological order.

use crate::{Array, Real, Shape, live::Counted};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An immutable array that remembers how it was made. Cloning copies one pointer.
#[derive(Clone)]
pub struct Tensor(Arc<Node>);

struct Node {
    id: u64,
    value: Array,
    needs_grad: bool,
    /// None for leaves, and for all that is made while not recording.
    made_by: Option<Box<dyn Step>>,
    _counted: Counted,
}

/// One application of an op: what `op.rs` records and the sweep in `grad.rs` undoes.
pub(crate) trait Step: Send + Sync {
    /// The op's name.
    fn name(&self) -> &'static str;
    /// The tensors it was applied to.
    fn inputs(&self) -> &[Tensor];
    /// Hands the inputs over, so that a long chain can be dropped without recursion.
    fn into_inputs(self: Box<Self>, take: &mut dyn FnMut(Tensor));
    /// Calls `give(i, dL/dx_i)` for each input i that `wanted` approves, given y and dL/dy.
    fn pull_back(
        &self,
        wanted: &dyn Fn(&Tensor) -> bool,
        y: &Tensor,
        dy: &Tensor,
        give: &mut dyn FnMut(&Tensor, Tensor),
    );
}

impl Tensor {
    /// A tensor of these numbers that needs no gradient.
    ///
    /// # Panics
    /// If `numbers` are not as many as `shape` says.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, numbers: &[Real]) -> Tensor {
        Tensor::constant(Array::new(shape, numbers))
    }

    /// A tensor that needs no gradient.
    pub fn constant(value: Array) -> Tensor {
        Tensor::made(value, false, None)
    }

    /// A leaf that gradients are asked of, such as a weight.
    pub fn variable(value: Array) -> Tensor {
        Tensor::made(value, true, None)
    }

    /// A constant of shape `[]`.
    pub fn scalar(number: Real) -> Tensor {
        Tensor::constant(Array::scalar(number))
    }

    /// A constant with the same number everywhere.
    pub fn full(shape: impl Into<Shape>, number: Real) -> Tensor {
        Tensor::constant(Array::full(shape, number))
    }

    /// The result of a step.
    pub(crate) fn recorded(value: Array, step: Box<dyn Step>) -> Tensor {
        Tensor::made(value, true, Some(step))
    }

    fn made(value: Array, needs_grad: bool, made_by: Option<Box<dyn Step>>) -> Tensor {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Tensor(Arc::new(Node { id, value, needs_grad, made_by, _counted: Counted::new() }))
    }

    /// Its number in the order of creation: larger than that of every tensor it was made from.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Its numbers and their shape.
    #[inline]
    pub fn value(&self) -> &Array {
        &self.0.value
    }

    /// The sizes of its axes.
    #[inline]
    pub fn shape(&self) -> &Shape {
        self.value().shape()
    }

    /// Its numbers, row after row.
    pub fn numbers(&self) -> &[Real] {
        self.value().numbers()
    }

    /// The only number of a tensor that has one element.
    ///
    /// # Panics
    /// If it has more, or none.
    #[track_caller]
    pub fn item(&self) -> Real {
        self.value().item()
    }

    /// Whether gradients flow through this tensor: it is a variable, or was recorded from one.
    pub fn needs_grad(&self) -> bool {
        self.0.needs_grad
    }

    /// The same numbers without their history. Nothing is copied.
    pub fn detach(&self) -> Tensor {
        Tensor::constant(self.value().clone())
    }

    /// How it was made, if that was recorded.
    pub(crate) fn made_by(&self) -> Option<&dyn Step> {
        self.0.made_by.as_deref()
    }

    /// Changes the numbers of a variable, such as a weight in an optimiser's step.
    ///
    /// They are edited in place when nobody else holds this tensor. Otherwise a graph may still
    /// need them, so `edit` gets a copy and this handle becomes a new variable: the old graph
    /// keeps its old numbers.
    pub fn update(&mut self, edit: impl FnOnce(&mut [Real])) {
        match Arc::get_mut(&mut self.0) {
            Some(node) if node.made_by.is_none() => edit(node.value.numbers_mut()),
            _ => {
                let mut value = self.value().clone();
                edit(value.numbers_mut());
                *self = Tensor::made(value, self.needs_grad(), None);
            }
        }
    }
}

impl Drop for Node {
    /// Takes the graph apart with a list of its own: the compiler's way, a call for each input's
    /// input, would overflow the stack on a long chain.
    fn drop(&mut self) {
        let mut pending = Vec::from_iter(self.made_by.take());
        while let Some(step) = pending.pop() {
            step.into_inputs(&mut |input| {
                let last_owner = Arc::into_inner(input.0);
                pending.extend(last_owner.and_then(|mut node| node.made_by.take()));
            });
        }
    }
}
