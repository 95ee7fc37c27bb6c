//! Does the doctor see what is there, and nothing else?

use super::*;
use crate::{Adam, Fakes, Latent, Minimax, Player, Settings};
use autograd::Array;
use layers::{Activation, Init, Linear, Module, Sequential, restore};

/// A small game on a cloud around (3, 0).
fn game() -> Game {
    let mut rng = Rng::new(0, "weights");
    let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, &mut rng);
    let generator = Player::new(linear(2, 2), Adam::new(0.02));
    let discriminator = Sequential::new().add(linear(2, 8)).add(Activation::Relu).add(linear(8, 1));
    let discriminator = Player::new(discriminator, Adam::new(0.02));
    Game::new(generator, discriminator, Minimax { saturating: false }, Latent::Normal { size: 2 })
        .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
}

fn cloud(count: usize, rng: &mut Rng) -> Tensor {
    let middle = Tensor::new([1, 2], &[3.0, 0.0]);
    Tensor::constant(rng.normal([count, 2])) * 0.5 + middle
}

fn doctor(game: &Game) -> Doctor {
    Doctor::new(game, &cloud(64, &mut Rng::new(0, "sample")), 3, 0)
}

fn bytes(part: &impl Stateful) -> Vec<u8> {
    let mut state = State::new();
    part.put(&mut state);
    state.to_bytes(None)
}

#[test]
fn a_watched_game_plays_the_same_turns() {
    let (mut alone, mut watched) = (game(), game());
    let mut doctor = doctor(&watched);
    let (mut data, mut noise) = (Rng::new(0, "data"), Rng::new(0, "noise"));
    let (mut same_data, mut same_noise) = (data.clone(), noise.clone());
    for _ in 0..10 {
        let expected = alone.turn(|| cloud(8, &mut data), &mut noise);
        let found = doctor.attend(&mut watched, || cloud(8, &mut same_data), &mut same_noise);
        assert_eq!((found.loss_d, found.loss_g), (expected.loss_d, expected.loss_g));
    }
    assert_eq!(bytes(&alone), bytes(&watched));
    assert_eq!(doctor.recent().len(), 3);
}

/// A game, who watches it, and where its numbers come from.
struct Watched {
    game: Game,
    doctor: Doctor,
    data: Rng,
    noise: Rng,
}

impl Watched {
    fn new() -> Watched {
        let game = game();
        let doctor = doctor(&game);
        Watched { game, doctor, data: Rng::new(0, "data"), noise: Rng::new(0, "noise") }
    }

    fn play(&mut self, turns: usize) {
        let Watched { game, doctor, data, noise } = self;
        (0..turns).for_each(|_| drop(doctor.attend(game, || cloud(8, data), noise)));
    }
}

impl Stateful for Watched {
    fn put(&self, state: &mut State<'_>) {
        self.game.put(state);
        self.doctor.put(state);
        state.put_stream("data", &self.data);
        state.put_stream("noise", &self.noise);
    }

    fn take(&mut self, state: &mut State<'_>) -> Result<(), StateError> {
        self.game.take(state)?;
        self.doctor.take(state)?;
        self.data = state.take_stream("data")?;
        self.noise = state.take_stream("noise")?;
        Ok(())
    }
}

#[test]
fn a_resumed_doctor_sees_the_same() {
    let (mut whole, mut resumed) = (Watched::new(), Watched::new());
    // The last turn is one after an examination, so there is something to remember of it.
    whole.play(70);
    let mut state = State::new();
    whole.put(&mut state);
    restore(&mut resumed, state).unwrap();
    whole.play(7);
    resumed.play(7);
    assert_eq!(whole.doctor.recent(), resumed.doctor.recent());
    assert_eq!(whole.doctor.findings(), resumed.doctor.findings());
    let state = |watched: &Watched| {
        let mut state = State::new();
        watched.put(&mut state);
        (state.to_bytes(None), state.counters)
    };
    assert_eq!(state(&whole), state(&resumed));
}

/// With a Wasserstein loss a number added to all scores means nothing.
#[test]
fn an_offset_of_the_critic_does_not_change_the_order() {
    let order = |offset: Real| {
        let mut rng = Rng::new(0, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::KaimingNormal, &mut rng);
        let (generator, mut critic) = (linear(2, 2), linear(2, 1));
        let mut last = 0;
        critic.each_param_mut(&mut |param| {
            last += 1;
            if last == 2 {
                param.update(|b| b[0] += offset);
            }
        });
        let player = |model| Player::new(model, Adam::new(1e-9));
        let latent = Latent::Normal { size: 2 };
        let mut game = Game::new(player(generator), player(critic), crate::Wasserstein, latent);
        let mut doctor = doctor(&game);
        let (mut data, mut noise) = (Rng::new(0, "data"), Rng::new(0, "noise"));
        (0..3).for_each(|_| drop(doctor.attend(&mut game, || cloud(8, &mut data), &mut noise)));
        doctor.recent()[0].order
    };
    let expected = order(0.0);
    assert!((expected - 0.5).abs() > 0.2, "{expected}");
    for offset in [-50.0, 50.0] {
        // Scores that differ by less than they are rounded by are equal.
        assert!((order(offset) - expected).abs() < 1e-3, "{offset}: {} {expected}", order(offset));
    }
}

