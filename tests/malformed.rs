//! Does a broken file end in an error that says what is wrong, whatever is wrong with it?

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use autograd::{Real, Rng};
use common::example;
use lab::image_gan::ImageGan;
use lab::systems::mnist_gan;
use lab::training::System;
use lab::{Checkpoint, Error, Images, Metrics, Progress, Scaling, ShuffledBatches};
use lab::{read_metrics, save_checkpoint};
use layers::{BatchNorm, Init, Linear, Module, Sequential, from_safetensors, to_safetensors};
use layers::{State, StateError, Stateful};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

fn model() -> Sequential {
    Sequential::new()
        .add(Linear::new(2, 3, Init::XavierUniform, &mut Rng::new(0, "weights")))
        .add(BatchNorm::pytorch(3))
}

/// A safetensors file of this header and so many bytes of numbers.
fn file(header: &str, len: usize) -> Vec<u8> {
    let size = (header.len() as u64).to_le_bytes();
    [&size[..], header.as_bytes(), &vec![0; len]].concat()
}

/// The header's entry of a tensor.
fn entry(name: &str, kind: &str, shape: &str, place: [i64; 2]) -> String {
    format!(r#""{name}":{{"dtype":"{kind}","shape":{shape},"data_offsets":{place:?}}}"#)
}

/// A file for `small`, whose tensors `weight` [2] and `bias` [2] are these entries.
fn pair(weight: &str, bias: &str, len: usize) -> Vec<u8> {
    file(&format!("{{{weight},{bias}}}"), len)
}

/// A model with a `weight` [1, 2] and a `bias` [2].
fn small() -> Linear {
    Linear::new(1, 2, Init::Zeros, &mut Rng::new(0, "weights"))
}

/// What is wrong, the file, and what the error says.
fn broken_states() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let weight = entry("weight", "F32", "[1,2]", [0, 8]);
    let bias = |shape, place| entry("bias", "F32", shape, place);
    let good = bias("[2]", [8, 16]);
    let malformed = "not a whole safetensors file";
    let mut huge = file("{}", 0);
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut past_the_end = pair(&weight, &good, 16);
    past_the_end[..8].copy_from_slice(&1000_u64.to_le_bytes());
    let mut nan = pair(&weight, &good, 16);
    let last = nan.len() - 4;
    nan[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    let mut infinite = nan.clone();
    infinite[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let mut longer = pair(&weight, &good, 16);
    longer.push(0);
    vec![
        ("no bytes", vec![], malformed),
        ("fewer bytes than the length of a header", vec![0; 7], malformed),
        ("a header of no bytes", vec![0; 8], malformed),
        ("a header larger than memory", huge, malformed),
        ("a header past the end", past_the_end, malformed),
        ("no JSON", file("weights!", 16), malformed),
        ("JSON that is no object", file("[1, 2]", 0), malformed),
        (
            "a header that is no Unicode",
            [&4_u64.to_le_bytes()[..], b"{\"\xff\"}"].concat(),
            malformed,
        ),
        ("a number for a tensor", file(r#"{"weight":1}"#, 0), malformed),
        ("an unknown type", pair(&entry("weight", "F33", "[1,2]", [0, 8]), &good, 16), malformed),
        ("overlapping tensors", pair(&weight, &bias("[2]", [4, 12]), 12), malformed),
        ("reversed offsets", pair(&weight, &bias("[2]", [16, 8]), 16), malformed),
        ("negative offsets", pair(&weight, &bias("[2]", [-8, 8]), 16), malformed),
        ("a gap between tensors", pair(&weight, &bias("[2]", [12, 20]), 20), malformed),
        ("offsets past the end", pair(&weight, &bias("[2]", [8, 16]), 12), malformed),
        ("bytes behind the last tensor", longer, malformed),
        ("fewer numbers than the shape says", pair(&weight, &bias("[3]", [8, 16]), 16), malformed),
        (
            "a shape that overflows",
            {
                let shape = "[4294967296,4294967296,4294967296]";
                pair(&weight, &bias(shape, [8, 16]), 16)
            },
            malformed,
        ),
        ("a negative size", pair(&weight, &bias("[-2]", [8, 16]), 16), malformed),
        (
            "another shape",
            pair(&weight, &bias("[1,2]", [8, 16]), 16),
            "tensor `bias` has shape [1, 2], the model wants [2]",
        ),
        (
            "an empty tensor",
            pair(&weight, &bias("[0]", [8, 8]), 8),
            "tensor `bias` has shape [0], the model wants [2]",
        ),
        (
            "half precision",
            pair(&weight, &entry("bias", "F16", "[2]", [8, 12]), 12),
            "tensor `bias` holds F16, only F32 and F64 can be read",
        ),
        (
            "whole numbers",
            pair(&weight, &entry("bias", "I64", "[2]", [8, 24]), 24),
            "tensor `bias` holds I64, only F32 and F64 can be read",
        ),
        ("a missing tensor", file(&format!("{{{weight}}}"), 8), "tensor `bias` is missing"),
        ("no tensors", file("{}", 0), "is missing"),
        (
            "one tensor too many",
            {
                let more = entry("scale", "F32", "[]", [16, 20]);
                pair(&weight, &format!("{good},{more}"), 20)
            },
            "tensor `scale` belongs to no part of the model",
        ),
        ("a NaN", nan, "tensor `bias` holds a number that is not finite"),
        ("an infinity", infinite, "tensor `bias` holds a number that is not finite"),
    ]
}

#[test]
fn every_broken_state_is_an_error_and_changes_nothing() {
    let mut model = small();
    let sound = {
        let weight = entry("weight", "F32", "[1,2]", [0, 8]);
        pair(&weight, &entry("bias", "F32", "[2]", [8, 16]), 16)
    };
    from_safetensors(&mut model, &sound).expect("the file that the others are made of is sound");
    model.each_param_mut(&mut |param| param.update(|w| w.fill(1.5)));
    let before = to_safetensors(&model);
    for (what, bytes, expected) in broken_states() {
        match from_safetensors(&mut model, &bytes) {
            Ok(()) => panic!("{what}: accepted"),
            Err(why) => assert!(why.to_string().contains(expected), "{what}: {why}"),
        }
        assert_eq!(to_safetensors(&model), before, "{what}");
    }
}

/// A run of two small players on six digits.
fn run() -> ImageGan {
    let game = mnist_gan::sized(4, false, &mut Rng::new(0, "weights"));
    let batches = ShuffledBatches::new(6, 2, 0);
    ImageGan::new(game, Images::embedded_mnist().take(0..6), batches, Scaling::MinusOneToOne, 0)
}

/// All that a run holds, as the bytes of a checkpoint.
fn everything(run: &ImageGan) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.safetensors");
    save_checkpoint(&path, Progress { step: 1, metrics_bytes: 0 }, &(), run).expect("it is saved");
    fs::read(path).expect("the file")
}

/// Puts the largest counter there is in the place of another.
fn put_largest(state: &mut State<'_>, name: &str) {
    state.take_counter(name).expect(name);
    state.put_counter(name, u64::MAX);
}

type Change = fn(&mut State<'_>);

/// What no checkpoint is saved with, and what stands in its place until it is a file.
const SPOILT: [(f32, f32); 2] = [(1234.5, f32::NAN), (5432.5, f32::INFINITY)];

/// Writes what no checkpoint is saved with into its file.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).expect("the file");
    for (in_its_place, number) in SPOILT {
        let place = bytes.windows(4).position(|four| *four == in_its_place.to_le_bytes());
        if let Some(place) = place {
            bytes[place..place + 4].copy_from_slice(&number.to_le_bytes());
        }
    }
    fs::write(path, bytes).expect("a file");
}

/// What is wrong with a checkpoint, how it comes about, and what the error says.
const BROKEN_CHECKPOINTS: [(&str, Change, &str); 16] = [
    (
        "a missing weight",
        |state| drop(state.take("generator.0.bias", [4].into())),
        "tensor `generator.0.bias` is missing",
    ),
    (
        "a missing moment",
        |state| drop(state.take("discriminator.optimiser.2.bias.v", [1].into())),
        "tensor `discriminator.optimiser.2.bias.v` is missing",
    ),
    (
        "one tensor too many",
        |state| state.put_list("generator.9.weight", &[1.0]),
        "tensor `generator.9.weight` belongs to no part of the model",
    ),
    (
        "a moment of nothing",
        |state| state.put_list("generator.optimiser.9.weight.m", &[1.0]),
        "tensor `generator.optimiser.9.weight.m` belongs to no part of the model",
    ),
    (
        "another shape",
        |state| {
            drop(state.take("generator.0.bias", [4].into()));
            state.put_list("generator.0.bias", &[0.0; 5]);
        },
        "tensor `generator.0.bias` has shape [5], the model wants [4]",
    ),
    (
        "a moment of another length",
        |state| {
            drop(state.take("generator.optimiser.0.bias.m", [4].into()));
            state.put_list("generator.optimiser.0.bias.m", &[0.0; 3]);
        },
        "tensor `generator.optimiser.0.bias.m` has shape [3], the model wants [4]",
    ),
    (
        "a weight that is NaN",
        |state| {
            drop(state.take("discriminator.0.bias", [1].into()));
            state.put_list("discriminator.0.bias", &[SPOILT[0].0.into()]);
        },
        "tensor `discriminator.0.bias` holds a number that is not finite",
    ),
    (
        "an infinite moment",
        |state| {
            drop(state.take("discriminator.optimiser.0.bias.v", [1].into()));
            state.put_list("discriminator.optimiser.0.bias.v", &[SPOILT[1].0.into()]);
        },
        "tensor `discriminator.optimiser.0.bias.v` holds a number that is not finite",
    ),
    (
        "a missing counter",
        |state| drop(state.take_counter("generator.optimiser.steps")),
        "counter `generator.optimiser.steps` is missing",
    ),
    (
        "a stream without its place",
        |state| drop(state.take_counter("noise.drawn")),
        "counter `noise.drawn` is missing",
    ),
    (
        "one counter too many",
        |state| state.put_counter("referee.turns", 3),
        "counter `referee.turns` belongs to no part of the model",
    ),
    (
        "a place that the data do not have",
        |state| {
            drop(state.take_counter("data.next"));
            state.put_counter("data.next", 7);
        },
        "counter `data.next` is 7: the saved place, row 7 of epoch 0, is not in data of 6 rows",
    ),
    (
        "an epoch after the last",
        |state| put_largest(state, "data.epoch"),
        "counter `data.epoch` is 18446744073709551615: nothing counts beyond 2^63",
    ),
    (
        "a stream past its end",
        |state| put_largest(state, "noise.drawn"),
        "counter `noise.drawn` is 18446744073709551615: nothing counts beyond 2^63",
    ),
    (
        "steps that overflow",
        |state| put_largest(state, "generator.optimiser.steps"),
        "counter `generator.optimiser.steps` is 18446744073709551615",
    ),
    (
        "turns that overflow",
        |state| put_largest(state, "turns"),
        "counter `turns` is 18446744073709551615",
    ),
];

#[test]
fn every_broken_checkpoint_is_an_error_that_names_the_place_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.safetensors");
    let mut saved = run();
    saved.step();
    let sound = everything(&saved);
    for (what, change, expected) in BROKEN_CHECKPOINTS {
        // Through the state that a checkpoint is made of, with what is wrong put into it.
        struct Broken<'a>(&'a ImageGan, Change);
        impl Stateful for Broken<'_> {
            fn put(&self, state: &mut State<'_>) {
                self.0.put(state);
                self.1(state);
            }
            fn take(&mut self, _: &mut State<'_>) -> Result<(), StateError> {
                unreachable!("it is only saved")
            }
        }
        let progress = Progress { step: 1, metrics_bytes: 0 };
        save_checkpoint(&path, progress, &(), &Broken(&saved, change)).expect("it is saved");
        spoil(&path);
        let mut target = run();
        let before = everything(&target);
        let why = Checkpoint::read(&path)
            .and_then(|checkpoint| checkpoint.restore(&mut target))
            .expect_err(what)
            .to_string();
        assert!(why.contains("a.safetensors") && why.contains(expected), "{what}: {why}");
        assert!(everything(&target) == before, "{what}: something changed");
    }
    // Cut at a hundred places, and sound when it is whole.
    let cuts = (0..100).map(|i| sound.len() * i / 100);
    for len in cuts {
        fs::write(&path, &sound[..len]).expect("a file");
        let why = Checkpoint::read(&path).err().expect("half a file").to_string();
        assert!(why.contains("not a whole safetensors file"), "{len} bytes: {why}");
    }
    fs::write(&path, &sound).expect("a file");
    let mut target = run();
    Checkpoint::read(&path).and_then(|it| it.restore(&mut target)).expect("it is sound");
    assert!(everything(&target) == sound);
}

