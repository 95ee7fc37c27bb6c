//! How does a model become a file, and a file a model?
//!
//! As safetensors: a JSON header with each tensor's name, type, shape and place, then the raw
//! numbers. Python opens it with the package of that name. Parameters and statistics are stored
//! by their paths.
//!
//! A [`State`] is what stands in such a file. Whatever changes while it is trained is [`Stateful`]:
//! it puts its numbers into a state by name and takes them out again.

use crate::Module;
use autograd::{Array, Real, Rng, RngState, Shape};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

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

/// A tensor as it lies in a file.
#[derive(Clone, Debug)]
struct Stored<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
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

    /// Puts a model's parameters and statistics.
    ///
    /// # Panics
    /// If two of them have one name.
    pub fn put_model(&mut self, model: &dyn Module) {
        model.each_param(&mut |param| self.put(param.name(), param.tensor().value()));
        model.each_statistic(&mut |statistic| self.put(statistic.name(), &statistic.value));
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
            let (path, stored) = self.remove(&name)?;
            stored.check(&path, &[stored.shape.iter().product()])?;
            let finite = stored.numbers().all(f64::is_finite);
            if finite || self.takes_any {
                Ok((name, stored.numbers().collect()))
            } else {
                Err(StateError::NotFinite(path))
            }
        };
        names.into_iter().map(take).collect()
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

    /// Takes a model's parameters and statistics.
    ///
    /// # Errors
    /// If one is missing or does not fit. The model is then unchanged.
    pub fn take_model(&mut self, model: &mut dyn Module) -> Result<(), StateError> {
        let mut wanted: Vec<(&str, Shape)> = Vec::new();
        model.each_param(&mut |param| wanted.push((param.name(), *param.tensor().shape())));
        model.each_statistic(&mut |stat| wanted.push((stat.name(), *stat.value.shape())));
        let mut loaded: BTreeMap<String, Array> = BTreeMap::new();
        for (name, shape) in wanted {
            loaded.insert(name.to_owned(), self.take(name, shape)?);
        }
        // From here on nothing can fail, so the model changes as a whole or not at all.
        model.each_param_mut(&mut |param| {
            let value = &loaded[param.name()];
            param.update(|w| w.copy_from_slice(value.numbers()));
        });
        model.each_statistic_mut(&mut |stat| stat.value = loaded[stat.name()].clone());
        Ok(())
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

impl Stored<'_> {
    /// That it has this shape and holds floating-point numbers.
    fn check(&self, name: &str, expected: &[usize]) -> Result<(), StateError> {
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
    fn numbers(&self) -> impl Iterator<Item = f64> + use<'_> {
        let (singles, doubles): (&[[u8; 4]], &[[u8; 8]]) = match self.dtype {
            Dtype::F64 => (&[], self.bytes.as_chunks().0),
            _ => (self.bytes.as_chunks().0, &[]),
        };
        let singles = singles.iter().map(|b| f64::from(f32::from_le_bytes(*b)));
        singles.chain(doubles.iter().map(|b| f64::from_le_bytes(*b)))
    }
}

/// The model's parameters and statistics as the bytes of a safetensors file.
///
/// # Panics
/// If two of them have one name.
pub fn to_safetensors(model: &dyn Module) -> Vec<u8> {
    let mut state = State::new();
    state.put_model(model);
    state.to_bytes(None)
}

/// Replaces the model's parameters and statistics by those of a safetensors file. Numbers of
/// either precision are converted.
///
/// # Errors
/// If the file does not hold exactly this model's tensors. The model is then unchanged.
pub fn from_safetensors(model: &mut dyn Module, bytes: &[u8]) -> Result<(), StateError> {
    let (state, _) = State::parse(bytes)?;
    restore(&mut Model(model), state)
}

struct Model<'a>(&'a mut dyn Module);

