//! Every write path with a store that fails at its n-th operation, for all n, in five ways, and with the power cut
//! between any two. Afterwards the old or the new state stands, what was acknowledged is there, the log replays, and a
//! second try works.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "threats/hooks.rs"]
mod hooks;
mod material;
#[path = "faults/power.rs"]
mod power;
mod tree;

use std::path::Path;
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, State};
use holotype::id::{Digest, ImageId};
use holotype::model::{Facts, Geometry, ImageFile, Key};
use holotype::replay::replay_all;
use holotype::repo::{Repo, RepoError, Sealing, Surroundings};
use holotype::store::faulty::{FAULTS, Fault, FaultyVfs};
use holotype::store::{RealVfs, Vfs};
use holotype::time::Timestamp;
use holotype::tree::MemoryNodes;
use holotype::verify::{VerifyOptions, verify};
use material::Bytes;
use tree::copy_tree;

fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    }
}

fn open(vfs: Arc<dyn Vfs>, dir: &Path) -> Result<Repo, RepoError> {
    Repo::open(vfs, dir, around())
}

fn sealing(repo: &Repo) -> Result<Sealing, RepoError> {
    Ok(Sealing {
        author: repo.author(Some("Ada <ada@example.org>"))?,
        message: "m".to_owned(),
    })
}

fn annotate(repo: &Repo) -> Result<u64, RepoError> {
    let context = repo.context(repo.author(Some("Ada <ada@example.org>"))?);
    let ((), events) = repo.draft_with(|transaction| -> Result<(), RepoError> {
        transaction.must(&context, point(3.0))?;
        Ok(())
    })?;
    Ok(events)
}

fn point(x: f64) -> Command {
    Command::Annotate {
        image: ImageId::of_name("a.png"),
        geometry: Geometry::point(x, 1.0),
        label: None,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    }
}

fn ingest(repo: &Repo, name: &str, bytes: &'static [u8]) -> Result<(), RepoError> {
    let mut staged = [repo.store().stage_blob(&mut Bytes::of(bytes))?];
    repo.store().publish_blobs(&mut staged)?;
    let file = ImageFile::new(name.to_owned(), staged[0].id, staged[0].size_bytes);
    let context = repo.context(repo.author(Some("Ada <ada@example.org>"))?);
    repo.commit_with(&sealing(repo)?, |transaction, _| -> Result<(), RepoError> {
        let command = Command::IngestImage {
            name: name.to_owned(),
            files: vec![file.clone()],
            facts: Facts::new(),
        };
        transaction.must(&context, command)?;
        Ok(())
    })?;
    Ok(())
}

/// A repository with an image, a commit, and a draft of one annotation.
fn prepare(dir: &Path) {
    let repo = Repo::init(Arc::new(RealVfs), dir, "faults", around()).unwrap();
    ingest(&repo, "a.png", b"the bytes of an image").unwrap();
    annotate(&repo).unwrap();
}

/// What stands: the head's snapshot, the draft's, the tags, and whether the image's bytes are there.
#[derive(Debug, PartialEq)]
struct Standing {
    head: Option<String>,
    draft: String,
    tags: Vec<String>,
    author: bool,
    images: u64,
    bytes: bool,
}

fn standing(dir: &Path) -> Standing {
    let repo = open(Arc::new(RealVfs), dir).unwrap();
    let head = repo.head().unwrap();
    if let Some(head) = head {
        let mut nodes = MemoryNodes::default();
        let replayed = replay_all(repo.store(), head, &mut nodes).unwrap();
        assert_eq!(
            replayed.root(),
            repo.commit(head).unwrap().root,
            "the log gives the version"
        );
    }
    let draft = repo.draft_version().unwrap();
    let report = verify(&repo, &VerifyOptions::default(), &|_| {}).unwrap();
    assert!(report.ok(), "{:#?}", report.findings);
    let witness = repo.store().check_witness().unwrap();
    assert!(
        witness.leading.is_empty() && witness.damage.is_none(),
        "{witness:?}"
    );
    Standing {
        head: head.map(|head| repo.version(head).unwrap().snapshot().unwrap().to_string()),
        draft: draft.snapshot().unwrap().to_string(),
        tags: repo.store().list_tags().unwrap(),
        author: repo.store().local_author().unwrap().is_some(),
        images: draft.counts().unwrap().images,
        bytes: repo
            .store()
            .has_blob(holotype::id::BlobId::of(b"the bytes of an image"))
            .unwrap(),
    }
}

/// Tries an operation with every fault at every place, on a repository with a draft.
fn check_operation(operation: impl Fn(&Repo) -> Result<(), RepoError>) {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    check_operation_on(&base, operation);
}

