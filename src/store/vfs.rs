//! The operations on files that the store needs, so that tests can replace them by ones that fail.
//!
//! Paths are absolute or relative to the working directory. Errors are plain `io::Error`s; [`super::StoreError`]
//! adds what was tried on which path.

use std::fmt::Debug;
use std::io::{self, Read, Seek, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;

/// A file being read.
pub trait ReadFile: Read + Seek + Send + Sync {
    /// Reads exactly `buffer.len()` bytes at `offset`.
    ///
    /// # Errors
    /// As `pread`; `UnexpectedEof` when the file is shorter.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Returns the length in bytes that the file had when it was opened.
    ///
    /// # Errors
    /// As `fstat`.
    fn size_bytes(&self) -> io::Result<u64>;
}

/// A file being written.
pub trait WriteFile: Write + Send {
    /// Makes what was written durable (`fdatasync`).
    ///
    /// # Errors
    /// As `fdatasync`.
    fn sync(&mut self) -> io::Result<()>;

    /// Takes over the content of `source` without copying, where the file system can.
    ///
    /// # Errors
    /// When it cannot; nothing was written then.
    fn clone_from_file(&mut self, source: BorrowedFd<'_>) -> io::Result<()>;
}

/// A kernel lock; it ends when this is dropped, or with the process.
pub trait Lock: Debug + Send + Sync {}

/// How to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Wait until nobody else holds it.
    Exclusive,
    /// Take it if nobody else holds it, else fail with `WouldBlock`.
    TryExclusive,
    /// Hold it together with others; wait until nobody holds it alone.
    Shared,
}

/// Whether an append is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `fdatasync` before returning.
    Synced,
    /// Left to the operating system.
    Unsynced,
}

/// Why an operation was refused: a symbolic link stands on the way, within the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a symbolic link stands there, and nothing is read or written through one")]
pub struct LinkFound;

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// The name, as text (lossy where it is not UTF-8: no name of ours is).
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Its length in bytes; 0 for a folder.
    pub size_bytes: u64,
    /// When it was last changed, where the file system says so; milliseconds since 1970.
    pub modified_ms: Option<i64>,
}

/// The operations on files.
pub trait Vfs: Debug + Send + Sync {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// As `open`.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>>;

    /// Creates a file that must not exist, for writing.
    ///
    /// # Errors
    /// As `open` with `O_EXCL`.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;

    /// Appends to a file, which is created where it is missing.
    ///
    /// # Errors
    /// As `open`, `write`, `fdatasync`.
    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()>;

    /// Cuts a file to a length.
    ///
    /// # Errors
    /// As `ftruncate`.
    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()>;

    /// Renames, replacing what is there.
    ///
    /// # Errors
    /// As `rename`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Renames to a name that must not exist.
    ///
    /// # Errors
    /// As `renameat2` with `RENAME_NOREPLACE`; `AlreadyExists` when the name is taken, `Unsupported` where the file
    /// system cannot.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a second name, which must not exist.
    ///
    /// # Errors
    /// As `link`; `AlreadyExists` when the name is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As `unlink`.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with all it holds.
    ///
    /// # Errors
    /// As `unlink`, `rmdir`.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Creates one folder; that it exists already is no error.
    ///
    /// # Errors
    /// As `mkdir`.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As `fsync`.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Lists a folder, sorted by name.
    ///
    /// # Errors
    /// As `readdir`.
    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>>;

    /// Returns a file's length in bytes; `None` when there is none.
    ///
    /// # Errors
    /// As `stat`, but for a missing file.
    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>>;

    /// Takes a kernel lock on an existing file or folder.
    ///
    /// # Errors
    /// As `open`, `flock`; `Unsupported` where the file system has no locks.
    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>>;
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// As `open`, `read`; `FileTooLarge` when it is longer.
pub fn read_all(vfs: &dyn Vfs, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = vfs.open(path)?;
    let size = file.size_bytes()?;
    if size > limit {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // A file that grows meanwhile is cut off; its digest tells.
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
