//! Files whose hashes are right and whose content is not: what only the meaning gives away.

use holotype::event::Command;
use holotype::id::{CommitId, Digest};
use holotype::log::{Commit, encode_commit};
use holotype::model::{Facts, ImageFile};
use holotype::repo::{MAIN, Repo};
use holotype::snapshot::snapshot_id;
use holotype::store::{RefUpdate, Slot};
use holotype::verify::{Severity, VerifyOptions};

use crate::fixture::{Fixture, annotate, check, store_file};

const PLAIN: VerifyOptions = VerifyOptions {
    quick: false,
    replay: false,
};
const REPLAY: VerifyOptions = VerifyOptions {
    quick: false,
    replay: true,
};

/// The codes of what is more than information, with the files that they are about.
fn problems(fixture: &Fixture, options: &VerifyOptions) -> Vec<(&'static str, String)> {
    let report = check(&fixture.open(), options);
    assert!(report.findings.is_sorted_by_key(|finding| finding.severity));
    let findings = report.findings.into_iter();
    findings
        .filter(|finding| finding.severity != Severity::Information)
        .map(|finding| (finding.code, finding.object))
        .collect()
}

/// Puts a changed copy of the latest commit upon the branch, as a further commit.
fn forge(repo: &Repo, change: impl FnOnce(&mut Commit)) -> String {
    let tip = repo.tip().unwrap().unwrap();
    let head = tip.slot.commit.unwrap();
    let mut commit = repo.commit(head).unwrap();
    commit.parents = vec![head];
    commit.batches.clear();
    change(&mut commit);
    let (id, bytes) = encode_commit(&commit).unwrap();
    repo.store().write_object(&bytes).unwrap();
    push(repo, id);
    format!("objects/{id}")
}

fn push(repo: &Repo, id: CommitId) {
    let tip = repo.tip().unwrap();
    let slot = Slot::after(
        tip.as_ref(),
        MAIN,
        id,
        holotype::id::Nonce::of(Digest::of(b"nonce")),
    );
    assert!(matches!(
        repo.store().create_slot(&slot).unwrap(),
        RefUpdate::Applied(_)
    ));
}

/// A fixture without its draft, which would not fit a forged tip.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    assert!(fixture.open().discard_draft().unwrap());
    fixture
}

#[test]
fn a_snapshot_id_that_does_not_follow_is_an_error() {
    let fixture = fixture();
    let path = forge(&fixture.open(), |commit| commit.counts.images += 1);
    assert_eq!(problems(&fixture, &PLAIN), [("HT-E007", path.clone())]);
    assert_eq!(
        problems(&fixture, &REPLAY),
        [("HT-E007", path.clone()), ("HT-E008", path)]
    );
}

#[test]
fn a_root_that_events_do_not_give_is_an_error_that_replay_finds() {
    let fixture = fixture();
    let repo = fixture.open();
    let empty = repo.empty_version().tree().root();
    let path = forge(&repo, |commit| {
        commit.root = empty;
        commit.snapshot = snapshot_id(commit.root, &commit.counts).unwrap();
    });
    forge(&repo, |_| {});
    assert_eq!(problems(&fixture, &PLAIN), []);
    assert_eq!(problems(&fixture, &REPLAY), [("HT-E008", path)]);
    let report = check(&fixture.open(), &REPLAY);
    assert!(report.findings.iter().any(|finding| finding.code == "HT-I009"));
}

#[test]
fn events_that_do_not_fit_are_an_error_that_replay_finds() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let batches = repo.commit(head).unwrap().batches;
    let batch = format!("objects/{}", batches[0].batch);
    forge(&repo, |commit| commit.batches = batches);
    assert_eq!(problems(&fixture, &PLAIN), []);
    assert_eq!(problems(&fixture, &REPLAY), [("HT-E009", batch)]);
}

