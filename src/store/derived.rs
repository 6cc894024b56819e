//! Files in `derived/`: never synced, may vanish or be damaged at any time. Who reads one must be able to do
//! without it.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::time::Timestamp;

use super::garbage::INDEX;
use super::vfs::{DirEntry, ReadFile, WriteFile, read_all};
use super::{Store, StoreError};

/// What stays when derived files are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// Nothing.
    Nothing,
    /// The index: its folder carries the lock of those who use it, and who fills it anew empties it under that lock.
    Index,
}

/// Bytes are gathered up to this many before they are written.
const WRITE_BUFFER: usize = 256 << 10;

/// A file in `derived/` being written.
pub struct DerivedWriter {
    store: Store,
    temp: Option<PathBuf>,
    file: BufWriter<Box<dyn WriteFile>>,
    written: Option<Box<dyn ReadFile>>,
}

impl Write for DerivedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl DerivedWriter {
    /// Reads what was written at `offset`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_back(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.flush()?;
        if self.written.is_none() {
            let temp = self.temp.as_deref().ok_or(io::ErrorKind::NotFound)?;
            self.written = Some(self.store.vfs.open(temp)?);
        }
        match &self.written {
            Some(written) => written.read_exact_at(buffer, offset),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Gives the file its name, in place of what stands there.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it is left then.
    pub fn finish(mut self, relative: &str) -> io::Result<()> {
        self.file.flush()?;
        let to = self.store.derived_path(relative);
        let Some(temp) = self.temp.as_deref() else {
            return Ok(());
        };
        let renamed = match self.store.vfs.rename(temp, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The folder is missing, as after `gc`.
                let folder = to.parent().unwrap_or(&to);
                self.store.create_derived_dirs(folder)?;
                self.store.vfs.rename(temp, &to)
            }
            other => other,
        };
        renamed.map(|()| self.temp = None)
    }
}

impl Drop for DerivedWriter {
    fn drop(&mut self) {
        if let Some(temp) = self.temp.take() {
            let _ = self.store.vfs.remove(&temp);
        }
    }
}

/// A file in `derived/` being read.
pub struct DerivedFile {
    /// Its path, for messages.
    pub path: PathBuf,
    /// The open file.
    pub file: Box<dyn ReadFile>,
    /// Its length in bytes.
    pub size_bytes: u64,
}

impl Store {
    /// Returns the path of a file in `derived/`.
    #[must_use]
    pub fn derived_path(&self, relative: &str) -> PathBuf {
        self.path("derived").join(relative)
    }

    /// Opens a file in `derived/`; `None` when it is not there or cannot be opened.
    #[must_use]
    pub fn open_derived(&self, relative: &str) -> Option<DerivedFile> {
        let path = self.derived_path(relative);
        let file = self.vfs.open(&path).ok()?;
        let size_bytes = file.size_bytes().ok()?;
        Some(DerivedFile {
            path,
            file,
            size_bytes,
        })
    }

    /// Reads a file in `derived/` of at most `limit` bytes; `None` when that is not possible.
    #[must_use]
    pub fn read_derived(&self, relative: &str, limit: u64) -> Option<Vec<u8>> {
        read_all(self.vfs.as_ref(), &self.derived_path(relative), limit).ok()
    }

    /// Lists a folder in `derived/`; empty when that is not possible.
    #[must_use]
    pub fn list_derived(&self, relative: &str) -> Vec<super::DirEntry> {
        self.vfs.list(&self.derived_path(relative)).unwrap_or_default()
    }

    /// Begins a file in `derived/`, which is there whole once it is finished, or not at all; unsynced.
    ///
    /// # Errors
    /// When it cannot be created; a caller may go on without.
    pub fn create_derived(&self) -> io::Result<DerivedWriter> {
        let temp = self.temp_path().map_err(io::Error::other)?;
        let file = self.vfs.create_new(&temp)?;
        Ok(DerivedWriter {
            store: self.clone(),
            temp: Some(temp),
            file: BufWriter::with_capacity(WRITE_BUFFER, file),
            written: None,
        })
    }

    /// Writes a file in `derived/` whole or not at all, unsynced.
    ///
    /// # Errors
    /// When it cannot be written; a caller may go on without.
    pub fn write_derived(&self, relative: &str, bytes: &[u8]) -> io::Result<()> {
        let mut writer = self.create_derived()?;
        writer.file.write_all(bytes)?;
        writer.finish(relative)
    }

    /// Removes a file or folder in `derived/`, where it is there.
    pub fn remove_derived(&self, relative: &str) {
        let path = self.derived_path(relative);
        if self.vfs.remove(&path).is_err() {
            let _ = self.vfs.remove_dir_all(&path);
        }
    }

    /// Creates a folder below `derived/`, and `derived/` itself.
    ///
    /// # Errors
    /// As `mkdir`.
    pub fn create_derived_dirs(&self, folder: &std::path::Path) -> io::Result<()> {
        let base = self.path("derived");
        self.vfs.create_dir(&base)?;
        let mut at = base.clone();
        for part in folder
            .strip_prefix(&base)
            .unwrap_or(std::path::Path::new(""))
            .components()
        {
            at.push(part);
            self.vfs.create_dir(&at)?;
        }
        Ok(())
    }

    /// Empties `derived/`, but for the index where that is spared, and removes what dead processes left in `tmp/`: files
    /// that nobody wrote to for a day before `now`.
    ///
    /// # Errors
    /// When a folder cannot be read or a file not be removed.
    pub fn drop_derived(&self, now: Timestamp, spared: Spared) -> Result<(), StoreError> {
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        let is_spared = |entry: &DirEntry| spared == Spared::Index && entry.name == INDEX;
        for entry in self.list("derived")?.iter().filter(|entry| !is_spared(entry)) {
            let path = self.derived_path(&entry.name);
            self.remove_busy(&path, entry.is_dir)
                .map_err(StoreError::io("remove", &path))?;
        }
        let temporary = self.temporary_files()?.into_iter();
        for left in temporary.filter(|file| file.is_past(now, DAY_MS)) {
            self.remove_garbage(&left)?;
        }
        Ok(())
    }
}
