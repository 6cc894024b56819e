//! `evolve`: what an event does to the records of a state. Pure and total: an event that does not fit the state
//! is an error, never a panic and never half applied.

use std::ops::ControlFlow;

use crate::codec::{EncodeError, Record, to_canonical};
use crate::id::{AnnotationId, ImageId, LabelId};
use crate::model::facts::with_changes;
use crate::model::scan::SourceIdParts;
use crate::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactValue, Facts, Geometry,
    ImageFile, ImageRecord, Key, LabelRecord, OverrideRecord, RatingKey, RatingRecord, Rule, RuleRecord,
    ScreeningRecord, SlideRecord, SourceIdRecord, SplitRecord,
};

use super::batch::LineEvent;
use super::context::Context;
use super::created::CreatedLine;
use super::line::EventFormat;
use super::state::{State, StateError, check_record, read};
use super::{EntityRef, Event};

/// A new value under a key; `None` takes the record away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub key: Key,
    /// The record's canonical bytes.
    pub value: Option<Vec<u8>>,
}

/// An event that does not fit the state: the log is damaged, or was written by other rules.
#[derive(Debug, thiserror::Error)]
pub enum EvolveError {
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// What the event is about is not there.
    #[error("{format} is about {kind} {id}, which is not there")]
    Missing {
        /// The event.
        format: &'static str,
        /// The kind of record.
        kind: EntityKind,
        /// The key, in hex digits.
        id: Key,
    },
    /// What the event makes is there already.
    #[error("{format} makes {kind} {id}, which is there already")]
    Exists {
        /// The event.
        format: &'static str,
        /// The kind of record.
        kind: EntityKind,
        /// The key, in hex digits.
        id: Key,
    },
    /// The event does not make sense.
    #[error("{format} cannot be applied: {why}")]
    Invalid {
        /// The event.
        format: &'static str,
        /// Why.
        why: String,
    },
    /// A record cannot be written exactly.
    #[error("a record cannot be written exactly")]
    Encode(#[from] EncodeError),
}

/// Tells what an event does to the records of a state.
///
/// # Errors
/// [`EvolveError`] when the event does not fit.
pub fn evolve(state: &dyn State, context: &Context, event: &Event) -> Result<Vec<Edit>, EvolveError> {
    let scribe = Scribe {
        state,
        context,
        format: event.format().as_str(),
    };
    match event {
        Event::ImageDeclared { name, facts } => scribe.declare_image(name, facts),
        Event::ImageIngested { name, files, facts } => scribe.ingest_image(name, files, facts),
        Event::ImageErased { image } => scribe.update(Key::image(*image), |record: &mut ImageRecord| {
            record.facts.insert("erased".to_owned(), FactValue::Flag(true));
        }),
        Event::ImageAssigned { image, case, slide } => {
            scribe.update(Key::image(*image), |record: &mut ImageRecord| {
                record.case.clone_from(case);
                record.slide.clone_from(slide);
            })
        }
        Event::CaseRegistered { code, .. } => {
            let record = CaseRecord::empty(code.clone());
            scribe.insert(Key::of(&crate::model::KeyParts::Case(code.clone())), &record)
        }
        Event::SlideRegistered { code, case } => {
            let record = SlideRecord {
                case: case.clone(),
                ..SlideRecord::empty(code.clone())
            };
            scribe.insert(Key::of(&crate::model::KeyParts::Slide(code.clone())), &record)
        }
        Event::AnnotatorRegistered { code, kind, name, .. } => {
            let record = AnnotatorRecord {
                name: name.clone(),
                ..AnnotatorRecord::empty(code.clone(), *kind)
            };
            scribe.insert(Key::annotator(code), &record)
        }
        Event::PersonErased { .. } => Ok(Vec::new()),
        Event::LabelDefined { label, name, facts } => {
            let record = LabelRecord {
                name: name.clone(),
                facts: facts.clone(),
                ..LabelRecord::default()
            };
            scribe.insert(Key::label(*label), &record)
        }
        Event::LabelRenamed { label, name } => scribe
            .update(Key::label(*label), |record: &mut LabelRecord| {
                record.name.clone_from(name)
            }),
        Event::FactsSet { entity, .. } => scribe.set_facts(entity, event),
        Event::RuleSet { rule } => scribe.set_rule(rule),
        Event::SplitAssigned { split, member, part } => scribe.assign_split(split, member, part.as_ref()),
        Event::RegionScreened { image, region } => scribe.screen(*image, region.as_ref()),
        Event::RecordRestored { key, record } => scribe.restore(key, record.as_ref()),
        event @ (Event::AnnotationCreated { .. }
        | Event::GeometryRevised { .. }
        | Event::AttributesRevised { .. }
        | Event::AnnotationRelabelled { .. }
        | Event::AnnotationWithdrawn { .. }
        | Event::RatingGiven { .. }
        | Event::RatingWithdrawn { .. }
        | Event::SourceIdAttached { .. }
        | Event::LabelOverridden { .. }) => scribe.annotation_event(event),
    }
}

/// As [`evolve`], for an event as it was read from its line.
///
/// # Errors
/// [`EvolveError`] when the event does not fit.
pub fn evolve_line(
    state: &dyn State,
    context: &Context,
    event: &LineEvent<'_>,
) -> Result<Vec<Edit>, EvolveError> {
    match event {
        LineEvent::Created(created) => {
            let mut edits = Vec::with_capacity(3);
            create_line(state, context, created, &mut edits)?;
            Ok(edits)
        }
        LineEvent::Other(event) => evolve(state, context, event),
    }
}

/// Adds what the creation on a line does.
pub(super) fn create_line(
    state: &dyn State,
    context: &Context,
    created: &CreatedLine<'_>,
    edits: &mut Vec<Edit>,
) -> Result<(), EvolveError> {
    let creation = Creation {
        annotation: created.annotation,
        label: created.label,
        source_id: created.source_id,
        record: created.record(),
    };
    Scribe::of_creation(state, context).add(creation, edits)
}

/// What a creation says beside what goes into the annotation's record.
struct Creation<'a> {
    annotation: AnnotationId,
    label: Option<LabelId>,
    source_id: Option<&'a str>,
    /// The record's canonical bytes.
    record: Vec<u8>,
}

