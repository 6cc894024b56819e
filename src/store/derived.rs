//! Files in `derived/`: never synced, may vanish or be damaged at any time. Who reads one must be able to do
//! without it.

use std::io;
use std::path::PathBuf;

use super::Store;
use super::vfs::{ReadFile, read_all};

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

    /// Writes a file in `derived/` whole or not at all, in pieces, unsynced.
    ///
    /// # Errors
    /// When it cannot be written; a caller may go on without.
    pub fn write_derived<'a>(
        &self,
        relative: &str,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let to = self.derived_path(relative);
        if let Some(folder) = to.parent() {
            self.create_derived_dirs(folder)?;
        }
        let temp = self.temp_path().map_err(io::Error::other)?;
        let written = (|| {
            let mut file = self.vfs.create_new(&temp)?;
            for piece in pieces {
                file.write_all(piece)?;
            }
            file.flush()?;
            drop(file);
            self.vfs.rename(&temp, &to)
        })();
        if written.is_err() {
            let _ = self.vfs.remove(&temp);
        }
        written
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

    /// Empties `derived/` and removes what dead processes left in `tmp/`: files that nobody wrote to for a day before
    /// `now_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// When a folder cannot be read or a file not be removed.
    pub fn drop_derived(&self, now_ms: i64) -> io::Result<u64> {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let mut freed = 0;
        for entry in self.list_or_empty("derived")? {
            let path = self.derived_path(&entry.name);
            freed += self.tree_bytes(&path, &entry)?;
            if entry.is_dir {
                self.vfs.remove_dir_all(&path)?;
            } else {
                self.vfs.remove(&path)?;
            }
        }
        for entry in self.list_or_empty("tmp")? {
            let left = entry
                .modified_ms
                .is_some_and(|modified| now_ms.saturating_sub(modified) > DAY_MS);
            if left && !entry.is_dir {
                freed += entry.size_bytes;
                self.vfs.remove(&self.path("tmp").join(&entry.name))?;
            }
        }
        Ok(freed)
    }

    fn list_or_empty(&self, folder: &str) -> io::Result<Vec<super::DirEntry>> {
        match self.vfs.list(&self.path(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }

    fn tree_bytes(&self, path: &std::path::Path, entry: &super::DirEntry) -> io::Result<u64> {
        if !entry.is_dir {
            return Ok(entry.size_bytes);
        }
        self.vfs
            .list(path)?
            .iter()
            .map(|inner| self.tree_bytes(&path.join(&inner.name), inner))
            .sum()
    }
}
