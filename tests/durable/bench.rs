//! A store with something of each kind in it, without what is above it.

#![allow(dead_code, reason = "each test program uses a part of this")]

#[path = "../material/mod.rs"]
mod material;

use std::path::Path;
use std::sync::Arc;

use holotype::id::{BlobId, CommitId, Digest, Nonce, PrivateId};
use holotype::store::{DraftEntry, DraftHead, RefUpdate, Slot, SlotRead, Store, StoreError, TagRecord, Vfs};
use holotype::time::Timestamp;
pub(crate) use material::Bytes;

pub(crate) fn init(vfs: Arc<dyn Vfs>, dir: &Path) -> Result<Store, StoreError> {
    Store::init(vfs, dir, "durable", Digest::of(b"id"))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T10:00:00Z").unwrap()
}

pub(crate) fn slot(previous: Option<&SlotRead>, number: u8) -> Slot {
    Slot::after(
        previous,
        "main",
        CommitId::of(&[number]),
        Nonce::of(Digest::of(&[number])),
    )
}

pub(crate) fn applied<T>(update: RefUpdate<T>) -> T {
    match update {
        RefUpdate::Applied(made) => made,
        RefUpdate::Stale(_) => panic!("nobody else is here"),
    }
}

pub(crate) fn tag(name: &str) -> TagRecord {
    tag_of(name, b"1")
}

pub(crate) fn tag_of(name: &str, commit: &[u8]) -> TagRecord {
    TagRecord::new(name, CommitId::of(commit), PrivateId::of(b"ada"), now(), "first")
}

pub(crate) fn put_blob(store: &Store, bytes: &'static [u8]) -> Result<BlobId, StoreError> {
    let mut staged = [store.stage_blob(&mut Bytes::of(bytes))?];
    store.publish_blobs(&mut staged)?;
    Ok(staged[0].id)
}

fn draft_head() -> DraftHead {
    DraftHead::new(Digest::of(b"draft"), None)
}

pub(crate) fn append(store: &Store, text: &[u8]) -> Result<(), StoreError> {
    let lock = store.lock_draft()?;
    store.append_draft(&lock, "main", &draft_head(), &[DraftEntry::Inline(text.to_vec())])
}