/// Makes edits in the light of a state, a context and an event.
pub(super) struct Scribe<'a> {
    pub(super) state: &'a dyn State,
    pub(super) context: &'a Context,
    pub(super) format: &'static str,
}

impl<'a> Scribe<'a> {
    /// Makes the edits of an annotation's creation.
    pub(super) fn of_creation(state: &'a dyn State, context: &'a Context) -> Self {
        Self {
            state,
            context,
            format: EventFormat::AnnotationCreated.as_str(),
        }
    }

    fn kind(key: &Key) -> EntityKind {
        key.kind().unwrap_or(EntityKind::Dataset)
    }

    fn put_one<R: Record>(&self, key: Key, record: &R) -> Result<Edit, EvolveError> {
        Ok(Edit {
            key,
            value: Some(to_canonical(record)?),
        })
    }

    fn put<R: Record>(&self, key: Key, record: &R) -> Result<Vec<Edit>, EvolveError> {
        Ok(vec![self.put_one(key, record)?])
    }

    fn put_or_remove<R: Record>(&self, key: Key, record: Option<&R>) -> Result<Vec<Edit>, EvolveError> {
        match record {
            Some(record) => self.put(key, record),
            None => Ok(vec![Edit { key, value: None }]),
        }
    }

    /// Puts a record where there must be none.
    fn insert_one<R: Record>(&self, key: Key, record: &R) -> Result<Edit, EvolveError> {
        self.need_none(&key)?;
        self.put_one(key, record)
    }

    /// Puts a record where there must be none, and nothing else.
    fn insert<R: Record>(&self, key: Key, record: &R) -> Result<Vec<Edit>, EvolveError> {
        Ok(vec![self.insert_one(key, record)?])
    }

