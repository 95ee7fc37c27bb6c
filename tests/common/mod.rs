//! Where is the program of an example?

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

/// The example's program, of the same profile and precision as this test. It is built if it is not
/// there, or older than a source: of a single test cargo builds no examples.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    let profile = test.parent().and_then(Path::parent).expect("target/profile/deps/test");
    let program = profile.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    let built = fs::metadata(&program).and_then(|file| file.modified());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["crates", "examples"].map(|folder| last_change(&root.join(folder)));
    if !built.is_ok_and(|built| sources.iter().all(|change| *change <= built)) {
        let mut build = Command::new(env!("CARGO"));
        build.current_dir(root).args(["build", "--quiet", "--example", name, "--target-dir"]);
        build.arg(profile.parent().expect("target/profile"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        if size_of::<autograd::Real>() == 8 {
            build.args(["--features", "f64"]);
        }
        assert!(build.status().expect("cargo starts").success(), "{name} is not built");
    }
    program
}

/// When a file below a folder was last changed.
fn last_change(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    let entries = entries.map(|entry| entry.expect("an entry of it"));
    let change = |entry: fs::DirEntry| match entry.metadata().expect("it is there") {
        metadata if metadata.is_dir() => last_change(&entry.path()),
        metadata => metadata.modified().expect("files have a time"),
    };
    entries.map(change).max().unwrap_or(SystemTime::UNIX_EPOCH)
}
