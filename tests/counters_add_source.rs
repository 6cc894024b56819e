//! How often `add` opens and reads the files of the user. The counters belong to the whole process: this is the only
//! test of its program.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::Arc;

use holotype::import::ingest::{IngestOptions, ingest};
use holotype::repo::{Repo, Surroundings};
use holotype::store::RealVfs;
use holotype::time::Timestamp;
use rustix::fs::inotify;

/// What is read and written besides images: the draft, the tree, the header of a large file.
const BESIDES: u64 = 256 << 10;
/// Small files, and one of several pieces.
const SMALL: u64 = 40;
const SMALL_BYTES: u64 = 50_000;
const LARGE_BYTES: u64 = 5_000_000;

/// Bytes that this process has read and written so far.
fn bytes_passed() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/io").unwrap();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    (value("rchar:"), value("wchar:"))
}

/// Counts how often each file of a folder was opened since `watch` began.
fn opens(watch: &rustix::fd::OwnedFd) -> BTreeMap<String, u32> {
    let mut opens = BTreeMap::new();
    let mut buffer = [MaybeUninit::uninit(); 1 << 16];
    let mut reader = inotify::Reader::new(watch, &mut buffer);
    while let Ok(event) = reader.next() {
        let name = event.file_name().map(|name| name.to_string_lossy().into_owned());
        if let Some(name) = name.filter(|_| event.events().contains(inotify::ReadFlags::OPEN)) {
            *opens.entry(name).or_default() += 1;
        }
    }
    opens
}

fn add(repo: &Repo, folder: &Path) -> (u64, u64) {
    let author = repo.author(Some("Ada <ada@example.org>")).unwrap();
    let before = bytes_passed();
    let options = IngestOptions::default();
    ingest(
        repo,
        &repo.context(author),
        &[folder.to_owned()],
        &options,
        &|_| (),
    )
    .unwrap();
    let after = bytes_passed();
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn each_file_is_opened_once_and_its_bytes_pass_once() {
    let dir = tempfile::tempdir().unwrap();
    let around = Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    };
    let repo = Repo::init(Arc::new(RealVfs), dir.path(), "counted", around).unwrap();
    let folder = dir.path().join("images");
    fs::create_dir(&folder).unwrap();
    let content = |seed: u64, length: u64| (0..length).map(|at| (at * seed % 251) as u8).collect::<Vec<_>>();
    for number in 1..=SMALL {
        fs::write(folder.join(format!("{number}.png")), content(number, SMALL_BYTES)).unwrap();
    }
    fs::write(folder.join("large.png"), content(77, LARGE_BYTES)).unwrap();
    let all = SMALL * SMALL_BYTES + LARGE_BYTES;
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    // An event equal to the one before is not told twice: the end of each use keeps two openings apart.
    let what = inotify::WatchFlags::OPEN | inotify::WatchFlags::CLOSE_NOWRITE;
    inotify::add_watch(&watch, &folder, what).unwrap();

    let (read, written) = add(&repo, &folder);
    assert!((all..=all + BESIDES).contains(&read), "{read} of {all}");
    assert!((all..=all + BESIDES).contains(&written), "{written} of {all}");
    let counts = opens(&watch);
    assert_eq!(counts.len() as u64, SMALL + 1);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");

    // Nothing but its bytes says that a file is the same: they are read once more, and no more.
    let (read, written) = add(&repo, &folder);
    assert!((all..=all + BESIDES).contains(&read), "{read} of {all}");
    assert!(written < BESIDES, "{written}");
    let counts = opens(&watch);
    assert_eq!(counts.len() as u64, SMALL + 1);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}
