//! The reader in Python, which shares no line with Holotype, must agree in everything with the library about
//! repositories of many kinds, and must notice a flipped byte in any file.
//!
//! `HOLOTYPE_PYTHON` names the interpreter (`python3` where it is unset). Without the wheel `blake3` the tests say
//! so and pass, unless `HOLOTYPE_REQUIRE_TOOLS=1`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, in its helpers too"
)]

mod common;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use common::{Author, example, random};
use holotype::event::{State, scan_records};
use holotype::model::{AnnotationRecord, EntityKind, Key, LabelRecord};
use holotype::repo::Repo;
use serde_json::{Value, json};

/// The interpreter, where it has what the reader needs.
fn python() -> Option<OsString> {
    let python = std::env::var_os("HOLOTYPE_PYTHON").unwrap_or_else(|| "python3".into());
    let has_blake3 = Process::new(&python)
        .args(["-c", "import blake3"])
        .output()
        .is_ok_and(|output| output.status.success());
    if has_blake3 {
        return Some(python);
    }
    let required = std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(
        !required,
        "HOLOTYPE_REQUIRE_TOOLS=1, and there is no python with blake3"
    );
    println!("skipped: no python with blake3");
    None
}

/// Runs the reader; returns its exit code and what it says.
fn read(python: &OsString, dir: &Path) -> (i32, Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/read_repository.py");
    let output = Process::new(python)
        .arg(script)
        .arg(dir)
        .arg("--json")
        .output()
        .expect("the reader starts");
    let said = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap_or(-1), said)
}

/// What the library says in the reader's form.
fn expected(repo: &Repo) -> Value {
    let version = repo.head_version().expect("a version");
    let (mut commits, mut events) = (0, 0);
    for commit in holotype::log::first_parents(repo.store(), version.id()) {
        commits += 1;
        events += commit.expect("a commit").1.events();
    }
    json!({
        "commits": commits,
        "events": events,
        "counts": version.counts().expect("counts"),
        "labels": labels(&version),
        "head": version.id().map(|id| id.to_string()),
        "snapshot": version.snapshot().expect("a snapshot").to_string(),
        "problems": [],
    })
}

fn labels(state: &dyn State) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Annotation),
        |_, record: AnnotationRecord| {
            if let Some(label) = record.label {
                *counts.entry(label).or_default() += 1;
            }
            std::ops::ControlFlow::Continue(())
        },
    )
    .expect("the state is read");
    counts
        .into_iter()
        .map(|(label, count)| {
            let record: Option<LabelRecord> =
                holotype::event::read(state, &Key::label(label)).expect("the state is read");
            (record.expect("the label is defined").name, count)
        })
        .collect()
}

#[test]
fn an_empty_repository_is_read() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let author = Author::begin(dir.path(), "empty");
    assert_eq!(read(&python, dir.path()), (0, expected(&author.repo)));
}

#[test]
fn every_kind_of_event_is_replayed() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    example::build(dir.path());
    let repo = Repo::open(
        std::sync::Arc::new(holotype::store::RealVfs),
        dir.path(),
        common::around(9),
    )
    .unwrap();
    assert_eq!(read(&python, dir.path()), (0, expected(&repo)));
}

#[test]
fn thousands_of_annotations_are_replayed() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let author = random::build(dir.path(), 3000);
    let said = expected(&author.repo);
    assert!(said["counts"]["annotations"].as_u64() > Some(2500), "{said}");
    assert_eq!(read(&python, dir.path()), (0, said));
}

#[test]
fn frozen_repositories_are_read() {
    let Some(python) = python() else { return };
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/format-1");
    for name in ["every-kind", "many"] {
        let (code, said) = read(&python, &frozen.join(name));
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn wrong_use_is_told_from_problems() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/read_repository.py");
    for arguments in [vec![], vec![dir.path().as_os_str()]] {
        let output = Process::new(&python)
            .arg(&script)
            .args(&arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// All files of a repository but those that are derived.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "derived" && name != "tmp" {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

#[test]
fn a_flipped_byte_in_any_file_is_noticed() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    example::build(dir.path());
    let mut all = Vec::new();
    files(&dir.path().join(".holotype"), &mut all);
    assert!(all.len() > 20, "{all:?}");
    for (number, path) in all.iter().enumerate() {
        let bytes = std::fs::read(path).unwrap();
        let mut damaged = bytes.clone();
        let at = (number * 37) % bytes.len();
        damaged[at] ^= 1;
        std::fs::write(path, &damaged).unwrap();
        let (code, said) = read(&python, dir.path());
        assert_eq!(code, 1, "byte {at} of {}: {said}", path.display());
        std::fs::write(path, &bytes).unwrap();
    }
    assert_eq!(read(&python, dir.path()).0, 0, "all is as before");
}

#[test]
fn a_removed_slot_is_noticed() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    example::build(dir.path());
    std::fs::remove_file(dir.path().join(".holotype/refs/heads/main/0000000004")).unwrap();
    let (code, said) = read(&python, dir.path());
    assert_eq!(code, 1, "{said}");
    assert!(
        said["problems"][0]
            .as_str()
            .is_some_and(|text| text.contains("removed")),
        "{said}"
    );
}

#[test]
fn a_line_of_the_witness_that_a_loss_of_power_tore_is_no_problem() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    example::build(dir.path());
    let path = dir.path().join(".holotype/refs/witness");
    let whole = std::fs::read(&path).unwrap();
    let begins: Vec<usize> = (1..whole.len()).filter(|at| whole[at - 1] == b'\n').collect();
    let read_with = |zeros: std::ops::Range<usize>| {
        let mut torn = whole.clone();
        torn[zeros].fill(0);
        std::fs::write(&path, torn).unwrap();
        read(&python, dir.path())
    };
    for kept in [0, 1, 64, 70, 120] {
        assert_eq!(
            read_with(begins[1] + kept..begins[2]).0,
            0,
            "{kept} bytes are kept"
        );
        assert_eq!(
            read_with(begins[1] + kept..begins[3]).0,
            0,
            "{kept} bytes are kept"
        );
    }
    assert_eq!(read_with(512..begins[4]).0, 0);
    for zeros in [
        begins[1]..begins[1] + 1,
        begins[1] + 20..begins[1] + 90,
        40..begins[0],
    ] {
        assert_eq!(read_with(zeros.clone()).0, 1, "{zeros:?}");
    }
}
