//! How does a run write down its numbers, one record a line, and how are they read back?

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;

/// Writes a metrics file: one JSON object a line (the JSON Lines format, UTF-8).
///
/// Each record reaches the file before `record` returns, so one can follow a run with `tail -f`,
/// and a crash loses at most the line being written.
///
/// A file holds no `null`. JSON has no NaN and no infinity, and serde writes `null` for them: a
/// diverged run would look like a missing number.
#[derive(Debug)]
pub struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Starts an empty metrics file, in place of one that stands there.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Metrics, Error> {
        let path = path.into();
        match File::create(&path) {
            Ok(file) => Ok(Metrics { path, file }),
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    /// Goes on with the metrics file of an interrupted run, cut back to its first `len` bytes: what
    /// comes behind was recorded after the checkpoint, and the same records come again.
    ///
    /// # Errors
    /// [`Error::Read`] if it is missing, [`Error::Write`] if it cannot be opened otherwise,
    /// [`Error::Shorter`] if it has fewer bytes.
    pub fn resume(path: impl Into<PathBuf>, len: u64) -> Result<Metrics, Error> {
        let path = path.into();
        let open = || -> io::Result<(File, u64)> {
            let mut file = File::options().read(true).write(true).open(&path)?;
            let found = file.metadata()?.len();
            if found >= len {
                file.set_len(len)?;
                file.seek(SeekFrom::Start(len))?;
            }
            Ok((file, found))
        };
        match open() {
            Ok((_, found)) if found < len => Err(Error::Shorter { path, found, expected: len }),
            Ok((file, _)) => Ok(Metrics { path, file }),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Err(Error::Read { path, source })
            }
            Err(source) => Err(Error::Write { path, source }),
        }
    }

    /// Waits until the disk has all records, and returns the length of the file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn sync(&mut self) -> Result<u64, Error> {
        let sync = |file: &mut File| -> io::Result<u64> {
            file.sync_data()?;
            file.stream_position()
        };
        sync(&mut self.file).map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    /// Appends one record.
    ///
    /// # Errors
    /// [`Error::NoValue`] if a field is NaN, infinite or `None`; nothing is written then.
    /// [`Error::Write`] if the disk refuses.
    ///
    /// # Panics
    /// If the record is not an object with named fields.
    #[track_caller]
    pub fn record(&mut self, record: &impl Serialize) -> Result<(), Error> {
        let value = serde_json::to_value(record).expect("a record has a form in JSON");
        assert!(value.is_object(), "metrics: a record is a struct or a map, not {value}");
        if let Some(field) = find_null(&value) {
            return Err(Error::NoValue { path: self.path.clone(), field });
        }
        // Not `value` itself: it would sort the fields and widen each f32 to an f64.
        let mut line = serde_json::to_vec(record).expect("a record has a form in JSON");
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

/// Cuts a metrics file back to its last whole line. What a loss of power or a kill left of a line
/// is no record, and the next record would be written behind it.
///
/// # Errors
/// [`Error::Read`] or [`Error::Write`].
pub fn cut_torn_line(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    if whole == bytes.len() {
        return Ok(());
    }
    let cut = || File::options().write(true).open(path)?.set_len(whole as u64);
    cut().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// The path of the first `null` in a value, such as `loss.generator` or `losses.0`.
fn find_null(value: &Value) -> Option<String> {
    let inside = |key: &str, value: &Value| {
        find_null(value).map(
            |rest| {
                if rest.is_empty() { key.into() } else { format!("{key}.{rest}") }
            },
        )
    };
    match value {
        Value::Null => Some(String::new()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| inside(&i.to_string(), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, field)| inside(key, field)),
        _ => None,
    }
}

/// Reads all records of a metrics file, in order.
///
/// Strict: every line must be a record of type `T`; an empty or a torn line is an error. Only the
/// last line may lack its line break, since an object that closes is whole.
///
/// # Errors
/// [`Error::Read`], or [`Error::Record`] with the number of the first bad line.
pub fn read_metrics<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Vec<T>, Error> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    lines
        .split(|&byte| byte == b'\n')
        .enumerate()
        .map(|(i, line)| {
            serde_json::from_slice(line).map_err(|source| Error::Record {
                path: path.to_owned(),
                line: i + 1,
                source,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Epoch {
        epoch: usize,
        loss: f32,
        accuracy: Vec<f64>,
    }

    fn epoch(epoch: usize, loss: f32) -> Epoch {
        Epoch { epoch, loss, accuracy: vec![0.7645, 0.1] }
    }

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        (folder, path)
    }

    #[test]
    fn records_come_back_in_order() {
        let (_folder, path) = scratch();
        let mut metrics = Metrics::create(&path).unwrap();
        let records = vec![epoch(0, 0.1), epoch(1, 1e-30), epoch(2, -3.4e38)];
        for record in &records {
            metrics.record(record).unwrap();
        }
        assert_eq!(read_metrics::<Epoch>(&path).unwrap(), records);
    }

    #[test]
    fn each_record_is_one_line_and_there_at_once() {
        let (_folder, path) = scratch();
        let mut metrics = Metrics::create(&path).unwrap();
        assert_eq!(read_metrics::<Epoch>(&path).unwrap(), []);
        metrics.record(&epoch(7, 0.1)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "{\"epoch\":7,\"loss\":0.1,\"accuracy\":[0.7645,0.1]}\n");
    }

    #[test]
    fn whatever_is_left_of_the_last_line_the_next_record_follows_the_one_before() {
        let (_folder, path) = scratch();
        let mut metrics = Metrics::create(&path).unwrap();
        let records = [epoch(0, 0.1), epoch(1, 0.2)];
        records.iter().for_each(|record| metrics.record(record).unwrap());
        let whole = fs::read(&path).unwrap();
        let first = 1 + whole.iter().position(|&byte| byte == b'\n').unwrap();
        for end in first..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            cut_torn_line(&path).unwrap();
            let expected = if end == whole.len() { &records[..] } else { &records[..1] };
            assert_eq!(read_metrics::<Epoch>(&path).unwrap(), expected, "{end} bytes");
            let len = fs::metadata(&path).unwrap().len();
            Metrics::resume(&path, len).unwrap().record(&epoch(2, 0.3)).unwrap();
            assert_eq!(read_metrics::<Epoch>(&path).unwrap().last(), Some(&epoch(2, 0.3)));
        }
        fs::write(&path, &whole[..first - 1]).unwrap();
        cut_torn_line(&path).unwrap();
        assert_eq!(read_metrics::<Epoch>(&path).unwrap(), []);
    }

    #[test]
    fn a_number_that_json_lacks_is_an_error_and_writes_nothing() {
        let (_folder, path) = scratch();
        let mut metrics = Metrics::create(&path).unwrap();
        for loss in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = metrics.record(&epoch(0, loss)).unwrap_err();
            assert!(matches!(&error, Error::NoValue { field, .. } if field == "loss"), "{error}");
        }
        let nested = Epoch { accuracy: vec![1.0, f64::NAN], ..epoch(0, 0.0) };
        let error = metrics.record(&nested).unwrap_err();
        assert!(matches!(&error, Error::NoValue { field, .. } if field == "accuracy.1"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let (_folder, path) = scratch();
        let good = r#"{"epoch":0,"loss":1,"accuracy":[]}"#;
        for bad in ["", "{", r#"{"epoch":1}"#, r#"{"epoch":-1,"loss":1,"accuracy":[]}"#, "\u{7f}"] {
            fs::write(&path, format!("{good}\n{good}\n{bad}\n{good}\n")).unwrap();
            let error = read_metrics::<Epoch>(&path).unwrap_err();
            assert!(error.to_string().contains("metrics.jsonl, line 3"), "{bad:?}: {error}");
        }
    }

    #[test]
    fn the_last_line_break_may_be_missing_and_a_torn_line_is_an_error() {
        let (_folder, path) = scratch();
        let line = r#"{"epoch":0,"loss":1,"accuracy":[]}"#;
        fs::write(&path, format!("{line}\n{line}")).unwrap();
        assert_eq!(read_metrics::<Epoch>(&path).unwrap().len(), 2);
        fs::write(&path, format!("{line}\n{}", &line[..20])).unwrap();
        assert!(matches!(read_metrics::<Epoch>(&path), Err(Error::Record { line: 2, .. })));
    }

    #[test]
    fn a_resumed_file_is_cut_back_and_goes_on() {
        let (_folder, path) = scratch();
        let whole = [epoch(0, 0.5), epoch(1, 0.25), epoch(2, 0.125)];
        let mut metrics = Metrics::create(&path).unwrap();
        metrics.record(&whole[0]).unwrap();
        let len = metrics.sync().unwrap();
        assert_eq!(len, fs::metadata(&path).unwrap().len());
        metrics.record(&epoch(7, 0.7)).unwrap();
        let mut resumed = Metrics::resume(&path, len).unwrap();
        resumed.record(&whole[1]).unwrap();
        resumed.record(&whole[2]).unwrap();
        assert_eq!(read_metrics::<Epoch>(&path).unwrap(), whole);
        assert_eq!(resumed.sync().unwrap(), fs::metadata(&path).unwrap().len());

        let before = fs::read(&path).unwrap();
        let error = Metrics::resume(&path, before.len() as u64 + 1).unwrap_err();
        assert!(matches!(error, Error::Shorter { .. }), "{error}");
        assert!(error.to_string().contains("metrics.jsonl has"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
        let error = Metrics::resume(path.with_extension("missing"), 0).unwrap_err();
        let missing = "metrics.missing. See that it exists";
        assert!(error.to_string().contains(missing), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let (_folder, path) = scratch();
        let error = read_metrics::<Epoch>(&path).unwrap_err();
        assert!(error.to_string().contains("metrics.jsonl"), "{error}");
    }

    #[test]
    #[should_panic(expected = "a record is a struct or a map, not 3")]
    fn a_record_has_named_fields() {
        let (_folder, path) = scratch();
        let _ = Metrics::create(&path).unwrap().record(&3);
    }
}
