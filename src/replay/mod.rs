//! From the log to a snapshot: folding `evolve` over the events of commits.
//!
//! The law of every commit: `state(commit) = fold(evolve, state(first parent), its events)`, and the root of that
//! state's tree is the one that the commit names.

use crate::event::{BatchError, BatchReader, EmptyState, EvolveError, LoggedEvent, Overlay, evolve};
use crate::id::{BatchId, CommitId, NodeId};
use crate::log::{BatchRange, Commit, LogError, read_batch, read_commit};
use crate::snapshot::SnapshotView;
use crate::store::Store;
use crate::tree::{NodeSink, NodeSource, Tree, TreeBuilder, TreeError};

/// A replay that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A batch cannot be read.
    #[error("the batch {batch} cannot be read")]
    Batch {
        /// The batch.
        batch: BatchId,
        /// Why.
        #[source]
        source: BatchError,
    },
    /// A batch holds another number of events than its commit says.
    #[error("the batch {batch} holds {found} events, its commit says {expected}")]
    EventCount {
        /// The batch.
        batch: BatchId,
        /// Events in the batch.
        found: u64,
        /// Events as the commit says.
        expected: u64,
    },
    /// An event does not fit the state.
    #[error("event {number} of batch {batch} does not fit what was before")]
    Evolve {
        /// The batch.
        batch: BatchId,
        /// The event, from 1.
        number: u64,
        /// Why.
        #[source]
        source: EvolveError,
    },
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// Calls `each` for every event of a batch, with its number from 1.
///
/// # Errors
/// [`ReplayError`] when the batch cannot be read, or what `each` returns.
pub fn for_each_event(
    store: &Store,
    range: &BatchRange,
    mut each: impl FnMut(u64, LoggedEvent) -> Result<(), ReplayError>,
) -> Result<(), ReplayError> {
    let batch = range.batch;
    let bytes = read_batch(store, batch)?;
    let unreadable = |source| ReplayError::Batch { batch, source };
    let mut number = 0;
    for event in BatchReader::new(&bytes).map_err(unreadable)? {
        number += 1;
        each(number, event.map_err(unreadable)?)?;
    }
    if number == range.events {
        Ok(())
    } else {
        Err(ReplayError::EventCount {
            batch,
            found: number,
            expected: range.events,
        })
    }
}

/// Folds the events of batches into a state.
///
/// # Errors
/// [`ReplayError`] when a batch cannot be read or an event does not fit.
pub fn fold(store: &Store, batches: &[BatchRange], state: &mut Overlay<'_>) -> Result<(), ReplayError> {
    for range in batches {
        for_each_event(store, range, |number, event| {
            let edits =
                evolve(&*state, &event.context, &event.event).map_err(|source| ReplayError::Evolve {
                    batch: range.batch,
                    number,
                    source,
                })?;
            state.apply(edits);
            Ok(())
        })?;
    }
    Ok(())
}

/// Recomputes a commit's root from its parent's tree and its own events.
///
/// # Errors
/// [`ReplayError`] when the log or the parent's tree cannot be read.
pub fn replay_commit(
    store: &Store,
    source: &dyn NodeSource,
    sink: &mut dyn NodeSink,
    parent: Tree,
    commit: &Commit,
) -> Result<Tree, ReplayError> {
    let base = SnapshotView { tree: parent, source };
    let mut state = Overlay::new(&base);
    fold(store, &commit.batches, &mut state)?;
    let edits = state
        .into_edits()
        .into_iter()
        .map(|(key, value)| (key.into_bytes(), value));
    Ok(parent.edit(source, sink, edits)?)
}

/// Recomputes a version's tree from the first event on: fold, then build once.
///
/// # Errors
/// [`ReplayError`] when the log cannot be read.
pub fn replay_all(store: &Store, commit: CommitId, sink: &mut dyn NodeSink) -> Result<Tree, ReplayError> {
    let mut chain = vec![];
    let mut next = Some(commit);
    while let Some(id) = next {
        let commit = read_commit(store, id)?;
        next = commit.first_parent();
        chain.push(commit);
    }
    let mut state = Overlay::new(&EmptyState);
    for commit in chain.iter().rev() {
        fold(store, &commit.batches, &mut state)?;
    }
    let mut builder = TreeBuilder::new();
    for (key, value) in state.into_edits() {
        if let Some(value) = value {
            builder.push(key.into_bytes(), value, sink);
        }
    }
    Ok(builder.finish(sink))
}

/// Names a root that differs from what the log gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootMismatch {
    /// The commit.
    pub commit: CommitId,
    /// The root that it names.
    pub named: NodeId,
    /// The root that its events give.
    pub replayed: NodeId,
}
