//! sled, held at arm's length: a panic is an error, nothing runs in the background between calls, and a closed
//! database is closed for certain.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::{LockMode, Vfs};

use super::IndexError;

/// How much memory sled's cache may take; its own choice would be a gigabyte.
const CACHE_BYTES: u64 = 16 << 20;

/// How often, and how long each time, it is waited for sled's threads to let go of a closed database.
const SETTLE_TRIES: u32 = 200;
const SETTLE_PAUSE: Duration = Duration::from_millis(2);

/// An open database.
#[derive(Debug)]
pub(super) struct Db {
    db: sled::Db,
    path: PathBuf,
}

/// A key and its value.
pub(super) type Row = (Vec<u8>, Vec<u8>);

/// Rows to be written at once.
#[derive(Debug, Default)]
pub(super) struct Rows {
    batch: sled::Batch,
    /// How many there are.
    pub(super) count: usize,
}

impl Rows {
    /// Adds a row.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.batch.insert(key, value);
        self.count += 1;
    }
}

impl Db {
    /// Opens the database in a folder, which is created where it is missing.
    ///
    /// # Errors
    /// [`IndexError::Sled`], [`IndexError::Panicked`].
    pub(super) fn open(path: &Path) -> Result<Self, IndexError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        Ok(Self {
            db: guarded("open", || config.open())?,
            path: path.to_owned(),
        })
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    /// [`IndexError::Sled`], [`IndexError::Panicked`].
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        guarded("read", || {
            Ok(self.db.get(key)?.map(|value| value.as_ref().to_vec()))
        })
    }

    /// Returns the rows whose keys begin so, sorted by key.
    ///
    /// # Errors
    /// [`IndexError::Sled`], [`IndexError::Panicked`].
    pub(super) fn scan(&self, prefix: &[u8]) -> Result<Vec<Row>, IndexError> {
        guarded("read", || {
            let rows = self.db.scan_prefix(prefix);
            rows.map(|row| row.map(|(key, value)| (key.as_ref().to_vec(), value.as_ref().to_vec())))
                .collect()
        })
    }

    /// Writes rows, all or none.
    ///
    /// # Errors
    /// [`IndexError::Sled`], [`IndexError::Panicked`].
    pub(super) fn write(&self, rows: Rows) -> Result<(), IndexError> {
        guarded("write", || self.db.apply_batch(rows.batch))
    }

    /// Flushes and closes the database, and waits until none of sled's threads has it open any more.
    ///
    /// # Errors
    /// [`IndexError`] when something could not be written, or a thread did not let go.
    pub(super) fn close(self, vfs: &dyn Vfs) -> Result<(), IndexError> {
        let Self { db, path } = self;
        let flushed = guarded("write", || db.flush());
        guarded("close", || {
            drop(db);
            Ok(())
        })?;
        flushed?;
        settle(vfs, &path.join("db"))
    }
}

/// Waits until nobody holds sled's own lock, which lives as long as anything that could still write.
fn settle(vfs: &dyn Vfs, file: &Path) -> Result<(), IndexError> {
    let mut outcome = vfs.lock(file, LockMode::TryExclusive);
    for _ in 0..SETTLE_TRIES {
        if !matches!(&outcome, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock) {
            break;
        }
        std::thread::sleep(SETTLE_PAUSE);
        outcome = vfs.lock(file, LockMode::TryExclusive);
    }
    outcome.map(drop).map_err(IndexError::io("close", file))
}

/// Runs one call of sled's.
fn guarded<T>(action: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, IndexError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|source| IndexError::Sled { action, source }),
        Err(panic) => Err(IndexError::Panicked {
            action,
            words: words_of(panic.as_ref()),
        }),
    }
}

/// What a panic said, on one line: a full disk is told from others by nothing else.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(words), _) => words.as_str(),
        (None, Some(words)) => words,
        (None, None) => "it did not say why",
    };
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use super::*;
    use crate::store::RealVfs;

    /// The harness failed the fsync in sled's drop with ENOSPC: the error did not say what the trouble was.
    #[test]
    fn a_panic_of_sleds_is_told_with_its_words() {
        let said = |call: fn()| {
            let call = || {
                call();
                Ok(())
            };
            guarded("close", call).unwrap_err().to_string()
        };
        assert_eq!(
            said(|| panic!("cannot\n  sync")),
            "sled panicked when it was to close the index: cannot sync"
        );
        assert_eq!(
            said(|| std::panic::panic_any(28)),
            "sled panicked when it was to close the index: it did not say why"
        );
        let full = || -> std::io::Result<()> { Err(std::io::ErrorKind::StorageFull.into()) };
        let unwrapped = guarded("close", || {
            full().unwrap();
            Ok(())
        });
        let words = unwrapped.unwrap_err().to_string();
        assert!(words.contains("StorageFull"), "{words}");
    }

    #[test]
    fn a_database_that_somebody_still_holds_is_not_taken_for_closed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let held = RealVfs.lock(file.path(), LockMode::TryExclusive).unwrap();
        let settled = settle(&RealVfs, file.path());
        assert!(matches!(settled, Err(IndexError::Io { action: "close", .. })));
        drop(held);
        settle(&RealVfs, file.path()).unwrap();
    }
}
