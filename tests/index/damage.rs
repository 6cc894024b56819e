//! What can befall the files of the index.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use holotype::codec::to_canonical;
use holotype::id::Digest;
use holotype::index::{IndexAnswer, IndexMode, Policy, open};
use serde_json::Value;

use holotype::store::Spared;

use crate::bench::{Bench, answers, bench, files, reopen, steps};
use crate::tree::copy_tree;

#[test]
fn an_index_is_filled_when_it_is_asked_and_stays_valid() {
    let bench = bench("a", &steps(18));
    assert!(!bench.index_dir().exists(), "commits do not touch the index");
    assert!(bench.index().is_refilled());
    bench.commit(&steps(6));
    assert!(!bench.index().is_refilled());
    bench.check_indexed();
    assert_eq!(bench.index().commits(), 24);
}

#[test]
fn an_earlier_version_is_answered_by_the_same_index() {
    let bench = bench("a", &steps(20));
    bench.fill();
    for head in bench.chain() {
        let (expected, _) = answers(&bench.repo, Some(head), Policy::Never);
        let (found, is_indexed) = answers(&bench.repo, Some(head), Policy::Always);
        assert_eq!(found, expected, "{head}");
        assert!(is_indexed);
        let index = bench.index();
        assert!(!index.is_refilled());
        assert_eq!(index.commits(), 20);
    }
}

#[test]
fn without_a_commit_there_is_nothing_to_index() {
    let bench = bench("a", &[]);
    assert!(!bench.check());
    assert!(!bench.index_dir().exists());
}

#[test]
fn a_deleted_index_is_filled_anew() {
    let bench = bench("a", &steps(12));
    bench.fill();
    for part in ["seal", "sled/db", "sled/conf", "sled"] {
        let path = bench.index_dir().join(part);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        bench.check_refilled();
    }
    bench.repo.drop_derived(Spared::Nothing).unwrap();
    bench.check_refilled();
}

#[test]
fn one_flipped_byte_in_any_file_is_noticed() {
    let bench = bench("a", &steps(12));
    bench.fill();
    let all = files(&bench.index_dir());
    assert!(all.len() >= 3, "{all:?}");
    for path in all {
        let size = fs::metadata(&path).unwrap().len();
        for place in [0, size / 3, size.saturating_sub(1)] {
            // The files are others each time the index is made.
            let Ok(mut bytes) = fs::read(&path) else { continue };
            let Some(byte) = bytes.get_mut(usize::try_from(place).unwrap()) else {
                continue;
            };
            *byte ^= 1;
            fs::write(&path, &bytes).unwrap();
            bench.check_refilled();
        }
    }
}

#[test]
fn truncated_files_and_rubbish_are_noticed() {
    let bench = bench("a", &steps(12));
    bench.fill();
    for path in files(&bench.index_dir()) {
        let rubbish: Vec<u8> = (0..40_000_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2])
            .collect();
        let Ok(bytes) = fs::read(&path) else { continue };
        for damaged in [Vec::new(), bytes[..bytes.len() / 2].to_vec(), rubbish] {
            fs::write(&path, damaged).unwrap();
            bench.check_refilled();
        }
    }
    fs::write(
        bench.index_dir().join("sled/more"),
        b"a file that sled did not write",
    )
    .unwrap();
    bench.check_refilled();
    assert!(!bench.index_dir().join("sled/more").exists());
}

#[test]
fn a_file_in_place_of_a_folder_is_removed() {
    let bench = bench("a", &steps(6));
    for place in ["index/sled", "index"] {
        bench.fill();
        let path = bench.repo.store().derived_path(place);
        fs::remove_dir_all(&path).unwrap();
        fs::write(&path, b"no folder").unwrap();
        bench.check_refilled();
    }
}

#[test]
fn t14_the_index_of_another_repository_is_not_believed() {
    let ours = bench("a", &steps(9));
    let theirs = bench("b", &steps(14));
    ours.fill();
    theirs.fill();
    fs::remove_dir_all(ours.index_dir()).unwrap();
    copy_tree(&theirs.index_dir(), &ours.index_dir());
    ours.check_refilled();
    assert_eq!(ours.index().commits(), 9);
}

