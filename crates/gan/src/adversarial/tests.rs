//! Are the losses of pairs of players their formulas?

use super::*;
use crate::{Adam, Game, Latent, Player};
use autograd::{Array, Rng, grad};
use layers::{Init, Linear};

const N: usize = 7;

fn scores(purpose: &str) -> (Tensor, Vec<f64>) {
    let x = Tensor::variable(Rng::new(0, purpose).normal([N, 1]).map(|x| 2.0 * x));
    let doubles = x.numbers().iter().map(|x| f64::from(*x)).collect();
    (x, doubles)
}

fn mean(terms: impl Iterator<Item = f64>) -> f64 {
    terms.sum::<f64>() / N as f64
}

/// -ln σ(s)
fn miss(s: f64) -> f64 {
    (1.0 + (-s).exp()).ln()
}

#[test]
fn documented_formula_matches() {
    let ((real, r), (fake, f)) = (scores("real"), scores("fake"));
    let (mean_r, mean_f) = (mean(r.iter().copied()), mean(f.iter().copied()));
    let squares = |s: &[f64], label: f64| mean(s.iter().map(|s| (s - label).powi(2))) / 2.0;
    // BCE(s, 1) = -ln σ(s) and BCE(s, 0) = -ln σ(-s).
    let above = |high: &[f64], low: &[f64], mean_high: f64, mean_low: f64| {
        mean(high.iter().map(|s| miss(s - mean_low)))
            + mean(low.iter().map(|s| miss(mean_high - s)))
    };
    let labels = LeastSquares { fake_label: -0.5, real_label: 1.5, wanted: 0.25 };
    let table: [(&str, Box<dyn AdversarialLoss>, f64, f64); 7] = [
        (
            "least squares",
            Box::new(LeastSquares::default()),
            squares(&r, 1.0) + squares(&f, 0.0),
            squares(&f, 1.0),
        ),
        ("a, b, c", Box::new(labels), squares(&r, 1.5) + squares(&f, -0.5), squares(&f, 0.25)),
        (
            "Pearson",
            Box::new(LeastSquares::PEARSON),
            squares(&r, 1.0) + squares(&f, -1.0),
            squares(&f, 0.0),
        ),
        (
            "hinge",
            Box::new(Hinge),
            mean(r.iter().map(|s| (1.0 - s).max(0.0))) + mean(f.iter().map(|s| (1.0 + s).max(0.0))),
            -mean_f,
        ),
        (
            "relativistic",
            Box::new(Relativistic::Standard),
            mean(r.iter().zip(&f).map(|(r, f)| miss(r - f))),
            mean(r.iter().zip(&f).map(|(r, f)| miss(f - r))),
        ),
        (
            "relativistic average",
            Box::new(Relativistic::Average),
            above(&r, &f, mean_r, mean_f),
            above(&f, &r, mean_f, mean_r),
        ),
        ("wasserstein", Box::new(Wasserstein), mean_f - mean_r, -mean_f),
    ];
    for (name, loss, expected_d, expected_g) in table {
        let found_d = f64::from(loss.discriminator(&real, &fake).item());
        let found_g = f64::from(loss.generator_beside(&fake, &real).item());
        assert!((found_d - expected_d).abs() < 2e-6, "{name}: D {found_d} {expected_d}");
        assert!((found_g - expected_g).abs() < 2e-6, "{name}: G {found_g} {expected_g}");
        if !loss.is_relative() {
            assert_eq!(f64::from(loss.generator(&fake).item()), found_g, "{name}");
        }
    }
}

#[test]
fn beliefs_are_in_their_range_and_grow_with_the_score() {
    let losses: [Box<dyn AdversarialLoss>; 7] = [
        Box::new(Bce::default()),
        Box::new(LeastSquares::default()),
        Box::new(LeastSquares::PEARSON),
        Box::new(Hinge),
        Box::new(Relativistic::Standard),
        Box::new(Relativistic::Average),
        Box::new(Wasserstein),
    ];
    for loss in losses {
        let belief = loss.belief(&Tensor::new([5, 1], &[-9.0, -0.5, 0.25, 0.75, 9.0]));
        assert!(belief.is_sorted() && belief.iter().all(|p| (0.0..=1.0).contains(p)), "{belief:?}");
        assert!(belief[0] < belief[2] && belief[2] < belief[4]);
    }
}

#[test]
fn realness_ranks_what_beliefs_no_longer_tell_apart() {
    let turned = LeastSquares { fake_label: 1.0, real_label: 0.0, wanted: 0.0 };
    let losses: [(Box<dyn AdversarialLoss>, Real); 7] = [
        (Box::new(Bce::default()), 1.0),
        (Box::new(Minimax { saturating: false }), 1.0),
        (Box::new(LeastSquares::default()), 1.0),
        (Box::new(turned), -1.0),
        (Box::new(Hinge), 1.0),
        (Box::new(Relativistic::Average), 1.0),
        (Box::new(Wasserstein), 1.0),
    ];
    let certain = [-90.0, -50.0, 50.0, 90.0];
    for (loss, sign) in losses {
        let scores = Tensor::new([4, 1], &certain.map(|s| sign * s));
        let (belief, realness) = (loss.belief(&scores), loss.realness(&scores));
        assert!(realness.windows(2).all(|pair| pair[0] < pair[1]), "{realness:?}");
        assert!(belief[2] == belief[3], "{belief:?}");
    }
    // Fake and real: the second of each pair minus the first.
    let logits = Tensor::new([3, 2], &[9.0, 50.0, -90.0, -30.0, 0.0, -1.0]);
    assert_eq!(SoftmaxCrossEntropy.realness(&logits), [41.0, 60.0, -1.0]);
}

