//! Repositories with many small commits, and every question that can be asked of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command};
use holotype::id::{Code, CommitId, Digest, ImageId, ImagePrefix};
use holotype::index::{Index, IndexAnswer, IndexMode, Lookup, Policy, open};
use holotype::log::first_parents;
use holotype::model::{Facts, Geometry};
use holotype::repo::{Repo, Sealing, Surroundings};
use holotype::store::{PrivateKind, RealVfs};
use holotype::time::Timestamp;

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Declares an image.
    Declare(u8),
    /// Marks a place on an image, declared where needed.
    Annotate(u8),
    /// Marks places on two images.
    AnnotateTwo(u8, u8),
    /// Registers a case: an event about no image.
    Case(u8),
}

/// A repository in a temporary folder.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) repo: Repo,
}

fn around(milliseconds: i64) -> Surroundings {
    Surroundings {
        now: Timestamp::from_unix_ms(1_700_000_000_000 + milliseconds).unwrap(),
        seed: Some(Digest::of(b"seed")),
    }
}

/// Opens the repository in a folder.
pub(crate) fn reopen(dir: &Path) -> Repo {
    Repo::open(Arc::new(RealVfs), dir, around(0)).unwrap()
}

/// Makes a repository with a commit for each step. The clock runs back at times.
pub(crate) fn bench(name: &str, steps: &[Step]) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let repo = Repo::init(Arc::new(RealVfs), dir.path(), name, around(0)).unwrap();
    let bench = Bench { dir, repo };
    bench.commit(steps);
    bench
}

/// Steps of all kinds.
pub(crate) fn steps(count: u8) -> Vec<Step> {
    (0..count)
        .map(|n| match n % 4 {
            0 => Step::Declare(n),
            1 => Step::Case(n),
            2 => Step::Annotate(n / 2),
            _ => Step::AnnotateTwo(n / 3, n),
        })
        .collect()
}

fn image_name(n: u8) -> String {
    format!("folder-{}/{}.tiff", n % 3, n % 11)
}

impl Bench {
    /// Adds a commit for each step.
    pub(crate) fn commit(&self, steps: &[Step]) {
        for step in steps {
            let place = self.chain().len();
            let jitter = [0, 7, 3, 3, 12, 1];
            let now = i64::try_from(place * 5).unwrap() + jitter[place % jitter.len()];
            let repo = Repo::open(Arc::new(RealVfs), self.dir.path(), around(now)).unwrap();
            let author = repo.private(PrivateKind::Person, "Somebody").unwrap();
            let sealing = Sealing {
                author,
                message: format!("{place}: {step:?}"),
            };
            let context = repo.context(author);
            let (_, committed) = repo
                .commit_with(&sealing, |transaction, _| {
                    for command in commands(*step, place) {
                        // What is there already is refused, which does no harm.
                        let _ = transaction.execute(&context, command)?;
                    }
                    Ok(())
                })
                .unwrap();
            assert!(committed.is_some(), "{step:?} committed nothing");
        }
    }

    /// Returns the commits, oldest first.
    pub(crate) fn chain(&self) -> Vec<CommitId> {
        let commits = first_parents(self.repo.store(), self.repo.head().unwrap());
        let mut ids: Vec<_> = commits.map(|commit| commit.unwrap().0).collect();
        ids.reverse();
        ids
    }

    /// Returns the folder of the index.
    pub(crate) fn index_dir(&self) -> PathBuf {
        self.repo.store().derived_path("index")
    }

    /// Opens the index, which must be possible.
    pub(crate) fn index(&self) -> Index {
        match open(self.repo.store(), self.repo.head().unwrap(), IndexMode::Keep) {
            IndexAnswer::Ready(index) => *index,
            IndexAnswer::Bypassed(why) => panic!("the index cannot be opened: {why:?}"),
        }
    }

    /// Fills and seals the index, with the names of images.
    pub(crate) fn fill(&self) {
        holotype::index::rebuild(self.repo.store(), self.repo.head().unwrap()).unwrap();
    }