impl Stateful for Model<'_> {
    fn put(&self, state: &mut State<'_>) {
        state.put_model(self.0);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.take_model(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchNorm, Init, Linear, Sequential};
    use autograd::{Rng, Tensor};

    fn rng() -> Rng {
        Rng::new(0, "weights")
    }

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
    fn a_diverged_model_stays_as_it_is_when_a_file_is_refused() {
        let mut target = model(1, 3);
        target.each_param_mut(&mut |param| {
            param.update(|w| (w[0], w[1]) = (Real::NAN, Real::NEG_INFINITY));
        });
        let before = to_safetensors(&target);
        for other in [model(0, 4), model(0, 3).add(Linear::new(3, 1, Init::Zeros, &mut rng()))] {
            assert!(from_safetensors(&mut target, &to_safetensors(&other)).is_err());
            assert_eq!(to_safetensors(&target), before);
        }
        // A file of such numbers is none to begin with.
        let why = from_safetensors(&mut target, &before).unwrap_err();
        assert!(why.to_string().ends_with("holds a number that is not finite"), "{why}");
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

    /// A part with everything that a state can hold.
    struct Everything {
        list: Vec<f64>,
        count: u64,
        rng: Rng,
    }

    impl Stateful for Everything {
        fn put(&self, state: &mut State<'_>) {
            state.within("part", |state| {
                state.put_list("list", &self.list);
                state.put_counter("count", self.count);
                state.put_stream("noise", &self.rng);
            });
        }

        fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
            state.within("part", |state| {
                self.list = state.take_lists()?.remove(0).1;
                self.count = state.take_counter("count")?;
                self.rng = state.take_stream("noise")?;
                Ok(())
            })
        }
    }

    fn everything(list: &[f64], count: u64) -> Everything {
        let mut rng = Rng::new(count, "noise");
        rng.normal([7]);
        Everything { list: list.to_vec(), count, rng }
    }

    /// The largest counter, which no f64 holds.
    const LARGEST: u64 = (1 << 63) - 1;

    #[test]
    fn numbers_counters_and_streams_come_back_exactly() {
        for list in [&[1.5, -0.0, 2.0_f64.powi(-140)][..], &[0.1], &[1e300], &[]] {
            let saved = everything(list, LARGEST);
            let mut state = State::new();
            saved.put(&mut state);
            let bytes = state.to_bytes(Some(("about", "x".to_owned())));
            assert_eq!(bytes, state.to_bytes(Some(("about", "x".to_owned()))));
            let (mut read, metadata) = State::parse(&bytes).unwrap();
            assert_eq!(metadata["about"], "x");
            read.counters = state.counters;
            let mut loaded = everything(&[0.0], 0);
            restore(&mut loaded, read).unwrap();
            let bits = |list: &[f64]| list.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&loaded.list), bits(list));
            assert_eq!((loaded.count, loaded.rng.state()), (LARGEST, saved.rng.state()));
        }
    }

    #[test]
    fn a_part_that_no_file_may_hold_stays_as_it_is() {
        let mut state = State::new();
        everything(&[1.0], 3).put(&mut state);
        state.put_counter("other", 1);
        let mut target = everything(&[f64::NAN, f64::INFINITY], LARGEST + 1);
        let before = target.rng.state();
        assert!(restore(&mut target, state).is_err());
        assert!(target.list[0].is_nan() && target.list[1] == f64::INFINITY);
        assert_eq!((target.count, target.rng.state()), (LARGEST + 1, before));
    }

    #[test]
    fn what_is_missing_or_left_over_is_named_and_nothing_changes() {
        type Change = fn(&mut State<'_>);
        let cases: [(Change, &str); 6] = [
            (
                |s| s.counters.retain(|name, _| name != "part.count"),
                "counter `part.count` is missing",
            ),
            (
                |s| s.counters.retain(|n, _| n != "part.noise.drawn"),
                "counter `part.noise.drawn` is",
            ),
            (
                |s| *s.counters.get_mut("part.count").expect("it counts") = LARGEST + 1,
                "counter `part.count` is 9223372036854775808: nothing counts beyond 2^63",
            ),
            (|state| state.put_counter("other", 1), "counter `other` belongs to no part"),
            (|state| state.put_list("other", &[1.0]), "tensor `other` belongs to no part"),
            (
                |state| {
                    state.take("part.list", [2].into()).unwrap();
                    state.put_list("part.list", &[1.0, f64::INFINITY]);
                },
                "tensor `part.list` holds a number that is not finite",
            ),
        ];
        for (change, expected) in cases {
            let mut state = State::new();
            everything(&[1.0, 2.0], 3).put(&mut state);
            change(&mut state);
            let mut target = everything(&[5.0], 6);
            let why = restore(&mut target, state).unwrap_err().to_string();
            assert!(why.starts_with(expected), "{why}");
            assert_eq!((&target.list[..], target.count), (&[5.0][..], 6), "{expected}");
        }
    }
}
