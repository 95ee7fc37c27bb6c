//! Memory: arrays with a shape, and tensors that remember how they were made.
//!
//! ```
//! use adversaria_autograd::{Array, Tensor, grad};
//!
//! let x = Tensor::variable(Array::new([3], &[1.0, 2.0, 3.0]));
//! let y = (&x * &x).sum(); //                 y = Σ x²
//! let [dx] = grad(&y, [&x], false); //        dy/dx = 2x
//! assert_eq!(dx.numbers(), [2.0, 4.0, 6.0]);
//! ```
//!
//! # Map
//!
//! Read `tensor`, `op` and `grad` first, in this order: they are the engine. The rest is what it
//! runs on and what runs on it.
//!
//! | module | question it answers |
//! |---|---|
//! | [`mod@tensor`] | what is a tensor? |
//! | [`mod@op`] | what is a differentiable function? |
//! | [`mod@grad`] | how does reverse-mode differentiation work? |
//! | `recording` | when does a tensor remember how it was made? |
//! | [`ops`] | which ops are there? One file for each family |
//! | [`mod@shape`] | what is a shape, and when do two shapes broadcast? |
//! | [`mod@array`] | what is an array? |
//! | `buffer` | where do its numbers live, and what happens to the memory afterwards? |
//! | [`mod@rng`] | where do random numbers come from? |
//! | `threads` | which thread runs a program, and what does it know of the one that asked? |
//! | `live` | how many tensors are alive? |
//! | [`check`] | is a derivative right? |
//! | [`anomaly`] | where did a NaN or an infinity first appear? |
//! | `display` | how does an array or a tensor look when it is printed? |
//! | [`mod@graph`] | what does the graph behind a tensor look like? |
//!
//! # Conventions
//!
//! - A wrong shape is a bug of the caller: it panics with the op, the shapes and the caller's line.
//! - A number is a tensor of shape `[]`. Operators take `Tensor`, `&Tensor` and numbers in every
//!   mix.
//! - A gradient has the shape of what it is the gradient of.

#![forbid(unsafe_code)]

pub mod anomaly;
pub mod array;
mod buffer;
pub mod check;
mod display;
pub mod grad;
pub mod graph;
mod live;
pub mod op;
pub mod ops;
mod recording;
pub mod rng;
pub mod shape;
pub mod tensor;
mod threads;

pub use array::Array;
pub use grad::{backward, grad, vjp};
pub use graph::Graph;
pub use kernels::norm::Groups;
pub use kernels::{Real, side_by_side};
#[cfg(debug_assertions)]
pub use live::live_tensors;
pub use op::Op;
pub use ops::sliding::{Padding, Sliding};
pub use recording::{is_recording, no_grad};
pub use rng::{Rng, RngState};
pub use shape::{Axes, MAX_AXES, Shape};
pub use tensor::Tensor;
pub use threads::in_pool;
