//! The packs of tree nodes in `derived/nodes/`: written whole, never changed, never synced. Small ones are joined, so
//! that there are few; when all others together outgrow the largest, what is still needed is copied into one, and the
//! rest is dropped. What is read is verified by whoever decodes it; what is missing is rebuilt from the log.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::id::NodeId;
use crate::store::{Lock, LockMode, Store};

use super::pack::{FOLDER, Pack, PackWriter};

/// With more packs than this, the smaller ones are joined.
const PACKS_MAX: usize = 12;
/// The packs are compacted when all but the largest hold more than this part of the largest one…
const OTHERS_PART: u64 = 3;
/// … and more than so many bytes.
const OTHERS_FREE: u64 = 512 << 10;

/// The packs of a repository, opened when first needed.
#[derive(Default)]
pub(super) struct Packs {
    opened: Mutex<Option<Arc<[Arc<Pack>]>>>,
}

/// All packs that there were at the beginning of a compaction; others than the one who holds this wait for nothing and
/// do none.
pub(super) struct Compaction {
    packs: Vec<Arc<Pack>>,
    _lock: Box<dyn Lock>,
}

impl Packs {
    /// All packs, which then are read without a lock.
    fn all(&self, store: &Store) -> Arc<[Arc<Pack>]> {
        Arc::clone(self.opened().get_or_insert_with(|| open_all(store).into()))
    }

    fn opened(&self) -> MutexGuard<'_, Option<Arc<[Arc<Pack>]>>> {
        self.opened
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Finds what stands under an id; `take` makes of the bytes what is wanted, where they are what they should be.
    pub(super) fn find<T>(
        &self,
        store: &Store,
        id: NodeId,
        take: impl Fn(Vec<u8>) -> Option<T>,
    ) -> Option<T> {
        find_in(&self.all(store), id, &take).or_else(|| {
            // Another process may have joined packs meanwhile.
            let again: Arc<[Arc<Pack>]> = open_all(store).into();
            *self.opened() = Some(Arc::clone(&again));
            find_in(&again, id, &take)
        })
    }

    /// Adds a pack. That it cannot be written is no failure: nodes are derived.
    pub(super) fn add(&self, store: &Store, writer: PackWriter) {
        let Some(name) = writer.finish() else { return };
        let mut opened = self.opened();
        let mut packs = match opened.take() {
            Some(packs) => packs.to_vec(),
            None => open_all(store),
        };
        if packs.iter().all(|pack| pack.name != name) {
            packs.extend(Pack::open(store, name).map(Arc::new));
            sort(&mut packs);
        }
        if packs.len() > PACKS_MAX {
            join(store, &packs);
        } else {
            *opened = Some(packs.into());
        }
    }

    /// Begins a compaction when the packs outgrew what is needed; nobody else begins one until it ends.
    pub(super) fn outgrown(&self, store: &Store) -> Option<Compaction> {
        if !is_outgrown(&self.all(store)) {
            return None;
        }
        let folder = store.derived_path(FOLDER);
        let lock = store.vfs().lock(&folder, LockMode::TryExclusive).ok()?;
        // Another process may have compacted them meanwhile. Every pack seen now belongs to slots that stand.
        let packs = open_all(store);
        is_outgrown(&packs).then_some(Compaction { packs, _lock: lock })
    }

    /// Ends a compaction: `kept` takes the place of all packs that there were at its beginning.
    pub(super) fn replace(&self, store: &Store, compaction: &Compaction, kept: PackWriter) {
        if let Some(name) = kept.finish() {
            remove_all(store, &compaction.packs, &name);
        }
        *self.opened() = None;
    }
}

impl Compaction {
    /// Finds what stands under an id, as [`Packs::find`].
    pub(super) fn find<T>(&self, id: NodeId, take: impl Fn(Vec<u8>) -> Option<T>) -> Option<T> {
        find_in(&self.packs, id, &take)
    }
}

fn find_in<T>(packs: &[Arc<Pack>], id: NodeId, take: &impl Fn(Vec<u8>) -> Option<T>) -> Option<T> {
    packs.iter().find_map(|pack| pack.find(id).and_then(take))
}

/// Whether more is kept beside the largest pack than it is worth. Copying then costs a fixed multiple of what was
/// written since the last time.
fn is_outgrown(packs: &[Arc<Pack>]) -> bool {
    let largest = packs.last().map_or(0, |pack| pack.size_bytes());
    let all: u64 = packs.iter().map(|pack| pack.size_bytes()).sum();
    all - largest > OTHERS_FREE.max(largest / OTHERS_PART)
}

/// Opens all packs; what is no pack is passed over.
fn open_all(store: &Store) -> Vec<Arc<Pack>> {
    let mut packs: Vec<Arc<Pack>> = store
        .list_derived(FOLDER)
        .into_iter()
        .filter(|entry| entry.name.ends_with(".pack"))
        .filter_map(|entry| Pack::open(store, entry.name).map(Arc::new))
        .collect();
    sort(&mut packs);
    packs
}

/// Smallest first: its index is in memory, and it holds the nodes near the latest root.
fn sort(packs: &mut [Arc<Pack>]) {
    packs.sort_by_key(|pack| pack.size_bytes());
}

/// Reads all packs whole; returns the names of those that are damaged, and what is wrong. Their nodes are rebuilt
/// when they are needed.
#[must_use]
pub fn damaged_packs(store: &Store) -> Vec<(String, &'static str)> {
    let names = store.list_derived(FOLDER).into_iter().map(|entry| entry.name);
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
fn join(store: &Store, packs: &[Arc<Pack>]) {
    let mut joined: Vec<Arc<Pack>> = Vec::new();
    let mut size = 0_u64;
    for pack in packs {
        if joined.len() >= 2 && pack.size_bytes() > size {
            break;
        }
        size += pack.size_bytes();
        joined.push(Arc::clone(pack));
    }
    let Some(mut writer) = PackWriter::new(store) else {
        return;
    };
    let copied = joined.iter().try_for_each(|pack| pack.copy_to(&mut writer));
    if let Some(name) = copied.and_then(|()| writer.finish()) {
        remove_all(store, &joined, &name);
    }
}

/// Removes packs whose nodes now stand in the pack `kept`.
fn remove_all(store: &Store, packs: &[Arc<Pack>], kept: &str) {
    for pack in packs.iter().filter(|pack| pack.name != kept) {
        store.remove_derived(&format!("{FOLDER}/{}", pack.name));
    }
}
