//! Whole commands: commits, drafts and `gc` by the real `Repo`.

use std::path::Path;
use std::sync::{Arc, Mutex};

use holotype::event::Command;
use holotype::id::{BlobId, Digest};
use holotype::log::first_parents;
use holotype::model::{Facts, ImageFile};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings, Transaction};
use holotype::time::Timestamp;
use holotype::verify::{VerifyOptions, verify};

use crate::baton::{Op, Process};
use crate::explore::{Broken, Ends, Explored, Model, explore};
use crate::material::{Bytes, point};
use crate::memory::{Disk, MemoryVfs, Plant};
use crate::{DIR, holds, is_commit_point, plain, refs_are_shared, within};

const BYTES: &[u8] = b"the bytes of an image";

/// What a process was told: the kind of its success, or a refusal.
type Told = Result<&'static str, String>;

fn around(name: &str) -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: Some(Digest::of(name.as_bytes())),
    }
}

fn open(vfs: MemoryVfs, name: &str) -> Result<Repo, RepoError> {
    Repo::open(Arc::new(vfs), Path::new(DIR), around(name))
}

fn sealing(repo: &Repo, message: &str) -> Result<Sealing, RepoError> {
    Ok(Sealing {
        author: repo.author(None)?,
        message: message.to_owned(),
    })
}

fn ingest(name: &str, blob: BlobId, size_bytes: u64) -> Command {
    Command::IngestImage {
        name: name.to_owned(),
        files: vec![ImageFile::new(name.to_owned(), blob, size_bytes)],
        facts: Facts::new(),
    }
}

fn must(repo: &Repo, transaction: &mut Transaction<'_>, command: Command) -> Result<(), RepoError> {
    let context = repo.context(repo.author(None)?);
    transaction.must(&context, command).map(drop)
}

fn commit(repo: &Repo, name: &str, x: u32) -> Result<(), RepoError> {
    repo.commit_with(&sealing(repo, name)?, |transaction, _| {
        must(repo, transaction, point(x))
    })
    .map(drop)
}

fn draft(repo: &Repo, command: Command) -> Result<(), RepoError> {
    repo.draft_with(|transaction| must(repo, transaction, command))
        .map(drop)
}

/// A repository with one image, and what `more` does.
fn prepared(more: impl Fn(&Repo) -> Result<(), RepoError>) -> Disk {
    let disk = Disk::new();
    let vfs = MemoryVfs::new(&disk, None, Plant::Nothing);
    let repo = Repo::init(Arc::new(vfs), Path::new(DIR), "m", around("base")).unwrap();
    repo.remember_author("Ada <ada@example.org>").unwrap();
    bring_in(&repo, b"first").unwrap();
    let command = ingest("a.png", BlobId::of(b"first"), 5);
    repo.commit_with(&sealing(&repo, "base").unwrap(), |transaction, _| {
        must(&repo, transaction, command.clone())
    })
    .unwrap();
    more(&repo).unwrap();
    drop(repo);
    let disk = disk.lock().unwrap();
    disk.clone()
}

fn bring_in(repo: &Repo, bytes: &'static [u8]) -> Result<(), RepoError> {
    let mut staged = [repo.store().stage_blob(&mut Bytes::of(bytes))?];
    Ok(repo.store().publish_blobs(&mut staged)?)
}

/// A process that does one thing, and after a refusal does it again, as a user would.
fn process(
    name: &'static str,
    work: impl Fn(&Repo) -> Result<&'static str, RepoError> + Send + Sync + 'static,
) -> Process<Told> {
    Arc::new(move |vfs| {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match open(vfs.clone(), name).and_then(|repo| work(&repo)) {
                Ok(told) => return Ok(told),
                Err(error) if attempts == 3 => return Err(error.to_string()),
                Err(_) => {}
            }
        }
    })
}

/// Checks the whole repository and that one more commit can be made; returns the messages of the log, oldest first,
/// and how many annotations there are with the draft.
fn sound(disk: &Disk) -> Result<(Vec<String>, u64), String> {
    let tell = |error: RepoError| error.to_string();
    let vfs = plain(disk);
    let repo = open(vfs.clone(), "law").map_err(tell)?;
    let options = VerifyOptions {
        quick: false,
        replay: true,
    };
    let report = verify(&repo, &options, &|_| {}).map_err(|error| error.to_string())?;
    if !report.ok() {
        return Err(format!("{:?}", report.findings));
    }
    let log = first_parents(repo.store(), repo.head().map_err(tell)?);
    let messages: Result<Vec<String>, _> = log.map(|read| read.map(|(_, commit)| commit.message)).collect();
    let mut messages = messages.map_err(|error| error.to_string())?;
    messages.reverse();
    let annotations = repo
        .draft_version()
        .and_then(|version| version.counts())
        .map_err(tell)?;
    drop(repo);
    let next = open(vfs, "next").map_err(tell)?;
    commit(&next, "next", 99).map_err(tell)?;
    Ok((messages, annotations.annotations))
}

fn told_all(ends: &Ends<Told>) -> Result<(), String> {
    for end in ends.iter().flatten() {
        end.clone()?;
    }
    Ok(())
}

