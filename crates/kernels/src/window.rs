//! Where does a window read when it slides along an axis?

use std::ops::Range;

/// A window that slides along one axis of an image. Its tap k at output o reads the input at
///
/// position = o · stride + k · dilation - before,
///
/// and a position outside of 0..input is padding. Convolution, its derivatives and pooling all
/// walk like this, once along the height and once along the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Size of the input along this axis.
    pub input: usize,
    /// How many places the window takes.
    pub output: usize,
    /// How many positions it reads at each: the size of the kernel.
    pub taps: usize,
    /// Distance from one place to the next.
    pub stride: usize,
    /// Distance from one tap to the next; 1 for neighbours.
    pub dilation: usize,
    /// Padding in front of the input. What is behind it follows from `output`.
    pub before: usize,
}

impl Window {
    /// As many places as fit into the input with explicit padding:
    ///
    /// output = ⌊(input + before + after - extent) / stride⌋ + 1,
    /// extent = (taps - 1) · dilation + 1.
    ///
    /// TensorFlow's "VALID" is the padding [0, 0]. None if not even one place fits, or if a size
    /// other than the padding's is 0.
    pub fn padded(
        input: usize,
        taps: usize,
        stride: usize,
        dilation: usize,
        [before, after]: [usize; 2],
    ) -> Option<Window> {
        if [input, taps, stride, dilation].contains(&0) {
            return None;
        }
        let extent = (taps - 1) * dilation + 1;
        let output = (input + before + after).checked_sub(extent)? / stride + 1;
        Some(Window { input, output, taps, stride, dilation, before })
    }

    /// TensorFlow's "SAME": output = ⌈input / stride⌉. The padding that this needs is split in
    /// halves, an odd one out going behind the input. So a kernel of 5 at stride 2 pads an even
    /// input by 1 in front and 2 behind.
    ///
    /// None if a size is 0.
    pub fn same(input: usize, taps: usize, stride: usize, dilation: usize) -> Option<Window> {
        if [input, taps, stride, dilation].contains(&0) {
            return None;
        }
        let extent = (taps - 1) * dilation + 1;
        let output = input.div_ceil(stride);
        let padding = ((output - 1) * stride + extent).saturating_sub(input);
        Some(Window { input, output, taps, stride, dilation, before: padding / 2 })
    }

    /// The window of a transposed walk, which spreads `small` positions over a larger axis, the
    /// `input` of this window:
    ///
    /// input = (small - 1) · stride + extent - before - after + extra.
    ///
    /// `extra` is the output padding: positions at the end, which a strided walk back would not
    /// count. None if nothing is left, or if a size is 0.
    pub fn transposed(
        small: usize,
        taps: usize,
        stride: usize,
        dilation: usize,
        [before, after]: [usize; 2],
        extra: usize,
    ) -> Option<Window> {
        if [small, taps, stride, dilation].contains(&0) {
            return None;
        }
        let spread = (small - 1) * stride + (taps - 1) * dilation + 1 + extra;
        let input = spread.checked_sub(before + after).filter(|input| *input > 0)?;
        Some(Window { input, output: small, taps, stride, dilation, before })
    }

    /// The input position that tap `k` reads at output `o`; None if that is padding.
    #[inline(always)]
    pub fn position(&self, o: usize, k: usize) -> Option<usize> {
        let position = (o * self.stride + k * self.dilation).checked_sub(self.before)?;
        (position < self.input).then_some(position)
    }

    /// The taps that read inside of the input at output `o`: neighbours, so a range.
    #[inline(always)]
    pub fn inside(&self, o: usize) -> Range<usize> {
        let first = self.before.saturating_sub(o * self.stride).div_ceil(self.dilation);
        let behind = (self.before + self.input).saturating_sub(o * self.stride);
        let end = behind.div_ceil(self.dilation).min(self.taps);
        first.min(end)..end
    }

