//! One pack of tree nodes in `derived/nodes/`: the nodes, then an index of them sorted by id, then how many there are.
//! Ids are hashes, so a place in the index can be guessed: a node is found with about two reads, however many there
//! are. What is read is verified by whoever decodes it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::id::{Digest, NodeId};
use crate::store::{DerivedFile, DerivedWriter, Store};

/// One entry of an index: id (32 bytes), offset (u64), length (u32).
const ENTRY_BYTES: u64 = 44;
/// An entry as it stands in the file.
type RawEntry = [u8; 44];
/// The last bytes of a pack: number of entries (u64), then these.
const MAGIC: &[u8; 8] = b"HTPACK1\n";
const FOOTER_BYTES: u64 = 16;
/// So many entries of an index are read at once.
const BLOCK_ENTRIES: u64 = 186;
/// So many bytes at the end are read when a pack is opened: the whole index of a small one.
const TAIL_BYTES: u64 = BLOCK_ENTRIES * ENTRY_BYTES + FOOTER_BYTES;
/// After so many guesses, the rest of the index is halved instead.
const GUESSES_MAX: u32 = 8;

/// Who asks a pack for more nodes than this, as a walk through a tree does, has its index read whole.
const ASKED_OFTEN: u64 = 512;

/// About so many bytes of nodes are read at once where all are.
const STRETCH_BYTES: u64 = 1 << 20;

/// The folder of the packs, below `derived/`.
pub(super) const FOLDER: &str = "nodes";

/// A pack, open.
pub(super) struct Pack {
    pub(super) name: String,
    file: DerivedFile,
    tail: Vec<u8>,
    count: u64,
    /// How many nodes were asked for.
    asked: AtomicU64,
    /// The whole index, once many nodes were asked for; `None` in it when it cannot be read.
    index: OnceLock<Option<Vec<u8>>>,
}

/// An entry of the index.
struct Entry {
    id: [u8; 32],
    offset: u64,
    length: usize,
}

/// A pack being written; it is there once it is finished.
pub(crate) struct PackWriter {
    file: DerivedWriter,
    offset: u64,
    places: HashMap<NodeId, (u64, u32)>,
}

impl PackWriter {
    pub(crate) fn new(store: &Store) -> Option<Self> {
        Some(Self {
            file: store.create_derived().ok()?,
            offset: 0,
            places: HashMap::new(),
        })
    }

    /// Adds a node, unless it was added before.
    pub(crate) fn push(&mut self, id: NodeId, bytes: &[u8]) -> Option<()> {
        if self.places.contains_key(&id) {
            return Some(());
        }
        self.file.write_all(bytes).ok()?;
        let length = u32::try_from(bytes.len()).ok()?;
        self.places.insert(id, (self.offset, length));
        self.offset += u64::from(length);
        Some(())
    }

    /// Returns the bytes of a node that was added, not verified.
    pub(crate) fn find(&mut self, id: NodeId) -> Option<Vec<u8>> {
        let (offset, length) = *self.places.get(&id)?;
        let mut bytes = vec![0_u8; usize::try_from(length).ok()?];
        self.file.read_back(&mut bytes, offset).ok()?;
        Some(bytes)
    }

    /// Returns how many bytes of nodes were added.
    pub(super) fn node_bytes(&self) -> u64 {
        self.offset
    }

    /// Writes the index; returns the name of the pack.
    pub(super) fn finish(mut self) -> Option<String> {
        let mut index: Vec<_> = self.places.into_iter().collect();
        index.sort_unstable_by_key(|(id, _)| *id);
        let mut hasher = blake3::Hasher::new();
        for (id, (offset, length)) in &index {
            let id = id.digest();
            hasher.update(id.as_bytes());
            self.file.write_all(id.as_bytes()).ok()?;
            self.file.write_all(&offset.to_le_bytes()).ok()?;
            self.file.write_all(&length.to_le_bytes()).ok()?;
        }
        let count = u64::try_from(index.len()).ok()?;
        self.file.write_all(&count.to_le_bytes()).ok()?;
        self.file.write_all(MAGIC).ok()?;
        let name = pack_name(&hasher);
        self.file.finish(&format!("{FOLDER}/{name}")).ok()?;
        Some(name)
    }
}

/// A pack is named by the ids in it.
fn pack_name(ids: &blake3::Hasher) -> String {
    format!("{}.pack", Digest::from_bytes(*ids.finalize().as_bytes()))
}

