//! What the store acknowledges is durable when it says so, in the order that a crash can meet at any step: no byte
//! without a sync, no name without a sync of its folder, and every ref after all that it leads to. No lock is missing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "durable/bench.rs"]
mod bench;
#[path = "threats/hooks.rs"]
mod hooks;
#[path = "durable/ledger.rs"]
mod ledger;
#[path = "durable/locks.rs"]
mod locks;
#[path = "durable/poison.rs"]
mod poison;
mod tree;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bench::{Bytes, append, applied, init, now, put_blob, slot, tag};
use holotype::id::{BlobId, Digest, PrivateId};
use holotype::store::{
    LocalCollection, LocalErasure, PrivateKind, RealVfs, Store, StoreError, Tombstone, mend_root,
};
use hooks::{HookVfs, Op};
use ledger::Ledger;

/// A repository and the record of what was done to it.
struct Bench {
    dir: tempfile::TempDir,
    ledger: Ledger,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path());
        let store = init(ledger.vfs(), dir.path()).unwrap();
        let bench = Self { dir, ledger, store };
        bench.check("init");
        bench
    }

    /// Another process, whose writes stand in no record.
    fn other(&self) -> Store {
        Store::discover(Arc::new(RealVfs), self.dir.path()).unwrap()
    }

    /// What was acknowledged by now is durable, and came to be in order; returns what was done.
    fn check(&self, what: &str) -> Vec<(Op, String)> {
        let (faults, done) = self.ledger.take();
        assert_eq!(faults, Vec::<String>::new(), "{what}");
        assert_eq!(self.ledger.pending(), Vec::<String>::new(), "after {what}");
        done
    }

    fn path(&self, relative: &str) -> std::path::PathBuf {
        self.store.path(relative)
    }
}

/// Whether a file got this name, and its folder was synced after that.
fn is_named_durably(done: &[(Op, String)], name: &str) -> bool {
    let folder = Path::new(name).parent().unwrap().to_str().unwrap();
    let is_named = |(op, own): &(Op, String)| matches!(op, Op::Rename | Op::Link) && own == name;
    let named = done.iter().position(is_named);
    named.is_some()
        && done
            .iter()
            .rposition(|one| *one == (Op::SyncDir, folder.to_owned()))
            > named
}

#[test]
fn a_new_repository_in_new_folders_is_durable_and_its_format_comes_last() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("new/dataset");
    let ledger = Ledger::new(&dir);
    init(ledger.vfs(), &dir).unwrap();
    let (faults, done) = ledger.take();
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(ledger.pending(), Vec::<String>::new());
    let last = done.iter().rposition(|(op, _)| *op == Op::Rename).unwrap();
    assert_eq!(done[last].1, "format");
}

/// `.` holds a folder that is given by its name alone.
#[test]
fn a_new_folder_without_a_path_is_durable() {
    let place = tempfile::tempdir_in(".").unwrap();
    let name = Path::new(place.path().file_name().unwrap());
    fs::remove_dir(name).unwrap();
    let done = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&done);
    let vfs = HookVfs::telling(
        |_, _| Ok(()),
        move |op, path| told.lock().unwrap().push((op, path.to_owned())),
    );
    init(vfs, name).unwrap();
    let done = done.lock().unwrap();
    let at = |wanted: (Op, &Path)| done.iter().position(|(op, path)| (*op, path.as_path()) == wanted);
    let made = at((Op::CreateDir, name)).unwrap();
    assert_eq!(at((Op::SyncDir, Path::new("."))), Some(made + 1));
}

#[test]
fn an_object_is_durable_once_its_folder_is_synced() {
    let bench = Bench::new();
    let digest = bench.store.write_object(b"{}").unwrap();
    bench.store.sync_objects().unwrap();
    let done = bench.check("a new object");
    assert!(is_named_durably(&done, &format!("objects/{digest}")));
    // It is there, by a writer that died before it synced the folder.
    bench.ledger.doubt(&format!("objects/{digest}"));
    bench.store.write_object(b"{}").unwrap();
    bench.store.sync_objects().unwrap();
    bench.check("an object that is there already");
}

