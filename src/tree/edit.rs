//! Applying a batch of edits level by level: only nodes that hold an edited key are taken apart, and what follows
//! is rebuilt only until an old boundary is met again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::NodeId;

use super::build::{Chunker, TreeBuilder};
use super::cursor::LevelCursor;
use super::node::{Child, Node, leaf_value};
use super::{NodeSink, NodeSource, Tree, TreeEdit, TreeError};

/// What stands in a node: its raw value and how many records are below.
type Raw = (Vec<u8>, u64);

/// Edits of one level, sorted by key without repeats.
type LevelEdits = Vec<(Vec<u8>, Option<Raw>)>;

/// Applies edits and returns the new root.
pub(super) fn edit(
    source: &dyn NodeSource,
    sink: &mut dyn NodeSink,
    root: NodeId,
    edits: impl Iterator<Item = TreeEdit>,
) -> Result<NodeId, TreeError> {
    let old_root = source.node(root)?;
    // One list of a whole import's edits is what memory is asked for, no second one and no map.
    let mut level_edits: LevelEdits = edits
        .map(|(key, value)| (key, value.map(|value| (leaf_value(value, sink), 1))))
        .collect();
    if !level_edits.is_sorted_by(|(a, _), (b, _)| a < b) {
        let sorted: BTreeMap<_, _> = level_edits.into_iter().collect();
        level_edits = sorted.into_iter().collect();
    }
    for level in 0..=old_root.level() {
        if level_edits.is_empty() {
            return Ok(root);
        }
        let mut work = Rechunk {
            source,
            sink,
            children: BTreeMap::new(),
        };
        work.run(&old_root, level, level_edits)?;
        let children = work.children;
        if level == old_root.level() {
            return new_root(source, sink, level, children);
        }
        level_edits = children
            .into_iter()
            .map(|(key, child)| (key, child.map(|c| (c.to_raw(), c.count))))
            .collect();
    }
    Ok(root)
}

/// Builds what is above the nodes of the former root's level.
fn new_root(
    source: &dyn NodeSource,
    sink: &mut dyn NodeSink,
    level: u8,
    children: BTreeMap<Vec<u8>, Option<Child>>,
) -> Result<NodeId, TreeError> {
    let mut nodes: Vec<Child> = children.into_values().flatten().collect();
    if nodes.len() > 1 {
        let mut builder = TreeBuilder::above(level);
        for child in nodes {
            builder.push_child(child, sink);
        }
        return Ok(builder.finish(sink).root());
    }
    let Some(only) = nodes.pop() else {
        return Ok(Tree::empty(sink).root());
    };
    // A root above a single node is none: the lowest level with one node has the root.
    let mut id = only.id;
    if level == 0 {
        return Ok(id);
    }
    let mut known = last_kept(source, sink, id)?;
    while known.level() > 0 && known.len() == 1 {
        let Some(entry) = known.entry(0) else { break };
        id = entry.child()?;
        known = last_kept(source, sink, id)?;
    }
    Ok(id)
}

/// Reads a node that may have been made just now.
fn last_kept(source: &dyn NodeSource, sink: &dyn NodeSink, id: NodeId) -> Result<Arc<Node>, TreeError> {
    match sink.kept(id) {
        Some(bytes) => Node::decode(id, bytes).map(Arc::new),
        None => source.node(id),
    }
}

struct Rechunk<'a> {
    source: &'a dyn NodeSource,
    sink: &'a mut dyn NodeSink,
    /// What changes in the level above: the last keys of old nodes go, those of new nodes come.
    children: BTreeMap<Vec<u8>, Option<Child>>,
}

impl Rechunk<'_> {
    fn run(&mut self, root: &Arc<Node>, level: u8, edits: LevelEdits) -> Result<(), TreeError> {
        let is_root = level == root.level();
        let mut cursor = LevelCursor::new(self.source, Arc::clone(root), level);
        let mut edits = edits.into_iter().peekable();
        while let Some((key, _)) = edits.peek() {
            let mut node = cursor.seek(key)?;
            let mut chunker = Chunker::new(level);
            loop {
                let is_last = cursor.is_last();
                let before = self.children.len();
                if let Some(last_key) = node.last_key() {
                    self.children.insert(last_key.to_vec(), None);
                }
                self.merge(&node, is_last, &mut edits, &mut chunker);
                if is_last {
                    let ended = chunker.finish(self.sink);
                    self.emit(ended);
                    break;
                }
                if chunker.is_at_start() {
                    // A node that came out as it was changes nothing above it.
                    if !is_root && self.children.len() == before + 1 {
                        self.drop_unchanged(&node);
                    }
                    break;
                }
                let Some(next) = cursor.next()? else { break };
                node = next;
            }
        }
        Ok(())
    }

    fn drop_unchanged(&mut self, node: &Node) {
        let Some(last_key) = node.last_key() else { return };
        let same = matches!(self.children.get(last_key), Some(Some(child)) if child.id == node.id());
        if same {
            self.children.remove(last_key);
        }
    }

    fn emit(&mut self, child: Option<Child>) {
        if let Some(child) = child {
            self.children.insert(child.last_key.clone(), Some(child));
        }
    }

    /// Feeds a node's entries, with the edits up to its last key (all remaining ones in the last node).
    fn merge(
        &mut self,
        node: &Node,
        is_last: bool,
        edits: &mut std::iter::Peekable<std::vec::IntoIter<(Vec<u8>, Option<Raw>)>>,
        chunker: &mut Chunker,
    ) {
        for entry in node.entries() {
            while let Some((key, value)) = edits.next_if(|(key, _)| key.as_slice() < entry.key) {
                self.push(chunker, key, value);
            }
            match edits.next_if(|(key, _)| key == entry.key) {
                Some((key, value)) => self.push(chunker, key, value),
                None => {
                    let count = if node.level() == 0 {
                        1
                    } else {
                        entry.to_child().map_or(0, |c| c.count)
                    };
                    self.push(chunker, entry.key.to_vec(), Some((entry.raw.to_vec(), count)));
                }
            }
        }
        if is_last {
            for (key, value) in edits.by_ref() {
                self.push(chunker, key, value);
            }
        }
    }

    fn push(&mut self, chunker: &mut Chunker, key: Vec<u8>, value: Option<Raw>) {
        if let Some((raw, count)) = value {
            let ended = chunker.push(key, raw, count, self.sink);
            self.emit(ended);
        }
    }
}
