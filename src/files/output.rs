//! Writing files and folders for the user: whole or not at all.
//!
//! What is written stands in a hidden sibling, `.NAME.holotype-partial`, until it is durable; then it is renamed. The
//! sibling is locked, so two processes do not mix; one that a crash left is emptied and used again. No name leads
//! through a symbolic link or out of the target.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::leftovers;

use super::durable::sync;
use super::folder::{FileError, Folder, Missing, open_folder_at};

/// Tries to take a sibling that others remove meanwhile.
const LOCK_TRIES: u32 = 16;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and refuse.
    Refuse,
    /// Replace it.
    Replace,
}

/// Where something is to be made.
#[derive(Debug)]
struct Target {
    path: PathBuf,
    parent: OwnedFd,
    parent_path: PathBuf,
    name: OsString,
    partial: OsString,
}

impl Target {
    fn of(path: &Path) -> Result<Self, FileError> {
        let named = match path.file_name() {
            Some(_) => path.to_owned(),
            // `.` and `..` are named by what they stand for.
            None => std::fs::canonicalize(path).map_err(FileError::io("find", path))?,
        };
        let name = named.file_name().ok_or_else(|| FileError::Nameless {
            path: path.to_owned(),
        })?;
        let parent_path = match named.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = rustix::fs::open(&parent_path, flags, Mode::empty())
            .map_err(FileError::io("open", &parent_path))?;
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(".holotype-partial");
        Ok(Self {
            path: path.to_owned(),
            parent,
            parent_path,
            name: name.to_owned(),
            partial,
        })
    }

    fn partial_path(&self) -> PathBuf {
        self.parent_path.join(&self.partial)
    }

    /// Opens the sibling by `open` and locks it; what was removed in between is opened again.
    fn lock_partial(&self, open: impl Fn() -> Result<OwnedFd, FileError>) -> Result<OwnedFd, FileError> {
        for _ in 0..LOCK_TRIES {
            let fd = open()?;
            match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    return Err(FileError::Busy {
                        path: self.path.clone(),
                    });
                }
                Err(Errno::INTR) => continue,
                Err(error) => return Err(FileError::io("lock", &self.partial_path())(error)),
            }
            let mine = rustix::fs::fstat(&fd).map_err(FileError::io("look at", &self.partial_path()))?;
            match rustix::fs::statat(&self.parent, &self.partial, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(there) if (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino) => return Ok(fd),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(FileError::io("look at", &self.partial_path())(error)),
            }
        }
        Err(FileError::Busy {
            path: self.path.clone(),
        })
    }

    fn sync_parent(&self) -> Result<(), FileError> {
        sync(&self.parent, &self.parent_path)
    }
}

/// Creates a folder and those above it where they are missing, durably.
fn ensure_folder(path: &Path) -> Result<(), FileError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or_else(|| Path::new(""));
    ensure_folder(parent)?;
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
        other => other.map_err(FileError::io("create", path))?,
    }
    sync(&Folder::open(parent)?.fd, parent)
}

/// A file that was written and is not there yet under its name.
#[derive(Debug)]
pub struct OutputFile {
    writer: BufWriter<File>,
    path: PathBuf,
}

impl OutputFile {
    fn new(file: File, path: PathBuf) -> Self {
        Self {
            writer: BufWriter::with_capacity(1 << 16, file),
            path,
        }
    }

    /// Returns where it will stand, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes its bytes durable.
    ///
    /// # Errors
    /// [`FileError::Io`] when they cannot be written.
    pub fn finish(self) -> Result<(), FileError> {
        self.hand_over()?.sync()
    }

    /// Hands its bytes to the operating system, which need not have made them durable yet.
    ///
    /// # Errors
    /// [`FileError::Io`] when they cannot be written.
    pub fn hand_over(self) -> Result<WrittenFile, FileError> {
        let path = self.path;
        match self.writer.into_inner() {
            Ok(file) => Ok(WrittenFile { file, path }),
            Err(error) => Err(FileError::io("write", &path)(error.into_error())),
        }
    }
}

/// A file that is wholly written and perhaps not durable.
#[derive(Debug)]
pub struct WrittenFile {
    file: File,
    path: PathBuf,
}

/// Files that are made durable at a time: they share what a file system does for each of them alone.
const SYNCS: usize = 16;

impl WrittenFile {
    fn sync(&self) -> Result<(), FileError> {
        sync(&self.file, &self.path)
    }

