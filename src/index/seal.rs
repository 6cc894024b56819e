//! The seal: a file beside sled's folder that says what the folder holds. It is canonical JSON with a digest of
//! itself, written after sled was closed. Files that do not fit it were not finished by us, so sled never sees them.

use std::path::Path;

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{CommitId, Digest};
use crate::store::{Store, hash_stream, seal_record, unseal_record};

use super::IndexError;

/// Number of the layout of the rows. An index of another number is dropped.
pub(super) const SCHEMA: u64 = 1;

/// sled's folder, below `derived/`.
pub(super) const SLED_DIR: &str = "index/sled";

/// The seal, below `derived/`.
pub(super) const SEAL_FILE: &str = "index/seal";

/// No seal is longer.
const SEAL_SIZE_MAX: u64 = 4096;

record! {
    /// What an index holds.
    pub(super) struct Seal {
        /// How many commits it covers.
        pub(super) commits: u64,
        /// Digest over the names and contents of sled's files.
        pub(super) files: Digest,
        /// The format.
        pub(super) format: Tag<Seal>,
        /// The last commit that it covers.
        pub(super) head: CommitId,
        /// The dataset that it is of.
        pub(super) repository: Digest,
        /// The layout of its rows.
        pub(super) schema: u64,
    }
}

impl Record for Seal {
    const FORMAT: &'static str = "holotype/index-seal/1";
}

impl Seal {
    /// Describes sled's folder as it lies there.
    ///
    /// # Errors
    /// [`IndexError::Io`] when it cannot be read.
    pub(super) fn of(store: &Store, head: CommitId, commits: u64) -> Result<Self, IndexError> {
        Ok(Self {
            commits,
            files: digest_files(store)?,
            format: Tag::default(),
            head,
            repository: store.repository().id,
            schema: SCHEMA,
            extra: Extra::default(),
        })
    }

    /// Reads the seal; `None` when there is none, or what stands there is none of this version and dataset.
    pub(super) fn read(store: &Store) -> Option<Self> {
        let bytes = store.read_derived(SEAL_FILE, SEAL_SIZE_MAX)?;
        let (seal, _): (Self, _) = unseal_record(&store.derived_path(SEAL_FILE), &bytes).ok()?;
        (seal.schema == SCHEMA && seal.repository == store.repository().id).then_some(seal)
    }

    /// Whether sled's files are those that were sealed.
    pub(super) fn fits(&self, store: &Store) -> bool {
        digest_files(store).is_ok_and(|files| files == self.files)
    }

    /// Writes the seal.
    ///
    /// # Errors
    /// [`IndexError::Io`] when it cannot be written.
    pub(super) fn write(&self, store: &Store) -> Result<(), IndexError> {
        let (bytes, _) = seal_record(self)?;
        store
            .write_derived(SEAL_FILE, &bytes)
            .map_err(IndexError::io("write", &store.derived_path(SEAL_FILE)))
    }
}

/// Hashes the names, lengths and contents of sled's files.
fn digest_files(store: &Store) -> Result<Digest, IndexError> {
    let mut lines = String::new();
    list_files(store, &store.derived_path(SLED_DIR), "", &mut lines)?;
    Ok(Digest::of(lines.as_bytes()))
}

/// Adds a line for each file of a folder: digest, length, name (in quotes, so that a line is a line).
fn list_files(store: &Store, folder: &Path, below: &str, lines: &mut String) -> Result<(), IndexError> {
    let entries = store.vfs().list(folder).map_err(IndexError::io("list", folder))?;
    for entry in entries {
        let path = folder.join(&entry.name);
        let name = format!("{below}{}", entry.name);
        if entry.is_dir {
            list_files(store, &path, &format!("{name}/"), lines)?;
            continue;
        }
        let mut file = store.vfs().open(&path).map_err(IndexError::io("open", &path))?;
        let (digest, size) = hash_stream(file.as_mut()).map_err(IndexError::io("read", &path))?;
        lines.push_str(&format!("{digest} {size} {name:?}\n"));
    }
    Ok(())
}
