//! Which wrong uses of losses, optimisers and games are there?

use autograd::{Array, Real};
use gan::latent::{Path, analogy, mean};
use gan::losses::semi_supervised::{feature_matching, score_of_classes};
use gan::losses::{bce, softmax_cross_entropy};
use gan::matching::features;
use gan::mmd::{biased, gaussian_kernels, unbiased};
use gan::penalties::unit_length;
use gan::{
    Adam, AdversarialLoss, Average, Bce, Clip, Doctor, Fakes, Game, Hinge, Latent, Player, Pool,
    Relativistic, Settings, SoftmaxCrossEntropy, Steps,
};
use layers::{Init, Linear, Sequential};

use crate::{Mistake, rng, zeros};

fn linear(inputs: usize, outputs: usize) -> Linear {
    Linear::new(inputs, outputs, Init::Zeros, &mut rng())
}

fn player(inputs: usize, outputs: usize) -> Player {
    Player::new(linear(inputs, outputs), Adam::new(0.1))
}

fn game() -> Game {
    Game::new(player(3, 2), player(2, 1), Bce::default(), Latent::Normal { size: 3 })
}

pub(crate) const MISTAKES: &[Mistake] = &[
    (
        || _ = SoftmaxCrossEntropy.generator(&zeros([2, 3])),
        "softmax cross-entropy: scores [2, 3] are not [n, 2]",
    ),
    (|| _ = Hinge.generator(&zeros([7, 2])), "hinge: scores [7, 2] are not [.., 1]"),
    (
        || _ = Relativistic::Standard.discriminator(&zeros([3, 1]), &zeros([4, 1])),
        "relativistic: scores [3, 1] and [4, 1] do not make pairs",
    ),
    (
        || _ = softmax_cross_entropy(&zeros([3]), &[0]),
        "softmax_cross_entropy: logits [3] are not [n, classes]",
    ),
    (
        || _ = softmax_cross_entropy(&zeros([3, 2]), &[0, 1]),
        "softmax_cross_entropy: 3 rows of logits but 2 labels",
    ),
    (|| _ = bce(&zeros([2, 1]), 1.5), "bce: the target 1.5 is not in [0, 1]"),
    (
        || _ = feature_matching(&zeros([2, 3]), &zeros([2, 4])),
        "feature_matching: features [2, 3] and [2, 4] are not [n, k] and [m, k]",
    ),
    (|| _ = score_of_classes(&zeros([3])), "score_of_classes: logits [3] are not [n, classes]"),
    (|| _ = features(&linear(2, 1), &zeros([1, 2])), "features: `Linear 2 -> 1` has no layers"),
    (
        || _ = features(&Sequential::new().add(linear(2, 1)), &zeros([1, 2])),
        "features: `Sequential` has one layer only",
    ),
    (
        || _ = gaussian_kernels(&zeros([4, 3]), &zeros([5, 2]), &[1.0]),
        "mmd: samples [4, 3] and [5, 2] are not [n, size] and [m, size]",
    ),
    (
        || _ = biased(&zeros([]), &zeros([5, 2]), &[1.0]),
        "mmd: samples [] and [5, 2] are not [n, size] and [m, size]",
    ),
    (
        || _ = unbiased(&zeros([4, 3]), &zeros([5, 3]), &[1.0, 0.0]),
        "mmd: [1.0, 0.0] are not widths above 0",
    ),
    (
        || _ = biased(&zeros([4, 3]), &zeros([0, 3]), &[1.0]),
        "mmd: an empty set has no distribution",
    ),
    (
        || _ = unbiased(&zeros([4, 3]), &zeros([1, 3]), &[1.0]),
        "mmd: the unbiased estimate wants two samples of each set, not 1",
    ),
    (|| _ = unit_length(&zeros([])), "penalty: [] has no rows"),
    (|| _ = Adam::new(-0.1), "adam: the learning rate -0.1 is not a positive number"),
    (|| _ = Adam::new(0.1).betas(1.0, 0.9), "adam: β₁ = 1 is not in [0, 1)"),
    (|| _ = Adam::new(0.1).epsilon(-1.0), "adam: ε = -1 is negative or not finite"),
    (|| _ = player(2, 1).clip(Clip::Value(0.0)), "clip: the bound 0 is not a positive number"),
    (
        || _ = player(2, 1).keep_weights_within(Real::NAN),
        "player: the bound NaN is not a positive number",
    ),
    (
        || _ = player(2, 1).hold_to_the_past(-1.0),
        "historical averaging: λ = -1 is not a positive number",
    ),
    (|| _ = Steps::exactly(0), "steps: a player takes at least one step a turn"),
    (|| _ = Steps::CRITIC.long_turns(0, 1, 1), "steps: a player takes at least one step a turn"),
    (
        || {
            let evaluated = Settings { evaluate_fakes: true, ..Settings::default() };
            let _ = game().settings(Settings { fakes: Fakes::Reused, ..evaluated });
        },
        "game: fakes made in evaluation cannot be reused in the generator's step",
    ),
    (
        || {
            let evaluated = Settings { evaluate_fakes: true, ..Settings::default() };
            let detached = Settings { fakes: Fakes::Fresh, ..evaluated };
            let _ = game().settings(Settings { attached: true, ..detached });
        },
        "game: fakes made in evaluation have no graph to stay attached to",
    ),
    (
        || _ = game().step(&zeros([]), &mut rng()),
        "game: a batch has rows, a single number has none",
    ),
    (
        || _ = Doctor::new(&game(), &zeros([4, 2]), 0, 0),
        "doctor: examinations are at least a turn apart",
    ),
    (
        || _ = Doctor::new(&game(), &zeros([1, 2]), 3, 0),
        "doctor: [1, 2] is not a sample of at least 2",
    ),
    (
        || _ = Average::new(linear(2, 1), &linear(2, 1), 1.0),
        "average: the decay 1 is not in [0, 1)",
    ),
    (|| _ = Pool::new(0, [2]), "pool: without room it shows nothing old"),
    (
        || _ = Pool::new(3, [2]).exchange(&Array::zeros([4, 3]), &mut rng()),
        "pool: [4, 3] are not [n, ..] of [2]",
    ),
    (|| _ = Path::Straight.point(&[0.0], &[0.0, 1.0], 0.5), "path: from 1 coordinates to 2"),
    (|| _ = Path::Straight.points(&[0.0], &[1.0], 1), "path: a way has two ends, 1 points do not"),
    (|| _ = Path::Spherical.walk(&Array::zeros([3]), 2), "path: [3] is not [n, size]"),
    (
        || _ = Path::Spherical.walk(&Array::zeros([3, 2]), 0),
        "path: a walk has stops and steps, not 3 and 0",
    ),
    (|| _ = mean(&Array::zeros([3]), &[0]), "mean: [3] is not [n, size]"),
    (|| _ = mean(&Array::zeros([3, 2]), &[]), "mean: no rows are chosen"),
    (|| _ = mean(&Array::zeros([3, 2]), &[2, 3]), "mean: there is no row 3 among 3"),
    (|| _ = analogy(&[0.0], &[0.0, 1.0], &[0.0]), "analogy: [1, 2, 1] coordinates"),
];
