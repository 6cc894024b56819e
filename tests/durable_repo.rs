//! What a repository acknowledges is durable when it says so, and in order: nothing that a ref, a line of the draft or a
//! tombstone leads to may be lost while that stays. So does every command that writes, through the library.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "threats/hooks.rs"]
mod hooks;
#[path = "durable/ledger.rs"]
mod ledger;
mod material;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use holotype::import::ingest::{IngestOptions, ingest};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings};
use holotype::store::{RealVfs, Vfs};
use holotype::time::Timestamp;
use hooks::{HookVfs, Op};
use ledger::{Ledger, is_locked};
use material::point;

const AUTHOR: &str = "Ada <ada@example.org>";

fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    }
}

/// A repository with an image, opened anew for each command as a process does.
struct Bench {
    dir: tempfile::TempDir,
    ledger: Ledger,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // A slot says that its draft was sealed: one that comes back does no harm.
        let ledger = Ledger::new(dir.path()).sparing("draft/main.jsonl");
        Repo::init(ledger.vfs(), dir.path(), "durable", around()).unwrap();
        let bench = Self { dir, ledger };
        bench.check("init");
        for name in ["a.png", "b.png"] {
            fs::write(bench.dir.path().join(name), name.repeat(100)).unwrap();
        }
        bench.run("an ingest", |repo| {
            let paths = [bench.dir.path().join("a.png")];
            let context = repo.context(repo.author(Some(AUTHOR))?);
            let (outcome, _) = ingest(repo, &context, &paths, &IngestOptions::default(), &|_| ()).unwrap();
            assert_eq!(outcome.added, ["a.png"]);
            Ok(())
        });
        bench
    }

    /// Runs a command; what it acknowledged is durable.
    fn run(&self, what: &str, command: impl FnOnce(&Repo) -> Result<(), RepoError>) -> Vec<(Op, String)> {
        command(&open(self.ledger.vfs(), self.dir.path())).unwrap_or_else(|error| panic!("{what}: {error}"));
        self.check(what)
    }

    fn check(&self, what: &str) -> Vec<(Op, String)> {
        let (faults, done) = self.ledger.take();
        assert_eq!(faults, Vec::<String>::new(), "{what}");
        assert_eq!(self.ledger.pending(), Vec::<String>::new(), "after {what}");
        done
    }
}

fn open(vfs: Arc<dyn Vfs>, dir: &Path) -> Repo {
    Repo::open(vfs, dir, around()).unwrap()
}

fn sealing(repo: &Repo) -> Result<Sealing, RepoError> {
    Ok(Sealing {
        author: repo.author(Some(AUTHOR))?,
        message: "m".to_owned(),
    })
}

/// Draws points into the draft.
fn annotate(repo: &Repo, xs: std::ops::Range<u32>) -> Result<(), RepoError> {
    let context = repo.context(repo.author(Some(AUTHOR))?);
    let ((), events) = repo.draft_with(|transaction| -> Result<(), RepoError> {
        for x in xs {
            transaction.must(&context, point(x))?;
        }
        Ok(())
    })?;
    assert!(events > 0);
    Ok(())
}

fn commit(repo: &Repo) -> Result<(), RepoError> {
    repo.commit_draft(&sealing(repo)?).map(|_| ())
}

#[test]
fn what_is_recorded_committed_and_tagged_is_durable() {
    let bench = Bench::new();
    bench.run("a first line", |repo| annotate(repo, 1..2));
    bench.run("a second line", |repo| annotate(repo, 2..3));
    let done = bench.run("events that are an object", |repo| annotate(repo, 100..3000));
    let objects = done
        .iter()
        .filter(|(op, path)| *op == Op::Rename && path.starts_with("objects/"));
    assert!(objects.count() >= 1, "so many do not stand in the draft");
    bench.run("a commit", commit);
    bench.run("a tag", |repo| {
        let head = repo.head()?.unwrap();
        repo.tag("v1", head, repo.author(Some(AUTHOR))?, "first")
            .map(|_| ())
    });
    bench.run("an author", |repo| {
        repo.remember_author("Ben <ben@example.org>").map(|_| ())
    });
    bench.run("a line to be given up", |repo| annotate(repo, 3..4));
    bench.run("a draft given up", |repo| repo.discard_draft().map(|_| ()));
    bench.run("a revert", |repo| {
        let head = repo.head()?.unwrap();
        repo.revert(head, &repo.context(repo.author(Some(AUTHOR))?))
            .map(|_| ())
    });
    bench.run("a commit of the revert", commit);
}

#[test]
fn an_erasure_is_durable_step_by_step() {
    let bench = Bench::new();
    bench.run("a commit", commit);
    let done = bench.run("an erasure", |repo| {
        let context = repo.context(repo.author(Some(AUTHOR))?);
        let plan = repo.plan_erasure("a.png")?;
        repo.erase(&plan, &context, &sealing(repo)?, "asked for it")
            .map(|_| ())
    });
    let at = |wanted: Op, begin: &str, end: &str| {
        done.iter()
            .position(|(op, path)| *op == wanted && path.starts_with(begin) && path.ends_with(end))
            .unwrap_or_else(|| panic!("{wanted:?} {begin}…{end} in {done:?}"))
    };
    // The wish, its commit, the tombstone, the bytes, the wish again.
    let steps = [
        at(Op::Rename, "local/", "erasing.json"),
        at(Op::Link, "refs/heads/", ""),
        at(Op::Rename, "blobs/", ".erased"),
        at(Op::Remove, "blobs/", ""),
        at(Op::Remove, "local/", "erasing.json"),
    ];
    assert!(steps.is_sorted(), "{steps:?}");
}

/// Two that compact at once would each remove what the other kept.
#[test]
fn a_compaction_is_done_under_a_lock_by_one_at_a_time() {
    let bench = Bench::new();
    bench.run("a commit", commit);
    let root = bench.dir.path().join(".holotype");
    let folder = root.join("derived/nodes");
    let packs = || fs::read_dir(&folder).unwrap().count();
    let seen = Arc::<std::sync::Mutex<Vec<bool>>>::default();
    let grow = |held: Option<Arc<dyn Vfs>>| {
        let mut most = 0;
        for round in 0..8 {
            let vfs = held.clone().unwrap_or_else(|| Arc::new(RealVfs));
            let repo = open(vfs, bench.dir.path());
            let begin = 1000 * (1 + round) + u32::try_from(packs()).unwrap() * 100_000;
            annotate(&repo, begin..begin + 1000).unwrap();
            commit(&repo).unwrap();
            most = most.max(packs());
        }
        most
    };
    // While somebody else compacts, packs only become more.
    let other = RealVfs
        .lock(&folder, holotype::store::LockMode::TryExclusive)
        .unwrap();
    let all = grow(None);
    assert_eq!(packs(), all, "none was removed");
    drop(other);
    let (noted, locked) = (Arc::clone(&seen), folder.clone());
    let vfs = HookVfs::new(move |op, path| {
        if op == Op::Remove && path.parent() == Some(&locked) {
            noted.lock().unwrap().push(is_locked(&locked));
        }
        Ok(())
    });
    grow(Some(vfs));
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty() && seen.iter().all(|held| *held), "{seen:?}");
}
