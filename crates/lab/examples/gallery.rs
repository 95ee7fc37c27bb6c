//! Draws one of each figure from invented data into `out/gallery` and says how long that took:
//! `cargo run --release -p adversaria-lab --example gallery [FOLDER]`

use std::time::Instant;

use adversaria_lab::figures::{Curve, Curves, Opinion, Panel, Reference, Scatter, Window};
use adversaria_lab::figures::{save_svg, to_bitmap};
use adversaria_lab::{Error, RunFolder, save_gif};

/// Numbers that look random: the sum of twelve uniform ones is nearly normal.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// n samples of z A + b, z ~ N(0, I).
fn cloud(noise: &mut Noise, n: usize, a: [[f64; 2]; 2], b: [f64; 2]) -> Vec<[f64; 2]> {
    let point = |_| {
        let z = [noise.normal(), noise.normal()];
        [0, 1].map(|j| z[0] * a[0][j] + z[1] * a[1][j] + b[j])
    };
    (0..n).map(point).collect()
}

fn main() -> Result<(), Error> {
    let run = RunFolder::create(std::env::args().nth(1).unwrap_or("out/gallery".into()))?;
    let noise = &mut Noise(7);
    let real = cloud(noise, 1000, [[1.0, 2.0], [-0.1, 0.5]], [1.0, 2.0]);
    let window = Window::around(&real);
    let start = Instant::now();

    save_svg(&Scatter { title: "The data", window, real: &real, fake: &[] }, run.file("real.svg"))?;
    let mut frames = Vec::new();
    let mut fake = Vec::new();
    for epoch in 0..=10 {
        // The generator moves from the origin to the data, and stays a little too thin.
        let t = 1.0 - (-0.5 * f64::from(epoch)).exp();
        let (a, b) = ([[0.9 * t, 1.9 * t], [0.02, 0.1 + 0.1 * t]], [t, 2.2 * t]);
        fake = cloud(noise, 100, a, b);
        let title = format!("Gaussian GAN, epoch {epoch}");
        let scatter = Scatter { title: &title, window, real: &real, fake: &fake };
        save_svg(&scatter, run.file(format!("epoch-{epoch:02}.svg")))?;
        frames.push(to_bitmap(&scatter));
    }
    let drawn = start.elapsed();
    save_gif(&frames, 50, 250, run.file("training.gif"))?;
    let animated = start.elapsed();

    let loss = |noise: &mut Noise, x: f64, start: f64, wiggle: f64| {
        0.693 + (start - 0.693) * (-4.0 * x).exp() + wiggle * noise.normal()
    };
    let steps = |noise: &mut Noise, start: f64, wiggle: f64| -> Vec<[f64; 2]> {
        (0..2500)
            .map(|i| [f64::from(i) / 250.0, loss(noise, f64::from(i) / 2500.0, start, wiggle)])
            .collect()
    };
    let (loss_d, loss_g) = (steps(noise, 0.3, 0.08), steps(noise, 1.6, 0.12));
    let accuracy = [0.7645, 0.639, 0.551, 0.522, 0.498, 0.4965, 0.4985, 0.5155, 0.5, 0.499];
    let accuracy: Vec<_> = (1..=10).map(|i| [f64::from(i), accuracy[i as usize - 1]]).collect();
    let losses = Curves {
        title: "Gaussian GAN, losses and accuracy",
        x_name: "epoch",
        panels: &[
            Panel {
                y_name: "loss (nats)",
                y_range: None,
                curves: &[
                    Curve { name: "discriminator", points: &loss_d },
                    Curve { name: "generator", points: &loss_g },
                ],
                references: &[Reference { name: "ln 2", y: std::f64::consts::LN_2 }],
            },
            Panel {
                y_name: "accuracy",
                y_range: Some(0.0..1.0),
                curves: &[Curve {
                    name: "discriminator, on real and generated",
                    points: &accuracy,
                }],
                references: &[Reference { name: "chance", y: 0.5 }],
            },
        ],
    };
    save_svg(&losses, run.file("losses.svg"))?;

    let score =
        |[x, y]: [f64; 2]| 2.5 * ((x - 0.5 * y + 0.6).tanh() - (0.4 * (y - 5.0)).tanh()) - 1.0;
    let belief: Vec<_> =
        window.grid(51).into_iter().map(|p| 1.0 / (1.0 + (-score(p)).exp())).collect();
    let push: Vec<_> = fake
        .iter()
        .map(|&[x, y]| {
            let (h, p) = (1e-4, 1.0 / (1.0 + score([x, y]).exp()));
            let slope =
                [score([x + h, y]) - score([x - h, y]), score([x, y + h]) - score([x, y - h])];
            slope.map(|s| p * s / (2.0 * h))
        })
        .collect();
    let title = "What the discriminator believes, epoch 10";
    let opinion = Opinion { title, window, belief: &belief, real: &real, fake: &fake, push: &push };
    save_svg(&opinion, run.file("discriminator.svg"))?;

    println!(
        "12 scatters and 11 bitmaps {drawn:.0?}, GIF {:.0?}, all {:.0?}",
        animated - drawn,
        start.elapsed()
    );
    Ok(())
}
