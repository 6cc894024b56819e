//! After a sync that failed nobody knows what of the earlier bytes is on the disk: this process writes nothing more, and
//! does not try again. Every way to write, after every sync that can fail.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use holotype::id::{BlobId, Digest, PrivateId};
use holotype::store::{
    HashedBytes, LocalErasure, PrivateKind, RealVfs, RefUpdate, StagedBlob, Store, StoreError, Tombstone,
};

use crate::bench::{Bytes, append, applied, init, now, put_blob, slot, tag};
use crate::hooks::{HookVfs, Op};
use crate::tree::copy_tree;

/// The bytes of an object that is there and whose name may not be durable.
const OBJECT: &[u8] = b"{}";

fn private(store: &Store) -> Result<PrivateId, StoreError> {
    store.write_private(PrivateKind::Person, Digest::of(b"salt"), "Ada")
}

/// A repository with one of everything.
fn fill(dir: &Path) {
    let store = init(Arc::new(RealVfs), dir).unwrap();
    store.write_object(OBJECT).unwrap();
    store.sync_objects().unwrap();
    put_blob(&store, b"an image").unwrap();
    private(&store).unwrap();
    applied(store.create_slot(&slot(None, 1)).unwrap());
    store.set_local_path(BlobId::of(b"elsewhere"), "/a.png").unwrap();
    store
        .set_local_erasure(&LocalErasure::new(now(), "asked for it"))
        .unwrap();
    append(&store, b"1\n").unwrap();
    fs::create_dir(store.path("quarantine")).unwrap();
    let set_aside = format!("quarantine/objects+{}", Digest::of(OBJECT));
    fs::write(store.path(&set_aside), b"bad").unwrap();
}

type Write = fn(&Store) -> Result<(), StoreError>;

/// Every way to write, each of which does something in the repository of [`fill`].
const WRITES: [(&str, Write); 20] = [
    ("an object", |store| store.write_object(b"[]").map(|_| ())),
    ("the names of objects", Store::sync_objects),
    ("a new blob", |store| put_blob(store, b"a new image").map(|_| ())),
    ("a known blob", |store| put_blob(store, b"an image").map(|_| ())),
    ("new bytes", |store| publish(store, b"more bytes")),
    ("known bytes", |store| publish(store, b"an image")),
    ("a private object", |store| {
        store
            .write_private(PrivateKind::Person, Digest::of(b"salt"), "Ben")
            .map(|_| ())
    }),
    ("an erased private object", |store| {
        let id = private_id();
        store.erase_private(id, &Tombstone::new(id.digest(), now(), "asked for it"))
    }),
    ("an erased blob", |store| {
        let id = BlobId::of(b"elsewhere");
        store.erase_blob(id, &Tombstone::new(id.digest(), now(), "asked for it"))
    }),
    ("the author", |store| {
        store.set_local_author(PrivateId::of(b"ada"))
    }),
    ("a path", |store| store.set_local_path(BlobId::of(b"b"), "/b.png")),
    ("a path forgotten", |store| {
        store.forget_local_path(BlobId::of(b"elsewhere"))
    }),
    ("an erasure", |store| {
        store.set_local_erasure(&LocalErasure::new(now(), "again"))
    }),
    ("an erasure that ended", Store::clear_local_erasure),
    ("a slot", |store| {
        let first = store.read_slot("main", 1)?;
        store.create_slot(&slot(first.as_ref(), 2)).map(is_applied)
    }),
    ("a tag", |store| store.create_tag(&tag("v1")).map(is_applied)),
    ("a line of the draft", |store| append(store, b"2\n")),
    ("a draft given up", |store| {
        store.discard_draft(&store.lock_draft()?, "main")
    }),
    ("a file set aside", |store| {
        store
            .set_aside(&format!("objects/{}", Digest::of(OBJECT)))
            .map(|_| ())
    }),
    ("a witness", |store| store.put_back_witness().map(|_| ())),
];

fn is_applied<T>(update: RefUpdate<T>) {
    applied(update);
}

fn private_id() -> PrivateId {
    let dir = tempfile::tempdir().unwrap();
    private(&init(Arc::new(RealVfs), dir.path()).unwrap()).unwrap()
}