#[test]
fn a_range_that_lies_about_its_batch_is_an_error() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let mut range = repo.commit(head).unwrap().batches[0].clone();
    let (first, last) = range.images.unwrap();
    assert_ne!(first, last);
    (range.events, range.images) = (range.events + 1, Some((last, last)));
    let path = forge(&repo, |commit| commit.batches = vec![range]);
    let found = problems(&fixture, &PLAIN);
    assert_eq!(found, [("HT-E006", path.clone()), ("HT-E006", path)]);
}

#[test]
fn a_commit_as_a_batch_and_a_batch_as_a_parent_are_errors() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let mut range = repo.commit(head).unwrap().batches[0].clone();
    let batch = range.batch.digest();
    range.batch = holotype::id::BatchId::from_digest(head.digest());
    forge(&repo, |commit| {
        commit.batches = vec![range];
        commit.parents = vec![head, CommitId::from_digest(batch)];
    });
    let mut expected = vec![
        ("HT-E005", format!("objects/{head}")),
        ("HT-E005", format!("objects/{batch}")),
    ];
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(problems(&fixture, &PLAIN), expected);
}

#[test]
fn an_object_that_is_neither_commit_nor_batch_is_an_error() {
    let fixture = fixture();
    let store = fixture.open();
    let mut expected = Vec::new();
    for bytes in [&b"{}"[..], b"", b"{\"format\": \"holotype/commit/1\"}", b"x\ny\n"] {
        let id = store.store().write_object(bytes).unwrap();
        expected.push(("HT-E005", format!("objects/{id}")));
    }
    expected.sort();
    assert_eq!(problems(&fixture, &PLAIN), expected);
}

#[test]
fn a_slot_whose_commit_leaves_the_branch_is_an_error() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let first = repo.commit(head).unwrap().first_parent().unwrap();
    push(&repo, first);
    let path = "refs/heads/main/0000000003".to_owned();
    assert_eq!(problems(&fixture, &REPLAY), [("HT-E011", path)]);
}

#[test]
fn t18_a_right_blob_with_a_wrong_length_is_an_error_of_the_record() {
    let fixture = fixture();
    let repo = fixture.open();
    let file = store_file(&repo, "f.tiff", b"some bytes");
    let wrong = ImageFile::new(file.name, file.blob, 11);
    let command = Command::IngestImage {
        name: "f.tiff".to_owned(),
        files: vec![wrong],
        facts: Facts::new(),
    };
    let id = fixture.commit(&repo, &repo.context(fixture.author), vec![command]);
    let batch = repo.commit(id).unwrap().batches[0].batch;
    assert_eq!(
        problems(&fixture, &PLAIN),
        [("HT-E014", format!("objects/{batch}"))]
    );
}

/// An object has the hash that is its name, and is no batch that anyone may write.
#[test]
fn t13_events_of_no_known_form_are_errors_that_name_the_batch() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let range = repo.commit(head).unwrap().batches[0].clone();
    let good = String::from_utf8(repo.store().read_object(range.batch.digest()).unwrap()).unwrap();
    let (first, rest) = good.split_once('\n').unwrap();
    let line = rest.lines().next().unwrap();
    let deep = "[".repeat(200_000);
    let variants = [
        good.replace("/1\"", "/99\""),
        good.replacen("{\"", "{ \"", 1),
        good.replacen("{\"", "{\"critical\":true,\"", 1),
        format!("{first}\n{{\"format\":\"nothing/1\"}}\n"),
        format!("{first}\n{}\n", line.replacen("\"x\":10", "\"x\":1.0e1", 1)),
        format!("{first}\n{}\n", line.replacen("\"x\":10", "\"x\":10,\"x\":10", 1)),
        format!("{first}\n{}\n", line.replacen("\"x\":10", "\"x\":1e400", 1)),
        format!("{first}\n{deep}\n"),
        format!("{first}\n{}\n", "9".repeat(1 << 20)),
        format!("{first}\n{line}"),
        format!("{first}\n{line}\u{0}\n"),
        good.trim_end().to_owned(),
    ];
    for (number, bytes) in variants.iter().enumerate() {
        assert_ne!(*bytes, good, "variant {number}");
        let fixture = self::fixture();
        let repo = fixture.open();
        let digest = repo.store().write_object(bytes.as_bytes()).unwrap();
        let mut range = range.clone();
        range.batch = holotype::id::BatchId::from_digest(digest);
        forge(&repo, |commit| commit.batches = vec![range]);
        let report = check(&fixture.open(), &REPLAY);
        let named = |finding: &holotype::verify::Finding| finding.object == format!("objects/{digest}");
        let about: Vec<_> = report.findings.iter().filter(|finding| named(finding)).collect();
        assert!(
            about.iter().any(|finding| finding.severity == Severity::Error),
            "variant {number}: {:#?}",
            report.findings
        );
    }
}

