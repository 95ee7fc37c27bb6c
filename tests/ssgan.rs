//! Does the semi-supervised GAN's program keep what its command line promises?

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::example;

fn run(folder: &Path, flags: &str) -> Output {
    let words = flags.split(' ').filter(|word| !word.is_empty());
    let output = Command::new(example("ssgan")).current_dir(folder).args(words).output();
    output.expect("the example starts")
}

/// What it prints, if it succeeds.
fn printed(folder: &Path, flags: &str) -> String {
    let output = run(folder, flags);
    assert!(output.status.success(), "{flags}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    text
}

const SMALL: &str = "--labels 20 --width 8 --batch-size 8 --images 100 --every 2 --supervised 2";

#[test]
fn a_run_leaves_its_files_and_goes_on_to_the_same_bits() {
    for recipe in ["feature-matching", "extra-class"] {
        let root = tempfile::tempdir().expect("a folder");
        let flags = format!("train --recipe {recipe} {SMALL}");
        let text = printed(root.path(), &format!("{flags} --iterations 5 --out whole"));
        assert!(text.contains("20 of them with labels; tested on 100 others"), "{text}");
        assert!(text.contains("in the game:") && text.contains("labels alone:"), "{text}");
        for file in
            ["errors.svg", "confusion.svg", "losses.svg", "training.gif", "samples-000005.png"]
        {
            assert!(root.path().join("whole").join(file).exists(), "{file}");
        }
        printed(root.path(), &format!("{flags} --iterations 3 --out parts"));
        printed(root.path(), "train --resume parts --iterations 5");
        for file in ["checkpoint.safetensors", "metrics.jsonl", "errors.svg"] {
            let read = |run: &str| fs::read(root.path().join(run).join(file)).expect(file);
            assert!(read("whole") == read("parts"), "{recipe}: {file} differs");
        }
        let text = printed(root.path(), "eval --dataset mnist --checkpoint whole");
        assert!(text.starts_with("20 labels: ") && text.contains("of 2000 test images"), "{text}");
    }
}

#[test]
fn what_cannot_be_names_its_flag() {
    let root = tempfile::tempdir().expect("a folder");
    printed(root.path(), &format!("{SMALL} --iterations 1 --out run"));
    for (flags, expected) in [
        ("--dataset CIFAR10", "--data: CIFAR-10 is not part of the program"),
        ("--as-printed", "--as-printed: only --recipe extra-class"),
        ("--recipe extra-class --average 0.9", "--average: only --recipe feature-matching"),
        ("--labels 33", "--labels: 33 labels cannot be divided"),
        ("--images 9000", "--images: 9000 images are wanted and there are 8000"),
        ("--images 90 --labels 10", "--batch-size: no batch of 100"),
        ("--average 1", "'1' for '--average"),
        ("train --resume run --labels 10", "`labels` is 20, here it is 10"),
        ("train --resume run --supervised 3", "`supervised` is 2, here it is 3"),
        ("eval --dataset CIFAR10 --checkpoint run", "--dataset: the run in run learnt another"),
        ("eval --dataset MNIST --checkpoint nowhere", "nowhere"),
    ] {
        let output = run(root.path(), flags);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(expected), "{flags}: {text}");
    }
}
