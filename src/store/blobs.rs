//! The bytes of images, as they came in, under their BLAKE3: `blobs/<first 2 hex digits>/<all 64>`.
//!
//! Bytes are streamed: memory does not grow with the file. What counts is the hash of what was stored.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use crate::id::{BlobId, Digest};

use super::vfs::{ReadFile, WriteFile};
use super::{Store, StoreError, Tombstone, missing_or};

/// Bytes are read, hashed and written in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

/// Where the bytes of a blob come from.
pub trait BlobSource: Read {
    /// Returns the open file, where it is one, so that its content can be shared without a copy.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;

    /// Names it in errors.
    fn path(&self) -> &Path;
}

/// A blob that is durable in `tmp/` and not yet published under its name.
#[derive(Debug)]
pub struct StagedBlob {
    /// Its id.
    pub id: BlobId,
    /// Its length in bytes.
    pub size_bytes: u64,
    temp: Option<PathBuf>,
}

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

    /// Brings in bytes: shares them with the source where the file system can, else copies, hashing what was
    /// stored. Durable in `tmp/` when this returns; [`Store::publish_blobs`] gives it its name.
    ///
    /// # Errors
    /// When the source cannot be read, or a file cannot be written or made durable.
    pub fn stage_blob(&self, source: &mut dyn BlobSource) -> Result<StagedBlob, StoreError> {
        self.check_writable()?;
        self.ensure_folders()?;
        let temp = self.temp_path()?;
        let mut file = self
            .vfs
            .create_new(&temp)
            .map_err(StoreError::io("create", &temp))?;
        let copied = self.fill(source, file.as_mut(), &temp);
        let staged = copied.and_then(|hashed| {
            self.guard(file.sync().map_err(StoreError::io("sync", &temp)))?;
            Ok(hashed)
        });
        drop(file);
        match staged {
            Ok((id, size_bytes)) => Ok(StagedBlob {
                id,
                size_bytes,
                temp: Some(temp),
            }),
            Err(error) => {
                let _ = self.vfs.remove(&temp);
                Err(error)
            }
        }
    }

    fn fill(
        &self,
        source: &mut dyn BlobSource,
        file: &mut dyn WriteFile,
        temp: &Path,
    ) -> Result<(BlobId, u64), StoreError> {
        let shared = source
            .as_fd()
            .is_some_and(|from| file.clone_from_file(from).is_ok());
        if shared {
            let mut stored = self.vfs.open(temp).map_err(StoreError::io("read", temp))?;
            return hash_stream(&mut stored).map_err(StoreError::io("read", temp));
        }
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0_u8; PIECE_BYTES];
        let mut size = 0_u64;
        loop {
            let count = fill_piece(source, &mut piece).map_err(StoreError::io("read", source.path()))?;
            let bytes = piece.get(..count).unwrap_or(&[]);
            if bytes.is_empty() {
                return Ok((blob_id(&hasher), size));
            }
            update(&mut hasher, bytes);
            file.write_all(bytes).map_err(StoreError::io("write", temp))?;
            size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }

    /// Gives staged blobs their names and makes these durable, with one sync a folder.
    ///
    /// # Errors
    /// When a name cannot be given or made durable.
    pub fn publish_blobs(&self, staged: &mut [StagedBlob]) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        let mut new_folder = false;
        for blob in staged.iter_mut() {
            let Some(temp) = blob.temp.take() else { continue };
            let path = self.blob_path(blob.id);
            let folder = path.parent().unwrap_or(&self.root).to_owned();
            if folders.insert(folder.clone()) {
                let known = self
                    .vfs
                    .size_bytes(&folder)
                    .map_err(StoreError::io("look at", &folder))?;
                new_folder |= known.is_none();
                self.vfs
                    .create_dir(&folder)
                    .map_err(StoreError::io("create", &folder))?;
            }
            // The bytes are equal, so replacing a blob that is there heals a damaged one and harms no reader.
            self.rename(&temp, &path)?;
        }
        for folder in &folders {
            self.sync_dir(folder)?;
        }
        if new_folder {
            self.sync_dir(&self.path("blobs"))
        } else {
            Ok(())
        }
    }

    /// Gives up staged blobs.
    pub fn discard_blobs(&self, staged: &mut [StagedBlob]) {
        for temp in staged.iter_mut().filter_map(|blob| blob.temp.take()) {
            let _ = self.vfs.remove(&temp);
        }
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
        self.vfs
            .create_dir(&folder)
            .map_err(StoreError::io("create", &folder))?;
        self.write_tombstone(&path.with_extension("erased"), tombstone)?;
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

fn blob_id(hasher: &blake3::Hasher) -> BlobId {
    BlobId::from_digest(Digest::from_bytes(*hasher.finalize().as_bytes()))
}

/// Hashes a piece, on several cores where it is large.
fn update(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    if bytes.len() >= 128 << 10 {
        hasher.update_rayon(bytes);
    } else {
        hasher.update(bytes);
    }
}

/// Hashes a stream; returns the id and the length in bytes.
///
/// # Errors
/// Those of the stream.
pub fn hash_stream<R: Read + ?Sized>(reader: &mut R) -> io::Result<(BlobId, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0_u8; PIECE_BYTES];
    let mut size = 0_u64;
    loop {
        let count = fill_piece(reader, &mut piece)?;
        let bytes = piece.get(..count).unwrap_or(&[]);
        if bytes.is_empty() {
            return Ok((blob_id(&hasher), size));
        }
        update(&mut hasher, bytes);
        size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

/// Reads until the piece is full or the stream ends; returns how many bytes were read.
fn fill_piece<R: Read + ?Sized>(reader: &mut R, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
