mod upkeep;

use std::fs;

use super::*;

fn store(dir: &Path) -> Store {
    Store::init(Arc::new(RealVfs), dir, "n", Digest::of(b"id")).unwrap()
}

fn open(dir: &Path) -> Result<Store, StoreError> {
    Store::discover(Arc::new(RealVfs), dir)
}

#[test]
fn a_repository_without_its_format_is_damaged_and_not_replaced() {
    let outer = tempfile::tempdir().unwrap();
    store(outer.path());
    let dir = outer.path().join("inner");
    let inner = store(&dir);
    fs::remove_file(inner.path("format")).unwrap();
    // What an interrupted `init` leaves can be made anew, and a repository further up is found.
    assert_eq!(open(&dir).unwrap().root(), outer.path().join(REPOSITORY_DIR));
    inner.write_object(b"{}").unwrap();
    assert!(matches!(open(&dir), Err(StoreError::Missing { path }) if path.ends_with("format")));
    let again = Store::init(Arc::new(RealVfs), &dir, "n", Digest::of(b"other"));
    assert!(matches!(again, Err(StoreError::Missing { path }) if path.ends_with("format")));
}

#[test]
fn a_format_that_does_not_fit_its_digest_is_damaged_and_not_newer() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let path = store.path("format");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("repository 1", "repository 3")).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged { .. })));
    let line = "holotype repository 3";
    fs::write(&path, format!("{line} {}\n", Digest::of(line.as_bytes()))).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::NewerFormat { .. })));
}

#[test]
fn a_witness_without_its_first_line_or_with_two_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    assert_eq!(store.check_witness().unwrap(), WitnessState::default());
    let path = store.path("refs/witness");
    let bytes = fs::read(&path).unwrap();
    for changed in [&bytes[..bytes.len() - 1], b"", &[&bytes[..], &bytes[..]].concat()] {
        fs::write(&path, changed).unwrap();
        assert!(store.check_witness().unwrap().damage.is_some());
    }
}

#[test]
fn a_hole_in_the_witness_is_a_crash_and_a_zero_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let nonce = crate::id::Nonce::of(Digest::of(b"n"));
    let slot = Slot::after(None, "main", crate::id::CommitId::of(b"1"), nonce);
    let Ok(RefUpdate::Applied(first)) = store.create_slot(&slot) else {
        panic!("the first slot")
    };
    let begun = fs::read(store.path("refs/witness")).unwrap().len();
    let head = fs::read(store.path("refs/witness")).unwrap();
    store
        .create_slot(&Slot::after(
            Some(&first),
            "main",
            crate::id::CommitId::of(b"2"),
            nonce,
        ))
        .unwrap();
    let path = store.path("refs/witness");
    let mut bytes = fs::read(&path).unwrap();
    let line = head
        .iter()
        .take(begun - 1)
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    bytes[line..begun].fill(0);
    fs::write(&path, &bytes).unwrap();
    let state = store.check_witness().unwrap();
    assert_eq!((state.lagging, state.damage, state.leading.len()), (1, None, 0));
    assert_eq!(store.read_latest("main").unwrap().unwrap().slot.seq, 2);
    bytes[..begun].copy_from_slice(&head);
    bytes[begun] = 0;
    fs::write(&path, &bytes).unwrap();
    assert!(store.check_witness().unwrap().damage.is_some());
}

/// A store with slots of `main`, and where each of their lines in the witness begins and ends.
fn witnessed(dir: &Path, slots: u8) -> (Store, Vec<std::ops::Range<usize>>) {
    let store = store(dir);
    let mut lines = Vec::new();
    let mut previous = None;
    for number in 0..slots {
        let begin = fs::read(store.path("refs/witness")).unwrap().len();
        let commit = crate::id::CommitId::of(&[number]);
        let slot = Slot::after(
            previous.as_ref(),
            "main",
            commit,
            crate::id::Nonce::of(Digest::of(&[number])),
        );
        let Ok(RefUpdate::Applied(made)) = store.create_slot(&slot) else {
            panic!("slot {number}")
        };
        previous = Some(made);
        lines.push(begin..fs::read(store.path("refs/witness")).unwrap().len());
    }
    (store, lines)
}

