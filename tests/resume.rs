//! Does a run that was stopped or killed, and resumed, end in the same bits as one that was not?

mod common;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use autograd::{Real, Rng};
use common::example;
use gan::Game;
use lab::figures::Bitmap;
use lab::image_gan::ImageGan;
use lab::systems::keras_dcgan::{self, Descent};
use lab::systems::{mnist_gan, vanilla_gan};
use lab::training::{CHECKPOINT, Outcome, Plan, Stop, System, train};
use lab::{Checkpoint, Images, RunFolder, Scaling, ShuffledBatches};
use layers::{State, StateError, Stateful, restore};

const STEPS: u64 = 60;

/// Three systems small enough for a test: batch norm and convolutions, dense layers, momentum.
type Make = fn(&mut Rng) -> Game;
const SYSTEMS: [(&str, Make); 3] = [
    ("dcgan", |rng| keras_dcgan::sized(1, Descent::Sgd, rng)),
    ("mnist_gan", |rng| mnist_gan::sized(8, false, rng)),
    ("vanilla_gan", |rng| vanilla_gan::sized(4, false, rng)),
];

/// On eleven digits in batches of four: epochs of two whole batches and a part.
fn gan(make: Make, weights: u64) -> ImageGan {
    let images = Images::embedded_mnist().take(0..11);
    let batches = ShuffledBatches::new(11, 4, 5).keep_last();
    let game = make(&mut Rng::new(weights, "weights"));
    ImageGan::new(game, images, batches, Scaling::MinusOneToOne, 5)
}

/// A system that ends, in its own way, in its k-th step.
struct Ending<'a> {
    inner: ImageGan,
    steps_left: u64,
    end: &'a (dyn Fn() + Sync),
}

impl System for Ending<'_> {
    fn step(&mut self) -> Vec<(&'static str, Real)> {
        self.steps_left -= 1;
        if self.steps_left == 0 {
            (self.end)();
        }
        self.inner.step()
    }

    fn picture(&self) -> Bitmap {
        self.inner.picture()
    }
}

impl Stateful for Ending<'_> {
    fn put(&self, state: &mut State<'_>) {
        self.inner.put(state);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.inner.take(state)
    }
}

/// One sitting of a run in this folder, from its checkpoint if there is one.
fn sit(system: &mut impl System, folder: &Path, stop: &Stop) -> Outcome {
    let checkpoint = folder.join(CHECKPOINT);
    let from = checkpoint.exists().then(|| Checkpoint::read(checkpoint).expect("it is sound"));
    sit_from(from.as_ref(), system, folder, stop)
}

/// One sitting of a run in this folder, from this checkpoint or from its first step.
fn sit_from(
    from: Option<&Checkpoint>,
    system: &mut impl System,
    folder: &Path,
    stop: &Stop,
) -> Outcome {
    sit_until(STEPS, from, system, folder, stop)
}

/// The same of a plan of so many steps.
fn sit_until(
    steps: u64,
    from: Option<&Checkpoint>,
    system: &mut impl System,
    folder: &Path,
    stop: &Stop,
) -> Outcome {
    let plan = Plan {
        quiet: false,
        title: "a test".to_owned(),
        steps,
        batch_size: 4,
        line_every: 1000,
        picture_every: 25,
        save_every: 9,
    };
    let folder = RunFolder::create(folder).expect("a folder");
    train(system, &plan, &(), &folder, from, stop).expect("files can be written")
}

/// All that a run has left but its times, which differ.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).expect("the folder is there").map(|file| {
        let file = file.expect("a file");
        let name = file.file_name().to_string_lossy().into_owned();
        (name, fs::read(file.path()).expect("it is readable"))
    });
    files.filter(|(name, _)| name != "times.jsonl").collect()
}

/// Asserts that two folders hold the same files, and names the first that differs.
fn assert_same(found: &Path, expected: &Path, what: &str) {
    let (found, expected) = (files(found), files(expected));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{what}");
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{what}: {name} differs");
    }
}

