//! Where is the middle of some numbers, and how widely do they spread?

/// The three numbers that cut sorted values into four equal parts.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Quartiles {
    /// A quarter of the values lie below.
    pub lower: f64,
    /// Half of the values lie below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of `values`, in any order, interpolated as in [`quantile`].
    ///
    /// # Panics
    /// If `values` is empty or holds a NaN.
    #[track_caller]
    pub fn of(values: &[f64]) -> Quartiles {
        let sorted = sorted(values);
        Quartiles {
            lower: interpolate(&sorted, 0.25),
            median: interpolate(&sorted, 0.5),
            upper: interpolate(&sorted, 0.75),
        }
    }
}

/// The q-quantile of n values: with the sorted values v₀ … vₙ₋₁ and the place t = q (n − 1),
/// Q = vᵢ + (t − i)(vᵢ₊₁ − vᵢ),  i = ⌊t⌋.
///
/// - `values`: in any order.
/// - `q`: in [0, 1]; 0 gives the smallest value, 1/2 the median, 1 the largest.
///
/// # Panics
/// If `values` is empty or holds a NaN, or if `q` is outside [0, 1].
///
/// Source: Hyndman and Fan 1996, definition 7; NumPy's default.
#[track_caller]
pub fn quantile(values: &[f64], q: f64) -> f64 {
    assert!((0.0..=1.0).contains(&q), "quantile: q = {q} is outside [0, 1]");
    interpolate(&sorted(values), q)
}

#[track_caller]
fn sorted(values: &[f64]) -> Vec<f64> {
    assert!(!values.is_empty(), "quantile: no values");
    assert!(!values.iter().any(|v| v.is_nan()), "quantile: a value is NaN");
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

fn interpolate(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (i, part) = (place.floor() as usize, place.fract());
    // At a whole place the upper neighbour has no say: it may be missing, or infinite.
    if part == 0.0 { sorted[i] } else { sorted[i] + part * (sorted[i + 1] - sorted[i]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0, .1, .25, .5, .75, 1])`, NumPy 2.
    #[test]
    fn quantiles_agree_with_numpy() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (q, expected) in
            [(0.0, 1.0), (0.1, 1.0), (0.25, 1.75), (0.5, 3.5), (0.75, 5.25), (1.0, 9.0)]
        {
            assert!((quantile(&values, q) - expected).abs() < 1e-12, "q = {q}");
        }
        let quartiles = Quartiles::of(&values);
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 3.5, upper: 5.25 });
    }

    #[test]
    fn an_odd_number_of_values_has_a_middle_one() {
        assert_eq!(quantile(&[7.0, -2.0, 0.5], 0.5), 0.5);
        assert_eq!(quantile(&[4.0], 0.3), 4.0);
    }

    #[test]
    fn quantiles_commute_with_increasing_straight_lines() {
        let values = [0.3, -1.0, 12.0, 5.5, 2.0, 2.0];
        let moved = values.map(|v| 3.0 * v - 7.0);
        for q in [0.0, 0.2, 0.37, 0.5, 0.99] {
            assert!((quantile(&moved, q) - (3.0 * quantile(&values, q) - 7.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn an_infinite_value_stays_at_its_end() {
        let values = [f64::INFINITY, 1.0, 2.0];
        assert_eq!(quantile(&values, 0.5), 2.0);
        assert_eq!(quantile(&values, 1.0), f64::INFINITY);
    }

    #[test]
    #[should_panic(expected = "quantile: no values")]
    fn nothing_has_no_quantile() {
        quantile(&[], 0.5);
    }

    #[test]
    #[should_panic(expected = "a value is NaN")]
    fn nan_has_no_rank() {
        Quartiles::of(&[1.0, f64::NAN]);
    }
}
