//! How does a model become a file, and a file a model?
//!
//! As safetensors: a JSON header with each tensor's name, type, shape and place, then the raw
//! numbers. Python opens it with the package of that name. Parameters and statistics are stored
//! by their paths.

use crate::Module;
use autograd::{Array, Real, Shape};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, BTreeSet};

/// Why a file is not this model's state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Not a safetensors file, or one cut short.
    #[error("not a whole safetensors file: {0}")]
    Malformed(#[from] safetensors::SafeTensorError),
    /// The model has a tensor that the file lacks.
    #[error("tensor `{0}` is missing; is this the state of another model?")]
    Missing(String),
    /// The file has a tensor that the model lacks.
    #[error("tensor `{0}` belongs to no part of the model; is this the state of another model?")]
    Unknown(String),
    /// A tensor has another shape than the model's.
    #[error("tensor `{name}` has shape {found:?}, the model wants {expected:?}")]
    Shape {
        /// Which tensor.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the model.
        expected: Vec<usize>,
    },
    /// A tensor's numbers are neither f32 nor f64.
    #[error("tensor `{name}` holds {found:?}, only F32 and F64 can be read")]
    Type {
        /// Which tensor.
        name: String,
        /// What its numbers are.
        found: Dtype,
    },
    /// A tensor holds a NaN or an infinity.
    #[error("tensor `{0}` holds a number that is not finite")]
    NotFinite(String),
}

/// The model's parameters and statistics as the bytes of a safetensors file.
///
/// # Panics
/// If two of them have one name.
pub fn to_safetensors(model: &dyn Module) -> Vec<u8> {
    let mut tensors: Vec<(String, Shape, Vec<u8>)> = Vec::new();
    let bytes = |x: &Array| x.numbers().iter().flat_map(|x| x.to_le_bytes()).collect();
    model.each_param(&mut |param| {
        let value = param.tensor().value();
        tensors.push((param.name().to_owned(), *value.shape(), bytes(value)));
    });
    model.each_statistic(&mut |statistic| {
        let value = &statistic.value;
        tensors.push((statistic.name().to_owned(), *value.shape(), bytes(value)));
    });
    let mut names = BTreeSet::new();
    for (name, ..) in &tensors {
        assert!(
            names.insert(name),
            "state: two tensors are named `{name}`\n  \
             hint: a container puts its own name in front with `move_into`"
        );
    }
    let dtype = if size_of::<Real>() == 8 { Dtype::F64 } else { Dtype::F32 };
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(dtype, shape.to_vec(), bytes);
        (name, view.expect("as many bytes as the shape says"))
    });
    safetensors::serialize(views, None).expect("names and sizes are valid")
}

/// Replaces the model's parameters and statistics by those of a safetensors file. Numbers of
/// either precision are converted.
///
/// # Errors
/// If the file does not hold exactly this model's tensors. The model is then unchanged.
pub fn from_safetensors(model: &mut dyn Module, bytes: &[u8]) -> Result<(), StateError> {
    let file = SafeTensors::deserialize(bytes)?;
    let mut wanted: Vec<(&str, Shape)> = Vec::new();
    model.each_param(&mut |param| wanted.push((param.name(), *param.tensor().shape())));
    model.each_statistic(&mut |stat| wanted.push((stat.name(), *stat.value.shape())));
    let mut loaded: BTreeMap<String, Array> = BTreeMap::new();
    for (name, shape) in wanted {
        let view = file.tensor(name).map_err(|_| StateError::Missing(name.to_owned()))?;
        loaded.insert(name.to_owned(), read(name, &view, shape)?);
    }
    if let Some(name) = file.names().into_iter().find(|name| !loaded.contains_key(*name)) {
        return Err(StateError::Unknown(name.to_owned()));
    }
    // From here on nothing can fail, so the model changes as a whole or not at all.
    model.each_param_mut(&mut |param| {
        let value = &loaded[param.name()];
        param.update(|w| w.copy_from_slice(value.numbers()));
    });
    model.each_statistic_mut(&mut |stat| stat.value = loaded[stat.name()].clone());
    Ok(())
}

fn read(name: &str, view: &TensorView<'_>, expected: Shape) -> Result<Array, StateError> {
    let name = || name.to_owned();
    if view.shape() != &expected[..] {
        let found = view.shape().to_vec();
        return Err(StateError::Shape { name: name(), found, expected: expected.to_vec() });
    }
    let (singles, _) = view.data().as_chunks::<4>();
    let (doubles, _) = view.data().as_chunks::<8>();
    let numbers: Vec<Real> = match view.dtype() {
        Dtype::F32 => singles.iter().map(|b| f32::from_le_bytes(*b) as Real).collect(),
        Dtype::F64 => doubles.iter().map(|b| f64::from_le_bytes(*b) as Real).collect(),
        found => {
            return Err(StateError::Type { name: name(), found });
        }
    };
    if numbers.iter().any(|x| !x.is_finite()) {
        return Err(StateError::NotFinite(name()));
    }
    Ok(Array::new(expected, &numbers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchNorm, Init, Linear, Sequential};
    use autograd::{Rng, Tensor};

    fn model(seed: u64, outputs: usize) -> Sequential {
        let mut rng = Rng::new(seed, "weights");
        let mut model = Sequential::new()
            .add(Linear::new(2, outputs, Init::Normal { std: 1.0 }, &mut rng))
            .add(BatchNorm::pytorch(outputs));
        let x = Tensor::constant(rng.normal([8, 2]));
        model.forward_train(&x, &mut rng);
        model
    }

    #[test]
    fn a_loaded_model_gives_the_same_bits() {
        let (saved, mut loaded) = (model(0, 3), model(1, 3));
        let x = Tensor::constant(Rng::new(2, "x").normal([5, 2]));
        assert_ne!(saved.forward(&x).numbers(), loaded.forward(&x).numbers());
        from_safetensors(&mut loaded, &to_safetensors(&saved)).unwrap();
        assert_eq!(saved.forward(&x).numbers(), loaded.forward(&x).numbers());
    }

    #[test]
    fn another_model_is_refused_and_nothing_changes() {
        let mut target = model(1, 3);
        let before = to_safetensors(&target);
        let why = from_safetensors(&mut target, &to_safetensors(&model(0, 4))).unwrap_err();
        assert_eq!(why.to_string(), "tensor `0.weight` has shape [2, 4], the model wants [2, 3]");
        let mut rng = Rng::new(0, "weights");
        let smaller = Sequential::new().add(Linear::new(2, 3, Init::Zeros, &mut rng));
        let why = from_safetensors(&mut target, &to_safetensors(&smaller)).unwrap_err();
        assert!(why.to_string().starts_with("tensor `1.scale` is missing"), "{why}");
        let mut smaller = smaller;
        let why = from_safetensors(&mut smaller, &before).unwrap_err();
        assert!(why.to_string().contains("belongs to no part of the model"), "{why}");
        assert_eq!(to_safetensors(&target), before);
    }

    #[test]
    fn every_prefix_of_a_file_is_an_error() {
        let mut target = model(1, 3);
        let bytes = to_safetensors(&model(0, 3));
        for len in 0..bytes.len() {
            assert!(from_safetensors(&mut target, &bytes[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let mut target = model(1, 3);
        let mut bytes = to_safetensors(&target);
        let last = bytes.len() - size_of::<Real>();
        bytes[last..].copy_from_slice(&Real::NAN.to_le_bytes());
        let why = from_safetensors(&mut target, &bytes).unwrap_err();
        assert!(why.to_string().ends_with("holds a number that is not finite"), "{why}");
    }
}
