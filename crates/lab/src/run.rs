//! How does a program train a system, from its flags to its report?
//!
//! ```text
//! let opened = PROGRAM.open(&flags.run)?;             // reads the run to go on with, if one is named
//! let own = ...;                                      // what only this system has, from flags and `opened.saved()`
//! let start = opened.settle(&flags.run, DEFAULTS, own)?;
//! let mut system = ...;                               // from `start.configuration`
//! PROGRAM.train(&start, &mut system, about, &Stop::on_ctrl_c(), |system| judge(system))
//! ```

use std::num::IntErrorKind;
use std::path::{Path, PathBuf};

use clap::{Args, value_parser};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::training::{self, CHECKPOINT, Outcome, Plan, Stop, System};
use crate::{Checkpoint, Error, RunFolder, report};

/// A program that trains one system.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The example's name, and the folder in `out` where its runs go.
    pub name: &'static str,
    /// Stands above its figures.
    pub title: &'static str,
    /// The sub-command that uses what a run has learnt, such as `generate`.
    pub next: &'static str,
}

/// The flags that every run has.
#[derive(Args, Clone, Debug, Default)]
pub struct RunFlags {
    /// Steps in all
    #[arg(long, value_parser = value_parser!(u64).range(1..=100_000_000))]
    pub iterations: Option<u64>,
    /// Real samples in a step
    #[arg(long, value_parser = at_most(20_000))]
    pub batch_size: Option<usize>,
    /// Where all randomness comes from [default: 0]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where the run goes [default: a folder of the program's name in out]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder, to the same bits as if it had never been stopped
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub resume: Option<PathBuf>,
    /// Start anew where another run stands, which is deleted
    #[arg(long, conflicts_with = "resume")]
    pub overwrite: bool,
    /// Steps from one printed line and picture to the next
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub every: Option<u64>,
    /// Steps from one checkpoint to the next
    #[arg(long, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub save_every: Option<u64>,
    /// Do not say what ails the game, where a doctor watches it
    #[arg(long)]
    pub no_doctor: bool,
}

/// The flags of a command that draws what a run has learnt.
#[derive(Args, Clone, Debug)]
pub struct Trained {
    /// The folder of a run
    #[arg(long, value_name = "DIR")]
    pub checkpoint: PathBuf,
    /// Where the noise comes from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The picture to write [default: one in the run's folder]
    #[arg(long)]
    pub out: Option<PathBuf>,
}

impl Trained {
    /// The defaults for the run in this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Trained {
        Trained { checkpoint: folder.into(), seed: 1, out: None }
    }

    /// Where the picture goes: to `name` in the run's folder if no flag says otherwise.
    ///
    /// # Errors
    /// Those of [`picture_place`].
    pub fn place(&self, name: &str) -> Result<PathBuf, Error> {
        picture_place(self.out.as_deref(), self.checkpoint.join(name))
    }
}

/// Where a picture goes: to what `--out` says, whose folder is made, or else to its usual place.
///
/// # Errors
/// [`Error::Flag`] if the name does not end as the usual one: the ending says what is written. That
/// of [`RunFolder::create`] if the folder cannot be made.
pub fn picture_place(out: Option<&Path>, usual: PathBuf) -> Result<PathBuf, Error> {
    let Some(out) = out else { return Ok(usual) };
    let ending = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    if ending(out) != ending(&usual) {
        let usual = ending(&usual).unwrap_or_default();
        let why = format!("what is written is a .{usual} file, and {} is none", out.display());
        return Err(Error::Flag { flag: "--out", why });
    }
    if let Some(folder) = out.parent().filter(|folder| *folder != Path::new("")) {
        RunFolder::create(folder)?;
    }
    Ok(out.to_owned())
}

/// What a run has if no flag says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Real samples in a step.
    pub batch_size: usize,
    /// Steps in all.
    pub iterations: u64,
    /// Steps from one printed line and picture to the next; checkpoints are half as frequent.
    pub every: u64,
}

/// What a run is started with: all that its bytes depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configuration<Own> {
    /// Which program.
    pub system: String,
    /// What only this system has.
    #[serde(flatten)]
    pub own: Own,
    /// Real samples in a step.
    pub batch_size: usize,
    /// Steps in all.
    pub iterations: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Steps from one printed line and picture to the next.
    pub every: u64,
    /// Steps from one checkpoint to the next.
    pub save_every: u64,
}