/// The same on a repository without a draft.
fn check_operation_without_draft(operation: impl Fn(&Repo) -> Result<(), RepoError>) {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    open(Arc::new(RealVfs), base.path())
        .unwrap()
        .discard_draft()
        .unwrap();
    check_operation_on(&base, operation);
}

fn check_operation_on(base: &tempfile::TempDir, operation: impl Fn(&Repo) -> Result<(), RepoError>) {
    let old = standing(base.path());
    let done = tempfile::tempdir().unwrap();
    copy_tree(base.path(), done.path());
    operation(&open(Arc::new(RealVfs), done.path()).unwrap()).unwrap();
    let new = standing(done.path());
    assert_ne!(old, new, "the operation does something");
    let mut places = 0_u64;
    for fault in FAULTS {
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            copy_tree(base.path(), dir.path());
            let vfs = FaultyVfs::new(Arc::new(RealVfs));
            let repo = open(Arc::new(vfs.clone()), dir.path()).unwrap();
            vfs.fail(n, fault);
            let result = operation(&repo);
            let reached = vfs.heal() > n;
            if !reached {
                result.unwrap();
                break;
            }
            places += 1;
            check_aftermath(dir.path(), fault, n, result.is_ok(), &old, &new, &operation);
        }
    }
    assert!(places >= 5, "{places} places were tried");
    let states = power::check(base.path(), &old, &new, None, &operation);
    assert!(states >= 5, "{states} states after a loss of power");
}

fn check_aftermath(
    dir: &Path,
    fault: Fault,
    n: u64,
    acknowledged: bool,
    old: &Standing,
    new: &Standing,
    operation: &impl Fn(&Repo) -> Result<(), RepoError>,
) {
    let after = standing(dir);
    assert!(
        after == *old || after == *new,
        "{fault:?} at {n}: neither old nor new but {after:?}"
    );
    if acknowledged {
        assert_eq!(after, *new, "{fault:?} at {n}: it was acknowledged");
    }
    if after != *new {
        operation(&open(Arc::new(RealVfs), dir).unwrap())
            .unwrap_or_else(|error| panic!("{fault:?} at {n}: {error}"));
        assert_eq!(standing(dir), *new, "{fault:?} at {n}: a second try");
    }
}

#[test]
fn k02_k03_k05_k06_recording_into_the_draft() {
    check_operation(|repo| annotate(repo).map(|_| ()));
}

/// A process died after its commit and before the draft's file was removed. When that file cannot be removed now, either,
/// what comes next must not be added to it: nobody reads a draft that is sealed.
#[test]
fn k06_recording_where_a_sealed_draft_was_left_behind() {
    let base = tempfile::tempdir().unwrap();
    prepare(base.path());
    let path = base.path().join(".holotype/draft/main.jsonl");
    let left = std::fs::read(&path).unwrap();
    let repo = open(Arc::new(RealVfs), base.path()).unwrap();
    repo.commit_draft(&sealing(&repo).unwrap()).unwrap();
    drop(repo);
    std::fs::write(&path, left).unwrap();
    check_operation_on(&base, |repo| annotate(repo).map(|_| ()));
}

#[test]
fn k02_k03_k05_k06_sealing_the_draft() {
    check_operation(|repo| repo.commit_draft(&sealing(repo)?).map(|_| ()));
}

#[test]
fn k02_k03_k05_k06_committing_beside_the_draft() {
    check_operation(|repo| {
        let context = repo.context(repo.author(Some("Ada <ada@example.org>"))?);
        repo.commit_with(&sealing(repo)?, |transaction, _| -> Result<(), RepoError> {
            transaction.must(&context, point(9.0))?;
            Ok(())
        })?;
        Ok(())
    });
}

#[test]
fn k02_k03_k05_k06_bringing_in_an_image() {
    check_operation(|repo| ingest(repo, "b.png", b"other bytes"));
}

#[test]
fn k02_k03_k05_k06_tagging() {
    check_operation(|repo| {
        let head = repo.head()?.unwrap();
        let author = repo.author(Some("Ada <ada@example.org>"))?;
        repo.tag("v1", head, author, "first").map(|_| ())
    });
}

#[test]
fn k02_k03_k05_k06_erasing_an_image() {
    check_operation_without_draft(|repo| {
        let context = repo.context(repo.author(Some("Ada <ada@example.org>"))?);
        let plan = repo.plan_erasure("a.png")?;
        repo.erase(&plan, &context, &sealing(repo)?, "asked for it")
            .map(|_| ())
    });
}

