//! Are these bytes the well-known ones?

use std::fmt;

use sha2::{Digest, Sha256};

/// Whether data are those of a well-known set, by the SHA-256 of their unpacked files.
///
/// Other data are welcome too: many sets come under the same file names. But then nothing proves
/// that they arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// Every byte is that of this set.
    Known(&'static str),
    /// The bytes are of no set that is known here.
    Unknown,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provenance::Known(name) => write!(f, "{name}, every byte as published"),
            Provenance::Unknown => f.write_str("checksums of no set known here"),
        }
    }
}

/// The sets that are recognised: the name, and the checksums of their files, unpacked. The README
/// of the folder data has the same sums, and how to compare them by hand.
const SETS: [(&str, &[&str]); 5] = [
    (
        "MNIST, training digits",
        &[
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ],
    ),
    (
        "MNIST, test digits",
        &[
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ],
    ),
    (
        "Fashion-MNIST, training images",
        &[
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ],
    ),
    (
        "Fashion-MNIST, test images",
        &[
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ],
    ),
    (
        "optical digits of 8 x 8",
        &["6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"],
    ),
];

impl Provenance {
    /// What files with these checksums are, in the order of the list.
    pub(super) fn of(files: &[Sum]) -> Provenance {
        let is_known = |known: &[&str]| known.iter().eq(files.iter().map(|sum| &sum.0));
        match SETS.iter().find(|(_, known)| is_known(known)) {
            Some((name, _)) => Provenance::Known(name),
            None => Provenance::Unknown,
        }
    }
}

/// SHA-256 in hexadecimal digits, as `sha256sum` prints it.
#[derive(Debug, PartialEq)]
pub(super) struct Sum(String);

impl Sum {
    pub(super) fn of(bytes: &[u8]) -> Sum {
        Sum(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn a_sum_is_that_of_the_standard() {
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sum::of(b"abc").0, sum);
    }
}
