//! Which images does a run learn from?

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Images, Split};

/// The images that these programs learn; others are brought to this size.
pub(super) const SHAPE: [usize; 3] = [28, 28, 1];

/// The images of a run, so that a resumed one can tell that they are still the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The folder they were read from; none for the digits in the program.
    pub path: Option<PathBuf>,
    /// What they are, as far as that is known.
    pub name: String,
    /// How many are used, from the first on.
    pub images: usize,
    /// SHA-256 of their pixels.
    pub sha256: String,
}

impl Source {
    /// Whether they are digits, as far as that is known.
    pub(super) fn are_digits(&self) -> bool {
        self.name.starts_with("MNIST, ")
    }

    /// Reads the images in a folder, or those in the program: the first `flag` of them, or the
    /// first `images` if no flag says how many.
    ///
    /// # Errors
    /// If they cannot be read, are in colour or too few.
    pub(super) fn load(
        folder: Option<&Path>,
        flag: Option<usize>,
        images: usize,
    ) -> Result<(Images, Source), Error> {
        let all = match folder {
            Some(path) => Images::load_resized(path, Split::Train, [SHAPE[0], SHAPE[1]])?,
            None => Images::embedded_mnist(),
        };
        if all.shape() != SHAPE {
            let why = format!("images of {} channels; this system takes grey ones", all.shape()[2]);
            return Err(Error::Flag { flag: "--data", why });
        }
        let (wanted, found) = (flag.unwrap_or(images), all.len());
        if wanted != usize::MAX && wanted > found {
            let flag = if flag.is_some() { "--images" } else { "--data" };
            let why = format!(
                "{wanted} images are wanted and there are {found}. Give --data the folder of a \
                 larger set; data/README.md says where MNIST's files are"
            );
            return Err(Error::Flag { flag, why });
        }
        let name = all.provenance().to_string();
        let chosen = if wanted < found { all.take(0..wanted) } else { all };
        let source = Source::of(&chosen, name, folder);
        Ok((chosen, source))
    }

    /// That of these images, which come from a folder or are part of the program.
    pub fn of(images: &Images, name: String, folder: Option<&Path>) -> Source {
        let mut hasher = Sha256::new();
        (0..images.len()).for_each(|i| hasher.update(images.pixels(i)));
        let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Source { path: folder.map(Path::to_owned), name, images: images.len(), sha256 }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} images ({})", self.images, self.name)?;
        match &self.path {
            Some(path) => write!(f, " from {}", path.display()),
            None => f.write_str(", part of the program"),
        }
    }
}
