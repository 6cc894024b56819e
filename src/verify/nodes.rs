//! The nodes that a replay makes: in memory, and where these are many, in a file of which nothing stays. What is read
//! from there is verified by its hash, as everywhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::NodeId;
use crate::repo::PackWriter;
use crate::store::Store;
use crate::tree::{MemoryNodes, Node, NodeSink, NodeSource, TreeError};

/// With more bytes of nodes than this, all go into a file.
const MEMORY_BYTES: usize = 128 << 20;

/// Decoded nodes are dropped when there are more.
const CACHE_MAX: usize = 1 << 14;

/// Nodes that were made.
pub(super) struct MadeNodes {
    store: Store,
    kept: Mutex<Kept>,
    decoded: Mutex<HashMap<NodeId, Arc<Node>>>,
}

#[derive(Default)]
struct Kept {
    memory: MemoryNodes,
    memory_bytes: usize,
    file: Spill,
}

/// The file of nodes.
#[derive(Default)]
enum Spill {
    /// There are few.
    #[default]
    NotNeeded,
    /// It is open.
    Open(Box<PackWriter>),
    /// It cannot be had, as in a repository that cannot be written to; so memory has to do.
    Impossible,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MadeNodes {
    pub(super) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            kept: Mutex::default(),
            decoded: Mutex::default(),
        }
    }

    /// Returns where new nodes go.
    pub(super) fn sink(&self) -> impl NodeSink + '_ {
        Sink(self)
    }

    fn keep(&self, id: NodeId, bytes: &[u8]) {
        let mut kept = lock(&self.kept);
        if let Spill::Open(file) = &mut kept.file
            && file.push(id, bytes).is_some()
        {
            return;
        }
        if kept.memory.get(id).is_none() {
            kept.memory_bytes += bytes.len();
            kept.memory.keep(id, bytes);
        }
        if kept.memory_bytes > MEMORY_BYTES && matches!(kept.file, Spill::NotNeeded) {
            kept.file =
                PackWriter::new(&self.store).map_or(Spill::Impossible, |file| Spill::Open(Box::new(file)));
            kept.spill();
        }
    }

    fn bytes(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        let mut kept = lock(&self.kept);
        if let Some(bytes) = kept.memory.get(id) {
            return Ok(bytes.to_vec());
        }
        let found = match &mut kept.file {
            Spill::Open(file) => file.find(id),
            Spill::NotNeeded | Spill::Impossible => None,
        };
        found.ok_or(TreeError::Missing { id })
    }
}

impl Kept {
    /// Moves what is in memory into the file; what cannot be written stays.
    fn spill(&mut self) {
        let Spill::Open(file) = &mut self.file else { return };
        self.memory_bytes = 0;
        for (id, bytes) in std::mem::take(&mut self.memory).into_map() {
            if file.push(id, &bytes).is_none() {
                self.memory_bytes += bytes.len();
                self.memory.keep(id, &bytes);
            }
        }
    }
}

struct Sink<'a>(&'a MadeNodes);

impl NodeSink for Sink<'_> {
    fn keep(&mut self, id: NodeId, bytes: &[u8]) {
        self.0.keep(id, bytes);
    }
}

impl NodeSource for MadeNodes {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        if let Some(node) = lock(&self.decoded).get(&id) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::decode(id, self.bytes(id)?)?);
        let mut decoded = lock(&self.decoded);
        if decoded.len() >= CACHE_MAX {
            decoded.clear();
        }
        decoded.insert(id, Arc::clone(&node));
        Ok(node)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        let bytes = self.bytes(id)?;
        if NodeId::of(&bytes) == id {
            Ok(bytes)
        } else {
            Err(TreeError::Damaged {
                id,
                why: "its bytes do not have the hash that is its name",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Digest;
    use crate::store::RealVfs;
    use crate::tree::{Tree, TreeBuilder};

    fn build(sink: &mut dyn NodeSink, records: u32) -> Tree {
        let mut builder = TreeBuilder::new();
        for number in 0..records {
            let length = if number.is_multiple_of(50) { 4000 } else { 900 };
            builder.push(number.to_be_bytes(), vec![b'x'; length], sink);
        }
        builder.finish(sink)
    }

    #[test]
    fn nodes_that_memory_does_not_hold_are_read_back_and_no_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::init(Arc::new(RealVfs), dir.path(), "n", Digest::of(b"id")).unwrap();
        let temporary = || store.list("tmp").unwrap().len();
        let nodes = MadeNodes::new(&store);
        let tree = build(&mut nodes.sink(), 150_000);
        assert!(matches!(lock(&nodes.kept).file, Spill::Open(_)));
        assert!(lock(&nodes.kept).memory.is_empty());
        assert_eq!(temporary(), 1);
        let mut found = 0_u32;
        for entry in tree.scan(&nodes, &[]).unwrap() {
            let (key, value) = entry.unwrap();
            assert_eq!(key, found.to_be_bytes());
            assert_eq!(value.len(), if found.is_multiple_of(50) { 4000 } else { 900 });
            found += 1;
        }
        assert_eq!(found, 150_000);
        drop(nodes);
        assert_eq!(temporary(), 0);
    }
    #[test]
    fn what_is_read_back_otherwise_than_it_was_made_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::init(Arc::new(RealVfs), dir.path(), "n", Digest::of(b"id")).unwrap();
        let nodes = MadeNodes::new(&store);
        let id = NodeId::of(b"a long value");
        nodes.sink().keep(id, b"another value");
        assert!(matches!(nodes.value(id), Err(TreeError::Damaged { .. })));
        assert!(matches!(nodes.node(id), Err(TreeError::Damaged { .. })));
    }
}
