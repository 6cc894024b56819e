//! `repair` brings back every kind of file from a copy, with the same bytes, and nothing that is not proven.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[allow(dead_code, reason = "this file uses a part of it")]
#[path = "verify/fixture.rs"]
mod fixture;
#[path = "lab/mod.rs"]
mod lab;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use fixture::{Fixture, check, files_below};
use holotype::repair::{RepairOptions, RepairReport, repair};
use holotype::repo::Surroundings;
use holotype::store::{RealVfs, Vfs};
use holotype::time::Timestamp;
use holotype::verify::VerifyOptions;
use lab::Lab;
use serde_json::json;
use tree::copy_tree;

fn dir_of(fixture: &Fixture) -> PathBuf {
    fixture.path("").parent().unwrap().to_owned()
}

/// A copy of the repository in a folder of its own.
fn copy_of(fixture: &Fixture) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&fixture.path(""), &copy.path().join(".holotype"));
    copy
}

fn repaired(fixture: &Fixture, from: &[PathBuf], dry_run: bool) -> RepairReport {
    let vfs: Arc<dyn Vfs> = Arc::new(RealVfs);
    let around = Surroundings {
        now: Timestamp::from_unix_ms(1_790_000_000_000).unwrap(),
        seed: None,
    };
    let options = RepairOptions { from, dry_run };
    repair(&vfs, &dir_of(fixture), around, &options, &|_| {}).unwrap()
}

/// The bytes of all files that count, and of those that were set aside.
fn state(fixture: &Fixture) -> (BTreeMap<String, Vec<u8>>, Vec<Vec<u8>>) {
    let read = |path: &String| fs::read(fixture.path(path)).unwrap();
    let (aside, truth): (Vec<String>, Vec<String>) = fixture
        .files()
        .into_iter()
        .partition(|path| path.starts_with("quarantine/"));
    let truth = truth
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect();
    (truth, aside.iter().map(read).collect())
}

/// The witness lists the same lines in the order of the refs.
fn sorted_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

#[test]
fn every_file_that_is_damaged_or_gone_is_brought_back_as_it_was() {
    let fixture = Fixture::new();
    let copy = copy_of(&fixture);
    let from = [copy.path().to_owned()];
    let (before, _) = state(&fixture);
    for (path, whole) in &before {
        let flipped: Vec<u8> = whole.iter().map(|byte| byte ^ 1).collect();
        for bad in [Some(flipped), Some(whole[..whole.len() / 2].to_vec()), None] {
            match &bad {
                Some(bytes) => fs::write(fixture.path(path), bytes).unwrap(),
                None => fs::remove_file(fixture.path(path)).unwrap(),
            }
            // A setting that was removed is one never made.
            if bad.is_none() && path == "local/author.json" {
                fs::write(fixture.path(path), whole).unwrap();
                continue;
            }
            let (damaged, _) = state(&fixture);
            let would = repaired(&fixture, &from, true);
            assert_eq!(state(&fixture).0, damaged, "{path}: a rehearsal changes nothing");
            let report = repaired(&fixture, &from, false);
            // Half of the witness is what a crash leaves: the lines come again with the next commits.
            let is_crash = path == "refs/witness" && report.restored.is_empty();
            assert!(report.after.ok(), "{path}: {:#?}", report.after.findings);
            let paths = |report: &RepairReport| {
                let restored = report.restored.iter();
                restored.map(|one| one.path.clone()).collect::<Vec<_>>()
            };
            assert_eq!(paths(&would), paths(&report), "{path}");
            let (after, aside) = state(&fixture);
            if is_crash {
                fs::write(fixture.path(path), whole).unwrap();
            } else if path == "refs/witness" {
                assert_eq!(sorted_lines(&after[path]), sorted_lines(whole));
                fs::write(fixture.path(path), whole).unwrap();
            } else {
                assert_eq!(paths(&report), std::slice::from_ref(path));
                assert_eq!(after, before, "{path}");
            }
            if let Some(bytes) = bad.filter(|_| !is_crash) {
                assert!(aside.contains(&bytes), "{path}: what was bad is kept");
            }
            let _ = fs::remove_dir_all(fixture.path("quarantine"));
        }
    }
    let replay = VerifyOptions {
        replay: true,
        ..VerifyOptions::default()
    };
    assert!(check(&fixture.open(), &replay).ok());
}