    fn need_none(&self, key: &Key) -> Result<(), EvolveError> {
        if self.state.get(key)?.is_none() {
            return Ok(());
        }
        Err(self.exists(key))
    }

    pub(super) fn exists(&self, key: &Key) -> EvolveError {
        EvolveError::Exists {
            format: self.format,
            kind: Self::kind(key),
            id: key.clone(),
        }
    }

    fn need<R: Record>(&self, key: &Key) -> Result<R, EvolveError> {
        read(self.state, key)?.ok_or_else(|| EvolveError::Missing {
            format: self.format,
            kind: Self::kind(key),
            id: key.clone(),
        })
    }

    /// Changes a record that must be there.
    fn update<R: Record>(&self, key: Key, change: impl FnOnce(&mut R)) -> Result<Vec<Edit>, EvolveError> {
        let mut record = self.need(&key)?;
        change(&mut record);
        self.put(key, &record)
    }

    fn invalid(&self, why: impl Into<String>) -> EvolveError {
        EvolveError::Invalid {
            format: self.format,
            why: why.into(),
        }
    }

    fn declare_image(&self, name: &str, facts: &Facts) -> Result<Vec<Edit>, EvolveError> {
        let record = ImageRecord {
            name: name.to_owned(),
            facts: facts.clone(),
            ..ImageRecord::default()
        };
        self.insert(Key::image(ImageId::of_name(name)), &record)
    }

    /// New bytes: those that were there become an earlier version.
    fn ingest_image(&self, name: &str, files: &[ImageFile], facts: &Facts) -> Result<Vec<Edit>, EvolveError> {
        let key = Key::image(ImageId::of_name(name));
        let mut record = read(self.state, &key)?.unwrap_or_else(|| ImageRecord {
            name: name.to_owned(),
            ..ImageRecord::default()
        });
        if !record.files.is_empty() {
            record.versions.push(std::mem::take(&mut record.files));
        }
        record.files = files.to_vec();
        record
            .facts
            .extend(facts.iter().map(|(name, value)| (name.clone(), value.clone())));
        self.put(key, &record)
    }

    /// The rule that is in force without a record has none, so that a rule that is put back leaves nothing behind.
    fn set_rule(&self, rule: &Rule) -> Result<Vec<Edit>, EvolveError> {
        let record = (*rule != Rule::default()).then(|| RuleRecord {
            rule: rule.clone(),
            ..RuleRecord::default()
        });
        self.put_or_remove(Key::rule(), record.as_ref())
    }

    fn assign_split(
        &self,
        split: &str,
        member: &str,
        part: Option<&String>,
    ) -> Result<Vec<Edit>, EvolveError> {
        let record = part.map(|part| SplitRecord {
            split: split.to_owned(),
            member: member.to_owned(),
            part: part.clone(),
            ..SplitRecord::default()
        });
        self.put_or_remove(Key::split(split, member), record.as_ref())
    }

    fn set_facts(&self, entity: &EntityRef, event: &Event) -> Result<Vec<Edit>, EvolveError> {
        let Event::FactsSet { changes, .. } = event else {
            return Err(self.invalid("it states no facts"));
        };
        let key = entity
            .key()
            .ok_or_else(|| self.invalid(format!("there are no facts about a {}", entity.kind)))?;
        macro_rules! apply {
            ($record:ty) => {
                self.update(key, |record: &mut $record| {
                    record.facts = with_changes(std::mem::take(&mut record.facts), changes);
                })
            };
        }
        match entity.kind {
            EntityKind::Dataset => {
                let mut record: DatasetRecord = read(self.state, &key)?.unwrap_or_default();
                record.facts = with_changes(std::mem::take(&mut record.facts), changes);
                let record = (!record.facts.is_empty()).then_some(record);
                self.put_or_remove(key, record.as_ref())
            }
            EntityKind::Case => apply!(CaseRecord),
            EntityKind::Slide => apply!(SlideRecord),
            EntityKind::Image => apply!(ImageRecord),
            EntityKind::Annotator => apply!(AnnotatorRecord),
            EntityKind::Label => apply!(LabelRecord),
            EntityKind::Rule
            | EntityKind::Annotation
            | EntityKind::Rating
            | EntityKind::Override
            | EntityKind::SourceId
            | EntityKind::Screening
            | EntityKind::Split => Err(self.invalid("nothing of this kind has facts")),
        }
    }

