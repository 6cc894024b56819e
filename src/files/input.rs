//! Reading the user's files: finding them below a folder, opening them, noticing that they change meanwhile. They
//! are never moved, changed or linked into.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use unicode_normalization::UnicodeNormalization;

/// A user's file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
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
    /// There is nothing at the path.
    #[error("there is no file {}", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// It is a folder where a file is needed.
    #[error("{} is a folder", .path.display())]
    IsFolder {
        /// The path.
        path: PathBuf,
    },
    /// It is neither a file nor a folder.
    #[error("{} is neither a file nor a folder", .path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// It is longer than what can be read at once.
    #[error("{} has {size_bytes} bytes, at most {limit} can be read", .path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// Its length.
        size_bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Its name is not UTF-8.
    #[error("the name of {} is not UTF-8", .path.display())]
    Name {
        /// The path.
        path: PathBuf,
    },
    /// It changed while it was read.
    #[error("{} changed while it was read", .path.display())]
    Changed {
        /// The path.
        path: PathBuf,
    },
}

fn error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| {
        if source.kind() == io::ErrorKind::NotFound {
            FilesError::NotFound { path }
        } else {
            FilesError::Io { action, path, source }
        }
    }
}

/// A file that was found, and the name that it has below where the search began.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundFile {
    /// The NFC path below the folder, with `/`; the file's own name where a file was given.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size_bytes: u64,
}

/// Finds the files at and below a path, sorted by name. Hidden files, folders of repositories and what links point
/// to as folders are passed over.
///
/// # Errors
/// [`FilesError`] when there is nothing, or a folder cannot be read.
pub fn find_files(path: &Path) -> Result<Vec<FoundFile>, FilesError> {
    let metadata = fs::metadata(path).map_err(error("look at", path))?;
    let mut found = Vec::new();
    if metadata.is_dir() {
        walk(path, "", &mut found)?;
    } else if metadata.is_file() {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| FilesError::Name {
            path: path.to_owned(),
        })?;
        found.push(FoundFile {
            name: name.nfc().collect(),
            path: path.to_owned(),
            size_bytes: metadata.len(),
        });
    } else {
        return Err(FilesError::NotRegular {
            path: path.to_owned(),
        });
    }
    found.sort();
    Ok(found)
}

/// Whether a path is a folder.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<FoundFile>) -> Result<(), FilesError> {
    for entry in fs::read_dir(folder).map_err(error("list", folder))? {
        let entry = entry.map_err(error("list", folder))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(FilesError::Name { path });
        };
        if name.starts_with('.') {
            continue;
        }
        let name: String = format!("{prefix}{name}").nfc().collect();
        let kind = entry.file_type().map_err(error("look at", &path))?;
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), found)?;
            continue;
        }
        // A link to a file counts as that file; one to a folder, or to nothing, does not.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_file() {
            found.push(FoundFile {
                name,
                path,
                size_bytes: metadata.len(),
            });
        }
    }
    Ok(())
}

/// A user's file being read.
#[derive(Debug)]
pub struct InputFile {
    file: File,
    path: PathBuf,
    size_bytes: u64,
    version: FileVersion,
}

