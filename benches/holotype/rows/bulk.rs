//! Work on the whole of a dataset: building, importing, replaying, verifying.

use std::fs;

use crate::git::Git;
use crate::inside::read_pair;
use crate::lab::{self, Lab, text};
use crate::measure::{Outcome, Row, in_turn};
use crate::options::{Options, size_name};
use crate::process::{holotype, inside, inside_timed, run};

/// Repetitions of what takes seconds.
fn few(lab: &Lab) -> usize {
    lab.repetitions.min(3)
}

/// Bulk build of the tree, sorted input, one thread.
pub(super) fn tree_build(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let repetitions = lab.repetitions.to_string();
    let scratch = lab.fresh("nodes");
    let (value, peak) = inside("build", &[text(&repository.dir), &repetitions, text(&scratch)])?;
    fs::remove_file(scratch)?;
    let pair = read_pair(&value, peak)?;
    Ok(vec![pair.row(
        "tree build",
        &size_name(options.size.min(1_000_000)),
        "pread + BLAKE3 in node-size blocks",
        "≤ 2.0",
    )])
}

/// Import and commit of a COCO file, whole process, against a plain typed parse and writing and syncing as many bytes
/// as the events have.
pub(super) fn import(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let event_bytes = repository.fact("event_bytes")?.to_string();
    let out = lab.fresh("events");
    let pair = in_turn(
        few(lab),
        || {
            let dir = lab.empty_repository()?;
            let sample = run(&mut lab::import(&dir, &repository.source))?;
            fs::remove_dir_all(dir)?;
            Ok(sample)
        },
        || {
            inside_timed(
                "parse-and-write",
                &[text(&repository.source), &event_bytes, text(&out)],
            )
        },
    )?;
    Ok(vec![pair.row(
        "import + commit",
        &size_name(options.size),
        "typed serde_json parse + write and sync of the event bytes",
        "≤ 2.0",
    )])
}

/// The same against git with one JSON Lines file.
pub(super) fn import_git(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let source = lab.source(options.size)?;
    let rows = lab.fresh("rows.jsonl");
    inside("rows", &[text(&source), text(&rows)])?;
    let pair = in_turn(
        few(lab),
        || {
            let dir = lab.empty_repository()?;
            let sample = run(&mut lab::import(&dir, &source))?;
            fs::remove_dir_all(dir)?;
            Ok(sample)
        },
        || {
            let dir = lab.fresh("git");
            let git = Git::init(&dir)?;
            fs::copy(&rows, dir.join("rows.jsonl"))?;
            let sample = git.commit("rows.jsonl")?;
            fs::remove_dir_all(dir)?;
            Ok(sample)
        },
    )?;
    fs::remove_file(rows)?;
    Ok(vec![pair.row(
        "import + commit",
        &size_name(options.size),
        "git add + commit, one JSONL file",
        "≤ 2.0",
    )])
}

/// Import of the same file once more, which finds nothing to record.
pub(super) fn reimport(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.make_repository(options.size)?;
    let source = text(&repository.source);
    let pair = in_turn(
        few(lab),
        || run(&mut holotype(&repository.dir, &["import", source])),
        || inside_timed("parse", &[source]),
    )?;
    let events = repository.fact("commits")?;
    fs::remove_dir_all(&repository.dir)?;
    if events != 1 {
        return Err("importing the same file again recorded something".into());
    }
    Ok(vec![pair.row(
        "import again, 0 events",
        &size_name(options.size),
        "typed serde_json parse",
        "≤ 1.5",
    )])
}

/// Cold replay of all events to a root.
pub(super) fn replay(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let (value, peak) = inside("replay", &[text(&repository.dir), &few(lab).to_string()])?;
    Ok(vec![read_pair(&value, peak)?.row(
        "replay to a root, cold",
        &size_name(options.size),
        "BLAKE3 of log + tree bytes, one core",
        "≤ 4",
    )])
}

/// `verify` of everything.
pub(super) fn verify(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let pair = in_turn(
        lab.repetitions,
        || run(&mut holotype(&repository.dir, &["verify"])),
        || inside_timed("hash-repository", &[text(&repository.dir)]),
    )?;
    Ok(vec![pair.row(
        "verify",
        &size_name(options.size),
        "BLAKE3 of all stored bytes, all cores",
        "≤ 1.1",
    )])
}
