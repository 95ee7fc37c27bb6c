//! Does the Gaussian GAN learn what its tutorial learns, and does each setting of the game do
//! what it says?

use autograd::{Rng, Tensor};
use gan::{Adam, Bce, Fakes, Game, InputNoise, Latent, Minimax, Player, Settings, Sgd, Steps};
use lab::systems::gaussian::{GaussianGan, Version};
use lab::{AffineGaussian, Quartiles};
use layers::{Activation, Init, Linear, Sequential, State, Stateful, to_safetensors};

/// Accuracy in the first and the last epoch and the final W2², for each of 20 seeds.
fn twenty_seeds(version: Version) -> [Quartiles; 3] {
    let runs: Vec<[f64; 3]> = (0..20)
        .map(|seed| {
            let mut gan = GaussianGan::new(version, seed);
            let epochs = (0..version.epochs()).map(|_| gan.train_epoch().accuracy);
            let accuracies: Vec<f64> = epochs.collect();
            let target = AffineGaussian::TUTORIAL.distribution();
            let distance = gan.generated().squared_wasserstein(&target);
            [accuracies[0], accuracies[version.epochs() - 1], distance]
        })
        .collect();
    [0, 1, 2].map(|i| Quartiles::of(&runs.iter().map(|run| run[i]).collect::<Vec<_>>()))
}

#[test]
fn the_softmax_version_learns_as_the_tutorial_does() {
    let [first, last, distance] = twenty_seeds(Version::Softmax);
    assert!((0.65..=0.85).contains(&first.median), "{first:?}");
    assert!((0.47..=0.55).contains(&last.median), "{last:?}");
    assert!(distance.median < 0.40, "{distance:?}");
}

#[test]
fn the_bce_version_learns_as_the_tutorial_does() {
    let [_, last, distance] = twenty_seeds(Version::Bce);
    assert!((0.47..=0.55).contains(&last.median), "{last:?}");
    assert!(distance.median < 0.15, "{distance:?}");
}

fn player(sizes: [usize; 3], rng: &mut Rng) -> Player {
    let init = Init::XavierUniform;
    let model = Sequential::new()
        .add(Linear::new(sizes[0], sizes[1], init, rng))
        .add(Activation::Tanh)
        .add(Linear::new(sizes[1], sizes[2], init, rng));
    Player::new(model, Adam::new(0.01))
}

fn game(settings: Settings, steps: [Steps; 2]) -> Game {
    let mut rng = Rng::new(0, "weights");
    let generator = player([2, 8, 2], &mut rng).steps(steps[0]);
    let discriminator = player([2, 8, 1], &mut rng).steps(steps[1]);
    let latent = Latent::Uniform { size: 2 };
    Game::new(generator, discriminator, Minimax { saturating: false }, latent).settings(settings)
}

/// The weights of both players after some turns.
fn played(mut game: Game, turns: usize) -> [Vec<u8>; 2] {
    let mut rng = Rng::new(1, "noise");
    let real = Tensor::constant(AffineGaussian::TUTORIAL.sample(16, &mut rng));
    for _ in 0..turns {
        let report = game.step(&real, &mut rng);
        assert!(report.loss_d.is_finite() && report.loss_g.is_finite());
        assert!(report.without_gradient.is_empty());
    }
    [to_safetensors(game.generator()), to_safetensors(game.discriminator())]
}

fn one() -> Steps {
    Steps::exactly(1)
}

#[test]
fn reusing_the_graph_or_rebuilding_it_is_the_same_step() {
    // Both are judged on the same noise by the same weights; only the work differs.
    let reused = played(game(Settings::default(), [one(), one()]), 5);
    let rebuilt = Settings { fakes: Fakes::Rebuilt, ..Settings::default() };
    assert_eq!(reused, played(game(rebuilt, [one(), one()]), 5));
    let fresh = Settings { fakes: Fakes::Fresh, ..Settings::default() };
    assert_ne!(reused, played(game(fresh, [one(), one()]), 5));
}

