//! The bytes of images, as they came in, under their BLAKE3: `blobs/<first 2 hex digits>/<all 64>`.
//!
//! Bytes are streamed: memory does not grow with the file. What counts is the hash of what was stored.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::id::BlobId;

use super::stream::{PIECE_BYTES, blob_id, fill_piece, hash_stream, update};
use super::vfs::ReadFile;
use super::{Store, StoreError, Tombstone, missing_or};

impl Store {
    /// Returns the path of a blob, whether it is there or not.
    #[must_use]
    pub fn blob_path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        let shard = name.get(..2).unwrap_or("00").to_owned();
        self.path("blobs").join(shard).join(name)
    }

    /// Whether the bytes of a blob are here.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn has_blob(&self, id: BlobId) -> Result<bool, StoreError> {
        let path = self.blob_path(id);
        self.vfs
            .size_bytes(&path)
            .map(|size| size.is_some())
            .map_err(StoreError::io("look at", &path))
    }

    /// Opens a blob. Only [`Store::copy_blob`] and [`Store::check_blob`] verify what is read.
    ///
    /// # Errors
    /// [`StoreError::Missing`], or when it cannot be opened.
    fn open_blob(&self, id: BlobId) -> Result<Box<dyn ReadFile>, StoreError> {
        let path = self.blob_path(id);
        self.vfs.open(&path).map_err(missing_or("open", &path))
    }

    /// Copies a blob's bytes, verifying them; an error leaves `out` with bytes that must not be used.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], or when reading or writing fails.
    pub fn copy_blob(&self, id: BlobId, out: &mut dyn Write, out_path: &Path) -> Result<u64, StoreError> {
        let path = self.blob_path(id);
        let mut file = self.open_blob(id)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0_u8; PIECE_BYTES];
        let mut size = 0_u64;
        loop {
            let count = fill_piece(&mut file, &mut piece).map_err(StoreError::io("read", &path))?;
            let bytes = piece.get(..count).unwrap_or(&[]);
            if bytes.is_empty() {
                break;
            }
            update(&mut hasher, bytes);
            out.write_all(bytes).map_err(StoreError::io("write", out_path))?;
            size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        if blob_id(&hasher) == id {
            Ok(size)
        } else {
            Err(wrong_bytes(&path))
        }
    }

    /// Reads a blob whole and verifies it; returns its length in bytes.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], or when it cannot be read.
    pub fn check_blob(&self, id: BlobId) -> Result<u64, StoreError> {
        let path = self.blob_path(id);
        let mut file = self.open_blob(id)?;
        let (found, size) = hash_stream(&mut file).map_err(StoreError::io("read", &path))?;
        if found == id {
            Ok(size)
        } else {
            Err(wrong_bytes(&path))
        }
    }

    /// Destroys the bytes of a blob: the tombstone is durable first.
    ///
    /// # Errors
    /// When the tombstone cannot be written or the file not be removed.
    pub fn erase_blob(&self, id: BlobId, tombstone: &Tombstone) -> Result<(), StoreError> {
        let path = self.blob_path(id);
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        self.ensure_shard(&folder)?;
        self.sync_dir(&self.path("blobs"))?;
        self.write_tombstone(&path.with_extension("erased"), tombstone)?;
        self.remove_beginnings(&path)?;
        self.remove_erased(&path)
    }

    /// Returns the tombstone of a blob, where it was erased.
    ///
    /// # Errors
    /// When the tombstone is damaged or cannot be read.
    pub fn blob_tombstone(&self, id: BlobId) -> Result<Option<Tombstone>, StoreError> {
        self.read_tombstone(&self.blob_path(id).with_extension("erased"))
    }
}

fn wrong_bytes(path: &Path) -> StoreError {
    StoreError::damaged(path, "its bytes do not have the hash that is its name")
}
