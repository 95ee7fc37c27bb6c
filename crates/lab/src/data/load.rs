//! Which format is this folder or file?

use std::fs;
use std::path::{Path, PathBuf};

use super::packed::{find, malformed, open};
use super::{Images, Provenance, Split, cifar, csv, idx, png_folder};
use crate::Error;

impl Images {
    /// Reads a folder or a file of images, in one of the formats of [`data`](crate::data).
    ///
    /// Files with a part of their own to test with are MNIST's, CIFAR-10's, and PNG files in
    /// folders `train` and `test`. Others come in one piece, which is all for training; one divides
    /// it with [`Images::take`].
    ///
    /// # Errors
    /// [`Error::NoData`] if nothing there has one of these formats, [`Error::OnePiece`] if there is
    /// no test part, [`Error::Read`] if a file cannot be read, [`Error::Malformed`] if it is not
    /// what its name says.
    pub fn load(path: impl AsRef<Path>, split: Split) -> Result<Images, Error> {
        load(path.as_ref(), split, None)
    }

    /// The same with every image brought to `size`, height and width, by averaging. The PNG files
    /// of a folder may then differ in size.
    ///
    /// # Errors
    /// Those of [`Images::load`].
    ///
    /// # Panics
    /// If the size is 0.
    #[track_caller]
    pub fn load_resized(
        path: impl AsRef<Path>,
        split: Split,
        size: [usize; 2],
    ) -> Result<Images, Error> {
        assert!(!size.contains(&0), "load_resized: nothing can be seen in images of {size:?}");
        load(path.as_ref(), split, Some(size)).map(|images| images.resized(size))
    }
}

fn load(path: &Path, split: Split, size: Option<[usize; 2]>) -> Result<Images, Error> {
    let place = fs::metadata(path);
    let place = place.map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if !place.is_dir() {
        let images = one_file(path)?;
        return if split == Split::Test { Err(one_piece(path)) } else { Ok(images) };
    }
    let has = |name: &str| find(path, name).is_some();
    if has("train-images-idx3-ubyte") || has("t10k-images-idx3-ubyte") {
        return labelled_idx(path, split);
    }
    if has("data_batch_1.bin") || has("test_batch.bin") {
        return cifar10(path, split);
    }
    let parts = ["train", "test"].map(|part| path.join(part));
    if parts.iter().all(|part| part.is_dir()) {
        let part = &parts[usize::from(split == Split::Test)];
        if png_folder::is(part)? {
            return png_folder::read_folder(part, size);
        }
    }
    if png_folder::is(path)? {
        if split == Split::Test {
            return Err(one_piece(path));
        }
        return png_folder::read_folder(path, size);
    }
    Err(Error::NoData { path: path.to_owned() })
}

fn one_piece(path: &Path) -> Error {
    Error::OnePiece { path: path.to_owned() }
}

/// An IDX file of images or a table of digits.
fn one_file(path: &Path) -> Result<Images, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let flawed = |flaw| malformed(path, flaw);
    if name.ends_with("-idx3-ubyte") || name.ends_with("-idx4-ubyte") {
        return idx::images(open(path)?).map(|(images, _)| images).map_err(flawed);
    }
    if name.ends_with(".csv") {
        return csv::read(open(path)?).map_err(flawed);
    }
    Err(Error::NoData { path: path.to_owned() })
}

/// The path of a file that may be packed. If there is none, of the unpacked one, so that an error
/// names it.
fn expected(folder: &Path, name: &str) -> PathBuf {
    find(folder, name).unwrap_or_else(|| folder.join(name))
}

fn labelled_idx(folder: &Path, split: Split) -> Result<Images, Error> {
    let prefix = match split {
        Split::Train => "train",
        Split::Test => "t10k",
    };
    let path = expected(folder, &format!("{prefix}-images-idx3-ubyte"));
    let (images, sum_of_images) =
        idx::images(open(&path)?).map_err(|flaw| malformed(&path, flaw))?;
    let path = expected(folder, &format!("{prefix}-labels-idx1-ubyte"));
    let (labels, sum_of_labels) = idx::labels(open(&path)?, images.len(), idx::CLASSES)
        .map_err(|flaw| malformed(&path, flaw))?;
    Ok(images.labelled(labels, Provenance::of(&[sum_of_images, sum_of_labels])))
}

fn cifar10(folder: &Path, split: Split) -> Result<Images, Error> {
    let names: Vec<String> = match split {
        Split::Train => (1..=5).map(|i| format!("data_batch_{i}.bin")).collect(),
        Split::Test => vec!["test_batch.bin".to_owned()],
    };
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for name in names {
        let path = expected(folder, &name);
        cifar::append(open(&path)?, &mut pixels, &mut labels)
            .map_err(|flaw| malformed(&path, flaw))?;
    }
    Ok(Images::new(cifar::IMAGE, pixels, Some(labels)))
}
