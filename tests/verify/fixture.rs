//! A small repository with a file of every kind.

#[path = "../material/mod.rs"]
mod material;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, Context};
use holotype::id::{Code, CommitId, Digest, ImageId, LabelId, PrivateId};
use holotype::model::{AnnotatorKind, FactValue, Facts, Geometry, ImageFile, Shape};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings, Transaction};
use holotype::store::{PrivateKind, RealVfs, Tombstone, hash_stream};
use holotype::time::Timestamp;
use holotype::verify::{Finding, Severity, VerifyOptions, VerifyReport, verify};
pub(crate) use material::Bytes;

/// A repository in a folder of its own.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
    pub(crate) author: PrivateId,
}

fn around() -> Surroundings {
    Surroundings {
        now: Timestamp::from_unix_ms(1_790_000_000_000).unwrap(),
        seed: Some(Digest::of(b"seed")),
    }
}

pub(crate) fn point(x: f64, y: f64) -> Geometry {
    Geometry {
        shape: Shape::Point { x, y },
        plane: None,
    }
}

/// Stores bytes and returns the file that they make.
pub(crate) fn store_file(repo: &Repo, name: &str, bytes: &[u8]) -> ImageFile {
    let mut source = Bytes::of(bytes);
    let mut staged = [repo.store().stage_blob(&mut source).unwrap()];
    repo.store().publish_blobs(&mut staged).unwrap();
    ImageFile::new(name.to_owned(), staged[0].id, staged[0].size_bytes)
}

fn ingest(name: &str, file: ImageFile) -> Command {
    Command::IngestImage {
        name: name.to_owned(),
        files: vec![file],
        facts: Facts::new(),
    }
}

