//! A repository of three images and some annotations, made by the program, and what is done to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command as Wish};
use holotype::id::{CommitId, Digest, ImageId};
use holotype::model::{Facts, Geometry, Shape};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings};
use holotype::store::Vfs;
use holotype::time::Timestamp;
use serde_json::{Value, json};

use crate::lab::{Lab, bare_environment, text, uncounted};

/// Who records in these tests.
pub(crate) const AUTHOR: &str = "Ada Example <ada@example.org>";

/// Two commits, `v1` on the first, and an image of its own in each.
pub(crate) fn repository() -> Lab {
    let lab = Lab::seeded("2026-01-02", '5', AUTHOR);
    fill(&lab, "second");
    lab
}

/// Fills a repository; `second` is the message of the second commit.
pub(crate) fn fill(lab: &Lab, second: &str) {
    lab.describe();
    lab.write("images/a.png", b"the bytes of the first image");
    lab.write("images/b.png", vec![7_u8; 3000]);
    lab.ok(&["add", "images"]);
    let lines: Vec<Value> = (1..=4).map(|x| point("a.png", x)).collect();
    assert_eq!(create(lab, &lines), 0);
    lab.commit("first");
    lab.ok(&["tag", "v1", "-m", "first"]);
    assert_eq!(lab.record(&[point("b.png", 9)]).status, 0);
    lab.commit(second);
}

/// A command that draws a point.
pub(crate) fn point(image: &str, x: u32) -> Value {
    json!({
        "command": "annotate", "image": image, "geometry": {"type": "point", "x": x, "y": 5}, "label": "cell",
        "annotator": "expert 1",
    })
}

/// Records lines with labels and annotators that are new; returns the exit code.
pub(crate) fn create(lab: &Lab, lines: &[Value]) -> i32 {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    lab.feed(&["record", "-", "--create"], &text).status
}

/// Makes a release in `out`; returns its folder and its id.
pub(crate) fn release(lab: &Lab, arguments: &[&str]) -> (PathBuf, String) {
    let told = lab.json(&[&["release"], arguments, &["--out", "out"]].concat());
    let member = |name: &str| text(&told[name]);
    (lab.path().join(member("path")), member("release"))
}

/// The files below a folder but those in `derived/` and `tmp/`, as paths relative to it.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "derived" && name != "tmp" {
                open.push(path);
            } else if path.is_file() {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// What `verify` says: the exit code, and the errors as code and file.
pub(crate) fn verified(lab: &Lab) -> (i32, Vec<(String, String)>) {
    let ran = lab.run(&["verify", "--replay", "--json"]);
    let report = ran.json();
    let findings = report["findings"].as_array().unwrap();
    let worse = findings
        .iter()
        .filter(|finding| finding["severity"] != "information")
        .map(|finding| {
            let text = |member: &str| finding[member].as_str().unwrap().to_owned();
            (text("code"), text("object"))
        })
        .collect();
    (ran.status, worse)
}

/// Whether `verify` has this about that file, and says so with its exit code.
pub(crate) fn tells(lab: &Lab, code: &str, object: &str) -> bool {
    let (status, found) = verified(lab);
    status == 1
        && found
            .iter()
            .any(|(own, about)| own == code && about.starts_with(object))
}

/// Time and randomness of what is done through the library.
pub(crate) fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-02-02T10:00:00Z").unwrap(),
        seed: Some(Digest::of(b"seed of the threats")),
    }
}

/// Opens a repository through the library.
pub(crate) fn open(vfs: Arc<dyn Vfs>, dir: &Path) -> Result<Repo, RepoError> {
    Repo::open(vfs, dir, around())
}

/// Commits a point through the library.
pub(crate) fn record(repo: &Repo, x: f64) -> Result<CommitId, RepoError> {
    let author = repo.author(Some(AUTHOR))?;
    let context = repo.context(author);
    let sealing = Sealing {
        author,
        message: "a point".to_owned(),
    };
    let wish = Wish::Annotate {
        image: ImageId::of_name("a.png"),
        geometry: Geometry {
            shape: Shape::Point { x, y: 3.0 },
            plane: None,
        },
        label: None,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    };
    let ((), committed) = repo.commit_with(&sealing, |transaction, _| -> Result<(), RepoError> {
        transaction.must(&context, wish.clone())?;
        Ok(())
    })?;
    Ok(committed.expect("a point is an event").id)
}

/// The program in a folder, with the environment of the tests, below `before` (as `prlimit`) where that is not empty.
pub(crate) fn program(dir: &Path, before: &[&str], arguments: &[&str]) -> Command {
    let built = env!("CARGO_BIN_EXE_holotype");
    let words: Vec<&str> = before.iter().copied().chain([built]).collect();
    let mut command = Command::new(words[0]);
    bare_environment(&mut command)
        .args(&words[1..])
        .args(arguments)
        .current_dir(dir)
        .env("PATH", "/usr/bin:/bin")
        .env("HOLOTYPE_AUTHOR", AUTHOR)
        .env("HOLOTYPE_NOW", "2026-03-03T10:00:00Z");
    if !before.is_empty() {
        uncounted(&mut command);
    }
    command
}

/// The one object whose bytes hold a text.
pub(crate) fn object_with(lab: &Lab, text: &str) -> PathBuf {
    let folder = lab.path().join(".holotype/objects");
    let holds = |path: &PathBuf| String::from_utf8(fs::read(path).unwrap()).unwrap().contains(text);
    let found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(holds)
        .collect();
    assert_eq!(found.len(), 1, "{text}");
    found[0].clone()
}
