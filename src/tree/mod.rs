//! A prolly tree: a B-tree over sorted `(key, value)` pairs whose node boundaries depend on the keys alone. The root
//! therefore names the content, whatever the order of edits, and edits, diffs and merges cost in proportion to the
//! change.
//!
//! Nodes are derived: whoever keeps them may lose them. This module computes; reading and keeping nodes is behind
//! [`NodeSource`] and [`NodeSink`]. The rules of boundary and encoding are frozen in `docs/spec/format-1.md`.

mod boundary;
mod build;
mod chunk;
mod cursor;
mod diff;
mod edit;
mod node;
mod segment;

use std::collections::HashMap;
use std::sync::Arc;

pub use boundary::{LEAF_TARGET, UPPER_TARGET, is_boundary};
pub use build::TreeBuilder;
pub use cursor::{Scan, Visit};
pub use diff::{Change, Diff, TreeChange};
pub use node::{INLINE_MAX, Node, NodeEntry};
pub use segment::{Segment, SegmentBuilder};

use crate::id::NodeId;

/// A tree that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A node is not there.
    #[error("the node {id} is not there")]
    Missing {
        /// The node.
        id: NodeId,
    },
    /// A node does not hold what its id says.
    #[error("the node {id} is damaged: {why}")]
    Damaged {
        /// The node.
        id: NodeId,
        /// What is wrong.
        why: &'static str,
    },
    /// Edits do not come in the order of their keys.
    #[error("edits of a tree must be sorted by key, without repeats")]
    Unsorted,
    /// Nodes cannot be had or kept.
    #[error("cannot read the nodes of a tree")]
    Source {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Where nodes come from. What it gives is verified by [`Node::decode`].
pub trait NodeSource: Sync {
    /// Returns a node.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be had.
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError>;

    /// Returns a value that is too long for a leaf, verified.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be had.
    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError>;
}

/// Where new nodes and long values go. What it was given it is never asked for: it may write it away at once.
pub trait NodeSink {
    /// Takes the bytes of a node or long value, whose id is their hash.
    fn keep(&mut self, id: NodeId, bytes: &[u8]);
}

/// Nodes in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryNodes(HashMap<NodeId, Vec<u8>>);

impl MemoryNodes {
    /// Gives up the nodes.
    #[must_use]
    pub fn into_map(self) -> HashMap<NodeId, Vec<u8>> {
        self.0
    }

    /// Returns the bytes of a node or value.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&[u8]> {
        self.0.get(&id).map(Vec::as_slice)
    }

    /// Takes in others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl NodeSink for MemoryNodes {
    fn keep(&mut self, id: NodeId, bytes: &[u8]) {
        self.0.entry(id).or_insert_with(|| bytes.to_vec());
    }
}

impl NodeSource for MemoryNodes {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        let bytes = self.0.get(&id).ok_or(TreeError::Missing { id })?;
        Node::decode(id, bytes.clone()).map(Arc::new)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.0.get(&id).cloned().ok_or(TreeError::Missing { id })
    }
}

/// A new value under a key; `None` takes it away.
pub type TreeEdit = (Vec<u8>, Option<Vec<u8>>);

/// A tree by its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    root: NodeId,
}

impl Tree {
    /// The tree with this root.
    #[must_use]
    pub const fn at(root: NodeId) -> Self {
        Self { root }
    }

    /// The tree without entries; its one node goes into `sink`.
    pub fn empty(sink: &mut dyn NodeSink) -> Self {
        TreeBuilder::new().finish(sink)
    }

    /// Returns the root.
    #[must_use]
    pub const fn root(&self) -> NodeId {
        self.root
    }

    /// Returns the value under a key.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had.
    pub fn get(&self, source: &dyn NodeSource, key: &[u8]) -> Result<Option<Vec<u8>>, TreeError> {
        let mut id = self.root;
        loop {
            let node = source.node(id)?;
            let Some(entry) = node.entry(node.lower_bound(key)) else {
                return Ok(None);
            };
            if node.level() > 0 {
                id = entry.child()?;
            } else if entry.key == key {
                return entry.to_value(source).map(Some);
            } else {
                return Ok(None);
            }
        }
    }

    /// Returns how many entries there are.
    ///
    /// # Errors
    /// [`TreeError`] when the root cannot be had.
    pub fn count(&self, source: &dyn NodeSource) -> Result<u64, TreeError> {
        source.node(self.root)?.count()
    }

    /// Returns how many entries have keys that begin with `prefix`, from the counts that nodes carry.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had.
    pub fn count_prefix(&self, source: &dyn NodeSource, prefix: &[u8]) -> Result<u64, TreeError> {
        let below = self.rank(source, prefix)?;
        // The first key after all that begin with the prefix: its last byte that can be raised is.
        let mut end = prefix.to_vec();
        while let Some(last) = end.pop() {
            if let Some(next) = last.checked_add(1) {
                end.push(next);
                return self.above(self.rank(source, &end)?, below);
            }
        }
        self.above(self.count(source)?, below)
    }

    /// Takes one count from another that is not below it, unless what nodes say of their children is not so.
    fn above(&self, count: u64, below: u64) -> Result<u64, TreeError> {
        count.checked_sub(below).ok_or(TreeError::Damaged {
            id: self.root,
            why: "it says that its children have fewer records than they have",
        })
    }

    /// Returns how many entries have keys below `key`.
    fn rank(&self, source: &dyn NodeSource, key: &[u8]) -> Result<u64, TreeError> {
        let mut node = source.node(self.root)?;
        let mut rank = 0_u64;
        loop {
            let index = node.lower_bound(key);
            if node.level() == 0 {
                return Ok(rank + u64::try_from(index).unwrap_or(0));
            }
            for entry in node.entries().take(index) {
                rank += entry.child_count()?;
            }
            match node.entry(index) {
                Some(entry) => node = source.node(entry.child()?)?,
                None => return Ok(rank),
            }
        }
    }

    /// Walks through the entries whose keys begin with `prefix`, in order.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had.
    pub fn scan<'a>(&self, source: &'a dyn NodeSource, prefix: &[u8]) -> Result<Scan<'a>, TreeError> {
        Scan::new(source, self.root, prefix)
    }

    /// Walks through the entries whose keys are not below `first` and below `end`, in order; without `end` to the last.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had.
    pub fn scan_between<'a>(
        &self,
        source: &'a dyn NodeSource,
        first: &[u8],
        end: Option<Vec<u8>>,
    ) -> Result<Scan<'a>, TreeError> {
        Scan::between(source, self.root, first, end)
    }

    /// Applies edits, sorted by key without repeats; new nodes go into `sink` as soon as they end. Memory grows with
    /// the height of the tree, not with the number of edits. After an error `sink` may hold nodes of no tree.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had or the edits are not sorted.
    pub fn edit(
        &self,
        source: &dyn NodeSource,
        sink: &mut dyn NodeSink,
        edits: impl IntoIterator<Item = TreeEdit>,
    ) -> Result<Self, TreeError> {
        edit::edit(source, sink, self.root, edits.into_iter()).map(Self::at)
    }

    /// Walks through what differs between `self` and `after`, in key order.
    #[must_use]
    pub fn diff<'a>(&self, source: &'a dyn NodeSource, after: &Self) -> Diff<'a> {
        Diff::new(source, self.root, after.root)
    }
}

#[cfg(test)]
mod tests;