    /// Compares all answers with those of the log. Returns whether the index was asked.
    pub(crate) fn check(&self) -> bool {
        let head = self.repo.head().unwrap();
        let (expected, _) = answers(&self.repo, head, Policy::Never);
        let (found, is_indexed) = answers(&self.repo, head, Policy::Always);
        assert_eq!(found, expected);
        is_indexed
    }

    /// As `check`; the index must have been asked, and be valid afterwards.
    pub(crate) fn check_indexed(&self) {
        assert!(self.check(), "the index was bypassed");
        assert!(!self.index().is_refilled(), "the index was not valid afterwards");
    }

    /// Checks that what stands there is not believed, but dropped and filled anew.
    pub(crate) fn check_refilled(&self) {
        assert!(self.index().is_refilled(), "the index was believed");
        self.check_indexed();
    }
}

fn commands(step: Step, place: usize) -> Vec<Command> {
    let declare = |n: u8| Command::DeclareImage {
        name: image_name(n),
        facts: Facts::new(),
    };
    let annotate = |n: u8| Command::Annotate {
        image: ImageId::of_name(&image_name(n)),
        geometry: Geometry::rectangle(1.0, 2.0, 3.0, 4.0),
        label: None,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    };
    let case = |text: String| Command::RegisterCase {
        code: Code::parse(&text).unwrap(),
        source: None,
    };
    match step {
        Step::Declare(n) => vec![declare(n), annotate(n)],
        Step::Annotate(n) => vec![declare(n), annotate(n)],
        Step::AnnotateTwo(a, b) => vec![declare(a), declare(b), annotate(a), annotate(b)],
        Step::Case(n) => vec![case(format!("case-{place}-{n}"))],
    }
}

/// Asks every question of a commit's history. Returns the answers, and whether the index gave them.
pub(crate) fn answers(repo: &Repo, head: Option<CommitId>, policy: Policy) -> (Vec<String>, bool) {
    let store = repo.store();
    let all: Vec<_> = first_parents(store, repo.head().unwrap())
        .map(|commit| commit.unwrap())
        .collect();
    let mut lookup = Lookup::new(store, head, policy);
    let mut found = Vec::new();
    let unknown = CommitId::of(b"no commit");
    let ends = [all.first(), all.get(all.len() / 2), all.last()];
    let since = ends.into_iter().flatten().map(|(id, _)| Some(*id));
    for since in since.chain([None, Some(unknown)]) {
        for n in 0..12 {
            let image = ImageId::of_name(&image_name(n)).prefix();
            found.push(format!("{:?}", lookup.batches_of_image(image, since).unwrap()));
        }
        let lowest = ImagePrefix::from_bytes([0; 8]);
        found.push(format!("{:?}", lookup.batches_of_image(lowest, since).unwrap()));
        found.push(format!("{:?}", lookup.global_batches(since).unwrap()));
        found.push(format!("{:?}", lookup.all_batches(since).unwrap()));
    }
    for (id, commit) in &all {
        let ms = commit.committed_at.as_unix_ms();
        for at in [ms - 1, ms, ms + 1].map(|ms| Timestamp::from_unix_ms(ms).unwrap()) {
            found.push(format!("{:?}", lookup.commit_at(at).unwrap()));
        }
        let hex = id.to_string();
        for length in [1, 2, 3, 8, 15, 16, 17, 63, 64] {
            found.push(format!(
                "{:?}",
                lookup.commits_with_prefix(&hex[..length]).unwrap()
            ));
        }
        found.push(format!("{:?}", lookup.commits_with_prefix(&hex.to_uppercase())));
    }
    for prefix in ["", "+f", "zz", &format!("{unknown}")] {
        found.push(format!("{:?}", lookup.commits_with_prefix(prefix).unwrap()));
    }
    for name in [
        "",
        "0.tiff",
        "3.tiff",
        "10.tiff",
        "folder-0/0.tiff",
        "no such file",
    ] {
        found.push(format!("{:?}", lookup.images_named(name).unwrap()));
    }
    let is_indexed = lookup.is_indexed();
    (found, is_indexed)
}

/// Returns all files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
