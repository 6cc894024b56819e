//! Kernel locks: who holds one keeps others out, it is held as long as it must be, and it ends with its holder.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use holotype::store::{LocalCollection, LockMode, RealVfs, Store, Vfs};

use crate::bench::{append, applied, init, now, slot};
use crate::hooks::{HookVfs, Op};
use crate::ledger::is_locked;

#[test]
fn a_kernel_lock_keeps_others_out_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    for mode in [LockMode::Exclusive, LockMode::TryExclusive] {
        let held = RealVfs.lock(dir.path(), mode).unwrap();
        let refused = RealVfs.lock(dir.path(), LockMode::TryExclusive).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock, "{mode:?}");
        drop(held);
        assert!(!is_locked(dir.path()), "{mode:?}");
    }
}

#[test]
fn the_lock_of_drafts_is_held_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let store = init(Arc::new(RealVfs), dir.path()).unwrap();
    let folder = store.path("draft");
    let lock = store.lock_draft().unwrap();
    assert!(is_locked(&folder));
    drop(lock);
    assert!(!is_locked(&folder));
}

/// Does something, and tells whether `lock` was held at each operation of a kind on `file`.
fn held_at(dir: &Path, (op, file): (Op, &str), lock: &str, work: impl FnOnce(Arc<dyn Vfs>)) -> Vec<bool> {
    let root = dir.join(".holotype");
    let (file, lock) = (root.join(file), root.join(lock));
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    let noted = Arc::clone(&seen);
    work(HookVfs::new(move |own, path| {
        if own == op && path == file {
            noted.lock().unwrap().push(is_locked(&lock));
        }
        Ok(())
    }));
    seen.lock().unwrap().clone()
}

#[test]
fn two_that_make_a_repository_do_not_mix() {
    for file in ["repository.json", "refs/witness", "format"] {
        let dir = tempfile::tempdir().unwrap();
        let held = held_at(dir.path(), (Op::Rename, file), "", |vfs| {
            init(vfs, dir.path()).unwrap();
        });
        assert_eq!(held, [true], "{file}");
        assert!(!is_locked(&dir.path().join(".holotype")));
    }
}

/// Each looks at the end of the file, cuts off what a crash left, and appends: one after the other.
#[test]
fn two_lines_of_the_witness_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    init(Arc::new(RealVfs), dir.path()).unwrap();
    let witness = "refs/witness";
    for op in [Op::Open, Op::Append] {
        let held = held_at(dir.path(), (op, witness), witness, |vfs| {
            let store = Store::discover(vfs, dir.path()).unwrap();
            let before = store.read_latest("main").unwrap();
            let number = before.as_ref().map_or(1, |read| read.slot.seq + 1);
            let number = u8::try_from(number).unwrap();
            applied(store.create_slot(&slot(before.as_ref(), number)).unwrap());
        });
        assert_eq!(held.last(), Some(&true), "{op:?}");
    }
}

#[test]
fn a_line_of_the_draft_is_appended_under_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    init(Arc::new(RealVfs), dir.path()).unwrap();
    for op in [Op::Rename, Op::Append, Op::Sync] {
        let held = held_at(dir.path(), (op, "draft/main.jsonl"), "draft", |vfs| {
            append(&Store::discover(vfs, dir.path()).unwrap(), b"1\n").unwrap();
        });
        assert_eq!(held, [true], "{op:?}");
    }
}

#[test]
fn a_note_of_a_collection_is_added_under_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    init(Arc::new(RealVfs), dir.path()).unwrap();
    let held = held_at(dir.path(), (Op::Rename, "local/gc.jsonl"), "local", |vfs| {
        let store = Store::discover(vfs, dir.path()).unwrap();
        let collection = LocalCollection::new(now(), 0, None);
        store.note_collection(&collection).unwrap();
        store.note_collection(&collection).unwrap();
        assert_eq!(store.collections().unwrap().len(), 2);
    });
    assert_eq!(held, [true, true]);
}
