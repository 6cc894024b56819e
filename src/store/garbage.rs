//! Files that may go: blobs that nothing names, what is derived, and what dead processes left in `tmp/`. Which blobs are
//! needed is not known here.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::id::BlobId;
use crate::time::Timestamp;

use super::vfs::{DirEntry, LockMode};
use super::{Store, StoreError, acknowledged};

/// The folder of the index below `derived/`: its files are only of use together.
pub(super) const INDEX: &str = "index";

/// What a file is that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GarbageKind {
    /// The bytes of an image that no version has.
    Blob,
    /// What is rebuilt from the log.
    Derived,
    /// What a dead process left in `tmp/`.
    Temporary,
}

/// A file, or the folder of the index, that may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// What it is.
    pub kind: GarbageKind,
    /// Its path below `.holotype`.
    pub path: String,
    /// Its length in bytes; of a folder that of all files in it.
    pub size_bytes: u64,
    /// When it, or the youngest file in it, was last written; milliseconds since 1970.
    modified_ms: Option<i64>,
    is_dir: bool,
}

/// How many files there are, and how long they are together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// How many.
    pub files: u64,
    /// Their length in bytes.
    pub size_bytes: u64,
}

impl Tally {
    /// Counts the files of one kind.
    #[must_use]
    pub fn of(garbage: &[Garbage], kind: GarbageKind) -> Self {
        let mut tally = Self::default();
        for one in garbage.iter().filter(|one| one.kind == kind) {
            tally.files += 1;
            tally.size_bytes = tally.size_bytes.saturating_add(one.size_bytes);
        }
        tally
    }
}

impl Garbage {
    fn file(kind: GarbageKind, path: String, entry: &DirEntry) -> Self {
        Self {
            kind,
            path,
            size_bytes: entry.size_bytes,
            modified_ms: entry.modified_ms,
            is_dir: entry.is_dir,
        }
    }

    /// Whether it was last written `grace_ms` milliseconds before `now` or earlier. Without a period of grace everything
    /// was; with one, a file without a time was not, nor one from the future: whichever clock is wrong, it waits.
    #[must_use]
    pub fn is_past(&self, now: Timestamp, grace_ms: u64) -> bool {
        let Ok(grace_ms) = i64::try_from(grace_ms) else {
            return false;
        };
        grace_ms == 0
            || self
                .modified_ms
                .is_some_and(|modified| now.as_unix_ms().saturating_sub(modified) >= grace_ms)
    }
}

impl Store {
    /// Lists all blobs.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn blob_files(&self) -> Result<Vec<(BlobId, Garbage)>, StoreError> {
        let mut found = Vec::new();
        for shard in self.list("blobs")?.iter().filter(|entry| entry.is_dir) {
            let folder = format!("blobs/{}", shard.name);
            for entry in self.list(&folder)? {
                if let Ok(id) = BlobId::parse(&entry.name) {
                    let path = format!("{folder}/{}", entry.name);
                    found.push((id, Garbage::file(GarbageKind::Blob, path, &entry)));
                }
            }
        }
        Ok(found)
    }

    /// Lists what is derived: each file, and the index as one. The note beside a draft is left out while the draft is
    /// there, since it tells damage from a crash.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn derived_files(&self) -> Result<Vec<Garbage>, StoreError> {
        let mut found = Vec::new();
        for entry in self.list("derived")? {
            let path = format!("derived/{}", entry.name);
            let mut below = Vec::new();
            self.collect_files(GarbageKind::Derived, path.clone(), &entry, &mut below)?;
            if !entry.is_dir || entry.name != INDEX {
                found.append(&mut below);
            } else if !below.is_empty() {
                found.push(Garbage {
                    size_bytes: below.iter().map(|file| file.size_bytes).sum(),
                    // One file without a time makes all of them young.
                    modified_ms: below
                        .iter()
                        .map(|file| file.modified_ms)
                        .reduce(|a, b| Some(a?.max(b?)))
                        .flatten(),
                    ..Garbage::file(GarbageKind::Derived, path, &entry)
                });
            }
        }
        let notes: Vec<String> = self
            .list("draft")?
            .iter()
            .filter_map(|draft| Some(acknowledged::note_path(draft.name.strip_suffix(".jsonl")?)))
            .collect();
        found.retain(|file| !notes.contains(&file.path));
        Ok(found)
    }

    /// Lists the files in `tmp/`, those of living processes, too.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn temporary_files(&self) -> Result<Vec<Garbage>, StoreError> {
        let entries = self.list("tmp")?.into_iter().filter(|entry| !entry.is_dir);
        Ok(entries
            .map(|entry| Garbage::file(GarbageKind::Temporary, format!("tmp/{}", entry.name), &entry))
            .collect())
    }

    fn collect_files(
        &self,
        kind: GarbageKind,
        path: String,
        entry: &DirEntry,
        found: &mut Vec<Garbage>,
    ) -> Result<(), StoreError> {
        if !entry.is_dir {
            found.push(Garbage::file(kind, path, entry));
            return Ok(());
        }
        for inner in self.list(&path)? {
            self.collect_files(kind, format!("{path}/{}", inner.name), &inner, found)?;
        }
        Ok(())
    }

    /// Removes a file that may go; it may be gone already. `false` says that it stays: an index that somebody uses, who
    /// would lose the folder that carries its lock.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_garbage(&self, garbage: &Garbage) -> Result<bool, StoreError> {
        let path = self.path(&garbage.path);
        if garbage.is_dir {
            return self.empty_unused(&garbage.path, &path);
        }
        self.remove_busy(&path, false)
            .map_err(StoreError::io("remove", &path))?;
        Ok(true)
    }

    /// Removes what is in a folder that carries the lock of those who use it, unless somebody does.
    fn empty_unused(&self, relative: &str, path: &Path) -> Result<bool, StoreError> {
        let _lock = match self.vfs.lock(path, LockMode::TryExclusive) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            other => other.map_err(StoreError::io("lock", path))?,
        };
        for entry in self.list(relative)? {
            let inner = path.join(&entry.name);
            self.remove_busy(&inner, entry.is_dir)
                .map_err(StoreError::io("remove", &inner))?;
        }
        Ok(true)
    }

    /// Removes a file or folder, into which others may write meanwhile: what they write then may stay.
    pub(super) fn remove_busy(&self, path: &Path, is_dir: bool) -> io::Result<()> {
        const TRIES: u32 = 8;
        for _ in 0..TRIES {
            let removed = if is_dir {
                self.vfs.remove_dir_all(path)
            } else {
                self.vfs.remove(path)
            };
            match removed {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                other => return other,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_past_when_the_period_of_grace_is_over() {
        let now = Timestamp::from_unix_ms(1_000_000).unwrap();
        let is_past = |modified_ms, grace_ms| {
            let garbage = Garbage {
                kind: GarbageKind::Temporary,
                path: String::new(),
                size_bytes: 0,
                modified_ms,
                is_dir: false,
            };
            garbage.is_past(now, grace_ms)
        };
        assert!(is_past(Some(999_000), 1000) && is_past(Some(0), 1000));
        assert!(!is_past(Some(999_001), 1000) && !is_past(Some(1_000_001), 1000) && !is_past(None, 1000));
        assert!(is_past(None, 0) && is_past(Some(1_000_001), 0));
        assert!(!is_past(Some(0), u64::MAX));
    }
}