impl Entry {
    fn parse(bytes: &RawEntry) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let length = u32::from_le_bytes(*rest.first_chunk()?);
        Some(Self {
            id: *id,
            offset: u64::from_le_bytes(*offset),
            length: usize::try_from(length).ok()?,
        })
    }
}

/// The id of an entry as it stands in the file.
fn id_of(entry: &RawEntry) -> &[u8] {
    entry.get(..32).unwrap_or_default()
}

/// Finds the entry of an id among sorted ones.
fn find_among(entries: &[RawEntry], wanted: &[u8; 32]) -> Option<Entry> {
    let place = entries.binary_search_by(|entry| id_of(entry).cmp(wanted)).ok()?;
    Entry::parse(entries.get(place)?)
}

/// The entries of which bytes of an index consist.
fn entries_of(bytes: &[u8]) -> &[RawEntry] {
    bytes.as_chunks().0
}

/// The first bytes of an id as a number, by which its place is guessed.
fn rank(id: &[u8]) -> u64 {
    id.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// Guesses where `wanted` is among `count` entries whose ids lie evenly between two numbers.
fn guess(wanted: u64, between: (u64, u64), count: u64) -> u64 {
    let span = u128::from(between.1.saturating_sub(between.0)) + 1;
    let ahead = u128::from(wanted.saturating_sub(between.0));
    let at = ahead * u128::from(count) / span;
    u64::try_from(at).unwrap_or(count).min(count.saturating_sub(1))
}

/// Returns from where the first of some entries, sorted by place, begins to where the last one ends, bytes.
fn span(entries: &[Entry]) -> Option<usize> {
    let first = entries.first()?.offset;
    let ends = entries.iter().map(|entry| {
        let start = usize::try_from(entry.offset.checked_sub(first)?).ok()?;
        start.checked_add(entry.length)
    });
    ends.max()?
}

/// How many of some entries, sorted by place, are read at once: at least one.
fn stretch_length(entries: &[Entry]) -> usize {
    let first = entries.first().map_or(0, |entry| entry.offset);
    let near = entries.iter().take_while(|entry| {
        let length = u64::try_from(entry.length).unwrap_or(u64::MAX);
        (entry.offset - first).saturating_add(length) <= STRETCH_BYTES
    });
    near.count().max(1)
}

impl Pack {
    pub(super) fn open(store: &Store, name: String) -> Option<Self> {
        let file = store.open_derived(&format!("{FOLDER}/{name}"))?;
        let tail_bytes = file.size_bytes.min(TAIL_BYTES);
        let mut tail = vec![0_u8; usize::try_from(tail_bytes).ok()?];
        file.file
            .read_exact_at(&mut tail, file.size_bytes - tail_bytes)
            .ok()?;
        let footer = tail.last_chunk::<16>()?;
        let (count, magic) = footer.split_at_checked(8)?;
        let count = u64::from_le_bytes(count.try_into().ok()?);
        let index_bytes = count.checked_mul(ENTRY_BYTES)?.checked_add(FOOTER_BYTES)?;
        (magic == MAGIC && index_bytes <= file.size_bytes).then_some(Self {
            name,
            file,
            tail,
            count,
            asked: AtomicU64::new(0),
            index: OnceLock::new(),
        })
    }

    /// Returns its length.
    pub(super) fn size_bytes(&self) -> u64 {
        self.file.size_bytes
    }

    /// Reads a part of the file; its end was read when it was opened.
    fn read(&self, offset: u64, length: usize) -> Option<Cow<'_, [u8]>> {
        let end = offset.checked_add(u64::try_from(length).ok()?)?;
        if end > self.file.size_bytes {
            return None;
        }
        let tail_start = self.file.size_bytes - u64::try_from(self.tail.len()).ok()?;
        if let Some(start) = offset.checked_sub(tail_start) {
            let start = usize::try_from(start).ok()?;
            return self.tail.get(start..start + length).map(Cow::Borrowed);
        }
        let mut bytes = vec![0_u8; length];
        self.file.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(Cow::Owned(bytes))
    }

    /// Reads the bytes of the entries from one number up to, without, another.
    fn block(&self, from: u64, to: u64) -> Option<Cow<'_, [u8]>> {
        let index = self.file.size_bytes - FOOTER_BYTES - self.count * ENTRY_BYTES;
        let length = usize::try_from((to - from) * ENTRY_BYTES).ok()?;
        self.read(index + from * ENTRY_BYTES, length)
    }

    /// Reads the entries from one number up to, without, another.
    fn entries(&self, from: u64, to: u64) -> Option<Vec<Entry>> {
        let bytes = self.block(from, to)?;
        entries_of(&bytes).iter().map(Entry::parse).collect()
    }

    /// Reads the node of an entry.
    fn node(&self, entry: &Entry) -> Option<Vec<u8>> {
        self.read(entry.offset, entry.length).map(Cow::into_owned)
    }

    /// Returns the bytes under an id, not verified.
    pub(super) fn find(&self, id: NodeId) -> Option<Vec<u8>> {
        let wanted = *id.digest().as_bytes();
        if self.asked.fetch_add(1, Ordering::Relaxed) >= ASKED_OFTEN
            && let Some(index) = self
                .index
                .get_or_init(|| Some(self.block(0, self.count)?.into_owned()))
        {
            return self.node(&find_among(entries_of(index), &wanted)?);
        }
        let (mut low, mut high) = (0, self.count);
        let mut between = (0, u64::MAX);
        let mut guesses = 0;
        while low < high {
            let ahead = if guesses < GUESSES_MAX {
                guess(rank(&wanted), between, high - low)
            } else {
                (high - low) / 2
            };
            guesses += 1;
            let from = (low + ahead)
                .saturating_sub(BLOCK_ENTRIES / 2)
                .clamp(low, high.saturating_sub(BLOCK_ENTRIES).max(low));
            let to = (from + BLOCK_ENTRIES).min(high);
            let block = self.block(from, to)?;
            let entries = entries_of(&block);
            let (first, last) = (id_of(entries.first()?), id_of(entries.last()?));
            if wanted.as_slice() < first {
                (high, between.1) = (from, rank(first));
            } else if wanted.as_slice() > last {
                (low, between.0) = (to, rank(last));
            } else {
                return self.node(&find_among(entries, &wanted)?);
            }
        }
        None
    }

    /// Calls `each` for every entry of the index; `None` when it cannot be read.
    fn for_each_entry(&self, mut each: impl FnMut(Entry)) -> Option<()> {
        let mut from = 0;
        while from < self.count {
            let to = (from + BLOCK_ENTRIES).min(self.count);
            self.entries(from, to)?.into_iter().for_each(&mut each);
            from = to;
        }
        Some(())
    }

    /// Reads everything; says what is wrong.
    pub(super) fn damage(&self) -> Option<&'static str> {
        let mut hasher = blake3::Hasher::new();
        let mut entries = Vec::new();
        let read = self.for_each_entry(|entry| {
            hasher.update(&entry.id);
            entries.push(entry);
        });
        if read.is_none() {
            return Some("its index cannot be read");
        }
        entries.sort_unstable_by_key(|entry| entry.offset);
        let mut stretches = Vec::new();
        let mut rest = entries.as_slice();
        while !rest.is_empty() {
            let (stretch, later) = rest.split_at(stretch_length(rest));
            stretches.push(stretch);
            rest = later;
        }
        if !stretches.par_iter().all(|stretch| self.holds(stretch)) {
            return Some("a node does not have the hash that is its name");
        }
        (pack_name(&hasher) != self.name).then_some("its nodes are not those that its name says")
    }

    /// Whether nodes that stand near each other have their hashes; they are read at once.
    fn holds(&self, stretch: &[Entry]) -> bool {
        let Some(first) = stretch.first() else { return true };
        let read = span(stretch).and_then(|length| self.read(first.offset, length));
        let Some(bytes) = read else { return false };
        stretch.iter().all(|entry| {
            let start = entry
                .offset
                .checked_sub(first.offset)
                .and_then(|start| usize::try_from(start).ok());
            let own = start.and_then(|start| bytes.get(start..start.checked_add(entry.length)?));
            own.is_some_and(|own| Digest::of(own) == Digest::from_bytes(entry.id))
        })
    }

    /// Copies all nodes whose bytes have their hash; `None` when that cannot be done.
    pub(super) fn copy_to(&self, to: &mut PackWriter) -> Option<()> {
        let mut from = 0;
        while from < self.count {
            let end = (from + BLOCK_ENTRIES).min(self.count);
            for entry in self.entries(from, end)? {
                let id = NodeId::from_digest(Digest::from_bytes(entry.id));
                let bytes = self.node(&entry);
                if let Some(bytes) = bytes.filter(|bytes| NodeId::of(bytes) == id) {
                    to.push(id, &bytes)?;
                }
            }
            from = end;
        }
        Some(())
    }
}
