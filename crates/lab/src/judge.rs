//! How good are generated digits?
//!
//! A LeNet that reads 99 % of real digits right looks at them. Its answers tell whether all ten
//! classes are there, its beliefs how clearly the digits are written, and the distance between its
//! features of them and of real digits how much the two sets differ as sets. What such figures mean
//! is seen from the rows of [`Judge::calibration`], judged in the same way.

mod frechet;
mod neighbours;

use std::fmt;

use autograd::{Array, Real, Rng};
use serde::{Deserialize, Serialize};

pub use frechet::FeatureGaussian;
pub use neighbours::{Neighbour, neighbour_grid, neighbours};

use crate::systems::lenet::{CLASSES, IMAGE, LeNet, Reading};
use crate::{Images, Scaling};

/// A trained LeNet; `data/README.md` has the command that made it.
const LENET: &[u8] = include_bytes!("../../../data/lenet.safetensors");

/// A LeNet, and what it makes of real digits.
pub struct Judge {
    net: LeNet,
    real: FeatureGaussian,
}

/// What the judge says of some samples. All figures are NaN if a sample has a NaN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// How many samples there were.
    pub samples: usize,
    /// The share of samples that are read as each digit; they sum to 1.
    pub histogram: [f64; CLASSES],
    /// The mean probability of the class that a sample is read as, in [0.1, 1].
    pub confidence: f64,
    /// exp of the mean of KL(p(y|x) || p(y)), in [1, 10]: 10 if every sample is read without doubt
    /// and all classes are equally frequent.
    ///
    /// Source: Salimans et al. 2016, "Improved Techniques for Training GANs", §4, there with
    /// Inception's classes.
    pub score: f64,
    /// The squared Fréchet distance to real digits, [`FeatureGaussian::squared_frechet`]. It
    /// falls with the number of samples: compare sets of one size.
    pub frechet: f64,
}

impl Judge {
    /// The judge that is part of the program. Its LeNet has learnt MNIST's 60,000 training digits;
    /// its real digits are every second one of the 10,000 test digits, from the first on.
    pub fn embedded() -> Judge {
        let net = LeNet::load(LENET).expect("the network is part of the program");
        Judge::new(net, &halves()[0])
    }

    /// A judge that compares with other real digits, 28 x 28 x 1, at least two.
    ///
    /// # Panics
    /// If the digits are not these.
    #[track_caller]
    pub fn new(net: LeNet, real: &Images) -> Judge {
        let real = FeatureGaussian::fit(&net.read_images(real).features);
        Judge { net, real }
    }

    /// The network.
    pub fn net(&self) -> &LeNet {
        &self.net
    }

    /// Judges samples, `[n, 28, 28, 1]` or `[n, 784]`, n at least 2, in the range of `scaling`.
    ///
    /// # Panics
    /// If the shape is another.
    #[must_use]
    #[track_caller]
    pub fn judge(&self, samples: &Array, scaling: Scaling) -> Judgement {
        let n = samples.shape().first().copied().unwrap_or_default();
        let size: usize = IMAGE.iter().product();
        assert!(
            n >= 2 && samples.shape().count() == n * size,
            "judge: {} is not [at least 2, 28, 28, 1]",
            samples.shape()
        );
        let numbers = samples.map(|x| scaling.to(Scaling::MinusOneToOne, x));
        let [height, width, channels] = IMAGE;
        self.report(&self.net.read(&Array::new([n, height, width, channels], numbers.numbers())))
    }

    fn report(&self, reading: &Reading) -> Judgement {
        let answers = reading.answers();
        let n = answers.len() as f64;
        let mut counts = [0_u32; CLASSES];
        answers.iter().for_each(|(class, _)| counts[*class] += 1);
        Judgement {
            samples: answers.len(),
            histogram: counts.map(|count| f64::from(count) / n),
            confidence: answers.iter().map(|(_, p)| f64::from(*p)).sum::<f64>() / n,
            score: score(reading.beliefs.numbers()),
            frechet: self.real.squared_frechet(&FeatureGaussian::fit(&reading.features)),
        }
    }

