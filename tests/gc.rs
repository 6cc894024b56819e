//! `gc`: what nobody needs goes after its time, everything else stays, whatever the clocks say and whoever works beside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod lab;
mod material;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use holotype::id::BlobId;
use holotype::repo::{GcRun, Repo, Surroundings};
use holotype::store::faulty::{FAULTS, FaultyVfs};
use holotype::store::{LockMode, RealVfs, Store, Vfs};
use holotype::time::Timestamp;
use lab::Lab;
use material::Bytes;
use serde_json::{Value, json};
use tree::copy_tree;

const DAY_S: u64 = 24 * 60 * 60;
/// What was added and discarded.
const UNNEEDED: &[u8] = b"an image that was added by mistake";

/// All files below `.holotype`.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.join(".holotype")];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path, bytes);
            }
        }
    }
    found
}

fn blob_path(dir: &Path, bytes: &[u8]) -> PathBuf {
    let id = BlobId::of(bytes).to_string();
    dir.join(".holotype/blobs").join(&id[..2]).join(id)
}

fn has(lab: &Lab, bytes: &[u8]) -> bool {
    blob_path(lab.path(), bytes).exists()
}

/// Sets when a file was last written, in seconds after the clock of the lab (2026-01-02) begins.
fn written(path: &Path, seconds: i64) {
    let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_312_000);
    let by = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { begin - by } else { begin + by };
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

/// A repository with bytes that only an earlier version has, some that only a tag leads to by name, some that only the
/// draft has, and some that nothing has.
fn repository() -> Lab {
    let lab = Lab::new();
    lab.write("more/z.png", UNNEEDED);
    lab.ok(&["add", "more"]);
    lab.ok(&["discard", "--yes"]);
    lab.write("images/a.png", b"first");
    lab.ok(&["add", "images"]);
    lab.commit("first");
    lab.ok(&["tag", "v1", "-m", "first"]);
    lab.write("images/a.png", b"second");
    lab.ok(&["add", "images"]);
    lab.commit("second");
    lab.write("images/b.png", b"reverted");
    lab.ok(&["add", "images"]);
    lab.commit("third");
    lab.ok(&["revert", "HEAD"]);
    lab.commit("fourth");
    lab.write("images/c.png", b"drafted");
    lab.ok(&["add", "images/c.png"]);
    lab
}

/// What must stay.
fn needed(lab: &Lab) -> bool {
    [&b"first"[..], b"second", b"reverted", b"drafted"]
        .iter()
        .all(|bytes| has(lab, bytes))
}

fn ok(lab: &Lab) {
    let report = lab.json(&["verify", "--replay"]);
    assert_eq!(report["ok"], true, "{report}");
}

#[test]
fn a_dry_run_lists_what_would_go_and_changes_nothing() {
    let lab = repository();
    lab.write(".holotype/tmp/0000000000000001-0", "left");
    let before = everything(lab.path());
    let told = lab.json(&["gc", "--grace", "0", "--dry-run"]);
    assert_eq!(everything(lab.path()), before);
    assert_eq!(told["freed_bytes"], 0);
    assert_eq!(
        told["garbage"]["blobs"],
        json!({"files": 1, "bytes": UNNEEDED.len()})
    );
    assert_eq!(told["garbage"]["temporary"], json!({"files": 1, "bytes": 4}));
    let text = lab.ok(&["gc", "--grace", "0", "--dry-run"]).stdout;
    assert!(text.contains("nothing was changed"), "{text}");
    let files = told["files"].as_array().unwrap();
    // What it lists is what goes.
    let did = lab.json(&["gc", "--grace", "0"]);
    assert_eq!(did["files"].as_array().unwrap(), files);
    assert!(did["freed_bytes"].as_u64().unwrap() > 0);
    for file in files {
        let path = lab.path().join(".holotype").join(file["path"].as_str().unwrap());
        assert!(!path.exists(), "{file}");
        assert!(text.contains(file["path"].as_str().unwrap()), "{text}");
    }
    assert!(needed(&lab) && !has(&lab, UNNEEDED));
    ok(&lab);
}

