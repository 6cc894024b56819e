//! From the log to a snapshot: folding `evolve` over the events of commits.
//!
//! The law of every commit: `state(commit) = fold(evolve, state(first parent), its events)`, and the root of that
//! state's tree is the one that the commit names.

mod build;
mod fold;
mod plan;
mod run;
mod text;

use crate::event::Edits;
use crate::event::{BatchError, EvolveError};
use crate::id::{BatchId, CommitId, NodeId};
use crate::log::{BatchRange, Commit, LogError, read_commit};
use crate::store::Store;
use crate::tree::{NodeSink, NodeSource, Tree, TreeError};

use fold::{Base, Batches, Stop};
use plan::Plan;

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

/// Of a commit with more bytes of events than this, the edits are not held in memory: its whole tree is built anew.
const EDITS_BYTES: u64 = 64 << 20;

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
    if commit.first_parent().is_none() || size_bytes(&commit.batches) > EDITS_BYTES {
        return rebuild_commit(store, source, sink, parent, commit);
    }
    let base = Base::Tree(parent, source);
    let edits = fold_edits(store, &commit.batches, base)?;
    let edits = edits.into_iter().map(|(key, value)| (key.into_bytes(), value));
    Ok(parent.edit(source, sink, edits)?)
}

/// As [`replay_commit`], with every node of the tree made anew: at the cost of the whole tree, in memory that does not
/// grow with the commit.
///
/// # Errors
/// As [`replay_commit`].
pub fn rebuild_commit(
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
    build(store, &commit.batches, base, sink)
}

fn size_bytes(batches: &[BatchRange]) -> u64 {
    batches
        .iter()
        .fold(0, |sum, range| sum.saturating_add(range.size_bytes))
}

/// Runs a replay by a plan, and where the log is not as its commits state, again in one part that believes nothing.
fn by_plan<T>(
    batches: &[BatchRange],
    mut run: impl FnMut(&Plan) -> Result<T, Stop>,
) -> Result<T, ReplayError> {
    let threads = u64::try_from(run::threads()).unwrap_or(1);
    match run(&Plan::of(batches, threads)) {
        Err(Stop::NotAsStated) => run(&Plan::whole(batches)),
        done => done,
    }
    .map_err(|stop| {
        let failure = stop.into_failure();
        failure.expect("one part that takes all events compares nothing with what is stated")
    })
}

/// Folds batches, and builds the whole tree anew.
fn build(
    store: &Store,
    batches: &[BatchRange],
    base: Base<'_>,
    sink: &mut dyn NodeSink,
) -> Result<Tree, ReplayError> {
    by_plan(batches, |plan| {
        build::build(&Batches::of(store, batches, plan), plan, base, sink)
    })
}

/// Folds batches that are few enough for memory to hold their edits.
fn fold_edits(store: &Store, batches: &[BatchRange], base: Base<'_>) -> Result<Edits, ReplayError> {
    by_plan(batches, |plan| {
        let read = Batches::of(store, batches, plan);
        let mut all = Edits::default();
        run::each(
            &plan.portions,
            |portion| fold::fold(&read, portion, base),
            |_, edits| all.absorb(edits),
        )?;
        Ok(all)
    })
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
    build(store, &batches, Base::Empty, sink)
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
