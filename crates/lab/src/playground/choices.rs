//! What is there to choose before a game?

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::recipe::{Loss, Recipe};
use crate::toy_gan::MOST_SCORED;
use crate::toys::{SAMPLES, ToyName};
use crate::tricks::{About, TABLE, Trick};

/// What a game is started with: all that its frames depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choices {
    /// What is learnt.
    pub data: ToyName,
    /// Where all randomness comes from.
    pub seed: u64,
    /// How the game is built.
    pub recipe: Recipe,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices { data: ToyName::Ring, seed: 0, recipe: Recipe::default() }
    }
}

/// From where to where the numbers of the choices go. With what [`Choices::check`] says of tricks,
/// they keep a turn short and a game small: somebody is waiting for the next frame.
const BOUNDS: [Bounds; 8] = [
    whole("width", 1.0, 256.0),
    whole("hidden", 0.0, 4.0),
    whole("noise", 1.0, 64.0),
    whole("batch_size", 2.0, 1024.0),
    Bounds { field: "rates", least: 1e-6, most: 1.0, whole: false },
    Bounds { field: "betas", least: 0.0, most: 0.9999, whole: false },
    whole("turns", 1.0, 1e9),
    // From here on a browser rounds whole numbers.
    whole("seed", 0.0, ((1_u64 << 53) - 1) as f64),
];

const fn whole(field: &'static str, least: f64, most: f64) -> Bounds {
    Bounds { field, least, most, whole: true }
}

/// Where the numbers of a field of a recipe lie, or the seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// Its name.
    pub field: &'static str,
    /// The least allowed.
    pub least: f64,
    /// The most allowed.
    pub most: f64,
    /// Whether only whole numbers are.
    pub whole: bool,
}

/// Steps of a turn at most: D's, and G's with those of D that each looks ahead.
const MOST_STEPS: usize = 40;

/// Pairs of points that minibatch discrimination compares at once, kernel by kernel: 80 MB for each
/// array of differences.
const MOST_PAIRS: usize = 4_000_000;

/// Points that are drawn at once for D to choose from, in packs as large as D wants.
const MOST_DRAWN: usize = 50_000;

impl Choices {
    /// Whether a game can be made of them, of which a turn does not take too long.
    ///
    /// # Errors
    /// If a number is out of its bounds, tricks do not fit, or they take too many steps or too much
    /// memory; the text names what is wrong.
    pub fn check(&self) -> Result<(), String> {
        let mut fields = serde_json::to_value(&self.recipe).expect("a recipe is plain data");
        fields["seed"] = self.seed.into();
        for Bounds { field, least, most, .. } in BOUNDS {
            for number in numbers(&fields[field]) {
                if !(least..=most).contains(&number) {
                    return Err(format!("`{field}` is {number}: it goes from {least} to {most}"));
                }
            }
        }
        self.recipe.check()?;
        self.check_size()
    }

    /// Whether what tricks multiply stays within bounds.
    fn check_size(&self) -> Result<(), String> {
        let kit = self.recipe.kit();
        let (g, d) = (kit.generator.most_steps(), kit.discriminator.most_steps());
        let steps = d + g * (1 + kit.unrolled);
        if steps > MOST_STEPS {
            return Err(format!(
                "a turn has {steps} steps, those that `unrolled` looks ahead among them: here at \
                 most {MOST_STEPS}"
            ));
        }
        let drawn = kit.keep.map_or(0, |share| (SAMPLES as f64 / share).ceil() as usize);
        let in_packs = drawn * kit.discriminator.pack;
        if in_packs > MOST_DRAWN {
            return Err(format!(
                "`top-samples` chooses from {in_packs} points, each as often as a pack has room: \
                 here at most {MOST_DRAWN}"
            ));
        }
        let kernels = kit.discriminator.kernels;
        let seen = self.recipe.batch_size.max(MOST_SCORED).max(drawn);
        if kernels * seen * seen > MOST_PAIRS {
            return Err(format!(
                "`minibatch` compares {seen} points with {kernels} kernels: here at most \
                 {MOST_PAIRS} pairs; take fewer kernels, a smaller batch or no `top-samples`"
            ));
        }
        Ok(())
    }
}

