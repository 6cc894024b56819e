//! Packs of tree nodes in `derived/nodes/`: written whole, never changed, never synced, found again by a sorted index
//! at their end. What is read is verified by whoever decodes it; what is missing is rebuilt from the log.

use std::sync::Mutex;

use crate::id::{Digest, NodeId};
use crate::store::{DerivedFile, Store};

/// One entry of an index: id (32 bytes), offset (u64), length (u32).
const ENTRY_BYTES: u64 = 44;
/// The last bytes of a pack: number of entries (u64), then these.
const MAGIC: &[u8; 8] = b"HTPACK1\n";
const FOOTER_BYTES: u64 = 16;
/// With more packs than this, the smaller ones are joined.
const PACKS_MAX: usize = 12;

/// The packs of a repository, opened when first needed.
#[derive(Default)]
pub(super) struct Packs {
    opened: Mutex<Option<Vec<Pack>>>,
}

struct Pack {
    name: String,
    file: DerivedFile,
    count: u64,
}

impl Packs {
    /// Finds the bytes under an id; `good` tells whether they are what they should be.
    pub(super) fn find(&self, store: &Store, id: NodeId, good: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut opened = self
            .opened
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let packs = opened.get_or_insert_with(|| open_all(store));
        if let Some(bytes) = packs
            .iter()
            .find_map(|pack| pack.find(id).filter(|bytes| good(bytes)))
        {
            return Some(bytes);
        }
        // Another process may have joined packs meanwhile.
        *packs = open_all(store);
        packs
            .iter()
            .find_map(|pack| pack.find(id).filter(|bytes| good(bytes)))
    }

    /// Writes nodes as one more pack. That it cannot be written is no failure: nodes are derived.
    pub(super) fn write<B: AsRef<[u8]>>(&self, store: &Store, mut nodes: Vec<(NodeId, B)>) {
        if nodes.is_empty() {
            return;
        }
        nodes.sort_unstable_by_key(|(id, _)| *id);
        nodes.dedup_by_key(|(id, _)| *id);
        if write_pack(store, &nodes).is_none() {
            return;
        }
        let mut opened = self
            .opened
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let packs = open_all(store);
        if packs.len() > PACKS_MAX {
            join(store, packs);
            *opened = None;
        } else {
            *opened = Some(packs);
        }
    }
}

/// Writes a pack of sorted nodes; returns its name.
fn write_pack<B: AsRef<[u8]>>(store: &Store, nodes: &[(NodeId, B)]) -> Option<String> {
    let mut index = Vec::new();
    let mut offset = 0_u64;
    let mut hasher = blake3::Hasher::new();
    for (id, bytes) in nodes {
        let bytes = bytes.as_ref();
        index.extend_from_slice(id.digest().as_bytes());
        index.extend_from_slice(&offset.to_le_bytes());
        index.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
        offset += u64::try_from(bytes.len()).ok()?;
        hasher.update(id.digest().as_bytes());
    }
    index.extend_from_slice(&u64::try_from(nodes.len()).ok()?.to_le_bytes());
    index.extend_from_slice(MAGIC);
    let name = format!("{}.pack", Digest::from_bytes(*hasher.finalize().as_bytes()));
    let pieces = nodes
        .iter()
        .map(|(_, bytes)| bytes.as_ref())
        .chain(std::iter::once(index.as_slice()));
    store.write_derived(&format!("nodes/{name}"), pieces).ok()?;
    Some(name)
}

/// Opens all packs, largest first; what is no pack is passed over.
fn open_all(store: &Store) -> Vec<Pack> {
    let mut packs: Vec<Pack> = store
        .list_derived("nodes")
        .into_iter()
        .filter(|entry| entry.name.ends_with(".pack"))
        .filter_map(|entry| Pack::open(store, entry.name))
        .collect();
    packs.sort_by_key(|pack| std::cmp::Reverse(pack.file.size_bytes));
    packs
}

/// Reads all packs whole; returns the names of those that are damaged, and what is wrong. Their nodes are rebuilt
/// when they are needed.
#[must_use]
pub fn damaged_packs(store: &Store) -> Vec<(String, &'static str)> {
    let names = store.list_derived("nodes").into_iter().map(|entry| entry.name);
    names
        .filter_map(|name| {
            let why = match Pack::open(store, name.clone()) {
                None => Some("it is no pack of nodes"),
                Some(pack) => pack.damage(),
            };
            why.map(|why| (name, why))
        })
        .collect()
}

