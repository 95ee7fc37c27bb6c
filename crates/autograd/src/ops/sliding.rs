//! How does a window slide over an image?

use kernels::window::Window;

/// What surrounds an image when a window slides over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: the window stays inside.
    Valid,
    /// As much as it takes for ⌈size / stride⌉ outputs along each axis. An odd row goes below, an
    /// odd column to the right, as in TensorFlow.
    Same,
    /// So many rows and columns.
    Explicit {
        /// Rows above.
        top: usize,
        /// Rows below.
        bottom: usize,
        /// Columns on the left.
        left: usize,
        /// Columns on the right.
        right: usize,
    },
}

impl Padding {
    /// The same on all four sides: what PyTorch calls `padding`.
    pub const fn all(size: usize) -> Padding {
        Padding::Explicit { top: size, bottom: size, left: size, right: size }
    }

    /// What is in front of and behind the height and the width; None if that depends on the sizes.
    fn explicit(self) -> Option<[[usize; 2]; 2]> {
        match self {
            Padding::Valid => Some([[0; 2]; 2]),
            Padding::Same => None,
            Padding::Explicit { top, bottom, left, right } => Some([[top, bottom], [left, right]]),
        }
    }
}

/// What the two windows of an image slide along.
const ALONG: [&str; 2] = ["height", "width"];

/// How a kernel slides over an image: its steps, gaps and borders, each pair for height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sliding {
    /// Distance from one output to the next, in input pixels.
    pub stride: [usize; 2],
    /// Distance from one tap of the kernel to the next, in input pixels; 1 for neighbours.
    pub dilation: [usize; 2],
    /// What surrounds the image.
    pub padding: Padding,
}

impl Sliding {
    /// By single steps, without gaps or padding.
    pub const UNIT: Sliding = Sliding { stride: [1, 1], dilation: [1, 1], padding: Padding::Valid };

    /// The same with this stride along both axes.
    #[must_use]
    pub const fn stride(self, stride: usize) -> Sliding {
        Sliding { stride: [stride, stride], ..self }
    }

    /// The same with this dilation along both axes.
    #[must_use]
    pub const fn dilation(self, dilation: usize) -> Sliding {
        Sliding { dilation: [dilation, dilation], ..self }
    }

    /// The same with this padding.
    #[must_use]
    pub const fn padding(self, padding: Padding) -> Sliding {
        Sliding { padding, ..self }
    }

    /// The windows of a kernel of `taps` over an image of `size`.
    #[track_caller]
    pub(super) fn windows(self, op: &str, size: [usize; 2], taps: [usize; 2]) -> [Window; 2] {
        self.along_both(op, taps, |d| {
            let (stride, dilation) = (self.stride[d], self.dilation[d]);
            let window = match self.padding.explicit() {
                Some(padding) => Window::padded(size[d], taps[d], stride, dilation, padding[d]),
                None => Window::same(size[d], taps[d], stride, dilation),
            };
            window.ok_or_else(|| {
                let extent = (taps[d] - 1) * dilation + 1;
                let padding = match self.padding.explicit().map(|padding| padding[d]) {
                    None | Some([0, 0]) => String::new(),
                    Some([before, after]) => format!(" + {before} + {after} of padding"),
                };
                format!(
                    "along the {}, a kernel that reaches over {extent} does not fit into {}{padding}",
                    ALONG[d], size[d]
                )
            })
        })
    }

    /// The windows of a pooling, each of which sees some of the image.
    #[track_caller]
    pub(super) fn pool_windows(self, op: &str, size: [usize; 2], taps: [usize; 2]) -> [Window; 2] {
        let windows = self.windows(op, size, taps);
        for (window, along) in windows.iter().zip(ALONG) {
            let sees = |o: usize| (0..window.taps).any(|k| window.position(o, k).is_some());
            assert!(
                (0..window.output).all(sees),
                "{op}: along the {along}, a window of {} can lie in the padding alone: {:?}\n  \
                 hint: pad by less than the window's size",
                window.taps,
                self.padding
            );
        }
        windows
    }