    fn screen(&self, image: ImageId, region: Option<&Geometry>) -> Result<Vec<Edit>, EvolveError> {
        let region_bytes = region.map(to_canonical).transpose()?.unwrap_or_default();
        let round = self.context.round_or_first();
        let annotator = self.context.annotator.as_ref();
        let key = Key::screening(image.prefix(), &region_bytes, annotator, round);
        let record = ScreeningRecord {
            annotator: annotator.cloned(),
            blinded: self.context.blinded,
            region: region.cloned(),
            ..ScreeningRecord::empty(image, round)
        };
        self.put(key, &record)
    }

    fn restore(&self, key: &Key, record: Option<&serde_json::Value>) -> Result<Vec<Edit>, EvolveError> {
        let value = record.map(to_canonical).transpose()?;
        if let Some(bytes) = &value {
            check_record(key, bytes).map_err(|why| self.invalid(why))?;
        }
        Ok(vec![Edit {
            key: key.clone(),
            value,
        }])
    }

    fn annotation_event(&self, event: &Event) -> Result<Vec<Edit>, EvolveError> {
        match event {
            Event::AnnotationCreated { .. } => {
                let mut edits = Vec::with_capacity(3);
                self.create(event.clone(), &mut edits)?;
                Ok(edits)
            }
            Event::GeometryRevised { annotation, geometry } => {
                self.update(Key::annotation(*annotation), |record: &mut AnnotationRecord| {
                    record.geometry.clone_from(geometry);
                })
            }
            Event::AttributesRevised { annotation, changes } => {
                self.update(Key::annotation(*annotation), |record: &mut AnnotationRecord| {
                    record.attributes = with_changes(std::mem::take(&mut record.attributes), changes);
                })
            }
            Event::AnnotationRelabelled { annotation, label } => {
                let mut edits =
                    self.update(Key::annotation(*annotation), |record: &mut AnnotationRecord| {
                        record.label = *label;
                    })?;
                edits.extend(self.rating(*annotation, *label)?);
                Ok(edits)
            }
            Event::RatingGiven { annotation, label } => {
                let _: AnnotationRecord = self.need(&Key::annotation(*annotation))?;
                if self.context.annotator.is_none() {
                    return Err(self.invalid("a rating needs an annotator"));
                }
                self.rating(*annotation, *label)
            }
            Event::RatingWithdrawn { rating } => {
                let key = Key::rating(rating);
                let _: RatingRecord = self.need(&key)?;
                Ok(vec![Edit { key, value: None }])
            }
            Event::AnnotationWithdrawn { annotation } => self.withdraw(*annotation),
            Event::SourceIdAttached {
                annotation,
                source_id,
            } => {
                let _: AnnotationRecord = self.need(&Key::annotation(*annotation))?;
                Ok(vec![self.source_id(*annotation, source_id)?])
            }
            Event::LabelOverridden { annotation, label } => {
                let _: AnnotationRecord = self.need(&Key::annotation(*annotation))?;
                let record = label.map(|label| OverrideRecord {
                    label,
                    ..OverrideRecord::default()
                });
                self.put_or_remove(Key::label_override(*annotation), record.as_ref())
            }
            Event::ImageDeclared { .. }
            | Event::ImageIngested { .. }
            | Event::ImageErased { .. }
            | Event::ImageAssigned { .. }
            | Event::CaseRegistered { .. }
            | Event::SlideRegistered { .. }
            | Event::AnnotatorRegistered { .. }
            | Event::PersonErased { .. }
            | Event::LabelDefined { .. }
            | Event::LabelRenamed { .. }
            | Event::FactsSet { .. }
            | Event::RegionScreened { .. }
            | Event::RuleSet { .. }
            | Event::SplitAssigned { .. }
            | Event::RecordRestored { .. } => Err(self.invalid("it is not about an annotation")),
        }
    }

