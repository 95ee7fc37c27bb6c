//! The bench: data sets in; metrics, figures and run records out.
//!
//! # Map
//!
//! | module or item | question it answers |
//! |---|---|
//! | [`AffineGaussian`] | which data does the Gaussian GAN learn? |
//! | [`toy_gan`] | how does a game play on toy data, and how well? |
//! | [`toys`] | which data are simple enough that one knows everything about them? |
//! | [`recipe`] | how is a GAN of points put together from a list of choices? |
//! | [`failures`] | how does a GAN fail on demand, and how is it cured? |
//! | [`ablation`] | what does each trick do, on which data, and how sure is that? |
//! | [`intervals`] | how sure is a number that comes from a few runs? |
//! | `kit` | what is a game of points made of, before it is put together? |
//! | [`tricks`] | which tricks are there, and what does each change? |
//! | [`playground`] | how does one play with a GAN of points, one command at a time? |
//! | [`mod@transport`] | how much work is it to move one cloud of points onto another? |
//! | [`divergence`] | how far apart are two densities? |
//! | [`theory`] | which claims about GANs can be shown in numbers? |
//! | [`data`] | what is a set of images, and where do images come from? |
//! | [`shuffled_batches`], [`ShuffledBatches`] | in which order does training see the data? |
//! | [`Gaussian2`], [`covariance`] | how near is a cloud of points to a Gaussian? |
//! | [`Quartiles`] | what is typical of many runs? |
//! | [`judge`] | how good are generated digits? |
//! | [`two_sample`] | are two sets of samples of one distribution? |
//! | [`RunFolder`], [`write_whole`] | where do files go, whole or not at all? |
//! | [`training`] | how does a run train: watched, saved, stopped and resumed? |
//! | [`Checkpoint`], [`save_checkpoint`] | how does a run stop and go on? |
//! | [`Metrics`] | how is a run recorded? One JSON object a line |
//! | [`figures`], [`save_gif`] | how are results drawn? |
//! | [`save_each`] | how are samples kept one by one, for whoever judges them? |
//! | [`image_gan`] | how does a game play on images? |
//! | [`image_program`] | what can one do with a GAN of images on the command line? |
//! | [`auto_encoder_program`] | what can one do with an auto-encoder on the command line? |
//! | [`report`] | how does one show a whole run to somebody? |
//! | [`numbers`] | which numbers are still in their range once they have the engine's precision? |
//! | [`run`] | how does a program train a system, from its flags to its report? |
//! | [`systems`] | what exactly are the systems that are run? |
//! | [`program`] | how does a program start and end? |

#![forbid(unsafe_code)]

pub mod ablation;
mod affine_gaussian;
mod animation;
pub mod auto_encoder_program;
mod batches;
mod checkpoint;
pub mod data;
pub mod divergence;
mod error;
pub mod failures;
pub mod figures;
mod files;
pub mod image_gan;
pub mod image_program;
pub mod intervals;
pub mod judge;
mod kit;
mod metrics;
mod moments;
pub mod numbers;
pub mod playground;
pub mod program;
mod quantiles;
pub mod recipe;
pub mod report;
pub mod run;
mod run_folder;
mod samples;
pub mod systems;
pub mod theory;
pub mod toy_gan;
pub mod toys;
pub mod training;
pub mod transport;
pub mod tricks;
pub mod two_sample;

pub use affine_gaussian::{AffineGaussian, points};
pub use animation::save_gif;
pub use batches::{Position, ShuffledBatches, shuffled_batches};
pub use checkpoint::{Checkpoint, Progress, save_checkpoint};
pub use data::{Images, Scaling, Split};
pub use error::Error;
pub use files::{write_durably, write_whole};
pub use judge::{Judge, Judgement};
pub use metrics::{Metrics, cut_torn_line, read_metrics};
pub use moments::{Gaussian2, covariance, mean, symmetric_eigenvalues};
pub use quantiles::{Quartiles, quantile};
pub use run_folder::RunFolder;
pub use samples::save_each;
