//! From the log to a snapshot: folding `evolve` over the events of commits.
//!
//! The law of every commit: `state(commit) = fold(evolve, state(first parent), its events)`, and the root of that
//! state's tree is the one that the commit names.

mod fold;

use crate::event::{BatchError, EvolveError};
use crate::id::{BatchId, CommitId, NodeId};
use crate::log::{BatchRange, Commit, LogError, read_commit};
use crate::store::Store;
use crate::tree::{NodeSink, NodeSource, Tree, TreeBuilder, TreeError};

use fold::{Base, Fold};

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
    let base = match commit.first_parent() {
        None => Base::Empty,
        Some(_) => Base::Tree(parent, source),
    };
    let mut fold = Fold::upon(base);
    fold.take(store, &commit.batches)?;
    let edits = fold.into_edits().map(|(key, value)| (key.into_bytes(), value));
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
        chain.push(commit.batches);
    }
    let batches: Vec<BatchRange> = chain.into_iter().rev().flatten().collect();
    let mut fold = Fold::upon(Base::Empty);
    fold.take(store, &batches)?;
    let mut builder = TreeBuilder::new();
    for (key, value) in fold.into_edits() {
        if let Some(value) = value {
            builder.push(key.as_bytes(), value, sink);
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
