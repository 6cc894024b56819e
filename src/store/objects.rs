//! Structural records (batches and commits) under the hash of their bytes, in `objects/`.

use crate::id::Digest;

use super::vfs::read_all;
use super::{Store, StoreError, missing_or};

/// No object is longer: batches are cut at 4 MiB, and one line is added at most.
const OBJECT_SIZE_MAX: u64 = 1 << 30;

impl Store {
    fn object_path(&self, digest: Digest) -> std::path::PathBuf {
        self.root.join("objects").join(digest.to_string())
    }

    /// Writes an object under its hash, its bytes synced; its name is durable after [`Store::sync_objects`]. One
    /// that is there already is not written again.
    ///
    /// # Errors
    /// When the file cannot be written or made durable.
    pub fn write_object(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if self.read_object(digest).is_err() {
            self.write_atomic(&self.object_path(digest), bytes)?;
        }
        Ok(digest)
    }

    /// Makes the names of all objects durable: also of those that were there, whose writer may have died.
    ///
    /// # Errors
    /// When the folder cannot be synced.
    pub fn sync_objects(&self) -> Result<(), StoreError> {
        self.sync_dir(&self.path("objects"))
    }

    /// Reads an object and verifies its hash.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], or when the file cannot be read.
    pub fn read_object(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.object_path(digest);
        let bytes = read_all(self.vfs.as_ref(), &path, OBJECT_SIZE_MAX).map_err(missing_or("read", &path))?;
        if Digest::of(&bytes) != digest {
            return Err(StoreError::damaged(
                &path,
                "its bytes do not have the hash that is its name",
            ));
        }
        Ok(bytes)
    }

    /// Lists the hashes of all objects.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list_objects(&self) -> Result<Vec<Digest>, StoreError> {
        let entries = self.list("objects")?;
        Ok(entries
            .iter()
            .filter_map(|entry| Digest::parse(&entry.name).ok())
            .collect())
    }
}
