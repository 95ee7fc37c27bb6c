//! THE BENCH. Data sets in; metrics, figures, checkpoints and run records out.
//!
//! What is measured: [`Gaussian2`] (how near a cloud of points is to a Gaussian) and [`Quartiles`].
//! What is kept: [`Metrics`], one record a line, in a [`RunFolder`]. What is drawn: [`figures`].

#![forbid(unsafe_code)]

mod animation;
mod error;
pub mod figures;
mod files;
mod metrics;
mod moments;
mod quantiles;
mod run_folder;

pub use animation::save_gif;
pub use error::Error;
pub use files::write_whole;
pub use metrics::{Metrics, read_metrics};
pub use moments::{Gaussian2, covariance, mean, symmetric_eigenvalues};
pub use quantiles::{Quartiles, quantile};
pub use run_folder::RunFolder;
