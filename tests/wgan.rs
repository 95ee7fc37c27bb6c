//! Does the Wasserstein GANs' program keep what its command line promises?

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::example;

const SMALL: &str = "train --width 8 --batch-size 8 --iterations 2";

/// The program with these flags, in a folder.
fn wgan(folder: &Path, flags: &str) -> Command {
    let mut command = Command::new(example("wgan"));
    command.current_dir(folder).args(flags.split(' '));
    command
}

#[test]
fn what_cannot_be_names_its_flag() {
    let root = tempfile::tempdir().expect("a folder");
    let small = format!("{SMALL} --form clip --data ring --out run");
    assert!(wgan(root.path(), &small).output().expect("the example starts").status.success());
    for (flags, expected) in [
        ("SMALL --form clip --penalty 5", "--penalty: --form clip bounds weights"),
        ("SMALL --form clip --constant-rate", "--constant-rate: --form clip has one already"),
        ("train --resume run --penalty 5", "--penalty: --form clip bounds weights"),
        ("train --resume run --constant-rate", "--constant-rate: --form clip has one already"),
        ("train --data mnist --seeds 2", "--seeds: digits have no modes to count"),
        (
            "train --seeds 2 --seed 18446744073709551614",
            "--seed: there are no 2 seeds from 18446744073709551614 on",
        ),
    ] {
        let flags = flags.replace("SMALL", SMALL);
        let output = wgan(root.path(), &flags).output().expect("the example starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(expected), "{flags}: {text}");
    }
}

/// A penalty of 1e38 makes weights that overflow the next product.
#[cfg(not(feature = "f64"))]
#[test]
fn a_game_that_diverges_ends_with_one_line_and_a_seed_that_does_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let lost = "train --width 8 --batch-size 8 --iterations 3 --every 1 --data ring --penalty 1e38";
    let output = wgan(root.path(), lost).output().expect("the example starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.lines().count() == 1, "{text}");
    assert!(text.contains("If training diverged, lower the learning rate"), "{text}");
    let output = wgan(root.path(), &format!("{lost} --seeds 2")).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The next seed has its turn.
    let line = |seed: u64| {
        let mut lines = text.lines();
        lines.find(|line| line.starts_with(&format!(r#"{{"seed":{seed},"#))).unwrap_or_default()
    };
    assert!(line(0).contains("\"diverged\":") && !line(1).is_empty(), "{text}");
    assert!(text.lines().any(|line| line.starts_with("diverged: ")), "{text}");
}

#[cfg(unix)]
#[test]
fn many_seeds_that_are_stopped_keep_those_that_are_finished() {
    let root = tempfile::tempdir().expect("a folder");
    let flags = format!("{SMALL} --data moons --seeds 1000 --out seeds");
    let mut command = wgan(root.path(), &flags);
    let mut run = command.stdout(Stdio::piped()).spawn().expect("the example starts");
    let mut lines = BufReader::new(run.stdout.take().expect("it is piped")).lines();
    let mut next = || lines.next().map(|line| line.expect("text"));
    assert!(next().expect("a title").ends_with("1000 seeds of 2 iterations"));
    assert!(next().expect("a seed").starts_with(r#"{"seed":0,"#));
    let interrupt = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("there is a `kill`").success());
    let rest: Vec<String> = std::iter::from_fn(next).collect();
    assert!(run.wait().expect("it ends").success());
    let json = fs::read(root.path().join("seeds/seeds.json")).expect("what is finished");
    let records: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let finished = records.as_array().map_or(0, Vec::len);
    let said = format!("stopped: {finished} of 1000 seeds are finished");
    assert!((1..1000).contains(&finished) && rest.contains(&said), "{finished}: {rest:?}");
}