/// Processes of which one may fail where it commits, and one may die anywhere.
fn with_mishaps(disk: Disk, processes: Vec<Process<Told>>, is_shared: fn(&Path) -> bool) -> Model<Told> {
    Model {
        disk,
        processes,
        is_shared,
        can_fail: is_commit_point,
        failures: 1,
        deaths: 1,
        plant: Plant::Nothing,
    }
}

#[test]
fn two_commits_at_once_with_a_lost_answer_and_a_death() {
    let writers = vec![
        process("a", |repo| commit(repo, "a", 1).map(|()| "committed")),
        process("b", |repo| commit(repo, "b", 2).map(|()| "committed")),
    ];
    let model = with_mishaps(prepared(|_| Ok(())), writers, refs_are_shared);
    let explored = explore(&model, &|disk, ends| {
        told_all(ends)?;
        let (messages, annotations) = sound(disk)?;
        for (name, end) in ["a", "b"].iter().zip(ends) {
            let count = messages.iter().filter(|message| *message == name).count();
            if count > 1 || (end.is_some() && count != 1) {
                return Err(format!("{name}: {messages:?}"));
            }
        }
        if annotations + 1 == u64::try_from(messages.len()).unwrap() {
            Ok(())
        } else {
            Err(format!("{annotations} annotations of {messages:?}"))
        }
    });
    let explored = holds("two whole commits, a failure and a death", explored);
    assert!(explored.orders > 10_000, "{explored:?}");
}

/// Where those meet who record into the draft and who seal it.
fn drafts_are_shared(path: &Path) -> bool {
    let is_slot = within(path, "refs/heads/main").is_some_and(|slot| slot != Path::new(""));
    is_slot || within(path, "draft").is_some() || within(path, "derived/acknowledged").is_some()
}

#[test]
fn recording_while_the_draft_is_sealed_loses_nothing() {
    let writers = vec![
        process("recorder", |repo| draft(repo, point(1)).map(|()| "recorded")),
        process("sealer", |repo| {
            let sealed = repo.commit_draft(&sealing(repo, "sealed")?);
            sealed.map(|_| "sealed")
        }),
    ];
    let model = with_mishaps(prepared(|repo| draft(repo, point(9))), writers, drafts_are_shared);
    let explored = explore(&model, &|disk, ends| {
        told_all(ends)?;
        let (messages, annotations) = sound(disk)?;
        if messages.iter().filter(|message| *message == "sealed").count() > 1 {
            return Err(format!("{messages:?}"));
        }
        // The one of the beginning is never lost; the other is there once it was acknowledged.
        let recorded = u64::from(ends[0].is_some());
        if annotations > 2 || annotations < 1 + recorded {
            return Err(format!("{annotations} annotations"));
        }
        Ok(())
    });
    let explored = holds("recording beside sealing, a failure and a death", explored);
    assert!(explored.orders > 10_000, "{explored:?}");
}

/// Where `gc` and who brings in images meet.
fn blobs_are_shared(path: &Path) -> bool {
    ["draft", "blobs"]
        .iter()
        .any(|folder| within(path, folder).is_some())
        || within(path, "tmp") == Some(Path::new(""))
}

fn nothing_fails(_op: &Op) -> bool {
    false
}

fn explore_gc(plant: Plant) -> Result<Explored, Broken> {
    let model = Model {
        // Garbage that the one finds in its place, and the other removes.
        disk: prepared(|repo| bring_in(repo, BYTES)),
        processes: vec![
            process("adder", |repo| {
                bring_in(repo, BYTES)?;
                draft(repo, ingest("b.png", BlobId::of(BYTES), 21)).map(|()| "added")
            }),
            process("collector", |repo| repo.gc(0, None).map(|_| "collected")),
        ],
        is_shared: blobs_are_shared,
        can_fail: nothing_fails,
        failures: 0,
        deaths: 1,
        plant,
    };
    explore(&model, &|disk, ends| {
        told_all(ends)?;
        sound(disk)?;
        let disk = Arc::new(Mutex::new(disk.clone()));
        let repo =
            open(MemoryVfs::new(&disk, None, Plant::Nothing), "law").map_err(|error| error.to_string())?;
        let images = repo.draft_version().and_then(|version| version.counts());
        let images = images.map_err(|error| error.to_string())?.images;
        let has = |bytes| repo.store().has_blob(BlobId::of(bytes)).unwrap();
        if !has(b"first") || (images == 2 && !has(BYTES)) {
            return Err("bytes of an image are gone".to_owned());
        }
        if ends[0].is_some() && images != 2 {
            return Err("what was added is gone".to_owned());
        }
        Ok(())
    })
}

#[test]
fn k12_gc_beside_an_addition_removes_nothing_that_is_named() {
    let explored = holds("gc beside an addition, a death", explore_gc(Plant::Nothing));
    assert!(explored.ends >= 3, "{explored:?}");
}

#[test]
fn k12_a_lock_that_locks_nothing_is_found_out() {
    let broken = explore_gc(Plant::LocksLockNothing).unwrap_err();
    assert!(
        broken.why.contains("gone") || broken.why.contains("missing"),
        "{broken:?}"
    );
}