#[test]
fn what_a_version_a_tag_or_the_draft_has_stays_for_ever() {
    let lab = repository();
    let (rows, draft) = (
        lab.rows(&["list", "images"]),
        lab.rows(&["list", "images", "DRAFT"]),
    );
    for bytes in [&b"first"[..], b"second", b"reverted", b"drafted", UNNEEDED] {
        written(
            &blob_path(lab.path(), bytes),
            -1000 * i64::try_from(DAY_S).unwrap(),
        );
    }
    let told = lab.json(&["gc"]);
    assert_eq!(told["garbage"]["blobs"]["files"], 1);
    assert!(needed(&lab) && !has(&lab, UNNEEDED));
    assert_eq!(lab.rows(&["list", "images"]), rows);
    assert_eq!(lab.rows(&["list", "images", "DRAFT"]), draft);
    lab.commit("fifth");
    assert_eq!(lab.json(&["gc", "--grace", "0"])["garbage"]["blobs"]["files"], 0);
    assert!(needed(&lab));
    ok(&lab);
}

#[test]
fn what_is_younger_than_the_grace_period_stays() {
    let lab = repository();
    let day = i64::try_from(DAY_S).unwrap();
    let blob = blob_path(lab.path(), UNNEEDED);
    let left = PathBuf::from(lab.write(".holotype/tmp/0000000000000001-0", "left"));
    let packs = |lab: &Lab| lab.json(&["gc", "--dry-run"])["young"]["derived"]["files"].clone();
    for path in [&blob, &left] {
        written(path, -13 * day);
    }
    let told = lab.json(&["gc"]);
    assert_eq!(
        told["files"],
        json!([]),
        "two weeks unless something else is said"
    );
    assert_eq!(told["young"]["blobs"]["files"], 1);
    assert_eq!(told["young"]["temporary"]["files"], 1);
    assert!(packs(&lab).as_u64().unwrap() > 0);
    assert_eq!(lab.json(&["gc", "--grace", "14d"])["files"], json!([]));
    let told = lab.json(&["gc", "--grace", "312h"]);
    assert_eq!(told["garbage"]["blobs"]["files"], 1);
    assert!(!blob.exists() && !left.exists());
    ok(&lab);
}

#[test]
fn c05_no_clock_makes_it_remove_too_early() {
    let lab = repository();
    let blob = blob_path(lab.path(), UNNEEDED);
    let left = PathBuf::from(lab.write(".holotype/tmp/0000000000000001-0", "left"));
    // A file from the future, by a second, by years, or by more than a clock can show; and a clock set back.
    for seconds in [100, 400_000_000, 6_000_000_000] {
        for path in [&blob, &left] {
            written(path, seconds);
        }
        for grace in ["1s", "2w", "100000w", "18446744073709551615s"] {
            let told = lab.json(&["gc", "--grace", grace]);
            assert_eq!(told["garbage"]["blobs"]["files"], 0, "{seconds} {grace}");
            assert_eq!(told["garbage"]["temporary"]["files"], 0, "{seconds} {grace}");
        }
        assert!(blob.exists() && left.exists());
    }
    // Who says so gets it whatever the clocks say.
    lab.json(&["gc", "--grace", "0"]);
    assert!(!blob.exists() && !left.exists());
    assert!(needed(&lab));
}

