//! What exactly are the systems that the examples, the tests and the benches run?

pub mod gaussian;
pub mod keras_dcgan;
pub mod lenet;
pub mod mnist_gan;
pub mod radford_dcgan;
pub mod ssgan;
pub mod vanilla_gan;
