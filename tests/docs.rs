//! Every command in README.md, the tutorial and the guides is executed, and what it prints is what the page says.
//!
//! Blocks marked `console` hold lines `$ command` and the output that follows. They run one after the other in one
//! folder with `bccd`, `qupath` and `sliderunner` of `examples` in it, at fixed times and with a fixed seed. `HOLOTYPE_UPDATE_DOCS=1 cargo test --test
//! docs` writes the output of now into the pages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tree::copy_tree;

const SEED: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// Runs a page's commands; returns the page with the output of now.
fn play(page: &str, dir: &Path) -> String {
    let mut result = String::new();
    let mut lines = page.lines().peekable();
    let mut seconds = 0;
    let mut folder = dir.to_owned();
    while let Some(line) = lines.next() {
        result.push_str(line);
        result.push('\n');
        if line.trim() != "```console" {
            continue;
        }
        while let Some(line) = lines.next_if(|line| line.trim() != "```") {
            let Some(command) = line.strip_prefix("$ ") else {
                continue;
            };
            result.push_str(line);
            result.push('\n');
            seconds += 1;
            let output = run(command, &mut folder, seconds);
            result.push_str(&output);
        }
    }
    result
}

/// Runs one command line as a shell would, with the program first on the path.
fn run(command: &str, folder: &mut PathBuf, seconds: u32) -> String {
    if let Some(target) = command.strip_prefix("cd ") {
        *folder = folder.join(target);
        return String::new();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_holotype"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("sh")
        .args(["-c", &format!("{command} 2>&1")])
        .current_dir(&*folder)
        .env("PATH", path)
        .env(
            "HOLOTYPE_NOW",
            format!("2026-11-23T09:{:02}:{:02}Z", seconds / 60, seconds % 60),
        )
        .env("HOLOTYPE_SEED", SEED)
        .env_remove("HOLOTYPE_AUTHOR")
        .env("LANG", "C")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let text = text.replace(&folder.display().to_string(), ".");
    if text.is_empty() || text.ends_with('\n') {
        text
    } else {
        text + "\n"
    }
}

fn check_page(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join(name);
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.contains("```console"), "{name} shows no command");
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    copy_tree(&root.join("examples/bccd"), &folder.join("bccd"));
    copy_tree(&root.join("examples/qupath"), &folder.join("qupath"));
    copy_tree(&root.join("examples/sliderunner"), &folder.join("sliderunner"));
    let played = play(&page, &folder);
    if std::env::var_os("HOLOTYPE_UPDATE_DOCS").is_some() {
        fs::write(&path, &played).unwrap();
        return;
    }
    for (number, (expected, found)) in page.lines().zip(played.lines()).enumerate() {
        assert_eq!(expected, found, "{name}, line {}", number + 1);
    }
    assert_eq!(page.lines().count(), played.lines().count(), "{name}");
}

#[test]
fn the_readme_tells_the_truth() {
    check_page("README.md");
}

#[test]
fn the_tutorial_tells_the_truth() {
    check_page("docs/tutorial.md");
}

#[test]
fn the_guide_to_qupath_tells_the_truth() {
    check_page("docs/guides/qupath.md");
}

#[test]
fn the_guide_to_sliderunner_tells_the_truth() {
    check_page("docs/guides/sliderunner.md");
}

#[test]
fn the_guide_to_agreement_tells_the_truth() {
    check_page("docs/guides/agreement.md");
}

#[test]
fn the_guide_to_the_quality_gate_tells_the_truth() {
    check_page("docs/guides/quality.md");
}

/// Every file under `docs/` and every top-level page that a page links to is there.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![
        root.join("README.md"),
        root.join("CONTRIBUTING.md"),
        root.join("SECURITY.md"),
    ];
    pages.extend(
        fs::read_dir(root.join("docs"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|ending| ending == "md"))
    {
        let text = fs::read_to_string(page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') || target.contains(' ') {
                continue;
            }
            let file = page.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{} links to {target}", page.display());
        }
    }
}
