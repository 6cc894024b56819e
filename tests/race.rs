//! Two and more processes at once: no lost commit, no half state, nobody needs to clean up.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod material;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use holotype::log::first_parents;
use holotype::replay::replay_all;
use holotype::repo::{Repo, RepoError, Sealing, Surroundings};
use holotype::store::RealVfs;
use holotype::time::Timestamp;
use holotype::tree::MemoryNodes;
use material::point as point_at;
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
        "{arguments:?}: {} {}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
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

/// Writers, rounds of each, and commits that a reader watches: few, unless `HOLOTYPE_RACE=full` asks for all.
fn size() -> (u32, u32, u32) {
    if std::env::var("HOLOTYPE_RACE").is_ok_and(|value| value == "full") {
        (16, 20, 1000)
    } else {
        (6, 5, 60)
    }
}

/// Commits a file of `record` in a process of its own; returns how often it was refused before it succeeded.
fn commit_until_done(dir: &Path, file: &str) -> u32 {
    let mut refused = 0;
    loop {
        let output = command(dir, &["record", file, "--commit", file])
            .output()
            .unwrap();
        match output.status.code() {
            Some(0) => return refused,
            // A lost race that must be told: what was wished for is tried again.
            Some(4) if refused < 20 => refused += 1,
            code => panic!("{file}: {code:?} {}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

#[test]
fn k10_writers_lose_nothing() {
    let (writers, rounds, _) = size();
    let dir = repository();
    let begun = Instant::now();
    let threads: Vec<_> = (0..writers)
        .map(|writer| {
            let path = dir.path().to_owned();
            std::thread::spawn(move || {
                let mut refused = 0;
                for round in 0..rounds {
                    let name = format!("w{writer}-{round}.jsonl");
                    fs::write(path.join(&name), point(writer, round)).unwrap();
                    refused += commit_until_done(&path, &name);
                }
                refused
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
    let refused: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    println!(
        "{writers} writers, {rounds} rounds: {refused} refused and done later, {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let log = json(dir.path(), &["log"]);
    let commits = log["commits"].as_array().unwrap();
    assert_eq!(u32::try_from(commits.len()), Ok(writers * rounds + 1));
    for pair in commits.windows(2) {
        assert_eq!(pair[0]["parents"][0], pair[1]["commit"], "history is one line");
    }
    let mut messages: Vec<&str> = commits
        .iter()
        .filter_map(|commit| commit["message"].as_str())
        .collect();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), commits.len(), "each is there once");
    let status = json(dir.path(), &["status"]);
    assert_eq!(status["counts"]["annotations"], writers * rounds);
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
}

/// Each commit adds one annotation, so that a state is whole when both numbers agree and the log gives its content.
#[test]
fn k10_a_reader_sees_whole_states_while_commits_come_in() {
    let (.., commits) = size();
    let dir = repository();
    let around = Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    };
    let open = |dir: &Path| Repo::open(Arc::new(RealVfs), dir, around).unwrap();
    let is_done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut reads, mut last) = (0_u32, 0);
            while !is_done.load(Ordering::SeqCst) {
                let repo = open(dir.path());
                let version = repo.head_version().unwrap();
                let id = version.id().unwrap();
                let history = first_parents(repo.store(), Some(id)).map(Result::unwrap);
                let length = u64::try_from(history.count()).unwrap();
                let annotations = version.counts().unwrap().annotations;
                assert_eq!(annotations + 1, length);
                assert!(length >= last, "it never goes back");
                last = length;
                if reads.is_multiple_of(8) {
                    let mut nodes = MemoryNodes::default();
                    let replayed = replay_all(repo.store(), id, &mut nodes).unwrap();
                    assert_eq!(replayed.root(), repo.commit(id).unwrap().root);
                }
                reads += 1;
            }
            reads
        });
        let repo = open(dir.path());
        let author = repo.author(Some("Ada <ada@example.org>")).unwrap();
        let context = repo.context(author);
        for number in 0..commits {
            let sealing = Sealing {
                author,
                message: number.to_string(),
            };
            let made = repo.commit_with(&sealing, |transaction, _| -> Result<(), RepoError> {
                transaction.must(&context, point_at(number))?;
                Ok(())
            });
            made.unwrap();
        }
        is_done.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    println!("{commits} commits, {reads} whole states read meanwhile");
    assert!(reads > 0);
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
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

/// Files that are no part of a repository, such as a lock, and that somebody would have to remove.
fn unknown_files(dir: &Path) -> Vec<String> {
    let report = command(dir, &["verify", "--quick", "--json"])
        .output()
        .unwrap()
        .stdout;
    let report: Value = serde_json::from_slice(&report).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let stray = findings.filter(|finding| finding["code"] == "HT-W001");
    let mut found: Vec<String> = stray.map(|finding| finding["object"].to_string()).collect();
    for folder in ["tmp", "draft", "derived", "local", "refs", "refs/heads/main"] {
        let entries = fs::read_dir(dir.join(".holotype").join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        found.extend(names.filter(|name| name.contains("lock") || name.contains("pid")));
    }
    found
}

#[test]
fn k01_killed_writers_need_no_cleaning() {
    let kills = if size().0 > 6 { 200 } else { 12 };
    let dir = repository();
    let begun = Instant::now();
    fs::write(dir.path().join("whole.jsonl"), point(1098, 98)).unwrap();
    json(dir.path(), &["record", "whole.jsonl", "--commit", "whole"]);
    let whole = begun.elapsed();
    for n in 0..kills {
        let name = format!("k{n}.jsonl");
        fs::write(dir.path().join(&name), point(n, n)).unwrap();
        let into_draft = ["record", &name];
        let at_once = ["record", &name, "--commit", "k"];
        let arguments: &[&str] = if n % 2 == 0 { &at_once } else { &into_draft };
        let begun = Instant::now();
        let mut child = command(dir.path(), arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Each dies at another part of its way.
        while begun.elapsed() < whole * n / kills {
            std::hint::spin_loop();
        }
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(unknown_files(dir.path()), Vec::<String>::new(), "after kill {n}");
    }
    fs::write(dir.path().join("last.jsonl"), point(1099, 99)).unwrap();
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
    json(dir.path(), &["gc", "--grace", "0"]);
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
