//! Are the turns of a game those of its settings, and can they be played on?

use super::*;
use crate::{Adam, Bce, InputNoise, Latent, RmsProp, Schedule, Sgd};
use autograd::{Array, grad};
use layers::{Activation, BatchNorm, Init, Linear, Sequential, State, Stateful, restore};

/// With statistics, a schedule and fading noise: all that a turn depends on.
fn game(width: usize) -> Game {
    let mut rng = Rng::new(0, "weights");
    let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
    let generator = Sequential::new()
        .add(linear(3, width))
        .add(BatchNorm::pytorch(width))
        .add(linear(width, 2));
    let schedule = Schedule::Linear { from: 0, to: 20 };
    let players = (
        Player::new(generator, Adam::new(0.01)).schedule(schedule),
        Player::new(linear(2, 1), RmsProp::new(0.01)),
    );
    Game::new(players.0, players.1, Bce::default(), Latent::Normal { size: 3 }).settings(Settings {
        input_noise: Some(InputNoise { std: 0.5, until: 9 }),
        ..Settings::default()
    })
}

fn state(game: &Game) -> State<'static> {
    let mut state = State::new();
    game.put(&mut state);
    state
}

#[test]
fn a_loaded_game_plays_the_same_turns() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    for before in [0, 1, 5] {
        let (mut saved, mut loaded) = (game(8), game(8));
        let mut rng = Rng::new(0, "noise");
        (0..before).for_each(|_| drop(saved.step(&real, &mut rng)));
        restore(&mut loaded, state(&saved)).unwrap();
        let mut same = rng.clone();
        for _ in 0..6 {
            let (a, b) = (saved.step(&real, &mut rng), loaded.step(&real, &mut same));
            assert_eq!((a.loss_d, a.loss_g, a.correct), (b.loss_d, b.loss_g, b.correct));
        }
        assert_eq!(state(&saved).to_bytes(None), state(&loaded).to_bytes(None));
        assert_eq!(state(&saved).counters, state(&loaded).counters);
    }
}

/// No graph holds a player's weights any more when its optimiser moves them: a copy would cost as
/// much memory as the model has, and the time to fill it.
#[test]
fn weights_move_in_place() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let places = |game: &Game| -> Vec<(*const Real, Real)> {
        let params = [game.generator(), game.discriminator()].map(|model| model.params());
        let numbers = params.iter().flatten().map(|param| param.tensor().numbers());
        numbers.map(|numbers| (numbers.as_ptr(), numbers[0])).collect()
    };
    for fakes in [Fakes::Fresh, Fakes::Reused, Fakes::Rebuilt] {
        let mut game = game(8).settings(Settings { fakes, ..Settings::default() });
        let before = places(&game);
        game.step(&real, &mut Rng::new(0, "noise"));
        let after = places(&game);
        assert_ne!(before, after, "{fakes:?}: no weight has moved");
        for (before, after) in before.into_iter().zip(after) {
            assert_eq!(before.0, after.0, "{fakes:?}: a weight was copied");
        }
    }
}

/// Of two logits a sample, the difference counts: D likes what lies to the right, by both.
#[test]
fn two_logits_rank_samples_by_their_difference() {
    let with = |keep| {
        let mut rng = Rng::new(0, "weights");
        let linear = |outputs, rng: &mut Rng| Linear::new(2, outputs, Init::XavierUniform, rng);
        let (generator, mut discriminator) = (linear(2, &mut rng), linear(2, &mut rng));
        let mut first = true;
        discriminator.each_param_mut(&mut |param| {
            let weight = std::mem::take(&mut first);
            // Both logits are large and grow downwards; real lies above fake by x.
            param.update(|w| {
                if weight {
                    w.copy_from_slice(&[-9.0, -8.0, -5.0, -5.0])
                }
            });
        });
        let player = |model| Player::new(model, Adam::new(0.01));
        let (loss, latent) = (crate::SoftmaxCrossEntropy, Latent::Normal { size: 2 });
        Game::new(player(generator), player(discriminator), loss, latent)
            .settings(Settings { keep, ..Settings::default() })
    };
    let draw = |keep, count| {
        let drawn = with(keep).draw(count, &mut Rng::new(0, "draw"));
        drawn.numbers().chunks(2).map(|x| x[0]).collect::<Vec<Real>>()
    };
    let (mut all, mut kept) = (draw(None, 20), draw(Some(0.25), 5));
    all.sort_by(|a, b| b.total_cmp(a));
    kept.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(kept, all[..5]);
}

