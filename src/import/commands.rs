//! Commands as JSON lines: the write interface for scripts and tools. All or nothing.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::Deserialize;

use crate::event::{
    AnnotationIdentity, Command, Context, EntityRef, Event, Rejection, State, Tool, read, scan_records,
};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::model::screened::{screened_for, screened_for_fact, screened_for_value};
use crate::model::{
    AnnotatorKind, EntityKind, FactChanges, Facts, Geometry, ImageRecord, Key, KeyParts, LabelRecord, Method,
    Rule, ScreeningRecord,
};
use crate::repo::{Repo, RepoError, Transaction};
use crate::time::Timestamp;

use super::engine::{PersonChoice, register_annotator};

/// A line that cannot be recorded; nothing was.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A line is no command.
    #[error("{file}, line {line}")]
    Json {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line has a value that it cannot have.
    #[error("{file}, line {line}: {why}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// A name is not known.
    #[error("{file}, line {line}: there is no {kind} '{name}'")]
    Unknown {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Of what.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A command is refused.
    #[error("{file}, line {line}: {rejection}")]
    Refused {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Why.
        rejection: Box<Rejection>,
    },
    /// The repository failed.
    #[error("{file}, line {line}")]
    Repo {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: Box<RepoError>,
    },
}

/// Choices of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordOptions {
    /// Add annotators and labels that are not known.
    pub create: bool,
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// How many commands there were.
    pub commands: u64,
    /// The annotations that were created, in order.
    pub annotations: Vec<AnnotationId>,
}

/// Who, when, with what, how, why: members that every command may have.
#[derive(Debug, Clone, Default, Deserialize)]
struct ByWire {
    annotator: Option<String>,
    at: Option<Timestamp>,
    blinded: Option<bool>,
    claimed_at: Option<String>,
    method: Option<Method>,
    reason: Option<String>,
    round: Option<u32>,
    tool: Option<String>,
    tool_version: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum CommandWire {
    Annotate {
        image: String,
        geometry: Geometry,
        label: Option<String>,
        #[serde(default)]
        attributes: Facts,
    },
    Relabel {
        annotation: AnnotationId,
        label: Option<String>,
    },
    Rate {
        annotation: AnnotationId,
        label: Option<String>,
    },
    Revise {
        annotation: AnnotationId,
        geometry: Geometry,
    },
    Attributes {
        annotation: AnnotationId,
        changes: FactChanges,
    },
    Withdraw {
        annotation: AnnotationId,
    },
    RenameLabel {
        label: String,
        to: String,
    },
    DefineLabel {
        name: String,
        #[serde(default)]
        facts: Facts,
    },
    Screen {
        image: String,
        region: Option<Geometry>,
        labels: Option<Vec<String>>,
    },
    Declare {
        image: String,
        #[serde(default)]
        facts: Facts,
    },
    Override {
        annotation: AnnotationId,
        label: Option<String>,
    },
    Split {
        split: String,
        member: String,
        part: Option<String>,
    },
    Rule {
        rule: Rule,
    },
    Facts {
        entity: EntityKind,
        #[serde(default)]
        id: String,
        changes: FactChanges,
    },
}

/// The members that belong to the command itself or to its context; all others are a slip of the pen.
const MEMBERS: [&str; 27] = [
    "command",
    "image",
    "geometry",
    "label",
    "labels",
    "attributes",
    "annotation",
    "changes",
    "to",
    "name",
    "facts",
    "region",
    "split",
    "member",
    "part",
    "rule",
    "entity",
    "id",
    "annotator",
    "at",
    "blinded",
    "claimed_at",
    "method",
    "reason",
    "round",
    "tool",
    "tool_version",
];

/// Records every line.
///
/// # Errors
/// [`CommandError`] at the first line that cannot be recorded; nothing of the transaction may be used then.
pub fn record_lines(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    file: &str,
    bytes: &[u8],
    options: &RecordOptions,
) -> Result<Recorded, CommandError> {
    let mut recorded = Recorded::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, text) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut line = Line {
            repo,
            transaction,
            context,
            file,
            number,
            options,
        };
        let events = line.record(text)?;
        recorded.commands += 1;
        let created = events
            .iter()
            .filter(|event| matches!(event, Event::AnnotationCreated { .. }));
        recorded.annotations.extend(created.filter_map(Event::annotation));
    }
    Ok(recorded)
}

struct Line<'a, 't> {
    repo: &'a Repo,
    transaction: &'a mut Transaction<'t>,
    context: &'a Context,
    file: &'a str,
    number: u64,
    options: &'a RecordOptions,
}

impl Line<'_, '_> {
    fn record(&mut self, text: &[u8]) -> Result<Vec<Event>, CommandError> {
        self.check_members(text)?;
        let wire: CommandWire = self.parse(text)?;
        let by: ByWire = self.parse(text)?;
        let context = self.context(by)?;
        let command = self.command(wire, &context)?;
        match self.transaction.execute(&context, command) {
            Ok(Ok(events)) => Ok(events),
            Ok(Err(rejection)) => Err(CommandError::Refused {
                file: self.file.to_owned(),
                line: self.number,
                rejection: Box::new(rejection),
            }),
            Err(source) => Err(self.repo_error(source)),
        }
    }

