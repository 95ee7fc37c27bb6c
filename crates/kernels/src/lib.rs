//! Numbers: slices in, slices out.
//!
//! This crate holds the arithmetic of Adversaria. It knows nothing of tensors, derivatives or
//! networks. It is the only crate with `unsafe` code and the only one that names rayon.
//!
//! # Map
//!
//! | module | question it answers |
//! |---|---|
//! | [`mat`] | how does a slice become a matrix? |
//! | [`gemm`] | how are two matrices multiplied? A ladder of rungs, the slow definition first |
//! | [`epilogue`] | what is done with a product's numbers while they are in the cache? |
//! | [`elementwise`] | how is one function applied to every element? |
//! | [`broadcast`] | what does broadcasting mean? |
//! | [`reduce`] | how are many numbers summed, in an order that never changes? |
//! | [`conv`] | how is an image convolved, and what are the three derivatives? |
//! | [`window`] | where does a window read when it slides along an axis? |
//! | [`pool`] | what is the largest number in a window, and where is it? |
//! | [`resample`] | how is an image enlarged, shrunk, padded, cropped or averaged? |
//! | [`blocks`] | how do channels become pixels, and pixels channels? |
//! | [`moments`] | how are mean and variance found in one pass over the memory? |
//! | [`norm`] | how are numbers brought to mean 0 and variance 1, and how does a gradient pass back? |
//! | [`softmax`] | how are exponentials normalised without overflow? |
//! | [`optimise`] | how does each optimiser change weights, in one pass over the memory? |
//! | [`cross_entropy`] | how are the cross-entropies of logits and their gradients computed, each in one pass? |
//! | [`random`] | how do random bits become random numbers? |
//! | [`simd`] | which vector instructions does this CPU have, and how does code get to use them? |
//! | [`vecmath`] | how are exp, ln, tanh, sigmoid, softplus and √ computed, and how exactly? |
//! | `on_level` | how is one plain loop compiled for every level of vector instructions? |
//! | [`mod@line`] | how do numbers start at a cache line? |
//! | `par` | who runs a loop: this thread, or several? |
//!
//! # Conventions
//!
//! - Everything is contiguous and row-major unless a [`mat::Mat`] says otherwise.
//! - Outputs are slices that the caller owns. Their old contents are never read, except where a
//!   function says that it adds.
//! - Slice lengths that contradict each other are bugs of the caller and panic.
//! - The thread count cannot change a bit of any result: work is cut at places that depend on
//!   the shape alone, and a sum has one fixed tree.

pub mod blocks;
pub mod broadcast;
pub mod conv;
pub mod cross_entropy;
pub mod elementwise;
pub mod epilogue;
pub mod gemm;
pub mod line;
pub mod mat;
pub mod moments;
pub mod norm;
mod on_level;
pub mod optimise;
mod par;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod resample;
mod scratch;
pub mod simd;
pub mod softmax;
pub mod vecmath;
pub mod window;

pub use epilogue::Epilogue;
pub use par::{in_pool, side_by_side};

/// The type of every number: `f32`, or `f64` with the feature `f64`.
#[cfg(not(feature = "f64"))]
pub type Real = f32;

/// The type of every number: `f64`, because the feature `f64` is on.
#[cfg(feature = "f64")]
pub type Real = f64;
