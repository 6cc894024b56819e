//! The bytes of a file that is too long to be held: in one pass from the beginning, hashed on the way, and again from
//! any place. How many were read is counted.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::CocoError;
use crate::files::input::{FilesError, InputFile};
use crate::id::Digest;
use crate::import::progress::Progress;

/// How much is done at a time, and what is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// So many bytes are read at a time, and more only where one record has more.
    pub(super) window: usize,
    /// So many records are parsed in one go by one thread.
    pub(super) chunk: usize,
    /// No record has more bytes.
    pub(super) record: usize,
    /// All that stands beside the annotations has no more bytes.
    pub(super) rest: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 4 << 20,
            chunk: 1 << 10,
            record: 1 << 30,
            rest: 1 << 30,
        }
    }
}

/// A file that stays open.
#[derive(Debug)]
pub(super) struct Source {
    /// Its own name, for messages.
    pub(super) name: String,
    file: InputFile,
    read_bytes: AtomicU64,
}

impl Source {
    pub(super) fn open(name: &str, path: &Path) -> Result<Self, CocoError> {
        Ok(Self {
            name: name.to_owned(),
            file: InputFile::open(path)?,
            read_bytes: AtomicU64::new(0),
        })
    }

    /// Returns its length in bytes.
    pub(super) fn size_bytes(&self) -> u64 {
        self.file.size_bytes()
    }

    /// Returns how many bytes were read so far, one that was read twice counted twice.
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Appends up to `count` bytes from a place on; returns how many there were.
    fn append(&self, from: u64, count: usize, buffer: &mut Vec<u8>) -> Result<usize, CocoError> {
        let before = buffer.len();
        buffer.resize(before.saturating_add(count), 0);
        let space = buffer.get_mut(before..).unwrap_or_default();
        let read = self.file.read_at(from, space)?;
        buffer.truncate(before + read);
        self.read_bytes
            .fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(read)
    }

    /// Reads the bytes from one place to another into an emptied buffer; all of them are there, or the file has
    /// changed.
    pub(super) fn read(&self, from: u64, to: u64, buffer: &mut Vec<u8>) -> Result<(), CocoError> {
        buffer.clear();
        let count = usize::try_from(to.saturating_sub(from)).map_err(|_| self.changed())?;
        if self.append(from, count, buffer)? == count {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    /// Refuses the file if it was changed since it was opened.
    pub(super) fn check(&self) -> Result<(), CocoError> {
        if self.file.has_changed() {
            Err(self.changed())
        } else {
            Ok(())
        }
    }

    /// Tells that it was changed.
    pub(super) fn changed(&self) -> CocoError {
        FilesError::Changed {
            path: self.file.path().to_owned(),
        }
        .into()
    }
}

/// The file from its beginning to its end.
pub(super) struct Stream<'s> {
    source: &'s Source,
    progress: &'s dyn Progress,
    hasher: blake3::Hasher,
    /// What was read and is still needed.
    pub(super) buffer: Vec<u8>,
    /// Where in the file the buffer begins.
    pub(super) base: u64,
    /// Where in the file reading goes on.
    next: u64,
}

impl<'s> Stream<'s> {
    pub(super) fn new(source: &'s Source, progress: &'s dyn Progress) -> Self {
        Self {
            source,
            progress,
            hasher: blake3::Hasher::new(),
            buffer: Vec::new(),
            base: 0,
            next: 0,
        }
    }

    /// Reads on; returns whether there was anything. A long buffer is doubled, so that what is looked for in it from
    /// its beginning every time is looked for in linear time.
    pub(super) fn fill(&mut self, window: usize) -> Result<bool, CocoError> {
        let count = window.max(self.buffer.len());
        let before = self.buffer.len();
        let read = self.source.append(self.next, count, &mut self.buffer)?;
        self.hasher.update(self.buffer.get(before..).unwrap_or_default());
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        self.next += read;
        self.progress.advance(read);
        Ok(read > 0)
    }

    /// Reads to the end; no more than `limit` bytes may be left.
    pub(super) fn fill_up(&mut self, window: usize, limit: usize) -> Result<(), CocoError> {
        while self.fill(window)? {
            self.within(limit, "what stands beside its annotations")?;
        }
        Ok(())
    }

    /// Refuses a file of which a part is too long to be held.
    pub(super) fn within(&self, limit: usize, what: &'static str) -> Result<(), CocoError> {
        if self.buffer.len() <= limit {
            return Ok(());
        }
        Err(CocoError::TooLong {
            file: self.source.name.clone(),
            what,
            offset: self.base,
            limit,
        })
    }

    /// Takes the first bytes of the buffer away; only those from `keep` on stay.
    pub(super) fn take(&mut self, keep: usize) -> Vec<u8> {
        let rest = self.buffer.get(keep..).unwrap_or_default().to_vec();
        let mut taken = std::mem::replace(&mut self.buffer, rest);
        taken.truncate(keep);
        self.base += u64::try_from(keep).unwrap_or(0);
        taken
    }

    /// Returns the digest of all bytes.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }
}
