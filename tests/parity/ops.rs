//! Does each op agree, forward, backward and backward again?

use crate::fixture::{
    TOLERANCE, agree, all_agree, gradients, list, load, sources, tensor, variables,
};
use autograd::{Array, Groups, Padding, Real, Sliding, Tensor, vjp};
use gan::losses;
use gan::{AdversarialLoss, SoftmaxCrossEntropy};
use serde_json::Value;
use std::collections::BTreeSet;

/// A case of `ops.json`, and ours of the same name.
type Case = (&'static str, fn(&[Tensor]) -> Tensor);

const ARITHMETIC: &[Case] = &[
    ("add", |x| &x[0] + &x[1]),
    ("sub", |x| &x[0] - &x[1]),
    ("mul", |x| &x[0] * &x[1]),
    ("div", |x| &x[0] / &x[1]),
    ("neg", |x| -&x[0]),
    ("recip", |x| x[0].recip()),
    ("square", |x| x[0].square()),
    ("pow 2.5", |x| x[0].pow(2.5)),
    ("pow 3 of negative numbers", |x| x[0].pow(3.0)),
    ("pow -1", |x| x[0].pow(-1.0)),
    ("pow 2 at 0", |x| x[0].pow(2.0)),
    ("pow 1 at 0", |x| x[0].pow(1.0)),
    ("pow_tensor", |x| x[0].pow_tensor(&x[1])),
    ("pow_tensor of powers", |x| x[0].pow_tensor(&x[1])),
];

const ELEMENTARY: &[Case] = &[
    ("sqrt", |x| x[0].sqrt()),
    ("exp", |x| x[0].exp()),
    ("ln", |x| x[0].ln()),
    ("tanh", |x| x[0].tanh()),
    ("sigmoid", |x| x[0].sigmoid()),
    ("softplus", |x| x[0].softplus()),
];

const PIECEWISE: &[Case] = &[
    ("abs", |x| x[0].abs()),
    ("relu", |x| x[0].relu()),
    ("leaky_relu 0.2", |x| x[0].leaky_relu(0.2)),
    ("elu 1.5", |x| x[0].elu(1.5)),
    ("elu 1.5 at 0", |x| x[0].elu(1.5)),
    ("elu 1 near 0", |x| x[0].elu(1.0)),
    ("clamp -0.6 0.6", |x| x[0].clamp(-0.6, 0.6)),
    ("maximum", |x| x[0].maximum(&x[1])),
    ("minimum", |x| x[0].minimum(&x[1])),
    ("select", |x| mask().select(&x[0], &x[1])),
    ("select squares", |x| mask().select(&(&x[0] * &x[0]), &(&x[1] * &x[0]))),
    ("greater", |x| x[0].greater(&x[1])),
    ("less", |x| x[0].less(&x[1])),
    ("equal", |x| x[0].equal(&x[1])),
];

fn mask() -> Tensor {
    Tensor::new([2, 4], &[1.0, 0.0, -2.0, 0.0, 0.0, 0.5, 0.0, 1.0])
}

const REDUCE: &[Case] = &[
    ("sum", |x| x[0].sum()),
    ("sum_over [0, -1]", |x| x[0].sum_over([0, -1])),
    ("sum_keepdim 1", |x| x[0].sum_keepdim(1)),
    ("sum_to [3, 1]", |x| x[0].sum_to([3, 1])),
    ("broadcast_to [2, 4, 3]", |x| x[0].broadcast_to([2, 4, 3])),
    ("mean", |x| x[0].mean()),
    ("mean_over [1, 2]", |x| x[0].mean_over([1, 2])),
    ("mean_keepdim -2", |x| x[0].mean_keepdim(-2)),
    ("max", |x| x[0].max()),
    ("max_over [0, 2]", |x| x[0].max_over([0, 2])),
    ("max_keepdim 1", |x| x[0].max_keepdim(1)),
    ("max with ties", |x| x[0].max()),
    ("max_over 1 with ties", |x| x[0].max_over(1)),
    ("variance 1", |x| x[0].variance(1)),
    ("variance_over [0, 2] 0", |x| x[0].variance_over([0, 2], 0)),
    ("variance_keepdim -1 1", |x| x[0].variance_keepdim(-1, 1)),
    ("variance_over 1 2", |x| x[0].variance_over(1, 2)),
];

const SOFTMAX: &[Case] = &[
    ("logsumexp", |x| x[0].logsumexp()),
    ("logsumexp_over [0, 2]", |x| x[0].logsumexp_over([0, 2])),
    ("logsumexp_keepdim 1", |x| x[0].logsumexp_keepdim(1)),
    ("softmax -1", |x| x[0].softmax(-1)),
    ("softmax 0", |x| x[0].softmax(0)),
    ("log_softmax -1", |x| x[0].log_softmax(-1)),
    ("log_softmax 1", |x| x[0].log_softmax(1)),
];

const MATMUL: &[Case] = &[
    ("matmul", |x| x[0].matmul(&x[1])),
    ("matmul AᵀB", |x| x[0].matmul_transposed(true, &x[1], false)),
    ("matmul ABᵀ", |x| x[0].matmul_transposed(false, &x[1], true)),
    ("matmul AᵀBᵀ", |x| x[0].matmul_transposed(true, &x[1], true)),
    ("matmul of batches", |x| x[0].matmul(&x[1])),
    ("matmul of batches AᵀBᵀ", |x| x[0].matmul_transposed(true, &x[1], true)),
    ("matmul of a batch and a matrix", |x| x[0].matmul(&x[1])),
    ("matmul of a batch and a matrix AᵀB", |x| x[0].matmul_transposed(true, &x[1], false)),
    ("matmul of a matrix and a batch", |x| x[0].matmul(&x[1])),
    ("matmul of batches that broadcast", |x| x[0].matmul(&x[1])),
    ("linear", |x| x[0].linear(&x[1], &x[2])),
    ("linear_rectified", |x| x[0].linear_rectified(&x[1], &x[2], 0.2)),
    ("linear of three axes", |x| x[0].linear(&x[1], &x[2])),
];

const SHAPE: &[Case] = &[
    ("reshape [4, 6]", |x| x[0].reshape([4, 6])),
    ("permute [2, 0, 1]", |x| x[0].permute(&[2, 0, 1])),
    ("transpose", |x| x[0].transpose()),
    ("slice 1 1..4", |x| x[0].slice(1, 1..4)),
    ("slice 0 1..", |x| x[0].slice(0, 1..)),
    ("pad -1 2 1", |x| x[0].pad(-1, 2, 1)),
    ("pad 0 0 2", |x| x[0].pad(0, 0, 2)),
    ("concat 1", |x| Tensor::concat(&x.iter().collect::<Vec<_>>(), 1)),
    ("concat of x and x²", |x| Tensor::concat(&[&x[0], &x[0].square()], -1)),
    ("stack 1", |x| Tensor::stack(&x.iter().collect::<Vec<_>>(), 1)),
];

const GATHER: &[Case] = &[
    ("gather_rows", |x| x[0].gather_rows(&[2, 0, 2, 3, 2])),
    ("gather_rows, squared", |x| x[0].gather_rows(&[2, 0, 2, 3, 2]).square()),
    ("one_hot", |_| Tensor::one_hot(&[2, 0, 3], 4)),
];

const LOSS: &[Case] = &[
    ("cross_entropy of classes", |x| losses::softmax_cross_entropy(&x[0], &[2, 0, 3])),
    ("cross_entropy", |x| x[0].cross_entropy(&x[1])),
    ("binary_cross_entropy", |x| x[0].binary_cross_entropy(&x[1])),
    ("binary_cross_entropy of large logits", |x| x[0].binary_cross_entropy(&x[1])),
    ("bce_with_logits 0.9", |x| losses::bce_with_logits(&x[0], 0.9)),
    ("bce 0.9", |x| losses::bce(&x[0], 0.9)),
    ("discriminator", |x| losses::discriminator(&x[0], &x[1])),
    ("saturating", |x| losses::saturating(&x[0])),
    ("non_saturating", |x| losses::non_saturating(&x[0])),
    ("softmax game, D", |x| SoftmaxCrossEntropy.discriminator(&x[0], &x[1])),
    ("softmax game, G", |x| SoftmaxCrossEntropy.generator(&x[0])),
];

const UNIT: Sliding = Sliding::UNIT;
const SAME: Sliding = UNIT.padding(Padding::Same);
const BORDER: Sliding = UNIT.padding(Padding::all(1));

const CONVOLUTION: &[Case] = &[
    ("conv2d", |x| x[0].conv2d(&x[1], Some(&x[2]), UNIT, 1)),
    ("conv2d of one channel, padding 2", |x| {
        x[0].conv2d(&x[1], None, UNIT.padding(Padding::all(2)), 1)
    }),
    ("conv2d, stride 2 1, dilation 1 2, padding 1 0", |x| {
        let padding = Padding::Explicit { top: 1, bottom: 1, left: 0, right: 0 };
        let sliding = Sliding { stride: [2, 1], dilation: [1, 2], padding };
        x[0].conv2d(&x[1], Some(&x[2]), sliding, 1)
    }),
    ("conv2d, groups 2", |x| x[0].conv2d(&x[1], Some(&x[2]), UNIT, 2)),
    ("conv2d, groups 3", |x| x[0].conv2d(&x[1], None, BORDER, 3)),
    ("conv2d, stride 2, same", |x| x[0].conv2d(&x[1], None, SAME.stride(2), 1)),
    ("conv2d, same of an even kernel", |x| x[0].conv2d(&x[1], None, SAME, 1)),
    ("conv_transpose2d", |x| x[0].conv_transpose2d(&x[1], Some(&x[2]), UNIT, [0, 0], 1)),
    ("conv_transpose2d, stride 2, padding 1", |x| {
        x[0].conv_transpose2d(&x[1], Some(&x[2]), BORDER.stride(2), [0, 0], 1)
    }),
    ("conv_transpose2d, output padding 1 0", |x| {
        x[0].conv_transpose2d(&x[1], Some(&x[2]), BORDER.stride(2), [1, 0], 1)
    }),
    ("conv_transpose2d, groups 2, dilation 2", |x| {
        let sliding = Sliding { stride: [1, 2], ..UNIT.dilation(2) };
        x[0].conv_transpose2d(&x[1], Some(&x[2]), sliding, [0, 0], 2)
    }),
    ("upsample_conv2d 5, same", |x| x[0].upsample_conv2d(&x[1], Some(&x[2]), Padding::Same)),
    ("upsample_conv2d 3, same", |x| x[0].upsample_conv2d(&x[1], Some(&x[2]), Padding::Same)),
    ("upsample_conv2d 4, valid", |x| x[0].upsample_conv2d(&x[1], None, Padding::Valid)),
    ("conv2d_rectified", |x| x[0].conv2d_rectified(&x[1], Some(&x[2]), UNIT, 1, 0.2)),
    ("conv_transpose2d_rectified", |x| {
        x[0].conv_transpose2d_rectified(&x[1], Some(&x[2]), BORDER.stride(2), [0, 0], 1, 0.2)
    }),
    ("upsample_conv2d_rectified", |x| {
        x[0].upsample_conv2d_rectified(&x[1], Some(&x[2]), Padding::Same, 0.0)
    }),
];

const NORMALISATION: &[Case] = &[
    ("normalise two groups", |x| normalised(x, [2, 6, 2, 2], 1.0)),
    ("normalise images, rectified", |x| normalised(x, [2, 6, 3, 1], 0.0)),
    ("normalise a batch, leaky", |x| normalised(x, [1, 5, 3, 1], 0.2)),
    ("normalise rows", |x| normalised(x, [3, 1, 1, 4], 1.0)),
    ("standardise, leaky", |x| {
        let [mean, variance] = [[0.3, -0.2], [0.5, 2.0]].map(|of| Array::new([2], &of));
        x[0].standardise([&mean, &variance], [&x[1], &x[2]], 0.1, 0.2)
    }),
];

fn normalised(x: &[Tensor], [samples, pixels, groups, width]: [usize; 4], slope: Real) -> Tensor {
    let groups = Groups { samples, pixels, groups, width };
    x[0].normalise(groups, [&x[1], &x[2]], 0.1, slope).0
}

const IMAGES: &[Case] = &[
    ("max_pool2d 2", |x| x[0].max_pool2d([2, 2], UNIT.stride(2))),
    ("max_pool2d 3, stride 2, padding 1", |x| x[0].max_pool2d([3, 3], BORDER.stride(2))),
    ("max_pool2d 2, stride 1, dilation 2", |x| x[0].max_pool2d([2, 2], UNIT.dilation(2))),
    ("max_pool2d with ties", |x| x[0].max_pool2d([2, 2], UNIT.stride(2))),
    ("avg_pool2d 2", |x| x[0].avg_pool2d([2, 2], UNIT.stride(2), true)),
    ("avg_pool2d 3, stride 2, padding 1", |x| x[0].avg_pool2d([3, 3], BORDER.stride(2), true)),
    ("avg_pool2d 3, stride 2, padding 1 not counted", |x| {
        x[0].avg_pool2d([3, 3], BORDER.stride(2), false)
    }),
    ("resize_nearest [4, 6]", |x| x[0].resize_nearest([4, 6])),
    ("resize_nearest [3, 5]", |x| x[0].resize_nearest([3, 5])),
    ("resize_bilinear [4, 6]", |x| x[0].resize_bilinear([4, 6])),
    ("resize_bilinear [3, 5]", |x| x[0].resize_bilinear([3, 5])),
    ("zero_pad2d", |x| x[0].zero_pad2d([1, 2], [0, 3])),
    ("reflect_pad2d", |x| x[0].reflect_pad2d([1, 2], [0, 3])),
    ("depth_to_space 2", |x| x[0].depth_to_space(2)),
    ("space_to_depth 2", |x| x[0].space_to_depth(2)),
];

const FAMILIES: [&[Case]; 12] = [
    ARITHMETIC,
    ELEMENTARY,
    PIECEWISE,
    REDUCE,
    SOFTMAX,
    MATMUL,
    SHAPE,
    GATHER,
    LOSS,
    CONVOLUTION,
    NORMALISATION,
    IMAGES,
];

/// Our result for one case, and the gradients of it that the fixture asks for, those of first order
/// recorded and not.
fn run(function: fn(&[Tensor]) -> Tensor, case: &Value) -> (Tensor, [Gradients; 2], Gradients) {
    let x = variables(&case["inputs"]);
    let wrt: Vec<&Tensor> = x.iter().collect();
    let y = function(&x);
    if case["weights"].is_null() {
        return (y, [vec![], vec![]], vec![]);
    }
    let [first, unrecorded] = [true, false].map(|recorded| gradients(&y, case, &wrt, recorded));
    if case["directions"].is_null() {
        return (y, [first, unrecorded], vec![]);
    }
    let along = list(&case["directions"]).iter().zip(&first);
    let along = along.filter_map(|(v, dx)| Some((tensor(v) * dx.as_ref()?).sum()));
    let along = along.reduce(|a, b| a + b).expect("an op has inputs");
    let second = vjp(&along, &Tensor::scalar(1.0), &wrt, true);
    (y, [first, unrecorded], second)
}

type Gradients = Vec<Option<Tensor>>;

fn agree_with_pytorch(family: &[Case]) {
    let cases = load("ops");
    for (name, function) in family {
        let case = &cases[*name];
        let (y, first, second) = run(*function, case);
        agree(name, y.value(), &case["output"], TOLERANCE);
        if case["weights"].is_null() {
            assert!(!y.needs_grad(), "{name}: theirs has no gradient");
        } else {
            for (kind, found) in ["recorded", "unrecorded"].into_iter().zip(&first) {
                let what = format!("{name}: {kind} gradient");
                all_agree(&what, found, &case["gradients"], TOLERANCE);
            }
        }
        if !second.is_empty() {
            let what = format!("{name}: second derivative");
            all_agree(&what, &second, &case["second"], TOLERANCE);
        }
    }
}

#[test]
fn arithmetic_is_that_of_pytorch() {
    agree_with_pytorch(ARITHMETIC);
}

#[test]
fn elementary_functions_are_those_of_pytorch() {
    agree_with_pytorch(ELEMENTARY);
}

#[test]
fn functions_with_a_kink_take_the_slopes_of_pytorch() {
    agree_with_pytorch(PIECEWISE);
}

#[test]
fn reductions_are_those_of_pytorch() {
    agree_with_pytorch(REDUCE);
}

#[test]
fn softmax_and_its_kin_are_those_of_pytorch() {
    agree_with_pytorch(SOFTMAX);
}

#[test]
fn products_are_those_of_pytorch() {
    agree_with_pytorch(MATMUL);
}

#[test]
fn moves_of_numbers_are_those_of_pytorch() {
    agree_with_pytorch(SHAPE);
}

#[test]
fn look_ups_are_those_of_pytorch() {
    agree_with_pytorch(GATHER);
}

#[test]
fn losses_are_those_of_pytorch() {
    agree_with_pytorch(LOSS);
}

#[test]
fn convolutions_are_those_of_pytorch() {
    agree_with_pytorch(CONVOLUTION);
}

#[test]
fn normalisations_are_those_of_pytorch() {
    agree_with_pytorch(NORMALISATION);
}

#[test]
fn pools_sizes_and_borders_are_those_of_pytorch() {
    agree_with_pytorch(IMAGES);
}

#[test]
fn every_recorded_case_is_tested() {
    let recorded = load("ops");
    let recorded: BTreeSet<&str> =
        recorded.as_object().expect("cases by name").keys().map(String::as_str).collect();
    let tested: BTreeSet<&str> = FAMILIES.concat().iter().map(|(name, _)| *name).collect();
    assert_eq!(recorded, tested);
}

/// Methods without a record, and why.
const NOT_RECORDED: &[(&str, &str)] = &[];

/// Reads the methods out of the sources, so that nobody can forget one.
#[test]
fn every_op_method_has_a_recorded_case() {
    let mut methods = BTreeSet::new();
    for source in sources("crates/autograd/src/ops") {
        let code =
            source.split("#[cfg(test)]\nmod tests").next().expect("the text before the tests");
        let names = code.lines().filter_map(|line| line.trim().strip_prefix("pub fn "));
        methods
            .extend(names.map(|rest| rest.split(['(', '<']).next().unwrap_or_default().to_owned()));
    }
    assert!(methods.len() > 60, "found only {methods:?}");
    let cases = include_str!("ops.rs");
    let called = |name: &str| ['.', ':'].iter().any(|dot| cases.contains(&format!("{dot}{name}(")));
    let missing: BTreeSet<&str> =
        methods.iter().map(String::as_str).filter(|name| !called(name)).collect();
    let excused: BTreeSet<&str> = NOT_RECORDED.iter().map(|(name, _)| *name).collect();
    assert_eq!(missing, excused, "methods without a case, and those of NOT_RECORDED");
}
