//! How does an array or a tensor look when it is printed?
//!
//! Like NumPy's and PyTorch's: nested brackets, one format for all numbers so that columns line
//! up, `...` in place of the middle of a large array, and no line beyond 100 columns.
//!
//! ```
//! use adversaria_autograd::{Array, Tensor};
//!
//! let x = Tensor::variable(Array::new([2, 2], &[0.0, 1.0, -2.0, 10.0]));
//! assert_eq!(x.value().to_string(), "[[ 0.,  1.],\n [-2., 10.]]");
//! assert_eq!(
//!     x.tanh().to_string(),
//!     "tensor([[ 0.0000,  0.7616],\n        [-0.9640,  1.0000]], shape [2, 2], made by tanh)"
//! );
//! ```

use crate::{Array, Real, Shape, Tensor};
use std::fmt;
use std::ops::Range;

/// No line is longer, unless a single number is.
const COLUMNS: usize = 100;

/// Arrays with more elements are printed without their middle.
const LARGE: usize = 1000;

/// How many entries of an axis stay in front of the `...`, and as many behind it.
const EDGE: usize = 3;

/// Digits behind the point.
const DECIMALS: usize = 4;

/// The numbers alone. `{:.2}` asks for two digits behind the point, whatever the numbers are.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_brackets(self, f.precision(), 0))
    }
}

/// The numbers and their shape.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        introduce(f, "array", self, "")
    }
}

/// The numbers, their shape, and where they come from: `variable`, `constant` or `made by` an op.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.made_by() {
            Some(step) => format!(", made by {}", step.name()),
            None if self.needs_grad() => ", variable".to_owned(),
            None => ", constant".to_owned(),
        };
        introduce(f, "tensor", self.value(), &origin)
    }
}

/// As `Display`.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `name(numbers, shape [2, 3], origin)`, with what follows the numbers on a line of its own if
/// it does not fit behind the last one.
fn introduce(f: &mut fmt::Formatter<'_>, name: &str, array: &Array, origin: &str) -> fmt::Result {
    let indent = name.len() + 1;
    let numbers = in_brackets(array, f.precision(), indent);
    let facts = format!("shape {}{origin})", array.shape());
    let last_line = match numbers.rsplit_once('\n') {
        Some((_, line)) => line.len(),
        None => indent + numbers.len(),
    };
    if last_line + ", ".len() + facts.len() <= COLUMNS {
        write!(f, "{name}({numbers}, {facts}")
    } else {
        write!(f, "{name}({numbers},\n{:indent$}{facts}", "")
    }
}

/// The numbers in nested brackets; all lines but the first start with `indent` spaces.
fn in_brackets(array: &Array, precision: Option<usize>, indent: usize) -> String {
    let (shape, numbers) = (array.shape(), array.numbers());
    if numbers.is_empty() {
        return "[]".to_owned();
    }
    let shown: Vec<Real> = shown_places(shape).iter().map(|i| numbers[*i]).collect();
    let format = match precision {
        Some(decimals) => Format::Fixed(decimals),
        None => Format::suiting(&shown),
    };
    let mut parts: Vec<String> = shown.iter().map(|x| format.text(*x)).collect();
    let width = parts.iter().map(String::len).max().unwrap_or(0);
    for part in &mut parts {
        *part = format!("{part:>width$}");
    }
    // From the innermost axis out: neighbours along the axis become one part.
    for axis in (0..shape.len()).rev() {
        let (front, back) = shown_of(shape, axis);
        let innermost = axis + 1 == shape.len();
        let per_line = if innermost {
            // Brackets on both sides, and a comma or parenthesis behind them.
            let around = indent + 2 * shape.len() + 1;
            let room = (COLUMNS + ", ".len()).saturating_sub(around);
            (room / (width + ", ".len())).max(1)
        } else {
            1
        };
        let line_ends = (shape.len() - axis - 1).max(1);
        let next_line = format!(",{}{:2$}", "\n".repeat(line_ends), "", indent + axis + 1);
        parts = parts
            .chunks(front.len() + back.len())
            .map(|chunk| {
                let mut chunk = chunk.to_vec();
                if front.end != back.start {
                    chunk.insert(front.len(), "...".to_owned());
                }
                let lines: Vec<String> = chunk.chunks(per_line).map(|p| p.join(", ")).collect();
                format!("[{}]", lines.join(&next_line))
            })
            .collect();
    }
    parts.concat()
}