#[test]
fn each_run_that_removes_is_noted() {
    let lab = repository();
    lab.json(&["gc"]);
    let file = lab.path().join(".holotype/local/gc.jsonl");
    assert!(!file.exists(), "nothing went");
    lab.json(&["gc", "--grace", "0"]);
    fs::write(lab.path().join(".holotype/tmp/0000000000000001-0"), "left").unwrap();
    lab.json(&["gc", "--grace", "0"]);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0]["blobs"],
        json!({"files": 1, "size_bytes": UNNEEDED.len()})
    );
    assert_eq!(lines[1]["temporary"], json!({"files": 1, "size_bytes": 4}));
    assert_eq!(lines[0]["grace_ms"], 0);
    assert!(
        lines[0]["collected_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-01-02T")
    );
    let author = lines[0]["author"].as_str().unwrap();
    assert!(lab.path().join(".holotype/private").join(author).exists());
    assert!(!text.contains("Ada"), "names stand in private objects alone");
    ok(&lab);
    fs::write(&file, text.replacen("\"files\":1", "\"files\":2", 1)).unwrap();
    let report = lab.run(&["verify", "--json"]).json();
    let found = report["findings"].as_array().unwrap();
    assert!(
        found.iter().any(|one| one["object"] == "local/gc.jsonl"),
        "{report}"
    );
}

#[test]
fn an_index_that_somebody_uses_stays_with_the_folder_that_carries_its_lock() {
    let lab = repository();
    lab.ok(&["index", "rebuild"]);
    let index = lab.path().join(".holotype/derived/index");
    let entries = || fs::read_dir(&index).unwrap().count();
    let before = entries();
    assert!(before > 0);
    let used = RealVfs.lock(&index, LockMode::Exclusive).unwrap();
    lab.json(&["gc", "--grace", "0"]);
    assert_eq!(entries(), before);
    drop(used);
    lab.json(&["gc", "--grace", "0"]);
    assert_eq!(entries(), 0, "the folder alone is left");
    ok(&lab);
}

#[test]
fn an_index_that_somebody_uses_is_not_rebuilt_under_it() {
    let lab = repository();
    lab.ok(&["index", "rebuild"]);
    let index = lab.path().join(".holotype/derived/index");
    let number = || fs::metadata(&index).unwrap().ino();
    let before = number();
    let used = RealVfs.lock(&index, LockMode::Exclusive).unwrap();
    let refused = lab.run(&["index", "rebuild"]);
    assert_eq!(refused.status, 6, "{refused:?}");
    assert!(refused.stderr.contains("in use"), "{refused:?}");
    assert_eq!(number(), before, "the folder that carries the lock is the same");
    drop(used);
    lab.ok(&["index", "rebuild"]);
    assert_eq!(number(), before);
    ok(&lab);
}

#[test]
fn a_log_that_cannot_be_read_keeps_everything() {
    let lab = repository();
    let commit = lab.json(&["log"])["commits"][1]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = lab.path().join(".holotype/objects").join(commit);
    fs::write(&path, b"{}").unwrap();
    let before = everything(lab.path());
    lab.run(&["gc", "--grace", "0"]).refused(5);
    lab.run(&["gc", "--grace", "0", "--dry-run"]).refused(5);
    let blobs = |files: BTreeMap<PathBuf, Vec<u8>>| -> Vec<PathBuf> {
        let blobs = files.into_keys();
        blobs
            .filter(|path| path.to_string_lossy().contains("/blobs/"))
            .collect()
    };
    assert_eq!(blobs(everything(lab.path())), blobs(before));
}

#[test]
fn a_period_of_grace_needs_its_unit() {
    let lab = repository();
    for wrong in ["7", "-1d", "soon", "1y", ""] {
        assert_eq!(lab.run(&["gc", "--grace", wrong]).status, 2, "{wrong}");
    }
}

/// Repeats until nobody else writes. A program that another test of this process starts just now has all locks of the
/// process for a moment, until it becomes that program.
fn until_alone(mut is_done: impl FnMut() -> bool) {
    assert!((0..1000).any(|_| is_done()), "somebody writes and does not end");
}

fn open(vfs: Arc<dyn Vfs>, dir: &Path) -> Repo {
    let around = Surroundings {
        now: Timestamp::parse("2026-01-02T12:00:00Z").unwrap(),
        seed: None,
    };
    Repo::open(vfs, dir, around).unwrap()
}

fn bring_in(store: &Store, bytes: &'static [u8]) {
    let mut staged = [store.stage_blob(&mut Bytes::of(bytes)).unwrap()];
    store.publish_blobs(&mut staged).unwrap();
}