    /// What the judge says of `n` images that are known, to compare with: real digits that are not
    /// among those compared with, and the same digits spoilt in four ways.
    ///
    /// # Panics
    /// If n is not in 2 ..= 5000.
    #[must_use]
    #[track_caller]
    pub fn calibration(&self, n: usize) -> Vec<(&'static str, Judgement)> {
        assert!((2..=5000).contains(&n), "calibration: {n} is not in 2 ..= 5000");
        calibration_images(n)
            .into_iter()
            .map(|(name, x)| (name, self.judge(&x, Scaling::MinusOneToOne)))
            .collect()
    }
}

/// The images that [`Judge::calibration`] judges, `[n, 28, 28, 1]` in [-1, 1].
///
/// # Panics
/// If n is above 5000.
#[must_use]
#[track_caller]
pub fn calibration_images(n: usize) -> Vec<(&'static str, Array)> {
    let [_, unseen] = halves();
    let digits = unseen.scaled(0..n, Scaling::MinusOneToOne);
    let ones = unseen.by_class().expect("digits have labels").swap_remove(1);
    let ones: Vec<usize> = ones.into_iter().cycle().take(n).collect();
    let mut rng = Rng::new(0, "calibration");
    let normal = rng.normal(*digits.shape());
    vec![
        ("real digits", digits.clone()),
        ("with noise", digits.zip(&normal, "add", |x, z| (x + 0.5 * z).clamp(-1.0, 1.0))),
        ("blurred", blurred(&digits)),
        ("only ones", unseen.scaled(&ones, Scaling::MinusOneToOne)),
        ("only noise", rng.uniform(*digits.shape(), -1.0, 1.0)),
    ]
}

/// The digits that are part of the program, in two halves: from the first and from the second on
/// every second one. MNIST's test digits are easier in front than at the end.
fn halves() -> [Images; 2] {
    let digits = Images::embedded_mnist();
    [0, 1].map(|first| digits.select((first..digits.len()).step_by(2)))
}

/// exp (1/n) Σᵢ Σ_c pᵢ_c ln(pᵢ_c / q_c),  q the mean of the rows p.
fn score(beliefs: &[Real]) -> f64 {
    let n = (beliefs.len() / CLASSES) as f64;
    let rows = || beliefs.chunks_exact(CLASSES);
    let mut mean = [0.0; CLASSES];
    for row in rows() {
        mean.iter_mut().zip(row).for_each(|(q, p)| *q += f64::from(*p) / n);
    }
    // p ln p is 0 at 0; a NaN goes on.
    let term = |p: f64, q: f64| if p == 0.0 { 0.0 } else { p * (p / q).ln() };
    let divergences =
        rows().flat_map(|row| row.iter().zip(mean).map(|(p, q)| term((*p).into(), q)));
    (divergences.sum::<f64>() / n).exp()
}

/// Each pixel the mean of 5 x 5 around it, black outside.
fn blurred(digits: &Array) -> Array {
    let [height, width, _] = IMAGE;
    let size = height * width;
    Array::filled_by(*digits.shape(), |out| {
        for (y, x) in out.chunks_exact_mut(size).zip(digits.numbers().chunks_exact(size)) {
            for (place, y) in y.iter_mut().enumerate() {
                let (row, column) = (place / width, place % width);
                let rows = row.saturating_sub(2)..(row + 3).min(height);
                let columns = || column.saturating_sub(2)..(column + 3).min(width);
                let ink = rows.flat_map(|i| columns().map(move |j| i * width + j));
                let ink: Real = ink.map(|at| x[at] + 1.0).sum();
                *y = ink / 25.0 - 1.0;
            }
        }
    })
}