    fn parse<T: for<'de> Deserialize<'de>>(&self, text: &[u8]) -> Result<T, CommandError> {
        serde_json::from_slice(text).map_err(|source| CommandError::Json {
            file: self.file.to_owned(),
            line: self.number,
            source,
        })
    }

    /// Refuses members that no command has: a misspelt one would be silently without effect.
    fn check_members(&self, text: &[u8]) -> Result<(), CommandError> {
        let members: std::collections::BTreeMap<String, serde::de::IgnoredAny> = self.parse(text)?;
        match members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            Some(name) => Err(self.wrong(format!("no command has a member '{name}'"))),
            None => Ok(()),
        }
    }

    fn wrong(&self, why: impl Into<String>) -> CommandError {
        CommandError::Line {
            file: self.file.to_owned(),
            line: self.number,
            why: why.into(),
        }
    }

    fn unknown(&self, kind: &'static str, name: &str) -> CommandError {
        CommandError::Unknown {
            file: self.file.to_owned(),
            line: self.number,
            kind,
            name: name.to_owned(),
        }
    }

    fn repo_error(&self, source: RepoError) -> CommandError {
        CommandError::Repo {
            file: self.file.to_owned(),
            line: self.number,
            source: Box::new(source),
        }
    }

    fn state_error(&self, source: crate::event::StateError) -> CommandError {
        self.repo_error(source.into())
    }

    fn context(&mut self, by: ByWire) -> Result<Context, CommandError> {
        if by.round == Some(0) {
            return Err(self.wrong("rounds are counted from 1"));
        }
        let annotator = by
            .annotator
            .as_deref()
            .map(|name| self.annotator(name))
            .transpose()?;
        let base = self.context.clone();
        Ok(Context {
            annotator,
            at: by.at.or(base.at),
            blinded: by.blinded.or(base.blinded),
            claimed_at: by.claimed_at.or(base.claimed_at),
            method: by.method.or(base.method).or(Some(Method::Manual)),
            reason: by.reason.or(base.reason),
            round: by.round.or(base.round),
            tool: by
                .tool
                .map(|name| Tool {
                    name,
                    version: by.tool_version,
                })
                .or(base.tool),
            ..base
        })
    }

    fn annotator(&mut self, name: &str) -> Result<Code, CommandError> {
        if let Some(code) = self.transaction.noted_person(name) {
            return Ok(code);
        }
        let found = self
            .repo
            .find_annotator(self.transaction, name)
            .map_err(|source| self.repo_error(source))?;
        if let Some(code) = found {
            self.transaction.note_person(name, &code);
            return Ok(code);
        }
        if !self.options.create {
            return Err(self.unknown("annotator", name));
        }
        let choice = PersonChoice {
            kind: AnnotatorKind::Human,
            code: None,
        };
        let (repo, context) = (self.repo, self.context.clone());
        register_annotator(repo, self.transaction, &context, name, &choice)
            .map_err(|source| self.repo_error(source))
    }

    fn label(&mut self, name: &str) -> Result<LabelId, CommandError> {
        if let Some(label) = self.find_label(name)? {
            return Ok(label);
        }
        if !self.options.create {
            return Err(self.unknown("label", name));
        }
        let command = Command::DefineLabel {
            name: name.to_owned(),
            facts: Facts::new(),
        };
        let context = self.context.clone();
        self.transaction
            .must(&context, command)
            .map_err(|source| self.repo_error(source))?;
        self.find_label(name)?.ok_or_else(|| self.unknown("label", name))
    }

    /// Finds a label by name, else by id.
    fn find_label(&self, name: &str) -> Result<Option<LabelId>, CommandError> {
        let by_id = LabelId::parse(name).ok();
        let (mut named, mut same_id) = (None, None);
        scan_records(
            &*self.transaction,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(label)) = key.parts() {
                    named = named.or((record.name == name).then_some(label));
                    same_id = same_id.or(by_id.filter(|id| *id == label));
                }
                ControlFlow::Continue(())
            },
        )
        .map_err(|error| self.state_error(error))?;
        Ok(named.or(same_id))
    }

    /// Finds an image by id, by name, or by the last part of a name that only one has.
    fn image(&self, name: &str) -> Result<ImageId, CommandError> {
        for id in [ImageId::parse(name).ok(), Some(ImageId::of_name(name))]
            .into_iter()
            .flatten()
        {
            if self
                .transaction
                .get(&Key::image(id))
                .map_err(|error| self.state_error(error))?
                .is_some()
            {
                return Ok(id);
            }
        }
        let mut found = Vec::new();
        scan_records(
            &*self.transaction,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                if record.name.rsplit('/').next() == Some(name) {
                    found.push(ImageId::of_name(&record.name));
                }
                ControlFlow::Continue(())
            },
        )
        .map_err(|error| self.state_error(error))?;
        match found.as_slice() {
            [only] => Ok(*only),
            [] => Err(self.unknown("image", name)),
            _ => Err(self.wrong(format!(
                "{} images are called '{name}'; give the name with its folder",
                found.len()
            ))),
        }
    }

    fn optional_label(&mut self, name: Option<String>) -> Result<Option<LabelId>, CommandError> {
        name.map(|name| self.label(&name)).transpose()
    }

    fn command(&mut self, wire: CommandWire, context: &Context) -> Result<Command, CommandError> {
        if context.annotator.is_none()
            && matches!(wire, CommandWire::Relabel { .. } | CommandWire::Rate { .. })
        {
            return Err(self.wrong("rating or relabelling needs an 'annotator'"));
        }
        Ok(match wire {
            CommandWire::Annotate {
                image,
                geometry,
                label,
                attributes,
            } => Command::Annotate {
                image: self.image(&image)?,
                geometry,
                label: self.optional_label(label)?,
                identity: AnnotationIdentity::Content,
                source_id: None,
                attributes,
                image_version: None,
            },
            CommandWire::Relabel { annotation, label } => Command::Relabel {
                annotation,
                label: self.optional_label(label)?,
            },
            CommandWire::Rate { annotation, label } => Command::Rate {
                annotation,
                label: self.optional_label(label)?,
            },
            CommandWire::Revise { annotation, geometry } => Command::Revise { annotation, geometry },
            CommandWire::Attributes { annotation, changes } => {
                Command::ReviseAttributes { annotation, changes }
            }
            CommandWire::Withdraw { annotation } => Command::Withdraw { annotation },
            CommandWire::RenameLabel { label, to } => {
                let found = self.find_label(&label)?;
                Command::RenameLabel {
                    label: found.ok_or_else(|| self.unknown("label", &label))?,
                    to,
                }
            }
            CommandWire::DefineLabel { name, facts } => Command::DefineLabel { name, facts },
            CommandWire::Screen {
                image,
                region,
                labels,
            } => {
                let image = self.image(&image)?;
                self.screened_for(image, labels, context)?;
                Command::Screen { image, region }
            }
            CommandWire::Declare { image, facts } => Command::DeclareImage { name: image, facts },
            CommandWire::Override { annotation, label } => Command::Override {
                annotation,
                label: self.optional_label(label)?.map(Some),
            },
            CommandWire::Split { split, member, part } => {
                let member = self.image(&member).map_or(member, |image| image.to_string());
                Command::AssignSplit { split, member, part }
            }
            CommandWire::Rule { rule } => Command::SetRule { rule },
            CommandWire::Facts { entity, id, changes } => {
                let entity = self.entity(entity, id)?;
                Command::SetFacts { entity, changes }
            }
        })
    }

    /// States which labels a screening is for, all where none are named. One annotator screens an image for the same ones
    /// throughout a round, so that each region of it says the same.
    fn screened_for(
        &mut self,
        image: ImageId,
        labels: Option<Vec<String>>,
        context: &Context,
    ) -> Result<(), CommandError> {
        let labels = labels.map(|names| {
            names
                .iter()
                .map(|name| self.label(name))
                .collect::<Result<_, _>>()
        });
        let labels: Option<BTreeSet<LabelId>> = labels.transpose()?;
        let (Some(annotator), round) = (&context.annotator, context.round_or_first()) else {
            return match labels {
                None => Ok(()),
                Some(_) => Err(self.wrong("a screening for some labels needs an 'annotator'")),
            };
        };
        let record: Option<ImageRecord> =
            read(&*self.transaction, &Key::image(image)).map_err(|error| self.state_error(error))?;
        let record = record.unwrap_or_default();
        if screened_for(&record.facts, Some(annotator), round) == labels {
            return Ok(());
        }
        let mut is_screened = false;
        let prefix = Key::on_image_prefix(EntityKind::Screening, image.prefix());
        scan_records(&*self.transaction, &prefix, |_, known: ScreeningRecord| {
            is_screened |= known.annotator.as_ref() == Some(annotator) && known.round == round;
            ControlFlow::Continue(())
        })
        .map_err(|error| self.state_error(error))?;
        if is_screened {
            return Err(self.wrong(format!(
                "{annotator} screened '{}' for other labels in round {round}; give another round",
                record.name
            )));
        }
        let command = Command::SetFacts {
            entity: EntityRef {
                kind: EntityKind::Image,
                id: image.to_string(),
            },
            changes: FactChanges::from([(
                screened_for_fact(annotator, round),
                labels.as_ref().map(screened_for_value),
            )]),
        };
        self.transaction
            .must(context, command)
            .map_err(|source| self.repo_error(source))?;
        Ok(())
    }

    /// What facts are about: images and labels are named, others have their ids.
    fn entity(&mut self, kind: EntityKind, id: String) -> Result<EntityRef, CommandError> {
        let id = if kind == EntityKind::Image {
            self.image(&id)?.to_string()
        } else if kind == EntityKind::Label {
            self.label(&id)?.to_string()
        } else {
            id
        };
        Ok(EntityRef { kind, id })
    }
}