#[test]
fn k12_bytes_that_a_writer_has_brought_in_and_not_yet_named_stay() {
    let lab = repository();
    lab.write(".holotype/tmp/0000000000000001-0", "left");
    // New bytes, and others that were garbage until the writer found them there.
    let writer = open(Arc::new(RealVfs), lab.path());
    bring_in(writer.store(), b"new");
    bring_in(writer.store(), UNNEEDED);
    let told = lab.json(&["gc", "--grace", "0"]);
    assert_eq!(told["waits_for_writers"], true);
    assert_eq!(told["garbage"]["blobs"]["files"], 0);
    assert_eq!(told["garbage"]["temporary"]["files"], 0);
    assert!(told["garbage"]["derived"]["files"].as_u64().unwrap() > 0);
    assert!(needed(&lab) && has(&lab, b"new") && has(&lab, UNNEEDED));
    // A second writer is not kept waiting by the first, and one of both is enough.
    lab.ok(&["set", "dataset", "title=Cells"]);
    drop(writer);
    let mut told = Value::Null;
    until_alone(|| {
        told = lab.json(&["gc", "--grace", "0"]);
        told["waits_for_writers"] == false
    });
    assert_eq!(told["garbage"]["blobs"]["files"], 2);
    assert!(needed(&lab) && !has(&lab, b"new") && !has(&lab, UNNEEDED));
    ok(&lab);
}

#[test]
fn k12_a_writer_waits_while_garbage_is_removed() {
    let lab = repository();
    let repo = open(Arc::new(RealVfs), lab.path());
    let mut alone = None;
    until_alone(|| {
        alone = repo.store().alone().unwrap();
        alone.is_some()
    });
    assert!(repo.store().alone().unwrap().is_none(), "one is alone");
    // Readers wait for nobody.
    lab.ok(&["list", "images"]);
    lab.ok(&["verify"]);
    let (sender, receiver) = std::sync::mpsc::channel();
    let dir = lab.path().to_owned();
    let writer = std::thread::spawn(move || {
        let writer = open(Arc::new(RealVfs), &dir);
        sender.send("begins").unwrap();
        bring_in(writer.store(), b"new");
        sender.send("is done").unwrap();
    });
    assert_eq!(receiver.recv().unwrap(), "begins");
    assert!(receiver.recv_timeout(Duration::from_millis(300)).is_err());
    drop(alone);
    assert_eq!(receiver.recv().unwrap(), "is done");
    writer.join().unwrap();
}

#[test]
fn k01_k06_whatever_fails_in_between_nothing_that_is_needed_goes() {
    let lab = repository();
    lab.write(".holotype/tmp/0000000000000001-0", "left");
    let mut places = 0;
    for fault in FAULTS {
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            copy_tree(&lab.path().join(".holotype"), &dir.path().join(".holotype"));
            let vfs = FaultyVfs::new(Arc::new(RealVfs));
            let repo = open(Arc::new(vfs.clone()), dir.path());
            vfs.fail(n, fault);
            let outcome = repo.gc(0, None);
            let reached = vfs.heal() > n;
            drop(repo);
            for bytes in [&b"first"[..], b"second", b"reverted", b"drafted"] {
                assert!(blob_path(dir.path(), bytes).exists(), "{fault:?} at {n}");
            }
            // A second run ends it, and the first one noted what it was to do.
            let repo = open(Arc::new(RealVfs), dir.path());
            until_alone(|| repo.gc(0, None).unwrap().run == GcRun::Whole);
            assert!(!blob_path(dir.path(), UNNEEDED).exists());
            assert!(
                !repo.store().collections().unwrap().is_empty(),
                "{fault:?} at {n}"
            );
            let report = holotype::verify::verify(&repo, &Default::default(), &|_| {}).unwrap();
            assert!(report.ok(), "{fault:?} at {n}: {:?}", report.findings);
            if !reached {
                outcome.unwrap();
                break;
            }
            places += 1;
        }
    }
    assert!(places > 30, "{places} places were tried");
}