#[test]
fn a_line_of_the_witness_that_a_loss_of_power_tore_is_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (store, lines) = witnessed(dir.path(), 12);
    let path = store.path("refs/witness");
    let whole = fs::read(&path).unwrap();
    let state = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        assert_eq!(store.read_latest("main").unwrap().unwrap().slot.seq, 12);
        store.check_witness().unwrap()
    };
    // The beginning of a line is there, the rest is a hole; so is what follows, up to a line that was kept.
    for (first, next) in [(1, 2), (3, 4), (2, 6), (5, 7)] {
        for kept in 0..lines[first].len() {
            let mut bytes = whole.clone();
            bytes[lines[first].start + kept..lines[next].start].fill(0);
            let found = state(&bytes);
            let expected = WitnessState {
                lagging: u64::try_from(next - first).unwrap(),
                ..WitnessState::default()
            };
            // Without its newline alone, the line itself is still whole.
            let only_newline = kept + 1 == lines[first].len();
            let lagging = expected.lagging - u64::from(only_newline);
            assert_eq!(
                found,
                WitnessState { lagging, ..expected },
                "{first}..{next}, {kept} bytes kept"
            );
        }
    }
    // Whole sectors of the disk are lost, wherever they begin and end within lines.
    for sector in [512..1024, 1024..1536, 512..1536] {
        let mut bytes = whole.clone();
        bytes[sector.clone()].fill(0);
        let lost = lines
            .iter()
            .filter(|line| line.start < sector.end && sector.start < line.end);
        let expected = WitnessState {
            lagging: u64::try_from(lost.count()).unwrap(),
            ..WitnessState::default()
        };
        assert_eq!(state(&bytes), expected, "{sector:?}");
    }
}

#[test]
fn what_no_loss_of_power_leaves_in_the_witness_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (store, lines) = witnessed(dir.path(), 8);
    let path = store.path("refs/witness");
    let whole = fs::read(&path).unwrap();
    let damage = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        store.check_witness().unwrap().damage
    };
    let torn = |kept: usize| {
        let mut bytes = whole.clone();
        bytes[lines[3].start + kept..lines[4].start].fill(0);
        bytes
    };
    assert_eq!(damage(&torn(70)), None);
    for at in (0..70).chain([75]) {
        // A byte of what was kept is another one; a byte stands in the hole.
        let mut bytes = torn(70);
        bytes[lines[3].start + at] ^= 1;
        assert!(damage(&bytes).is_some(), "byte {at}");
    }
    // Bytes in the middle of a line are zeros, and what follows them is there.
    for zeros in [1, 20, 80] {
        let mut bytes = whole.clone();
        bytes[lines[3].start + 30..lines[3].start + 30 + zeros].fill(0);
        assert!(damage(&bytes).is_some(), "{zeros} zeros");
    }
    // Zeros that no line was in stand before one.
    let more = [&whole[..lines[3].start], &[0; 10], &whole[lines[3].start..]].concat();
    assert!(damage(&more).is_some());
    // Who removes the last slot and tears its line, has not torn a line of any slot that is there.
    fs::remove_file(store.path("refs/heads/main/0000000004")).unwrap();
    assert!(damage(&torn(100)).is_some());
    // Nor has the first line, which was synced.
    let mut bytes = whole.clone();
    bytes[40..lines[0].start].fill(0);
    assert!(damage(&bytes).is_some());
}

#[test]
fn a_draft_without_its_first_lines_is_damaged_and_a_torn_later_line_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let lock = store.lock_draft().unwrap();
    let head = DraftHead::new(Digest::of(b"draft"), None);
    let entries = [DraftEntry::Inline(b"x\n".to_vec())];
    store.append_draft(&lock, "main", &head, &entries).unwrap();
    let path = store.path("draft/main.jsonl");
    let bytes = fs::read(&path).unwrap();
    for length in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(
            matches!(store.read_draft("main"), Err(StoreError::Damaged { .. })),
            "{length}"
        );
    }
    fs::write(&path, &bytes).unwrap();
    store.append_draft(&lock, "main", &head, &entries).unwrap();
    let longer = fs::read(&path).unwrap();
    let mut with_hole = longer.clone();
    with_hole[bytes.len() + 8..bytes.len() + 20].fill(0);
    for torn in [&longer[..longer.len() - 1], &with_hole] {
        fs::write(&path, torn).unwrap();
        assert!(
            matches!(store.read_draft("main"), Err(StoreError::Damaged { .. })),
            "that line was acknowledged"
        );
    }
    // A loss of power in the middle of the append: the note was not yet written.
    fs::remove_file(store.derived_path("acknowledged/main")).unwrap();
    for torn in [&longer[..longer.len() - 1], &with_hole] {
        fs::write(&path, torn).unwrap();
        let draft = store.read_draft("main").unwrap().unwrap();
        assert_eq!(draft.entries, entries);
        assert_eq!(draft.torn_bytes, (torn.len() - bytes.len()) as u64);
    }
    // What follows is written where the torn line began.
    store.append_draft(&lock, "main", &head, &entries).unwrap();
    assert_eq!(fs::read(&path).unwrap(), longer);
    assert_eq!(store.read_draft("main").unwrap().unwrap().torn_bytes, 0);
}

