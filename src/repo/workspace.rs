//! What a writer works on: a version's tree with edits on top. Whenever these have become many they are folded into
//! the tree, so that a bulk import needs memory for a portion of its edits and not for all.

use crate::event::{Context, Edit, Edits, Event, State, StateError, Visit, evolve};
use crate::id::NodeId;
use crate::model::Key;
use crate::snapshot::SnapshotView;
use crate::tree::Tree;

use super::commit::NodeLog;
use super::{Nodes, RepoError, Version};

/// Edits are folded when they take about this many bytes of memory.
const EDITS_BYTES_MAX: usize = 96 << 20;

/// A tree, the edits that are not in it yet, and the nodes that were made for it.
pub(super) struct Workspace<'a> {
    nodes: &'a Nodes,
    /// The tree with which it was begun.
    begun: Tree,
    tree: Tree,
    edits: Edits,
    /// Nodes that are in memory alone, in the order in which they were made.
    made: Vec<NodeId>,
}

impl<'a> Workspace<'a> {
    /// Begins with a version.
    pub(super) fn new(version: &'a Version) -> Self {
        Self {
            nodes: version.all_nodes(),
            begun: version.tree(),
            tree: version.tree(),
            edits: Edits::default(),
            made: Vec::new(),
        }
    }

    /// Applies an event.
    pub(super) fn take(&mut self, context: &Context, event: &Event) -> Result<(), RepoError> {
        let edits = evolve(self, context, event)?;
        self.apply(edits)
    }

    /// Applies what events led to.
    pub(super) fn apply(&mut self, edits: Vec<Edit>) -> Result<(), RepoError> {
        self.edits.apply(edits);
        self.fold_if_many()
    }

    /// Returns all edits; `None` when some were folded already.
    pub(super) fn all_edits(&self) -> Option<&Edits> {
        (self.tree == self.begun).then_some(&self.edits)
    }

    /// Takes in edits that were worked out elsewhere.
    pub(super) fn absorb(&mut self, edits: Edits) -> Result<(), RepoError> {
        self.edits.absorb(edits);
        self.fold_if_many()
    }

    /// Folds all edits into the tree. What is returned stays readable whatever happens here.
    pub(super) fn settle(&mut self) -> Result<SnapshotView<'a>, RepoError> {
        if !self.edits.is_empty() {
            self.fold()?;
        }
        Ok(self.view())
    }

    /// Ends it; returns the tree with all edits, and the nodes that are in memory alone.
    pub(super) fn finish(mut self) -> Result<(Tree, Vec<NodeId>), RepoError> {
        self.settle()?;
        Ok((self.tree, self.made))
    }

    fn view(&self) -> SnapshotView<'a> {
        SnapshotView {
            tree: self.tree,
            source: self.nodes,
        }
    }

    fn fold_if_many(&mut self) -> Result<(), RepoError> {
        if self.edits.size_bytes() < EDITS_BYTES_MAX {
            return Ok(());
        }
        self.fold()?;
        self.nodes.spool(&self.made);
        self.made.clear();
        Ok(())
    }

    fn fold(&mut self) -> Result<(), RepoError> {
        let mut log = NodeLog::default();
        let edits = std::mem::take(&mut self.edits).into_iter();
        let edits = edits.map(|(key, value)| (key.into_bytes(), value));
        self.tree = self.tree.edit(self.nodes, &mut log, edits)?;
        self.made.append(&mut log.order);
        self.nodes.hold(log.nodes);
        Ok(())
    }
}

impl State for Workspace<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.edits.get_over(&self.view(), key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.edits.scan_over(&self.view(), prefix, visit)
    }
}
