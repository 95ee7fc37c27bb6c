//! Does the project compute what PyTorch, Keras and MXNet compute?
//!
//! Every number expected here was recorded in float64 by the scripts in `tests/fixtures/` and is
//! read from the JSON beside them. `tests/fixtures/record.sh` records them anew; the tests need no
//! Python.
//!
//! One source serves both builds. Permitted are 1e-12 of a tensor's largest element in f64 and 1e-5
//! in f32. What is reached, `cargo test --test parity -- --nocapture` prints for each tensor:
//!
//! | | f64 | f32 |
//! |---|---|---|
//! | ops to second order, layers, penalties | 2e-15 | 1e-6 |
//! | weights and losses over 100 steps of an optimiser | 2e-15 | 1e-6 |
//! | losses of the Gaussian GAN over 20 turns | 1e-14 | 2.5e-6 |
//! | losses of the MNIST GAN of dense layers over 10 turns | 2e-15 | 1e-7 |
//! | losses of the Keras DCGAN over 10 turns, running statistics | 2e-15 | 1.5e-6 |
//!
//! The losses of PyTorch's own run in float32 depart from its run in float64 by 1.4e-6.

mod fixture;
mod gaussian;
mod images;
mod modules;
mod ops;
mod optimisers;
mod penalties;
