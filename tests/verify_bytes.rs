//! `verify` sees every change of every file: each byte that is changed, cut off, added or swapped, and each file
//! that is gone, is an error that names the file. What it cannot see is listed here by name and reason.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "verify/fixture.rs"]
mod fixture;
#[path = "verify/forged.rs"]
mod forged;

use std::fs;
use std::path::Path;

use fixture::{Fixture, check, error_about, findings};
use holotype::id::Digest;
use holotype::verify::{Severity, VerifyOptions, VerifyStage, verify};

/// Files up to this length are changed at every byte, longer ones at some.
const SMALL: usize = 400;

const QUICK: VerifyOptions = VerifyOptions {
    quick: true,
    replay: false,
};
const REPLAY: VerifyOptions = VerifyOptions {
    quick: false,
    replay: true,
};

/// The offsets at which a file is changed, each with the bits to turn over.
fn changes(path: &str, length: usize) -> Vec<(usize, u8)> {
    let random = |n: usize| {
        let digest = Digest::of(format!("{path} {n}").as_bytes());
        let bytes = digest.as_bytes();
        let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        (number as usize, 1_u8 << (bytes[4] & 7))
    };
    if length <= SMALL {
        return (0..length).map(|at| (at, random(at).1)).collect();
    }
    let fixed = [0, 1, length / 2, length - 2, length - 1];
    let some = (0..40).map(|n| (random(n).0 % length, random(n).1));
    fixed.into_iter().map(|at| (at, 0x20)).chain(some).collect()
}

#[test]
fn a_sound_repository_has_no_more_than_information() {
    let fixture = Fixture::new();
    for options in [VerifyOptions::default(), QUICK, REPLAY] {
        let report = check(&fixture.open(), &options);
        assert!(report.ok(), "{:#?}", report.findings);
        let mut codes: Vec<&str> = report.findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["HT-I002", "HT-I002", "HT-I003"], "{:#?}", report.findings);
        assert_eq!(report.checked.blobs, 2);
        assert_eq!(report.checked.objects, 4);
        assert_eq!(report.checked.events, 17);
        assert!(report.checked.bytes > 1000);
    }
}

#[test]
fn progress_ends_with_all_that_there_is() {
    let fixture = Fixture::new();
    let told = std::cell::RefCell::new(Vec::new());
    verify(&fixture.open(), &REPLAY, &|progress| {
        told.borrow_mut().push(progress)
    })
    .unwrap();
    for stage in [VerifyStage::Objects, VerifyStage::Blobs, VerifyStage::Replay] {
        let told = told.borrow();
        let last = told.iter().rfind(|progress| progress.stage == stage).unwrap();
        assert_eq!(last.done, last.total);
        assert!(last.total > 0);
    }
}

#[test]
fn t01_every_changed_byte_is_an_error_that_names_the_file() {
    let fixture = Fixture::new();
    let files = fixture.files();
    assert!(files.len() >= 20, "{files:?}");
    for path in files {
        let whole = fs::read(fixture.path(&path)).unwrap();
        for (at, bits) in changes(&path, whole.len()) {
            let mut changed = whole.clone();
            changed[at] ^= bits;
            fs::write(fixture.path(&path), &changed).unwrap();
            let found = findings(&fixture, &VerifyOptions::default());
            assert!(
                error_about(&found, &path),
                "{path} byte {at} bits {bits:#x}: {found:#?}"
            );
        }
        fs::write(fixture.path(&path), &whole).unwrap();
    }
    assert!(check(&fixture.open(), &REPLAY).ok());
}

#[test]
fn a_newline_put_anywhere_in_a_file_of_lines_is_an_error() {
    let fixture = Fixture::new();
    for path in ["refs/witness", "draft/main.jsonl"] {
        let whole = fs::read(fixture.path(path)).unwrap();
        for at in (0..whole.len()).filter(|at| whole[*at] != b'\n') {
            let mut changed = whole.clone();
            changed[at] = b'\n';
            fs::write(fixture.path(path), &changed).unwrap();
            let found = findings(&fixture, &QUICK);
            assert!(error_about(&found, path), "{path} byte {at}: {found:#?}");
        }
        fs::write(fixture.path(path), &whole).unwrap();
    }
}

/// The two files that are appended to. The beginning of one more line is what a crash leaves at their ends: it was never
/// acknowledged. A last line that is cut short is allowed in the witness alone, which is a second record of a ref; of the
/// draft it is known how much was acknowledged.
const APPENDED: [&str; 2] = ["refs/witness", "draft/main.jsonl"];