/// All numbers in plain data, in their order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => number.as_f64().into_iter().collect(),
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields.values().flat_map(numbers).collect(),
        _ => Vec::new(),
    }
}

/// The name of a variant: of `"a"` and `{"a": ..}` it is a.
fn name(variant: &Value) -> String {
    let key = variant.as_object().and_then(|fields| fields.keys().next());
    key.map_or_else(|| variant.as_str().unwrap_or_default().to_owned(), String::clone)
}

/// All that there is to choose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// What can be learnt.
    pub data: Vec<Named>,
    /// What the players can want.
    pub losses: Vec<Named>,
    /// What can be done besides.
    pub tricks: Vec<OfferedTrick>,
    /// Choices that show something.
    pub experiments: Vec<Experiment>,
    /// Where numbers lie.
    pub bounds: Vec<Bounds>,
    /// What is chosen if nothing is said.
    pub defaults: Choices,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    /// Its name in [`Choices`].
    pub name: String,
    /// What it is.
    pub about: String,
}

/// A trick with its usual numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferedTrick {
    /// Its name in a recipe.
    pub name: String,
    /// The trick as a recipe writes it.
    pub usual: Trick,
    /// What it does.
    pub about: &'static str,
}

/// Choices that show something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Experiment {
    /// What they show.
    pub name: &'static str,
    /// What to look at.
    pub watch: &'static str,
    /// The choices.
    pub choices: Choices,
}

impl Default for Offer {
    fn default() -> Offer {
        let offered = |about: &About| {
            let written = serde_json::to_value(about.usual).expect("a trick is plain data");
            OfferedTrick { name: name(&written), usual: about.usual, about: about.what }
        };
        Offer {
            data: named::<ToyName>(),
            losses: named::<Loss>(),
            tricks: TABLE.iter().map(offered).collect(),
            experiments: experiments(),
            bounds: BOUNDS.to_vec(),
            defaults: Choices::default(),
        }
    }
}

fn named<Variant: ValueEnum>() -> Vec<Named> {
    let values = Variant::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let named = |value: clap::builder::PossibleValue| Named {
        name: value.get_name().to_owned(),
        about: value.get_help().map(ToString::to_string).unwrap_or_default(),
    };
    values.map(named).collect()
}

