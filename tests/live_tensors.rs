//! Does training leave a tensor behind?
//!
//! The only test of its file, so that no other makes tensors in its process.

#![cfg(debug_assertions)]

use autograd::{Rng, Tensor, grad, live_tensors};
use gan::{Adam, Bce, Fakes, Game, Latent, Player, RmsProp, Settings};
use layers::{Activation, BatchNorm, Dropout, Init, LayerNorm, Linear, Sequential};

fn game() -> Game {
    let mut rng = Rng::new(0, "weights");
    let mut linear = |inputs, outputs| Linear::new(inputs, outputs, Init::XavierUniform, &mut rng);
    let generator = Sequential::new()
        .add(linear(2, 8))
        .add(BatchNorm::pytorch(8))
        .add(Activation::Tanh)
        .add(linear(8, 2));
    let discriminator = Sequential::new()
        .add(linear(2, 8))
        .add(LayerNorm::new(8))
        .add(Activation::Softplus)
        .add(Dropout::new(0.2))
        .add(linear(8, 1));
    let generator = Player::new(generator, Adam::new(0.001));
    let discriminator = Player::new(discriminator, RmsProp::new(0.001));
    Game::new(generator, discriminator, Bce::default(), Latent::Normal { size: 2 })
        .settings(Settings { fakes: Fakes::Fresh, ..Settings::default() })
        // A second derivative, whose graph holds the graph of the first.
        .discriminator_term(|table, _| {
            let x = Tensor::variable(table.real.value().clone());
            let [slope] = grad(&table.discriminator.forward(&x).sum(), [&x], true);
            slope.square().mean()
        })
}

#[test]
fn the_count_is_flat_over_ten_thousand_turns_and_returns_to_zero() {
    assert_eq!(live_tensors(), 0);
    let mut rng = Rng::new(0, "noise");
    let mut game = game();
    let weights = live_tensors();
    assert_eq!(weights, 2 * 2 + 2 + 2 * 2 + 2, "a tensor for each parameter");
    let real = Tensor::constant(rng.normal([4, 2]));
    for turn in 0..10_000 {
        let report = game.step(&real, &mut rng);
        assert!(report.loss_d.is_finite() && report.loss_g.is_finite());
        assert_eq!(live_tensors(), weights + 1, "after turn {turn}");
    }
    // A graph lives as long as its result.
    let scores = game.generator_loss(&real);
    assert!(live_tensors() > weights + 2);
    drop((scores, real));
    assert_eq!(live_tensors(), weights);
    drop(game);
    assert_eq!(live_tensors(), 0);
}
