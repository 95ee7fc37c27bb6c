//! The game: losses, optimisers and the alternating training loop of generative adversarial
//! networks.
//!
//! A generator G turns noise into samples; a discriminator D tells samples from data; each
//! learns from the other. [`Game`] is Algorithm 1 of Goodfellow et al. 2014,
//! "Generative Adversarial Nets".
//!
//! # Map
//!
//! | module | question it answers |
//! |---|---|
//! | [`game`] | in which order do the two players move? |
//! | [`player`] | how does one player learn? |
//! | [`learner`] | how does a model learn whose parts one asks for more than an answer? |
//! | [`settings`] | what can be varied in the game? |
//! | [`latent`] | how does one move among the noises? |
//! | [`adversarial`] | what does each player want? |
//! | [`losses`] | how wrong is a prediction? |
//! | [`penalties`] | how steep may the discriminator be? |
//! | [`average`] | what does a model become whose weights are averaged? |
//! | [`matching`] | what can be asked of generated samples beside that D takes them for real? |
//! | [`pool`] | which generated samples does a discriminator see again? |
//! | [`unrolled`] | what would the discriminator become if it went on learning? |
//! | `history` | what if a player is held to its past? |
//! | [`mmd`] | how different are two sets of samples? |
//! | [`doctor`] | what ails a game? |
//! | [`jacobi`] | what are the eigenvalues and eigenvectors of a symmetric matrix? |
//! | [`optimisers`] | how do gradients move weights? |
//! | [`clip`] | what if a gradient is too large? |
//! | [`schedule`] | how does the learning rate change? |

#![forbid(unsafe_code)]

pub mod adversarial;
pub mod average;
pub mod clip;
pub mod doctor;
pub mod game;
mod history;
pub mod jacobi;
pub mod latent;
pub mod learner;
pub mod losses;
pub mod matching;
pub mod mmd;
pub mod optimisers;
pub mod penalties;
pub mod player;
pub mod pool;
pub mod schedule;
pub mod settings;
pub mod unrolled;

pub use adversarial::{AdversarialLoss, Bce, Hinge, LeastSquares, Minimax, Relativistic};
pub use adversarial::{SoftmaxCrossEntropy, Wasserstein};
pub use average::Average;
pub use clip::Clip;
pub use doctor::{Doctor, Failure, Finding};
pub use game::{Game, Report, Table, Term};
pub use learner::Learner;
pub use optimisers::{Adam, AdamW, Optimiser, RmsProp, Sgd};
pub use player::{Effort, Player};
pub use pool::Pool;
pub use schedule::Schedule;
pub use settings::{Fakes, InputNoise, Latent, Prior, Settings, Steps};