#[test]
fn a_blind_loss_is_finite_for_every_label() {
    for real_label in [0.0, 1e-30, 0.5, 1.0] {
        let blind = Bce { real_label, ..Bce::default() }.blind().expect("it has one");
        assert!((0.0..=2.0 * LN_2).contains(&blind), "{real_label}: {blind}");
    }
}

/// D* = (b p + a q) / (p + q), from which the belief is p / (p + q).
#[test]
fn the_belief_of_least_squares_is_a_probability() {
    let loss = LeastSquares { fake_label: -2.0, real_label: 3.0, wanted: 0.0 };
    let (p, q) = (0.3, 0.9);
    let best = (3.0 * p - 2.0 * q) / (p + q);
    let belief = loss.belief(&Tensor::new([1, 1], &[best]))[0];
    assert!((belief - p / (p + q)).abs() < 1e-6);
}

#[test]
fn a_relativistic_generator_looks_at_real_samples() {
    let ((real, _), (fake, _)) = (scores("real"), scores("fake"));
    for loss in [Relativistic::Standard, Relativistic::Average] {
        // Higher scores of real samples make it worse.
        let worse = loss.generator_beside(&fake, &(&real + 1.0)).item();
        assert!(worse > loss.generator_beside(&fake, &real).item() + 0.1);
        // A number added to all scores changes nothing.
        let lifted = loss.generator_beside(&(&fake + 5.0), &(&real + 5.0)).item();
        assert!((lifted - loss.generator_beside(&fake, &real).item()).abs() < 1e-5);
        let [at_zero] =
            grad(&loss.generator_beside(&fake, &Tensor::full([N, 1], 0.0)), [&fake], false);
        let [alone] = grad(&loss.generator(&fake), [&fake], false);
        assert_eq!(alone.numbers(), at_zero.numbers());
    }
}

/// In a game, G's loss is that of its formula on the scores of both kinds.
#[test]
fn a_game_shows_real_samples_to_a_relative_loss() {
    let mut rng = Rng::new(0, "weights");
    let linear = |o, rng: &mut Rng| Linear::new(2, o, Init::XavierUniform, rng);
    let (generator, discriminator) = (linear(2, &mut rng), linear(1, &mut rng));
    let latent = Latent::Normal { size: 2 };
    let players =
        (Player::new(generator, Adam::new(1e-9)), Player::new(discriminator, Adam::new(1e-9)));
    let mut game = Game::new(players.0, players.1, Relativistic::Average, latent);
    let real = Tensor::constant(Array::full([4, 2], 3.0));
    let fake = game.generate(&Tensor::constant(latent.sample(4, &mut Rng::new(0, "noise"))));
    let [r, f] = [&real, &fake].map(|x| game.discriminator().forward(x));
    let expected = Relativistic::Average.generator_beside(&f, &r).item();
    let report = game.step(&real, &mut Rng::new(0, "noise"));
    assert!((report.loss_g - expected).abs() < 1e-5, "{} {expected}", report.loss_g);
}

#[test]
#[should_panic(expected = "hinge: scores [7, 2] are not [.., 1]")]
fn a_hinge_wants_one_score_a_sample() {
    let _ = Hinge.generator(&Tensor::full([7, 2], 0.0));
}

#[test]
#[should_panic(expected = "relativistic: scores [3, 1] and [4, 1] do not make pairs")]
fn pairs_want_as_many_of_either_kind() {
    let (real, fake) = (Tensor::full([3, 1], 0.0), Tensor::full([4, 1], 0.0));
    let _ = Relativistic::Standard.discriminator(&real, &fake);
}

/// The least that a constant score costs, by trying many.
#[test]
fn a_blind_discriminator_pays_at_least_what_is_said() {
    let table: [(&str, Box<dyn AdversarialLoss>); 8] = [
        ("bce", Box::new(Bce::default())),
        ("smoothed", Box::new(Bce { weight: 0.5, real_label: 0.8, ..Bce::default() })),
        ("probabilities", Box::new(Bce { probabilities: true, ..Bce::default() })),
        ("minimax", Box::new(Minimax { saturating: true })),
        ("least squares", Box::new(LeastSquares::PEARSON)),
        ("hinge", Box::new(Hinge)),
        ("standard", Box::new(Relativistic::Standard)),
        ("average", Box::new(Relativistic::Average)),
    ];
    for (name, loss) in table {
        let cost = |c: f64| {
            let scores = Tensor::full([3, 1], c as Real);
            f64::from(loss.discriminator(&scores, &scores).item())
        };
        let tried = (1..400).map(|i| f64::from(i) / 400.0);
        let least = match name {
            "probabilities" => tried.map(cost).fold(f64::INFINITY, f64::min),
            _ => tried.map(|c| cost(4.0 * c - 2.0)).fold(f64::INFINITY, f64::min),
        };
        let said = f64::from(loss.blind().unwrap());
        assert!((said - least).abs() < 1e-4, "{name}: {said} {least}");
    }
    let scores = Tensor::full([3, 2], 0.7);
    let least = SoftmaxCrossEntropy.discriminator(&scores, &scores).item();
    assert!((SoftmaxCrossEntropy.blind().unwrap() - least).abs() < 1e-6);
    assert_eq!(Wasserstein.blind(), None);
}
