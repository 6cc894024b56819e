//! Files and nodes that count what is asked of them, so that costs are told exactly and not by a clock.

use std::fmt::Debug;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holotype::id::NodeId;
use holotype::store::{DirEntry, Durability, Lock, LockMode, ReadFile, RealVfs, Vfs, WriteFile};
use holotype::tree::{Node, NodeSink, NodeSource, TreeError};

/// A number that several hands raise.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn add_length(&self, bytes: &[u8]) {
        self.add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// Returns it.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was asked of the operating system.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Calls that make a file or folder durable.
    pub(crate) syncs: Count,
    /// Bytes of files that were made durable.
    pub(crate) synced_bytes: Count,
    /// Bytes that were written, durable or not.
    pub(crate) written_bytes: Count,
    /// Bytes that were read.
    pub(crate) read_bytes: Count,
    /// Files that were opened for reading.
    pub(crate) opened: Count,
}

/// Whether files are made durable where the program asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syncs {
    /// As the program asks.
    Kept,
    /// Never: for making long histories to measure on, and for nothing else.
    Skipped,
}

/// The operating system's files, counted.
#[derive(Debug)]
pub(crate) struct CountedVfs {
    counts: Arc<Counts>,
    syncs: Syncs,
}

impl CountedVfs {
    /// Begins at nothing.
    pub(crate) fn new(syncs: Syncs) -> (Arc<Self>, Arc<Counts>) {
        let counts = Arc::new(Counts::default());
        let vfs = Self {
            counts: Arc::clone(&counts),
            syncs,
        };
        (Arc::new(vfs), counts)
    }
}

struct CountedRead {
    file: Box<dyn ReadFile>,
    counts: Arc<Counts>,
}

impl Read for CountedRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.counts
            .read_bytes
            .add_length(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

impl Seek for CountedRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl ReadFile for CountedRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.counts.read_bytes.add_length(buffer);
        self.file.read_exact_at(buffer, offset)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        self.file.size_bytes()
    }
}

struct CountedWrite {
    file: Box<dyn WriteFile>,
    counts: Arc<Counts>,
    syncs: Syncs,
    unsynced: u64,
}

impl Write for CountedWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        let written = u64::try_from(length).unwrap_or(u64::MAX);
        self.counts.written_bytes.add(written);
        self.unsynced += written;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl WriteFile for CountedWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.counts.syncs.add(1);
        self.counts.synced_bytes.add(std::mem::take(&mut self.unsynced));
        match self.syncs {
            Syncs::Kept => self.file.sync(),
            Syncs::Skipped => Ok(()),
        }
    }

    fn clone_from_file(&mut self, source: BorrowedFd<'_>) -> io::Result<()> {
        self.file.clone_from_file(source)
    }
}

impl Vfs for CountedVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let file = RealVfs.open(path)?;
        self.counts.opened.add(1);
        let counts = Arc::clone(&self.counts);
        Ok(Box::new(CountedRead { file, counts }))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(CountedWrite {
            file: RealVfs.create_new(path)?,
            counts: Arc::clone(&self.counts),
            syncs: self.syncs,
            unsynced: 0,
        }))
    }

    fn append(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        self.counts.written_bytes.add_length(bytes);
        if durability == Durability::Synced {
            self.counts.syncs.add(1);
            self.counts.synced_bytes.add_length(bytes);
        }
        match self.syncs {
            Syncs::Kept => RealVfs.append(path, bytes, durability),
            Syncs::Skipped => RealVfs.append(path, bytes, Durability::Unsynced),
        }
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        RealVfs.truncate(path, size_bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealVfs.rename(from, to)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealVfs.rename_new(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealVfs.link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove_dir_all(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.counts.syncs.add(1);
        match self.syncs {
            Syncs::Kept => RealVfs.sync_dir(path),
            Syncs::Skipped => Ok(()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        RealVfs.list(path)
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        RealVfs.size_bytes(path)
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        RealVfs.lock(path, mode)
    }
}

/// Nodes, those made here before those of a repository, counted.
pub(crate) struct CountedNodes<'a, N: NodeSource> {
    made: &'a N,
    stored: &'a dyn NodeSource,
    reads: Count,
}

impl<'a, N: NodeSource> CountedNodes<'a, N> {
    /// Begins at nothing.
    pub(crate) fn new(made: &'a N, stored: &'a dyn NodeSource) -> Self {
        let reads = Count::default();
        Self { made, stored, reads }
    }

    /// Returns how many nodes were read.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.get()
    }
}

impl<N: NodeSource> NodeSource for CountedNodes<'_, N> {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        self.reads.add(1);
        match self.made.node(id) {
            Err(TreeError::Missing { .. }) => self.stored.node(id),
            other => other,
        }
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        match self.made.value(id) {
            Err(TreeError::Missing { .. }) => self.stored.value(id),
            other => other,
        }
    }
}

/// Counts nodes, lets their bytes go to a file where one is given, and forgets them.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many.
    pub(crate) nodes: u64,
    /// How many bytes they have.
    pub(crate) bytes: u64,
    /// Where their bytes go.
    pub(crate) file: Option<io::BufWriter<std::fs::File>>,
    /// Whether the file took all of them.
    pub(crate) failed: bool,
}

impl NodeSink for Tally {
    fn keep(&mut self, _id: NodeId, bytes: &[u8]) {
        self.nodes += 1;
        self.bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if let Some(file) = &mut self.file {
            self.failed |= file.write_all(bytes).is_err();
        }
    }
}
