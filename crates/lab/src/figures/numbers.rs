//! How are the numbers beside a scale written?

/// Numbers that are written alike: with as many decimals, and in a common power of ten where they
/// are tiny or huge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numbers {
    power: i32,
    decimals: usize,
}

/// More digits than these say nothing to the eye.
const MOST_DECIMALS: i32 = 6;

impl Numbers {
    /// With the decimals that show each of these values exactly.
    pub(super) fn exact(values: &[f64]) -> Numbers {
        let power = common_power(values);
        let exact = |v: &f64, places: &i32| {
            let shifted = v * 10_f64.powi(places - power);
            (shifted - shifted.round()).abs() < 1e-6
        };
        let decimals = (0..MOST_DECIMALS).find(|places| values.iter().all(|v| exact(v, places)));
        Numbers { power, decimals: decimals.unwrap_or(MOST_DECIMALS) as usize }
    }

    /// With the decimals that tell two values apart.
    pub(super) fn apart(low: f64, high: f64) -> Numbers {
        let power = common_power(&[low, high]);
        let range = (high - low).max(f64::MIN_POSITIVE) / 10_f64.powi(power);
        let decimals = (1.0 - range.log10().floor()).clamp(0.0, f64::from(MOST_DECIMALS));
        Numbers { power, decimals: decimals as usize }
    }

    /// A value with a true minus sign, which is as wide as a plus.
    pub(super) fn words(&self, v: f64) -> String {
        let digits = format!("{:.*}", self.decimals, v * 10_f64.powi(-self.power));
        let zero = digits.bytes().all(|b| b"-0.".contains(&b));
        if zero { digits.replace('-', "") } else { digits.replace('-', "−") }
    }

    /// What is measured, and in which power of ten.
    pub(super) fn name(&self, measured: &str) -> String {
        match self.power {
            0 => measured.to_owned(),
            power => format!("{measured}, in 10{}", raised(power)),
        }
    }
}

/// The power of ten of the largest value, or 0 where numbers are short without.
fn common_power(values: &[f64]) -> i32 {
    let largest = values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let power = largest.log10().floor();
    // Of zeros alone it is -∞.
    if power.is_finite() && !(-2.0..6.0).contains(&power) { power as i32 } else { 0 }
}

/// A whole number as an exponent.
fn raised(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    power.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_of_a_scale_have_the_decimals_that_they_need() {
        let decimals = |values: &[f64]| Numbers::exact(values).decimals;
        assert_eq!(decimals(&[0.0, 1.0, 10.0]), 0);
        assert_eq!(decimals(&[0.2, 0.4, 1.6]), 1);
        assert_eq!(decimals(&[0.12, 0.125]), 3);
        assert_eq!(decimals(&[-3000.0, 4000.0]), 0);
        assert_eq!(decimals(&[1.0 / 3.0]), 6);
        assert_eq!(Numbers::apart(-20.0, 30.0).words(-20.0), "−20");
        assert_eq!(Numbers::apart(0.51, 0.52).words(0.51), "0.510");
        assert_eq!(Numbers::apart(3.0, 3.0).words(3.0), "3.000000");
    }

    #[test]
    fn numbers_have_a_true_minus_and_zero_has_none() {
        let numbers = |decimals| Numbers { power: 0, decimals };
        assert_eq!(numbers(1).words(0.1 + 0.2), "0.3");
        assert_eq!(numbers(0).words(-2.0), "−2");
        assert_eq!(numbers(2).words(-1e-9), "0.00");
        assert_eq!(numbers(0).words(2500.0), "2500");
    }

    #[test]
    fn tiny_and_huge_numbers_share_a_power_of_ten_that_the_name_tells() {
        let tiny = Numbers::exact(&[-5e-5, 0.0, 2.5e-5]);
        assert_eq!([-5e-5, 0.0, 2.5e-5].map(|v| tiny.words(v)), ["−5.0", "0.0", "2.5"]);
        assert_eq!(tiny.name("loss"), "loss, in 10⁻⁵");
        let huge = Numbers::exact(&[0.0, 2e12]);
        assert_eq!((huge.words(2e12), huge.name("f")), ("2".to_owned(), "f, in 10¹²".to_owned()));
        let map = Numbers::apart(-9.5e-6, 2e-7);
        assert_eq!(
            (map.words(-9.5e-6), map.name("f(x)")),
            ("−9.5".to_owned(), "f(x), in 10⁻⁶".to_owned())
        );
        for plain in [&[0.0, 0.01][..], &[999_999.0], &[0.0], &[]] {
            assert_eq!(Numbers::exact(plain).name("loss"), "loss", "{plain:?}");
        }
    }
}