#[test]
fn a_blob_is_durable_once_it_is_published() {
    let bench = Bench::new();
    let id = put_blob(&bench.store, b"an image").unwrap();
    let done = bench.check("a blob in a new folder");
    let name = id.to_string();
    assert!(is_named_durably(&done, &format!("blobs/{}/{name}", &name[..2])));
    bench.ledger.doubt(&format!("blobs/{}/{name}", &name[..2]));
    put_blob(&bench.store, b"an image").unwrap();
    bench.check("a blob that is there already");
    let hashed = holotype::store::HashedBytes::of(b"another image");
    let mut staged = [bench.store.stage_bytes(hashed, None).unwrap()];
    bench.store.publish_blobs(&mut staged).unwrap();
    bench.check("bytes in memory");
}

/// Another process has made the folder, and it died, or is about to sync the folder above.
#[test]
fn a_blob_in_a_folder_that_another_process_made_is_durable() {
    let bench = Bench::new();
    let name = BlobId::of(b"an image").to_string();
    fs::create_dir(bench.path("blobs").join(&name[..2])).unwrap();
    bench.ledger.doubt(&format!("blobs/{}", &name[..2]));
    put_blob(&bench.store, b"an image").unwrap();
    bench.check("a blob in a folder of another");
}

#[test]
fn a_private_object_is_durable_and_so_is_its_erasure() {
    let bench = Bench::new();
    let write = || {
        bench
            .store
            .write_private(PrivateKind::Person, Digest::of(b"salt"), "Ada")
    };
    let id = write().unwrap();
    let done = bench.check("a private object");
    assert!(is_named_durably(&done, &format!("private/{id}")));
    // What a dead process left of it goes as well, and that it went is durable, too.
    fs::write(
        bench.path("tmp/0-0"),
        &fs::read(bench.store.private_path(id)).unwrap()[..20],
    )
    .unwrap();
    let tombstone = Tombstone::new(id.digest(), now(), "asked for it");
    bench.store.erase_private(id, &tombstone).unwrap();
    let done = bench.check("an erased private object");
    assert!(is_named_durably(&done, &format!("private/{id}.erased")));
    let at = |wanted: (Op, &str)| done.iter().position(|(op, path)| (*op, path.as_str()) == wanted);
    assert!(at((Op::Remove, "tmp/0-0")).is_some());
    assert!(at((Op::SyncDir, "tmp")) > at((Op::Remove, "tmp/0-0")));
}

#[test]
fn an_erased_blob_has_a_durable_tombstone_first_whether_it_was_here_or_not() {
    let bench = Bench::new();
    let here = put_blob(&bench.store, b"an image").unwrap();
    for id in [here, BlobId::of(b"bytes that are elsewhere")] {
        let tombstone = Tombstone::new(id.digest(), now(), "asked for it");
        bench.store.erase_blob(id, &tombstone).unwrap();
        let done = bench.check("an erased blob");
        let name = id.to_string();
        assert!(is_named_durably(
            &done,
            &format!("blobs/{}/{name}.erased", &name[..2])
        ));
    }
}

#[test]
fn settings_of_this_copy_are_durable() {
    let bench = Bench::new();
    let store = &bench.store;
    let blob = BlobId::of(b"elsewhere");
    let erasure = LocalErasure::new(now(), "asked for it");
    let is_durable = |what: &str, step: Result<(), StoreError>| {
        step.unwrap();
        let done = bench.check(what);
        assert!(done.iter().any(|(op, _)| *op == Op::SyncDir), "{what}");
    };
    is_durable("the author", store.set_local_author(PrivateId::of(b"ada")));
    is_durable("a path", store.set_local_path(blob, "/images/a.png"));
    is_durable("a path forgotten", store.forget_local_path(blob));
    is_durable("an erasure", store.set_local_erasure(&erasure));
    is_durable("an erasure that ended", store.clear_local_erasure());
    is_durable("another author", store.set_local_author(PrivateId::of(b"ben")));
}

#[test]
fn a_note_of_a_collection_is_durable() {
    let bench = Bench::new();
    let collection = LocalCollection::new(now(), 0, None);
    bench.store.note_collection(&collection).unwrap();
    let done = bench.check("a note of a collection");
    assert!(is_named_durably(&done, "local/gc.jsonl"));
}

