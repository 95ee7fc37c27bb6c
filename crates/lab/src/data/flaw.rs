//! What can be wrong with a file of data, and what does one do about it?

/// Why a file is not the data it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// A name with `.gz` and contents that are not packed.
    #[error("not a gzip file. If it is unpacked already, take `.gz` off its name")]
    NotPacked,

    /// A name without `.gz` and contents that are packed.
    #[error("a gzip file. Put `.gz` behind its name, or unpack it with gunzip")]
    Packed,

    /// Gzip data that are cut short or damaged; what the unpacker says.
    #[error("damaged or cut short gzip data ({0}). Fetch the file again")]
    Gzip(String),

    /// Bytes, perhaps a second packed file, behind the packed one: how many.
    #[error("{0} bytes follow the end of the gzip data. Fetch the file again, or unpack it first")]
    BehindGzip(usize),

    /// It would unpack to more than images can be packed to.
    #[error(
        "{packed} packed bytes become more than {limit}, as no set of images does. If you trust \
         the file, unpack it with gunzip"
    )]
    Bomb {
        /// Bytes of the file.
        packed: usize,
        /// The most bytes that would be accepted.
        limit: usize,
    },

    /// A file that ends within its header.
    #[error("only {found} bytes, its header alone has {needed}. Fetch the file again")]
    Short {
        /// Bytes there are.
        found: usize,
        /// Bytes of the header.
        needed: usize,
    },

    /// An IDX file that does not begin as one; its first four bytes.
    #[error("not an IDX file: it begins with {0:02x?}, not with [00, 00, 08, the number of axes]")]
    Magic([u8; 4]),

    /// An IDX file of other numbers than bytes; the code of their type.
    #[error("its numbers are of type {0:#04x}, only bytes, type 0x08, can be read")]
    Type(u8),

    /// An IDX file with another number of axes.
    #[error("it has {found} axes, not one of {expected:?}. Are images and labels exchanged?")]
    Axes {
        /// Those of the file.
        found: u8,
        /// What is accepted.
        expected: Vec<usize>,
    },

    /// Sizes one of which is 0.
    #[error("its sizes {0:?} leave nothing to read")]
    Nothing(Vec<usize>),

    /// A file that is longer or shorter than its header says.
    #[error("its header says {sizes:?}, but {found} bytes follow it. Fetch the file again")]
    Size {
        /// The header's sizes.
        sizes: Vec<usize>,
        /// Bytes behind the header.
        found: usize,
    },

    /// Four axes none of which can be the channels.
    #[error("in {0:?} neither the last axis nor the second has 1 or 3 channels")]
    Channels(Vec<usize>),

    /// Another number of labels than of images.
    #[error("{labels} labels for {images} images. Take both files from the same set")]
    Count {
        /// How many images there are.
        images: usize,
        /// How many labels there are.
        labels: usize,
    },

    /// A label that is not the number of a class.
    #[error("label {label} of image {image} is above {last}")]
    Label {
        /// The image's place.
        image: usize,
        /// Its label.
        label: u8,
        /// The last class.
        last: u8,
    },

    /// A file of records that ends within one, or has none.
    #[error("{found} bytes are no whole number of records of {record}. Fetch the file again")]
    Records {
        /// Bytes there are.
        found: usize,
        /// Bytes of a record.
        record: usize,
    },

    /// A line of a table that is no digit.
    #[error("line {line}: {what}. Correct or delete this line")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },

    /// A PNG file that is damaged; what the decoder says.
    #[error("not a whole PNG file: {0}. Save or fetch the picture again")]
    Png(String),

    /// A picture of another size than the first.
    #[error("{found:?} pixels, the first picture of the folder has {first:?}. Ask for one size")]
    OtherSize {
        /// Height and width.
        found: [usize; 2],
        /// Height and width of the first.
        first: [usize; 2],
    },

    /// A picture of more pixels than are read.
    #[error("{found:?} are more than {limit} pixels. Make the picture smaller")]
    Large {
        /// Height and width.
        found: [usize; 2],
        /// The most pixels.
        limit: usize,
    },

    /// A folder with more folders than a byte can number.
    #[error("more than 256 folders, each of which would be a class")]
    Classes,
}

impl Flaw {
    /// Checks that all labels are numbers of so many classes.
    pub(super) fn in_labels(labels: &[u8], classes: u8) -> Result<(), Flaw> {
        match labels.iter().position(|label| *label >= classes) {
            None => Ok(()),
            Some(image) => Err(Flaw::Label { image, label: labels[image], last: classes - 1 }),
        }
    }
}