/// What `docs/playground.md` tells of.
fn experiments() -> Vec<Experiment> {
    let plain = Recipe::default();
    let experiment = |name, watch, data, recipe| {
        let choices = Choices { data, recipe, ..Choices::default() };
        Experiment { name, watch, choices }
    };
    vec![
        experiment(
            "The plain game",
            "Show G's lattice (5) and let it play for 3000 turns: it folds towards eight places.",
            ToyName::Ring,
            plain.clone(),
        ),
        experiment(
            "Mode collapse",
            "G takes ten steps for one of D's. All its points hunt the same few modes: D learns \
             that those are fake, and the points move on together.",
            ToyName::Grid,
            Recipe { tricks: vec![Trick::GSteps(10.0)], rates: [5e-3, 1e-3], ..plain.clone() },
        ),
        experiment(
            "A loss that saturates",
            "D learns ten times as fast as G. Where D is sure of a fake, this loss is flat: G's loss \
             goes to 0 and its points stay behind. Then choose the non-saturating loss.",
            ToyName::Ring,
            Recipe { loss: Loss::Saturating, rates: [1e-3, 1e-2], ..plain.clone() },
        ),
        experiment(
            "A critic of slope one",
            "WGAN-GP. The penalty makes the arrows nearly equally long, far from the data, too; D's \
             steps are five a turn.",
            ToyName::Grid,
            Recipe {
                loss: Loss::Wasserstein,
                tricks: vec![Trick::GradientPenalty(1.0), Trick::DSteps(5.0)],
                ..plain.clone()
            },
        ),
        experiment(
            "A critic without a bound",
            "The same loss without a penalty. Look at the numbers beside the colours and at the \
             losses: nothing holds the critic's heights.",
            ToyName::Ring,
            Recipe { loss: Loss::Wasserstein, ..plain.clone() },
        ),
        experiment(
            "A landscape that goes flat",
            "R1 wants D to be flat at the data. The map pales to a half everywhere, the longest \
             arrow shrinks, and the points come to rest.",
            ToyName::Ring,
            Recipe { tricks: vec![Trick::R1(1.0)], ..plain.clone() },
        ),
        experiment(
            "Noise of one number",
            "Show G's lattice (5): the image of a line is a line, which has to be laid out along \
             the data.",
            ToyName::Roll,
            Recipe { noise: 1, ..plain },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_choices_are_written_with() {
        let Offer { data, losses, tricks, defaults, bounds, .. } = Offer::default();
        for Named { name, about } in &data {
            let json = format!(r#"{{"data": "{name}"}}"#);
            assert!(serde_json::from_str::<Choices>(&json).is_ok() && !about.is_empty(), "{name}");
        }
        for Named { name, about } in &losses {
            let json = format!(r#"{{"recipe": {{"loss": "{name}"}}}}"#);
            assert!(serde_json::from_str::<Choices>(&json).is_ok() && !about.is_empty(), "{name}");
        }
        assert!(tricks.iter().all(|trick| !trick.name.is_empty()));
        let recipe = serde_json::to_value(&defaults.recipe).unwrap();
        for Bounds { field, .. } in bounds {
            assert!(field == "seed" || !numbers(&recipe[field]).is_empty(), "{field}");
        }
        assert_eq!(defaults.check(), Ok(()));
        let why = Choices { seed: 1 << 53, ..defaults }.check().unwrap_err();
        assert!(why.starts_with("`seed` is 9007199254740992"), "{why}");
    }

    #[test]
    fn what_takes_too_long_is_refused() {
        use Trick::{DSteps, GSteps, Minibatch, Packing, TopSamples, Unrolled, WhileLossD};
        let why = |batch_size: usize, tricks: &[Trick]| {
            let recipe = Recipe { batch_size, tricks: tricks.to_vec(), ..Recipe::default() };
            Choices { recipe, ..Choices::default() }.check()
        };
        let cases = [
            (128, vec![DSteps(40.0)], "a turn has 41 steps"),
            (128, vec![GSteps(8.0), Unrolled(5.0)], "a turn has 49 steps"),
            (128, vec![WhileLossD(1.0), GSteps(31.0)], "a turn has 41 steps"),
            (1024, vec![Minibatch(4.0)], "`minibatch` compares 1024 points with 4 kernels"),
            (8, vec![Minibatch(62.0)], "`minibatch` compares 256 points with 62 kernels"),
            (128, vec![Minibatch(8.0), TopSamples(0.5)], "`minibatch` compares 5000 points"),
            (128, vec![TopSamples(0.04)], "`top-samples` chooses from 62500 points"),
            (
                1000,
                vec![Packing(20.0), TopSamples(0.5)],
                "`top-samples` chooses from 100000 points",
            ),
        ];
        for (batch_size, tricks, expected) in cases {
            let why = why(batch_size, &tricks).unwrap_err();
            assert!(why.starts_with(expected), "{why}");
        }
        let fine = [
            vec![DSteps(20.0), GSteps(20.0)],
            vec![Unrolled(5.0), WhileLossD(1.0), GSteps(5.0)],
            vec![Minibatch(61.0)],
            vec![Packing(8.0), TopSamples(0.5)],
        ];
        for tricks in fine {
            assert_eq!(why(128, &tricks), Ok(()), "{tricks:?}");
        }
    }

    #[test]
    fn experiments_can_be_started() {
        for Experiment { name, choices, .. } in experiments() {
            assert_eq!(choices.check(), Ok(()), "{name}");
        }
    }
}
