//! Bringing in blobs: their bytes become durable in `tmp/`, then many together get their names.

use std::collections::BTreeSet;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use crate::id::BlobId;

use super::stream::{StreamError, hash_stream, pump};
use super::vfs::WriteFile;
use super::{Store, StoreError};

/// Where the bytes of a blob come from.
pub trait BlobSource: Read {
    /// Returns the open file, where it is one, so that its content can be shared without a copy.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;

    /// Names it in errors.
    fn path(&self) -> &Path;
}

/// Bytes and the id that they have: who needs it before they are stored does not hash them twice.
#[derive(Debug, Clone, Copy)]
pub struct HashedBytes<'b> {
    bytes: &'b [u8],
    id: BlobId,
}

impl<'b> HashedBytes<'b> {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &'b [u8]) -> Self {
        let id = BlobId::of(bytes);
        Self { bytes, id }
    }

    /// Returns their id.
    #[must_use]
    pub fn id(self) -> BlobId {
        self.id
    }

    /// Returns how many they are.
    #[must_use]
    pub fn size_bytes(self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }
}

/// A blob that is durable, and whose name in `blobs/` is not yet.
#[derive(Debug)]
pub struct StagedBlob {
    /// Its id.
    pub id: BlobId,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// The file in `tmp/`; none when the bytes have their name already.
    temp: Option<PathBuf>,
}

/// Whether bytes are in `blobs/` already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// They are, and undamaged.
    Whole,
    /// They are not.
    Not,
}

impl Store {
    /// Brings in bytes: shares them with the source where the file system can, else copies, hashing what was
    /// stored. Bytes that are here already are kept and not made durable again. [`Store::publish_blobs`] gives
    /// the blob its name.
    ///
    /// # Errors
    /// When the source cannot be read, or a file cannot be written or made durable.
    pub fn stage_blob(&self, source: &mut dyn BlobSource) -> Result<StagedBlob, StoreError> {
        self.stage_with(|file, temp| {
            let filled = share(self, source.as_fd(), file, temp).unwrap_or_else(|| {
                pump(source, |bytes| file.write_all(bytes)).map_err(|error| match error {
                    StreamError::Read(error) => StoreError::io("read", source.path())(error),
                    StreamError::Write(error) => StoreError::io("write", temp)(error),
                })
            });
            let (id, size_bytes) = filled?;
            Ok((id, size_bytes, self.kept(id, size_bytes)?))
        })
    }

    /// Brings in bytes that were read already, like [`Store::stage_blob`]. `file` is where they come from, when it
    /// holds nothing else.
    ///
    /// # Errors
    /// When a file cannot be written or made durable.
    pub fn stage_bytes(
        &self,
        hashed: HashedBytes<'_>,
        file: Option<BorrowedFd<'_>>,
    ) -> Result<StagedBlob, StoreError> {
        let (id, size_bytes) = (hashed.id(), hashed.size_bytes());
        self.check_writable()?;
        // From here on nobody removes a blob, even if no event names it yet.
        self.begin_writing()?;
        if self.kept(id, size_bytes)? == Kept::Whole {
            let temp = None;
            return Ok(StagedBlob { id, size_bytes, temp });
        }
        self.stage_with(|stored, temp| {
            if let Some(shared) = share(self, file, stored, temp) {
                let (id, size_bytes) = shared?;
                return Ok((id, size_bytes, Kept::Not));
            }
            stored
                .write_all(hashed.bytes)
                .map_err(StoreError::io("write", temp))?;
            Ok((id, size_bytes, Kept::Not))
        })
    }

    /// Lets `fill` write a file in `tmp/` and makes it durable, unless its bytes are here already.
    fn stage_with(
        &self,
        fill: impl FnOnce(&mut dyn WriteFile, &Path) -> Result<(BlobId, u64, Kept), StoreError>,
    ) -> Result<StagedBlob, StoreError> {
        self.check_writable()?;
        self.begin_writing()?;
        let temp = self.temp_path()?;
        let mut file = self
            .vfs
            .create_new(&temp)
            .map_err(StoreError::io("create", &temp))?;
        let staged = fill(file.as_mut(), &temp).and_then(|(id, size_bytes, kept)| {
            let temp = match kept {
                Kept::Whole => None,
                Kept::Not => {
                    self.guard(file.sync().map_err(StoreError::io("sync", &temp)))?;
                    Some(temp.clone())
                }
            };
            Ok(StagedBlob { id, size_bytes, temp })
        });
        drop(file);
        if !matches!(&staged, Ok(StagedBlob { temp: Some(_), .. })) {
            let _ = self.vfs.remove(&temp);
        }
        staged
    }

    /// Looks whether a blob is here. It is read: a damaged one shall be replaced.
    fn kept(&self, id: BlobId, size_bytes: u64) -> Result<Kept, StoreError> {
        let path = self.blob_path(id);
        let size = self
            .vfs
            .size_bytes(&path)
            .map_err(StoreError::io("look at", &path))?;
        if size == Some(size_bytes) && self.check_blob(id).is_ok() {
            Ok(Kept::Whole)
        } else {
            Ok(Kept::Not)
        }
    }

    /// Gives staged blobs their names and makes these durable, with one sync a folder: also that of the folders, for
    /// another process may have made one and not synced its name yet.
    ///
    /// # Errors
    /// When a name cannot be given or made durable.
    pub fn publish_blobs(&self, staged: &mut [StagedBlob]) -> Result<(), StoreError> {
        let mut folders = BTreeSet::new();
        for blob in staged.iter_mut() {
            let path = self.blob_path(blob.id);
            let folder = path.parent().unwrap_or(&self.root).to_owned();
            if !folders.contains(&folder) {
                self.ensure_shard(&folder)?;
                folders.insert(folder);
            }
            // A blob that was here already has a name that may not be durable yet: its folder is synced as well.
            if let Some(temp) = blob.temp.take() {
                self.rename(&temp, &path)?;
            }
        }
        for folder in &folders {
            self.sync_dir(folder)?;
        }
        if folders.is_empty() {
            return Ok(());
        }
        self.sync_dir(&self.path("blobs"))
    }

    /// Makes a folder of blobs where it is missing; its name is durable once `blobs/` is synced.
    pub(super) fn ensure_shard(&self, folder: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        let known = self
            .vfs
            .size_bytes(folder)
            .map_err(StoreError::io("look at", folder))?;
        if known.is_none() {
            self.vfs
                .create_dir(folder)
                .map_err(StoreError::io("create", folder))?;
        }
        Ok(())
    }

    /// Gives up staged blobs.
    pub fn discard_blobs(&self, staged: &mut [StagedBlob]) {
        for temp in staged.iter_mut().filter_map(|blob| blob.temp.take()) {
            let _ = self.vfs.remove(&temp);
        }
    }
}

/// Shares the content of `from` with the file at `temp`, and hashes what that holds now; `None` when it cannot be
/// shared.
fn share(
    store: &Store,
    from: Option<BorrowedFd<'_>>,
    file: &mut dyn WriteFile,
    temp: &Path,
) -> Option<Result<(BlobId, u64), StoreError>> {
    file.clone_from_file(from?).ok()?;
    let stored = store.vfs.open(temp).map_err(StoreError::io("read", temp));
    Some(stored.and_then(|mut stored| hash_stream(&mut stored).map_err(StoreError::io("read", temp))))
}