#[test]
fn k02_k03_k05_k06_remembering_the_author() {
    check_operation(|repo| repo.remember_author("Ben <ben@example.org>").map(|_| ()));
}

#[test]
fn a_revert_begins_a_draft() {
    check_operation_without_draft(|repo| {
        let context = repo.context(repo.author(Some("Ada <ada@example.org>"))?);
        let undone = repo
            .draft_version()?
            .get(&Key::image(ImageId::of_name("a.png")))?
            .is_none();
        let head = repo.head()?.unwrap();
        if undone {
            Ok(())
        } else {
            repo.revert(head, &context).map(|_| ())
        }
    });
}

/// The model sees what it is for: without one of the two kinds of sync, a loss of power does harm.
#[test]
fn a_sync_that_does_nothing_is_found_by_the_model_of_the_disk() {
    for ignored in [hooks::Op::Sync, hooks::Op::SyncDir] {
        let base = tempfile::tempdir().unwrap();
        prepare(base.path());
        let seal = |repo: &Repo| repo.commit_draft(&sealing(repo)?).map(|_| ());
        let done = tempfile::tempdir().unwrap();
        copy_tree(base.path(), done.path());
        seal(&open(Arc::new(RealVfs), done.path()).unwrap()).unwrap();
        let (old, new) = (standing(base.path()), standing(done.path()));
        let checked =
            std::panic::catch_unwind(|| power::check(base.path(), &old, &new, Some(ignored), &seal));
        assert!(checked.is_err(), "{ignored:?}: {checked:?}");
    }
}

#[test]
fn making_a_repository() {
    for fault in FAULTS {
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let vfs = FaultyVfs::new(Arc::new(RealVfs));
            vfs.fail(n, fault);
            let result = Repo::init(Arc::new(vfs.clone()), dir.path(), "faults", around());
            let reached = vfs.heal() > n;
            if !reached {
                result.map(|_| ()).unwrap();
                break;
            }
            match open(Arc::new(RealVfs), dir.path()) {
                Ok(repo) => assert_eq!(repo.head().unwrap(), None, "{fault:?} at {n}"),
                Err(_) => {
                    assert!(result.is_err(), "{fault:?} at {n}: it was acknowledged");
                    Repo::init(Arc::new(RealVfs), dir.path(), "faults", around())
                        .map(|_| ())
                        .unwrap();
                }
            }
        }
    }
}

/// Whether a writer is told a failure of what took effect: only where the sync of the folder failed, after which nobody
/// knows what a loss of power would leave.
#[test]
fn s01_a_lost_answer_to_the_creation_of_a_slot_or_tag_is_no_failure() {
    let commit = |repo: &Repo| repo.commit_draft(&sealing(repo)?).map(drop);
    let tag = |repo: &Repo| {
        let author = repo.author(Some("Ada <ada@example.org>"))?;
        repo.tag("v1", repo.head()?.unwrap(), author, "first").map(drop)
    };
    for operation in [commit as fn(&Repo) -> Result<(), RepoError>, tag] {
        let base = tempfile::tempdir().unwrap();
        prepare(base.path());
        let old = standing(base.path());
        let mut wrongly_told = 0;
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            copy_tree(base.path(), dir.path());
            let vfs = FaultyVfs::new(Arc::new(RealVfs));
            let repo = open(Arc::new(vfs.clone()), dir.path()).unwrap();
            vfs.fail(n, Fault::LostAnswer);
            let result = operation(&repo);
            if vfs.heal() <= n {
                break;
            }
            wrongly_told += u32::from(result.is_err() && standing(dir.path()) != old);
        }
        assert_eq!(wrongly_told, 1);
    }
}

#[test]
fn k06_after_a_failed_sync_nothing_more_is_written() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let vfs = FaultyVfs::new(Arc::new(RealVfs));
    let repo = open(Arc::new(vfs.clone()), dir.path()).unwrap();
    // Operation 0 creates the temporary file, 1 writes it, 2 syncs it.
    vfs.fail(2, Fault::Error);
    let first = repo.store().write_object(b"{}").expect_err("the sync fails");
    vfs.heal();
    let error = repo
        .store()
        .write_object(b"{}")
        .expect_err("poisoned")
        .to_string();
    let why = format!("could not be made durable: {first}: ");
    assert!(error.contains(&why), "{error}");
    assert!(repo.head().unwrap().is_some(), "reading goes on");
    let digest = Digest::of(b"{}");
    assert!(
        open(Arc::new(RealVfs), dir.path())
            .unwrap()
            .store()
            .read_object(digest)
            .is_err()
    );
}