    /// Makes files durable, several at a time where there are threads for it.
    ///
    /// # Errors
    /// [`FileError::Io`] for the first that could not be.
    pub fn sync_all(files: &[Self]) -> Result<(), FileError> {
        if let [only] = files {
            return only.sync();
        }
        let portion = files.len().div_ceil(SYNCS).max(1);
        std::thread::scope(|scope| {
            let (mut portions, mut own) = (Vec::new(), Ok(()));
            for files in files.chunks(portion) {
                let sync = move || files.iter().try_for_each(Self::sync);
                match std::thread::Builder::new().spawn_scoped(scope, sync) {
                    Ok(thread) => portions.push(thread),
                    Err(_) => own = own.and_then(|()| sync()),
                }
            }
            let mut joined = portions.into_iter().map(|portion| match portion.join() {
                Ok(synced) => synced,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.try_for_each(|synced| synced).and(own)
        })
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A folder that is being written. Dropped, it leaves nothing; [`StagedFolder::publish`] gives it its name.
#[derive(Debug)]
pub struct StagedFolder {
    target: Target,
    inner: Folder,
    folders: BTreeSet<String>,
    published: bool,
}

impl StagedFolder {
    /// Begins a folder that is to stand at `path`; folders above it are made.
    ///
    /// # Errors
    /// [`FileError::Busy`] when another process is at it, or when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        if let (Some(parent), Some(_)) = (path.parent(), path.file_name()) {
            ensure_folder(parent)?;
        }
        let target = Target::of(path)?;
        let partial = target.partial_path();
        let open = || {
            match rustix::fs::mkdirat(&target.parent, &target.partial, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(FileError::io("create", &partial)(error)),
            }
            open_folder_at(&target.parent, &target.partial).map_err(FileError::io("open", &partial))
        };
        let fd = leftovers::begin(&partial, || target.lock_partial(open))?;
        let inner = Folder::new(fd, &target.path);
        let staged = Self {
            target,
            inner,
            folders: BTreeSet::new(),
            published: false,
        };
        empty(&partial)?;
        Ok(staged)
    }

    /// Returns where it will stand.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.target.path
    }

    /// Returns the folder as it is so far, for reading back.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.inner
    }

    /// Creates a file; folders on the way are made.
    ///
    /// # Errors
    /// [`FileError::Name`] for a name that leaves the folder, [`FileError::Exists`], or when it cannot be made.
    pub fn create_file(&mut self, name: &str) -> Result<OutputFile, FileError> {
        let (holder, last) = self.inner.holder(name, Missing::Create)?;
        let path = self.inner.path().join(name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&holder, last, flags, Mode::from_raw_mode(0o666)) {
            Err(Errno::EXIST) => return Err(FileError::Exists { path }),
            other => other.map_err(FileError::io("create", &path))?,
        };
        let folders = name.match_indices('/').filter_map(|(end, _)| name.get(..end));
        self.folders.extend(folders.map(str::to_owned));
        Ok(OutputFile::new(File::from(fd), path))
    }

    /// Creates a file with these bytes.
    ///
    /// # Errors
    /// As [`StagedFolder::create_file`], or when the bytes cannot be written.
    pub fn write_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let mut file = self.create_file(name)?;
        file.write_all(bytes)
            .map_err(FileError::io("write", &self.inner.path().join(name)))?;
        file.finish()
    }

    /// Makes all names durable and gives the folder its own. What was there must be nothing, or an empty folder.
    ///
    /// # Errors
    /// [`FileError::NotEmpty`], [`FileError::Exists`], or when it cannot be made durable.
    pub fn publish(mut self) -> Result<(), FileError> {
        for name in self.folders.iter().rev() {
            let path = self.inner.path().join(name);
            let (holder, last) = self.inner.holder(name, Missing::Fail)?;
            let fd = open_folder_at(&holder, last).map_err(FileError::io("open", &path))?;
            sync(&fd, &path)?;
        }
        sync(&self.inner.fd, self.inner.path())?;
        let target = &self.target;
        // Renaming a folder replaces an empty folder and nothing else: there is no moment between look and act.
        let rename = || rustix::fs::renameat(&target.parent, &target.partial, &target.parent, &target.name);
        match leftovers::settle(&target.partial_path(), rename) {
            Ok(()) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) => {
                return Err(FileError::NotEmpty {
                    path: target.path.clone(),
                });
            }
            Err(Errno::NOTDIR) => {
                return Err(FileError::Exists {
                    path: target.path.clone(),
                });
            }
            Err(error) => return Err(FileError::io("rename to", &target.path)(error)),
        }
        self.published = true;
        self.target.sync_parent()
    }
}

