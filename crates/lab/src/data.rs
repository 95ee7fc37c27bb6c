//! What is a set of images, and where do images come from?
//!
//! Pixels stay bytes, four times as small as numbers; a batch becomes numbers when it is needed.
//!
//! | [`Images::load`] of | reads |
//! |---|---|
//! | a folder with `train-images-idx3-ubyte` and its three siblings | MNIST, Fashion-MNIST |
//! | one file whose name has `-idx3-ubyte` or `-idx4-ubyte` | images without labels |
//! | a folder with `data_batch_1.bin` and its siblings | CIFAR-10 |
//! | a folder of PNG files, or of one folder of them for each class | any pictures |
//! | a folder of two such folders, `train` and `test` | the same in two parts |
//! | a file ending in `.csv` | digits of 8 x 8, the label last |
//!
//! IDX, CIFAR and CSV files may be packed, with `.gz` behind their names. Everything is checked
//! before memory is taken for it: a broken file is an [`Error`](crate::Error) that names the file
//! and the way out, and costs at most its own size and 16 MiB.

mod cifar;
mod csv;
mod flaw;
mod gzip;
mod idx;
mod images;
mod load;
mod mnist;
mod packed;
mod png_folder;
mod provenance;
mod resize;
mod scaling;

pub use flaw::Flaw;
pub use images::Images;
use images::channels_last;
pub use provenance::Provenance;
pub use scaling::Scaling;

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What is learnt from.
    Train,
    /// What is held back, to judge what was learnt.
    Test,
}
