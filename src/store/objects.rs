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

    /// Writes objects; each is there under its hash, whole and durable, when this returns. Those that are there
    /// already are not written again.
    ///
    /// # Errors
    /// When a file cannot be written or made durable.
    pub fn write_objects(&self, objects: &[&[u8]]) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::with_capacity(objects.len());
        for bytes in objects {
            let digest = Digest::of(bytes);
            if self.read_object(digest).is_err() {
                self.write_atomic(&self.object_path(digest), bytes)?;
            }
            digests.push(digest);
        }
        if !objects.is_empty() {
            // One that was there may not be durable yet: its writer may still be at work, or have died.
            self.sync_dir(&self.path("objects"))?;
        }
        Ok(digests)
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