    /// Padding that the last place reads behind the input.
    pub fn after(&self) -> usize {
        let last = (self.output.max(1) - 1) * self.stride + (self.taps - 1) * self.dilation;
        (last + 1).saturating_sub(self.before + self.input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_pads_as_tensorflow_does() {
        // input, taps, stride, dilation; then output, before and after of TensorFlow's formula.
        for ([input, taps, stride, dilation], expected) in [
            ([28, 5, 1, 1], [28, 2, 2]),
            ([32, 5, 2, 1], [16, 1, 2]),
            ([7, 5, 2, 1], [4, 2, 2]),
            ([14, 4, 2, 1], [7, 1, 1]),
            ([8, 4, 1, 1], [8, 1, 2]),
            ([9, 2, 3, 1], [3, 0, 0]),
            ([10, 3, 1, 2], [10, 2, 2]),
        ] {
            let w = Window::same(input, taps, stride, dilation).unwrap();
            assert_eq!([w.output, w.before, w.after()], expected, "{w:?}");
        }
    }

    #[test]
    fn the_last_place_fits_and_one_more_would_not() {
        let mut fitting = 0;
        for n in 0..3000_usize {
            let pick = |divide: usize, of: usize| n / divide % of;
            let (input, taps, stride) = (1 + pick(1, 6), 1 + pick(6, 4), 1 + pick(24, 3));
            let (dilation, before, after) = (1 + pick(72, 2), pick(144, 3), pick(432, 4));
            let Some(w) = Window::padded(input, taps, stride, dilation, [before, after]) else {
                assert!((taps - 1) * dilation + 1 > input + before + after);
                continue;
            };
            fitting += 1;
            let last_tap = |o: usize| o * stride + (taps - 1) * dilation;
            assert!(last_tap(w.output - 1) < input + before + after);
            assert!(last_tap(w.output) >= input + before + after);
            assert!(w.after() <= after);
            for o in 0..w.output {
                let inside: Vec<usize> = w.inside(o).collect();
                let expected = (0..taps).filter(|k| w.position(o, *k).is_some());
                assert_eq!(inside, expected.collect::<Vec<_>>(), "{w:?} at {o}");
            }
            for (o, k) in (0..w.output).flat_map(|o| (0..taps).map(move |k| (o, k))) {
                let signed = (o * stride + k * dilation) as i64 - before as i64;
                let inside = (0..input as i64).contains(&signed);
                assert_eq!(w.position(o, k), inside.then_some(signed as usize));
            }
        }
        assert!(fitting > 2000, "{fitting}");
    }

    #[test]
    fn a_transposed_walk_has_its_size_and_is_undone_by_a_plain_one() {
        for n in 0..3000_usize {
            let pick = |divide: usize, of: usize| n / divide % of;
            let (small, taps, stride) = (1 + pick(1, 5), 1 + pick(5, 4), 1 + pick(20, 3));
            let (dilation, padding) = (1 + pick(60, 2), [pick(120, 3), pick(360, 3)]);
            for extra in 0..stride {
                let up = Window::transposed(small, taps, stride, dilation, padding, extra);
                let Some(up) = up else { continue };
                let extent = (taps - 1) * dilation + 1;
                let covered = (small - 1) * stride + extent + extra;
                assert_eq!(up.input + padding[0] + padding[1], covered, "{up:?}");
                let down = Window::padded(up.input, taps, stride, dilation, padding);
                assert_eq!(down, Some(up));
            }
        }
        assert_eq!(Window::transposed(1, 2, 1, 1, [1, 1], 0), None);
    }

    #[test]
    fn kernels_larger_than_the_padded_input_do_not_fit() {
        assert_eq!(Window::padded(4, 5, 1, 1, [0, 0]), None);
        assert_eq!(Window::padded(4, 3, 1, 2, [0, 0]), None);
        assert!(Window::padded(4, 5, 1, 1, [0, 1]).is_some());
        assert_eq!(Window::padded(4, 0, 1, 1, [0, 0]), None);
        assert_eq!(Window::same(0, 3, 1, 1), None);
    }
}
