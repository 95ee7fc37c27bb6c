//! Which tricks are there, and what does each change?
//!
//! A [`Trick`] is plain data: a name, and for most of them a number. [`TABLE`] says what each is for,
//! and `Trick::change` what it does: it changes one part of the `Kit` that a game is put together
//! from. So each is a switch of its own, they can be combined, and the loop of the game knows none of
//! them.

use std::fmt;
use std::mem::discriminant;

use autograd::Real;
use layers::{Activation, Dropout};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kit::{Kit, Norm, Penalty};
use crate::numbers::{as_real, named};

/// Something that is done besides, to make a game go better.
///
/// As JSON, `{"r1": 0.5}`, or `"joined"` for one without a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the table says what each is for")]
pub enum Trick {
    // What D is kept from.
    GradientPenalty(f64),
    R1(f64),
    Dragan(f64),
    SpectralNorm,
    WeightNorm,
    ClipWeights(f64),
    OneSided(f64),
    InputNoise(f64),
    // What D sees.
    Packing(f64),
    Minibatch(f64),
    Pool(f64),
    Joined,
    // What G wants.
    FeatureMatching(f64),
    MomentMatching(f64),
    Unrolled(f64),
    // How the two learn.
    DSteps(f64),
    GSteps(f64),
    WhileLossD(f64),
    WhileLossG(f64),
    SgdForD(f64),
    FasterD(f64),
    FallingRates(f64),
    ClipGradients(f64),
    Historical(f64),
    // What the networks are.
    BatchNormG,
    BatchNormD,
    LayerNormD,
    LeakyD(f64),
    DropoutG(f64),
    DropoutD(f64),
    // What is used in the end.
    Average(f64),
    TopSamples(f64),
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The trick with its usual number.
    pub usual: Trick,
    /// Which numbers it takes.
    pub number: Number,
    /// What it does, in a line.
    pub what: &'static str,
    /// Who described it.
    pub source: &'static str,
}

/// Which numbers a trick takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// None.
    None,
    /// 1, 2, 3, ... up to this.
    Count(u32),
    /// Above 0.
    Positive,
    /// Above 0 and below 1.
    Share,
    /// At least this and below 1.
    ShareFrom(f64),
}

const fn line(usual: Trick, number: Number, what: &'static str, source: &'static str) -> About {
    About { usual, number, what, source }
}

