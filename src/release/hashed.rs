//! A writer that hashes what passes through it.

use std::io::{self, Write};

use crate::id::Digest;

/// A writer, and BLAKE3 of what went into it.
pub(super) struct Hashed<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
        }
    }

    pub(super) fn inner(&self) -> &W {
        &self.inner
    }

    /// Gives the writer back, with the digest.
    pub(super) fn finish(self) -> (W, Digest) {
        (self.inner, Digest::from_bytes(*self.hasher.finalize().as_bytes()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or(&[]));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
