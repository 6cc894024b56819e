//! Erasure: the bytes and names are nowhere any more, every hash still checks out, and what is gone reads "erased".

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const NAME: &str = "Dr. Zyxwvut Planted";
const AUTHOR: &str = "Qwertz Author <qwertz@planted.example>";
const BYTES: &[u8] = b"\x89PNG planted image bytes that must vanish 0123456789";

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .current_dir(dir)
        .env("HOLOTYPE_AUTHOR", "Steward <steward@example.org>")
        .env("HOLOTYPE_NOW", "2026-11-23T10:00:00Z")
        .env_remove("HOLOTYPE_SEED")
        .output()
        .unwrap()
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = run(dir, &[arguments, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The files below the repository that hold these bytes.
fn holders(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, needle));
        } else if fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|window| window == needle)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    json(dir.path(), &["init", "--name", "erase", "--author", AUTHOR]);
    fs::create_dir(dir.path().join("images")).unwrap();
    fs::write(dir.path().join("images/a.png"), BYTES).unwrap();
    fs::write(dir.path().join("images/b.png"), b"other bytes that stay").unwrap();
    json(dir.path(), &["add", "images"]);
    let line = format!(
        r#"{{"command":"annotate","image":"a.png","geometry":{{"type":"point","x":1,"y":2}},"label":"cell","annotator":"{NAME}"}}"#
    );
    fs::write(dir.path().join("commands.jsonl"), line).unwrap();
    json(dir.path(), &["record", "commands.jsonl", "--create"]);
    json(dir.path(), &["commit", "-m", "one point"]);
    fs::remove_file(dir.path().join("commands.jsonl")).unwrap();
    fs::remove_dir_all(dir.path().join("images")).unwrap();
    dir
}

#[test]
fn a_person_is_forgotten() {
    let dir = repository();
    let store = dir.path().join(".holotype");
    assert!(!holders(&store, NAME.as_bytes()).is_empty());
    let before = json(dir.path(), &["log"]);
    let refused = run(dir.path(), &["erase", NAME, "--reason", "asked for it"]);
    assert_eq!(refused.status.code(), Some(3), "it asks");
    json(dir.path(), &["erase", NAME, "--reason", "asked for it", "--yes"]);
    assert_eq!(holders(&store, NAME.as_bytes()), [""; 0]);
    let annotators = json(dir.path(), &["list", "annotators"]);
    assert_eq!(
        (&annotators["code"], &annotators["name"]),
        (&Value::from("human-1"), &Value::Null)
    );
    let after = json(dir.path(), &["log"]);
    assert_eq!(after["commits"][1], before["commits"][0], "what was is as it was");
    let verified = json(dir.path(), &["verify", "--replay"]);
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn an_author_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join(".holotype");
    json(dir.path(), &["init", "--name", "erase", "--author", AUTHOR]);
    let set = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(["set", "dataset", "licence=CC0"])
        .current_dir(dir.path())
        .env_remove("HOLOTYPE_AUTHOR")
        .status()
        .unwrap();
    assert!(set.success());
    json(dir.path(), &["commit", "-m", "licence"]);
    json(
        dir.path(),
        &["erase", "Qwertz Author", "--reason", "left", "--yes"],
    );
    assert_eq!(holders(&store, b"Qwertz"), [""; 0]);
    assert_eq!(holders(&store, b"planted.example"), [""; 0]);
    let events = run(dir.path(), &["log", "--events", "--json"]).stdout;
    assert!(
        String::from_utf8(events)
            .unwrap()
            .contains("erased on 2026-11-23")
    );
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
}

#[test]
fn bytes_of_an_image_are_gone() {
    let dir = repository();
    let store = dir.path().join(".holotype");
    json(dir.path(), &["tag", "before", "-m", "x"]);
    let snapshot = json(dir.path(), &["show", "before"])["snapshot"].clone();
    assert_eq!(holders(&store, BYTES).len(), 1);
    json(
        dir.path(),
        &["erase", "a.png", "--reason", "consent withdrawn", "--yes"],
    );
    assert_eq!(holders(&store, BYTES), [""; 0]);
    assert_eq!(holders(&store, b"other bytes that stay").len(), 1);
    assert_eq!(json(dir.path(), &["show", "before"])["snapshot"], snapshot);
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
    json(dir.path(), &["checkout", "HEAD", "copy"]);
    assert!(!dir.path().join("copy/a.png").exists());
    assert!(dir.path().join("copy/b.png").exists());
    let again = json(dir.path(), &["erase", "a.png", "--reason", "again", "--yes"]);
    assert_eq!(
        again["commit"],
        Value::Null,
        "the second time nothing is left to say"
    );
}

#[test]
fn nothing_is_erased_while_a_draft_waits_or_by_a_wrong_name() {
    let dir = repository();
    json(dir.path(), &["set", "dataset", "licence=CC0"]);
    assert_eq!(
        run(dir.path(), &["erase", "a.png", "--reason", "x", "--yes"])
            .status
            .code(),
        Some(3)
    );
    json(dir.path(), &["discard", "--yes"]);
    assert_eq!(
        run(dir.path(), &["erase", "nobody", "--reason", "x", "--yes"])
            .status
            .code(),
        Some(3)
    );
    assert_eq!(holders(&dir.path().join(".holotype"), BYTES).len(), 1);
}