/// Joins all packs but those that are larger than all smaller ones together.
fn join(store: &Store, mut packs: Vec<Pack>) {
    let mut joined: Vec<Pack> = Vec::new();
    let mut size = 0_u64;
    while let Some(pack) = packs.pop() {
        if joined.len() >= 2 && pack.file.size_bytes > size {
            break;
        }
        size += pack.file.size_bytes;
        joined.push(pack);
    }
    let mut nodes: Vec<(NodeId, Vec<u8>)> = joined.iter().flat_map(Pack::read_all).collect();
    nodes.sort_unstable_by_key(|(id, _)| *id);
    nodes.dedup_by_key(|(id, _)| *id);
    if let Some(name) = write_pack(store, &nodes) {
        for pack in joined.iter().filter(|pack| pack.name != name) {
            store.remove_derived(&format!("nodes/{}", pack.name));
        }
    }
}

impl Pack {
    fn open(store: &Store, name: String) -> Option<Self> {
        let file = store.open_derived(&format!("nodes/{name}"))?;
        let mut footer = [0_u8; 16];
        file.file
            .read_exact_at(&mut footer, file.size_bytes.checked_sub(FOOTER_BYTES)?)
            .ok()?;
        let (count, magic) = footer.split_at_checked(8)?;
        let count = u64::from_le_bytes(count.try_into().ok()?);
        let index_bytes = count.checked_mul(ENTRY_BYTES)?.checked_add(FOOTER_BYTES)?;
        (magic == MAGIC && index_bytes <= file.size_bytes).then_some(Self { name, file, count })
    }

    /// Reads the `index`-th entry: id, offset, length.
    fn entry(&self, index: u64) -> Option<([u8; 32], u64, usize)> {
        let start = self
            .file
            .size_bytes
            .checked_sub(FOOTER_BYTES)?
            .checked_sub(self.count * ENTRY_BYTES)?;
        let mut entry = [0_u8; 44];
        self.file
            .file
            .read_exact_at(&mut entry, start + index * ENTRY_BYTES)
            .ok()?;
        let (id, rest) = entry.split_at_checked(32)?;
        let (offset, length) = rest.split_at_checked(8)?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let offset = u64::from_le_bytes(offset.try_into().ok()?);
        Some((id.try_into().ok()?, offset, usize::try_from(length).ok()?))
    }

    fn read(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
        let end = offset.checked_add(u64::try_from(length).ok()?)?;
        if end > self.file.size_bytes {
            return None;
        }
        let mut bytes = vec![0_u8; length];
        self.file.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }

    fn find(&self, id: NodeId) -> Option<Vec<u8>> {
        let wanted = *id.digest().as_bytes();
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let (found, offset, length) = self.entry(middle)?;
            match found.cmp(&wanted) {
                std::cmp::Ordering::Equal => return self.read(offset, length),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Reads everything; says what is wrong.
    fn damage(&self) -> Option<&'static str> {
        let mut hasher = blake3::Hasher::new();
        for index in 0..self.count {
            let Some((id, offset, length)) = self.entry(index) else {
                return Some("its index cannot be read");
            };
            hasher.update(&id);
            let bytes = self.read(offset, length);
            if bytes.is_none_or(|bytes| Digest::of(&bytes) != Digest::from_bytes(id)) {
                return Some("a node does not have the hash that is its name");
            }
        }
        let name = format!("{}.pack", Digest::from_bytes(*hasher.finalize().as_bytes()));
        (name != self.name).then_some("its nodes are not those that its name says")
    }

    /// Reads all entries whose bytes have their hash.
    fn read_all(&self) -> Vec<(NodeId, Vec<u8>)> {
        (0..self.count)
            .filter_map(|index| {
                let (id, offset, length) = self.entry(index)?;
                let bytes = self.read(offset, length)?;
                let id = NodeId::from_digest(Digest::from_bytes(id));
                (NodeId::of(&bytes) == id).then_some((id, bytes))
            })
            .collect()
    }
}
