//! How is a gzip file unpacked without trusting it?
//!
//! Twice: first into nothing, which checks every byte, the checksum and the size; then into memory
//! of exactly that size. A file that is broken at its last byte has cost no more memory than one
//! that is broken at its first, and a small file that unpacks to something huge is stopped where
//! it exceeds what images can be packed to.
//!
//! The format: Deutsch 1996, "GZIP file format specification version 4.3", RFC 1952.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::GzDecoder;

use super::Flaw;

/// What every gzip file begins with.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The most bytes that a file of so many may unpack to: 32 times as many, and 16 MiB.
///
/// Photographs shrink by a third, drawings and digits five times, blank images a thousand times.
pub(super) fn limit(packed: usize) -> usize {
    packed.saturating_mul(32).saturating_add(16 << 20)
}

/// The bytes of a gzip file.
pub(super) struct Gzip<'a>(Cow<'a, [u8]>);

impl<'a> Gzip<'a> {
    /// Takes bytes that begin as a gzip file does.
    pub(super) fn new(bytes: Cow<'a, [u8]>) -> Result<Gzip<'a>, Flaw> {
        if bytes.starts_with(&MAGIC) { Ok(Gzip(bytes)) } else { Err(Flaw::NotPacked) }
    }

    /// The first `len` bytes of the contents, or all if there are fewer.
    pub(super) fn head(&self, len: usize) -> Result<Vec<u8>, Flaw> {
        let mut head = Vec::with_capacity(len);
        GzDecoder::new(&*self.0).take(len as u64).read_to_end(&mut head).map_err(broken)?;
        Ok(head)
    }

    /// Checks the whole file and returns how many bytes its contents have.
    pub(super) fn size(&self) -> Result<usize, Flaw> {
        let limit = limit(self.0.len());
        let mut decoder = GzDecoder::new(&*self.0);
        let mut buffer = [0; 1 << 15];
        let mut size = 0;
        loop {
            match decoder.read(&mut buffer) {
                Ok(0) => break,
                Ok(more) => size += more,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => (),
                Err(why) => return Err(broken(why)),
            }
            if size > limit {
                return Err(Flaw::Bomb { packed: self.0.len(), limit });
            }
        }
        match decoder.into_inner().len() {
            0 => Ok(size),
            more => Err(Flaw::BehindGzip(more)),
        }
    }

    /// The contents. `size` is what [`Gzip::size`] returned.
    pub(super) fn unpack(self, size: usize) -> Result<Vec<u8>, Flaw> {
        let mut contents = vec![0; size];
        GzDecoder::new(&*self.0).read_exact(&mut contents).map_err(broken)?;
        Ok(contents)
    }
}

fn broken(why: io::Error) -> Flaw {
    Flaw::Gzip(why.to_string())
}