fn publish(store: &Store, bytes: &[u8]) -> Result<(), StoreError> {
    let mut staged = [store.stage_bytes(HashedBytes::of(bytes), None)?];
    store.publish_blobs(&mut staged)
}

/// Opens a repository whose `n`-th sync fails; the counter says how many there were.
fn open(dir: &Path, n: u64) -> (Store, Arc<AtomicU64>) {
    let syncs = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&syncs);
    let vfs = HookVfs::new(move |op, _| {
        let is_sync = matches!(op, Op::Sync | Op::SyncDir);
        if is_sync && counter.fetch_add(1, Ordering::SeqCst) == n {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    });
    (Store::discover(vfs, dir).unwrap(), syncs)
}

/// The files below a folder and what they hold, but for what may be lost.
fn truth(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("derived") || path.ends_with("tmp") {
                continue;
            }
            if path.is_dir() {
                found.insert(path.clone(), Vec::new());
                open.push(path);
            } else {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn k06_after_any_failed_sync_no_way_to_write_is_left() {
    let base = tempfile::tempdir().unwrap();
    fill(base.path());
    let mut tried = 0;
    for (what, write) in WRITES {
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            copy_tree(base.path(), dir.path());
            let (store, syncs) = open(dir.path(), n);
            let result = write(&store);
            if syncs.load(Ordering::SeqCst) <= n {
                result.unwrap();
                assert!(n > 0, "{what} syncs nothing");
                break;
            }
            tried += 1;
            let error = result.expect_err(what);
            assert!(matches!(error, StoreError::Io { .. }), "{what}: {error}");
            let before = truth(dir.path());
            for (next, write) in WRITES {
                let refused = matches!(write(&store), Err(StoreError::Poisoned { .. }));
                assert!(refused, "{next} after {what} whose sync {n} failed");
                assert!(
                    truth(dir.path()) == before,
                    "{next} after {what} changed something"
                );
            }
            // Nor is anything begun: no file is made, and the note of what was acknowledged stays.
            let is_refused = |staged: Result<StagedBlob, StoreError>| {
                assert!(matches!(staged, Err(StoreError::Poisoned { .. })), "after {what}");
            };
            is_refused(store.stage_blob(&mut Bytes::of(b"a new image")));
            is_refused(store.stage_bytes(HashedBytes::of(b"an image"), None));
            assert!(store.acknowledged("main").is_some() || what == "a draft given up");
            assert!(store.read_object(Digest::of(OBJECT)).is_ok() || what == "a file set aside");
        }
    }
    assert!(tried > 40, "{tried} syncs failed");
}

/// What was begun before another thread's sync failed is not ended: a blob that was staged gets no name, however late
/// that came.
#[test]
fn k06_what_began_before_a_failed_sync_is_not_ended() {
    let base = tempfile::tempdir().unwrap();
    fill(base.path());
    let name = BlobId::of(b"staged").to_string();
    let shard = base.path().join(".holotype/blobs").join(&name[..2]);
    fs::create_dir_all(&shard).unwrap();
    let (handle, is_failing) = (
        Arc::new(OnceLock::<Store>::new()),
        Arc::new(AtomicBool::new(false)),
    );
    let (other, failing, looked_at) = (Arc::clone(&handle), Arc::clone(&is_failing), shard.clone());
    let vfs = HookVfs::new(move |op, path| {
        if op == Op::Sync && failing.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        if op == Op::Look && path == looked_at && !failing.swap(true, Ordering::SeqCst) {
            let written = other.get().unwrap().write_object(b"[]");
            assert!(written.is_err(), "its sync fails");
        }
        Ok(())
    });
    let store = Store::discover(vfs, base.path()).unwrap();
    handle.set(store.clone()).unwrap();
    let mut staged = [store.stage_blob(&mut Bytes::of(b"staged")).unwrap()];
    let before = truth(base.path());
    let error = store.publish_blobs(&mut staged).expect_err("it is too late");
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    assert!(is_failing.load(Ordering::SeqCst) && truth(base.path()) == before);
}
