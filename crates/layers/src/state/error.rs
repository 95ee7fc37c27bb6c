//! Why can a state not be taken?

use super::State;
use safetensors::tensor::Dtype;

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
    /// A whole number is missing among the counters.
    #[error("counter `{0}` is missing; is this the state of another model?")]
    NoCounter(String),
    /// There is a counter that nothing asks for.
    #[error("counter `{0}` belongs to no part of the model; is this the state of another model?")]
    UnknownCounter(String),
    /// A counter has a value that it cannot have here.
    #[error("counter `{name}` is {found}: {why}")]
    Counter {
        /// Which counter.
        name: String,
        /// Its value.
        found: u64,
        /// Why it cannot be.
        why: String,
    },
}

impl StateError {
    /// The same error of something that knows only the end of its path.
    #[must_use]
    pub fn within(mut self, state: &State<'_>) -> StateError {
        use StateError::{Counter, Missing, NoCounter, NotFinite, Shape, Type, Unknown};
        match &mut self {
            StateError::Malformed(_) => {}
            Missing(name)
            | Unknown(name)
            | NotFinite(name)
            | NoCounter(name)
            | StateError::UnknownCounter(name)
            | Shape { name, .. }
            | Type { name, .. }
            | Counter { name, .. } => *name = format!("{}{name}", state.path),
        }
        self
    }
}
