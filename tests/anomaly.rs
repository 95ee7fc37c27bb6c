//! Does a report of a NaN or an infinity name the op, the parameter and the line?

use std::panic;

use autograd::{Array, Op, Padding, Real, Rng, Tensor, anomaly, anomaly::Anomaly, grad, vjp};
use gan::{Adam, Bce, Game, Latent, Optimiser, Player, Sgd};
use layers::{
    Activation, BatchNorm, Conv2d, GroupNorm, Init, InstanceNorm, LayerNorm, Linear, Maxout,
    MinibatchDiscrimination, Module, Residual, Sequential, SpectralNorm, Upsample, UpsampleConv2d,
    WeightNorm, gradients,
};

/// The report's lines, with this file's name shortened to `here`.
fn lines(report: &Anomaly) -> Vec<String> {
    report.to_string().lines().map(|line| line.replace(file!(), "here")).collect()
}

fn variable(numbers: &[Real]) -> Tensor {
    Tensor::variable(Array::new([numbers.len()], numbers))
}

/// A line, and the column of a method call or an operator in it.
fn place(line: u32, column: usize) -> String {
    format!("here:{line}:{column}")
}

#[test]
fn the_op_that_made_it_is_named() {
    let x = variable(&[1.0, 0.0, 2.0]);
    let report = anomaly::guard(|| (&x * 2.0).ln().sum()).unwrap_err();
    let expected = [
        "ln made -infinity at [1] of its result [3]".to_owned(),
        format!("  ln was applied at {}", place(line!() - 3, 47)),
        "  to [3]".to_owned(),
    ];
    assert_eq!(lines(&report), expected);
    assert_eq!((report.op, report.place.line()), ("ln", line!() - 7));
}

#[test]
fn a_number_that_came_in_is_told_from_one_that_was_made() {
    let x = Tensor::new([2, 2], &[1.0, 2.0, 3.0, Real::NAN]);
    let report = anomaly::guard(|| variable(&[1.0, 2.0]) - &x).unwrap_err();
    let expected = [
        "sub got NaN at [1, 1] of its input 1, [2, 2]".to_owned(),
        format!("  sub was applied at {}", place(line!() - 3, 36)),
        "  to [2], [2, 2]".to_owned(),
    ];
    assert_eq!(lines(&report), expected);
}

#[test]
fn a_parameter_is_named_by_its_path() {
    let mut model = two_layers();
    model.each_param_mut(&mut |param| {
        if param.name() == "2.weight" {
            param.update(|w| w[3] = Real::INFINITY);
        }
    });
    let x = Tensor::full([5, 2], 1.0);
    let report = anomaly::guard(|| model.forward(&x)).unwrap_err();
    let expected = [
        "linear got infinity at [3, 0] of its input 1, `2.weight` [8, 1]".to_owned(),
        format!("  linear was applied at {}", place(line!() - 3, 42)),
        "  to [5, 8], `2.weight` [8, 1], `2.bias` [1]".to_owned(),
    ];
    assert_eq!(lines(&report), expected);
}

#[test]
fn a_derivative_is_named_with_the_line_of_its_op() {
    let x = variable(&[4.0, 0.0]);
    anomaly::guard(|| x.sqrt().sum()).expect("√0 is 0; only its slope is infinite");
    let y = x.sqrt().sum();
    let report = anomaly::guard(|| grad(&y, [&x], false)).unwrap_err();
    let expected = [
        "the derivative of sqrt: div made infinity at [1] of its result [2]".to_owned(),
        format!("  sqrt was applied at {}", place(line!() - 4, 15)),
        "  to [2]".to_owned(),
    ];
    assert_eq!(lines(&report), expected);
}

#[test]
fn a_second_derivative_is_named_with_the_line_of_the_first_op() {
    let x = variable(&[0.0]);
    // dy/dx = 1.5 √x, whose slope at 0 is infinite.
    let report = anomaly::guard(|| {
        let [dx] = grad(&x.pow(1.5), [&x], true);
        grad(&dx, [&x], false)
    });
    let report = report.unwrap_err();
    assert_eq!((report.op, report.place.line()), ("pow", line!() - 4));
    let first = &lines(&report)[0];
    assert_eq!(first, "the derivative of pow: pow made infinity at [0] of its result [1]");
}

