//! The example repository as the specification shows it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use holotype::codec::{Record, from_canonical, to_canonical};
use holotype::event::{
    BatchHeader, BatchReader, BatchWriter, Edit, EmptyState, Event, EventFormat, LoggedEvent, Overlay, evolve,
};
use holotype::id::{CommitId, Digest, PrivateId};
use holotype::log::{Commit, read_commit};
use holotype::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, ImageRecord, LabelRecord, OverrideRecord,
    RatingRecord, RuleRecord, ScreeningRecord, SlideRecord, SourceIdRecord, SplitRecord,
};
use holotype::repo::{Repo, Surroundings};
use holotype::store::{
    DraftHead, LocalAuthor, PrivateObject, RealVfs, RepositoryRecord, Slot, TagRecord, Tombstone,
};

use crate::common;

/// The repository, and what each kind of event did when it first occurred.
pub(crate) struct Examples {
    dir: tempfile::TempDir,
    commits: Vec<(CommitId, Commit)>,
    events: BTreeMap<&'static str, (LoggedEvent, Vec<Edit>)>,
}

/// All kinds of events.
pub(crate) fn event_formats() -> Vec<&'static str> {
    EventFormat::ALL.iter().map(|format| format.as_str()).collect()
}

/// The formats of all records, but for those that a test outside of the library cannot name.
pub(crate) fn record_formats() -> Vec<&'static str> {
    vec![
        DatasetRecord::FORMAT,
        RuleRecord::FORMAT,
        CaseRecord::FORMAT,
        SlideRecord::FORMAT,
        ImageRecord::FORMAT,
        AnnotatorRecord::FORMAT,
        LabelRecord::FORMAT,
        AnnotationRecord::FORMAT,
        RatingRecord::FORMAT,
        OverrideRecord::FORMAT,
        SourceIdRecord::FORMAT,
        ScreeningRecord::FORMAT,
        SplitRecord::FORMAT,
        Commit::FORMAT,
        BatchHeader::FORMAT,
        Slot::FORMAT,
        TagRecord::FORMAT,
        DraftHead::FORMAT,
        "holotype/draft-line/1",
        PrivateObject::FORMAT,
        Tombstone::FORMAT,
        LocalAuthor::FORMAT,
        "holotype/local-path/1",
        RepositoryRecord::FORMAT,
    ]
}

impl Examples {
    /// Builds the repository and replays it.
    pub(crate) fn build() -> Self {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let ids = common::example::build(dir.path());
        let repo = open(&dir);
        let mut state = Overlay::new(&EmptyState);
        let (mut commits, mut events) = (Vec::new(), BTreeMap::new());
        for id in ids {
            let commit = read_commit(repo.store(), id).expect("the commit is read");
            for range in &commit.batches {
                let bytes = repo
                    .store()
                    .read_object(range.batch.digest())
                    .expect("the batch is read");
                for logged in BatchReader::new(&bytes).expect("a batch") {
                    let logged = logged.expect("an event");
                    let edits = evolve(&state, &logged.context, &logged.event).expect("the event fits");
                    state.apply(edits.clone());
                    events
                        .entry(logged.event.format().as_str())
                        .or_insert((logged, edits));
                }
            }
            commits.push((id, commit));
        }
        Self { dir, commits, events }
    }

    /// The line of a kind of event, as it stands in a batch whose events are of another kind.
    pub(crate) fn event(&self, format: &str) -> String {
        let (logged, _) = self
            .events
            .get(format)
            .unwrap_or_else(|| panic!("no {format} occurs"));
        let mut writer = BatchWriter::new();
        let by = common::example::plain_context(&logged.context);
        let other = Event::SlideRegistered {
            code: common::code("x"),
            case: None,
        };
        let other = if other.format() == logged.event.format() {
            Event::CaseRegistered {
                code: common::code("x"),
                source: None,
            }
        } else {
            other
        };
        writer.push(&by, &other).expect("it is written");
        writer
            .push(&logged.context, &logged.event)
            .expect("it is written");
        let batch = writer.seal().expect("there are events");
        let text = String::from_utf8(batch.bytes).expect("JSON is text");
        format!("{}\n", text.lines().nth(2).expect("the third line"))
    }

    /// What it does: a line for each key, with the record or null.
    pub(crate) fn edits(&self, format: &str) -> String {
        let (_, edits) = self
            .events
            .get(format)
            .unwrap_or_else(|| panic!("no {format} occurs"));
        let line = |edit: &Edit| {
            let record: Option<serde_json::Value> = edit
                .value
                .as_ref()
                .map(|bytes| from_canonical(bytes).expect("a record"));
            let value = serde_json::json!({ "key": edit.key.to_string(), "record": record });
            String::from_utf8(to_canonical(&value).expect("canonical")).expect("JSON is text") + "\n"
        };
        edits.iter().map(line).collect()
    }

