//! What is in a fixture, and when does a result agree with it?

use autograd::{Array, Real, Tensor, vjp};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Permitted difference, relative to the largest element of a tensor.
pub(crate) const TOLERANCE: f64 = if IS_DOUBLE { 1e-12 } else { 1e-5 };

/// Whether this is the build with the feature `f64`.
pub(crate) const IS_DOUBLE: bool = size_of::<Real>() == 8;

/// Where `tests/fixtures/name.json` is.
pub(crate) fn path(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    PathBuf::from(folder).join(name).with_extension("json")
}

/// The contents of `tests/fixtures/name.json`.
pub(crate) fn load(name: &str) -> Value {
    let path = path(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path:?}: {why}"));
    serde_json::from_str(&text).unwrap_or_else(|why| panic!("{path:?}: {why}"))
}

/// The elements of a JSON list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is not a list"))
}

/// Nested lists as shape and numbers, row after row.
pub(crate) fn numbers(value: &Value) -> (Vec<usize>, Vec<f64>) {
    let Value::Array(rows) = value else {
        let number = value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"));
        return (vec![], vec![number]);
    };
    let (shapes, parts): (Vec<_>, Vec<_>) = rows.iter().map(numbers).unzip();
    let shape = [&[rows.len()][..], shapes.first().map_or(&[], |shape| shape)].concat();
    (shape, parts.concat())
}

/// Nested lists as an array.
pub(crate) fn array(value: &Value) -> Array {
    let (shape, numbers) = numbers(value);
    let numbers: Vec<Real> = numbers.iter().map(|x| *x as Real).collect();
    Array::new(&shape[..], &numbers)
}

/// Nested lists as a constant.
pub(crate) fn tensor(value: &Value) -> Tensor {
    Tensor::constant(array(value))
}

/// A list of nested lists as variables.
pub(crate) fn variables(value: &Value) -> Vec<Tensor> {
    list(value).iter().map(|x| Tensor::variable(array(x))).collect()
}

/// Prints the largest difference, relative to the largest expected element.
///
/// # Panics
/// If it is above `tolerance`, or the shapes differ.
#[track_caller]
pub(crate) fn agree(what: &str, found: &Array, expected: &Value, tolerance: f64) {
    let (shape, expected) = numbers(expected);
    assert_eq!(found.shape()[..], shape, "{what}: our shape and theirs");
    let largest = expected.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    // What is zero but for rounding is compared with 1, not with the rounding.
    let scale = if largest < 1e-12 { 1.0 } else { largest };
    let found = found.numbers().iter().map(|x| f64::from(*x));
    let pairs = found.zip(&expected).map(|(a, b)| ((a - b).abs() / scale, a, b));
    let worst = pairs.max_by(|a, b| a.0.total_cmp(&b.0));
    let (difference, a, b) = worst.expect("a recorded tensor has elements");
    println!("{difference:7.1e}  {what}");
    let close = difference <= tolerance;
    assert!(close, "{what}: ours {a:e}, theirs {b:e}: {difference:.1e} of the largest apart");
}

/// The same for gradients, of which some do not exist: theirs may be null where ours is zero, and
/// the other way round.
#[track_caller]
pub(crate) fn all_agree(what: &str, found: &[Option<Tensor>], expected: &Value, tolerance: f64) {
    assert_eq!(found.len(), list(expected).len(), "{what}: our number of gradients and theirs");
    for (i, (found, expected)) in found.iter().zip(list(expected)).enumerate() {
        let what = format!("{what} {i}");
        match found {
            Some(found) if !expected.is_null() => agree(&what, found.value(), expected, tolerance),
            Some(found) => assert!(found.numbers().iter().all(|d| *d == 0.0), "{what}: not zero"),
            None if expected.is_null() => (),
            None => assert!(numbers(expected).1.iter().all(|d| *d == 0.0), "{what}: missing"),
        }
    }
}

/// The gradients of Σ u y in each x, recorded or not, which can be other kernels; u are the case's
/// weights.
pub(crate) fn gradients(
    y: &Tensor,
    case: &Value,
    x: &[&Tensor],
    recorded: bool,
) -> Vec<Option<Tensor>> {
    vjp(y, &tensor(&case["weights"]), x, recorded)
}

/// The Rust sources in a folder of the project and in those below it.
pub(crate) fn sources(folder: &str) -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the project") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(fs::read_to_string(path).expect("a source is text"));
            }
        }
    }
    sources
}
