//! Which images does the CycleGAN learn from, if nobody gives it others?
//!
//! Horses and zebras in miniature: digits, and *other* digits with stripes. The stripes are a known
//! function of a digit, so the right translation of each image is known; but only to who measures.

use crate::Images;

/// How much ink is left in a dark stripe, in quarters.
const LEFT: u16 = 1;

/// The digit with stripes: every other pair of diagonals loses three quarters of its ink.
///
/// y\[i, j\] = x\[i, j\] where (i - j) mod 4 < 2, else x\[i, j\] / 4, rounded to the nearest byte.
///
/// No stripe is seen where there is no ink. Up to the rounding, each digit can be told from its
/// stripes: x is y, or 4 y in the dark ones. The period is 4 because the generators halve the image
/// twice: they see it in cells of 4 x 4 pixels, and a pattern of another period would be beyond
/// them.
#[must_use]
pub fn striped(digits: &Images) -> Images {
    let shape = digits.shape();
    let [_, width, channels] = shape;
    let stripe = |(place, byte): (usize, &u8)| {
        let (i, j) = (place / channels / width, place / channels % width);
        // i - j as a number that is not negative.
        let dark = (i + 3 * j) % 4 >= 2;
        if dark { ((u16::from(*byte) * LEFT + 2) / 4) as u8 } else { *byte }
    };
    let images = (0..digits.len()).map(|i| digits.pixels(i));
    let pixels = images.flat_map(|image| image.iter().enumerate().map(stripe)).collect();
    Images::new(shape, pixels, digits.labels().map(<[u8]>::to_vec))
}

/// The digits that are part of the program, divided.
pub struct Digits {
    /// 4000 digits.
    pub a: Images,
    /// 4000 other digits, with stripes.
    pub b: Images,
    /// 2000 digits that training does not see, with or without stripes.
    pub held_out: Images,
}

impl Digits {
    /// In turn, so that each part is as easy to read as the others: MNIST's test digits become more
    /// difficult towards the end.
    pub fn embedded() -> Digits {
        let digits = Images::embedded_mnist();
        let part = |wanted: &[usize]| {
            digits.select((0..digits.len()).filter(|i| wanted.contains(&(i % 5))))
        };
        Digits { a: part(&[0, 2]), b: striped(&part(&[1, 3])), held_out: part(&[4]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_run_along_diagonals_and_take_three_quarters_of_the_ink() {
        let digit = Images::new([3, 6, 1], vec![200; 18], Some(vec![7]));
        let y = striped(&digit);
        let (l, d) = (200, 50);
        let expected = [[l, d, d, l, l, d], [l, l, d, d, l, l], [d, l, l, d, d, l]];
        assert_eq!(y.pixels(0), expected.as_flattened());
        assert_eq!(y.labels(), Some(&[7][..]));
        // Rounded to the nearest: 0, 1/4, 1/2, 3/4, 1, 5/4 of a byte.
        let dark = Images::new([1, 2, 1], vec![0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5], None);
        let ink: Vec<u8> = (0..6).map(|i| striped(&dark).pixels(i)[1]).collect();
        assert_eq!(ink, [0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn a_digit_comes_back_from_its_stripes() {
        let digits = Images::embedded_mnist().take(0..20);
        let y = striped(&digits);
        for i in 0..20 {
            for (place, (x, y)) in digits.pixels(i).iter().zip(y.pixels(i)).enumerate() {
                let dark = (place / 28 + 28 - place % 28) % 4 >= 2;
                let back = u16::from(*y) * if dark { 4 } else { 1 };
                assert!(back.abs_diff(u16::from(*x)) <= if dark { 2 } else { 0 });
            }
        }
    }

    #[test]
    fn the_parts_have_no_digit_in_common() {
        let Digits { a, b, held_out } = Digits::embedded();
        assert_eq!([a.len(), b.len(), held_out.len()], [4000, 4000, 2000]);
        let all = Images::embedded_mnist();
        assert_eq!(a.pixels(3), all.pixels(7));
        assert_eq!(b.pixels(3), striped(&all.take(8..9)).pixels(0));
        assert_eq!(held_out.pixels(1), all.pixels(9));
        assert_eq!(held_out.labels().map(|labels| labels[1]), all.labels().map(|all| all[9]));
    }
}
