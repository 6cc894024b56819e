//! Folders that may hold good copies: files by their place, and all files by the hash of their bytes.
//!
//! They are a stranger's: no link in them is followed, and nothing that they say is believed without a proof.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use crate::files::folder::{EntryKind, FileError, Folder, Vacancy, vacancy};
use crate::id::Digest;
use crate::store::{BlobSource, REPOSITORY_DIR, Restorable, Store, StoreError, hash_stream};

use super::{RepairError, Restored};

/// Where a release keeps the history, as the repository has it.
const HISTORY: &str = "data/history/";

/// The folders.
pub(super) struct Sources {
    folders: Vec<Folder>,
    /// All files by their hash: the number of the folder and the name; read when it is first needed.
    hashes: Option<BTreeMap<Digest, (usize, String)>>,
}

/// A file that may be a good copy.
pub(super) struct Candidate<'s> {
    folder: &'s Folder,
    name: String,
}

/// An open file of a folder.
struct OpenFile<F> {
    file: F,
    path: PathBuf,
}

impl<F: Read> Read for OpenFile<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl<F: Read + AsFd> BlobSource for OpenFile<F> {
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Sources {
    /// Opens folders; of one that holds a repository, that too.
    ///
    /// # Errors
    /// [`FileError`] when one cannot be opened.
    pub(super) fn open(from: &[PathBuf]) -> Result<Self, FileError> {
        let mut folders = Vec::new();
        for path in from {
            let inner = path.join(REPOSITORY_DIR);
            if vacancy(&inner)? == Vacancy::Occupied {
                folders.push(Folder::open(&inner)?);
            }
            folders.push(Folder::open(path)?);
        }
        Ok(Self {
            folders,
            hashes: None,
        })
    }

    /// The files at a path below `.holotype`, and at the same of a release's history.
    pub(super) fn at(&self, path: &str) -> impl Iterator<Item = Candidate<'_>> {
        let names = [path.to_owned(), format!("{HISTORY}{path}")];
        self.folders.iter().flat_map(move |folder| {
            names
                .clone()
                .into_iter()
                .map(move |name| Candidate { folder, name })
        })
    }

    /// A file with these bytes, wherever it stands. All files are read and hashed when this is first asked.
    ///
    /// # Errors
    /// [`FileError`] when a folder cannot be listed.
    pub(super) fn with_hash(&mut self, digest: Digest) -> Result<Option<Candidate<'_>>, FileError> {
        if self.hashes.is_none() {
            let mut found = BTreeMap::new();
            for (number, folder) in self.folders.iter().enumerate() {
                for entry in folder.list()? {
                    let is_file = matches!(entry.kind, EntryKind::File { .. });
                    let is_ours = entry.name.starts_with(REPOSITORY_DIR);
                    if is_file
                        && !is_ours
                        && let Some(hash) = hash_of(folder, &entry.name)
                    {
                        found.entry(hash).or_insert((number, entry.name));
                    }
                }
            }
            self.hashes = Some(found);
        }
        let place = self.hashes.as_ref().and_then(|hashes| hashes.get(&digest));
        Ok(place.and_then(|(number, name)| {
            let folder = self.folders.get(*number)?;
            let name = name.clone();
            Some(Candidate { folder, name })
        }))
    }
}

/// The hash of a file; `None` when it cannot be read, as one of another owner.
fn hash_of(folder: &Folder, name: &str) -> Option<Digest> {
    let mut file = folder.open_file(name).ok()?;
    hash_stream(&mut file).ok().map(|(blob, _)| blob.digest())
}

impl Candidate<'_> {
    fn open(&self) -> Option<OpenFile<impl Read + AsFd + use<>>> {
        let file = self.folder.open_file(&self.name).ok()?;
        let path = self.folder.path().join(&self.name);
        Some(OpenFile { file, path })
    }

    /// Puts the file where it belongs, if it is what belongs there. `None` when it is not there, cannot be read or is
    /// something else.
    ///
    /// # Errors
    /// [`RepairError`] when it cannot be written.
    pub(super) fn put_back(
        &self,
        store: &Store,
        kind: &Restorable,
        path: &str,
        dry_run: bool,
    ) -> Result<Option<Restored>, RepairError> {
        let Some(mut open) = self.open() else {
            return Ok(None);
        };
        let from = Some(open.path.clone());
        let done = match kind {
            Restorable::Blob(blob) if dry_run => hash_stream(&mut open)
                .ok()
                .filter(|(found, _)| found == blob)
                .map(|_| None),
            Restorable::Blob(blob) => unless_other(store.put_back_blob(*blob, &mut open))?,
            Restorable::Hashed(_) | Restorable::Sealed | Restorable::Witness => {
                let mut bytes = Vec::new();
                if open.read_to_end(&mut bytes).is_err() {
                    return Ok(None);
                }
                if dry_run {
                    unless_other(store.prove(path, &bytes))?.map(|()| None)
                } else {
                    unless_other(store.put_back(path, &bytes))?
                }
            }
        };
        Ok(done.map(|set_aside| Restored {
            path: path.to_owned(),
            from,
            set_aside,
        }))
    }
}

/// A file that is not what belongs there is no failure.
fn unless_other<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.is_damage() => Ok(None),
        Err(error) => Err(error),
    }
}
