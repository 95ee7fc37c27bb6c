//! Does a state come back as it was, and is everything else refused?

use super::*;
use crate::{BatchNorm, Init, Linear, Module, Sequential};
use autograd::Tensor;

fn rng() -> Rng {
    Rng::new(0, "weights")
}

fn model(seed: u64, outputs: usize) -> Sequential {
    let mut rng = Rng::new(seed, "weights");
    let mut model = Sequential::new()
        .add(Linear::new(2, outputs, Init::Normal { std: 1.0 }, &mut rng))
        .add(BatchNorm::pytorch(outputs));
    let x = Tensor::constant(rng.normal([8, 2]));
    model.forward_train(&x, &mut rng);
    model
}

#[test]
fn a_loaded_model_gives_the_same_bits() {
    let (saved, mut loaded) = (model(0, 3), model(1, 3));
    let x = Tensor::constant(Rng::new(2, "x").normal([5, 2]));
    assert_ne!(saved.forward(&x).numbers(), loaded.forward(&x).numbers());
    from_safetensors(&mut loaded, &to_safetensors(&saved)).unwrap();
    assert_eq!(saved.forward(&x).numbers(), loaded.forward(&x).numbers());
}

#[test]
fn another_model_is_refused_and_nothing_changes() {
    let mut target = model(1, 3);
    let before = to_safetensors(&target);
    let why = from_safetensors(&mut target, &to_safetensors(&model(0, 4))).unwrap_err();
    assert_eq!(why.to_string(), "tensor `0.weight` has shape [2, 4], the model wants [2, 3]");
    let mut rng = Rng::new(0, "weights");
    let smaller = Sequential::new().add(Linear::new(2, 3, Init::Zeros, &mut rng));
    let why = from_safetensors(&mut target, &to_safetensors(&smaller)).unwrap_err();
    assert!(why.to_string().starts_with("tensor `1.scale` is missing"), "{why}");
    let mut smaller = smaller;
    let why = from_safetensors(&mut smaller, &before).unwrap_err();
    assert!(why.to_string().contains("belongs to no part of the model"), "{why}");
    assert_eq!(to_safetensors(&target), before);
}

#[test]
fn a_diverged_model_stays_as_it_is_when_a_file_is_refused() {
    let mut target = model(1, 3);
    target.each_param_mut(&mut |param| {
        param.update(|w| (w[0], w[1]) = (Real::NAN, Real::NEG_INFINITY));
    });
    let before = to_safetensors(&target);
    for other in [model(0, 4), model(0, 3).add(Linear::new(3, 1, Init::Zeros, &mut rng()))] {
        assert!(from_safetensors(&mut target, &to_safetensors(&other)).is_err());
        assert_eq!(to_safetensors(&target), before);
    }
    // A file of such numbers is none to begin with.
    let why = from_safetensors(&mut target, &before).unwrap_err();
    assert!(why.to_string().ends_with("holds a number that is not finite"), "{why}");
    assert_eq!(to_safetensors(&target), before);
}

#[test]
fn every_prefix_of_a_file_is_an_error() {
    let mut target = model(1, 3);
    let bytes = to_safetensors(&model(0, 3));
    for len in 0..bytes.len() {
        assert!(from_safetensors(&mut target, &bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let mut target = model(1, 3);
    let mut bytes = to_safetensors(&target);
    let last = bytes.len() - size_of::<Real>();
    bytes[last..].copy_from_slice(&Real::NAN.to_le_bytes());
    let why = from_safetensors(&mut target, &bytes).unwrap_err();
    assert!(why.to_string().ends_with("holds a number that is not finite"), "{why}");
}

/// A part with everything that a state can hold.
struct Everything {
    list: Vec<f64>,
    count: u64,
    rng: Rng,
}

impl Stateful for Everything {
    fn put(&self, state: &mut State<'_>) {
        state.within("part", |state| {
            state.put_list("list", &self.list);
            state.put_counter("count", self.count);
            state.put_stream("noise", &self.rng);
        });
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        state.within("part", |state| {
            self.list = state.take_lists()?.remove(0).1;
            self.count = state.take_counter("count")?;
            self.rng = state.take_stream("noise")?;
            Ok(())
        })
    }
}

fn everything(list: &[f64], count: u64) -> Everything {
    let mut rng = Rng::new(count, "noise");
    rng.normal([7]);
    Everything { list: list.to_vec(), count, rng }
}

/// The largest counter, which no f64 holds.
const LARGEST: u64 = (1 << 63) - 1;

#[test]
fn numbers_counters_and_streams_come_back_exactly() {
    for list in [&[1.5, -0.0, 2.0_f64.powi(-140)][..], &[0.1], &[1e300], &[]] {
        let saved = everything(list, LARGEST);
        let mut state = State::new();
        saved.put(&mut state);
        let bytes = state.to_bytes(Some(("about", "x".to_owned())));
        assert_eq!(bytes, state.to_bytes(Some(("about", "x".to_owned()))));
        let (mut read, metadata) = State::parse(&bytes).unwrap();
        assert_eq!(metadata["about"], "x");
        read.counters = state.counters;
        let mut loaded = everything(&[0.0], 0);
        restore(&mut loaded, read).unwrap();
        let bits = |list: &[f64]| list.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&loaded.list), bits(list));
        assert_eq!((loaded.count, loaded.rng.state()), (LARGEST, saved.rng.state()));
    }
}

#[test]
fn a_part_that_no_file_may_hold_stays_as_it_is() {
    let mut state = State::new();
    everything(&[1.0], 3).put(&mut state);
    state.put_counter("other", 1);
    let mut target = everything(&[f64::NAN, f64::INFINITY], LARGEST + 1);
    let before = target.rng.state();
    assert!(restore(&mut target, state).is_err());
    assert!(target.list[0].is_nan() && target.list[1] == f64::INFINITY);
    assert_eq!((target.count, target.rng.state()), (LARGEST + 1, before));
}

#[test]
fn what_is_missing_or_left_over_is_named_and_nothing_changes() {
    type Change = fn(&mut State<'_>);
    let cases: [(Change, &str); 6] = [
        (|s| s.counters.retain(|name, _| name != "part.count"), "counter `part.count` is missing"),
        (|s| s.counters.retain(|n, _| n != "part.noise.drawn"), "counter `part.noise.drawn` is"),
        (
            |s| *s.counters.get_mut("part.count").expect("it counts") = LARGEST + 1,
            "counter `part.count` is 9223372036854775808: nothing counts beyond 2^63",
        ),
        (|state| state.put_counter("other", 1), "counter `other` belongs to no part"),
        (|state| state.put_list("other", &[1.0]), "tensor `other` belongs to no part"),
        (
            |state| {
                state.take("part.list", [2].into()).unwrap();
                state.put_list("part.list", &[1.0, f64::INFINITY]);
            },
            "tensor `part.list` holds a number that is not finite",
        ),
    ];
    for (change, expected) in cases {
        let mut state = State::new();
        everything(&[1.0, 2.0], 3).put(&mut state);
        change(&mut state);
        let mut target = everything(&[5.0], 6);
        let why = restore(&mut target, state).unwrap_err().to_string();
        assert!(why.starts_with(expected), "{why}");
        assert_eq!((&target.list[..], target.count), (&[5.0][..], 6), "{expected}");
    }
}
