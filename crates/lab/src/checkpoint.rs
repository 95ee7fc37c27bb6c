//! How does a run stop and go on?
//!
//! A checkpoint is one safetensors file. Its tensors are the players' weights and statistics, such
//! as `generator.0.weight`, and what their optimisers remember, `generator.optimiser.0.weight.m`.
//! Its metadata has one entry, `run`, with a JSON object:
//!
//! | field | holds |
//! |---|---|
//! | `format` | the version of this table, 1 |
//! | `step` | how many steps were taken |
//! | `metrics_bytes` | how long `metrics.jsonl` was |
//! | `configuration` | what the run was started with |
//! | `counters` | whole numbers by path: steps of players, the place in the data, random streams |

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use autograd::Real;
use layers::{State, Stateful, restore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::numbers::as_real;
use crate::{Error, write_durably};

/// The version of the format, which grows when old files cannot be read any more.
const FORMAT: u32 = 1;

/// The entry of the metadata.
const ENTRY: &str = "run";

/// What numbers in a configuration may be, by their names. A file may say anything, and sizes become
/// memory, divisors and settings that panic. Whatever a flag accepts is within them. Compared is
/// what the engine makes of a number: the largest below 1, and of all, are its own.
const RANGES: [(&str, RangeInclusive<f64>); 12] = [
    ("batch_size", 1.0..=1e6),
    ("iterations", 1.0..=1e12),
    ("every", 1.0..=1e12),
    ("save_every", 1.0..=1e12),
    ("images", 1.0..=1e9),
    ("labels", 1.0..=1e9),
    ("image", 1.0..=128.0),
    ("side", 8.0..=512.0),
    ("channels", 1.0..=3.0),
    ("blocks", 1.0..=1000.0),
    ("average", 0.0..=1.0 - Real::EPSILON as f64 / 2.0),
    ("penalty", 0.0..=Real::MAX as f64),
];

/// Sizes of layers, which stand in the shape of a tensor too.
const SIZES: [&str; 2] = ["width", "code"];

/// What a checkpoint says of its run, beside the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    step: u64,
    metrics_bytes: u64,
    configuration: Value,
    counters: BTreeMap<String, u64>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    /// The length of its metrics file.
    pub metrics_bytes: u64,
}

/// Writes a checkpoint: whole or not at all, and so that not even a loss of power undoes it.
///
/// # Errors
/// [`Error::Diverged`] if a number of the run is not finite: nobody could go on from that.
/// [`Error::Write`], for instance because the disk is full. What stood at `path` stays.
pub fn save_checkpoint(
    path: impl AsRef<Path>,
    progress: Progress,
    configuration: &impl Serialize,
    run: &impl Stateful,
) -> Result<(), Error> {
    let mut state = State::new();
    run.put(&mut state);
    state
        .expect_finite()
        .map_err(|why| Error::Diverged { path: path.as_ref().to_owned(), flaw: why.to_string() })?;
    let header = Header {
        format: FORMAT,
        step: progress.step,
        metrics_bytes: progress.metrics_bytes,
        configuration: serde_json::to_value(configuration).expect("it has a form in JSON"),
        counters: std::mem::take(&mut state.counters),
    };
    let header = serde_json::to_string(&header).expect("a header has a form in JSON");
    write_durably(path, &state.to_bytes(Some((ENTRY, header))))
}

