//! How does a model become a file, and a file a model?
//!
//! As safetensors: a JSON header with each tensor's name, type, shape and place, then the raw
//! numbers. Python opens it with the package of that name. Parameters and statistics are stored
//! by their paths.
//!
//! A [`State`] is what stands in such a file. Whatever changes while it is trained is [`Stateful`]:
//! it puts its numbers into a state by name and takes them out again.

mod error;
mod model;
mod stored;
#[cfg(test)]
mod tests;

pub use error::StateError;
pub use model::{from_safetensors, to_safetensors};

use autograd::{Array, Real, Rng, RngState, Shape};
use safetensors::tensor::Dtype;
use std::collections::BTreeMap;
use stored::Stored;

/// Anything whose numbers change while it is trained: a player, a game, a whole system.
pub trait Stateful {
    /// Puts all that changes into `state`.
    fn put(&self, state: &mut State<'_>);

    /// Takes back what [`Stateful::put`] put there.
    ///
    /// # Errors
    /// If something is missing or does not fit. A part may have been taken then; [`restore`]
    /// takes all or nothing.
    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError>;
}

/// Brings `part` into a state that holds exactly what it puts into one.
///
/// # Errors
/// If something is missing, left over or does not fit. `part` is then unchanged.
pub fn restore(part: &mut impl Stateful, mut state: State<'_>) -> Result<(), StateError> {
    // A model that has diverged is put back as it was, with numbers that no file may hold.
    let mut before = State { takes_any: true, ..State::new() };
    part.put(&mut before);
    let result = part.take(&mut state).and_then(|()| state.finish());
    if result.is_err() {
        part.take(&mut before).expect("a part takes back what it has put");
    }
    result
}

/// Named numbers: arrays, and counters that no floating-point number could hold.
///
/// Names are paths. Inside [`State::within`] they are relative, so no part knows where it is.
#[derive(Clone, Debug, Default)]
pub struct State<'a> {
    /// The path before each name, with its last dot.
    path: String,
    tensors: BTreeMap<String, Stored<'a>>,
    /// Whether [`State::take`] and its siblings pass numbers on that are not finite, and any count.
    takes_any: bool,
    /// Whole numbers by path. They do not go into the tensors of a file: whoever writes one keeps
    /// them beside.
    pub counters: BTreeMap<String, u64>,
}