#[test]
fn t14_an_index_newer_than_the_log_is_not_believed() {
    let bench = bench("a", &steps(9));
    let old = tempfile::tempdir().unwrap();
    copy_tree(bench.dir.path(), old.path());
    bench.commit(&steps(5));
    bench.fill();
    copy_tree(&bench.index_dir(), &old.path().join(".holotype/derived/index"));
    let repo = reopen(old.path());
    let head = repo.head().unwrap();
    let (expected, _) = answers(&repo, head, Policy::Never);
    let (found, is_indexed) = answers(&repo, head, Policy::Always);
    assert_eq!(found, expected);
    assert!(is_indexed);
    match open(repo.store(), head, IndexMode::Keep) {
        IndexAnswer::Ready(index) => assert_eq!(index.commits(), 9),
        IndexAnswer::Bypassed(why) => panic!("{why:?}"),
    }
}

#[test]
fn t14_the_index_of_a_history_that_went_another_way_is_not_believed() {
    let bench = bench("a", &steps(6));
    let other = tempfile::tempdir().unwrap();
    copy_tree(bench.dir.path(), other.path());
    bench.commit(&steps(4));
    bench.fill();
    let theirs = crate::bench::Bench {
        repo: reopen(other.path()),
        dir: other,
    };
    theirs.commit(&steps(9)[5..]);
    // Both histories' objects are there, so the commits that the index knows can all be read.
    for object in files(&bench.dir.path().join(".holotype/objects")) {
        let to = theirs.dir.path().join(".holotype/objects");
        fs::copy(&object, to.join(object.file_name().unwrap())).unwrap();
    }
    copy_tree(&bench.index_dir(), &theirs.index_dir());
    theirs.check_refilled();
    assert_eq!(theirs.index().commits(), 10);
}

/// Writes the seal anew with another value of a member, and a digest that fits.
fn forge_seal(bench: &Bench, member: &str, value: Value) {
    let path = bench.index_dir().join("seal");
    let mut seal: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let members = seal.as_object_mut().unwrap();
    members.remove("digest");
    assert!(members.insert(member.to_owned(), value).is_some());
    let digest = Digest::of(&to_canonical(&seal).unwrap());
    seal["digest"] = Value::String(digest.to_string());
    let mut bytes = to_canonical(&seal).unwrap();
    bytes.push(b'\n');
    fs::write(&path, bytes).unwrap();
}

#[test]
fn a_seal_that_names_another_head_count_layout_or_dataset_is_not_believed() {
    let bench = bench("a", &steps(9));
    let head = bench.repo.head().unwrap().unwrap();
    let before = bench.repo.commit(head).unwrap().first_parent().unwrap();
    bench.fill();
    forge_seal(&bench, "schema", 1.into());
    bench.check_indexed();
    assert!(!bench.index().is_refilled(), "the same value again");
    let forgeries = [
        ("head", before.to_string().into()),
        ("commits", 8.into()),
        ("schema", 2.into()),
        ("repository", Digest::of(b"another").to_string().into()),
        ("files", Digest::of(b"others").to_string().into()),
    ];
    for (member, value) in forgeries {
        bench.fill();
        forge_seal(&bench, member, value);
        assert!(bench.index().is_refilled(), "{member}");
        bench.check_indexed();
    }
}

#[test]
fn where_nothing_can_be_written_the_log_answers() {
    let bench = bench("a", &steps(9));
    // Nobody can make a folder below a file, not even who may write everywhere.
    fs::remove_dir_all(bench.repo.store().derived_path("")).unwrap();
    fs::write(bench.repo.store().path("derived"), b"no folder").unwrap();
    assert!(!bench.check());
    fs::remove_file(bench.repo.store().path("derived")).unwrap();
    bench.check_indexed();
}

#[test]
fn a_folder_that_may_not_be_written_does_no_harm() {
    let bench = bench("a", &steps(9));
    bench.fill();
    let set = |folder: u32, file: u32| {
        for path in files(&bench.index_dir()) {
            fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
        }
        for path in ["sled/blobs", "sled", ""].map(|name| bench.index_dir().join(name)) {
            fs::set_permissions(&path, fs::Permissions::from_mode(folder)).unwrap();
        }
    };
    set(0o555, 0o444);
    // Whoever is allowed everything may use the index all the same.
    let probe = bench.index_dir().join("probe");
    let may_write = fs::write(&probe, b"").is_ok();
    let _ = fs::remove_file(probe);
    assert_eq!(bench.check(), may_write);
    set(0o755, 0o644);
    bench.check_indexed();
}