    /// The windows that spread an image of `size` over a larger one.
    #[track_caller]
    pub(super) fn transposed(
        self,
        op: &str,
        size: [usize; 2],
        taps: [usize; 2],
        output_padding: [usize; 2],
    ) -> [Window; 2] {
        self.along_both(op, taps, |d| {
            let (stride, dilation, extra) = (self.stride[d], self.dilation[d], output_padding[d]);
            if extra > 0 && extra >= stride.max(dilation) {
                return Err(format!(
                    "an output padding of {extra} is below neither the stride {stride} nor the \
                     dilation {dilation}"
                ));
            }
            let window = match self.padding.explicit() {
                Some(padding) => {
                    Window::transposed(size[d], taps[d], stride, dilation, padding[d], extra)
                }
                None if extra > 0 => {
                    return Err("`Same` fixes the output's size: no output padding".to_owned());
                }
                None => Window::same(size[d] * stride, taps[d], stride, dilation),
            };
            window.ok_or_else(|| {
                format!("along the {}, the padding leaves nothing of {}", ALONG[d], size[d])
            })
        })
    }

    /// A window for the height and one for the width, or a panic with what is wrong.
    #[track_caller]
    fn along_both(
        self,
        op: &str,
        taps: [usize; 2],
        window: impl Fn(usize) -> Result<Window, String>,
    ) -> [Window; 2] {
        let Sliding { stride, dilation, padding } = self;
        for (what, sizes) in [("stride", stride), ("dilation", dilation), ("kernel", taps)] {
            assert!(!sizes.contains(&0), "{op}: the {what} {sizes:?} has a size of 0");
        }
        match (window(0), window(1)) {
            (Ok(height), Ok(width)) => [height, width],
            (Err(why), _) | (_, Err(why)) => panic!(
                "{op}: {why}\n  \
                 hint: stride {stride:?}, dilation {dilation:?}, padding {padding:?}; \
                 every size is at least 1"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    /// On all small sizes: what fits has the size of the formula, what does not is refused with its
    /// sizes.
    #[test]
    fn a_kernel_fits_or_is_refused_with_what_it_does_not_fit_into() {
        let mut refused = 0;
        for n in 0..400 {
            let pick = |divide: usize, of: usize| n / divide % of;
            let (size, taps, dilation) = (1 + pick(1, 4), 1 + pick(4, 5), 1 + pick(20, 2));
            let [top, bottom] = [pick(40, 3), pick(120, 3)];
            let padding = Padding::Explicit { top, bottom, left: 9, right: 9 };
            let sliding = Sliding::UNIT.dilation(dilation).padding(padding);
            let extent = (taps - 1) * dilation + 1;
            let windows = catch_unwind(|| sliding.windows("op", [size, 1], [taps, 1]));
            let padded = size + top + bottom;
            match windows {
                Ok([height, _]) => assert_eq!(height.output + extent, padded + 1),
                Err(report) => {
                    refused += 1;
                    assert!(extent > padded);
                    let sizes = match top + bottom {
                        0 => format!("{size}\n"),
                        _ => format!("{size} + {top} + {bottom} of padding\n"),
                    };
                    let expected = format!(
                        "op: along the height, a kernel that reaches over {extent} does not fit \
                         into {sizes}"
                    );
                    let report = report.downcast_ref::<String>().expect("a panic with a text");
                    assert!(report.starts_with(&expected), "{report}");
                }
            }
        }
        assert!(refused > 50, "{refused}");
    }

    #[test]
    fn a_size_of_0_is_refused_by_its_name() {
        let report = |sliding: Sliding, taps: [usize; 2]| {
            let windows = [
                catch_unwind(|| sliding.windows("op", [28, 28], taps)),
                catch_unwind(|| sliding.transposed("op", [28, 28], taps, [0, 0])),
            ];
            let texts = windows.map(|windows| {
                let report = windows.expect_err("a size of 0");
                let text = report.downcast_ref::<String>().expect("a panic with a text");
                text.lines().next().expect("a line").to_owned()
            });
            assert_eq!(texts[0], texts[1]);
            texts[0].clone()
        };
        for padding in [Padding::Valid, Padding::Same] {
            let sliding = Sliding::UNIT.padding(padding);
            assert_eq!(report(sliding.stride(0), [5, 5]), "op: the stride [0, 0] has a size of 0");
            let gaps = Sliding { dilation: [1, 0], ..sliding };
            assert_eq!(report(gaps, [5, 5]), "op: the dilation [1, 0] has a size of 0");
            assert_eq!(report(sliding, [0, 5]), "op: the kernel [0, 5] has a size of 0");
        }
    }
}
