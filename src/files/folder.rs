//! Reading a folder of the user's, or of a stranger's: every name in it, without following a symbolic link, and
//! files opened from the folder itself, so that no name leads out of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::names::{NameError, check_name};

/// Folders inside of each other that are read.
const DEPTH_MAX: usize = 100;

/// A file or folder of the user's that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Something is there already, and it was not said that it may be replaced.
    #[error("{} exists already", .path.display())]
    Exists {
        /// What.
        path: PathBuf,
    },
    /// A folder must be new or empty and is not.
    #[error("{} is not an empty folder", .path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is writing the same.
    #[error("another process is writing {}", .path.display())]
    Busy {
        /// What.
        path: PathBuf,
    },
    /// A path has no last part that could name a file or folder.
    #[error("'{}' names no file or folder that could be made", .path.display())]
    Nameless {
        /// The path.
        path: PathBuf,
    },
    /// What should be a plain file is something else, such as a symbolic link.
    #[error("{} is not a plain file", .path.display())]
    NotAFile {
        /// What.
        path: PathBuf,
    },
    /// Folders stand in each other deeper than is read.
    #[error("{} is deeper than 100 folders", .path.display())]
    Deep {
        /// The folder.
        path: PathBuf,
    },
    /// A name cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl FileError {
    /// Says what was tried on which path.
    pub(super) fn io<E: Into<io::Error>>(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> Self + use<E> {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source: source.into(),
        }
    }
}

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A plain file.
    File {
        /// Its length in bytes.
        size_bytes: u64,
    },
    /// A symbolic link.
    Link,
    /// A pipe, socket or device, or a name that is not UTF-8.
    Other,
}

/// A name below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The name from the folder on, `/` between its parts.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    pub(super) fd: OwnedFd,
    path: PathBuf,
}

const FOLDER_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// [`FileError::Io`] when there is none or it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let given = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let fd = rustix::fs::open(given, FOLDER_FLAGS, Mode::empty()).map_err(FileError::io("open", path))?;
        Ok(Self::new(fd, path))
    }

    pub(super) fn new(fd: OwnedFd, path: &Path) -> Self {
        Self {
            fd,
            path: path.to_owned(),
        }
    }

    /// Returns its path as given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the folder that holds the last part of a name, never through a link; returns it and the last part.
    pub(super) fn holder<'n>(
        &self,
        name: &'n str,
        missing: Missing,
    ) -> Result<(OwnedFd, &'n str), FileError> {
        check_name(name)?;
        let (folders, last) = name.rsplit_once('/').map_or((None, name), |(a, b)| (Some(a), b));
        let own = rustix::io::fcntl_dupfd_cloexec(&self.fd, 0);
        let mut fd = own.map_err(FileError::io("open", &self.path))?;
        for part in folders.iter().flat_map(|folders| folders.split('/')) {
            let failed = |action| FileError::io(action, &self.path.join(name));
            if missing == Missing::Create {
                match rustix::fs::mkdirat(&fd, part, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(failed("create a folder for")(error)),
                }
            }
            fd = open_folder_at(&fd, part).map_err(failed("open the folder of"))?;
        }
        Ok((fd, last))
    }

    /// Opens a plain file for reading.
    ///
    /// # Errors
    /// [`FileError`] when the name leaves the folder, a link is on the way, or it is no plain file.
    pub fn open_file(&self, name: &str) -> Result<File, FileError> {
        let (holder, last) = self.holder(name, Missing::Fail)?;
        let path = self.path.join(name);
        // A pipe must not block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd =
            rustix::fs::openat(&holder, last, flags, Mode::empty()).map_err(FileError::io("open", &path))?;
        let status = rustix::fs::fstat(&fd).map_err(FileError::io("look at", &path))?;
        if FileType::from_raw_mode(status.st_mode) == FileType::RegularFile {
            Ok(File::from(fd))
        } else {
            Err(FileError::NotAFile { path })
        }
    }

    /// Lists everything below it that is no folder, sorted by name.
    ///
    /// # Errors
    /// [`FileError`] when a folder cannot be read or they are too deep.
    pub fn list(&self) -> Result<Vec<FolderEntry>, FileError> {
        let mut found = Vec::new();
        self.list_below(self.fd.as_fd(), "", 0, &mut found)?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn list_below(
        &self,
        fd: impl AsFd,
        prefix: &str,
        depth: usize,
        found: &mut Vec<FolderEntry>,
    ) -> Result<(), FileError> {
        let path = self.path.join(prefix);
        if depth > DEPTH_MAX {
            return Err(FileError::Deep { path });
        }
        let names = rustix::fs::Dir::read_from(&fd).map_err(FileError::io("list", &path))?;
        for entry in names {
            let entry = entry.map_err(FileError::io("list", &path))?;
            let raw = entry.file_name();
            if raw.to_bytes() == b"." || raw.to_bytes() == b".." {
                continue;
            }
            let name = format!("{prefix}{}", raw.to_string_lossy());
            let status = rustix::fs::statat(&fd, raw, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(FileError::io("look at", &self.path.join(&name)))?;
            let kind = match FileType::from_raw_mode(status.st_mode) {
                _ if raw.to_str().is_err() => EntryKind::Other,
                FileType::Directory => {
                    let inner =
                        open_folder_at(&fd, raw).map_err(FileError::io("open", &self.path.join(&name)))?;
                    self.list_below(inner, &format!("{name}/"), depth + 1, found)?;
                    continue;
                }
                FileType::RegularFile => EntryKind::File {
                    size_bytes: u64::try_from(status.st_size).unwrap_or(0),
                },
                FileType::Symlink => EntryKind::Link,
                FileType::Fifo
                | FileType::Socket
                | FileType::CharacterDevice
                | FileType::BlockDevice
                | FileType::Unknown => EntryKind::Other,
            };
            found.push(FolderEntry { name, kind });
        }
        Ok(())
    }
}

/// What to do about folders that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Create,
    Fail,
}

pub(super) fn open_folder_at<N: rustix::path::Arg>(
    holder: impl AsFd,
    name: N,
) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(holder, name, FOLDER_FLAGS | OFlags::NOFOLLOW, Mode::empty())
}

/// Opens one of the user's files for reading.
///
/// # Errors
/// [`FileError::Io`] when it cannot be opened.
pub fn open_user_file(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(FileError::io("open", path))
}

/// What stands where something is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacancy {
    /// Nothing.
    Free,
    /// A folder without content.
    EmptyFolder,
    /// Something else.
    Occupied,
}

/// Looks whether a folder can be made at `path`.
///
/// # Errors
/// [`FileError::Io`] when the file system does not say.
pub fn vacancy(path: &Path) -> Result<Vacancy, FileError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vacancy::Free),
        Err(error) => Err(FileError::io("look at", path)(error)),
        Ok(status) if status.is_dir() => {
            let mut names = std::fs::read_dir(path).map_err(FileError::io("list", path))?;
            Ok(if names.next().is_none() {
                Vacancy::EmptyFolder
            } else {
                Vacancy::Occupied
            })
        }
        Ok(_) => Ok(Vacancy::Occupied),
    }
}
