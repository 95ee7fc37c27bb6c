//! Which images does a run learn from?

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, Images, Split};

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
    /// first `images` if no flag says how many. All are brought to the size of `shape`, grey ones
    /// to three channels where they are wanted.
    ///
    /// # Errors
    /// If they cannot be read, are in colour where grey ones are wanted, or too few; or if images
    /// in colour are wanted and no folder is given.
    pub(super) fn load(
        folder: Option<&Path>,
        flag: Option<usize>,
        images: usize,
        [height, width, channels]: [usize; 3],
    ) -> Result<(Images, Source), Error> {
        let all = match folder {
            Some(path) => Images::load_resized(path, Split::Train, [height, width])?,
            None if channels == 1 => Images::embedded_mnist().resized([height, width]),
            None => {
                let why = "these players learn pictures in colour, and the program has none. Give \
                           the folder of CIFAR-10's .bin files, or one of PNG files";
                return Err(Error::Flag { flag: "--data", why: why.to_owned() });
            }
        };
        if all.shape()[2] > channels {
            // None are in the program but grey ones.
            let folder = folder.unwrap_or(Path::new("")).display();
            let why = format!(
                "{folder} holds pictures in colour, and these players take grey ones. `dcgan train \
                 --architecture radford` learns colours"
            );
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
        let chosen = chosen.with_channels(channels);
        let source = Source::of(&chosen, name, folder);
        Ok((chosen, source))
    }

    /// That of these images, which come from a folder or are part of the program.
    pub fn of(images: &Images, name: String, folder: Option<&Path>) -> Source {
        let (images, sha256) = (images.len(), images.sha256());
        Source { path: folder.map(Path::to_owned), name, images, sha256 }
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