#[test]
fn t02_t03_a_file_that_is_cut_short_or_longer_by_a_byte_is_an_error_that_names_it() {
    let fixture = Fixture::new();
    for path in fixture.files() {
        let whole = fs::read(fixture.path(&path)).unwrap();
        let half = &whole[..whole.len() / 2];
        let cut = &whole[..whole.len() - 1];
        for changed in [
            half,
            cut,
            b"",
            &[&whole[..], b"\n"].concat(),
            &[&whole[..], &whole[..]].concat(),
        ] {
            fs::write(fixture.path(&path), changed).unwrap();
            let found = findings(&fixture, &VerifyOptions::default());
            if path == "refs/witness" && !changed.is_empty() && changed.len() < whole.len() {
                let told = found.iter().any(|finding| finding.object == path);
                assert!(told, "{path} with {} bytes: {found:#?}", changed.len());
            } else {
                assert!(
                    error_about(&found, &path),
                    "{path} with {} bytes: {found:#?}",
                    changed.len()
                );
            }
        }
        fs::write(fixture.path(&path), [&whole[..], b"x"].concat()).unwrap();
        let found = findings(&fixture, &VerifyOptions::default());
        let allowed = APPENDED.contains(&path.as_str())
            && found.iter().all(|finding| finding.severity != Severity::Error);
        assert!(allowed || error_about(&found, &path), "{path} longer: {found:#?}");
        fs::write(fixture.path(&path), &whole).unwrap();
    }
}

#[test]
fn a_witness_cut_at_a_whole_line_is_as_after_a_crash() {
    let fixture = Fixture::new();
    let path = fixture.path("refs/witness");
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    assert_eq!(ends.len(), 4);
    for end in &ends[..3] {
        fs::write(&path, &whole[..=*end]).unwrap();
        let report = check(&fixture.open(), &QUICK);
        assert!(report.ok(), "{:#?}", report.findings);
        assert!(report.findings.iter().any(|finding| finding.code == "HT-I004"));
    }
}

#[test]
fn t04_a_file_that_is_gone_is_an_error_that_names_it() {
    let fixture = Fixture::new();
    for path in fixture.files() {
        let whole = fs::read(fixture.path(&path)).unwrap();
        fs::remove_file(fixture.path(&path)).unwrap();
        let found = findings(&fixture, &VerifyOptions::default());
        // A setting that was removed is one never made.
        let allowed = path == "local/author.json";
        // Without its setting, bytes that were not copied are bytes that are missing.
        let named = match path.strip_prefix("local/paths/") {
            Some(name) => format!("blobs/{}/{}", &name[..2], &name[..64]),
            None => path.clone(),
        };
        assert_ne!(allowed, error_about(&found, &named), "{path}: {found:#?}");
        fs::write(fixture.path(&path), &whole).unwrap();
    }
}

#[test]
fn t05_swapped_files_are_errors_that_name_both() {
    let fixture = Fixture::new();
    let files = fixture.files();
    for folder in ["blobs/", "objects/", "private/", "refs/heads/main/"] {
        let mut pair = files
            .iter()
            .filter(|path| path.starts_with(folder) && !path.ends_with(".erased"));
        let (a, b) = (pair.next().unwrap(), pair.next().unwrap());
        let (in_a, in_b) = (
            fs::read(fixture.path(a)).unwrap(),
            fs::read(fixture.path(b)).unwrap(),
        );
        fs::write(fixture.path(a), &in_b).unwrap();
        fs::write(fixture.path(b), &in_a).unwrap();
        let found = findings(&fixture, &VerifyOptions::default());
        assert!(
            error_about(&found, a) && error_about(&found, b),
            "{folder}: {found:#?}"
        );
        fs::write(fixture.path(a), &in_a).unwrap();
        fs::write(fixture.path(b), &in_b).unwrap();
    }
}

#[test]
fn t06_a_block_of_zeros_is_an_error_that_names_the_file() {
    let fixture = Fixture::new();
    for path in fixture.files() {
        let whole = fs::read(fixture.path(&path)).unwrap();
        let mut zeroed = whole.clone();
        zeroed[..whole.len() / 2].fill(0);
        fs::write(fixture.path(&path), &zeroed).unwrap();
        let found = findings(&fixture, &VerifyOptions::default());
        // What a loss of power leaves of the witness is told and no damage, since the slots stand.
        let told = path == "refs/witness" && found.iter().any(|finding| finding.object == path);
        assert!(told || error_about(&found, &path), "{path}: {found:#?}");
        fs::write(fixture.path(&path), &whole).unwrap();
    }
}

