//! One node, as bytes: `holotype/node/1\n`, level (u8), number of entries (u32), then per entry the lengths of key
//! (u16) and value (u32), key, value; all numbers little-endian. In a leaf the value is the record's canonical JSON,
//! or `{"ref":…,"size_bytes":…}` where it is longer than [`INLINE_MAX`]. Above, the key is the last key of the child,
//! and the value its id and how many records are below it (u64).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::codec::{from_canonical, to_canonical};
use crate::id::{Digest, NodeId};

use super::{NodeSink, NodeSource, TreeError};

const DOMAIN: &[u8] = b"holotype/node/1\n";

/// A value longer than this is kept apart, so that its neighbours stay cheap.
pub const INLINE_MAX: usize = 1024;

/// A node, decoded and verified.
#[derive(Debug, Clone)]
pub struct Node {
    id: NodeId,
    bytes: Vec<u8>,
    level: u8,
    entries: Vec<(Range<usize>, Range<usize>)>,
}

/// An entry of a node.
#[derive(Debug, Clone, Copy)]
pub struct NodeEntry<'a> {
    /// The node that it is in.
    pub node: NodeId,
    /// The key.
    pub key: &'a [u8],
    /// The value as it stands in the node.
    pub raw: &'a [u8],
}

/// A child as its parent names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Child {
    pub last_key: Vec<u8>,
    pub id: NodeId,
    pub count: u64,
}

/// What stands in a leaf for a long value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongValue {
    #[serde(rename = "ref")]
    reference: NodeId,
    size_bytes: u64,
}

impl Child {
    pub(super) fn to_raw(&self) -> Vec<u8> {
        let mut raw = self.id.digest().as_bytes().to_vec();
        raw.extend_from_slice(&self.count.to_le_bytes());
        raw
    }
}

/// Returns what stands in a leaf for a value; a long one goes into `sink`.
pub(super) fn leaf_value(value: Vec<u8>, sink: &mut dyn NodeSink) -> Vec<u8> {
    if value.len() <= INLINE_MAX {
        return value;
    }
    let long = LongValue {
        reference: NodeId::of(&value),
        size_bytes: u64::try_from(value.len()).unwrap_or(0),
    };
    sink.keep(long.reference, value);
    to_canonical(&long).unwrap_or_default()
}

/// Encodes a node.
pub(super) fn encode(level: u8, entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let size: usize = entries
        .iter()
        .map(|(key, value)| key.len() + value.len() + 6)
        .sum();
    let mut bytes = Vec::with_capacity(DOMAIN.len() + 5 + size);
    bytes.extend_from_slice(DOMAIN);
    bytes.push(level);
    bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_le_bytes());
    for (key, value) in entries {
        bytes.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    bytes
}

