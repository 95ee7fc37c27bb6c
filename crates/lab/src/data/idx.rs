//! What is in an IDX file?
//!
//! Two zeros, a byte for the type of the numbers (8: bytes), a byte for how many sizes follow; the
//! sizes, four bytes each, the most significant first; then the numbers, the last axis fastest.
//!
//! Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section on the file
//! format.

use super::packed::Packed;
use super::provenance::Sum;
use super::{Flaw, Images, channels_last};

/// The classes of the sets that come in this format under the usual names.
pub(super) const CLASSES: u8 = 10;

/// The sizes of an IDX file of bytes, which holds as many bytes as they say.
struct Header {
    sizes: Vec<usize>,
    /// Bytes before the numbers.
    len: usize,
    /// Bytes of the whole file, unpacked.
    total: usize,
}

/// Reads the header of a file with one of these numbers of axes, and checks the file's length.
fn header(file: &Packed<'_>, axes: &[usize]) -> Result<Header, Flaw> {
    let most = axes.iter().max().copied().unwrap_or_default();
    let head = file.head(4 + 4 * most)?;
    let short = |needed| Flaw::Short { found: head.len(), needed };
    let (magic, rest) = head.split_first_chunk::<4>().ok_or(short(4))?;
    match *magic {
        [0, 0, 8, found] if axes.contains(&found.into()) => (),
        [0, 0, 8, found] => return Err(Flaw::Axes { found, expected: axes.to_vec() }),
        [0, 0, kind @ (9 | 0x0b..=0x0e), _] => return Err(Flaw::Type(kind)),
        _ => return Err(Flaw::Magic(*magic)),
    }
    let rank = usize::from(magic[3]);
    let len = 4 + 4 * rank;
    let (sizes, _) = rest.as_chunks::<4>();
    let sizes = sizes.get(..rank).ok_or(short(len))?;
    let sizes: Vec<usize> = sizes.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    if sizes.contains(&0) {
        return Err(Flaw::Nothing(sizes));
    }
    let says = sizes.iter().try_fold(1, |product: usize, size| product.checked_mul(*size));
    let total = file.size()?;
    let found = total.saturating_sub(len);
    if says != Some(found) {
        return Err(Flaw::Size { sizes, found });
    }
    Ok(Header { sizes, len, total })
}

/// The images of a file, and its unpacked bytes' checksum.
///
/// Its axes are count, height, width and, where there are four, channels, which may also stand
/// second.
pub(super) fn images(file: Packed<'_>) -> Result<(Images, Sum), Flaw> {
    let Header { sizes, len, total } = header(&file, &[3, 4])?;
    let (shape, channels_first) = match sizes[1..] {
        [height, width] => ([height, width, 1], false),
        [height, width, channels @ (1 | 3)] => ([height, width, channels], false),
        [channels @ (1 | 3), height, width] => ([height, width, channels], true),
        _ => return Err(Flaw::Channels(sizes)),
    };
    let mut bytes = file.unpack(total)?;
    let sum = Sum::of(&bytes);
    bytes.drain(..len);
    if channels_first {
        bytes = channels_last(&bytes, shape);
    }
    Ok((Images::new(shape, bytes, None), sum))
}

/// The labels of so many images, each below `classes`, and their file's checksum.
pub(super) fn labels(file: Packed<'_>, images: usize, classes: u8) -> Result<(Vec<u8>, Sum), Flaw> {
    let Header { sizes, len, total } = header(&file, &[1])?;
    if sizes[0] != images {
        return Err(Flaw::Count { images, labels: sizes[0] });
    }
    let mut bytes = file.unpack(total)?;
    let sum = Sum::of(&bytes);
    bytes.drain(..len);
    Flaw::in_labels(&bytes, classes)?;
    Ok((bytes, sum))
}