    /// A file of the repository, with its hash, or the digest that it carries.
    pub(crate) fn file(&self, kind: &str, arguments: &str) -> (Option<String>, String) {
        let number = || arguments.parse::<usize>().expect("a number") - 1;
        let repo = open(&self.dir);
        if kind == "snapshot" {
            let (_, commit) = &self.commits[number()];
            let text = snapshot_text(commit);
            return (Some(commit.snapshot.to_string()), format!("{text}\n"));
        }
        let path = match kind {
            "commit" => format!("objects/{}", self.commits[number()].0),
            "batch" => format!("objects/{}", self.commits[number()].1.batches[0].batch),
            "private" => format!("private/{}", self.author(&repo)),
            "erased" => format!("private/{}.erased", self.erased()),
            "sealed" | "text" => arguments.replace("BLOB", &self.local_blob(&repo)),
            other => panic!("`{other}` is no directive"),
        };
        let bytes = std::fs::read(repo.store().path(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut body = String::from_utf8(bytes.clone()).expect("it is text");
        let hash = match kind {
            "sealed" | "erased" => digest_within(body.lines().last().unwrap_or_default()),
            _ => Digest::of(&bytes).to_string(),
        };
        if !body.ends_with('\n') {
            body.push('\n');
        }
        (Some(hash), body)
    }

    fn author(&self, repo: &Repo) -> PrivateId {
        repo.store()
            .local_author()
            .expect("it is read")
            .expect("it is set")
    }

    fn erased(&self) -> PrivateId {
        let Event::PersonErased { private } = &self.events["person.erased/1"].0.event else {
            panic!("it is of another kind");
        };
        private[0]
    }

    fn local_blob(&self, repo: &Repo) -> String {
        let entries = repo.store().list("local/paths").expect("it is listed");
        entries[0].name.trim_end_matches(".json").to_owned()
    }
}

fn open(dir: &tempfile::TempDir) -> Repo {
    let around: Surroundings = common::around(9);
    let path: PathBuf = dir.path().to_owned();
    Repo::open(std::sync::Arc::new(RealVfs), &path, around).expect("the repository opens")
}

/// The record that a snapshot's id is the hash of.
fn snapshot_text(commit: &Commit) -> String {
    let record = serde_json::json!({
        "counts": commit.counts,
        "format": "holotype/snapshot/1",
        "root": commit.root,
        "tree": "holotype/tree/1",
    });
    String::from_utf8(to_canonical(&record).expect("canonical")).expect("JSON is text")
}

fn digest_within(line: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    value["digest"].as_str().expect("it carries a digest").to_owned()
}

/// Recomputes the hash of a block from its text alone, and decodes it as what it is.
pub(crate) fn check_hash(directive: &str, hash: Option<&str>, body: &str) {
    let line = body.trim_end_matches('\n');
    let hash_of = |text: &str| Some(Digest::of(text.as_bytes()).to_string());
    let kind = directive.split(' ').next().unwrap_or_default();
    let recomputed = match kind {
        "commit" => {
            let commit: Commit = from_canonical(line.as_bytes()).expect("a commit");
            assert_eq!(
                Digest::of(snapshot_text(&commit).as_bytes()),
                commit.snapshot.digest()
            );
            hash_of(line)
        }
        "private" => {
            let _: PrivateObject = from_canonical(line.as_bytes()).expect("a private object");
            hash_of(line)
        }
        "snapshot" => hash_of(line),
        "batch" => {
            for event in BatchReader::new(body.as_bytes()).expect("a batch") {
                event.expect("an event");
            }
            hash_of(body)
        }
        "text" => hash_of(body),
        "sealed" | "erased" => {
            for line in body.lines() {
                check_sealed(line);
            }
            Some(digest_within(line.lines().last().unwrap_or_default()))
        }
        "event" | "edits" | "vectors" => None,
        other => panic!("`{other}` is no directive"),
    };
    assert_eq!(recomputed.as_deref(), hash, "{directive}");
    if kind == "edits" {
        body.lines().for_each(check_edit);
    }
}

/// A file that carries its digest: the hash of the line without that member.
fn check_sealed(line: &str) {
    let digest = digest_within(line);
    let member = format!("\"digest\":\"{digest}\"");
    let rest = line
        .replace(&format!("{member},"), "")
        .replace(&format!(",{member}"), "");
    assert_eq!(Digest::of(rest.as_bytes()).to_string(), digest, "{line}");
}

/// A record fits its key.
fn check_edit(line: &str) {
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let key = holotype::model::Key::parse(value["key"].as_str().expect("a key")).expect("a key");
    let Some(format) = value["record"]["format"].as_str() else {
        assert!(value["record"].is_null(), "{line}");
        return;
    };
    let kind = key.kind().expect("a kind").as_str().replace('_', "-");
    assert_eq!(format, format!("{kind}/1"), "{line}");
}