#[test]
fn a_method_of_several_steps_is_reported_where_it_was_called() {
    let nan = |shape: &[usize]| Tensor::full(shape, Real::NAN);
    let one = |shape: &[usize]| Tensor::full(shape, 1.0);
    let reports = [
        anomaly::guard(|| one(&[3, 1, 2, 4]).matmul(&nan(&[5, 4, 3]))),
        anomaly::guard(|| nan(&[3, 1, 2, 4]).matmul(&one(&[5, 4, 3]))),
        anomaly::guard(|| nan(&[3, 2, 4]).matmul(&one(&[4, 3]))),
        anomaly::guard(|| nan(&[2, 4, 3]).linear(&one(&[3, 2]), &one(&[2]))),
        anomaly::guard(|| Tensor::stack(&[&one(&[2]), &nan(&[2]), &one(&[2])], 0)),
        anomaly::guard(|| nan(&[3, 2]).softmax(0)),
        anomaly::guard(|| nan(&[3, 2]).log_softmax(0)),
        anomaly::guard(|| nan(&[3, 2]).logsumexp_over(0)),
        anomaly::guard(|| nan(&[3, 2]).variance_over(0, 1)),
        anomaly::guard(|| nan(&[3, 2]).max_over(0)),
        anomaly::guard(|| {
            let bias = Some(&nan(&[4]));
            one(&[1, 3, 3, 2]).upsample_conv2d(&one(&[3, 3, 2, 4]), bias, Padding::Same)
        }),
    ];
    for (i, report) in reports.into_iter().enumerate() {
        let report = report.expect_err("a NaN went in");
        assert_eq!(report.place.file(), file!(), "method {i}: {report}");
    }
}

fn nan_like(x: &Tensor) -> Tensor {
    Tensor::full(*x.shape(), Real::NAN)
}

#[test]
fn a_layer_of_several_steps_is_reported_where_it_was_called() {
    let rng = &mut Rng::new(0, "weights");
    let init = Init::Normal { std: 1.0 };
    let conv = |rng: &mut Rng| Conv2d::new(4, 4, [2, 2], init, rng).with_bias(init, rng);
    let layers: Vec<Box<dyn Module>> = vec![
        Box::new(SpectralNorm::new(Linear::new(4, 3, init, rng), rng)),
        Box::new(SpectralNorm::new(conv(rng), rng)),
        Box::new(WeightNorm::new(Linear::new(4, 3, init, rng))),
        Box::new(WeightNorm::new(conv(rng)).keep_gain()),
        Box::new(UpsampleConv2d::new(Upsample::nearest(2), conv(rng).padding(Padding::Same))),
        Box::new(Residual::new(WeightNorm::new(Linear::new(4, 4, init, rng)))),
        Box::new(BatchNorm::pytorch(4)),
        Box::new(LayerNorm::new(4)),
        Box::new(GroupNorm::new(2, 4)),
        Box::new(InstanceNorm::affine(4)),
    ];
    let flat: Vec<Box<dyn Module>> = vec![
        Box::new(Maxout::new(4, 3, 2, init, rng)),
        Box::new(MinibatchDiscrimination::new(4, 3, 2, init, rng)),
    ];
    let [images, rows] = [&[2, 4, 4, 4][..], &[3, 4]].map(|shape| Tensor::full(shape, 1.0));
    let inputs = layers.into_iter().map(|layer| (layer, &images));
    for (mut layer, x) in inputs.chain(flat.into_iter().map(|layer| (layer, &rows))) {
        let count = layer.params().len();
        // A NaN in each parameter, and last of all in the input.
        for spoilt in 0..=count {
            let before = layers::to_safetensors(&*layer);
            let mut i = 0;
            layer.each_param_mut(&mut |param| {
                if i == spoilt {
                    param.update(|w| w.fill(Real::NAN));
                }
                i += 1;
            });
            let x = if spoilt == count { &nan_like(x) } else { x };
            let reports = [
                anomaly::guard(|| layer.forward(x)),
                anomaly::guard(|| layer.forward_train(x, rng)),
                anomaly::guard(|| layer.forward_first(x, rng)),
            ];
            for report in reports {
                let report = report.expect_err("a NaN went in");
                assert_eq!(report.place.file(), file!(), "{}: {report}", layer.describe());
            }
            layers::from_safetensors(&mut *layer, &before).expect("it was finite");
        }
    }
}

/// y = x, with a derivative that is computed behind the engine's back.
struct Opaque;

impl Op<1> for Opaque {
    const NAME: &'static str = "opaque";

    fn forward(&self, [x]: [&Array; 1]) -> Array {
        x.clone()
    }

    fn vjp(&self, _: usize, [x]: [&Tensor; 1], _: &Tensor, _: &Tensor) -> Tensor {
        Tensor::full(*x.shape(), Real::NEG_INFINITY)
    }
}

