//! Where is the program of an example?

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The example's program, built if it is not there.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/profile/deps/test");
    let program = folder.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    if !program.exists() {
        let build = Command::new(env!("CARGO")).args(["build", "--example", name]).status();
        assert!(build.expect("cargo starts").success());
    }
    program
}
