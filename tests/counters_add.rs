//! What `add` does to files, counted: each is opened once, read once, written once and synced once, and each folder
//! of blobs that got a name is synced once, however many files there are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use holotype::id::BlobId;
use holotype::import::ingest::{IngestOptions, IngestOutcome, ingest};
use holotype::repo::{Repo, Surroundings};
use holotype::store::faulty::FaultyVfs;
use holotype::store::{PIECE_BYTES, RealVfs};
use holotype::time::Timestamp;

/// A repository whose changes of files are counted.
struct Counted {
    repo: Repo,
    vfs: FaultyVfs,
    dir: tempfile::TempDir,
}

impl Counted {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vfs = FaultyVfs::new(Arc::new(RealVfs));
        let around = Surroundings {
            now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
            seed: None,
        };
        let repo = Repo::init(Arc::new(vfs.clone()), dir.path(), "counted", around).unwrap();
        repo.author(Some("Ada <ada@example.org>")).unwrap();
        fs::create_dir(dir.path().join("images")).unwrap();
        Self { repo, vfs, dir }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.dir.path().join("images").join(name), bytes).unwrap();
    }

    /// Adds the folder; returns the outcome and how many times files of the repository were changed.
    fn add(&self) -> (IngestOutcome, u64) {
        let author = self.repo.author(Some("Ada <ada@example.org>")).unwrap();
        self.vfs.heal();
        let paths = [self.dir.path().join("images")];
        let options = IngestOptions::default();
        let context = self.repo.context(author);
        let (outcome, _) = ingest(&self.repo, &context, &paths, &options, &|_| ()).unwrap();
        (outcome, self.vfs.heal())
    }
}

fn bytes_of(name: &str, length: usize) -> Vec<u8> {
    name.bytes().cycle().take(length).collect()
}

/// Changes of files by a first `add` of so many small images, and how many folders of blobs they need.
fn changes(count: usize) -> (u64, u64) {
    let counted = Counted::begin();
    let mut shards = BTreeSet::new();
    for number in 0..count {
        let name = format!("{number}.png");
        let bytes = bytes_of(&name, 3000);
        shards.insert(BlobId::of(&bytes).to_string()[..2].to_owned());
        counted.write(&name, &bytes);
    }
    let (outcome, changes) = counted.add();
    assert_eq!(outcome.added.len(), count);
    (changes, shards.len() as u64)
}

#[test]
fn a_small_file_costs_one_file_and_a_folder_one_sync() {
    let (of_one, _) = changes(1);
    // Without the file's own four changes and its folder's two.
    let constant = of_one - 4 - 2;
    // So many events are an object: a file created, written, synced and renamed, and its folder synced.
    let object = 5;
    for (count, of_events) in [(2, 0), (30, 0), (700, object)] {
        let (changes, shards) = changes(count);
        // A file is created, written, synced and renamed; a folder of blobs created and synced.
        let expected = 4 * count as u64 + 2 * shards + constant + of_events;
        assert_eq!(changes, expected, "{count}");
    }
}

#[test]
fn bytes_that_are_here_are_not_written_again() {
    let counted = Counted::begin();
    let (small, large) = (bytes_of("s", 3000), bytes_of("l", PIECE_BYTES * 2 + 5));
    counted.write("a.png", &small);
    counted.write("b.png", &small);
    counted.write("large.png", &large);
    counted.add();
    let blobs = blobs(&counted);
    assert_eq!(blobs.len(), 2);
    // Of an image that is known nothing is written, not even a draft.
    let (outcome, changes) = counted.add();
    assert_eq!((outcome.unchanged, changes), (3, 0));
    counted.write("c.png", &small);
    let (outcome, with_small) = counted.add();
    assert_eq!((outcome.unchanged, outcome.added), (3, vec!["c.png".to_owned()]));
    // One append to the draft, and a sync of the folder and of the one above, for the names of another's blob may not be
    // durable; then the note of how much was acknowledged, made, written and named, unsynced.
    assert_eq!(with_small, 3 + 3);
    counted.write("d.png", &large);
    counted.add();
    assert_eq!(self::blobs(&counted), blobs);
    assert_eq!(counted.repo.store().list("tmp").unwrap(), []);
}

#[test]
fn a_damaged_blob_is_replaced_by_a_file_with_its_bytes() {
    let counted = Counted::begin();
    for (name, other, length) in [("s.png", "t.png", 3000), ("l.png", "m.png", PIECE_BYTES * 3)] {
        let bytes = bytes_of(name, length);
        counted.write(name, &bytes);
        counted.add();
        let path = counted.repo.store().blob_path(BlobId::of(&bytes));
        let mut damaged = bytes.clone();
        damaged[1000] ^= 1;
        fs::write(&path, &damaged).unwrap();
        counted.write(other, &bytes);
        counted.add();
        assert_eq!(fs::read(&path).unwrap(), bytes, "{other}");
    }
}

#[test]
fn sizes_around_a_piece_are_stored_whole() {
    let counted = Counted::begin();
    let sizes = [
        0,
        1,
        PIECE_BYTES - 1,
        PIECE_BYTES,
        PIECE_BYTES + 1,
        9 * PIECE_BYTES + 7,
    ];
    for size in sizes {
        counted.write(&format!("{size}.png"), &bytes_of("piece by piece ", size));
    }
    let (outcome, _) = counted.add();
    assert_eq!(outcome.added.len(), sizes.len());
    for size in sizes {
        let id = BlobId::of(&bytes_of("piece by piece ", size));
        assert_eq!(counted.repo.store().check_blob(id).unwrap(), size as u64);
    }
}

/// The blobs that the repository holds.
fn blobs(counted: &Counted) -> BTreeSet<String> {
    let root = counted.repo.store().path("blobs");
    let names = |path: &Path| -> Vec<_> {
        let entries = fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    names(&root)
        .iter()
        .flat_map(|shard| names(shard))
        .map(|path| path.display().to_string())
        .collect()
}
