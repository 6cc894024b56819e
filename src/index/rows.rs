//! The rows of the index and their keys. A key begins with a letter for its kind; numbers in keys are big-endian, so
//! that keys sort as the numbers do. A commit's *position* is the number of commits before it on its line of first
//! parents.
//!
//! | key | value |
//! |---|---|
//! | `c` position | the commit: [`StoredCommit`] |
//! | `o` first 8 bytes of a commit's id, position | nothing |
//! | `i` image prefix, position | nothing: a batch of that commit is about this one image |
//! | `w` position | nothing: a batch of that commit is about a range of images |
//! | `g` position | nothing: a batch of that commit has events about no image |
//! | `a` BLAKE3 of a file name, image id | the position at which the name came up |
//! | `m` | how far the rows reach: [`Reach`] |
//!
//! Changing a row or a key needs another [`super::seal::SCHEMA`].

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::{BatchId, CommitId, Digest, ImageId, ImagePrefix};
use crate::log::{BatchRange, Commit};

use super::IndexError;

/// No row's value is longer: one of 16 MiB has room for the batches of a commit of about one terabyte.
const VALUE_SIZE_MAX: u64 = 16 << 20;

/// A batch and the commit that seals it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchAt {
    /// The commit.
    pub commit: CommitId,
    /// The batch.
    pub batch: BatchId,
}

/// What batches are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Those that can hold events about an image.
    Image(ImagePrefix),
    /// Those that hold events about no image.
    NoImage,
    /// All.
    Anything,
}

/// What the index keeps of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BatchRow {
    id: [u8; 32],
    has_global: bool,
    images: Option<([u8; 8], [u8; 8])>,
}

impl BatchRow {
    fn of(range: &BatchRange) -> Self {
        Self {
            id: *range.batch.digest().as_bytes(),
            has_global: range.global_events > 0,
            images: range
                .images
                .map(|(first, last)| (*first.as_bytes(), *last.as_bytes())),
        }
    }

    /// Returns the batch.
    pub(super) fn id(&self) -> BatchId {
        BatchId::from_digest(Digest::from_bytes(self.id))
    }

    /// Whether it can hold events about any image.
    pub(super) fn has_images(&self) -> bool {
        self.images.is_some()
    }

    fn is_about(&self, about: About) -> bool {
        match about {
            About::Image(image) => self
                .images
                .is_some_and(|(first, last)| (first..=last).contains(image.as_bytes())),
            About::NoImage => self.has_global,
            About::Anything => true,
        }
    }
}

/// What the index keeps of a commit, and a walk through the log as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CommitRow {
    id: [u8; 32],
    /// When it was sealed, in milliseconds since 1970.
    pub(super) committed_ms: i64,
    /// Its batches, in order.
    pub(super) batches: Vec<BatchRow>,
}

impl CommitRow {
    /// Takes over what is needed of a commit.
    pub(super) fn of(id: CommitId, commit: &Commit) -> Self {
        Self {
            id: *id.digest().as_bytes(),
            committed_ms: commit.committed_at.as_unix_ms(),
            batches: commit.batches.iter().map(BatchRow::of).collect(),
        }
    }

    /// Returns the commit.
    pub(super) fn id(&self) -> CommitId {
        CommitId::from_digest(Digest::from_bytes(self.id))
    }

    /// Returns the batches that are looked for, in order.
    pub(super) fn batches_about(&self, about: About) -> impl Iterator<Item = BatchAt> + '_ {
        let commit = self.id();
        let chosen = self.batches.iter().filter(move |batch| batch.is_about(about));
        chosen.map(move |batch| BatchAt {
            commit,
            batch: batch.id(),
        })
    }

    /// Returns the keys under which the commit is found, all with empty values.
    pub(super) fn keys(&self, position: u64) -> Vec<Vec<u8>> {
        let mut keys = vec![object_key(&self.id, position)];
        for batch in &self.batches {
            match batch.images {
                Some((first, last)) if first == last => {
                    keys.push(image_key(ImagePrefix::from_bytes(first), position));
                }
                Some(_) => keys.push(key(b'w', &[&position.to_be_bytes()])),
                None => {}
            }
            if batch.has_global {
                keys.push(key(b'g', &[&position.to_be_bytes()]));
            }
        }
        keys
    }
}

