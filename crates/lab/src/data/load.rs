//! Which format is this folder or file?

use std::path::Path;

use super::packed::{find, malformed, open};
use super::{Images, Provenance, Split, idx};
use crate::Error;

impl Images {
    /// Reads a folder or a file of images, in one of the formats of [`data`](crate::data).
    ///
    /// # Errors
    /// [`Error::NoData`] if nothing there has one of these formats, [`Error::Read`] if a file
    /// cannot be read, [`Error::Malformed`] if it is not what its name says.
    pub fn load(path: impl AsRef<Path>, split: Split) -> Result<Images, Error> {
        let path = path.as_ref();
        let prefix = match split {
            Split::Train => "train",
            Split::Test => "t10k",
        };
        if find(path, &format!("{prefix}-images-idx3-ubyte")).is_some() {
            return labelled_idx(path, prefix);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.contains("-idx3-ubyte") || name.contains("-idx4-ubyte") {
            let file = open(path)?;
            return idx::images(file).map(|(images, _)| images).map_err(|why| malformed(path, why));
        }
        Err(Error::NoData { path: path.to_owned() })
    }
}

/// The images and labels of a folder whose files have these first letters.
fn labelled_idx(folder: &Path, prefix: &str) -> Result<Images, Error> {
    let path = |name: &str| {
        let name = format!("{prefix}-{name}-ubyte");
        find(folder, &name).unwrap_or_else(|| folder.join(name))
    };
    let (images_path, labels_path) = (path("images-idx3"), path("labels-idx1"));
    let (images, sum_of_images) =
        idx::images(open(&images_path)?).map_err(|flaw| malformed(&images_path, flaw))?;
    let (labels, sum_of_labels) = idx::labels(open(&labels_path)?, images.len(), idx::CLASSES)
        .map_err(|flaw| malformed(&labels_path, flaw))?;
    Ok(images.labelled(labels, Provenance::of(&[sum_of_images, sum_of_labels])))
}
