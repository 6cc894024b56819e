//! Errors by their kind: one that is expected somewhere leads on, and any other is told.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use holotype::id::{CommitId, Digest, Nonce, PrivateId};
use holotype::store::{GarbageKind, RealVfs, RefUpdate, Slot, Store, StoreError, TagRecord, Vfs, mend_root};
use holotype::time::Timestamp;

use super::hooks::{HookVfs, Op};

/// What fails from now on: an operation on a path that holds a text, so often, with this kind.
type Plan = Arc<Mutex<Option<(Op, &'static str, u32, ErrorKind)>>>;

/// A repository whose operations fail by a plan.
struct Bench {
    dir: tempfile::TempDir,
    store: Store,
    vfs: Arc<dyn Vfs>,
    plan: Plan,
}

impl Bench {
    fn new() -> Self {
        let plan = Plan::default();
        let asked = Arc::clone(&plan);
        let vfs: Arc<dyn Vfs> = HookVfs::new(move |op, path| {
            let mut plan = asked.lock().unwrap();
            match plan.as_mut() {
                Some((on, part, times, kind))
                    if *on == op && *times > 0 && path.to_string_lossy().contains(*part) =>
                {
                    *times -= 1;
                    Err(io::Error::from(*kind))
                }
                _ => Ok(()),
            }
        });
        let dir = tempfile::tempdir().unwrap();
        Store::init(Arc::clone(&vfs), dir.path(), "n", Digest::of(b"id")).unwrap();
        let store = Store::discover(Arc::clone(&vfs), dir.path()).unwrap();
        Self {
            dir,
            store,
            vfs,
            plan,
        }
    }

    fn fail(&self, op: Op, part: &'static str, times: u32, kind: ErrorKind) {
        *self.plan.lock().unwrap() = Some((op, part, times, kind));
    }

    fn heal(&self) {
        *self.plan.lock().unwrap() = None;
    }
}

fn slot() -> Slot {
    Slot::after(None, "main", CommitId::of(b"1"), Nonce::of(Digest::of(b"n")))
}

/// The kind of the error of the operating system.
fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> ErrorKind {
    let error = result.unwrap_err();
    let StoreError::Io { source, .. } = error else {
        panic!("{error:?}")
    };
    source.kind()
}

#[test]
fn a_file_that_is_busy_or_gone_may_stay_and_any_other_failure_is_told() {
    let b = Bench::new();
    let path = b.store.path("tmp/left");
    let make = || {
        fs::write(&path, b"x").unwrap();
        b.store.temporary_files().unwrap().remove(0)
    };
    assert_eq!(make().kind, GarbageKind::Temporary);
    // Who is busy for a while is waited for, who is for ever is left alone.
    for (times, stays) in [(0, false), (3, false), (1000, true)] {
        let left = make();
        b.fail(Op::Remove, "tmp/left", times, ErrorKind::DirectoryNotEmpty);
        assert!(b.store.remove_garbage(&left).unwrap());
        assert_eq!(path.exists(), stays, "{times}");
    }
    let left = make();
    b.fail(Op::Remove, "tmp/left", 1, ErrorKind::NotFound);
    assert!(b.store.remove_garbage(&left).unwrap());
    b.fail(Op::Remove, "tmp/left", 1, ErrorKind::PermissionDenied);
    assert_eq!(kind(b.store.remove_garbage(&left)), ErrorKind::PermissionDenied);
}

#[test]
fn an_index_stays_only_where_somebody_uses_it() {
    let b = Bench::new();
    let file = b.store.path("derived/index/db");
    fs::create_dir_all(b.store.path("derived/index")).unwrap();
    fs::write(&file, b"x").unwrap();
    let index = || {
        let mut found = b.store.derived_files().unwrap().into_iter();
        found.find(|garbage| garbage.path == "derived/index").unwrap()
    };
    let found = index();
    b.fail(Op::Lock, "derived/index", 1, ErrorKind::WouldBlock);
    assert!(!b.store.remove_garbage(&found).unwrap());
    b.fail(Op::Lock, "derived/index", 1, ErrorKind::PermissionDenied);
    assert_eq!(kind(b.store.remove_garbage(&found)), ErrorKind::PermissionDenied);
    b.fail(Op::Lock, "derived/index", 1, ErrorKind::NotFound);
    assert!(b.store.remove_garbage(&found).unwrap(), "it is gone already");
    assert!(file.exists());
    b.heal();
    assert!(b.store.remove_garbage(&found).unwrap());
    assert!(!file.exists());
}

#[test]
fn who_cannot_be_asked_whether_he_writes_is_not_taken_for_one_who_does() {
    let b = Bench::new();
    b.fail(Op::Lock, "tmp", 1, ErrorKind::WouldBlock);
    assert!(b.store.alone().unwrap().is_none());
    b.fail(Op::Lock, "tmp", 1, ErrorKind::PermissionDenied);
    assert_eq!(kind(b.store.alone()), ErrorKind::PermissionDenied);
    b.heal();
    assert!(b.store.alone().unwrap().is_some());
}

#[test]
fn a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one() {
    let b = Bench::new();
    b.fail(Op::List, "objects", 9, ErrorKind::PermissionDenied);
    fs::remove_file(b.store.path("format")).unwrap();
    let again = Store::init(Arc::clone(&b.vfs), b.dir.path(), "n", Digest::of(b"id"));
    assert_eq!(kind(again), ErrorKind::PermissionDenied);
    assert!(!b.store.path("format").exists());
}

#[test]
fn a_name_that_cannot_be_given_is_not_taken_for_one_that_is_there() {
    let b = Bench::new();
    b.fail(Op::Link, "refs/heads/main", 1, ErrorKind::StorageFull);
    assert_eq!(kind(b.store.create_slot(&slot())), ErrorKind::StorageFull);
    b.heal();
    assert!(b.store.read_latest("main").unwrap().is_none());
    let made = b.store.create_slot(&slot()).unwrap();
    assert!(matches!(made, RefUpdate::Applied(_)));
}

#[test]
fn a_tag_that_another_gave_is_not_taken_for_ones_own() {
    let b = Bench::new();
    let tag = |commit: &[u8]| {
        let now = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        TagRecord::new("v1", CommitId::of(commit), PrivateId::of(b"a"), now, "first")
    };
    let (one, other) = (tag(b"1"), tag(b"2"));
    assert_eq!(b.store.create_tag(&one).unwrap(), RefUpdate::Applied(one.clone()));
    // The same again is another's, too; after a failure only the very same one is one's own.
    assert_eq!(b.store.create_tag(&one).unwrap(), RefUpdate::Stale(one.clone()));
    b.fail(Op::Link, "refs/tags", 1, ErrorKind::Other);
    assert_eq!(b.store.create_tag(&other).unwrap(), RefUpdate::Stale(one.clone()));
    b.fail(Op::Link, "refs/tags", 1, ErrorKind::Other);
    assert_eq!(b.store.create_tag(&one).unwrap(), RefUpdate::Applied(one));
}

#[test]
fn a_witness_that_is_cut_off_while_it_is_read_is_no_failure_and_any_other_is() {
    let b = Bench::new();
    b.store.create_slot(&slot()).unwrap();
    let tip = || b.store.read_latest("main").map(|tip| tip.map(|tip| tip.slot.seq));
    b.fail(Op::ReadAt, "witness", 1, ErrorKind::UnexpectedEof);
    assert_eq!(tip().unwrap(), Some(1));
    b.fail(Op::ReadAt, "witness", 1, ErrorKind::Other);
    assert_eq!(kind(tip()), ErrorKind::Other);
}

#[test]
fn a_slot_that_cannot_be_read_is_not_taken_for_the_one_that_the_witness_saw() {
    let b = Bench::new();
    b.store.create_slot(&slot()).unwrap();
    b.fail(Op::Open, "0000000001", 1, ErrorKind::PermissionDenied);
    assert_eq!(kind(b.store.check_witness()), ErrorKind::PermissionDenied);
    b.heal();
    // A damaged one is told where slots are looked at.
    fs::write(b.store.path("refs/heads/main/0000000001"), b"x").unwrap();
    assert!(b.store.check_witness().unwrap().damage.is_none());
}

/// Slots, one after the other; returns their paths.
fn slots(b: &Bench, count: u8) -> Vec<PathBuf> {
    let mut previous = None;
    let made = (1..=count).map(|number| {
        let nonce = Nonce::of(Digest::of(&[number]));
        let slot = Slot::after(previous.as_ref(), "main", CommitId::of(&[number]), nonce);
        let RefUpdate::Applied(read) = b.store.create_slot(&slot).unwrap() else {
            panic!("slot {number}")
        };
        previous = Some(read);
        b.store.path(&format!("refs/heads/main/{number:010}"))
    });
    made.collect()
}

#[test]
fn a_slot_that_cannot_be_read_is_told_whatever_a_loss_of_power_left_of_the_witness() {
    const NAMES: [&str; 10] = [
        "0000000001",
        "0000000002",
        "0000000003",
        "0000000004",
        "0000000005",
        "0000000006",
        "0000000007",
        "0000000008",
        "0000000009",
        "0000000010",
    ];
    let b = Bench::new();
    let slots = slots(&b, 10);
    let witness = b.store.path("refs/witness");
    let mut bytes = fs::read(&witness).unwrap();
    bytes[512..1024].fill(0);
    fs::write(&witness, &bytes).unwrap();
    assert_eq!(b.store.check_witness().unwrap().damage, None);
    for (name, path) in NAMES.into_iter().zip(slots) {
        b.fail(Op::Open, name, 1, ErrorKind::PermissionDenied);
        assert_eq!(
            kind(b.store.check_witness()),
            ErrorKind::PermissionDenied,
            "{name}"
        );
        let sound = fs::read(&path).unwrap();
        fs::write(&path, b"x").unwrap();
        b.store.check_witness().unwrap();
        fs::write(&path, sound).unwrap();
    }
}

#[test]
fn a_slot_is_proven_by_the_next_one_where_the_witness_does_not_know_it() {
    let b = Bench::new();
    let slots = slots(&b, 2);
    let witness = b.store.path("refs/witness");
    let first_line = fs::read(&witness).unwrap();
    let end = first_line.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&witness, &first_line[..end]).unwrap();
    let (name, bytes) = ("refs/heads/main/0000000001", fs::read(&slots[0]).unwrap());
    b.store.prove(name, &bytes).unwrap();
    b.fail(Op::Open, "0000000002", 1, ErrorKind::PermissionDenied);
    assert_eq!(kind(b.store.prove(name, &bytes)), ErrorKind::PermissionDenied);
    b.heal();
    fs::write(&slots[1], b"x").unwrap();
    let error = b.store.prove(name, &bytes).unwrap_err();
    assert!(
        error.to_string().contains("0000000001"),
        "it is this slot that nothing proves: {error}"
    );
}

