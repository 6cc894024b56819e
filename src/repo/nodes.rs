//! The nodes of a repository's trees: from memory, from packs, or, where they are missing or damaged, rebuilt from
//! the log. So a lost node never changes an answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::id::{CommitId, NodeId};
use crate::log::first_parents;
use crate::replay::{replay_all, replay_commit};
use crate::store::Store;
use crate::tree::{MemoryNodes, Node, NodeSource, Tree, TreeError};

use super::pack::PackWriter;
use super::packs::Packs;

/// Decoded nodes are dropped when there are more.
const CACHE_MAX: usize = 1 << 14;
/// A version is rebuilt from one before it that is at most so many commits away.
const CONTINUE_MAX: usize = 1000;

/// A repository's nodes.
pub struct Nodes {
    store: Store,
    packs: Packs,
    cache: Mutex<HashMap<NodeId, Arc<Node>>>,
    fresh: Mutex<HashMap<NodeId, Vec<u8>>>,
    /// The pack that is being written.
    open: Mutex<Option<PackWriter>>,
    versions: Mutex<BTreeSet<CommitId>>,
    continued: Mutex<BTreeSet<CommitId>>,
    rebuilt: Mutex<BTreeSet<CommitId>>,
    held: Mutex<BTreeSet<CommitId>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Nodes {
    /// Begins with what packs hold.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            packs: Packs::default(),
            cache: Mutex::default(),
            fresh: Mutex::default(),
            open: Mutex::default(),
            versions: Mutex::default(),
            continued: Mutex::default(),
            rebuilt: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// Notes a version whose nodes may be asked for, and from whose log they can be rebuilt.
    pub(super) fn expect(&self, version: CommitId) {
        lock(&self.versions).insert(version);
    }

    /// Holds nodes in memory.
    pub(super) fn hold(&self, nodes: MemoryNodes) {
        lock(&self.fresh).extend(nodes.into_map());
    }

    /// Returns the packs.
    pub(super) fn packs(&self) -> &Packs {
        &self.packs
    }

    /// Writes nodes as a pack; they are derived, so that this fails is no failure.
    pub(super) fn persist(&self, nodes: &[NodeId]) {
        self.spool(nodes);
        let writer = lock(&self.open).take();
        if let Some(writer) = writer {
            self.packs.add(&self.store, writer);
        }
    }

    /// Writes nodes to the pack that is open, so that they need no memory. Where that is not possible they stay there.
    pub(super) fn spool(&self, nodes: &[NodeId]) {
        let mut open = lock(&self.open);
        if open.is_none() && !nodes.is_empty() {
            *open = PackWriter::new(&self.store);
        }
        let Some(writer) = open.as_mut() else { return };
        let mut fresh = lock(&self.fresh);
        for id in nodes {
            if fresh
                .get(id)
                .is_some_and(|bytes| writer.push(*id, bytes).is_some())
            {
                fresh.remove(id);
            }
        }
    }

    /// Finds what stands under an id; `take` verifies the bytes and makes of them what is wanted.
    fn find_with<T>(&self, id: NodeId, take: impl Fn(Vec<u8>) -> Option<T>) -> Option<T> {
        let fresh = lock(&self.fresh).get(&id).cloned();
        let made = fresh.or_else(|| lock(&self.open).as_mut().and_then(|writer| writer.find(id)));
        made.and_then(&take)
            .or_else(|| self.packs.find(&self.store, id, &take))
    }

    fn find(&self, id: NodeId) -> Option<Vec<u8>> {
        self.find_with(id, |bytes| (NodeId::of(&bytes) == id).then_some(bytes))
    }

    /// Returns bytes with this hash, rebuilding versions where they are nowhere: first from the nearest one before that
    /// stands, then, where that gives other nodes only, from the first event on.
    fn bytes(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        loop {
            if let Some(bytes) = self.find(id) {
                return Ok(bytes);
            }
            let version = {
                let rebuilt = lock(&self.rebuilt);
                lock(&self.versions)
                    .iter()
                    .find(|version| !rebuilt.contains(version))
                    .copied()
            };
            let Some(version) = version else {
                return self.bytes_in_memory(id);
            };
            if lock(&self.continued).insert(version) {
                if let Some(nodes) = self.continue_tree(version) {
                    self.keep(nodes);
                }
            } else {
                lock(&self.rebuilt).insert(version);
                self.rebuild(version)?;
            }
        }
    }

    /// Replays versions from the log and holds all their nodes in memory: somebody empties `derived/` as often as what was
    /// rebuilt is written there.
    fn bytes_in_memory(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        let versions = lock(&self.versions).clone();
        for version in versions {
            if lock(&self.held).insert(version) {
                self.hold(self.replay(version)?);
            }
            if let Some(bytes) = self.find(id) {
                return Ok(bytes);
            }
        }
        Err(TreeError::Missing { id })
    }

    /// Replays a version from the log, keeps its nodes and writes them as a pack.
    pub(super) fn rebuild(&self, version: CommitId) -> Result<(), TreeError> {
        self.keep(self.replay(version)?);
        Ok(())
    }

    fn replay(&self, version: CommitId) -> Result<MemoryNodes, TreeError> {
        let mut nodes = MemoryNodes::default();
        replay_all(&self.store, version, &mut nodes).map_err(|error| TreeError::Source {
            source: Box::new(error),
        })?;
        Ok(nodes)
    }

    fn keep(&self, nodes: MemoryNodes) {
        let map = nodes.into_map();
        let ids: Vec<NodeId> = map.keys().copied().collect();
        lock(&self.fresh).extend(map);
        self.persist(&ids);
    }

    /// Returns the nodes that a version and those shortly before it add to one whose nodes stand; `None` where there
    /// is no such one, or its nodes stand in part only.
    fn continue_tree(&self, version: CommitId) -> Option<MemoryNodes> {
        let mut behind = Vec::new();
        let mut tree = None;
        for commit in first_parents(&self.store, Some(version)).take(CONTINUE_MAX) {
            let (_, commit) = commit.ok()?;
            if !behind.is_empty() && self.find(commit.root).is_some() {
                tree = Some(Tree::at(commit.root));
                break;
            }
            behind.push(commit);
        }
        let mut tree = tree?;
        let mut made = Standing {
            nodes: self,
            made: MemoryNodes::default(),
        };
        for commit in behind.iter().rev() {
            let mut sink = MemoryNodes::default();
            tree = replay_commit(&self.store, &made, &mut sink, tree, commit).ok()?;
            if tree.root() != commit.root {
                return None;
            }
            made.made.extend(sink);
        }
        Some(made.made)
    }
}

/// Nodes that stand, without rebuilding any.
struct Standing<'a> {
    nodes: &'a Nodes,
    made: MemoryNodes,
}

impl NodeSource for Standing<'_> {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        Node::decode(id, self.value(id)?).map(Arc::new)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.made
            .get(id)
            .map(<[u8]>::to_vec)
            .or_else(|| self.nodes.find(id))
            .ok_or(TreeError::Missing { id })
    }
}

impl NodeSource for Nodes {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        if let Some(node) = lock(&self.cache).get(&id) {
            return Ok(Arc::clone(node));
        }
        // Decoding verifies, so what is found is hashed once.
        let node = match self.find_with(id, |bytes| Node::decode(id, bytes).ok()) {
            Some(node) => node,
            None => Node::decode(id, self.bytes(id)?)?,
        };
        let node = Arc::new(node);
        let mut cache = lock(&self.cache);
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        cache.insert(id, Arc::clone(&node));
        Ok(node)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.bytes(id)
    }
}