impl Node {
    /// Verifies bytes against the id and takes them apart.
    ///
    /// # Errors
    /// [`TreeError::Damaged`] when they are no node, or another.
    pub fn decode(id: NodeId, bytes: Vec<u8>) -> Result<Self, TreeError> {
        let damaged = |why| TreeError::Damaged { id, why };
        if NodeId::of(&bytes) != id {
            return Err(damaged("its bytes do not have the hash that is its name"));
        }
        let mut at = Reader { bytes: &bytes, at: 0 };
        if at.take(DOMAIN.len()) != Some(DOMAIN) {
            return Err(damaged("it is no node"));
        }
        let short = || damaged("it ends too early");
        let level = at.array::<1>().map(|[level]| level).ok_or_else(short)?;
        let count = at.array().map(u32::from_le_bytes).ok_or_else(short)?;
        // An entry has at least 6 bytes, so a false count cannot claim much memory.
        let count = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .min(bytes.len() / 6 + 1);
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let key = at
                .array()
                .map(u16::from_le_bytes)
                .map(usize::from)
                .ok_or_else(short)?;
            let value = at.array().map(u32::from_le_bytes).ok_or_else(short)?;
            let value = usize::try_from(value).unwrap_or(usize::MAX);
            let key = at.range(key).ok_or_else(short)?;
            let value = at.range(value).ok_or_else(short)?;
            entries.push((key, value));
        }
        if at.at != bytes.len() {
            return Err(damaged("it does not end with its last entry"));
        }
        Ok(Self {
            id,
            bytes,
            level,
            entries,
        })
    }

    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Returns the level: 0 in a leaf.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.level
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry; only the root of an empty tree has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the `index`-th entry.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<NodeEntry<'_>> {
        let (key, value) = self.entries.get(index)?;
        Some(NodeEntry {
            node: self.id,
            key: self.bytes.get(key.clone())?,
            raw: self.bytes.get(value.clone())?,
        })
    }

    /// Returns the entries in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = NodeEntry<'_>> {
        (0..self.entries.len()).filter_map(|index| self.entry(index))
    }

    /// Returns the index of the first entry whose key is not below `key`.
    #[must_use]
    pub fn lower_bound(&self, key: &[u8]) -> usize {
        self.entries
            .partition_point(|(range, _)| self.bytes.get(range.clone()).is_some_and(|own| own < key))
    }

    /// Returns the last key.
    pub(super) fn last_key(&self) -> Option<&[u8]> {
        self.entry(self.entries.len().checked_sub(1)?)
            .map(|entry| entry.key)
    }

    /// Returns how many records are in and below it.
    ///
    /// # Errors
    /// [`TreeError::Damaged`] when a child is not named as it must be.
    pub fn count(&self) -> Result<u64, TreeError> {
        if self.level == 0 {
            return Ok(u64::try_from(self.entries.len()).unwrap_or(u64::MAX));
        }
        self.entries().map(|entry| entry.child_count()).sum()
    }
}

impl NodeEntry<'_> {
    /// Returns the child, above leaves.
    ///
    /// # Errors
    /// [`TreeError::Damaged`] when the value names none.
    pub fn child(&self) -> Result<NodeId, TreeError> {
        let id = self.raw.get(..32).and_then(|bytes| bytes.try_into().ok());
        id.filter(|_| self.raw.len() == 40)
            .map(|bytes| NodeId::from_digest(Digest::from_bytes(bytes)))
            .ok_or(TreeError::Damaged {
                id: self.node,
                why: "an entry names no child",
            })
    }

    /// Returns how many records are below the child.
    pub(super) fn child_count(&self) -> Result<u64, TreeError> {
        let count = self.raw.get(32..).and_then(|bytes| bytes.try_into().ok());
        count.map(u64::from_le_bytes).ok_or(TreeError::Damaged {
            id: self.node,
            why: "an entry names no child",
        })
    }

    /// Returns the child with its key and count.
    pub(super) fn to_child(self) -> Result<Child, TreeError> {
        Ok(Child {
            last_key: self.key.to_vec(),
            id: self.child()?,
            count: self.child_count()?,
        })
    }

    /// Returns the value, in a leaf; a long one is fetched and verified.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be had.
    pub fn to_value(&self, source: &dyn NodeSource) -> Result<Vec<u8>, TreeError> {
        resolve(self.raw, source)
    }
}

/// Returns the value that stands in a leaf, or for which a reference stands there. Every record has a `format`,
/// so none begins as a reference does.
pub(super) fn resolve(raw: &[u8], source: &dyn NodeSource) -> Result<Vec<u8>, TreeError> {
    if !raw.starts_with(br#"{"ref":"#) {
        return Ok(raw.to_vec());
    }
    let long: LongValue = from_canonical(raw).map_err(|_| TreeError::Damaged {
        id: NodeId::of(raw),
        why: "it stands for no long value",
    })?;
    source.value(long.reference)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn range(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self
            .at
            .checked_add(length)
            .filter(|end| *end <= self.bytes.len())?;
        let range = self.at..end;
        self.at = end;
        Some(range)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let range = self.range(length)?;
        self.bytes.get(range)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
}