#[test]
fn what_nothing_leads_to_is_information() {
    let fixture = fixture();
    let repo = fixture.open();
    let head = repo.head().unwrap().unwrap();
    let mut commit = repo.commit(head).unwrap();
    commit.message = "another".to_owned();
    let (id, bytes) = encode_commit(&commit).unwrap();
    repo.store().write_object(&bytes).unwrap();
    let file = store_file(&repo, "g.tiff", b"nobody's bytes");
    let report = check(&fixture.open(), &PLAIN);
    assert!(report.ok());
    for path in [format!("objects/{id}"), file.blob.to_string()] {
        let told = |finding: &holotype::verify::Finding| {
            finding.code == "HT-I001" && finding.object.ends_with(&path)
        };
        assert!(report.findings.iter().any(told), "{path}");
    }
}

#[test]
fn a_draft_leads_to_its_batches_and_must_fit() {
    let fixture = fixture();
    let repo = fixture.open();
    let context = fixture.rater(&repo);
    let run = |transaction: &mut holotype::repo::Transaction<'_>| {
        for x in 0..700_u16 {
            transaction.must(&context, annotate("a.tiff", 100.0 + f64::from(x), None))?;
        }
        Ok(())
    };
    repo.draft_with(run).unwrap();
    assert_eq!(problems(&fixture, &PLAIN), []);
    let draft = repo.store().read_draft(MAIN).unwrap().unwrap();
    let [holotype::store::DraftEntry::Stored(batch)] = draft.entries[..] else {
        panic!("{:?}", draft.entries.len());
    };
    let path = fixture.path(&format!("objects/{batch}"));
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        problems(&fixture, &PLAIN),
        [("HT-E002", format!("objects/{batch}"))]
    );
    std::fs::write(&path, &whole).unwrap();
    // The same annotation committed past the draft: it was right when it was begun, and fits no more.
    fixture.commit(&repo, &context, vec![annotate("a.tiff", 100.0, None)]);
    assert_eq!(
        problems(&fixture, &PLAIN),
        [("HT-W003", "draft/main.jsonl".to_owned())]
    );
}

#[test]
fn what_should_be_erased_and_is_still_there_is_a_warning() {
    let fixture = fixture();
    let repo = fixture.open();
    let person = repo
        .private(holotype::store::PrivateKind::Person, "Still There")
        .unwrap();
    let erase = Command::ErasePerson {
        private: vec![person],
    };
    fixture.commit(&repo, &repo.context(fixture.author), vec![erase]);
    assert_eq!(
        problems(&fixture, &PLAIN),
        [("HT-W002", format!("private/{person}"))]
    );
}

#[test]
fn a_copy_without_private_objects_is_information() {
    let fixture = fixture();
    std::fs::remove_dir_all(fixture.path("private")).unwrap();
    std::fs::remove_file(fixture.path("local/author.json")).unwrap();
    let report = check(&fixture.open(), &PLAIN);
    assert!(report.ok(), "{:#?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.code == "HT-I008"));
}
