//! Tests of the writer: whole or not at all, never outside.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::durable::watch;
use super::super::folder::{EntryKind, Vacancy, vacancy};
use super::*;

fn partials(dir: &Path) -> usize {
    let names = fs::read_dir(dir).unwrap();
    names
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".holotype-partial")
        })
        .count()
}

#[test]
fn a_folder_appears_whole() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("new/out");
    let mut staged = StagedFolder::create(&target).unwrap();
    staged.write_file("a/b/c.txt", b"c").unwrap();
    staged.write_file("a/d.txt", b"d").unwrap();
    assert!(!target.exists());
    assert!(matches!(
        staged.create_file("a/d.txt"),
        Err(FileError::Exists { .. })
    ));
    staged.publish().unwrap();
    assert_eq!(fs::read(target.join("a/b/c.txt")).unwrap(), b"c");
    assert_eq!(partials(target.parent().unwrap()), 0);
    let names: Vec<String> = Folder::open(&target)
        .unwrap()
        .list()
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["a/b/c.txt", "a/d.txt"]);
}

#[test]
fn dropped_it_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let mut staged = StagedFolder::create(&target).unwrap();
    staged.write_file("x", b"x").unwrap();
    drop(staged);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_a_crash_left_is_not_mixed_in() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let stale = dir.path().join(".out.holotype-partial");
    fs::create_dir_all(stale.join("deep")).unwrap();
    fs::write(stale.join("deep/old"), b"old").unwrap();
    symlink("/etc", stale.join("link")).unwrap();
    let mut staged = StagedFolder::create(&target).unwrap();
    staged.write_file("new", b"new").unwrap();
    staged.publish().unwrap();
    assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
}

#[test]
fn two_at_once_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let first = StagedFolder::create(&target).unwrap();
    assert!(matches!(
        StagedFolder::create(&target),
        Err(FileError::Busy { .. })
    ));
    drop(first);
    StagedFolder::create(&target).unwrap().publish().unwrap();
    assert_eq!(vacancy(&target).unwrap(), Vacancy::EmptyFolder);
}

#[test]
fn only_an_empty_folder_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    fs::create_dir(&target).unwrap();
    let mut staged = StagedFolder::create(&target).unwrap();
    staged.write_file("x", b"x").unwrap();
    staged.publish().unwrap();
    let mut again = StagedFolder::create(&target).unwrap();
    again.write_file("y", b"y").unwrap();
    assert!(matches!(again.publish(), Err(FileError::NotEmpty { .. })));
    assert!(target.join("x").exists() && !target.join("y").exists());
    let file = dir.path().join("file");
    fs::write(&file, b"mine").unwrap();
    let staged = StagedFolder::create(&file).unwrap();
    assert!(matches!(staged.publish(), Err(FileError::Exists { .. })));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert_eq!(partials(dir.path()), 0);
}

#[test]
fn n08_links_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let target = dir.path().join("out");
    let mut staged = StagedFolder::create(&target).unwrap();
    // Somebody puts a link where a folder is to be made.
    symlink(outside.path(), dir.path().join(".out.holotype-partial/sub")).unwrap();
    assert!(staged.write_file("sub/x", b"x").is_err());
    assert!(staged.write_file("../x", b"x").is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let entries = staged.folder().list().unwrap();
    assert_eq!(entries[0].kind, EntryKind::Link);
    assert!(staged.folder().open_file("sub").is_err());
    drop(staged);
    assert!(outside.path().exists());
    // The target is a link, or the sibling is one.
    symlink(outside.path(), &target).unwrap();
    assert!(StagedFolder::create(&target).unwrap().publish().is_err());
    symlink(outside.path(), dir.path().join(".two.holotype-partial")).unwrap();
    assert!(StagedFolder::create(&dir.path().join("two")).is_err());
    symlink(outside.path().join("f"), dir.path().join(".f.holotype-partial")).unwrap();
    assert!(StagedFile::create(&dir.path().join("f"), Existing::Replace).is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_file_is_replaced_only_when_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out.json");
    let write = |existing, bytes: &[u8]| {
        let mut file = StagedFile::create(&target, existing)?;
        file.write_all(bytes).unwrap();
        file.publish()
    };
    write(Existing::Refuse, b"1").unwrap();
    assert!(matches!(
        write(Existing::Refuse, b"2"),
        Err(FileError::Exists { .. })
    ));
    assert_eq!(fs::read(&target).unwrap(), b"1");
    write(Existing::Replace, b"3").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"3");
    let mut left = StagedFile::create(&target, Existing::Replace).unwrap();
    left.write_all(b"4").unwrap();
    drop(left);
    assert_eq!(fs::read(&target).unwrap(), b"3");
    assert_eq!(partials(dir.path()), 0);
    let folder = StagedFile::create(dir.path(), Existing::Replace);
    assert!(matches!(folder, Err(FileError::Exists { .. })));
}

