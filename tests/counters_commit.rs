//! How much a commit reads, writes and waits for: exact counts, no clock. A commit costs what it changes, not what the
//! dataset or its history holds.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::path::Path;
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, Context, State, read};
use holotype::id::{AnnotationId, CommitId, ImageId, LabelId, PrivateId};
use holotype::log::first_parents;
use holotype::model::{AnnotationRecord, AnnotatorKind, EntityKind, Facts, Geometry, Key, KeyParts, Method};
use holotype::repo::{MAIN, Repo, Sealing, Surroundings};
use holotype::store::counting::{CountingVfs, Counts};
use holotype::store::{PrivateKind, RealVfs, Spared};
use holotype::time::Timestamp;

const AUTHOR: &str = "Ada <ada@example.org>";
const LABELS: [&str; 2] = ["mitotic figure", "non-mitotic cell"];

/// A dataset, opened anew for each commit as a process does.
struct Dataset {
    dir: tempfile::TempDir,
    annotations: Vec<AnnotationId>,
    labels: Vec<LabelId>,
    commits: i64,
}

impl Dataset {
    fn new(count: u32) -> Self {
        let mut dataset = Self {
            dir: tempfile::tempdir().unwrap(),
            annotations: Vec::new(),
            labels: Vec::new(),
            commits: 0,
        };
        let repo = Repo::init(Arc::new(RealVfs), dataset.dir.path(), "counted", around(0)).unwrap();
        let author = repo.author(Some(AUTHOR)).unwrap();
        commit(&repo, author, first_commands(author, count));
        let version = repo.head_version().unwrap();
        for key in keys(&version, EntityKind::Annotation) {
            if let KeyParts::Annotation(id) = key {
                dataset.annotations.push(id);
            }
        }
        for key in keys(&version, EntityKind::Label) {
            if let KeyParts::Label(id) = key {
                dataset.labels.push(id);
            }
        }
        assert_eq!(dataset.annotations.len(), usize::try_from(count).unwrap());
        dataset
    }

    fn open(&self) -> (Repo, CountingVfs) {
        let vfs = CountingVfs::new(Arc::new(RealVfs));
        let repo = Repo::open(Arc::new(vfs.clone()), self.dir.path(), around(self.commits)).unwrap();
        (repo, vfs)
    }

    /// Relabels some annotations that lie far from each other, in one commit; returns what that took.
    fn relabel(&mut self, edits: usize) -> (CommitId, Counts) {
        self.commits += 1;
        let (repo, vfs) = self.open();
        let author = repo.author(Some(AUTHOR)).unwrap();
        let round = usize::try_from(self.commits).unwrap();
        let step = self.annotations.len() / edits;
        let version = repo.head_version().unwrap();
        let commands = (0..edits)
            .map(|n| {
                let annotation = self.annotations[(n * step + round * 7) % self.annotations.len()];
                let record: AnnotationRecord = read(&version, &Key::annotation(annotation)).unwrap().unwrap();
                let other = self.labels.iter().find(|label| Some(**label) != record.label);
                let command = Command::Relabel {
                    annotation,
                    label: other.copied(),
                };
                (rating(&repo, author), command)
            })
            .collect();
        let id = commit(&repo, author, commands);
        drop(repo);
        (id, vfs.take())
    }

    fn file(&self, relative: &str) -> std::path::PathBuf {
        self.dir.path().join(".holotype").join(relative)
    }

    fn size(&self, relative: &str) -> u64 {
        std::fs::metadata(self.file(relative)).unwrap().len()
    }

    /// The packs of nodes: bytes, and how many nodes are in them.
    fn packs(&self) -> Vec<(u64, u64)> {
        let folder = std::fs::read_dir(self.file("derived/nodes")).unwrap();
        folder
            .map(|entry| {
                let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                let footer = bytes.len() - 16;
                let count = u64::from_le_bytes(bytes[footer..footer + 8].try_into().unwrap());
                (u64::try_from(bytes.len()).unwrap(), count)
            })
            .collect()
    }
}

fn around(seconds: i64) -> Surroundings {
    Surroundings {
        now: Timestamp::from_unix_ms(1_793_534_400_000 + 1000 * seconds).unwrap(),
        seed: None,
    }
}

