//! How are images kept?

use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;

use autograd::Array;
use sha2::{Digest, Sha256};

use super::resize::resized;
use super::{Provenance, Scaling};

/// Images of one size, with or without labels.
///
/// A pixel is a byte for each channel; its channels lie side by side, then come columns, rows,
/// images.
#[derive(Clone, PartialEq)]
pub struct Images {
    shape: [usize; 3],
    pixels: Vec<u8>,
    labels: Option<Vec<u8>>,
    provenance: Provenance,
}

impl Images {
    /// Images of these pixels, image after image, row after row, channels side by side.
    ///
    /// - `shape`: height, width, channels.
    ///
    /// # Panics
    /// If a size is 0, or the pixels or labels are not as many as they should be.
    #[track_caller]
    pub fn new(shape: [usize; 3], pixels: Vec<u8>, labels: Option<Vec<u8>>) -> Images {
        let size: usize = shape.iter().product();
        assert!(size > 0, "images: there is nothing in an image of {shape:?}");
        let bytes = pixels.len();
        assert!(
            bytes.is_multiple_of(size),
            "images: {bytes} bytes are no whole number of images of {shape:?}"
        );
        if let Some(labels) = &labels {
            let (images, labels) = (bytes / size, labels.len());
            assert!(images == labels, "images: {images} images but {labels} labels");
        }
        Images { shape, pixels, labels, provenance: Provenance::Unknown }
    }

    /// The same with labels, as many as there are images, and recognised.
    pub(super) fn labelled(self, labels: Vec<u8>, provenance: Provenance) -> Images {
        let images = Images::new(self.shape, self.pixels, Some(labels));
        Images { provenance, ..images }
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Height, width and channels of each image.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The class of each image, if it is known.
    pub fn labels(&self) -> Option<&[u8]> {
        self.labels.as_deref()
    }

    /// Whether these are the images of a well-known set, by their checksums.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// The bytes of an image.
    ///
    /// # Panics
    /// If there is no such image.
    #[track_caller]
    pub fn pixels(&self, i: usize) -> &[u8] {
        assert!(i < self.len(), "images: there is no image {i} among {}", self.len());
        &self.pixels[i * self.size()..][..self.size()]
    }

    /// A part of the images, copied.
    ///
    /// # Panics
    /// If the range goes past the end.
    #[must_use]
    #[track_caller]
    pub fn take(&self, range: Range<usize>) -> Images {
        self.select(range)
    }

    /// These images in this order, copied.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: impl IntoIterator<Item: Borrow<usize>>) -> Images {
        let mut pixels = Vec::new();
        let mut labels = self.labels.as_ref().map(|_| Vec::new());
        for i in indices {
            let i = *i.borrow();
            pixels.extend_from_slice(self.pixels(i));
            if let (Some(chosen), Some(all)) = (&mut labels, &self.labels) {
                chosen.push(all[i]);
            }
        }
        // A part of a well-known set is not that set.
        Images { shape: self.shape, pixels, labels, provenance: Provenance::Unknown }
    }

    /// The places of the images of each class: those of class c stand at c. None without labels.
    pub fn by_class(&self) -> Option<Vec<Vec<usize>>> {
        let labels = self.labels()?;
        let classes = labels.iter().max().map_or(0, |last| usize::from(*last) + 1);
        let mut places = vec![Vec::new(); classes];
        for (place, label) in labels.iter().enumerate() {
            places[usize::from(*label)].push(place);
        }
        Some(places)
    }

    /// These images as numbers, `[n, height, width, channels]`.
    ///
    /// # Panics
    /// If there is no such image.
    #[must_use]
    #[track_caller]
    pub fn scaled(
        &self,
        indices: impl IntoIterator<Item: Borrow<usize>>,
        scaling: Scaling,
    ) -> Array {
        let rows: Vec<&[u8]> = indices.into_iter().map(|i| self.pixels(*i.borrow())).collect();
        let [height, width, channels] = self.shape;
        Array::filled_by([rows.len(), height, width, channels], |out| {
            for (out, row) in out.chunks_exact_mut(self.size()).zip(rows) {
                for (number, byte) in out.iter_mut().zip(row) {
                    *number = scaling.number(*byte);
                }
            }
        })
    }

    /// The same with every image brought to this height and width, by averaging.
    ///
    /// # Panics
    /// If the size is 0.
    #[must_use]
    #[track_caller]
    pub fn resized(&self, size: [usize; 2]) -> Images {
        let [height, width, channels] = self.shape;
        if size == [height, width] {
            return self.clone();
        }
        let images = self.pixels.chunks_exact(self.size());
        let pixels = images.flat_map(|image| resized(image, self.shape, size)).collect();
        Images::new([size[0], size[1], channels], pixels, self.labels.clone())
    }

