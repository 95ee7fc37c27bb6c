//! What is in a CIFAR-10 file?
//!
//! Records of 3,073 bytes: a label from 0 to 9, then 32 x 32 pixels as three planes, red, green and
//! blue. Five files to learn from and one to test with; as published each has 10,000 records.
//!
//! Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; the binary
//! version of the data set.

use super::packed::Packed;
use super::{Flaw, channels_last};

pub(super) const IMAGE: [usize; 3] = [32, 32, 3];

const CLASSES: u8 = 10;
const RECORD: usize = 1 + 32 * 32 * 3;

/// Appends the pixels and the labels of a file.
pub(super) fn append(
    file: Packed<'_>,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), Flaw> {
    let size = file.size()?;
    if size == 0 || !size.is_multiple_of(RECORD) {
        return Err(Flaw::Records { found: size, record: RECORD });
    }
    let bytes = file.unpack(size)?;
    let records = || bytes.chunks_exact(RECORD);
    let first = labels.len();
    labels.extend(records().map(|record| record[0]));
    Flaw::in_labels(&labels[first..], CLASSES)?;
    pixels.reserve_exact(size);
    records().for_each(|record| pixels.extend(channels_last(&record[1..], IMAGE)));
    Ok(())
}
