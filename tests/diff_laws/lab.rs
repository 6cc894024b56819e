//! A repository to try changes on.

use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, Context, EntityRef, Event};
use holotype::id::{AnnotationId, Code, Digest, ImageId, LabelId};
use holotype::model::rule::Tie;
use holotype::model::{AnnotatorKind, FactChanges, FactValue, Facts, Geometry, Rule};
use holotype::repo::{Repo, RepoError, Sealing, Surroundings, Transaction, Version};
use holotype::snapshot::changes::{ChangeItem, Comparison, Entity, Summary};
use holotype::store::RealVfs;
use holotype::time::Timestamp;

/// A repository in a folder of its own.
pub(crate) struct Lab {
    pub(crate) repo: Repo,
    _folder: tempfile::TempDir,
}

pub(crate) const IMAGE: &str = "001.tiff";

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn label(name: &str) -> LabelId {
    LabelId::of_name(name, 0)
}

pub(crate) fn facts<const N: usize>(facts: [(&str, f64); N]) -> Facts {
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), FactValue::from(value)))
        .collect()
}

impl Lab {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings {
            now: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
            seed: Some(Digest::of(b"seed")),
        };
        let repo = Repo::init(Arc::new(RealVfs), folder.path(), "lab", around).unwrap();
        Self {
            repo,
            _folder: folder,
        }
    }

    pub(crate) fn context(&self) -> Context {
        let author = self.repo.author(Some("Ada <ada@example.org>")).unwrap();
        self.repo.context(author)
    }

    pub(crate) fn by(&self, annotator: &str, reason: &str) -> Context {
        Context {
            annotator: Some(code(annotator)),
            reason: Some(reason.to_owned()),
            ..self.context()
        }
    }

    pub(crate) fn commit(
        &self,
        mut build: impl FnMut(&mut Transaction<'_>) -> Result<(), RepoError>,
    ) -> Version {
        let sealing = Sealing {
            author: self.repo.author(Some("Ada <ada@example.org>")).unwrap(),
            message: "m".to_owned(),
        };
        let (_, committed) = self
            .repo
            .commit_with(&sealing, |transaction, _| build(transaction))
            .unwrap();
        self.repo
            .version(committed.expect("something was recorded").id)
            .unwrap()
    }

    /// One commit of these commands; the context of each.
    pub(crate) fn run(&self, commands: Vec<(Context, Command)>) -> Version {
        self.commit(|transaction| {
            for (context, command) in &commands {
                transaction.must(context, command.clone())?;
            }
            Ok(())
        })
    }

    pub(crate) fn one(&self, command: Command) -> Version {
        self.run(vec![(self.context(), command)])
    }

    /// An image of 0.25 µm per px, two labels, two persons, one model and one box, with the rating of the first.
    pub(crate) fn begin(&self) -> (Version, AnnotationId) {
        let mut made = None;
        let version = self.commit(|transaction| {
            let context = self.context();
            for (name, kind) in [
                ("human-1", AnnotatorKind::Human),
                ("human-2", AnnotatorKind::Human),
                ("model-1", AnnotatorKind::Model),
            ] {
                transaction.must(
                    &context,
                    Command::RegisterAnnotator {
                        code: code(name),
                        kind,
                        name: None,
                        person: None,
                    },
                )?;
            }
            for name in ["a", "b"] {
                transaction.must(
                    &context,
                    Command::DefineLabel {
                        name: name.to_owned(),
                        facts: Facts::new(),
                    },
                )?;
            }
            transaction.must(
                &context,
                declare(IMAGE, facts([("width", 7215.0), ("um_per_px_x", 0.25)])),
            )?;
            let events = transaction.must(&self.by("human-1", "first read"), annotate("1", 10.0))?;
            made = events.iter().find_map(Event::annotation);
            Ok(())
        });
        (version, made.unwrap())
    }

    /// Compares, and checks what holds for all comparisons.
    pub(crate) fn compare(&self, before: &Version, after: &Version) -> Comparison {
        let found = before.compare(after).unwrap();
        assert_eq!(
            found.identical,
            before.snapshot().unwrap() == after.snapshot().unwrap()
        );
        assert_eq!(found.summary, Summary::of(&found.changes));
        let back = after.compare(before).unwrap();
        for entity in Entity::ALL {
            let (there, back) = (found.summary.counts(*entity), back.summary.counts(*entity));
            assert_eq!(
                (there.added, there.removed, there.modified),
                (back.removed, back.added, back.modified)
            );
        }
        let there = found.summary.annotations;
        assert_eq!(there.relabelled, back.summary.annotations.relabelled);
        assert_eq!(there.moved, back.summary.annotations.moved);
        assert_eq!(there.reshaped, back.summary.annotations.reshaped);
        found
    }

    /// Compares where one change is expected.
    pub(crate) fn only(&self, before: &Version, after: &Version) -> ChangeItem {
        let mut found = self.compare(before, after);
        assert_eq!(found.changes.len(), 1, "{:#?}", found.changes);
        found.changes.remove(0)
    }
}

pub(crate) fn declare(name: &str, facts: Facts) -> Command {
    Command::DeclareImage {
        name: name.to_owned(),
        facts,
    }
}

pub(crate) fn annotate(id: &str, x: f64) -> Command {
    let mut own = [0; 16];
    for (place, byte) in own.iter_mut().zip(id.bytes()) {
        *place = byte;
    }
    Command::Annotate {
        image: ImageId::of_name(IMAGE),
        geometry: Geometry::rectangle(x, 20.0, 50.0, 50.0),
        label: Some(label("a")),
        identity: AnnotationIdentity::Uuid(own),
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    }
}

pub(crate) fn set(entity: EntityRef, name: &str, value: Option<FactValue>) -> Command {
    Command::SetFacts {
        entity,
        changes: FactChanges::from([(name.to_owned(), value)]),
    }
}

pub(crate) fn majority(kinds: Vec<AnnotatorKind>) -> Rule {
    Rule::Majority {
        kinds,
        tie: Tie::Undecided,
    }
}

/// A field's two values as JSON.
pub(crate) fn field(change: &ChangeItem, name: &str) -> (serde_json::Value, serde_json::Value) {
    let field = change
        .fields
        .get(name)
        .unwrap_or_else(|| panic!("no field {name} in {change:#?}"));
    let value = |value| serde_json::to_value(value).unwrap();
    (value(&field.before), value(&field.after))
}

pub(crate) fn values(
    before: impl Into<serde_json::Value>,
    after: impl Into<serde_json::Value>,
) -> (serde_json::Value, serde_json::Value) {
    (before.into(), after.into())
}

pub(crate) const NONE: serde_json::Value = serde_json::Value::Null;
