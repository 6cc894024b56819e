//! K: disks and file systems that fail, one operation at a time.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use holotype::event::State;
use holotype::repo::{Repo, RepoError};
use holotype::store::RealVfs;
use holotype::verify::{VerifyOptions, verify};

use crate::bench::{open, record, repository, verified};
use crate::hooks::{HookVfs, Op};
use crate::tree::copy_tree;

/// A key and its record.
type Row = (Vec<u8>, Vec<u8>);

/// All records of the latest version.
fn records(repo: &Repo) -> Result<Vec<Row>, RepoError> {
    let mut found = Vec::new();
    let version = repo.head_version()?;
    version.scan(&[], &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Whatever a loss of power keeps or a foreign journal commits, in any order: a slot must not stand where what it leads to
/// does not. So each byte is synced before it gets its name, and each name before the slot.
#[test]
fn k02_k03_all_that_a_slot_leads_to_is_durable_before_it() {
    let lab = repository();
    let done: Arc<Mutex<Vec<(Op, PathBuf)>>> = Arc::default();
    let noted = Arc::clone(&done);
    let vfs = HookVfs::new(move |op, path| {
        noted.lock().unwrap().push((op, path.to_owned()));
        Ok(())
    });
    record(&open(vfs, lab.path()).unwrap(), 77.0).unwrap();
    let (mut unsynced, mut unnamed) = (BTreeSet::new(), BTreeSet::new());
    let mut slots = 0;
    for (op, path) in done.lock().unwrap().iter() {
        let folder = path.parent().unwrap().to_owned();
        match op {
            Op::Create | Op::Write => {
                unsynced.insert(path.clone());
            }
            Op::Sync => {
                unsynced.remove(path);
            }
            Op::RenameFrom if unsynced.contains(path) => {
                // Only what is derived gets its name unsynced.
                unnamed.insert(path.clone());
            }
            Op::Rename if folder.components().any(|part| part.as_os_str() == "derived") => {
                unnamed.clear();
            }
            Op::Rename => {
                assert!(unnamed.is_empty(), "{} was not synced", path.display());
                unsynced.insert(folder);
            }
            Op::SyncDir => {
                unsynced.remove(path);
            }
            Op::Link => {
                slots += 1;
                let temporary = lab.path().join(".holotype/tmp");
                let left: Vec<_> = unsynced
                    .iter()
                    .filter(|path| !path.starts_with(&temporary))
                    .collect();
                assert_eq!(left, Vec::<&PathBuf>::new(), "before {}", path.display());
                unsynced.insert(folder);
            }
            Op::Open
            | Op::Read
            | Op::ReadAt
            | Op::Append
            | Op::AppendSynced
            | Op::Truncate
            | Op::RenameFrom
            | Op::LinkFrom
            | Op::Remove
            | Op::CreateDir
            | Op::List
            | Op::Look
            | Op::Lock => {}
        }
    }
    assert_eq!(slots, 1);
    let slot_folder = lab.path().join(".holotype/refs/heads/main");
    assert!(!unsynced.contains(&slot_folder), "the slot's name is durable");
}

#[test]
fn k06_no_read_that_fails_gives_a_wrong_answer() {
    let lab = repository();
    let right = records(&open(Arc::new(RealVfs), lab.path()).unwrap()).unwrap();
    let (counter, fail_at) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut failures = 0_u64;
    for n in 0.. {
        let (count, at) = (Arc::clone(&counter), Arc::clone(&fail_at));
        counter.store(0, Ordering::SeqCst);
        fail_at.store(n, Ordering::SeqCst);
        let vfs = HookVfs::new(move |op, _| {
            let is_read = matches!(op, Op::Open | Op::Read | Op::ReadAt | Op::List | Op::Look);
            if is_read && count.fetch_add(1, Ordering::SeqCst) == at.load(Ordering::SeqCst) {
                return Err(io::Error::from_raw_os_error(5));
            }
            Ok(())
        });
        match open(vfs, lab.path()).and_then(|repo| records(&repo)) {
            Ok(found) => assert_eq!(found, right, "read {n}"),
            Err(error) => {
                failures += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        if counter.load(Ordering::SeqCst) <= n {
            break;
        }
    }
    assert!(failures >= 5, "{failures}");
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn k06_a_disk_that_cannot_be_read_makes_verify_say_so() {
    let lab = repository();
    let failing = Arc::new(AtomicBool::new(false));
    let is_failing = Arc::clone(&failing);
    let vfs = HookVfs::new(move |op, path| {
        let is_object = path.parent().is_some_and(|folder| folder.ends_with("objects"));
        if op == Op::Read && is_object && is_failing.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    });
    let repo = open(vfs, lab.path()).unwrap();
    failing.store(true, Ordering::SeqCst);
    let report = verify(&repo, &VerifyOptions::default(), &|_| {}).unwrap();
    let unreadable = report.findings.iter().filter(|finding| finding.code == "HT-E003");
    assert!(unreadable.count() >= 4, "{:#?}", report.findings);
}

#[test]
fn k07_media_that_cannot_be_written_are_read_without_a_write() {
    let lab = repository();
    std::fs::remove_dir_all(lab.path().join(".holotype/derived")).unwrap();
    let right = records(&open(Arc::new(RealVfs), lab.path()).unwrap()).unwrap();
    std::fs::remove_dir_all(lab.path().join(".holotype/derived")).unwrap();
    let vfs = HookVfs::new(|op, _| {
        if op.changes() {
            return Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        }
        Ok(())
    });
    let repo = open(vfs, lab.path()).unwrap();
    assert_eq!(records(&repo).unwrap(), right);
    let options = VerifyOptions {
        replay: true,
        ..VerifyOptions::default()
    };
    assert!(verify(&repo, &options, &|_| {}).unwrap().ok());
    let error = record(&repo, 50.0).unwrap_err();
    assert!(!error.is_damage(), "{error}");
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn k09_reads_and_writes_in_pieces_and_interrupted_ones_change_nothing() {
    let (whole, pieces) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let interrupted = AtomicU64::new(0);
    let vfs = HookVfs::in_pieces(7, move |op, _| {
        let is_transfer = matches!(op, Op::Read | Op::Write);
        if is_transfer && interrupted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        Ok(())
    });
    let lab = repository();
    for dir in [&whole, &pieces] {
        copy_tree(&lab.path().join(".holotype"), &dir.path().join(".holotype"));
    }
    let expected = record(&open(Arc::new(RealVfs), whole.path()).unwrap(), 3.0).unwrap();
    let repo = open(vfs, pieces.path()).unwrap();
    assert_eq!(record(&repo, 3.0).unwrap(), expected);
    assert!(verify(&repo, &VerifyOptions::default(), &|_| {}).unwrap().ok());
}

/// On NFS and FAT a link, a lock or a rename across devices may not be had: that is refused, and nothing is half done.
#[test]
fn k13_a_file_system_without_links_locks_or_renames_is_refused() {
    let cases = [
        (Op::Link, io::ErrorKind::Unsupported),
        (Op::Rename, io::ErrorKind::CrossesDevices),
        (Op::SyncDir, io::ErrorKind::InvalidInput),
        (Op::Create, io::ErrorKind::StaleNetworkFileHandle),
    ];
    for (missing, kind) in cases {
        let lab = repository();
        let before = lab.truth();
        let vfs = HookVfs::new(move |op, path| {
            let is_truth = !path.components().any(|part| part.as_os_str() == "derived");
            if op == missing && is_truth {
                return Err(io::Error::from(kind));
            }
            Ok(())
        });
        let error = record(&open(vfs, lab.path()).unwrap(), 8.0).unwrap_err();
        let told = chain(&error);
        assert!(told.contains(".holotype"), "{missing:?}: {told}");
        let head = |lab: &crate::lab::Lab| lab.json(&["status"])["head"].clone();
        let kept = before
            .keys()
            .filter(|path| path.starts_with(lab.path().join(".holotype/refs")));
        for path in kept {
            assert_eq!(std::fs::read(path).unwrap(), before[path], "{missing:?}");
        }
        let old = head(&lab);
        assert_eq!(verified(&lab), (0, vec![]), "{missing:?}");
        record(&open(Arc::new(RealVfs), lab.path()).unwrap(), 8.0).unwrap();
        assert_ne!(head(&lab), old);
    }
}

#[test]
fn k13_without_locks_no_draft_is_written() {
    let lab = repository();
    let vfs = HookVfs::new(|op, _| {
        if op == Op::Lock {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        Ok(())
    });
    let repo = open(vfs, lab.path()).unwrap();
    let error = repo
        .draft_with(|_| -> Result<(), RepoError> { Ok(()) })
        .err()
        .map(|error| chain(&error));
    assert!(
        error.is_some_and(|text| text.contains("draft")),
        "what cannot be locked is named"
    );
    assert!(Path::new(&lab.path().join(".holotype")).is_dir());
    assert_eq!(verified(&lab), (0, vec![]));
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