#[test]
fn what_is_derived_is_written_anew_only_where_its_folder_is_gone() {
    let b = Bench::new();
    fs::remove_dir_all(b.store.path("derived")).unwrap();
    b.store.write_derived("tips/main", b"1\n").unwrap();
    assert_eq!(b.store.read_derived("tips/main", 64), Some(b"1\n".to_vec()));
    b.fail(Op::Rename, "tips/main", 1, ErrorKind::PermissionDenied);
    let failed = b.store.write_derived("tips/main", b"2\n").unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::PermissionDenied);
    assert_eq!(b.store.read_derived("tips/main", 64), Some(b"1\n".to_vec()));
}

/// What is put back, by the names of the files.
fn mended(b: &Bench, copies: &[PathBuf]) -> Result<Vec<&'static str>, StoreError> {
    mend_root(&b.vfs, b.dir.path(), copies, true)
}

#[test]
fn only_a_damaged_root_is_mended() {
    let b = Bench::new();
    b.store.create_slot(&slot()).unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_below(b.dir.path(), copy.path());
    let copies = [copy.path().to_owned()];
    for name in ["format", "repository.json"] {
        let path = b.store.path(name);
        let sound = fs::read(&path).unwrap();
        b.fail(Op::Open, name, 1, ErrorKind::PermissionDenied);
        assert_eq!(kind(mended(&b, &copies)), ErrorKind::PermissionDenied, "{name}");
        b.heal();
        assert!(!b.store.path("quarantine").exists(), "{name}");
        fs::write(&path, b"x").unwrap();
        assert_eq!(mended(&b, &copies).unwrap(), [name]);
        assert_eq!(fs::read(&path).unwrap(), sound);
        fs::remove_dir_all(b.store.path("quarantine")).unwrap();
        assert_eq!(mended(&b, &copies).unwrap(), Vec::<&str>::new());
    }
    let line = "holotype repository 2";
    let newer = format!("{line} {}\n", Digest::of(line.as_bytes()));
    fs::write(b.store.path("format"), &newer).unwrap();
    assert!(matches!(mended(&b, &copies), Err(StoreError::NewerFormat { .. })));
    assert_eq!(fs::read_to_string(b.store.path("format")).unwrap(), newer);
}

