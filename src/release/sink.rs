//! Where derived files of a release go: into its folder while it is built, or into hashes alone while it is checked.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::ReleaseError;
use crate::id::Digest;

/// Takes files.
pub(super) trait Sink {
    /// A file that is being written.
    type File: Write + Send;

    /// Begins a file; several can be open at once.
    fn open(&mut self, name: &str) -> Result<Self::File, ReleaseError>;

    /// Ends a file.
    fn close(&mut self, name: &str, file: Self::File) -> Result<(), ReleaseError>;

    /// Takes a file with these bytes.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError>;
}

/// Gives a file that a function writes to a sink; returns what the function returns.
pub(super) fn put_result<S: Sink, T, E: Into<ReleaseError>>(
    sink: &mut S,
    name: &str,
    write: impl FnOnce(&mut S::File) -> Result<T, E>,
) -> Result<T, ReleaseError> {
    let mut file = sink.open(name)?;
    let result = write(&mut file).map_err(Into::into)?;
    sink.close(name, file)?;
    Ok(result)
}

/// Keeps the BLAKE3 of each file, and no byte of it.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    pub(super) files: BTreeMap<String, Digest>,
}

/// How many bytes are hashed at a time.
const BLOCK_BYTES: usize = 1 << 18;

impl Sink for Hashes {
    type File = io::BufWriter<blake3::Hasher>;

    fn open(&mut self, _: &str) -> Result<Self::File, ReleaseError> {
        Ok(io::BufWriter::with_capacity(BLOCK_BYTES, blake3::Hasher::new()))
    }

    fn close(&mut self, name: &str, file: Self::File) -> Result<(), ReleaseError> {
        let hasher = file.into_inner().map_err(|error| error.into_error())?;
        let digest = Digest::from_bytes(*hasher.finalize().as_bytes());
        self.files.insert(name.to_owned(), digest);
        Ok(())
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        self.files.insert(name.to_owned(), Digest::of(bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_same_hash_whichever_way_it_comes() {
        let mut hashes = Hashes::default();
        hashes.put("a", b"some bytes").unwrap();
        let count = put_result(&mut hashes, "b", |out| {
            out.write_all(b"some ")?;
            out.write_all(b"bytes").map(|()| 2)
        });
        assert_eq!(count.unwrap(), 2);
        assert_eq!(hashes.files["a"], hashes.files["b"]);
        assert_eq!(hashes.files["a"], Digest::of(b"some bytes"));
    }
}
