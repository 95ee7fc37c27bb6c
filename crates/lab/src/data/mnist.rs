//! Which digits are part of the program?

use super::idx;
use super::packed::Packed;
use super::{Images, Provenance};

const IMAGES: &[u8] = include_bytes!("../../../../data/mnist/t10k-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../../../data/mnist/t10k-labels-idx1-ubyte.gz");

impl Images {
    /// MNIST's 10,000 test digits with their labels, 28 x 28 x 1, which are part of the program.
    ///
    /// Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; CC BY-SA 3.0.
    pub fn embedded_mnist() -> Images {
        let file = |bytes: &'static [u8]| Packed::gzip(bytes).expect("the digits are packed");
        let (images, sum_of_images) = idx::images(file(IMAGES)).expect("the digits are whole");
        let labels = idx::labels(file(LABELS), images.len(), idx::CLASSES);
        let (labels, sum_of_labels) = labels.expect("there is a label for each digit");
        let digits = images.labelled(labels, Provenance::of(&[sum_of_images, sum_of_labels]));
        debug_assert_eq!(digits.provenance(), Provenance::Known("MNIST, test digits"));
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_the_program_are_the_published_ones() {
        let digits = Images::embedded_mnist();
        assert_eq!((digits.len(), digits.shape()), (10_000, [28, 28, 1]));
        assert_eq!(digits.provenance(), Provenance::Known("MNIST, test digits"));
        assert_eq!(digits.labels().unwrap()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
        let counts: Vec<usize> = digits.by_class().unwrap().iter().map(Vec::len).collect();
        assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    }
}