/// The value of a commit's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredCommit {
    /// The latest `committed_ms` up to here: clocks run back, this does not.
    pub(super) latest_ms: i64,
    /// The commit.
    pub(super) row: CommitRow,
}

/// How far the rows reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    head: [u8; 32],
    /// How many commits there are rows for.
    pub(super) commits: u64,
    /// The latest `committed_ms` of all.
    pub(super) latest_ms: i64,
    /// For how many commits the names of their images are in.
    pub(super) named: u64,
}

impl Reach {
    /// No rows yet.
    pub(super) const NOTHING: Self = Self {
        head: [0; 32],
        commits: 0,
        latest_ms: i64::MIN,
        named: 0,
    };

    /// Goes one commit further.
    pub(super) fn step(&mut self, row: &CommitRow) {
        self.head = row.id;
        self.commits += 1;
        self.latest_ms = self.latest_ms.max(row.committed_ms);
    }

    /// Returns the last commit; `None` when there are no rows.
    pub(super) fn head(&self) -> Option<CommitId> {
        (self.commits > 0).then(|| CommitId::from_digest(Digest::from_bytes(self.head)))
    }
}

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![kind];
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The key of the row that says how far the rows reach.
pub(super) const REACH_KEY: &[u8] = b"m";

/// The key of a commit's row.
pub(super) fn commit_key(position: u64) -> Vec<u8> {
    key(b'c', &[&position.to_be_bytes()])
}

fn object_key(id: &[u8], position: u64) -> Vec<u8> {
    let mut bytes = object_prefix(id);
    bytes.extend_from_slice(&position.to_be_bytes());
    bytes
}

/// The beginning of the keys of commits whose ids begin with `id`, of which 8 bytes count.
pub(super) fn object_prefix(id: &[u8]) -> Vec<u8> {
    key(b'o', &[id.get(..8).unwrap_or(id)])
}

fn image_key(image: ImagePrefix, position: u64) -> Vec<u8> {
    key(b'i', &[image.as_bytes(), &position.to_be_bytes()])
}

/// The beginnings of the keys that lead to the commits whose batches are looked for.
pub(super) fn about_prefixes(about: About) -> Vec<Vec<u8>> {
    match about {
        About::Image(image) => vec![key(b'i', &[image.as_bytes()]), vec![b'w']],
        About::NoImage => vec![vec![b'g']],
        About::Anything => vec![vec![b'c']],
    }
}

/// The position with which a key ends.
pub(super) fn position_of_key(key: &[u8]) -> Option<u64> {
    key.last_chunk().copied().map(u64::from_be_bytes)
}

/// The beginning of the keys of images that have a file name.
pub(super) fn alias_prefix(name: &str) -> Vec<u8> {
    key(b'a', &[blake3::hash(name.as_bytes()).as_bytes()])
}

/// The key of one image that has a file name.
pub(super) fn alias_key(name: &str, image: ImageId) -> Vec<u8> {
    let mut bytes = alias_prefix(name);
    bytes.extend_from_slice(image.as_bytes());
    bytes
}

/// The image with which the key of an alias ends.
pub(super) fn image_of_key(key: &[u8]) -> Option<ImageId> {
    key.last_chunk().copied().map(ImageId::from_bytes)
}

fn options() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_limit(VALUE_SIZE_MAX)
        .reject_trailing_bytes()
}

/// Encodes a value.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, IndexError> {
    options().serialize(value).map_err(|source| IndexError::Row {
        action: "written",
        source,
    })
}

/// Decodes a value.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, IndexError> {
    options().deserialize(bytes).map_err(|source| IndexError::Row {
        action: "read",
        source,
    })
}