impl fmt::Display for Judgement {
    /// Two lines: the figures, and the share of each class in percent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Judgement { samples, histogram, confidence, score, frechet } = self;
        writeln!(
            f,
            "{samples} samples: confidence {confidence:.3}, score {score:.2} of 10, Fréchet \
             distance {frechet:.2}"
        )?;
        write!(f, "classes in %:")?;
        let mut shares = histogram.iter().enumerate();
        shares.try_for_each(|(class, share)| write!(f, "  {class}: {:.1}", 100.0 * share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::lenet::accuracy;
    use layers::to_safetensors;

    #[test]
    fn the_network_is_as_good_as_its_file_says() {
        let net = Judge::embedded().net;
        let digits = Images::embedded_mnist();
        let counts = net.read_images(&digits).confusion(digits.labels().unwrap());
        let share = accuracy(&counts);
        // Processors without fused multiply-adds may read a doubtful digit differently.
        assert!((share - net.accuracy()).abs() < 2.5e-4, "{share} and {}", net.accuracy());
        assert!(net.accuracy() > 0.99, "{}", net.accuracy());
        assert!(size_of::<Real>() == 8 || to_safetensors(&net) == LENET, "another file");
    }

    #[test]
    fn real_digits_are_the_nearest_and_every_fault_shows() {
        let judge = Judge::embedded();
        let rows = judge.calibration(1000);
        let [real, noisy, blurred, ones, noise] = [0, 1, 2, 3, 4].map(|i| &rows[i].1);
        assert!(real.confidence > 0.98 && real.score > 9.0, "{real}");
        assert!(real.histogram.iter().all(|share| (0.07..0.14).contains(share)), "{real}");
        for (name, row) in &rows[1..] {
            assert!(row.frechet > 5.0 * real.frechet, "{name}: {row}");
            assert!(row.score < real.score, "{name}: {row}");
        }
        assert!(ones.histogram[1] > 0.98 && ones.score < 1.2 && ones.confidence > 0.98, "{ones}");
        assert!(noisy.confidence < real.confidence && blurred.confidence < real.confidence);
        assert!(noise.frechet > noisy.frechet, "{noise}");
    }

    #[test]
    fn samples_are_judged_alike_in_both_ranges_and_shapes() {
        let judge = Judge::embedded();
        let digits = Images::embedded_mnist();
        let tanh =
            judge.judge(&digits.scaled(0..50, Scaling::MinusOneToOne), Scaling::MinusOneToOne);
        let unit = digits.scaled(0..50, Scaling::ZeroToOne);
        let sigmoid = judge.judge(&Array::new([50, 784], unit.numbers()), Scaling::ZeroToOne);
        assert_eq!(tanh.histogram, sigmoid.histogram);
        assert!((tanh.confidence - sigmoid.confidence).abs() < 1e-5);
        assert!((tanh.frechet / sigmoid.frechet - 1.0).abs() < 1e-4);
        let json = serde_json::to_string(&tanh).unwrap();
        let read: Judgement = serde_json::from_str(&json).unwrap();
        assert_eq!((read.samples, read.histogram), (50, tanh.histogram));
    }

    #[test]
    fn a_score_is_the_number_of_classes_told_apart() {
        let certain =
            |class: usize| [0; CLASSES].iter().enumerate().map(move |(c, _)| (c == class).into());
        let rows = |classes: &[usize]| -> Vec<Real> {
            classes
                .iter()
                .flat_map(|class| certain(*class).map(|sure: u8| Real::from(sure)))
                .collect()
        };
        assert!((score(&rows(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])) - 10.0).abs() < 1e-9);
        assert!((score(&rows(&[3, 3, 8, 8])) - 2.0).abs() < 1e-9);
        assert!((score(&rows(&[3, 3, 3])) - 1.0).abs() < 1e-9);
        assert!((score(&[0.1; 40]) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_sample_that_is_not_finite_shows() {
        let mut samples = Images::embedded_mnist().scaled(0..20, Scaling::ZeroToOne);
        samples.numbers_mut()[400] = Real::NAN;
        let judgement = Judge::embedded().judge(&samples, Scaling::ZeroToOne);
        assert!(judgement.frechet.is_nan() && judgement.score.is_nan(), "{judgement}");
        assert!(judgement.confidence.is_nan(), "{judgement}");
    }

    #[test]
    #[should_panic(expected = "judge: [9, 27, 28, 1] is not [at least 2, 28, 28, 1]")]
    fn samples_of_another_size_are_refused() {
        let _ = Judge::embedded().judge(&Array::zeros([9, 27, 28, 1]), Scaling::ZeroToOne);
    }
}
