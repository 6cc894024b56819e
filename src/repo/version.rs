//! A version: the state that a commit names, readable record by record.

use std::sync::Arc;

use crate::event::{State, StateError, Visit};
use crate::id::{CommitId, SnapshotId};
use crate::log::Commit;
use crate::model::{Counts, Key};
use crate::snapshot::{SnapshotView, snapshot_id};
use crate::tree::{MemoryNodes, NodeSource, Tree};

use super::{Nodes, Repo, RepoError};

/// A version, or the empty one before the first commit.
#[derive(Clone)]
pub struct Version {
    commit: Option<(CommitId, Arc<Commit>)>,
    tree: Tree,
    nodes: Arc<Nodes>,
}

impl Version {
    pub(super) fn at(repo: &Repo, id: CommitId) -> Result<Self, RepoError> {
        let commit = repo.commit(id)?;
        repo.nodes.expect(id);
        let tree = Tree::at(commit.root);
        Ok(Self {
            commit: Some((id, Arc::new(commit))),
            tree,
            nodes: Arc::clone(&repo.nodes),
        })
    }

    pub(super) fn empty(repo: &Repo) -> Self {
        let mut nodes = MemoryNodes::default();
        let tree = Tree::empty(&mut nodes);
        repo.nodes.hold(nodes);
        Self {
            commit: None,
            tree,
            nodes: Arc::clone(&repo.nodes),
        }
    }

    /// A version that no commit names, such as one with the draft.
    pub(super) fn unnamed(repo: &Repo, tree: Tree) -> Self {
        Self {
            commit: None,
            tree,
            nodes: Arc::clone(&repo.nodes),
        }
    }

    /// Returns the commit's id; `None` before the first and for the draft.
    #[must_use]
    pub fn id(&self) -> Option<CommitId> {
        self.commit.as_ref().map(|(id, _)| *id)
    }

    /// Returns the commit.
    #[must_use]
    pub fn commit(&self) -> Option<&Commit> {
        self.commit.as_ref().map(|(_, commit)| commit.as_ref())
    }

    /// Returns the tree.
    #[must_use]
    pub fn tree(&self) -> Tree {
        self.tree
    }

    /// Returns where the tree's nodes come from.
    #[must_use]
    pub fn nodes(&self) -> &dyn NodeSource {
        self.nodes.as_ref()
    }

    /// As [`Version::nodes`], with all that the repository's nodes can do.
    pub(super) fn all_nodes(&self) -> &Nodes {
        self.nodes.as_ref()
    }

    /// Returns how many things there are of each kind.
    ///
    /// # Errors
    /// [`RepoError`] when the tree cannot be read.
    pub fn counts(&self) -> Result<Counts, RepoError> {
        match self.commit() {
            Some(commit) => Ok(commit.counts.clone()),
            None => Ok(crate::snapshot::count(&self.tree, self.nodes())?),
        }
    }

    /// Returns the id of its content.
    ///
    /// # Errors
    /// [`RepoError`] when the tree cannot be read.
    pub fn snapshot(&self) -> Result<SnapshotId, RepoError> {
        match self.commit() {
            Some(commit) => Ok(commit.snapshot),
            None => Ok(snapshot_id(self.tree.root(), &self.counts()?)?),
        }
    }
}

impl State for Version {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        SnapshotView {
            tree: self.tree,
            source: self.nodes(),
        }
        .get(key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        SnapshotView {
            tree: self.tree,
            source: self.nodes(),
        }
        .scan(prefix, visit)
    }
}