/// A run whose configuration is not settled yet.
pub struct Opened<Own> {
    program: Program,
    before: Option<(Configuration<Own>, Checkpoint)>,
}

/// A run that can begin, or go on.
pub struct Start<Own> {
    /// What it is started with.
    pub configuration: Configuration<Own>,
    /// Where it goes on.
    pub checkpoint: Option<Checkpoint>,
    /// Where its files go.
    pub out: PathBuf,
    /// Whether a run that stands there is deleted.
    pub overwrite: bool,
    /// Whether the doctor keeps silent.
    pub quiet: bool,
}

impl Program {
    /// Where `--smoke` puts its files, apart from those of a run.
    pub fn smoke_folder(&self) -> PathBuf {
        Path::new("out").join(self.name).join("smoke")
    }

    /// Opens the run that `--resume` names, or a new one.
    ///
    /// # Errors
    /// If there is no checkpoint of this program in that folder.
    pub fn open<Own: DeserializeOwned>(&self, flags: &RunFlags) -> Result<Opened<Own>, Error> {
        let before = flags.resume.as_deref().map(|folder| self.trained(folder)).transpose()?;
        Ok(Opened { program: *self, before })
    }

    /// What the run in a folder was started with, and what it has learnt.
    ///
    /// # Errors
    /// If there is no checkpoint of this program.
    pub fn trained<Own: DeserializeOwned>(
        &self,
        folder: &Path,
    ) -> Result<(Configuration<Own>, Checkpoint), Error> {
        if folder.is_file() {
            return Err(Error::NoRunFolder { file: folder.to_owned() });
        }
        let checkpoint = Checkpoint::read(folder.join(CHECKPOINT))?;
        checkpoint.expect_program(self.name)?;
        Ok((checkpoint.configuration()?, checkpoint))
    }

    /// Trains a system and, unless it was stopped, lets `judge` say in lines of text how good it
    /// is, and writes the report. `about` says in a line what it learns from.
    ///
    /// # Errors
    /// If another run stands where this one is to begin, a file cannot be written, the checkpoint
    /// does not fit, a number of a step is not finite, or the judge fails.
    pub fn train<S: System, Own: Serialize + Sync>(
        &self,
        start: &Start<Own>,
        system: &mut S,
        about: &str,
        stop: &Stop,
        judge: impl FnOnce(&mut S) -> Result<Vec<String>, Error>,
    ) -> Result<Outcome, Error> {
        start.expect_no_other_run()?;
        let folder = RunFolder::create(&start.out)?;
        let Configuration { batch_size, iterations, seed, every, save_every, .. } =
            start.configuration;
        let plan = Plan {
            title: self.title.to_owned(),
            steps: iterations,
            batch_size,
            line_every: every,
            picture_every: every,
            save_every,
            quiet: start.quiet,
        };
        println!("{}, seed {seed}, {iterations} iterations of {batch_size}", self.title);
        println!("  {about}");
        let (configuration, from) = (&start.configuration, start.checkpoint.as_ref());
        let outcome = training::train(system, &plan, configuration, &folder, from, stop)?;
        let (path, word) = (folder.path().display(), shell_word(folder.path()));
        let program = format!("cargo run --release --example {}", self.name);
        let resume = format!("{program} -- train --resume {word}");
        if let Outcome::Stopped { step } = outcome {
            println!("stopped after {step} iterations; to go on:\n  {resume}");
            return Ok(outcome);
        }
        // All steps are taken: to go on means more of them.
        let resume = format!("{resume} --iterations {}", 2 * iterations);
        let next = format!("{program} -- {} --checkpoint {word}", self.next);
        let judgement = judge(system)?;
        judgement.iter().for_each(|line| println!("{line}"));
        let commands = [resume, next.clone()];
        let findings = if start.quiet { &[] } else { system.findings() };
        report::save(&folder, self.title, configuration, findings, &judgement, &commands)?;
        println!("pictures, checkpoint, metrics.jsonl and report.html are in {path}; to go on:");
        println!("  {next}");
        Ok(outcome)
    }
}

impl<Own: Clone + Serialize> Opened<Own> {
    /// What the run to go on with was started with; nothing if the run is new.
    pub fn saved(&self) -> Option<&Configuration<Own>> {
        self.before.as_ref().map(|(saved, _)| saved)
    }

