//! Where derived files of a release go: into its folder while it is built, or into hashes alone while it is checked.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::ReleaseError;
use crate::id::Digest;

/// Writes one file.
pub(super) type WriteFile<'w> = dyn FnMut(&mut (dyn Write + Send)) -> Result<(), ReleaseError> + 'w;

/// Takes files.
pub(super) trait Sink {
    /// Takes a file that a function writes, which is called once.
    fn put_with(&mut self, name: &str, write: &mut WriteFile<'_>) -> Result<(), ReleaseError>;

    /// Takes a file with these bytes.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError>;
}

/// Gives a file that a function writes to a sink; returns what the function returns.
pub(super) fn put_result<T, E: Into<ReleaseError>>(
    sink: &mut dyn Sink,
    name: &str,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, E>,
) -> Result<T, ReleaseError> {
    let mut once = Some(write);
    let mut result = None;
    sink.put_with(name, &mut |out| {
        if let Some(write) = once.take() {
            result = Some(write(out).map_err(Into::into)?);
        }
        Ok(())
    })?;
    Ok(result.expect("a sink calls the function that it is given"))
}

/// Keeps the BLAKE3 of each file, and no byte of it.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    pub(super) files: BTreeMap<String, Digest>,
}

/// How many bytes are hashed at a time.
const BLOCK_BYTES: usize = 1 << 18;

impl Sink for Hashes {
    fn put_with(&mut self, name: &str, write: &mut WriteFile<'_>) -> Result<(), ReleaseError> {
        let mut out = io::BufWriter::with_capacity(BLOCK_BYTES, blake3::Hasher::new());
        write(&mut out)?;
        let hasher = out.into_inner().map_err(|error| error.into_error())?;
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
