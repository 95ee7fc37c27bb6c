//! Do the examples keep what their command lines promise?

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::example;

fn run(threads: &str, out: &Path, flags: &[&str]) -> Output {
    Command::new(example("gaussian_gan"))
        .env("RAYON_NUM_THREADS", threads)
        .arg("--out")
        .arg(out)
        .args(flags)
        .output()
        .expect("the example starts")
}

/// `metrics.jsonl` without its times.
fn metrics(out: &Path) -> String {
    let text = fs::read_to_string(out.join("metrics.jsonl")).expect("the run wrote its metrics");
    let without_time = |line: &str| match line.split_once(",\"seconds\":") {
        Some((figures, _)) => figures.to_owned(),
        None => panic!("{line} has no time"),
    };
    text.lines().map(without_time).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_leaves_all_its_pictures_and_a_record_of_each_epoch() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let output = run("2", folder.path(), &["--epochs", "3"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("covariance [[1.010, 1.950], [1.950, 4.250]]"), "{text}");
    assert!(text.contains("binary training acc at epoch 2: accuracy=0."), "{text}");
    let files: BTreeSet<String> = fs::read_dir(folder.path())
        .expect("the folder is there")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    let expected = "discriminator.svg epoch-00.svg epoch-01.svg epoch-02.svg final.svg losses.svg \
                    metrics.jsonl real.svg training.gif";
    assert_eq!(files, expected.split(' ').map(str::to_owned).collect());
    let line = metrics(folder.path()).lines().next().expect("a line").to_owned() + "}";
    let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    for key in ["epoch", "accuracy", "loss_d", "loss_g", "w2_squared"] {
        assert!(record[key].is_number(), "{key} in {line}");
    }
    assert!(record["mean"].as_array().is_some_and(|mean| mean.len() == 2));
    assert!(record["covariance"][1][1].is_number());
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads() {
    let runs = ["1", "2", "4"].map(|threads| {
        let folder = tempfile::tempdir().expect("a folder for the run");
        assert!(run(threads, folder.path(), &["--seed", "3"]).status.success());
        let pictures = ["final.svg", "losses.svg", "discriminator.svg", "training.gif"];
        let pictures = pictures.map(|name| fs::read(folder.path().join(name)).expect(name));
        (metrics(folder.path()), pictures)
    });
    assert!(runs[0].0.lines().count() == 10 && runs[0] == runs[1] && runs[1] == runs[2]);
    let folder = tempfile::tempdir().expect("a folder for the run");
    assert!(run("2", folder.path(), &["--seed", "4"]).status.success());
    assert_ne!(metrics(folder.path()), runs[0].0);
}

#[test]
fn many_seeds_are_summarised() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let output = run("2", folder.path(), &["--seeds", "5", "--epochs", "2", "--loss", "bce"]);
    assert!(output.status.success());
    let json = fs::read(folder.path().join("seeds.json")).expect("the summary");
    let summary: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(summary.as_array().map(Vec::len), Some(2));
    let distance = &summary[1]["w2_squared"];
    let quartiles = ["lower", "median", "upper"].map(|key| distance[key].as_f64().expect(key));
    assert!(quartiles.is_sorted() && quartiles[0] > 0.0);
}

#[test]
fn wrong_flags_end_with_one_clear_line_and_leave_nothing() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let out = folder.path().join("run");
    for (flags, expected) in [
        (["--epochs", "0"], "'0' for '--epochs"),
        (["--seed", "x"], "'x' for '--seed"),
        (["--loss", "hinge"], "'hinge' for '--loss"),
        (["--seeds", "0"], "'0' for '--seeds"),
        (["--speed", "9"], "'--speed'"),
    ] {
        let output = run("1", &out, &flags);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{flags:?}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
        assert!(!out.exists());
    }
}

#[test]
fn wrong_flags_of_a_command_say_whose_help_to_see() {
    let folder = tempfile::tempdir().expect("a folder");
    for (flags, expected) in [
        (
            "trian",
            "unrecognized subcommand 'trian'; tip: a similar subcommand exists: 'train'; see --",
        ),
        ("train --iterations -1", "'-1' for '--iterations <ITERATIONS>'"),
        (
            "generate --batch-size 99999999999999999999999 --checkpoint x",
            "'--batch-size <BATCH_SIZE>': more than",
        ),
        (
            "train --batch-size -3",
            "'--batch-size <BATCH_SIZE>': there must be at least one; see train",
        ),
        ("train --width x", "'--width <WIDTH>': not a whole number; see train --help"),
    ] {
        let output = program("mnist_gan", folder.path(), flags);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.lines().count() == 1, "{message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
    }
}

#[test]
fn what_would_take_more_memory_than_there_is_names_its_flag_and_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = "train --width 3 --batch-size 4 --images 20 --every 1 --iterations 1 --out run";
    assert!(program("mnist_gan", folder.path(), train).status.success());
    let before = names(&folder.path().join("run"));
    for (flags, expected) in [
        ("generate --batch-size 1000000", "--batch-size: 1000000 images of 28 x 28 at once"),
        ("generate --nice --batch-size 10000", "--batch-size: 200000 images"),
        ("interpolate --pairs 100000 --steps 1000", "--pairs: 200000000 images"),
        ("walk --stops 1000000 --steps 1000", "--stops: 1000000000 images"),
        ("walk --out a.png", "--out: what is written is a .gif file, and a.png is none"),
        ("generate --out a/b.jpg", "--out: what is written is a .png file, and a/b.jpg is none"),
        ("train --width 100000", "--width: 100000 is more than 8192"),
        ("train --batch-size 1000000", "'--batch-size <BATCH_SIZE>': more than 20000"),
    ] {
        let trained = if flags.starts_with("train") { "--overwrite --out" } else { "--checkpoint" };
        let output = program("mnist_gan", folder.path(), &format!("{flags} {trained} run"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.lines().count() == 1, "{message}");
        assert!(message.starts_with("error: ") && message.contains(expected), "{message}");
        assert_eq!(names(&folder.path().join("run")), before, "{flags}");
    }
}