impl Drop for StagedFolder {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is emptied by the next one.
            let partial = self.target.partial_path();
            let _ = std::fs::remove_dir_all(&partial);
            leftovers::forget(&partial);
        }
    }
}

/// Removes what a crash left in a folder of ours; links are removed, not followed.
fn empty(path: &Path) -> Result<(), FileError> {
    for entry in std::fs::read_dir(path).map_err(FileError::io("list", path))? {
        let entry = entry.map_err(FileError::io("list", path))?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder {
            std::fs::remove_dir_all(entry.path())
        } else {
            std::fs::remove_file(entry.path())
        };
        removed.map_err(FileError::io("remove", &entry.path()))?;
    }
    Ok(())
}

/// A single file that is being written. Dropped, it leaves nothing; [`StagedFile::publish`] gives it its name.
#[derive(Debug)]
pub struct StagedFile {
    target: Target,
    writer: Option<OutputFile>,
    existing: Existing,
    published: bool,
    // Keeps the lock.
    _lock: OwnedFd,
}

impl StagedFile {
    /// Begins a file that is to stand at `path`.
    ///
    /// # Errors
    /// [`FileError::Exists`] when something is there that may not be replaced, or when it cannot be made.
    pub fn create(path: &Path, existing: Existing) -> Result<Self, FileError> {
        let target = Target::of(path)?;
        let occupied = || FileError::Exists {
            path: target.path.clone(),
        };
        match rustix::fs::statat(&target.parent, &target.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => {}
            Err(error) => return Err(FileError::io("look at", path)(error)),
            Ok(status) => {
                let is_file = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
                if existing == Existing::Refuse || !is_file {
                    return Err(occupied());
                }
            }
        }
        let partial = target.partial_path();
        let open = || open_partial_file(&target.parent, &target.partial, &partial);
        let fd = leftovers::begin(&partial, || target.lock_partial(open))?;
        rustix::fs::ftruncate(&fd, 0).map_err(FileError::io("empty", &partial))?;
        let lock = rustix::io::fcntl_dupfd_cloexec(&fd, 0).map_err(FileError::io("open", &partial))?;
        Ok(Self {
            writer: Some(OutputFile::new(File::from(fd), target.path.clone())),
            target,
            existing,
            published: false,
            _lock: lock,
        })
    }

    /// Makes the bytes durable and gives the file its name.
    ///
    /// # Errors
    /// [`FileError::Exists`] when something came to be there, or when it cannot be made durable.
    pub fn publish(mut self) -> Result<(), FileError> {
        if let Some(writer) = self.writer.take() {
            writer.finish()?;
        }
        let target = &self.target;
        let (parent, partial, name) = (&target.parent, &target.partial, &target.name);
        let rename = || match self.existing {
            Existing::Replace => rustix::fs::renameat(parent, partial, parent, name),
            Existing::Refuse => rename_new(parent, partial, name),
        };
        match leftovers::settle(&target.partial_path(), rename) {
            Ok(()) => {
                self.published = true;
                self.target.sync_parent()
            }
            Err(Errno::EXIST | Errno::ISDIR) => Err(FileError::Exists {
                path: target.path.clone(),
            }),
            Err(error) => Err(FileError::io("rename to", &target.path)(error)),
        }
    }
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), OutputFile::flush)
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is emptied by the next one.
            let _ = rustix::fs::unlinkat(&self.target.parent, &self.target.partial, AtFlags::empty());
            leftovers::forget(&self.target.partial_path());
        }
    }
}

/// Opens the sibling, which may be one that a crash left: a plain file with one name, nothing else.
fn open_partial_file(parent: &OwnedFd, partial: &OsStr, path: &Path) -> Result<OwnedFd, FileError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = rustix::fs::openat(parent, partial, flags, Mode::from_raw_mode(0o666))
        .map_err(FileError::io("create", path))?;
    let status = rustix::fs::fstat(&fd).map_err(FileError::io("look at", path))?;
    if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile && status.st_nlink <= 1 {
        Ok(fd)
    } else {
        Err(FileError::NotAFile {
            path: path.to_owned(),
        })
    }
}

/// Renames to a name that must be free.
fn rename_new(parent: impl AsFd, from: &OsStr, to: &OsStr) -> rustix::io::Result<()> {
    let parent = parent.as_fd();
    match rustix::fs::renameat_with(parent, from, parent, to, RenameFlags::NOREPLACE) {
        // Not every file system can: then a second name, which must be free, does the same.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            rustix::fs::linkat(parent, from, parent, to, AtFlags::empty())?;
            rustix::fs::unlinkat(parent, from, AtFlags::empty())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