/// Where in the row-major buffer the numbers are that get printed, in order.
fn shown_places(shape: &Shape) -> Vec<usize> {
    let strides = shape.strides();
    let mut places = vec![0];
    for (axis, stride) in strides.iter().take(shape.len()).enumerate() {
        let (front, back) = shown_of(shape, axis);
        let along = |place: usize| {
            let shown = front.clone().chain(back.clone());
            shown.map(move |i| place + i * stride)
        };
        places = places.into_iter().flat_map(along).collect();
    }
    places
}

/// The entries of an axis that get printed; what is between the two ranges is not.
fn shown_of(shape: &Shape, axis: usize) -> (Range<usize>, Range<usize>) {
    let size = shape[axis];
    if shape.count() > LARGE && size > 2 * EDGE {
        (0..EDGE, size - EDGE..size)
    } else {
        (0..size, size..size)
    }
}

/// How each number of an array is written.
#[derive(Clone, Copy)]
enum Format {
    /// `12.`
    Whole,
    /// `12.3457`
    Fixed(usize),
    /// `1.2346e+01`
    Scientific(usize),
}

impl Format {
    /// Whole numbers below 10⁷ get no decimals. Others are written in fixed point while the
    /// largest has three digits at least and five before the point at most, and none but 0 looks
    /// like 0.
    fn suiting(numbers: &[Real]) -> Format {
        let finite = || numbers.iter().filter(|x| x.is_finite());
        let sizes = || finite().map(|x| x.abs()).filter(|x| *x > 0.0);
        let smallest = sizes().fold(Real::INFINITY, Real::min);
        let largest = sizes().fold(0.0, Real::max);
        if largest < 1e7 && finite().all(|x| x.fract() == 0.0) {
            Format::Whole
        } else if (0.01..1e5).contains(&largest) && smallest >= 0.000_05 {
            Format::Fixed(DECIMALS)
        } else {
            Format::Scientific(DECIMALS)
        }
    }

