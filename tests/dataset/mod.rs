//! A small repository with all that releases and exports are about, the same each time.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

#[path = "../material/mod.rs"]
mod material;

use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, Context, EntityRef, read};
use holotype::id::{AnnotationId, BlobId, Code, Digest, ImageId, LabelId, PrivateId};
use holotype::model::{
    AnnotatorKind, FactChanges, FactValue, Facts, Geometry, ImageFile, ImageRecord, Key, Method,
};
use holotype::repo::{Repo, Sealing, Surroundings};
use holotype::store::{PrivateKind, RealVfs};
use holotype::time::Timestamp;
use material::Bytes;

/// The name of the author, which must never be in a release.
pub const AUTHOR: &str = "Erika Mustermann <erika@example.org>";

pub struct Made {
    pub repo: Repo,
    pub author: PrivateId,
    pub dir: tempfile::TempDir,
}

pub fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub fn set_fact(made: &Made, name: &str, value: FactValue) {
    made.run(|_| {
        vec![Command::SetFacts {
            entity: EntityRef::dataset(),
            changes: FactChanges::from([(name.to_owned(), Some(value.clone()))]),
        }]
    });
}

impl Made {
    pub fn label(&self, name: &str) -> LabelId {
        LabelId::of_name(name, 0)
    }

    pub fn annotation(&self, source_id: &str) -> AnnotationId {
        let image = if source_id == "13" { "b.png" } else { "a/1.png" };
        AnnotationId::from_source(&ImageId::of_name(image), "coco", source_id)
    }

    pub fn blob(&self, name: &str) -> BlobId {
        let version = self.repo.head_version().unwrap();
        let record: ImageRecord = read(&version, &Key::image(ImageId::of_name(name)))
            .unwrap()
            .unwrap();
        record.single_blob().unwrap()
    }

    pub fn private(&self, text: &str) -> PrivateId {
        self.repo.private(PrivateKind::Person, text).unwrap()
    }

    pub fn run(&self, commands: impl Fn(&Self) -> Vec<Command>) {
        self.run_in(&self.repo.context(self.author), commands);
    }

    pub fn run_as(&self, annotator: &Code, commands: impl Fn(&Self) -> Vec<Command>) {
        let context = Context {
            annotator: Some(annotator.clone()),
            lineage: Some("coco".to_owned()),
            blinded: Some(true),
            method: Some(Method::Manual),
            ..self.repo.context(self.author)
        };
        self.run_in(&context, commands);
    }

    fn run_in(&self, context: &Context, commands: impl Fn(&Self) -> Vec<Command>) {
        let sealing = Sealing {
            author: self.author,
            message: "step".to_owned(),
        };
        self.repo
            .commit_with(&sealing, |transaction, _| {
                for command in commands(self) {
                    // A refusal is a mistake of the test, but for one that tests it.
                    let _ = transaction.execute(context, command)?;
                }
                Ok(())
            })
            .unwrap();
    }

    pub fn ingest(&self, images: &[(&str, &[u8])]) {
        let mut commands = Vec::new();
        for (name, bytes) in images {
            let mut source = Bytes::of(*bytes);
            let staged = self.repo.store().stage_blob(&mut source).unwrap();
            let file = ImageFile::new((*name).to_owned(), staged.id, staged.size_bytes);
            self.repo.store().publish_blobs(&mut [staged]).unwrap();
            commands.push(Command::IngestImage {
                name: (*name).to_owned(),
                files: vec![file],
                facts: Facts::from([
                    ("width".to_owned(), FactValue::from(40.0)),
                    ("height".to_owned(), FactValue::from(30.0)),
                    ("scanner".to_owned(), FactValue::from("CS2")),
                ]),
            });
        }
        self.run(|_| commands.clone());
    }

    fn annotate(&self, image: &str, id: &str, x: f64, label: &str) -> Command {
        Command::Annotate {
            image: ImageId::of_name(image),
            geometry: Geometry::rectangle(x, 2.5, 10.0, 10.0),
            label: Some(self.label(label)),
            identity: AnnotationIdentity::Source,
            source_id: Some(id.to_owned()),
            attributes: Facts::new(),
            image_version: None,
        }
    }
}

pub fn surroundings() -> Surroundings {
    Surroundings {
        now: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
        seed: Some(Digest::of(b"seed")),
    }
}

/// Three images with bytes and one declared; two primary annotators and a third; one override.
pub fn make() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let repo = Repo::init(Arc::new(RealVfs), dir.path(), "Müller's cells", surroundings()).unwrap();
    let author = repo.author(Some(AUTHOR)).unwrap();
    let made = Made { repo, author, dir };
    for (name, value) in [
        ("title", "Cells | <b>of</b> dogs"),
        ("licence", "CC-BY-4.0"),
        ("creators", "Neuner, Anna; Ngo, Binh"),
    ] {
        set_fact(&made, name, FactValue::from(value));
    }
    made.ingest(&[
        ("b.png", b"bytes of b.png"),
        ("a/1.png", b"bytes of a/1.png"),
        ("=evil.png", b"bytes of evil"),
    ]);
    let person = made.private("Dr. Private Name");
    made.run(|_| {
        let register = |text: &str| Command::RegisterAnnotator {
            code: code(text),
            kind: AnnotatorKind::Human,
            name: None,
            person: Some(person),
        };
        let define = |name: &str| Command::DefineLabel {
            name: name.to_owned(),
            facts: Facts::new(),
        };
        vec![
            Command::DeclareImage {
                name: "declared.png".to_owned(),
                facts: Facts::from([("species".to_owned(), FactValue::from("canine | dog"))]),
            },
            register("human-1"),
            register("human-2"),
            register("human-3"),
            define("mitotic figure"),
            define("other"),
        ]
    });
    made.run_as(&code("human-1"), |made| {
        vec![
            made.annotate("a/1.png", "11", 1.0, "mitotic figure"),
            made.annotate("a/1.png", "12", 20.0, "mitotic figure"),
            made.annotate("b.png", "13", 4.0, "mitotic figure"),
        ]
    });
    let rate = |made: &Made, id: &str, label: &str| Command::Rate {
        annotation: made.annotation(id),
        label: Some(made.label(label)),
    };
    made.run_as(&code("human-2"), |made| {
        vec![
            rate(made, "11", "mitotic figure"),
            rate(made, "12", "other"),
            rate(made, "13", "mitotic figure"),
        ]
    });
    made.run_as(&code("human-3"), |made| vec![rate(made, "12", "other")]);
    made.run(|made| {
        vec![Command::Override {
            annotation: made.annotation("13"),
            label: Some(Some(made.label("other"))),
        }]
    });
    made
}