    /// The configuration that the flags ask for: theirs where they say something, else that of the
    /// run to go on with, else the defaults. `own` is chosen so by the caller.
    ///
    /// # Errors
    /// If it is another run than the one to go on with, or one of fewer steps than that has taken.
    /// More steps are asked of the same run, and it goes on to the bits that a run of as many from
    /// the start has, unless its rates follow the total, as in `wgan` and `cyclegan`: those follow
    /// the new total from there on, and what had fallen rises again.
    pub fn settle(
        self,
        flags: &RunFlags,
        defaults: Defaults,
        own: Own,
    ) -> Result<Start<Own>, Error> {
        let Program { name, .. } = self.program;
        let saved = self.saved();
        let every = flags.every.or(saved.map(|c| c.every)).unwrap_or(defaults.every);
        let save_every = flags.save_every.or(saved.map(|c| c.save_every));
        let batch_size = flags.batch_size.or(saved.map(|c| c.batch_size));
        let iterations = saved.map_or(defaults.iterations, |c| c.iterations);
        let wanted = Configuration {
            system: name.to_owned(),
            own,
            batch_size: batch_size.unwrap_or(defaults.batch_size),
            iterations,
            seed: flags.seed.or(saved.map(|c| c.seed)).unwrap_or(0),
            every,
            save_every: save_every.unwrap_or(2 * every),
        };
        if let Some((_, checkpoint)) = &self.before {
            checkpoint.expect_configuration(&wanted)?;
        }
        let out = flags.resume.as_ref().or(flags.out.as_ref());
        let mut start = Start {
            configuration: wanted,
            checkpoint: self.before.map(|(_, checkpoint)| checkpoint),
            out: out.cloned().unwrap_or_else(|| Path::new("out").join(name)),
            overwrite: flags.overwrite,
            quiet: flags.no_doctor,
        };
        start.set_iterations("--iterations", flags.iterations.unwrap_or(iterations))?;
        Ok(start)
    }
}

impl<Own> Start<Own> {
    /// Checks that the run deletes no other one but if it is asked to.
    ///
    /// # Errors
    /// [`Error::RunInTheWay`] if another one is there, or that of its checkpoint if it is broken.
    fn expect_no_other_run(&self) -> Result<(), Error> {
        let older = self.out.join(CHECKPOINT);
        if self.checkpoint.is_some() || self.overwrite || !older.exists() {
            return Ok(());
        }
        let step = Checkpoint::read(older)?.progress().step;
        Err(Error::RunInTheWay { folder: self.out.clone(), step })
    }

    /// Sets how many steps there are in all, by this flag.
    ///
    /// # Errors
    /// [`Error::Flag`] if more are taken: nothing undoes a step.
    pub fn set_iterations(&mut self, flag: &'static str, iterations: u64) -> Result<(), Error> {
        let taken = self.checkpoint.as_ref().map_or(0, |it| it.progress().step);
        if iterations < taken {
            let why = format!(
                "{iterations} steps in all, and the run has taken {taken}. Ask for at least as many, \
                 or start anew in another folder"
            );
            return Err(Error::Flag { flag, why });
        }
        self.configuration.iterations = iterations;
        Ok(())
    }
}

