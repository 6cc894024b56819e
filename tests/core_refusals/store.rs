//! Files that cannot be read: told with their path, and never taken for files that are not there.

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holotype::event::Command;
use holotype::id::{BlobId, Digest};
use holotype::model::Facts;
use holotype::repo::{Repo, RepoError, Sealing, Surroundings};
use holotype::store::{BlobSource, RealVfs, StoreError, Vfs};
use holotype::time::Timestamp;

use super::hooks::{HookVfs, Op};

const AUTHOR: &str = "Ada <ada@example.org>";

fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    }
}

/// A repository with a commit, a tag, an author of its own, and a file that stays where it is.
fn make(dir: &Path) -> BlobId {
    let repo = Repo::init(Arc::new(RealVfs), dir, "unreadable", around()).unwrap();
    let author = repo.author(Some(AUTHOR)).unwrap();
    let sealing = Sealing {
        author,
        message: "a label".to_owned(),
    };
    let context = repo.context(author);
    let label = Command::DefineLabel {
        name: "cell".to_owned(),
        facts: Facts::new(),
    };
    repo.commit_with(&sealing, |transaction, _| -> Result<(), RepoError> {
        transaction.must(&context, label.clone())?;
        Ok(())
    })
    .unwrap();
    let head = repo.head().unwrap().unwrap();
    repo.tag("v1", head, author, "first").unwrap();
    repo.remember_author(AUTHOR).unwrap();
    let blob = BlobId::of(b"elsewhere");
    repo.store().set_local_path(blob, "/elsewhere/a.png").unwrap();
    blob
}

/// Fails whatever is read below a path of the repository, once it is armed.
fn failing_at(dir: &Path, part: &'static str) -> (Repo, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(false));
    let is_armed = Arc::clone(&armed);
    let vfs: Arc<dyn Vfs> = HookVfs::new(move |op, path| {
        let is_read = matches!(op, Op::Open | Op::Read | Op::ReadAt);
        if is_read && is_armed.load(Ordering::SeqCst) && path.to_string_lossy().contains(part) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    });
    (Repo::open(vfs, dir, around()).unwrap(), armed)
}

/// A reading of the store.
type Reading<'r> = &'r dyn Fn(&Repo) -> Result<(), StoreError>;

#[test]
fn k06_what_cannot_be_read_is_not_taken_for_what_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let blob = make(dir.path());
    let author = Repo::open(Arc::new(RealVfs), dir.path(), around())
        .and_then(|repo| repo.author(Some(AUTHOR)))
        .unwrap();
    let named_by_blob = format!("paths/{blob}.json");
    let cases: [(&str, Reading<'_>); 7] = [
        ("refs/heads/main/", &|repo| {
            repo.store().read_slot("main", 1).map(drop)
        }),
        ("refs/tags/", &|repo| repo.store().read_tag("v1").map(drop)),
        ("/private/", &|repo| repo.store().read_private(author).map(drop)),
        (".erased", &|repo| repo.store().read_private(author).map(drop)),
        ("local/author.json", &|repo| repo.store().local_author().map(drop)),
        ("local/paths/", &|repo| repo.store().check_local(&named_by_blob)),
        ("refs/witness", &|repo| repo.store().check_witness().map(drop)),
    ];
    for (part, reading) in cases {
        let (repo, armed) = failing_at(dir.path(), part);
        reading(&repo).unwrap_or_else(|error| panic!("{part}: {error}"));
        armed.store(true, Ordering::SeqCst);
        let error = reading(&repo).expect_err(part);
        assert!(
            matches!(&error, StoreError::Io { path, .. } if path.to_string_lossy().contains(part)),
            "{part}: {error:?}"
        );
        assert!(
            !error.is_damage(),
            "{part}: a disk that fails is no damage: {error}"
        );
    }
}

#[test]
fn files_of_this_machine_are_known_by_name_and_content() {
    let dir = tempfile::tempdir().unwrap();
    let blob = make(dir.path());
    let repo = Repo::open(Arc::new(RealVfs), dir.path(), around()).unwrap();
    let store = repo.store();
    let of_blob = |blob: BlobId| format!("paths/{blob}.json");
    for name in ["author.json", "erasing.json", &of_blob(blob)] {
        store
            .check_local(name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let other = BlobId::of(b"another");
    let paths = dir.path().join(".holotype/local/paths");
    std::fs::copy(
        paths.join(format!("{blob}.json")),
        paths.join(format!("{other}.json")),
    )
    .unwrap();
    for (name, why) in [
        (of_blob(other), "it is about another blob"),
        ("paths/x.json".to_owned(), "no file of this name is known"),
        ("notes.txt".to_owned(), "no file of this name is known"),
    ] {
        let error = store.check_local(&name).unwrap_err();
        assert!(
            error.is_damage() && error.to_string().contains(why),
            "{name}: {error}"
        );
    }
}

/// A source that gives some bytes and fails then.
struct Failing(u32);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.0.checked_sub(1) else {
            return Err(io::Error::from_raw_os_error(5));
        };
        self.0 = left;
        buffer.fill(1);
        Ok(buffer.len())
    }
}

impl BlobSource for Failing {
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn path(&self) -> &Path {
        Path::new("source.png")
    }
}

/// Of bytes that come in until their source fails nothing stays, whether it fails at once or after several pieces.
#[test]
fn k06_a_source_that_fails_is_named_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let repo = Repo::open(Arc::new(RealVfs), dir.path(), around()).unwrap();
    for reads in [0, 1, 2, 9] {
        let error = repo.store().stage_blob(&mut Failing(reads)).unwrap_err();
        assert!(
            matches!(&error, StoreError::Io { action: "read", path, .. } if path == &PathBuf::from("source.png")),
            "{reads}: {error:?}"
        );
        let left = std::fs::read_dir(dir.path().join(".holotype/tmp"))
            .unwrap()
            .count();
        assert_eq!(left, 0, "{reads}");
    }
    let digest = Digest::of(b"{}");
    assert_eq!(
        repo.store().write_object(b"{}").unwrap().to_string(),
        digest.to_string(),
        "it goes on"
    );
}