#[test]
fn single_samples_are_judged_and_grids_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = "train --width 3 --batch-size 4 --images 20 --every 1 --iterations 1 --out run";
    assert!(program("mnist_gan", folder.path(), train).status.success());
    let each = "generate --checkpoint run --batch-size 5 --each single";
    assert!(program("mnist_gan", folder.path(), each).status.success());
    assert_eq!(names(&folder.path().join("single")).len(), 5);
    let judged = program("judge", folder.path(), "--smoke --samples single");
    let text = String::from_utf8_lossy(&judged.stdout);
    assert!(judged.status.success() && text.contains("nearest real digits"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert_eq!(names(&folder.path().join("out/judge")), BTreeSet::from(["smoke".to_owned()]));
    fs::create_dir(folder.path().join("grids")).expect("a folder");
    fs::copy(folder.path().join("run/samples-000000.png"), folder.path().join("grids/a.png"))
        .expect("a picture");
    for (samples, expected) in [
        ("run", "--samples: run holds a run, whose pictures show many samples each"),
        ("grids", "not two or more grey images of 28 x 28"),
    ] {
        let output = program("judge", folder.path(), &format!("--samples {samples}"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains(expected), "{message}");
    }
}

#[test]
fn a_batch_of_more_digits_than_there_are_ends_with_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let mut command = Command::new(example("wgan"));
    command.current_dir(folder.path()).args(["train", "--data", "mnist", "--batch-size", "10001"]);
    let output = command.output().expect("the example starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(message.trim_end(), "error: --batch-size: no batch of 10001 from 10000 digits");
    assert!(!output.status.success());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_run_does_not_go_back() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let train = |flags: &str| {
        let mut command = Command::new(example("mnist_gan"));
        command.current_dir(folder.path()).arg("train").args(flags.split(' '));
        command.output().expect("the example starts")
    };
    let flags = "--width 3 --batch-size 4 --images 20 --every 1 --iterations 6 --out run";
    assert!(train(flags).status.success());
    let times = || {
        let files = fs::read_dir(folder.path().join("run")).expect("the run's folder");
        let time = |file: fs::DirEntry| {
            (file.file_name(), file.metadata().and_then(|it| it.modified()).ok())
        };
        files.map(|file| time(file.expect("a file"))).collect::<BTreeMap<_, _>>()
    };
    let before = times();
    // An epoch of twenty images in batches of four has five steps.
    for flag in ["--iterations 5", "--epochs 1"] {
        let output = train(&format!("--resume run {flag}"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.lines().count() == 1, "{message}");
        let (name, _) = flag.split_once(' ').expect("a flag and its value");
        let expected = format!("{name}: 5 steps in all, and the run has taken 6");
        assert!(message.contains(&expected), "{message}");
        assert_eq!(times(), before, "{flag}");
    }
}

/// Runs a program in this folder.
fn program(name: &str, folder: &Path, flags: &str) -> Output {
    let mut command = Command::new(example(name));
    command.current_dir(folder).args(flags.split(' ')).output().expect("the example starts")
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).expect("a folder");
    files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_run_is_deleted_only_by_the_flag_for_it_and_then_all_of_it_is() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let run = folder.path().join("run");
    let train = "train --batch-size 8 --images 40 --every 3 --iterations";
    let first = program("vae", folder.path(), &format!("{train} 3 --code 2 --out run"));
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(program("vae", folder.path(), "generate --checkpoint run").status.success());
    fs::write(run.join("notes.png"), "mine").expect("a file");
    let before = names(&run);
    let again = program("vae", folder.path(), &format!("{train} 3 --code 3 --out run"));
    let message = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && again.stdout.is_empty(), "{message}");
    let expected = "error: run holds a run of 3 steps: `--resume run` goes on with it, \
                    `--out FOLDER` trains beside it, `--overwrite` deletes it and starts anew";
    assert_eq!(message.trim_end(), expected);
    assert_eq!(names(&run), before);
    let flags = format!("{train} 2 --code 3 --out run --overwrite");
    assert!(program("vae", folder.path(), &flags).status.success());
    let gone = ["codes.svg", "plane.png", "generated.png", "samples-000003.png"].map(str::to_owned);
    assert!(before.is_superset(&gone.clone().into()), "{before:?}");
    let mut expected: BTreeSet<String> = before.difference(&gone.into()).cloned().collect();
    expected.insert("samples-000002.png".to_owned());
    assert_eq!(names(&run), expected);
}

#[test]
fn a_folder_that_cannot_be_written_ends_with_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder for the run");
    let file = folder.path().join("notes.txt");
    fs::write(&file, "mine").expect("a file");
    for out in [file.clone(), file.join("run")] {
        let output = run("1", &out, &[]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains("notes.txt"), "{message}");
    }
    assert_eq!(fs::read_to_string(&file).expect("it is still there"), "mine");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
