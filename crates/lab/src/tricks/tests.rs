//! Does each trick do what the table says, and can all be read, resumed and examined?

use super::*;
use crate::recipe::Recipe;
use crate::toys::ToyName;
use crate::training::System;
use autograd::{Array, Rng};
use layers::{State, Stateful, restore};

/// A small recipe in which each trick has something to do within a few turns.
fn recipe(trick: Option<Trick>) -> Recipe {
    let tricks = match trick {
        // Without batch norm D does not care which points stand in one batch.
        Some(Trick::Joined) => vec![Trick::BatchNormD, Trick::Joined],
        Some(Trick::Pool(_)) => vec![Trick::Pool(4.0)],
        Some(Trick::WhileLossG(_)) => vec![Trick::WhileLossG(0.1)],
        Some(Trick::ClipGradients(_)) => vec![Trick::ClipGradients(0.01)],
        Some(trick) => vec![trick],
        None => Vec::new(),
    };
    Recipe { width: [12, 10], batch_size: 8, turns: 3, tricks, ..Recipe::default() }
}

/// What three turns make of both players, and points that the game offers then.
fn played(recipe: &Recipe) -> (Vec<u8>, Vec<Real>) {
    let mut game = recipe.game(2, &mut Rng::new(0, "weights"));
    let (mut data, mut noise) = (Rng::new(0, "data"), Rng::new(0, "noise"));
    for _ in 0..3 {
        let report = game.step(&autograd::Tensor::constant(data.normal([8, 2])), &mut noise);
        assert!(report.loss_d.is_finite() && report.loss_g.is_finite(), "{:?}", recipe.tricks);
        assert!(report.without_gradient.is_empty(), "{:?}", report.without_gradient);
    }
    let mut state = State::new();
    game.players().iter().zip(["g", "d"]).for_each(|(player, name)| {
        state.within(name, |state| player.put(state));
    });
    (state.to_bytes(None), game.draw(32, &mut Rng::new(0, "draw")).numbers().to_vec())
}

#[test]
fn each_trick_changes_what_the_game_offers() {
    let (plain, plain_points) = played(&recipe(None));
    let normalised = played(&recipe(Some(Trick::BatchNormD)));
    for trick in Trick::all() {
        let (players, points) = played(&recipe(Some(trick)));
        let without = if trick == Trick::Joined { &normalised.1 } else { &plain_points };
        assert_ne!(&points, without, "{trick}");
        // What is used in the end is no part of the training.
        let only_used = matches!(trick, Trick::Average(_) | Trick::TopSamples(_));
        assert_eq!(players == plain, only_used, "{trick}");
    }
}

/// What a trick changes in a plain kit, as Rust prints it, behind whose it is.
fn changed(trick: Trick) -> String {
    let parts = |kit: &Kit| -> [Vec<String>; 3] {
        let [g, d] = [&kit.generator, &kit.discriminator].map(|side| format!("{side:?}"));
        let game = format!("{kit:?}").replace(&g, "").replace(&d, "");
        [g, d, game].map(|text| {
            let inside = text.trim_end_matches(" }").split_once("{ ").expect("a struct").1;
            inside.split(", ").map(str::to_owned).collect()
        })
    };
    let mut kit = Kit::plain(&Recipe::default());
    let before = parts(&kit);
    trick.change(&mut kit);
    let other = |(before, after): (&Vec<String>, Vec<String>)| -> String {
        let parts = after.into_iter().filter(|part| !before.contains(part));
        parts.collect::<Vec<_>>().join(", ")
    };
    let parts = ["G ", "D ", ""].into_iter().zip(before.iter().zip(parts(&kit)).map(other));
    let parts =
        parts.filter(|(_, part)| !part.is_empty()).map(|(whose, part)| whose.to_owned() + &part);
    parts.collect::<Vec<_>>().join(", ")
}

#[test]
fn each_trick_changes_its_part_of_the_kit_and_no_other() {
    let expected = [
        "penalties: [Gradient(1.0)]",
        "penalties: [R1(1.0)]",
        "penalties: [Dragan(1.0)]",
        "D norm: Spectral",
        "D norm: Weight",
        "D weight_bound: Some(0.1)",
        "real_label: 0.9",
        "input_noise: Some(0.3)",
        "D pack: 4",
        "D kernels: 8",
        "pool: Some(1280)",
        "joined: true",
        "feature_matching: Some(1.0)",
        "moment_matching: Some(10.0)",
        "unrolled: 5",
        "D steps: 5",
        "G steps: 2",
        "D while_above: Some(1.2)",
        "G while_above: Some(1.0)",
        "D plain_rate: Some(0.1)",
        "D faster: 4.0",
        "falling: Some(0.5)",
        "G clip: Some(1.0), D clip: Some(1.0)",
        "G history: Some(0.01), D history: Some(0.01)",
        "G norm: Batch",
        "D norm: Batch",
        "D norm: Layer",
        "D activation: LeakyRelu(0.2)",
        "G dropout: Some(Dropout { rate: 0.1, in_evaluation: true })",
        "D dropout: Some(Dropout { rate: 0.2, in_evaluation: false })",
        "average: Some(0.999)",
        "keep: Some(0.5)",
    ];
    for (trick, expected) in Trick::all().into_iter().zip(expected) {
        assert_eq!(changed(trick), expected, "{trick}");
    }
    assert_eq!(expected.len(), TABLE.len());
}

