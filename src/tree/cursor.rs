//! Walking through the nodes of one level, and through entries in order.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::id::NodeId;

use super::node::{Node, resolve};
use super::{NodeSource, TreeError};

/// A place among the nodes of one level.
pub(super) struct LevelCursor<'a> {
    source: &'a dyn NodeSource,
    root: Arc<Node>,
    level: u8,
    /// From the root to the parent of the present node, with the index of the child taken.
    path: Vec<(Arc<Node>, usize)>,
}

impl<'a> LevelCursor<'a> {
    pub(super) fn new(source: &'a dyn NodeSource, root: Arc<Node>, level: u8) -> Self {
        Self {
            source,
            root,
            level,
            path: Vec::new(),
        }
    }

    /// Goes to the first node whose last key is not below `key`, else to the last node; never to the left. Only the
    /// nodes below the lowest one that leads to both places are read.
    pub(super) fn seek(&mut self, key: &[u8]) -> Result<Arc<Node>, TreeError> {
        let mut node = Arc::clone(&self.root);
        while let Some((parent, _)) = self.path.pop() {
            if parent.last_key().is_some_and(|last| key <= last) {
                node = parent;
                break;
            }
        }
        while node.level() > self.level {
            let index = node.lower_bound(key).min(node.len().saturating_sub(1));
            node = self.descend(node, index)?;
        }
        Ok(node)
    }

    fn descend(&mut self, node: Arc<Node>, index: usize) -> Result<Arc<Node>, TreeError> {
        let entry = node
            .entry(index)
            .ok_or(TreeError::Missing { id: NodeId::of(&[]) })?;
        let child = self.source.node(entry.child()?)?;
        self.path.push((node, index));
        Ok(child)
    }

    /// Goes to the next node; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Arc<Node>>, TreeError> {
        while let Some((parent, index)) = self.path.pop() {
            if index + 1 < parent.len() {
                let mut node = self.descend(parent, index + 1)?;
                while node.level() > self.level {
                    node = self.descend(node, 0)?;
                }
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// Whether the present node is the last of its level.
    pub(super) fn is_last(&self) -> bool {
        self.path.iter().all(|(parent, index)| index + 1 == parent.len())
    }
}

/// What is called with keys and values, lent from their node, until it breaks.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);

/// Walks through entries in key order: `(key, value)`.
pub struct Scan<'a> {
    source: &'a dyn NodeSource,
    prefix: Vec<u8>,
    /// The key before which it ends.
    end: Option<Vec<u8>>,
    path: Vec<(Arc<Node>, usize)>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(source: &'a dyn NodeSource, root: NodeId, prefix: &[u8]) -> Result<Self, TreeError> {
        Ok(Self {
            prefix: prefix.to_vec(),
            ..Self::between(source, root, prefix, None)?
        })
    }

    /// Walks from a key up to, without, another.
    pub(super) fn between(
        source: &'a dyn NodeSource,
        root: NodeId,
        first: &[u8],
        end: Option<Vec<u8>>,
    ) -> Result<Self, TreeError> {
        let mut path = Vec::new();
        let mut node = source.node(root)?;
        loop {
            let index = node.lower_bound(first);
            let below = match node.entry(index) {
                Some(entry) if node.level() > 0 => Some(source.node(entry.child()?)?),
                _ => None,
            };
            path.push((node, index));
            match below {
                Some(child) => node = child,
                None => {
                    return Ok(Self {
                        source,
                        prefix: Vec::new(),
                        end,
                        path,
                    });
                }
            }
        }
    }

    /// Goes to the entry that is next; false when there is none.
    fn settle(&mut self) -> Result<bool, TreeError> {
        loop {
            let Some((node, index)) = self.path.last() else {
                return Ok(false);
            };
            let Some(entry) = node.entry(*index) else {
                self.path.pop();
                if let Some((_, parent_index)) = self.path.last_mut() {
                    *parent_index += 1;
                }
                continue;
            };
            if node.level() > 0 {
                let child = self.source.node(entry.child()?)?;
                self.path.push((child, 0));
                continue;
            }
            let is_behind = self.end.as_deref().is_some_and(|end| entry.key >= end);
            if is_behind || !entry.key.starts_with(&self.prefix) {
                self.path.clear();
                return Ok(false);
            }
            return Ok(true);
        }
    }

    fn step(&mut self) -> Result<Option<Entry>, TreeError> {
        if !self.settle()? {
            return Ok(None);
        }
        let Some((node, index)) = self.path.last_mut() else {
            return Ok(None);
        };
        let Some(entry) = node.entry(*index) else {
            return Ok(None);
        };
        let found = (entry.key.to_vec(), resolve(entry.raw, self.source)?.into_owned());
        *index += 1;
        Ok(Some(found))
    }

    /// Calls `each` with every key and value that is left, lent from the node, until it breaks.
    ///
    /// # Errors
    /// [`TreeError`] when a node cannot be had.
    pub fn visit(mut self, each: &mut Visit<'_>) -> Result<(), TreeError> {
        while self.settle()? {
            let Some((node, index)) = self.path.last_mut() else {
                break;
            };
            let Some(entry) = node.entry(*index) else {
                break;
            };
            *index += 1;
            if each(entry.key, &resolve(entry.raw, self.source)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Entry, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
