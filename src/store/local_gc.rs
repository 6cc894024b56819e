//! What `gc` did to this copy: one sealed line each time, in `local/gc.jsonl`. It is about files of this copy and not
//! about the dataset, so that no commit says it, and it cannot be rebuilt from the log, so that it is not derived.

use crate::codec::{Extra, Record, Tag, record};
use crate::id::PrivateId;
use crate::time::Timestamp;

use super::garbage::Tally;
use super::vfs::{LockMode, read_all};
use super::{Store, StoreError, missing_or, sealed};

record! {
    /// One collection of garbage.
    pub struct LocalCollection {
        /// Who asked for it, where that is known.
        pub author: Option<PrivateId> = optional,
        /// Blobs that were to go.
        pub blobs: Tally,
        /// When.
        pub collected_at: Timestamp,
        /// Derived files that were to go.
        pub derived: Tally,
        /// The format.
        pub format: Tag<LocalCollection>,
        /// How long a file had to be there unchanged, in milliseconds.
        pub grace_ms: u64,
        /// Temporary files that were to go.
        pub temporary: Tally,
    }
}

impl Record for LocalCollection {
    const FORMAT: &'static str = "holotype/local-collection/1";
}

impl LocalCollection {
    /// A collection that found nothing.
    #[must_use]
    pub fn new(collected_at: Timestamp, grace_ms: u64, author: Option<PrivateId>) -> Self {
        Self {
            author,
            blobs: Tally::default(),
            collected_at,
            derived: Tally::default(),
            format: Tag::default(),
            grace_ms,
            temporary: Tally::default(),
            extra: Extra::default(),
        }
    }
}

/// The file, below `.holotype`.
const FILE: &str = "local/gc.jsonl";

impl Store {
    /// Adds a line about a collection, before it begins; durable when this returns.
    ///
    /// # Errors
    /// When the lines that are there are damaged, or the file cannot be written or made durable.
    pub fn note_collection(&self, collection: &LocalCollection) -> Result<(), StoreError> {
        // In this order: who is alone waits for nobody who waits for it.
        self.begin_writing()?;
        let folder = self.path("local");
        let _lock = self
            .vfs
            .lock(&folder, LockMode::Exclusive)
            .map_err(StoreError::io("lock", &folder))?;
        let path = self.path(FILE);
        self.collections()?;
        let mut bytes = self.collection_bytes()?;
        let line = sealed::seal(collection).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        bytes.extend(line.0);
        self.write_atomic(&path, &bytes)?;
        self.sync_dir(&folder)
    }

    /// Returns what was collected here, oldest first.
    ///
    /// # Errors
    /// When a line is damaged or the file cannot be read.
    pub fn collections(&self) -> Result<Vec<LocalCollection>, StoreError> {
        let path = self.path(FILE);
        self.collection_bytes()?
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| Ok(sealed::unseal(&path, line)?.0))
            .collect()
    }

    fn collection_bytes(&self) -> Result<Vec<u8>, StoreError> {
        let path = self.path(FILE);
        match read_all(self.vfs.as_ref(), &path, u64::MAX).map_err(missing_or("read", &path)) {
            Err(StoreError::Missing { .. }) => Ok(Vec::new()),
            other => other,
        }
    }
}
