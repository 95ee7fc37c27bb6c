//! Between which two sets of images does a run translate?

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Digits, Sizes};
use crate::{Error, Images, Split};

/// One of the two sets, so that a resumed run can tell that it is still the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The folder it was read from; none for the digits in the program.
    pub path: Option<PathBuf>,
    /// How many images are used, from the first on.
    pub images: usize,
    /// SHA-256 of their pixels.
    pub sha256: String,
}

/// Both sets of a run.
pub struct Sets {
    /// The images of A and of B, of one shape.
    pub images: [Images; 2],
    /// Digits to measure with, if the sets are those in the program.
    pub held_out: Option<Images>,
}

impl Sets {
    /// Digits with and without stripes, at most so many of each.
    pub fn digits(most: usize) -> Sets {
        let Digits { a, b, held_out } = Digits::embedded();
        let [a, b, held_out] = [a, b, held_out].map(|set| first(&set, most));
        Sets { images: [a, b], held_out: Some(held_out) }
    }

    /// The pictures in two folders, at most so many of each, brought to `side` x `side`; in colour
    /// if one of them is.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn folders([a, b]: [&Path; 2], side: usize, most: usize) -> Result<Sets, Error> {
        let read = |path: &Path| {
            let all = Images::load_resized(path, Split::Train, [side, side])?;
            Ok(first(&all, most))
        };
        let (a, b) = (read(a)?, read(b)?);
        let channels = a.shape()[2].max(b.shape()[2]);
        Ok(Sets { images: [a.with_channels(channels), b.with_channels(channels)], held_out: None })
    }

    /// The sizes of players of this width, with so many blocks, for these images.
    pub fn sizes(&self, width: usize, blocks: usize) -> Sizes {
        let [side, _, channels] = self.images[0].shape();
        Sizes { side, channels, width, blocks }
    }

    /// What a checkpoint remembers of them.
    pub fn sources(&self, paths: [Option<PathBuf>; 2]) -> [Source; 2] {
        let mut images = self.images.iter();
        paths.map(|path| {
            let images = images.next().expect("two paths, two sets");
            Source { path, images: images.len(), sha256: images.sha256() }
        })
    }
}

fn first(images: &Images, most: usize) -> Images {
    if images.len() > most { images.take(0..most) } else { images.clone() }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} images", self.images)?;
        match &self.path {
            Some(path) => write!(f, " from {}", path.display()),
            None => f.write_str(", part of the program"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Bitmap, save_png};

    #[test]
    fn two_folders_become_images_of_one_shape() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        for (path, colour) in [(&a, false), (&b, true)] {
            std::fs::create_dir(path).unwrap();
            for (name, size) in [("1.png", 16), ("2.png", 8)] {
                let mut picture = Bitmap::white(size, size);
                if colour {
                    picture.rgb.chunks_exact_mut(3).for_each(|pixel| pixel[1] = 0);
                }
                save_png(&picture, path.join(name)).unwrap();
            }
        }
        let sets = Sets::folders([&a, &b], 12, 9).unwrap();
        let shapes = sets.images.each_ref().map(|images| (images.len(), images.shape()));
        assert_eq!(shapes, [(2, [12, 12, 3]); 2]);
        assert_eq!(sets.images[0].pixels(1)[..3], [255, 255, 255]);
        assert_eq!(sets.images[1].pixels(1)[..3], [255, 0, 255]);
        assert!(sets.held_out.is_none());
        assert_eq!(sets.sizes(4, 1), Sizes { side: 12, channels: 3, width: 4, blocks: 1 });
        let [of_a, of_b] = sets.sources([Some(a.clone()), Some(b.clone())]);
        assert_eq!((of_a.path, of_a.images), (Some(a.clone()), 2));
        assert_ne!(of_a.sha256, of_b.sha256);
        let one = Sets::folders([&a, &b], 12, 1).unwrap();
        assert_eq!(one.images[1].len(), 1);
        let why = Sets::folders([&a, &folder.path().join("c")], 12, 1).err().expect("no folder");
        assert!(why.to_string().contains("cannot read"), "{why}");
    }
}
