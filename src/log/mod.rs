//! The log: commits and their batches of events, as objects of the store, verified when read.
//!
//! What events mean is not known here.

mod range;

pub use range::BatchRange;

use crate::codec::{DecodeError, EncodeError, Record, Tag, from_canonical, record, to_canonical};
use crate::id::{BatchId, CommitId, NodeId, PrivateId, SnapshotId};
use crate::model::Counts;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// A log that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit is no commit.
    #[error("the commit {id} cannot be read")]
    Commit {
        /// The commit.
        id: CommitId,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A record cannot be written as canonical JSON.
    #[error("the commit cannot be written")]
    Encode(#[from] EncodeError),
}

record! {
    /// A commit: what was sealed together, by whom, when, why, and what it led to.
    pub struct Commit {
        /// Who sealed it: a private object.
        pub author: PrivateId,
        /// Its batches, in order.
        pub batches: Vec<BatchRange>,
        /// When.
        pub committed_at: Timestamp,
        /// How many things the version holds.
        pub counts: Counts,
        /// The format.
        pub format: Tag<Commit>,
        /// Why.
        pub message: String,
        /// The commits before: none for the first, two for a merge.
        pub parents: Vec<CommitId>,
        /// The root of the version's tree.
        pub root: NodeId,
        /// The version's content.
        pub snapshot: SnapshotId,
    }
}

impl Record for Commit {
    const FORMAT: &'static str = "holotype/commit/1";
}

impl Commit {
    /// Returns how many events it seals.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.batches.iter().map(|batch| batch.events).sum()
    }

    /// Returns the parent that its events begin from.
    #[must_use]
    pub fn first_parent(&self) -> Option<CommitId> {
        self.parents.first().copied()
    }
}

/// Encodes a commit; returns its id and bytes.
///
/// # Errors
/// [`LogError::Encode`] when it has a number that JSON cannot carry.
pub fn encode_commit(commit: &Commit) -> Result<(CommitId, Vec<u8>), LogError> {
    let bytes = to_canonical(commit)?;
    Ok((CommitId::of(&bytes), bytes))
}

/// Reads a commit.
///
/// # Errors
/// [`LogError`] when it is missing, damaged or no commit.
pub fn read_commit(store: &Store, id: CommitId) -> Result<Commit, LogError> {
    let bytes = store.read_object(id.digest())?;
    from_canonical(&bytes).map_err(|source| LogError::Commit { id, source })
}

/// Reads the bytes of a batch.
///
/// # Errors
/// [`LogError`] when it is missing or damaged.
pub fn read_batch(store: &Store, id: BatchId) -> Result<Vec<u8>, LogError> {
    Ok(store.read_object(id.digest())?)
}

/// Walks from a commit to its first parent, and so on to the first commit.
pub struct FirstParents<'a> {
    store: &'a Store,
    next: Option<CommitId>,
}

/// Walks back from a commit, newest first.
#[must_use]
pub fn first_parents(store: &Store, from: Option<CommitId>) -> FirstParents<'_> {
    FirstParents { store, next: from }
}

impl Iterator for FirstParents<'_> {
    type Item = Result<(CommitId, Commit), LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        Some(read_commit(self.store, id).map(|commit| {
            self.next = commit.first_parent();
            (id, commit)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Extra;

    #[test]
    fn a_commit_holds_the_events_of_all_its_batches() {
        let batch = |events| BatchRange::new(BatchId::of(b"b"), events, 0, None, 7);
        let parent = CommitId::of(b"parent");
        let mut commit = Commit {
            author: PrivateId::of(b"a"),
            batches: vec![batch(3), batch(4)],
            committed_at: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
            counts: Counts::default(),
            format: Tag::default(),
            message: String::new(),
            parents: vec![parent, CommitId::of(b"merged")],
            root: NodeId::of(b"root"),
            snapshot: SnapshotId::of(b"snapshot"),
            extra: Extra::default(),
        };
        assert_eq!((commit.events(), commit.first_parent()), (7, Some(parent)));
        (commit.batches, commit.parents) = (Vec::new(), Vec::new());
        assert_eq!((commit.events(), commit.first_parent()), (0, None));
    }
}
