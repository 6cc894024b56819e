//! The demo's repository: any one byte of any file outside of what is derived changed is found and named; in a derived
//! file it changes no answer. And what the demo leaves is read by tools that are not ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap()
}

fn demo() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["demo", "demo"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    for command in [
        "init", "add", "import", "record", "diff", "commit", "blame", "release", "cite", "verify", "tag",
    ] {
        assert!(
            printed.contains(&format!("\n$ holotype {command}")),
            "the demo shows {command}"
        );
    }
    let dataset = dir.path().join("demo/dataset");
    (dir, dataset)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(path)
        }
    }
    found.sort();
    found
}

/// What the dataset says, without what a damaged file could change on purpose.
fn answers(dataset: &Path) -> Vec<Vec<u8>> {
    [
        vec!["log", "--json"],
        vec!["list", "annotations", "--json"],
        vec!["list", "images", "--json"],
        vec!["diff", "HEAD~1", "HEAD", "--json"],
        vec!["status", "--json"],
    ]
    .into_iter()
    .map(|arguments| run(dataset, &arguments).stdout)
    .collect()
}

#[test]
fn one_changed_byte_anywhere_is_found_or_does_not_matter() {
    let (_dir, dataset) = demo();
    let root = dataset.join(".holotype");
    let before = answers(&dataset);
    let mut tried = 0;
    for path in files(&root) {
        let relative = path.strip_prefix(&root).unwrap().display().to_string();
        if relative.starts_with("tmp/") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for offset in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[offset] ^= 1 << (offset % 8);
            fs::write(&path, &damaged).unwrap();
            if relative.starts_with("derived/") {
                assert_eq!(answers(&dataset), before, "{relative} at {offset}");
            } else {
                check_found(&dataset, &relative, offset);
            }
            fs::write(&path, &bytes).unwrap();
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried} bytes were tried");
    assert_eq!(run(&dataset, &["verify", "--replay"]).status.code(), Some(0));
}

fn check_found(dataset: &Path, relative: &str, offset: usize) {
    let output = run(dataset, &["verify"]);
    let code = output.status.code();
    assert!(
        code == Some(1) || code == Some(5),
        "{relative} at {offset}: exit {code:?}"
    );
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains(relative),
        "{relative} at {offset} is not named in: {said}"
    );
}

#[test]
fn pycocotools_loads_an_export() {
    let python = std::env::var("HOLOTYPE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let can = Command::new(&python)
        .args(["-c", "import pycocotools.coco"])
        .output()
        .is_ok_and(|it| it.status.success());
    if !can {
        let required = std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_some();
        assert!(!required, "a python with pycocotools is needed");
        println!("skipped: no python with pycocotools");
        return;
    }
    let (dir, dataset) = demo();
    let file = dir.path().join("export.json");
    let exported = run(
        &dataset,
        &["export", "--format", "coco", "--out", file.to_str().unwrap()],
    );
    assert!(exported.status.success());
    let script = "import sys\nfrom pycocotools.coco import COCO\nc = COCO(sys.argv[1])\n\
                  b = sum(a['bbox'][2] * a['bbox'][3] == a['area'] for a in c.anns.values())\n\
                  print('counts', len(c.imgs), len(c.anns), len(c.cats), b)\n";
    let output = Command::new(&python)
        .args(["-c", script, file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("counts 8 122 3 122"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_release_is_checked_by_sha256sum() {
    let (dir, _) = demo();
    let release = dir.path().join("demo/releases/Blood-cells-1.0.0");
    let output = Command::new("sha256sum")
        .args(["-c", "--quiet", "manifest-sha256.txt"])
        .current_dir(&release)
        .output();
    let Ok(output) = output else {
        assert!(cfg!(not(target_os = "linux")), "Linux has sha256sum");
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