#[test]
fn a_slot_dropped_from_the_middle_is_a_gap_and_no_end_of_the_walk() {
    let fixture = Fixture::new();
    let first = "refs/heads/main/0000000001";
    fs::remove_file(fixture.path(first)).unwrap();
    let found = findings(&fixture, &VerifyOptions::default());
    let codes: Vec<&str> = found
        .iter()
        .filter(|finding| finding.object == first)
        .map(|finding| finding.code)
        .collect();
    assert_eq!(codes, ["HT-E010", "HT-E012"], "{found:#?}");
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    assert_eq!(errors.count(), 2, "{found:#?}");
}

#[test]
fn blobs_left_out_are_left_out_and_their_lengths_are_not() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let blob = files
        .iter()
        .find(|path| path.starts_with("blobs/") && !path.ends_with(".erased"))
        .unwrap();
    let mut bytes = fs::read(fixture.path(blob)).unwrap();
    bytes[3] ^= 1;
    fs::write(fixture.path(blob), &bytes).unwrap();
    assert!(check(&fixture.open(), &QUICK).ok());
    assert!(check(&fixture.open(), &VerifyOptions::default()).is_damaged());
    bytes.pop();
    fs::write(fixture.path(blob), &bytes).unwrap();
    assert!(error_about(&check(&fixture.open(), &QUICK).findings, blob));
}

#[test]
fn damaged_derived_files_change_no_answer() {
    let fixture = Fixture::new();
    let before = fixture.answers();
    let derived = fixture.path("derived");
    let mut seen = 0;
    for path in fixture::files_below(&derived) {
        let whole = fs::read(derived.join(&path)).unwrap();
        for (at, bits) in changes(&path, whole.len()).into_iter().step_by(9) {
            let mut changed = whole.clone();
            changed[at] ^= bits;
            fs::write(derived.join(&path), &changed).unwrap();
            let report = check(&fixture.open(), &REPLAY);
            assert!(report.ok(), "{path} byte {at}: {:#?}", report.findings);
            if path.ends_with(".pack") {
                seen += 1;
                assert!(
                    report.findings.iter().any(|finding| finding.code == "HT-I007"),
                    "{path} byte {at}"
                );
            }
            assert_eq!(fixture.answers(), before, "{path} byte {at}");
        }
        fs::write(derived.join(&path), &whole).unwrap();
    }
    assert!(seen > 0);
    fs::remove_dir_all(&derived).unwrap();
    assert!(check(&fixture.open(), &REPLAY).ok());
    assert_eq!(fixture.answers(), before);
}

#[test]
fn t16_strays_are_warnings_and_temporary_files_are_none() {
    let fixture = Fixture::new();
    let digest = Digest::of(b"x").to_string();
    fs::write(fixture.path("tmp/left-by-the-dead"), "x").unwrap();
    assert!(check(&fixture.open(), &QUICK).ok());
    let strays = [
        "config".to_owned(),
        "refs/HEAD.lock".to_owned(),
        format!("objects/{}", digest.to_uppercase()),
        format!("blobs/00/{digest}"),
        "local/remote.json".to_owned(),
    ];
    fs::create_dir_all(fixture.path("blobs/00")).unwrap();
    for stray in &strays {
        fs::write(fixture.path(stray), "x").unwrap();
    }
    fs::create_dir_all(fixture.path("hooks/deep")).unwrap();
    let report = check(&fixture.open(), &QUICK);
    let warned: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.code == "HT-W001")
        .map(|finding| finding.object.as_str())
        .collect();
    assert_eq!(warned.len(), strays.len() + 1, "{warned:?}");
    assert!(strays.iter().all(|stray| warned.contains(&stray.as_str())));
    assert!(!report.ok() && !report.is_damaged());
}

#[test]
fn a_folder_that_cannot_be_listed_is_an_error_of_the_check_itself() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let repo = fixture.open();
    let path = fixture.path("private");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let result = verify(&repo, &QUICK, &|_| {});
    let listed = fs::read_dir(&path).is_ok();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    // Whoever may do everything can list it all the same.
    assert_eq!(result.is_ok(), listed);
    assert!(Path::new(&path).is_dir());
}