#[test]
fn a_run_that_was_stopped_and_resumed_leaves_the_same_bytes() {
    for (name, make) in SYSTEMS {
        let whole = tempfile::tempdir().expect("a folder");
        assert_eq!(sit(&mut gan(make, 0), whole.path(), &Stop::new()), Outcome::Finished);
        assert_eq!(files(whole.path()).len(), 8, "{:?}", files(whole.path()).keys());
        for k in [1, 8, 9, 26, 59] {
            let folder = tempfile::tempdir().expect("a folder");
            let stop = Stop::new();
            let end = || stop.ask();
            let mut first = Ending { inner: gan(make, 0), steps_left: k, end: &end };
            assert_eq!(sit(&mut first, folder.path(), &stop), Outcome::Stopped { step: k });
            // With other weights, so that all there is comes from the checkpoint.
            sit(&mut gan(make, 1), folder.path(), &Stop::new());
            assert_same(folder.path(), whole.path(), &format!("{name} stopped after {k}"));
        }
    }
}

/// All that a run holds.
fn state(run: &ImageGan) -> State<'static> {
    let mut state = State::new();
    run.put(&mut state);
    state
}

/// The same for every step, without files: a run that holds what another held goes on as it did.
/// Dense systems alone, whose steps take a fraction of a millisecond.
#[test]
fn a_run_goes_on_from_any_step_to_the_same_bits() {
    for (name, make) in &SYSTEMS[1..] {
        let (mut whole, mut other) = (gan(*make, 0), gan(*make, 1));
        let mut states = vec![state(&whole)];
        for _ in 0..STEPS {
            whole.step();
            states.push(state(&whole));
        }
        let end = states.last().expect("there is one for each step");
        for (k, saved) in states.iter().enumerate() {
            restore(&mut other, saved.clone()).expect("it is the state of such a run");
            (k..STEPS as usize).for_each(|_| drop(other.step()));
            let other = state(&other);
            assert!(other.to_bytes(None) == end.to_bytes(None), "{name} from step {k}");
            assert_eq!(other.counters, end.counters, "{name} from step {k}");
        }
    }
}

#[test]
fn a_run_that_broke_off_goes_on_from_its_last_checkpoint() {
    let (_, make) = SYSTEMS[1];
    let whole = tempfile::tempdir().expect("a folder");
    sit(&mut gan(make, 0), whole.path(), &Stop::new());
    let folder = tempfile::tempdir().expect("a folder");
    // Each sitting breaks off some steps after a checkpoint; what it recorded since comes again.
    for k in [12, 11, 17, 30] {
        let end = || panic!("the test breaks off here");
        let mut system = Ending { inner: gan(make, 0), steps_left: k, end: &end };
        let broken = AssertUnwindSafe(|| sit(&mut system, folder.path(), &Stop::new()));
        assert!(catch_unwind(broken).is_err());
        fs::write(folder.path().join(".unfinished-x"), "half a file").expect("a file");
    }
    sit(&mut gan(make, 1), folder.path(), &Stop::new());
    assert_same(folder.path(), whole.path(), "broken off four times");
}

#[test]
fn a_new_run_leaves_nothing_of_an_old_one() {
    let (_, make) = SYSTEMS[2];
    let folder = tempfile::tempdir().expect("a folder");
    sit(&mut gan(make, 0), folder.path(), &Stop::new());
    fs::write(folder.path().join("report.html"), "the old run").expect("a file");
    // The new run breaks off before it is saved for the first time.
    let end = || panic!("the test breaks off here");
    let mut system = Ending { inner: gan(make, 1), steps_left: 5, end: &end };
    let broken = AssertUnwindSafe(|| sit_from(None, &mut system, folder.path(), &Stop::new()));
    assert!(catch_unwind(broken).is_err());
    let left: Vec<String> = files(folder.path()).into_keys().collect();
    assert_eq!(left, ["metrics.jsonl", "samples-000000.png"]);
}