fn copy_below(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (
            entry.as_ref().unwrap().path(),
            to.join(entry.unwrap().file_name()),
        );
        if from.is_dir() {
            copy_below(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn only_a_file_system_that_cannot_carry_a_repository_is_left_without_any_of_it() {
    for (failing, stays) in [(ErrorKind::Unsupported, false), (ErrorKind::StorageFull, true)] {
        let dir = tempfile::tempdir().unwrap();
        let vfs = HookVfs::new(move |op, _| {
            let gives_a_name = matches!(op, Op::Link | Op::RenameNew);
            if gives_a_name {
                Err(io::Error::from(failing))
            } else {
                Ok(())
            }
        });
        let init = |vfs: Arc<dyn Vfs>| Store::init(vfs, dir.path(), "n", Digest::of(b"id"));
        assert_eq!(kind(init(vfs)), failing);
        assert_eq!(dir.path().join(".holotype").exists(), stays, "{failing}");
        // What is left of one hinders nobody.
        init(Arc::new(RealVfs)).unwrap();
    }
}

#[test]
fn a_file_system_that_gives_a_name_twice_carries_no_repository() {
    let dir = tempfile::tempdir().unwrap();
    let vfs = HookVfs::new(|op, path| {
        if op == Op::Link {
            // The second who takes the name drives the first one out.
            let _ = fs::remove_file(path);
        }
        Ok(())
    });
    let init = |vfs: Arc<dyn Vfs>| Store::init(vfs, dir.path(), "n", Digest::of(b"id"));
    assert_eq!(kind(init(vfs)), ErrorKind::Unsupported);
    assert!(!dir.path().join(".holotype").exists());
    init(Arc::new(RealVfs)).unwrap();
}