#[test]
fn a_share_to_keep_is_above_0_and_at_most_1() {
    for keep in [0.0, -0.5, 1.5, f64::NAN] {
        let settings = Settings { keep: Some(keep), ..Settings::default() };
        let made = std::panic::catch_unwind(|| drop(game(8).settings(settings)));
        let why = made.unwrap_err().downcast::<String>().unwrap();
        assert!(why.contains("of samples to keep is not in (0, 1]"), "{why}");
    }
}

/// Two steps of D and one of G, whose loss looks at the last real batch.
#[test]
fn a_turn_with_fresh_fakes_is_its_steps() {
    let fresh = || {
        let linear = |i, o| Linear::new(i, o, Init::Zeros, &mut Rng::new(0, "weights"));
        let generator = Player::new(linear(3, 2), Adam::new(0.01));
        let discriminator =
            Player::new(linear(2, 1), Adam::new(0.01)).steps(crate::Steps::exactly(2));
        let loss = crate::Relativistic::Average;
        Game::new(generator, discriminator, loss, Latent::Normal { size: 3 })
            .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
    };
    let (mut whole, mut parts) = (fresh(), fresh());
    let (mut rng, mut same) = (Rng::new(0, "noise"), Rng::new(0, "noise"));
    let mut data = Rng::new(0, "data");
    for turn in 1..=3 {
        let real = [(); 2].map(|()| Tensor::constant(data.normal([4, 2])));
        let mut batches = real.iter().cloned();
        let report = whole.turn(|| batches.next().expect("two are asked for"), &mut rng);
        parts.discriminator_step(&real[0], &mut same);
        let d = parts.discriminator_step(&real[1], &mut same);
        let g = parts.generator_step(&real[1], &mut same);
        assert_eq!((d.loss_d, g.loss_g), (report.loss_d, report.loss_g));
        assert_eq!((d.correct, d.judged, g.judged), (report.correct, 8, 0));
        assert_eq!(state(&whole).to_bytes(None), state(&parts).to_bytes(None));
        // Noise that fades in turns does not fade in single steps.
        assert_eq!((whole.turns, parts.turns), (turn, 0));
    }
}

#[test]
fn attached_fakes_cost_time_and_give_the_same_losses() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let play = |fakes, attached| -> Vec<[Real; 2]> {
        let settings = Settings { fakes, attached, ..Settings::default() };
        let mut game = game(8).settings(settings);
        let mut rng = Rng::new(0, "noise");
        let mut turn = |_| {
            let report = game.step(&real, &mut rng);
            [report.loss_d, report.loss_g]
        };
        (0..5).map(&mut turn).collect()
    };
    for fakes in [Fakes::Reused, Fakes::Rebuilt, Fakes::Fresh] {
        // Batch norm rounds otherwise when it is recorded.
        let pairs = play(fakes, true).into_iter().zip(play(fakes, false));
        let near = |(a, b): (Real, Real)| (a - b).abs() < 1e-5;
        assert!(pairs.flat_map(|(a, b)| [(a[0], b[0]), (a[1], b[1])]).all(near), "{fakes:?}");
    }
}

#[test]
fn looking_ahead_moves_the_generator_and_not_the_discriminator() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let turn = |unrolled| {
        let settings = Settings { unrolled, ..Settings::default() };
        let mut game = game(8).settings(settings);
        game.step(&real, &mut Rng::new(0, "noise"));
        game.players().map(|player| layers::to_safetensors(player.model()))
    };
    let ([plain_g, plain_d], [g, d]) = (turn(0), turn(3));
    assert_eq!(d, plain_d);
    assert_ne!(g, plain_g);
}

