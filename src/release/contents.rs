//! The files of a release while they are written: each hashed on its way out and again from the disk.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;

use super::ReleaseError;
use super::hashed::Hashed;
use super::manifest::{Found, FoundFile, digest_with_blob};
use super::progress::{ReleaseStage, TellProgress, Telling};
use super::sink::Sink;
use super::swh::{BlobHash, directory_id};
use crate::export::ImageRow;
use crate::export::checkout::write_image;
use crate::files::folder::FileError;
use crate::files::output::{OutputFile, StagedFolder, WrittenFile};
use crate::id::Digest;
use crate::repo::Repo;

/// A folder in the making.
pub(super) struct Contents {
    staged: StagedFolder,
    written: BTreeMap<String, Digest>,
    /// What is not durable yet.
    waiting: Vec<WrittenFile>,
    /// The ids of files that were read back, as git has them.
    blobs: BTreeMap<String, BlobHash>,
    /// Files that belong into the folder and cannot be written, as their bytes were erased.
    erased: Found,
}

/// How many files wait until they are made durable together.
const WAITING_MAX: usize = 256;

/// How many bytes are hashed at a time: BLAKE3 is slow on the short pieces in which records are written.
const BLOCK_BYTES: usize = 1 << 18;

impl Contents {
    pub(super) fn create(path: &Path) -> Result<Self, ReleaseError> {
        Ok(Self {
            staged: StagedFolder::create(path)?,
            written: BTreeMap::new(),
            waiting: Vec::new(),
            blobs: BTreeMap::new(),
            erased: Found::new(),
        })
    }

    /// Notes what was written; from time to time that is made durable.
    fn note(&mut self, name: &str, digest: Digest, file: WrittenFile) -> Result<(), ReleaseError> {
        self.written.insert(name.to_owned(), digest);
        self.waiting.push(file);
        if self.waiting.len() >= WAITING_MAX {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes everything durable.
    fn sync(&mut self) -> Result<(), ReleaseError> {
        let waiting = std::mem::take(&mut self.waiting);
        Ok(WrittenFile::sync_all(&waiting)?)
    }

    /// Writes a file with these bytes.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        let mut file = self.staged.create_file(name)?;
        let path = file.path().to_owned();
        file.write_all(bytes).map_err(|source| FileError::Io {
            action: "write",
            path,
            source,
        })?;
        self.note(name, Digest::of(bytes), file.hand_over()?)
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

    /// Counts a file as there whose bytes were erased; what is known of it comes from elsewhere.
    pub(super) fn add_erased(&mut self, name: String, file: FoundFile) {
        self.erased.insert(name, file);
    }

    /// Returns the names of files whose bytes were erased.
    pub(super) fn erased(&self) -> impl Iterator<Item = &String> {
        self.erased.keys()
    }

    /// Makes everything durable, reads the files that are not in `found` from the disk, compares each with what was
    /// written, and adds its digests and its length.
    pub(super) fn read_back(
        &mut self,
        found: &mut Found,
        progress: Option<&TellProgress<'_>>,
    ) -> Result<(), ReleaseError> {
        self.sync()?;
        let new: Vec<(&String, &Digest)> = self
            .written
            .iter()
            .filter(|(name, _)| !found.contains_key(*name))
            .collect();
        let total = u64::try_from(new.len()).unwrap_or(u64::MAX);
        let reading = Telling::begin(progress, ReleaseStage::ReadingBack, total);
        let read: Vec<(String, FoundFile, BlobHash)> = new
            .into_par_iter()
            .map(|(name, written)| {
                let (file, blob) = self.read_back_file(name, *written)?;
                reading.advance(1);
                Ok((name.clone(), file, blob))
            })
            .collect::<Result<_, ReleaseError>>()?;
        for (name, file, blob) in read {
            self.blobs.insert(name.clone(), blob);
            found.insert(name, file);
        }
        found.extend(self.erased.iter().map(|(name, file)| (name.clone(), *file)));
        Ok(())
    }

    fn read_back_file(&self, name: &str, written: Digest) -> Result<(FoundFile, BlobHash), ReleaseError> {
        let path = self.staged.path().join(name);
        let mut file = self.staged.folder().open_file(name)?;
        let failed = |source| FileError::Io {
            action: "read",
            path: path.clone(),
            source,
        };
        let size_bytes = file.metadata().map_err(failed)?.len();
        let read = digest_with_blob(&mut file, size_bytes).map_err(failed)?;
        match read {
            Some((digests, blob)) if digests.blake3 == written => {
                Ok((FoundFile { digests, size_bytes }, blob))
            }
            Some(_) | None => Err(ReleaseError::ReadBack { path }),
        }
    }

    /// Returns `swh:1:dir:…` of what was read back.
    pub(super) fn swhid(&self) -> String {
        directory_id(&self.blobs)
    }

    /// Returns the folder, all of it durable.
    pub(super) fn into_staged(mut self) -> Result<StagedFolder, ReleaseError> {
        self.sync()?;
        Ok(self.staged)
    }
}

impl Sink for Contents {
    /// SHA-256 is left to the reading back, which hashes all bytes again.
    type File = BufWriter<Hashed<OutputFile>>;

    fn open(&mut self, name: &str) -> Result<Self::File, ReleaseError> {
        let hashed = Hashed::new(self.staged.create_file(name)?);
        Ok(BufWriter::with_capacity(BLOCK_BYTES, hashed))
    }

    fn close(&mut self, name: &str, file: Self::File) -> Result<(), ReleaseError> {
        let path = file.get_ref().inner().path().to_owned();
        let hashed = file.into_inner().map_err(|error| FileError::Io {
            action: "write",
            path,
            source: error.into_error(),
        })?;
        let (file, digest) = hashed.finish();
        self.note(name, digest, file.hand_over()?)
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ReleaseError> {
        self.add(name, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::durable::watch;

    #[test]
    fn every_file_is_durable_before_it_is_read_back_and_before_the_release_has_its_name() {
        for count in [1, 5, WAITING_MAX + 3] {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("release");
            let syncs = watch::syncs_below(dir.path(), &target);
            let synced = || {
                let syncs = syncs.lock().unwrap();
                syncs.iter().filter(|(path, _)| path.starts_with(&target)).count()
            };
            let mut contents = Contents::create(&target).unwrap();
            for number in 0..count {
                contents.add(&format!("data/{number}"), b"bytes").unwrap();
            }
            assert_eq!(
                synced(),
                count / WAITING_MAX * WAITING_MAX,
                "so many wait no longer"
            );
            let mut rows = contents.open("rows.jsonl").unwrap();
            rows.write_all(b"{}\n").unwrap();
            contents.close("rows.jsonl", rows).unwrap();
            contents.read_back(&mut Found::new(), None).unwrap();
            assert_eq!(synced(), count + 1);
            contents.add("manifest", b"of what was read back").unwrap();
            contents.into_staged().unwrap().publish().unwrap();
            assert_eq!(
                watch::not_durable(&syncs, &target),
                Vec::<std::path::PathBuf>::new()
            );
        }
    }

    #[test]
    fn a_file_that_reads_back_otherwise_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut contents = Contents::create(&dir.path().join("release")).unwrap();
        contents.add("a", b"bytes").unwrap();
        contents.read_back(&mut Found::new(), None).unwrap();
        fs::write(dir.path().join(".release.holotype-partial/a"), b"other").unwrap();
        let read = contents.read_back(&mut Found::new(), None);
        assert!(matches!(read, Err(ReleaseError::ReadBack { path }) if path.ends_with("a")));
    }
}