/// But for the order of penalties, and for two that contradict each other.
#[test]
fn the_order_of_tricks_does_not_matter() {
    let kit = |tricks: [Trick; 2]| {
        let mut kit = Kit::plain(&Recipe::default());
        tricks.into_iter().for_each(|trick| trick.change(&mut kit));
        kit.penalties.sort_by_key(|penalty| format!("{penalty:?}"));
        format!("{kit:?}")
    };
    for a in Trick::all() {
        for b in Trick::all().into_iter().filter(|b| *b != a) {
            if (Recipe { tricks: vec![a, b], ..Recipe::default() }).check().is_ok() {
                assert_eq!(kit([a, b]), kit([b, a]), "{a} {b}");
                assert_ne!(kit([a, b]), kit([a, a]), "{a} {b}");
            }
        }
    }
}

#[test]
fn a_resumed_system_takes_the_same_steps_with_each_trick() {
    for trick in Trick::all() {
        let fresh = || recipe(Some(trick)).toy_gan(ToyName::Ring, 1);
        let (mut whole, mut resumed) = (fresh(), fresh());
        (0..2).for_each(|_| drop(whole.step()));
        let mut state = State::new();
        whole.put(&mut state);
        restore(&mut resumed, state).unwrap();
        for _ in 0..2 {
            assert_eq!(whole.step(), resumed.step(), "{trick}");
        }
        let points = |gan: &crate::toy_gan::ToyGan| -> Array { gan.generated(16, "points") };
        assert_eq!(points(&whole).numbers(), points(&resumed).numbers(), "{trick}");
    }
}

#[test]
fn a_doctor_can_examine_a_game_with_each_trick() {
    for trick in Trick::all() {
        let mut gan = recipe(Some(trick)).toy_gan(ToyName::Ring, 1);
        while gan.doctor().recent().is_empty() {
            gan.turn();
        }
        assert!(gan.doctor().recent()[0].turn <= 100, "{trick}");
    }
}

#[test]
fn a_trick_is_read_as_it_is_written() {
    for trick in Trick::all() {
        trick.check().unwrap();
        assert_eq!(Trick::parse(&trick.to_string()), Ok(trick));
        assert_eq!(Trick::parse(&trick.name()), Ok(trick));
        let json = serde_json::to_string(&trick).unwrap();
        assert_eq!(serde_json::from_str::<Trick>(&json).unwrap(), trick);
        assert_eq!(trick.number().is_none(), trick.about().number == Number::None, "{trick}");
    }
    assert_eq!(Trick::parse("r1=0.5"), Ok(Trick::R1(0.5)));
    assert_eq!(serde_json::to_string(&Trick::OneSided(0.9)).unwrap(), r#"{"one-sided":0.9}"#);
    let mut names: Vec<String> = Trick::all().into_iter().map(Trick::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
}

#[test]
fn what_is_no_trick_is_refused_with_the_way_out() {
    let why = |text: &str| Trick::parse(text).unwrap_err();
    assert!(why("r2").starts_with("there is no trick `r2`; `--example ablation -- --list`"));
    assert_eq!(why("joined=1"), "`joined` takes no number");
    assert_eq!(why("r1=x"), "`x` in `r1=x` is no number");
    assert_eq!(why("r1=0"), "`r1` is 0, which has to be above 0");
    assert_eq!(why("packing=2.5"), "`packing` is 2.5, which has to be a count from 1 to 1000");
    assert_eq!(why("d-steps=1001"), "`d-steps` is 1001, which has to be a count from 1 to 1000");
    assert_eq!(why("pool=1e6"), "`pool` is 1000000, which has to be a count from 1 to 100000");
    let too_few = "`top-samples` is 0.001, which has to be at least 0.01 and below 1";
    assert_eq!(why("top-samples=0.001"), too_few);
    assert_eq!(why("average=1"), "`average` is 1, which has to be between 0 and 1");
    assert_eq!(why("r1=nan"), "`r1` is NaN, which has to be above 0");
    assert_eq!(Trick::parse("top-samples=0.01"), Ok(Trick::TopSamples(0.01)));
    if size_of::<Real>() == 4 {
        let rounded = "`average` is 0.99999999 (here 1), which has to be between 0 and 1";
        assert_eq!(why("average=0.99999999"), rounded);
        assert!(why("r1=1e39").ends_with("(here inf), which has to be above 0"));
        assert!(why("clip-gradients=1e-50").ends_with("(here 0), which has to be above 0"));
    }
}

/// The guide lists each trick as the table has it.
#[test]
fn the_guide_has_the_table() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tricks.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for About { usual, what, source, .. } in TABLE {
        let row = format!("| `{usual}` | {what} | {source} |");
        assert!(guide.contains(&row), "docs/tricks.md lacks {row}");
    }
    let rows =
        guide.lines().skip_while(|line| !line.starts_with("| trick, with its usual")).skip(2);
    assert_eq!(rows.take_while(|line| line.starts_with("| `")).count(), TABLE.len());
}
