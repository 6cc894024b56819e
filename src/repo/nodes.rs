//! The nodes of a repository's trees: from memory, from packs, or, where they are missing or damaged, rebuilt from
//! the log. So a lost node never changes an answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::id::{CommitId, NodeId};
use crate::replay::replay_all;
use crate::store::Store;
use crate::tree::{MemoryNodes, Node, NodeSource, TreeError};

use super::packs::Packs;

/// Decoded nodes are dropped when there are more.
const CACHE_MAX: usize = 1 << 14;

/// A repository's nodes.
pub struct Nodes {
    store: Store,
    packs: Packs,
    cache: Mutex<HashMap<NodeId, Arc<Node>>>,
    fresh: Mutex<HashMap<NodeId, Vec<u8>>>,
    versions: Mutex<BTreeSet<CommitId>>,
    rebuilt: Mutex<BTreeSet<CommitId>>,
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
            versions: Mutex::default(),
            rebuilt: Mutex::default(),
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

    /// Writes nodes as a pack; they are derived, so that this fails is no failure.
    pub(super) fn persist(&self, nodes: &[NodeId]) {
        let fresh = lock(&self.fresh);
        let found = nodes
            .iter()
            .filter_map(|id| Some((*id, fresh.get(id)?.as_slice())))
            .collect();
        self.packs.write(&self.store, found);
    }

    fn find(&self, id: NodeId) -> Option<Vec<u8>> {
        if let Some(bytes) = lock(&self.fresh).get(&id) {
            return Some(bytes.clone());
        }
        self.packs.find(&self.store, id, |bytes| NodeId::of(bytes) == id)
    }

    /// Returns bytes with this hash, rebuilding versions where they are nowhere.
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
                return Err(TreeError::Missing { id });
            };
            lock(&self.rebuilt).insert(version);
            self.rebuild(version)?;
        }
    }

    /// Replays a version from the log, keeps its nodes and writes them as a pack.
    pub(super) fn rebuild(&self, version: CommitId) -> Result<(), TreeError> {
        let mut nodes = MemoryNodes::default();
        replay_all(&self.store, version, &mut nodes).map_err(|error| TreeError::Source {
            source: Box::new(error),
        })?;
        let map = nodes.into_map();
        let ids: Vec<NodeId> = map.keys().copied().collect();
        lock(&self.fresh).extend(map);
        self.persist(&ids);
        Ok(())
    }
}

impl NodeSource for Nodes {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        if let Some(node) = lock(&self.cache).get(&id) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::decode(id, self.bytes(id)?)?);
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