#[test]
fn all_files_of_a_kind_at_once_are_brought_back() {
    let fixture = Fixture::new();
    let copy = copy_of(&fixture);
    let (before, _) = state(&fixture);
    for folder in [
        "objects",
        "blobs",
        "private",
        "refs/heads/main",
        "refs/tags",
        "draft",
    ] {
        fs::remove_dir_all(fixture.path(folder)).unwrap();
        let report = repaired(&fixture, &[copy.path().join(".holotype")], false);
        assert!(report.after.ok(), "{folder}: {:#?}", report.after.findings);
        assert_eq!(state(&fixture).0, before, "{folder}");
    }
}

#[test]
fn what_no_copy_has_is_told_with_what_it_held_and_what_needs_it() {
    let fixture = Fixture::new();
    let head = fixture.open().head().unwrap().unwrap();
    let batch = fixture.open().commit(head).unwrap().batches[0].batch;
    let path = format!("objects/{batch}");
    fs::write(fixture.path(&path), "nothing").unwrap();
    let other = Fixture::new();
    let (other_truth, _) = state(&other);
    let report = repaired(&fixture, &[], false);
    assert!(report.restored.is_empty() && report.after.is_damaged());
    let affected = &report.after.affected[&path];
    assert_eq!(affected.held, "a batch of 6 events");
    assert_eq!(affected.commits, [head]);
    assert_eq!(affected.tags, ["v1"]);
    assert_eq!(
        fs::read(fixture.path(&path)).unwrap(),
        b"nothing",
        "it stays where it is"
    );
    assert_eq!(state(&other).0, other_truth);
}

/// A copy that is damaged in the same place, a stranger's file under the right name and a link bring nothing in; the
/// second copy does.
#[test]
fn nothing_is_put_back_that_is_not_proven() {
    let fixture = Fixture::new();
    let good = copy_of(&fixture);
    let bad = copy_of(&fixture);
    let (before, _) = state(&fixture);
    for path in before.keys() {
        if path.starts_with("local/") || path == "refs/witness" || path == "format" {
            continue;
        }
        let there = bad.path().join(".holotype").join(path);
        fs::write(&there, "of a stranger").unwrap();
        fs::remove_file(fixture.path(path)).unwrap();
        if path != "repository.json" {
            let report = repaired(&fixture, &[bad.path().to_owned()], false);
            assert!(report.restored.is_empty(), "{path}: {:?}", report.restored);
            fs::remove_file(&there).unwrap();
            std::os::unix::fs::symlink(good.path().join(".holotype").join(path), &there).unwrap();
            let report = repaired(&fixture, &[bad.path().to_owned()], false);
            assert!(report.restored.is_empty(), "{path}: {:?}", report.restored);
        }
        let both = [bad.path().to_owned(), good.path().to_owned()];
        let report = repaired(&fixture, &both, false);
        assert!(report.after.ok(), "{path}: {:#?}", report.after.findings);
        assert_eq!(state(&fixture).0, before, "{path}");
    }
}

/// A slot that is sound and another one than was witnessed is replaced by the witnessed one, and kept aside.
#[test]
fn a_slot_of_another_history_gives_way_to_the_witnessed_one() {
    let fixture = Fixture::new();
    let copy = copy_of(&fixture);
    let slot = "refs/heads/main/0000000002";
    let whole = fs::read(fixture.path(slot)).unwrap();
    let twin = copy_of(&fixture);
    let inner = twin.path().join(".holotype");
    fs::remove_file(inner.join(slot)).unwrap();
    fs::remove_file(inner.join("refs/tags/v1")).unwrap();
    let witness = fs::read_to_string(inner.join("refs/witness")).unwrap();
    let kept: Vec<&str> = witness.lines().take(2).collect();
    fs::write(inner.join("refs/witness"), format!("{}\n", kept.join("\n"))).unwrap();
    fs::remove_dir_all(inner.join("draft")).unwrap();
    fs::remove_dir_all(inner.join("derived")).unwrap();
    let repo = holotype::repo::Repo::open(
        Arc::new(RealVfs),
        twin.path(),
        Surroundings {
            now: Timestamp::from_unix_ms(1_790_000_000_000).unwrap(),
            seed: None,
        },
    )
    .unwrap();
    fixture.commit(
        &repo,
        &repo.context(fixture.author),
        vec![fixture::annotate("b.tiff", 1.0, None)],
    );
    fs::copy(inner.join(slot), fixture.path(slot)).unwrap();
    let report = repaired(&fixture, &[copy.path().to_owned()], false);
    assert_eq!(fs::read(fixture.path(slot)).unwrap(), whole, "{report:#?}");
    assert!(!report.after.is_damaged(), "{:#?}", report.after.findings);
    assert_eq!(files_below(&fixture.path("quarantine")).len(), 1);
}

