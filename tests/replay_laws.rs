//! A replay is divided into portions for all cores; what it gives is what one fold over all events in their order
//! gives, and what it fails with is the first failure of that fold.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod common;

use common::Author;
use holotype::event::{BatchReader, BatchWriter, EmptyState, Event, Overlay, evolve};
use holotype::id::{AnnotationId, BatchId, CommitId};
use holotype::log::{BatchRange, Commit, first_parents, read_batch};
use holotype::replay::{ReplayError, rebuild_commit, replay_all, replay_commit};
use holotype::tree::{MemoryNodes, Tree, TreeBuilder};

/// The commits of a repository, the first one first.
fn commits(author: &Author) -> Vec<(CommitId, Commit)> {
    let head = author.repo.head().unwrap();
    let mut commits: Vec<_> = first_parents(author.repo.store(), head)
        .map(Result::unwrap)
        .collect();
    commits.reverse();
    commits
}

#[test]
fn dealt_out_is_one_after_the_other() {
    for annotations in [100, 4000] {
        check_laws(annotations);
    }
}

fn check_laws(annotations: u64) {
    let dir = tempfile::tempdir().unwrap();
    let author = common::random::build(dir.path(), annotations);
    let store = author.repo.store();
    let mut nodes = MemoryNodes::default();
    let mut parent = Tree::empty(&mut nodes);
    let mut state = Overlay::new(&EmptyState);
    let commits = commits(&author);
    assert!(commits.len() > 2);
    for (id, commit) in commits {
        for range in &commit.batches {
            let bytes = read_batch(store, range.batch).unwrap();
            for event in BatchReader::new(&bytes).unwrap() {
                let edits = {
                    let event = event.unwrap();
                    evolve(&state, &event.context, &event.event)
                }
                .unwrap();
                state.apply(edits);
            }
        }
        let mut builder = TreeBuilder::new();
        for (key, value) in state.edits().iter() {
            if let Some(value) = value {
                builder.push(key.as_bytes(), value, &mut MemoryNodes::default());
            }
        }
        let expected = builder.finish(&mut MemoryNodes::default());
        assert_eq!(expected.root(), commit.root);
        let all = replay_all(store, id, &mut MemoryNodes::default()).unwrap();
        assert_eq!(all, expected);
        let mut made = MemoryNodes::default();
        let one = replay_commit(store, &nodes, &mut made, parent, &commit).unwrap();
        assert_eq!(one, expected);
        // What the tree built anew gives is whole: every node of it is there.
        let mut anew = MemoryNodes::default();
        assert_eq!(
            rebuild_commit(store, &nodes, &mut anew, parent, &commit).unwrap(),
            expected
        );
        let live = state.edits().iter().filter(|(_, value)| value.is_some());
        assert_eq!(
            expected.scan(&anew, &[]).unwrap().map(Result::unwrap).count(),
            live.count()
        );
        nodes.extend(made);
        parent = one;
    }
}

#[test]
fn what_commits_say_of_their_batches_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let author = common::random::build(dir.path(), 4000);
    let store = author.repo.store();
    let mut first = commits(&author).remove(0).1;
    first.batches = commits(&author)
        .iter()
        .flat_map(|(_, commit)| commit.batches.clone())
        .collect();
    let mut nodes = MemoryNodes::default();
    let empty = Tree::empty(&mut nodes);
    let replay =
        |commit: &Commit| replay_commit(store, &nodes, &mut MemoryNodes::default(), empty, commit).unwrap();
    let expected = replay(&first);
    assert_eq!(
        Some(expected.root()),
        commits(&author).last().map(|(_, commit)| commit.root)
    );
    let images: Vec<_> = first
        .batches
        .iter()
        .filter_map(|range| range.images.map(|(first, _)| first))
        .collect();
    let (lowest, highest) = (images.iter().min().copied(), images.iter().max().copied());
    for (from, to) in [
        (lowest, lowest),
        (highest, highest),
        (highest, lowest),
        (None, None),
    ] {
        let mut lying = first.clone();
        for range in &mut lying.batches {
            range.images = from.zip(to);
        }
        assert_eq!(replay(&lying), expected, "{from:?} to {to:?}");
    }
    let mut lying = first.clone();
    lying.batches.iter_mut().for_each(|range| range.global_events = 0);
    assert_eq!(replay(&lying), expected);
}

/// An event about an annotation that is not there; each byte is another image.
fn misfit(byte: u8) -> Event {
    Event::AnnotationWithdrawn {
        annotation: AnnotationId::from_bytes([byte; 24]),
    }
}

/// An event that fits always.
fn fitting(name: &str) -> Event {
    Event::ImageDeclared {
        name: name.to_owned(),
        facts: std::collections::BTreeMap::new(),
    }
}

/// Stores a batch.
fn batch(author: &Author, events: Vec<Event>) -> BatchRange {
    let mut writer = BatchWriter::new();
    let context = author.context();
    let count = u64::try_from(events.len()).unwrap();
    for event in events {
        writer.push(&context, &event).unwrap();
    }
    stored(author, &writer.seal().unwrap().bytes, count)
}

fn stored(author: &Author, bytes: &[u8], events: u64) -> BatchRange {
    let id = author.repo.store().write_object(bytes).unwrap();
    let size_bytes = u64::try_from(bytes.len()).unwrap();
    BatchRange::new(BatchId::from_digest(id), events, 0, None, size_bytes)
}

/// Replays batches as a first commit.
fn failure(author: &Author, batches: &[&BatchRange]) -> ReplayError {
    let (_, mut commit) = commits(author).remove(0);
    commit.batches = batches.iter().map(|range| (*range).clone()).collect();
    let mut nodes = MemoryNodes::default();
    let empty = Tree::empty(&mut nodes);
    replay_commit(
        author.repo.store(),
        &nodes,
        &mut MemoryNodes::default(),
        empty,
        &commit,
    )
    .unwrap_err()
}

#[test]
fn the_first_failure_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let author = common::random::build(dir.path(), 20);
    let fits = batch(&author, vec![fitting("one"), fitting("two")]);
    let misfits = batch(&author, vec![fitting("three"), misfit(9), misfit(1), misfit(200)]);
    let later = batch(&author, vec![misfit(0)]);
    let no_events = stored(
        &author,
        b"{\"event\":\"annotation.withdrawn/1\",\"format\":\"holotype/batch/1\"}\nno event\n",
        1,
    );
    let fewer = BatchRange {
        events: 3,
        ..fits.clone()
    };
    for _ in 0..20 {
        let error = failure(&author, &[&fits, &misfits, &later, &no_events]);
        let ReplayError::Evolve { batch, number, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((batch, number), (misfits.batch, 2));
    }
    let error = failure(&author, &[&no_events, &later]);
    assert!(
        matches!(error, ReplayError::Batch { batch, .. } if batch == no_events.batch),
        "{error}"
    );
    let error = failure(&author, &[&fewer, &later]);
    assert!(
        matches!(
            error,
            ReplayError::EventCount {
                found: 2,
                expected: 3,
                ..
            }
        ),
        "{error}"
    );
    let error = failure(&author, &[&fits, &fits]);
    assert!(matches!(error, ReplayError::Evolve { number: 1, .. }), "{error}");
}