/// All tricks.
pub const TABLE: &[About] = &[
    line(
        Trick::GradientPenalty(1.0),
        Number::Positive,
        "D's slope between real and generated points is drawn to 1 by this factor",
        "Gulrajani et al. 2017",
    ),
    line(
        Trick::R1(1.0),
        Number::Positive,
        "D's slope at real points is drawn to 0 by this factor",
        "Mescheder et al. 2018",
    ),
    line(
        Trick::Dragan(1.0),
        Number::Positive,
        "D's slope around real points is drawn to 1 by this factor",
        "Kodali et al. 2017",
    ),
    line(
        Trick::SpectralNorm,
        Number::None,
        "each weight matrix of D is divided by its largest singular value",
        "Miyato et al. 2018",
    ),
    line(
        Trick::WeightNorm,
        Number::None,
        "each unit of D has a direction and a length that are learnt apart",
        "Salimans, Kingma 2016",
    ),
    line(
        Trick::ClipWeights(0.1),
        Number::Positive,
        "D's weights are brought back within this bound after each step",
        "Arjovsky et al. 2017",
    ),
    line(
        Trick::OneSided(0.9),
        Number::Share,
        "D's target for real points is this and not 1",
        "Salimans et al. 2016, §3.4",
    ),
    line(
        Trick::InputNoise(0.3),
        Number::Positive,
        "D sees points through noise of this size, which fades to nothing at the end",
        "Sønderby et al. 2017; Arjovsky, Bottou 2017",
    ),
    line(
        Trick::Packing(4.0),
        Number::Count(1000),
        "D judges packs of so many points",
        "Lin et al. 2018",
    ),
    line(
        Trick::Minibatch(8.0),
        Number::Count(1000),
        "D gets so many numbers on how near the other points of the batch are",
        "Salimans et al. 2016, §3.2",
    ),
    line(
        Trick::Pool(1280.0),
        Number::Count(100_000),
        "D sees older generated points as well, from a pool with this much room",
        "Shrivastava et al. 2017",
    ),
    line(
        Trick::Joined,
        Number::None,
        "D gets real and generated points in one batch, not in one each",
        "the Keras DCGAN",
    ),
    line(
        Trick::FeatureMatching(1.0),
        Number::Positive,
        "G also matches the mean of D's last hidden layer, with this factor",
        "Salimans et al. 2016, §3.1",
    ),
    line(
        Trick::MomentMatching(10.0),
        Number::Positive,
        "G also matches means and squares of the data, with a factor that fades",
        "the annealed loss of SSGAN's program",
    ),
    line(
        Trick::Unrolled(5.0),
        Number::Count(1000),
        "G is judged by what D will be after so many further steps",
        "Metz et al. 2017",
    ),
    line(
        Trick::DSteps(5.0),
        Number::Count(1000),
        "D takes so many steps a turn",
        "Goodfellow et al. 2014",
    ),
    line(
        Trick::GSteps(2.0),
        Number::Count(1000),
        "G takes so many steps a turn",
        "the SSGAN program",
    ),
    line(
        Trick::WhileLossD(1.2),
        Number::Positive,
        "D goes on, up to 10 steps a turn, while its loss is above this",
        "programs",
    ),
    line(
        Trick::WhileLossG(1.0),
        Number::Positive,
        "G goes on, up to 10 steps a turn, while its loss is above this",
        "programs",
    ),
    line(
        Trick::SgdForD(0.1),
        Number::Positive,
        "D descends without Adam, at this rate",
        "Chintala et al. 2016, \"How to train a GAN?\"",
    ),
    line(
        Trick::FasterD(4.0),
        Number::Positive,
        "D's learning rate is so many times larger",
        "Heusel et al. 2017",
    ),
    line(
        Trick::FallingRates(0.5),
        Number::Share,
        "after this share of the turns both rates fall straight down to 0",
        "Zhu et al. 2017",
    ),
    line(
        Trick::ClipGradients(1.0),
        Number::Positive,
        "all gradients of a player together are no longer than this",
        "Pascanu et al. 2013",
    ),
    line(
        Trick::Historical(0.01),
        Number::Positive,
        "both players are drawn to the mean of their past weights, with this factor",
        "Salimans et al. 2016, §3.3",
    ),
    line(
        Trick::BatchNormG,
        Number::None,
        "G's hidden units are normalised over the batch",
        "Ioffe, Szegedy 2015",
    ),
    line(
        Trick::BatchNormD,
        Number::None,
        "D's hidden units are normalised over the batch",
        "Ioffe, Szegedy 2015",
    ),
    line(
        Trick::LayerNormD,
        Number::None,
        "D's hidden units are normalised for each point: instance norm without pixels",
        "Ba et al. 2016",
    ),
    line(
        Trick::LeakyD(0.2),
        Number::Share,
        "D's ReLU have this slope below 0",
        "Radford et al. 2015",
    ),
    line(
        Trick::DropoutG(0.1),
        Number::Share,
        "G loses this share of its hidden units, also when it is used",
        "Isola et al. 2017",
    ),
    line(
        Trick::DropoutD(0.2),
        Number::Share,
        "D loses this share of its hidden units while it learns",
        "Srivastava et al. 2014",
    ),
    line(
        Trick::Average(0.999),
        Number::Share,
        "what is used is a moving average of G's weights with this decay",
        "Yazıcı et al. 2019",
    ),
    line(
        Trick::TopSamples(0.5),
        Number::ShareFrom(0.01),
        "of the generated points, this share is used: what D scores highest",
        "the Keras DCGAN's --nice; Azadi et al. 2019",
    ),
];

impl Trick {
    /// All tricks, each with its usual number, in the order of [`TABLE`].
    pub fn all() -> Vec<Trick> {
        TABLE.iter().map(|about| about.usual).collect()
    }

