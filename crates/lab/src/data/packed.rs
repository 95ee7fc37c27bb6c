//! How is a file read that may be packed, and of which nothing is known yet?

use std::borrow::Cow;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Flaw;
use super::gzip::{self, Gzip};
use crate::Error;

/// A file's bytes, as they are on the disk.
pub(super) enum Packed<'a> {
    Plain(Cow<'a, [u8]>),
    Gzip(Gzip<'a>),
}

impl<'a> Packed<'a> {
    /// Takes the bytes of a gzip file.
    pub(super) fn gzip(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Packed<'a>, Flaw> {
        Gzip::new(bytes.into()).map(Packed::Gzip)
    }

    /// Takes the bytes of a file that is not packed.
    pub(super) fn plain(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Packed<'a>, Flaw> {
        let bytes = bytes.into();
        if bytes.starts_with(&gzip::MAGIC) { Err(Flaw::Packed) } else { Ok(Packed::Plain(bytes)) }
    }

    /// The first `len` bytes of the contents, or all if there are fewer.
    pub(super) fn head(&self, len: usize) -> Result<Vec<u8>, Flaw> {
        match self {
            Packed::Plain(bytes) => Ok(bytes[..len.min(bytes.len())].to_vec()),
            Packed::Gzip(gzip) => gzip.head(len),
        }
    }

    /// How many bytes the contents have. Takes no memory for them, and has checked every one when
    /// it returns.
    pub(super) fn size(&self) -> Result<usize, Flaw> {
        match self {
            Packed::Plain(bytes) => Ok(bytes.len()),
            Packed::Gzip(gzip) => gzip.size(),
        }
    }

    /// The contents. `size` is what [`Packed::size`] returned.
    pub(super) fn unpack(self, size: usize) -> Result<Vec<u8>, Flaw> {
        match self {
            Packed::Plain(bytes) => Ok(bytes.into_owned()),
            Packed::Gzip(gzip) => gzip.unpack(size),
        }
    }
}

/// Reads a file; it is packed if its name ends in `.gz`.
///
/// # Errors
/// [`Error::Read`], or [`Error::Malformed`] if the name and the contents do not agree.
pub(super) fn open(path: &Path) -> Result<Packed<'static>, Error> {
    let bytes = read(path)?;
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let packed = if packed { Packed::gzip(bytes) } else { Packed::plain(bytes) };
    packed.map_err(|flaw| malformed(path, flaw))
}

/// The bytes of a file. A device or a pipe, which may have no end, is refused.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is not a regular file")));
    }
    fs::read(path).map_err(failed)
}

pub(super) fn malformed(path: &Path, flaw: Flaw) -> Error {
    Error::Malformed { path: path.to_owned(), flaw }
}

/// Which of `name` and `name.gz` is in the folder; the unpacked one if both are. A name at which
/// one may not look counts as there: reading it then says so.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.try_exists().unwrap_or(true))
}
