//! What can go wrong with files, and what does one do about it?

use std::io;
use std::path::PathBuf;

use crate::data::Flaw;

/// A failure outside the program: each text names the path and the way out.
///
/// The cause (say, "no space left on device") is the error's `source()`, which a report prints behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file stands where a folder is needed.
    #[error(
        "cannot create the folder {folder}: {file} is a file. Move it away or choose another folder"
    )]
    FileInTheWay {
        /// The folder that was wanted.
        folder: PathBuf,
        /// The file in its place, or in place of one of its parents.
        file: PathBuf,
    },

    /// The system refuses to create a folder.
    #[error("cannot create the folder {folder}. Choose one at a place where you may write")]
    CreateFolder {
        /// The folder that was wanted.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A folder exists, but no file can be created in it.
    #[error(
        "cannot write into the folder {folder}. Give yourself write permission or choose another folder"
    )]
    FolderNotWritable {
        /// The folder that was tried.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A file cannot be written.
    #[error("cannot write {path}. See that its folder exists, is writable and has room")]
    Write {
        /// The file that was wanted; what stood there before is untouched.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A file cannot be read.
    #[error("cannot read {path}. See that it exists and that you may read it")]
    Read {
        /// The file that was tried.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A file of data is broken, or not of the format that its name says.
    #[error("{path}: {flaw}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },

    /// Neither a folder nor a file of images.
    #[error(
        "{path} holds no images. Give a folder with MNIST's four files, CIFAR-10's .bin files or \
         PNG files, or a .csv or IDX file"
    )]
    NoData {
        /// What was to be read.
        path: PathBuf,
    },

    /// Data without a part to test with.
    #[error("{path} comes in one piece, without a part to test with. Read it whole and divide it")]
    OnePiece {
        /// What was to be read.
        path: PathBuf,
    },

    /// Images that are sound, but not of the kind that is needed.
    #[error("{path} holds {found}, not {wanted}. Choose other data")]
    OtherImages {
        /// What was read.
        path: PathBuf,
        /// What is there.
        found: String,
        /// What a program wants.
        wanted: &'static str,
    },

    /// A place in the data where these data cannot be.
    #[error(
        "the saved place, row {next} of epoch {epoch}, is not in data of {count} rows. Resume with \
         the data that the run began with"
    )]
    Position {
        /// Which pass over the data.
        epoch: u64,
        /// How many rows of it were used.
        next: u64,
        /// How many rows there are.
        count: usize,
    },

    /// A line of a metrics file does not hold the expected record.
    #[error("{path}, line {line}: not a record of the expected kind. Correct or delete this line")]
    Record {
        /// The metrics file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, and in which column.
        source: serde_json::Error,
    },

    /// A record to be written has a field that JSON can only call `null`.
    #[error(
        "{path}: the record's field `{field}` is NaN, infinite or None, and a metrics file holds \
         none of these. If training diverged, lower the learning rate; skip absent fields"
    )]
    NoValue {
        /// The metrics file.
        path: PathBuf,
        /// The path of the field inside the record, such as `loss.generator`.
        field: String,
    },

    /// A run is not saved, since its numbers are lost.
    #[error("{path} is not written: {flaw}. The run has diverged: lower its learning rates")]
    Diverged {
        /// The checkpoint that was wanted; what stood there before is untouched.
        path: PathBuf,
        /// Which tensor is not finite.
        flaw: String,
    },

    /// A file is not a checkpoint, or not that of this run.
    #[error(
        "cannot go on from {path}: {flaw}. Put a sound copy in its place, or begin anew without it"
    )]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it: a tensor, a counter, or a field of its header.
        flaw: String,
    },

    /// A run is to begin where another one stands.
    #[error(
        "{folder} holds a run of {step} steps: `--resume {folder}` goes on with it, `--out FOLDER` \
         trains beside it, `--overwrite` deletes it and starts anew"
    )]
    RunInTheWay {
        /// The folder that was wanted.
        folder: PathBuf,
        /// How many steps the run has taken.
        step: u64,
    },

    /// A checkpoint belongs to a run that was started otherwise.
    #[error(
        "{path}: its run's `{field}` is {found}, here it is {expected}. {}, or start anew in \
         another folder",
        to_go_on(field)
    )]
    OtherConfiguration {
        /// The checkpoint.
        path: PathBuf,
        /// What differs: a field, or one inside it, such as `data.images`.
        field: String,
        /// The value in the checkpoint.
        found: String,
        /// The value asked for.
        expected: String,
    },

    /// A file stands where the folder of a run is needed, most likely one in it.
    #[error("{file} is a file. Give the folder of the run, which holds its checkpoint")]
    NoRunFolder {
        /// What was given.
        file: PathBuf,
    },

    /// A checkpoint belongs to a run of another program.
    #[error(
        "{path}: this is a run of `{found}`, not of `{expected}`. Use it by `cargo run --release \
         --example {found}`"
    )]
    OtherProgram {
        /// The checkpoint.
        path: PathBuf,
        /// The program that it names.
        found: String,
        /// The program that was to use it.
        expected: String,
    },

    /// A metrics file lacks records that its run's checkpoint counts.
    #[error(
        "{path} has {found} bytes, and {expected} when its checkpoint was written. Put the whole \
         file back, or start anew in another folder"
    )]
    Shorter {
        /// The metrics file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// How long it was at least.
        expected: u64,
    },

    /// A flag asks for something that cannot be.
    #[error("{flag}: {why}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// Why not.
        why: String,
    },
}

/// How one goes on with a run in spite of a field that differs.
fn to_go_on(field: &str) -> String {
    match field.split_once('.') {
        // Of many fields, which no flag sets one by one.
        Some((whole, _)) => format!("Go on with the `{whole}` that it began with"),
        None => "Leave that flag out to go on".to_owned(),
    }
}
