//! Does any file make the reader of metrics crash or hang, and does it read what was written?

#![no_main]

use lab::{Metrics, read_metrics};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug)]
struct Epoch {
    epoch: usize,
    loss: f64,
    mean: Vec<f64>,
}

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("metrics.jsonl");
    std::fs::write(&path, bytes).expect("a file");
    let Ok(records) = read_metrics::<Epoch>(&path) else { return };
    let mut metrics = Metrics::create(&path).expect("a file");
    for record in &records {
        metrics.record(record).expect("JSON has no numbers that are not finite");
    }
    let again = read_metrics::<Epoch>(&path).expect("what was written can be read");
    assert_eq!(again.len(), records.len());
});
