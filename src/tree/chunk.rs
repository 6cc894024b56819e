//! Filling nodes of one level from left to right. The open node is one buffer of bytes, encoded as it grows.

use std::ops::Range;

use crate::id::NodeId;

use super::boundary::is_boundary;
use super::node::{Child, append, begin, set_len};
use super::{Node, NodeSink, TreeError};

/// Fills nodes of one level.
#[derive(Debug)]
pub(super) struct Chunker {
    level: u8,
    /// The open node; when none is open, the one that was closed last.
    bytes: Vec<u8>,
    entries: u32,
    last_key: Range<usize>,
    count: u64,
    closed: Option<NodeId>,
}

impl Chunker {
    pub(super) fn new(level: u8) -> Self {
        Self {
            level,
            bytes: Vec::new(),
            entries: 0,
            last_key: 0..0,
            count: 0,
            closed: None,
        }
    }

    /// Whether no node is open: the last entry ended one, or there was none yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.entries == 0
    }

    /// Adds an entry below which there are `count` records; says whether the node ends with it and is to be closed.
    pub(super) fn push(&mut self, key: &[u8], raw: &[u8], count: u64) -> bool {
        self.append(key, raw, count);
        is_boundary(key, self.level, u64::from(self.entries))
    }

    /// How many entries the open node has.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.entries).unwrap_or(usize::MAX)
    }

    /// As [`Chunker::push`], where it is known whether the node ends.
    pub(super) fn append(&mut self, key: &[u8], raw: &[u8], count: u64) {
        if self.entries == 0 {
            begin(&mut self.bytes, self.level);
            self.count = 0;
        }
        self.entries = self.entries.saturating_add(1);
        self.last_key = append(&mut self.bytes, key, raw);
        self.count = self.count.saturating_add(count);
    }

    /// Closes the node and gives its bytes to `sink`, unless it is one that is `known`; `None` when none is open.
    pub(super) fn close(&mut self, known: Option<NodeId>, sink: &mut dyn NodeSink) -> Option<Child> {
        if self.entries == 0 {
            return None;
        }
        set_len(&mut self.bytes, self.entries);
        self.entries = 0;
        let id = NodeId::of(&self.bytes);
        if known != Some(id) {
            sink.keep(id, &self.bytes);
        }
        self.closed = Some(id);
        Some(Child {
            last_key: self.bytes.get(self.last_key.clone()).unwrap_or(&[]).to_vec(),
            id,
            count: self.count,
        })
    }

    /// Returns the node that was closed last, if it is this one and none was opened since.
    pub(super) fn closed(&self, id: NodeId) -> Option<Result<Node, TreeError>> {
        let is_this = self.entries == 0 && self.closed == Some(id);
        is_this.then(|| Node::decode(id, self.bytes.clone()))
    }
}