#[test]
fn a_folder_has_its_name_once_all_in_it_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("new/out");
    let syncs = watch::syncs_below(dir.path(), &target);
    let mut staged = StagedFolder::create(&target).unwrap();
    let above = (dir.path().to_owned(), false);
    assert_eq!(
        *syncs.lock().unwrap(),
        [above],
        "the name of a folder that was made"
    );
    staged.write_file("a/b/c.txt", b"c").unwrap();
    let mut file = staged.create_file("a/d.txt").unwrap();
    file.write_all(b"d").unwrap();
    file.finish().unwrap();
    staged.publish().unwrap();
    assert_eq!(watch::not_durable(&syncs, &target), Vec::<PathBuf>::new());
    assert_eq!(syncs.lock().unwrap().len(), 7, "one sync a file and folder");
}

#[test]
fn a_file_has_its_name_once_it_is_durable_and_is_locked_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    for existing in [Existing::Refuse, Existing::Replace] {
        let target = dir.path().join(format!("{existing:?}/out.json"));
        let folder = target.parent().unwrap().to_owned();
        fs::create_dir(&folder).unwrap();
        let syncs = watch::syncs_below(&folder, &target);
        let locked: std::sync::Arc<std::sync::Mutex<Vec<bool>>> = std::sync::Arc::default();
        let (noted, named) = (std::sync::Arc::clone(&locked), target.clone());
        watch::each_sync(&folder, move |_| {
            let there = File::open(&named)
                .or_else(|_| File::open(partial_of(&named)))
                .unwrap();
            let taken = rustix::fs::flock(&there, FlockOperation::NonBlockingLockExclusive);
            noted.lock().unwrap().push(taken == Err(Errno::WOULDBLOCK));
        });
        let mut file = StagedFile::create(&target, existing).unwrap();
        file.write_all(b"1").unwrap();
        file.publish().unwrap();
        assert_eq!(watch::not_durable(&syncs, &target), Vec::<PathBuf>::new());
        assert_eq!(*locked.lock().unwrap(), [true, true], "until its name is durable");
    }
}

fn partial_of(target: &Path) -> PathBuf {
    target.with_file_name(".out.json.holotype-partial")
}

#[test]
fn a_file_that_is_being_written_is_busy() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("out.json");
    let first = StagedFile::create(&target, Existing::Replace).unwrap();
    let second = StagedFile::create(&target, Existing::Replace);
    assert!(matches!(second, Err(FileError::Busy { .. })));
    drop(first);
    StagedFile::create(&target, Existing::Replace).unwrap();
}

#[test]
fn files_that_are_made_durable_together_are_so_each() {
    for count in [1, 2, SYNCS + 1, 3 * SYNCS] {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let syncs = watch::syncs_below(&target, &target);
        let mut staged = StagedFolder::create(&target).unwrap();
        let written: Vec<WrittenFile> = (0..count)
            .map(|n| staged.create_file(&n.to_string()).unwrap().hand_over().unwrap())
            .collect();
        WrittenFile::sync_all(&written).unwrap();
        let mut synced: Vec<PathBuf> = syncs
            .lock()
            .unwrap()
            .iter()
            .map(|(path, _)| path.clone())
            .collect();
        synced.sort();
        let mut expected: Vec<PathBuf> = (0..count).map(|n| target.join(n.to_string())).collect();
        expected.sort();
        assert_eq!(synced, expected);
    }
}