    /// Its line in the table.
    pub fn about(self) -> &'static About {
        let own = |about: &&About| discriminant(&about.usual) == discriminant(&self);
        TABLE.iter().find(own).expect("each trick has a line in the table")
    }

    /// Its name: `one-sided`.
    pub fn name(self) -> String {
        self.parts().0
    }

    /// Its number, if it has one.
    pub fn number(self) -> Option<f64> {
        self.parts().1
    }

    /// The trick of this name with its usual number.
    pub fn named(name: &str) -> Option<Trick> {
        Trick::all().into_iter().find(|trick| trick.name() == name)
    }

    /// The same with another number; one without a number stays as it is.
    ///
    /// # Panics
    /// If the number is not finite.
    #[must_use]
    #[track_caller]
    pub fn with(self, number: f64) -> Trick {
        if self.number().is_none() {
            return self;
        }
        let value = Value::from_iter([(self.name(), number)]);
        serde_json::from_value(value).expect("a trick of this name has a number")
    }

    /// Reads `r1`, with its usual number, or `r1=0.5`.
    ///
    /// # Errors
    /// If there is no such trick, or it cannot have this number; the text says which there are.
    pub fn parse(text: &str) -> Result<Trick, String> {
        let (name, number) = match text.split_once('=') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let trick = Trick::named(name).ok_or_else(|| {
            format!("there is no trick `{name}`; `--example ablation -- --list` shows all")
        })?;
        let Some(number) = number else { return Ok(trick) };
        if trick.about().number == Number::None {
            return Err(format!("`{name}` takes no number"));
        }
        let number = number.parse().map_err(|_| format!("`{number}` in `{text}` is no number"))?;
        trick.accept(number)?;
        Ok(trick.with(number))
    }

    /// Whether its number is one that it can have.
    ///
    /// # Errors
    /// Says which it can have.
    pub fn check(self) -> Result<(), String> {
        self.number().map_or(Ok(()), |number| self.accept(number))
    }

    fn accept(self, number: f64) -> Result<(), String> {
        let x = as_real(number);
        let (fine, wanted) = match self.about().number {
            Number::None => (true, String::new()),
            Number::Count(most) => {
                let fits = (1.0..=f64::from(most)).contains(&x) && x.fract() == 0.0;
                (fits, format!("a count from 1 to {most}"))
            }
            Number::Positive => (x > 0.0 && x.is_finite(), "above 0".to_owned()),
            Number::Share => (x > 0.0 && x < 1.0, "between 0 and 1".to_owned()),
            Number::ShareFrom(least) => {
                (number >= least && x < 1.0, format!("at least {least} and below 1"))
            }
        };
        if fine {
            Ok(())
        } else {
            Err(format!("`{}` is {}, which has to be {wanted}", self.name(), named(number)))
        }
    }

    fn parts(self) -> (String, Option<f64>) {
        match serde_json::to_value(self).expect("a trick is plain data") {
            Value::String(name) => (name, None),
            Value::Object(one) => {
                let (name, number) = one.into_iter().next().expect("a trick has a name");
                (name, number.as_f64())
            }
            other => panic!("{other} is no trick"),
        }
    }

    /// What it changes.
    pub(crate) fn change(self, kit: &mut Kit) {
        let real = |x: f64| x as Real;
        let count = |x: f64| x as usize;
        let (g, d) = (&mut kit.generator, &mut kit.discriminator);
        match self {
            Trick::GradientPenalty(x) => kit.penalties.push(Penalty::Gradient(real(x))),
            Trick::R1(x) => kit.penalties.push(Penalty::R1(real(x))),
            Trick::Dragan(x) => kit.penalties.push(Penalty::Dragan(real(x))),
            Trick::SpectralNorm => d.norm = Norm::Spectral,
            Trick::WeightNorm => d.norm = Norm::Weight,
            Trick::ClipWeights(x) => d.weight_bound = Some(real(x)),
            Trick::OneSided(x) => kit.real_label = real(x),
            Trick::InputNoise(x) => kit.input_noise = Some(real(x)),
            Trick::Packing(x) => d.pack = count(x),
            Trick::Minibatch(x) => d.kernels = count(x),
            Trick::Pool(x) => kit.pool = Some(count(x)),
            Trick::Joined => kit.joined = true,
            Trick::FeatureMatching(x) => kit.feature_matching = Some(real(x)),
            Trick::MomentMatching(x) => kit.moment_matching = Some(real(x)),
            Trick::Unrolled(x) => kit.unrolled = count(x),
            Trick::DSteps(x) => d.steps = count(x),
            Trick::GSteps(x) => g.steps = count(x),
            Trick::WhileLossD(x) => d.while_above = Some(real(x)),
            Trick::WhileLossG(x) => g.while_above = Some(real(x)),
            Trick::SgdForD(x) => d.plain_rate = Some(real(x)),
            Trick::FasterD(x) => d.faster = real(x),
            Trick::FallingRates(x) => kit.falling = Some(x),
            Trick::ClipGradients(x) => (g.clip, d.clip) = (Some(real(x)), Some(real(x))),
            Trick::Historical(x) => (g.history, d.history) = (Some(real(x)), Some(real(x))),
            Trick::BatchNormG => g.norm = Norm::Batch,
            Trick::BatchNormD => d.norm = Norm::Batch,
            Trick::LayerNormD => d.norm = Norm::Layer,
            Trick::LeakyD(x) => d.activation = Activation::LeakyRelu(real(x)),
            Trick::DropoutG(x) => g.dropout = Some(Dropout::new(real(x)).also_in_evaluation()),
            Trick::DropoutD(x) => d.dropout = Some(Dropout::new(real(x))),
            Trick::Average(x) => kit.average = Some(real(x)),
            Trick::TopSamples(x) => kit.keep = Some(x),
        }
    }
}

/// As [`Trick::parse`] reads it.
impl fmt::Display for Trick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (name, Some(number)) => write!(f, "{name}={number}"),
            (name, None) => write!(f, "{name}"),
        }
    }
}

#[cfg(test)]
mod tests;
