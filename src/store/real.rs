//! The operations on files, by the operating system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::leftovers;

use super::REPOSITORY_DIR;
use super::vfs::{DirEntry, Durability, LinkFound, Lock, LockMode, ReadFile, Vfs, WriteFile};

/// The operating system's files.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealVfs;

/// An open file, and the length that it had then.
struct RealRead {
    file: File,
    size_bytes: u64,
}

impl Read for RealRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for RealRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl ReadFile for RealRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.size_bytes)
    }
}

struct RealWrite(File);

impl Write for RealWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl WriteFile for RealWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn clone_from_file(&mut self, source: BorrowedFd<'_>) -> io::Result<()> {
        rustix::fs::ioctl_ficlone(&self.0, source).map_err(io::Error::from)
    }

    #[cfg(not(target_os = "linux"))]
    fn clone_from_file(&mut self, _source: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

/// The open file that carries the lock.
#[derive(Debug)]
struct RealLock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock for RealLock {}

/// Refuses a path that leads through a symbolic link below `.holotype`: in a repository of a stranger it would carry
/// what is written, locked or removed out of it. What is read is verified, whatever folder it came from.
fn inside(path: &Path) -> io::Result<()> {
    let is_root = |part: &&Path| part.file_name().is_some_and(|name| name == REPOSITORY_DIR);
    if !path.ancestors().any(|part| is_root(&part)) {
        return Ok(());
    }
    for part in path.ancestors().take_while(|part| !is_root(part)) {
        match fs::symlink_metadata(part) {
            Ok(metadata) if metadata.is_symlink() => return Err(io::Error::other(LinkFound)),
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// As [`inside`], where a link at the path itself is not followed anyway.
fn holder_inside(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), inside)
}

/// Whether a file stands in `tmp/`, until it gets its name or is removed.
fn is_temporary(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name);
    folder.is_some_and(|name| name == "tmp")
}

impl Vfs for RealVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        // Without `NONBLOCK`, a pipe put in a file's place would halt every reader.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(path, flags, Mode::empty());
        let file = File::from(opened.map_err(|errno| match errno {
            Errno::LOOP => io::Error::other(LinkFound),
            errno => errno.into(),
        })?);
        let metadata = file.metadata()?;
        let kind = metadata.file_type();
        if kind.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !kind.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        Ok(Box::new(RealRead {
            file,
            size_bytes: metadata.len(),
        }))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        holder_inside(path)?;
        let mut options = OpenOptions::new();
        options.write(true).read(true).create_new(true);
        let file = if is_temporary(path) {
            leftovers::begin(path, || options.open(path))
        } else {
            options.open(path)
        };
        Ok(Box::new(RealWrite(file?)))
    }

    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        inside(path)?;
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(bytes)?;
        match durability {
            Durability::Synced => file.sync_data(),
            Durability::Unsynced => Ok(()),
        }
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        inside(path)?;
        OpenOptions::new().write(true).open(path)?.set_len(size_bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        holder_inside(from)?;
        holder_inside(to)?;
        let renamed = fs::rename(from, to);
        leftovers::forget(from);
        renamed
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        holder_inside(from)?;
        holder_inside(to)?;
        let renamed = rustix::fs::renameat_with(
            rustix::fs::CWD,
            from,
            rustix::fs::CWD,
            to,
            rustix::fs::RenameFlags::NOREPLACE,
        );
        leftovers::forget(from);
        renamed.map_err(|errno| match errno {
            Errno::INVAL | Errno::NOSYS | Errno::NOTSUP => io::Error::from(io::ErrorKind::Unsupported),
            errno => errno.into(),
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        holder_inside(to)?;
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        holder_inside(path)?;
        let removed = fs::remove_file(path);
        leftovers::forget(path);
        removed
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        holder_inside(path)?;
        fs::remove_dir_all(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        inside(path)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            other => other,
        }
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                let metadata = entry.metadata()?;
                let is_dir = metadata.is_dir();
                let name = entry.file_name().to_string_lossy().into_owned();
                let modified = metadata
                    .modified()
                    .ok()
                    .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
                let modified_ms = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
                let size_bytes = if is_dir { 0 } else { metadata.len() };
                Ok(DirEntry {
                    name,
                    is_dir,
                    size_bytes,
                    modified_ms,
                })
            })
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        inside(path)?;
        let file = File::open(path)?;
        let operation = match mode {
            LockMode::Exclusive => FlockOperation::LockExclusive,
            LockMode::TryExclusive => FlockOperation::NonBlockingLockExclusive,
            LockMode::Shared => FlockOperation::LockShared,
        };
        loop {
            match rustix::fs::flock(&file, operation) {
                Ok(()) => return Ok(Box::new(RealLock(file))),
                Err(Errno::INTR) => {}
                Err(Errno::NOLCK | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL) => {
                    return Err(io::Error::from(io::ErrorKind::Unsupported));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `.holotype` with a file, a folder, and links to a file and to a folder outside.
    fn repository() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join(REPOSITORY_DIR);
        fs::create_dir_all(root.join("tmp/folder")).unwrap();
        fs::create_dir_all(dir.path().join("outside")).unwrap();
        for file in ["outside/file", ".holotype/tmp/file"] {
            fs::write(dir.path().join(file), b"12345").unwrap();
        }
        std::os::unix::fs::symlink(dir.path().join("outside"), root.join("folder-link")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("outside/file"), root.join("file-link")).unwrap();
        (dir, root)
    }

    #[test]
    fn no_link_leads_out_of_a_repository() {
        let (dir, root) = repository();
        let is_link = |result: io::Result<()>| {
            let error = result.unwrap_err();
            assert!(
                error.get_ref().is_some_and(|inner| inner.is::<LinkFound>()),
                "{error:?}"
            );
        };
        is_link(RealVfs.open(&root.join("file-link")).map(drop));
        is_link(RealVfs.create_dir(&root.join("folder-link/new")));
        is_link(
            RealVfs
                .lock(&root.join("folder-link"), LockMode::Shared)
                .map(drop),
        );
        is_link(RealVfs.remove(&root.join("folder-link/file")));
        is_link(RealVfs.remove_dir_all(&root.join("folder-link/x")));
        assert!(dir.path().join("outside/file").exists() && !dir.path().join("outside/new").exists());
        // A link itself may go; one outside of a repository is its owner's affair.
        RealVfs.remove(&root.join("file-link")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("outside"), dir.path().join("link")).unwrap();
        RealVfs.create_dir(&dir.path().join("link/new")).unwrap();
        assert!(dir.path().join("outside/new").exists());
    }

    #[test]
    fn what_is_there_already_counts_only_where_it_is_a_folder() {
        let (_dir, root) = repository();
        RealVfs.create_dir(&root.join("tmp/folder")).unwrap();
        let made = RealVfs.create_dir(&root.join("tmp/file"));
        assert_eq!(made.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let made = RealVfs.create_dir(&root.join("missing/new"));
        assert_eq!(made.unwrap_err().kind(), io::ErrorKind::NotFound);
        let made = RealVfs.create_dir(&root.join("tmp/file/new"));
        assert_eq!(made.unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn a_length_is_that_of_the_file_and_none_where_there_is_none() {
        let (_dir, root) = repository();
        assert_eq!(RealVfs.size_bytes(&root.join("tmp/file")).unwrap(), Some(5));
        assert_eq!(RealVfs.size_bytes(&root.join("tmp/none")).unwrap(), None);
        let below_a_file = RealVfs.size_bytes(&root.join("tmp/file/x"));
        assert_eq!(below_a_file.unwrap_err().kind(), io::ErrorKind::NotADirectory);
        let mut file = RealVfs.open(&root.join("tmp/file")).unwrap();
        assert_eq!(file.size_bytes().unwrap(), 5);
        assert_eq!(file.seek(SeekFrom::Start(3)).unwrap(), 3);
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"45");
        assert!(is_temporary(&root.join("tmp/file")) && !is_temporary(&root.join("draft/tmp")));
    }

    /// The null device cannot be made durable, and the kernel says so: who asks it, is told.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_is_asked_to_make_durable() {
        let null = Path::new("/dev/null");
        let is_refused = |result: io::Result<()>| {
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        };
        is_refused(RealWrite(File::open(null).unwrap()).sync());
        is_refused(RealVfs.append(null, b"x", Durability::Synced));
        is_refused(RealVfs.sync_dir(null));
        RealVfs.append(null, b"x", Durability::Unsynced).unwrap();
    }
}
