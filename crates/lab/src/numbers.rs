//! Which numbers are still in their range once they have the engine's precision?
//!
//! Flags and files hold f64. As an f32, 1e39 is infinite, 1e-50 is 0 and 0.99999999 is 1: what is
//! checked is what the engine computes with.

use autograd::Real;

/// What the engine makes of a number.
pub fn as_real(x: f64) -> f64 {
    f64::from(x as Real)
}

/// How a message names a number that is refused: `0.99999999 (here 1)` where rounding alone is to
/// blame.
pub fn named(x: f64) -> String {
    let y = as_real(x);
    let at_an_end = y == 0.0 || y == 1.0 || y.is_infinite();
    if y != x && at_an_end { format!("{x} (here {y})") } else { x.to_string() }
}

/// A decay on the command line, in [0, 1).
///
/// # Errors
/// If the text is no such number.
pub fn decay(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..1.0).contains(&as_real(number)) {
        Ok(number)
    } else {
        Err(format!("{} is not in [0, 1)", named(number)))
    }
}

/// A factor on the command line, at least 0.
///
/// # Errors
/// If the text is no such number.
pub fn factor(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "not a number".to_owned())?;
    if number >= 0.0 && as_real(number).is_finite() {
        Ok(number)
    } else {
        Err(format!("{} is not a number of at least 0", named(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_refused_for_what_it_becomes() {
        assert_eq!(decay("0"), Ok(0.0));
        assert_eq!(decay("0.9999999"), Ok(0.9999999));
        assert_eq!(decay("1"), Err("1 is not in [0, 1)".to_owned()));
        assert_eq!(factor("1e38"), Ok(1e38));
        assert_eq!(factor("-1"), Err("-1 is not a number of at least 0".to_owned()));
        assert!(factor("inf").is_err() && factor("nan").is_err() && decay("x").is_err());
        if size_of::<Real>() == 4 {
            assert_eq!(decay("0.99999999"), Err("0.99999999 (here 1) is not in [0, 1)".to_owned()));
            let why = factor("1e39").unwrap_err();
            assert!(why.ends_with("(here inf) is not a number of at least 0"), "{why}");
        }
    }
}
