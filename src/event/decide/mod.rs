//! `decide`: which events a command leads to, or why it is refused. Pure and total. A command that would change
//! nothing leads to no event.

use std::ops::ControlFlow;

use crate::codec::{to_canonical, value_from_canonical};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::model::facts::effective_changes;
use crate::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactChanges, FactValue, Facts,
    Geometry, ImageFile, ImageRecord, Key, KeyParts, LabelRecord, Rule, RuleRecord, SlideRecord, SplitRecord,
};

use super::command::{Command, Rejection};
use super::context::Context;
use super::state::{State, StateError, find_image, read, scan_records};
use super::{EntityRef, Event};

mod annotation;

type Decision = Result<Result<Vec<Event>, Rejection>, StateError>;

/// Ends a decision with a rejection.
macro_rules! refuse {
    ($rejection:expr) => {
        return Ok(Err($rejection))
    };
}

use refuse;

/// Unwraps a decision's inner result, or ends the outer decision with its rejection.
macro_rules! accept {
    ($decision:expr) => {
        match $decision? {
            Ok(value) => value,
            Err(rejection) => refuse!(rejection),
        }
    };
}

use accept;

/// Decides a command against a state.
///
/// The outer error is a state that cannot be read; the inner one a refusal.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn decide(state: &dyn State, context: &Context, command: Command) -> Decision {
    let judge = Judge { state, context };
    if let Some(annotator) = &context.annotator {
        accept!(judge.annotator(annotator));
    }
    match command {
        Command::DeclareImage { name, facts } => judge.declare_image(name, facts),
        Command::IngestImage { name, files, facts } => judge.ingest_image(name, files, facts),
        Command::EraseImage { image } => judge.erase_image(image),
        Command::AssignImage { image, case, slide } => judge.assign_image(image, case, slide),
        Command::RegisterCase { code, source } => {
            accept!(judge.free(&Key::of(&KeyParts::Case(code.clone())), "case", code.as_str()));
            one(Event::CaseRegistered { code, source })
        }
        Command::RegisterSlide { code, case } => judge.register_slide(code, case),
        Command::RegisterAnnotator {
            code,
            kind,
            name,
            person,
        } => {
            accept!(judge.free(&Key::annotator(&code), "annotator", code.as_str()));
            one(Event::AnnotatorRegistered {
                code,
                kind,
                name,
                person,
            })
        }
        Command::ErasePerson { private } => some_if(!private.is_empty(), Event::PersonErased { private }),
        Command::DefineLabel { name, facts } => judge.define_label(name, facts),
        Command::RenameLabel { label, to } => judge.rename_label(label, to),
        Command::SetFacts { entity, changes } => judge.set_facts(entity, &changes),
        Command::Screen { image, region } => judge.screen(image, region),
        Command::SetRule { rule } => judge.set_rule(rule),
        Command::AssignSplit { split, member, part } => judge.assign_split(split, member, part),
        Command::Restore {
            key,
            expected,
            record,
        } => judge.restore(key, expected.as_ref(), record),
        Command::Annotate { .. } => judge.annotate(command),
        Command::Revise { annotation, geometry } => judge.revise(annotation, geometry),
        Command::ReviseAttributes { annotation, changes } => judge.revise_attributes(annotation, &changes),
        Command::Relabel { annotation, label } => judge.relabel(annotation, label),
        Command::Rate { annotation, label } => judge.rate(annotation, label),
        Command::Withdraw { annotation } => {
            accept!(judge.annotation(annotation));
            one(Event::AnnotationWithdrawn { annotation })
        }
        Command::AttachSourceId {
            annotation,
            source_id,
        } => judge.attach_source_id(annotation, source_id),
        Command::Override { annotation, label } => judge.override_label(annotation, label),
    }
}

fn one(event: Event) -> Decision {
    Ok(Ok(vec![event]))
}

fn some_if(changes: bool, event: Event) -> Decision {
    Ok(Ok(if changes { vec![event] } else { Vec::new() }))
}

/// Looks things up for a decision.
pub(super) struct Judge<'a> {
    pub(super) state: &'a dyn State,
    pub(super) context: &'a Context,
}

pub(super) type Look<T> = Result<Result<T, Rejection>, StateError>;

