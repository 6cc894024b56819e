//! One node, as bytes: `holotype/node/1\n`, level (u8), number of entries (u32), then per entry the lengths of key
//! (u16) and value (u32), key, value; all numbers little-endian. In a leaf the value is the record's canonical JSON,
//! or `{"ref":…,"size_bytes":…}` where it is longer than [`INLINE_MAX`]. Above, the key is the last key of the child,
//! and the value its id and how many records are below it (u64).

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::codec::{from_canonical, to_canonical};
use crate::id::{Digest, NodeId};

use super::{NodeSink, NodeSource, TreeError};

const DOMAIN: &[u8] = b"holotype/node/1\n";

/// A value longer than this is kept apart, so that its neighbours stay cheap.
pub const INLINE_MAX: usize = 1024;

/// The length of an entry's value above leaves: an id and a count.
const CHILD_BYTES: usize = 40;

/// No tree has more records; a node that says so lies, and counts could not be added up.
const RECORDS_MAX: u64 = 1 << 40;

/// The length of what stands before each entry: the lengths of key and value.
const LENGTHS_BYTES: usize = 6;

/// A node, decoded and verified.
#[derive(Debug, Clone)]
pub struct Node {
    id: NodeId,
    bytes: Vec<u8>,
    level: u8,
    entries: Vec<Place>,
}

/// Where an entry stands in the bytes of its node.
#[derive(Debug, Clone, Copy)]
struct Place {
    key: usize,
    value: usize,
    end: usize,
}

impl Place {
    /// Reads the lengths that stand at `at`; `None` where the bytes end before the entry does.
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let lengths = bytes.get(at..)?.first_chunk::<LENGTHS_BYTES>()?;
        let [k0, k1, v0, v1, v2, v3] = *lengths;
        let key = at + LENGTHS_BYTES;
        let value = key + usize::from(u16::from_le_bytes([k0, k1]));
        let length = usize::try_from(u32::from_le_bytes([v0, v1, v2, v3])).ok()?;
        let end = value.checked_add(length).filter(|end| *end <= bytes.len())?;
        Some(Self { key, value, end })
    }
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
    /// Returns the value under which the parent has it.
    pub(super) fn to_raw(&self) -> [u8; CHILD_BYTES] {
        let mut raw = [0; CHILD_BYTES];
        let (id, count) = raw.split_at_mut(32);
        id.copy_from_slice(self.id.digest().as_bytes());
        count.copy_from_slice(&self.count.to_le_bytes());
        raw
    }
}

/// Returns what stands in a leaf for a value; a long one goes into `sink`.
pub(super) fn leaf_value<'v>(value: &'v [u8], sink: &mut dyn NodeSink) -> Cow<'v, [u8]> {
    if value.len() <= INLINE_MAX {
        return Cow::Borrowed(value);
    }
    let long = LongValue {
        reference: NodeId::of(value),
        size_bytes: u64::try_from(value.len()).unwrap_or(0),
    };
    sink.keep(long.reference, value);
    Cow::Owned(to_canonical(&long).unwrap_or_default())
}

/// Begins a node in a buffer, in place of what was in it; so far it has no entry.
pub(super) fn begin(bytes: &mut Vec<u8>, level: u8) {
    bytes.clear();
    bytes.extend_from_slice(DOMAIN);
    bytes.push(level);
    bytes.extend_from_slice(&0_u32.to_le_bytes());
}

/// Adds an entry to a node; returns where its key stands. [`set_len`] has to follow the last one.
pub(super) fn append(bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) -> Range<usize> {
    bytes.reserve(LENGTHS_BYTES + key.len() + value.len());
    let [k0, k1] = u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes();
    let [v0, v1, v2, v3] = u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend_from_slice(&[k0, k1, v0, v1, v2, v3]);
    let start = bytes.len();
    bytes.extend_from_slice(key);
    let key = start..bytes.len();
    bytes.extend_from_slice(value);
    key
}

/// Writes the number of entries into a node.
pub(super) fn set_len(bytes: &mut [u8], entries: u32) {
    let at = DOMAIN.len() + 1;
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.copy_from_slice(&entries.to_le_bytes());
    }
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
        let short = || damaged("it ends too early");
        let Some(rest) = bytes.strip_prefix(DOMAIN) else {
            return Err(damaged("it is no node"));
        };
        let [level, c0, c1, c2, c3] = *rest.first_chunk::<5>().ok_or_else(short)?;
        let count = usize::try_from(u32::from_le_bytes([c0, c1, c2, c3])).unwrap_or(usize::MAX);
        let mut at = DOMAIN.len() + 5;
        // An entry has at least its lengths, so a false count cannot claim much memory.
        let mut entries = Vec::with_capacity(count.min(bytes.len() / LENGTHS_BYTES + 1));
        for _ in 0..count {
            let place = Place::read(&bytes, at).ok_or_else(short)?;
            at = place.end;
            entries.push(place);
        }
        if at != bytes.len() {
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
        let place = self.entries.get(index)?;
        Some(NodeEntry {
            node: self.id,
            key: self.bytes.get(place.key..place.value)?,
            raw: self.bytes.get(place.value..place.end)?,
        })
    }

    /// Returns the entries in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = NodeEntry<'_>> {
        (0..self.entries.len()).filter_map(|index| self.entry(index))
    }

    /// Returns the index of the first entry whose key is not below `key`.
    #[must_use]
    pub fn lower_bound(&self, key: &[u8]) -> usize {
        self.entries.partition_point(|place| {
            self.bytes
                .get(place.key..place.value)
                .is_some_and(|own| own < key)
        })
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
        id.filter(|_| self.raw.len() == CHILD_BYTES)
            .map(|bytes| NodeId::from_digest(Digest::from_bytes(bytes)))
            .ok_or(TreeError::Damaged {
                id: self.node,
                why: "an entry names no child",
            })
    }

    /// Returns how many records are in and below the child.
    pub(super) fn child_count(&self) -> Result<u64, TreeError> {
        let count = self.raw.get(32..).and_then(|bytes| bytes.try_into().ok());
        let count = count.map(u64::from_le_bytes);
        count
            .filter(|count| *count <= RECORDS_MAX)
            .ok_or(TreeError::Damaged {
                id: self.node,
                why: "an entry does not say how many records its child has",
            })
    }

    /// Returns the value, in a leaf; a long one is fetched and verified.
    ///
    /// # Errors
    /// [`TreeError`] when it cannot be had.
    pub fn to_value(&self, source: &dyn NodeSource) -> Result<Vec<u8>, TreeError> {
        resolve(self.raw, source).map(Cow::into_owned)
    }
}

/// Returns the value that stands in a leaf, or for which a reference stands there. Every record has a `format`,
/// so none begins as a reference does.
pub(super) fn resolve<'r>(raw: &'r [u8], source: &dyn NodeSource) -> Result<Cow<'r, [u8]>, TreeError> {
    if !raw.starts_with(br#"{"ref":"#) {
        return Ok(Cow::Borrowed(raw));
    }
    let long: LongValue = from_canonical(raw).map_err(|_| TreeError::Damaged {
        id: NodeId::of(raw),
        why: "it stands for no long value",
    })?;
    source.value(long.reference).map(Cow::Owned)
}