pub(crate) fn annotate(image: &str, x: f64, label: Option<LabelId>) -> Command {
    Command::Annotate {
        image: ImageId::of_name(image),
        geometry: point(x, 5.0),
        label,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::init(Arc::new(RealVfs), dir.path(), "small", around()).unwrap();
        let author = repo.remember_author("Ada Author <ada@example.org>").unwrap();
        let fixture = Self { dir, author };
        let (label, gone) = fixture.first_commit(&repo);
        let second = fixture.second_commit(&repo, label, gone);
        repo.tag("v1", second, author, "first").unwrap();
        for x in [50.0, 60.0] {
            let run = |transaction: &mut Transaction<'_>| {
                transaction.must(&fixture.rater(&repo), annotate("a.tiff", x, Some(label)))
            };
            assert_eq!(repo.draft_with(run).unwrap().1, 1);
        }
        fixture
    }

    /// Images, a case, annotators and a label. Returns the label, and a private object to be erased.
    fn first_commit(&self, repo: &Repo) -> (LabelId, PrivateId) {
        let store = repo.store();
        let a = store_file(repo, "a.tiff", b"the bytes of the first image");
        let b = store_file(repo, "b.tiff", &[7; 3000]);
        let c = store_file(repo, "c.tiff", b"bytes that are to be erased");
        let (linked, size) = hash_stream(&mut &b"bytes that stay where they are"[..]).unwrap();
        store.set_local_path(linked, "/nowhere/d.tiff").unwrap();
        let d = ImageFile::new("d.tiff".to_owned(), linked, size);
        let person = repo.private(PrivateKind::Person, "Eva Expert").unwrap();
        let gone = repo.private(PrivateKind::Person, "Gone Girl").unwrap();
        let source = repo.private(PrivateKind::SourceCaseId, "case 17/4711").unwrap();
        let note = repo
            .private(PrivateKind::FreeText, "scanned by somebody")
            .unwrap();
        let commands = vec![
            ingest("a.tiff", a),
            ingest("b.tiff", b),
            ingest("c.tiff", c),
            ingest("d.tiff", d),
            Command::DeclareImage {
                name: "e.tiff".to_owned(),
                facts: Facts::from([("note".to_owned(), FactValue::Private(note))]),
            },
            Command::RegisterCase {
                code: Code::parse("case-1").unwrap(),
                source: Some(source),
            },
            register("human-1", Some(person)),
            register("human-2", Some(gone)),
            Command::DefineLabel {
                name: "mitotic figure".to_owned(),
                facts: Facts::new(),
            },
        ];
        self.commit(repo, &repo.context(self.author), commands);
        (LabelId::of_name("mitotic figure", 0), gone)
    }

    /// Annotations and erasures.
    fn second_commit(&self, repo: &Repo, label: LabelId, gone: PrivateId) -> CommitId {
        let mut commands: Vec<Command> = [10.0, 20.0, 30.0]
            .map(|x| annotate("a.tiff", x, Some(label)))
            .into();
        commands.push(annotate("b.tiff", 10.0, None));
        commands.push(Command::EraseImage {
            image: ImageId::of_name("c.tiff"),
        });
        commands.push(Command::ErasePerson { private: vec![gone] });
        let id = self.commit(repo, &self.rater(repo), commands);
        let (blob, _) = hash_stream(&mut &b"bytes that are to be erased"[..]).unwrap();
        let tombstone = |object| Tombstone::new(object, around().now, "asked for");
        repo.store().erase_blob(blob, &tombstone(blob.digest())).unwrap();
        repo.store()
            .erase_private(gone, &tombstone(gone.digest()))
            .unwrap();
        id
    }

    /// The context of the first expert.
    pub(crate) fn rater(&self, repo: &Repo) -> Context {
        Context {
            annotator: Some(Code::parse("human-1").unwrap()),
            ..repo.context(self.author)
        }
    }

    /// Commits commands.
    pub(crate) fn commit(&self, repo: &Repo, context: &Context, commands: Vec<Command>) -> CommitId {
        let sealing = Sealing {
            author: self.author,
            message: "why".to_owned(),
        };
        let build = |transaction: &mut Transaction<'_>, _: &_| {
            for command in &commands {
                transaction.must(context, command.clone())?;
            }
            Ok(())
        };
        repo.commit_with(&sealing, build).unwrap().1.unwrap().id
    }

    /// Opens the repository anew.
    pub(crate) fn try_open(&self) -> Result<Repo, RepoError> {
        Repo::open(Arc::new(RealVfs), self.dir.path(), around())
    }

    pub(crate) fn open(&self) -> Repo {
        self.try_open().unwrap()
    }

    /// The path of a file below `.holotype`.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(".holotype").join(relative)
    }

    /// All files but those in `derived/` and `tmp/`, as paths below `.holotype`.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = files_below(&self.path(""));
        files.retain(|path| !path.starts_with("derived/") && !path.starts_with("tmp/"));
        files
    }

    /// What the repository says about its versions.
    pub(crate) fn answers(&self) -> String {
        let repo = self.open();
        let versions = [repo.head_version().unwrap(), repo.draft_version().unwrap()];
        let answer = versions.map(|version| {
            let mut records = Vec::new();
            holotype::event::State::scan(&version, &[], &mut |key, value| {
                records.push((key.to_vec(), value.to_vec()));
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
            (version.snapshot().unwrap(), records)
        });
        format!("{answer:?}")
    }
}

fn register(code: &str, person: Option<PrivateId>) -> Command {
    Command::RegisterAnnotator {
        code: Code::parse(code).unwrap(),
        kind: AnnotatorKind::Human,
        name: None,
        person,
    }
}

/// All files below a folder, as paths relative to it, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

pub(crate) fn check(repo: &Repo, options: &VerifyOptions) -> VerifyReport {
    verify(repo, options, &|_| {}).unwrap()
}

/// What opening and checking find; that it cannot be opened is a finding when it says that it is damaged.
pub(crate) fn findings(fixture: &Fixture, options: &VerifyOptions) -> Vec<Finding> {
    match fixture.try_open() {
        Ok(repo) => check(&repo, options).findings,
        Err(error) => {
            assert!(error.is_damage(), "{error}");
            vec![Finding {
                code: "open",
                severity: Severity::Error,
                object: error.to_string(),
                message: String::new(),
            }]
        }
    }
}

/// Whether an error names a file.
pub(crate) fn error_about(findings: &[Finding], path: &str) -> bool {
    findings.iter().any(|finding| {
        let named = finding.object == path
            || finding.code == "open" && finding.object.contains(&format!(".holotype/{path} "));
        named && finding.severity == Severity::Error
    })
}