    fn text(self, x: Real) -> String {
        match self {
            _ if !x.is_finite() => format!("{x}"),
            Format::Whole => format!("{x:.0}."),
            Format::Fixed(decimals) => format!("{x:.decimals$}"),
            Format::Scientific(decimals) => {
                // Rust writes 1e-5; two digits and a sign for all keep the points in line.
                let text = format!("{x:.decimals$e}");
                match text.split_once('e') {
                    Some((digits, exponent)) => match exponent.strip_prefix('-') {
                        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
                        None => format!("{digits}e+{exponent:0>2}"),
                    },
                    None => text,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::no_grad;

    fn text<const N: usize>(numbers: [Real; N]) -> String {
        Array::new([N], &numbers).to_string()
    }

    fn counting(shape: &[usize]) -> Array {
        Array::filled_by(shape, |out| {
            for (i, x) in out.iter_mut().enumerate() {
                *x = i as Real;
            }
        })
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(text([1.0, -20.0, 300.0]), "[  1., -20., 300.]");
        let a = Array::new([2, 2], &[0.5, -0.25, 100.0, 2.0]);
        assert_eq!(a.to_string(), "[[  0.5000,  -0.2500],\n [100.0000,   2.0000]]");
    }

    #[test]
    fn blocks_are_apart_as_far_as_their_axis_is_out() {
        assert_eq!(
            counting(&[2, 2, 2]).to_string(),
            "[[[0., 1.],\n  [2., 3.]],\n\n [[4., 5.],\n  [6., 7.]]]"
        );
    }

    #[test]
    fn the_magnitudes_choose_the_format() {
        assert_eq!(text([0.0, 0.0]), "[0., 0.]");
        assert_eq!(text([9_999_999.0]), "[9999999.]");
        assert_eq!(text([12_345_678.0]), "[1.2346e+07]");
        assert_eq!(text([0.01, -0.0001]), "[ 0.0100, -0.0001]");
        assert_eq!(text([0.5, 0.00001]), "[5.0000e-01, 1.0000e-05]");
        assert_eq!(text([0.002, 0.0]), "[2.0000e-03, 0.0000e+00]");
        assert_eq!(text([99_999.5, 0.5]), "[99999.5000,     0.5000]");
        assert_eq!(text([100_000.5, -0.5]), "[ 1.0000e+05, -5.0000e-01]");
    }

    #[test]
    fn numbers_that_are_none_stay_readable() {
        let (inf, nan) = (Real::INFINITY, Real::NAN);
        assert_eq!(text([nan, 1.0, -inf]), "[ NaN,   1., -inf]");
        assert_eq!(text([0.5, inf]), "[0.5000,    inf]");
        assert_eq!(text([1e-9, nan]), "[1.0000e-09,        NaN]");
    }

    #[test]
    fn a_precision_asks_for_fixed_point() {
        let a = Array::new([2], &[1.0, -0.004]);
        assert_eq!(format!("{a:.2}"), "[ 1.00, -0.00]");
        assert_eq!(format!("{a:.2?}"), "array([ 1.00, -0.00], shape [2])");
    }

    #[test]
    fn single_numbers_and_empty_arrays_show_their_shape() {
        assert_eq!(Array::scalar(0.5).to_string(), "0.5000");
        assert_eq!(format!("{:?}", Array::scalar(3.0)), "array(3., shape [])");
        assert_eq!(counting(&[0, 3]).to_string(), "[]");
        assert_eq!(format!("{:?}", counting(&[1_000_000, 0])), "array([], shape [1000000, 0])");
    }

    #[test]
    fn a_large_array_shows_its_edges() {
        assert_eq!(
            counting(&[1001]).to_string(),
            "[   0.,    1.,    2., ...,  998.,  999., 1000.]"
        );
        assert_eq!(
            counting(&[7, 2, 100]).to_string(),
            "\
[[[   0.,    1.,    2., ...,   97.,   98.,   99.],
  [ 100.,  101.,  102., ...,  197.,  198.,  199.]],

 [[ 200.,  201.,  202., ...,  297.,  298.,  299.],
  [ 300.,  301.,  302., ...,  397.,  398.,  399.]],

 [[ 400.,  401.,  402., ...,  497.,  498.,  499.],
  [ 500.,  501.,  502., ...,  597.,  598.,  599.]],

 ...,

 [[ 800.,  801.,  802., ...,  897.,  898.,  899.],
  [ 900.,  901.,  902., ...,  997.,  998.,  999.]],

 [[1000., 1001., 1002., ..., 1097., 1098., 1099.],
  [1100., 1101., 1102., ..., 1197., 1198., 1199.]],

 [[1200., 1201., 1202., ..., 1297., 1298., 1299.],
  [1300., 1301., 1302., ..., 1397., 1398., 1399.]]]"
        );
    }

    #[test]
    fn the_hidden_middle_does_not_choose_the_format() {
        let mut a = Array::zeros([1001]);
        a.numbers_mut()[500] = 1e-20;
        assert_eq!(a.to_string(), "[0., 0., 0., ..., 0., 0., 0.]");
    }

    #[test]
    fn a_long_row_goes_on_below_its_first_number() {
        assert_eq!(
            counting(&[1, 25]).to_string(),
            "\
[[ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13., 14., 15., 16., 17., 18.,
  19., 20., 21., 22., 23., 24.]]"
        );
    }

    #[test]
    fn no_line_is_too_long() {
        for rank in 1..=6 {
            for (n, decimals) in (1..=40).flat_map(|n| (0..20).map(move |d| (n, d))) {
                let shape = [&[1, 1, 1, 1, 2][6 - rank..], &[n]].concat();
                let text = format!("{:.decimals$}", Tensor::constant(counting(&shape)));
                let longest = text.lines().map(str::len).max().unwrap();
                assert!(longest <= COLUMNS, "{longest} columns\n{text}");
            }
        }
    }

    #[test]
    fn numbers_as_long_as_a_line_have_one_each() {
        let text = format!("{:.99}", Array::new([3], &[0.5, 0.25, 0.125]));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_tensor_says_how_it_was_made() {
        let x = Tensor::variable(Array::new([2], &[1.0, 2.0]));
        assert_eq!(x.to_string(), "tensor([1., 2.], shape [2], variable)");
        assert_eq!(x.square().to_string(), "tensor([1., 4.], shape [2], made by square)");
        for constant in [x.detach(), no_grad(|| &x * 1.0)] {
            let text = format!("{constant:?}");
            assert_eq!(text, "tensor([1., 2.], shape [2], constant)");
        }
    }

    #[test]
    fn facts_that_do_not_fit_get_their_own_line() {
        let x = Tensor::constant(counting(&[17]));
        assert_eq!(
            x.to_string(),
            "\
tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13., 14., 15., 16.],
       shape [17], constant)"
        );
    }
}
