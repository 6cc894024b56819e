//! Dropping the nodes of versions that are not kept. When packs outgrow what is needed, the trees of the latest
//! version, of the tags and of the commits just before are copied into one pack. Whatever is dropped is rebuilt from
//! the log where somebody asks for it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::id::NodeId;
use crate::log::{first_parents, read_commit};
use crate::tree::{Node, NodeSource, TreeError};

use super::pack::PackWriter;
use super::packs::Compaction;
use super::{Repo, RepoError};

/// The nodes of the commits before the latest are kept up to this part of what must be kept.
const RECENT_PART: u64 = 8;

/// A copy of trees into one pack; what they share is copied once.
struct Copying<'a> {
    from: &'a Compaction,
    to: PackWriter,
    done: HashSet<NodeId>,
}

impl Repo {
    /// Writes the nodes of a commit, and makes room when it is time.
    pub(super) fn persist_nodes(&self, nodes: &[NodeId]) {
        self.nodes.persist(nodes);
        // Who cannot do it leaves it to the next one.
        let _ = self.compact_nodes();
    }

    fn compact_nodes(&self) -> Result<(), RepoError> {
        let packs = self.nodes.packs();
        let Some(from) = packs.outgrown(&self.store) else {
            return Ok(());
        };
        let Some(to) = PackWriter::new(&self.store) else {
            return Ok(());
        };
        let mut copying = Copying {
            from: &from,
            to,
            done: HashSet::new(),
        };
        // The head is read after the packs were listed, so it is not older than they are.
        let head = self.head()?;
        let mut versions = first_parents(&self.store, head);
        if let Some(version) = versions.next() {
            copying.tree(version?.1.root)?;
        }
        for name in self.store.list_tags()? {
            if let Some(tag) = self.store.read_tag(&name)? {
                // A tag whose nodes are not there stays without.
                let _ = copying.tree(read_commit(&self.store, tag.commit)?.root);
            }
        }
        let enough = copying.to.node_bytes() + copying.to.node_bytes() / RECENT_PART;
        for version in versions {
            if copying.to.node_bytes() >= enough || copying.tree(version?.1.root).is_err() {
                break;
            }
        }
        let Copying { to, .. } = copying;
        packs.replace(&self.store, &from, to);
        Ok(())
    }
}

impl Copying<'_> {
    /// Copies what a tree consists of, as far as that was not done.
    fn tree(&mut self, root: NodeId) -> Result<(), TreeError> {
        let mut todo = vec![root];
        while let Some(id) = todo.pop() {
            if !self.done.insert(id) {
                continue;
            }
            let bytes = self.bytes(id)?;
            self.push(id, &bytes)?;
            let node = Node::decode(id, bytes)?;
            if node.level() == 0 {
                self.long_values(&node)?;
            } else {
                for entry in node.entries().rev() {
                    todo.push(entry.child()?);
                }
            }
        }
        Ok(())
    }

    /// Copies the values that stand beside a leaf.
    fn long_values(&mut self, leaf: &Node) -> Result<(), TreeError> {
        let values = Values {
            from: self.from,
            found: Mutex::default(),
        };
        for entry in leaf.entries() {
            entry.to_value(&values)?;
        }
        for (id, bytes) in values.found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if self.done.insert(id) {
                self.push(id, &bytes)?;
            }
        }
        Ok(())
    }

    fn bytes(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.from
            .find(id, |bytes| (NodeId::of(&bytes) == id).then_some(bytes))
            .ok_or(TreeError::Missing { id })
    }

    fn push(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        self.to.push(id, bytes).ok_or(TreeError::Missing { id })
    }
}

/// Long values as they are asked for.
struct Values<'a> {
    from: &'a Compaction,
    found: Mutex<Vec<(NodeId, Vec<u8>)>>,
}

impl NodeSource for Values<'_> {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        Err(TreeError::Missing { id })
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        let bytes = self
            .from
            .find(id, |bytes| (NodeId::of(&bytes) == id).then_some(bytes))
            .ok_or(TreeError::Missing { id })?;
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.push((id, bytes));
        Ok(Vec::new())
    }
}
