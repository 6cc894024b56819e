//! A version's content as a tree: its id, its view as a state, what differs between two, and their three-way merge.

pub mod changes;
mod merge;

pub use merge::{Conflict, MergeResult, merge};

use crate::codec::{EncodeError, Extra, Record, Tag, record, to_canonical};
use crate::event::{State, StateError, Visit};
use crate::id::{NodeId, SnapshotId};
use crate::model::{Counts, EntityKind, Key};
use crate::tree::{NodeSource, Tree, TreeError};

/// The rules of boundary and encoding by which a tree was built.
pub const TREE_RULE: &str = "holotype/tree/1";

record! {
    /// What a snapshot's id is the hash of: content alone, no time, author or history.
    struct SnapshotRecord {
        counts: Counts,
        format: Tag<SnapshotRecord>,
        root: NodeId,
        tree: String,
    }
}

impl Record for SnapshotRecord {
    const FORMAT: &'static str = "holotype/snapshot/1";
}

/// Names a version's content: BLAKE3 of the canonical `{counts, format, root, tree}`.
///
/// # Errors
/// [`EncodeError`] when a count is beyond 2^53.
pub fn snapshot_id(root: NodeId, counts: &Counts) -> Result<SnapshotId, EncodeError> {
    let record = SnapshotRecord {
        counts: counts.clone(),
        format: Tag::default(),
        root,
        tree: TREE_RULE.to_owned(),
        extra: Extra::default(),
    };
    to_canonical(&record).map(|bytes| SnapshotId::of(&bytes))
}

/// Counts the records of each kind, from the counts that nodes carry.
///
/// # Errors
/// [`TreeError`] when a node cannot be had.
pub fn count(tree: &Tree, source: &dyn NodeSource) -> Result<Counts, TreeError> {
    let of = |kind| tree.count_prefix(source, &Key::kind_prefix(kind));
    Ok(Counts {
        annotations: of(EntityKind::Annotation)?,
        annotators: of(EntityKind::Annotator)?,
        cases: of(EntityKind::Case)?,
        images: of(EntityKind::Image)?,
        labels: of(EntityKind::Label)?,
        ratings: of(EntityKind::Rating)?,
        screenings: of(EntityKind::Screening)?,
        slides: of(EntityKind::Slide)?,
        splits: of(EntityKind::Split)?,
        extra: Extra::default(),
    })
}

/// A snapshot as a state.
#[derive(Clone, Copy)]
pub struct SnapshotView<'a> {
    /// The tree.
    pub tree: Tree,
    /// Where its nodes come from.
    pub source: &'a dyn NodeSource,
}

impl State for SnapshotView<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.tree.get(self.source, key.as_bytes()).map_err(unreadable)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        let scan = self.tree.scan(self.source, prefix).map_err(unreadable)?;
        scan.visit(visit).map_err(unreadable)
    }
}

fn unreadable(error: TreeError) -> StateError {
    StateError::Unreadable {
        source: Box::new(error),
    }
}