#[test]
fn a_draft_that_is_given_up_leaves_no_note_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let lock = store.lock_draft().unwrap();
    let head = DraftHead::new(Digest::of(b"draft"), None);
    let entries = [DraftEntry::Inline(b"x\n".to_vec())];
    store.append_draft(&lock, "main", &head, &entries).unwrap();
    let size = fs::metadata(store.path("draft/main.jsonl")).unwrap().len();
    let note = store.acknowledged("main").unwrap();
    assert_eq!((note.draft, note.bytes), (head.id, size));
    store.discard_draft(&lock, "main").unwrap();
    assert_eq!(store.acknowledged("main"), None);
    assert_eq!(store.read_draft("main").unwrap(), None);
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_and_halts_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let digest = Digest::of(b"x");
    let path = store.path(&format!("objects/{digest}"));
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(matches!(store.read_object(digest), Err(StoreError::Io { .. })));
}

#[test]
fn a_newline_of_the_draft_that_became_another_byte_is_damage_without_any_note() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let lock = store.lock_draft().unwrap();
    let head = DraftHead::new(Digest::of(b"draft"), None);
    let entries = [DraftEntry::Inline(b"x\n".to_vec())];
    for _ in 0..2 {
        store.append_draft(&lock, "main", &head, &entries).unwrap();
    }
    fs::remove_file(store.derived_path("acknowledged/main")).unwrap();
    let path = store.path("draft/main.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        store.read_draft("main"),
        Err(StoreError::Damaged { .. })
    ));
}

#[test]
fn a_witness_of_another_repository_is_damaged() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = store(dir.path());
    let other = Store::init(Arc::new(RealVfs), other.path(), "n", Digest::of(b"other")).unwrap();
    fs::copy(other.path("refs/witness"), store.path("refs/witness")).unwrap();
    assert!(store.check_witness().unwrap().damage.is_some());
    // A line that is sound and of this repository, but names something else.
    let line = witness::WitnessLine {
        digest: store.repository.id,
        name: "main".to_owned(),
        seq: None,
    };
    fs::write(store.path("refs/witness"), witness::witness_bytes(&line)).unwrap();
    assert!(store.check_witness().unwrap().damage.is_some());
}

#[test]
fn a_slot_that_is_another_than_the_witness_saw_is_told() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, _) = witnessed(dir.path(), 3);
    let other = self::store(other.path());
    let first = store.read_slot("main", 1).unwrap().unwrap();
    let slot = Slot::after(
        Some(&first),
        "main",
        crate::id::CommitId::of(b"another"),
        crate::id::Nonce::of(Digest::of(b"another")),
    );
    fs::create_dir_all(other.path("refs/heads/main")).unwrap();
    other.create_slot(&slot).unwrap();
    let name = "refs/heads/main/0000000002";
    fs::copy(other.path(name), store.path(name)).unwrap();
    assert_eq!(store.check_witness().unwrap().leading, [name]);
}

fn slot_path(store: &Store, branch: &str, seq: u64) -> PathBuf {
    store.path(&format!("refs/heads/{branch}/{seq:010}"))
}

#[test]
fn a_line_that_a_crash_left_unfinished_gives_way_to_the_next_one() {
    for torn in [&b"0"[..], b"0123456789abcdef {\"na", &[b'x'; 3000]] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = witnessed(dir.path(), 1);
        let path = store.path("refs/witness");
        let before = fs::read(&path).unwrap();
        fs::write(&path, [&before[..], torn].concat()).unwrap();
        assert_eq!(store.check_witness().unwrap().damage, None);
        let first = store.read_slot("main", 1).unwrap().unwrap();
        let nonce = crate::id::Nonce::of(Digest::of(b"next"));
        let next = Slot::after(Some(&first), "main", crate::id::CommitId::of(b"next"), nonce);
        store.create_slot(&next).unwrap();
        let after = fs::read(&path).unwrap();
        let (kept, added) = after.split_at(before.len());
        assert_eq!(kept, before);
        assert!(added.ends_with(b"\n") && added.iter().filter(|byte| **byte == b'\n').count() == 1);
        assert_eq!(store.check_witness().unwrap(), WitnessState::default());
        // What is no beginning of a line is damage, and told with its number.
        fs::write(&path, [&before[..], b"nonsense\n"].concat()).unwrap();
        let damage = store.check_witness().unwrap().damage.unwrap();
        assert!(damage.contains("line 3 is no line"), "{damage}");
    }
}