/// G descends what D will say of its samples once it has learnt from them. The slope of that comes
/// from finite differences: D learns for real, after each small change of G.
#[test]
fn looking_ahead_follows_the_slope_of_what_d_will_say() {
    let linear =
        |i, o, seed| Linear::new(i, o, Init::XavierUniform, &mut Rng::new(seed, "weights"));
    let generator = || Player::new(linear(3, 2, 0), Sgd::new(1.0));
    let discriminator = || {
        let model = Sequential::new().add(linear(2, 6, 1)).add(Activation::Tanh);
        Player::new(model.add(linear(6, 1, 2)), Sgd::new(1.0).momentum(0.5))
    };
    let (loss, latent) = (Bce::default(), Latent::Normal { size: 3 });
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let noise = Tensor::constant(latent.sample(4, &mut Rng::new(0, "noise")));
    let learn = |d: &mut Player, fake: &Tensor| {
        let scores = [&real, fake].map(|x| d.model().forward(x));
        let _ = d.learn(loss.discriminator(&scores[0], &scores[1]));
    };
    let weights = |g: &Player| -> Vec<Real> {
        g.model().params().iter().flat_map(|param| param.tensor().numbers()).copied().collect()
    };
    for ahead in [1, 3] {
        let settings = Settings { unrolled: ahead, ..Settings::default() };
        let mut game = Game::new(generator(), discriminator(), loss, latent).settings(settings);
        game.step(&real, &mut Rng::new(0, "noise"));
        let moved = weights(&game.generator);
        let said = |at: usize, step: Real| {
            let (mut d, mut g) = (discriminator(), generator());
            // D's own step, on what G makes before it moves.
            learn(&mut d, &g.model().forward(&noise).detach());
            let mut place = 0;
            g.model_mut().each_param_mut(&mut |param| {
                param.update(|w| {
                    let inside = at.checked_sub(place).and_then(|i| w.get_mut(i));
                    inside.into_iter().for_each(|w| *w += step);
                    place += w.len();
                });
            });
            let fake = g.model().forward(&noise).detach();
            (0..ahead).for_each(|_| learn(&mut d, &fake));
            f64::from(loss.generator(&d.model().forward(&fake)).item())
        };
        for (at, (before, after)) in weights(&generator()).into_iter().zip(moved).enumerate() {
            let slope = (said(at, 1e-2) - said(at, -1e-2)) / 2e-2;
            let found = f64::from(before - after);
            assert!((found - slope).abs() < 2e-3, "{ahead}, {at}: {found} for {slope}");
        }
    }
}

#[test]
fn an_annealed_term_counts_by_its_factor() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let losses = |weight: Real| {
        let factor = Schedule::Linear { from: 0, to: 2 };
        let mut game = game(8).annealed_generator_term(factor, move |_, _| Tensor::scalar(weight));
        let mut rng = Rng::new(0, "noise");
        [0; 3].map(|_| f64::from(game.step(&real, &mut rng).loss_g))
    };
    // A term without a gradient changes the losses only.
    let (with, without) = (losses(4.0), losses(0.0));
    for ((with, without), factor) in with.into_iter().zip(without).zip([1.0, 0.5, 0.0]) {
        assert!((with - without - 4.0 * factor).abs() < 1e-5, "{with} {without}");
    }
}

#[test]
fn what_is_generated_comes_from_the_average() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let copy = || {
        let mut rng = Rng::new(9, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
        Sequential::new().add(linear(3, 8)).add(BatchNorm::pytorch(8)).add(linear(8, 2))
    };
    let mut averaged = game(8).averaged(copy(), 0.5);
    let mut average = Average::new(copy(), averaged.generator(), 0.5);
    let mut rng = Rng::new(0, "noise");
    for _ in 0..3 {
        averaged.step(&real, &mut rng);
        average.follow(averaged.generator());
    }
    let noise = Tensor::constant(Rng::new(1, "noise").normal([5, 3]));
    let expected = average.model().forward(&noise);
    assert_eq!(averaged.generate(&noise).numbers(), expected.numbers());
    assert_ne!(averaged.generator().forward(&noise).numbers(), expected.numbers());
}

