//! How does one play with a GAN of points, one command at a time?
//!
//! Somebody sends a [`Command`] and gets an [`Answer`], usually a [`Frame`]: all that there is to
//! draw. Both are plain data with a form in JSON. How they are carried, and what draws, are other
//! questions. Nothing happens between two commands.
//!
//! Equal commands have equal answers, but for one thing: how many turns of a [`Command::Play`] fit
//! into its time. Each frame says how far the game is, and what it shows depends on that alone.

mod choices;
mod frame;

pub use choices::{Bounds, Choices, Experiment, Named, Offer, OfferedTrick};
pub use frame::{CELLS, Frame, LINES, Measured, Push, Scene, Surface};

use std::time::{Duration, Instant};

use autograd::Real;
use gan::Report;
use serde::{Deserialize, Serialize};

use crate::recipe::Loss;
use crate::toy_gan::ToyGan;

/// Turns from one measurement to the next.
const MEASURE_EVERY: u64 = 100;

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// To know what there is to choose.
    Offer,
    /// A game, in place of the one there may be.
    Start(Box<Choices>),
    /// So many turns or as many as there is time for, but at least one.
    Play {
        /// At most so many.
        turns: u64,
    },
    /// One step of the discriminator.
    DiscriminatorStep,
    /// One step of the generator.
    GeneratorStep,
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// What there is to choose.
    Offer(Box<Offer>),
    /// A game before its first turn.
    Scene(Box<Scene>),
    /// A game that goes on.
    Frame(Box<Frame>),
    /// The command cannot be followed, and nothing has changed; why, in a sentence.
    Refused(String),
}

/// At most one game, and the choices it was started with.
#[derive(Default)]
pub struct Playground {
    table: Option<Table>,
}

/// A game under way.
struct Table {
    gan: ToyGan,
    loss: Loss,
    noise: usize,
    turns: u64,
    /// Losses, of G and of D, since the last frame.
    losses: Vec<[Option<Real>; 2]>,
    measured: Option<Measured>,
    /// What the distance between two real samples is.
    floor: f64,
}

impl Playground {
    /// Nothing has been asked for yet.
    pub fn new() -> Playground {
        Playground::default()
    }

    /// Follows a command, written in JSON, and writes down the answer.
    pub fn answer_text(&mut self, command: &str, time: Duration) -> String {
        let answer = match serde_json::from_str(command) {
            Ok(command) => self.answer(command, time),
            Err(why) => Answer::Refused(format!("this is no command: {why}")),
        };
        serde_json::to_string(&answer).expect("an answer is plain data")
    }

    /// Follows a command. `time` is how long the turns of [`Command::Play`] may take; the last may
    /// take longer.
    pub fn answer(&mut self, command: Command, time: Duration) -> Answer {
        let refused = |why: &str| Answer::Refused(why.to_owned());
        match (command, &mut self.table) {
            (Command::Offer, _) => Answer::Offer(Box::default()),
            (Command::Start(choices), table) => match Table::set(&choices) {
                Ok(set) => Answer::Scene(Box::new(table.insert(set).scene(*choices))),
                Err(why) => Answer::Refused(why),
            },
            (_, None) => refused("there is no game yet: start one"),
            (Command::Play { turns: 0 }, _) => refused("`turns` is 0: there is at least one"),
            (Command::Play { turns }, Some(table)) => {
                table.play(turns, time);
                Answer::Frame(Box::new(table.frame()))
            }
            (Command::DiscriminatorStep, Some(table)) => {
                let Report { loss_d, .. } = table.gan.discriminator_step();
                table.losses.push([None, Some(loss_d)]);
                Answer::Frame(Box::new(table.frame()))
            }
            (Command::GeneratorStep, Some(table)) => {
                let Report { loss_g, .. } = table.gan.generator_step();
                table.losses.push([Some(loss_g), None]);
                Answer::Frame(Box::new(table.frame()))
            }
        }
    }
}

impl Table {
    /// A game before its first turn.
    fn set(choices: &Choices) -> Result<Table, String> {
        choices.check()?;
        let Choices { data, seed, recipe } = choices;
        let gan = recipe.toy_gan(*data, *seed);
        let mut table = Table {
            floor: gan.floor(),
            gan,
            loss: recipe.loss,
            noise: recipe.noise,
            turns: 0,
            losses: Vec::new(),
            measured: None,
        };
        table.measure();
        Ok(table)
    }

