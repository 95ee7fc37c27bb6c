//! How are samples kept one by one, for whoever judges them?

use std::path::Path;

use autograd::Array;

use crate::figures::{Bitmap, save_png};
use crate::{Error, RunFolder, Scaling};

/// Writes each image as a PNG file of its own, `sample-00000.png` and so on, pixel for pixel. Those
/// of an earlier call in this folder are deleted.
///
/// - `images`: `[n, height, width, channels]`, channels 1 or 3.
///
/// # Errors
/// If the folder or a file in it cannot be written.
///
/// # Panics
/// If the shape is not this.
#[track_caller]
pub fn save_each(images: &Array, scaling: Scaling, folder: &Path) -> Result<(), Error> {
    let [_, height, width, channels @ (1 | 3)] = images.shape()[..] else {
        panic!("save_each: {} is not [n, height, width, 1 or 3]", images.shape());
    };
    let run = RunFolder::create(folder)?;
    run.remove_numbered("sample-", ".png")?;
    let each = images.numbers().chunks_exact((height * width * channels).max(1));
    for (i, image) in each.enumerate() {
        let pixels = image.chunks_exact(channels);
        let rgb = pixels.flat_map(|pixel| [0, 1, 2].map(|c| pixel[c.min(channels - 1)]));
        let rgb = rgb.map(|number| scaling.byte(number)).collect();
        let picture = Bitmap { width: width as u32, height: height as u32, rgb };
        save_png(&picture, run.file(format!("sample-{i:05}.png")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Images, Split};
    use std::fs;

    #[test]
    fn what_is_kept_one_by_one_is_read_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("samples");
        let digits = Images::embedded_mnist();
        save_each(&digits.scaled(0..5, Scaling::ZeroToOne), Scaling::ZeroToOne, &folder).unwrap();
        fs::write(folder.join("sample-x.txt"), "mine").unwrap();
        let images = digits.scaled(5..8, Scaling::MinusOneToOne);
        save_each(&images, Scaling::MinusOneToOne, &folder).unwrap();
        let read = Images::load(&folder, Split::Train).unwrap();
        assert_eq!((read.len(), read.shape()), (3, [28, 28, 1]));
        let again = read.scaled(0..3, Scaling::MinusOneToOne);
        assert_eq!(again.numbers(), images.numbers());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 4);
    }
}
