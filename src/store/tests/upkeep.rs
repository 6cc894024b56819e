//! What is set aside, removed for ever, and listed as garbage.

use super::*;
use crate::id::BlobId;
use crate::time::Timestamp;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_set_aside_takes_no_name_that_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fs::create_dir_all(store.path("objects/ab")).unwrap();
    for number in 1..=4_u8 {
        fs::write(store.path("objects/ab/x"), [number]).unwrap();
        let name = store.set_aside("objects/ab/x").unwrap().unwrap();
        let expected = match number {
            1 => "quarantine/objects+ab+x".to_owned(),
            _ => format!("quarantine/objects+ab+x.{number}"),
        };
        assert_eq!(name, expected);
        assert_eq!(fs::read(store.path(&name)).unwrap(), [number]);
    }
    assert_eq!(store.set_aside("objects/ab/x").unwrap(), None);
    assert_eq!(names(&store.path("quarantine")).len(), 4);
}

#[test]
fn what_was_erased_goes_from_what_was_set_aside_but_for_its_tombstone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (id, other) = (Digest::of(b"erased"), Digest::of(b"other"));
    fs::create_dir_all(store.path("quarantine")).unwrap();
    for name in [
        format!("blobs+ab+{id}"),
        format!("blobs+ab+{id}.2"),
        format!("blobs+ab+{id}.erased"),
        format!("blobs+ab+{other}"),
        format!("blobs+ab+{other}.erased"),
    ] {
        fs::write(store.path("quarantine").join(name), b"x").unwrap();
    }
    store.erase_set_aside(id).unwrap();
    let mut left = [
        format!("blobs+ab+{id}.erased"),
        format!("blobs+ab+{other}"),
        format!("blobs+ab+{other}.erased"),
    ];
    left.sort();
    assert_eq!(names(&store.path("quarantine")), left);
}

#[test]
fn beginnings_of_what_is_erased_go_and_nothing_else_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let mut whole = vec![7_u8; 2 * PIECE_BYTES];
    whole[3] = 1;
    whole[PIECE_BYTES + 3] = 2;
    let (path, tmp) = (dir.path().join("erased"), store.path("tmp"));
    fs::write(&path, &whole).unwrap();
    let mut other_later = whole[..PIECE_BYTES + 9].to_vec();
    other_later[PIECE_BYTES + 3] = 3;
    let mut longer = whole.clone();
    longer.push(7);
    for (name, bytes) in [
        ("a-whole", &whole[..]),
        ("a-piece", &whole[..PIECE_BYTES]),
        ("a-piece-and-more", &whole[..PIECE_BYTES + 9]),
        ("a-byte", &whole[..1]),
        ("b-empty", b"".as_slice()),
        ("b-longer", &longer),
        ("b-other", b"other"),
        ("b-other-later", &other_later),
    ] {
        fs::write(tmp.join(name), bytes).unwrap();
    }
    fs::create_dir(tmp.join("b-folder")).unwrap();
    store.remove_beginnings(&dir.path().join("nothing")).unwrap();
    assert_eq!(names(&tmp).len(), 9);
    store.remove_beginnings(&path).unwrap();
    let left = ["b-empty", "b-folder", "b-longer", "b-other", "b-other-later"];
    assert_eq!(names(&tmp), left);
}

#[test]
fn files_in_tmp_are_garbage_and_folders_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    fs::write(store.path("tmp/left"), b"1234").unwrap();
    fs::create_dir(store.path("tmp/folder")).unwrap();
    let found = store.temporary_files().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|file| (file.path.as_str(), file.size_bytes))
        .collect();
    assert_eq!(found, [("tmp/left", 4)]);
}