#[test]
fn a_fused_derivative_is_looked_at_as_a_whole() {
    let model = Sequential::new().add(Linear::new(2, 3, Init::Zeros, &mut Rng::new(0, "w")));
    let report = anomaly::guard(|| {
        let weight = model.params()[0].tensor().clone();
        gradients(Opaque.apply([&weight]).sum(), &model)
    });
    let expected = [
        "the derivative of opaque made -infinity at [0, 0] of the gradient in its input 0, \
         `0.weight` [2, 3]"
            .to_owned(),
        format!("  opaque was applied at {}", place(line!() - 6, 26)),
        "  to `0.weight` [2, 3]".to_owned(),
    ];
    assert_eq!(lines(&report.unwrap_err()), expected);
}

#[test]
fn a_gradient_that_came_in_is_told_from_one_that_was_made() {
    let x = variable(&[1.0, 2.0]);
    let y = x.tanh();
    let dy = Tensor::new([2], &[1.0, Real::NAN]);
    let report = anomaly::guard(|| vjp(&y, &dy, &[&x], false)).unwrap_err();
    let first = &lines(&report)[0];
    assert_eq!(first, "the derivative of tanh got NaN at [1] of the gradient in its result [2]");
    assert_eq!(report.place.line(), line!() - 5);
}

#[test]
fn gradients_that_overflow_when_they_are_added_up_are_named() {
    let x = variable(&[1.0]);
    let large = Tensor::scalar(0.75 * Real::MAX);
    let y = (&x * &large).sum() + (&x * &large).sum() * 1.0 - Real::MAX;
    let report = anomaly::guard(|| grad(&y, [&x], false)).unwrap_err();
    let first = &lines(&report)[0];
    assert_eq!(first, "the sum of the gradients in [1] made infinity at [0]");
}

#[test]
fn a_step_that_is_too_large_is_named() {
    let mut model = two_layers();
    let x = Tensor::full([5, 2], 1.0);
    let report = anomaly::guard(|| {
        let gradients = gradients(model.forward(&x).sum() * (0.1 * Real::MAX), &model);
        let _ = Sgd::new(1e9).step(&mut model, &gradients);
        model.forward(&x)
    });
    let report = report.unwrap_err();
    assert_eq!(report.op, "update");
    let lines = lines(&report);
    assert!(lines[0].starts_with("the update of `0.weight` [2, 8] made "), "{lines:?}");
    assert!(lines[1].starts_with("  it was updated at crates/gan/src/optimisers/"), "{lines:?}");
}

#[test]
fn a_turn_of_the_game_names_the_parameter_that_spoils_it() {
    let mut rng = Rng::new(0, "weights");
    let generator = Sequential::new()
        .add(Linear::new(2, 4, Init::XavierUniform, &mut rng))
        .add(BatchNorm::pytorch(4))
        .add(Linear::new(4, 2, Init::XavierUniform, &mut rng));
    let players =
        [Player::new(generator, Adam::new(0.01)), Player::new(two_layers(), Adam::new(0.01))];
    let [generator, discriminator] = players;
    let mut game = Game::new(generator, discriminator, Bce::default(), Latent::Normal { size: 2 });
    let real = Tensor::full([6, 2], 0.5);
    let mut turn = |game: &mut Game| anomaly::guard(|| game.step(&real, &mut rng));
    let finite = turn(&mut game).expect("all numbers are finite");
    assert!(finite.loss_d.is_finite());
    game.players_mut()[0].model_mut().each_param_mut(&mut |param| {
        if param.name() == "1.scale" {
            param.update(|w| w[2] = Real::NAN);
        }
    });
    let report = turn(&mut game).unwrap_err().to_string();
    assert!(
        report.contains("got NaN at [2] of its input") && report.contains("`1.scale` [4]"),
        "{report}"
    );
}

#[test]
fn only_what_is_guarded_is_looked_at() {
    let bad = || Tensor::scalar(0.0).ln();
    // The first one counts, an inner guard keeps its own, and what follows is not looked at.
    let outer = anomaly::guard(|| {
        assert_eq!(anomaly::guard(bad).unwrap_err().op, "ln");
        let _ = Tensor::scalar(-1.0).sqrt();
        assert!(anomaly::guard(|| 1).is_ok());
        bad()
    });
    assert_eq!(outer.unwrap_err().op, "sqrt");
    assert!(panic::catch_unwind(|| anomaly::guard(|| panic!("stop"))).is_err());
    assert_eq!(bad().item(), Real::NEG_INFINITY);
    assert_eq!(anomaly::guard(|| no_numbers().sum().item()), Ok(0.0));
}

fn no_numbers() -> Tensor {
    Tensor::new([0, 3], &[])
}

fn two_layers() -> Sequential {
    let mut rng = Rng::new(0, "weights");
    Sequential::new()
        .add(Linear::new(2, 8, Init::XavierUniform, &mut rng))
        .add(Activation::Tanh)
        .add(Linear::new(8, 1, Init::XavierUniform, &mut rng))
}
