//! The files of a release while they are written: each hashed on its way out and again from the disk.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;

use super::ReleaseError;
use super::manifest::{Found, FoundFile, digest_sized};
use super::sink::{Sink, WriteFile};
use crate::export::ImageRow;
use crate::export::checkout::write_image;
use crate::files::folder::FileError;
use crate::files::output::{OutputFile, StagedFolder};
use crate::id::Digest;
use crate::repo::Repo;

/// A folder in the making.
pub(super) struct Contents {
    staged: StagedFolder,
    written: BTreeMap<String, Digest>,
}

/// How many bytes are hashed at a time: BLAKE3 is slow on the short pieces in which records are written.
const BLOCK_BYTES: usize = 1 << 18;

/// A file whose bytes are hashed on their way. SHA-256 is left to the reading back, which hashes all bytes again.
struct Hashed {
    file: OutputFile,
    hasher: blake3::Hasher,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or(&[]));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Contents {
    pub(super) fn create(path: &Path) -> Result<Self, ReleaseError> {
        Ok(Self {
            staged: StagedFolder::create(path)?,
            written: BTreeMap::new(),
        })
    }

    fn write_with(&mut self, name: &str, write: &mut WriteFile<'_>) -> Result<(), ReleaseError> {
        let hashed = Hashed {
            file: self.staged.create_file(name)?,
            hasher: blake3::Hasher::new(),
        };
        let path = hashed.file.path().to_owned();
        let mut out = BufWriter::with_capacity(BLOCK_BYTES, hashed);
        write(&mut out)?;
        let hashed = out.into_inner().map_err(|error| FileError::Io {
            action: "write",
            path,
            source: error.into_error(),
        })?;
        hashed.file.finish()?;
        let digest = Digest::from_bytes(*hashed.hasher.finalize().as_bytes());
        self.written.insert(name.to_owned(), digest);
        Ok(())
    }

    /// Writes a file with these bytes.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        self.staged.write_file(name, bytes)?;
        self.written.insert(name.to_owned(), Digest::of(bytes));
        Ok(())
    }

    /// Writes the files of an image below a folder; returns how many bytes.
    pub(super) fn add_image(
        &mut self,
        repo: &Repo,
        image: &ImageRow,
        below: &str,
    ) -> Result<u64, ReleaseError> {
        let size_bytes = write_image(repo, image, below, &mut self.staged)?;
        for (name, file) in image.file_names() {
            self.written.insert(format!("{below}{name}"), file.blob.digest());
        }
        Ok(size_bytes)
    }

    /// Reads the files that are not in `found` from the disk, compares each with what was written, and adds its
    /// digests and its length.
    pub(super) fn read_back(&self, found: &mut Found) -> Result<(), ReleaseError> {
        let new: Vec<(&String, &Digest)> = self
            .written
            .iter()
            .filter(|(name, _)| !found.contains_key(*name))
            .collect();
        let read: Vec<(String, FoundFile)> = new
            .into_par_iter()
            .map(|(name, written)| Ok((name.clone(), self.read_back_file(name, *written)?)))
            .collect::<Result<_, ReleaseError>>()?;
        found.extend(read);
        Ok(())
    }

    fn read_back_file(&self, name: &str, written: Digest) -> Result<FoundFile, ReleaseError> {
        let path = self.staged.path().join(name);
        let mut file = self.staged.folder().open_file(name)?;
        let (digests, size_bytes) = digest_sized(&mut file).map_err(|source| FileError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        if digests.blake3 == written {
            Ok(FoundFile { digests, size_bytes })
        } else {
            Err(ReleaseError::ReadBack { path })
        }
    }

    pub(super) fn into_staged(self) -> StagedFolder {
        self.staged
    }
}

impl Sink for Contents {
    fn put_with(&mut self, name: &str, write: &mut WriteFile<'_>) -> Result<(), ReleaseError> {
        self.write_with(name, write)
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        self.add(name, bytes)
    }
}