#[test]
fn notes_that_no_doctor_makes_are_an_error() {
    let mut state = State::new();
    let mut watched = Watched::new();
    watched.put(&mut state);
    state.put_list("doctor.notes.pulse", &[60.0]);
    let why = restore(&mut watched, state).unwrap_err().to_string();
    assert!(why.contains("tensor `doctor.notes.pulse` belongs to no part"), "{why}");
}

/// One examination after another, each altered from a healthy one by `ail`.
fn record(looks: u64, ail: impl Fn(u64, &mut Signs)) -> Record {
    let mut record = Record::default();
    for look in 1..=looks {
        let mut signs = Signs { turn: 50 * look, ..HEALTHY };
        ail(look, &mut signs);
        record.add(signs);
    }
    record
}

const HEALTHY: Signs = Signs {
    turn: 0,
    loss_d: 1.3,
    loss_g: 0.8,
    doubt: 0.95,
    accuracy: 0.55,
    order: 0.55,
    gradient_g: 0.1,
    gradient_d: 0.1,
    pull: 0.3,
    motion_g: 0.01,
    motion_d: 0.01,
    gap: 0.01,
    missing: 0.0,
    spread: 1.0,
    main: 1.0,
    thin: 1.0,
    moved: 0.02,
    away: 0.05,
    travelled: 0.2,
    shifted: 0.0,
    gained: 0.0,
};

#[test]
fn each_failure_is_named_by_its_own_signs_and_no_other() {
    let ail = |failure: Failure, s: &mut Signs| match failure {
        Failure::DiscriminatorCertain => s.doubt = 0.001,
        Failure::VanishingGradient => (s.pull, s.gap, s.order) = (1e-4, 0.5, 0.9),
        Failure::ModeCollapse => s.missing = 0.8,
        Failure::DiscriminatorTooStrong => (s.order, s.gap) = (1.0, 0.5),
        Failure::DiscriminatorTooWeak => (s.order, s.gap) = (0.4, 0.5),
        Failure::ThinDirection => s.thin = 10.0,
        Failure::NoEquilibrium => (s.moved, s.gap, s.order) = (1.0, 0.5, 0.9),
        Failure::UnbalancedRates => (s.motion_d, s.gap, s.order) = (1.0, 0.5, 0.9),
    };
    assert!(record(100, |_, _| ()).findings.is_empty());
    for failure in Failure::ALL {
        let found = record(40, |_, signs| ail(failure, signs)).findings;
        assert_eq!(found.iter().map(|f| f.failure).collect::<Vec<_>>(), [failure]);
        // Eight looks after the ten that prove nothing.
        assert_eq!(found[0].signs.turn, 50 * 18, "{failure:?}");
        let text = found[0].to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn what_is_seen_names_the_way_it_went() {
    let seen = |failure: Failure, gained, shifted| {
        failure.evidence(&Signs { gap: 0.5, gained, shifted, ..HEALTHY })
    };
    let strong = |gained| seen(Failure::DiscriminatorTooStrong, gained, 0.0);
    assert!(strong(0.04).contains("has shrunk by 4.00 % in"), "{}", strong(0.04));
    assert!(strong(-0.0479).contains("has grown by 4.79 % in"), "{}", strong(-0.0479));
    let astray = |shifted| seen(Failure::NoEquilibrium, 0.0, shifted);
    assert!(astray(-0.33).contains("and came 0.33 nearer;"), "{}", astray(-0.33));
    assert!(astray(0.33).contains("and came 0.33 further away;"), "{}", astray(0.33));
}

#[test]
fn a_failure_is_named_once_withdrawn_and_named_again() {
    let is_ill = |look: u64| !(30..=60).contains(&look);
    let found = record(90, |look, signs| {
        if is_ill(look) {
            signs.missing = 0.8;
        }
    })
    .findings;
    let turns: Vec<(u64, Option<u64>)> = found.iter().map(|f| (f.signs.turn, f.over)).collect();
    // Looks 30 to 37 are healthy ones: then two of the last ten still showed it.
    assert_eq!(turns, [(50 * 18, Some(50 * 37)), (50 * 68, None)]);
}

#[test]
fn a_sign_that_comes_and_goes_is_no_finding() {
    let found = record(200, |look, signs| {
        if look % 10 < 7 {
            signs.missing = 0.8;
        }
    });
    assert!(found.findings.is_empty());
}

#[test]
fn a_record_comes_back_from_its_numbers() {
    let before = record(47, |look, signs| (signs.missing, signs.moved) = (0.8, look as f64));
    let mut state = State::new();
    before.put(&mut state);
    let lists = state.take_lists().unwrap();
    let list = |name: &str| &lists.iter().find(|(found, _)| found == name).unwrap().1[..];
    let (window, shown, findings) = (list("window"), list("shown"), list("findings"));
    assert_eq!(Record::of(window, shown, findings), Some(before));
    assert_eq!(Record::of(&window[1..], shown, findings), None);
    assert_eq!(Record::of(window, &shown[1..], findings), None);
    assert_eq!(Record::of(window, shown, &findings[1..]), None);
}

#[test]
#[should_panic(expected = "doctor: [1, 2] is not a sample of at least 2")]
fn a_single_sample_is_refused() {
    let _ = Doctor::new(&game(), &Tensor::constant(Array::zeros([1, 2])), 3, 0);
}
