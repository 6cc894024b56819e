//! Filling the index from the log, and asking it.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{CommitId, ImageId};
use crate::store::Store;
use crate::time::Timestamp;

use super::IndexError;
use super::aliases::{images_of, last_component};
use super::db::{Db, Rows};
use super::rows::{
    About, BatchAt, CommitRow, REACH_KEY, Reach, StoredCommit, about_prefixes, alias_key, alias_prefix,
    commit_key, decode, encode, image_of_key, object_prefix, position_of_key,
};

/// After this many rows, those gathered are written.
const ROWS_AT_ONCE: usize = 4096;

/// The rows, and how far they reach. Questions take the number of commits to be taken into account, `below`.
#[derive(Debug)]
pub(super) struct Table {
    /// Where the rows are.
    pub(super) db: Db,
    /// How far they reach.
    pub(super) reach: Reach,
}

impl Table {
    /// Takes an open database over.
    ///
    /// # Errors
    /// [`IndexError`] when it does not say how far it reaches.
    pub(super) fn new(db: Db) -> Result<Self, IndexError> {
        let reach = match db.get(REACH_KEY)? {
            Some(bytes) => decode(&bytes)?,
            None => Reach::NOTHING,
        };
        Ok(Self { db, reach })
    }

    /// Adds the commits that come next.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be written.
    pub(super) fn append<'a>(
        &mut self,
        commits: impl Iterator<Item = &'a CommitRow>,
    ) -> Result<(), IndexError> {
        let mut reach = self.reach;
        let mut rows = Rows::default();
        for row in commits {
            let position = reach.commits;
            reach.step(row);
            let stored = StoredCommit {
                latest_ms: reach.latest_ms,
                row: row.clone(),
            };
            rows.put(&commit_key(position), &encode(&stored)?);
            for key in row.keys(position) {
                rows.put(&key, &[]);
            }
            if rows.count >= ROWS_AT_ONCE {
                self.write(std::mem::take(&mut rows), reach)?;
            }
        }
        self.write(rows, reach)
    }

    /// Adds the names of the images of those commits that it has not looked into yet.
    ///
    /// # Errors
    /// [`IndexError`] when a batch cannot be read or a row not be written.
    pub(super) fn append_names(&mut self, store: &Store) -> Result<(), IndexError> {
        let mut reach = self.reach;
        let mut known: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let mut rows = Rows::default();
        while reach.named < reach.commits {
            let position = reach.named;
            for (name, image) in images_of(store, &self.commit(position)?.row)? {
                let key = alias_key(last_component(&name), image);
                // Only the commit in which a name comes up first counts.
                if !known.contains_key(&key) && self.db.get(&key)?.is_none() {
                    rows.put(&key, &encode(&position)?);
                    known.insert(key, position);
                }
            }
            reach.named += 1;
            if rows.count >= ROWS_AT_ONCE {
                self.write(std::mem::take(&mut rows), reach)?;
                known.clear();
            }
        }
        self.write(rows, reach)
    }

    fn write(&mut self, mut rows: Rows, reach: Reach) -> Result<(), IndexError> {
        rows.put(REACH_KEY, &encode(&reach)?);
        self.db.write(rows)?;
        self.reach = reach;
        Ok(())
    }

    fn commit(&self, position: u64) -> Result<StoredCommit, IndexError> {
        let bytes = self.db.get(&commit_key(position))?;
        decode(&bytes.ok_or(IndexError::NoRow { position })?)
    }

    /// Returns the position of a commit; `None` when it is not in.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be read.
    pub(super) fn position(&self, id: CommitId) -> Result<Option<u64>, IndexError> {
        for (key, _) in self.db.scan(&object_prefix(id.digest().as_bytes()))? {
            let Some(position) = position_of_key(&key) else {
                continue;
            };
            if self.commit(position)?.row.id() == id {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Returns the batches that are looked for from position `from` on, in order.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be read.
    pub(super) fn batches(&self, about: About, from: u64, below: u64) -> Result<Vec<BatchAt>, IndexError> {
        let mut positions = BTreeSet::new();
        for prefix in about_prefixes(about) {
            for (key, _) in self.db.scan(&prefix)? {
                positions.extend(position_of_key(&key).filter(|at| (from..below).contains(at)));
            }
        }
        let mut found = Vec::new();
        for position in positions {
            found.extend(self.commit(position)?.row.batches_about(about));
        }
        Ok(found)
    }

    /// Returns the last commit recorded by a time, by bisection over the running maximum of `committed_at`.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be read.
    pub(super) fn commit_at(&self, time: Timestamp, below: u64) -> Result<Option<CommitId>, IndexError> {
        let (mut low, mut high) = (0, below);
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let commit = self.commit(middle)?;
            if commit.latest_ms <= time.as_unix_ms() {
                found = Some(commit.row.id());
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    /// Returns the commits whose ids begin with these hex digits.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be read.
    pub(super) fn commits_with_prefix(
        &self,
        hex: &str,
        below: u64,
    ) -> Result<BTreeSet<CommitId>, IndexError> {
        let mut found = BTreeSet::new();
        for (key, _) in self.db.scan(&object_prefix(&whole_bytes(hex)))? {
            if let Some(position) = position_of_key(&key).filter(|at| *at < below) {
                let id = self.commit(position)?.row.id();
                found.extend(id.to_string().starts_with(hex).then_some(id));
            }
        }
        Ok(found)
    }

    /// Returns the images that were named so, by the last component of their names.
    ///
    /// # Errors
    /// [`IndexError`] when a row cannot be read.
    pub(super) fn images_named(&self, name: &str, below: u64) -> Result<BTreeSet<ImageId>, IndexError> {
        let mut found = BTreeSet::new();
        for (key, value) in self.db.scan(&alias_prefix(name))? {
            let position: u64 = decode(&value)?;
            found.extend(image_of_key(&key).filter(|_| position < below));
        }
        Ok(found)
    }
}

/// The bytes that pairs of hex digits stand for, up to the first that is none.
fn whole_bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    pairs.map_while(byte).collect()
}