/// A repository with two images and a release that has them.
fn released() -> (Lab, PathBuf) {
    let lab = Lab::new();
    lab.describe();
    lab.write("images/a.png", b"bytes of a");
    lab.write("images/b.png", b"bytes of b");
    lab.ok(&["add", "images"]);
    let line = json!({
        "command": "annotate", "image": "a.png", "geometry": {"type": "point", "x": 1, "y": 2}, "label": "cell",
        "annotator": "Eva",
    });
    assert_eq!(
        lab.feed(&["record", "-", "--create"], &line.to_string()).status,
        0
    );
    lab.commit("first");
    let told = lab.json(&["release", "1.0.0", "--with-images", "--out", "out"]);
    let path = lab.path().join(lab::text(&told["path"]));
    (lab, path)
}

#[test]
fn a_release_brings_back_history_and_images() {
    let (lab, release) = released();
    let before = lab.truth();
    for folder in ["objects", "blobs", "refs/heads/main"] {
        fs::remove_dir_all(lab.path().join(".holotype").join(folder)).unwrap();
    }
    assert_eq!(lab.run(&["verify"]).status, 1);
    let line = lab.run(&["status"]);
    assert_eq!(line.status, 5);
    assert!(line.stderr.contains("holotype repair --from"), "{}", line.stderr);
    let from = release.to_str().unwrap();
    let would = lab.run(&["repair", "--from", from, "--dry-run", "--json"]);
    assert_eq!((would.status, &would.json()["dry_run"]), (1, &json!(true)));
    let told = lab.json(&["repair", "--from", from]);
    assert_eq!(
        (&told["schema"], &told["ok"]),
        (&json!("holotype/repair/1"), &json!(true))
    );
    assert!(told["restored"].as_array().unwrap().len() >= 5, "{told}");
    assert_eq!(lab.truth(), before);
    lab.ok(&["verify", "--replay"]);
}

/// The folder that images came from is a copy of them, under whatever name.
#[test]
fn the_folder_of_the_originals_brings_back_an_image() {
    let (lab, _) = released();
    let before = lab.truth();
    fs::remove_dir_all(lab.path().join(".holotype/blobs")).unwrap();
    fs::rename(lab.path().join("images/a.png"), lab.path().join("images/renamed")).unwrap();
    let told = lab.json(&["repair", "--from", "images"]);
    assert_eq!(told["ok"], true, "{told}");
    assert_eq!(lab.truth(), before);
}

#[test]
fn what_was_erased_is_not_brought_back() {
    let (lab, release) = released();
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&lab.path().join(".holotype"), &copy.path().join(".holotype"));
    lab.ok(&["erase", "a.png", "--reason", "consent withdrawn", "--yes"]);
    fs::remove_dir_all(lab.path().join(".holotype/objects")).unwrap();
    for path in files_below(&lab.path().join(".holotype/blobs")) {
        if !path.ends_with(".erased") {
            fs::remove_file(lab.path().join(".holotype/blobs").join(path)).unwrap();
        }
    }
    let (first, second) = (copy.path().to_str().unwrap(), release.to_str().unwrap());
    let ran = lab.run(&["repair", "--from", first, "--from", second]);
    assert_eq!(ran.status, 1, "the erasure is in no copy: {ran:?}");
    let holds = |name: &PathBuf| fs::read(name).unwrap() == b"bytes of a";
    assert!(!lab.truth().keys().any(holds));
    assert!(lab.truth().values().any(|bytes| bytes == b"bytes of b"));
}

#[test]
fn a_folder_that_is_not_there_and_a_sound_repository_are_told() {
    let (lab, _) = released();
    let before = lab.truth();
    lab.run(&["repair", "--from", "nowhere"]).refused(3);
    let told = lab.json(&["repair"]);
    assert_eq!((&told["ok"], &told["restored"]), (&json!(true), &json!([])));
    assert_eq!(lab.truth(), before);
    let bare = Lab::bare("2026-01-02");
    bare.run(&["repair"]).refused(3);
}