/// Changes of a checkpoint's configuration that leave it as long, and what the program says.
const IMPOSSIBLE: [(&str, &str, &str); 7] = [
    (r#"batch_size\":4"#, r#"batch_size\":0"#, "`batch_size` is 0, not from 1 to 1000000"),
    (r#"iterations\":2"#, r#"iterations\":0"#, "`iterations` is 0"),
    (r#"\"every\":1"#, r#"\"every\":0"#, "`every` is 0"),
    (r#"save_every\":2"#, r#"save_every\":0"#, "`save_every` is 0"),
    (r#"width\":3"#, r#"width\":7"#, "`width` is 7, and no tensor has that size"),
    ("[28,28,1]", "[28,28,0]", "`image` is [28,28,0], not from 1 to 128"),
    ("[28,28,1]", "[28,64,1]", "`image` is [28, 64, 1], not of [28]"),
];

#[test]
fn a_program_ends_with_one_line_on_a_configuration_that_no_run_can_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |flags: &str| {
        let mut command = Command::new(example("mnist_gan"));
        command.current_dir(folder.path()).args(flags.split(' '));
        command.output().expect("the example starts")
    };
    let flags =
        "train --width 3 --batch-size 4 --images 20 --iterations 2 --every 1 --save-every 2";
    assert!(run(&format!("{flags} --out run")).status.success());
    let path = folder.path().join("run/checkpoint.safetensors");
    let sound = fs::read(&path).expect("the file");
    for (found, wrong, expected) in IMPOSSIBLE {
        let [found, wrong] = [found, wrong].map(str::as_bytes);
        let mut places = sound.windows(found.len()).enumerate().filter(|(_, text)| *text == found);
        let (at, _) = places.next().expect(expected);
        fs::write(&path, [&sound[..at], wrong, &sound[at + wrong.len()..]].concat())
            .expect("a file");
        let [resumed, generated] =
            ["train --resume run", "generate --checkpoint run"].map(|flags| {
                let output = run(flags);
                let message = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(!output.status.success() && message.lines().count() == 1, "{message}");
                assert!(message.contains("checkpoint.safetensors"), "{message}");
                message
            });
        // A run that goes on looks at its data first, which are not what they were.
        assert!(resumed.contains(expected) || resumed.contains("its run's `data."), "{resumed}");
        assert!(generated.contains(expected), "{expected}: {generated}");
    }
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Epoch {
    epoch: usize,
    loss: f64,
    mean: [f64; 2],
}

/// The records of a metrics file of these bytes.
fn records(bytes: &[u8]) -> Result<Vec<Epoch>, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("metrics.jsonl");
    fs::write(&path, bytes).expect("a file");
    read_metrics(&path)
}

#[test]
fn every_broken_record_is_an_error_that_names_its_line() {
    let good = r#"{"epoch":0,"loss":0.5,"mean":[1,2]}"#;
    let broken: [(&str, &[u8]); 18] = [
        ("an empty line", b""),
        ("spaces", b"  "),
        ("no JSON", b"epoch 0: loss 0.5"),
        ("a torn record", br#"{"epoch":0,"loss":0."#),
        ("two records in a line", br#"{"epoch":0,"loss":1,"mean":[1,2]}{"epoch":0}"#),
        ("a list", b"[0, 0.5, [1, 2]]]"),
        ("null", b"null"),
        ("a missing field", br#"{"epoch":0,"loss":0.5}"#),
        ("a field twice", br#"{"epoch":0,"epoch":1,"loss":0.5,"mean":[1,2]}"#),
        ("a text for a number", br#"{"epoch":"0","loss":0.5,"mean":[1,2]}"#),
        ("a negative count", br#"{"epoch":-1,"loss":0.5,"mean":[1,2]}"#),
        ("a count that overflows", br#"{"epoch":1e30,"loss":0.5,"mean":[1,2]}"#),
        ("a loss of null", br#"{"epoch":0,"loss":null,"mean":[1,2]}"#),
        ("NaN", br#"{"epoch":0,"loss":NaN,"mean":[1,2]}"#),
        ("an overflowing loss", br#"{"epoch":0,"loss":1e999,"mean":[1,2]}"#),
        ("too short a list", br#"{"epoch":0,"loss":0.5,"mean":[1]}"#),
        ("no Unicode", b"{\"epoch\":0,\"loss\":0.5,\"mean\":[1,2],\"\xff\":0}"),
        ("a carriage return inside", b"{\"epoch\":0,\"loss\":0.5,\"mean\":[1,\r2}"),
    ];
    assert_eq!(records(format!("{good}\n{good}\n").as_bytes()).expect("two records").len(), 2);
    for (what, line) in broken {
        let bytes = [good.as_bytes(), b"\n", line, b"\n", good.as_bytes(), b"\n"].concat();
        match records(&bytes) {
            Ok(records) => panic!("{what}: read as {records:?}"),
            Err(why) => assert!(why.to_string().contains("metrics.jsonl, line 2"), "{what}: {why}"),
        }
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(records(deep.as_bytes()), Err(Error::Record { line: 1, .. })));
}

#[test]
fn a_prefix_of_a_metrics_file_is_its_first_records_or_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("metrics.jsonl");
    let mut metrics = Metrics::create(&path).expect("a file");
    let epoch = |epoch| Epoch { epoch, loss: 0.1 + epoch as f64, mean: [-1.5e-7, 12345.678] };
    (0..4).for_each(|i| metrics.record(&epoch(i)).expect("it is written"));
    let bytes = fs::read(&path).expect("the file");
    for len in 0..=bytes.len() {
        let whole = bytes[..len].iter().filter(|byte| **byte == b'\n').count();
        let torn = bytes[..len].rsplit(|byte| *byte == b'\n').next().expect("a line").len();
        match records(&bytes[..len]) {
            Ok(records) => {
                // A last line may lack nothing but its line break.
                let expected = if torn == 0 { whole } else { whole + 1 };
                assert_eq!(records, (0..expected).map(epoch).collect::<Vec<_>>(), "{len} bytes");
            }
            Err(Error::Record { line, .. }) => assert!(line == whole + 1 && torn > 0, "{len}"),
            Err(why) => panic!("{len} bytes: {why}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What is read is either refused or exactly what the bytes say.
    #[test]
    fn a_state_with_changed_bytes_is_refused_or_read(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut model = model();
        let before = to_safetensors(&model);
        let mut bytes = before.clone();
        changes.iter().for_each(|(at, byte)| bytes[at.index(before.len())] = *byte);
        match from_safetensors(&mut model, &bytes) {
            Err(_) => prop_assert_eq!(to_safetensors(&model), before),
            Ok(()) => {
                let numbers = model.params().into_iter().flat_map(|param| param.tensor().numbers());
                prop_assert!(numbers.copied().all(Real::is_finite));
                prop_assert_eq!(to_safetensors(&model).len(), before.len());
            }
        }
    }

    #[test]
    fn bytes_at_random_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(from_safetensors(&mut model(), &bytes).is_err());
        prop_assert!(bytes.is_empty() || bytes == b"\n" || records(&bytes).is_err());
    }
}
