//! Does any PNG file make its reader crash, hang or take much memory?

#![no_main]

use lab::{Images, Split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.png"), bytes).expect("a file");
    // As it is, and brought to another size.
    if let Ok(images) = Images::load(folder.path(), Split::Train) {
        let resized = Images::load_resized(folder.path(), Split::Train, [3, 5]);
        let resized = resized.expect("it has just been read");
        assert_eq!(resized, images.resized([3, 5]));
    }
});