    /// The same in three channels, if there is one and three are wanted: each grey is a colour too.
    ///
    /// # Panics
    /// If other channels are wanted.
    #[must_use]
    #[track_caller]
    pub fn with_channels(&self, channels: usize) -> Images {
        let [height, width, found] = self.shape;
        if found == channels {
            return self.clone();
        }
        let wanted = (found, channels);
        assert!(wanted == (1, 3), "with_channels: {found} channels do not become {channels}");
        let pixels = self.pixels.iter().flat_map(|byte| [*byte; 3]).collect();
        Images::new([height, width, channels], pixels, self.labels.clone())
    }

    /// SHA-256 of the pixels in hexadecimal digits: what tells one set from another.
    pub fn sha256(&self) -> String {
        let sum = Sha256::digest(&self.pixels);
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What they are in a line: how many, of which size, from which set.
impl fmt::Display for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [height, width, channels] = self.shape;
        write!(f, "{} images of {height} x {width} x {channels}", self.len())?;
        f.write_str(if self.labels.is_some() { " with labels" } else { "" })?;
        match self.provenance {
            Provenance::Known(_) => write!(f, ": {}", self.provenance),
            Provenance::Unknown => Ok(()),
        }
    }
}

/// As a line: a listing of all pixels helps nobody.
impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Images({self})")
    }
}

/// Images whose channels are planes, one behind the other, with the channels side by side.
pub(super) fn channels_last(planes: &[u8], [height, width, channels]: [usize; 3]) -> Vec<u8> {
    let plane = height * width;
    let mut pixels = Vec::with_capacity(planes.len());
    for image in planes.chunks_exact(plane * channels) {
        pixels.extend((0..plane * channels).map(|i| image[i % channels * plane + i / channels]));
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five images of 1 x 2 pixels in three channels.
    fn five() -> Images {
        Images::new([1, 2, 3], (0..30).collect(), Some(vec![2, 0, 2, 3, 0]))
    }

    #[test]
    fn parts_keep_their_pixels_and_labels() {
        let images = five();
        assert_eq!((images.len(), images.shape()), (5, [1, 2, 3]));
        let part = images.take(1..3);
        assert_eq!((part.len(), part.labels()), (2, Some(&[0, 2][..])));
        assert_eq!(part.pixels(1), [12, 13, 14, 15, 16, 17]);
        let chosen = images.select([4, 0]);
        assert_eq!((chosen.pixels(0), chosen.pixels(1)), (images.pixels(4), images.pixels(0)));
        assert_eq!(chosen.labels(), Some(&[0, 2][..]));
    }

    #[test]
    fn classes_hold_the_places_of_their_images() {
        let places = five().by_class().unwrap();
        assert_eq!(places, [vec![1, 4], vec![], vec![0, 2], vec![3]]);
    }

    #[test]
    fn batches_are_scaled_in_the_order_asked_for() {
        let images = Images::new([1, 1, 2], vec![0, 255, 51, 204], None);
        let batch = images.scaled([1, 0], Scaling::ZeroToOne);
        assert_eq!(batch.shape(), &[2, 1, 1, 2].into());
        assert_eq!(batch.numbers(), [0.2, 0.8, 0.0, 1.0]);
        let batch = images.scaled(0..2, Scaling::MinusOneToOne);
        let expected = [-1.0, 1.0, -76.5 / 127.5, 76.5 / 127.5];
        assert!(batch.numbers().iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-6));
    }

    #[test]
    fn planes_become_channels_side_by_side() {
        // Two images of 1 x 2 pixels in three channels: red, green, blue.
        let planes = *b"rRgGbBrRgGbB";
        assert_eq!(channels_last(&planes, [1, 2, 3]), b"rgbRGBrgbRGB");
    }

    #[test]
    fn grey_images_become_grey_images_in_colour() {
        let grey = Images::new([1, 2, 1], vec![1, 2, 3, 4], Some(vec![0, 1]));
        let colour = grey.with_channels(3);
        assert_eq!((colour.shape(), colour.pixels(1)), ([1, 2, 3], &[3, 3, 3, 4, 4, 4][..]));
        assert_eq!(colour.labels(), grey.labels());
        assert_eq!(five().with_channels(3), five());
    }

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn a_checksum_is_that_of_the_pixels() {
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Images::new([1, 1, 3], b"abc".to_vec(), None).sha256(), sum);
    }

    #[test]
    #[should_panic(expected = "images: there is no image 5 among 5")]
    fn images_past_the_end_are_refused() {
        let _ = five().pixels(5);
    }

    #[test]
    #[should_panic(expected = "images: 5 images but 4 labels")]
    fn every_image_has_a_label() {
        let _ = Images::new([1, 2, 3], vec![0; 30], Some(vec![0; 4]));
    }
}
