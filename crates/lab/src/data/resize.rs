//! How do bytes become an image of another size?

/// An image of `size` (height, width), each of whose pixels is the mean of what it covers.
///
/// y\[i, j\] = Σ over the area \[i h/H, (i + 1) h/H) x \[j w/W, (j + 1) w/W) of x, divided by that
/// area, for h x w pixels that become H x W; rounded to the nearest byte.
pub(super) fn resized(
    pixels: &[u8],
    [height, width, channels]: [usize; 3],
    size: [usize; 2],
) -> Vec<u8> {
    if size == [height, width] {
        return pixels.to_vec();
    }
    let (rows, columns) = (shares(height, size[0]), shares(width, size[1]));
    // The shares of a row sum to the height, those of a column to the width.
    let area = (height * width) as u64;
    let mut out = Vec::with_capacity(size[0] * size[1] * channels);
    for row in &rows {
        for column in &columns {
            for c in 0..channels {
                let mut sum = 0;
                for (y, high) in row {
                    for (x, wide) in column {
                        let byte = pixels[(y * width + x) * channels + c];
                        sum += high * wide * u64::from(byte);
                    }
                }
                out.push(((sum + area / 2) / area) as u8);
            }
        }
    }
    out
}

/// Which of `from` pixels each of `to` covers, and how much of them, in `to`ths of a pixel.
fn shares(from: usize, to: usize) -> Vec<Vec<(usize, u64)>> {
    (0..to)
        .map(|i| {
            let (start, end) = (i * from, (i + 1) * from);
            let covered = start / to..end.div_ceil(to);
            covered.map(|k| (k, (end.min((k + 1) * to) - start.max(k * to)) as u64)).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        // 2 x 3 grey pixels to 1 x 2: each covers one and a half columns.
        let image = [0, 30, 90, 60, 30, 150];
        // (0 + 60 + (30 + 30)/2) / 3 and (90 + 150 + (30 + 30)/2) / 3
        assert_eq!(resized(&image, [2, 3, 1], [1, 2]), [30, 90]);
        // 1/2 rounds up.
        assert_eq!(resized(&[0, 1], [1, 2, 1], [1, 1]), [1]);
    }

    #[test]
    fn twice_the_size_repeats_every_pixel_with_its_colours() {
        let image = [1, 2, 3, 4, 5, 6];
        let twice = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6].repeat(2);
        assert_eq!(resized(&image, [1, 2, 3], [2, 4]), twice);
    }

    #[test]
    fn an_even_image_stays_even() {
        for size in [[1, 1], [7, 3], [13, 40]] {
            assert_eq!(
                resized(&[200; 11 * 5 * 3], [11, 5, 3], size),
                [200].repeat(size[0] * size[1] * 3)
            );
        }
    }
}