    fn play(&mut self, turns: u64, time: Duration) {
        let start = Instant::now();
        for _ in 0..turns {
            let Report { loss_d, loss_g, .. } = self.gan.turn();
            self.losses.push([Some(loss_g), Some(loss_d)]);
            self.turns += 1;
            if self.turns.is_multiple_of(MEASURE_EVERY) {
                self.measure();
            }
            // A game whose numbers are lost does not find them again.
            if !(loss_d + loss_g).is_finite() || start.elapsed() >= time {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;
    use crate::toys::ToyName;
    use crate::tricks::{TABLE, Trick};
    use clap::ValueEnum;

    fn small() -> Choices {
        let recipe = Recipe { width: [6; 2], batch_size: 8, ..Recipe::default() };
        Choices { recipe, ..Choices::default() }
    }

    fn started(choices: Choices) -> Playground {
        let mut playground = Playground::new();
        let answer = playground.answer(Command::Start(Box::new(choices)), Duration::ZERO);
        assert!(matches!(answer, Answer::Scene(_)), "{answer:?}");
        playground
    }

    fn play(turns: u64) -> Command {
        Command::Play { turns }
    }

    #[test]
    fn equal_commands_have_equal_answers() {
        let commands = [
            Command::Offer,
            play(3),
            Command::DiscriminatorStep,
            Command::Start(Box::new(small())),
            play(99),
            Command::DiscriminatorStep,
            Command::GeneratorStep,
            play(2),
        ];
        let (mut one, mut other) = (Playground::new(), Playground::new());
        for command in commands {
            let answers = [&mut one, &mut other]
                .map(|playground| playground.answer(command.clone(), Duration::MAX));
            assert_eq!(answers[0], answers[1], "{command:?}");
        }
    }

    #[test]
    fn how_turns_fall_into_frames_changes_no_frame() {
        let (mut whole, mut parts) = (started(small()), started(small()));
        let Answer::Frame(whole) = whole.answer(play(120), Duration::MAX) else { panic!() };
        let mut losses = Vec::new();
        for _ in 0..119 {
            // No time is left after the first turn, however many are asked for.
            let Answer::Frame(frame) = parts.answer(play(7), Duration::ZERO) else { panic!() };
            losses.extend(frame.losses);
        }
        let Answer::Frame(last) = parts.answer(play(1), Duration::MAX) else { panic!() };
        losses.extend(last.losses.clone());
        assert_eq!(losses, whole.losses);
        assert_eq!(Frame { losses, ..*last }, *whole);
        assert_eq!((whole.turn, whole.measured.map(|m| m.turn)), (120, Some(100)));
    }

    #[test]
    fn a_step_moves_its_player_alone() {
        let Answer::Frame(before) = started(small()).answer(play(1), Duration::MAX) else {
            panic!()
        };
        for (command, moves_g) in
            [(Command::DiscriminatorStep, false), (Command::GeneratorStep, true)]
        {
            let mut playground = started(small());
            playground.answer(play(1), Duration::MAX);
            let Answer::Frame(after) = playground.answer(command, Duration::MAX) else { panic!() };
            assert_eq!(after.turn, 1);
            assert_eq!(after.fakes != before.fakes, moves_g);
            assert_eq!(after.lattice != before.lattice, moves_g);
            assert_eq!(after.surface != before.surface, !moves_g);
            assert_eq!(after.losses[0].map(|loss| loss.is_some()), [moves_g, !moves_g]);
        }
    }

    #[test]
    fn every_loss_trick_and_toy_makes_a_frame() {
        let losses = Loss::value_variants();
        let tricks = TABLE.iter().map(|about| vec![about.usual]);
        let all = tricks.chain(losses.iter().map(|_| vec![])).zip(losses.iter().cycle());
        let toys = ToyName::value_variants().iter().cycle();
        for ((tricks, loss), data) in all.zip(toys) {
            let recipe = Recipe { loss: *loss, tricks, ..small().recipe };
            if recipe.check().is_err() {
                continue;
            }
            let mut playground = started(Choices { recipe, data: *data, seed: 3 });
            let Answer::Frame(frame) = playground.answer(play(2), Duration::MAX) else { panic!() };
            assert!(!frame.lost && frame.losses.len() == 2, "{loss:?} {data:?}");
            assert_eq!(frame.surface.expect("it is finite").heights.len(), CELLS * CELLS);
            assert_eq!(frame.lattice.len(), LINES * LINES);
        }
    }

    /// Neither the points that have arrows nor those beside them have to fill packs.
    #[test]
    fn packs_that_the_shown_points_do_not_fill_make_a_frame() {
        for loss in [Loss::NonSaturating, Loss::Relativistic] {
            let tricks = vec![Trick::Packing(7.0)];
            let recipe = Recipe { loss, tricks, batch_size: 98, ..small().recipe };
            let mut playground = started(Choices { recipe, ..small() });
            let Answer::Frame(frame) = playground.answer(play(1), Duration::MAX) else { panic!() };
            assert!(!frame.lost && frame.push.longest > 0.0, "{loss:?}");
        }
    }

    #[test]
    fn a_game_whose_numbers_are_lost_says_so_and_hardly_goes_on() {
        // Weights of the largest number overflow the next product.
        let tricks = vec![Trick::FasterD(f64::from(Real::MAX))];
        let mut playground =
            started(Choices { recipe: Recipe { tricks, ..small().recipe }, ..small() });
        let mut turns = 0;
        // The first loss that shows it is that of the next turn.
        for most in [2, 1] {
            let Answer::Frame(frame) = playground.answer(play(5), Duration::MAX) else { panic!() };
            assert_eq!((frame.lost, frame.fakes, frame.surface), (true, vec![], None));
            assert!((turns + 1..=turns + most).contains(&frame.turn), "{}", frame.turn);
            turns = frame.turn;
        }
    }

    #[test]
    fn what_is_no_command_is_refused_in_words() {
        let mut playground = Playground::new();
        for (text, why) in [
            ("", "this is no command: EOF"),
            ("[1, 2", "this is no command"),
            (r#"{"jump": 3}"#, "unknown variant `jump`"),
            (r#"{"play": {"turns": -1}}"#, "invalid value"),
            (r#"{"play": {"turns": 1}}"#, "there is no game yet"),
            (r#"{"start": {"recipe": {"widht": 3}}}"#, "unknown field `widht`"),
            (r#"{"start": {"recipe": {"width": [0, 8]}}}"#, "`width` is 0: it goes from 1 to 256"),
            (r#"{"start": {"recipe": {"rates": [0.1, 1e9]}}}"#, "`rates` is 1000000000"),
            (r#"{"start": {"recipe": {"tricks": [{"r1": -1}]}}}"#, "`r1` is -1, which has to be"),
        ] {
            let answer = playground.answer_text(text, Duration::ZERO);
            assert!(answer.starts_with(r#"{"refused":""#) && answer.contains(why), "{answer}");
        }
        assert!(playground.table.is_none());
    }
}
