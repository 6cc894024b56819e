//! Operations on files that fail on command, for tests: the n-th one, in a chosen way.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::vfs::{DirEntry, Durability, Lock, LockMode, ReadFile, Vfs, WriteFile};

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails with an I/O error and does nothing; later ones work.
    Error,
    /// It fails for lack of space, and so does every later write.
    Full,
    /// Half of what it should write is written, then it fails.
    Torn,
    /// It takes effect and then reports failure, as when an answer is lost.
    LostAnswer,
    /// It and all later ones do nothing and fail, as if the process had been killed.
    Killed,
}

/// All ways to fail.
pub const FAULTS: [Fault; 5] = [
    Fault::Error,
    Fault::Full,
    Fault::Torn,
    Fault::LostAnswer,
    Fault::Killed,
];

#[derive(Debug, Default)]
struct Plan {
    counter: AtomicU64,
    fail_at: Mutex<Option<(u64, Fault)>>,
}

/// What an operation shall do.
enum Verdict {
    Work,
    Fail(io::Error),
    Half(io::Error),
    WorkThenFail(io::Error),
}

/// Counts the operations that change something, and fails one of them.
#[derive(Debug, Clone)]
pub struct FaultyVfs {
    inner: Arc<dyn Vfs>,
    plan: Arc<Plan>,
}

impl FaultyVfs {
    /// Passes operations on to `inner` until told otherwise.
    #[must_use]
    pub fn new(inner: Arc<dyn Vfs>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
        }
    }

    /// Sets the counter to 0 and lets the operation number `n` (from 0) fail.
    pub fn fail(&self, n: u64, fault: Fault) {
        self.plan.counter.store(0, Ordering::SeqCst);
        self.set(Some((n, fault)));
    }

    /// Lets everything work again, and returns how many operations were counted.
    pub fn heal(&self) -> u64 {
        self.set(None);
        self.plan.counter.swap(0, Ordering::SeqCst)
    }

    fn set(&self, fail_at: Option<(u64, Fault)>) {
        *self
            .plan
            .fail_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = fail_at;
    }
}

impl Plan {
    fn next(&self) -> Verdict {
        let number = self.counter.fetch_add(1, Ordering::SeqCst);
        let fail_at = *self
            .fail_at
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some((at, fault)) = fail_at else {
            return Verdict::Work;
        };
        let error = || io::Error::other("injected fault");
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        match fault {
            Fault::Killed if number >= at => Verdict::Fail(error()),
            Fault::Full if number >= at => Verdict::Fail(full()),
            Fault::Error if number == at => Verdict::Fail(error()),
            Fault::Torn if number == at => Verdict::Half(error()),
            Fault::LostAnswer if number == at => Verdict::WorkThenFail(error()),
            Fault::Killed | Fault::Full | Fault::Error | Fault::Torn | Fault::LostAnswer => Verdict::Work,
        }
    }

    /// Runs an operation that cannot be half done.
    fn run<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.next() {
            Verdict::Work => work(),
            Verdict::Fail(error) | Verdict::Half(error) => Err(error),
            Verdict::WorkThenFail(error) => work().and(Err(error)),
        }
    }
}

struct FaultyWrite {
    inner: Box<dyn WriteFile>,
    plan: Arc<Plan>,
}

impl Write for FaultyWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.plan.next() {
            Verdict::Work => self.inner.write(bytes),
            Verdict::Fail(error) => Err(error),
            Verdict::Half(error) => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or(&[]);
                self.inner.write_all(half).and(Err(error))
            }
            Verdict::WorkThenFail(error) => self.inner.write_all(bytes).and(Err(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl WriteFile for FaultyWrite {
    fn sync(&mut self) -> io::Result<()> {
        let Self { inner, plan } = self;
        plan.run(|| inner.sync())
    }

    fn clone_from_file(&mut self, _source: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

/// Readers are passed on, wrapped so that they can be boxed.
struct PassedRead(Box<dyn ReadFile>);

impl Read for PassedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for PassedRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl ReadFile for PassedRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        self.0.size_bytes()
    }
}

impl Vfs for FaultyVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        self.inner
            .open(path)
            .map(|file| Box::new(PassedRead(file)) as Box<dyn ReadFile>)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let inner = self.plan.run(|| self.inner.create_new(path))?;
        Ok(Box::new(FaultyWrite {
            inner,
            plan: Arc::clone(&self.plan),
        }))
    }

    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        match self.plan.next() {
            Verdict::Work => self.inner.append(path, bytes, durability),
            Verdict::Fail(error) => Err(error),
            Verdict::Half(error) => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or(&[]);
                self.inner
                    .append(path, half, Durability::Unsynced)
                    .and(Err(error))
            }
            Verdict::WorkThenFail(error) => self.inner.append(path, bytes, durability).and(Err(error)),
        }
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        self.plan.run(|| self.inner.truncate(path, size_bytes))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.rename(from, to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.rename_new(from, to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.link(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.remove(path))
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.remove_dir_all(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.plan.run(|| self.inner.sync_dir(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.inner.list(path)
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.inner.size_bytes(path)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        self.inner.lock(path, mode)
    }
}