impl<'a> State<'a> {
    /// Nothing yet.
    pub fn new() -> State<'a> {
        State::default()
    }

    /// Runs `part` with `name` in front of all names.
    pub fn within<T>(&mut self, name: &str, part: impl FnOnce(&mut State<'a>) -> T) -> T {
        let outside = self.path.len();
        self.path = format!("{}{name}.", self.path);
        let result = part(self);
        self.path.truncate(outside);
        result
    }

    /// # Panics
    /// If there is one of this name.
    #[track_caller]
    fn insert(&mut self, name: &str, stored: Stored<'a>) {
        let name = format!("{}{name}", self.path);
        assert!(
            !self.tensors.contains_key(&name),
            "state: two tensors are named `{name}`\n  \
             hint: a container puts its own name in front with `move_into`"
        );
        self.tensors.insert(name, stored);
    }

    /// Puts an array.
    ///
    /// # Panics
    /// If there is one of this name.
    #[track_caller]
    pub fn put(&mut self, name: &str, value: &Array) {
        let dtype = if size_of::<Real>() == 8 { Dtype::F64 } else { Dtype::F32 };
        let bytes = value.numbers().iter().flat_map(|x| x.to_le_bytes()).collect();
        self.insert(name, Stored { dtype, shape: value.shape().to_vec(), bytes });
    }

    /// Puts a list of numbers: as f32 if that holds each of them exactly, as f64 otherwise.
    ///
    /// # Panics
    /// If there is one of this name.
    #[track_caller]
    pub fn put_list(&mut self, name: &str, numbers: &[f64]) {
        let single = numbers.iter().all(|x| f64::from(*x as f32).to_bits() == x.to_bits());
        let (dtype, bytes) = if single {
            (Dtype::F32, numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect())
        } else {
            (Dtype::F64, numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
        };
        self.insert(name, Stored { dtype, shape: vec![numbers.len()], bytes });
    }

    /// Puts a counter.
    ///
    /// # Panics
    /// If there is one of this name.
    #[track_caller]
    pub fn put_counter(&mut self, name: &str, count: u64) {
        let name = format!("{}{name}", self.path);
        assert!(!self.counters.contains_key(&name), "state: two counters are named `{name}`");
        self.counters.insert(name, count);
    }

    /// Puts the place where a random stream stands.
    pub fn put_stream(&mut self, name: &str, rng: &Rng) {
        let RngState { seed, stream, drawn } = rng.state();
        self.within(name, |state| {
            state.put_counter("seed", seed);
            state.put_counter("stream", stream);
            state.put_counter("drawn", drawn);
        });
    }

    /// Takes an array of this shape. Numbers of either precision are converted.
    ///
    /// # Errors
    /// If it is missing, has another shape, or holds anything but finite numbers.
    pub fn take(&mut self, name: &str, shape: Shape) -> Result<Array, StateError> {
        let (name, stored) = self.remove(name)?;
        stored.check(&name, &shape)?;
        // Finite as a `Real`, which a large f64 may not be.
        let mut finite = true;
        let value = Array::filled_by(shape, |out| {
            for (out, x) in out.iter_mut().zip(stored.numbers()) {
                *out = x as Real;
                finite &= out.is_finite();
            }
        });
        if finite || self.takes_any { Ok(value) } else { Err(StateError::NotFinite(name)) }
    }

    /// Takes all lists whose names start with the current path, by the rest of their names.
    ///
    /// # Errors
    /// If one holds anything but finite numbers.
    pub fn take_lists(&mut self) -> Result<Vec<(String, Vec<f64>)>, StateError> {
        let path = self.path.clone();
        let inside = self.tensors.keys().filter_map(|name| name.strip_prefix(&path));
        let names: Vec<String> = inside.map(str::to_owned).collect();
        let take = |name: String| {
            let list = self.take_list(&name)?;
            Ok((name, list))
        };
        names.into_iter().map(take).collect()
    }

    /// Takes one list.
    ///
    /// # Errors
    /// If it is missing, or holds anything but finite numbers.
    pub fn take_list(&mut self, name: &str) -> Result<Vec<f64>, StateError> {
        let (path, stored) = self.remove(name)?;
        stored.check(&path, &[stored.shape.iter().product()])?;
        let finite = stored.numbers().all(f64::is_finite);
        if finite || self.takes_any {
            Ok(stored.numbers().collect())
        } else {
            Err(StateError::NotFinite(path))
        }
    }

    fn remove(&mut self, name: &str) -> Result<(String, Stored<'a>), StateError> {
        let name = format!("{}{name}", self.path);
        let stored = self.tensors.remove(&name);
        stored.map_or_else(|| Err(StateError::Missing(name.clone())), |s| Ok((name.clone(), s)))
    }

    /// Takes a counter.
    ///
    /// # Errors
    /// If it is missing, or 2⁶³ or more: nothing has counted so far, and it could not go on.
    pub fn take_counter(&mut self, name: &str) -> Result<u64, StateError> {
        match self.take_word(name)? {
            count if count < 1 << 63 || self.takes_any => Ok(count),
            found => Err(self.wrong_counter(name, found, "nothing counts beyond 2^63".to_owned())),
        }
    }

    /// Takes a counter whose value may be any.
    fn take_word(&mut self, name: &str) -> Result<u64, StateError> {
        let name = format!("{}{name}", self.path);
        self.counters.remove(&name).ok_or(StateError::NoCounter(name))
    }

    /// The shapes of its tensors.
    pub fn shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.tensors.values().map(|stored| &stored.shape[..])
    }

    /// The error of a counter that cannot have this value.
    pub fn wrong_counter(&self, name: &str, found: u64, why: String) -> StateError {
        StateError::Counter { name: format!("{}{name}", self.path), found, why }
    }

    /// Takes a random stream, at the place where it stood.
    ///
    /// # Errors
    /// If one of its counters is missing, or its place is 2⁶³ or more.
    pub fn take_stream(&mut self, name: &str) -> Result<Rng, StateError> {
        self.within(name, |state| {
            Ok(Rng::resume(RngState {
                seed: state.take_word("seed")?,
                stream: state.take_word("stream")?,
                drawn: state.take_counter("drawn")?,
            }))
        })
    }

    /// Checks that its numbers are those that can be taken back.
    ///
    /// # Errors
    /// If one is not finite, naming its tensor: a model that has diverged.
    pub fn expect_finite(&self) -> Result<(), StateError> {
        let is_lost = |(_, stored): &(_, &Stored<'_>)| !stored.numbers().all(f64::is_finite);
        match self.tensors.iter().find(is_lost) {
            Some((name, _)) => Err(StateError::NotFinite(name.clone())),
            None => Ok(()),
        }
    }

    /// The end of taking.
    ///
    /// # Errors
    /// If something is left.
    pub fn finish(mut self) -> Result<(), StateError> {
        if let Some((name, _)) = self.tensors.pop_first() {
            return Err(StateError::Unknown(name));
        }
        match self.counters.pop_first() {
            Some((name, _)) => Err(StateError::UnknownCounter(name)),
            None => Ok(()),
        }
    }
}
