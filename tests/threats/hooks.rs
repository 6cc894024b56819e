//! Operations on files that ask first: to fail, to be cut short, or to be noted in order; and that tell what they did.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::store::{DirEntry, Durability, Lock, LockMode, ReadFile, RealVfs, Vfs, WriteFile};

/// An operation, as the hook is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Open,
    Read,
    ReadAt,
    Create,
    Write,
    Sync,
    Append,
    Truncate,
    RenameFrom,
    Rename,
    RenameNew,
    LinkFrom,
    Link,
    Remove,
    CreateDir,
    SyncDir,
    List,
    Look,
    Lock,
}

impl Op {
    /// Whether it changes something on the disk.
    pub(crate) fn changes(self) -> bool {
        match self {
            Self::Open | Self::Read | Self::ReadAt | Self::List | Self::Look | Self::Lock => false,
            Self::Create
            | Self::Write
            | Self::Sync
            | Self::Append
            | Self::Truncate
            | Self::RenameFrom
            | Self::Rename
            | Self::RenameNew
            | Self::LinkFrom
            | Self::Link
            | Self::Remove
            | Self::CreateDir
            | Self::SyncDir => true,
        }
    }
}

type Hook = Arc<dyn Fn(Op, &Path) -> io::Result<()> + Send + Sync>;
type Done = Arc<dyn Fn(Op, &Path) + Send + Sync>;

/// The real files behind a hook.
#[derive(Clone)]
pub(crate) struct HookVfs {
    hook: Hook,
    /// Told of what was done.
    done: Done,
    /// At most so many bytes are read or written at once.
    piece: usize,
}

impl fmt::Debug for HookVfs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HookVfs")
    }
}

impl HookVfs {
    pub(crate) fn new(hook: impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static) -> Arc<Self> {
        Self::in_pieces(usize::MAX, hook)
    }

    pub(crate) fn in_pieces(
        piece: usize,
        hook: impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            hook: Arc::new(hook),
            done: Arc::new(|_, _| {}),
            piece,
        })
    }

    /// Asks first, and tells of what succeeded.
    pub(crate) fn telling(
        hook: impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static,
        done: impl Fn(Op, &Path) + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            hook: Arc::new(hook),
            done: Arc::new(done),
            piece: usize::MAX,
        })
    }

    fn ask(&self, op: Op, path: &Path) -> io::Result<()> {
        (self.hook)(op, path)
    }

    /// Asks, does it, and tells.
    fn run<T>(&self, op: Op, path: &Path, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.ask(op, path)?;
        let result = work()?;
        (self.done)(op, path);
        Ok(result)
    }

    /// The same for an operation on two paths.
    fn run_both<T>(
        &self,
        from: (Op, &Path),
        to: (Op, &Path),
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.ask(from.0, from.1)?;
        self.run(to.0, to.1, || {
            let result = work()?;
            (self.done)(from.0, from.1);
            Ok(result)
        })
    }
}

struct HookRead {
    inner: Box<dyn ReadFile>,
    vfs: HookVfs,
    path: PathBuf,
}

impl Read for HookRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.vfs.ask(Op::Read, &self.path)?;
        let length = buffer.len().min(self.vfs.piece);
        self.inner.read(&mut buffer[..length])
    }
}

impl Seek for HookRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl ReadFile for HookRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.vfs.ask(Op::ReadAt, &self.path)?;
        self.inner.read_exact_at(buffer, offset)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        self.inner.size_bytes()
    }
}

struct HookWrite {
    inner: Box<dyn WriteFile>,
    vfs: HookVfs,
    path: PathBuf,
}

impl Write for HookWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.vfs.piece);
        let Self { inner, vfs, path } = self;
        vfs.run(Op::Write, path, || inner.write(&bytes[..length]))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl WriteFile for HookWrite {
    fn sync(&mut self) -> io::Result<()> {
        let Self { inner, vfs, path } = self;
        vfs.run(Op::Sync, path, || inner.sync())
    }

    fn clone_from_file(&mut self, _source: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

impl Vfs for HookVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.ask(Op::Open, path)?;
        let inner = RealVfs.open(path)?;
        let (vfs, path) = (self.clone(), path.to_owned());
        Ok(Box::new(HookRead { inner, vfs, path }))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let inner = self.run(Op::Create, path, || RealVfs.create_new(path))?;
        let (vfs, path) = (self.clone(), path.to_owned());
        Ok(Box::new(HookWrite { inner, vfs, path }))
    }

    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        self.run(Op::Append, path, || {
            RealVfs.append(path, bytes, Durability::Unsynced)
        })?;
        match durability {
            Durability::Synced => self.run(Op::Sync, path, || RealVfs.append(path, &[], durability)),
            Durability::Unsynced => Ok(()),
        }
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        self.run(Op::Truncate, path, || RealVfs.truncate(path, size_bytes))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run_both((Op::RenameFrom, from), (Op::Rename, to), || {
            RealVfs.rename(from, to)
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run_both((Op::RenameFrom, from), (Op::RenameNew, to), || {
            RealVfs.rename_new(from, to)
        })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run_both((Op::LinkFrom, from), (Op::Link, to), || RealVfs.link(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(Op::Remove, path, || RealVfs.remove(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.run(Op::Remove, path, || RealVfs.remove_dir_all(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.run(Op::CreateDir, path, || RealVfs.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.run(Op::SyncDir, path, || RealVfs.sync_dir(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.ask(Op::List, path)?;
        RealVfs.list(path)
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.ask(Op::Look, path)?;
        RealVfs.size_bytes(path)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        self.ask(Op::Lock, path)?;
        RealVfs.lock(path, mode)
    }
}