/// A checkpoint that was read and is sound, before anything has been loaded from it.
pub struct Checkpoint {
    path: PathBuf,
    header: Header,
    bytes: Vec<u8>,
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Checkpoint`] if it is no whole checkpoint of this format.
    pub fn read(path: impl Into<PathBuf>) -> Result<Checkpoint, Error> {
        let path = path.into();
        match fs::read(&path) {
            Ok(bytes) => Checkpoint::parse(path, bytes),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    fn parse(path: PathBuf, bytes: Vec<u8>) -> Result<Checkpoint, Error> {
        let flaw = |flaw: String| Error::Checkpoint { path: path.clone(), flaw };
        let (_, metadata) = State::parse(&bytes).map_err(|why| flaw(why.to_string()))?;
        let Some(header) = metadata.get(ENTRY) else {
            return Err(flaw(format!("its metadata has no entry `{ENTRY}`")));
        };
        /// The one field that every version has.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let no_header = |why| flaw(format!("its metadata `{ENTRY}`: {why}"));
        let Version { format } = serde_json::from_str(header).map_err(no_header)?;
        if format != FORMAT {
            return Err(flaw(format!("it has format {format}, this program reads {FORMAT}")));
        }
        let header: Header = serde_json::from_str(header).map_err(no_header)?;
        if header.step >= 1 << 63 {
            return Err(flaw(format!("its `step` is {}: nothing counts beyond 2^63", header.step)));
        }
        Ok(Checkpoint { path, header, bytes })
    }

    /// How far the run has come.
    pub fn progress(&self) -> Progress {
        let Header { step, metrics_bytes, .. } = self.header;
        Progress { step, metrics_bytes }
    }

    /// What the run was started with.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is no configuration of this kind, or no run can have it.
    pub fn configuration<C: DeserializeOwned>(&self) -> Result<C, Error> {
        let flaw = |why: String| self.flaw(format!("its configuration: {why}"));
        let sizes: BTreeSet<usize> = self.state().shapes().flatten().copied().collect();
        expect_possible(&self.header.configuration, &sizes).map_err(flaw)?;
        serde_json::from_value(self.header.configuration.clone())
            .map_err(|why| flaw(why.to_string()))
    }

    /// Checks that the run was started with this configuration.
    ///
    /// # Errors
    /// [`Error::OtherConfiguration`], naming the first field that differs.
    pub fn expect_configuration(&self, expected: &impl Serialize) -> Result<(), Error> {
        let expected = serde_json::to_value(expected).expect("it has a form in JSON");
        match difference(&self.header.configuration, &expected) {
            None => Ok(()),
            Some((field, found, expected)) => {
                Err(Error::OtherConfiguration { path: self.path.clone(), field, found, expected })
            }
        }
    }

    /// Checks which program's run it is, by its configuration's `system`.
    ///
    /// # Errors
    /// [`Error::OtherProgram`] if it is another's, [`Error::Checkpoint`] if it names none.
    pub fn expect_program(&self, expected: &str) -> Result<(), Error> {
        match self.header.configuration.get("system").and_then(Value::as_str) {
            Some(found) if found == expected => Ok(()),
            Some(found) => Err(Error::OtherProgram {
                path: self.path.clone(),
                found: found.to_owned(),
                expected: expected.to_owned(),
            }),
            None => Err(self.flaw("its configuration names no program as its `system`".to_owned())),
        }
    }

    /// Loads everything into a run.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing, left over or does not fit. The run is then
    /// unchanged.
    pub fn restore(&self, run: &mut impl Stateful) -> Result<(), Error> {
        restore(run, self.state()).map_err(|why| self.flaw(why.to_string()))
    }

    /// Loads what a part of a run asks for, such as the game without its data.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or does not fit. The part is then not to be
    /// used.
    pub fn restore_part(&self, part: &mut impl Stateful) -> Result<(), Error> {
        part.take(&mut self.state()).map_err(|why| self.flaw(why.to_string()))
    }

    fn state(&self) -> State<'_> {
        let (mut state, _) = State::parse(&self.bytes).expect("it was parsed when it was read");
        state.counters.clone_from(&self.header.counters);
        state
    }

    /// The error of a checkpoint with this flaw.
    pub(crate) fn flaw(&self, flaw: String) -> Error {
        Error::Checkpoint { path: self.path.clone(), flaw }
    }
}

/// Checks each number of a configuration, however deep it stands, by the name of its field. `sizes`
/// are those of the tensors beside it.
///
/// # Errors
/// The field, its value, and what it may be.
fn expect_possible(configuration: &Value, sizes: &BTreeSet<usize>) -> Result<(), String> {
    for (name, value) in configuration.as_object().into_iter().flatten() {
        expect_possible(value, sizes)?;
        let numbers = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for number in numbers.iter().filter_map(Value::as_f64) {
            let range = RANGES.iter().find(|(known, _)| known == name).map(|(_, range)| range);
            if let Some(range) = range.filter(|range| !range.contains(&as_real(number))) {
                let (least, most) = (range.start(), range.end());
                return Err(format!("`{name}` is {value}, not from {least} to {most}"));
            }
            if SIZES.contains(&&name[..]) && !sizes.contains(&(number as usize)) {
                return Err(format!("`{name}` is {value}, and no tensor has that size"));
            }
        }
    }
    Ok(())
}

/// The first field in which two configurations differ, with both values. Of a field that has fields
/// itself it is the first of those, with both names, such as `data.images`.
fn difference(found: &Value, expected: &Value) -> Option<(String, String, String)> {
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (found, expected) = (fields(found), fields(expected));
    let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
    let differs = |name: &&String| found.get(*name) != expected.get(*name);
    let name = names.into_iter().find(differs)?;
    let (found, expected) = (found.get(name), expected.get(name));
    if let (Some(found @ Value::Object(_)), Some(expected @ Value::Object(_))) = (found, expected) {
        let (inner, found, expected) = difference(found, expected)?;
        return Some((format!("{name}.{inner}"), found, expected));
    }
    Some((name.clone(), text(found), text(expected)))
}

/// A value as one reads it in a line: of a long one, such as a hash, the beginning.
fn text(value: Option<&Value>) -> String {
    let text = value.map_or("absent".to_owned(), Value::to_string);
    match text.char_indices().nth(24) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::{decay, factor};
    use autograd::Rng;
    use layers::{Init, Linear, Module, StateError};
    use serde_json::json;

    struct Run {
        model: Linear,
        noise: Rng,
    }

    impl Stateful for Run {
        fn put(&self, state: &mut State<'_>) {
            state.within("model", |state| state.put_model(&self.model));
            state.put_stream("noise", &self.noise);
        }

        fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
            state.within("model", |state| state.take_model(&mut self.model))?;
            self.noise = state.take_stream("noise")?;
            Ok(())
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Configuration {
        batch_size: usize,
        seed: u64,
    }

    const CONFIGURATION: Configuration = Configuration { batch_size: 4, seed: u64::MAX };
    const PROGRESS: Progress = Progress { step: 5, metrics_bytes: 70 };

    fn run(seed: u64, outputs: usize) -> Run {
        let mut noise = Rng::new(seed, "noise");
        let model = Linear::new(2, outputs, Init::XavierUniform, &mut noise);
        Run { model, noise }
    }

    fn weights(run: &Run) -> Vec<u8> {
        layers::to_safetensors(&run.model)
    }

    #[test]
    fn a_checkpoint_brings_everything_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let saved = run(0, 3);
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &saved).unwrap();
        let first = fs::read(&path).unwrap();
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &saved).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first, "the same run is the same file");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);

        let checkpoint = Checkpoint::read(&path).unwrap();
        assert_eq!(checkpoint.progress(), PROGRESS);
        assert_eq!(checkpoint.configuration::<Configuration>().unwrap(), CONFIGURATION);
        let mut loaded = run(1, 3);
        assert_ne!(weights(&loaded), weights(&saved));
        checkpoint.restore(&mut loaded).unwrap();
        assert_eq!(weights(&loaded), weights(&saved));
        assert_eq!(loaded.noise.state(), saved.noise.state());
    }

    #[test]
    fn a_run_that_has_diverged_is_not_saved_over_one_that_has_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let mut saved = run(0, 3);
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &saved).unwrap();
        let sound = fs::read(&path).unwrap();
        saved.model.each_param_mut(&mut |param| param.update(|w| w[1] = Real::NAN));
        let why = save_checkpoint(&path, PROGRESS, &CONFIGURATION, &saved).unwrap_err();
        let named = "a.safetensors is not written: tensor `model.bias` holds a number that is not";
        assert!(why.to_string().contains(named), "{why}");
        assert_eq!(fs::read(&path).unwrap(), sound);
    }

    #[test]
    fn another_configuration_is_named_by_its_first_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &run(0, 3)).unwrap();
        let checkpoint = Checkpoint::read(&path).unwrap();
        checkpoint.expect_configuration(&CONFIGURATION).unwrap();
        let other = Configuration { batch_size: 8, ..CONFIGURATION };
        let why = checkpoint.expect_configuration(&other).unwrap_err().to_string();
        assert!(why.contains("`batch_size` is 4") && why.contains('8'), "{why}");
        assert!(why.contains("a.safetensors"), "{why}");
        let why = checkpoint.expect_configuration(&BTreeMap::from([("seed", 1)])).unwrap_err();
        assert!(why.to_string().contains("`seed` is 18446744073709551615"), "{why}");
        let why = checkpoint.expect_program("gan").unwrap_err().to_string();
        assert!(why.contains("its configuration names no program"), "{why}");
        let why = checkpoint.configuration::<BTreeMap<String, String>>().unwrap_err();
        assert!(why.to_string().contains("its configuration: invalid type"), "{why}");
    }

    #[test]
    fn a_difference_inside_of_a_field_is_named_and_a_long_value_is_cut() {
        let data =
            |images: u64, hash: &str| json!({ "data": { "images": images, "sha256": hash } });
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let expected = ("data.images".to_owned(), "3".to_owned(), "4".to_owned());
        assert_eq!(difference(&data(3, &a), &data(4, &b)), Some(expected));
        let (field, found, _) = difference(&data(3, &a), &data(3, &b)).unwrap();
        assert_eq!((&field[..], found.len()), ("data.sha256", 26));
        let path = "a".into();
        let why = Error::OtherConfiguration { path, field, found, expected: "4".to_owned() };
        assert!(why.to_string().contains("Go on with the `data` that it began with"), "{why}");
        assert_eq!(difference(&data(3, &a), &data(3, &a)), None);
        let (field, ..) = difference(&data(3, &a), &json!({ "data": null })).unwrap();
        assert_eq!(field, "data");
    }

    #[test]
    fn a_configuration_that_no_run_can_have_is_named_by_its_field() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let read = |configuration: &Value| {
            save_checkpoint(&path, PROGRESS, configuration, &run(0, 3)).unwrap();
            Checkpoint::read(&path).unwrap().configuration::<Value>().map_err(|why| why.to_string())
        };
        let sound = json!({
            "batch_size": 4, "iterations": 1, "every": 1, "save_every": 2, "width": 3, "code": 2,
            "image": [28, 28, 1], "data": { "images": 10, "path": null }, "average": 0.999,
            "seed": u64::MAX, "penalty": null, "labels": 10, "side": 8, "channels": 3, "blocks": 2,
        });
        assert_eq!(read(&sound).unwrap(), sound);
        for (field, value, expected) in [
            ("/batch_size", json!(0), "`batch_size` is 0, not from 1 to 1000000"),
            ("/batch_size", json!(u64::MAX), "`batch_size` is 18446744073709551615, not from 1"),
            ("/iterations", json!(0), "`iterations` is 0"),
            ("/every", json!(0), "`every` is 0"),
            ("/save_every", json!(0), "`save_every` is 0"),
            ("/save_every", json!(u64::MAX), "`save_every` is 18446744073709551615"),
            ("/width", json!(1_000_000_000), "`width` is 1000000000, and no tensor has that size"),
            ("/width", json!(4), "`width` is 4, and no tensor"),
            ("/code", json!(0), "`code` is 0, and no tensor"),
            ("/image", json!([28, 1_000_000, 1]), "`image` is [28,1000000,1], not from 1 to 128"),
            ("/image/2", json!(0), "`image` is [28,28,0]"),
            ("/data/images", json!(0), "`images` is 0"),
            ("/labels", json!(-1), "`labels` is -1"),
            ("/side", json!(1_000_000), "`side` is 1000000, not from 8 to 512"),
            ("/channels", json!(0), "`channels` is 0"),
            ("/blocks", json!(1_000_000), "`blocks` is 1000000, not from 1 to 1000"),
            ("/average", json!(1.0), "`average` is 1.0, not from 0 to 0.999999"),
            ("/penalty", json!(-1.0), "`penalty` is -1.0"),
        ] {
            let mut broken = sound.clone();
            *broken.pointer_mut(field).unwrap() = value;
            let why = read(&broken).unwrap_err();
            let named = why.contains("a.safetensors: its configuration: ");
            assert!(named && why.contains(expected), "{field}: {why}");
        }
    }

    #[test]
    fn what_a_flag_accepts_a_checkpoint_may_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let mut ends: Vec<(&str, f64)> = vec![("blocks", 1e3), ("batch_size", 1e6)];
        // Where the flags end, and one step further.
        let below_one = |x: &f64| decay(&x.to_string()).is_ok();
        let tries = (0..60).map(|digits| 1.0 - 0.5_f64.powi(digits));
        ends.extend(tries.filter(below_one).map(|x| ("average", x)));
        let is_factor = |x: &f64| factor(&x.to_string()).is_ok();
        let tries = (0..1024).map(|digits| 1.99 * 2.0_f64.powi(digits));
        ends.extend(tries.filter(is_factor).map(|x| ("penalty", x)));
        assert!(ends.len() > 150);
        for (name, value) in ends {
            save_checkpoint(&path, PROGRESS, &BTreeMap::from([(name, value)]), &run(0, 3)).unwrap();
            let read = Checkpoint::read(&path).unwrap().configuration::<Value>();
            assert!(read.is_ok(), "{name} {value}: {:?}", read.err());
        }
    }

    #[test]
    fn another_model_is_refused_and_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &run(0, 4)).unwrap();
        let mut target = run(1, 3);
        let before = weights(&target);
        let why = Checkpoint::read(&path).unwrap().restore(&mut target).unwrap_err().to_string();
        assert!(why.contains("a.safetensors: tensor `model.weight` has shape [2, 4]"), "{why}");
        assert_eq!(weights(&target), before);
    }

    #[test]
    fn every_prefix_of_a_checkpoint_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        save_checkpoint(&path, PROGRESS, &CONFIGURATION, &run(0, 3)).unwrap();
        let bytes = fs::read(&path).unwrap();
        for len in 0..bytes.len() {
            let read = Checkpoint::parse(path.clone(), bytes[..len].to_vec());
            assert!(matches!(read, Err(Error::Checkpoint { .. })), "{len} bytes");
        }
    }

    #[test]
    fn a_header_that_is_no_header_says_what_is_wrong() {
        let model = run(0, 3).model;
        let of = |metadata: Option<(&str, &str)>| {
            let mut state = State::new();
            state.put("w", model.params()[0].tensor().value());
            let metadata = metadata.map(|(key, text)| (key, text.to_owned()));
            let parsed = Checkpoint::parse("a".into(), state.to_bytes(metadata));
            parsed.err().expect("no header").to_string()
        };
        let start = r#"{"format":1,"step":5,"metrics_bytes":70,"configuration":{}"#;
        let far = start.replace(":5,", ":9223372036854775808,");
        for (metadata, expected) in [
            (None, "its metadata has no entry `run`"),
            (Some(("format", "pt")), "its metadata has no entry `run`"),
            (Some(("run", "")), "its metadata `run`: EOF"),
            (Some(("run", "[1]")), "its metadata `run`: invalid"),
            (Some(("run", r#"{"format":2}"#)), "it has format 2, this program reads 1"),
            (Some(("run", r#"{"format":1}"#)), "missing field `step`"),
            (Some(("run", &format!("{start}}}"))), "missing field `counters`"),
            (Some(("run", &format!(r#"{start},"counters":{{"a":-1}}}}"#))), "invalid value"),
            (Some(("run", &format!(r#"{start},"counters":{{"a":1e99}}}}"#))), "invalid type"),
            (Some(("run", &format!(r#"{start},"counters":{{}},"x":1}}"#))), "unknown field `x`"),
            (
                Some(("run", &format!(r#"{far},"counters":{{}}}}"#))),
                "`step` is 9223372036854775808",
            ),
        ] {
            let why = of(metadata);
            assert!(why.contains(expected), "{metadata:?}: {why}");
        }
    }
}
