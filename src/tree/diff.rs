//! What differs between two trees, in key order. Subtrees with the same id are passed over unread.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::id::NodeId;

use super::{Node, NodeEntry, NodeSource, TreeError};

/// How a thing differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It is only in the second.
    Added(T),
    /// It is only in the first.
    Removed(T),
    /// It is in both and differs.
    Modified {
        /// In the first.
        before: T,
        /// In the second.
        after: T,
    },
}

/// A key and how its value differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// The key.
    pub key: Vec<u8>,
    /// The values.
    pub change: Change<Vec<u8>>,
}

/// What a side shows next.
enum Item<'n> {
    Subtree { id: NodeId, level: u8 },
    Entry(NodeEntry<'n>),
}

/// One side: what of it is yet to be compared.
#[derive(Default)]
struct Side {
    /// The root, until it is gone into.
    root: Option<Arc<Node>>,
    /// Nodes that were gone into, each with the entry that is next.
    path: Vec<(Arc<Node>, usize)>,
}

/// Walks through the differences.
pub struct Diff<'a> {
    source: &'a dyn NodeSource,
    /// The roots, until they are read.
    roots: Option<(NodeId, NodeId)>,
    before: Side,
    after: Side,
    failed: bool,
}

impl Side {
    fn at(root: Arc<Node>) -> Self {
        Self {
            root: Some(root),
            path: Vec::new(),
        }
    }

    fn item(&self) -> Result<Option<Item<'_>>, TreeError> {
        if let Some(root) = &self.root {
            let (id, level) = (root.id(), root.level());
            return Ok(Some(Item::Subtree { id, level }));
        }
        let entry = self
            .path
            .last()
            .and_then(|(node, index)| Some((node.level(), node.entry(*index)?)));
        let Some((level, entry)) = entry else {
            return Ok(None);
        };
        Ok(Some(match level.checked_sub(1) {
            Some(level) => Item::Subtree {
                id: entry.child()?,
                level,
            },
            None => Item::Entry(entry),
        }))
    }

    /// Goes into the subtree that is next.
    fn expand(&mut self, source: &dyn NodeSource) -> Result<(), TreeError> {
        let node = match (self.root.take(), self.item()?) {
            (Some(root), _) => root,
            (None, Some(Item::Subtree { id, .. })) => source.node(id)?,
            (None, _) => return Ok(()),
        };
        self.path.push((node, 0));
        self.rise();
        Ok(())
    }

    /// Passes over what is next.
    fn pass(&mut self) {
        if self.root.take().is_none()
            && let Some((_, index)) = self.path.last_mut()
        {
            *index += 1;
            self.rise();
        }
    }

    /// Leaves nodes that have no more entries.
    fn rise(&mut self) {
        while self.path.pop_if(|(node, index)| *index >= node.len()).is_some() {
            if let Some((_, index)) = self.path.last_mut() {
                *index += 1;
            }
        }
    }
}

/// What to do next.
enum Step {
    PassBoth,
    ExpandBefore,
    ExpandAfter,
    ExpandBoth,
    TakeBefore(TreeChange),
    TakeAfter(TreeChange),
    TakeBoth(TreeChange),
    End,
}

impl<'a> Diff<'a> {
    pub(super) fn new(source: &'a dyn NodeSource, before: NodeId, after: NodeId) -> Self {
        Self {
            source,
            roots: (before != after).then_some((before, after)),
            before: Side::default(),
            after: Side::default(),
            failed: false,
        }
    }

    /// Passes over entries side by side that are the same.
    fn pass_same(&mut self) {
        if let (Some((a, i)), Some((b, j))) = (self.before.path.last_mut(), self.after.path.last_mut())
            && self.before.root.is_none()
            && self.after.root.is_none()
            && a.level() == b.level()
        {
            while let (Some(before), Some(after)) = (a.entry(*i), b.entry(*j))
                && before.key == after.key
                && before.raw == after.raw
            {
                *i += 1;
                *j += 1;
            }
            self.before.rise();
            self.after.rise();
        }
    }

    fn plan(&self) -> Result<Step, TreeError> {
        Ok(match (self.before.item()?, self.after.item()?) {
            (None, None) => Step::End,
            (Some(Item::Subtree { id: a, level: la }), Some(Item::Subtree { id: b, level: lb })) => {
                match la.cmp(&lb) {
                    _ if a == b => Step::PassBoth,
                    Ordering::Greater => Step::ExpandBefore,
                    Ordering::Less => Step::ExpandAfter,
                    Ordering::Equal => Step::ExpandBoth,
                }
            }
            (Some(Item::Subtree { .. }), _) => Step::ExpandBefore,
            (_, Some(Item::Subtree { .. })) => Step::ExpandAfter,
            (Some(Item::Entry(before)), None) => self.removed(before)?,
            (None, Some(Item::Entry(after))) => self.added(after)?,
            (Some(Item::Entry(before)), Some(Item::Entry(after))) => match before.key.cmp(after.key) {
                Ordering::Less => self.removed(before)?,
                Ordering::Greater => self.added(after)?,
                Ordering::Equal if before.raw == after.raw => Step::PassBoth,
                Ordering::Equal => Step::TakeBoth(TreeChange {
                    key: before.key.to_vec(),
                    change: Change::Modified {
                        before: before.to_value(self.source)?,
                        after: after.to_value(self.source)?,
                    },
                }),
            },
        })
    }

    fn removed(&self, entry: NodeEntry<'_>) -> Result<Step, TreeError> {
        let key = entry.key.to_vec();
        let change = Change::Removed(entry.to_value(self.source)?);
        Ok(Step::TakeBefore(TreeChange { key, change }))
    }

    fn added(&self, entry: NodeEntry<'_>) -> Result<Step, TreeError> {
        let key = entry.key.to_vec();
        let change = Change::Added(entry.to_value(self.source)?);
        Ok(Step::TakeAfter(TreeChange { key, change }))
    }

    fn step(&mut self) -> Result<Option<TreeChange>, TreeError> {
        if let Some((before, after)) = self.roots.take() {
            self.before = Side::at(self.source.node(before)?);
            self.after = Side::at(self.source.node(after)?);
        }
        loop {
            self.pass_same();
            match self.plan()? {
                Step::End => return Ok(None),
                Step::PassBoth => {
                    self.before.pass();
                    self.after.pass();
                }
                Step::ExpandBefore => self.before.expand(self.source)?,
                Step::ExpandAfter => self.after.expand(self.source)?,
                Step::ExpandBoth => {
                    self.before.expand(self.source)?;
                    self.after.expand(self.source)?;
                }
                Step::TakeBefore(change) => {
                    self.before.pass();
                    return Ok(Some(change));
                }
                Step::TakeAfter(change) => {
                    self.after.pass();
                    return Ok(Some(change));
                }
                Step::TakeBoth(change) => {
                    self.before.pass();
                    self.after.pass();
                    return Ok(Some(change));
                }
            }
        }
    }
}

impl Iterator for Diff<'_> {
    type Item = Result<TreeChange, TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.step().transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}
