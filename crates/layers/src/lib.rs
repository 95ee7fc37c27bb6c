//! Weights: modules, parameters, initialisers; training and evaluation.
//!
//! ```
//! use adversaria_layers::{Activation, Init, Linear, Module, Sequential, summary};
//! use autograd::{Rng, Tensor};
//!
//! let mut rng = Rng::new(0, "weights");
//! let init = Init::Normal { std: 0.02 };
//! let model = Sequential::new()
//!     .add(Linear::new(2, 5, init, &mut rng))
//!     .add(Activation::Tanh)
//!     .add(Linear::new(5, 1, init, &mut rng));
//!
//! let y = model.forward(&Tensor::full([4, 2], 1.0));
//! assert_eq!(y.shape(), &[4, 1].into());
//! println!("{}", summary(&model, &[2]));
//! ```
//!
//! # Map
//!
//! | module | question it answers |
//! |---|---|
//! | [`module`] | what is a layer? |
//! | [`param`] | what is a weight? |
//! | [`sequential`], [`residual`] | how are layers stacked, and passed by? |
//! | [`linear`], [`activation`], [`maxout`], [`noise`], [`norm`] | the layers |
//! | [`minibatch`], [`pack`] | what sees more than one sample |
//! | [`group_norm`], [`spectral_norm`], [`weight_norm`] | normalisation without the batch, and of weights |
//! | [`conv`], [`pool`], [`resize`], [`reshape`] | the layers of images `[batch, height, width, channels]` |
//! | [`init`] | which numbers do weights start from? |
//! | [`mod@gradients`] | which gradient belongs to which weight? |
//! | [`mod@summary`] | what does a model look like? |
//! | [`state`] | how does a model become a file, and a file a model? |

#![forbid(unsafe_code)]

pub mod activation;
pub mod conv;
pub mod gradients;
pub mod group_norm;
pub mod init;
pub mod linear;
pub mod maxout;
pub mod minibatch;
pub mod module;
pub mod noise;
pub mod norm;
pub mod pack;
pub mod param;
pub mod pool;
pub mod reshape;
pub mod residual;
pub mod resize;
pub mod sequential;
pub mod spectral_norm;
pub mod state;
pub mod summary;
pub mod weight_norm;

pub use activation::Activation;
pub use conv::{Conv2d, ConvTranspose2d, UpsampleConv2d};
pub use gradients::{Gradients, gradients, gradients_of_each};
pub use group_norm::{GroupNorm, InstanceNorm};
pub use init::{Fans, Init};
pub use linear::Linear;
pub use maxout::Maxout;
pub use minibatch::MinibatchDiscrimination;
pub use module::Module;
pub use noise::{Dropout, Dropout2d, GaussianNoise};
pub use norm::{BatchNorm, LayerNorm};
pub use pack::Pack;
pub use param::{Param, ParamId, Statistic};
pub use pool::{AvgPool2d, GlobalAvgPool2d, MaxPool2d};
pub use reshape::{Flatten, Reshape};
pub use residual::Residual;
pub use resize::{Pad2d, PixelShuffle, PixelUnshuffle, Upsample};
pub use sequential::Sequential;
pub use spectral_norm::{SpectralNorm, Weighted};
pub use state::{State, StateError, Stateful, from_safetensors, restore, to_safetensors};
pub use summary::summary;
pub use weight_norm::WeightNorm;
