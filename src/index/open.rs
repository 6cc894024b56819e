//! Opening the index under its lock and seal, catching up with the log, and sealing it again.

use std::io::ErrorKind;

use crate::id::{CommitId, ImageId};
use crate::log::read_commit;
use crate::store::{Lock, LockMode, Store};
use crate::time::Timestamp;

use super::IndexError;
use super::db::Db;
use super::fill::Table;
use super::rows::{About, BatchAt};
use super::seal::{SEAL_FILE, SLED_DIR, Seal};
use super::walk::{End, Walk};

/// The folder of the index, below `derived/`.
const INDEX_DIR: &str = "index";

/// What to do with an index that stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexMode {
    /// Use it where its seal is valid.
    Keep,
    /// Drop it and fill a new one.
    Refill,
}

/// Why the log is asked instead of the index.
#[derive(Debug)]
pub enum Bypass {
    /// There is no commit, so there is nothing to ask.
    NoCommits,
    /// Somebody else has it open.
    Locked,
    /// It can neither be used nor be made anew, as on media that cannot be written.
    Failed(IndexError),
}

/// What came of opening the index.
#[derive(Debug)]
pub enum IndexAnswer {
    /// It is open and covers the commit.
    Ready(Box<Index>),
    /// It is to be done without.
    Bypassed(Bypass),
}

/// What a filled index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexStats {
    /// How many commits it covers.
    pub commits: u64,
    /// The length of its files in bytes.
    pub size_bytes: u64,
}

/// An open index that covers a commit and all before it. It is sealed when it is closed or dropped.
#[derive(Debug)]
pub struct Index {
    store: Store,
    table: Option<Table>,
    sealed: Option<Seal>,
    below: u64,
    _lock: Box<dyn Lock>,
}

/// Opens the index for a commit and what is before it: takes its lock without waiting, checks its seal, and catches
/// up with the log. An index without a valid seal is never looked into, but dropped and filled anew.
#[must_use]
pub fn open(store: &Store, head: Option<CommitId>, mode: IndexMode) -> IndexAnswer {
    open_after(store, head, mode, &mut Walk::new(head))
}

/// As [`open`], with a walk from the same commit that may have read some commits already.
pub(super) fn open_after(
    store: &Store,
    head: Option<CommitId>,
    mode: IndexMode,
    walk: &mut Walk,
) -> IndexAnswer {
    let Some(head) = head else {
        return IndexAnswer::Bypassed(Bypass::NoCommits);
    };
    match Index::open(store, head, mode, walk) {
        Ok(index) => IndexAnswer::Ready(Box::new(index)),
        Err(IndexError::Locked { .. }) => IndexAnswer::Bypassed(Bypass::Locked),
        Err(error) => IndexAnswer::Bypassed(Bypass::Failed(error)),
    }
}

/// Drops the index and fills a new one, with the names of all images.
///
/// # Errors
/// [`IndexError`] when it is in use, cannot be written, or the log cannot be read.
pub fn rebuild(store: &Store, head: Option<CommitId>) -> Result<IndexStats, IndexError> {
    let Some(head) = head else {
        drop_index(store)?;
        return Ok(IndexStats {
            commits: 0,
            size_bytes: 0,
        });
    };
    let mut index = Index::open(store, head, IndexMode::Refill, &mut Walk::new(Some(head)))?;
    let commits = index.below;
    index.table()?.append_names(store)?;
    index.close()?;
    Ok(IndexStats {
        commits,
        size_bytes: size_bytes(store, INDEX_DIR),
    })
}

/// Drops the index. Returns how many bytes that freed.
///
/// # Errors
/// [`IndexError`] when it is in use, or its lock cannot be taken.
pub fn drop_index(store: &Store) -> Result<u64, IndexError> {
    let _lock = lock(store)?;
    let size = size_bytes(store, INDEX_DIR);
    clear(store);
    Ok(size.saturating_sub(size_bytes(store, INDEX_DIR)))
}

fn lock(store: &Store) -> Result<Box<dyn Lock>, IndexError> {
    let folder = store.derived_path(INDEX_DIR);
    if store.vfs().open(&folder).is_ok() {
        // A file stands in its place.
        store.remove_derived(INDEX_DIR);
    }
    store
        .create_derived_dirs(&folder)
        .map_err(IndexError::io("create", &folder))?;
    for entry in store.list_derived(INDEX_DIR) {
        let name = format!("{INDEX_DIR}/{}", entry.name);
        if name == SLED_DIR && !entry.is_dir {
            // A file, or a link that sled would follow.
            store.remove_derived(&name);
        }
    }
    store
        .vfs()
        .lock(&folder, LockMode::TryExclusive)
        .map_err(|source| {
            if source.kind() == ErrorKind::WouldBlock {
                IndexError::Locked { path: folder.clone() }
            } else {
                IndexError::io("lock", &folder)(source)
            }
        })
}

/// Empties the folder, the seal first. The folder stays, since it carries the lock.
fn clear(store: &Store) {
    store.remove_derived(SEAL_FILE);
    for entry in store.list_derived(INDEX_DIR) {
        store.remove_derived(&format!("{INDEX_DIR}/{}", entry.name));
    }
}

fn size_bytes(store: &Store, relative: &str) -> u64 {
    let entries = store.list_derived(relative).into_iter();
    entries
        .map(|entry| {
            if entry.is_dir {
                size_bytes(store, &format!("{relative}/{}", entry.name))
            } else {
                entry.size_bytes
            }
        })
        .sum()
}

