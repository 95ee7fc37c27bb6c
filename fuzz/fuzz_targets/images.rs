//! Does any file of images make its reader crash, hang or take much memory?
//!
//! The first byte chooses the format, packed or not; the others are the file.

#![no_main]

use lab::{Images, Split};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 6] = [
    "a-idx3-ubyte",
    "a-idx4-ubyte.gz",
    "train-images-idx3-ubyte",
    "data_batch_1.bin",
    "digits.csv",
    "digits.csv.gz",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    std::fs::write(folder.path().join(name), bytes).expect("a file");
    // Sets of several files are read from their folder, with the same bytes in all of them.
    let path = match name {
        "train-images-idx3-ubyte" => {
            std::fs::write(folder.path().join("train-labels-idx1-ubyte"), bytes).expect("a file");
            folder.path().to_owned()
        }
        "data_batch_1.bin" => {
            for i in 2..=5 {
                let path = folder.path().join(format!("data_batch_{i}.bin"));
                std::fs::write(path, bytes).expect("a file");
            }
            folder.path().to_owned()
        }
        file => folder.path().join(file),
    };
    match Images::load(&path, Split::Train) {
        Ok(images) => {
            let size: usize = images.shape().iter().product();
            assert!(
                !images.is_empty() && (0..images.len()).all(|i| images.pixels(i).len() == size)
            );
            assert!(images.labels().is_none_or(|labels| labels.iter().all(|label| *label < 10)));
        }
        Err(why) => assert!(!why.to_string().is_empty()),
    }
});
