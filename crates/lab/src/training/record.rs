//! What is recorded of a step?

use std::fmt;

use autograd::Real;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The numbers of a step: a line of `metrics.jsonl`, such as
/// `{"step":0,"loss_d":1.433,"loss_g":0.7233}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers<Name = &'static str> {
    /// Which step, counted from 0.
    pub step: u64,
    /// Its numbers by name.
    pub values: Vec<(Name, Real)>,
}

impl<Name: AsRef<str>> Serialize for Numbers<Name> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.values.len()))?;
        map.serialize_entry("step", &self.step)?;
        for (name, value) in &self.values {
            map.serialize_entry(name.as_ref(), value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Numbers<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Numbers<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the numbers of a step")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                if map.next_key::<String>()?.as_deref() != Some("step") {
                    return Err(Error::custom("the first field is not `step`"));
                }
                let mut numbers = Numbers { step: map.next_value()?, values: Vec::new() };
                while let Some(entry) = map.next_entry()? {
                    numbers.values.push(entry);
                }
                Ok(numbers)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// The line of the classic programs: `Iter: 250, D: 1.578, G:0.7958`, and other losses and the share
/// of errors if there are any. What is neither is in `metrics.jsonl`.
impl<Name: AsRef<str>> fmt::Display for Numbers<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter: {}", self.step)?;
        for (name, value) in &self.values {
            let value = four_digits(f64::from(*value));
            match name.as_ref() {
                "loss_d" => write!(f, ", D: {value}")?,
                "loss_g" => write!(f, ", G:{value}")?,
                "error" => write!(f, ", error: {value}")?,
                other => {
                    if let Some(name) = other.strip_prefix("loss_") {
                        write!(f, ", {name}: {value}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A number with four significant digits and no zeros behind them, as `{:.4}` of Python writes it.
pub(crate) fn four_digits(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned(); // and not -0
    }
    if !x.is_finite() {
        return x.to_string();
    }
    let rounded: f64 = format!("{x:.3e}").parse().expect("a number was written");
    let exponent = rounded.abs().log10().floor();
    if (-4.0..4.0).contains(&exponent) { rounded.to_string() } else { format!("{x:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_line_of_json_and_comes_back() {
        let numbers = Numbers { step: 3, values: vec![("loss_d", 0.1), ("accuracy", 0.5)] };
        let json = serde_json::to_string(&numbers).unwrap();
        assert_eq!(json, r#"{"step":3,"loss_d":0.1,"accuracy":0.5}"#);
        let read: Numbers<String> = serde_json::from_str(&json).unwrap();
        assert_eq!((read.step, read.values.len()), (3, 2));
        assert_eq!(read.values[0], ("loss_d".to_owned(), 0.1));
        for wrong in ["{}", r#"{"loss_d":1}"#, r#"{"step":-1}"#, r#"{"step":1,"loss_d":"x"}"#] {
            assert!(serde_json::from_str::<Numbers<String>>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_is_printed_as_in_the_notebook() {
        let mut numbers =
            Numbers { step: 0, values: vec![("loss_d", 1.4334), ("loss_g", 0.72329)] };
        assert_eq!(numbers.to_string(), "Iter: 0, D: 1.433, G:0.7233");
        numbers.values.extend([("loss_cycle", 0.25), ("accuracy", 0.5), ("error", 0.125)]);
        assert_eq!(numbers.to_string(), "Iter: 0, D: 1.433, G:0.7233, cycle: 0.25, error: 0.125");
        // As Python prints them with four significant digits.
        for (x, expected) in [
            (1.0, "1"),
            (0.074251, "0.07425"),
            (12.3456, "12.35"),
            (0.99996, "1"),
            (0.5, "0.5"),
            (-1.5, "-1.5"),
            (1234.5678, "1235"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
            (0.0, "0"),
            (-0.0, "0"),
            (-0.000_012_344, "-1.234e-5"),
        ] {
            assert_eq!(four_digits(x), expected);
        }
    }
}
