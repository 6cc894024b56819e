//! What is derived is verified when it is read, as all else is: nodes in packs, also when packs are joined or compacted,
//! and what a draft led to. Whatever becomes of its bytes, every answer stays the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod material;
mod tree;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::event::{Command, State};
use holotype::model::{FactValue, Facts};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings, damaged_packs};
use holotype::store::RealVfs;
use holotype::time::Timestamp;
use material::point_with;
use tree::copy_tree;

const AUTHOR: &str = "Ada <ada@example.org>";

/// A key and its record.
type Row = (Vec<u8>, Vec<u8>);

fn open(dir: &Path) -> Repo {
    Repo::open(Arc::new(RealVfs), dir, around()).unwrap()
}

fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-23T10:00:00Z").unwrap(),
        seed: None,
    }
}

/// All records of a state.
fn rows(state: &dyn State) -> Vec<Row> {
    let mut found = Vec::new();
    state
        .scan(&[], &mut |key, value| {
            found.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn records(dir: &Path) -> Vec<Row> {
    rows(&open(dir).head_version().unwrap())
}

/// Draws a point, with a note of so many characters.
fn annotate(x: u32, note: usize) -> Command {
    let text = format!("{x} ").repeat(note).chars().take(note).collect();
    point_with(x, Facts::from([("note".to_owned(), FactValue::Text(text))]))
}

/// Appends a command to the draft.
fn draft(dir: &Path, command: Command) {
    let repo = open(dir);
    let context = repo.context(repo.author(Some(AUTHOR)).unwrap());
    let run = |transaction: &mut holotype::repo::Transaction<'_>| -> Result<(), RepoError> {
        transaction.must(&context, command)?;
        Ok(())
    };
    assert_eq!(repo.draft_with(run).unwrap().1, 1);
}

fn commit(dir: &Path, commands: Vec<Command>) {
    let repo = open(dir);
    let author = repo.author(Some(AUTHOR)).unwrap();
    let sealing = Sealing {
        author,
        message: "m".to_owned(),
    };
    let context = repo.context(author);
    repo.commit_with(&sealing, |transaction, _| -> Result<(), RepoError> {
        for command in &commands {
            transaction.must(&context, command.clone())?;
        }
        Ok(())
    })
    .unwrap();
}

/// A repository with an image and so many points, every third of them with a long note.
fn repository(points: u32, long: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    Repo::init(Arc::new(RealVfs), dir.path(), "derived", around()).unwrap();
    let mut commands = vec![Command::DeclareImage {
        name: "a.png".to_owned(),
        facts: Facts::new(),
    }];
    commands.extend((0..points).map(|x| annotate(x, if x % 3 == 0 { long } else { 20 })));
    commit(dir.path(), commands);
    dir
}

fn nodes(dir: &Path) -> PathBuf {
    dir.join(".holotype/derived/nodes")
}

fn packs(dir: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(nodes(dir)).unwrap();
    let mut packs: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    packs.sort();
    packs
}

fn damaged(dir: &Path) -> Vec<String> {
    let found = damaged_packs(open(dir).store());
    found.into_iter().map(|(name, _)| name).collect()
}

/// Turns over a bit in each node and each long value of a pack, but not in its index.
fn damage_all(bytes: &[u8]) -> Vec<u8> {
    let count = u64::from_le_bytes(bytes[bytes.len() - 16..bytes.len() - 8].try_into().unwrap());
    let index = bytes.len() - 16 - 44 * usize::try_from(count).unwrap();
    let mut damaged = bytes.to_vec();
    for at in (0..index).step_by(32) {
        damaged[at] ^= 0x10;
    }
    damaged
}

#[test]
fn no_changed_byte_of_a_pack_changes_an_answer() {
    let dir = repository(60, 2000);
    let right = records(dir.path());
    let packs = packs(dir.path());
    assert_eq!(packs.len(), 1);
    let whole = fs::read(&packs[0]).unwrap();
    let name = packs[0].file_name().unwrap().to_str().unwrap().to_owned();
    for at in (0..whole.len())
        .step_by(whole.len() / 150)
        .chain(whole.len() - 30..whole.len())
    {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&packs[0], &flipped).unwrap();
        assert_eq!(damaged(dir.path()), [name.as_str()], "byte {at}");
        assert!(records(dir.path()) == right, "byte {at}");
    }
    for length in [0, 15, 16, whole.len() / 2, whole.len() - 1] {
        fs::write(&packs[0], &whole[..length]).unwrap();
        assert_eq!(damaged(dir.path()), [name.as_str()], "{length} bytes");
        assert!(records(dir.path()) == right, "{length} bytes");
    }
    fs::write(&packs[0], damage_all(&whole)).unwrap();
    assert!(records(dir.path()) == right);
    fs::write(&packs[0], &whole).unwrap();
    assert_eq!(damaged(dir.path()), Vec::<String>::new());
}

#[test]
fn a_pack_of_another_name_is_damaged() {
    let dir = repository(10, 10);
    let pack = packs(dir.path()).remove(0);
    let other = format!("{}.pack", "0".repeat(64));
    fs::rename(&pack, pack.with_file_name(&other)).unwrap();
    assert_eq!(damaged(dir.path()), [other]);
}

/// A copy of a pack in which every node is damaged, and which is asked first.
fn add_damaged_copy(pack: &Path, number: usize) {
    let copy = pack.with_file_name(format!("{number:064}.pack"));
    fs::write(copy, damage_all(&fs::read(pack).unwrap())).unwrap();
}

#[test]
fn nothing_damaged_is_compacted() {
    let dir = repository(900, 3000);
    let pack = packs(dir.path()).remove(0);
    assert!(fs::metadata(&pack).unwrap().len() > 512 << 10);
    add_damaged_copy(&pack, 0);
    commit(dir.path(), vec![annotate(5000, 20)]);
    assert_eq!(packs(dir.path()).len(), 1, "all were compacted into one");
    assert_eq!(damaged(dir.path()), Vec::<String>::new());
    let right = records(dir.path());
    fs::remove_dir_all(nodes(dir.path())).unwrap();
    assert!(records(dir.path()) == right);
}

#[test]
fn nothing_damaged_is_joined() {
    let dir = repository(12, 2000);
    let pack = packs(dir.path()).remove(0);
    for number in 0..14 {
        add_damaged_copy(&pack, number);
    }
    commit(dir.path(), vec![annotate(5000, 20)]);
    assert!(packs(dir.path()).len() < 12, "they were joined");
    assert_eq!(damaged(dir.path()), Vec::<String>::new());
    let right = records(dir.path());
    fs::remove_dir_all(nodes(dir.path())).unwrap();
    assert!(records(dir.path()) == right);
}

/// What a command is decided against: the latest version with the draft on top.
fn decided_against(dir: &Path) -> Vec<Row> {
    let repo = open(dir);
    let mut found = Vec::new();
    repo.draft_with(|transaction| -> Result<(), RepoError> {
        found = rows(transaction);
        Ok(())
    })
    .unwrap();
    found
}

/// The file in which stands what the draft led to.
fn state_file(dir: &Path) -> PathBuf {
    dir.join(".holotype/derived/drafts/main")
}

/// Draws points into the draft, until what it led to is noted.
fn long_draft(dir: &Path, from: u32) {
    for x in from..from + 40 {
        draft(dir, annotate(x, 10));
    }
    assert!(state_file(dir).is_file());
}

#[test]
fn no_changed_byte_of_the_state_of_a_draft_changes_what_is_decided() {
    let dir = repository(3, 10);
    long_draft(dir.path(), 100);
    let right = decided_against(dir.path());
    let whole = fs::read(state_file(dir.path())).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        for changed in [flipped, whole[..at].to_vec()] {
            fs::write(state_file(dir.path()), changed).unwrap();
            assert!(decided_against(dir.path()) == right, "byte {at}");
        }
    }
}

#[test]
fn the_state_of_another_draft_is_not_believed() {
    let (dir, other) = (repository(3, 10), tempfile::tempdir().unwrap());
    copy_tree(dir.path(), other.path());
    long_draft(dir.path(), 100);
    long_draft(other.path(), 500);
    let right = decided_against(dir.path());
    assert!(right != decided_against(other.path()));
    fs::copy(state_file(other.path()), state_file(dir.path())).unwrap();
    assert!(decided_against(dir.path()) == right);
}
