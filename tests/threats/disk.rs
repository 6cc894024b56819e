//! K: disks and file systems that fail, one operation at a time.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use holotype::event::State;
use holotype::repo::{Repo, RepoError, Surroundings};
use holotype::store::RealVfs;
use holotype::time::Timestamp;
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

/// A file system on which some operations fail in one way, for what is not derived.
fn without(missing: &'static [Op], kind: io::ErrorKind) -> Arc<HookVfs> {
    HookVfs::new(move |op, path| {
        let is_truth = !path.components().any(|part| part.as_os_str() == "derived");
        if missing.contains(&op) && is_truth {
            return Err(io::Error::from(kind));
        }
        Ok(())
    })
}

/// On NFS and FAT a link, a lock or a rename across devices may not be had: that is refused, and nothing is half done.
#[test]
fn k13_a_file_system_without_links_locks_or_renames_is_refused() {
    let cases: [(&'static [Op], io::ErrorKind); 5] = [
        (&[Op::Link, Op::RenameNew], io::ErrorKind::Unsupported),
        (&[Op::Rename], io::ErrorKind::CrossesDevices),
        (&[Op::SyncDir], io::ErrorKind::InvalidInput),
        (&[Op::Create], io::ErrorKind::StaleNetworkFileHandle),
        (&[Op::Lock], io::ErrorKind::Unsupported),
    ];
    for (missing, kind) in cases {
        let lab = repository();
        let before = lab.truth();
        let error = record(&open(without(missing, kind), lab.path()).unwrap(), 8.0).unwrap_err();
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
fn k13_where_there_are_no_links_a_name_that_must_be_free_does_as_well() {
    // FAT says of a link that it is not permitted.
    for kind in [io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied] {
        let lab = repository();
        let repo = open(without(&[Op::Link], kind), lab.path()).unwrap();
        let writers: Vec<_> = (0..4_u32)
            .map(|writer| {
                let repo = repo.clone();
                std::thread::spawn(move || record(&repo, 8.0 + f64::from(writer)).unwrap())
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let author = repo.author(Some(crate::bench::AUTHOR)).unwrap();
        let head = repo.head().unwrap().unwrap();
        repo.tag("v9", head, author, "nine").unwrap();
        let again = repo.tag("v9", head, author, "another text");
        assert!(matches!(again, Err(RepoError::TagExists { .. })), "{again:?}");
        drop(repo);
        assert_eq!(lab.json(&["log"])["commits"].as_array().map(Vec::len), Some(6));
        assert_eq!(verified(&lab), (0, vec![]), "{kind:?}");
    }
}

#[test]
fn k13_no_repository_is_made_where_it_could_not_be_used() {
    let cases: [&'static [Op]; 2] = [&[Op::Lock], &[Op::Link, Op::RenameNew]];
    for missing in cases {
        let dir = tempfile::tempdir().unwrap();
        let vfs = without(missing, io::ErrorKind::Unsupported);
        let around = Surroundings {
            now: Timestamp::parse("2026-01-02T12:00:00Z").unwrap(),
            seed: None,
        };
        let error = Repo::init(vfs, dir.path(), "n", around).map(drop).unwrap_err();
        let told = chain(&error);
        assert!(told.contains("unsupported"), "{missing:?}: {told}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{missing:?}");
        Repo::init(Arc::new(RealVfs), dir.path(), "n", around)
            .map(drop)
            .unwrap();
    }
}

#[test]
fn k13_reading_needs_no_lock_and_no_link() {
    let lab = repository();
    let vfs = without(
        &[Op::Lock, Op::Link, Op::RenameNew, Op::Rename, Op::SyncDir],
        io::ErrorKind::Unsupported,
    );
    let repo = open(vfs, lab.path()).unwrap();
    assert_eq!(
        records(&repo).unwrap(),
        records(&open(Arc::new(RealVfs), lab.path()).unwrap()).unwrap()
    );
    assert!(verify(&repo, &VerifyOptions::default(), &|_| {}).unwrap().ok());
}

/// No lock is a file of its own: it lies on what is there anyway, and the kernel takes it from who dies.
#[test]
fn k01_locks_lie_on_what_is_there_anyway() {
    let lab = repository();
    let root = lab.path().join(".holotype");
    let before = crate::bench::files(lab.path());
    let locked: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
    let noted = Arc::clone(&locked);
    let vfs = HookVfs::new(move |op, path| {
        if op == Op::Lock {
            assert!(path.exists(), "{}", path.display());
            noted.lock().unwrap().insert(path.to_owned());
        }
        Ok(())
    });
    let repo = open(vfs, lab.path()).unwrap();
    record(&repo, 8.0).unwrap();
    repo.draft_with(|_| -> Result<(), RepoError> { Ok(()) }).unwrap();
    drop(repo.store().apart().alone().unwrap());
    repo.discard_draft().unwrap();
    repo.gc(0, None).unwrap();
    let locked = locked.lock().unwrap();
    let places: BTreeSet<_> = locked
        .iter()
        .map(|path| path.strip_prefix(&root).unwrap())
        .collect();
    for needed in ["tmp", "draft", "refs/witness", "local"] {
        assert!(places.contains(Path::new(needed)), "{needed}: {places:?}");
    }
    for place in places {
        let known = [
            "tmp",
            "draft",
            "refs/witness",
            "local",
            "derived/nodes",
            "derived/index",
        ];
        assert!(
            known.iter().any(|name| place == Path::new(name)),
            "{}",
            place.display()
        );
    }
    let after = crate::bench::files(lab.path());
    let new = after.iter().filter(|file| !before.contains(file));
    let is_lock = |file: &&String| file.contains("lock") || file.contains("pid");
    assert_eq!(new.filter(is_lock).count(), 0);
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
