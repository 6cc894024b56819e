//! Frozen repositories of each format must open, replay and be read for ever.
//!
//! `tests/compat/format-1/` was written by `HOLOTYPE_REGENERATE_COMPAT=1 cargo test --test compat frozen_repositories_open`, with fixed time
//! and seed, and without `derived/` and `tmp/`; `expected.json` there holds what must come out. Once the format is
//! released, a folder is never written again: a new format gets a folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics, in its helpers too"
)]

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{copy_folder, example, random};
use holotype::codec::{Record, from_canonical};
use holotype::event::{Context, Event, State};
use holotype::log::first_parents;
use holotype::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, ImageRecord, Key, LabelRecord,
    OverrideRecord, RatingRecord, RuleRecord, ScreeningRecord, SlideRecord, SourceIdRecord, SplitRecord,
};
use holotype::replay::replay_all;
use holotype::repo::{Repo, Version};
use holotype::store::{RealVfs, WitnessState};
use holotype::tree::MemoryNodes;
use serde_json::{Value, json};

const FOLDERS: [&str; 2] = ["every-kind", "many"];

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/format-1")
}

fn open(dir: &Path) -> Repo {
    Repo::open(Arc::new(RealVfs), dir, common::around(1000)).unwrap()
}

/// Decodes a record as what its key says, and returns the name of its format.
fn decode(key: &Key, bytes: &[u8]) -> &'static str {
    fn check<R: Record>(bytes: &[u8]) -> &'static str {
        from_canonical::<R>(bytes).expect("the record is read");
        R::FORMAT
    }
    match key.kind().expect("the key is known") {
        EntityKind::Dataset => check::<DatasetRecord>(bytes),
        EntityKind::Rule => check::<RuleRecord>(bytes),
        EntityKind::Case => check::<CaseRecord>(bytes),
        EntityKind::Slide => check::<SlideRecord>(bytes),
        EntityKind::Image => check::<ImageRecord>(bytes),
        EntityKind::Annotator => check::<AnnotatorRecord>(bytes),
        EntityKind::Label => check::<LabelRecord>(bytes),
        EntityKind::Annotation => check::<AnnotationRecord>(bytes),
        EntityKind::Rating => check::<RatingRecord>(bytes),
        EntityKind::Override => check::<OverrideRecord>(bytes),
        EntityKind::SourceId => check::<SourceIdRecord>(bytes),
        EntityKind::Screening => check::<ScreeningRecord>(bytes),
        EntityKind::Split => check::<SplitRecord>(bytes),
    }
}

fn records(version: &Version) -> std::collections::BTreeMap<&'static str, u64> {
    let mut counts = std::collections::BTreeMap::new();
    version
        .scan(&[], &mut |key, bytes| {
            let key = Key::from_bytes(key).expect("a key");
            *counts.entry(decode(&key, bytes)).or_default() += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    counts
}

/// Replays every commit and tells what the repository holds.
fn describe(repo: &Repo) -> Value {
    let head = repo.head_version().unwrap();
    let mut commits = Vec::new();
    for commit in first_parents(repo.store(), head.id()) {
        let (id, commit) = commit.unwrap();
        let replayed = replay_all(repo.store(), id, &mut MemoryNodes::default()).unwrap();
        assert_eq!(
            replayed.root(),
            commit.root,
            "commit {id} replays to another root"
        );
        commits.push(id.to_string());
    }
    json!({
        "commits": commits,
        "head": head.id().map(|id| id.to_string()),
        "records": records(&head),
        "snapshot": head.snapshot().unwrap().to_string(),
    })
}

fn regenerate() {
    let _ = std::fs::remove_dir_all(frozen());
    let mut expected = serde_json::Map::new();
    for name in FOLDERS {
        let dir = tempfile::tempdir().unwrap();
        match name {
            "every-kind" => drop(example::build(dir.path())),
            _ => drop(random::build(dir.path(), 240)),
        }
        expected.insert(name.to_owned(), describe(&open(dir.path())));
        for left_out in ["derived", "tmp"] {
            std::fs::remove_dir_all(dir.path().join(".holotype").join(left_out)).unwrap();
        }
        copy_folder(dir.path(), &frozen().join(name));
    }
    let text = serde_json::to_string_pretty(&expected).unwrap() + "\n";
    std::fs::write(frozen().join("expected.json"), text).unwrap();
}

/// Copies a folder as git would: without those in it that are empty.
fn copy_as_git(from: &Path, to: &Path) {
    copy_folder(from, to);
    remove_empty(to);
}

fn remove_empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remove_empty(&path);
            // It fails for folders that are not empty, which stay.
            let _ = std::fs::remove_dir(&path);
        }
    }
}

#[test]
fn frozen_repositories_open_replay_and_are_read() {
    if std::env::var_os("HOLOTYPE_REGENERATE_COMPAT").is_some_and(|value| value == "1") {
        regenerate();
    }
    let text = std::fs::read_to_string(frozen().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    for name in FOLDERS {
        let dir = tempfile::tempdir().unwrap();
        copy_as_git(&frozen().join(name), dir.path());
        let repo = open(dir.path());
        assert_eq!(describe(&repo), expected[name], "{name}");
        assert_eq!(
            repo.store().check_witness().unwrap(),
            WitnessState::default(),
            "{name}"
        );
    }
}

#[test]
fn frozen_repositories_are_written_to_without_their_empty_folders() {
    let dir = tempfile::tempdir().unwrap();
    copy_as_git(&frozen().join("many"), dir.path());
    for lost in ["derived", "draft", "tmp", "refs/tags", "local/paths"] {
        assert!(
            !dir.path().join(".holotype").join(lost).exists(),
            "{lost} is there"
        );
    }
    let repo = open(dir.path());
    let person = repo.author(None).unwrap();
    let before = repo.head().unwrap();
    let context: Context = repo.context(person);
    let ((), events) = repo
        .draft_with(|transaction| {
            let name = "new.png".to_owned();
            let command = holotype::event::Command::DeclareImage {
                name,
                facts: Default::default(),
            };
            let events = transaction.must(&context, command)?;
            assert!(matches!(events.as_slice(), [Event::ImageDeclared { .. }]));
            Ok(())
        })
        .unwrap();
    assert_eq!(events, 1);
    let sealing = holotype::repo::Sealing {
        author: person,
        message: "Go on".to_owned(),
    };
    let committed = repo.commit_draft(&sealing).unwrap();
    assert_eq!(committed.commit.first_parent(), before);
    repo.tag("v1", committed.id, person, "").unwrap();
    assert_eq!(open(dir.path()).head().unwrap(), Some(committed.id));
}
