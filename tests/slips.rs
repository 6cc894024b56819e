//! A new user's slips: each exits with the contract's code, one line and a hint, and changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn holotype(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .current_dir(dir)
        .env("HOLOTYPE_NOW", "2026-11-23T10:00:00Z")
        .env("HOLOTYPE_AUTHOR", "Ada <ada@example.org>")
        .env_remove("HOLOTYPE_SEED")
        .output()
        .unwrap()
}

/// A repository with one declared image and one annotation.
fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let ok = |arguments: &[&str]| {
        let output = holotype(dir.path(), arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    ok(&["init", "--name", "slips"]);
    let lines = concat!(
        r#"{"command":"declare","image":"001.tiff"}"#,
        "\n",
        r#"{"command":"annotate","image":"001.tiff","geometry":{"type":"point","x":1,"y":2},"label":"cell","annotator":"Ben"}"#,
        "\n"
    );
    fs::write(dir.path().join("commands.jsonl"), lines).unwrap();
    ok(&["record", "commands.jsonl", "--create", "--commit", "one point"]);
    ok(&["tag", "v1", "-m", "first"]);
    fs::create_dir(dir.path().join("empty")).unwrap();
    fs::write(dir.path().join("notes.txt"), "no annotations").unwrap();
    dir
}

/// All files of the repository but what is derived, with their bytes.
fn truth(dir: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(path: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() && !name.ends_with("/derived") && !name.ends_with("/tmp") {
                walk(&path, found);
            } else if path.is_file() {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&dir.join(".holotype"), &mut found);
    found.sort();
    found
}

/// Expects an exit code and exactly this on stderr, nothing on stdout, and an unchanged repository.
fn check_slip(arguments: &[&str], code: i32, stderr: &str) {
    let dir = repository();
    let before = truth(dir.path());
    let output = holotype(dir.path(), arguments);
    let text = String::from_utf8(output.stderr)
        .unwrap()
        .replace(&dir.path().canonicalize().unwrap().display().to_string(), "DIR");
    let text = text.replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(text, stderr, "{arguments:?}");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{arguments:?}");
    assert_eq!(truth(dir.path()), before, "{arguments:?} changed something");
}

#[test]
fn no_repository_here() {
    let dir = tempfile::tempdir().unwrap();
    let output = holotype(dir.path(), &["status"]);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: there is no Holotype repository in "),
        "{text}"
    );
    assert!(
        text.ends_with("Hint: make one here: holotype init --name NAME (or go to it with -C DIR)\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn unknown_command() {
    check_slip(
        &["shwo"],
        2,
        "error: unrecognized subcommand 'shwo'\nHint: a similar subcommand exists: 'show'; see holotype --help\n",
    );
}

#[test]
fn misspelt_revision() {
    check_slip(
        &["log", "HEDA"],
        3,
        "error: there is no revision 'HEDA'\nHint: did you mean 'HEAD'?\n",
    );
}

#[test]
fn missing_file() {
    check_slip(
        &["import", "labels.json"],
        3,
        "error: there is no file labels.json\nHint: check the path; nothing was changed\n",
    );
}

#[test]
fn wrong_format() {
    check_slip(
        &["import", "notes.txt"],
        3,
        "error: notes.txt is in no format that is known\n\
         Hint: name it with --format F; holotype import --help lists the formats; nothing was changed\n",
    );
}

#[test]
fn nothing_to_commit() {
    check_slip(
        &["commit", "-m", "x"],
        3,
        "error: there is nothing to commit\nHint: record something first: holotype add, import or record; see holotype status\n",
    );
}

#[test]
fn tag_exists() {
    let dir = repository();
    let output = holotype(dir.path(), &["tag", "v1", "-m", "again"]);
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: the tag 'v1' exists already, on commit "),
        "{text}"
    );
    assert!(
        text.ends_with("Hint: tags never move; choose another name\n"),
        "{text}"
    );
}

#[test]
fn empty_folder() {
    check_slip(
        &["add", "empty"],
        3,
        "error: the folder empty holds no images\nHint: give a folder with image files, or the files themselves\n",
    );
}

#[test]
fn a_folder_for_a_file() {
    check_slip(
        &["record", "empty"],
        3,
        "error: empty is a folder\nHint: give a file; nothing was changed\n",
    );
}

#[test]
fn an_unknown_annotator() {
    let dir = repository();
    let rows = holotype(dir.path(), &["list", "annotations", "--json"]);
    let row: serde_json::Value = serde_json::from_slice(&rows.stdout).unwrap();
    let id = row["id"].as_str().unwrap();
    let line = format!(r#"{{"command":"rate","annotation":"{id}","label":"cell","annotator":"Cleo"}}"#);
    fs::write(dir.path().join("rate.jsonl"), line).unwrap();
    let output = holotype(dir.path(), &["record", "rate.jsonl"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: rate.jsonl, line 1: there is no annotator 'Cleo'\n\
         Hint: nothing was recorded; --create adds labels and annotators that are not known\n"
    );
}

#[test]
fn nobody_is_named() {
    let dir = tempfile::tempdir().unwrap();
    assert!(holotype(dir.path(), &["init", "--name", "x"]).status.success());
    let output = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(["set", "dataset", "licence=CC0"])
        .current_dir(dir.path())
        .env_remove("HOLOTYPE_AUTHOR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("no author is known") && text.contains("Hint: say who you are"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn k15_a_full_output_is_no_success() {
    let dir = repository();
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let full = full.unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(["log"])
        .current_dir(dir.path())
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(6));
}