#[test]
fn slots_and_tags_are_durable_and_come_after_all_else() {
    let bench = Bench::new();
    let first = applied(bench.store.create_slot(&slot(None, 1)).unwrap());
    let done = bench.check("the first slot");
    assert!(is_named_durably(&done, "refs/heads/main/0000000001"));
    // The answer was lost, and perhaps the name, too: the same writer tries again.
    bench.ledger.doubt("refs/heads/main/0000000001");
    let again = applied(bench.store.create_slot(&slot(None, 1)).unwrap());
    assert_eq!(again, first);
    bench.check("the same slot again");
    applied(bench.store.create_slot(&slot(Some(&first), 2)).unwrap());
    bench.check("the second slot");
    applied(bench.store.create_tag(&tag("v1")).unwrap());
    let done = bench.check("a tag");
    assert!(is_named_durably(&done, "refs/tags/v1"));
}

#[test]
fn a_line_of_the_draft_is_durable_when_it_is_acknowledged() {
    let bench = Bench::new();
    append(&bench.store, b"1\n").unwrap();
    let done = bench.check("the first line");
    assert!(is_named_durably(&done, "draft/main.jsonl"));
    append(&bench.store, b"2\n").unwrap();
    let done = bench.check("the second line");
    assert!(done.contains(&(Op::Sync, "draft/main.jsonl".to_owned())));
    // A crash tore the third line; what follows is written in its place.
    let path = bench.path("draft/main.jsonl");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"{\"events"].concat()).unwrap();
    append(&bench.store, b"3\n").unwrap();
    bench.check("a line in the place of a torn one");
    // The note of what was acknowledged goes first, for good: without a draft it would say that one is missing.
    let lock = bench.store.lock_draft().unwrap();
    bench.store.discard_draft(&lock, "main").unwrap();
    let done = bench.check("a draft that was given up");
    let at = |wanted: (Op, &str)| done.iter().position(|(op, path)| (*op, path.as_str()) == wanted);
    let note = at((Op::Remove, "derived/acknowledged/main"));
    let synced = at((Op::SyncDir, "derived/acknowledged"));
    let draft = at((Op::Remove, "draft/main.jsonl"));
    assert!(note.is_some() && note < synced && synced < draft, "{done:?}");
}

/// Git and archives keep no empty folder: what is missing is made before the first write, and stays.
#[test]
fn folders_that_were_lost_on_the_way_are_made_durably() {
    let bench = Bench::new();
    for folder in ["local/paths", "local", "refs/tags", "private"] {
        fs::remove_dir(bench.path(folder)).unwrap();
    }
    let store = Store::discover(bench.ledger.vfs(), bench.dir.path()).unwrap();
    store.set_local_author(PrivateId::of(b"ada")).unwrap();
    let done = bench.check("a setting in a folder that was lost");
    let made = done.iter().filter(|(op, _)| *op == Op::CreateDir).count();
    assert_eq!(made, 4);
}

#[test]
fn what_is_set_aside_and_put_back_is_durable() {
    let bench = Bench::new();
    let store = &bench.store;
    let object = store.write_object(b"{}").unwrap();
    store.sync_objects().unwrap();
    let blob = put_blob(store, b"an image").unwrap();
    let first = applied(store.create_slot(&slot(None, 1)).unwrap());
    applied(store.create_slot(&slot(Some(&first), 2)).unwrap());
    applied(store.create_tag(&tag("v1")).unwrap());
    append(store, b"1\n").unwrap();
    store.set_local_author(PrivateId::of(b"ada")).unwrap();
    bench.check("all that is put back later");
    let files = [
        format!("objects/{object}"),
        "refs/heads/main/0000000001".to_owned(),
        "refs/tags/v1".to_owned(),
        "draft/main.jsonl".to_owned(),
        "local/author.json".to_owned(),
    ];
    for relative in files {
        let good = fs::read(store.path(&relative)).unwrap();
        fs::write(store.path(&relative), b"bad").unwrap();
        let aside = store.put_back(&relative, &good).unwrap();
        let done = bench.check(&relative);
        assert!(is_named_durably(&done, &relative), "{relative}");
        assert!(is_named_durably(&done, &aside.unwrap()), "{relative}");
        assert!(store.stands(&relative));
    }
    let sound = store.put_back_blob(blob, &mut Bytes::of(b"an image")).unwrap();
    assert_eq!((sound, store.check_blob(blob).unwrap()), (None, 8), "it stands");
    fs::write(store.blob_path(blob), b"bad").unwrap();
    let aside = store.put_back_blob(blob, &mut Bytes::of(b"an image")).unwrap();
    let done = bench.check("a blob");
    assert!(is_named_durably(&done, &aside.unwrap()));
    assert_eq!(store.check_blob(blob).unwrap(), 8);
    let aside = store.put_back_witness().unwrap();
    let done = bench.check("the witness");
    assert!(is_named_durably(&done, &aside.unwrap()));
    store.erase_set_aside(object).unwrap();
    let done = bench.check("what was set aside and is erased");
    assert_eq!(done.last(), Some(&(Op::SyncDir, "quarantine".to_owned())));
}