impl Index {
    fn open(store: &Store, head: CommitId, mode: IndexMode, walk: &mut Walk) -> Result<Self, IndexError> {
        let lock = lock(store)?;
        let kept = match mode {
            IndexMode::Keep => Self::open_sealed(store, head, walk),
            IndexMode::Refill => None,
        };
        let (table, sealed) = match kept {
            Some((table, seal)) => (table, Some(seal)),
            None => (Self::fill_new(store, walk)?, None),
        };
        let below = match table.position(head)? {
            Some(position) => position + 1,
            None => return Err(IndexError::OtherRows),
        };
        Ok(Self {
            store: store.clone(),
            table: Some(table),
            sealed,
            below,
            _lock: lock,
        })
    }

    /// Opens what stands there and catches up; `None` when it is not to be believed, or does not lead to `head`.
    fn open_sealed(store: &Store, head: CommitId, walk: &mut Walk) -> Option<(Table, Seal)> {
        let seal = Seal::read(store)?;
        // An index that is newer than the log knows commits that the log has lost.
        read_commit(store, seal.head).ok()?;
        if !seal.fits(store) {
            return None;
        }
        let db = Db::open(&store.derived_path(SLED_DIR)).ok()?;
        let mut table = Table::new(db).ok()?;
        let is_kept = table.reach.head() == Some(seal.head)
            && table.reach.commits == seal.commits
            && Self::catch_up(store, &mut table, head, walk).unwrap_or(false);
        if is_kept {
            return Some((table, seal));
        }
        // It is closed before its files are removed.
        let _ = table.db.close(store.vfs());
        None
    }

    /// Adds the commits up to `head`; false when they do not follow the last one.
    fn catch_up(
        store: &Store,
        table: &mut Table,
        head: CommitId,
        walk: &mut Walk,
    ) -> Result<bool, IndexError> {
        if table.position(head)?.is_some() {
            return Ok(true);
        }
        let covered = table.reach.head();
        match walk.until(store, covered, usize::MAX)? {
            End::Met(count) => table.append(walk.oldest_first(count)).map(|()| true),
            End::First | End::Limit => Ok(false),
        }
    }

    /// Fills an empty index with all commits of the walk.
    fn fill_new(store: &Store, walk: &mut Walk) -> Result<Table, IndexError> {
        clear(store);
        walk.until(store, None, usize::MAX)?;
        let mut table = Table::new(Db::open(&store.derived_path(SLED_DIR))?)?;
        if table.reach.commits > 0 {
            // The old files could not be removed.
            return Err(IndexError::OtherRows);
        }
        table.append(walk.oldest_first(usize::MAX))?;
        Ok(table)
    }

    fn table(&mut self) -> Result<&mut Table, IndexError> {
        self.table.as_mut().ok_or(IndexError::OtherRows)
    }

    /// Returns the batches that are looked for, after `since` where that is a commit before, in order.
    pub(super) fn batches(
        &mut self,
        about: About,
        since: Option<CommitId>,
    ) -> Result<Vec<BatchAt>, IndexError> {
        let below = self.below;
        let table = self.table()?;
        let since = since.map_or(Ok(None), |since| table.position(since))?;
        let from = since.filter(|at| *at < below).map_or(0, |at| at + 1);
        table.batches(about, from, below)
    }

    /// Returns the last commit recorded by a time.
    pub(super) fn commit_at(&mut self, time: Timestamp) -> Result<Option<CommitId>, IndexError> {
        let below = self.below;
        self.table()?.commit_at(time, below)
    }

    /// Returns the commits whose ids begin with these hex digits.
    pub(super) fn commits_with_prefix(&mut self, hex: &str) -> Result<Vec<CommitId>, IndexError> {
        let below = self.below;
        Ok(self
            .table()?
            .commits_with_prefix(hex, below)?
            .into_iter()
            .collect())
    }

    /// Returns the images that have a file name. The first question of this kind reads the batches.
    pub(super) fn images_named(&mut self, name: &str) -> Result<Vec<ImageId>, IndexError> {
        let (store, below) = (self.store.clone(), self.below);
        let table = self.table()?;
        table.append_names(&store)?;
        Ok(table.images_named(name, below)?.into_iter().collect())
    }

    /// Returns how many commits it covers.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.table.as_ref().map_or(0, |table| table.reach.commits)
    }

    /// Whether it was filled anew when it was opened, since there was none that was valid.
    #[must_use]
    pub fn is_refilled(&self) -> bool {
        self.sealed.is_none()
    }

    /// Closes the index and seals it, where anything in its files changed.
    ///
    /// # Errors
    /// [`IndexError`] when it cannot be written; it is then filled anew when it is opened next.
    pub fn close(mut self) -> Result<(), IndexError> {
        self.finish()
    }

    /// Closes the index without a seal, since an answer of it went wrong.
    pub(super) fn discard(mut self) {
        self.store.remove_derived(SEAL_FILE);
        if let Some(table) = self.table.take() {
            let _ = table.db.close(self.store.vfs());
        }
    }

    fn finish(&mut self) -> Result<(), IndexError> {
        let Some(Table { db, reach }) = self.table.take() else {
            return Ok(());
        };
        db.close(self.store.vfs())?;
        let Some(head) = reach.head() else {
            return Ok(());
        };
        let seal = Seal::of(&self.store, head, reach.commits)?;
        if self.sealed.as_ref() == Some(&seal) {
            return Ok(());
        }
        seal.write(&self.store)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // Without a seal it is filled anew: that costs time and changes no answer.
        let _ = self.finish();
    }
}