/// A path as one word of a shell's command line.
fn shell_word(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// Reads a number of things, from one to so many: more would be a mistake, and take more memory
/// than there is.
pub fn at_most(most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync {
    move |text| match text.parse::<i128>() {
        Ok(n) if n < 1 => Err("there must be at least one".to_owned()),
        Ok(n) if n <= most as i128 => Ok(n as usize),
        Ok(_) => Err(format!("more than {most}")),
        Err(why) if *why.kind() == IntErrorKind::PosOverflow => Err(format!("more than {most}")),
        Err(_) => Err("not a whole number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::save_checkpoint;
    use layers::{State, StateError, Stateful};
    use std::collections::BTreeMap;

    const PROGRAM: Program = Program { name: "gan", title: "A GAN", next: "generate" };
    const DEFAULTS: Defaults = Defaults { batch_size: 4, iterations: 10, every: 3 };

    type Own = BTreeMap<String, u64>;

    /// A layer of width 8.
    struct Layer;
    impl Stateful for Layer {
        fn put(&self, state: &mut State<'_>) {
            state.put_list("bias", &[0.0; 8]);
        }
        fn take(&mut self, _: &mut State<'_>) -> Result<(), StateError> {
            Ok(())
        }
    }

    fn settle(flags: &RunFlags, width: u64) -> Result<Start<Own>, Error> {
        let own = Own::from([("width".to_owned(), width)]);
        PROGRAM.open::<Own>(flags)?.settle(flags, DEFAULTS, own)
    }

    #[test]
    fn a_new_run_has_what_its_flags_say_and_the_defaults() {
        let start = settle(&RunFlags { seed: Some(7), every: Some(5), ..RunFlags::default() }, 8);
        let start = start.expect("nothing is read");
        let json = serde_json::to_value(&start.configuration).expect("it has a form in JSON");
        let expected = serde_json::json!({
            "system": "gan", "width": 8, "batch_size": 4, "iterations": 10, "seed": 7, "every": 5,
            "save_every": 10,
        });
        assert_eq!(json, expected);
        assert_eq!(start.out, Path::new("out/gan"));
        assert!(start.checkpoint.is_none());
    }

    #[test]
    fn a_number_is_within_its_bounds_or_says_what_it_is() {
        let read = at_most(50);
        assert_eq!([read("1"), read("+7"), read("50")], [Ok(1), Ok(7), Ok(50)]);
        let huge = "9".repeat(60);
        for (text, why) in [
            ("51", "more than 50"),
            (&huge, "more than 50"),
            ("0", "there must be at least one"),
            ("-3", "there must be at least one"),
            ("3.5", "not a whole number"),
            ("", "not a whole number"),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_picture_goes_where_the_flag_says_and_is_called_what_it_is() {
        let root = tempfile::tempdir().expect("a folder");
        let usual = root.path().join("walk.gif");
        assert_eq!(picture_place(None, usual.clone()).expect("it is there"), usual);
        let out = root.path().join("deep/er/a.GIF");
        assert_eq!(picture_place(Some(&out), usual.clone()).expect("it is made"), out);
        assert!(root.path().join("deep/er").is_dir());
        for name in ["a.png", "a"] {
            let out = root.path().join("else").join(name);
            let why = picture_place(Some(&out), usual.clone()).expect_err("another kind");
            assert!(why.to_string().contains("--out: what is written is a .gif file"), "{why}");
        }
        assert!(!root.path().join("else").exists());
    }

    #[test]
    fn a_path_is_one_word_of_a_command() {
        for (path, word) in [
            ("out/a-b_1.c", "out/a-b_1.c"),
            ("out/my run", "'out/my run'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }

    #[test]
    fn a_resumed_run_keeps_what_it_was_started_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let start = settle(&RunFlags { batch_size: Some(6), ..RunFlags::default() }, 8);
        let saved = start.expect("nothing is read").configuration;
        let at = crate::Progress { step: 10, metrics_bytes: 0 };
        let path = folder.path().join(CHECKPOINT);
        save_checkpoint(&path, at, &saved, &Layer).expect("it is written");
        let resume = RunFlags { resume: Some(folder.path().into()), ..RunFlags::default() };

        let same = settle(&resume, 8).expect("it goes on");
        assert_eq!((same.configuration, same.out), (saved, folder.path().to_owned()));
        let longer = RunFlags { iterations: Some(20), ..resume.clone() };
        assert_eq!(settle(&longer, 8).expect("it goes on").configuration.iterations, 20);
        for (flags, width, field) in [
            (resume.clone(), 9, "`width` is 8, here it is 9"),
            (RunFlags { batch_size: Some(5), ..resume.clone() }, 8, "`batch_size` is 6"),
            (RunFlags { seed: Some(1), ..resume.clone() }, 8, "`seed` is 0"),
            (
                RunFlags { iterations: Some(9), ..resume.clone() },
                8,
                "--iterations: 9 steps in all, and the run has taken 10. Ask for at least as many",
            ),
        ] {
            let why = settle(&flags, width).err().expect("another run").to_string();
            assert!(why.contains(field), "{why}");
        }
        let file = RunFlags { resume: Some(path.clone()), ..RunFlags::default() };
        let why = settle(&file, 8).err().expect("no folder").to_string();
        assert!(why.contains("safetensors is a file. Give the folder of the run"), "{why}");
        let other = Program { name: "vae", ..PROGRAM };
        let why = other.open::<Own>(&resume).err().expect("another program").to_string();
        assert!(why.contains("this is a run of `gan`, not of `vae`. Use it by `cargo"), "{why}");
    }
}
