//! How does a tensor lie in a file?

use super::{State, StateError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::borrow::Cow;
use std::collections::HashMap;

/// A tensor as it lies in a file.
#[derive(Clone, Debug)]
pub(super) struct Stored<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Cow<'a, [u8]>,
}

impl Stored<'_> {
    /// That it has this shape and holds floating-point numbers.
    pub(super) fn check(&self, name: &str, expected: &[usize]) -> Result<(), StateError> {
        let name = || name.to_owned();
        if self.shape != expected {
            let found = self.shape.clone();
            return Err(StateError::Shape { name: name(), found, expected: expected.to_vec() });
        }
        if !matches!(self.dtype, Dtype::F32 | Dtype::F64) {
            return Err(StateError::Type { name: name(), found: self.dtype });
        }
        Ok(())
    }

    /// Its numbers, f32 or f64, which [`Stored::check`] has seen to.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> + use<'_> {
        let (singles, doubles): (&[[u8; 4]], &[[u8; 8]]) = match self.dtype {
            Dtype::F64 => (&[], self.bytes.as_chunks().0),
            _ => (self.bytes.as_chunks().0, &[]),
        };
        let singles = singles.iter().map(|b| f64::from(f32::from_le_bytes(*b)));
        singles.chain(doubles.iter().map(|b| f64::from_le_bytes(*b)))
    }
}

impl<'a> State<'a> {
    /// The tensors as the bytes of a safetensors file, with one entry of metadata. Equal states
    /// give equal bytes.
    pub fn to_bytes(&self, metadata: Option<(&str, String)>) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, stored)| {
            let view = TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes);
            (name, view.expect("as many bytes as the shape says"))
        });
        // One entry, because more would stand in an order that changes from run to run.
        let metadata = metadata.map(|(key, text)| HashMap::from([(key.to_owned(), text)]));
        safetensors::serialize(views, metadata).expect("names and sizes are valid")
    }

    /// The tensors of a safetensors file, and its metadata. Nothing is copied.
    ///
    /// # Errors
    /// If the bytes are not such a file.
    pub fn parse(bytes: &'a [u8]) -> Result<(State<'a>, HashMap<String, String>), StateError> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes)?;
        let store = |(name, view): (String, TensorView<'a>)| {
            let (dtype, shape) = (view.dtype(), view.shape().to_vec());
            (name, Stored { dtype, shape, bytes: Cow::Borrowed(view.data()) })
        };
        let tensors = file.tensors().into_iter().map(store).collect();
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok((State { tensors, ..State::new() }, metadata))
    }
}