/// Points that a discriminator of packs is asked about are packs of their own, whatever they stand
/// beside: neither they nor the real ones have to fill packs.
#[test]
fn the_loss_of_points_is_the_mean_of_their_own_in_packs_too() {
    let players = || {
        let mut rng = Rng::new(0, "weights");
        let mut linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng);
        let discriminator = Sequential::new().add(layers::Pack::new(3)).add(linear(6, 1));
        [Player::new(linear(3, 2), Adam::new(0.01)), Player::new(discriminator, Adam::new(0.01))]
    };
    let settings = Settings { packed: 3, ..Settings::default() };
    let ([g, d], latent) = (players(), Latent::Normal { size: 3 });
    let game = Game::new(g, d, Bce::default(), latent).settings(settings);
    let mut rng = Rng::new(0, "points");
    let (points, real) = (rng.normal([4, 2]), Tensor::constant(rng.normal([5, 2])));
    let slopes = |x: &Array| {
        let x = Tensor::variable(x.clone());
        let [slopes] = grad(&game.generator_loss_beside(&x, &real), [&x], false);
        slopes.value().clone()
    };
    let together = slopes(&points);
    for (point, together) in points.numbers().chunks(2).zip(together.numbers().chunks(2)) {
        let alone = slopes(&Array::new([1, 2], point));
        let near = |(a, b): (&Real, &Real)| *b != 0.0 && (4.0 * a - b).abs() < 1e-6;
        assert!(together.iter().zip(alone.numbers()).all(near), "{together:?} {alone:?}");
    }
    let [g, d] = players();
    let relative = Game::new(g, d, crate::Relativistic::Average, latent).settings(settings);
    let loss = relative.generator_loss_beside(&Tensor::constant(points), &real);
    assert!(loss.item().is_finite());
}

/// What D sees in evaluation is what it will be judged on, not what is offered in the end.
#[test]
fn an_average_changes_no_step_with_fakes_made_in_evaluation() {
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    let settings = Settings { fakes: Fakes::Fresh, evaluate_fakes: true, ..Settings::default() };
    let played = |mut game: Game| {
        let mut rng = Rng::new(0, "noise");
        (0..3).for_each(|_| drop(game.step(&real, &mut rng)));
        game.players().map(|player| layers::to_safetensors(player.model()))
    };
    let copy = Sequential::new()
        .add(Linear::new(3, 8, Init::Zeros, &mut Rng::new(0, "copy")))
        .add(BatchNorm::pytorch(8))
        .add(Linear::new(8, 2, Init::Zeros, &mut Rng::new(0, "copy")));
    let plain = played(game(8).settings(settings));
    let averaged = played(game(8).settings(settings).averaged(copy, 0.9));
    assert!(plain == averaged, "the weights differ");
}

#[test]
fn the_state_of_another_game_is_refused_and_nothing_changes() {
    let mut target = game(8);
    let real = Tensor::constant(Rng::new(0, "data").normal([4, 2]));
    target.step(&real, &mut Rng::new(0, "noise"));
    let before = state(&target);
    let why = restore(&mut target, state(&game(9))).unwrap_err().to_string();
    assert!(why.starts_with("tensor `generator.0.weight` has shape [3, 9]"), "{why}");
    // The generator fits; what the discriminator's optimiser remembers does not.
    let mut other = before.clone();
    other.within("discriminator.optimiser", |state| {
        state.take("bias.v", [1].into()).unwrap();
        state.put_list("bias.v", &[1.0, 2.0]);
    });
    other.within("generator.0", |state| {
        let weight = state.take("weight", [3, 8].into()).unwrap();
        state.put("weight", &weight.map(|w| w + 1.0));
    });
    let why = restore(&mut target, other).unwrap_err().to_string();
    assert!(why.starts_with("tensor `discriminator.optimiser.bias.v` has shape [2]"), "{why}");
    assert_eq!(state(&target).to_bytes(None), before.to_bytes(None));
    assert_eq!(state(&target).counters, before.counters);
}