#[test]
fn a_run_that_was_prolonged_leaves_the_bytes_of_a_longer_one() {
    let (_, make) = SYSTEMS[2];
    let whole = tempfile::tempdir().expect("a folder");
    sit(&mut gan(make, 0), whole.path(), &Stop::new());
    let folder = tempfile::tempdir().expect("a folder");
    sit_until(31, None, &mut gan(make, 0), folder.path(), &Stop::new());
    assert!(folder.path().join("samples-000031.png").exists());
    sit(&mut gan(make, 1), folder.path(), &Stop::new());
    assert_same(folder.path(), whole.path(), "prolonged");
}

#[test]
fn a_run_that_goes_on_takes_its_old_report_away_and_passes_by_a_broken_picture() {
    let (_, make) = SYSTEMS[2];
    let folder = tempfile::tempdir().expect("a folder");
    sit_until(31, None, &mut gan(make, 0), folder.path(), &Stop::new());
    let file = |name: &str| folder.path().join(name);
    fs::write(file("report.html"), "31 steps").expect("a file");
    fs::write(file("samples-000000.png"), "no picture").expect("a file");
    sit(&mut gan(make, 0), folder.path(), &Stop::new());
    assert!(!file("report.html").exists());
    assert!(file("samples-000060.png").exists() && file("training.gif").exists());
}

/// Trains by the program itself, killed after random steps until it has been killed so often, and
/// compares what it leaves with a run that was left alone. Returns how many kills left a file half
/// written.
fn kill(times: usize, iterations: &str, save_every: &str) -> usize {
    let flags = ["--width", "8", "--batch-size", "8", "--images", "50", "--iterations", iterations];
    let saves = ["--every", "20", "--save-every", save_every, "--out"];
    let train = |folder: &Path| {
        let mut command = Command::new(example("mnist_gan"));
        command.arg("train").stdout(Stdio::null());
        if folder.join(CHECKPOINT).exists() {
            command.arg("--resume").arg(folder);
        } else {
            command.args(flags).args(saves).arg(folder);
        }
        command.spawn().expect("the example starts")
    };
    let root = tempfile::tempdir().expect("a folder");
    // The report names its folder, so both runs have one of the same name.
    let (alone, killed) = (root.path().join("a/run"), root.path().join("b/run"));
    assert!(train(&alone).wait().expect("it ends").success());
    let mut rng = Rng::new(0, "kills");
    let [mut kills, mut resumed, mut half_written] = [0; 3];
    let has_unfinished = |folder: &Path| files(folder).keys().any(|name| name.starts_with('.'));
    while kills < times {
        resumed += usize::from(killed.join(CHECKPOINT).exists());
        let recorded = || {
            let bytes = fs::read(killed.join("metrics.jsonl")).unwrap_or_default();
            bytes.iter().filter(|byte| **byte == b'\n').count()
        };
        let before = recorded();
        let mut run = train(&killed);
        // By steps, not by time, so that it comes as far on a slow machine.
        let until = before + 1 + rng.below(30);
        while recorded() < until && run.try_wait().expect("it is a child").is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(rng.below(10_000) as u64));
        if run.try_wait().expect("it is a child").is_some() {
            break;
        }
        run.kill().expect("it runs");
        run.wait().expect("it ends");
        kills += 1;
        half_written += usize::from(has_unfinished(&killed));
    }
    let counts =
        format!("killed {kills} times, {half_written} of them in a file; {resumed} resumed");
    println!("{counts}");
    assert!(kills == times && resumed >= times / 2, "{counts}");
    assert!(train(&killed).wait().expect("it ends").success());
    for name in [CHECKPOINT, "metrics.jsonl", "losses.svg", "training.gif"] {
        let read = |folder: &Path| fs::read(folder.join(name)).expect(name);
        assert!(read(&alone) == read(&killed), "{name} differs");
    }
    assert!(!has_unfinished(&killed), "something is left over");
    half_written
}

#[test]
fn a_run_that_was_killed_ends_in_the_same_bits() {
    kill(3, "150", "10");
}

#[test]
#[ignore = "takes minutes: the same with a hundred kills, and a checkpoint after each step"]
fn a_run_that_was_killed_a_hundred_times_ends_in_the_same_bits() {
    let half_written = kill(100, "3200", "1");
    assert!(half_written > 0, "no kill came while a file was written");
}