    /// Adds what the creation of an annotation does.
    pub(super) fn create(&self, event: Event, edits: &mut Vec<Edit>) -> Result<(), EvolveError> {
        let Event::AnnotationCreated {
            annotation,
            geometry,
            label,
            source_id,
            attributes,
            image_version,
        } = event
        else {
            return Err(self.invalid("it creates nothing"));
        };
        let record = AnnotationRecord {
            attributes,
            label,
            image_version,
            ..AnnotationRecord::empty(geometry)
        };
        let creation = Creation {
            annotation,
            label,
            source_id: source_id.as_deref(),
            record: to_canonical(&record)?,
        };
        self.add(creation, edits)
    }

    fn add(&self, creation: Creation<'_>, edits: &mut Vec<Edit>) -> Result<(), EvolveError> {
        let annotation = creation.annotation;
        let key = Key::annotation(annotation);
        self.need_none(&key)?;
        edits.push(Edit {
            key,
            value: Some(creation.record),
        });
        if creation.label.is_some() {
            edits.extend(self.rating(annotation, creation.label)?);
        }
        if let Some(source_id) = creation.source_id {
            edits.push(self.source_id(annotation, source_id)?);
        }
        Ok(())
    }

    /// The annotator's rating, where the context has one; the next free `n`.
    fn rating(
        &self,
        annotation: AnnotationId,
        label: Option<crate::id::LabelId>,
    ) -> Result<Vec<Edit>, EvolveError> {
        let Some(annotator) = &self.context.annotator else {
            return Ok(Vec::new());
        };
        let round = self.context.round_or_first();
        let mut rating = RatingKey {
            annotation,
            round,
            annotator: annotator.clone(),
            n: 0,
        };
        while self.state.get(&Key::rating(&rating))?.is_some() {
            rating.n = rating
                .n
                .checked_add(1)
                .ok_or_else(|| self.invalid("too many ratings"))?;
        }
        let record = RatingRecord {
            label,
            blinded: self.context.blinded,
            method: self.context.method,
            claimed_at: self.context.claimed_at.clone(),
            ..RatingRecord::default()
        };
        self.put(Key::rating(&rating), &record)
    }

    fn source_id(&self, annotation: AnnotationId, source_id: &str) -> Result<Edit, EvolveError> {
        let lineage = self
            .context
            .lineage
            .as_ref()
            .ok_or_else(|| self.invalid("a source id needs a lineage"))?;
        let key = Key::source_id(annotation.image_prefix(), lineage, source_id);
        let parts = SourceIdParts {
            annotation,
            id: source_id,
            lineage,
        };
        Ok(Edit {
            key,
            value: Some(parts.to_record()),
        })
    }

    /// Takes an annotation away with its ratings, its override and its aliases.
    fn withdraw(&self, annotation: AnnotationId) -> Result<Vec<Edit>, EvolveError> {
        let key = Key::annotation(annotation);
        let _: AnnotationRecord = self.need(&key)?;
        let mut edits = vec![Edit { key, value: None }];
        let mut remove = |key: Key| edits.push(Edit { key, value: None });
        let mut unknown = false;
        self.state.scan(
            &Key::ratings_prefix(annotation),
            &mut |key, _| match Key::from_bytes(key) {
                Ok(key) => {
                    remove(key);
                    ControlFlow::Continue(())
                }
                Err(_) => {
                    unknown = true;
                    ControlFlow::Break(())
                }
            },
        )?;
        let override_key = Key::label_override(annotation);
        if self.state.get(&override_key)?.is_some() {
            remove(override_key);
        }
        let aliases = Key::on_image_prefix(EntityKind::SourceId, annotation.image_prefix());
        super::state::scan_records(self.state, &aliases, |key, record: SourceIdRecord| {
            if record.annotation == annotation {
                remove(key);
            }
            ControlFlow::Continue(())
        })?;
        if unknown {
            Err(self.invalid("a rating stands under what is no key"))
        } else {
            Ok(edits)
        }
    }
}