/// What tells a file from another one of its name, and from itself before a change: a length and a time of change can
/// be the same by chance or by intent, the time that the kernel keeps (`ctime`) cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileVersion {
    device: u64,
    inode: u64,
    size_bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileVersion {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size_bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl InputFile {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FilesError`] when it is none, or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        // A pipe must not block; and what was opened is looked at, not what the name meant before or after.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())
            .map_err(|errno| error("open", path)(errno.into()))?;
        let file = File::from(fd);
        let metadata = file.metadata().map_err(error("look at", path))?;
        if metadata.is_dir() {
            return Err(FilesError::IsFolder {
                path: path.to_owned(),
            });
        }
        if !metadata.is_file() {
            return Err(FilesError::NotRegular {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            size_bytes: metadata.len(),
            version: FileVersion::of(&metadata),
        })
    }

    /// Returns the open file's descriptor.
    #[must_use]
    pub fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.file)
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the length that it had when it was opened, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Reads what its header says of an image.
    #[must_use]
    pub fn probe(&self) -> super::probe::Probe {
        super::probe::probe(io::BufReader::new(&self.file), self.size_bytes)
    }

    /// Fills a buffer with the bytes from `offset` on, as far as the file has any; returns how many these are. Any
    /// number of threads may do so at the same time.
    ///
    /// # Errors
    /// [`FilesError`] when they cannot be read.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, FilesError> {
        let mut filled = 0_usize;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = u64::try_from(filled).unwrap_or(u64::MAX).saturating_add(offset);
            // No file is longer than a signed offset can say, and asking beyond it is an error.
            if at.saturating_add(u64::try_from(rest.len()).unwrap_or(u64::MAX)) > u64::MAX >> 1 {
                break;
            }
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(failure) if failure.kind() == io::ErrorKind::Interrupted => {}
                Err(failure) => return Err(error("read", &self.path)(failure)),
            }
        }
        Ok(filled)
    }

    /// Reads what its header says that could be about a person, where it is an image.
    #[must_use]
    pub fn personal_parts(&self) -> Vec<crate::privacy::HeaderPart> {
        super::probe::personal_parts(io::BufReader::new(&self.file), self.size_bytes)
    }

    /// Works out what has to be written over in a TIFF so that its texts say nothing of people.
    ///
    /// # Errors
    /// [`super::probe::StripError`] when it is none, cannot be read, or a text lies among pixels.
    pub fn strip_patches(
        &self,
        photographs: super::probe::Photographs,
    ) -> Result<Vec<super::probe::Patch>, super::probe::StripError> {
        super::probe::strip_patches(io::BufReader::new(&self.file), self.size_bytes, photographs)
    }

    /// Decodes it, where it is a JPEG, PNG or TIFF of at most 40 million pixels, and returns what it looks like.
    #[must_use]
    pub fn look(&self) -> Option<crate::model::Look> {
        super::look::look(io::BufReader::new(&self.file), self.size_bytes)
    }

    /// Goes back to the beginning.
    ///
    /// # Errors
    /// [`FilesError`] when that is not possible.
    pub fn rewind(&mut self) -> Result<(), FilesError> {
        io::Seek::rewind(&mut self.file).map_err(error("read", &self.path))
    }

    /// Whether it was changed, replaced or removed since it was opened.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        fs::metadata(&self.path).map_or(true, |metadata| FileVersion::of(&metadata) != self.version)
    }
}

impl Read for InputFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// [`FilesError`] when it is longer, no file, or cannot be read.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
    let file = InputFile::open(path)?;
    let size_bytes = file.size_bytes();
    if size_bytes > limit {
        return Err(FilesError::TooLarge {
            path: path.to_owned(),
            size_bytes,
            limit,
        });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0));
    (&file.file)
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(error("read", path))?;
    if file.has_changed() {
        return Err(FilesError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// Reads the first bytes of a file, to see what it is.
///
/// # Errors
/// [`FilesError`] when it is no file or cannot be read.
pub fn read_head(path: &Path, length: u64) -> Result<Vec<u8>, FilesError> {
    let file = InputFile::open(path)?;
    let mut bytes = Vec::new();
    (&file.file)
        .take(length)
        .read_to_end(&mut bytes)
        .map_err(error("read", path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_below_the_folder_given() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        fs::create_dir_all(dir.path().join("a/.holotype")).unwrap();
        for name in ["a/b/2.png", "a/1.png", "a/.hidden", "a/.holotype/format"] {
            fs::write(dir.path().join(name), b"x").unwrap();
        }
        let names: Vec<_> = find_files(&dir.path().join("a"))
            .unwrap()
            .into_iter()
            .map(|file| file.name)
            .collect();
        assert_eq!(names, ["1.png", "b/2.png"]);
        let own: Vec<_> = find_files(&dir.path().join("a/b/2.png"))
            .unwrap()
            .into_iter()
            .map(|file| file.name)
            .collect();
        assert_eq!(own, ["2.png"]);
        assert!(matches!(
            find_files(&dir.path().join("zz")),
            Err(FilesError::NotFound { .. })
        ));
    }

    #[test]
    fn c01_c02_c03_the_same_length_and_time_do_not_hide_a_change() {
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (dir.path().join("x"), dir.path().join("y"));
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let write = |at: &Path, bytes: &[u8]| {
            fs::write(at, bytes).unwrap();
            File::options()
                .write(true)
                .open(at)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        write(&path, b"one");
        write(&aside, b"two");
        let file = InputFile::open(&path).unwrap();
        assert!(!file.has_changed());
        fs::rename(&aside, &path).unwrap();
        assert!(file.has_changed(), "replaced by another file");
        let file = InputFile::open(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &aside).unwrap();
        fs::rename(&aside, &path).unwrap();
        assert!(file.has_changed(), "replaced by a link");
        assert!(matches!(
            InputFile::open(&path),
            Err(FilesError::NotRegular { .. })
        ));
        fs::remove_file(&path).unwrap();
        assert!(file.has_changed(), "removed");
        write(&path, b"one");
        let file = InputFile::open(&path).unwrap();
        write(&path, b"two");
        assert!(file.has_changed(), "rewritten");
    }

    #[test]
    fn a_file_that_changes_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, b"one").unwrap();
        let file = InputFile::open(&path).unwrap();
        assert!(!file.has_changed());
        fs::write(&path, b"longer").unwrap();
        assert!(file.has_changed());
        assert!(matches!(
            read_file(dir.path(), 10),
            Err(FilesError::IsFolder { .. })
        ));
        assert!(matches!(read_file(&path, 2), Err(FilesError::TooLarge { .. })));
    }

    #[test]
    fn bytes_are_read_from_any_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, b"0123456789").unwrap();
        let file = InputFile::open(&path).unwrap();
        let read = |offset, length: usize| {
            let mut buffer = vec![b'-'; length];
            let count = file.read_at(offset, &mut buffer).unwrap();
            buffer.truncate(count);
            buffer
        };
        assert_eq!(read(3, 4), b"3456");
        assert_eq!(read(0, 10), b"0123456789");
        assert_eq!(read(8, 4), b"89", "as far as there are any");
        assert_eq!(read(10, 4), b"");
        assert_eq!(read(u64::MAX >> 1, 1), b"");
        assert_eq!(read(2, 0), b"");
    }

    #[cfg(unix)]
    #[test]
    fn n08_links_in_circles_end() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
        fs::write(dir.path().join("x.png"), b"x").unwrap();
        let names: Vec<_> = find_files(dir.path())
            .unwrap()
            .into_iter()
            .map(|file| file.name)
            .collect();
        assert_eq!(names, ["x.png"]);
    }
}