#[test]
fn an_index_is_one_piece_of_garbage_as_long_as_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let _ = fs::remove_dir_all(store.path("derived"));
    fs::create_dir_all(store.path("derived/index/blobs")).unwrap();
    assert_eq!(store.derived_files().unwrap(), Vec::new(), "an empty one is none");
    store.write_derived("tips/main", b"1\n").unwrap();
    fs::write(store.path("derived/index/db"), [0; 10]).unwrap();
    fs::write(store.path("derived/index/blobs/1"), [0; 5]).unwrap();
    // The time of the index is that of its youngest file, not that of the folder.
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
    for name in ["db", "blobs/1"] {
        let file = fs::File::options()
            .write(true)
            .open(store.path("derived/index").join(name));
        file.unwrap().set_modified(old).unwrap();
    }
    let mut found = store.derived_files().unwrap();
    let is_past = |garbage: &Garbage| {
        let now = Timestamp::from_unix_ms(2 * 86_400_000).unwrap();
        garbage.is_past(now, 86_400_000)
    };
    assert!(
        found
            .iter()
            .all(|garbage| is_past(garbage) == (garbage.path == "derived/index"))
    );
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let sizes: Vec<_> = found
        .iter()
        .map(|file| (file.path.as_str(), file.size_bytes))
        .collect();
    assert_eq!(sizes, [("derived/index", 15), ("derived/tips/main", 2)]);
    let tally = |kind| Tally::of(&found, kind);
    let all = Tally {
        files: 2,
        size_bytes: 17,
    };
    assert_eq!(
        (tally(GarbageKind::Derived), tally(GarbageKind::Blob)),
        (all, Tally::default())
    );
    // What is derived goes, the index stays where it is spared.
    let now = Timestamp::parse("2026-11-01T12:00:00Z").unwrap();
    store.drop_derived(now, Spared::Index).unwrap();
    assert_eq!(names(&store.path("derived")), ["index"]);
    store.drop_derived(now, Spared::Nothing).unwrap();
    assert_eq!(names(&store.path("derived")), Vec::<String>::new());
}

#[test]
fn who_comes_and_goes_apart_is_gone_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(store(dir.path()));
    let store = open(dir.path()).unwrap();
    let apart = store.apart();
    apart.be_present().unwrap();
    assert!(store.alone().unwrap().is_none());
    drop(apart);
    assert!(store.alone().unwrap().is_some());
}

/// It tells damage of the draft from a crash.
#[test]
fn the_note_beside_a_draft_is_no_garbage_while_the_draft_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let _ = fs::remove_dir_all(store.path("derived"));
    store.note_acknowledged("main", Digest::of(b"draft"), 7);
    let draft = store.path("draft/main.jsonl");
    fs::write(&draft, b"{}").unwrap();
    assert_eq!(store.derived_files().unwrap(), Vec::new());
    fs::remove_file(draft).unwrap();
    let found = store.derived_files().unwrap();
    let paths: Vec<_> = found.iter().map(|garbage| garbage.path.as_str()).collect();
    assert_eq!(paths, ["derived/acknowledged/main"]);
}

#[test]
fn what_lies_in_tmp_goes_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let now = Timestamp::from_unix_ms(10 * 86_400_000).unwrap();
    for (name, hours) in [("old", 24), ("young", 23)] {
        fs::write(store.path("tmp").join(name), b"x").unwrap();
        let written = std::time::Duration::from_secs(10 * 86_400 - hours * 3600);
        let file = fs::File::options().write(true).open(store.path("tmp").join(name));
        file.unwrap()
            .set_modified(std::time::SystemTime::UNIX_EPOCH + written)
            .unwrap();
    }
    store.drop_derived(now, Spared::Index).unwrap();
    assert_eq!(names(&store.path("tmp")), ["young"]);
}

#[test]
fn an_object_that_stands_is_told_from_one_that_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let digest = store.write_object(b"{}").unwrap();
    assert_eq!(store.list_objects().unwrap(), [digest]);
    let blob = BlobId::of(b"pixels");
    let path = store.blob_path(blob);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"pixels").unwrap();
    let relative = path
        .strip_prefix(store.root())
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    for (relative, bytes) in [(relative.as_str(), b"pixels".as_slice()), ("refs/witness", b"")] {
        let path = store.path(relative);
        assert!(store.stands(relative), "{relative}");
        let sound = fs::read(&path).unwrap();
        assert!(bytes.is_empty() || sound == bytes);
        fs::write(&path, b"changed").unwrap();
        assert!(!store.stands(relative), "{relative}");
        fs::write(&path, sound).unwrap();
    }
}