#[test]
fn one_batch_or_two_give_the_same_loss() {
    // Without batch statistics the discriminator judges each row alone.
    let mut losses = [false, true].map(|joined| {
        let mut game = game(Settings { joined, ..Settings::default() }, [one(), one()]);
        let mut rng = Rng::new(1, "noise");
        let real = Tensor::constant(AffineGaussian::TUTORIAL.sample(16, &mut rng));
        game.step(&real, &mut rng)
    });
    let [a, b] = &mut losses;
    assert!((a.loss_d - b.loss_d).abs() < 1e-6 && (a.loss_g - b.loss_g).abs() < 1e-6);
    assert_eq!((a.correct, a.judged), (b.correct, 32));
}

#[test]
fn evaluated_fakes_change_nothing_without_batch_statistics() {
    let rebuilt = Settings { fakes: Fakes::Rebuilt, ..Settings::default() };
    let evaluated = Settings { evaluate_fakes: true, ..rebuilt };
    assert_eq!(
        played(game(rebuilt, [one(), one()]), 3),
        played(game(evaluated, [one(), one()]), 3)
    );
}

/// How many steps a player has taken, by its own count.
fn taken(player: &Player) -> u64 {
    let mut state = State::new();
    player.put(&mut state);
    state.counters["optimiser.steps"]
}

#[test]
fn players_take_as_many_steps_as_they_are_told() {
    let mut rng = Rng::new(1, "noise");
    let data = AffineGaussian::TUTORIAL;
    let two = Steps::exactly(2);
    for (of_g, of_d, expected) in [
        (two, Steps::exactly(3), [2, 3]),
        (Steps::exactly(4), one(), [4, 1]),
        (two, one().while_above(-1.0, 7), [2, 7]),
        (two, two.while_above(1e9, 7), [2, 2]),
        (one().while_above(-1.0, 6), one(), [6, 1]),
        (two.while_above(1e9, 6), one(), [2, 1]),
    ] {
        let mut game = game(Settings::default(), [of_g, of_d]);
        let mut batches = 0;
        let mut weights = vec![to_safetensors(game.generator())];
        for turn in 1..=2 {
            game.turn(
                || {
                    batches += 1;
                    Tensor::constant(data.sample(8, &mut Rng::new(batches, "data")))
                },
                &mut rng,
            );
            assert_eq!(game.players().map(taken), expected.map(|steps| turn * steps));
            assert_eq!(batches, turn * expected[1], "each step of D takes a batch of its own");
            weights.push(to_safetensors(game.generator()));
        }
        assert!(weights.windows(2).all(|pair| pair[0] != pair[1]));
    }
}

#[test]
fn input_noise_fades_out() {
    let noise = InputNoise { std: 0.5, until: 10 };
    assert_eq!([noise.at(0), noise.at(5), noise.at(10), noise.at(99)], [0.5, 0.25, 0.0, 0.0]);
    let noisy = Settings { input_noise: Some(noise), ..Settings::default() };
    assert_ne!(
        played(game(noisy, [one(), one()]), 1),
        played(game(Settings::default(), [one(), one()]), 1)
    );
}

#[test]
fn extra_terms_reach_their_player_only() {
    // A term so large that it decides the direction in which the weights move.
    let plain = played(game(Settings::default(), [one(), one()]), 1);
    let with_term = game(Settings::default(), [one(), one()])
        .generator_term(|table, _| 1e6 * table.fake.square().mean());
    let [generator, discriminator] = played(with_term, 1);
    assert_ne!(generator, plain[0]);
    assert_eq!(discriminator, plain[1]);
}

#[test]
fn a_parameter_without_gradient_is_reported() {
    let mut rng = Rng::new(0, "weights");
    let generator = Player::new(Linear::new(2, 2, Init::Zeros, &mut rng), Sgd::new(0.1));
    let discriminator = player([2, 8, 1], &mut rng);
    struct Cut;
    impl gan::AdversarialLoss for Cut {
        fn discriminator(&self, real: &Tensor, fake: &Tensor) -> Tensor {
            Bce::default().discriminator(real, fake)
        }
        fn generator(&self, fake: &Tensor) -> Tensor {
            fake.detach().mean()
        }
        fn belief(&self, scores: &Tensor) -> Vec<autograd::Real> {
            Bce::default().belief(scores)
        }
    }
    let mut game = Game::new(generator, discriminator, Cut, Latent::Normal { size: 2 });
    let real = Tensor::full([4, 2], 1.0);
    let report = game.step(&real, &mut rng);
    assert_eq!(report.without_gradient, ["generator.weight", "generator.bias"]);
}
