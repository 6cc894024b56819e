//! Building a tree from sorted entries, in one pass and with one unfinished node a level in memory.

use crate::id::NodeId;

use super::boundary::is_boundary;
use super::node::{Child, encode, leaf_value};
use super::{NodeSink, Tree};

/// Fills nodes of one level from left to right.
#[derive(Debug)]
pub(super) struct Chunker {
    level: u8,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    count: u64,
}

impl Chunker {
    pub(super) fn new(level: u8) -> Self {
        Self {
            level,
            entries: Vec::new(),
            count: 0,
        }
    }

    /// Whether the last entry ended a node, or there was none yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an entry below which there are `count` records; returns the node that it ends.
    pub(super) fn push(
        &mut self,
        key: Vec<u8>,
        raw: Vec<u8>,
        count: u64,
        sink: &mut dyn NodeSink,
    ) -> Option<Child> {
        let n = u64::try_from(self.entries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let ends = is_boundary(&key, self.level, n);
        self.entries.push((key, raw));
        self.count = self.count.saturating_add(count);
        if ends { self.finish(sink) } else { None }
    }

    /// Ends the node; `None` when it has no entry.
    pub(super) fn finish(&mut self, sink: &mut dyn NodeSink) -> Option<Child> {
        let last_key = self.entries.last()?.0.clone();
        let bytes = encode(self.level, &self.entries);
        let child = Child {
            last_key,
            id: NodeId::of(&bytes),
            count: self.count,
        };
        sink.keep(child.id, bytes);
        self.entries.clear();
        self.count = 0;
        Some(child)
    }
}

/// One level being built.
#[derive(Debug)]
struct Level {
    chunker: Chunker,
    nodes: u64,
    last: Option<NodeId>,
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
    pub fn push(&mut self, key: Vec<u8>, value: Vec<u8>, sink: &mut dyn NodeSink) {
        let raw = leaf_value(value, sink);
        self.push_at(0, key, raw, 1, sink);
    }

    /// Adds a child of the lowest level that is built.
    pub(super) fn push_child(&mut self, child: Child, sink: &mut dyn NodeSink) {
        let raw = child.to_raw();
        self.push_at(0, child.last_key, raw, child.count, sink);
    }

    fn push_at(&mut self, index: usize, key: Vec<u8>, raw: Vec<u8>, count: u64, sink: &mut dyn NodeSink) {
        if self.levels.len() == index {
            let level = self.base + u8::try_from(index).unwrap_or(u8::MAX);
            self.levels.push(Level {
                chunker: Chunker::new(level),
                nodes: 0,
                last: None,
            });
        }
        let Some(level) = self.levels.get_mut(index) else {
            return;
        };
        if let Some(child) = level.chunker.push(key, raw, count, sink) {
            level.nodes += 1;
            level.last = Some(child.id);
            let raw = child.to_raw();
            self.push_at(index + 1, child.last_key, raw, child.count, sink);
        }
    }

    /// Ends the nodes of all levels; the root is the only node of the lowest level that has but one.
    pub fn finish(mut self, sink: &mut dyn NodeSink) -> Tree {
        let mut index = 0;
        while let Some(level) = self.levels.get_mut(index) {
            if let Some(child) = level.chunker.finish(sink) {
                level.nodes += 1;
                level.last = Some(child.id);
                if level.nodes > 1 {
                    let raw = child.to_raw();
                    self.push_at(index + 1, child.last_key, raw, child.count, sink);
                    index += 1;
                    continue;
                }
            }
            match level.last {
                Some(root) if level.nodes == 1 => return Tree::at(root),
                _ => index += 1,
            }
        }
        let bytes = encode(0, &[]);
        let root = NodeId::of(&bytes);
        sink.keep(root, bytes);
        Tree::at(root)
    }
}