impl Judge<'_> {
    fn image(&self, image: ImageId) -> Look<ImageRecord> {
        let record = read(self.state, &Key::image(image))?;
        Ok(record.ok_or_else(|| Rejection::UnknownImage {
            image: image.to_string(),
        }))
    }

    fn case(&self, code: &Code) -> Look<CaseRecord> {
        let record = read(self.state, &Key::of(&KeyParts::Case(code.clone())))?;
        Ok(record.ok_or_else(|| Rejection::UnknownEntity {
            kind: "case",
            id: code.to_string(),
        }))
    }

    /// Whether the label is in the scheme.
    pub(super) fn label(&self, label: LabelId) -> Look<()> {
        let known = self.state.get(&Key::label(label))?.is_some();
        Ok(if known {
            Ok(())
        } else {
            Err(Rejection::UnknownLabel { label })
        })
    }

    fn annotator(&self, code: &Code) -> Look<()> {
        let known = self.state.get(&Key::annotator(code))?.is_some();
        Ok(if known {
            Ok(())
        } else {
            Err(Rejection::UnknownAnnotator { code: code.clone() })
        })
    }

    fn annotation(&self, annotation: AnnotationId) -> Look<AnnotationRecord> {
        let record = read(self.state, &Key::annotation(annotation))?;
        Ok(record.ok_or(Rejection::UnknownAnnotation { annotation }))
    }

    fn free(&self, key: &Key, kind: &'static str, name: &str) -> Look<()> {
        let taken = self.state.get(key)?.is_some();
        Ok(if taken {
            Err(Rejection::NameTaken {
                kind,
                name: name.to_owned(),
            })
        } else {
            Ok(())
        })
    }

    /// Whether an image of this name can come in.
    fn image_name(&self, name: &str) -> Look<()> {
        if let Err(why) = check_image_name(name) {
            refuse!(Rejection::BadName {
                kind: "an image",
                name: name.to_owned(),
                why
            });
        }
        let other = find_image(self.state, ImageId::of_name(name).prefix())?.map(|(_, record)| record.name);
        match other {
            Some(other) if other != name => {
                refuse!(Rejection::ImagePrefixTaken {
                    name: name.to_owned(),
                    other
                })
            }
            _ => Ok(Ok(())),
        }
    }

    fn declare_image(&self, name: String, facts: Facts) -> Decision {
        accept!(self.image_name(&name));
        let known: Option<ImageRecord> = read(self.state, &Key::image(ImageId::of_name(&name)))?;
        some_if(known.is_none(), Event::ImageDeclared { name, facts })
    }

    fn ingest_image(&self, name: String, files: Vec<ImageFile>, facts: Facts) -> Decision {
        accept!(self.image_name(&name));
        let image = ImageId::of_name(&name);
        let known: Option<ImageRecord> = read(self.state, &Key::image(image))?;
        if let Some(record) = &known {
            if record.facts.get("erased") == Some(&FactValue::Flag(true)) {
                refuse!(Rejection::Erased { image });
            }
            if record.files == files {
                return Ok(Ok(Vec::new()));
            }
        }
        one(Event::ImageIngested { name, files, facts })
    }

    fn erase_image(&self, image: ImageId) -> Decision {
        let record = accept!(self.image(image));
        let erased = record.facts.get("erased") == Some(&FactValue::Flag(true));
        some_if(!erased, Event::ImageErased { image })
    }

    fn register_slide(&self, code: Code, case: Option<Code>) -> Decision {
        let key = Key::of(&KeyParts::Slide(code.clone()));
        accept!(self.free(&key, "slide", code.as_str()));
        if let Some(case) = &case {
            accept!(self.case(case));
        }
        one(Event::SlideRegistered { code, case })
    }

    fn assign_image(&self, image: ImageId, case: Option<Code>, slide: Option<Code>) -> Decision {
        let record = accept!(self.image(image));
        if let Some(case) = &case {
            accept!(self.case(case));
        }
        if let Some(slide) = &slide {
            let known = self
                .state
                .get(&Key::of(&KeyParts::Slide(slide.clone())))?
                .is_some();
            if !known {
                refuse!(Rejection::UnknownEntity {
                    kind: "slide",
                    id: slide.to_string()
                });
            }
        }
        let changes = record.case != case || record.slide != slide;
        some_if(changes, Event::ImageAssigned { image, case, slide })
    }

    fn label_named(&self, name: &str) -> Result<Option<LabelId>, StateError> {
        let mut found = None;
        scan_records(
            self.state,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| match key.parts() {
                Ok(KeyParts::Label(label)) if record.name == name => {
                    found = Some(label);
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            },
        )?;
        Ok(found)
    }

    fn define_label(&self, name: String, facts: Facts) -> Decision {
        if let Err(why) = check_text(&name) {
            refuse!(Rejection::BadName {
                kind: "a label",
                name,
                why
            });
        }
        if self.label_named(&name)?.is_some() {
            refuse!(Rejection::NameTaken { kind: "label", name });
        }
        let mut n = 0;
        while self.state.get(&Key::label(LabelId::of_name(&name, n)))?.is_some() {
            n += 1;
        }
        one(Event::LabelDefined {
            label: LabelId::of_name(&name, n),
            name,
            facts,
        })
    }

    fn rename_label(&self, label: LabelId, to: String) -> Decision {
        accept!(self.label(label));
        if let Err(why) = check_text(&to) {
            refuse!(Rejection::BadName {
                kind: "a label",
                name: to,
                why
            });
        }
        match self.label_named(&to)? {
            Some(same) if same == label => Ok(Ok(Vec::new())),
            Some(_) => refuse!(Rejection::NameTaken {
                kind: "label",
                name: to
            }),
            None => one(Event::LabelRenamed { label, name: to }),
        }
    }

    fn set_facts(&self, entity: EntityRef, changes: &FactChanges) -> Decision {
        let unknown = || Rejection::UnknownEntity {
            kind: entity.kind.as_str(),
            id: entity.id.clone(),
        };
        let Some(key) = entity.key() else {
            refuse!(unknown())
        };
        macro_rules! facts {
            ($record:ty) => {
                read::<$record>(self.state, &key)?.map(|record| record.facts)
            };
        }
        let facts = match entity.kind {
            EntityKind::Dataset => Some(facts!(DatasetRecord).unwrap_or_default()),
            EntityKind::Case => facts!(CaseRecord),
            EntityKind::Slide => facts!(SlideRecord),
            EntityKind::Image => facts!(ImageRecord),
            EntityKind::Annotator => facts!(AnnotatorRecord),
            EntityKind::Label => facts!(LabelRecord),
            EntityKind::Rule
            | EntityKind::Annotation
            | EntityKind::Rating
            | EntityKind::Override
            | EntityKind::SourceId
            | EntityKind::Screening
            | EntityKind::Split => None,
        };
        let Some(facts) = facts else { refuse!(unknown()) };
        let changes = effective_changes(&facts, changes);
        some_if(!changes.is_empty(), Event::FactsSet { entity, changes })
    }

    fn screen(&self, image: ImageId, region: Option<Geometry>) -> Decision {
        accept!(self.image(image));
        if let Err(error) = region.as_ref().map(to_canonical).transpose() {
            refuse!(Rejection::NotExact {
                why: error.to_string()
            });
        }
        let region_bytes = region
            .as_ref()
            .map(to_canonical)
            .and_then(Result::ok)
            .unwrap_or_default();
        let annotator = self.context.annotator.as_ref();
        let key = Key::screening(
            image.prefix(),
            &region_bytes,
            annotator,
            self.context.round_or_first(),
        );
        let known = self.state.get(&key)?.is_some();
        some_if(!known, Event::RegionScreened { image, region })
    }

    fn set_rule(&self, mut rule: Rule) -> Decision {
        // One rule has one form: whose ratings count is a set.
        if let Rule::Majority { kinds, .. } = &mut rule {
            kinds.sort_unstable();
            kinds.dedup();
        }
        if let Rule::Adjudicated {
            primary: [a, b],
            third,
        } = &rule
        {
            for code in [a, b, third] {
                accept!(self.annotator(code));
            }
        }
        if let Rule::Weighted { weights, .. } = &rule {
            for code in weights.keys() {
                accept!(self.annotator(code));
            }
        }
        let present: RuleRecord = read(self.state, &Key::rule())?.unwrap_or_default();
        some_if(present.rule != rule, Event::RuleSet { rule })
    }

    fn assign_split(&self, split: String, member: String, part: Option<String>) -> Decision {
        let is_image = match ImageId::parse(&member) {
            Ok(image) => self.state.get(&Key::image(image))?.is_some(),
            Err(_) => false,
        };
        let is_case = match Code::parse(&member) {
            Ok(code) => self.state.get(&Key::of(&KeyParts::Case(code)))?.is_some(),
            Err(_) => false,
        };
        if !is_image && !is_case {
            refuse!(Rejection::UnknownEntity {
                kind: "case",
                id: member
            });
        }
        let present: Option<SplitRecord> = read(self.state, &Key::split(&split, &member))?;
        let changes = present.map(|record| record.part) != part;
        some_if(changes, Event::SplitAssigned { split, member, part })
    }

    fn restore(&self, key: Key, expected: Option<&Vec<u8>>, record: Option<Vec<u8>>) -> Decision {
        let present = self.state.get(&key)?;
        if present == record {
            return Ok(Ok(Vec::new()));
        }
        if present.as_ref() != expected {
            let kind = key.kind().map_or("record", EntityKind::as_str);
            refuse!(Rejection::ChangedSince {
                kind,
                id: key.to_string()
            });
        }
        let value = match record.as_deref().map(value_from_canonical).transpose() {
            Ok(value) => value,
            Err(error) => refuse!(Rejection::NotExact {
                why: error.to_string()
            }),
        };
        one(Event::RecordRestored { key, record: value })
    }
}

/// Checks the name of an image: a relative path with `/`, without `.` and `..`, without control characters.
///
/// # Errors
/// The reason in words.
pub(crate) fn check_image_name(name: &str) -> Result<(), &'static str> {
    check_text(name)?;
    if name.len() > 4096 {
        return Err("it is longer than 4,096 bytes");
    }
    if name.starts_with('/') || name.contains('\\') {
        return Err("it is a relative path with / between its parts");
    }
    if name
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err("a part of it is empty, '.' or '..'");
    }
    Ok(())
}

/// Checks a text that people give as a name.
///
/// # Errors
/// The reason in words.
pub fn check_text(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("it is empty");
    }
    if text.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    Ok(())
}
