//! A small dataset, and releases of it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that reaches beyond an answer has found something"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Lab, Ran};

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A repository with an image and two annotations, in three commits.
pub(crate) fn with_cells() -> Lab {
    let lab = Lab::new();
    lab.describe();
    lab.ok(&["commit", "-m", "what it is"]);
    let lines = [
        r#"{"command":"annotate","image":"a.png","geometry":{"type":"box","x":1,"y":2,"width":3,"height":4},"label":"cell","annotator":"one"}"#,
        r#"{"command":"annotate","image":"a.png","geometry":{"type":"point","x":9,"y":9},"label":"dirt","annotator":"one"}"#,
    ];
    let image = lab.write("in/a.png", "bytes of a.png");
    lab.ok(&["add", text(Path::new(&image))]);
    lab.ok(&["commit", "-m", "an image"]);
    let file = lab.write("marks.jsonl", format!("{}\n{}\n", lines[0], lines[1]));
    lab.ok(&[
        "record",
        text(Path::new(&file)),
        "--create",
        "--commit",
        "two marks",
    ]);
    lab
}

/// The bytes of every file below a folder.
pub(crate) fn bytes_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(
                    path.strip_prefix(dir).unwrap().to_owned(),
                    std::fs::read(&path).unwrap(),
                );
            }
        }
    }
    found
}

/// Builds a release below `out` in the repository's folder.
pub(crate) fn release(lab: &Lab, arguments: &[&str]) -> Value {
    let out = lab.path().join("out");
    let words = [&["release"], arguments, &["--out", text(&out)]].concat();
    lab.json(&words)
}

/// A copy of a repository, file by file, in a folder of its own; its clock begins on the next day.
pub(crate) fn copy_of(lab: &Lab) -> Lab {
    let copy = Lab::bare("2026-01-03");
    for (name, bytes) in bytes_of(&lab.path().join(".holotype")) {
        copy.write(text(&Path::new(".holotype").join(name)), bytes);
    }
    copy
}

/// Withdraws the release 1.0.0.
pub(crate) fn withdraw(lab: &Lab, replaced_by: &str) -> Ran {
    lab.run(&[
        "errata",
        "1.0.0",
        "--withdraw",
        "a patient's name",
        "--replaced-by",
        replaced_by,
    ])
}
