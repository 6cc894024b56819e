//! Building a tree from sorted entries, in one pass and with one unfinished node a level in memory.

use crate::id::NodeId;

use super::chunk::Chunker;
use super::node::{Child, begin, leaf_value};
use super::{NodeSink, Tree};

/// One level being built.
#[derive(Debug)]
struct Level {
    chunker: Chunker,
    nodes: u64,
    last: Option<NodeId>,
}

impl Level {
    fn close(&mut self, sink: &mut dyn NodeSink) -> Option<Child> {
        let child = self.chunker.close(None, sink)?;
        self.nodes += 1;
        self.last = Some(child.id);
        Some(child)
    }
}

/// Builds a tree from sorted entries.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    levels: Vec<Level>,
    base: u8,
}

impl TreeBuilder {
    /// Begins without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins above nodes that exist.
    pub(super) fn above(level: u8) -> Self {
        Self {
            levels: Vec::new(),
            base: level + 1,
        }
    }

    /// Adds a record; its key must be above the one before.
    pub fn push(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>, sink: &mut dyn NodeSink) {
        let raw = leaf_value(value.as_ref(), sink);
        self.push_raw(key.as_ref(), &raw, sink);
    }

    /// Adds a record as it stands in a leaf.
    pub(super) fn push_raw(&mut self, key: &[u8], raw: &[u8], sink: &mut dyn NodeSink) {
        self.push_at(0, key, raw, 1, sink);
    }

    /// Adds a leaf that was built apart. No leaf may be open.
    pub(super) fn push_leaf(&mut self, leaf: &Child, sink: &mut dyn NodeSink) {
        let level = self.level(0);
        debug_assert!(level.chunker.is_at_start(), "a leaf is open");
        level.nodes += 1;
        level.last = Some(leaf.id);
        self.push_at(1, &leaf.last_key, &leaf.to_raw(), leaf.count, sink);
    }

    /// Returns a level, which is built from now on.
    fn level(&mut self, index: usize) -> &mut Level {
        while self.levels.len() <= index {
            let level = self.base + u8::try_from(self.levels.len()).unwrap_or(u8::MAX);
            self.levels.push(Level {
                chunker: Chunker::new(level),
                nodes: 0,
                last: None,
            });
        }
        self.levels
            .get_mut(index)
            .expect("it was added where it was missing")
    }

    /// Adds a child of the lowest level that is built.
    pub(super) fn push_child(&mut self, child: &Child, sink: &mut dyn NodeSink) {
        self.push_at(0, &child.last_key, &child.to_raw(), child.count, sink);
    }

    /// Adds an entry to a level; a node that it ends becomes an entry of the level above.
    fn push_at(&mut self, index: usize, key: &[u8], raw: &[u8], count: u64, sink: &mut dyn NodeSink) {
        let level = self.level(index);
        if level.chunker.push(key, raw, count)
            && let Some(child) = level.close(sink)
        {
            self.push_at(index + 1, &child.last_key, &child.to_raw(), child.count, sink);
        }
    }

    /// Ends the nodes of all levels; the root is the only node of the lowest level that has but one.
    pub fn finish(mut self, sink: &mut dyn NodeSink) -> Tree {
        let mut index = 0;
        while let Some(level) = self.levels.get_mut(index) {
            let child = level.close(sink);
            match (child, level.last) {
                (_, Some(root)) if level.nodes == 1 => return Tree::at(root),
                (Some(child), _) => {
                    self.push_at(index + 1, &child.last_key, &child.to_raw(), child.count, sink);
                }
                (None, _) => {}
            }
            index += 1;
        }
        let mut bytes = Vec::new();
        begin(&mut bytes, 0);
        let root = NodeId::of(&bytes);
        sink.keep(root, &bytes);
        Tree::at(root)
    }
}
