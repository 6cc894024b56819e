//! Two and more processes at once: no lost commit, no half state, nobody needs to clean up.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holotype"));
    command
        .args(arguments)
        .current_dir(dir)
        .env("HOLOTYPE_AUTHOR", "Ada <ada@example.org>")
        .env_remove("HOLOTYPE_NOW")
        .env_remove("HOLOTYPE_SEED");
    command
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = command(dir, arguments).arg("--json").output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    json(dir.path(), &["init", "--name", "race"]);
    let begin = concat!(
        r#"{"command":"declare","image":"a.png"}"#,
        "\n",
        r#"{"command":"define_label","name":"cell"}"#,
        "\n"
    );
    fs::write(dir.path().join("begin.jsonl"), begin).unwrap();
    json(dir.path(), &["record", "begin.jsonl", "--commit", "begin"]);
    dir
}

fn point(writer: u32, round: u32) -> String {
    format!(
        r#"{{"command":"annotate","image":"a.png","geometry":{{"type":"point","x":{writer},"y":{round}}},"label":"cell"}}"#
    )
}

#[test]
fn k10_writers_lose_nothing() {
    const WRITERS: u32 = 6;
    const ROUNDS: u32 = 5;
    let dir = repository();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let path = dir.path().to_owned();
            std::thread::spawn(move || {
                for round in 0..ROUNDS {
                    let name = format!("w{writer}-{round}.jsonl");
                    fs::write(path.join(&name), point(writer, round)).unwrap();
                    json(&path, &["record", &name, "--commit", &name]);
                }
            })
        })
        .collect();
    for _ in 0..10 {
        // A reader sees whole states only.
        let log = json(dir.path(), &["log"]);
        let status = json(dir.path(), &["status"]);
        assert!(
            status["counts"]["annotations"].as_u64().unwrap() + 1
                >= log["commits"].as_array().unwrap().len() as u64
        );
    }
    for writer in writers {
        writer.join().unwrap();
    }
    let log = json(dir.path(), &["log"]);
    let commits = log["commits"].as_array().unwrap();
    assert_eq!(u32::try_from(commits.len()), Ok(WRITERS * ROUNDS + 1));
    for pair in commits.windows(2) {
        assert_eq!(pair[0]["parents"][0], pair[1]["commit"], "history is one line");
    }
    let status = json(dir.path(), &["status"]);
    assert_eq!(status["counts"]["annotations"], WRITERS * ROUNDS);
}

#[test]
fn drafters_lose_nothing() {
    let dir = repository();
    let children: Vec<_> = (0..8)
        .map(|writer| {
            let name = format!("d{writer}.jsonl");
            fs::write(dir.path().join(&name), point(writer, 0)).unwrap();
            command(dir.path(), &["record", &name])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let status = json(dir.path(), &["status"]);
    assert_eq!(status["draft"]["events"], 8);
    // Two that seal the same draft: one does, the other finds nothing to commit.
    let both: Vec<_> = (0..2)
        .map(|_| {
            command(dir.path(), &["commit", "-m", "x"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut codes: Vec<_> = both
        .into_iter()
        .map(|mut child| child.wait().unwrap().code().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3]);
    let status = json(dir.path(), &["status"]);
    assert_eq!(
        (
            status["draft"]["events"].as_u64(),
            status["counts"]["annotations"].as_u64()
        ),
        (Some(0), Some(8))
    );
}

#[test]
fn k01_killed_writers_need_no_cleaning() {
    let dir = repository();
    for n in 0..12_u32 {
        let name = format!("k{n}.jsonl");
        fs::write(dir.path().join(&name), point(n, n)).unwrap();
        let mut child = command(dir.path(), &["record", &name, "--commit", "k"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..n * 400 {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    fs::write(dir.path().join("last.jsonl"), point(99, 99)).unwrap();
    json(dir.path(), &["record", "last.jsonl", "--commit", "after all"]);
    let log = json(dir.path(), &["log"]);
    assert_eq!(log["commits"][0]["message"], "after all");
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
}

#[test]
fn what_is_derived_changes_no_answer() {
    let dir = repository();
    for n in 0..5 {
        let name = format!("g{n}.jsonl");
        fs::write(dir.path().join(&name), point(n, n)).unwrap();
        json(dir.path(), &["record", &name, "--commit", "g"]);
    }
    let answers = |dir: &Path| {
        let list = command(dir, &["list", "annotations", "--json"])
            .output()
            .unwrap()
            .stdout;
        (json(dir, &["log"]), list, json(dir, &["status"]))
    };
    let before = answers(dir.path());
    json(dir.path(), &["gc"]);
    assert_eq!(answers(dir.path()), before);
    json(dir.path(), &["index", "rebuild"]);
    assert_eq!(answers(dir.path()), before);
    fs::remove_dir_all(dir.path().join(".holotype/derived")).unwrap();
    assert_eq!(answers(dir.path()), before);
    for entry in fs::read_dir(dir.path().join(".holotype/derived/nodes")).unwrap() {
        fs::write(entry.unwrap().path(), b"rubbish").unwrap();
    }
    assert_eq!(answers(dir.path()), before);
}
