//! Files that count what is done to them: for tests and benches that pin how much work something takes.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::vfs::{DirEntry, Durability, Lock, LockMode, ReadFile, Vfs, WriteFile};

/// What was done since the counters were last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files opened for reading.
    pub opens: u64,
    /// Reads that gave bytes.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes read from each file.
    pub read_by_path: BTreeMap<PathBuf, u64>,
    /// Folders listed.
    pub lists: Vec<PathBuf>,
    /// Lengths asked for.
    pub stats: u64,
    /// Calls that wait for the disk: `fdatasync` of a file, `fsync` of a folder, a synced append.
    pub syncs: u64,
    /// Bytes written to files that were then synced.
    pub synced_bytes: u64,
    /// Bytes written and never synced.
    pub unsynced_bytes: u64,
}

/// A [`Vfs`] that counts.
#[derive(Debug, Clone)]
pub struct CountingVfs {
    inner: Arc<dyn Vfs>,
    counts: Arc<Mutex<Counts>>,
}

impl CountingVfs {
    /// Counts what is done to the files of `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Vfs>) -> Self {
        Self {
            inner,
            counts: Arc::default(),
        }
    }

    /// Returns what was counted, and counts from 0 again.
    #[must_use]
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        locked(&self.counts)
    }
}

fn locked(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

struct CountingRead {
    inner: Box<dyn ReadFile>,
    path: PathBuf,
    counts: Arc<Mutex<Counts>>,
}

impl CountingRead {
    fn note(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut counts = locked(&self.counts);
        counts.reads += 1;
        counts.read_bytes += length(bytes);
        *counts.read_by_path.entry(self.path.clone()).or_default() += length(bytes);
    }
}

impl Read for CountingRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.note(count);
        Ok(count)
    }
}

impl Seek for CountingRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl ReadFile for CountingRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.inner.read_exact_at(buffer, offset)?;
        self.note(buffer.len());
        Ok(())
    }

    fn size_bytes(&self) -> io::Result<u64> {
        self.inner.size_bytes()
    }
}

struct CountingWrite {
    inner: Box<dyn WriteFile>,
    counts: Arc<Mutex<Counts>>,
    pending: u64,
}

impl Write for CountingWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.pending += length(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl WriteFile for CountingWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.inner.sync()?;
        let mut counts = locked(&self.counts);
        counts.syncs += 1;
        counts.synced_bytes += std::mem::take(&mut self.pending);
        Ok(())
    }

    fn clone_from_file(&mut self, source: BorrowedFd<'_>) -> io::Result<()> {
        self.inner.clone_from_file(source)
    }
}

impl Drop for CountingWrite {
    fn drop(&mut self) {
        locked(&self.counts).unsynced_bytes += self.pending;
    }
}

impl Vfs for CountingVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let inner = self.inner.open(path)?;
        self.counts().opens += 1;
        Ok(Box::new(CountingRead {
            inner,
            path: path.to_owned(),
            counts: Arc::clone(&self.counts),
        }))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(CountingWrite {
            inner: self.inner.create_new(path)?,
            counts: Arc::clone(&self.counts),
            pending: 0,
        }))
    }

    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        self.inner.append(path, bytes, durability)?;
        let mut counts = self.counts();
        match durability {
            Durability::Synced => {
                counts.syncs += 1;
                counts.synced_bytes += length(bytes.len());
            }
            Durability::Unsynced => counts.unsynced_bytes += length(bytes.len()),
        }
        Ok(())
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        self.inner.truncate(path, size_bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename_new(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inner.remove(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_dir_all(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_dir(path)?;
        self.counts().syncs += 1;
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let entries = self.inner.list(path)?;
        self.counts().lists.push(path.to_owned());
        Ok(entries)
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.counts().stats += 1;
        self.inner.size_bytes(path)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        self.inner.lock(path, mode)
    }
}
