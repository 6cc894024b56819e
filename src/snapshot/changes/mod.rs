//! What differs between two snapshots, as people speak of it: images added, annotations moved, relabelled or
//! reshaped, labels renamed, a licence changed. Pure; who did it and why is not known here.
//!
//! One pass through the differences of the trees costs in proportion to them. Only where the rule in force, or the
//! kinds of annotators that it looks at, differ between the sides, all annotations are evaluated on both, since any
//! label may then differ.
//!
//! * The label of an annotation is the one under the rule in force on each side, logged overrides first.
//! * A renamed label is a change of the label alone, not of the annotations that have it.
//! * Ratings are counted as ratings. An annotation changes by them when its label in force does.
//! * Other source ids alone are a change ([`ChangeKind::Rekeyed`]) that is told and not counted.
//! * Facts that differ in how a record is written and not in what it says do not occur: records are canonical.

mod annotation;
mod field;
mod item;
mod labels;
mod summary;
mod walk;

pub use field::{FieldChange, FieldValue, Fields};
pub use item::{ChangeItem, ChangeKind, ChangedImage, Entity};
pub use labels::{AgreedLabels, Agreement, LabelsInForce};
pub use summary::{AnnotationCounts, EntityCounts, Summary};

use crate::event::StateError;
use crate::snapshot::SnapshotView;
use crate::tree::{NodeSource, Tree, TreeError};

/// Two snapshots that could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A record cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Whether both have the same content, and so the same snapshot id.
    pub identical: bool,
    /// The changes counted.
    pub summary: Summary,
    /// The changes: by entity, then by the name of the image, then by key.
    pub changes: Vec<ChangeItem>,
}

impl Comparison {
    /// Keeps the changes that `keep` wants, and counts them anew.
    pub fn retain(&mut self, keep: impl FnMut(&ChangeItem) -> bool) {
        self.changes.retain(keep);
        self.summary = Summary::of(&self.changes);
    }
}

/// Compares two snapshots whose nodes come from one source.
///
/// # Errors
/// [`CompareError`] when one of them cannot be read.
pub fn compare(source: &dyn NodeSource, before: Tree, after: Tree) -> Result<Comparison, CompareError> {
    if before == after {
        return Ok(Comparison {
            identical: true,
            ..Comparison::default()
        });
    }
    let before_labels = LabelsInForce::load(SnapshotView { tree: before, source })?;
    let after_labels = LabelsInForce::load(SnapshotView { tree: after, source })?;
    let mut walk = walk::Walk::new(&before_labels, &after_labels);
    for change in before.diff(source, &after) {
        walk.take(change?)?;
    }
    if before_labels.may_differ_everywhere(&after_labels) {
        walk.touch_all(labels::relabelled_everywhere(&before_labels, &after_labels)?);
    }
    let changes = walk.finish()?;
    Ok(Comparison {
        identical: false,
        summary: Summary::of(&changes),
        changes,
    })
}
