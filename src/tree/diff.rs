//! What differs between two trees, in key order. Subtrees with the same id are passed over unread.

use crate::id::NodeId;

use super::node::resolve;
use super::{NodeSource, TreeError};

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

/// What a side has yet to show.
enum Item {
    Subtree { id: NodeId, level: u8 },
    Entry { key: Vec<u8>, raw: Vec<u8> },
}

/// One side's items; the next one is the last.
struct Side(Vec<Item>);

/// Walks through the differences.
pub struct Diff<'a> {
    source: &'a dyn NodeSource,
    before: Side,
    after: Side,
    failed: bool,
}

impl Side {
    fn begin(source: &dyn NodeSource, root: NodeId) -> Result<Self, TreeError> {
        let level = source.node(root)?.level();
        Ok(Self(vec![Item::Subtree { id: root, level }]))
    }

    /// Puts a node's entries in its place.
    fn expand(&mut self, source: &dyn NodeSource) -> Result<(), TreeError> {
        let Some(Item::Subtree { id, .. }) = self.0.last() else {
            return Ok(());
        };
        let node = source.node(*id)?;
        self.0.pop();
        for entry in node.entries().rev() {
            self.0.push(match node.level().checked_sub(1) {
                Some(level) => Item::Subtree {
                    id: entry.child()?,
                    level,
                },
                None => Item::Entry {
                    key: entry.key.to_vec(),
                    raw: entry.raw.to_vec(),
                },
            });
        }
        Ok(())
    }

    fn pop_entry(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        match self.0.pop() {
            Some(Item::Entry { key, raw }) => Some((key, raw)),
            Some(subtree) => {
                self.0.push(subtree);
                None
            }
            None => None,
        }
    }
}

/// What to do next.
enum Step {
    PassBoth,
    ExpandBefore,
    ExpandAfter,
    ExpandBoth,
    TakeBefore,
    TakeAfter,
    TakeBoth,
    End,
}

impl<'a> Diff<'a> {
    pub(super) fn new(source: &'a dyn NodeSource, before: NodeId, after: NodeId) -> Self {
        let empty = || Side(Vec::new());
        if before == after {
            return Self {
                source,
                before: empty(),
                after: empty(),
                failed: false,
            };
        }
        let side = |root| {
            Side::begin(source, root).unwrap_or_else(|_| Side(vec![Item::Subtree { id: root, level: 0 }]))
        };
        Self {
            source,
            before: side(before),
            after: side(after),
            failed: false,
        }
    }

    fn plan(&self) -> Step {
        match (self.before.0.last(), self.after.0.last()) {
            (None, None) => Step::End,
            (Some(Item::Subtree { id: a, level: la }), Some(Item::Subtree { id: b, level: lb })) => {
                match la.cmp(lb) {
                    _ if a == b => Step::PassBoth,
                    std::cmp::Ordering::Greater => Step::ExpandBefore,
                    std::cmp::Ordering::Less => Step::ExpandAfter,
                    std::cmp::Ordering::Equal => Step::ExpandBoth,
                }
            }
            (Some(Item::Subtree { .. }), _) => Step::ExpandBefore,
            (_, Some(Item::Subtree { .. })) => Step::ExpandAfter,
            (Some(Item::Entry { .. }), None) => Step::TakeBefore,
            (None, Some(Item::Entry { .. })) => Step::TakeAfter,
            (Some(Item::Entry { key: a, .. }), Some(Item::Entry { key: b, .. })) => match a.cmp(b) {
                std::cmp::Ordering::Less => Step::TakeBefore,
                std::cmp::Ordering::Greater => Step::TakeAfter,
                std::cmp::Ordering::Equal => Step::TakeBoth,
            },
        }
    }

    fn step(&mut self) -> Result<Option<TreeChange>, TreeError> {
        loop {
            match self.plan() {
                Step::End => return Ok(None),
                Step::PassBoth => {
                    self.before.0.pop();
                    self.after.0.pop();
                }
                Step::ExpandBefore => self.before.expand(self.source)?,
                Step::ExpandAfter => self.after.expand(self.source)?,
                Step::ExpandBoth => {
                    self.before.expand(self.source)?;
                    self.after.expand(self.source)?;
                }
                Step::TakeBefore => {
                    if let Some((key, raw)) = self.before.pop_entry() {
                        let change = Change::Removed(resolve(&raw, self.source)?);
                        return Ok(Some(TreeChange { key, change }));
                    }
                }
                Step::TakeAfter => {
                    if let Some((key, raw)) = self.after.pop_entry() {
                        let change = Change::Added(resolve(&raw, self.source)?);
                        return Ok(Some(TreeChange { key, change }));
                    }
                }
                Step::TakeBoth => {
                    let (before, after) = (self.before.pop_entry(), self.after.pop_entry());
                    if let (Some((key, a)), Some((_, b))) = (before, after)
                        && a != b
                    {
                        let before = resolve(&a, self.source)?;
                        let after = resolve(&b, self.source)?;
                        return Ok(Some(TreeChange {
                            key,
                            change: Change::Modified { before, after },
                        }));
                    }
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
