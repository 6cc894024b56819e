//! T: a repository that somebody has changed, with right hashes or without.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::bench::{AUTHOR, fill, object_with, point, release, repository, tells, verified};
use crate::lab::{Lab, text};
use crate::tree::copy_tree;

/// The path of a file below `.holotype`, as messages name it.
fn below(lab: &Lab, path: &Path) -> String {
    let root = lab.path().join(".holotype");
    path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn t07_an_event_that_is_dropped_repeated_or_moved_is_found() {
    let lab = repository();
    let path = object_with(&lab, "\"x\":4");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert!(lines.len() > 4);
    let last = lines.len() - 1;
    let mut dropped = lines.clone();
    dropped.remove(last);
    let mut repeated = lines.clone();
    repeated.push(lines[last]);
    let mut moved = lines.clone();
    moved.swap(last - 1, last);
    for (what, changed) in [("dropped", dropped), ("repeated", repeated), ("moved", moved)] {
        fs::write(&path, changed.concat()).unwrap();
        let object = below(&lab, &path);
        assert!(tells(&lab, "HT-E001", &object), "{what}");
        fs::remove_dir_all(lab.path().join(".holotype/derived")).unwrap();
        let line = lab.run(&["list", "annotations"]).refused(5).to_owned();
        assert!(line.contains(&object), "{what}: {line}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(verified(&lab), (0, vec![]));
}

/// The branch is set back to its first slot. The witness tells; and where it was set back as well, the release tells.
#[test]
fn t08_a_branch_that_is_set_back_is_found_by_the_witness_or_by_a_release() {
    let lab = repository();
    let (folder, _) = release(&lab, &["1.0.0"]);
    let slot = lab.path().join(".holotype/refs/heads/main/0000000002");
    fs::remove_file(&slot).unwrap();
    assert!(tells(&lab, "HT-E012", "refs/heads/main/0000000002"));
    let line = lab.run(&["status"]).refused(5).to_owned();
    assert!(line.contains("refs/heads/main/0000000002"), "{line}");
    let witness = lab.path().join(".holotype/refs/witness");
    let seen = fs::read_to_string(&witness).unwrap();
    let kept: Vec<&str> = seen
        .lines()
        .filter(|line| !line.contains("\"seq\":2") && !line.contains("1.0.0"))
        .collect();
    fs::write(&witness, format!("{}\n", kept.join("\n"))).unwrap();
    for entry in fs::read_dir(lab.path().join(".holotype/refs/tags")).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("v1") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_dir_all(lab.path().join(".holotype/derived")).unwrap();
    assert_eq!(verified(&lab).0, 0, "a whole older copy looks sound by itself");
    let ran = lab.run(&["release", "--check", folder.to_str().unwrap()]);
    assert_ne!(ran.status, 0, "{ran:?}");
}

/// Every hash is right, and an early commit says something else: only what was cited or released tells.
#[test]
fn t09_a_history_that_is_written_anew_is_found_by_what_was_cited() {
    let (honest, forged) = (
        Lab::seeded("2026-01-02", '5', AUTHOR),
        Lab::seeded("2026-01-02", '5', AUTHOR),
    );
    fill(&honest, "second");
    forged.write("images/c.png", b"a commit before all others");
    forged.ok(&["add", "images"]);
    forged.commit("first of all");
    fs::remove_file(forged.path().join("images/c.png")).unwrap();
    fill(&forged, "second");
    let (own, cited) = release(&honest, &["1.0.0"]);
    let (folder, _) = release(&forged, &["1.0.0"]);
    assert_eq!(verified(&forged), (0, vec![]), "by itself it is sound");
    let folder = folder.to_str().unwrap();
    assert_eq!(forged.run(&["verify", "--release", folder]).status, 0);
    let ran = forged.run(&["verify", "--release", folder, "--cited", &cited]);
    assert_eq!(ran.status, 1, "{ran:?}");
    let own = own.to_str().unwrap();
    assert_eq!(
        honest
            .run(&["verify", "--release", own, "--cited", &cited])
            .status,
        0
    );
}

#[test]
fn t10_a_slot_of_another_history_of_the_same_length_is_found() {
    let lab = Lab::seeded("2026-01-02", '5', AUTHOR);
    fill(&lab, "second");
    let other = Lab::seeded("2026-01-02", '6', AUTHOR);
    fill(&other, "another second");
    let slot = ".holotype/refs/heads/main/0000000002";
    copy_tree(
        &other.path().join(".holotype/objects"),
        &lab.path().join(".holotype/objects"),
    );
    fs::copy(other.path().join(slot), lab.path().join(slot)).unwrap();
    assert!(tells(&lab, "HT-E010", "refs/heads/main/0000000002"));
    assert!(tells(&lab, "HT-E012", "refs/heads/main/0000000002"));
}

#[test]
fn t11_a_tag_that_is_moved_is_found() {
    let lab = repository();
    let twin = Lab::bare("2026-01-02");
    copy_tree(&lab.path().join(".holotype"), &twin.path().join(".holotype"));
    fs::remove_file(twin.path().join(".holotype/refs/tags/v1")).unwrap();
    let witness = twin.path().join(".holotype/refs/witness");
    let seen = fs::read_to_string(&witness).unwrap();
    let kept: Vec<&str> = seen.lines().filter(|line| !line.contains("v1")).collect();
    fs::write(&witness, format!("{}\n", kept.join("\n"))).unwrap();
    twin.ok(&["tag", "v1", "HEAD", "-m", "moved"]);
    let tag = ".holotype/refs/tags/v1";
    fs::copy(twin.path().join(tag), lab.path().join(tag)).unwrap();
    assert!(tells(&lab, "HT-E012", "refs/tags/v1"));
}

/// A repository of a stranger has no hooks and no settings that anything is read from.
#[test]
fn t15_hooks_and_settings_of_a_stranger_are_never_run_or_read() {
    let lab = repository();
    let ran_file = lab.path().join("ran");
    for name in ["pre-commit", "post-commit", "post-checkout"] {
        let path = lab.write(
            &format!(".holotype/hooks/{name}"),
            format!("#!/bin/sh\ntouch '{}'\n", ran_file.display()),
        );
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    lab.write(
        ".holotype/config",
        "[core]\nhooksPath = hooks\n[remote \"origin\"]\nurl = http://192.0.2.1/\n",
    );
    lab.write(".holotype/local/remote.json", "{\"url\": \"http://192.0.2.1/\"}");
    assert_eq!(lab.record(&[point("a.png", 40)]).status, 0);
    lab.commit("with hooks");
    lab.ok(&["checkout", "HEAD", "copy"]);
    assert!(!ran_file.exists());
    let (status, found) = verified(&lab);
    let strays: Vec<&str> = found.iter().map(|(_, object)| object.as_str()).collect();
    assert_eq!(
        (status, strays),
        (1, vec!["config", "hooks", "local/remote.json"])
    );
}

/// Links in a repository of a stranger lead nowhere: nothing outside is written, emptied or removed.
#[test]
fn t15_links_within_a_repository_are_not_written_through() {
    let places = [
        "derived",
        "tmp",
        "objects",
        "blobs",
        "private",
        "draft",
        "local",
        "refs/heads/main",
        "refs/tags",
        "derived/nodes",
        "derived/index",
    ];
    for place in places {
        let lab = repository();
        let outside = tempfile::tempdir().unwrap();
        let here = lab.path().join(".holotype").join(place);
        if here.is_dir() {
            copy_tree(&here, outside.path());
            fs::remove_dir_all(&here).unwrap();
        }
        fs::write(outside.path().join("precious"), "mine").unwrap();
        let kept = crate::bench::files(outside.path());
        symlink(outside.path(), &here).unwrap();
        lab.write("images/new.png", b"new bytes");
        lab.write("one.jsonl", point("a.png", 41).to_string());
        for arguments in [
            &["record", "one.jsonl", "--commit", "x"][..],
            &["add", "images"],
            &["commit", "-m", "y"],
            &["tag", "v2", "-m", "z"],
            &["set", "author", "Ben <ben@example.org>"],
            &["gc", "--grace", "0"],
            &["index", "rebuild"],
            &["discard", "--yes"],
        ] {
            let ran = lab.run(arguments);
            assert!(
                !ran.stderr.contains("panicked"),
                "{place} {arguments:?}: {}",
                ran.stderr
            );
        }
        assert_eq!(crate::bench::files(outside.path()), kept, "{place}");
    }
}

#[test]
fn t15_files_that_are_links_are_not_written_through() {
    for place in ["refs/witness", "draft/main.jsonl"] {
        let lab = repository();
        assert_eq!(lab.record(&[point("a.png", 42)]).status, 0);
        let outside = tempfile::tempdir().unwrap();
        let (here, there) = (
            lab.path().join(".holotype").join(place),
            outside.path().join("mine"),
        );
        fs::rename(&here, &there).unwrap();
        symlink(&there, &here).unwrap();
        let before = fs::read(&there).unwrap();
        let draft = lab.record(&[point("a.png", 43)]);
        lab.run(&["commit", "-m", "x"]);
        assert_eq!(fs::read(&there).unwrap(), before, "{place}: {draft:?}");
        assert_eq!(lab.run(&["verify"]).status, 1, "{place}");
    }
}

/// Locks and temporary files of dead processes stop nobody.
#[test]
fn t16_what_dead_processes_left_stops_nobody() {
    let lab = repository();
    for name in [
        "tmp/0000000000000001-0",
        "refs/heads/main.lock",
        "index.lock",
        "lock",
    ] {
        lab.write(&format!(".holotype/{name}"), b"left");
    }
    assert_eq!(lab.record(&[point("a.png", 44)]).status, 0);
    lab.commit("all the same");
    assert_eq!(lab.json(&["status"])["counts"]["annotations"], 6);
}

/// Ids in another spelling or of another kind name nothing.
#[test]
fn t17_ids_are_named_in_one_way() {
    let lab = repository();
    let head = text(&lab.json(&["status"])["head"]);
    assert_eq!(lab.json(&["show", &head])["commit"], head);
    for other in [
        head.to_uppercase(),
        format!("b3:{head}"),
        format!("blake3:{head}"),
        format!("{head}0"),
    ] {
        let before = lab.truth();
        lab.run(&["show", &other]).refused(3);
        assert_eq!(lab.truth(), before);
    }
}