fn keys(version: &dyn State, kind: EntityKind) -> Vec<KeyParts> {
    let mut found = Vec::new();
    version
        .scan(&Key::kind_prefix(kind), &mut |key, _| {
            found.push(Key::from_bytes(key).unwrap().parts().unwrap());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn rating(repo: &Repo, author: PrivateId) -> Context {
    Context {
        annotator: Some(holotype::id::Code::parse("human-1").unwrap()),
        method: Some(Method::Manual),
        ..repo.context(author)
    }
}

fn first_commands(author: PrivateId, count: u32) -> Vec<(Context, Command)> {
    let context = Context {
        author: Some(author),
        ..Context::default()
    };
    let mut commands = vec![Command::RegisterAnnotator {
        code: holotype::id::Code::parse("human-1").unwrap(),
        kind: AnnotatorKind::Human,
        name: None,
        person: Some(author),
    }];
    commands.extend(LABELS.map(|name| Command::DefineLabel {
        name: name.to_owned(),
        facts: Facts::new(),
    }));
    let images = ["a.png", "b.png", "c.png", "d.png"];
    commands.extend(images.map(|name| Command::DeclareImage {
        name: name.to_owned(),
        facts: Facts::new(),
    }));
    for n in 0..count {
        commands.push(Command::Annotate {
            image: ImageId::of_name(images[usize::try_from(n).unwrap() % images.len()]),
            geometry: Geometry::rectangle(f64::from(n), 2.0, 50.0, 50.0),
            label: None,
            identity: AnnotationIdentity::Content,
            source_id: None,
            attributes: Facts::new(),
            image_version: None,
        });
    }
    commands
        .into_iter()
        .map(|command| (context.clone(), command))
        .collect()
}

fn commit(repo: &Repo, author: PrivateId, commands: Vec<(Context, Command)>) -> CommitId {
    let sealing = Sealing {
        author,
        message: "m".to_owned(),
    };
    let ((), committed) = repo
        .commit_with(&sealing, |transaction, _| {
            for (context, command) in &commands {
                transaction.must(context, command.clone())?;
            }
            Ok(())
        })
        .unwrap();
    committed.unwrap().id
}

fn is_below(path: &Path, folder: &str) -> bool {
    path.to_string_lossy().contains(&format!("/.holotype/{folder}/"))
}

/// The lengths of what a commit made durable: batch, commit and slot; and of its line in the witness.
fn lengths(dataset: &Dataset, id: CommitId) -> (u64, u64, u64, u64) {
    let (repo, _) = dataset.open();
    let batch = repo.commit(id).unwrap().batches[0].size_bytes;
    let object = dataset.size(&format!("objects/{id}"));
    let tip = repo.tip().unwrap().unwrap();
    let slot = dataset.size(&format!("refs/heads/{MAIN}/{:010}", tip.slot.seq));
    let witness = std::fs::read_to_string(dataset.file("refs/witness")).unwrap();
    let line = witness.lines().last().unwrap().len() + 1;
    (batch, object, slot, u64::try_from(line).unwrap())
}

#[test]
fn a_commit_waits_five_times_and_reads_only_the_path_that_it_changes() {
    let mut dataset = Dataset::new(4000);
    let nodes_before: u64 = dataset.packs().iter().map(|(_, nodes)| nodes).sum();
    let (id, counts) = dataset.relabel(1);
    // Batch, commit, the folder of both, slot, its folder.
    assert_eq!(counts.syncs, 5, "{counts:?}");
    assert_eq!(counts.lists, [dataset.file("derived/nodes")], "{counts:?}");
    let objects: Vec<_> = counts
        .read_by_path
        .iter()
        .filter(|(path, _)| is_below(path, "objects"))
        .collect();
    assert_eq!(objects.len(), 1, "only the commit before is read: {objects:?}");
    let from_packs: u64 = counts
        .read_by_path
        .iter()
        .filter(|(path, _)| is_below(path, "derived/nodes"))
        .map(|(_, bytes)| bytes)
        .sum();
    let packed: u64 = dataset.packs().iter().map(|(bytes, _)| bytes).sum();
    assert!(
        from_packs < packed / 8,
        "{from_packs} of {packed} bytes of nodes were read"
    );
    assert!(counts.reads <= 40, "{counts:?}");
    // A relabel changes the annotation and its rating; the tree has three levels.
    let nodes_after: u64 = dataset.packs().iter().map(|(_, nodes)| nodes).sum();
    assert!(
        nodes_after - nodes_before <= 2 * 3,
        "{nodes_before} → {nodes_after}"
    );
    let (batch, object, slot, _) = lengths(&dataset, id);
    assert_eq!(counts.synced_bytes, batch + object + slot);
}

#[test]
fn what_a_commit_makes_durable_is_little_more_than_its_events() {
    let mut dataset = Dataset::new(2000);
    let (one, _) = dataset.relabel(1);
    let (batch, object, slot, witness) = lengths(&dataset, one);
    // The frame of a commit is the same whatever it holds; beside one event it weighs most.
    let frame = object + slot + witness;
    assert!(frame <= 1120, "{object} + {slot} + {witness}");
    assert!(
        batch + object + slot <= 4 * batch,
        "{object} + {slot} beside {batch}"
    );
    let (hundred, _) = dataset.relabel(100);
    let (batch, object, slot, witness) = lengths(&dataset, hundred);
    let all = batch + object + slot + witness;
    assert!(all * 10 <= batch * 13, "{batch} + {object} + {slot} + {witness}");
}

#[test]
fn the_hundredth_commit_reads_no_more_than_the_tenth_and_old_nodes_are_dropped() {
    let mut dataset = Dataset::new(4000);
    let first = dataset.open().0.head().unwrap().unwrap();
    let mut counts = Vec::new();
    let mut most = 0;
    for _ in 0..120 {
        counts.push(dataset.relabel(10).1);
        let packs = dataset.packs();
        most = most.max(packs.iter().map(|(bytes, _)| bytes).sum());
        assert!(packs.len() <= 13, "{} packs", packs.len());
    }
    // Without compaction, all that was written beside the commits would still be there.
    let written: u64 = counts.iter().map(|one| one.unsynced_bytes).sum();
    let (repo, _) = dataset.open();
    repo.drop_derived(Spared::Nothing).unwrap();
    repo.rebuild_nodes().unwrap();
    let tree: u64 = dataset.packs().iter().map(|(bytes, _)| bytes).sum();
    assert!(
        most <= 3 * tree + (1 << 20) && most < written,
        "{most} bytes beside a tree of {tree}; {written} were written"
    );
    let least = |range: std::ops::Range<usize>| counts[range].iter().map(|one| one.reads).min().unwrap();
    assert!(
        least(100..120) <= least(5..25) + 12,
        "{} > {}",
        least(100..120),
        least(5..25)
    );
    assert!(counts.iter().all(|one| one.syncs == 5));
    let listed = counts.iter().flat_map(|one| &one.lists);
    assert!(
        listed
            .into_iter()
            .all(|path| path.ends_with("derived/nodes") || path.ends_with("refs/tags")),
        "no folder that grows with the history is listed"
    );
    // A version whose nodes were dropped is read all the same.
    let (repo, _) = dataset.open();
    let version = repo.version(first).unwrap();
    assert_eq!(keys(&version, EntityKind::Annotation).len(), 4000);
}

#[test]
fn the_tip_is_found_by_probing_and_a_short_log_reads_only_its_commits() {
    let mut dataset = Dataset::new(100);
    for _ in 0..40 {
        let _ = dataset.relabel(1);
    }
    let (repo, vfs) = dataset.open();
    let _ = vfs.take();
    let tip = repo.tip().unwrap().unwrap();
    assert_eq!(vfs.take().stats, 2, "the hint, and none after it");
    std::fs::remove_dir_all(dataset.file("derived")).unwrap();
    assert_eq!(repo.tip().unwrap().unwrap(), tip);
    let counts = vfs.take();
    assert!(counts.stats <= 14 && counts.lists.is_empty(), "{counts:?}");
    let walked = first_parents(repo.store(), tip.slot.commit).take(20).count();
    assert_eq!((walked, vfs.take().opens), (20, 20));
}

#[test]
fn a_person_is_found_without_reading_all_private_objects_or_the_log() {
    let mut dataset = Dataset::new(500);
    let (repo, _) = dataset.open();
    for n in 0..30 {
        repo.private(PrivateKind::SourceCaseId, &format!("H-{n}"))
            .unwrap();
    }
    let _ = dataset.relabel(1);
    let known = |dataset: &Dataset| {
        let (repo, vfs) = dataset.open();
        let author = repo.author(Some(AUTHOR)).unwrap();
        let private = vfs.take();
        let version = repo.head_version().unwrap();
        let code = repo.find_annotator(&version, AUTHOR).unwrap();
        (author, code, private, vfs.take())
    };
    let (author, code, private, _) = known(&dataset);
    assert!(private.lists.is_empty() && private.opens <= 12, "{private:?}");
    let _ = dataset.relabel(1);
    let (again, same, _, counts) = known(&dataset);
    assert_eq!((author, &code), (again, &same));
    assert!(code.is_some());
    let objects = counts
        .read_by_path
        .keys()
        .filter(|path| is_below(path, "objects"));
    assert_eq!(objects.count(), 1, "only the latest commit: {counts:?}");
}

#[test]
fn a_command_on_a_long_draft_applies_only_what_was_drafted_last() {
    let mut dataset = Dataset::new(3000);
    let mut reads = Vec::new();
    for n in 0..140 {
        dataset.commits += 1;
        let (repo, vfs) = dataset.open();
        let author = repo.author(Some(AUTHOR)).unwrap();
        let context = rating(&repo, author);
        let command = Command::Relabel {
            annotation: dataset.annotations[n * 21],
            label: Some(dataset.labels[0]),
        };
        let _ = vfs.take();
        let ((), events) = repo
            .draft_with(|transaction| transaction.must(&context, command).map(|_| ()))
            .unwrap();
        let counts = vfs.take();
        assert_eq!(events, 1);
        // The first line makes the file: the line, its name; then each line is one synced append.
        assert_eq!(counts.syncs, if n == 0 { 2 } else { 1 }, "{counts:?}");
        reads.push(counts.reads);
    }
    let most = |range: std::ops::Range<usize>| reads[range].iter().max().copied().unwrap();
    assert!(most(100..140) <= most(33..73) + 8, "{reads:?}");
    let (repo, _) = dataset.open();
    let drafted = repo.draft_version().unwrap().snapshot().unwrap();
    let sealing = Sealing {
        author: repo.author(Some(AUTHOR)).unwrap(),
        message: "m".to_owned(),
    };
    let committed = repo.commit_draft(&sealing).unwrap();
    assert_eq!(
        (committed.commit.events(), committed.commit.snapshot),
        (140, drafted)
    );
    assert!(!dataset.file("derived/drafts/main").exists());
}