/// No crash leaves so much of a line: it is kept for whoever looks into it.
#[test]
fn what_is_too_long_for_a_torn_line_is_not_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = witnessed(dir.path(), 1);
    let path = store.path("refs/witness");
    let strange = [fs::read(&path).unwrap(), vec![b'x'; 5000]].concat();
    fs::write(&path, &strange).unwrap();
    let first = store.read_slot("main", 1).unwrap().unwrap();
    let nonce = crate::id::Nonce::of(Digest::of(b"next"));
    let next = Slot::after(Some(&first), "main", crate::id::CommitId::of(b"next"), nonce);
    store.create_slot(&next).unwrap();
    let after = fs::read(&path).unwrap();
    assert!(after.len() > strange.len() && after.starts_with(&strange));
    assert!(store.check_witness().unwrap().damage.is_some());
}

#[test]
fn a_tip_is_found_from_any_hint() {
    for slots in [0_u8, 1, 2, 3, 7, 12] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = witnessed(dir.path(), slots);
        let last = u64::from(slots);
        let hints = [
            "",
            "x",
            "0",
            "1",
            "2",
            "5",
            "12",
            "13",
            "900",
            "18446744073709551615",
        ];
        for hint in hints {
            store.write_derived("tips/main", hint.as_bytes()).unwrap();
            let tip = store.read_latest("main").unwrap();
            assert_eq!(
                tip.map_or(0, |tip| tip.slot.seq),
                last,
                "{slots} slots, hint {hint}"
            );
            if last > 0 && hint != last.to_string() {
                let noted = store.read_derived("tips/main", 64);
                assert_eq!(
                    noted,
                    Some(format!("{last}\n").into_bytes()),
                    "{slots} slots, hint {hint}"
                );
            }
        }
    }
}

#[test]
fn a_slot_that_the_witness_saw_and_that_is_gone_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = witnessed(dir.path(), 3);
    fs::remove_file(slot_path(&store, "main", 3)).unwrap();
    assert!(
        matches!(store.read_latest("main"), Err(StoreError::Missing { path }) if path == slot_path(&store, "main", 3))
    );
}

#[test]
fn a_slot_in_the_place_of_another_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = witnessed(dir.path(), 2);
    let folder = store.path("refs/heads/other");
    fs::create_dir_all(&folder).unwrap();
    let (first, second) = (slot_path(&store, "main", 1), slot_path(&store, "main", 2));
    fs::copy(&second, slot_path(&store, "other", 2)).unwrap();
    fs::copy(&first, &second).unwrap();
    for (branch, seq) in [("other", 2), ("main", 2)] {
        assert!(
            matches!(store.read_slot(branch, seq), Err(StoreError::Damaged { .. })),
            "{branch}"
        );
    }
    assert!(store.read_slot("main", 1).unwrap().is_some());
    assert!(store.read_slot("main", 3).unwrap().is_none());
}

#[test]
fn what_is_opened_is_looked_at_again_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    store.check_format().unwrap();
    store.check_repository().unwrap();
    for number in ["0", "1", "01"] {
        let line = format!("holotype repository {number}");
        let text = format!("{line} {}\n", Digest::of(line.as_bytes()));
        fs::write(store.path("format"), text).unwrap();
        let found = store.check_format();
        if number == "1" {
            found.unwrap();
        } else {
            assert!(matches!(found, Err(StoreError::Damaged { .. })), "{number}");
        }
    }
    let other = tempfile::tempdir().unwrap();
    let other = Store::init(Arc::new(RealVfs), other.path(), "n", Digest::of(b"other")).unwrap();
    fs::copy(other.path("repository.json"), store.path("repository.json")).unwrap();
    assert!(matches!(
        store.check_repository(),
        Err(StoreError::Damaged { .. })
    ));
}

#[test]
fn a_missing_folder_is_empty_and_what_is_no_folder_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    assert_eq!(store.list("nothing").unwrap(), Vec::new());
    assert!(store.list("format").is_err());
    let names = |entries: Vec<DirEntry>| entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>();
    assert_eq!(names(store.list("refs").unwrap()), ["heads", "tags", "witness"]);
    assert_eq!(store.list_tags().unwrap(), Vec::<String>::new());
    assert_eq!(store.list_branches().unwrap(), ["main"]);
}

#[test]
fn a_file_is_read_up_to_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, b"1234").unwrap();
    for limit in [4, 5, 100] {
        assert_eq!(read_all(&RealVfs, &path, limit).unwrap(), b"1234");
    }
    for limit in [0, 3] {
        let error = read_all(&RealVfs, &path, limit).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge, "{limit}");
    }
}