#[test]
fn what_is_only_set_aside_is_durable_in_its_old_and_its_new_place() {
    let bench = Bench::new();
    let object = bench.store.write_object(b"{}").unwrap();
    bench.store.sync_objects().unwrap();
    let aside = bench.store.set_aside(&format!("objects/{object}")).unwrap();
    assert!(is_named_durably(
        &bench.check("an object set aside"),
        &aside.unwrap()
    ));
}

/// A tombstone that is put back where no folder of blobs is.
#[test]
fn a_file_that_is_put_back_into_a_new_folder_is_durable() {
    let bench = Bench::new();
    let id = BlobId::of(b"elsewhere");
    let other = tempfile::tempdir().unwrap();
    let copy = init(Arc::new(RealVfs), other.path()).unwrap();
    copy.erase_blob(id, &Tombstone::new(id.digest(), now(), "asked for it"))
        .unwrap();
    let name = id.to_string();
    let relative = format!("blobs/{}/{name}.erased", &name[..2]);
    let bytes = fs::read(copy.path(&relative)).unwrap();
    bench.store.put_back(&relative, &bytes).unwrap();
    let done = bench.check("a tombstone");
    assert!(is_named_durably(&done, &relative));
}

#[test]
fn the_first_files_are_mended_durably() {
    let bench = Bench::new();
    applied(bench.store.create_slot(&slot(None, 1)).unwrap());
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join(".holotype");
    fs::create_dir_all(folder.join("refs/heads/main")).unwrap();
    for file in ["repository.json", "refs/heads/main/0000000001"] {
        fs::copy(bench.path(file), folder.join(file)).unwrap();
    }
    bench.check("the first slot");
    for damaged in ["format", "repository.json"] {
        fs::write(bench.path(damaged), b"bad").unwrap();
        let copies = [copy.path().to_owned()];
        let mended = mend_root(&bench.ledger.vfs(), bench.dir.path(), &copies, true).unwrap();
        assert_eq!(mended, [damaged]);
        bench.check(damaged);
    }
    assert!(bench.other().check_repository().is_ok());
}

#[test]
fn the_ledger_tells_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".holotype/objects")).unwrap();
    fs::create_dir_all(dir.path().join(".holotype/tmp")).unwrap();
    let ledger = Ledger::new(dir.path());
    let vfs = ledger.vfs();
    let path = |relative: &str| dir.path().join(".holotype").join(relative);
    let mut file = vfs.create_new(&path("tmp/1")).unwrap();
    file.write_all(b"bytes").unwrap();
    assert_eq!(
        ledger.pending(),
        Vec::<String>::new(),
        "what is temporary may be lost"
    );
    vfs.rename(&path("tmp/1"), &path("objects/1")).unwrap();
    assert_eq!(ledger.pending(), ["the bytes of objects/1", "the name objects/1"]);
    assert_eq!(ledger.take().0.len(), 1, "it was named before it was synced");
    vfs.link(&path("objects/1"), &path("objects/2")).unwrap();
    let (faults, _) = ledger.take();
    assert_eq!(faults.len(), 2, "{faults:?}");
    vfs.remove(&path("objects/1")).unwrap();
    assert_eq!(ledger.take().0.len(), 1);
    vfs.sync_dir(&path("objects")).unwrap();
    assert_eq!(ledger.pending(), ["the bytes of objects/2"]);
    vfs.truncate(&path("objects/2"), 1).unwrap();
    vfs.append(&path("objects/2"), b"x", holotype::store::Durability::Synced)
        .unwrap();
    assert_eq!(ledger.pending(), Vec::<String>::new());
    vfs.append(&path("objects/2"), b"x", holotype::store::Durability::Unsynced)
        .unwrap();
    assert_eq!(ledger.pending(), ["the bytes of objects/2"]);
}
